# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform in one form with its S3 service, a secret store in files, and runs over both.

Every lab watches its world (see watch): a test that uses one fails when a rule is broken that no
rotation may ever break, whatever else the test asks.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.access_key_rotate import (
    rotate_access_keys,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.escrow import Escrow
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.journal import Journal
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_options import (
    SPEC,
    RotateOptions,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.none import NoStore
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import Verifier
from ansible_collections.objectstore.credentials.tests.simulators.s3 import PROFILES, S3Simulator
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract import (
    cells,
)

from .lab_store import PASSWORD, LabStore, StoreFaults
from .watch import Watch
from .wire import FixedClock, Host, Killed, Network, wired

DAY = 86400.0
ACCOUNT = "app-0001"
#: One form for each class of platform facts.
LABELLED = ("huawei", "v3.0 access key")
TWO_KEYS = ("huawei", "v5")
UNLABELLED = ("ose", "osis")
NO_DISABLE = ("ose", "osis-ceph")
ADVISORY = ("ose", "osis-scality")
FRONT = ("ose", "front")
IN_PLACE = ("ontap", "9.14.1, login of the SVM")
CHOSEN = ("ontap", "9.16.1")
TWO_SLOTS = ("ontap", "9.19.1")
UNSEEN = ("commvault", "inline")
EMAIL = ("commvault", "email")
OVERLAP = (LABELLED, TWO_KEYS, UNLABELLED, NO_DISABLE, ADVISORY, FRONT, TWO_SLOTS)
REPLACING = (IN_PLACE, CHOSEN, UNSEEN)
Form = tuple[str, str]
#: Platform -> what is done over the wire: method, and a regular expression of path and query.
_CALLS: dict[str, dict[str, tuple[str, str]]] = {
    "huawei": {"create": ("POST", "(credentials|access-keys)$"), "set": ("PUT", "/")},
    "ose": {"create": ("POST", "credentials$"), "set": ("PATCH", "/")},
    "ontap": {
        "create": ("PATCH", "regenerate"),
        "regenerate": ("PATCH", "regenerate|users"),
        "delete": ("PATCH", "delete_keys"),
    },
    "commvault": {"regenerate": ("PUT", "s3accesskey")},
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


@dataclass
class Opened:
    """What one run works with."""

    platform: Platform
    store: SecretStore
    verifier: Verifier
    journal: Journal


class Lab:
    """One endpoint to rotate at."""

    def __init__(
        self, form: tuple[str, str], folder: Path, accounts: int = 1, **modes: Any
    ) -> None:
        self.name, label = form
        self.folder = folder
        simulator_class = cells.simulator_of(self.name)
        self.variant = simulator_class.VARIANTS[label]
        world = FixedClock()
        self.simulator: Any = simulator_class(world, **{**self.variant.modes, **modes})
        self.network = Network(world)
        self.host: Host = self.network.host(self.simulator)
        profile = {n: v for n, v in PROFILES.get(self.name, {}).items() if n != "addressing"}
        self.s3_simulator = S3Simulator(self.simulator, **profile)
        self.s3: Host = self.network.host(self.s3_simulator)
        self.ids: dict[str, str] = {}
        self.runs = 0
        self.clock = LabClock(self.network)
        self.verify: dict[str, Any] = {}
        #: Options of every run, unless it says otherwise; module options of the platform.
        self.usual: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        self.has_store = True
        self.password = PASSWORD
        self.has_escrow = True
        self.store_faults = StoreFaults()
        self.last: Optional[Outcome] = None
        if self.name == "commvault":
            self.verify = {"bucket": "vault-1"}
            self.usual["key_delivery"] = "email" if label == "email" else "inline"
        for number in range(1, accounts + 1):
            self.add(f"app-{number:04d}")
        (folder / "escrow").mkdir(parents=True, exist_ok=True)
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
            return next(k for k in platform.access_keys(account) if k.access_key == access_key)

    # --- runs ------------------------------------------------------------------------------------

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

    @contextlib.contextmanager
    def opened(self, check_mode: bool = False, **changed: Any) -> Iterator[Opened]:
        """Open everything for one run."""
        self.runs += 1
        redactor, run = Redactor(), f"run-{self.runs:03d}"
        platform = self._platform(redactor, check_mode, changed)
        with contextlib.ExitStack() as stack:
            stack.callback(platform.client.close)
            context = StoreContext(self.clock, redactor, run, check_mode=check_mode, environ={})
            store = self.open_store(context)
            stack.callback(store.close)
            s3_url = self.s3.url + str(self.s3_simulator.modes["base_path"])
            verifier = Verifier(
                {"s3_url": s3_url, **self.verify}, platform.settings, redactor, self.clock
            )
            stack.callback(verifier.close)
            journal = Journal(
                str(self.folder / "journal"),
                run=run,
                platform=platform.name,
                endpoint="lab",
                clock=self.clock,
                redactor=redactor,
            )
            stack.callback(journal.close)
            with wired(self.network):
                yield Opened(platform, store, verifier, journal)

    def wanted(self, **params: Any) -> RotateOptions:
        """Return the options of a task."""
        values: dict[str, Any] = {name: spec.get("default") for name, spec in SPEC.options.items()}
        values.update({**self.usual, **params})
        if not values.get("all") and not values.get("users"):
            values["users"] = [ACCOUNT]
        return RotateOptions.parse(values, has_store=self.has_store)

    def run(self, check_mode: bool = False, **params: Any) -> Outcome:
        """Do what one call of the module does."""
        settings = {name: params.pop(name) for name in ("parallelism",) if name in params}
        wanted = self.wanted(**params)
        with self.opened(check_mode, **settings) as tools:
            escrow = None
            if self.has_escrow and self.has_store:
                escrow = Escrow(str(self.folder / "escrow"), tools.store)
            self.last = rotate_access_keys(
                tools.platform,
                tools.store,
                tools.verifier,
                tools.journal,
                wanted,
                run=tools.store.context.run,
                check_mode=check_mode,
                parallelism=tools.platform.settings.parallelism,
                escrow=escrow,
            )
        return self.last

    def one(self, check_mode: bool = False, **params: Any) -> AccountResult:
        """Run over one account and return its result."""
        results = self.run(check_mode, **params).accounts
        assert len(results) == 1, results
        return results[0]

    def adopt(self, **params: Any) -> AccountResult:
        """Take the account over by rotating it."""
        result = self.one(adopt="rotate", **params)
        assert result.action in ("rotated", "delivered"), (result.action, result.why)
        return result

    def killed(self, **params: Any) -> None:
        """Do a run that a fault kills."""
        with pytest.raises(Killed):
            self.run(**params)
        self.store_faults.clear()

    def call(self, verb: str) -> dict[str, Any]:
        """Return how a fault finds a call: create, regenerate, disable, enable or delete."""
        calls = _CALLS[self.name]
        if verb in ("disable", "enable"):
            verb = "set"
        elif verb == "delete" and verb not in calls:
            return {"method": "DELETE", "path": "/"}
        method, path = calls[verb]
        return {"method": method, "path": path}

    def kill_before_answer(self, verb: str, skip: int = 0) -> None:
        """Let the next run die when the platform has done such a call, before it answers."""
        left = [skip]
        method, path = self.call(verb)["method"], self.call(verb)["path"]

        def hook(sent: str, url: str) -> None:
            if sent == method and re.search(path, url, re.IGNORECASE):
                if left[0] == 0:
                    self.network.after.remove(hook)
                    raise Killed
                left[0] -= 1

        self.network.after.append(hook)

    def managed(self, **params: Any) -> str:
        """Bring the account under management, its old keys gone; return its access key."""
        self.adopt(**params)
        if self.facts.overlap:
            self.settle_down()
        assert self.rec().retiring == () or not self.facts.overlap
        self.watch.story.clear()
        self.log.clear()
        self.s3.log.clear()
        return self.current()

    def settle_down(self, **params: Any) -> None:
        """Let old keys run through grace and soak until they are gone."""
        for _unused in range(3):
            self.later(8)
            result = self.one(**params)
            assert not result.has_failed, result.why

    # --- the secret store ------------------------------------------------------------------------

    def open_store(self, context: StoreContext) -> SecretStore:
        """Return the secret store, opened."""
        store: SecretStore
        if not self.has_store:
            store = NoStore({}, context)
        else:
            options = {name: spec.get("default") for name, spec in AnsibleVault.OPTIONS.items()}
            options.update(path=str(self.folder / "records"), vault_password=self.password)
            store = LabStore(options, context, self.store_faults, self.watch.stored_now)
        store.open()
        return store

    def record(self, account: str = ACCOUNT) -> Optional[Record]:
        """Return what the store has of an account."""
        context = StoreContext(self.clock, Redactor(), "look", environ={})
        options = {name: spec.get("default") for name, spec in AnsibleVault.OPTIONS.items()}
        options.update(path=str(self.folder / "records"), vault_password=self.password)
        store = AnsibleVault(options, context)
        store.open()
        stored = store.read(Place(self.name, "lab", account))
        store.close()
        return stored.record if stored else None

    def rec(self, account: str = ACCOUNT) -> Record:
        """Return the record of an account that must have one."""
        record = self.record(account)
        assert record is not None
        return record

    def current(self, account: str = ACCOUNT) -> str:
        """Return the access key that the record says is current."""
        record = self.rec(account)
        assert record.current is not None
        assert record.current.access_key is not None
        return record.current.access_key

    def stored_pair_works(self, account: str = ACCOUNT) -> bool:
        """Tell whether the current pair of the record is honoured by the platform."""
        record = self.record(account)
        if record is None or record.current is None:
            return False
        pair = record.current.pair()
        return pair is not None and self.simulator.secret_of(pair.access_key) == pair.secret_key

    def backup(self) -> Path:
        """Copy the secret store as a backup does; return where to."""
        copy = self.folder / f"backup-{self.runs}"
        shutil.copytree(self.folder / "records", copy, dirs_exist_ok=True)
        return copy

    def restore(self, copy: Path) -> None:
        """Put a backup in the place of the secret store."""
        shutil.rmtree(self.folder / "records")
        shutil.copytree(copy, self.folder / "records")
        self.watch.forget_records()

    def lines(self, account: str = ACCOUNT) -> list[dict[str, Any]]:
        """Return what the journal says of an account, in the order of its chains."""
        found: list[dict[str, Any]] = []
        for path in sorted((self.folder / "journal").rglob("*")):
            if path.is_file():
                found += [json.loads(line) for line in path.read_text().splitlines()]
        return [line for line in found if line.get("account") == account]

    def events(self, account: str = ACCOUNT) -> list[str]:
        """Return the events that the journal has of an account."""
        return [line["event"] for line in self.lines(account)]

    def files(self) -> dict[str, bytes]:
        """Return every file below the lab's folder."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


def _filled(value: Any, url: str) -> Any:
    return value.replace("{url}", url) if isinstance(value, str) else value


@contextlib.contextmanager
def open_lab(form: tuple[str, str], folder: Path, accounts: int = 1, **modes: Any) -> Iterator[Lab]:
    """Make a lab; at its end no rule that always holds may have been broken in it."""
    lab = Lab(form, folder, accounts, **modes)
    yield lab
    assert not lab.watch.violations, lab.watch.violations
