# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a key is due: age, expiry, identifiers, force, holds; thresholds that leave a key a life."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import parse_time
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Issued
from ansible_collections.objectstore.credentials.plugins.module_utils.record import HeldKey
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_policy import (
    Policy,
)

from .conftest import OpenLab
from .lab import (
    ADVISORY,
    CHOSEN,
    FRONT,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    Lab,
)

#: Days that a key lives before it is due, with the defaults.
LIVES = {
    LABELLED: 76,
    TWO_KEYS: 76,
    UNLABELLED: 76,
    ADVISORY: 76,
    FRONT: 76,
    NO_DISABLE: 69,
    TWO_SLOTS: 69,
    IN_PLACE: 83,
    CHOSEN: 83,
    UNSEEN: 83,
}
ROTATED = ("rotated", "delivered")


@pytest.mark.parametrize("form", list(LIVES))
def test_key_is_due_early_enough_that_nothing_of_it_outlives_max_age(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    assert lab.adopt().action == "rotated"
    born = lab.clock.now()
    result = lab.one()
    due_at = parse_time(result.due_at)
    assert due_at is not None
    assert abs((due_at - born).total_seconds() - LIVES[form] * 86400) < 60
    lab.settle_down()  # so that there is room
    lab.later(LIVES[form] - 24 - 0.01)
    assert lab.one().action not in ROTATED
    lab.later(0.02)
    result = lab.one()
    assert result.action in ROTATED
    assert f"{LIVES[form]} days old" in str(result.why)


@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE, TWO_SLOTS])
def test_no_key_works_past_max_age_with_daily_runs(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.adopt()
    key, born = lab.current(), lab.clock.now()
    while lab.simulator.secret_of(key) is not None:
        lab.later(4)
        assert not lab.one().has_failed
    assert lab.clock.now() - born < dt.timedelta(days=90)


@pytest.mark.parametrize(
    ("form", "options", "named"),
    [
        (UNLABELLED, {"max_age": "14d"}, "grace_period"),
        (UNLABELLED, {"grace_period": "80d", "rotate_before": "10d"}, "grace_period"),
        (NO_DISABLE, {"max_age": "21d"}, "soak_period"),
        (TWO_SLOTS, {"soak_period": "80d"}, "soak_period"),
        (IN_PLACE, {"max_age": "7d"}, "rotate_before"),
        (UNSEEN, {"rotate_before": "90d"}, "rotate_before"),
        (UNLABELLED, {"spread": "76d"}, "spread"),
    ],
)
def test_thresholds_that_make_every_key_due_are_refused(
    lab_of: OpenLab, form: Form, options: dict[str, Any], named: str
) -> None:
    lab = lab_of(form)
    with pytest.raises(CredentialsError) as caught:
        lab.run(adopt="rotate", **options)
    assert caught.value.kind == "invalid_option"
    assert named in caught.value.message
    assert lab.writes == 0
    assert lab.record() is None


@pytest.mark.parametrize("entry", [{"max_age": "10d"}, {"grace_period": "90d"}])
def test_thresholds_of_one_account_are_checked_too(lab_of: OpenLab, entry: dict[str, Any]) -> None:
    lab = lab_of(UNLABELLED)
    with pytest.raises(CredentialsError) as caught:
        lab.run(users=[{"name": "app-0001", **entry}])
    assert caught.value.kind == "invalid_option"


def test_account_of_its_own_max_age_is_due_by_it(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    lab.later(20)
    users = [{"name": "app-0001", "max_age": "30d"}, "app-0002"]
    actions = {each.account: each.action for each in lab.run(users=users).accounts}
    assert actions["app-0001"] == "rotated"
    assert actions["app-0002"] != "rotated"


def test_spread_gives_accounts_of_one_age_different_days_and_none_a_later_one(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNLABELLED, accounts=12)
    lab.run(all=True, adopt="rotate", canary=0)
    plain = {each.account: parse_time(each.due_at) for each in lab.run(all=True).accounts}
    spread = {
        each.account: parse_time(each.due_at) for each in lab.run(all=True, spread="30d").accounts
    }
    again = {
        each.account: parse_time(each.due_at) for each in lab.run(all=True, spread="30d").accounts
    }
    assert spread == again
    assert len({f"{day:%F}" for day in spread.values() if day}) > 6
    for name, day in spread.items():
        usual = plain[name]
        assert day is not None
        assert usual is not None
        assert dt.timedelta() <= usual - day <= dt.timedelta(days=30)


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE, UNSEEN])
def test_rotation_id_is_done_once(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    assert lab.one(rotation_id="winter").action == "rotated"
    key = lab.current()
    for _unused in range(2):
        lab.later(8)
        assert lab.one(rotation_id="winter").action not in ROTATED
    assert lab.current() == key
    lab.later(8)
    lab.one(rotation_id="winter")
    # Another one, and then the first again.
    assert lab.one(rotation_id="spring").action == "rotated"
    lab.settle_down(rotation_id="spring")
    assert lab.one(rotation_id="winter").action not in ROTATED


def test_rotation_id_that_failed_is_not_used_up(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.faults.add("status", status=403, **lab.call("create"))
    assert lab.one(rotation_id="winter").has_failed
    outcomes = {past.rotation_id: past.outcome for past in lab.rec().rotations}
    assert outcomes["winter"] == "issue_refused"
    assert lab.one(rotation_id="winter").action == "rotated"


def test_rotation_id_is_not_repeated_after_a_rollback(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.one(rotation_id="winter")
    lab.one(state="rolled_back", reason="it failed")
    key = lab.current()
    assert lab.one(rotation_id="winter").action not in ROTATED
    assert lab.current() == key


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_force_rotates_each_time(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    keys = {lab.current()}
    for _unused in range(2):
        assert lab.one(force=True).action == "rotated"
        keys.add(lab.current())
    assert len(keys) == 3


def test_held_account_is_left_alone_by_the_schedule(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.one(force=True)
    lab.one(state="rolled_back", reason="it failed", hold_until="2026-09-01T00:00:00Z")
    key = lab.current()
    held = lab.rec().held
    assert held is not None
    assert held.reason == "it failed"
    lab.later(90)
    assert lab.one().action not in ROTATED
    assert lab.current() == key
    while lab.clock.now() < dt.datetime(2026, 9, 1, tzinfo=dt.timezone.utc):
        lab.later(20)
    assert lab.one().action == "rotated"
    assert lab.rec().held is None


@pytest.mark.parametrize("params", [{"force": True}, {"rotation_id": "winter"}])
def test_operator_may_rotate_a_held_account(lab_of: OpenLab, params: dict[str, Any]) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.one(force=True)
    lab.one(state="rolled_back", reason="it failed")
    assert lab.one(**params).action == "rotated"


# --- lifetimes ------------------------------------------------------------------------------------


def with_lifetime(lab: Lab, days: float) -> None:
    """Give the account a key that the platform lets expire."""
    user = lab.simulator.svm.users["app-0001"]
    user.slots = {1: lab.simulator.new_key(dt.timedelta(days=days), None)}
    lab.watch.look_again()


LIFETIMES = (IN_PLACE, ("ontap", "9.15.1, bearer token"), CHOSEN, TWO_SLOTS)


@pytest.mark.parametrize("form", LIFETIMES)
def test_key_is_due_before_it_expires(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    with_lifetime(lab, 60)
    lab.adopt()
    lead = 90 - LIVES.get(form, 83)
    lab.later(60 - lead - 0.1)
    assert lab.one().action not in ROTATED
    lab.later(0.2)
    assert lab.one().action == "rotated"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", LIFETIMES)
def test_expired_key_is_replaced(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    with_lifetime(lab, 60)
    lab.adopt()
    lab.later(61)
    assert not lab.stored_pair_works()
    lab.watch.forget_records()  # the platform ended it, not we
    result = lab.one()
    assert result.action == "rotated"
    assert "expire" in str(result.why)
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", LIFETIMES)
def test_key_with_a_life_shorter_than_the_thresholds_is_not_due_for_ever(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    with_lifetime(lab, 6)
    lab.adopt()
    assert lab.one().action not in ROTATED
    lab.later(2)
    assert lab.one().action not in ROTATED
    lab.later(1.5)
    result = lab.one()
    assert result.action == "rotated" or (result.failure or {}).get("kind") == "limit"


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_rotation_id_that_is_done_leaves_the_limit_in_force(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    winter: dict[str, Any] = {"rotation_id": "winter"}
    assert lab.one(**winter).action == "rotated"
    # Once for this identifier, also where all are to be rotated.
    assert lab.one(**winter, force=True).action == "unchanged"
    lab.settle_down(**winter)
    lab.later(70)
    result = lab.one(**winter)
    assert result.action == "rotated"
    assert "due since" in str(result.why)
    ids = [past.rotation_id for past in lab.rec().rotations]
    assert ids.count("winter") == 1
    assert lab.one(**winter).action == "unchanged"


#: How Go and .NET write that they do not know, and what nobody can add a day to.
IMPOSSIBLE = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")


def date_new_keys(monkeypatch: pytest.MonkeyPatch, form: Form, **dates: Any) -> None:
    """Let the platform date every key that it makes like this."""
    platform = PLATFORMS[form[0]]
    verb = "create_access_key" if form == UNLABELLED else "regenerate_access_key"
    real = getattr(platform, verb)

    def dated(*args: Any, **kwargs: Any) -> Issued:
        issued: Issued = real(*args, **kwargs)
        return dataclasses.replace(issued, **dates)

    monkeypatch.setattr(platform, verb, dated)


@pytest.mark.parametrize("date", IMPOSSIBLE)
@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_new_key_is_not_due_again_because_of_a_date_that_cannot_be(
    lab_of: OpenLab, monkeypatch: pytest.MonkeyPatch, form: Form, date: str
) -> None:
    lab = lab_of(form)
    date_new_keys(monkeypatch, form, created_at=parse_time(date))
    assert lab.adopt().action == "rotated"
    due_at = parse_time(lab.one().due_at)
    assert due_at is not None
    assert abs((due_at - lab.clock.now()).total_seconds() - LIVES[form] * 86400) < 60
    lab.settle_down()
    lab.later(1)
    assert lab.one().action not in ROTATED


@pytest.mark.parametrize("date", IMPOSSIBLE)
@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_an_end_that_cannot_be_makes_no_run_rotate_or_fail(
    lab_of: OpenLab, monkeypatch: pytest.MonkeyPatch, form: Form, date: str
) -> None:
    lab = lab_of(form)
    date_new_keys(monkeypatch, form, expires_at=parse_time(date))
    result = lab.adopt()
    assert (result.action, result.failure) == ("rotated", None)
    lab.settle_down()
    lab.later(1)
    again = lab.one()
    assert again.action not in ROTATED
    assert not again.has_failed


@pytest.mark.parametrize("date", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_key_that_was_taken_over_with_a_date_of_a_stranger_has_a_day(date: str) -> None:
    key = HeldKey("AK", None, "imported", created_at=parse_time(date))
    assert Policy().due_at(key, PLATFORMS["ose"].FACTS, "app-0001") is not None
