# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease by heartbeat, on a store of heartbeats in memory: who is alive, who is deposed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Callable, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.heartbeat import (
    HeartbeatKeeper,
    HeartbeatLease,
    Heartbeats,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.heartbeat_watch import (  # noqa: E501  # one name
    HeartbeatWatch,
    run_of,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, raised

LENGTH = 60.0


class Memory(Heartbeats):
    """Heartbeats in memory; a script tells what becomes of the next calls."""

    def __init__(self, is_exact: bool = True) -> None:
        self.is_exact = is_exact
        self.kept: dict[str, tuple[dict[str, Any], int]] = {}
        self.looks = 0
        self.puts = 0
        #: For the next puts: "lost" (never arrives), "unanswered" (lands), "late", "refused".
        self.script: list[str] = []
        self.late: list[Callable[[], object]] = []

    def put(self, run: str, beat: Mapping[str, Any], expected: Any) -> Any:
        """Write by check-and-set."""
        self.puts += 1
        fate = self.script.pop(0) if self.script else "lands"
        if fate == "refused":
            raise CredentialsError("store_refused", "No.")
        if fate == "late":
            self.late.append(lambda: self._land(run, dict(beat), expected))
        if fate in ("lost", "late"):
            raise CredentialsError("store_unavailable", "No answer.", landed=None)
        version = self._land(run, dict(beat), expected)
        if fate == "unanswered":
            raise CredentialsError("store_unavailable", "No answer.", landed=None)
        if version is None:
            raise CredentialsError("busy", "Changed.")
        return version

    def _land(self, run: str, beat: dict[str, Any], expected: Any) -> Optional[int]:
        there = self.kept[run][1] if run in self.kept else None
        if self.is_exact and there != expected:
            return None
        self.kept[run] = (beat, (there or 0) + 1)
        return self.kept[run][1]

    def get(self, run: str) -> Optional[tuple[Mapping[str, Any], Any]]:
        """Read."""
        self.looks += 1
        return self.kept.get(run)

    def remove(self, run: str) -> None:
        """Remove."""
        self.kept.pop(run, None)


class Pair:
    """A run, and another that watches it; each has its own clock."""

    def __init__(self, is_exact: bool = True) -> None:
        self.beats = Memory(is_exact)
        self.clock, self.other_clock = RecordingClock(), RecordingClock()
        self.keeper = HeartbeatKeeper(self.beats, "run-1", LENGTH, self.clock)
        self.watch = HeartbeatWatch(self.beats, "run-2", LENGTH, self.other_clock)
        self._turns: list[Any] = []

    def begin(self, what: str = "a") -> tuple[Any, HeartbeatLease]:
        """Begin a turn."""
        turn = self.keeper.turn(what)
        self._turns.append(turn)  # one that nobody holds would end by itself
        return turn, turn.__enter__()


@pytest.fixture
def pair() -> Pair:
    """Two runs."""
    return Pair()


def end(turn: Any) -> None:
    """End a turn."""
    turn.__exit__(None, None, None)


def test_first_lease_comes_after_a_confirmed_beat(pair: Pair) -> None:
    for fate in ("lost", "refused"):
        pair.beats.script = [fate]
        failure = raised(pair.begin)
        assert failure.kind == ("store_refused" if fate == "refused" else "store_unavailable")
        assert not pair.keeper.is_sure()
    turn, lease = pair.begin()
    assert lease.is_sure()
    assert run_of(str(lease.run)) == "run-1"
    end(turn)
    assert not lease.is_sure()
    assert pair.keeper.is_sure()


def test_one_beat_serves_many_turns(pair: Pair) -> None:
    turns = [pair.begin(f"a{number}")[0] for number in range(50)]
    assert pair.beats.puts == 1
    for turn in turns:
        end(turn)
    assert pair.beats.puts == 1
    assert pair.keeper.token_of("a1") is None


def test_first_beat_that_landed_late_is_gone_on_from(pair: Pair) -> None:
    pair.beats.script = ["late"]
    raised(pair.begin)
    pair.beats.late[0]()
    _turn, lease = pair.begin()
    assert lease.is_sure()


@pytest.mark.parametrize("fate", ["unanswered", "lost", "late"])
def test_beats_without_an_answer_do_not_end_the_lease(pair: Pair, fate: str) -> None:
    _turn, lease = pair.begin()
    for _minute in range(5):
        pair.beats.script = [fate]
        pair.clock.sleep(30)
        assert lease.is_sure()
        for land in pair.beats.late:
            land()
        pair.beats.late.clear()
        pair.clock.sleep(30)
        assert lease.is_sure()


def test_lease_counts_from_the_sending_of_the_last_confirmed_beat(pair: Pair) -> None:
    _turn, lease = pair.begin()
    pair.beats.script = ["lost"] * 99
    pair.clock.sleep(LENGTH * 2 / 3 - 0.1)
    assert lease.is_sure()
    pair.clock.sleep(0.2)
    assert not lease.is_sure()


def test_slow_answer_makes_no_lease_longer(pair: Pair) -> None:
    put = pair.beats.put

    def slow(run: str, beat: Mapping[str, Any], expected: Any) -> Any:
        version = put(run, beat, expected)
        pair.clock.slept.append(30.0)
        return version

    pair.beats.put = slow  # type: ignore[method-assign]  # lands at once, answers late
    _turn, lease = pair.begin()
    pair.beats.script = ["lost"] * 99
    pair.clock.slept.append(LENGTH * 2 / 3 - 30.1)
    assert lease.is_sure()
    pair.clock.slept.append(0.2)
    assert not lease.is_sure()


def test_run_that_stands_still_is_deposed_after_a_whole_lease(pair: Pair) -> None:
    _turn, lease = pair.begin()
    assert pair.watch.is_over(str(lease.run), "a")
    assert LENGTH <= sum(pair.other_clock.slept) <= LENGTH + 1
    assert pair.beats.kept == {}
    # Its own clock stood still; its next beat tells it.
    assert lease.is_sure()
    assert not pair.keeper.beat()
    assert not lease.is_sure()
    assert raised(pair.begin, "b").kind == "busy"


def test_run_that_moves_is_never_deposed(pair: Pair) -> None:
    _turn, lease = pair.begin()
    pair.other_clock.every(19, lambda: pair.clock.sleep(19))
    for _again in range(4):
        assert not pair.watch.is_over(str(lease.run), "a")
    assert lease.is_sure()


def test_beat_that_comes_just_before_the_mark_wins(pair: Pair) -> None:
    _turn, lease = pair.begin()
    put = pair.beats.put

    def beat_first(run: str, beat: Mapping[str, Any], expected: Any) -> Any:
        pair.beats.put = put  # type: ignore[method-assign]  # only once
        if beat.get("deposed_by"):
            assert pair.keeper.beat()
        return put(run, beat, expected)

    pair.beats.put = beat_first  # type: ignore[method-assign]  # a runner wakes at this moment
    assert not pair.watch.is_over(str(lease.run), "a")
    assert lease.is_sure()


def test_beat_that_comes_right_after_the_last_look_wins(pair: Pair) -> None:
    _turn, lease = pair.begin()
    get = pair.beats.get

    def then_beat(run: str) -> Any:
        found = get(run)
        if sum(pair.other_clock.slept) >= LENGTH:
            pair.beats.get = get  # type: ignore[method-assign]  # only once
            assert pair.keeper.beat()
        return found

    pair.beats.get = then_beat  # type: ignore[method-assign]  # a runner wakes at this moment
    assert not pair.watch.is_over(str(lease.run), "a")
    assert lease.is_sure()


@pytest.mark.parametrize("fate", ["unanswered", "lost", "late", "refused"])
def test_mark_without_an_answer_is_looked_for(pair: Pair, fate: str) -> None:
    _turn, lease = pair.begin()
    pair.beats.script = [fate]
    if fate == "unanswered":
        assert pair.watch.is_over(str(lease.run), "a")
        return
    failure = raised(pair.watch.is_over, str(lease.run), "a")
    assert failure.landed is (False if fate == "refused" else None)
    for land in pair.beats.late:
        land()
    assert pair.watch.is_over(str(lease.run), "a")
    assert not pair.keeper.beat()


def test_turn_that_is_over_is_told_by_the_next_beat(pair: Pair) -> None:
    turn, lease = pair.begin()
    token = str(lease.run)
    end(turn)
    pair.begin("b")
    assert pair.keeper.beat()
    assert pair.watch.is_over(token, "a")
    assert pair.other_clock.slept == []


def test_earlier_beat_says_nothing_of_a_later_turn(pair: Pair) -> None:
    """What was composed before the turn began does not name it, and frees nothing."""
    pair.keeper.start()
    for _beat in range(3):
        pair.keeper.beat()
    _turn, lease = pair.begin()
    pair.other_clock.every(10, lambda: pair.clock.sleep(10))
    assert not pair.watch.is_over(str(lease.run), "a")


def test_second_turn_on_the_same_thing_is_not_taken_for_the_first(pair: Pair) -> None:
    turn, first = pair.begin()
    end(turn)
    pair.keeper.beat()
    _turn, second = pair.begin()
    assert pair.watch.is_over(str(first.run), "a")
    pair.other_clock.every(10, lambda: pair.clock.sleep(10))
    assert not pair.watch.is_over(str(second.run), "a")


def test_ended_run_is_asked_for_once(pair: Pair) -> None:
    _turn, lease = pair.begin()
    pair.keeper.stop()
    looks = pair.beats.looks
    for number in range(100):
        assert pair.watch.is_over(str(lease.run), f"a{number}")
    assert pair.beats.looks == looks + 1
    assert not lease.is_sure()
    assert pair.beats.kept == {}


def test_live_run_is_remembered_for_a_while(pair: Pair) -> None:
    leases = [pair.begin(f"a{number}")[1] for number in range(100)]
    pair.other_clock.every(20, lambda: pair.clock.sleep(20))
    for number, lease in enumerate(leases):
        assert not pair.watch.is_over(str(lease.run), f"a{number}")
    assert sum(pair.other_clock.slept) <= 20
    assert pair.beats.looks <= 4


def test_other_threads_wait_for_one_watch(pair: Pair) -> None:
    leases = [pair.begin(f"a{number}")[1] for number in range(8)]
    found: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda n=number, lease=lease: found.append(
                pair.watch.is_over(str(lease.run), f"a{n}")
            )
        )
        for number, lease in enumerate(leases)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [True] * 8
    assert sum(pair.other_clock.slept) <= LENGTH + 1


