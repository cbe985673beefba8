# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated OSE knows: tenants, users, keys, tokens, and how its adapter misbehaves."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import string
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    Request,
    Response,
    Simulator,
)

USERNAME = "osis-admin"
PASSWORD = "canary-Pass/word+of=OSIS"
TENANT = "acme"
ORGANIZATION_ID = "40b97e3c-c3b1-4251-b7de-e9637324683f"

#: How the adapters differ where a mode is left at None. reference: as the specification reads.
REFERENCE: Mapping[str, Any] = {
    "platform_name": "Reference Store",
    "not_implemented": (),
    "create_status": 201,
    "active": "shown",
    "immutable": False,
    "page_total": "all",
    "offset_ignored": False,
    "errors_as_empty_pages": False,
    "list_creates_key": False,
    "owner_required": False,
    "patch_unknown": 404,
    "patch_validates": "all",
    "delete": "honest",
    "errors": "osis",
    "username_shown": True,
    "query": "free",
    "name_filter": ("username", "display_name"),
}
ADAPTERS: Mapping[str, Mapping[str, Any]] = {
    "reference": {},
    # VMware's reference implementation for Ceph.
    "ceph_ri": {
        "platform_name": "Ceph",
        "not_implemented": ("updateCredentialStatus", "getUsage", "getBucketLoggingId"),
        "active": "null",
        "owner_required": True,
        "patch_validates": "not_null",
        "delete": "silent",
        "errors": "spring",
        "name_filter": ("display_name",),
    },
    "scality": {
        "platform_name": "Scality RING",
        "not_implemented": ("deleteTenant", "getUsage", "getBucketLoggingId"),
        "create_status": 200,
        "immutable": True,
        "page_total": "page",
        "offset_ignored": True,
        "errors_as_empty_pages": True,
        "list_creates_key": True,
        "patch_unknown": 400,
        "patch_validates": "nothing",
        "delete": "silent",
        "errors": "spring_quiet",
        "username_shown": False,
        "query": "owner",
        "name_filter": ("username", "display_name"),
    },
}


@dataclass
class Tenant:
    """A tenant of the storage, and the organizations of Cloud Director that it stands for."""

    tenant_id: str
    name: str
    cd_tenant_ids: list[str]
    active: bool = True


@dataclass
class User:
    """A user of a tenant."""

    user_id: str
    tenant_id: str
    username: str
    cd_user_id: str
    cd_tenant_id: str
    role: str = "TENANT_USER"
    email: Optional[str] = None
    active: bool = True

    @property
    def canonical_user_id(self) -> str:
        """The identifier across tenants."""
        return f"{self.tenant_id}-{self.user_id}"


@dataclass
class Key:
    """A pair. fresh: made by the API, so that even a platform that loses secrets has this one."""

    access_key: str
    secret: str
    user_id: str
    created: dt.datetime
    active: bool = True
    fresh: bool = False
    immutable: bool = False
    kind: str = "USER"
    app_name: Optional[str] = None
    allowed_buckets: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    last_used: Optional[dt.datetime] = None


