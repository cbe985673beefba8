# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret store of the lab: real files, and trouble at the very write that a test names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
    Stored,
)

from .wire import Killed

PASSWORD = "made-up vault password"

Wanted = Callable[[Record], bool]
Noted = Callable[[Place, Record], None]


def always(_record: Record) -> bool:
    """Hit every write."""
    return True


def is_kept(record: Record) -> bool:
    """Hit the write that stores a new pair beside the old one."""
    return record.pending is not None and record.pending.step == "kept"


def is_intended(record: Record) -> bool:
    """Hit the write of a rotation's intent."""
    return record.pending is not None and record.pending.step == "intended"


def is_promoted(record: Record) -> bool:
    """Hit writes of a record whose current key is set and with no rotation under way."""
    return record.pending is None and record.intent is None and record.current is not None


def is_key_intent(record: Record) -> bool:
    """Hit the write of an intent to disable, enable or delete."""
    return record.intent is not None


@dataclass
class StoreFault:
    """One trouble: at which write, and what happens.

    refuse: a clear no, nothing written. unavailable: the same, the store being ill. lost: written,
    no answer, and the store is not heard of again. unsent: the same, not written. lost answer:
    written, no answer, but the store can be read. kill before, kill after: the runner dies. act:
    something else is done after the write.
    """

    action: str
    wants: Wanted = always
    skip: int = 0
    #: 0: for ever.
    times: int = 1
    act: Optional[Callable[[], None]] = None


class StoreFaults:
    """The troubles waiting at a store, and whether it is dead."""

    def __init__(self) -> None:
        self._waiting: list[StoreFault] = []
        self.is_dead = False
        #: Writes of records that were tried.
        self.tried = 0

    def add(
        self,
        action: str,
        wants: Wanted = always,
        skip: int = 0,
        times: int = 1,
        act: Optional[Callable[[], None]] = None,
    ) -> None:
        """Plan a trouble."""
        self._waiting.append(StoreFault(action, wants, skip, times, act))

    def clear(self) -> None:
        """Bring the store back to health."""
        self._waiting.clear()
        self.is_dead = False

    def take(self, record: Record) -> Optional[StoreFault]:
        """Return the trouble of this write."""
        self.tried += 1
        for fault in self._waiting:
            if not fault.wants(record):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times:
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
            return fault
        return None


class LabStore(AnsibleVault):
    """Files encrypted with ansible-vault, as they are, but for the troubles."""

    def __init__(
        self,
        options: Mapping[str, Any],
        context: StoreContext,
        faults: StoreFaults,
        noted: Noted,
    ) -> None:
        super().__init__(options, context)
        self._faults = faults
        #: Told of every record that was written.
        self.listeners = [noted]

    def read(self, place: Place) -> Optional[Stored]:
        """Read, unless the store is dead."""
        self._check_alive()
        return super().read(place)

    def probe(self) -> None:
        """Probe, unless the store is dead."""
        self._check_alive()
        super().probe()

    def _check_alive(self) -> None:
        if self._faults.is_dead:
            raise CredentialsError("store_unavailable", "The lab's store is dead.")

    def _write(self, place: Place, record: Record, expected: Any) -> Any:
        self._check_alive()
        fault = self._faults.take(record)
        action = fault.action if fault else ""
        if action == "kill before":
            raise Killed
        if action == "refuse":
            raise CredentialsError("store_refused", "The lab's store refuses.", landed=False)
        if action == "unavailable":
            raise CredentialsError("store_unavailable", "The lab's store is ill.", landed=False)
        if action == "unsent":
            self._faults.is_dead = True
            raise CredentialsError("store_unavailable", "No answer of the store.", landed=None)
        version = super()._write(place, record, expected)
        for noted in self.listeners:
            noted(place, record)
        if fault is not None and fault.act is not None:
            fault.act()
        if action == "kill after":
            raise Killed
        if action in ("lost", "lost answer"):
            self._faults.is_dead = action == "lost"
            raise CredentialsError("store_unavailable", "No answer of the store.", landed=None)
        return version
