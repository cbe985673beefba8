# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OSIS as an adapter serves it: tenants, users and credentials by identifiers, in snake_case."""

from __future__ import annotations

import datetime as dt
import json
from http import HTTPStatus
from typing import Any, Callable, Optional

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    BadBody,
    Request,
    Response,
)
from ansible_collections.objectstore.credentials.tests.simulators.ose_people import People
from ansible_collections.objectstore.credentials.tests.simulators.ose_world import (
    PASSWORD,
    USERNAME,
    Key,
    OseWorld,
    parse_filter,
)

#: Properties of an OSIS credential that the specification requires.
_REQUIRED = ("access_key", "secret_key", "tenant_id", "user_id", "cd_user_id", "cd_tenant_id")
_OPTIONAL_OPERATIONS = {
    "usage": "getUsage",
    "bucket-list": "getBucketList",
    "bucket-logging-id": "getBucketLoggingId",
    "anonymous-user": "getAnonymousUser",
    "console": "getConsole",
}
#: How generators of JSON in Java write a date.
_DATES: dict[str, Callable[[dt.datetime], Any]] = {
    "text": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
    "nanoseconds": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
    "milliseconds": lambda moment: int(moment.timestamp() * 1000),
    "seconds": lambda moment: moment.timestamp(),
}


