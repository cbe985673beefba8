# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers are lost, stores are full, forbidden or down: nobody is told what is not known."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record, Secret
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

from .lab import OTHER, PLACE, StoreLab, opened, pending_of, record_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("is_new", [True, False])
def test_write_whose_answer_was_lost_is_recognised(lab: StoreLab, is_new: bool) -> None:
    store = lab.store()
    before = None if is_new else store.write(PLACE, record_of(), None)
    with lab.lost_answers():
        written = store.write(PLACE, record_of(), before.version if before else None)
    found = lab.store("run-2").read(PLACE)
    assert found is not None
    assert (found.record, found.version) == (written.record, written.version)
    # Its version is good for the next write.
    assert store.write(PLACE, written.record, written.version).record.serial == 2


@pytest.mark.parametrize("is_new", [True, False])
def test_write_that_never_arrived_is_sent_again(lab: StoreLab, is_new: bool) -> None:
    store = lab.store()
    before = None if is_new else store.write(PLACE, record_of(), None)
    with lab.lost_requests():
        written = store.write(PLACE, record_of(), before.version if before else None)
    found = lab.store("run-2").read(PLACE)
    assert found is not None
    assert (found.record, found.version) == (written.record, written.version)


def test_write_that_nobody_can_tell_of_says_so(lab: StoreLab) -> None:
    store = lab.store()
    with lab.lost_requests(99):
        failure = raised(store.write, PLACE, record_of(), None)
    assert failure.landed is None
    assert failure.kind in ("store_unavailable", "store_refused")
    assert lab.store("run-2").read(PLACE) is None


def test_refused_write_changed_nothing(lab: StoreLab) -> None:
    store = lab.store()
    kept = store.write(PLACE, record_of(), None)
    before = lab.contents()
    with lab.refused_writes():
        change = raised(store.write, PLACE, kept.record, kept.version)
        first = raised(store.write, OTHER, record_of(OTHER), None)
        probe = raised(store.probe)
        note = raised(store.write_note, "heads", {"a": 1}, None)
    assert {each.kind for each in (change, first, probe, note)} == {"store_refused"}
    assert {each.landed for each in (change, first, note)} == {False}
    assert lab.contents() == before
    assert store.write(PLACE, kept.record, kept.version).record.serial == 2


def test_store_that_does_not_answer_is_unavailable(lab: StoreLab) -> None:
    store = lab.store()
    store.write(PLACE, record_of(), None)
    with lab.unavailable():
        failures = [
            raised(store.read, PLACE),
            raised(store.read, OTHER),
            raised(lambda: list(store.places(PLACE.platform, PLACE.endpoint))),
            raised(store.read_note, "heads"),
        ]
    assert [each.kind for each in failures] == ["store_unavailable"] * 4
    assert store.read(OTHER) is None


def test_refused_login_says_so_before_anything_is_touched(lab: StoreLab) -> None:
    store = lab.store()
    store.probe()
    store.write(PLACE, record_of(), None)
    before = lab.contents()
    stranger = lab.store("run-2", opened=False, **lab.bad_login())
    failure = raised(stranger.open)
    assert failure.kind == "store_refused"
    assert failure.stops_endpoint
    assert lab.contents() == before


def test_no_failure_shows_a_secret(lab: StoreLab) -> None:
    store = lab.store()
    secrets = ["Made0Up0Secret0Key0/+=01", "Pending0Secret0Key0/+=02"]
    lab.redactor.learn(*secrets)
    record = record_of(pending=pending_of())
    stored = store.write(PLACE, record, None)
    failures = [raised(store.write, PLACE, record, None)]
    with lab.refused_writes():
        failures.append(raised(store.write, PLACE, stored.record, stored.version))
    with lab.lost_requests(99):
        failures.append(raised(store.write, OTHER, record_of(OTHER), None))
    lab.spoil(PLACE)
    failures.append(raised(store.read, PLACE))
    for failure in failures:
        assert not [secret for secret in secrets if secret in everything_in(failure)]


def test_secret_that_cannot_be_opened_does_not_hide_the_state(lab: StoreLab) -> None:
    """Reading opens nothing where the store seals, so that an auditor needs no password."""
    lab.store().write(PLACE, record_of(), None)
    found = lab.store("run-2").read(PLACE)
    assert found is not None
    assert isinstance(found.record, Record)
    assert found.record.current is not None
    assert isinstance(found.record.current.secret, Secret)
    assert (found.record.current.secret.sealed is not None) or not lab.seals
    assert opened(found.record) == ["Made0Up0Secret0Key0/+=01"]
