# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether anybody still waits for this module: the processes above it, as they were at its start.

A controller killed outright (SIGKILL) leaves its modules running, and nobody receives what they
return. Shells stand between the module and Ansible's worker, so its own parent says nothing.
"""

from __future__ import annotations

import os
import threading
import time

#: Seconds between two looks.
_BETWEEN_LOOKS = 0.5


class Ancestors:
    """The chain of parents; on systems without /proc it never changes."""

    def __init__(self) -> None:
        self._chain = _chain()
        self._looked_at = time.monotonic()
        self._lock = threading.Lock()
        self._gone = False

    def are_gone(self) -> bool:
        """Tell whether one of them has died since the start. Reads only."""
        with self._lock:
            now = time.monotonic()
            if not self._gone and now - self._looked_at >= _BETWEEN_LOOKS:
                self._looked_at = now
                self._gone = _chain() != self._chain
            return self._gone


def _chain() -> list[int]:
    """Return this process and those above it, as far up as they belong to Ansible.

    What is above the controller may go without harm: a shell that is left while the run goes on.
    """
    found: list[int] = []
    process = os.getpid()
    while process > 1 and len(found) < 64:
        try:
            with open(f"/proc/{process}/cmdline", "rb") as line:
                if found and b"ansible" not in line.read():
                    break
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
                found.append(process)
                # The command's name stands in parentheses and may hold anything.
                process = int(stat.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found
