# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast, and how long to wait before the next try."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.pacing import (
    ATTEMPTS,
    LONGEST_RETRY_AFTER,
    Pace,
    parse_http_date,
    retry_wait,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

NOW = dt.datetime(2026, 11, 22, 12, 0, 0, tzinfo=dt.timezone.utc)


def test_pace_none_never_waits(clock: RecordingClock) -> None:
    pace = Pace(None, clock)
    for _unused in range(100):
        pace.wait()
    assert clock.slept == []


def test_pace_spaces_requests_evenly(clock: RecordingClock) -> None:
    pace = Pace(4, clock)
    for _unused in range(9):
        pace.wait()
    assert sum(clock.slept) == pytest.approx(2.0)


def test_pace_is_shared_by_threads() -> None:
    class Standing(RecordingClock):
        def monotonic(self) -> float:
            return 0.0

    clock = Standing()
    pace = Pace(10, clock)
    threads = [threading.Thread(target=pace.wait) for _unused in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The first goes at once; each of the others has its own turn.
    assert sorted(clock.slept) == pytest.approx([n / 10 for n in range(1, 8)])


def test_pace_after_a_pause_does_not_save_up(clock: RecordingClock) -> None:
    pace = Pace(1, clock)
    pace.wait()
    clock.slept.append(100.0)
    pace.wait()
    pace.wait()
    assert clock.slept == [100.0, 1.0]


def test_wait_grows_with_jitter_and_ends() -> None:
    for attempt, (least, most) in {1: (0.125, 0.5), 2: (0.25, 1.0), 3: (0.5, 2.0)}.items():
        waits = [retry_wait(attempt, None, NOW) for _unused in range(200)]
        assert all(wait is not None and least <= wait <= most for wait in waits)
        assert len(set(waits)) > 100
    assert retry_wait(ATTEMPTS, None, NOW) is None
    assert retry_wait(ATTEMPTS, "1", NOW) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30),
        ("Sunday, 22-Nov-26 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_honoured(value: str, seconds: float) -> None:
    wait = retry_wait(1, value, NOW)
    assert wait is not None
    assert seconds <= wait <= seconds + 0.25


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "²", "Sun, 99 Nov 2026 12:00:30 GMT"])
def test_retry_after_that_is_none_is_ignored(value: str) -> None:
    wait = retry_wait(1, value, NOW)
    assert wait is not None
    assert wait <= 0.5


@pytest.mark.parametrize("value", ["121", "9" * 400, "Sun, 22 Nov 2026 13:00:00 GMT"])
def test_retry_after_beyond_patience_gives_up(value: str) -> None:
    assert retry_wait(1, value, NOW) is None


def test_retry_after_at_the_limit_is_waited_for() -> None:
    assert retry_wait(1, str(int(LONGEST_RETRY_AFTER)), NOW) is not None


def test_http_date_without_zone_is_utc() -> None:
    assert parse_http_date("Sun, 22 Nov 2026 12:00:00 -0000") == NOW
