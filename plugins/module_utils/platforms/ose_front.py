# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front API of OSE, the one that tenants see: by user names, after a login at Cloud Director.

The operations: developer.broadcom.com/xapis,
cloud-director-ose-object-storage-extension-tenant-user-api.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from ..auth import Auth, HeaderAuth, LoginAuth
from ..errors import CredentialsError
from ..listing import Listing
from ..model import AccessKey, Account, AccountRef, EndpointInfo, Issued, Pair
from ..platform import Platform
from ..urls import path
from .ose_flavor import Flavor
from .ose_login import DirectorLogin
from .ose_wire import date_of, flag_of, is_meant, row_of, rows, status_of, text_of

#: USER: of the user. APP: made for an application, for some buckets only.
_TYPES = ("USER", "APP")
_ANY_SUCCESS = (200, 201, 202, 204)


class FrontApi(Flavor):
    """The operations on users and credentials of one tenant, by user names."""

    ID = "accessKey"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._myself: dict[str, Any] = {}
        self._owners: dict[str, Account] | None = None
        self._owners_lock = threading.Lock()
        self._refs: dict[AccountRef, Account] = {}

    def check_options(self) -> None:
        """Ask for tenant, and for what the login at Cloud Director needs."""
        settings = self.platform.settings
        if not settings.scope.get("tenant"):
            raise self._option("flavor ose needs tenant, the organization whose users are meant.")
        if settings.api_token:
            return
        login_url = str(settings.scope.get("login_url") or "")
        if not login_url.startswith(("https://", "http://")):
            raise self._option(
                "flavor ose needs login_url, the https:// address of Cloud Director, where"
                " api_username logs in; or api_token, a bearer token of Cloud Director."
            )
        if "@" not in (settings.api_username or ""):
            raise self._option(
                "api_username must be user@organization for Cloud Director; user@System for a"
                " provider's administrator."
            )

    def _option(self, message: str) -> CredentialsError:
        return self.platform.placed(CredentialsError("invalid_option", message))

    def auth(self) -> Auth:
        """Return a bearer for api_token, else a session of Cloud Director."""
        settings = self.platform.settings
        if settings.api_token:
            return HeaderAuth("Authorization", f"Bearer {settings.api_token}")
        return LoginAuth(DirectorLogin(self.platform))

    # --- the endpoint and its users ----------------------------------------------------------

    def connect(self) -> EndpointInfo:
        """Log in and ask who that is. Reads only."""
        answer = self.platform.call(
            "GET", "/api/v1/core/current-user", doing="say who is logged in"
        )
        self._myself = row_of(self.platform, answer)
        if self._is_plain_user():
            text_of(self.platform, answer, self._myself, "name")
        return EndpointInfo(
            product=self.platform.title,
            details={
                "flavor": "ose",
                "tenant": self.platform.settings.scope["tenant"],
                "logged_in_as": self._myself.get("name"),
                "role": self._myself.get("role"),
            },
            scope={"tenant": str(self.platform.settings.scope["tenant"])},
        )

    def _tenant(self, *segments: str) -> str:
        tenant = self.platform.settings.scope["tenant"]
        return "/api/v1/core" + path("tenants", tenant, *segments)

    def accounts(self, whole: Listing | None = None) -> Iterator[Account]:
        """Yield the users of the tenant; the own one alone, where the login is a plain user."""
        if self._is_plain_user():
            yield self._to_account(self._myself)
            return
        for row in rows(
            self.platform,
            self._tenant("users"),
            "name",
            info="pageInfo",
            doing="list the users",
            whole=whole,
        ):
            yield self._to_account(row)

    def _is_plain_user(self) -> bool:
        """Tell whether the login sees nothing but itself."""
        return self._myself.get("role") == "TENANT_USER"

    def _to_account(self, row: Mapping[str, Any]) -> Account:
        active = row.get("active")
        details = {"role": row.get("role"), "full_name": row.get("fullName")}
        return Account(
            name=str(row["name"]),
            id=str(row["id"]) if row.get("id") else None,
            enabled=active if isinstance(active, bool) else None,
            details={name: value for name, value in details.items() if value},
        )

    def account(self, ref: AccountRef) -> Account:
        """Return the one user of a name, or of an identifier, out of the list."""
        known = self._refs.get(ref)
        if known is None:
            if ref.name is not None and not self._is_plain_user():
                known = self._named(ref.name)
            else:
                found = [account for account in self.accounts() if is_meant(account, ref)]
                known = self.platform.only(found, ref, "user")
            self._refs[ref] = known
        return known

    def _named(self, name: str) -> Account:
        answer = self.platform.call(
            "GET",
            self._tenant("users", name),
            ok=(200, 404),
            doing=f"read user {name}",
            account=name,
        )
        row = row_of(self.platform, answer) if answer.ok else {}
        found = [self._to_account(row)] if row.get("name") == name else []
        return self.platform.only(found, AccountRef(name=name), "user")

    # --- credentials -------------------------------------------------------------------------

    def access_keys(self, account: Account, whole: Listing | None = None) -> list[AccessKey]:
        """Return the user's own keys and those of its applications."""
        found: dict[str, AccessKey] = {}
        for kind in _TYPES:
            for row in rows(
                self.platform,
                self._credentials(account),
                self.ID,
                info="pageInfo",
                query={"type": kind},
                doing="list the access keys",
                account=account.name,
                whole=whole,
            ):
                # A server that ignores the type gives the same keys twice.
                found.setdefault(row[self.ID], self.to_key(row, account))
        return list(found.values())

    def _credentials(self, account: Account, *segments: str) -> str:
        return self._tenant("users", account.name, "credentials", *segments)

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return a key; where its user is not named, every user's keys are listed, once."""
        account = self.account(ref) if ref else self._owner(access_key)
        key = self._read(access_key, account) if account else None
        if key is None:
            of = f" of user {account.name}" if account else " of any user"
            tenant = self.platform.settings.scope["tenant"]
            raise self.platform.fail(
                "not_found",
                f"There is no access key {access_key}{of} in tenant {tenant}.",
                account=account.name if account else None,
            )
        return key

    def _owner(self, access_key: str) -> Account | None:
        with self._owners_lock:
            if self._owners is None:
                users = self.platform.begin_listing("list the users")
                keys = self.platform.begin_listing("list the access keys of all users")
                self._owners = {
                    key.access_key: account
                    for account in self.accounts(users)
                    for key in self.access_keys(account, keys)
                }
            return self._owners.get(access_key)

    def _read(self, access_key: str, account: Account) -> AccessKey | None:
        answer = self.platform.call(
            "GET",
            self._credentials(account, access_key),
            ok=(200, 404),
            doing=f"read access key {access_key}",
            account=account.name,
        )
        row = row_of(self.platform, answer) if answer.ok else {}
        if row.get(self.ID) != access_key or row.get("owner") not in (None, "", account.name):
            return None
        return self.to_key(row, account)

    def create_access_key(self, account: Account) -> Issued:
        """Make a key of type USER; the platform chooses the pair."""
        answer = self.platform.call(
            "POST",
            self._credentials(account),
            ok=_ANY_SUCCESS,
            doing="create an access key",
            account=account.name,
        )
        row = row_of(self.platform, answer)
        pair = Pair(
            text_of(self.platform, answer, row, self.ID),
            text_of(self.platform, answer, row, "secretKey"),
        )
        return Issued(account, pair, created_at=date_of(row.get("createdDate")))

    # --- what Flavor asks --------------------------------------------------------------------

    def where(self, key: AccessKey) -> tuple[str, Mapping[str, Any]]:
        """Return the path; there is no query."""
        return self._credentials(key.account, key.access_key), {}

    def whole(self, key: AccessKey) -> tuple[dict[str, Any], str | None]:
        """Return the object as it was read."""
        return {**key.raw, self.ID: key.access_key}, None

    def shown(self, key: AccessKey) -> AccessKey | None:
        """Read a key again."""
        return self._read(key.access_key, key.account)

    def to_key(self, row: dict[str, Any], account: Account, sends: str | None = None) -> AccessKey:
        """Return a credential; the secret that stands in it is only in raw."""
        details = {
            "type": row.get("type"),
            "app_name": row.get("appName"),
            "allowed_buckets": row.get("allowedBuckets"),
            "used_k8s_clusters": row.get("usedK8sClusters"),
        }
        if row.get("providerOwner") is True:
            details["provider_owner"] = True
        named = f"Access key {row[self.ID]}"
        return AccessKey(
            access_key=row[self.ID],
            account=account,
            status=status_of(self.platform, row, named),
            created_at=date_of(row.get("createdDate")),
            last_used_at=date_of(row.get("lastAccessDate")),
            immutable=flag_of(self.platform, row, "immutable", named) is True,
            details={name: value for name, value in details.items() if value},
            raw=row,
        )
