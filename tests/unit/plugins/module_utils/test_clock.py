# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as platforms print them, and clocks that tests move."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import (
    OFFSET_VARIABLE,
    Clock,
    clock_for,
    is_loopback,
    iso,
    parse_time,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

UTC = dt.timezone.utc


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T05:04:05+0200", "2026-01-02T03:04:05Z"),
        ("2026-01-01T22:04:05-05:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.123+0000", "2026-01-02T03:04:05Z"),
        ("  2026-01-02T03:04:05Z ", "2026-01-02T03:04:05Z"),
        ("2026-01-02", "2026-01-02T00:00:00Z"),
    ],
)
def test_time_is_read_in_form(text: str, expected: str) -> None:
    assert iso(parse_time(text)) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        "never",
        "0",
        "-",
        "2026-13-01T00:00:00Z",
        1700000000,
        "0001-01-01T00:00+23:59",
    ],
)
def test_time_that_cannot_be_read_is_unknown(value: Any) -> None:
    assert parse_time(value) is None


def test_fraction_is_kept() -> None:
    moment = parse_time("2026-01-02T03:04:05.25Z")
    assert moment is not None
    assert moment.microsecond == 250_000


def test_iso_of_nothing_is_nothing() -> None:
    assert iso(None) is None


def test_iso_turns_to_utc() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    assert iso(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone)) == "2026-01-02T01:04:05Z"


@pytest.fixture(autouse=True)
def _one_moment() -> None:
    """Let time pass: the clock itself is tested here."""


def test_clock_tells_utc_and_never_sleeps_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    Clock().sleep(-5)
    Clock().sleep(0)
    assert slept == []
    assert Clock().now().tzinfo is UTC
    before, moved, after = Clock().now(), Clock(60).now(), Clock().now()
    assert before <= moved - dt.timedelta(seconds=60) <= after
    assert Clock().monotonic() <= Clock().monotonic()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080", True),
        ("https://127.1.2.3/api", True),
        ("http://localhost", True),
        ("http://LOCALHOST:1", True),
        ("http://[::1]:443", True),
        ("http://127.0.0.1.example.com", False),
        ("http://127.example.com", False),
        ("http://localhost.example.com", False),
        ("https://10.0.0.1", False),
        ("http://[", False),
        ("nonsense", False),
    ],
)
def test_loopback_is_recognised(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_offset_moves_the_clock_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFSET_VARIABLE, "86400")
    assert clock_for(["http://127.0.0.1:1", None]).offset == 86400


def test_offset_is_ignored_when_any_url_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFSET_VARIABLE, "86400")
    assert clock_for(["http://127.0.0.1:1", "https://storage.example.com"]).offset == 0


def test_offset_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFSET_VARIABLE, "a day")
    error = raised(clock_for, ["http://localhost"])
    assert error.kind == "invalid_option"
    assert OFFSET_VARIABLE in error.message


def test_clock_without_offset_is_this_machines() -> None:
    assert clock_for(["http://localhost"]).offset == 0
