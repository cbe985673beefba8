# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Ceph Object Gateway: the users and keys of its Admin Ops API, as a real one has them.

What a release 16.2 does was seen on a real gateway, which tests/lab starts; the contract suite runs
on both. What newer releases do beyond that was read in their documentation and source.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from . import s3_signature
from .base import Request, Response, Simulator, SimulatorClock, Variant
from .ceph_rgw_hands import CephRgwHands
from .s3_xml import S3Error

#: The administrator that tests and demos log in as.
ACCESS_KEY = "CEPHOPERATOR00000001"
SECRET_KEY = "CephOp0erator+Secret/Key=With&Odd%Chars1"
ADMIN = "rotator"

_SIGNED = {"api_access_key": ACCESS_KEY, "api_secret_key": SECRET_KEY}
_SKEW = 900
_MOST_PER_PAGE = 1000
_STATUS = {
    "AccessDenied": 403,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidSecretKey": 400,
    "KeyExists": 409,
    "MethodNotAllowed": 405,
    "NoSuchBucket": 404,
    "NotImplemented": 501,
    "NoSuchUser": 404,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "UserSuspended": 403,
}


@dataclass
class Key:
    """One S3 key."""

    secret_key: str
    subuser: str = ""
    active: bool = True


@dataclass
class User:
    """One user; subusers are no more than names."""

    uid: str
    caps: frozenset[str] = frozenset()
    keys: dict[str, Key] = field(default_factory=dict)
    subusers: list[str] = field(default_factory=list)
    suspended: bool = False

    @property
    def tenant(self) -> str:
        """What stands before the first $."""
        return self.uid.partition("$")[0] if "$" in self.uid else ""

    @property
    def plain_id(self) -> str:
        """What stands after the last $; a namespace between the two is not shown."""
        return self.uid.rpartition("$")[2]


class Untyped(Response):
    """A response as a gateway sends it on success: without a content type."""

    def kind(self) -> Optional[str]:
        """Return none."""
        return None


class RefusedError(Exception):
    """The gateway's code for why it does not do something."""