class OseWorld(Simulator):
    """The state behind both APIs."""

    name = "ose"
    MODES: Mapping[str, tuple[Any, str]] = {
        "flavor": ("osis", "osis: the adapter's API; ose: OSE's front API beside Cloud Director"),
        "adapter": ("reference", "reference, ceph_ri, scality: what the modes left at None mean"),
        "platform_name": (None, "what /api/info says"),
        "prefix": ("", "path below which OSIS is served, such as /osis"),
        "auth": ("basic", "basic or bearer; the other is refused"),
        "token_minutes": (15, "how long a bearer token lives"),
        "refresh": (True, "whether refresh tokens are honoured"),
        "double_json": (False, "two JSON objects back to back in a 401 of the token filter"),
        "not_implemented": (None, "operations that /api/info lists and that answer 501"),
        "unlisted": ((), "operations that answer 501 although /api/info does not list them"),
        "create_status": (None, "201, or 200"),
        "create_answer": ("full", "no_secret: a key is made and its secret not shown"),
        "active": (None, "shown; null; absent: how a listing shows the status"),
        "immutable": (None, "what every credential of OSIS says of itself"),
        "secret": ("shown", "not_available, absent: of keys that were there before"),
        "page_total": (
            None,
            "all; page: total is the size of this page; text: of texts; null, absent: none told",
        ),
        "date_as": ("text", "text | nanoseconds | milliseconds | seconds: how OSIS shows dates"),
        "page_size": (1000, "most rows in a page, whatever limit was asked for"),
        "page_overlap": (False, "a page begins with the last row of the one before"),
        "offset_ignored": (None, "every page of credentials begins at the first row"),
        "errors_as_empty_pages": (None, "a listing that fails is answered with an empty page"),
        "backend_fails": (False, "the storage behind the adapter fails"),
        "list_creates_key": (None, "listing makes a key where no secret is known"),
        "owner_required": (None, "400 without tenant_id and user_id on PATCH and DELETE"),
        "get_owner_required": (False, "the same on getCredential"),
        "get_ignores_owner": (False, "getCredential gives the key of another user as well"),
        "patch_unknown": (None, "404 or 400"),
        "patch_validates": (None, "all, not_null, nothing: of the body"),
        "patch": ("honoured", "ignored, echoed: 200 and the key stays; empty: done, no body"),
        "delete": (None, "honest; silent: 204 whatever happened; ignored: 204 and the key stays"),
        "errors": (None, "osis, spring, spring_quiet, text, html: the shape of errors"),
        "username_shown": (None, "whether a credential names its user"),
        "query": (None, "free; owner: empty unless tenant_id and user_id are in the filter"),
        "name_filter": (None, "by which terms users are filtered by name"),
        "ignore_filters": (False, "queries and types give all rows; getCredential some other row"),
        "storage": ("OSIS", "OSIS, CLOUDIAN, ECS, AMAZON: what is behind the front API"),
        "reserved_key": (False, "OSE keeps an immutable credential of its own for each user"),
        "app_key": (False, "each user also has a credential of type APP"),
        "role": ("TENANT_ADMIN", "of the login at the front API; TENANT_USER sees only itself"),
        "director": (("36.0", "37.0", "38.1"), "API versions of Cloud Director"),
        "director_login": ("cloudapi", "cloudapi; sessions: only the older login is there"),
    }

    def __init__(self, *args: Any, **modes: Any) -> None:
        super().__init__(*args, **modes)
        self.BASE_PATH = self.modes["prefix"]
        self.tenants: dict[str, Tenant] = {}
        self.users: dict[str, User] = {}
        self.keys: dict[str, Key] = {}
        #: Token -> when it ends.
        self.tokens: dict[str, dt.datetime] = {}
        self.refresh_tokens: set[str] = set()
        self.logins = 0
        #: A token that does not expire, for api_token.
        self.api_token = "canary-static-" + self.token(40, string.ascii_letters)
        self.add_tenant(TENANT, "Acme Inc", [ORGANIZATION_ID])

    def mode(self, name: str) -> Any:
        """Return a mode; where it was left at None, what the adapter does."""
        value = self.modes[name]
        if value is None:
            value = ADAPTERS[self.modes["adapter"]].get(name, REFERENCE[name])
        return value

    # --- the world behind the API's back -----------------------------------------------------

    def add_tenant(self, tenant_id: str, name: str, cd_tenant_ids: Iterable[str] = ()) -> Tenant:
        """Make a tenant."""
        self.tenants[tenant_id] = Tenant(tenant_id, name, list(cd_tenant_ids) or [self.uuid()])
        return self.tenants[tenant_id]

    def add_account(self, name: str, access_keys: int = 1, tenant: str = TENANT) -> str:
        """Make a user with keys, and with those that the modes reserved_key and app_key tell.

        At OSIS the name may be taken; Cloud Director keeps names unique (ValueError).
        """
        if self.modes["flavor"] == "ose" and name in [u.username for u in self.users.values()]:
            raise ValueError(f"Cloud Director has no two users called {name}")
        user = self.make_user(tenant, name)
        for _unused in range(access_keys):
            self.make_key(user)
        if self.modes["reserved_key"]:
            self.make_key(user).immutable = True
        if self.modes["app_key"]:
            key = self.make_key(user)
            key.kind, key.app_name, key.allowed_buckets = "APP", "backup-app", ["photos"]
        return user.user_id

    def make_user(self, tenant: str, name: str, **fields: Any) -> User:
        """Make a user without keys."""
        user_id = self.uuid()
        organization = self.tenants[tenant].cd_tenant_ids[0]
        defaults = {"cd_user_id": self.uuid(), "cd_tenant_id": organization}
        self.users[user_id] = User(user_id, tenant, name, **{**defaults, **fields})
        return self.users[user_id]

    def make_key(self, user: User, fresh: bool = False) -> Key:
        """Make a key of a user."""
        access_key = self.token(20, "0123456789abcdef")
        secret = self.token(40, string.ascii_letters + string.digits + "+/")
        self.keys[access_key] = Key(access_key, secret, user.user_id, self.clock.now(), fresh=fresh)
        return self.keys[access_key]

    def uuid(self) -> str:
        """Return a repeatable UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret of an active key of an active user."""
        key = self.keys.get(access_key)
        return key.secret if key and key.active and self.users[key.user_id].active else None

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what is true of a user's keys."""
        return {
            key.access_key: "active" if key.active else "inactive"
            for key in self.keys.values()
            if key.user_id == account_id
        }

    def access_keys(self) -> list[str]:
        """Return every access key."""
        return list(self.keys)

    def secrets(self) -> list[str]:
        """Return every secret key, password and token."""
        held = [key.secret for key in self.keys.values()]
        return [*held, PASSWORD, self.api_token, *self.tokens, *self.refresh_tokens]

    # --- what both APIs need -----------------------------------------------------------------

    def is_basic(self, request: Request, username: str) -> bool:
        """Tell whether a request carries the right user name and password."""
        kind, _unused, value = (request.headers.get("Authorization") or "").partition(" ")
        try:
            given = base64.b64decode(value, validate=True)
        except ValueError:
            return False
        return kind == "Basic" and hmac.compare_digest(given, f"{username}:{PASSWORD}".encode())

    def new_token(self) -> str:
        """Make a bearer token."""
        token = "canary-" + self.token(60, string.ascii_letters + string.digits)
        self.tokens[token] = self.clock.now() + dt.timedelta(minutes=self.modes["token_minutes"])
        return token

    def token_problem(self, request: Request) -> Optional[str]:
        """Return None for a valid bearer token, else "missing", "unknown" or "expired"."""
        kind, _unused, token = (request.headers.get("Authorization") or "").partition(" ")
        if kind != "Bearer":
            return "missing"
        if token == self.api_token:
            return None
        if token not in self.tokens:
            return "unknown"
        return None if self.clock.now() < self.tokens[token] else "expired"

    def page(
        self, request: Request, found: list[dict[str, Any]], info: str, offset_ignored: bool = False
    ) -> Response:
        """Return a page as the query and the modes ask for it."""
        try:
            offset, limit = int(request.arg("offset") or 0), int(request.arg("limit") or 100)
        except ValueError:
            offset = limit = -1
        if offset < 0 or limit < 1:
            return Response(400, {"code": "E_BAD_REQUEST", "message": "offset and limit: numbers"})
        limit = min(limit, self.modes["page_size"])
        first = 0 if offset_ignored else offset
        if self.modes["page_overlap"] and 0 < first < len(found):
            first -= 1
        items = found[first : first + limit]
        told = self.mode("page_total")
        numbers: Any = {"limit": limit, "offset": offset, "total": len(found)}
        if told == "page":
            numbers["total"] = len(items)
        elif told == "text":
            numbers = {name: str(value) for name, value in numbers.items()}
        elif told in ("null", "absent"):
            numbers = None
        body = {"items": items, info: numbers}
        return Response(200, {"items": items} if told == "absent" else body)


def parse_filter(text: Optional[str]) -> dict[str, str]:
    """Read "a==1;b==2"; terms without exactly one == are ignored, silently."""
    terms = {}
    for part in (text or "").split(";"):
        name, found, value = part.partition("==")
        if found and name and value and "==" not in value:
            terms[name] = value
    return terms