@pytest.mark.parametrize("theirs", [120.0, 1e9, -1, True, "long", None])
def test_other_run_may_have_a_longer_lease(pair: Pair, theirs: Any) -> None:
    pair.beats.kept["x"] = ({"beat": 1, "lease": theirs, "working_on": ["a"]}, 1)
    assert pair.watch.is_over("x#0", "a")
    waited = 120 if theirs == 120.0 else LENGTH
    assert waited <= sum(pair.other_clock.slept) <= waited + 1


@pytest.mark.parametrize(
    "beat", [{}, {"beat": "9", "working_on": []}, {"beat": 9}, {"beat": 9, "working_on": "[]"}]
)
def test_beat_that_cannot_be_read_frees_nothing(pair: Pair, beat: dict[str, Any]) -> None:
    pair.beats.kept["x"] = (beat, 1)
    assert pair.watch.is_over("x#0", "a")  # only because it stood still
    assert sum(pair.other_clock.slept) >= LENGTH


def test_store_without_check_and_set_ends_a_run_that_was_late() -> None:
    pair = Pair(is_exact=False)
    _turn, lease = pair.begin()
    pair.clock.sleep(100)
    assert lease.is_sure()
    pair.clock.slept.append(LENGTH)
    assert not pair.keeper.beat()
    pair.clock.sleep(100)
    assert not lease.is_sure()
    assert raised(pair.begin, "b").kind == "busy"


