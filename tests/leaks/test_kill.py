# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left behind when processes are killed outright in the middle of a rotation."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.base import Request
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer

from .lab import Lab
from .outcome import Outcome
from .processes import (
    LONGEST,
    Process,
    controllers_of,
    kill,
    modules_of,
    processes_of,
    wait_until,
)
from .scenarios import covers
from .test_rotate import as_variables, login_by_variable

#: What Ansible itself leaves of a killed run without pipelining: the module with its arguments.
#: As docs/security.md has it; in ANSIBLE_LOCAL_TEMP only of a worker killed before the module runs.
CORE_LEAVES = r"remote/ansible-tmp-[^/]+/AnsiballZ_s3_access_key_rotate\.py"


class Hold:
    """Holds the first request that would make a key, for as long as the test wants."""

    def __init__(self, server: SimulatorServer, method: str) -> None:
        self.is_reached, self.release = threading.Event(), threading.Event()
        answer = server.answer

        def held(request: Request, connection: int) -> Any:
            if request.method == method and not self.is_reached.is_set():
                self.is_reached.set()
                self.release.wait(LONGEST)
            return answer(request, connection)

        server.answer = held  # type: ignore[method-assign]  # before it takes its lock


def run_and_kill(lab: Lab, whom: str, pipelining: bool, by_variable: bool) -> Outcome:
    """Rotate, and kill the module, the controller or both while the first key is being made."""
    hold = Hold(lab.endpoints["adapter"].server, "POST")
    killed: list[Process] = []

    def watch() -> None:
        if hold.is_reached.wait(LONGEST):
            modules, controllers = modules_of(lab.folder), controllers_of(lab.folder)
            every = {"module": modules, "controller": controllers}
            killed.extend(every.get(whom, controllers + modules))
            kill(killed)
        hold.release.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = lab.run(
            [lab.rotation("adapter", **(login_by_variable("adapter") if by_variable else {}))],
            pipelining=pipelining,
            variables=as_variables(lab, "adapter") if by_variable else None,
        )
    finally:
        hold.is_reached.set()
        watcher.join()
    assert killed, done.output[-3000:]
    wait_until(lambda: not processes_of(lab.folder), "the end of all processes")
    return done


@covers("way: a killed run")
@pytest.mark.parametrize("whom", ["module", "controller", "both"])
@pytest.mark.parametrize(
    ("pipelining", "by_variable"),
    [(True, True), (False, False)],
    ids=["pipelining, secrets in variables", "no pipelining, secrets in files"],
)
def test_killed_run_leaves_no_secret(
    lab: Lab, whom: str, pipelining: bool, by_variable: bool
) -> None:
    run_and_kill(lab, whom, pipelining, by_variable)
    lab.covered.add("way: a killed run")
    lab.assert_no_leak()
    # The next run repairs it, and leaves none either.
    lab.later(300)
    done = lab.run([lab.rotation("adapter")])
    assert done.status == "successful", done.output[-3000:]
    lab.assert_no_leak()


@covers("way: without pipelining")
def test_arguments_stay_behind_without_pipelining(lab: Lab) -> None:
    run_and_kill(lab, "both", pipelining=False, by_variable=True)
    lab.assert_leaks_are(CORE_LEAVES)
