# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS IAM and STS: the query protocol, signatures, two keys a user, lists that lag."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Optional
from urllib.parse import parse_qsl

from .aws_actions import EXTERNAL_ID, NAME, ROLE_ARN, Actions, denied
from .aws_gate import Caller, Gate, Refusal
from .aws_hands import AwsHands
from .aws_world import MAX_KEYS, World
from .base import Request, Response, Simulator, SimulatorClock, Variant
from .s3_xml import Markup, document, element

#: The login of tests and demos; a session of it; a role that it may assume.
ACCESS_KEY = "AKIAROTATORLOGIN0001"
SECRET_KEY = "Aws0perator+Secret/Key=With&Odd%Chars01"
SESSION_KEY = "ASIAROTATORLOGIN0001"
SESSION_SECRET = "Aws0session+Secret/Key=With&Odd%Chars01"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEMadeUp+Session/Token=With&Odd%Chars0001=="
USER_NAME = "rotator"

IAM, STS = "2010-05-08", "2011-06-15"
_NAMESPACES = {
    IAM: "https://iam.amazonaws.com/doc/2010-05-08/",
    STS: "https://sts.amazonaws.com/doc/2011-06-15/",
}
#: Action -> its version, what it does as a method says it, the parameters that it knows.
ACTIONS: dict[str, tuple[str, str, frozenset[str]]] = {
    "AssumeRole": (STS, "POST", frozenset({"RoleArn", "RoleSessionName", "ExternalId"})),
    "CreateAccessKey": (IAM, "POST", frozenset({"UserName"})),
    "DeleteAccessKey": (IAM, "DELETE", frozenset({"UserName", "AccessKeyId"})),
    "GetAccessKeyLastUsed": (IAM, "GET", frozenset({"AccessKeyId"})),
    "GetCallerIdentity": (STS, "GET", frozenset()),
    "GetUser": (IAM, "GET", frozenset({"UserName"})),
    "ListAccessKeys": (IAM, "GET", frozenset({"UserName", "Marker", "MaxItems"})),
    "ListUserTags": (IAM, "GET", frozenset({"UserName", "Marker", "MaxItems"})),
    "ListUsers": (IAM, "GET", frozenset({"PathPrefix", "Marker", "MaxItems"})),
    "UpdateAccessKey": (IAM, "PUT", frozenset({"UserName", "AccessKeyId", "Status"})),
}