def test_token_of_another_kind_names_a_run(pair: Pair) -> None:
    assert pair.watch.is_over("somebody", "a")
    assert run_of("somebody") == "somebody"
    assert run_of("job.42.ab12cd34#7") == "job.42"


class Hasty(Clock):
    """A real clock's thread, of which each tick is a sixth of a lease, however long it took."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds that its ticks have made of it."""
        return self._seconds

    def every(
        self, seconds: float, work: Callable[[], None], name: str = "timer"
    ) -> Callable[[], None]:
        """Call work again and again, in the background."""

        def tick() -> None:
            self._seconds += seconds
            work()

        return super().every(0.01, tick, name)


def test_real_clock_beats_by_itself() -> None:
    beats = Memory()
    has_beaten = threading.Event()
    put = beats.put

    def noting(run: str, beat: Mapping[str, Any], expected: Any) -> Any:
        if beat["beat"] == 3:
            has_beaten.set()
        return put(run, beat, expected)

    beats.put = noting  # type: ignore[method-assign]  # it wakes the test
    keeper = HeartbeatKeeper(beats, "run-1", LENGTH, Hasty())
    with keeper.turn("a"):
        assert has_beaten.wait(60)
    keeper.stop()
    assert beats.kept == {}
    assert not keeper.beat()
