# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with a mirror: two platforms and S3 services on one wire, one record; both are watched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.mirrored_open import open_site
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.simulators.s3 import PROFILES, S3Simulator
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract import (
    cells,
)

from .lab import ACCOUNT, Lab, Opened
from .lab_store import LabStore
from .watch import Watch
from .wire import Host, Killed, wired

MIRROR = "far"


class MirrorLab(Lab):
    """One endpoint, called lab, and a mirror of it, called far."""

    def __init__(
        self,
        form: tuple[str, str],
        folder: Path,
        accounts: int = 1,
        far_form: Optional[tuple[str, str]] = None,
        **modes: Any,
    ) -> None:
        super().__init__(form, folder, accounts, **modes)
        name, label = far_form or form
        simulator_class = cells.simulator_of(name)
        self.far_variant = simulator_class.VARIANTS[label]
        another = simulator_class.another()
        self.far: Any = another(self.network.clock, **self.far_variant.modes)
        self.far_host: Host = self.network.host(self.far)
        profile = {n: v for n, v in PROFILES.get(name, {}).items() if n != "addressing"}
        self.far_s3: Host = self.network.host(S3Simulator(self.far, **profile))
        self.far_ids = {known: self.far.add_account(known, 0) for known in self.ids}
        #: More options of the mirror's entry; and whether runs name it.
        self.entry: dict[str, Any] = {}
        self.is_mirrored = True
        #: What was sent where: "lab", "far", and their S3 services.
        self.sent: list[tuple[str, str]] = []
        names = {
            self.host.url: "lab",
            self.s3.url: "lab s3",
            self.far_host.url: MIRROR,
            self.far_s3.url: "far s3",
        }
        self.network.before.append(
            lambda method, url: self.sent.append(
                (next(name for at, name in names.items() if url.startswith(at)), method)
            )
        )
        self.far_watch = Watch(self.far, self.far_ids, self.facts)

    @property
    def mirrors(self) -> list[dict[str, Any]]:
        """The option mirrors."""
        given = {
            k: v.replace("{url}", self.far_host.url) if isinstance(v, str) else v
            for k, v in self.far_variant.options.items()
        }
        s3_url = self.far_s3.url + str(self.s3_simulator.modes["base_path"])
        url = self.far_host.url + self.far.BASE_PATH
        return [{"endpoint": MIRROR, "api_url": url, "s3_url": s3_url, **given, **self.entry}]

    @contextlib.contextmanager
    def opened(self, check_mode: bool = False, **changed: Any) -> Iterator[Opened]:
        """Open everything for one run, the mirror too."""
        with contextlib.ExitStack() as stack:
            tools = stack.enter_context(super().opened(check_mode, **changed))
            if self.is_mirrored:
                verify = {"s3_url": tools.verifier.options.s3_url, **self.verify}
                params = {"verify": verify, "mirrors": self.mirrors}
                site = stack.enter_context(open_site(params, tools.platform, self.clock))
                tools = Opened(site.platform, tools.store, site.verifier, tools.journal)
            yield tools

    def open_store(self, context: StoreContext) -> SecretStore:
        """Return the secret store; both watches are told of what it keeps."""
        store = super().open_store(context)
        if isinstance(store, LabStore):
            store.listeners.append(self._told)
        return store

    def _told(self, place: Place, record: Record) -> None:
        if hasattr(self, "far_watch"):
            self.far_watch.stored_now(place, record)

    # --- the mirror ------------------------------------------------------------------------------

    def far_truth(self, name: str = ACCOUNT) -> dict[str, str]:
        """Return what keys an account really has at the mirror."""
        return dict(self.far.keys_of(self.far_ids[name]))

    def both(self) -> tuple[list[str], list[str]]:
        """Return the access keys at the endpoint and at the mirror."""
        return sorted(self.truth()), sorted(self.far_truth())

    @contextlib.contextmanager
    def far_operator(self) -> Iterator[Platform]:
        """Give a login of the mirror's operator."""
        site = self.mirrors[0]
        names = ("api_url", "endpoint", *self.far_variant.options)
        given = {name: site[name] for name in names}
        with self.far_watch.outside(), wired(self.network):
            yield self._platform(Redactor(), check_mode=False, changed=given)

    def far_set(self, pair: Optional[Pair] = None, name: str = ACCOUNT) -> str:
        """Let the mirror's operator give an account a pair, by default one made up; return it."""
        with self.far_operator() as platform:
            platform.connect()
            account = platform.account(AccountRef(name=name))
            issued = platform.regenerate_access_key(account, pair=pair or platform.new_pair())
            assert issued.pair is not None
            return issued.pair.access_key

    def far_delete(self, name: str = ACCOUNT) -> None:
        """Let the mirror's operator delete the keys of an account."""
        with self.far_operator() as platform:
            platform.connect()
            account = platform.account(AccountRef(name=name))
            for key in platform.access_keys(account):
                platform.delete_access_key(key)

    def same(self, name: str = ACCOUNT) -> None:
        """Let the mirror's operator set the very pair that the endpoint has."""
        key = self.only(name)
        self.far_set(Pair(key, self.simulator.secret_of(key)), name)

    def managed(self) -> str:
        """Bring the account under management with one pair at both."""
        self.same()
        found = super().managed()
        self.far_host.log.clear()
        return found

    def stored_pair_works(self, account: str = ACCOUNT) -> bool:
        """Tell whether both honour the current pair of the record."""
        record = self.record(account)
        pair = record.current.pair() if record and record.current else None
        return pair is not None and all(
            simulator.secret_of(pair.access_key) == pair.secret_key
            for simulator in (self.simulator, self.far)
        )

    def kill_around(self, number: int, when: str) -> None:
        """Let the next run die before, or right after, its change number so and so."""
        left = [number]
        hooks = self.network.before if when == "before" else self.network.after

        def hook(sent: str, url: str) -> None:
            if sent not in ("POST", "PATCH", "PUT", "DELETE"):
                return
            if left[0] == 0:
                hooks.remove(hook)
                raise Killed
            left[0] -= 1

        hooks.append(hook)

    def die_after_change(self, host: Host) -> None:
        """Let a host go down when the next change was answered, whoever answered it."""

        def hook(method: str, _url: str) -> None:
            if method == "PATCH":
                self.network.after.remove(hook)
                host.is_down = True

        self.network.after.append(hook)


@contextlib.contextmanager
def open_mirror_lab(form: tuple[str, str], folder: Path, **more: Any) -> Iterator[MirrorLab]:
    """Make a lab with a mirror; at its end no rule may have been broken at either."""
    lab = MirrorLab(form, folder, **more)
    yield lab
    assert not lab.watch.violations, lab.watch.violations
    assert not lab.far_watch.violations, lab.far_watch.violations
