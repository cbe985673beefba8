# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform in one form with its S3 service, a secret store in files, and runs over both."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.access_key_rotate import (
    rotate_access_keys,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.journal import Journal
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_options import (
    SPEC,
    RotateOptions,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import Verifier
from ansible_collections.objectstore.credentials.tests.simulators.base import SimulatorClock
from ansible_collections.objectstore.credentials.tests.simulators.s3 import PROFILES, S3Simulator
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract.cells import (
    Cell,
    open_cell,
)

DAY = 86400.0
PASSWORD = "made-up vault password"


class LabClock(Clock):
    """Follows the simulators' clock; to sleep is to move it."""

    def __init__(self, world: SimulatorClock) -> None:
        super().__init__()
        self.world = world
        self.slept = 0.0

    def now(self) -> dt.datetime:
        """Return the simulators' time."""
        return self.world.now()

    def monotonic(self) -> float:
        """Return the time slept."""
        return self.slept

    def sleep(self, seconds: float) -> None:
        """Move the time on."""
        if seconds > 0:
            self.slept += seconds
            self.world.advance(seconds)


class Lab:
    """One endpoint to rotate at."""

    def __init__(self, cell: Cell, s3: SimulatorServer, folder: Path) -> None:
        self.cell = cell
        self.s3 = s3
        self.folder = folder
        self.runs = 0
        self.clock = LabClock(cell.simulator.clock)
        self.verify: dict[str, Any] = {}
        self.last: Optional[Outcome] = None
        self.stores: list[SecretStore] = []

    @property
    def simulator(self) -> Any:
        """The platform."""
        return self.cell.simulator

    def later(self, days: float) -> None:
        """Let days pass."""
        self.simulator.clock.advance(days * DAY)

    def run(self, check_mode: bool = False, **params: Any) -> Outcome:
        """Do what one call of the module does."""
        self.runs += 1
        values: dict[str, Any] = {
            name: spec.get("default") for name, spec in SPEC.options.items()
        }
        values.update(params)
        if not values.get("all") and not values.get("users"):
            values["users"] = ["app-0001"]
        wanted = RotateOptions.parse(values)
        redactor, run = Redactor(), f"run-{self.runs:03d}"
        settings = resolve(
            {
                "api_url": self.cell.server.url + self.simulator.BASE_PATH,
                "endpoint": "lab",
                "parallelism": params.get("parallelism"),
                **{k: self.cell._filled(v) for k, v in self.cell.variant.options.items()},
            },
            self.cell.name,
            PLATFORMS[self.cell.name].SCOPE,
            environ={},
        )
        client = Client(
            settings, redactor, self.clock, check_mode=check_mode, allow_side_effects=True
        )
        platform = PLATFORMS[self.cell.name](settings, client)
        context = StoreContext(self.clock, redactor, run, check_mode=check_mode, environ={})
        store = self.open_store(context)
        verifier = Verifier(
            {"s3_url": self.s3.url + self.s3_path, **self.verify}, settings, redactor, self.clock
        )
        journal = Journal(
            str(self.folder / "journal"),
            run=run,
            platform=platform.name,
            endpoint="lab",
            clock=self.clock,
            redactor=redactor,
        )
        try:
            self.last = rotate_access_keys(
                platform,
                store,
                verifier,
                journal,
                wanted,
                run=run,
                check_mode=check_mode,
                parallelism=settings.parallelism,
            )
            return self.last
        finally:
            journal.close()
            store.close()
            verifier.close()
            client.close()

    @property
    def s3_path(self) -> str:
        """The base path of the S3 service."""
        return str(self.s3.simulator.modes["base_path"])

    def one(self, check_mode: bool = False, **params: Any) -> AccountResult:
        """Run over one account and return its result."""
        results = self.run(check_mode, **params).accounts
        assert len(results) == 1, results
        return results[0]

    def open_store(self, context: StoreContext) -> SecretStore:
        """Return the secret store, opened."""
        given = {"path": str(self.folder / "records"), "vault_password": PASSWORD}
        options = {name: spec.get("default") for name, spec in AnsibleVault.OPTIONS.items()}
        store = AnsibleVault({**options, **given}, context)
        store.open()
        return store

    def record(self, account: str = "app-0001") -> Optional[Record]:
        """Return what the store has of an account."""
        context = StoreContext(self.clock, Redactor(), "look", environ={})
        store = self.open_store(context)
        stored = store.read(Place(self.cell.name, "lab", account))
        store.close()
        return stored.record if stored else None

    def stored_pair_works(self, account: str = "app-0001") -> bool:
        """Tell whether the current pair of the record is honoured by the platform."""
        record = self.record(account)
        if record is None or record.current is None:
            return False
        pair = record.current.pair()
        return pair is not None and self.simulator.secret_of(pair.access_key) == pair.secret_key


@contextlib.contextmanager
def open_lab(form: tuple[str, str], folder: Path, accounts: int = 1) -> Iterator[Lab]:
    """Serve a platform in one form and its S3 service."""
    with open_cell(form, accounts, own_server=True) as cell:
        profile = {
            name: value
            for name, value in PROFILES.get(cell.name, {}).items()
            if name != "addressing"
        }
        with SimulatorServer(S3Simulator(cell.simulator, **profile)) as s3:
            lab = Lab(cell, s3, folder)
            if cell.name == "commvault":
                lab.verify = {"bucket": "vault-1"}
            yield lab


