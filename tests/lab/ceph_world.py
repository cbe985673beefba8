# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world of the kill matrix whose platform and data plane are a real Ceph gateway, in real time.

Runners are processes that send their requests themselves, over http or TLS, and get SIGKILL before
a request, amid it, or once its answer has come. Copies of the world are made by putting back the
keys of its users.
"""

from __future__ import annotations

import copy
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ansible_collections.objectstore.credentials.tests.kill import wire
from ansible_collections.objectstore.credentials.tests.kill.forms import STORE_PORT, Form
from ansible_collections.objectstore.credentials.tests.kill.keepers import Keeper
from ansible_collections.objectstore.credentials.tests.kill.plan import Action, Plan
from ansible_collections.objectstore.credentials.tests.kill.virtual import (
    BIRTH,
    Memory,
    WorldClock,
)
from ansible_collections.objectstore.credentials.tests.kill.world import Step, World
from ansible_collections.objectstore.credentials.tests.lab.ceph_gateway import (
    CephGateway,
    Rows,
    running_cluster,
)
from ansible_collections.objectstore.credentials.tests.simulators import ceph_rgw
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator

#: Uid -> access key -> secret key.
Pairs = dict[str, dict[str, str]]


class RealMemory(Memory):
    """Real time, told in the seconds of a world; it passes by itself."""

    def copy(self) -> Memory:
        """Return the same: there is but one."""
        return self

    @property
    def seconds(self) -> float:
        """Seconds since a world's birth."""
        return time.time() - BIRTH.timestamp()

    def advance(self, seconds: float) -> None:
        """Do nothing: what takes time takes it."""


class Truth(CephGateway):
    """What is true at the gateway, asked for again only after something may have changed it."""

    def __init__(self, clock: WorldClock) -> None:
        super().__init__(clock)
        self._rows: dict[str, Rows] = {}
        self._honoured: dict[tuple[str, str], bool] = {}

    def refresh(self) -> None:
        """Forget what was asked for."""
        self._rows.clear()
        self._honoured.clear()

    def _rows_of(self, uid: str) -> Rows:
        if uid not in self._rows:
            self._rows[uid] = self.behind.rows(uid)
        return self._rows[uid]

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what keys a user has."""
        return {row["access_key"]: "active" for row in self._rows_of(account_id)}

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return a key's secret, if a signed S3 request with it is honoured."""
        for row in [row for rows in self._rows.values() for row in rows]:
            if row["access_key"] == access_key:
                pair = (access_key, str(row["secret_key"]))
                if pair not in self._honoured:
                    self._honoured[pair] = self.behind.is_honoured(*pair)
                return pair[1] if self._honoured[pair] else None
        return super().secret_of(access_key)

    def pairs_of(self, uids: list[str]) -> Pairs:
        """Return the pairs of users."""
        return {
            uid: {row["access_key"]: str(row["secret_key"]) for row in self._rows_of(uid)}
            for uid in uids
        }

    def put_back(self, wanted: Pairs) -> None:
        """Give users the keys that they had, and no other."""
        self.refresh()
        for uid, now in self.pairs_of(list(wanted)).items():
            for access_key in set(now) - set(wanted[uid]):
                self.behind.must("DELETE", "key", uid=uid, access_key=access_key)
            for access_key, secret_key in wanted[uid].items():
                if now.get(access_key) != secret_key:
                    self.behind.make_key(uid, access_key, secret_key)
        self.refresh()


