# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease of a store of files: a lock, and what its holder has seen of the account's file."""

from __future__ import annotations

import hashlib
import threading

from .base import Lease, Place
from .file_locks import FileLock


class FileLease(Lease):
    """The lock of one account; it dies with the process."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock
        #: Writes of one lease come one after the other, whichever thread sends them.
        self.turn = threading.Lock()
        #: What the file held when it was last read or written, and the version that this is: the
        #: same bytes need no second reading to be known as unchanged.
        self.seen: tuple[bytes, str] | None = None

    def is_sure(self) -> bool:
        """Tell whether the lock is held, and its file the one that others would lock."""
        return self._lock.is_held()


def lock_name(place: Place) -> str:
    """Return the name of the file that is locked for an account."""
    return f"{_digest(place.platform, place.endpoint, place.account)}.lock"


def note_lock_name(name: str) -> str:
    """Return the name of the file that is locked for a note."""
    return f"{_digest('note', name)}.lock"


def _digest(*names: str) -> str:
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:40]