class CephRgwSimulator(Simulator):
    """One gateway. It starts with the administrator alone."""

    name = "ceph_rgw"
    HANDS = CephRgwHands
    OWN_USER = ADMIN
    MODES = {
        "caps": ("users=read users=write", "the capabilities of the login"),
        "has_active": (False, "whether keys show and take active: not in 16.2"),
        "has_full_user_id": (False, "whether a user shows full_user_id: not before 20"),
        "hides_keys": (False, "users are shown without keys, as to user-info-without-keys"),
        "lists_login": (True, "the listing shows the login's own user, as a real one does"),
        "page_size": (_MOST_PER_PAGE, "the most users of a page"),
        "unknown_key": (
            "AccessDenied",
            "the code for an access key that nobody has: AccessDenied (16.2) or NoSuchUser",
        ),
        "slow_down": (0, "how many more requests are refused with 503 SlowDown"),
        "truncated_as_text": (False, "the listing's truncated is a text, as in the metadata API"),
    }
    VARIANTS = {
        "16.2": Variant(options=_SIGNED),
        "with active": Variant(
            {
                "has_active": True,
                "has_full_user_id": True,
                "unknown_key": "NoSuchUser",
                "page_size": 7,
                "truncated_as_text": True,
            },
            _SIGNED,
        ),
    }

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        self.users: dict[str, User] = {}
        self.operator = User(ADMIN, keys={ACCESS_KEY: Key(SECRET_KEY)})
        self.users[ADMIN] = self.operator
        self.requests = 0

    # --- the world ------------------------------------------------------------------------------

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make a user; "parent:sub" makes a subuser of a user that is there. Ids are unique."""
        parent, colon, subuser = name.rpartition(":")
        if colon and parent in self.users:
            user = self.users[parent]
            if subuser in user.subusers:
                raise ValueError(f"{parent} has a subuser {subuser}")
            user.subusers.append(subuser)
        else:
            if name in self.users:
                raise ValueError(f"there is a user {name}")
            user, subuser = self.users.setdefault(name, User(name)), ""
        for _unused in range(access_keys):
            self.make_key(user, subuser)
        return name

    def make_key(self, user: User, subuser: str = "") -> str:
        """Give a user a key behind the API's back."""
        access_key = self.token(20)
        user.keys[access_key] = Key(self.token(40), subuser)
        return access_key

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what keys a user or subuser has, by status."""
        user, subuser = self._account(account_id)
        return {
            access_key: "active" if key.active else "inactive"
            for access_key, key in user.keys.items()
            if key.subuser == subuser
        }

    def _account(self, account_id: str) -> tuple[User, str]:
        if account_id in self.users:
            return self.users[account_id], ""
        parent, _unused, subuser = account_id.rpartition(":")
        return self.users[parent], subuser

    def access_keys(self) -> list[str]:
        """Return every access key."""
        return [access_key for user in self.users.values() for access_key in user.keys]

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key of a key that is active and whose user is not suspended."""
        user = self._owner(access_key)
        if user is None or user.suspended or not user.keys[access_key].active:
            return None
        return user.keys[access_key].secret_key

    def shut_out(self, access_key: str) -> Optional[tuple[str, str]]:
        """Return the secret key of a suspended user's pair, and what its requests are told."""
        user = self._owner(access_key)
        if user is None or not user.suspended or not user.keys[access_key].active:
            return None
        return user.keys[access_key].secret_key, "UserSuspended"

    def secrets(self) -> list[str]:
        """Return every secret key."""
        return [key.secret_key for user in self.users.values() for key in user.keys.values()]

    def _owner(self, access_key: str) -> Optional[User]:
        return next((user for user in self.users.values() if access_key in user.keys), None)

    # --- requests -------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        self.requests += 1
        request_id = f"tx{self.requests:021x}-0000000000-1019-default"
        is_admin = request.path in ("/admin", "/admin/") or request.path.startswith("/admin/")
        try:
            if self.modes["slow_down"]:
                self.modes["slow_down"] -= 1
                raise RefusedError("SlowDown")
            self._check_login(request)
            response = self._routed(request) if is_admin else None
            if response is None:
                raise RefusedError("MethodNotAllowed" if is_admin else "NoSuchBucket")
        except RefusedError as refusal:
            response = _refused(str(refusal), request_id, as_json=is_admin)
        response.headers["x-amz-request-id"] = request_id
        return response

    def _check_login(self, request: Request) -> None:
        try:
            claim = s3_signature.read_claim(request)
            s3_signature.check_payload(request, claim)
        except S3Error:
            raise RefusedError("AccessDenied") from None
        if abs((self.clock.now() - claim.at).total_seconds()) > _SKEW:
            raise RefusedError("RequestTimeTooSkewed")
        user = self._owner(claim.access_key)
        if user is None or not user.keys[claim.access_key].active:
            raise RefusedError("InvalidAccessKeyId")
        # To a gateway a + is a blank and nothing else, which no client signs as one.
        has_plus = "+" in request.target.partition("?")[2]
        secret_key = user.keys[claim.access_key].secret_key
        if has_plus or not s3_signature.is_signed_with(request, claim, secret_key):
            raise RefusedError("SignatureDoesNotMatch")
        if user.suspended:
            raise RefusedError("UserSuspended")
        self._caps = set(self.modes["caps"].split()) if user is self.operator else set(user.caps)

    def _may(self, cap: str) -> None:
        if cap not in self._caps:
            raise RefusedError("AccessDenied")

    def _routed(self, request: Request) -> Optional[Response]:
        if request.segments != ["admin", "user"]:
            return None
        asked = dict(request.query)
        if request.method == "GET":
            self._may("users=read")
            return self._page(asked) if "list" in asked else self._shown(asked)
        if "key" not in asked:
            return None
        if request.method == "PUT":
            self._may("users=write")
            if request.body:
                raise RefusedError("NotImplemented")
            return self._put_key(asked)
        if request.method == "DELETE":
            self._may("users=write")
            return self._delete_key(asked)
        return None

    def _page(self, asked: Mapping[str, str]) -> Response:
        # The order is that of hashes; the marker is where the next one lies.
        listed = self.users if self.modes["lists_login"] else set(self.users) - {ADMIN}
        names = sorted(listed, key=_place)
        start = 0
        if asked.get("marker"):
            try:
                following = base64.b64decode(asked["marker"], validate=True).decode()
                start = names.index(following)
            except (binascii.Error, UnicodeDecodeError, ValueError):
                # As a real gateway does: it has begun to answer when it finds out.
                return Untyped(200, b'{"keys":[')
        wanted = asked.get("max-entries") or ""
        most = min(int(wanted) if wanted.isdigit() else _MOST_PER_PAGE, self.modes["page_size"])
        found = names[start : start + most]
        is_cut = start + most < len(names)
        as_text = self.modes["truncated_as_text"]
        body: dict[str, Any] = {
            "keys": found,
            "truncated": str(is_cut).lower() if as_text else is_cut,
            "count": len(found),
        }
        if is_cut:
            body["marker"] = base64.b64encode(names[start + most].encode()).decode()
        return Untyped(200, body)

    def _shown(self, asked: Mapping[str, str]) -> Response:
        if asked.get("uid"):  # of the two, it counts
            user = self.users.get(asked["uid"])
            if user is None:
                raise RefusedError("NoSuchUser")
        elif asked.get("access-key"):
            user = self._owner(asked["access-key"])
            if user is None:
                raise RefusedError(self.modes["unknown_key"])
        else:
            raise RefusedError("InvalidArgument")
        body: dict[str, Any] = {
            "tenant": user.tenant,
            "user_id": user.plain_id,
            "display_name": f"User {user.plain_id}",
            "email": "",
            "suspended": int(user.suspended),
            "max_buckets": 1000,
            "subusers": [
                {"id": f"{user.uid}:{name}", "permissions": "full-control"}
                for name in user.subusers
            ],
            "keys": self._rows(user),
            "swift_keys": [],
            "caps": [],
            "op_mask": "read, write, delete",
            "system": "false",
            "temp_url_keys": [],
            "type": "rgw",
            "mfa_ids": [],
        }
        if self.modes["has_full_user_id"]:
            body["full_user_id"] = user.uid
        if self.modes["hides_keys"]:
            del body["keys"], body["swift_keys"]
        return Untyped(200, body)

    def _rows(self, user: User) -> list[dict[str, Any]]:
        rows = []
        for access_key, key in sorted(user.keys.items()):
            row: dict[str, Any] = {
                "user": f"{user.uid}:{key.subuser}" if key.subuser else user.uid,
                "access_key": access_key,
                "secret_key": key.secret_key,
            }
            if self.modes["has_active"]:
                row["active"] = key.active
            rows.append(row)
        return rows

    def _put_key(self, asked: Mapping[str, str]) -> Response:
        user = self._meant(asked)
        if (asked.get("key-type") or "s3") != "s3":
            return Untyped(200)  # an unknown type is answered with success, and that is all
        access_key, secret_key = asked.get("access-key", ""), asked.get("secret-key", "")
        if asked.get("generate-key", "true") == "true":
            access_key, secret_key = access_key or self.token(20), secret_key or self.token(40)
        if not access_key:
            raise RefusedError("InvalidAccessKeyId")
        before = user.keys.get(access_key)
        if before is None:
            if self._owner(access_key) is not None:
                raise RefusedError("KeyExists")
            if not secret_key:
                raise RefusedError("InvalidSecretKey")
            after = Key(secret_key, asked.get("subuser", "").removeprefix(f"{user.uid}:"))
        else:
            if not secret_key and not self.modes["has_active"]:
                # With nothing else to change, a secret key is missed.
                raise RefusedError("InvalidSecretKey")
            # A key that is there takes another secret, without a word.
            after = Key(secret_key or before.secret_key, before.subuser, before.active)
        if self.modes["has_active"] and "active" in asked:
            # What is neither counts as not said, which means true.
            after.active = asked["active"] not in ("false", "0", "no", "off")
        user.keys[access_key] = after
        if after != before:
            self.commit(f"{'changed' if before else 'made'} key {access_key} of {user.uid}")
        return Untyped(200, self._rows(user))

    def _meant(self, asked: Mapping[str, str]) -> User:
        """Return whose key it is about; where there is no such user, whoever has the access key."""
        uid = asked.get("uid") or ""
        user = self.users.get(uid) or self._owner(asked.get("access-key", ""))
        if user is None:
            raise RefusedError("NoSuchUser" if uid else "AccessDenied")
        return user

    def _delete_key(self, asked: Mapping[str, str]) -> Response:
        user = self._meant(asked)
        if user.keys.pop(asked.get("access-key", ""), None) is None:
            # 403, as for a login whose access key nobody has.
            raise RefusedError("InvalidAccessKeyId")
        self.commit(f"deleted key {asked['access-key']} of {user.uid}")
        return Untyped(200)


def _place(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()


def _refused(code: str, request_id: str, as_json: bool) -> Response:
    host_id = "1019-default-default"
    if as_json:
        body = {"Code": code, "Message": "", "RequestId": request_id, "HostId": host_id}
        return Response(_STATUS[code], body)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message></Message>'
        f"<RequestId>{request_id}</RequestId><HostId>{host_id}</HostId></Error>"
    )
    return Response(_STATUS[code], text, content_type="application/xml")


SIMULATOR = CephRgwSimulator
