# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants and users of OSIS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    BadBody,
    Request,
    Response,
)
from ansible_collections.objectstore.credentials.tests.simulators.ose_world import (
    Tenant,
    User,
    parse_filter,
)

if TYPE_CHECKING:
    from ansible_collections.objectstore.credentials.tests.simulators.ose_osis import OsisApi

Handler = Callable[[Request], Response]


class People:
    """The operations on tenants and users."""

    def __init__(self, api: OsisApi) -> None:
        self.api = api
        self.world = api.world

    def table(self, rest: list[str]) -> dict[str, tuple[str, Handler]]:
        """Return method -> operation and handler of a path; nothing for an unknown one."""
        if rest == ["tenants"]:
            return {
                "GET": ("listTenants", self.list_tenants),
                "POST": ("createTenant", self.create_tenant),
            }
        if rest == ["tenants", "query"]:
            return {"GET": ("queryTenants", self.query_tenants)}
        if rest == ["users", "query"]:
            return {"GET": ("queryUsers", self.query_users)}
        if len(rest) == 2 and rest[0] == "users":
            return {"GET": ("getUserWithCanonicalID", lambda r: self.canonical(r, rest[1]))}
        if len(rest) == 2 and rest[0] == "tenants":
            return {
                "HEAD": ("headTenant", lambda r: self.get_tenant(r, rest[1])),
                "GET": ("getTenant", lambda r: self.get_tenant(r, rest[1])),
                "PATCH": ("updateTenant", lambda r: self.update_tenant(r, rest[1])),
                "DELETE": ("deleteTenant", lambda r: self.delete_tenant(r, rest[1])),
            }
        if len(rest) == 3 and (rest[0], rest[2]) == ("tenants", "users"):
            return {
                "GET": ("listUsers", lambda r: self.list_users(r, rest[1])),
                "POST": ("createUser", lambda r: self.create_user(r, rest[1])),
            }
        if len(rest) == 4 and (rest[0], rest[2]) == ("tenants", "users"):
            return {
                "HEAD": ("headUser", lambda r: self.get_user(r, rest[1], rest[3])),
                "GET": ("getUserWithId", lambda r: self.get_user(r, rest[1], rest[3])),
                "PATCH": ("updateUserStatus", lambda r: self.update_user(r, rest[1], rest[3])),
                "DELETE": ("deleteUser", lambda r: self.delete_user(r, rest[1], rest[3])),
            }
        return {}

    def _page(self, request: Request, found: list[dict[str, Any]]) -> Response:
        if self.world.modes["backend_fails"]:
            if not self.world.mode("errors_as_empty_pages"):
                return self.api.error(request, 500, "the storage fails")
            found = []
        return self.world.page(request, found, "page_info")

    # --- tenants -----------------------------------------------------------------------------

    def tenant_row(self, tenant: Tenant) -> dict[str, Any]:
        """Return a tenant as it is shown."""
        return {
            "tenant_id": tenant.tenant_id,
            "name": tenant.name,
            "active": tenant.active,
            "cd_tenant_ids": tenant.cd_tenant_ids,
        }

    def list_tenants(self, request: Request) -> Response:
        """listTenants."""
        return self._page(request, [self.tenant_row(t) for t in self.world.tenants.values()])

    def query_tenants(self, request: Request) -> Response:
        """queryTenants."""
        terms = _terms(request)
        found = [
            self.tenant_row(tenant)
            for tenant in self.world.tenants.values()
            if self.world.modes["ignore_filters"]
            or (
                terms.get("tenant_id", tenant.tenant_id) == tenant.tenant_id
                and terms.get("cd_tenant_id", tenant.cd_tenant_ids[0]) in tenant.cd_tenant_ids
            )
        ]
        return self._page(request, found)

    def create_tenant(self, request: Request) -> Response:
        """createTenant; the platform chooses the identifier."""
        body = _object(request)
        if not isinstance(body.get("name"), str) or not isinstance(body.get("cd_tenant_ids"), list):
            return self.api.error(request, 400, "name and cd_tenant_ids are required")
        tenant = self.world.add_tenant(self.world.uuid(), body["name"], body["cd_tenant_ids"])
        self.world.commit(f"create tenant {tenant.tenant_id}")
        return Response(201, self.tenant_row(tenant))

    def get_tenant(self, request: Request, tenant_id: str) -> Response:
        """headTenant, getTenant."""
        tenant = self.world.tenants.get(tenant_id)
        if tenant is None:
            return self.api.error(request, 404, "The tenant not found")
        return Response(200, self.tenant_row(tenant))

    def update_tenant(self, request: Request, tenant_id: str) -> Response:
        """updateTenant."""
        tenant = self.world.tenants.get(tenant_id)
        body = _object(request)
        if tenant is None:
            return self.api.error(request, 400, "The tenant not found")
        tenant.name = body.get("name") or tenant.name
        tenant.active = body.get("active", tenant.active)
        tenant.cd_tenant_ids = body.get("cd_tenant_ids") or tenant.cd_tenant_ids
        self.world.commit(f"update tenant {tenant_id}")
        return Response(200, self.tenant_row(tenant))

    def delete_tenant(self, request: Request, tenant_id: str) -> Response:
        """deleteTenant."""
        if self.world.tenants.pop(tenant_id, None):
            self.world.commit(f"delete tenant {tenant_id}")
        return Response(204)

    # --- users -------------------------------------------------------------------------------

    def user_row(self, user: User) -> dict[str, Any]:
        """Return a user; Scality calls active who has an active key."""
        active = user.active
        if self.world.modes["adapter"] == "scality":
            active = "active" in self.world.keys_of(user.user_id).values()
        return {
            "user_id": user.user_id,
            "canonical_user_id": user.canonical_user_id,
            "tenant_id": user.tenant_id,
            "active": active,
            "username": user.username,
            "email": user.email,
            "role": user.role,
            "cd_user_id": user.cd_user_id,
            "cd_tenant_id": user.cd_tenant_id,
        }

    def _find(self, tenant_id: str, user_id: str) -> Optional[User]:
        user = self.world.users.get(user_id)
        return user if user and user.tenant_id == tenant_id else None

    def list_users(self, request: Request, tenant_id: str) -> Response:
        """listUsers; an unknown tenant has an empty page."""
        users = [u for u in self.world.users.values() if u.tenant_id == tenant_id]
        return self._page(request, [self.user_row(user) for user in users])

    def query_users(self, request: Request) -> Response:
        """queryUsers; a term that this adapter does not know is ignored."""
        terms = _terms(request)
        if self.world.mode("query") == "owner" and "cd_tenant_id" not in terms:
            return self._page(request, [])
        names = dict.fromkeys(self.world.mode("name_filter"), "username")
        for name in ("tenant_id", "user_id", "cd_user_id", "cd_tenant_id", "canonical_user_id"):
            names[name] = name
        found = []
        for user in self.world.users.values():
            row = self.user_row(user)
            if self.world.modes["ignore_filters"] or all(
                row[names[name]] == value for name, value in terms.items() if name in names
            ):
                found.append(row)
        return self._page(request, found)

    def create_user(self, request: Request, tenant_id: str) -> Response:
        """createUser; a user is born with one credential."""
        body = _object(request)
        wrong = [n for n in ("cd_user_id", "cd_tenant_id") if not isinstance(body.get(n), str)]
        if wrong or tenant_id not in self.world.tenants:
            return self.api.error(request, 400, f"{wrong or tenant_id}: required")
        user = self.world.make_user(
            tenant_id,
            body.get("username") or body["cd_user_id"],
            cd_user_id=body["cd_user_id"],
            cd_tenant_id=body["cd_tenant_id"],
            role=body.get("role") or "TENANT_USER",
            email=body.get("email"),
        )
        self.world.make_key(user, fresh=True)
        self.world.commit(f"create user {user.user_id}")
        return Response(201, self.user_row(user))

    def get_user(self, request: Request, tenant_id: str, user_id: str) -> Response:
        """headUser, getUserWithId."""
        failed = self.api.failed(request, 404, "the storage fails")
        user = self._find(tenant_id, user_id)
        if failed or user is None:
            return failed or self.api.error(request, 404, "The user not found")
        return Response(200, self.user_row(user))

    def canonical(self, request: Request, canonical_id: str) -> Response:
        """getUserWithCanonicalID."""
        for user in self.world.users.values():
            if user.canonical_user_id == canonical_id:
                return Response(200, self.user_row(user))
        return self.api.error(request, 404, "The user not found")

    def update_user(self, request: Request, tenant_id: str, user_id: str) -> Response:
        """updateUserStatus."""
        user = self._find(tenant_id, user_id)
        body = _object(request)
        if user is None or not isinstance(body.get("active"), bool):
            return self.api.error(request, 400, "no such user, or active is no boolean")
        user.active = body["active"]
        self.world.commit(f"set user {user_id} active={user.active}")
        return Response(200, self.user_row(user))

    def delete_user(self, request: Request, tenant_id: str, user_id: str) -> Response:
        """deleteUser, with its keys."""
        if self._find(tenant_id, user_id):
            for access_key in self.world.keys_of(user_id):
                del self.world.keys[access_key]
            del self.world.users[user_id]
            self.world.commit(f"delete user {user_id}")
        return Response(204)


def _object(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise BadBody
    return body


def _terms(request: Request) -> dict[str, str]:
    return parse_filter(request.arg("filter"))
