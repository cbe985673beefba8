# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OSE's front API, by user names and in camelCase, and the Cloud Director where one logs in."""

from __future__ import annotations

import re
from typing import Any, Optional
from xml.sax.saxutils import escape

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    BadBody,
    Request,
    Response,
)
from ansible_collections.objectstore.credentials.tests.simulators.ose_world import (
    ORGANIZATION_ID,
    TENANT,
    USERNAME,
    Key,
    OseWorld,
    User,
)

_PROPERTIES = {
    *("tenantId", "storageTenantId", "owner", "ownerId", "storageUserId", "canonicalUserId"),
    *("type", "immutable", "accessKey", "secretKey", "active", "createdDate", "lastAccessDate"),
    *("appName", "allowedBuckets", "extension", "usedK8sClusters", "providerOwner"),
}


class FrontApi:
    """Answers requests on a world."""

    def __init__(self, world: OseWorld) -> None:
        self.world = world

    def handle(self, request: Request) -> Response:
        """Answer one request, of Cloud Director or of OSE."""
        segments = request.segments
        if segments == ["api", "versions"] and request.method == "GET":
            return self.versions()
        if segments == ["api", "sessions"]:
            return self.session(request, xml=True)
        if segments[:3] == ["cloudapi", "1.0.0", "sessions"]:
            return self.session(request, xml=False)
        if segments[:3] != ["api", "v1", "core"]:
            return error(404, "NOT_FOUND", "no such path")
        problem = self.world.token_problem(request)
        if problem:
            return error(401, "VCLOUD_TOKEN_AUTH_ERROR", f"the token is {problem}")
        rest = segments[3:]
        try:
            return self.core(request, rest)
        except BadBody:
            return error(400, "INVALID_REQUEST", "the body is no JSON object")

    # --- Cloud Director ----------------------------------------------------------------------

    def versions(self) -> Response:
        """List the API versions, without a login."""
        rows = "".join(
            f'<VersionInfo deprecated="false"><Version>{version}</Version>'
            "<LoginUrl>https://vcd.example.com/cloudapi/1.0.0/sessions</LoginUrl></VersionInfo>"
            for version in (*self.world.modes["director"], "99.0.0-alpha")
        )
        body = f"<?xml version='1.0'?><SupportedVersions>{rows}</SupportedVersions>"
        return Response(200, body, content_type="text/xml")

    def session(self, request: Request, xml: bool) -> Response:
        """Log in. The API version asked for must be one of this release."""
        if request.method != "POST":
            return Response(405)
        if xml != (self.world.modes["director_login"] == "sessions"):
            return Response(404)
        accept = request.headers.get("Accept") or ""
        asked = re.search(r"version=([\d.]+)", accept)
        if not asked or asked[1] not in self.world.modes["director"]:
            return Response(406, "Invalid API version requested")
        if not xml and not accept.startswith("application/json"):
            return Response(406, "not acceptable")
        provider = request.segments[-1] == "provider"
        organization = "System" if provider else TENANT
        if not self.world.is_basic(request, f"{USERNAME}@{organization}"):
            message = "Unauthorized"
            return Response(401, {"minorErrorCode": "UNAUTHORIZED", "message": message})
        self.world.logins += 1
        headers = {
            "X-VMWARE-VCLOUD-ACCESS-TOKEN": self.world.new_token(),
            "X-VMWARE-VCLOUD-TOKEN-TYPE": "Bearer",
        }
        if xml:
            body = f'<Session org="{escape(organization)}" user="{escape(USERNAME)}"/>'
            return Response(200, body, headers, "application/vnd.vmware.vcloud.session+xml")
        session = {"user": {"name": USERNAME}, "org": {"name": organization}}
        return Response(200, session, headers)

    # --- OSE ---------------------------------------------------------------------------------

    def core(self, request: Request, rest: list[str]) -> Response:
        """Answer a request below /api/v1/core."""
        if rest == ["current-user"] and request.method == "GET":
            return Response(200, self.myself())
        if len(rest) < 3 or rest[0] != "tenants" or rest[2] != "users":
            return error(404, "NOT_FOUND", "no such path")
        names = (TENANT, "Acme Inc", ORGANIZATION_ID, f"{ORGANIZATION_ID}@site-1")
        if rest[1] not in names:
            return error(404, "TENANT_NOT_FOUND", f"Tenant {rest[1]} is not found.")
        plain = self.world.modes["role"] == "TENANT_USER"
        if plain and (len(rest) == 3 or rest[3] != self.myself()["name"]):
            return error(403, "ACCESS_DENIED", "The role has no right to do that.")
        if len(rest) == 3 and request.method == "GET":
            users = [self.user_row(user) for user in self.world.users.values()]
            return self.world.page(request, users, "pageInfo")
        user = self.user(rest[3]) if len(rest) > 3 else None
        if user is None:
            return error(404, "USER_NOT_FOUND", "The user is not found.")
        if len(rest) == 4 and request.method == "GET":
            return Response(200, self.user_row(user))
        if rest[4:] == ["canonical-id"] and request.method == "GET":
            return Response(200, user.canonical_user_id)
        if rest[4:5] == ["credentials"]:
            return self.credentials(request, user, rest[5:])
        return error(404, "NOT_FOUND", "no such path")

    def user(self, name: str) -> Optional[User]:
        """Return the user of a name; Cloud Director keeps names unique."""
        return next((user for user in self.world.users.values() if user.username == name), None)

    def myself(self) -> dict[str, Any]:
        """Return who is logged in: of a TENANT_USER, the first user there is."""
        tenant = {"id": f"{ORGANIZATION_ID}@site-1", "name": TENANT}
        role = self.world.modes["role"]
        if role == "TENANT_USER" and self.world.users:
            first = next(iter(self.world.users.values()))
            return {**self.user_row(first), "role": role, "tenant": tenant}
        return {"id": self.world.tenants[TENANT].tenant_id, "name": USERNAME} | {
            "role": role,
            "tenant": tenant,
        }

    def user_row(self, user: User) -> dict[str, Any]:
        """Return a user as it is shown."""
        return {
            "id": user.user_id,
            "name": user.username,
            "fullName": user.username.title(),
            "role": user.role,
            "active": user.active,
            "existedOnStorage": True,
            "storageCanonicalId": user.canonical_user_id,
        }

    def row(self, key: Key) -> dict[str, Any]:
        """Return a credential as it is shown, its secret included."""
        user = self.world.users[key.user_id]
        row = {
            "tenantId": f"{ORGANIZATION_ID}@site-1",
            "storageTenantId": user.tenant_id,
            "owner": user.username,
            "ownerId": user.user_id,
            "storageUserId": user.user_id,
            "canonicalUserId": user.canonical_user_id,
            "type": key.kind,
            "immutable": key.immutable,
            "accessKey": key.access_key,
            "secretKey": key.secret,
            "active": key.active,
            "createdDate": self.world.iso(key.created),
            "lastAccessDate": self.world.iso(key.last_used) if key.last_used else None,
            "allowedBuckets": key.allowed_buckets,
            "extension": {},
            "usedK8sClusters": key.clusters,
            "providerOwner": False,
        }
        return {**row, "appName": key.app_name} if key.kind == "APP" else row

    def credentials(self, request: Request, user: User, rest: list[str]) -> Response:
        """Answer a request on the credentials of a user."""
        world = self.world
        if not rest and request.method == "GET":
            kind = request.arg("type") or "USER"
            if kind not in ("USER", "APP"):
                return error(400, "INVALID_REQUEST", "type must be USER or APP")
            found = [
                self.row(key)
                for key in world.keys.values()
                if key.user_id == user.user_id
                and (key.kind == kind or world.modes["ignore_filters"])
            ]
            return world.page(request, found, "pageInfo", world.mode("offset_ignored"))
        if not rest and request.method == "POST":
            return self.create(request, user)
        key = world.keys.get(rest[0]) if len(rest) == 1 else None
        if key is None or key.user_id != user.user_id:
            return error(404, "CREDENTIAL_NOT_FOUND", "The credential is not found.")
        if request.method == "GET":
            return Response(200, self.row(key))
        if request.method == "PATCH":
            return self.update(request, key)
        if request.method == "DELETE":
            return self.delete(key)
        return error(405, "METHOD_NOT_ALLOWED", "no such operation")

    def create(self, request: Request, user: User) -> Response:
        """Make a credential: of type USER without a body, of type APP with one."""
        kind: dict[str, Any] = {}
        if request.body:
            kind = request.json()
            if not isinstance(kind, dict) or not (kind.get("appName") and kind["allowedBuckets"]):
                return error(400, "INVALID_REQUEST", "appName and allowedBuckets are required")
        key = self.world.make_key(user, fresh=True)
        if kind:
            key.kind, key.app_name = "APP", kind["appName"]
            key.allowed_buckets = kind["allowedBuckets"]
        self.world.commit(f"create key {key.access_key}")
        return Response(self.world.mode("create_status"), self.row(key))

    def update(self, request: Request, key: Key) -> Response:
        """Enable or disable, where the storage behind can."""
        if self.world.modes["storage"] not in ("OSIS", "CLOUDIAN"):
            message = f"UPDATE_S3_CREDENTIAL is not supported on {self.world.modes['storage']}"
            return error(400, "API_NOT_SUPPORTED", message)
        body = request.json()
        if not isinstance(body, dict):
            raise BadBody
        unknown = sorted(set(body) - _PROPERTIES)
        if unknown or not isinstance(body.get("active"), bool):
            return error(400, "INVALID_REQUEST", f"unknown {unknown}, or active is no boolean")
        if body.get("accessKey", key.access_key) != key.access_key:
            return error(400, "INVALID_REQUEST", "accessKey is not that of the path")
        if key.immutable:
            return error(400, "CREDENTIAL_IMMUTABLE", "The credential cannot be changed.")
        mode = self.world.modes["patch"]
        if mode == "echoed":
            return Response(200, body)
        if mode != "ignored" and key.active != body["active"]:
            key.active = body["active"]
            state = "active" if key.active else "inactive"
            self.world.commit(f"set key {key.access_key} {state}")
        return Response(200, None if mode == "empty" else self.row(key))

    def delete(self, key: Key) -> Response:
        """Delete a credential."""
        if key.immutable:
            return error(400, "CREDENTIAL_IMMUTABLE", "The credential cannot be deleted.")
        if self.world.mode("delete") != "ignored":
            del self.world.keys[key.access_key]
            self.world.commit(f"delete key {key.access_key}")
        return Response(204)


def error(status: int, code: str, message: str) -> Response:
    """Return an error of OSE."""
    return Response(status, {"status": status, "code": code, "message": message})
