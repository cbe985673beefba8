# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform in one form with its S3 service, a secret store in files, and runs over both.

Every lab watches its world (see watch): a test that uses one fails when a rule is broken that no
rotation may ever break, whatever else the test asks.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.access_key_rotate import (
    rotate_access_keys,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.escrow import Escrow
from ansible_collections.objectstore.credentials.plugins.module_utils.journal import Journal
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_options import (
    SPEC,
    RotateOptions,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.none import NoStore
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import Verifier

from .lab_store import PASSWORD, LabStore, StoreFaults
from .lab_world import (
    ACCOUNT,
    ADVISORY,
    AWS,
    CHOSEN,
    DAY,
    EMAIL,
    FRONT,
    HIDDEN,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    OVERLAP,
    OWN_PAIR,
    REPLACING,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    LabWorld,
)
from .wire import Killed, wired

__all__ = [
    "ACCOUNT",
    "ADVISORY",
    "AWS",
    "CHOSEN",
    "DAY",
    "EMAIL",
    "FRONT",
    "HIDDEN",
    "IN_PLACE",
    "LABELLED",
    "NO_DISABLE",
    "OVERLAP",
    "OWN_PAIR",
    "REPLACING",
    "TWO_KEYS",
    "TWO_SLOTS",
    "UNLABELLED",
    "UNSEEN",
    "Form",
    "Lab",
    "open_lab",
]


@dataclass
class Opened:
    """What one run works with."""

    platform: Platform
    store: SecretStore
    verifier: Verifier
    journal: Journal


class Lab(LabWorld):
    """One endpoint to rotate at."""

    def __init__(self, form: Form, folder: Path, accounts: int = 1, **modes: Any) -> None:
        super().__init__(form, folder, accounts, **modes)
        self.runs = 0
        self.has_store = True
        self.password = PASSWORD
        self.store_faults = StoreFaults()
        self.last: Optional[Outcome] = None
        #: What goes into every line of the journal: why, and for which ticket.
        self.said: dict[str, str] = {}
        (folder / "escrow").mkdir()

    @contextlib.contextmanager
    def opened(self, check_mode: bool = False, **changed: Any) -> Iterator[Opened]:
        """Open everything for one run."""
        self.runs += 1
        redactor, run = Redactor(), f"run-{self.runs:03d}"
        platform = self._platform(redactor, check_mode, changed)
        with contextlib.ExitStack() as stack:
            stack.callback(platform.client.close)
            context = StoreContext(self.clock, redactor, run, check_mode=check_mode, environ={})
            store = self.open_store(context)
            stack.callback(store.close)
            s3_url = self.s3.url + str(self.s3_simulator.modes["base_path"])
            verifier = Verifier(
                {"s3_url": s3_url, **self.verify}, platform.settings, redactor, self.clock
            )
            stack.callback(verifier.close)
            journal = Journal(
                str(self.folder / "journal"),
                run=run,
                platform=platform.name,
                endpoint="lab",
                clock=self.clock,
                redactor=redactor,
                reason=self.said.get("reason"),
                change=self.said.get("change"),
            )
            stack.callback(journal.close)
            with wired(self.network):
                yield Opened(platform, store, verifier, journal)

    def wanted(self, **params: Any) -> RotateOptions:
        """Return the options of a task."""
        values: dict[str, Any] = {name: spec.get("default") for name, spec in SPEC.options.items()}
        values.update({**self.usual, **params})
        if not values.get("all") and values.get("users") is None:
            values["users"] = [ACCOUNT]
        return RotateOptions.parse(values, has_store=self.has_store)

    def run(self, **params: Any) -> Outcome:
        """Do what one call of the module does; check_mode and parallelism are no options of it."""
        check_mode = bool(params.pop("check_mode", False))
        settings = {name: params.pop(name) for name in ("parallelism",) if name in params}
        wanted = self.wanted(**params)
        self.said = {"reason": wanted.policy.reason, "change": wanted.policy.change}
        with self.opened(check_mode, **settings) as tools:
            escrow = None
            if self.has_store:
                escrow = Escrow(str(self.folder / "escrow"), tools.store)
            self.last = rotate_access_keys(
                tools.platform,
                tools.store,
                tools.verifier,
                tools.journal,
                wanted,
                run=tools.store.context.run,
                check_mode=check_mode,
                parallelism=tools.platform.settings.parallelism,
                escrow=escrow,
            )
        return self.last

    def one(self, **params: Any) -> AccountResult:
        """Run over one account and return its result."""
        results = self.run(**params).accounts
        assert len(results) == 1, results
        return results[0]

    def adopt(self, **params: Any) -> AccountResult:
        """Take the account over by rotating it."""
        result = self.one(adopt="rotate", **params)
        assert result.action in ("rotated", "delivered"), (result.action, result.why)
        return result

    def killed(self, **params: Any) -> None:
        """Do a run that a fault kills."""
        with pytest.raises(Killed):
            self.run(**params)
        self.store_faults.clear()

    def kill_before_answer(self, verb: str, skip: int = 0) -> None:
        """Let the next run die when the platform has done such a call, before it answers."""
        left = [skip]
        method, path = self.call(verb)["method"], self.call(verb)["path"]

        def hook(sent: str, url: str) -> None:
            if sent == method and re.search(path, url, re.IGNORECASE):
                if left[0] == 0:
                    self.network.after.remove(hook)
                    raise Killed
                left[0] -= 1

        self.network.after.append(hook)

    def managed(self) -> str:
        """Bring the account under management with the one key that it has; return it."""
        key = self.only()
        entry = {"access_key": key, "secret_key": self.simulator.secret_of(key)}
        result = self.one(users=[{"name": ACCOUNT, **entry}], adopt="import")
        assert result.action == "adopted", result.why
        self.watch.story.clear()
        self.log.clear()
        self.s3.log.clear()
        return self.current()

    def settle_down(self, **params: Any) -> None:
        """Let old keys run through grace and soak until they are gone."""
        for _unused in range(3):
            self.later(8)
            result = self.one(**params)
            assert not result.has_failed, result.why

    # --- the secret store ------------------------------------------------------------------------

    def open_store(self, context: StoreContext) -> SecretStore:
        """Return the secret store, opened."""
        store: SecretStore
        if not self.has_store:
            store = NoStore({}, context)
        else:
            options = {name: spec.get("default") for name, spec in AnsibleVault.OPTIONS.items()}
            options.update(path=str(self.folder / "records"), vault_password=self.password)
            store = LabStore(options, context, self.store_faults, self.watch.stored_now)
        store.open()
        return store

    def record(self, account: str = ACCOUNT) -> Optional[Record]:
        """Return what the store has of an account."""
        context = StoreContext(self.clock, Redactor(), "look", environ={})
        options = {name: spec.get("default") for name, spec in AnsibleVault.OPTIONS.items()}
        options.update(path=str(self.folder / "records"), vault_password=self.password)
        store = AnsibleVault(options, context)
        store.open()
        stored = store.read(Place(self.name, "lab", account))
        store.close()
        return stored.record if stored else None

    def rec(self, account: str = ACCOUNT) -> Record:
        """Return the record of an account that must have one."""
        record = self.record(account)
        assert record is not None
        return record

    def current(self, account: str = ACCOUNT) -> str:
        """Return the access key that the record says is current."""
        record = self.rec(account)
        assert record.current is not None
        assert record.current.access_key is not None
        return record.current.access_key

    def stored_pair_works(self, account: str = ACCOUNT) -> bool:
        """Tell whether the current pair of the record is honoured by the platform."""
        record = self.record(account)
        if record is None or record.current is None:
            return False
        pair = record.current.pair()
        return pair is not None and self.simulator.secret_of(pair.access_key) == pair.secret_key

    def backup(self) -> Path:
        """Copy the secret store as a backup does; return where to."""
        copy = self.folder / f"backup-{self.runs}"
        shutil.copytree(self.folder / "records", copy, dirs_exist_ok=True)
        return copy

    def restore(self, copy: Path) -> None:
        """Put a backup in the place of the secret store."""
        shutil.rmtree(self.folder / "records")
        shutil.copytree(copy, self.folder / "records")
        self.watch.forget_records()

    def lines(self, account: str = ACCOUNT) -> list[dict[str, Any]]:
        """Return what the journal says of an account, in the order of its chains."""
        found: list[dict[str, Any]] = []
        for path in sorted((self.folder / "journal").rglob("*")):
            if path.is_file():
                found += [json.loads(line) for line in path.read_text().splitlines()]
        return [line for line in found if line.get("account") == account]

    def events(self, account: str = ACCOUNT) -> list[str]:
        """Return the events that the journal has of an account."""
        return [line["event"] for line in self.lines(account)]

    def files(self) -> dict[str, bytes]:
        """Return every file below the lab's folder."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


@contextlib.contextmanager
def open_lab(form: tuple[str, str], folder: Path, accounts: int = 1, **modes: Any) -> Iterator[Lab]:
    """Make a lab; at its end no rule that always holds may have been broken in it."""
    lab = Lab(form, folder, accounts, **modes)
    yield lab
    assert not lab.watch.violations, lab.watch.violations
