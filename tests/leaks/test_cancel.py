# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job that the controller cancels or kills goes on at the next launch, where it was.

AWX sends SIGTERM to ansible-runner, which ends Ansible with SIGKILL at once: Ansible is not asked.
In an execution environment the container is killed too, and with it the module. Where the runner
does not end in time, it gets SIGKILL itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .far import Far
from .processes import LONGEST, kill, modules_of, processes_of, wait_until

ACCOUNTS = 6
#: Seconds that a key takes, or its answer, while the job is cancelled.
SLOW = 6.0
#: When: keys made before, and what of the next ones is late.
MOMENTS = {
    "before a key is made": (0, "before"),
    "a key is made, its answer on the way": (0, "after"),
    "between accounts": (2, "before"),
}


def _cancelled(_far: Far, run: subprocess.Popen[str]) -> None:
    os.kill(run.pid, signal.SIGTERM)


def _with_its_container(far: Far, run: subprocess.Popen[str]) -> None:
    os.kill(run.pid, signal.SIGTERM)
    kill([each for each in processes_of(far.folder) if each.pid != run.pid])


def _killed(_far: Far, run: subprocess.Popen[str]) -> None:
    os.kill(run.pid, signal.SIGKILL)


WAYS: dict[str, Callable[[Far, subprocess.Popen[str]], None]] = {
    "cancelled": _cancelled,
    "cancelled with its container": _with_its_container,
    "ansible-runner killed": _killed,
}
FORMS = {"overlap": "ose:osis", "in place": "ontap:9.14.1"}
#: Of all there are, what the gate runs; the rest is "long".
IN_THE_GATE = {
    ("overlap", True, "cancelled", "between accounts"),
    ("in place", True, "cancelled with its container", "a key is made, its answer on the way"),
    ("overlap", False, "cancelled with its container", "a key is made, its answer on the way"),
    ("in place", False, "cancelled", "before a key is made"),
    ("overlap", False, "ansible-runner killed", "between accounts"),
}
CASES = [
    pytest.param(
        *case,
        id=f"{case[0]}, {'role' if case[1] else 'module'}, {case[2]}, {case[3]}",
        marks=() if case in IN_THE_GATE else pytest.mark.long,
    )
    for case in [
        (form, is_role, way, moment)
        for form in FORMS
        for is_role in (False, True)
        for way in WAYS
        for moment in MOMENTS
    ]
]


@pytest.fixture
def far_of(tmp_path: Path) -> Iterator[Callable[[str], Far]]:
    """Return a function that starts a platform."""
    started: list[Far] = []

    def start(form: str) -> Far:
        started.append(Far(tmp_path, form, accounts=ACCOUNTS).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.mark.parametrize(("form", "is_role", "way", "moment"), CASES)
def test_cancelled_job_resumes_at_the_next_launch(
    far_of: Callable[[str], Far], form: str, is_role: bool, way: str, moment: str
) -> None:
    far = far_of(FORMS[form])
    before, when = MOMENTS[moment]
    far.slow_down(before, SLOW, when)
    run = far.launch(is_role=is_role)
    reached = before if when == "before" else before + 1
    wait_until(
        lambda: (far.is_making() and far.made() >= reached) or run.poll() is not None, "a rotation"
    )
    assert run.poll() is None, far.output()[-3000:]
    WAYS[way](far, run)
    run.wait(LONGEST)
    wait_until(lambda: not modules_of(far.folder), "the end of the module")
    wait_until(lambda: not far.is_making(), "the end of the requests that were under way")
    # Where its terminal is gone Ansible may wait for ever; nothing is done any more, by nobody.
    kill(processes_of(far.folder))
    if way != "ansible-runner killed":
        # Also without a container the module hears that nobody waits for it.
        assert far.made() < far.accounts, far.output()[-3000:]

    far.hurry_up()
    far.later(300)
    again = far.launch(is_role=is_role)

    assert again.wait(LONGEST) == 0, far.output()[-3000:]
    far.assert_all_work()
    # Two at a time at most were under way, and each costs one more rotation at the most.
    assert far.accounts <= far.made() <= far.accounts + 2
    assert far.unsound_chains() == []
