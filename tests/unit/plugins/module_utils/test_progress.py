# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a list is: rarely told, rightly counted, and never a burden to the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

NEVER = 3600.0
GOOD, BAD = AccountResult("a", "updated"), AccountResult("b", "drifted")


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.came = threading.Event()

    def __call__(self, message: Mapping[str, Any]) -> None:
        self.messages.append(dict(message))
        self.came.set()


def counted(total: Optional[int], good: int, bad: int = 0) -> tuple[Progress, Told, RecordingClock]:
    """Return progress that has counted, and that reports only when asked."""
    told, clock = Told(), RecordingClock()
    progress = Progress(told, clock, interval=NEVER)
    progress.begin(total)
    for result in [GOOD] * good + [BAD] * bad:
        progress.done(result)
    return progress, told, clock


def test_report_holds_numbers_and_one_word() -> None:
    progress, told, clock = counted(100, good=18, bad=2)
    clock.sleep(10)
    progress.report()
    assert told.messages == [
        {
            "what": "accounts",
            "done": 20,
            "total": 100,
            "failed": 2,
            "seconds": 10,
            "rate": 2,
            "left": 40,
            "over": False,
        }
    ]
    progress.end()


def test_time_left_goes_by_the_last_reports_and_not_by_a_slow_start() -> None:
    progress, told, clock = counted(1000, good=1)
    clock.sleep(1000)
    for _unused in range(8):
        clock.sleep(5)
        for _each in range(50):
            progress.done(GOOD)
        progress.report()
    assert told.messages[-1]["rate"] == pytest.approx(10)
    assert told.messages[-1]["left"] == pytest.approx((1000 - 401) / 10)
    progress.end()
    assert told.messages[-1]["over"] is True
    assert told.messages[-1]["rate"] == pytest.approx(401 / 1040, abs=0.001)


def test_pace_that_is_not_known_yet_is_null() -> None:
    progress, told, clock = counted(5, good=0)
    clock.sleep(5)
    progress.report()
    assert (told.messages[0]["rate"], told.messages[0]["left"]) == (None, None)
    progress.end()


def test_short_list_tells_nothing() -> None:
    progress, told, _clock = counted(5, good=5)
    progress.end()
    assert told.messages == []


def test_end_may_come_twice_and_before_any_beginning() -> None:
    progress, told, clock = counted(5, good=5)
    clock.sleep(6)
    progress.report()
    progress.end()
    progress.end()
    assert [message["over"] for message in told.messages] == [False, True]
    Progress(told).end()


def test_search_of_unknown_length_ends_without_a_word() -> None:
    progress, told, clock = counted(None, good=0)
    clock.sleep(6)
    progress.report()
    progress.begin(3)
    assert [message["total"] for message in told.messages] == [None]
    progress.done(GOOD)
    progress.report()
    assert (told.messages[-1]["done"], told.messages[-1]["total"]) == (1, 3)
    progress.end()


def test_reports_come_by_themselves_only_when_something_moved() -> None:
    told = Told()
    progress = Progress(told, interval=0.01)
    progress.begin(2)
    assert told.came.wait(60)
    time.sleep(0.1)
    assert len(told.messages) == 1
    told.came.clear()
    progress.done(GOOD)
    assert told.came.wait(60)
    progress.end()
    assert [message["done"] for message in told.messages] == [0, 1, 1]


def test_report_without_movement_is_repeated_after_a_while() -> None:
    told, clock = Told(), RecordingClock()
    progress = Progress(told, clock, interval=0.01)
    progress.begin(2)
    assert told.came.wait(60)
    told.came.clear()
    clock.sleep(31)
    assert told.came.wait(60)
    progress.end()
    assert {message["done"] for message in told.messages} == {0}


def test_nobody_to_tell_costs_no_thread() -> None:
    before = set(threading.enumerate())
    progress = Progress()
    progress.begin(10)
    progress.done(GOOD)
    # One of another test may end meanwhile.
    assert set(threading.enumerate()) <= before
    progress.report()
    progress.end()


def test_counting_is_right_from_many_threads() -> None:
    progress, told, _clock = counted(8000, good=0)

    def count() -> None:
        for _unused in range(1000):
            progress.done(BAD)

    threads = [threading.Thread(target=count) for _unused in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress.report()
    assert (told.messages[0]["done"], told.messages[0]["failed"]) == (8000, 8000)
    progress.end()
