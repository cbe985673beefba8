# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Commvault CommCell: users and their S3 access keys, vaults, jobs, logins."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any, Callable, Optional
from urllib.parse import parse_qsl, unquote

from .base import Request, Response, Simulator, SimulatorClock, Variant
from .commvault_directory import Directory, User
from .commvault_hands import CommvaultHands
from .commvault_keys import Keys
from .commvault_sessions import Login, Sessions
from .commvault_vaults import Vaults

ADMIN = "automation"
PASSWORD = "Pa$$ w0rd/+é=ä"
_LOGIN = {"api_username": ADMIN, "api_password": PASSWORD}
_BASES = (["commandcenter", "api"], ["webconsole", "api"])


class Call:
    """One request, read the way Commvault's web server does: without regard to case."""

    def __init__(self, request: Request, segments: list[str]) -> None:
        self.request = request
        self.method = request.method
        #: Decoded path segments below the base path, as sent.
        self.segments = segments
        # The vendor's own SDK puts a second question mark into its query.
        text = request.target.partition("?")[2].replace("?", "&")
        self.query = parse_qsl(text, keep_blank_values=True)
        self.login: Optional[Login] = None

    def arg(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        for known, value in self.query:
            if known.lower() == name.lower():
                return value
        return default

    def args(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return [value for known, value in self.query if known.lower() == name.lower()]

    @property
    def caller(self) -> Login:
        """The login that the request carries."""
        assert self.login is not None
        return self.login


Handler = Callable[..., Response]


class CommvaultSimulator(Simulator):
    """One CommCell. Words and numbers of error codes are split as the vendor's pages split them."""

    name = "commvault"
    HANDS = CommvaultHands
    BASE_PATH = "/commandcenter/api"
    MODES: Mapping[str, tuple[Any, str]] = {
        "key_delivery": ("email", "email | inline (PUT and GET) | inline_put_only: where pairs go"),
        "rotate_code": (
            "documented",
            "documented (NO_ERROR; 200 inline) | zero | two_hundred | absent: the code of success",
        ),
        "keys_under_response": (False, "an inline pair stands in the response object"),
        "error_status": (400, "400 | 200 | 500: HTTP status of refused key operations"),
        "mail_fails": (False, "an inline pair comes with an error: no e-mail could be sent"),
        "error_numbers": (False, "refused key operations carry numbers instead of words"),
        "ignore_filters": (False, "lists ignore fq, subType, start and limit"),
        "page_cap": (0, "the most rows of one page; 0: no limit"),
        "uncounted": (False, "lists of users lack numberOfUsers"),
        "empty_users": ("list", "list | bare ({}) | null | verdict: an empty list of users"),
        "stale_cache": (False, "lists show what was there at the last hardRefresh"),
        "user_properties": ("named", "named | anonymous: whether V4/User/{id} tells id and name"),
        "vault_list": ("full", "full | names (nothing but names) | absent (404)"),
        "vault_warning": (False, "a vault is made with a warning"),
        "endpoint_job": (
            "completes",
            "completes | warns | errors | fails | is_killed | is_committed | stuck | refused"
            " | unnumbered: what becomes of the job that installs the endpoint package",
        ),
        "job_looks": (2, "looks at a job until it is over"),
        "job_hidden_looks": (0, "looks at a job until it is listed at all"),
        "session_minutes": (30, "minutes of inactivity that end a session"),
        "access_token_minutes": (30, "minutes that an access token lives"),
        "lockout_after": (5, "failed logins that lock a login; 0: never"),
        "lockout_minutes": (60, "minutes that a locked login stays locked"),
    }
    VARIANTS: Mapping[str, Variant] = {
        mode: Variant(modes={"key_delivery": mode}, options=_LOGIN)
        for mode in ("email", "inline", "inline_put_only")
    }

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        self.sessions = Sessions(self)
        self.directory = Directory(self)
        self.keys = Keys(self)
        self.vaults = Vaults(self)
        self.sessions.add_login(ADMIN, PASSWORD, is_admin=True)
        self._routes = [
            (method, re.compile(pattern + "$", re.IGNORECASE), handler, open_to_all)
            for method, pattern, handler, open_to_all in [
                ("GET", "", self._root, True),
                *self.sessions.routes(),
                *self.keys.routes(),
                *self.directory.routes(),
                *self.vaults.routes(),
            ]
        ]

    # --- the world, behind the API's back ----------------------------------------------------

    @property
    def outbox(self) -> list[tuple[str, str, str]]:
        """The e-mails sent so far: address, access key, secret key."""
        return self.keys.outbox

    def add_account(self, name: str, access_keys: int = 1, **fields: Any) -> str:
        """Make a user; each has a pair from birth, unless access_keys is 0."""
        user = self.directory.add_user(name, **fields)
        if access_keys:
            self.keys.give(user)
        return str(user.id)

    def user(self, account_id: str) -> User:
        """Return a user by identifier."""
        return self.directory.users[int(account_id)]

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return the one key of a user; the API never shows it."""
        user = self.user(account_id)
        return {user.access_key: "active"} if user.access_key else {}

    def access_keys(self) -> list[str]:
        """Return the access key of every user that has one."""
        return [user.access_key for user in self.directory.users.values() if user.access_key]

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret of a pair that is the present one of an enabled user."""
        for user in self.directory.users.values():
            if user.access_key == access_key and user.enabled:
                return user.secret_key
        return None

    def secrets(self) -> list[str]:
        """Return every secret key ever issued, every password and every token."""
        return [*self.keys.issued, *self.sessions.secrets()]

    def lower_token(self, length: int) -> str:
        """Return a made-up identifier of hexadecimal digits."""
        return self.token(length, string.hexdigits[:16])

    # --- requests ----------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request; case of the path and doubled slashes do not matter."""
        segments = [unquote(part) for part in request.path.split("/") if part]
        if [part.lower() for part in segments[:2]] not in _BASES:
            return _no_page()
        if "application/json" not in str(request.headers.get("Accept")).lower():
            # What is not asked for as JSON comes as XML, which nobody here reads.
            return Response(200, "<CVGui_GenericResp/>", content_type="application/xml")
        if request.body and not request.is_of("application/json"):
            return Response(400, "<CVGui_GenericResp/>", content_type="application/xml")
        call = Call(request, segments[2:])
        text = "/".join(call.segments)
        known = False
        for method, pattern, handler, open_to_all in self._routes:
            match = pattern.match(text)
            if not match:
                continue
            known = True
            if method != call.method:
                continue
            if not open_to_all:
                call.login = self.sessions.caller(call)
                if call.login is None:
                    return Response(401, {"errorMessage": "Access denied", "errorCode": 5})
            response: Response = handler(call, *match.groups())
            return response
        return Response(405, {"errorMessage": "Method not allowed"}) if known else _no_page()

    def _root(self, call: Call) -> Response:
        return Response(200, "Commvault REST API")


def _no_page() -> Response:
    page = "<!DOCTYPE html><html><head><title>404</title></head><body>Not Found</body></html>"
    return Response(404, page, content_type="text/html")


SIMULATOR = CommvaultSimulator
