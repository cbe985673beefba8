# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the processes of a run while it lasts: their arguments and their environment.

Anybody on the machine can read arguments; the environment only the same user and root. So no
argument may hold a secret. An environment may hold what the operator put into it, under the very
name: whatever Ansible starts inherits that. It may hold nothing else, such as a pair, a vault
password, or a login from a file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

#: Seconds between two looks.
PACE = 0.1


class Watch(threading.Thread):
    """Notes what the processes of a run show; a process belongs to it whose environment says so."""

    def __init__(self, folder: Path, allowed: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self._mark = os.fsencode(str(folder))
        self._allowed = {os.fsencode(f"{name}={value}") for name, value in allowed.items()}
        self._over = threading.Event()
        #: Process and its arguments -> its environment, where it is of the run.
        self._known: dict[tuple[str, bytes], tuple[bytes, ...]] = {}

    def run(self) -> None:
        """Look until the run is over."""
        while not self._over.wait(PACE):
            for entry in os.listdir("/proc"):
                if entry.isdigit() and int(entry) != os.getpid():
                    self._look(entry)

    def _look(self, process: str) -> None:
        try:
            place = Path("/proc") / process
            key = process, (place / "cmdline").read_bytes()
            if key in self._known:
                return
            environment = (place / "environ").read_bytes()
        except OSError:
            return
        is_ours = self._mark in environment
        self._known[key] = tuple(environment.split(b"\0")) if is_ours else ()

    def finish(self) -> None:
        """Stop looking."""
        self._over.set()
        self.join()

    @property
    def processes(self) -> list[bytes]:
        """The arguments of every process that was seen."""
        return [line for (_pid, line), environment in self._known.items() if environment]

    def text(self) -> bytes:
        """Return all that may hold no secret: arguments, and environments but for what is allowed.

        What is allowed is left out of the environment only where name and value are the injected.
        """
        parts = []
        for (process, line), environment in self._known.items():
            if environment:
                rest = [entry for entry in environment if entry not in self._allowed]
                arguments = line.replace(b"\0", b" ")
                parts.append(os.fsencode(f"# {process}: ") + arguments)
                parts.extend(rest)
        return b"\n".join(parts)
