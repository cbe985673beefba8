# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cuts clients off waits for its window; exceptions keep an old key until they end."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import iso
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult

from .conftest import OpenLab
from .lab import (
    ACCOUNT,
    CHOSEN,
    IN_PLACE,
    LABELLED,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    Lab,
)
from .lab_store import is_intended

HOUR = 3600.0
WHY = "found in a log"


def window(lab: Lab, opens: float, closes: float) -> str:
    """Return a window that opens and closes so many hours from now, on one day of the week."""
    begin, end = (lab.clock.now() + dt.timedelta(hours=hours) for hours in (opens, closes))
    return f"{begin:%a} {begin:%H:%M}-{end:%H:%M}".lower()


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_rotation_in_place_waits_for_its_window(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.later(83.5)
    times = window(lab, 2, 4)
    writes, files = lab.writes, lab.files()
    for check_mode in (True, False):
        result = lab.one(window=times, check_mode=check_mode)
        assert (result.action, result.changed, result.failure) == ("skipped", False, None)
        assert str(result.why).startswith("due; waits for its window, which opens 2026-")
        assert result.details["window"]["open"] is False
        assert result.details["window"]["after_limit"] is False
    assert (lab.current(), lab.writes, lab.files()) == (old, writes, files)
    lab.later(seconds=2.1 * HOUR)
    result = lab.one(window=times)
    assert result.action in ("rotated", "delivered")
    assert result.details["window"]["open"] is True
    assert lab.current() != old


def test_nothing_begins_so_late_that_it_would_not_end_in_the_window(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    times = window(lab, -1, 0.1)
    late = lab.one(force=True, window=times, disruption_time="10m")
    assert late.action == "skipped"
    # It is open, and next week comes after.
    details = late.details["window"]
    assert details["open"] is True
    assert details["closes"] < details["next_opens"]
    assert lab.one(force=True, window=times).action == "rotated"


def test_window_after_the_limit_is_flagged(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    lab.later(84)
    result = lab.one(window=window(lab, 24 * 6 + 2, 24 * 6 + 3))
    assert result.details["window"]["after_limit"] is True
    assert "after the limit" in str(result.why)


def test_long_run_leaves_its_window(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE, accounts=3)
    lab.run(all=True, adopt="rotate")
    times = window(lab, 0, 1)
    lab.later(seconds=60)
    lab.network.after.append(lambda method, _url: lab.later(seconds=HOUR * (method == "PATCH")))
    outcome = lab.run(all=True, force=True, window=times)
    assert [each.action for each in outcome.accounts] == ["rotated", "skipped", "skipped"]
    assert not outcome.failures


@pytest.mark.parametrize("form", [UNLABELLED, TWO_KEYS, TWO_SLOTS])
def test_keys_that_live_side_by_side_need_no_window(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    result = lab.one(force=True, window=window(lab, 2, 4), allow_disruption=True)
    assert result.action == "rotated"
    assert "window" not in result.details


def test_key_is_deleted_to_make_room_only_in_the_window(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_KEYS)
    ours = lab.managed()
    theirs = lab.make_key()
    lab.watch.may_cut = True
    wanted: dict[str, Any] = {"force": True, "replaces": [theirs], "allow_disruption": True}
    times = window(lab, 2, 4)
    result = lab.one(**wanted, window=times)
    assert (result.action, result.changed) == ("skipped", False)
    assert lab.truth() == {ours: "active", theirs: "active"}
    lab.later(seconds=2.1 * HOUR)
    assert lab.one(**wanted, window=times).action == "rotated"
    assert theirs not in lab.truth()


def test_decommission_waits_for_the_window(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.watch.may_cut = True
    ended: dict[str, Any] = {"state": "decommissioned", "reason": "old", "allow_disruption": True}
    assert lab.one(**ended, window=window(lab, 2, 4)).action == "skipped"
    assert lab.truth() == {old: "active"}
    assert lab.one(**ended, window=window(lab, -1, 4)).action == "disabled"


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_emergency_ignores_the_window(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    result = lab.one(compromised=[old], reason=WHY, window=window(lab, 2, 4))
    assert result.action == "rotated"


def test_account_whose_key_is_dead_already_is_repaired_at_once(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(force=True)
    lab.later(seconds=600)
    result = lab.one(window=window(lab, 2, 4))
    assert result.action == "recovered"
    assert lab.stored_pair_works()


def test_chosen_pair_that_was_not_sent_waits_and_is_then_sent(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    old = lab.managed()
    times = window(lab, 2, 4)
    lab.store_faults.add("kill after", is_intended)
    lab.killed(force=True)
    lab.later(seconds=600)
    assert lab.one(window=times).action == "skipped"
    assert lab.only() == old
    lab.later(seconds=2 * HOUR)
    assert lab.one(window=times).action == "resumed"
    assert lab.stored_pair_works()


def test_first_key_of_an_account_without_any_waits_for_nothing(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.add("app-0009", access_keys=0)
    result = lab.one(users=["app-0009"], window=window(lab, 2, 4))
    assert result.action == "rotated"


def test_windows_of_single_accounts(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE, accounts=3)
    lab.run(all=True, adopt="rotate")
    lab.later(1)
    policies = [
        {"name": "app-0002", "window": "daily 00:00-24:00"},
        {"match": "app-0003", "window": window(lab, -1, 1)},
    ]
    rows = lab.run(all=True, force=True, window=window(lab, 2, 4), policies=policies).accounts
    assert [each.action for each in rows] == ["skipped", "rotated", "rotated"]


def test_plan_is_made_as_if_windows_were_open_and_waits_for_them(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    old = lab.managed()
    times, path = window(lab, 2, 4), str(lab.folder.parent / "plan.json")
    shown = lab.one(force=True, window=times, check_mode=True, write_plan=path)
    assert (shown.action, shown.changed) == ("skipped", False)
    (entry,) = json.loads(Path(path).read_text())["entries"]
    (row,) = entry["accounts"]
    assert (row["action"], row["before"]["current"]) == ("rotated", old)
    assert lab.one(force=True, window=times, plan=path).action == "skipped"
    lab.later(seconds=2.1 * HOUR)
    assert lab.one(force=True, window=times, plan=path).action == "rotated"


def test_window_that_is_shorter_than_what_is_to_fit_in_is_refused(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    with pytest.raises(CredentialsError, match="never open for as long"):
        lab.run(window="sat 22:00-22:10", disruption_time="15m")
    entry = [{"match": "app-*", "window": "caturday 22:00-23:00"}]
    with pytest.raises(CredentialsError) as caught:
        lab.run(policies=entry)
    assert caught.value.message.startswith("policies: entry 1 (match app-*): window: ")


# --- exceptions -----------------------------------------------------------------------------------


def excepted(lab: Lab, days: float, **params: Any) -> AccountResult:
    """Run with an exception that ends so many days from now."""
    until = iso(lab.clock.now() + dt.timedelta(days=days))
    exception = {"reason": "an appliance", "approver": "C. Iso", "until": until}
    return lab.one(policies=[{"name": ACCOUNT, "exception": exception}], **params)


@pytest.mark.parametrize("form", [LABELLED, IN_PLACE])
def test_exception_keeps_an_old_key_until_it_ends(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.later(200)
    until = iso(lab.clock.now() + dt.timedelta(days=10))
    result = excepted(lab, 10)
    assert result.action == "unchanged"
    assert result.due_at == until
    assert lab.current() == old
    ended = excepted(lab, -1)
    assert ended.action == "rotated"
    assert str(ended.why).startswith("its exception ended on 2026-")
    # The new key obeys the rule.
    assert excepted(lab, -1).action in ("unchanged", "announced")


@pytest.mark.parametrize("asked", [{"force": True}, {"rotation_id": "winter"}])
def test_exception_is_from_the_rule_of_age_alone(lab_of: OpenLab, asked: dict[str, Any]) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    assert excepted(lab, 10, **asked).action == "rotated"


def test_exception_does_not_hold_back_an_emergency(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    assert excepted(lab, 10, compromised=[old], reason=WHY).action == "rotated"


def test_account_with_an_exception_is_not_taken_over_before_it_ends(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    result = excepted(lab, 10, adopt="rotate")
    assert result.action == "unmanaged"
    assert "excepted until" in str(result.why)
    assert excepted(lab, -1, adopt="rotate").action == "rotated"


@pytest.mark.parametrize(("days", "expired"), [(10, False), (-1, True)])
def test_exception_is_shown_in_the_report(lab_of: OpenLab, days: float, expired: bool) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    excepted(lab, days, report_path="asked for", window="sat 22:00-23:00 Europe/Berlin")
    assert lab.last is not None
    (row,) = lab.last.rows()
    assert row["policy"]["exception"]["approver"] == "C. Iso"
    assert row["policy"]["exception"]["expired"] is expired
    assert row["policy"]["window"] == "sat 22:00-23:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("exception", "word"),
    [
        ({"reason": "r", "approver": "a"}, "until"),
        ({"reason": "", "approver": "a", "until": "2026-12-31"}, "reason"),
        ({"reason": "r", "until": "2026-12-31"}, "approver"),
        ({"reason": "r", "approver": "a", "until": "next year"}, "next year"),
        ({"reason": "r", "approver": "a", "until": "2026-12-31", "by": "x"}, "by"),
        ("because", "reason"),
    ],
)
def test_exception_without_its_words_is_refused(lab_of: OpenLab, exception: Any, word: str) -> None:
    lab = lab_of(UNLABELLED)
    with pytest.raises(CredentialsError) as caught:
        lab.run(users=[{"name": ACCOUNT, "exception": exception}])
    assert f"users: entry 1 ({ACCOUNT}): exception: " in caught.value.message
    assert word in caught.value.message
    assert lab.log == []
