# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS account, a server of it, and platforms that log in there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.aws import Aws
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.aws import (
    SIMULATOR,
    AwsSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, reset

SIGNED = dict(SIMULATOR.VARIANTS["access key"].options)
ROLE = dict(SIMULATOR.VARIANTS["role"].options)
SESSION = dict(SIMULATOR.VARIANTS["session"].options)


class FollowingClock(RecordingClock):
    """To sleep lets time pass at the simulator too."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab

    def sleep(self, seconds: float) -> None:
        """Note the wait."""
        super().sleep(seconds)
        self._lab.sim.clock.advance(max(0.0, seconds))


class Lab:
    """One simulated account, and the platforms opened at it."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.clock = FollowingClock(self)
        self.sim = AwsSimulator()
        self._clients: list[Client] = []
        reset(server, self.sim)

    def use(self, **modes: Any) -> AwsSimulator:
        """Give the server a new account with these modes."""
        self.sim = AwsSimulator(**modes)
        reset(self.server, self.sim)
        return self.sim

    def open(self, check_mode: bool = False, **options: Any) -> Aws:
        """Return a platform with these options, not connected yet; by default the access key's.

        An option that is None takes one of the default login away.
        """
        given = {"api_url": self.server.url, "endpoint": "lab", **SIGNED, **options}
        settings = resolve(given, "aws", Aws.SCOPE, {}, usual_url=Aws.usual_url)
        client = Client(settings, Redactor(), self.clock, check_mode=check_mode)
        self._clients.append(client)
        return Aws(settings, client)

    def account(self, name: str = "backup", access_keys: int = 1, **fields: Any) -> Account:
        """Make a user and return it as an account."""
        user_id = self.sim.add_account(name, access_keys)
        for field, value in fields.items():
            setattr(self.sim.world.users[user_id], field, value)
        return Account(name=name, id=user_id)

    def key(self, name: str = "backup") -> str:
        """Return the first access key of a user."""
        user = self.sim.world.user(name)
        assert user is not None
        return self.sim.world.keys_of(user)[0].access

    def asked(self, method: str = "") -> list[str]:
        """Return the actions of the requests so far, or those that do as a method says."""
        return [e.target.split("/")[1] for e in self.server.log if not method or e.method == method]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated account with nobody in it."""
    opened = Lab(server)
    yield opened
    opened.close()
