# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMware Cloud Director Object Storage Extension: OSIS adapters, or OSE's own front API."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Union

from ..auth import Auth
from ..errors import CredentialsError
from ..http import Answer, Client
from ..model import AccessKey, Account, AccountRef, EndpointInfo, Facts, Issued, Pair
from ..platform import ErrorParts, Platform
from ..settings import Settings
from .ose_front import FrontApi
from .ose_osis import OsisApi
from .ose_wire import read_error, secret_in

OSIS_FACTS = Facts(
    overlap=True,
    # Unless /api/info lists updateCredentialStatus or deleteCredential in not_implemented.
    can_disable=True,
    can_delete=True,
    can_create=True,
    can_regenerate=False,
    can_choose_pair=False,
    label=None,
    has_description=False,
    shows_access_key=True,
    tells_created=True,
    tells_last_used="no",
    max_keys=None,
    secret_comes_back=("create", "list"),
    cannot_describe_because="its credentials have no description",
)
#: Disabling works where the storage behind OSE speaks OSIS or is Cloudian; nothing says so before.
FRONT_FACTS = dataclasses.replace(OSIS_FACTS, tells_last_used="listed")

#: OSIS is what a storage vendor's adapter serves to OSE: snake_case, by identifiers. The front API
#: is what OSE serves to tenants: camelCase, by user names.
FLAVORS: dict[str, tuple[Facts, Union[type[OsisApi], type[FrontApi]]]] = {
    "osis": (OSIS_FACTS, OsisApi),
    "ose": (FRONT_FACTS, FrontApi),
}


class Ose(Platform):
    """Object Storage Extension: a user's keys live side by side, and any answer may hold secrets.

    It lists accounts and keys, finds the owner of an access key, and makes, enables, disables and
    deletes keys. Which of them an endpoint can, connect() refines from /api/info.
    """

    name = "ose"
    title = "Object Storage Extension"
    FACTS = OSIS_FACTS
    COVERS = "OSIS 1.0 to 3.1 adapters (Basic or Bearer login); the OSE front API"
    SCOPE = {
        "flavor": {"type": "str", "choices": ["osis", "ose"], "default": "osis"},
        "tenant": {"type": "str"},
        "login_url": {"type": "str"},
    }
    LOGINS = (("api_username", "api_password"), ("api_token",))

    def __init__(self, settings: Settings, client: Client) -> None:
        facts, flavor = FLAVORS[settings.scope.get("flavor") or "osis"]
        self.api = flavor(self)
        super().__init__(settings, client)
        self.facts = facts

    def check_options(self) -> None:
        """Check the login, and what the flavor needs beside it."""
        self.require_login()
        self.api.check_options()

    def auth(self) -> Auth:
        """Return a fixed bearer for api_token; else the flavor's login, made when first needed."""
        return self.api.auth()

    def connect(self) -> EndpointInfo:
        """Reach the endpoint, prove the login, resolve the tenant, refine the facts. Reads only."""
        return self.api.connect()

    def accounts(self) -> Iterator[Account]:
        """Yield every user of the tenant; of every tenant, where flavor osis is given none."""
        return self.api.accounts()

    def account(self, ref: AccountRef) -> Account:
        """Return the user that a name or identifier means; the name on the row is checked."""
        return self.api.account(ref)

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return the user's keys. Reads only, unless facts.listing_has_side_effect."""
        return self.api.access_keys(account)

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return one key with its owner, who need not be known. Reads only."""
        return self.api.find_access_key(access_key, ref)

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make one more key; the platform chooses the pair. Repeated, it makes another."""
        if pair is not None:
            raise self.unsupported("take a pair chosen by the caller", "it makes them itself")
        return self.api.create_access_key(account)

    def read_pair(self, key: AccessKey) -> Pair | None:
        """Return the pair of a listed key: OSE and most adapters show its secret."""
        secret = secret_in(key.raw)
        return Pair(key.access_key, secret) if secret else None

    def why_not_replace(self, key: AccessKey) -> str | None:
        """Say why a new key cannot be like this one: it is immutable, or an application's."""
        if key.details.get("type") == "APP":
            return (
                f"it belongs to the application {key.details.get('app_name')!r}, and a new key"
                " would be without its name and buckets"
            )
        return super().why_not_replace(key)

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Enable or disable a key: send its whole object back with only C(active) changed.

        Returns the key as the platform shows it afterwards, which need not be as asked: some answer
        success and change nothing. Repeated, it does no harm.
        """
        if description is not None:
            raise self.unsupported("describe an access key", self.facts.cannot_describe_because)
        if status is None:
            return key
        if not self.facts.can_disable:
            raise self.unsupported(
                "disable or enable an access key", self.facts.cannot_disable_because
            )
        try:
            return self.api.set_status(key, status)
        except CredentialsError as exc:
            self._learn_from(exc)
            raise

    def _learn_from(self, refusal: CredentialsError) -> None:
        """Note in the facts that this endpoint has no way to disable keys, where it says so itself.

        Which storage is behind OSE nothing says before, nor what an adapter forgot to list.
        """
        says_so = refusal.http_status == 501 or "NOT_SUPPORTED" in (refusal.code or "").upper()
        if refusal.kind == "unsupported" and refusal.landed is False and says_so:
            because = f"the endpoint says so itself: {refusal.message}"
            self.facts = dataclasses.replace(
                self.facts, can_disable=False, cannot_disable_because=because.rstrip(".")
            )

    def delete_access_key(self, key: AccessKey) -> None:
        """End a key, and look whether it is gone: some adapters answer 204 whatever happened.

        Repeated, it says not_found or nothing.
        """
        self.api.delete_access_key(key)

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read the error shapes of OSIS, Spring, the adapters' token filter, and OSE."""
        return read_error(answer)
