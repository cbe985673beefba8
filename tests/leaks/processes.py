# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds and ends the processes of one run of Ansible, and no others."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: Seconds that anything is waited for: a loaded machine is slow, and a test that passes waits less.
LONGEST = 600.0


@dataclass(frozen=True)
class Process:
    """A process that belongs to a run."""

    pid: int
    parent: int
    line: str

    @property
    def is_controller(self) -> bool:
        """Whether it is ansible-playbook, or a worker of it."""
        return "ansible-playbook" in self.line


def processes_of(folder: Path) -> list[Process]:
    """Return the living processes whose environment names a folder, but for this one."""
    return list(_processes(os.fsencode(str(folder))))


def _processes(mark: bytes) -> Iterator[Process]:
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            place = Path("/proc") / entry
            if mark not in (place / "environ").read_bytes():
                continue
            line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            fields = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if fields[0] != "Z":
            yield Process(int(entry), int(fields[1]), line.strip())


def modules_of(folder: Path) -> list[Process]:
    """Return the processes in which modules run: Python, below a worker, with nothing below."""
    every = processes_of(folder)
    parents = {each.parent for each in every}
    return [
        each
        for each in every
        if each.pid not in parents and not each.is_controller and "python" in each.line
    ]


def controllers_of(folder: Path) -> list[Process]:
    """Return ansible-playbook, its workers, and whatever started them for this run."""
    return [each for each in processes_of(folder) if each.is_controller]


def kill(found: list[Process], number: int = signal.SIGKILL) -> None:
    """Send a signal to each."""
    for each in found:
        try:
            os.kill(each.pid, number)
        except ProcessLookupError:
            continue


def has_heard(process: Process) -> bool:
    """Tell whether a module has taken its first SIGTERM in: the next one would end it."""
    try:
        status = (Path("/proc") / str(process.pid) / "status").read_text()
    except OSError:
        return True
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return not int(caught, 16) >> (signal.SIGTERM - 1) & 1


def wait_until(reached: Callable[[], bool], what: str, seconds: float = LONGEST) -> None:
    """Wait for something that happens in other processes."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.02)
