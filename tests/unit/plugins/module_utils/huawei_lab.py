# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Huawei cloud, a server of it, and platforms that log in there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.huawei import (
    Huawei,
)
from ansible_collections.objectstore.credentials.tests.simulators.huawei import (
    SIMULATOR,
    HuaweiSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.platform_lab import (  # noqa: E501 - the package is this deep
    PlatformLab,
)

VARIANTS = sorted(SIMULATOR.VARIANTS)
SIGNED = dict(SIMULATOR.VARIANTS["v3.0 access key"].options)
PASSWORD = dict(SIMULATOR.VARIANTS["v3.0 token login"].options)
V5 = dict(SIMULATOR.VARIANTS["v5"].options)


class Lab(PlatformLab[HuaweiSimulator, Huawei]):
    """One simulated cloud, and the platforms opened at it."""

    SIMULATOR = HuaweiSimulator
    PLATFORM = Huawei
    LOGIN = SIGNED

    def variant(self, label: str) -> Huawei:
        """Give the server the cloud of a variant, and log in there."""
        variant = SIMULATOR.VARIANTS[label]
        self.use(**variant.modes)
        return self.open(**variant.options)


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated cloud with nobody in it."""
    opened = Lab(server)
    yield opened
    opened.close()
