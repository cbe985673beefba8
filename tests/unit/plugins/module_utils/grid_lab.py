# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated StorageGRID, a server of it, and platforms that log in there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.storagegrid import (
    StorageGrid,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.storagegrid import (
    SIMULATOR,
    StorageGridSimulator,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, reset

BY_PASSWORD = dict(SIMULATOR.VARIANTS["v4"].options)
BY_TOKEN = dict(SIMULATOR.VARIANTS["v4 token"].options)


class Lab:
    """One simulated tenant, and the platforms opened at it."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.clock = RecordingClock()
        self.sim = StorageGridSimulator()
        self._clients: list[Client] = []
        reset(server, self.sim)

    def use(self, **modes: Any) -> StorageGridSimulator:
        """Give the server a new tenant with these modes."""
        self.sim = StorageGridSimulator(**modes)
        reset(self.server, self.sim)
        return self.sim

    def open(self, check_mode: bool = False, **options: Any) -> StorageGrid:
        """Return a platform with these options, not connected yet; by default by password."""
        given = {"api_url": self.server.url, "endpoint": "lab", **(options or BY_PASSWORD)}
        settings = resolve(given, "storagegrid", StorageGrid.SCOPE, {})
        client = Client(settings, Redactor(), self.clock, check_mode=check_mode)
        self._clients.append(client)
        return StorageGrid(settings, client)

    def ready(self, **options: Any) -> StorageGrid:
        """Return a platform that is connected."""
        platform = self.open(**options)
        platform.connect()
        return platform

    def account(self, name: str = "backup", access_keys: int = 1, **modes: Any) -> Account:
        """Make a user at the tenant and return it as a platform shows it."""
        self.sim.modes.update(modes)
        return Account(name=name, id=self.sim.add_account(name, access_keys))

    def asked(self, method: str = "") -> list[str]:
        """Return the targets of the requests so far, or of those of one method."""
        return [e.target for e in self.server.log if not method or e.method == method]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated tenant with nobody in it."""
    opened = Lab(server)
    yield opened
    opened.close()
