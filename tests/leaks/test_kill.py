# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left behind when processes are killed outright in the middle of a rotation."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest

from .lab import Lab, Outcome
from .processes import Process, controllers_of, kill, modules_of, processes_of, wait_until
from .test_rotate import as_variables, login_by_variable

#: What Ansible itself leaves of a killed run without pipelining: the module with its arguments.
CORE_LEAVES = re.compile(r"^(remote|local)/.*")


def stop_in_the_middle(lab: Lab, name: str) -> Callable[[], bool]:
    """Hang the platform at the first change; return whether it hangs."""
    server = lab.endpoints[name].server
    method = {"adapter": "POST", "cluster": "PATCH"}[name]
    fault = server.faults.add(action="delay", seconds=4.0, method=method)
    return lambda: fault not in server.faults._faults


def run_and_kill(lab: Lab, whom: str, pipelining: bool, by_variable: bool) -> Outcome:
    """Rotate, and kill the module, the controller or both while the first key is being made."""
    hangs, over = stop_in_the_middle(lab, "adapter"), threading.Event()
    killed: list[Process] = []

    def watch() -> None:
        while not over.wait(0.02):
            if hangs():
                modules, controllers = modules_of(lab.folder), controllers_of(lab.folder)
                every = {"module": modules, "controller": controllers}
                killed.extend(every.get(whom, controllers + modules))
                kill(killed)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = lab.run(
            [lab.rotation("adapter", **(login_by_variable("adapter") if by_variable else {}))],
            pipelining=pipelining,
            variables=as_variables(lab, "adapter") if by_variable else None,
        )
    finally:
        over.set()
        watcher.join()
    assert killed, done.output[-3000:]
    wait_until(lambda: not processes_of(lab.folder), "the end of all processes")
    return done


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
    lab.assert_no_leak()
    # The next run repairs it, and leaves none either.
    lab.later(300)
    done = lab.run([lab.rotation("adapter")])
    assert done.status == "successful", done.output[-3000:]
    lab.assert_no_leak()


def test_arguments_stay_behind_without_pipelining(lab: Lab) -> None:
    # Documented in docs/security.md: this is what Ansible does, and the way to avoid it.
    run_and_kill(lab, "both", pipelining=False, by_variable=True)
    found = lab.found()
    assert found.leaks, "Ansible leaves nothing any more: say so in docs/security.md"
    elsewhere = [leak for leak in found.leaks if not CORE_LEAVES.match(leak.file)]
    assert not elsewhere, "\n".join(map(str, elsewhere))
    print("left by Ansible:", *sorted({leak.file for leak in found.leaks}))
