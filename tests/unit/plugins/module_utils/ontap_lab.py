# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated ONTAP cluster, a server of it, and platforms that log in there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    Account,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap import Ontap
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_plans import (
    Wanted,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_users import (
    set_users,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.ontap import (
    PASSWORD,
    SIMULATOR,
    SVM,
    USERNAME,
    OntapSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, reset

VARIANTS = sorted(SIMULATOR.VARIANTS)
LOGIN: dict[str, Any] = {"api_username": USERNAME, "api_password": PASSWORD, "svm": SVM}
OWN: dict[str, Any] = {
    "access_key": "MYOWNKEY0000000000A1",
    "secret_key": "My0wn/Secret+Key=canary_7f3a9c2b",
}


class Lab:
    """One simulated cluster, and the platforms opened at it."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.clock = RecordingClock()
        self.sim = OntapSimulator()
        self._clients: list[Client] = []
        reset(server, self.sim)

    def use(self, version: str = "9.16.1", accounts: int = 0, **modes: Any) -> OntapSimulator:
        """Give the server a new cluster of a release, with users app-0001 and on."""
        self.sim = OntapSimulator(version=version, **modes)
        self.sim.seed(accounts)
        reset(self.server, self.sim)
        return self.sim

    def variant(self, label: str, accounts: int = 0) -> Ontap:
        """Give the server the cluster of a variant, and log in there."""
        variant = SIMULATOR.VARIANTS[label]
        self.use(accounts=accounts, **variant.modes)
        return self.open(**variant.options)

    def open(self, check_mode: bool = False, **options: Any) -> Ontap:
        """Return a platform with these options, not connected yet."""
        given = {"api_url": self.server.url, "endpoint": "lab", **(options or LOGIN)}
        settings = resolve(given, "ontap", Ontap.SCOPE, {})
        client = Client(settings, Redactor(), self.clock, check_mode=check_mode)
        self._clients.append(client)
        return Ontap(settings, client)

    def run(self, *names: str, check_mode: bool = False, **params: Any) -> Outcome:
        """Run the module's logic with these options, over a login of its own."""
        wanted = Wanted.parse({"name": list(names), **params})
        platform = self.open(check_mode=check_mode)
        return set_users(platform, wanted, check_mode=check_mode, parallelism=4)

    def one(self, name: str, **params: Any) -> AccountResult:
        """Run the module's logic for one user and return its result."""
        (result,) = self.run(name, **params).accounts
        return result

    def keys(self, name: str) -> list[str]:
        """Return the access keys of a user, by slot."""
        return [key.access_key for _slot, key in sorted(self.sim.svm.users[name].slots.items())]

    def live(self, name: str, lifetime: dt.timedelta, slot: int = 1) -> str:
        """Give a user's key a lifetime from now on; return its access key."""
        key = self.sim.new_key(lifetime, None)
        self.sim.svm.users[name].slots[slot] = key
        return key.access_key

    def writes(self) -> list[str]:
        """Return method and target of the requests so far that were no reads."""
        return [f"{e.method} {e.target}" for e in self.server.log if e.method != "GET"]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


def read(platform: Ontap, name: str) -> Account:
    """Return a user as the platform reads it now."""
    return platform.account(AccountRef(name=name))


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated cluster with root only."""
    opened = Lab(server)
    yield opened
    opened.close()
