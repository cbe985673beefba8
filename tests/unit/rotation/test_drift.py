# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Platform and record contradict each other: reported, never repaired by guessing."""

from __future__ import annotations

import pytest

from .conftest import OpenLab
from .lab import (
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
)

SEEN_OVERLAP = (LABELLED, TWO_KEYS, UNLABELLED, NO_DISABLE, FRONT, TWO_SLOTS)


@pytest.mark.parametrize("form", [LABELLED, TWO_KEYS, UNLABELLED, FRONT])
def test_current_key_disabled_by_somebody_is_drifted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = lab.managed()
    lab.set_key(key, "inactive")
    lab.later(90)
    result = lab.one()
    assert result.action == "drifted"
    assert result.failure is not None
    assert key in result.failure["message"]
    assert lab.truth() == {key: "inactive"}
    # What the message says: enable it, or force.
    assert "force" in result.failure["next_step"]
    assert lab.one(force=True).action == "rotated"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", SEEN_OVERLAP)
def test_current_key_gone_and_another_there_is_drifted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = lab.managed()
    theirs = lab.make_key()
    lab.set_key(key, "deleted")
    result = lab.one()
    assert result.action == "drifted"
    assert result.failure is not None
    assert theirs in result.failure["message"]
    assert key in result.failure["message"]
    assert lab.truth() == {theirs: "active"}
    assert lab.one(force=True).action == "rotated"
    assert lab.truth()[theirs] == "active"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", SEEN_OVERLAP)
def test_current_key_gone_and_nothing_else_there_is_due(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = lab.managed()
    lab.set_key(key, "deleted")
    result = lab.one()
    assert result.action == "rotated"
    assert "gone" in str(result.why)
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
def test_key_replaced_by_somebody_is_drifted_and_not_replaced_again(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.regenerate()
    theirs = lab.only()
    lab.later(90)
    for params in ({}, {"rotation_id": "winter"}):
        result = lab.one(**params)
        assert result.action == "drifted"
        assert result.failure is not None
        assert theirs in result.failure["message"]
    assert lab.only() == theirs
    assert lab.one(force=True).action in ("rotated", "recovered")
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
def test_key_deleted_by_somebody_is_made_again(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = lab.managed()
    lab.set_key(key, "deleted")
    # Nothing that works is ended.
    result = lab.one()
    assert result.action == "rotated"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE, FRONT])
def test_colleagues_key_beside_ours_is_named_and_left_alone(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    theirs = lab.make_key()
    result = lab.one()
    assert theirs in str(result.details)
    assert lab.one(force=True).action == "rotated"
    lab.settle_down()
    assert lab.truth() == {theirs: "active", lab.current(): "active"}


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
def test_yesterdays_record_in_place_is_drifted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    copy = lab.backup()
    lab.later(1)
    lab.one(force=True)
    live = lab.only()
    lab.restore(copy)
    result = lab.one()
    assert result.action == "drifted"
    assert live in str(result.failure)
    assert lab.only() == live


@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE, FRONT])
def test_yesterdays_record_ends_no_key_that_it_does_not_know(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    copy = lab.backup()
    lab.later(1)
    lab.one(force=True)
    new = lab.current()
    lab.restore(copy)
    result = lab.one()
    assert not result.has_failed
    assert new in str(result.details)
    assert lab.truth() == {old: "active", new: "active"}
    lab.settle_down()
    assert lab.truth()[new] == "active"


def test_yesterdays_record_where_nothing_is_shown_keeps_what_works(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    lab.managed()
    copy = lab.backup()
    lab.later(1)
    lab.one(force=True)
    live = lab.only()
    lab.restore(copy)
    # Nothing is due, nothing shows: nothing is done.
    assert lab.one().action == "unchanged"
    assert lab.only() == live


def test_retiring_key_ended_by_somebody_is_forgotten_once_refused(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.one(force=True)
    lab.set_key(old, "deleted")
    assert lab.one().action == "deleted"
    assert lab.rec().retiring == ()
    assert lab.truth() == {lab.current(): "active"}


def test_retiring_key_disabled_by_somebody_soaks_from_when_it_was_seen(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.one(force=True)
    lab.set_key(old, "inactive")
    lab.later(1)
    assert lab.one().action == "disabled"
    lab.later(6.5)
    lab.one()
    assert lab.truth()[old] == "inactive"
    lab.later(1)
    assert lab.one().action == "deleted"
    assert old not in lab.truth()


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, TWO_SLOTS])
def test_old_keys_stay_while_the_current_one_is_not_seen_active(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.one(force=True)
    lab.set_key(lab.current(), "deleted")
    lab.later(60)
    lab.one(state="retired")
    assert lab.truth() == {old: "active"}


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED])
def test_advisory_absence_of_the_current_key_ends_nothing(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.one(force=True)
    lab.later(8)
    lab.set_key(lab.current(), "inactive")
    result = lab.one(state="retired")
    assert result.action == "drifted"
    assert lab.truth()[old] == "active"
