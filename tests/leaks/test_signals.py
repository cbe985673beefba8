# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list that is interrupted: what has begun is finished, nothing else begins, and it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .far import Far
from .processes import (
    LONGEST,
    controllers_of,
    has_heard,
    kill,
    modules_of,
    processes_of,
    wait_until,
)

#: So many keys are made when the interruption comes.
BEGUN = 2
#: Seconds of patience between two times Ctrl-C; a key under way takes longer.
_PRESSED_AGAIN_AFTER = 8.0
Interruption = Callable[[Far, "subprocess.Popen[str]"], None]


def _module_terminated(far: Far, _run: subprocess.Popen[str]) -> None:
    kill(modules_of(far.folder), signal.SIGTERM)


def _controller_terminated(_far: Far, run: subprocess.Popen[str]) -> None:
    os.kill(run.pid, signal.SIGTERM)


def _group_terminated(_far: Far, run: subprocess.Popen[str]) -> None:
    os.killpg(run.pid, signal.SIGTERM)


def _interrupted(_far: Far, run: subprocess.Popen[str]) -> None:
    # What a terminal sends when somebody presses Ctrl-C. Now and then Ansible says that it was
    # interrupted and then waits for its worker all the same; people press again.
    for _press in range(5):
        os.killpg(run.pid, signal.SIGINT)
        try:
            run.wait(_PRESSED_AGAIN_AFTER)
            return
        except subprocess.TimeoutExpired:
            continue


def _controller_killed(far: Far, run: subprocess.Popen[str]) -> None:
    os.kill(run.pid, signal.SIGKILL)


def _controllers_killed(far: Far, _run: subprocess.Popen[str]) -> None:
    kill(controllers_of(far.folder))


WAYS: dict[str, Interruption] = {
    "SIGTERM to the module": _module_terminated,
    "SIGTERM to ansible-playbook": _controller_terminated,
    "SIGTERM to the group": _group_terminated,
    "Ctrl-C": _interrupted,
    "ansible-playbook killed": _controller_killed,
    "ansible-playbook and workers killed": _controllers_killed,
}
FORMS = pytest.mark.parametrize("form", ["ose:osis", "ontap:9.14.1"], ids=["overlap", "in place"])


@pytest.fixture
def far_of(tmp_path: Path) -> Iterator[Callable[[str], Far]]:
    """Return a function that starts a platform."""
    started: list[Far] = []

    def start(form: str) -> Far:
        started.append(Far(tmp_path, form, accounts=8).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


def interrupt(far: Far, way: str) -> subprocess.Popen[str]:
    """Begin a rotation and interrupt it in the middle; return when all of it has ended."""
    if way == "timeout of the task":
        return time_out(far)
    far.slow_down(after=BEGUN, seconds=25.0)
    run = far.begin()
    wait_until(lambda: far.made() >= BEGUN or run.poll() is not None, "a rotation")
    modules = modules_of(far.folder)
    WAYS[way](far, run)
    # Whoever was interrupted has heard of it before the keys under way are made.
    if way == "SIGTERM to the module":
        wait_until(lambda: all(has_heard(each) for each in modules), "the signal")
    else:
        run.wait(LONGEST)
    if way in ("Ctrl-C", "SIGTERM to the group"):
        # The module hears of it by the end of Ansible's worker, which may outlive its parent a bit.
        wait_until(lambda: not controllers_of(far.folder), "the end of Ansible's workers")
    far.hurry_up()
    wait_for_the_end(far, run)
    return run


def time_out(far: Far) -> subprocess.Popen[str]:
    """Let a rotation run into its task's timeout; a slow machine gets more time.

    Six keys, two at a time, each of which takes half of the timeout, are never made within it.
    """
    for seconds in (14, 30, 60, 120):
        far.hurry_up()
        far.slow_down(after=BEGUN - far.made(), seconds=seconds / 2)
        run = far.begin(timeout=seconds)
        wait_for_the_end(far, run)
        if far.made() >= BEGUN:
            break
    assert run.returncode != 0
    return run


def wait_for_the_end(far: Far, run: subprocess.Popen[str]) -> None:
    """Wait for Ansible and for the module, which may outlive it."""
    run.wait(LONGEST)
    wait_until(lambda: not processes_of(far.folder), "the end of the module")


@FORMS
@pytest.mark.parametrize("way", [*WAYS, "timeout of the task"])
def test_interrupted_list(far_of: Callable[[str], Far], form: str, way: str) -> None:
    far = far_of(form)
    run = interrupt(far, way)
    made = far.made()
    assert BEGUN <= made < far.accounts, (made, far.output()[-3000:])
    # Nothing that had begun was abandoned; nothing else has a record.
    records = far.records()
    assert len(records) == made, far.output()[-3000:]
    for name, record in records.items():
        assert record.pending is None, name
        assert record.current is not None
        assert record.current.secret is not None
        assert far.honours(str(record.current.access_key), record.current.secret.open()), name
    if way == "SIGTERM to the module":
        # It has somebody to tell what it did and what it did not start.
        assert run.returncode == 0, far.output()[-3000:]
        told = sorted(far.report().values())
        assert told == ["rotated"] * made + ["skipped"] * (far.accounts - made)
        waiting = f"{far.accounts - made} of {far.accounts} accounts were not started"
        assert waiting in far.output()
    # The next run takes the rest, and rotates nobody twice.
    far.hurry_up()
    far.later(300)
    again = far.begin()
    assert again.wait(LONGEST) == 0, far.output()[-3000:]
    assert far.made() == far.accounts
    finished = far.report()
    assert sorted(finished) == far.names
    assert [finished[name] for name in records] == ["unchanged"] * len(records)
    assert {finished[name] for name in far.names if name not in records} == {"rotated"}


@FORMS
def test_impatient_second_signal_is_repaired_by_the_next_run(
    far_of: Callable[[str], Far], form: str
) -> None:
    far = far_of(form)
    far.slow_down(after=BEGUN, seconds=25.0)
    run = far.begin()
    wait_until(lambda: far.made() >= BEGUN, "a rotation")
    modules = modules_of(far.folder)
    assert not any(has_heard(each) for each in modules)
    kill(modules, signal.SIGTERM)
    # Two at once are one.
    wait_until(lambda: all(has_heard(each) for each in modules), "the first signal")
    kill(modules, signal.SIGTERM)
    wait_for_the_end(far, run)
    assert run.returncode != 0
    # What was under way is done by the platform all the same, and before the next run looks.
    far.hurry_up()
    wait_until(lambda: not far.is_making(), "the end of the requests that were under way")
    far.later(300)
    again = far.begin()
    assert again.wait(LONGEST) == 0, far.output()[-3000:]
    far.assert_all_work()
    # At most two at a time were under way, and each costs one more rotation at the most.
    assert far.accounts <= far.made() <= far.accounts + 2
