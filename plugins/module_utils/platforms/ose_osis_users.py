# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint, tenants and users of an OSIS adapter: one login for all of them.

The operations and their shapes: developer.broadcom.com/xapis,
osis-object-storage-interoperability-service-api.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ..auth import Auth, BasicAuth, HeaderAuth, LoginAuth
from ..errors import CredentialsError
from ..listing import Listing
from ..model import Account, AccountRef, EndpointInfo
from ..platform import Platform
from ..urls import path
from .ose_flavor import Flavor
from .ose_login import OsisLogin
from .ose_wire import is_meant, row_of, rows


class OsisUsers(Flavor):
    """The operations on the endpoint, tenants and users."""

    ID = "access_key"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._info: dict[str, Any] = {}
        self._missing: set[str] = set()
        #: The one tenant that the option names; None: all of them.
        self.tenant: str | None = None
        #: The adapter marks every key as immutable, and a user without active keys as not active.
        self.marks_everything = False
        self._owners: dict[tuple[str, str], Account] = {}
        self._refs: dict[AccountRef, Account] = {}

    def check_options(self) -> None:
        """Nothing beyond the login."""

    def auth(self) -> Auth:
        """Return a bearer for api_token, else Basic until connect() knows better."""
        token = self.platform.settings.api_token
        return HeaderAuth("Authorization", f"Bearer {token}") if token else self._basic()

    def _basic(self) -> Auth:
        settings = self.platform.settings
        return BasicAuth(settings.api_username or "", settings.api_password or "")

    # --- the endpoint ------------------------------------------------------------------------

    def connect(self) -> EndpointInfo:
        """Read /api/info, choose the login, prove it, and find the tenant. Reads only."""
        if not self._info:
            self._read_info()
            self._choose_login()
        self.tenant = self._find_tenant()
        info = self._info
        services = info.get("services")
        return EndpointInfo(
            product=str(info.get("platform_name") or "OSIS adapter"),
            version=str(info["platform_version"]) if info.get("platform_version") else None,
            details={
                "flavor": "osis",
                "api_version": info.get("api_version"),
                "status": info.get("status"),
                "auth_modes": info.get("auth_modes") or [],
                "not_implemented": info.get("not_implemented") or [],
                "s3_url": services.get("s3") if isinstance(services, dict) else None,
                "tenant_id": self.tenant,
            },
            scope={"tenant": str(self.tenant)} if self.tenant else {},
        )

    def _read_info(self) -> None:
        try:
            answer = self.platform.call(
                "GET", "/api/info", auth=False, doing="say what it can do (/api/info)"
            )
            info = row_of(self.platform, answer)
            if not (info.get("platform_name") or info.get("api_version")):
                raise self.platform.placed(answer.malformed("no OSIS information"))
        except CredentialsError as exc:
            if exc.kind in ("not_found", "malformed_answer"):
                exc.next_step = (
                    "Set api_url to what stands before /api/info of the adapter; some serve below"
                    " /osis. For OSE itself set flavor: ose."
                )
            raise
        listed = info.get("not_implemented")
        self._missing = {str(name).lower() for name in listed if name} if listed else set()
        adapter = str(info.get("platform_name") or "adapter")
        self.marks_everything = "scality" in adapter.lower()
        self.platform.facts = dataclasses.replace(
            self.platform.FACTS,
            can_disable=self.implements("updateCredentialStatus"),
            can_delete=self.implements("deleteCredential"),
            can_create=self.implements("createCredential"),
            # It answers errors of listings with an empty page, and makes a key when it lists those
            # of a user of whom it has no secret.
            listing_is_proof=not self.marks_everything,
            listing_has_side_effect=self.marks_everything,
            cannot_disable_because=(
                f"the adapter ({adapter}) lists updateCredentialStatus in not_implemented of"
                " /api/info"
            )
            if not self.implements("updateCredentialStatus")
            else "",
        )
        self._info = info

    def implements(self, operation: str) -> bool:
        return operation.lower() not in self._missing

    def _choose_login(self) -> None:
        settings, client = self.platform.settings, self.platform.client
        offered = self._info.get("auth_modes")
        modes = {str(mode).lower() for mode in offered} if isinstance(offered, list) else set()
        if not settings.api_token:
            if "bearer" in modes and "basic" not in modes:
                client.auth = LoginAuth(OsisLogin(self.platform))
        elif modes and "bearer" not in modes:
            if not (settings.api_username and settings.api_password):
                raise self.platform.fail(
                    "invalid_option",
                    f"api_token is given, but this adapter takes only {', '.join(sorted(modes))}"
                    " logins.",
                    next_step="Set api_username and api_password.",
                )
            client.auth = self._basic()

    def _find_tenant(self) -> str | None:
        wanted = self.platform.settings.scope.get("tenant")
        doing = "list the tenants"
        if not wanted:
            # One read with the login before any work is divided among threads.
            self.platform.call(
                "GET", "/api/v1/tenants", query={"offset": 0, "limit": 1}, doing=doing
            )
            return None
        ref = AccountRef.parse(wanted)
        names = {row["tenant_id"]: row.get("name") for row in self._tenant_rows()}
        if ref.id is None:
            found = [tenant for tenant, name in names.items() if name == ref.name]
        else:
            found = [ref.id] if ref.id in names or self._is_there(ref.id) else []
        if len(found) == 1:
            return str(found[0])
        if not found:
            # A name never means an identifier too: it could be that of another tenant.
            is_identifier = ref.id is None and (wanted in names or self._is_there(wanted))
            raise self.platform.fail(
                "not_found",
                f"tenant: there is no tenant {str(wanted)!r}"
                + (
                    f" by name, but one with this identifier: id:{wanted}."
                    if is_identifier
                    else "."
                ),
                next_step=f"Write tenant: id:{wanted} if that is the one you mean."
                if is_identifier
                else None,
            )
        raise self.platform.fail(
            "ambiguous",
            f"tenant: {len(found)} tenants answer to {wanted!r}: id:{', id:'.join(found[:10])}.",
        )

    def _is_there(self, tenant: str) -> bool:
        """Ask for one tenant by its identifier, where a listing that lacks it proves nothing."""
        if self.platform.facts.listing_is_proof or not tenant:
            return False
        where = "/api/v1" + path("tenants", tenant)
        answer = self.platform.call("HEAD", where, ok=(200, 204, 404), doing="look for a tenant")
        return answer.status != 404

    def _tenant_rows(self, whole: Listing | None = None) -> Iterator[dict[str, Any]]:
        return rows(
            self.platform,
            "/api/v1/tenants",
            "tenant_id",
            info="page_info",
            doing="list the tenants",
            whole=whole,
        )

    def _tenants(self, whole: Listing) -> Iterator[str]:
        if self.tenant:
            yield self.tenant
            return
        for row in self._tenant_rows(whole):
            yield row["tenant_id"]

    # --- users -------------------------------------------------------------------------------

    def accounts(self) -> Iterator[Account]:
        """Yield the users of the tenant, or of all tenants."""
        # One count for all tenants: there may be as many of them as of users.
        whole = self.platform.begin_listing("list the users")
        for tenant in self._tenants(whole):
            for row in self._users("/api/v1" + path("tenants", tenant, "users"), whole=whole):
                yield self._to_account(row, tenant)

    def _users(
        self, where: str, filter_: str | None = None, whole: Listing | None = None
    ) -> Iterator[dict[str, Any]]:
        return rows(
            self.platform,
            where,
            "user_id",
            info="page_info",
            query={"filter": filter_},
            doing="list the users",
            whole=whole,
        )

    def _to_account(self, row: Mapping[str, Any], tenant: str | None) -> Account:
        user_id = str(row["user_id"])
        tenant_id = row.get("tenant_id") or tenant
        active = row.get("active")
        details = {"tenant_id": tenant_id, "role": row.get("role"), "email": row.get("email")}
        details["cd_user_id"] = row.get("cd_user_id")
        return Account(
            name=str(row.get("username") or user_id),
            id=user_id,
            # Where it only tells whether any key is active, it does not tell of the user.
            enabled=active if isinstance(active, bool) and not self.marks_everything else None,
            details={name: value for name, value in details.items() if value},
            address={"tenant_id": str(tenant_id)} if tenant_id else {},
        )

    def account(self, ref: AccountRef) -> Account:
        """Return the one user of a name or identifier, by a filter where one can be trusted."""
        known = self._refs.get(ref)
        if known is None:
            found = self._by_filter(ref)
            if found is None:
                found = [account for account in self.accounts() if is_meant(account, ref)]
            known = self._refs[ref] = self.platform.only(found, ref, "user")
        return known

    def _by_filter(self, ref: AccountRef) -> list[Account] | None:
        """Return the users that a filter finds; None when filters cannot tell."""
        value = ref.id or ref.name or ""
        if not self.platform.facts.listing_is_proof or not fits_filter(value):
            return None
        # username to some adapters, display_name to others; terms not known are ignored.
        terms = [("user_id", ref.id), ("username", ref.name), ("display_name", ref.name)]
        try:
            found = [
                self._to_account(row, None)
                for row in self._users(
                    "/api/v1/users/query", make_filter([("tenant_id", self.tenant), *terms])
                )
            ]
        except CredentialsError as exc:
            if exc.kind in ("unsupported", "rejected"):
                return None
            raise
        meant = [account for account in found if is_meant(account, ref)]
        if not all(account.address for account in meant):
            # A row that names no tenant may be of any; the tenant's own list tells.
            return None
        return [account for account in meant if self.is_ours(account)]

    def is_ours(self, account: Account) -> bool:
        return self.tenant in (None, account.address.get("tenant_id"))

    def owner(self, row: Mapping[str, Any]) -> Account:
        """Return the user of a credential; one more request where it has no user name or tenant.

        A user who is not shown to be in the wanted tenant comes without a tenant.
        """
        tenant, user = str(row.get("tenant_id") or self.tenant or ""), str(row["user_id"])
        asked = tenant
        known = self._owners.get((asked, user))
        if known is not None:
            return known
        named: Mapping[str, Any] = {"user_id": user, "username": row.get("username")}
        shown: Mapping[str, Any] | None = None
        if tenant and not (row.get("username") and row.get("tenant_id")):
            shown = self._read_user(tenant, user)
            named = shown or named
        if tenant and not row.get("tenant_id"):
            shown = shown or self._listed_user(tenant, user)
            # An adapter may find a user whatever tenant stands in the path.
            if shown is None or shown.get("tenant_id") not in (None, "", tenant):
                tenant = ""
            named = shown or named
        # Details come from listings of users; a credential tells only these.
        owner = dataclasses.replace(
            self._to_account({**named, "active": None, "tenant_id": tenant}, None),
            details={"tenant_id": tenant} if tenant else {},
        )
        self._owners[asked, user] = owner
        return owner

    def _read_user(self, tenant: str, user: str) -> dict[str, Any] | None:
        """Return a user of a tenant; None: it is not shown. Reads only."""
        where = "/api/v1" + path("tenants", tenant, "users", user)
        try:
            row = row_of(self.platform, self.platform.call("GET", where, doing=f"read user {user}"))
        except CredentialsError as exc:
            if exc.kind not in ("not_found", "unsupported"):
                raise
            return None
        return row if row.get("user_id") == user else None

    def _listed_user(self, tenant: str, user: str) -> dict[str, Any] | None:
        for row in self._users("/api/v1" + path("tenants", tenant, "users")):
            if row["user_id"] == user:
                return row
        return None


def make_filter(terms: list[tuple[str, str | None]]) -> str:
    return ";".join(f"{name}=={value}" for name, value in terms if value)


def fits_filter(value: str) -> bool:
    """Tell whether a value can stand in a filter, which knows no quoting."""
    return bool(value) and ";" not in value and "=" not in value
