# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verifier against the S3 data plane of a simulator, on one clock that never waits."""

from __future__ import annotations

import socket
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import Verifier
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator
from ansible_collections.objectstore.credentials.tests.simulators.s3 import S3Simulator
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.simulators import keyring
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    reset,
    settings_for,
)

GOOD = Pair(*keyring.PAIR)
#: A pair of the usual length, for a platform that gets to know it during a test.
NEW = Pair("AKIANEW4QW8ER7TY6UIO", "new+Secret/key-of-forty-characters-1234")
BUCKET = "demo"


class SharedClock(RecordingClock):
    """A clock that moves the simulators' clocks along when it waits."""

    def __init__(self, *simulators: Simulator) -> None:
        super().__init__()
        self._simulators = simulators

    def sleep(self, seconds: float) -> None:
        """Note the wait."""
        super().sleep(seconds)
        for simulator in self._simulators:
            simulator.clock.advance(max(0.0, seconds))


class Lab:
    """A data plane with the pair GOOD and the bucket BUCKET, and what verifies there."""

    def __init__(self, server: SimulatorServer, simulator: Simulator) -> None:
        reset(server, simulator)
        self.server = server
        self.simulator = simulator
        self.redactor = Redactor()
        self.clock = SharedClock(simulator)

    @property
    def s3(self) -> S3Simulator:
        """The data plane."""
        assert isinstance(self.simulator, S3Simulator)
        return self.simulator

    @property
    def keyring(self) -> keyring.Keyring:
        """The platform behind the data plane."""
        return keyring.keyring_of(self.s3)

    @property
    def s3_url(self) -> str:
        """Where the data plane is."""
        return self.server.url + str(self.simulator.modes.get("base_path", ""))

    def verifier(self, **options: Any) -> Verifier:
        """Return a verifier for this data plane; keyword arguments are suboptions of verify."""
        settings = settings_for("https://api.example.com")
        given = {"s3_url": self.s3_url, **options}
        return Verifier(given, settings, self.redactor, self.clock)

    def sent(self) -> list[str]:
        """Return the targets of all requests so far."""
        return [entry.target for entry in self.server.log]

    def sent_by(self, pair: Pair) -> int:
        """Return how many requests were signed with an access key."""
        mark = f"Credential={pair.access_key}/"
        return sum(mark in entry.headers.get("Authorization", "") for entry in self.server.log)


MakeLab = Callable[..., Lab]


def everywhere_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every host name this machine, as bucket.localhost is one only to some resolvers."""
    resolve = socket.getaddrinfo

    def resolve_here(host: Any, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
