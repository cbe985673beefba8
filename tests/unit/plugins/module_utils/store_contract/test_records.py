# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records are read and written: what is written is read, and nobody's write is overwritten."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_document import (
    to_document,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .generated import records
from .lab import HOSTILE_NAMES, OTHER, PLACE, StoreLab, opened, pending_of, record_of

pytestmark = pytest.mark.slow


def read(lab: StoreLab, place: Place = PLACE) -> Record:
    """Return a record as another run finds it."""
    stored = lab.store("reader").read(place)
    assert stored is not None
    return stored.record


def shown(record: Record) -> dict[str, object]:
    """Return a record's document with the secrets opened and the writer's marks left out."""

    def plain(value: object) -> object:
        if isinstance(value, Secret):
            return value.open()
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        return [plain(inner) for inner in value] if isinstance(value, list) else value

    document = {name: plain(value) for name, value in to_document(record).items()}
    return {name: value for name, value in document.items() if name not in ("serial", "nonce")}


def test_absent_record_is_none(lab: StoreLab) -> None:
    store = lab.store()
    store.probe()
    assert store.read(PLACE) is None
    store.write(OTHER, record_of(OTHER), None)
    assert store.read(PLACE) is None


def test_record_is_read_as_written(lab: StoreLab) -> None:
    written = lab.store().write(PLACE, record_of(pending=pending_of()), None)
    found = lab.store("reader").read(PLACE)
    assert found is not None
    assert found.record == written.record
    assert found.version == written.version
    assert opened(found.record) == ["Made0Up0Secret0Key0/+=01", "Pending0Secret0Key0/+=02"]
    assert found.record.serial == 1
    assert len(found.record.nonce) == 32


def test_each_write_counts_and_has_a_nonce_of_its_own(lab: StoreLab) -> None:
    store = lab.store()
    first = store.write(PLACE, record_of(), None)
    second = store.write(PLACE, first.record, first.version)
    assert (first.record.serial, second.record.serial) == (1, 2)
    assert first.record.nonce != second.record.nonce
    assert first.version != second.version
    assert read(lab) == second.record


def test_write_of_what_must_be_absent_never_overwrites(lab: StoreLab) -> None:
    store = lab.store()
    kept = store.write(PLACE, record_of(), None)
    failure = raised(store.write, PLACE, record_of(secret="Another0Secret0Key00001"), None)
    assert failure.kind == "busy"
    assert failure.landed is False
    assert read(lab) == kept.record
    assert opened(read(lab)) == ["Made0Up0Secret0Key0/+=01"]


def test_write_over_a_changed_record_is_refused(lab: StoreLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    start = one.write(PLACE, record_of(), None)
    seen = other.read(PLACE)
    assert seen is not None
    changed = one.write(PLACE, start.record, start.version)
    failure = raised(other.write, PLACE, seen.record, seen.version)
    assert failure.kind == "busy"
    assert failure.landed is False
    assert read(lab) == changed.record


def test_writers_in_turn_lose_nothing(lab: StoreLab) -> None:
    stores = [lab.store("run-1"), lab.store("run-2")]
    stores[0].write(PLACE, record_of(), None)
    for turn in range(6):
        stored = stores[turn % 2].read(PLACE)
        assert stored is not None
        record = dataclasses.replace(stored.record, suspects=(*stored.record.suspects, f"K{turn}"))
        stores[turn % 2].write(PLACE, record, stored.version)
    assert read(lab).suspects == ("K0", "K1", "K2", "K3", "K4", "K5")
    assert read(lab).serial == 7


def test_secret_moves_on_promotion(lab: StoreLab) -> None:
    lab.store().write(PLACE, record_of(pending=pending_of()), None)
    store = lab.store("run-2")
    found = store.read(PLACE)
    assert found is not None
    assert found.record.pending is not None
    assert found.record.current is not None
    promoted = HeldKey(found.record.pending.access_key, found.record.pending.secret)
    record = dataclasses.replace(
        found.record, current=promoted, pending=None, retiring=(found.record.current,)
    )
    store.write(PLACE, record, found.version)
    assert opened(read(lab)) == ["Pending0Secret0Key0/+=02", "Made0Up0Secret0Key0/+=01"]


def test_secret_is_not_shown(lab: StoreLab) -> None:
    store = lab.store()
    stored = store.write(PLACE, record_of(), None)
    assert "Made0Up0" not in repr(stored) + repr(store) + repr(store.read(PLACE))


def test_sealing_store_keeps_no_secret_in_clear(lab: StoreLab) -> None:
    lab.store().write(PLACE, record_of(pending=pending_of()), None)
    kept = "\n".join(lab.contents().values())
    assert "AKIDMADEUP0000000001" in kept
    assert ("Made0Up0Secret" in kept) is not lab.seals
    assert ("Pending0Secret" in kept) is not lab.seals


def test_unreadable_record_is_never_none(lab: StoreLab) -> None:
    store = lab.store()
    stored = store.write(PLACE, record_of(), None)
    lab.spoil(PLACE)
    failure = raised(lab.store("run-2", opened=False).read, PLACE)
    assert failure.kind == "store_unreadable"
    assert PLACE.account in failure.message
    # Neither is it overwritten as if there were none, nor as if it were still the old one.
    assert raised(store.write, PLACE, record_of(), None).landed is False
    assert raised(store.write, PLACE, stored.record, stored.version).landed is False


def test_record_of_another_account_is_unreadable(lab: StoreLab) -> None:
    store = lab.store()
    store.write(PLACE, record_of(), None)
    lab.misplace(PLACE, OTHER)
    failure = raised(store.read, OTHER)
    assert failure.kind == "store_unreadable"
    assert PLACE.account in failure.message


def test_records_of_other_endpoints_are_others(lab: StoreLab) -> None:
    store = lab.store()
    places = [PLACE, Place("echo", "lab2", PLACE.account), Place("other", "lab", PLACE.account)]
    for number, place in enumerate(places):
        store.write(place, record_of(place, secret=f"Secret0Key0Of0Place00{number}"), None)
    for number, place in enumerate(places):
        assert opened(read(lab, place)) == [f"Secret0Key0Of0Place00{number}"]


@pytest.mark.parametrize("part", ["account", "endpoint"])
def test_hostile_names_are_kept_apart(lab: StoreLab, part: str) -> None:
    store = lab.store()
    names = [name for name in HOSTILE_NAMES if name not in lab.impossible_names]
    places = [dataclasses.replace(PLACE, **{part: name}) for name in names]
    for number, place in enumerate(places):
        store.write(place, record_of(place, account_id=str(number)), None)
    for number, place in enumerate(places):
        found = store.read(place)
        assert found is not None
        assert (found.record.account_id, found.record.account) == (str(number), place.account)
    by_endpoint = {place.endpoint: set() for place in places}  # type: dict[str, set[Place]]
    for place in places:
        by_endpoint[place.endpoint].add(place)
    for endpoint, expected in by_endpoint.items():
        assert set(store.places(PLACE.platform, endpoint)) == expected


def test_what_is_written_is_what_is_read(lab: StoreLab) -> None:
    store, reader = lab.store(), lab.store("reader")
    state = [store.read(PLACE)]

    @settings(
        max_examples=lab.examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        record = data.draw(records(PLACE.platform, PLACE.endpoint, PLACE.account))
        expected = None if state[0] is None else state[0].version
        written = store.write(PLACE, record, expected)
        state[0] = reader.read(PLACE)
        assert state[0] is not None
        assert shown(state[0].record) == shown(record)
        assert state[0].record == written.record
        assert state[0].version == written.version

    check()
