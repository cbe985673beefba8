# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetApp StorageGRID: the users of one tenant account and their S3 access keys."""

from __future__ import annotations

from collections.abc import Iterator

from ..auth import Auth, HeaderAuth, LoginAuth
from ..model import AccessKey, Account, AccountRef, EndpointInfo, Facts, Issued, Pair
from .storagegrid_calls import GridCalls
from .storagegrid_keys import Keys
from .storagegrid_login import Login
from .storagegrid_users import Users

_FACTS = Facts(
    overlap=True,
    can_disable=False,
    can_delete=True,
    can_create=True,
    can_regenerate=False,
    can_choose_pair=False,
    label=None,
    has_description=False,
    shows_access_key=True,
    tells_created=False,
    tells_last_used="no",
    max_keys=None,
    secret_comes_back=("create",),
    hides_access_key=True,
    cannot_disable_because="the Tenant Management API only makes and deletes access keys",
    cannot_describe_because="its access keys have no description",
)


class StorageGrid(GridCalls):
    """Users of a tenant, local and federated, and their keys: made, given an end, deleted.

    A listing shows the identifier of a pair and the last characters of its access key, never the
    access key; those that a record knows are recognised by asking for them. No request goes to
    the login's own user unless that very user was resolved as the account.
    """

    name = "storagegrid"
    title = "StorageGRID"
    FACTS = _FACTS
    SCOPE = {"tenant": {"type": "str"}}
    LOGINS = (("api_username", "api_password"), ("api_token",))
    COVERS = "the Tenant Management API v4 (11.8 and later) and v3"
    LOOKS_AFTER_DELETE = 4

    def check_options(self) -> None:
        """Check the login, the tenant, and that api_url holds no version. Sends nothing."""
        self.require_login()
        last = self.settings.api_url.rpartition("/")[2]
        if last == "api" or (last[:1] == "v" and last[1:].isdigit()):
            raise self.fail(
                "invalid_option",
                f"api_url ends in /{last}, but the path of the API does not belong there.",
                next_step="Set api_url to scheme, host and port of the Tenant Manager; /api and"
                " its version are added.",
            )
        tenant = str(self.settings.scope.get("tenant") or "")
        tenant = tenant[3:] if tenant.startswith("id:") else tenant
        if not tenant and not self.settings.api_token:
            raise self.fail(
                "invalid_option",
                "tenant is missing: a login by user name and password needs it.",
                next_step="Set tenant to the account ID of the tenant, a number of 20 digits that"
                " the Grid Manager and the sign-in page of the tenant show.",
            )
        if tenant and not tenant.isdigit():
            raise self.fail(
                "invalid_option",
                f"tenant: {tenant!r} is no account ID; a tenant is logged in at by its number.",
                next_step="Set tenant to the account ID (20 digits), not to the tenant's name.",
            )
        self._login = Login(self, tenant or None)
        self._users = Users(self, self._login)
        self._keys = Keys(self, self._login)

    def auth(self) -> Auth:
        """Return a fixed bearer for api_token, else a login that is made when first needed."""
        if self.settings.api_token:
            return HeaderAuth("Authorization", f"Bearer {self.settings.api_token}")
        return LoginAuth(self._login)

    def connect(self) -> EndpointInfo:
        """Find the version of the API, log in, check the tenant. Reads only."""
        self.choose_version()
        return self._login.look()

    def accounts(self) -> Iterator[Account]:
        """Yield every user of the tenant, page by page. Reads only."""
        return self._users.all()

    def account(self, ref: AccountRef) -> Account:
        """Return one user by its name, compared exactly, or its id. Reads only.

        Raises not_found for an unknown one: nobody else is ever taken instead.
        """
        return self._users.find(ref)

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return a user's keys; those of account.known_keys by their access keys. Reads only."""
        return self._keys.listed(account)

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return one key by its access key or identifier. Reads only.

        Without ref every user is asked, one after the other: no call tells whose a key is.
        """
        if ref is not None:
            account = self.account(ref)
            key = self._keys.found(account, access_key)
            owners = f"one of account {account.name}"
        else:
            found = (self._keys.found(account, access_key) for account in self.accounts())
            key = next((each for each in found if each is not None), None)
            owners = "one of this tenant"
        if key is None:
            raise self.fail("not_found", f"Access key {access_key} is not {owners}.")
        return key

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make one more key, which ends after account.key_lifetime, or never.

        Its secret comes back this once and never again. Repeated after a lost answer, it makes
        another.
        """
        if pair is not None:
            raise self.unsupported("take a pair chosen by the caller", "it makes them itself")
        return self._keys.created(account)

    def why_not_replace(self, key: AccessKey) -> str | None:
        """Say why a new key cannot be like this one: another grid knows it too."""
        cloned = key.details.get("cloned_to")
        if cloned:
            return (
                f"it was cloned to another grid (connection {cloned}), where a new key would be"
                " unknown"
            )
        return super().why_not_replace(key)

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Refuse: a key is neither disabled nor described here."""
        if status is None and description is None:
            return key
        if status is None:
            raise self.unsupported("describe an access key", self.facts.cannot_describe_because)
        return super().set_access_key(key, status, description)

    def delete_access_key(self, key: AccessKey) -> None:
        """End a key for good, and look until the platform shows it no more. Repeated: not_found."""
        self._keys.deleted(key)
        self.require_gone(key, self._keys.is_gone)
