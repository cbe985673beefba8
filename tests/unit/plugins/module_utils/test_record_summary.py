# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says to an auditor: its state, its dates, no secret."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    Decommission,
    HeldKey,
    Hold,
    Pending,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_summary import (
    state_of,
    summary_of,
    with_dates,
)

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)
SECRET = "Made0Up0Secret0Key0/+=canary"
CURRENT = HeldKey(
    "AKNEW", Secret(SECRET), created_at=NOW - 12 * DAY, acknowledged_at=NOW - 11 * DAY
)
OLD = HeldKey("AKOLD", Secret(SECRET), created_at=NOW - 99 * DAY, retiring_since=NOW - 12 * DAY)
MADE = Pending("r2", NOW - DAY, "run-1", "a1", access_key="AKNEXT", created_at=NOW)


def record(**parts: Any) -> Record:
    """Return a record with these parts."""
    return Record("memory", ("lab",), "app", **parts)


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({}, "unmanaged"),
        ({"current": CURRENT}, "managed"),
        ({"current": CURRENT, "retiring": (OLD,)}, "retiring"),
        ({"current": CURRENT, "retiring": (OLD,), "pending": MADE}, "pending"),
        ({"pending": MADE}, "pending"),
        ({"current": dataclasses.replace(CURRENT, origin="delivered")}, "delivered"),
        ({"retiring": (OLD,), "decommission": Decommission(NOW)}, "decommissioned"),
        ({"decommission": Decommission(NOW, "left", NOW)}, "decommissioned"),
    ],
)
def test_state(parts: dict[str, Any], state: str) -> None:
    assert state_of(record(**parts)) == state
    assert summary_of(record(**parts), NOW)["state"] == state


def test_no_record_is_unmanaged_and_has_every_name() -> None:
    nothing = summary_of(None, NOW)
    assert nothing["state"] == state_of(None) == "unmanaged"
    assert (nothing["age"], nothing["retiring"], nothing["on_hold"]) == ("unknown", [], False)
    assert set(nothing) == set(summary_of(record(current=CURRENT), NOW))


def test_summary_tells_dates_and_no_secret() -> None:
    full = record(current=CURRENT, retiring=(OLD,), pending=MADE, suspects=("AKWHO",))
    told = summary_of(full, NOW)
    assert (told["access_key"], told["age"], told["age_days"]) == ("AKNEW", "12d", 12)
    assert (told["acknowledged"], told["verified"]) == (True, False)
    assert told["created_at"] == "2026-11-10T00:00:00Z"
    assert told["pending_since"] == "2026-11-21T00:00:00Z"
    assert told["suspects"] == ["AKWHO"]
    (retiring,) = told["retiring"]
    assert (retiring["access_key"], retiring["disabled_at"]) == ("AKOLD", None)
    assert retiring["retiring_since"] == "2026-11-10T00:00:00Z"
    assert SECRET not in repr(told)


def test_summary_opens_no_secret() -> None:
    def refuse(_sealed: Any) -> str:
        raise AssertionError("opened")

    sealed = dataclasses.replace(CURRENT, secret=Secret(None, "sealed", refuse))
    assert summary_of(record(current=sealed), NOW)["access_key"] == "AKNEW"


@pytest.mark.parametrize(
    ("until", "on_hold"), [(None, True), (NOW + DAY, True), (NOW - DAY, False)]
)
def test_hold_ends(until: dt.datetime | None, on_hold: bool) -> None:
    held = record(current=CURRENT, held=Hold(NOW - 2 * DAY, "rolled back", until))
    assert summary_of(held, NOW)["on_hold"] is on_hold


def test_dates_of_the_record_fill_only_what_the_platform_does_not_tell() -> None:
    account = Account("app")
    keys = [
        AccessKey("AKNEW", account),
        AccessKey("AKOLD", account, created_at=NOW),
        AccessKey("AKNEXT", account),
        AccessKey("AKWHO", account),
    ]
    full = record(current=CURRENT, retiring=(OLD,), pending=MADE)
    dates = [key.created_at for key in with_dates(keys, full)]
    assert dates == [CURRENT.created_at, NOW, NOW, None]
    assert with_dates(keys, None) == keys
