# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real gateway that asks a real Keystone: it goes on taking a key that Keystone has deleted.

It keeps each pair that it has found right for five minutes (rgw_auth_keystone.cc), unless its cache
is full. The test gives it a cache of one, so that the next pair drives the last one out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef, Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    open_store,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.kill.engine import rotate
from ansible_collections.objectstore.credentials.tests.kill.runner import Runtime
from ansible_collections.objectstore.credentials.tests.lab import ceph, keystone
from ansible_collections.objectstore.credentials.tests.lab.ceph_gateway import (
    Behind,
    running_cluster,
)
from ansible_collections.objectstore.credentials.tests.lab.keystone import Keystone, KeystoneEc2

SOON = {"grace_period": "0s", "soak_period": "0s"}


class Lab:
    """A gateway that asks Keystone, and runs of the engine over Keystone's users."""

    def __init__(self, behind: Behind, server: Keystone, folder: Path) -> None:
        self.behind = behind
        self._server = server
        self._folder = folder
        self._runs = itertools.count(1)
        self._store = {
            "type": "ansible_vault",
            "path": str(folder / "secrets"),
            "vault_password": "the vault's password, a canary",
        }
        self.platform().make_user("app")

    def platform(self) -> KeystoneEc2:
        """Return the platform, logged in."""
        options = {
            "api_url": self._server.url,
            "endpoint": "lab",
            "api_username": keystone.USERNAME,
            "api_password": keystone.PASSWORD,
        }
        settings = resolve(options, "keystone", {}, {})
        platform = KeystoneEc2(settings, Client(settings, Redactor(), Clock()))
        platform.connect()
        return platform

    def run(self, **wanted: Any) -> dict[str, Any]:
        """Do what a task of s3_access_key_rotate does; return the account's result."""
        platform, clock, run = self.platform(), Clock(), f"run-{next(self._runs)}"
        redactor = platform.client.redactor
        runtime = Runtime(
            {"users": ["app"], "settle": "1s", **wanted},
            platform.settings,
            platform.client,
            platform,
            self._store,
            lambda: open_store(self._store, StoreContext(clock, redactor, run)),
            {"s3_url": self.behind.url, "successes": 1},
            str(self._folder / "journal"),
            redactor,
            clock,  # type: ignore[arg-type]  # real time does as well
            run,
        )
        result = rotate(runtime)
        assert "failure" not in result or not result["failure"], result
        (account,) = result["accounts"]
        assert isinstance(account, dict)
        return account

    def record(self) -> Any:
        """Return the account's record."""
        store = open_store(self._store, StoreContext(Clock(), Redactor(), "look"))
        store.open()
        account = self.platform().account(AccountRef(name="app"))
        stored = store.read(Place("keystone", "lab", account.name))
        assert stored is not None
        return stored.record

    def current(self) -> Pair:
        """Return the pair in use."""
        pair = self.record().current.pair()
        assert isinstance(pair, Pair)
        return pair

    def takes(self, pair: Pair) -> bool:
        """Use a pair at the gateway, as a client does."""
        return self.behind.is_honoured(pair.access_key, pair.secret_key)

    def shown(self) -> list[str]:
        """Return the access keys that Keystone has."""
        platform = self.platform()
        keys = platform.access_keys(platform.account(AccountRef(name="app")))
        return [key.access_key for key in keys]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A gateway with Keystone in front, its cache as small as can be."""
    if keystone.missing():
        if ceph.is_required():
            pytest.fail(keystone.HOW_TO_GET)
        pytest.skip(keystone.HOW_TO_GET)
    with Keystone() as server:
        options = {**server.gateway_options, "rgw keystone token cache size": "1"}
        gateway = running_cluster().add_gateway("keystone", options)
        yield Lab(Behind(gateway), server, tmp_path)


def test_revoked_key_is_still_honoured_until_a_later_run_finds_it_refused(lab: Lab) -> None:
    assert lab.run()["action"] == "rotated"
    old = lab.current()
    assert lab.takes(old)
    assert lab.run(rotation_id="winter")["action"] == "rotated"
    new = lab.current()
    assert new != old
    # A client that was not told yet: the gateway keeps what it has found right.
    assert lab.takes(old)
    first = lab.run(**SOON)
    assert lab.shown() == [new.access_key], "Keystone has deleted it"
    assert first["action"] == "deleted"
    assert first["details"]["still_honoured"] == old.access_key
    assert lab.takes(old), "and the gateway still takes it"
    (retiring,) = lab.record().retiring
    assert retiring.access_key == old.access_key
    assert retiring.pair() == old, "so its secret is kept"
    assert retiring.honoured_at is not None
    # A run that comes too early says so again.
    second = lab.run(**SOON)
    assert second["action"] == "still_honoured"
    assert old.access_key in second["why"]
    # Another pair takes the only place in the gateway's cache.
    assert lab.takes(new)
    assert not lab.takes(old)
    last = lab.run(**SOON)
    assert last["action"] == "deleted"
    assert lab.record().retiring == ()
    assert lab.takes(new)
    assert lab.run(**SOON)["action"] == "unchanged"
