# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract suite's ground: every platform of the registry in every variant of its simulator."""

from __future__ import annotations

import base64
import functools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Callable, Union
from urllib.parse import quote

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    ACTIVE,
    INACTIVE,
    AccessKey,
    Account,
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator, Variant
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, reset

SIMULATORS = "ansible_collections.objectstore.credentials.tests.simulators"
SECRET_OPTIONS = ("api_password", "api_token", "api_secret_key")
CHOSEN = Pair("CHOSENBYTHECALLER001", "Chosen0Secret0Of0The0Caller0000000000001")


#: A file of tests/lab whose SIMULATOR is a real system behind the same face: only that is tested.
ON_REAL = os.environ.get("CONTRACT_ON")
LAB = "ansible_collections.objectstore.credentials.tests.lab"


def simulator_of(platform: str) -> type[Simulator]:
    """Return a platform's simulator; a platform without one is not supported, and fails here."""
    where = f"{LAB}.{ON_REAL}" if ON_REAL else f"{SIMULATORS}.{platform}"
    found: type[Simulator] = import_module(where).SIMULATOR
    return found


#: Every platform in every form.
FORMS = [
    (name, label)
    for name in ([simulator_of("").name] if ON_REAL else sorted(PLATFORMS))
    for label in simulator_of(name).VARIANTS
]


class CellClock(RecordingClock):
    """To sleep is to let time pass at the platform too."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self._simulator = simulator

    def sleep(self, seconds: float) -> None:
        """Note the wait."""
        super().sleep(seconds)
        self._simulator.clock.advance(max(0.0, seconds))


@dataclass
class Cell:
    """One platform in one form, served, with a client on it."""

    simulator: Simulator
    server: SimulatorServer
    variant: Variant
    name: str
    #: Account name -> the simulator's identifier.
    ids: dict[str, str] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)

    def platform(
        self, *, connect: bool = True, check_mode: bool = False, **changed: Any
    ) -> Platform:
        """Return the platform with a client of its own; changed: other module options."""
        options = {
            "api_url": self.server.url + self.simulator.BASE_PATH,
            "endpoint": "lab",
            **{k: self._filled(v) for k, v in self.variant.options.items()},
            **changed,
        }
        platform_class = PLATFORMS[self.name]
        settings = resolve(options, self.name, platform_class.SCOPE, environ={})
        client = Client(
            settings,
            Redactor(),
            CellClock(self.simulator),
            check_mode=check_mode,
            allow_side_effects=True,
        )
        self.clients.append(client)
        platform = platform_class(settings, client)
        if connect:
            platform.connect()
        return platform

    def _filled(self, value: Any) -> Any:
        return value.replace("{url}", self.server.url) if isinstance(value, str) else value

    def account(self, platform: Platform, name: str = "app-0001") -> Account:
        """Return one account, known as to a record that holds all its keys."""
        account = platform.account(AccountRef(name=name))
        return replace(account, known_keys=tuple(self.truth(name)) if name in self.ids else ())

    def truth(self, name: str = "app-0001") -> dict[str, str]:
        """Return what keys an account really has: access key -> status."""
        return self.simulator.keys_of(self.ids[name])

    def key(self, platform: Platform, name: str = "app-0001") -> AccessKey:
        """Return the one active key of an account, as the platform shows it."""
        keys = platform.access_keys(self.account(platform, name))
        return next(key for key in keys if key.status == ACTIVE and not key.immutable)

    def secrets(self) -> list[str]:
        """Return every secret of this world, the login's included."""
        given = [v for k, v in self.variant.options.items() if k in SECRET_OPTIONS]
        return [*self.simulator.secrets(), *given]

    def unsafe(self) -> list[str]:
        """Return the requests in the server's log that are more than a read or a login."""
        return [f"{e.method} {e.target}" for e in self.server.log if e.writes]


@functools.cache
def _server_of(process: int) -> SimulatorServer:
    return SimulatorServer(Simulator()).start()


def _shared_server() -> SimulatorServer:
    # By process: ansible-test forks for each test, and a thread stays behind in the parent.
    return _server_of(os.getpid())


@contextmanager
def open_cell(
    form: tuple[str, str], accounts: int = 3, *, own_server: bool = False
) -> Iterator[Cell]:
    """Serve a platform in one form, with accounts app-0001 and on, each with a key.

    own_server: for faults that may outlast the test.
    """
    name, label = form
    simulator_class = simulator_of(name)
    variant = simulator_class.VARIANTS[label]
    simulator = simulator_class(**variant.modes)
    ids = {
        account: simulator.add_account(account)
        for account in (f"app-{number:04d}" for number in range(1, accounts + 1))
    }
    # Starting and stopping a server takes 50 ms, and there are more than a thousand cells.
    server = SimulatorServer(simulator).start() if own_server else _shared_server()
    if not own_server:
        reset(server, simulator)
    cell = Cell(simulator, server, variant, name, ids)
    try:
        yield cell
    finally:
        for client in cell.clients:
            client.close()
        if own_server:
            server.stop()


Write = Callable[[], Any]


def writes_of(cell: Cell, platform: Platform) -> dict[str, Write]:
    """Return every write that this platform can do to app-0001, ready to be called."""
    facts = platform.facts
    account = cell.account(platform)
    found: dict[str, Write] = {}
    if facts.can_create:
        found["create"] = lambda: platform.create_access_key(account)
    if facts.can_regenerate:
        found["regenerate"] = lambda: platform.regenerate_access_key(account)
    if facts.can_regenerate and facts.can_choose_pair:
        found["regenerate with a chosen pair"] = lambda: platform.regenerate_access_key(
            account, pair=CHOSEN
        )
    if facts.shows_access_key:
        key = cell.key(platform)
        if facts.can_disable:
            found["disable"] = lambda: platform.set_access_key(key, INACTIVE)
        if facts.has_description:
            found["describe"] = lambda: platform.set_access_key(key, None, "seen by the contract")
        if facts.can_delete:
            found["delete"] = lambda: platform.delete_access_key(key)
    return found


def write_names(form: tuple[str, str]) -> list[str]:
    """Return the names of a form's writes."""
    with open_cell(form) as cell:
        return list(writes_of(cell, cell.platform()))


#: Every form with every write that it has.
WRITES = [(form, write) for form in FORMS for write in write_names(form)]


def forms_of(secret: str) -> set[str]:
    """Return a secret as it might turn up somewhere."""
    raw = secret.encode()
    return {
        secret,
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }


def leaks(texts: Union[str, list[str]], secrets: list[str]) -> list[str]:
    """Return the beginnings of the secrets that stand in a text, in any form."""
    text = texts if isinstance(texts, str) else "\n".join(texts)
    return [secret[:6] for secret in secrets if any(form in text for form in forms_of(secret))]
