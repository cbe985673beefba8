# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated StorageGRID: the Tenant Management API of one tenant, v3 or v4.

Written after the vendor's own description of the API (Swagger, 11.7 and 11.8) and the guides at
docs.netapp.com; what they leave open is a mode.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any, Optional

from .base import BadBody, Request, Response, Simulator, SimulatorClock, Variant
from .storagegrid_hands import StorageGridHands
from .storagegrid_keys import Keys
from .storagegrid_world import Key, Refusal, User, World

#: The login of tests and demos, a local user of a group with Root access; and the tenant.
USER_NAME, PASSWORD = "key-rotator", "Gr1d+r0tate/me=now&then%"
TENANT, TENANT_NAME = "27739481263514082967", "acme-backup"
#: A token that was fetched by single sign-on.
API_TOKEN = "5d0c1f6e-6b1b-4e0a-9a55-0d2b7c9e41f8"

_BY_PASSWORD = {"api_username": USER_NAME, "api_password": PASSWORD, "tenant": TENANT}
_USERS_QUERY = {"type", "limit", "marker", "includeMarker", "order", "includeCloneStatus"}


class StorageGridSimulator(Simulator):
    """One tenant of a grid. It starts without users but root and the one that logs in."""

    name = "storagegrid"
    HANDS = StorageGridHands
    MODES = {
        "account_id_as": ("text", "accountId of a key: text, or number (rounded, as JavaScript's)"),
        "api_versions": ((2, 3, 4), "major versions of the API that are enabled"),
        "empty_user_is_self": (
            True,
            "an empty user id in the path means the token's own user, as current-user does",
        ),
        "expired_keys": ("removed", "removed at once (documented), or listed with a past end"),
        "federation": (False, "the tenant may use a grid federation connection; keys show clones"),
        "gets_by": ("access key", "GET of one key takes its access key (documented), or both"),
        "ignore_filters": (False, "ignore the filter type of a listing of users"),
        "lists_login": (
            False,
            "whether the listing of users holds the login's own user, as a real one does",
        ),
        "lists_root": (True, "whether the listing of users holds the root user"),
        "page_size": (500, "most users on a page, whatever the limit asked for"),
        "product_version": ("11.8.0-20240115.1712.4bdf7a1", "the product's release"),
        "reads_showing_deleted": (0, "how many reads go on showing a key after it was deleted"),
        "retry_after": (0, "seconds in Retry-After of a throttled answer; 0: no such header"),
        "sso": (False, "single sign-on is enabled: nobody logs in by password"),
        "throttle_per_minute": (0, "requests per minute; 0: no limit"),
        "token_hours": (16, "how long a token lives"),
        "unknown_id_status": (404, "HTTP status for a user id that is no UUID: 404, 400 or 422"),
        "versions_need_login": (False, "GET /api/versions wants a token"),
    }
    VARIANTS = {
        "v4": Variant(options=_BY_PASSWORD),
        "v3": Variant(
            modes={
                "account_id_as": "number",
                "api_versions": (2, 3),
                "gets_by": "both",
                "expired_keys": "listed",
                "page_size": 25,
                "product_version": "11.7.0-20230427.2009.5c8c1b1",
                "unknown_id_status": 422,
            },
            options={**_BY_PASSWORD, "tenant": f"id:{TENANT}"},
        ),
        "v4 token": Variant(
            modes={"api_versions": (4,), "sso": True, "versions_need_login": True},
            options={"api_token": API_TOKEN},
        ),
    }

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        self.world = World(self.random, TENANT)
        self.root = self.world.add_user("root", hidden=True)
        self.operator = self.world.add_user(f"user/{USER_NAME}", password=PASSWORD, hidden=True)
        self.operator.permissions = {"rootAccess": True}
        self.world.tokens[API_TOKEN] = (self.operator, None)
        self._keys = Keys(self.world, self.clock, self.modes, self.commit)
        self._version = 0
        self._minute, self._in_minute = -1, 0

    # --- the API -----------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        self._version = max(self.modes["api_versions"])
        try:
            self._throttle()
            response = self._routed(request)
        except BadBody:
            response = self._error(Refusal(400, "The request body is no valid JSON.", "error.400"))
        except Refusal as refusal:
            response = self._error(refusal)
        if self._is_outdated() and request.path.startswith("/api/v"):
            response.headers["Deprecated"] = "true"
        return response

    def _is_outdated(self) -> bool:
        return bool(self._version < max(self.modes["api_versions"]))

    def _throttle(self) -> None:
        minute = int(self.clock.now().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._in_minute = minute, 0
        self._in_minute += 1
        limit = self.modes["throttle_per_minute"]
        if limit and self._in_minute > limit:
            raise Refusal(429, "Too many requests.", "error.429")

    def _routed(self, request: Request) -> Response:
        # With the empty segments: one in the place of a user means something.
        parts = request.target.partition("?")[0].split("/")[1:]
        if request.body and "application/json" not in str(request.headers.get("Content-Type")):
            raise Refusal(415, "Unsupported Media Type", "error.415")
        if re.fullmatch(r"/api(/v[0-9]+)?/versions", request.path) and request.method == "GET":
            if self.modes["versions_need_login"]:
                self._user(request)
            return self._success(list(self.modes["api_versions"]))
        version = re.fullmatch(r"v([0-9]+)", parts[1]) if len(parts) > 2 else None
        if parts[0] != "api" or version is None:
            raise _unknown_path()
        if int(version[1]) not in self.modes["api_versions"]:
            raise Refusal(404, f"API version {version[1]} is not supported.", "error.404")
        self._version = int(version[1])
        rest = parts[2:]
        if rest == ["authorize"] and request.method == "POST":
            return self._authorize(request)
        user = self._user(request)
        if rest[0] != "org":
            raise _unknown_path()
        if len(rest) >= 4 and rest[1] == "users" and rest[3] == "s3-access-keys":
            return self._of_keys(request, user, rest[2], request.segments[6:])
        if request.method != "GET":
            raise Refusal(405, "Method Not Allowed", "error.405")
        if rest == ["org", "config"]:
            return self._success(self._config(request, user))
        if rest == ["org", "config", "product-version"]:
            return self._success({"productVersion": self.modes["product_version"]})
        if rest[1:2] == ["users"]:
            return self._of_users(request, user, request.segments[4:])
        raise _unknown_path()

    def _success(
        self, data: Any, status: int = 200, headers: Optional[dict[str, str]] = None
    ) -> Response:
        return Response(status, {**self._envelope("success"), "data": data}, headers or {})

    def _envelope(self, status: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "responseTime": self.iso(),
            "status": status,
            "apiVersion": f"{self._version}.0",
        }
        if self._is_outdated():
            body["deprecated"] = True
        return body

    def _error(self, refusal: Refusal) -> Response:
        body = self._envelope("error")
        body["code"] = refusal.status
        body["message"] = {"text": refusal.text, "key": refusal.key}
        if refusal.field:
            body["errors"] = [{"text": refusal.text, "key": refusal.key, "context": refusal.field}]
        wait = self.modes["retry_after"]
        is_told = refusal.status == 429 and wait
        return Response(refusal.status, body, {"Retry-After": str(wait)} if is_told else {})

    # --- logins ------------------------------------------------------------------------------

    def _authorize(self, request: Request) -> Response:
        body = request.json()
        names = {"accountId", "username", "password", "cookie", "csrfToken"}
        if not isinstance(body, dict) or not set(body) <= names:
            raise Refusal(422, "Unknown property.", "error.422", "body")
        for name in ("accountId", "username", "password"):
            if not isinstance(body.get(name), str):
                raise Refusal(422, f"{name} is required.", "error.422", name)
        if self.modes["sso"]:
            raise Refusal(400, "Single sign-on is enabled and must be used.", "error.sso.enabled")
        user = self.world.signing_in(body["username"])
        if (
            body["accountId"] != TENANT
            or user is None
            or user.disabled
            or not user.permissions
            or user.password != body["password"]
        ):
            raise Refusal(401, "Invalid credentials.", "error.401")
        token = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        lives = dt.timedelta(hours=self.modes["token_hours"])
        end = self.clock.now() + lives
        self.world.tokens[token] = (user, end)
        headers = {
            "Expires": end.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "Cache-Control": f"private, no-cache, max-age={int(lives.total_seconds()) - 1}",
        }
        return self._success(token, headers=headers)

    def _user(self, request: Request) -> User:
        kind, _unused, token = (request.headers.get("Authorization") or "").partition(" ")
        user, end = self.world.tokens.get(token, (None, None))
        if kind != "Bearer" or user is None or (end is not None and self.clock.now() >= end):
            raise Refusal(401, "The authorization token is invalid or has expired.", "error.401")
        return user

    def _config(self, request: Request, user: User) -> dict[str, Any]:
        del request
        connections = ["b1e721a5-1d23-4ee8-82ce-2b529c592961"] if self.modes["federation"] else []
        names = ("rootAccess", "manageOwnS3Credentials", "manageAllContainers", "manageEndpoints")
        row = self.world.row(user)
        return {
            "auto-logout": 900,
            "user": {
                "id": user.id,
                "username": user.unique_name.rpartition("/")[2],
                "uniqueName": user.unique_name,
                "firstName": "",
                "fullName": row["fullName"],
                "federated": row["federated"],
                "managementReadOnly": user.read_only,
            },
            "token": {"expires": self.iso(self.clock.now() + dt.timedelta(hours=16))},
            "permissions": {name: bool(user.permissions.get(name)) for name in names},
            "account": {
                "id": TENANT,
                "name": TENANT_NAME,
                "capabilities": ["management", "s3"],
                "policy": {
                    "useAccountIdentitySource": True,
                    "allowPlatformServices": False,
                    "allowedGridFederationConnections": connections,
                },
            },
            "restrictedPort": False,
        }

    # --- users and keys ----------------------------------------------------------------------

    def _of_users(self, request: Request, caller: User, rest: list[str]) -> Response:
        self._require_root_access(caller)
        if not rest:
            return self._success(self._page(request))
        if rest == ["root"]:
            return self._success(self.world.row(self.root))
        if len(rest) == 2 and rest[0] in ("user", "federated-user"):
            user = self.world.named(f"{rest[0]}/{rest[1]}")
        elif len(rest) == 1:
            self._require_uuid(rest[0])
            user = self.world.users.get(rest[0])
        else:
            raise _unknown_path()
        if user is None:
            raise Refusal(404, "The user was not found.", "error.404")
        return self._success(self.world.row(user))

    def _require_uuid(self, text: str) -> None:
        try:
            uuid.UUID(text)
        except ValueError:
            status = self.modes["unknown_id_status"]
            raise Refusal(status, "The user was not found.", f"error.{status}") from None

    def _page(self, request: Request) -> list[dict[str, Any]]:
        unknown = {name for name, _unused in request.query} - _USERS_QUERY
        try:
            limit = int(request.arg("limit") or 25)
        except ValueError:
            limit = 0
        order = request.arg("order") or "asc"
        if unknown or not 1 <= limit <= 500 or order not in ("asc", "desc"):
            raise Refusal(400, "Invalid query parameter.", "error.400", "query")
        users = sorted(self.world.users.values(), key=self.world.urn)
        wanted = None if self.modes["ignore_filters"] else request.arg("type")
        if wanted is not None:
            federated = wanted == "federated"
            users = [u for u in users if u.unique_name.startswith("federated-user/") is federated]
        hidden = {"lists_root": self.root, "lists_login": self.operator}
        users = [u for u in users if u not in [h for n, h in hidden.items() if not self.modes[n]]]
        marker = request.arg("marker")
        if order == "desc":
            users.reverse()
        if marker is not None:
            kept = [u for u in users if _is_past(self.world.urn(u), marker, order)]
            if request.arg("includeMarker") == "true":
                kept = [u for u in users if self.world.urn(u) == marker] + kept
            users = kept
        return [self.world.row(u) for u in users[: min(limit, self.modes["page_size"])]]

    def _of_keys(self, request: Request, caller: User, whose: str, rest: list[str]) -> Response:
        if whose == "current-user" or (not whose and self.modes["empty_user_is_self"]):
            # What is in front of an empty segment is not one more segment.
            rest = request.segments[5 if not whose else 6 :]
            if not (caller.permissions.keys() & {"rootAccess", "manageOwnS3Credentials"}):
                raise _forbidden()
            owner: Optional[User] = caller
        else:
            self._require_root_access(caller)
            self._require_uuid(whose)
            owner = self.world.users.get(whose)
        if owner is None:
            raise Refusal(404, "The user was not found.", "error.404")
        if caller.read_only and request.method != "GET":
            raise _forbidden()
        status, data = self._keys.answer(request, owner, rest)
        return Response(204) if status == 204 else self._success(data, status)

    def _require_root_access(self, caller: User) -> None:
        if not caller.permissions.get("rootAccess"):
            raise _forbidden()

    # --- behind the API's back ---------------------------------------------------------------

    @property
    def users(self) -> dict[str, User]:
        """The users, by identifier."""
        return self.world.users

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make a local user, or a federated one of the name federated-user/...; with keys."""
        is_whole = name.startswith("federated-user/")
        user = self.world.add_user(name if is_whole else f"user/{name}")
        for _number in range(access_keys):
            self.make_key(user)
        return user.id

    def make_key(self, user: User, expires: Optional[dt.datetime] = None) -> Key:
        """Make a key of a user."""
        return self.world.add_key(user, self.clock.now(), expires)

    def add_login(self, name: str, permissions: dict[str, bool], **fields: Any) -> User:
        """Make a user that can sign in with PASSWORD."""
        user = self.world.add_user(f"user/{name}", password=PASSWORD)
        user.permissions = dict(permissions)
        for field, value in fields.items():
            setattr(user, field, value)
        return user

    def name_of(self, access_key: str) -> str:
        """Return the identifier by which a listing shows a key, also of one that is gone."""
        return self.world.identifiers.get(access_key, access_key)

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret of a key that is there and has not ended."""
        key = self.world.keys.get(access_key)
        is_dead = key is None or key.shown_for is not None or key.has_ended(self.clock.now())
        return None if key is None or is_dead else key.secret

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what is true: access key -> "active"; there is nothing else here."""
        user = self.world.users[account_id]
        keys = self.world.keys_of(user, self.clock.now())
        return {key.access_key: "active" for key in keys}

    def access_keys(self) -> list[str]:
        """Return every access key."""
        return [key.access_key for key in self.world.keys.values() if key.shown_for is None]

    def secrets(self) -> list[str]:
        """Return every secret of this world."""
        return [
            *(key.secret for key in self.world.keys.values()),
            *self.world.former_secrets,
            *self.world.tokens,
            PASSWORD,
        ]


def _is_past(urn: str, marker: str, order: str) -> bool:
    return urn > marker if order == "asc" else urn < marker


def _unknown_path() -> Refusal:
    return Refusal(404, "The requested resource was not found.", "error.404")


def _forbidden() -> Refusal:
    return Refusal(403, "You do not have permission to do this.", "error.403")


SIMULATOR = StorageGridSimulator
