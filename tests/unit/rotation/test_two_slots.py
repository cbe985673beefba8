# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two slots that are written over without check-and-set: never the wrong one."""

from __future__ import annotations

import pytest

from .conftest import OpenLab
from .lab import TWO_KEYS, TWO_SLOTS, Form, Lab
from .lab_store import is_intended


def slots(lab: Lab) -> dict[int, str]:
    """Return what lies in the slots."""
    user = lab.simulator.svm.users["app-0001"]
    return {number: key.access_key for number, key in user.slots.items()}


def test_new_key_goes_into_the_free_slot(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_SLOTS)
    for _unused in range(3):
        before = slots(lab)
        assert len(before) == 1
        lab.one(force=True, adopt="rotate")
        after = slots(lab)
        assert len(after) == 2
        ((number, kept),) = before.items()
        assert after[number] == kept
        lab.settle_down()


def test_record_knows_the_slot_of_each_key(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_SLOTS)
    lab.managed()
    lab.one(force=True)
    record = lab.rec()
    assert record.current is not None
    held = {record.current.slot: record.current.access_key}
    assert held.items() <= slots(lab).items()


def test_slot_that_somebody_filled_after_the_look_is_not_written_over(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_SLOTS)
    old = lab.managed()
    made: list[str] = []
    lab.store_faults.add("", is_intended, act=lambda: made.append(lab.make_key()))
    result = lab.one(force=True)
    assert result.has_failed
    assert lab.truth() == {old: "active", made[0]: "active"}


@pytest.mark.parametrize("form", [TWO_SLOTS, TWO_KEYS])
def test_both_slots_taken_at_the_takeover_needs_a_word(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    mine = lab.only()
    theirs = lab.make_key()
    result = lab.one(adopt="rotate")
    assert result.has_failed
    assert lab.truth() == {mine: "active", theirs: "active"}
    # Named, and with leave to end it before the new one works.
    result = lab.one(adopt="rotate", replaces=[theirs], allow_disruption=False)
    assert result.has_failed
    assert lab.truth() == {mine: "active", theirs: "active"}
    result = lab.one(adopt="rotate", replaces=[theirs], allow_disruption=True)
    assert result.action == "rotated", result.why
    assert lab.truth() == {mine: "active", lab.current(): "active"}
    assert lab.stored_pair_works()
    # The other one was not named: it lives as long as nobody names it.
    for _unused in range(3):
        lab.later(15)
        lab.one()
    assert lab.truth()[mine] == "active"


@pytest.mark.parametrize("form", [TWO_SLOTS, TWO_KEYS])
def test_second_run_after_room_was_made_changes_nothing(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    theirs = lab.make_key()
    lab.one(adopt="rotate", replaces=[theirs], allow_disruption=True)
    assert not lab.run().changed
    assert not lab.run(adopt="rotate", replaces=[theirs], allow_disruption=True).changed


@pytest.mark.parametrize("form", [TWO_SLOTS, TWO_KEYS])
def test_last_key_is_never_deleted_to_make_room(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    current = lab.managed()
    theirs = lab.make_key()
    result = lab.one(force=True, replaces=[current], allow_disruption=True)
    assert lab.truth().get(current) == "active" or lab.stored_pair_works(), result.why
    assert lab.truth()[theirs] == "active"


def test_replacing_a_colleagues_key_keeps_the_current_one(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_SLOTS)
    current = lab.managed()
    theirs = lab.make_key()
    result = lab.one(force=True, replaces=[theirs], allow_disruption=True)
    assert result.action == "rotated", result.why
    assert lab.truth() == {current: "active", lab.current(): "active"}
    assert lab.stored_pair_works()
