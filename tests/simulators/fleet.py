# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many simulators at once, each with its S3 data plane, for people who play and for the demo."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Optional

from .base import Simulator, Variant
from .s3 import PROFILES, S3Simulator
from .server import SimulatorServer

BUCKET = "demo"
#: The accounts of a world that people look at: name, age in days, access keys.
ACCOUNTS = (
    ("backup", 200, 2),
    ("billing", 95, 1),
    ("cameras", 45, 1),
    ("logs", 12, 1),
    ("reports", 3, 2),
)
DAY = 86400.0
#: The form to play with, where the first one is not the most usual.
USUAL = {"ontap": "9.16.1", "commvault": "inline"}


@dataclass
class Endpoint:
    """One running simulator and its data plane."""

    #: "ontap", or "ontap-9.14.1" where a variant was asked for; also the endpoint's name.
    label: str
    platform: str
    variant: str
    simulator: Simulator
    server: SimulatorServer
    s3_server: SimulatorServer
    #: Module options: api_url, the login, the scope.
    options: dict[str, Any]
    #: Account -> its access keys, as they were when it started.
    accounts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def s3_url(self) -> str:
        """Where its data plane is."""
        base_path = self.s3_server.simulator.modes["base_path"]
        return self.simulator.own_s3_url or f"{self.s3_server.url}{base_path}"

    def as_dict(self) -> dict[str, Any]:
        """Return all that a client in another process needs."""
        with self.simulator.lock:
            pairs = {key: self.simulator.secret_of(key) for key in self.simulator.access_keys()}
        return {
            "platform": self.platform,
            "variant": self.variant,
            "url": self.options["api_url"],
            "s3_url": self.s3_url,
            "options": self.options,
            "accounts": self.accounts,
            "pairs": pairs,
        }

    def stop(self) -> None:
        """Stop serving."""
        self.server.stop()
        self.s3_server.stop()


def platforms() -> dict[str, type[Simulator]]:
    """Return the platforms that have a simulator: each file here with a SIMULATOR is one."""
    package = __name__.rpartition(".")[0]
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("_"):
            continue
        simulator = getattr(import_module(f"{package}.{module.name}"), "SIMULATOR", None)
        if simulator is not None:
            found[module.name] = simulator
    return found


def variant_of(simulator: type[Simulator], label: Optional[str]) -> tuple[str, Variant]:
    """Return a variant by its label or the only one that begins so, or the usual one.

    Raises LookupError, naming the labels there are.
    """
    variants = simulator.VARIANTS
    if label is None:
        label = USUAL.get(simulator.name, next(iter(variants)))
    fitting = [label] if label in variants else [v for v in variants if v.startswith(label)]
    if len(fitting) != 1:
        raise LookupError(f"{simulator.name} has no variant {label!r}, only: {', '.join(variants)}")
    return fitting[0], variants[fitting[0]]


def start(
    label: str,
    simulator_class: type[Simulator],
    variant: Optional[str] = None,
    *,
    seed: Optional[int] = None,
    latency: float = 0.0,
    port: int = 0,
) -> Endpoint:
    """Start one simulator and its data plane. seed: so many plain accounts instead of ACCOUNTS."""
    chosen, form = variant_of(simulator_class, variant)
    simulator = simulator_class(**form.modes)
    accounts = _populate(simulator, seed)
    server = SimulatorServer(simulator, port=port, latency=latency).start()
    data_plane = S3Simulator(simulator, **PROFILES.get(simulator.name, {}))
    data_plane.add_bucket(BUCKET)
    s3_server = SimulatorServer(data_plane, port=port + 1 if port else 0, latency=latency).start()
    options = {
        name: value.replace("{url}", server.url) if isinstance(value, str) else value
        for name, value in form.options.items()
    }
    options.update(simulator.login)
    options["api_url"] = server.url + simulator.BASE_PATH
    return Endpoint(label, simulator.name, chosen, simulator, server, s3_server, options, accounts)


def _populate(simulator: Simulator, seed: Optional[int]) -> dict[str, list[str]]:
    """Fill a world, each account at its age; return the access keys by account."""
    if seed is not None:
        simulator.seed(seed)
        return {}
    accounts: dict[str, list[str]] = {}
    for name, days, access_keys in ACCOUNTS:
        simulator.clock.advance(-days * DAY)
        account_id = simulator.add_account(name, access_keys)
        simulator.clock.advance(days * DAY)
        accounts[name] = list(simulator.keys_of(account_id))
    return accounts
