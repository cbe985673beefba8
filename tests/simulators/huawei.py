# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Huawei Cloud IAM: users, tokens, signatures, access keys by v3.0 and by v5."""

from __future__ import annotations

from typing import Any, Optional

from .base import Request, Response, Simulator, SimulatorClock, Variant
from .huawei_credentials import Credentials, unknown_call
from .huawei_gate import Gate
from .huawei_hands import HuaweiHands
from .huawei_keystone import Keystone
from .huawei_refusals import Refusal, rendered
from .huawei_world import MAX_KEYS, Key, Token, User, World

#: The administrator that tests and demos log in as.
ACCESS_KEY = "HUAWEIOPERATOR000001"
SECRET_KEY = "Hw0perator+Secret/Key=With&Odd%Chars0001"
USER_NAME = "iam-rotator"
PASSWORD = "R0tate:me/please+now%"
DOMAIN_NAME = "acme-storage"
DOMAIN_ID = "d0a1" + "7" * 28

_SIGNED = {"api_access_key": ACCESS_KEY, "api_secret_key": SECRET_KEY}


class HuaweiSimulator(Simulator):
    """One account (domain) of a Huawei cloud. It starts without users but the one that logs in."""

    name = "huawei"
    HANDS = HuaweiHands
    MODES = {
        "answers_description": (False, "whether the answer to an update holds the description"),
        "catalog_region": ("*", "the region that a token's catalog names"),
        "clears_description": (True, 'whether "" clears a description; False: it is ignored'),
        "create_status": (201, "HTTP status of a key that was made: 201, or 200"),
        "drops_tokens_after": (
            0,
            "seconds until a change of a user's key ends its tokens; None: it does not",
        ),
        "drops_all_tokens": (False, "such a change ends everybody's tokens, the caller's too"),
        "error_shape": (
            "documented",
            "documented, mainland (null error_code inside), or all as keystone, iam, gateway",
        ),
        "gateway_prefix": ("APIGW", "APIGW, or APIG on older clouds"),
        "ignore_filters": (False, "ignore every filter and return all rows"),
        "links_elsewhere": (False, "links name a host that cannot be reached from outside"),
        "lists_enabled_only": (True, "GET /v3/users leaves disabled users out unless asked"),
        "lists_login": (False, "GET /v3/users shows the login's own user too, as real clouds do"),
        "locks_access_keys": (True, "five wrong signatures lock an access key for five minutes"),
        "never_used": (
            "missing",
            "last_use_time of an unused key: missing, empty, null, or created (its create_time)",
        ),
        "page_size": (0, "rows per page of users, and at most so many in v5; 0: as documented"),
        "reads_showing_deleted": (0, "how many reads go on showing a key after it was deleted"),
        "retry_after": (0, "seconds in Retry-After of a throttled answer; 0: no such header"),
        "shows_empty_description": (True, "whether a key without description shows an empty one"),
        "shows_own_user": (True, "whether GET /v3/users/{id} shows a user without rights itself"),
        "skew_minutes": (15, "how far a signature's date may be off"),
        "tells_last_used": (True, "whether Show has last_use_time; some regions do not"),
        "throttle_as": ("gateway", "gateway (APIGW.0308) or iam (IAM.0012)"),
        "throttle_per_minute": (0, "requests per minute; 0: no limit"),
        "trace_header": ("X-Request-Id", "X-Request-Id or X-IAM-Trace-Id"),
        "v5_available": (True, "whether the cloud has the v5 API"),
        "v5_limit_status": (409, "HTTP status of a third key in v5: 409 or 400"),
    }
    VARIANTS = {
        "v3.0 access key": Variant(options=_SIGNED),
        "v3.0 token login": Variant(
            modes={"page_size": 100, "answers_description": True, "error_shape": "mainland"},
            options={
                "api_username": USER_NAME,
                "api_password": PASSWORD,
                "domain": DOMAIN_NAME,
            },
        ),
        "v3.0 other cloud": Variant(
            modes={
                "error_shape": "iam",
                "gateway_prefix": "APIG",
                "links_elsewhere": True,
                "page_size": 3,
                "shows_empty_description": False,
                "tells_last_used": False,
                "trace_header": "X-IAM-Trace-Id",
                "v5_available": False,
            },
            options={**_SIGNED, "domain": f"id:{DOMAIN_ID}"},
        ),
        "v5": Variant(options={**_SIGNED, "api_version": "v5", "domain": DOMAIN_NAME}),
    }

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        self.world = World(self.random)
        self.gate = Gate(self.world, self.clock, self.modes)
        self._keystone = Keystone(self.world, self.gate, self.clock, self.modes)
        self._credentials = Credentials(self.world, self.gate, self.clock, self.modes, self.commit)
        self.world.domain_name, self.world.domain_id = DOMAIN_NAME, DOMAIN_ID
        self.operator = self.world.add_user(USER_NAME, password=PASSWORD, admin=True, hidden=True)
        self.world.add_key(self.operator, self.clock.now(), access=ACCESS_KEY, secret=SECRET_KEY)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        request_id = self.world.hex()
        try:
            self.gate.throttle()
            response = self._routed(request)
            if response is None:
                raise unknown_call()
        except Refusal as refusal:
            modes = self.modes
            response = rendered(refusal, modes["error_shape"], modes["gateway_prefix"], request_id)
            if refusal.status == 429 and modes["retry_after"]:
                response.headers["Retry-After"] = str(modes["retry_after"])
        response.headers[self.modes["trace_header"]] = request_id
        return response

    def _routed(self, request: Request) -> Optional[Response]:
        parts = request.segments
        if parts[:3] == ["v3.0", "OS-CREDENTIAL", "credentials"]:
            return self._credentials.handle_v3(request)
        if parts[:2] == ["v5", "users"] and self.modes["v5_available"]:
            return self._credentials.handle_v5(request)
        return self._keystone.handle(request)

    # --- behind the API's back ---------------------------------------------------------------

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key if this pair is honoured by the data plane right now, else None."""
        key = self.world.keys.get(access_key)
        if key is None or key.shown_for is not None or key.status != "active":
            return None
        if not key.user.enabled or self.gate.is_locked(key):
            return None
        return key.secret

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make a user with up to two keys; the name may be taken."""
        user = self.world.add_user(name)
        for _number in range(min(access_keys, MAX_KEYS)):
            self.world.add_key(user, self.clock.now())
        return user.id

    def add_self_service_user(self, name: str, password: str = "Own-Keys:0nly") -> Key:
        """Make a user without rights that can log in by password and by the key returned."""
        user = self.world.add_user(name, password=password)
        return self.world.add_key(user, self.clock.now())

    def user(self, name: str) -> User:
        """Return the first user of a name."""
        return next(user for user in self.world.users.values() if user.name == name)

    def issue_token(self, name: str = USER_NAME, scope: str = "domain") -> Token:
        """Issue a token for a user, as if it had logged in elsewhere."""
        return self.world.add_token(self.user(name), self.clock.now(), scope)

    def note_use(self, access_key: str) -> None:
        """Note that a client used a key, as the data plane would."""
        self.world.keys[access_key].last_used = self.clock.now()

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what is true: access key -> "active" or "inactive"."""
        user = self.world.users[account_id]
        return {key.access: key.status for key in self.world.keys_of(user)}

    def access_keys(self) -> list[str]:
        """Return every access key of the accounts, active or not."""
        keys = self.world.keys.values()
        return [key.access for key in keys if key.shown_for is None and not key.user.hidden]

    def secrets(self) -> list[str]:
        """Return every secret of this world."""
        passwords = [user.password for user in self.world.users.values() if user.password]
        return [
            *(key.secret for key in self.world.keys.values()),
            *self.world.former_secrets,
            *self.world.tokens,
            *passwords,
        ]


SIMULATOR = HuaweiSimulator
