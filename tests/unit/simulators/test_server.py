# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulators' server: its faults and its remote control, as demo and benchmark use them."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Callable

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    Request,
    Response,
    Simulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.ontap import PASSWORD
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer


class Toy(Simulator):
    """Changes something with every request."""

    name = "toy"

    def handle(self, request: Request) -> Response:
        self.commit(request.target)
        return Response(200, {})

    def secrets(self) -> list[str]:
        return [PASSWORD]


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(Toy()) as running:
        yield running


def _get(server: SimulatorServer, path: str, timeout: float = 10) -> bytes:
    with urllib.request.urlopen(server.url + path, timeout=timeout) as answer:
        return bytes(answer.read())


def _soon(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.parametrize(("when", "changes"), [("before", 0), ("after", 1)])
def test_delay_holds_the_answer_before_or_after_the_change(
    server: SimulatorServer, when: str, changes: int
) -> None:
    server.faults.add("delay", when, seconds=600, times=0)
    asked = threading.Thread(target=_get, args=(server, "/thing", 600))
    asked.start()
    _soon(lambda: server.under_way and server.simulator.writes == changes)
    asked.join(0.1)
    assert asked.is_alive()
    assert (server.simulator.writes, server.requests) == (changes, 0)
    server.faults.clear()
    asked.join(60)
    assert (server.simulator.writes, server.requests) == (1, 1)


def test_what_is_late_happens_when_told_to(server: SimulatorServer) -> None:
    server.faults.add("late", seconds=600)
    with pytest.raises(urllib.error.HTTPError, match="504"):
        _get(server, "/thing")
    assert server.simulator.writes == 0
    server.land()
    assert server.simulator.writes == 1


def test_what_another_world_was_asked_is_not_done_or_counted_in_this_one(
    server: SimulatorServer,
) -> None:
    old, new = server.simulator, Toy()
    server.faults.add("late", seconds=600)
    with pytest.raises(urllib.error.HTTPError, match="504"):
        _get(server, "/thing")
    server.faults.add("delay", seconds=600, times=0)
    asked = threading.Thread(target=_get, args=(server, "/thing", 600))
    asked.start()
    _soon(lambda: server.under_way)
    server.begin_anew(new)
    asked.join(60)
    server.land()
    assert (old.writes, new.writes) == (2, 0)
    assert (server.requests, server.log) == (0, [])


def test_remote_control_tells_the_secrets(server: SimulatorServer) -> None:
    assert json.loads(_get(server, "/_simulator/secrets")) == [PASSWORD]
    assert server.simulator.writes == 0
