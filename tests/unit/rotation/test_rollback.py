# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to the key before, until it is deleted; and never to a compromised one."""

from __future__ import annotations

import pytest

from .conftest import OpenLab
from .lab import (
    CHOSEN,
    FRONT,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    OVERLAP,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    Lab,
)

DISABLING = (LABELLED, TWO_KEYS, UNLABELLED, FRONT)


def rotated(lab: Lab) -> tuple[str, str]:
    """Rotate a managed account; return the old and the new key."""
    old = lab.managed()
    assert lab.one(force=True).action == "rotated"
    lab.watch.story.clear()
    return old, lab.current()


@pytest.mark.parametrize("form", OVERLAP)
def test_rollback_promotes_the_key_before_and_retires_the_new_one(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old, new = rotated(lab)
    result = lab.one(state="rolled_back", reason="the application fails")
    assert result.action == "rolled_back"
    assert (result.access_key, result.previous_access_key) == (old, new)
    assert lab.current() == old
    assert [key.access_key for key in lab.rec().retiring] == [new]
    assert lab.truth() == {old: "active", new: "active"}
    assert lab.stored_pair_works()
    assert "the application fails" in str(lab.lines())


@pytest.mark.parametrize("form", DISABLING)
def test_disabled_key_is_enabled_verified_and_promoted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, new = rotated(lab)
    lab.later(8)
    assert lab.one().action == "disabled"
    lab.watch.story.clear()
    lab.s3.log.clear()
    assert lab.one(state="rolled_back").action == "rolled_back"
    assert lab.truth() == {old: "active", new: "active"}
    kinds = [kind for kind, _unused in lab.watch.story]
    # One intent sets it back, one is of the enabling; nothing at the platform comes before.
    assert "enable intended" in lab.watch.story[kinds.index("platform") - 1][1]
    assert lab.watch.story[0][1].startswith("pending kept")
    assert [entry.status for entry in lab.s3.log][-2:] == [200, 200]
    record = lab.rec()
    assert record.current is not None
    assert record.current.disabled_at is None


@pytest.mark.parametrize("form", OVERLAP)
def test_schedule_does_not_undo_a_rollback(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.one(state="rolled_back", reason="it failed")
    held = lab.rec().held
    assert held is not None
    assert (held.reason, held.until) == ("it failed", None)
    for _unused in range(6):
        lab.later(20)
        assert not lab.one().has_failed
        assert lab.current() == old
    # The key that was given up has run its course.
    assert lab.truth() == {old: "active"}


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS])
def test_rollback_voids_the_acknowledgement(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, new = rotated(lab)
    lab.one(state="rolled_back", acknowledge="explicit")
    assert lab.one(acknowledge="explicit").action == "announced"
    lab.later(60)
    lab.one(acknowledge="explicit")
    assert lab.truth()[new] == "active"
    assert lab.one(state="acknowledged", access_key=new).has_failed
    assert lab.one(state="acknowledged", access_key=old).action == "acknowledged"


def test_named_key_is_the_one_to_go_back_to(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    first, second = rotated(lab)
    lab.one(force=True)
    result = lab.one(state="rolled_back", access_key=first)
    assert result.action == "rolled_back"
    assert lab.current() == first
    assert {key.access_key for key in lab.rec().retiring} >= {second}


def test_newest_retiring_key_is_the_one_to_go_back_to(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    _first, second = rotated(lab)
    lab.one(force=True)
    lab.one(state="rolled_back")
    assert lab.current() == second


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, NO_DISABLE, TWO_SLOTS])
def test_nothing_brings_a_deleted_key_back(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    _old, new = rotated(lab)
    lab.settle_down()
    result = lab.one(state="rolled_back")
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    assert lab.current() == new
    assert lab.truth() == {new: "active"}


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS])
def test_key_that_somebody_deleted_is_not_promoted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, new = rotated(lab)
    lab.set_key(old, "deleted")
    result = lab.one(state="rolled_back")
    assert result.has_failed
    assert lab.current() == new
    assert lab.rec().pending is None
    assert not lab.one().has_failed


def test_rollback_to_a_compromised_key_is_refused(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.one(compromised=[old], reason="found in a log")
    new = lab.current()
    for params in ({}, {"access_key": old}):
        result = lab.one(state="rolled_back", **params)
        assert result.failure is not None
        assert "compromised" in result.failure["message"]
    assert lab.truth()[old] == "inactive"
    assert lab.current() == new


def test_rollback_to_an_adopted_key_is_refused_for_its_secret_is_unknown(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    result = lab.one(state="rolled_back")
    assert result.failure is not None
    assert "secret" in result.failure["message"]


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_in_place_there_is_no_way_back(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.one(force=True)
    key = lab.current()
    result = lab.one(state="rolled_back")
    assert result.failure is not None
    assert result.failure["kind"] == "unsupported"
    assert (lab.only(), lab.current()) == (key, key)


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS])
def test_old_key_that_the_service_refuses_is_not_promoted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, new = rotated(lab)
    lab.s3.faults.add("status", status=403, times=0, body=_UNKNOWN)
    result = lab.one(state="rolled_back")
    assert result.has_failed
    assert lab.current() == new
    assert lab.truth() == {old: "active", new: "active"}
    lab.s3.faults.clear()
    assert not lab.one().has_failed


_UNKNOWN = (
    '<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message>'
    "</Error>"
)


def test_rollback_of_an_unmanaged_account_fails(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    result = lab.one(state="rolled_back")
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    assert lab.writes == 0


@pytest.mark.parametrize("form", DISABLING)
def test_retirement_does_not_race_an_interrupted_rollback(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.later(8)
    lab.one()
    lab.kill_before_answer("enable")
    lab.killed(state="rolled_back")
    lab.later(20)
    # Long past the soak: what began as a rollback is finished as one.
    assert not lab.one().has_failed
    assert lab.current() == old
    assert lab.stored_pair_works()


def test_account_taken_over_has_no_pair_to_go_back_to_and_says_what_clients_can_do(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.only()
    lab.adopt()
    result = lab.one(state="rolled_back")
    assert result.failure is not None
    assert f"the secret of {old} was never known" in result.failure["message"]
    assert f"Clients that still have {old} can go on with it" in result.failure["next_step"]
    lab.later(8)
    assert lab.one().action == "disabled"
    later = lab.one(state="rolled_back")
    assert later.failure is not None
    assert old not in later.failure["next_step"]


def test_named_key_that_is_not_retiring_is_refused_and_the_others_named(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old, new = rotated(lab)
    result = lab.one(state="rolled_back", access_key="NOSUCHKEY")
    assert result.failure is not None
    assert "NOSUCHKEY" in result.failure["message"]
    assert old in f"{result.failure['message']} {result.failure['next_step']}"
    assert lab.current() == new