class AwsSimulator(Simulator):
    """One AWS account. It starts without users but the one that logs in."""

    name = "aws"
    HANDS = AwsHands
    MODES = {
        "denied": ((), "actions that the login's policy does not allow"),
        "empty_pages": (False, "an empty page with a marker comes before each one with rows"),
        "has_sts": (True, "whether STS is there; not so at many S3 services with an IAM API"),
        "ignore_filters": (False, "ListUsers ignores PathPrefix; GetUser finds whoever asks"),
        "knows_after": (0, "seconds until a new key may sign requests to IAM"),
        "lag": (0, "seconds for which lists show keys as they were before a change"),
        "lists_login": (False, "ListUsers shows the login's own user too, as AWS does"),
        "page_size": (0, "rows per page at most; 0: as many as MaxItems asks for"),
        "region": ("us-east-1", "the region that requests to IAM are signed for; empty: any"),
        "session_minutes": (60, "how long a role's session lasts"),
        "skew_minutes": (5, "how far a signature's date may be off"),
        "takes_old_keys_only": (0, "seconds until a new key can be updated or deleted"),
        "throttle_status": (400, "HTTP status of Throttling: 400, as AWS has it, or 429, 503"),
        "throttles_every": (0, "every so many requests one is refused with Throttling; 0: none"),
        "unknown_key": (
            "denied",
            "GetAccessKeyLastUsed of a key that is not there: denied (AccessDenied) or missing",
        ),
        "unmodifiable": (0, "seconds after a change during which a user's keys cannot be changed"),
    }
    VARIANTS = {
        "access key": Variant(options={"api_access_key": ACCESS_KEY, "api_secret_key": SECRET_KEY}),
        "role": Variant(
            modes={"page_size": 100, "empty_pages": True, "unknown_key": "missing"},
            options={
                "api_access_key": ACCESS_KEY,
                "api_secret_key": SECRET_KEY,
                "api_role_arn": ROLE_ARN,
                "api_external_id": EXTERNAL_ID,
            },
        ),
        "session": Variant(
            options={
                "api_access_key": SESSION_KEY,
                "api_secret_key": SESSION_SECRET,
                "api_token": SESSION_TOKEN,
            },
        ),
        "slow": Variant(
            modes={"lag": 10, "takes_old_keys_only": 4},
            options={"api_access_key": ACCESS_KEY, "api_secret_key": SECRET_KEY},
        ),
        "compatible": Variant(
            modes={"has_sts": False, "page_size": 3, "region": "eu-west-7"},
            options={
                "api_access_key": ACCESS_KEY,
                "api_secret_key": SECRET_KEY,
                "api_region": "eu-west-7",
            },
        ),
    }

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        self.world = World(self.random)
        self.gate = Gate(self.world, self.clock, self.modes)
        self._actions = Actions(self.world, self.clock, self.modes, self.commit)
        now = self.clock.now()
        self.operator = self.world.add_user(USER_NAME, admin=True, hidden=True, created=now)
        self.world.add_key(self.operator, now, access=ACCESS_KEY, secret=SECRET_KEY)
        self.world.add_session(
            now + dt.timedelta(days=3650),
            self.operator.arn,
            self.operator,
            access=SESSION_KEY,
            secret=SESSION_SECRET,
            token=SESSION_TOKEN,
        )

    def seen_as(self, request: Request) -> tuple[str, str]:
        """Return what a request does as a method says it, and /<action>/<user or key>."""
        asked = _asked(request)
        action = asked.get("Action", "unknown")
        _version, method, _known = ACTIONS.get(action, ("", "POST", frozenset()))
        return method, f"/{action}/{asked.get('UserName') or asked.get('AccessKeyId') or ''}"

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        asked = _asked(request)
        version = asked.pop("Version", "")
        action = asked.pop("Action", "")
        request_id = "-".join(self.token(n, "0123456789abcdef") for n in (8, 4, 4, 4, 12))
        try:
            result = self._result(request, action, version, asked)
        except Refusal as refusal:
            error = element(
                "Error",
                element("Type", "Sender" if refusal.status < 500 else "Receiver"),
                element("Code", refusal.code),
                element("Message", refusal.message),
            )
            root = element("ErrorResponse", error, element("RequestId", request_id))
            return _answer(root, refusal.status, request_id)
        known = _NAMESPACES.get(version, _NAMESPACES[IAM])
        inside = [element(f"{action}Result", *result)] if result is not None else []
        metadata = element("ResponseMetadata", element("RequestId", request_id))
        return _answer(
            element(f"{action}Response", *inside, metadata, xmlns=known), 200, request_id
        )

    def _result(
        self, request: Request, action: str, version: str, asked: dict[str, str]
    ) -> Optional[list[Markup]]:
        kind = str(request.headers.get("Content-Type") or "").partition(";")[0].strip()
        if request.method != "POST" or kind != "application/x-www-form-urlencoded":
            raise Refusal(400, "MalformedInput", "The request is no form.")
        self.gate.throttle()
        known = ACTIONS.get(action)
        if known is None or known[0] != version or (version == STS and not self.modes["has_sts"]):
            raise Refusal(
                400, "InvalidAction", f"Could not find operation {action} for version {version}"
            )
        caller = self.gate.caller(request, "sts" if version == STS else "iam")
        unknown = sorted(set(asked) - known[2])
        if unknown:
            raise Refusal(400, "ValidationError", f"Unknown parameters: {', '.join(unknown)}")
        if version == IAM:
            self._allow(caller, action, asked)
        return self._actions.do(action, caller, asked)

    def _allow(self, caller: Caller, action: str, asked: Mapping[str, str]) -> None:
        own = caller.user is not None and asked.get("UserName") == caller.user.name
        is_own = own and caller.user is not None and caller.user.self_service
        if (caller.is_admin or is_own) and action not in self.modes["denied"]:
            return
        user = self.world.user(asked.get("UserName") or "")
        raise denied(caller, action, user.arn if user else "*")

    # --- behind the API's back -----------------------------------------------------------------

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key if this pair is honoured by the data plane right now, else None."""
        key = self.world.keys.get(access_key)
        return key.secret if key is not None and key.status == "Active" else None

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make a user with up to two keys. Raises ValueError for a name that IAM has not."""
        if not NAME.fullmatch(name):
            raise ValueError(f"{name} cannot be the name of a user")
        user = self.world.add_user(name, created=self.clock.now())
        for _number in range(min(access_keys, MAX_KEYS)):
            self.world.add_key(user, self.clock.now())
        # They have always been there.
        for key in self.world.keys_of(user):
            key.history[0] = (key.created - dt.timedelta(days=1), "Active")
        return user.id

    def note_use(self, access_key: str) -> None:
        """Note that a client used a key, as the data plane would."""
        self.world.keys[access_key].last_used = self.clock.now()

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what is true: access key -> "active" or "inactive"."""
        keys = self.world.keys_of(self.world.users[account_id])
        return {key.access: (key.status or "").lower() for key in keys}

    def access_keys(self) -> list[str]:
        """Return every access key of the accounts, active or not."""
        keys = self.world.keys.values()
        return [k.access for k in keys if k.status is not None and not k.user.hidden]

    def secrets(self) -> list[str]:
        """Return every secret of this world."""
        sessions = self.world.sessions.values()
        return [
            *(key.secret for key in self.world.keys.values()),
            *(secret for session in sessions for secret in (session.secret, session.token)),
        ]


def _asked(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _answer(root: Markup, status: int, request_id: str) -> Response:
    response = document(root, status, {"x-amzn-RequestId": request_id})
    response.content_type = "text/xml"
    return response


SIMULATOR = AwsSimulator