class CephWorld(World):
    """See the file's head."""

    is_repeatable = False
    simulator: Truth

    def __init__(self, form: Form, keeper: Keeper, directory: Path) -> None:
        super().__init__(form, keeper, directory)
        self.memory = self.clock.memory = RealMemory()
        self._at_first: Optional[Pairs] = None
        self._under_way: Optional[tuple[Step, Optional[Action], str]] = None

    def copied(self, directory: Path) -> World:
        """Return the world as it was at the first copy: files of its own, the keys put back."""
        shutil.copytree(self.directory, directory)
        if self._at_first is None:
            self._at_first = self.simulator.pairs_of(list(self.ids.values()))
        self.simulator.put_back(self._at_first)
        world = copy.copy(self)
        world.directory = directory
        for name in ("ids", "planted", "moments", "steps", "landings", "told"):
            setattr(world, name, copy.copy(getattr(self, name)))
        return world

    def plant(self, name: str = "app-0001") -> str:
        """Give an account a colleague's key."""
        self.simulator.refresh()
        return super().plant(name)

    def answer(self, message: tuple[Any, ...], number: int, plan: Plan) -> tuple[Any, ...]:
        """Do what a runner's step asks for, or note how a request of its own came out."""
        if message[0] == wire.SENT:
            return self._sent(int(message[1]))
        return super().answer(message, number, plan)

    def _exchange(
        self, message: tuple[Any, ...], step: Step, action: Optional[Action]
    ) -> tuple[Any, ...]:
        if message[1] == STORE_PORT:
            return super()._exchange(message, step, action)
        if action and action.name == "kill before":
            return (wire.DIE,)
        self._under_way = (step, action, str(message[2]))
        return (wire.SEND, action.seconds if action and action.name == "kill amid" else 0.0)

    def _sent(self, status: int) -> tuple[Any, ...]:
        assert self._under_way is not None
        step, action, method = self._under_way
        step.note += f" -> {status}"
        if method != "GET":
            before = self._keys()
            self._changed(step)
            if action is None:
                self.told.update(dict.fromkeys(self._keys() - before, self.runs))
        if action and action.name == "kill after":
            return (wire.DIE,)
        return (wire.GO,)

    def _changed(self, step: Step) -> None:
        """Look what a write did."""
        uids = list(self.ids.values())
        before = self.simulator.pairs_of(uids)
        self.simulator.refresh()
        if self.simulator.pairs_of(uids) != before:
            self.simulator.commit(step.label.partition("?")[0])
            step.changes = [self.simulator.commits[-1].what]
        self.look(step.label.partition("?")[0])

    def after_run(self, action: Optional[Action]) -> None:
        """Look again: of a runner that was killed amid a request nobody knows how it ended."""
        time.sleep(0.05)
        if self.steps:
            self._changed(self.steps[-1])
        super().after_run(action)

    def let_pass(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True)
class CephForm(Form):
    """A real gateway, reached over http or TLS."""

    over_tls: bool = False

    def simulator(self, clock: WorldClock) -> Simulator:
        """Return the gateway, emptied."""
        return Truth(clock)

    def plant(self, simulator: Any, account_id: str) -> None:
        """Give an account one more key behind the API's back."""
        simulator.behind.make_key(account_id, simulator.token(20), simulator.token(40))
        simulator.refresh()

    def data_plane(self, simulator: Simulator) -> Any:
        """Return the gateway: it is both."""
        return simulator

    @property
    def url(self) -> str:
        """Where the gateway is."""
        gateway = running_cluster().gateway
        return gateway.tls_url if self.over_tls else gateway.url

    def options(self, simulator: Simulator) -> dict[str, Any]:
        """Return the module's options that reach it."""
        reached = {"api_url": self.url, "endpoint": "lab", "parallelism": 1}
        if self.over_tls:
            reached["ca_path"] = running_cluster().gateway.ca_path
        return {**ceph_rgw.SIMULATOR.VARIANTS["16.2"].options, **reached}

    def verify(self) -> dict[str, Any]:
        """Return the option verify."""
        options: dict[str, Any] = {"s3_url": self.url, "successes": 1}
        if self.over_tls:
            options["ca_path"] = running_cluster().gateway.ca_path
        return options


FORMS = {
    form.label: form
    for form in (
        CephForm(
            "ceph-real",
            "ceph_rgw",
            "16.2",
            "overlap, chosen pair, no disable",
            has_room=True,
            world_class=CephWorld,
        ),
        CephForm(
            "ceph-real-tls",
            "ceph_rgw",
            "16.2",
            "overlap, chosen pair, no disable",
            has_room=True,
            world_class=CephWorld,
            over_tls=True,
        ),
    )
}
