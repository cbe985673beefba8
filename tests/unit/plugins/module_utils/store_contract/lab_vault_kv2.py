# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vault_kv2 with the double of a KV version 2 server behind it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2 import (
    VaultKv2,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import (
    VaultKv2Double,
)
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2_engine import (
    Kept,
    Version,
)

from .lab import LabClock, StoreLab, record_of

#: Writes of records, notes and heartbeats; the auditor's copy is written to /metadata/.
DATA = "/v1/secret/data/"


class VaultKv2Lab(StoreLab):
    """A double with one mount, a policy as the guide shows it, and a token with that policy."""

    store_class = VaultKv2
    keeps_versions = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.double = VaultKv2Double()
        self.server = SimulatorServer(self.double)
        self.token = self.double.issue_token()
        self._dead: list[Any] = []

    def start(self) -> None:
        """Start the double's server."""
        self.server.start()

    def stop(self) -> None:
        """Stop it."""
        self.server.stop()

    def options(self) -> dict[str, Any]:
        """Return options with a token that has every right."""
        return {
            **{name: spec.get("default") for name, spec in VaultKv2.OPTIONS.items()},
            "url": self.server.url,
            "token": self.token,
        }

    def bad_login(self) -> dict[str, Any]:
        """Return a token that was never issued."""
        return {"token": "hvs.never-issued-0001"}

    def kept(self, place: Place) -> Kept:
        """Return what the double holds for a record."""
        return self.double.kv.secrets[f"objectstore/{place}"]

    def contents(self) -> dict[str, str]:
        """Return every secret with its versions and its metadata."""
        return {
            path: json.dumps(
                {
                    "versions": {
                        str(number): [version.data, version.facts()]
                        for number, version in kept.versions.items()
                    },
                    "custom": kept.custom,
                }
            )
            for path, kept in self.double.kv.secrets.items()
        }

    def versions(self, place: Place) -> list[str]:
        """Return the data of every version that was not destroyed."""
        kept = [self.kept(place).versions[number] for number in sorted(self.kept(place).versions)]
        return [json.dumps(version.data) for version in kept if version.data is not None]

    def spoil(self, place: Place) -> None:
        """Write a version that is no record, as somebody else could."""
        self._add_version(self.kept(place), {"what": "no record"})

    def misplace(self, source: Place, target: Place) -> None:
        """Copy the data of one record to another's path."""
        data = copy.deepcopy(self.kept(source).versions[self.kept(source).current].data or {})
        now = self.double.clock.now()
        kept = self.double.kv.secrets.setdefault(f"objectstore/{target}", Kept(now, now))
        self._add_version(kept, data)

    def _add_version(self, kept: Kept, data: dict[str, Any]) -> None:
        kept.current += 1
        kept.versions[kept.current] = Version(self.double.clock.now(), data)

    def lost_answers(self, count: int = 1) -> AbstractContextManager[Any]:
        """Drop the answers of the next writes of data."""
        return self._faults(when="after", times=count)

    def lost_requests(self, count: int = 1) -> AbstractContextManager[Any]:
        """Drop the next writes of data themselves."""
        return self._faults(when="before", times=count)

    @contextmanager
    def _faults(self, when: str, times: int) -> Iterator[None]:
        self.server.faults.add("drop", when, method="POST", path=DATA, times=times)
        try:
            yield
        finally:
            self.server.faults.clear()

    @contextmanager
    def refused_writes(self) -> Iterator[None]:
        """Take every right but those of reading from the policy."""
        policies = self.double.tokens.policies
        before = policies["rotator"]
        policies["rotator"] = dict.fromkeys(before, ("read", "list"))
        try:
            yield
        finally:
            policies["rotator"] = before

    @contextmanager
    def unavailable(self) -> Iterator[None]:
        """Seal the double."""
        self.double.modes["sealed"] = True
        try:
            yield
        finally:
            self.double.modes["sealed"] = False

    def leave_dead_lease(self, place: Place) -> None:
        """Begin a turn in a run whose clock stands still from then on, and never end it."""
        context = StoreContext(clock=LabClock(), redactor=self.redactor, run="run-dead", environ={})
        store = VaultKv2(self.options(), context)
        store.open()
        turn = store.lease(place)
        turn.__enter__()
        found = store.read(place)
        store.write(place, found.record if found else record_of(), found.version if found else None)
        self._dead.append((store, turn))


LAB = VaultKv2Lab
