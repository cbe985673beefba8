# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode writes nothing into a secret store, leases and probes included."""

from __future__ import annotations

from typing import Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import SecretStore
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .lab import OTHER, PLACE, StoreLab, opened, record_of

pytestmark = pytest.mark.slow


def take_lease(store: SecretStore) -> None:
    """Go through a lease as the engine does."""
    with store.lease(PLACE):
        store.read(PLACE)


def destroy(store: SecretStore) -> None:
    """Destroy old versions, which check mode may refuse."""
    stored = store.read(PLACE)
    try:
        store.destroy_old_versions(PLACE, stored.version if stored else None)
    except CredentialsError as exc:
        if exc.kind != "check_mode_write":
            raise


ACTS: dict[str, Callable[[SecretStore], object]] = {
    "open": lambda store: store.open(),
    "probe": lambda store: store.probe(),
    "read": lambda store: store.read(PLACE),
    "read what is absent": lambda store: store.read(OTHER),
    "list": lambda store: list(store.places(PLACE.platform, PLACE.endpoint)),
    "lease": take_lease,
    "read a note": lambda store: store.read_note("heads"),
    "destroy versions": destroy,
    "close": lambda store: store.close(),
}


@pytest.mark.parametrize("has_record", [True, False])
@pytest.mark.parametrize("act", sorted(ACTS))
def test_check_mode_changes_nothing(lab: StoreLab, act: str, has_record: bool) -> None:
    if has_record:
        lab.store("run-0").write(PLACE, record_of(), None)
    before = lab.contents()
    store = lab.store(check_mode=True)
    ACTS[act](store)
    assert lab.contents() == before
    assert store.writes_sent == 0


@pytest.mark.parametrize("has_record", [True, False])
def test_check_mode_refuses_writes(lab: StoreLab, has_record: bool) -> None:
    stored = lab.store("run-0").write(PLACE, record_of(), None) if has_record else None
    before = lab.contents()
    store = lab.store(check_mode=True)
    version = stored.version if stored else None
    failures = [
        raised(store.write, PLACE, record_of(), version),
        raised(store.write_note, "heads", {"a": 1}, None),
    ]
    assert [failure.kind for failure in failures] == ["check_mode_write"] * 2
    assert lab.contents() == before
    assert store.writes_sent == 0


def test_check_mode_reads_what_is_there(lab: StoreLab) -> None:
    lab.store("run-0").write(PLACE, record_of(), None)
    found = lab.store(check_mode=True).read(PLACE)
    assert found is not None
    assert opened(found.record) == ["Made0Up0Secret0Key0/+=01"]


def test_check_mode_lease_lets_a_plan_be_made(lab: StoreLab) -> None:
    with lab.store(check_mode=True).lease(PLACE) as lease:
        assert lease.is_sure()
    # It keeps nobody out: it is nobody's.
    with lab.store("run-1").lease(PLACE), lab.store("run-2", check_mode=True).lease(PLACE):
        pass
