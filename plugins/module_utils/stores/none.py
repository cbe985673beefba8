# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret store: records live as long as the run, for pairs that are returned and not kept."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from ..record import Record
from .base import Lease, Place, SecretStore, Stored


class _AlwaysSure(Lease):
    def is_sure(self) -> bool:
        """Nobody else has this memory."""
        return True


class NoStore(SecretStore):
    """Remembers records until the run ends; used with return_secret alone."""

    name = "none"
    title = "no secret store"
    is_durable = False

    def open(self) -> None:
        """Start with nothing."""
        self._records: dict[Place, tuple[Record, int]] = {}
        self._notes: dict[str, tuple[dict[str, Any], int]] = {}
        self._lock = threading.Lock()

    def probe(self) -> None:
        """Memory can be written."""

    def read(self, place: Place) -> Stored | None:
        """Return a record of this run."""
        found = self._records.get(place)
        return Stored(*found) if found else None

    @contextlib.contextmanager
    def lease(self, place: Place) -> Iterator[Lease]:
        """Give way at once: nobody else is here."""
        yield _AlwaysSure()

    def places(self, platform: str | None, endpoint: str | None) -> Iterator[Place]:
        """Yield nothing: no record was here before this run."""
        return iter(())

    def read_note(self, name: str) -> tuple[dict[str, Any], Any] | None:
        """Return a note of this run."""
        return self._notes.get(name)

    def write_note(self, name: str, document: Mapping[str, Any], expected: Any) -> None:
        """Remember a note."""
        with self._lock:
            self._notes[name] = (dict(document), (expected or 0) + 1)

    def _write(self, place: Place, record: Record, expected: Any) -> Any:
        with self._lock:
            version = (expected or 0) + 1
            self._records[place] = (record, version)
            return version
