# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of Commvault share: a simulated CommCell, and the platform on it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault_vault_parts import (  # noqa: E501  # the import's own length
    Wanted,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault_vaults import (  # noqa: E501  # the import's own length
    ensure_vault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    ADMIN,
    PASSWORD,
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    reset,
    settings_for,
)

MakePlatform = Callable[..., Commvault]


@pytest.fixture(scope="module")
def _running() -> Iterator[SimulatorServer]:
    with SimulatorServer(CommvaultSimulator()) as server:
        yield server


@pytest.fixture
def cell() -> CommvaultSimulator:
    """An empty CommCell with a plan, clients and a user group."""
    return CommvaultSimulator()


@pytest.fixture
def server(_running: SimulatorServer, cell: CommvaultSimulator) -> SimulatorServer:
    """A server of the CommCell, without faults and with an empty log."""
    reset(_running, cell)
    return _running


@pytest.fixture
def make_platform(server: SimulatorServer, clock: RecordingClock) -> Iterator[MakePlatform]:
    """Return a function that opens the platform; keyword arguments change its settings."""
    clients: list[Client] = []

    def make(*, check_mode: bool = False, base: str = "/commandcenter/api", **changes: Any) -> Any:
        fields = {"api_username": ADMIN, "api_password": PASSWORD, "scope": {"domain": None}}
        settings = settings_for(server.url + base, platform="commvault", **{**fields, **changes})
        client = Client(settings, Redactor(), clock, check_mode=check_mode)
        clients.append(client)
        return Commvault(settings, client)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def platform(make_platform: MakePlatform) -> Commvault:
    """The platform, logged in by password when first needed."""
    return make_platform()


@pytest.fixture
def people(cell: CommvaultSimulator) -> CommvaultSimulator:
    """A CommCell with app-0001 to app-0003, of whom the last two are in the group ops."""
    cell.seed(3)
    cell.directory.add_group("ops", ["42", "43"])
    return cell


def requests_of(server: SimulatorServer, method: str, word: str) -> list[str]:
    """Return the logged requests of a method whose target holds a word."""
    return [e.target for e in server.log if e.method == method and word in e.target]


def run(platform: Commvault, wanted: Wanted, check_mode: bool = False) -> Outcome:
    """Ensure a vault."""
    return ensure_vault(platform, wanted, check_mode=check_mode)


def failure_of(outcome: Outcome) -> dict[str, Any]:
    """Return the one failure of an outcome."""
    (result,) = outcome.accounts
    assert result.action == "failed"
    assert result.failure is not None
    assert set(result.details) >= {"vault_id", "plan", "job", "warning"}
    return result.failure


def posts(server: SimulatorServer) -> list[dict[str, Any]]:
    """Return the bodies of the create calls."""
    return [
        json.loads(entry.body)
        for entry in server.log
        if entry.method == "POST" and entry.target.endswith("CVS3Store")
    ]


PLAIN = Wanted(name="v1", plan="sp1")
FULL = dataclasses.replace(
    PLAIN, endpoint_clients=("ma1",), owners=("app-0001",), user_groups=("ops",)
)
ROTATING = dataclasses.replace(
    FULL, rotate_keys=True, allow_disruption=True, key_delivery="email", endpoint_clients=()
)

#: A test file binds these to their names, since an import would clash with the arguments of tests.
FIXTURES = (_running, cell, server, make_platform, platform, people)
