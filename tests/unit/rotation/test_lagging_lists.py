# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that lag: a run right after another one takes nothing for gone or enabled again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.pacing import waits
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Record,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_lag import (
    is_behind,
)

from .conftest import OpenLab
from .lab import AWS
from .lab_store import is_kept, is_promoted
from .wire import BEGINNING

NOW = BEGINNING
SOON, LATE = NOW - dt.timedelta(seconds=5), NOW - dt.timedelta(seconds=31)


class Desk:
    """As much of a desk as the question needs."""

    def __init__(self, lag: float = 30.0) -> None:
        self.facts = type("Facts", (), {"listing_lag": lag})

    def now(self) -> dt.datetime:
        """Return the time."""
        return NOW


def record(**fields: Any) -> Record:
    """Return a record of one account."""
    return Record(platform="aws", endpoints=("lab",), account="a", account_id="AIDA1", **fields)


def keys(**statuses: str) -> list[AccessKey]:
    """Return what a listing shows."""
    return [AccessKey(name, Account("a"), status) for name, status in statuses.items()]


def held(**fields: Any) -> HeldKey:
    """Return a key of the record."""
    return HeldKey("NEW", None, **fields)


BEHIND = [
    (record(current=held(promoted_at=SOON)), keys(OLD="active"), True),
    (record(current=held(promoted_at=LATE)), keys(OLD="active"), False),
    (record(current=held(promoted_at=SOON)), keys(NEW="active"), False),
    (record(current=held(promoted_at=SOON)), keys(NEW="inactive"), True),
    (record(current=held(promoted_at=SOON, disabled_at=SOON)), keys(NEW="inactive"), False),
    (record(retiring=(held(disabled_at=SOON),)), keys(NEW="active"), True),
    (record(retiring=(held(disabled_at=LATE),)), keys(NEW="active"), False),
    (record(retiring=(held(disabled_at=SOON),)), keys(NEW="inactive"), False),
    (record(retiring=(held(disabled_at=SOON),)), keys(), False),
    (record(retiring=(held(deleted_at=SOON),)), keys(NEW="inactive"), True),
    (record(retiring=(held(deleted_at=LATE),)), keys(NEW="inactive"), False),
    (record(retiring=(held(deleted_at=SOON),)), keys(), False),
]


@pytest.mark.parametrize(("known", "shown", "expected"), BEHIND)
def test_only_what_was_done_just_now_makes_a_list_late(
    known: Record, shown: list[AccessKey], expected: bool
) -> None:
    desk: Any = Desk()
    assert is_behind(known, shown, Account("a"), desk) is expected
    prompt: Any = Desk(lag=0.0)
    assert not is_behind(known, shown, Account("a"), prompt)


def test_looks_end_when_the_lag_is_over() -> None:
    assert list(waits(0.0)) == [0.0]
    assert list(waits(30.0)) == [1, 2, 3, 4, 5, 5, 5, 5, 0.0]


def test_key_made_just_now_is_not_gone(lab_of: OpenLab) -> None:
    lab = lab_of(AWS)
    old = lab.managed()
    assert lab.one(force=True).action == "rotated"
    new, writes = lab.current(), lab.writes
    # The next run comes so soon that the list does not show the new key yet.
    result = lab.one()
    assert (result.action, result.has_failed) == ("unchanged", False), result.why
    assert lab.writes == writes
    assert lab.truth() == {old: "active", new: "active"}


def test_key_that_is_really_gone_is_replaced_once_the_lag_is_over(lab_of: OpenLab) -> None:
    lab = lab_of(AWS)
    lab.managed()
    lab.later(days=1)
    gone = lab.current()
    lab.set_key(gone, "deleted")
    result = lab.one()
    assert result.action == "rotated"
    assert "gone from the platform" in str(result.why)
    assert lab.stored_pair_works()


def test_key_disabled_just_now_was_not_enabled_by_somebody(lab_of: OpenLab) -> None:
    lab = lab_of(AWS)
    old = lab.managed()
    lab.one(force=True)
    lab.later(days=8)
    assert lab.one().action == "disabled"
    lab.simulator.modes["lag"] = 25
    result = lab.one()
    assert (result.action, result.has_failed) == ("unchanged", False), result.why
    assert lab.rec().retiring[0].disabled_at is not None
    lab.later(days=8)
    assert lab.one().action == "deleted"
    assert old not in lab.truth()


def test_list_that_lags_for_longer_than_we_look_is_unknown_and_settles(lab_of: OpenLab) -> None:
    lab = lab_of(AWS)
    old = lab.managed()
    lab.one(force=True)
    lab.later(days=8)
    lab.simulator.modes["lag"] = 50
    result = lab.one()
    assert (result.failure or {})["kind"] == "platform_error"
    assert lab.rec().intent is not None
    # It landed, and the next run sees it, after the time in which it could have landed.
    assert lab.one().action == "resumed"
    assert lab.truth()[old] == "inactive"
    assert lab.rec().intent is None


def test_refused_store_deletes_a_key_that_iam_does_not_know_yet(lab_of: OpenLab) -> None:
    lab = lab_of(AWS)
    old = lab.managed()
    lab.store_faults.add("refuse", is_kept)
    result = lab.one(force=True)
    assert result.has_failed
    # "There is no such key" of a key made a second ago is no proof that there is none.
    assert lab.truth() == {old: "active"}


@pytest.mark.parametrize("seconds", [0, 2, 15])
def test_killed_run_is_resumed_while_lists_lag(lab_of: OpenLab, seconds: float) -> None:
    lab = lab_of(AWS)
    old = lab.managed()
    lab.store_faults.add("kill after", is_promoted)
    lab.killed(force=True)
    lab.later(seconds=seconds)
    result = lab.one()
    assert not result.has_failed, result.why
    assert set(lab.truth().values()) == {"active"}
    assert len(lab.truth()) == 2
    assert lab.stored_pair_works()
    assert old in lab.truth()
