# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform ose at a simulator of its own, for its tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_status import (
    Wanted,
    set_credential_status,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ose import Ose
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult
from ansible_collections.objectstore.credentials.tests.simulators.ose import OseSimulator
from ansible_collections.objectstore.credentials.tests.simulators.ose_world import (
    PASSWORD,
    USERNAME,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    reset,
    settings_for,
)

FRONT: dict[str, Any] = {"flavor": "ose"}


class Lab:
    """A simulator with modes, and platforms opened at it."""

    def __init__(self, server: SimulatorServer, modes: Mapping[str, Any]) -> None:
        self.sim = OseSimulator(**modes)
        reset(server, self.sim)
        self.server = server
        self.clients: list[Client] = []
        self.alice = self.sim.add_account("alice", access_keys=2)
        self.bob = self.sim.add_account("bob")
        self.key, self.other_key = list(self.sim.keys_of(self.alice))[:2]

    def open(
        self, *, check_mode: bool = False, effects: bool = False, scope: Any = None, **changes: Any
    ) -> Ose:
        """Return the platform, not yet connected."""
        front = self.sim.modes["flavor"] == "ose"
        defaults = {"flavor": "osis", "tenant": None, "login_url": None}
        if front:
            defaults = {"flavor": "ose", "tenant": "acme", "login_url": self.server.url}
        login = {
            "api_username": f"{USERNAME}@acme" if front else USERNAME,
            "api_password": PASSWORD,
        }
        settings = settings_for(
            self.server.url + self.sim.BASE_PATH,
            platform="ose",
            scope={**defaults, **(scope or {})},
            **{**login, **changes},
        )
        client = Client(
            settings,
            Redactor(),
            RecordingClock(),
            check_mode=check_mode,
            allow_side_effects=effects,
        )
        self.clients.append(client)
        return Ose(settings, client)

    def connected(self, **options: Any) -> Ose:
        """Return the platform, connected."""
        platform = self.open(**options)
        platform.connect()
        return platform

    def find(self, platform: Ose, access_key: str = "", user: str = "") -> AccessKey:
        """Return a key of alice, by default."""
        return platform.find_access_key(
            access_key or self.key, AccountRef.parse(user) if user else None
        )

    def switch(self, status: str, access_key: str = "", **options: Any) -> AccountResult:
        """Run the whole operation on one key."""
        disrupt = bool(options.pop("disrupt", True))
        check_mode = bool(options.get("check_mode"))
        platform = self.open(**options)
        wanted = Wanted([access_key or self.key], None, status, None, allow_disruption=disrupt)
        outcome = set_credential_status(platform, wanted, check_mode=check_mode, parallelism=1)
        return outcome.accounts[0]

    def truth(self) -> str:
        """Return what the first key of alice really is."""
        return self.sim.keys_of(self.alice)[self.key]

    def sent(self, method: str) -> list[tuple[str, Any]]:
        """Return path with query and body of the requests with a method."""
        return [
            (entry.target, json.loads(entry.body) if entry.body else None)
            for entry in self.server.log
            if entry.method == method
        ]
