# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground of the secret stores' contract: one lab for each store, found by its file's name.

A store joins the contract with one file here, lab_<store>.py, that holds LAB = <its StoreLab>.
"""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Callable, ClassVar

from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Pending,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

PLACE = Place("echo", "lab", "app-0001")
OTHER = Place("echo", "lab", "app-0002")
#: Names that must become neither paths nor other records.
HOSTILE_NAMES = (
    *(".", "..", "...", ".hidden", "../up", "/etc/passwd", "a/b", "a\\b", "-rf", "~", "~root"),
    *("App", "app", "APP", "a%41", "aA", "a+a", "%", "%2e", "a b", " a", "a ", "tab\there"),
    *("new\nline", "nul\0l", "ünïcode", "u\u0308", "\u00fc", "☃", "😀", "a:b", "a?b#c", "a.yml"),
    *("{{ 7 * 7 }}", "a'b", 'a"b', "a&b=c", "x" * 64, "x" * 300, "x" * 299 + "y", "Ü" * 150),
)


class LabClock(RecordingClock):
    """A clock that never waits; what others do meanwhile happens inside its sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[float], None]] = []
        self._is_telling = False

    def sleep(self, seconds: float) -> None:
        """Note the wait, and let the others act."""
        super().sleep(seconds)
        if not self._is_telling:
            self._is_telling = True
            try:
                for act in self.meanwhile:
                    act(seconds)
            finally:
                self._is_telling = False


class StoreLab:
    """One secret store with what stands behind it, empty at the start of each test."""

    store_class: ClassVar[type[SecretStore]]
    #: Earlier versions of a record stay until destroy_old_versions().
    keeps_versions: ClassVar[bool] = False
    #: What stands behind the store holds secret keys encrypted, and reading opens none.
    seals: ClassVar[bool] = False
    #: How many generated records the identity test writes.
    examples: ClassVar[int] = 50
    #: Hostile names that what stands behind the store cannot hold in any form; say why there.
    impossible_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Shared by all stores of the lab, as all runs share the time.
        self.clock = LabClock()
        self.redactor = Redactor()
        self.opened: list[SecretStore] = []

    # --- what a lab defines ------------------------------------------------------------------

    def start(self) -> None:
        """Start what stands behind the store."""

    def stop(self) -> None:
        """Stop it."""

    def options(self) -> dict[str, Any]:
        """Return the store's options that reach it with every right."""
        raise NotImplementedError

    def bad_login(self) -> dict[str, Any]:
        """Return options whose login or password what is there refuses."""
        raise NotImplementedError

    def contents(self) -> dict[str, str]:
        """Return everything that stands behind the store: records, notes, leases, check files."""
        raise NotImplementedError

    def versions(self, place: Place) -> list[str]:
        """Return every version of a record that can still be had, as raw text, oldest first."""
        raise NotImplementedError

    def spoil(self, place: Place) -> None:
        """Make an existing record unreadable (not JSON, not YAML), without removing it."""
        raise NotImplementedError

    def misplace(self, source: Place, target: Place) -> None:
        """Put a raw copy of one account's record where another's belongs."""
        raise NotImplementedError

    def lost_answers(self, count: int = 1) -> AbstractContextManager[Any]:
        """Within: the next writes of records land, and their answers are lost."""
        raise NotImplementedError

    def lost_requests(self, count: int = 1) -> AbstractContextManager[Any]:
        """Within: the next writes of records never land, and nobody is told."""
        raise NotImplementedError

    def refused_writes(self) -> AbstractContextManager[Any]:
        """Within: every write is definitely refused (read-only, forbidden, full)."""
        raise NotImplementedError

    def unavailable(self) -> AbstractContextManager[Any]:
        """Within: what stands behind the store does not answer, or only that it is not well."""
        raise NotImplementedError

    def leave_dead_lease(self, place: Place) -> None:
        """Leave the lease of a run that was killed while it worked on an account."""
        raise NotImplementedError

    # --- what tests use ----------------------------------------------------------------------

    def store(
        self, run: str = "run-1", *, check_mode: bool = False, opened: bool = True, **changed: Any
    ) -> SecretStore:
        """Return a store of its own run; changed: other options."""
        context = StoreContext(
            clock=self.clock, redactor=self.redactor, run=run, check_mode=check_mode, environ={}
        )
        store = self.store_class({**self.options(), **changed}, context)
        self.opened.append(store)
        if opened:
            store.open()
        return store

    def close(self) -> None:
        """Close every store and stop what stands behind them."""
        for store in self.opened:
            store.close()
        self.stop()


def record_of(
    place: Place = PLACE, secret: str = "Made0Up0Secret0Key0/+=01", **more: Any
) -> Record:
    """Return a managed record with one key."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    current = HeldKey(
        "AKIDMADEUP0000000001", Secret(secret), rotation_id="r1", created_at=moment, slot=1
    )
    fields = {"account_id": "42", "scope": {"part": "p-1"}, "current": current, **more}
    return Record(place.platform, (place.endpoint,), place.account, **fields)


def pending_of(secret: str = "Pending0Secret0Key0/+=02") -> Pending:
    """Return a rotation under way whose pair is at hand."""
    moment = dt.datetime(2026, 4, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    return Pending(
        "r2",
        moment,
        "run-1",
        "attempt-1",
        step="kept",
        keys_before=("AKIDMADEUP0000000001",),
        replaces=("AKIDMADEUP0000000001",),
        access_key="AKIDMADEUP0000000002",
        secret=Secret(secret),
    )


def opened(record: Record) -> list[str]:
    """Return every secret of a record, opened, in its order."""
    return [secret.open() for secret in record.secrets()]


HERE = Path(__file__).resolve().parent
PACKAGE = __name__.rpartition(".")[0]


def labs() -> dict[str, type[StoreLab]]:
    """Return the lab of each store, by the store's name."""
    found = {}
    for path in sorted(HERE.glob("lab_*.py")):
        lab: type[StoreLab] = import_module(f"{PACKAGE}.{path.stem}").LAB
        found[lab.store_class.name] = lab
    return found
