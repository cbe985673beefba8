# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks that differ and clocks that jump: no date is trusted blindly, and no soak is skipped."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError

from .conftest import OpenLab
from .lab import IN_PLACE, NO_DISABLE, TWO_SLOTS, UNLABELLED, UNSEEN, Form, Lab


@pytest.mark.parametrize("seconds", [330.0, -330.0, 86400.0])
@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE, UNSEEN])
def test_clock_that_is_far_off_stops_rotating_and_retiring(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.one(force=True)
    lab.later(8)
    lab.watch.story.clear()
    lab.clock.wrong_by = seconds
    for params in ({"force": True}, {"state": "retired"}):
        with pytest.raises(CredentialsError) as caught:
            lab.run(**params)
        assert caught.value.kind == "clock_skew"
        assert f"{abs(seconds):.0f} s" in caught.value.message or "behind" in caught.value.message
    assert lab.watch.story == []


@pytest.mark.parametrize("seconds", [270.0, -270.0])
def test_clock_that_is_a_little_off_is_no_matter(lab_of: OpenLab, seconds: float) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.clock.wrong_by = seconds
    assert lab.one(force=True).action == "rotated"
    lab.settle_down()
    assert set(lab.truth()) == {lab.current()}


def test_dates_are_the_platforms(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.clock.wrong_by = 250.0
    lab.adopt()
    current = lab.rec().current
    assert current is not None
    for moment in (current.created_at, current.promoted_at, current.acknowledged_at):
        assert moment is not None
        assert abs((moment - lab.simulator.clock.now()).total_seconds()) < 5


def jumped(lab: Lab, days: float) -> None:
    """Let every clock jump, as after a wrong NTP answer or a restored machine."""
    lab.network.pass_time(days * 86400)


@pytest.mark.parametrize("form", [UNLABELLED, ("huawei", "v3.0 token login")])
def test_jump_forward_never_skips_the_soak(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.one(force=True)
    jumped(lab, 300)
    lab.one(max_age="2000d")
    assert lab.truth()[old] == "inactive"
    # It was seen disabled just now: the soak counts from there.
    lab.one(max_age="2000d")
    assert lab.truth()[old] == "inactive"


@pytest.mark.parametrize("form", [NO_DISABLE, TWO_SLOTS])
def test_key_that_cannot_be_disabled_is_not_deleted_by_one_look_at_a_wrong_clock(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.one(force=True)
    lab.clock.wrong_by = 40 * 86400.0
    with pytest.raises(CredentialsError):
        lab.run()
    lab.clock.wrong_by = 0.0
    assert lab.truth()[old] == "active"


def test_jump_back_ends_nothing_early_and_blocks_nothing_for_ever(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.one(force=True)
    lab.later(8)
    assert lab.one().action == "disabled"
    jumped(lab, -30)
    assert not lab.one().has_failed
    assert lab.truth()[old] == "inactive"
    jumped(lab, 30 + 8)
    assert lab.one().action == "deleted"


def test_jump_back_does_not_make_a_run_wait_for_weeks(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(force=True)
    jumped(lab, -20)
    slept = lab.clock.slept
    result = lab.one()
    assert lab.clock.slept - slept < 600
    assert result.action == "recovered" or result.has_failed
    assert lab.stored_pair_works() or result.action == "drifted"


def test_settle_is_waited_out_and_no_longer(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(force=True)
    lab.later(1)
    slept = lab.clock.slept
    assert lab.one().action == "recovered"
    # A day later nothing can land any more: only the second look is waited for.
    assert lab.clock.slept - slept < 30


@pytest.mark.parametrize("settle", ["30s", "90s", "10m"])
def test_settle_option_says_how_long_an_unanswered_call_may_land(
    lab_of: OpenLab, settle: str
) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    seconds = {"30s": 30, "90s": 90, "10m": 600}[settle]
    lab.faults.add("late", seconds=seconds - 2, **lab.call("regenerate"))
    slept = lab.clock.slept
    lab.one(force=True, settle=settle)
    assert lab.stored_pair_works()
    assert seconds <= lab.clock.slept - slept < 3 * seconds + 60
