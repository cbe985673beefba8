# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module whose controller was killed outright notices; one that is asked to stop does so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import ancestors

MODULE = """
import sys, time
from ansible_collections.objectstore.credentials.plugins.module_utils.ancestors import Ancestors
above = Ancestors()
print("up", flush=True)
deadline = time.monotonic() + 60
while not above.are_gone() and time.monotonic() < deadline:
    time.sleep(0.05)
open(sys.argv[1], "w").write("gone" if above.are_gone() else "never noticed")
"""
# A controller by its name, two shells between, and the module below: as Ansible has them. Without
# pipelining the shells run a file of Ansible's, with it Python alone.
CONTROLLER = """
import subprocess, sys
inner = '"$0" -c "$1" "$2" "$3"; true'
outer = 'sh -c "$@"; true'
subprocess.run(["sh", "-c", outer, "sh", inner, *sys.argv[2:6]])
"""


@pytest.mark.parametrize("file", ["AnsiballZ_ping.py of ansible", "no file"])
def test_killed_controller_is_noticed_through_the_shells(tmp_path: Path, file: str) -> None:
    told = tmp_path / "told"
    command = [sys.executable, "-c", CONTROLLER, "ansible-playbook"]
    source = tmp_path / "module.py"
    source.write_text(MODULE)
    load = f"exec(open({str(source)!r}).read())"
    controller = subprocess.Popen(
        [*command, sys.executable, load, str(told), file],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert controller.stdout is not None
    assert controller.stdout.readline() == b"up\n"
    controller.kill()
    controller.wait(60)
    deadline = time.monotonic() + 120
    while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert told.read_text() == "gone"
    controller.stdout.close()


def test_nobody_is_gone_while_all_are_there() -> None:
    above = ancestors.Ancestors()
    above._looked_at -= 10
    assert above.are_gone() is False


def test_first_reason_to_stop_stays_until_it_is_forgotten() -> None:
    stop = ancestors.Stop()
    assert stop.reason() is None
    stop.ask("one")
    stop.ask("two")
    assert stop.reason() == "one"
    stop.forget()
    assert stop.reason() is None


def test_reason_is_looked_for_where_it_may_come_from() -> None:
    stop, found = ancestors.Stop(), [None, None, "gone"]
    looks: list[int] = []

    def look() -> str | None:
        looks.append(1)
        return found[len(looks) - 1]

    stop.watch(look)
    assert [stop.reason() for _unused in range(5)] == [None, None, "gone", "gone", "gone"]
    assert len(looks) == 3


# What a module does with a signal, in a process of its own: "list" works on one, "wait" does not.
SIGNALLED = """
import os, signal, sys
from ansible_collections.objectstore.credentials.plugins.module_utils.ancestors import Stop
# What a shell starts in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
stop, number, times = Stop(), getattr(signal, sys.argv[2]), int(sys.argv[3])
with stop.by_signals():
    if sys.argv[1] == "list":
        with stop.asked():
            for _each in range(times):
                os.kill(os.getpid(), number)
    else:
        os.kill(os.getpid(), number)
    print(stop.reason(), flush=True)
stop.forget()
os.kill(os.getpid(), number)
print("survived", flush=True)
"""


def signalled(how: str, name: str, times: int = 1) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED, how, name, str(times)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_first_signal_stops_a_list_politely(name: str) -> None:
    code, output = signalled("list", name)
    assert output == f"stopped by {name}\n"
    # After it, signals mean what they used to.
    assert code == -getattr(signal, name)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_second_signal_ends_the_module(name: str) -> None:
    assert signalled("list", name, times=2) == (-getattr(signal, name), "")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_signal_ends_a_module_that_works_on_no_list(name: str) -> None:
    assert signalled("wait", name) == (-getattr(signal, name), "")


def test_signals_are_left_alone_outside_of_the_main_thread() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def enter() -> None:
        with ancestors.Stop().by_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
