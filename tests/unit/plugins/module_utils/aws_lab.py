# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS account, a server of it, and platforms that log in there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.aws import Aws
from ansible_collections.objectstore.credentials.tests.simulators.aws import (
    SIMULATOR,
    AwsSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.platform_lab import (  # noqa: E501 - the package is this deep
    PlatformLab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

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


class Lab(PlatformLab[AwsSimulator, Aws]):
    """One simulated account, and the platforms opened at it."""

    SIMULATOR = AwsSimulator
    PLATFORM = Aws
    LOGIN = SIGNED

    def make_clock(self) -> RecordingClock:
        """Return a clock that takes the simulator along."""
        return FollowingClock(self)

    def given(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the usual login, changed; an option that is None takes one away."""
        return {**self.LOGIN, **options}

    def key(self, name: str = "backup") -> str:
        """Return the first access key of a user."""
        user = self.sim.world.user(name)
        assert user is not None
        return self.sim.world.keys_of(user)[0].access

    def asked(self, method: str = "") -> list[str]:
        """Return the actions of the requests so far, or those that do as a method says."""
        return [target.split("/")[1] for target in super().asked(method)]


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated account with nobody in it."""
    opened = Lab(server)
    yield opened
    opened.close()
