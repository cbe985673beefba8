# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform that lives in memory: for tests of the operations, which know no HTTP."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
    AccountRef,
    EndpointInfo,
    Facts,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    settings_for,
)

FACTS = Facts(
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


class Memory(Platform):
    """Accounts and keys in dictionaries. failures: an account or access key -> what it raises."""

    name = "memory"
    title = "Memory"
    FACTS = FACTS
    LOGINS = ((),)

    def __init__(self, *, check_mode: bool = False, allow_side_effects: bool = False) -> None:
        settings = settings_for("http://127.0.0.1:1", platform="memory")
        clock = RecordingClock()
        super().__init__(
            settings,
            Client(
                settings,
                Redactor(),
                clock,
                check_mode=check_mode,
                allow_side_effects=allow_side_effects,
            ),
        )
        self.known: dict[str, Account] = {}
        self.keys: dict[str, AccessKey] = {}
        self.failures: dict[str, BaseException] = {}
        self.delays: dict[str, float] = {}
        self.calls: list[str] = []
        self.refined: Mapping[str, Any] = {}
        #: What set_access_key answers instead of the truth.
        self.lies: dict[str, AccessKey] = {}
        self.at_work = 0
        self.most_at_work = 0
        self._lock = threading.Lock()

    def add(self, name: str, *access_keys: str, **fields: Any) -> Account:
        """Make an account with active keys of its own."""
        account = Account(name=name, id=fields.pop("id", f"id-{name}"), **fields)
        self.known[account.id or name] = account
        for access_key in access_keys:
            self.keys[access_key] = AccessKey(access_key, account, description="")
        return account

    def change(self, access_key: str, **fields: Any) -> None:
        """Change a key behind the API's back."""
        self.keys[access_key] = dataclasses.replace(self.keys[access_key], **fields)

    def _called(self, verb: str, about: str = "") -> None:
        with self._lock:
            self.calls.append(f"{verb} {about}".strip())
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        time.sleep(self.delays.get(about, 0))
        with self._lock:
            self.at_work -= 1
        failure = self.failures.get(about) or self.failures.get(f"{verb} {about}".strip())
        if isinstance(failure, CredentialsError):
            raise failure.again()
        if failure is not None:
            raise failure

    def connect(self) -> EndpointInfo:
        self._called("connect")
        self.facts = dataclasses.replace(self.facts, **self.refined)
        return EndpointInfo("Memory", "1.0", {"size": len(self.known)})

    def accounts(self) -> Iterator[Account]:
        self._called("accounts")
        yield from self.known.values()

    def account(self, ref: AccountRef) -> Account:
        self._called("account", str(ref))
        known = self.known.values()
        return self.only([a for a in known if ref in _refs_of(a)], ref)

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        self._called("access_keys", account.name)
        return [key for key in self.keys.values() if key.account == account]

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        self._called("find", access_key)
        key = self.keys.get(access_key)
        if key is None or (ref and ref not in _refs_of(key.account)):
            raise self.fail("not_found", f"There is no access key {access_key}.")
        return key

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        self._called("set", key.access_key)
        if key.access_key in self.lies:
            return self.lies[key.access_key]
        wanted = {"status": status, "description": description}
        self.change(key.access_key, **{k: v for k, v in wanted.items() if v is not None})
        lost = self.failures.get(f"after set {key.access_key}")
        if lost is not None:
            raise lost
        return self.keys[key.access_key]

    @property
    def writes(self) -> list[str]:
        """The writes called, in order."""
        return [call for call in self.calls if call.startswith("set ")]


def _refs_of(account: Account) -> tuple[AccountRef, AccountRef]:
    return AccountRef(name=account.name), AccountRef(id=account.id)
