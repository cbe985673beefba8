# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases in AWS Secrets Manager: heartbeats as tags, and a tag that says that a turn is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import iso
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
)
from ansible_collections.objectstore.credentials.tests.simulators.aws_secretsmanager_strict import (
    aws_fault,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501  # one name
    OTHER,
    PLACE,
    pending_of,
    record_of,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab_aws_secretsmanager import (  # noqa: E501  # one name
    AwsLab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

pytestmark = pytest.mark.slow

RUNS = "objectstore/_runs"
LEASE = 60.0


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AwsLab]:
    """A region with no secret in it."""
    lab = AwsLab(tmp_path)
    lab.start()
    yield lab
    lab.close()


def beats(lab: AwsLab, page: str = RUNS) -> dict[str, str]:
    """Return the heartbeats on a page."""
    return {k: v for k, v in lab.simulator.tags(page).items() if k.startswith("run:")}


def enter(store: SecretStore, place: Place = PLACE) -> None:
    """Take a lease and give it back."""
    with store.lease(place) as lease:
        assert lease.is_sure()


def work(store: SecretStore, place: Place = PLACE) -> None:
    """Change a record in a turn."""
    with store.lease(place):
        found = store.read(place)
        record = found.record if found else record_of(place)
        store.write(place, record, found.version if found else None)


def test_run_has_one_heartbeat_that_ends_with_it(lab: AwsLab) -> None:
    store = lab.store()
    work(store)
    work(store, OTHER)
    assert len(beats(lab)) == 1
    assert len(lab.simulator.versions(RUNS)) == 1
    store.close()
    assert beats(lab) == {}


def test_reading_needs_no_heartbeat(lab: AwsLab) -> None:
    store = lab.store()
    store.read(PLACE)
    store.close()
    assert lab.simulator.names() == []


def test_heartbeat_moves_while_time_passes_and_makes_no_version(lab: AwsLab) -> None:
    store = lab.store()
    with store.lease(PLACE) as lease:
        seen = set()
        for _turn in range(12):
            lab.clock.sleep(LEASE / 3)
            assert lease.is_sure()
            seen |= set(beats(lab).values())
        assert len(seen) >= 11
    assert len(lab.simulator.versions(RUNS)) == 1


def test_lease_is_unsure_when_no_beat_comes_through(lab: AwsLab) -> None:
    store = lab.store()
    with store.lease(PLACE) as lease:
        lab.server.faults.add(path="^/TagResource", times=0, **aws_fault("InternalServiceError"))
        lab.clock.sleep(LEASE / 3)
        assert lease.is_sure()
        lab.clock.sleep(LEASE / 2)
        assert not lease.is_sure()
        lab.server.faults.clear()


def test_turn_that_ended_frees_the_account_while_its_run_goes_on(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    work(one)
    with one.lease(OTHER):
        before = lab.clock.monotonic()
        work(other)
        assert lab.clock.monotonic() - before < 2
    work(one)


def test_tag_of_an_earlier_turn_frees_nothing(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    work(one)
    with one.lease(PLACE) as lease:
        found = one.read(PLACE)
        assert found is not None
        one.write(PLACE, found.record, found.version)
        failure = raised(enter, other)
        assert failure.kind == "busy"
        assert "run-1" in failure.message
        assert "app-0001" in failure.message
        assert lease.is_sure()


def test_turn_whose_end_could_not_be_told_ends_with_its_run(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    one.probe()
    with one.lease(PLACE):
        one.write(PLACE, record_of(), None)
        lab.server.faults.add("drop", path="^/TagResource/objectstore/echo", times=0)
    lab.server.faults.clear()
    assert raised(enter, other).kind == "busy"
    one.close()
    lab.clock.sleep(LEASE)
    enter(other)


def test_dead_run_is_deposed_after_one_lease(lab: AwsLab) -> None:
    lab.leave_dead_lease(PLACE)
    assert len(beats(lab)) == 1
    store = lab.store("run-2")
    before = lab.clock.monotonic()
    with store.lease(PLACE):
        assert LEASE <= lab.clock.monotonic() - before < LEASE + 5
        assert ["run-2" in tag for tag in beats(lab)] == [True]


def test_late_write_of_a_deposed_run_cannot_land(lab: AwsLab) -> None:
    """What a dead run left open is written back before anything is done about it."""
    one, other = lab.store("run-1"), lab.store("run-2")
    first = one.write(PLACE, record_of(pending=pending_of()), None)
    turn = one.lease(PLACE)
    turn.__enter__()
    lab.server.faults.add("drop", path="^/UpdateSecretVersionStage", times=6)
    assert raised(one.write, PLACE, first.record, first.version).landed is None
    late = next(entry for entry in reversed(lab.server.log) if "VersionStage/" in entry.target)
    lab.server.faults.clear()
    lab.clock._timers.clear()
    with other.lease(PLACE):
        headers = CaseInsensitive(late.headers.items())
        answer = lab.simulator.handle(Request("POST", "/", headers, late.body.encode()))
        assert answer.status == 400
        found = other.read(PLACE)
        assert found is not None
        assert found.record.run is not None
        assert found.record.run.startswith("run-2.")
        assert other.write(PLACE, found.record, found.version)
    # Whose end says nothing any more.
    del turn


def test_finished_record_is_not_written_to_take_its_lease(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    work(one)
    before = lab.simulator.value("objectstore/echo/lab/app-0001")
    enter(other)
    assert lab.simulator.value("objectstore/echo/lab/app-0001") == before


def test_open_record_whose_turn_ended_well_is_not_written_either(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    with one.lease(PLACE):
        one.write(PLACE, record_of(pending=pending_of()), None)
    before = lab.simulator.value("objectstore/echo/lab/app-0001")
    enter(other)
    assert lab.simulator.value("objectstore/echo/lab/app-0001") == before


def test_record_that_changes_while_its_run_is_watched_is_read_again(lab: AwsLab) -> None:
    lab.leave_dead_lease(PLACE)
    store, third = lab.store("run-2"), lab.store("run-3")
    changed: list[str] = []

    def change(_seconds: float) -> None:
        if not changed:
            found = third.read(PLACE)
            assert found is not None
            changed.append(third.write(PLACE, found.record, found.version).version)

    lab.clock.meanwhile.append(change)
    with store.lease(PLACE):
        found = store.read(PLACE)
        assert found is not None
        assert found.version == changed[0]


def test_run_that_slept_through_its_lease_does_not_come_back(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    with one.lease(PLACE) as lease:
        one.write(PLACE, record_of(), None)
        timers, lab.clock._timers = lab.clock._timers, []
        work(other)  # takes a lease to find out
        lab.clock._timers = timers
        assert not lease.is_sure()
        lab.clock.sleep(LEASE / 3)
        assert not lease.is_sure()
    assert raised(enter, one).kind == "busy"


def test_beat_in_flight_does_not_revive_a_deposed_run(lab: AwsLab) -> None:
    """The mark of the deposer is overwritten by a beat that was under way; the run still stops."""
    one = lab.store("run-1")
    keeper: Any = one
    keeper = keeper._keeper
    with one.lease(PLACE) as lease:
        timers, lab.clock._timers = lab.clock._timers, []
        lab.clock.sleep(LEASE + 1)
        lab.clock._timers = timers
        # Whoever watched may have deposed it in that time; tags cannot tell for certain.
        assert keeper.beat() is False
        assert not lease.is_sure()


def test_heartbeat_that_aws_does_not_show_yet_is_looked_for_again(lab: AwsLab) -> None:
    store = lab.store()
    with store.lease(PLACE) as lease:
        tags = lab.simulator.backend.secrets[RUNS].tags
        lab.simulator.backend.secrets[RUNS].tags = []

        def show(_seconds: float) -> None:
            lab.simulator.backend.secrets[RUNS].tags = tags

        lab.clock.meanwhile.append(show)
        keeper: Any = store
        assert keeper._keeper.beat() is True
        assert lease.is_sure()


def test_heartbeat_that_was_removed_deposes_its_run(lab: AwsLab) -> None:
    store = lab.store()
    with store.lease(PLACE) as lease:
        lab.simulator.backend.secrets[RUNS].tags = []
        keeper: Any = store
        assert keeper._keeper.beat() is False
        assert not lease.is_sure()


def test_full_page_is_followed_by_another(lab: AwsLab) -> None:
    lab.store().probe()
    lab.simulator.backend.secrets[RUNS].tags = [
        {"Key": f"run:other-{number}", "Value": "beat:1"} for number in range(45)
    ]
    one, other = lab.store("run-1"), lab.store("run-2")
    with one.lease(PLACE) as lease:
        one.write(PLACE, record_of(), None)
        assert list(beats(lab, f"{RUNS}/2")) != []
        lab.clock.sleep(LEASE)
        assert lease.is_sure()
        assert raised(enter, other).kind == "busy"
    one.close()
    other.close()
    assert beats(lab, f"{RUNS}/2") == {}


def test_probe_sweeps_heartbeats_of_runs_that_never_came_back(lab: AwsLab) -> None:
    lab.leave_dead_lease(PLACE)
    store = lab.store("run-2")
    store.probe()
    assert len(beats(lab)) == 1
    dead = next(iter(beats(lab)))
    old = iso(lab.clock.now() - dt.timedelta(days=1, minutes=1)) or ""
    lab.simulator.backend.secrets[RUNS].tags = [
        {"Key": dead, "Value": f"beat:1 lease:60 at:{old.replace(':', '=3A')}"},
        {"Key": "run:fresh", "Value": "nonsense"},
        {"Key": "owner", "Value": "team"},
    ]
    store.probe()
    assert set(lab.simulator.tags(RUNS)) == {"run:fresh", "owner", "purpose"}


@pytest.mark.parametrize("run", ["job 7/x#1", "ü" * 90, "_", "a" * 300, "run,{1}"])
def test_run_may_have_any_name(lab: AwsLab, run: str) -> None:
    one, other = lab.store(run), lab.store(f"{run}-2")
    with one.lease(PLACE):
        one.write(PLACE, record_of(), None)
        assert raised(enter, other).kind == "busy"
    enter(other)


def test_deposing_run_of_any_name_leaves_its_mark(lab: AwsLab) -> None:
    from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager_beats import (  # noqa: E501  # one name
        _as_beat,
        _as_text,
    )

    beat = {
        "run": "x",
        "beat": 12,
        "lease": 60.0,
        "at": "2026-01-02T03:04:05Z",
        "working_on": ["a"],
        "deposed_by": "ü" * 300,
        "deposed_at": "2026-01-02T03:04:05Z",
    }
    text = _as_text(beat)
    assert len(text) <= 256
    found = _as_beat("x", text)
    assert found["deposed_by"].startswith("üüü")
    assert {name: found[name] for name in ("run", "beat", "lease", "at")} == {
        name: beat[name] for name in ("run", "beat", "lease", "at")
    }


def test_two_runs_take_turns_at_many_accounts(lab: AwsLab) -> None:
    stores = [lab.store("run-1"), lab.store("run-2")]
    places = [Place("echo", "lab", f"app-{number:04d}") for number in range(4)]
    for turn in range(6):
        for place in places:
            work(stores[turn % 2], place)
    for place in places:
        found = stores[0].read(place)
        assert found is not None
        assert found.record.serial == 6
