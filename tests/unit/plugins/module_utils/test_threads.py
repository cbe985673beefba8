# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals are for the main thread: another one that has them would keep it waiting."""

from __future__ import annotations

import signal
import threading
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.bulk import each
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.liaison import (
    Liaison as ModuleEnd,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult
from ansible_collections.objectstore.credentials.plugins.plugin_utils.liaison import Liaison


class Seen:
    """Notes which signals the thread that calls it does without."""

    def __init__(self) -> None:
        self.masks: list[set[Any]] = []
        self._came = threading.Event()

    def __call__(self, *_about: Any) -> None:
        self.masks.append(set(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
        self._came.set()

    def wait(self) -> None:
        """Wait until it was called."""
        assert self._came.wait(60)


def in_a_pool(seen: Seen) -> None:
    """Work on two accounts at once."""

    def work(item: str) -> AccountResult:
        seen()
        return AccountResult(account=item, action="unchanged")

    each(["a", "b"], work, work, parallelism=2)


def in_the_beat_of_a_lease(seen: Seen) -> None:
    """Do something again and again."""
    stop = Clock().every(0.01, seen)
    seen.wait()
    stop()


def in_the_report_of_progress(seen: Seen) -> None:
    """Tell how far a list is."""
    progress = Progress(seen, Clock(), interval=0.01)
    progress.begin(2)
    progress.done(AccountResult(account="a", action="unchanged"))
    seen.wait()
    progress._send = None  # its end is told by the main thread
    progress.end()


def in_the_line_to_a_module(seen: Seen) -> None:
    """Show what a module tells, in a worker of Ansible."""
    with Liaison(seen) as controller:
        line = ModuleEnd.open(controller.path)
        assert line is not None
        line.tell({"what": "accounts", "done": 1})
        seen.wait()
        line.close()


@pytest.mark.parametrize(
    "run",
    [in_a_pool, in_the_beat_of_a_lease, in_the_report_of_progress, in_the_line_to_a_module],
)
def test_thread_leaves_what_ends_a_run_to_the_main_thread(run: Callable[[Seen], None]) -> None:
    seen, here = Seen(), Seen()
    run(seen)
    here()
    assert seen.masks
    assert all({signal.SIGINT, signal.SIGTERM} <= mask for mask in seen.masks)
    assert not {signal.SIGINT, signal.SIGTERM} & here.masks[0]
