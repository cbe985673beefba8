# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulators' server: its faults and its remote control, as demo and benchmark use them."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator

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


@pytest.mark.parametrize(("when", "changes"), [("before", 0), ("after", 1)])
def test_delay_holds_the_answer_before_or_after_the_change(
    server: SimulatorServer, when: str, changes: int
) -> None:
    server.faults.add("delay", when, seconds=0.6)
    asked = threading.Thread(target=_get, args=(server, "/thing"))
    asked.start()
    asked.join(0.3)
    assert asked.is_alive()
    assert server.simulator.writes == changes
    asked.join(10)
    assert server.simulator.writes == 1


def test_remote_control_tells_the_secrets(server: SimulatorServer) -> None:
    assert json.loads(_get(server, "/_simulator/secrets")) == [PASSWORD]
    assert server.simulator.writes == 0