class OsisApi:
    """Answers requests on a world."""

    def __init__(self, world: OseWorld) -> None:
        self.world = world

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        segments = request.segments
        prefix = [part for part in self.world.modes["prefix"].split("/") if part]
        if segments[: len(prefix)] != prefix or segments[len(prefix) : len(prefix) + 1] != ["api"]:
            return self.error(request, 404, "no such path")
        rest = segments[len(prefix) + 1 :]
        if rest == ["info"] and request.method == "GET":
            return self.info(request)
        if rest[:1] != ["v1"]:
            return self.error(request, 404, "no such path")
        if not request.accepts("application/json"):
            return Response(406)
        if rest[1:2] == ["auth"]:
            return self.auth(request, rest[2:])
        refused = self.refused(request)
        if refused is not None:
            return refused
        operation, call = self.route(request.method, rest[1:])
        if call is None:
            status = 405 if operation == "known" else 404
            return self.error(request, status, "no such operation")
        missing = (*self.world.mode("not_implemented"), *self.world.modes["unlisted"])
        if operation in missing:
            return self.error(request, 501, "The optional API is not implemented")
        try:
            return call(request)
        except BadBody:
            return self.error(request, 400, "the body is no JSON object")

    # --- errors, info, logins ----------------------------------------------------------------

    def error(self, request: Request, status: int, message: str) -> Response:
        """Return an error in the shape of the mode errors."""
        shape = self.world.mode("errors")
        if shape == "osis":
            # The specification has a body for 400 alone.
            body = {"code": "E_BAD_REQUEST", "message": message} if status == 400 else None
            return Response(status, body)
        if shape == "text":
            return Response(status, f"HTTP Status {status} - {message}")
        if shape == "html":
            page = f"<html><body><h1>HTTP Status {status}</h1><p>{message}</p></body></html>"
            return Response(status, page, content_type="text/html")
        said: dict[str, Any] = {"timestamp": self.world.iso(), "status": status}
        said.update(error=HTTPStatus(status).phrase, path=request.path)
        if shape == "spring":
            said["message"] = message
        return Response(status, said)

    def info(self, request: Request) -> Response:
        """getInfo: the one operation without a login."""
        host = request.headers.get("Host") or "osis.example.com"
        return Response(
            200,
            {
                "platform_name": self.world.mode("platform_name"),
                "platform_version": "7.4",
                "api_version": "1.1.0",
                "iam": False,
                "logo_uri": f"https://{host}/static/logo.png",
                "status": "NORMAL",
                "auth_modes": ["Bearer" if self.world.modes["auth"] == "bearer" else "Basic"],
                "services": {"s3": "https://s3.example.com", "iam": f"https://{host}/"},
                "regions": ["default"],
                "storage_classes": ["STANDARD"],
                "not_implemented": list(self.world.mode("not_implemented")),
            },
        )

    def auth(self, request: Request, rest: list[str]) -> Response:
        """Log in, or refresh a token; paths that no published specification has."""
        if self.world.modes["auth"] != "bearer" or request.method != "POST":
            return self.error(request, 404, "no such path")
        if not request.is_of("application/json"):
            return self.error(request, 415, "Unsupported Media Type")
        try:
            body = request.json()
        except BadBody:
            body = None
        body = body if isinstance(body, dict) else {}
        if rest == ["login"]:
            if (body.get("username"), body.get("password")) != (USERNAME, PASSWORD):
                return self.unauthorized("Invalid username or password", 1)
            self.world.logins += 1
            refresh = "canary-refresh-" + self.world.token(50)
            self.world.refresh_tokens.add(refresh)
            answer = {"access_token": self.world.new_token(), "refresh_token": refresh}
            return Response(200, answer)
        if rest == ["token"]:
            known = body.get("refresh_token") in self.world.refresh_tokens
            if not (known and self.world.modes["refresh"]):
                return self.unauthorized("Authentication failed", 1)
            return Response(200, {"access_token": self.world.new_token()})
        return self.error(request, 404, "no such path")

    def unauthorized(self, message: str, code: int) -> Response:
        """Return a 401 of the token filter, which may write a second object behind the first."""
        stamp = int(self.world.clock.now().timestamp() * 1000)
        parts = [{"status": 401, "message": message, "error_code": code, "timestamp": stamp}]
        if self.world.modes["double_json"]:
            parts.append({**parts[0], "message": "Authentication failed", "error_code": 1})
        body = "".join(json.dumps(part) for part in parts)
        return Response(401, body, content_type="application/json")

    def refused(self, request: Request) -> Optional[Response]:
        """Return the 401 for a request without a valid login."""
        if self.world.modes["auth"] == "bearer":
            problem = self.world.token_problem(request)
            if problem == "expired":
                return self.unauthorized("Token has expired", 2)
            return self.unauthorized("Authentication failed", 1) if problem else None
        if self.world.is_basic(request, USERNAME):
            return None
        return Response(
            401,
            "HTTP Status 401 - Bad credentials",
            {"WWW-Authenticate": 'Basic realm="osis"'},
        )

    # --- which operation ---------------------------------------------------------------------

    def route(
        self, method: str, rest: list[str]
    ) -> tuple[str, Optional[Callable[[Request], Response]]]:
        """Return operation and handler of a path; "known" for a known path with a wrong method."""
        table = self._table(rest)
        if method in table:
            return table[method]
        return ("known" if table else "unknown"), None

    def _table(self, rest: list[str]) -> dict[str, tuple[str, Callable[[Request], Response]]]:
        if rest == ["s3capabilities"]:
            return {"GET": ("getS3Capabilities", self.capabilities)}
        if len(rest) == 1 and rest[0] in _OPTIONAL_OPERATIONS:
            return {"GET": (_OPTIONAL_OPERATIONS[rest[0]], self.nothing_behind)}
        if rest == ["s3credentials", "query"]:
            return {"GET": ("queryCredentials", self.query_credentials)}
        if len(rest) == 2 and rest[0] == "s3credentials":
            return {
                "GET": ("getCredential", lambda r: self.get_credential(r, rest[1])),
                "PATCH": ("updateCredentialStatus", lambda r: self.update_credential(r, rest[1])),
                "DELETE": ("deleteCredential", lambda r: self.delete_credential(r, rest[1])),
            }
        if len(rest) == 5 and (rest[0], rest[2], rest[4]) == ("tenants", "users", "s3credentials"):
            return {
                "GET": ("listCredentials", lambda r: self.list_credentials(r, rest[1], rest[3])),
                "POST": ("createCredential", lambda r: self.create_credential(r, rest[1], rest[3])),
            }
        return People(self).table(rest)

    def capabilities(self, request: Request) -> Response:
        """getS3Capabilities."""
        everything = {"all": True, "by_params": [], "by_headers": [], "by_payload": []}
        return Response(200, {"exclusions": {"put_bucket_accelerate": everything}})

    def nothing_behind(self, request: Request) -> Response:
        """Answer an optional operation that this simulator does not go into."""
        return self.error(request, 501, "The optional API is not implemented")

    # --- credentials -------------------------------------------------------------------------

    def row(self, key: Key) -> dict[str, Any]:
        """Return a credential as this adapter shows it."""
        world = self.world
        user = world.users[key.user_id]
        named = world.mode("username_shown")
        row: dict[str, Any] = {
            "access_key": key.access_key,
            "secret_key": key.secret,
            "active": key.active,
            "creation_date": _DATES[world.modes["date_as"]](key.created),
            "tenant_id": user.tenant_id,
            "user_id": user.user_id,
            "username": user.username if named else None,
            "cd_user_id": user.cd_user_id if named else user.user_id,
            "cd_tenant_id": user.cd_tenant_id,
            "immutable": world.mode("immutable"),
        }
        if world.mode("active") == "null":
            row["active"] = None
        elif world.mode("active") == "absent":
            del row["active"]
        if not self.knows_secret(key):
            if world.modes["secret"] == "absent":
                del row["secret_key"]
            else:
                row["secret_key"] = "Not Available"
        return row

    def knows_secret(self, key: Key) -> bool:
        """Tell whether the adapter holds a key's secret."""
        return key.fresh or self.world.modes["secret"] == "shown"

    def keys(self, tenant: Optional[str], user_id: Optional[str]) -> list[Key]:
        """Return the keys of a user."""
        return [
            key
            for key in self.world.keys.values()
            if key.user_id == user_id and self.world.users[key.user_id].tenant_id == tenant
        ]

    def failed(self, request: Request, otherwise: int, message: str) -> Optional[Response]:
        """Return what a failure of the storage behind looks like, if it is failing."""
        if not self.world.modes["backend_fails"]:
            return None
        masked = self.world.mode("errors_as_empty_pages")
        return self.error(request, otherwise if masked else 500, message)

    def list_credentials(self, request: Request, tenant: str, user_id: str) -> Response:
        """listCredentials; an unknown user has an empty page."""
        world = self.world
        if world.modes["backend_fails"]:
            if world.mode("errors_as_empty_pages"):
                return world.page(request, [], "page_info")
            return self.error(request, 500, "the storage fails")
        found = self.keys(tenant, user_id)
        user = world.users.get(user_id)
        nothing_known = not any(self.knows_secret(key) for key in found)
        if user and user.tenant_id == tenant and nothing_known and world.mode("list_creates_key"):
            found.append(world.make_key(user, fresh=True))
            world.commit(f"listing made key {found[-1].access_key}")
        ignored = world.mode("offset_ignored")
        return world.page(request, [self.row(key) for key in found], "page_info", ignored)

    def query_credentials(self, request: Request) -> Response:
        """queryCredentials."""
        terms = parse_filter(request.arg("filter"))
        world = self.world
        if world.modes["backend_fails"] and not world.mode("errors_as_empty_pages"):
            return self.error(request, 500, "the storage fails")
        if world.mode("query") == "owner":
            if request.arg("filter") is None:
                return self.error(request, 500, "")
            if not {"tenant_id", "user_id"} <= set(terms) or world.modes["backend_fails"]:
                return world.page(request, [], "page_info")
            if "access_key" not in terms:
                return self.list_credentials(request, terms["tenant_id"], terms["user_id"])
        known = ("tenant_id", "user_id", "cd_tenant_id", "cd_user_id", "username", "access_key")
        found = []
        for key in world.keys.values():
            facts = {**self.row(key), "username": world.users[key.user_id].username}
            facts["active"] = "true" if key.active else "false"
            if world.modes["ignore_filters"] or all(
                facts[name] == value for name, value in terms.items() if name in (*known, "active")
            ):
                found.append(self.row(key))
        return world.page(request, found, "page_info")

    def get_credential(self, request: Request, access_key: str) -> Response:
        """getCredential."""
        world = self.world
        tenant, user_id = request.arg("tenant_id"), request.arg("user_id")
        if world.modes["get_owner_required"] and not (tenant and user_id):
            return self.error(request, 400, "Required parameter 'tenant_id' is not present")
        failed = self.failed(request, 404, "the storage fails")
        if failed:
            return failed
        key = world.keys.get(access_key)
        if world.modes["ignore_filters"] and len(world.keys) > 1:
            key = next(k for k in world.keys.values() if k.access_key != access_key)
        elif key and not world.modes["get_ignores_owner"] and not self.owns(key, tenant, user_id):
            key = None
        if key is None:
            return self.error(request, 404, "S3 credential not found")
        return Response(200, self.row(key))

    def owns(self, key: Key, tenant: Optional[str], user_id: Optional[str]) -> bool:
        """Tell whether a key is of this tenant and user; what is not given does not matter."""
        user = self.world.users[key.user_id]
        return tenant in (None, "", user.tenant_id) and user_id in (None, "", user.user_id)

    def create_credential(self, request: Request, tenant: str, user_id: str) -> Response:
        """createCredential: no body; the platform makes the pair."""
        world = self.world
        if request.body:
            return self.error(request, 400, "createCredential takes no body")
        failed = self.failed(request, 400, "the storage fails")
        if failed:
            return failed
        user = world.users.get(user_id)
        if user is None or user.tenant_id != tenant:
            message = f"The specific user {user_id} in tenant {tenant} doesn't exist"
            return self.error(request, 400, message)
        key = world.make_key(user, fresh=world.modes["create_answer"] == "full")
        world.commit(f"create key {key.access_key}")
        row = self.row(key)
        if world.modes["create_answer"] == "no_secret":
            row.pop("secret_key", None)
        return Response(world.mode("create_status"), row)

    def update_credential(self, request: Request, access_key: str) -> Response:
        """updateCredentialStatus: the whole object comes in; only "active" takes effect."""
        world = self.world
        tenant, user_id = request.arg("tenant_id"), request.arg("user_id")
        if world.mode("owner_required") and not (tenant and user_id):
            return self.error(request, 400, "Required parameter 'tenant_id' is not present")
        if not request.is_of("application/json"):
            return self.error(request, 415, "Unsupported Media Type")
        body = request.json()
        if not isinstance(body, dict):
            raise BadBody
        wrong = self.wrong_with(body, access_key)
        if wrong:
            return self.error(request, 400, wrong)
        failed = self.failed(request, 400, "the storage fails")
        if failed:
            return failed
        key = world.keys.get(access_key)
        if key is None or not self.owns(key, tenant, user_id):
            return self.error(request, world.mode("patch_unknown"), "no such credential")
        mode = world.modes["patch"]
        if mode == "echoed":
            return Response(200, body)
        if mode != "ignored" and key.active != body["active"]:
            key.active = body["active"]
            world.commit(f"set key {access_key} {'active' if key.active else 'inactive'}")
        return Response(200, None if mode == "empty" else self.row(key))

    def wrong_with(self, body: dict[str, Any], access_key: str) -> Optional[str]:
        """Say what is wrong with the body of a PATCH, if anything."""
        if not isinstance(body.get("active"), bool):
            return "active: must be a boolean"
        validates = self.world.mode("patch_validates")
        names = {"all": _REQUIRED, "not_null": _REQUIRED[:2], "nothing": ()}[validates]
        for name in names:
            if not isinstance(body.get(name), str) or not body[name]:
                return f"invalid value for the property {name}"
        if validates != "nothing" and body["access_key"] != access_key:
            return "access_key: not that of the path"
        return None

    def delete_credential(self, request: Request, access_key: str) -> Response:
        """deleteCredential; deleting an active key is allowed."""
        world = self.world
        tenant, user_id = request.arg("tenant_id"), request.arg("user_id")
        if world.mode("owner_required") and not (tenant and user_id):
            return self.error(request, 400, "Required parameter 'tenant_id' is not present")
        silent = world.mode("delete") in ("silent", "ignored")
        key = world.keys.get(access_key)
        if key is None or not self.owns(key, tenant, user_id):
            return Response(204) if silent else self.error(request, 404, "no such credential")
        if world.modes["backend_fails"]:
            return Response(204) if silent else self.error(request, 500, "the storage fails")
        if world.mode("delete") != "ignored":
            del world.keys[access_key]
            world.commit(f"delete key {access_key}")
        return Response(204)
