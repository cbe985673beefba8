# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated StorageGRID, a server of it, and platforms that log in there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.storagegrid import (
    StorageGrid,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.storagegrid import (
    SIMULATOR,
    StorageGridSimulator,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.platform_lab import (  # noqa: E501 - the package is this deep
    PlatformLab,
)

BY_PASSWORD = dict(SIMULATOR.VARIANTS["v4"].options)
BY_TOKEN = dict(SIMULATOR.VARIANTS["v4 token"].options)


class Lab(PlatformLab[StorageGridSimulator, StorageGrid]):
    """One simulated tenant, and the platforms opened at it."""

    SIMULATOR = StorageGridSimulator
    PLATFORM = StorageGrid
    LOGIN = BY_PASSWORD

    def account(self, name: str = "backup", access_keys: int = 1, **fields: Any) -> Account:
        """Make a user at a tenant with these modes and return it as a platform shows it."""
        self.sim.modes.update(fields)
        return super().account(name, access_keys)


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated tenant with nobody in it."""
    opened = Lab(server)
    yield opened
    opened.close()
