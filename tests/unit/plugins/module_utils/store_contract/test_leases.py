# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One writer of one account at a time, and a dead one keeps nobody out for ever."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .lab import OTHER, PLACE, StoreLab, record_of

pytestmark = pytest.mark.slow


def enter(store: SecretStore) -> None:
    """Take a lease and give it back."""
    with store.lease(PLACE) as lease:
        assert lease.is_sure()


def test_lease_is_sure_while_it_is_held(lab: StoreLab) -> None:
    store = lab.store()
    with store.lease(PLACE) as lease:
        assert lease.is_sure()
        stored = store.write(PLACE, record_of(run=lease.run), None)
        assert lease.is_sure()
        store.write(PLACE, stored.record, stored.version)
        assert lease.is_sure()
    assert not lease.is_sure()


@pytest.mark.parametrize("has_record", [True, False])
def test_lease_keeps_another_run_out(lab: StoreLab, has_record: bool) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    if has_record:
        one.write(PLACE, record_of(), None)
    with one.lease(PLACE) as lease:
        found = one.read(PLACE)
        record = found.record if found else record_of()
        one.write(PLACE, record, found.version if found else None)
        failure = raised(enter, other)
        assert failure.kind == "busy"
        assert failure.landed is False
        assert PLACE.account in failure.message
        assert lease.is_sure()
    enter(other)


def test_busy_names_the_run_that_is_at_work(lab: StoreLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    one.write(PLACE, record_of(), None)
    with one.lease(PLACE) as lease:
        found = one.read(PLACE)
        assert found is not None
        one.write(PLACE, found.record, found.version)
        assert lease.is_sure()
        assert "run-1" in raised(enter, other).message


def test_lease_of_one_account_leaves_others_alone(lab: StoreLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    with one.lease(PLACE) as held, other.lease(OTHER) as apart:
        assert held.is_sure()
        assert apart.is_sure()


def test_lease_ends_with_an_exception(lab: StoreLab) -> None:
    store = lab.store()

    def fail() -> None:
        with store.lease(PLACE):
            raise CredentialsError("platform_error", "The endpoint failed.")

    assert raised(fail).kind == "platform_error"
    enter(lab.store("run-2"))


def test_lease_can_be_taken_again_and_again(lab: StoreLab) -> None:
    store = lab.store()
    store.write(PLACE, record_of(), None)
    for turn in range(3):
        with store.lease(PLACE) as lease:
            found = store.read(PLACE)
            assert found is not None
            assert store.write(PLACE, found.record, found.version).record.serial == turn + 2
            assert lease.is_sure()


def test_dead_lease_is_taken_over(lab: StoreLab) -> None:
    lab.store("run-0").write(PLACE, record_of(), None)
    lab.leave_dead_lease(PLACE)
    store = lab.store("run-2")
    with store.lease(PLACE) as lease:
        assert lease.is_sure()
        found = store.read(PLACE)
        assert found is not None
        store.write(PLACE, found.record, found.version)
        assert lease.is_sure()


def test_threads_of_one_run_exclude_each_other(lab: StoreLab) -> None:
    store = lab.store()
    failures: list[CredentialsError] = []
    with store.lease(PLACE):
        thread = threading.Thread(target=lambda: failures.append(raised(enter, store)))
        thread.start()
        thread.join(120)
        assert not thread.is_alive()
    assert [failure.kind for failure in failures] == ["busy"]
    enter(store)


def test_leases_of_many_accounts_side_by_side(lab: StoreLab) -> None:
    store = lab.store()
    places = [Place(PLACE.platform, PLACE.endpoint, f"app-{n:04d}") for n in range(4)]
    done: list[str] = []

    def work(place: Place) -> None:
        with store.lease(place) as lease:
            stored = store.write(place, record_of(place), None)
            store.write(place, stored.record, stored.version)
            assert lease.is_sure()
        done.append(place.account)

    threads = [threading.Thread(target=work, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(done) == [place.account for place in places]
    for place in places:
        found = store.read(place)
        assert found is not None
        assert found.record.serial == 2
