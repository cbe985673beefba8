# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a window is open: days, midnight, time zones, clocks that change; and what is no window."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import iso
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_window import (
    View,
    Window,
)

BERLIN = "sat,sun 22:00-04:00 Europe/Berlin"
SKIPPED, TWICE = "sun 02:30-05:00 Europe/Berlin", "sun 01:00-02:30 Europe/Berlin"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def at(window: str, moment: str) -> View:
    """Return how a window is at a moment in UTC."""
    return Window.parse(window).at(dt.datetime.fromisoformat(moment + ":00+00:00"))


@pytest.mark.parametrize(
    ("window", "moment", "is_open", "next_opens", "closes"),
    [
        # 2026-03-07 is a Saturday.
        (BERLIN, "2026-03-07T20:59", False, "2026-03-07T21:00", "2026-03-08T03:00"),
        (BERLIN, "2026-03-07T21:00", True, "2026-03-08T21:00", "2026-03-08T03:00"),
        (BERLIN, "2026-03-08T02:59", True, "2026-03-08T21:00", "2026-03-08T03:00"),
        (BERLIN, "2026-03-08T03:00", False, "2026-03-08T21:00", "2026-03-09T03:00"),
        # On Monday morning that of Sunday is still open.
        (BERLIN, "2026-03-09T02:00", True, "2026-03-14T21:00", "2026-03-09T03:00"),
        # The night in which the clocks go forward is an hour shorter.
        (BERLIN, "2026-03-29T01:30", True, "2026-03-29T20:00", "2026-03-29T02:00"),
        # A time that is skipped is the moment of the skip, as opening and as end.
        (SKIPPED, "2026-03-28T12:00", False, "2026-03-29T01:00", "2026-03-29T03:00"),
        (TWICE, "2026-03-29T00:30", True, "2026-04-04T23:00", "2026-03-29T01:00"),
        # A window within skipped time is left out that week.
        (
            "sun 02:10-02:50 Europe/Berlin",
            *("2026-03-28T12:00", False, "2026-04-05T00:10", "2026-04-05T00:50"),
        ),
        # One that is shown twice is the first.
        (TWICE, "2026-10-25T00:00", True, "2026-11-01T00:00", "2026-10-25T00:30"),
        # What touches is one window.
        (
            "sat 22:00-24:00; sun 00:00-04:00",
            *("2026-03-07T23:59", True, "2026-03-14T22:00", "2026-03-08T04:00"),
        ),
        ("02:00-03:00", "2026-03-04T02:30", True, "2026-03-05T02:00", "2026-03-04T03:00"),
        ("daily 00:00-24:00", "2026-03-04T02:30", True, None, None),
        (
            "FRI-MON 9:00-10:00 utc",
            *("2026-03-10T08:00", False, "2026-03-13T09:00", "2026-03-13T10:00"),
        ),
    ],
)
def test_window_at_a_moment(
    window: str, moment: str, is_open: bool, next_opens: Any, closes: Any
) -> None:
    view = at(window, moment)
    shown = [text and text + ":00Z" for text in (next_opens, closes)]
    assert (view.is_open, [iso(view.next_opens), iso(view.closes)]) == (is_open, shown)


def test_room_is_what_is_left_of_it() -> None:
    view = at("sat 22:00-23:00", "2026-03-07T22:55")
    assert view.has_room(dt.timedelta(minutes=5))
    assert not view.has_room(dt.timedelta(minutes=5, seconds=1))
    assert not at("sat 22:00-23:00", "2026-03-07T21:59").has_room(dt.timedelta())
    assert at("00:00-24:00", "2026-03-07T21:59").has_room(dt.timedelta(days=30))


@given(
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    opens=st.integers(0, 1439),
    length=st.integers(1, 1439),
    zone=st.sampled_from(ZONES),
    moment=st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2028, 1, 1)),
)
def test_view_agrees_with_the_clock_on_the_wall(
    days: set[str], opens: int, length: int, zone: str, moment: dt.datetime
) -> None:
    text = f"{','.join(sorted(days))} {_time(opens)}-{_time((opens + length) % 1440)} {zone}"
    window, now = Window.parse(text), moment.replace(tzinfo=dt.timezone.utc)
    view = window.at(now)
    # Far from a change of the clocks both say the same.
    if len({_offset(now, zone, hours) for hours in (-27, 0, 27)}) == 1:
        wall = now.astimezone(zoneinfo.ZoneInfo(zone))
        assert view.is_open == _shows(wall, days, opens, length)
    if view.current is not None:
        assert view.current.opens <= now < view.current.closes
    assert view.following is not None
    assert now < view.following.opens < view.following.closes
    assert view.following.opens - now < dt.timedelta(days=15)
    assert not window.at(view.following.opens - dt.timedelta(microseconds=1)).is_open
    assert window.at(view.following.opens).is_open
    assert not window.at(view.following.closes).is_open


def _time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _offset(now: dt.datetime, zone: str, hours: int) -> Any:
    return (now + dt.timedelta(hours=hours)).astimezone(zoneinfo.ZoneInfo(zone)).utcoffset()


def _shows(wall: dt.datetime, days: set[str], opens: int, length: int) -> bool:
    """Tell by the wall's day and time alone whether a window is open."""
    minute = wall.hour * 60 + wall.minute
    today, yesterday = DAYS[wall.weekday()], DAYS[wall.weekday() - 1]
    since_midnight = today in days and opens <= minute < opens + length
    return since_midnight or (yesterday in days and minute + 1440 < opens + length)


@pytest.mark.parametrize(
    ("window", "word"),
    [
        ("sometimes", "no window"),
        ("", "names no time"),
        ("caturday 22:00-23:00", "caturday"),
        ("sat 25:00-26:00", "25:00"),
        ("sat 22:75-23:00", "22:75"),
        ("sat 22:00-22:00", "no length"),
        ("sat 22:00-23:00 Europe/Atlantis", "Europe/Atlantis"),
        ("sat 22:00-23:00 Europe", "Europe"),
        ("sat 22:00", "no window"),
        ("sat 22:00-23:00 ../../etc/passwd", "no window"),
    ],
)
def test_what_is_no_window_is_refused_with_the_way_to_write_one(window: str, word: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        Window.parse(window)
    assert caught.value.kind == "invalid_option"
    assert caught.value.message.startswith("window: ")
    assert word in caught.value.message
    assert caught.value.next_step


def test_missing_time_zone_database_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", none)
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    with pytest.raises(CredentialsError, match="no time zone database") as caught:
        Window.parse("sat 22:00-23:00 Europe/Berlin")
    assert "tzdata" in str(caught.value.next_step)
    assert Window.parse("sat 22:00-23:00").spans
