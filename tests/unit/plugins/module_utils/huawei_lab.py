# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Huawei cloud, a server of it, and platforms that log in there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.huawei import (
    Huawei,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.huawei import (
    SIMULATOR,
    HuaweiSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, reset

VARIANTS = sorted(SIMULATOR.VARIANTS)
SIGNED = dict(SIMULATOR.VARIANTS["v3.0 access key"].options)
PASSWORD = dict(SIMULATOR.VARIANTS["v3.0 token login"].options)
V5 = dict(SIMULATOR.VARIANTS["v5"].options)


class Lab:
    """One simulated cloud, and the platforms opened at it."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.clock = RecordingClock()
        self.sim = HuaweiSimulator()
        self._clients: list[Client] = []
        reset(server, self.sim)

    def use(self, **modes: Any) -> HuaweiSimulator:
        """Give the server a new cloud with these modes."""
        self.sim = HuaweiSimulator(**modes)
        reset(self.server, self.sim)
        return self.sim

    def variant(self, label: str) -> Huawei:
        """Give the server the cloud of a variant, and log in there."""
        variant = SIMULATOR.VARIANTS[label]
        self.use(**variant.modes)
        return self.open(**variant.options)

    def open(self, check_mode: bool = False, **options: Any) -> Huawei:
        """Return a platform with these options, not connected yet; by default the access key's."""
        given = {"api_url": self.server.url, "endpoint": "lab", **(options or SIGNED)}
        settings = resolve(given, "huawei", Huawei.SCOPE, {})
        client = Client(settings, Redactor(), self.clock, check_mode=check_mode)
        self._clients.append(client)
        return Huawei(settings, client)

    def account(self, name: str = "backup", access_keys: int = 1, **fields: Any) -> Account:
        """Make a user at the cloud and return it as an account."""
        user_id = self.sim.add_account(name, access_keys)
        for field, value in fields.items():
            setattr(self.sim.world.users[user_id], field, value)
        return Account(name=name, id=user_id)

    def asked(self, method: str = "") -> list[str]:
        """Return the targets of the requests so far, or of those of one method."""
        return [e.target for e in self.server.log if not method or e.method == method]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated cloud with nobody in it."""
    opened = Lab(server)
    yield opened
    opened.close()
