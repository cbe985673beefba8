# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of the lab: a platform in one form, its S3 service, its clock, and its operators."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.s3 import PROFILES, S3Simulator
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract import (
    cells,
)

from .watch import Watch
from .wire import FixedClock, Host, Network, wired

DAY = 86400.0
ACCOUNT = "app-0001"
#: One form for each class of platform facts.
LABELLED = ("huawei", "v3.0 access key")
TWO_KEYS = ("huawei", "v5")
AWS = ("aws", "slow")
UNLABELLED = ("ose", "osis")
NO_DISABLE = ("ose", "osis-ceph")
ADVISORY = ("ose", "osis-scality")
FRONT = ("ose", "front")
HIDDEN = ("storagegrid", "v4")
OWN_PAIR = ("ceph_rgw", "with active")
IN_PLACE = ("ontap", "9.14.1, login of the SVM")
CHOSEN = ("ontap", "9.16.1")
TWO_SLOTS = ("ontap", "9.19.1")
UNSEEN = ("commvault", "inline")
EMAIL = ("commvault", "email")
OVERLAP = (
    LABELLED,
    TWO_KEYS,
    AWS,
    UNLABELLED,
    NO_DISABLE,
    ADVISORY,
    FRONT,
    TWO_SLOTS,
    HIDDEN,
    OWN_PAIR,
)
REPLACING = (IN_PLACE, CHOSEN, UNSEEN)
Form = tuple[str, str]
#: Platform -> what is done over the wire: method, and a regular expression of path and query.
_CALLS: dict[str, dict[str, tuple[str, str]]] = {
    "aws": {"create": ("POST", "CreateAccessKey"), "set": ("PUT", "/")},
    "ceph_rgw": {"create": ("PUT", "secret-key="), "set": ("PUT", "active=")},
    "huawei": {"create": ("POST", "(credentials|access-keys)$"), "set": ("PUT", "/")},
    "ose": {"create": ("POST", "credentials$"), "set": ("PATCH", "/")},
    "ontap": {
        "create": ("PATCH", "regenerate"),
        "regenerate": ("PATCH", "regenerate|users"),
        "delete": ("PATCH", "delete_keys"),
    },
    "commvault": {"regenerate": ("PUT", "s3accesskey")},
    "storagegrid": {"create": ("POST", "s3-access-keys$")},
}


class LabClock(Clock):
    """Follows the simulators' clock; to sleep is to let time pass on the wire."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.slept = 0.0
        #: Seconds by which this machine's clock is off.
        self.wrong_by = 0.0

    def now(self) -> dt.datetime:
        """Return the simulators' time."""
        return self.network.clock.now() + dt.timedelta(seconds=self.wrong_by)

    def monotonic(self) -> float:
        """Return the time slept."""
        return self.slept

    def sleep(self, seconds: float) -> None:
        """Move the time on."""
        if seconds > 0:
            self.slept += seconds
            self.network.pass_time(seconds)


