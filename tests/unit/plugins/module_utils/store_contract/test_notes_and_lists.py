# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes are kept by check-and-set, records are listed, old versions are destroyed."""

from __future__ import annotations

from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .lab import OTHER, PLACE, StoreLab, opened, record_of

HEADS = {"chains": {"run-1": {"lines": 3, "head": "ab12"}}, "ünï": ["a", 1, None, True, 1.5]}


def test_absent_note_is_none(lab: StoreLab) -> None:
    assert lab.store().read_note("heads") is None


def test_note_is_read_as_written(lab: StoreLab) -> None:
    lab.store().write_note("heads", HEADS, None)
    found = lab.store("run-2").read_note("heads")
    assert found is not None
    assert found[0] == HEADS


def test_note_is_written_only_if_unchanged(lab: StoreLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    one.write_note("heads", {"turn": 1}, None)
    assert raised(other.write_note, "heads", {"turn": 2}, None).kind == "busy"
    seen, mine = other.read_note("heads"), one.read_note("heads")
    assert seen is not None
    assert mine is not None
    one.write_note("heads", {"turn": 3}, mine[1])
    failure = raised(other.write_note, "heads", {"turn": 4}, seen[1])
    assert (failure.kind, failure.landed) == ("busy", False)
    last = other.read_note("heads")
    assert last is not None
    assert last[0] == {"turn": 3}
    other.write_note("heads", {"turn": 5}, last[1])


def test_notes_of_other_names_are_others(lab: StoreLab) -> None:
    store = lab.store()
    names = ("heads", "Heads", "heads.yml", "a/b", "../heads", "journal echo/lab 3/8")
    for number, name in enumerate(names):
        store.write_note(name, {"number": number}, None)
    for number, name in enumerate(names):
        found = store.read_note(name)
        assert found is not None
        assert found[0] == {"number": number}


def test_notes_and_probes_are_no_records(lab: StoreLab) -> None:
    store = lab.store()
    store.probe()
    store.write_note("heads", HEADS, None)
    assert list(store.places(PLACE.platform, PLACE.endpoint)) == []
    store.write(PLACE, record_of(), None)
    assert list(store.places(PLACE.platform, PLACE.endpoint)) == [PLACE]


def test_places_are_those_of_the_endpoint(lab: StoreLab) -> None:
    store = lab.store()
    elsewhere = [Place("echo", "lab2", "app-0001"), Place("other", "lab", "app-0001")]
    for place in (PLACE, OTHER, *elsewhere):
        store.write(place, record_of(place), None)
    reader = lab.store("run-2")
    assert sorted(map(str, reader.places("echo", "lab"))) == [str(PLACE), str(OTHER)]
    assert list(reader.places("echo", "lab2")) == [elsewhere[0]]
    assert list(reader.places("echo", "nowhere")) == []


def test_many_places_are_listed_once_each(lab: StoreLab) -> None:
    store = lab.store()
    places = [Place("echo", "lab", f"app-{number:04d}") for number in range(130)]
    for place in places:
        store.write(place, record_of(place), None)
    assert sorted(place.account for place in store.places("echo", "lab")) == [
        place.account for place in places
    ]


def test_probe_can_be_repeated_and_shared(lab: StoreLab) -> None:
    for run in ("run-1", "run-2", "run-1"):
        lab.store(run).probe()
    lab.store("run-3").write(PLACE, record_of(), None)


def test_old_versions_are_destroyed_and_the_record_stays(lab: StoreLab) -> None:
    store = lab.store()
    first = store.write(PLACE, record_of(suspects=("AKIDOLD1",)), None)
    second = store.write(PLACE, record_of(suspects=("AKIDOLD2",)), first.version)
    last = store.write(PLACE, record_of(suspects=("AKIDNEW",)), second.version)
    if lab.keeps_versions:
        assert "AKIDOLD1" in "".join(lab.versions(PLACE))
    for _turn in range(2):
        store.destroy_old_versions(PLACE, last.version)
        kept = lab.versions(PLACE)
        assert "AKIDNEW" in "".join(kept)
        assert "AKIDOLD" not in "".join(kept)
    found = lab.store("run-2").read(PLACE)
    assert found is not None
    assert (found.record, found.version) == (last.record, last.version)
    assert opened(found.record) == ["Made0Up0Secret0Key0/+=01"]
    assert store.write(PLACE, last.record, last.version).record.suspects == ("AKIDNEW",)
