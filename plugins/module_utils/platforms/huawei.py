# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei Cloud IAM, and the clouds with the same API: Open Telekom Cloud, Swiss OTC."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ..auth import Auth
from ..errors import CredentialsError
from ..model import INACTIVE, AccessKey, Account, AccountRef, EndpointInfo, Facts, Issued, Pair
from .huawei_calls import IamCalls, Row
from .huawei_keys import Keys
from .huawei_login import Login
from .huawei_users import Users
from .huawei_v5 import KeysV5

_V30 = Facts(
    overlap=True,
    can_disable=True,
    can_delete=True,
    can_create=True,
    can_regenerate=False,
    can_choose_pair=False,
    label="description",
    has_description=True,
    shows_access_key=True,
    tells_created=True,
    tells_last_used="per_key",
    max_keys=2,
    secret_comes_back=("create",),
)
_V5 = dataclasses.replace(
    _V30,
    label=None,
    has_description=False,
    cannot_describe_because="the v5 API keeps none; with api_version v3.0 it can",
)


class Huawei(IamCalls):
    """IAM users and their permanent access keys, by the v3.0 API or, on Huawei Cloud, by v5."""

    name = "huawei"
    title = "Huawei Cloud IAM"
    FACTS = _V30
    # The words of api_version are checked here, because another platform has other ones.
    SCOPE = {"domain": {"type": "str"}, "api_version": {"type": "str", "default": "v3.0"}}
    LOGINS = (
        ("api_access_key", "api_secret_key"),
        ("api_token",),
        ("api_username", "api_password"),
    )
    COVERS = "Huawei Cloud (v3.0 and v5), Open Telekom Cloud, Swiss OTC and kin (v3.0)"
    LOOKS_AFTER_DELETE = 4

    def check_options(self) -> None:
        """Check login, domain, api_version and that api_url holds no version. Sends nothing."""
        self.require_login()
        version = self.settings.scope.get("api_version") or "v3.0"
        if version not in ("v3.0", "v5"):
            raise self.fail(
                "invalid_option",
                f"api_version: {version!r} is not one of v3.0, v5.",
                next_step="Leave api_version out for v3.0, or set v5, which only Huawei Cloud has.",
            )
        last = self.settings.api_url.rpartition("/")[2]
        if last in ("v3", "v3.0", "v5"):
            raise self.fail(
                "invalid_option",
                f"api_url ends in /{last}, but the version of the API does not belong there.",
                next_step="Leave the version out of api_url; see the option api_version.",
            )
        self.facts = _V5 if version == "v5" else _V30
        self._login = Login(self)
        self._users = Users(self, self._login)
        self._keys: Keys | KeysV5 = KeysV5(self) if version == "v5" else Keys(self, self._users)
        if self._login.needs_domain and self._login.domain is None:
            raise self.fail(
                "invalid_option",
                "domain is missing: a login by user name and password needs it.",
                next_step="Set domain to the account's name, or to id: and the account's id"
                " (console: My Credentials).",
            )

    def auth(self) -> Auth:
        """Return the way to log in. Sends nothing."""
        self.client.promises_nothing_done = self.is_throttle
        return self._login.auth

    def connect(self) -> EndpointInfo:
        """Log in, and check that the login belongs to the account of the option domain. Reads only.

        Vendor's page: support.huaweicloud.com/intl/en-us/api-iam/iam_07_0001.html.
        """
        version = self.settings.scope.get("api_version")
        try:
            rows, _whole = self.fetch_rows(
                "/v3/auth/domains", "domains", doing="look up the account"
            )
        except CredentialsError as exc:
            if exc.kind == "not_found":
                raise self.fail(
                    "malformed_answer",
                    f"{self.settings.api_url} answers, but has no IAM API (HTTP 404 for"
                    " /v3/auth/domains).",
                    http_status=404,
                ) from None
            if exc.kind != "permission" or self._login.domain is not None:
                raise
            return EndpointInfo(self.title, version)
        row = self._own_domain(rows)
        if row is None:
            return EndpointInfo(self.title, version)
        self.domain_id = row.text("id")
        self._login.use_domain(self.domain_id)
        details = {"domain": row.optional("name"), "domain_id": self.domain_id}
        return EndpointInfo(self.title, version, details, {"domain": self.domain_id})

    def _own_domain(self, rows: list[Row]) -> Row | None:
        wanted = self._login.domain
        if wanted is None:
            return rows[0] if len(rows) == 1 else None
        for row in rows:
            if (
                (row.optional("id") == wanted.id)
                if wanted.id
                else (row.text("name") == wanted.name)
            ):
                return row
        mine = ", ".join(f"{row.optional('name')} (id:{row.optional('id')})" for row in rows)
        raise self.fail(
            "invalid_option",
            f"domain: this login belongs to {mine or 'no account'}, not to {str(wanted)!r}.",
            next_step="Set domain to the account's name, or to id: and its id, or leave it out"
            " where an access key or a token logs in.",
        )

    def accounts(self) -> Iterator[Account]:
        """Yield every IAM user of the account, disabled ones included. Reads only."""
        return self._users.all()

    def account(self, ref: AccountRef) -> Account:
        """Return one IAM user by its name, compared exactly, or its id. Reads only."""
        return self._users.find(ref)

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return a user's permanent access keys; last_used asks for each by itself. Reads only."""
        return self._keys.listed(account, last_used)

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return one key with its user. Reads only. Raises not_found, also for another user's key.

        v5 first asks whose key it is (ListUsersV5), which needs a right of its own; ref saves that.
        """
        if ref is None:
            return self._keys.found(access_key)
        account = self.account(ref)
        if isinstance(self._keys, KeysV5):
            key = self._keys.of(account, access_key)
        else:
            key = self._keys.found(access_key)
        if key is None or key.account.id != account.id:
            raise self.fail(
                "not_found",
                f"Access key {access_key} is not one of account {account.name}.",
                account=account.name,
            )
        return dataclasses.replace(key, account=account)

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make one more key; its secret comes back this once and never again.

        Repeated after a lost answer, it makes another. label becomes the description (v3.0 only).
        Raises limit when the user has two keys.
        """
        if pair is not None:
            raise self.unsupported("take a pair chosen by the caller", "it makes them itself")
        return self._keys.created(account, label)

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Set a key active or inactive, its description (v3.0 only), or both; return it as shown.

        None leaves as it is, "" clears. Repeated after a lost answer, it does no harm.
        """
        if status is None and description is None:
            return key
        if status == INACTIVE:
            self._refuse_own_key(key, "disabling")
        return self._keys.updated(key, status, description)

    def delete_access_key(self, key: AccessKey) -> None:
        """End a key for good, and look until the platform shows it no more. Repeated: not_found."""
        self._refuse_own_key(key, "deleting")
        self._keys.deleted(key)
        self.require_gone(key, self._keys.is_gone)

    def _refuse_own_key(self, key: AccessKey, doing: str) -> None:
        """Refuse to cut off the login itself: no later look could tell how it ended."""
        if self._login.is_own_key(key.access_key):
            raise self.fail(
                "disruption_refused",
                f"{key.access_key} is the access key that this very login signs with; {doing} it"
                " would cut the login off.",
                account=key.account.name,
                alive=f"{key.access_key} ({key.status})",
                next_step="Log in with another access key, or with a user name and password.",
            )