class LabWorld:
    """One endpoint, as it is whoever runs."""

    def __init__(
        self, form: tuple[str, str], folder: Path, accounts: int = 1, **modes: Any
    ) -> None:
        self.name, label = form
        self.folder = folder
        simulator_class = cells.simulator_of(self.name)
        self.variant = simulator_class.VARIANTS[label]
        world = FixedClock()
        if "lists_login" in simulator_class.MODES:
            modes.setdefault("lists_login", False)  # nobody is there but the test's accounts
        self.simulator: Any = simulator_class(world, **{**self.variant.modes, **modes})
        self.network = Network(world)
        self.host: Host = self.network.host(self.simulator)
        profile = {n: v for n, v in PROFILES.get(self.name, {}).items() if n != "addressing"}
        self.s3_simulator = S3Simulator(self.simulator, **profile)
        self.s3: Host = self.network.host(self.s3_simulator)
        self.ids: dict[str, str] = {}
        self.clock = LabClock(self.network)
        self.verify: dict[str, Any] = {}
        #: Options of every run, unless it says otherwise; module options of the platform.
        self.usual: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        if self.name == "commvault":
            self.verify = {"bucket": "vault-1"}
            self.usual["key_delivery"] = "email" if label == "email" else "inline"
        for number in range(1, accounts + 1):
            self.add(f"app-{number:04d}")
        folder.mkdir(parents=True, exist_ok=True)
        self.facts = self.open_platform().facts
        if not self.facts.overlap:
            self.usual["allow_disruption"] = True
        self.host.log.clear()
        self.watch = Watch(self.simulator, self.ids, self.facts)

    # --- the world -------------------------------------------------------------------------------

    def add(self, name: str, access_keys: int = 1) -> str:
        """Make an account behind the API's back; return its identifier."""
        self.ids[name] = self.simulator.add_account(name, access_keys)
        if hasattr(self, "watch"):
            self.watch.look_again()
        return self.ids[name]

    def later(self, days: float = 0.0, seconds: float = 0.0) -> None:
        """Let time pass."""
        self.network.pass_time(days * DAY + seconds)

    @property
    def faults(self) -> Any:
        """The faults waiting at the platform."""
        return self.host.faults

    @property
    def log(self) -> list[Any]:
        """The requests that reached the platform."""
        return self.host.log

    @property
    def writes(self) -> int:
        """How many changes the platform made so far."""
        return int(self.simulator.writes)

    def truth(self, name: str = ACCOUNT) -> dict[str, str]:
        """Return what keys an account really has: access key -> status."""
        return dict(self.simulator.keys_of(self.ids[name]))

    def only(self, name: str = ACCOUNT) -> str:
        """Return the one active key that an account really has."""
        (access_key,) = [key for key, status in self.truth(name).items() if status == "active"]
        return access_key

    def call(self, verb: str) -> dict[str, Any]:
        """Return how a fault finds a call: create, regenerate, disable, enable or delete."""
        calls = _CALLS[self.name]
        if verb in ("disable", "enable"):
            verb = "set"
        elif verb == "delete" and verb not in calls:
            return {"method": "DELETE", "path": "/"}
        method, path = calls[verb]
        return {"method": method, "path": path}

    # --- the operator ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def operator(self) -> Iterator[Platform]:
        """Give a login of the operator's own; what is done with it is outside interference."""
        with self.watch.outside(), wired(self.network):
            yield self.open_platform()

    def make_key(self, name: str = ACCOUNT) -> str:
        """Let a colleague make one more key for an account; return it."""
        with self.operator() as platform:
            account = platform.account(AccountRef(name=name))
            pair = platform.new_pair() if platform.facts.can_choose_pair else None
            issued = platform.create_access_key(account, pair=pair)
            assert issued.pair is not None
            return issued.pair.access_key

    def regenerate(self, name: str = ACCOUNT) -> None:
        """Let a colleague replace the key of an account."""
        with self.operator() as platform:
            account = platform.account(AccountRef(name=name))
            pair = platform.new_pair() if platform.facts.can_choose_pair else None
            platform.regenerate_access_key(account, pair=pair)

    def set_key(self, access_key: str, status: str, name: str = ACCOUNT) -> None:
        """Let a colleague enable, disable or delete ("deleted") a key."""
        with self.operator() as platform:
            key = self.shown(access_key, name, platform)
            if status == "deleted":
                platform.delete_access_key(key)
            else:
                platform.set_access_key(key, status)

    def shown(
        self, access_key: str, name: str = ACCOUNT, platform: Optional[Platform] = None
    ) -> AccessKey:
        """Return a key as the platform shows it."""
        platform = platform or self.open_platform()
        with wired(self.network):
            account = platform.account(AccountRef(name=name))
            names = (access_key, self.simulator.name_of(access_key))
            return next(k for k in platform.access_keys(account) if k.access_key in names)

    def open_platform(self, check_mode: bool = False, **changed: Any) -> Platform:
        """Return the platform, connected, with a client of its own."""
        platform = self._platform(Redactor(), check_mode, changed)
        with wired(self.network):
            platform.connect()
        return platform

    def _platform(self, redactor: Redactor, check_mode: bool, changed: dict[str, Any]) -> Platform:
        given = {
            "api_url": self.host.url + self.simulator.BASE_PATH,
            "endpoint": "lab",
            **{k: _filled(v, self.host.url) for k, v in self.variant.options.items()},
            **self.settings,
            **changed,
        }
        settings = resolve(given, self.name, PLATFORMS[self.name].SCOPE, environ={})
        client = Client(
            settings, redactor, self.clock, check_mode=check_mode, allow_side_effects=True
        )
        return PLATFORMS[self.name](settings, client)


def _filled(value: Any, url: str) -> Any:
    return value.replace("{url}", url) if isinstance(value, str) else value
