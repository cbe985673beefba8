# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated platform, a server of it, and the platforms that log in there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, reset

Sim = TypeVar("Sim", bound=Simulator)
Plat = TypeVar("Plat", bound=Platform)


class PlatformLab(Generic[Sim, Plat]):
    """What is special about a platform is tested here, and begins with an empty world."""

    SIMULATOR: ClassVar[type[Any]]
    PLATFORM: ClassVar[type[Any]]
    #: The options of a login where a test names none.
    LOGIN: ClassVar[Mapping[str, Any]]

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.clock = self.make_clock()
        self._clients: list[Client] = []
        self.sim: Sim = self.use()

    def make_clock(self) -> RecordingClock:
        """Return the clock of the platforms."""
        return RecordingClock()

    def use(self, **modes: Any) -> Sim:
        """Give the server a new world with these modes."""
        self.sim = self.SIMULATOR(**modes)
        reset(self.server, self.sim)
        return self.sim

    def given(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the login and scope that a test means by its options: those, or the usual."""
        return options or self.LOGIN

    def open(self, check_mode: bool = False, **options: Any) -> Plat:
        """Return a platform with these options, not connected yet."""
        platform = self.PLATFORM
        given = {"api_url": self.server.url, "endpoint": "lab", **self.given(options)}
        settings = resolve(given, platform.name, platform.SCOPE, {}, usual_url=platform.usual_url)
        client = Client(settings, Redactor(), self.clock, check_mode=check_mode)
        self._clients.append(client)
        opened: Plat = platform(settings, client)
        return opened

    def ready(self, **options: Any) -> Plat:
        """Return a platform that is connected."""
        platform = self.open(**options)
        platform.connect()
        return platform

    def account(self, name: str = "backup", access_keys: int = 1, **fields: Any) -> Account:
        """Make a user, with fields of the simulator's own, and return it as an account."""
        user_id = self.sim.add_account(name, access_keys)
        for field, value in fields.items():
            setattr(self.user(user_id), field, value)
        return Account(name=name, id=user_id)

    def user(self, user_id: str) -> Any:
        """Return what the simulator has of a user."""
        return self.sim.world.users[user_id]  # type: ignore[attr-defined]  # each has its own

    def asked(self, method: str = "") -> list[str]:
        """Return the targets of the requests so far, or of those of one method."""
        return [e.target for e in self.server.log if not method or e.method == method]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()
