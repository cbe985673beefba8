# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call without an answer may land during anything that follows; a deposed runner sends nothing.

The rules that came out of a model check of the protocol, each by its name.
"""

from __future__ import annotations

import re

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.stores import file_locks

from .conftest import OpenLab
from .lab import (
    CHOSEN,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    OVERLAP,
    REPLACING,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    Lab,
)
from .lab_store import is_intended, is_kept, is_key_intent, is_promoted

#: Seconds after which it lands: amid the next run, just before nobody waits any more.
LATE = (0.5, 88.0)
#: Signed requests do not land late: their date would be refused.
BY_TOKEN = ("huawei", "v3.0 token login")
DISABLING = (LABELLED, TWO_KEYS, UNLABELLED)


def rotated_and_due(lab: Lab) -> tuple[str, str]:
    """Bring an old key to the end of its grace; return it and the current one."""
    old = lab.managed()
    assert lab.one(force=True).action == "rotated"
    lab.later(8 if lab.facts.can_disable else 15)
    return old, lab.current()


def calm(lab: Lab) -> None:
    """Run until nothing is left to do; all that is under way has landed by then."""
    lab.later(seconds=300)
    assert not lab.network.is_something_under_way
    for _unused in range(3):
        result = lab.one()
        assert not result.has_failed, result.why
    record = lab.rec()
    assert (record.pending, record.intent) == (None, None)
    assert lab.stored_pair_works()


# --- a call that lands while the same run, or the next one, goes on -------------------------------


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", REPLACING)
def test_late_regenerate_is_waited_for_by_the_same_run(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.faults.add("late", seconds=seconds, **lab.call("regenerate"))
    result = lab.one(force=True)
    assert result.action in ("recovered", "rotated", "resumed"), result.why
    assert lab.stored_pair_works()
    calm(lab)


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_late_regenerate_of_a_killed_run_is_waited_for_by_the_next(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.faults.add("late", seconds=seconds, **lab.call("regenerate"))
    lab.kill_before_answer("regenerate")
    lab.killed(rotation_id="winter")
    result = lab.one(rotation_id="winter")
    assert result.action in ("recovered", "rotated", "resumed"), result.why
    assert lab.stored_pair_works()
    calm(lab)


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
def test_call_that_lands_between_two_looks_is_seen(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    # A listing that lags behind looks the same: the first look shows the old key.
    lab.faults.add("late", seconds=91.0, **lab.call("regenerate"))
    assert not lab.one(force=True).has_failed
    assert lab.stored_pair_works()
    calm(lab)


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", OVERLAP)
def test_late_create_makes_no_second_current_key(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.faults.add("late", seconds=seconds, **lab.call("create"))
    first = lab.one(rotation_id="winter")
    assert first.has_failed or lab.stored_pair_works()
    if first.has_failed:
        assert lab.current() == old
    second = lab.one(rotation_id="winter")
    if lab.facts.label is None and lab.facts.max_keys == 2 and second.has_failed:
        # No room beside a key that may be a colleague's: it is named, and stays.
        assert second.failure is not None
        assert second.failure["kind"] == "limit"
        assert set(lab.truth().values()) == {"active"}
        return
    assert not second.has_failed, second.why
    assert lab.current() != old
    lab.watch.look_again()
    calm(lab)


def test_labelled_stray_is_found_by_a_run_that_has_nothing_else_to_do(lab_of: OpenLab) -> None:
    lab = lab_of(BY_TOKEN)
    lab.managed()
    lab.faults.add("late", seconds=4000, **lab.call("create"))
    lab.one(force=True)
    # The wait is over, nothing was there: the attempt is given up.
    assert lab.one().action == "resumed"
    lab.later(1)
    stray = set(lab.truth()) - {lab.current()}
    assert len(stray) == 1
    # The one change without an intent of its own: nobody waits that long.
    assert len(lab.watch.violations) == 1
    lab.watch.violations.clear()
    assert lab.one().action == "deleted"
    assert set(lab.truth()) == {lab.current()}
    assert lab.rec().lost_labels == ()


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", DISABLING)
def test_late_disable_is_settled_before_anything_else(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    old, _new = rotated_and_due(lab)
    lab.faults.add("late", seconds=seconds, **lab.call("disable"))
    assert lab.one().has_failed
    intent = lab.rec().intent
    assert intent is not None
    assert (intent.action, intent.access_key) == ("disable", old)
    assert not lab.one().has_failed
    assert lab.truth()[old] == "inactive"
    calm(lab)


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", DISABLING)
def test_rollback_after_an_unanswered_disable_waits_until_it_cannot_land(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    old, _new = rotated_and_due(lab)
    lab.faults.add("late", seconds=seconds, **lab.call("disable"))
    lab.one()
    result = lab.one(state="rolled_back", reason="the application fails")
    assert result.action == "rolled_back", result.why
    assert lab.current() == old
    lab.later(1)
    assert lab.truth()[old] == "active"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", DISABLING)
def test_late_enable_of_a_rollback_is_settled_by_the_next_run(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    old, _new = rotated_and_due(lab)
    assert lab.one().action == "disabled"
    lab.faults.add("late", seconds=seconds, **lab.call("enable"))
    assert lab.one(state="rolled_back").has_failed
    assert not lab.one().has_failed
    assert lab.current() == old
    assert lab.truth()[old] == "active"


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, NO_DISABLE, TWO_SLOTS])
def test_late_delete_is_settled_before_anything_else(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    _old, new = rotated_and_due(lab)
    if lab.facts.can_disable:
        lab.one()
        lab.later(8)
    lab.faults.add("late", seconds=seconds, **lab.call("delete"))
    assert lab.one().has_failed
    assert not lab.one().has_failed
    assert lab.truth() == {new: "active"}
    calm(lab)


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE])
def test_rollback_after_an_unanswered_delete_never_promotes_a_dying_key(
    lab_of: OpenLab, form: Form, seconds: float
) -> None:
    lab = lab_of(form)
    _old, new = rotated_and_due(lab)
    if lab.facts.can_disable:
        lab.one()
        lab.later(8)
    lab.faults.add("late", seconds=seconds, **lab.call("delete"))
    lab.one()
    result = lab.one(state="rolled_back")
    assert result.has_failed
    assert lab.current() == new
    calm(lab)


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, TWO_SLOTS])
def test_late_delete_of_a_refused_new_key_is_finished(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.s3_simulator.modes["propagation"] = 7200
    lab.faults.add("late", seconds=80, **lab.call("delete"))
    assert lab.one(force=True).has_failed
    lab.s3_simulator.modes["propagation"] = 0
    lab.one()
    assert lab.truth() == {old: "active"}
    calm(lab)


def test_call_that_waited_too_long_for_its_turn_is_not_sent(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    old = lab.managed()

    def sleep(_method: str, _url: str) -> None:
        lab.network.before.clear()
        lab.clock.sleep(1000)

    # The intent is stored, and the look just before the call takes so long that another run may
    # have settled the intent by now.
    lab.store_faults.add("", is_intended, act=lambda: lab.network.before.append(sleep))
    result = lab.one(force=True)
    assert result.action == "busy"
    assert lab.truth() == {old: "active"}
    calm(lab)


# --- a deposed runner -----------------------------------------------------------------------------


def take_lease(lab: Lab) -> None:
    """Take the account's lock away, as whoever clears a directory of locks does."""
    for lock in (lab.folder / "records" / ".locks").glob("*"):
        lock.unlink()


@pytest.mark.parametrize("form", [*OVERLAP, IN_PLACE, CHOSEN, UNSEEN])
def test_runner_that_lost_its_lease_after_the_intent_sends_nothing(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.store_faults.add("", is_intended, act=lambda: take_lease(lab))
    result = lab.one(force=True)
    assert result.action == "busy"
    assert not result.has_failed
    assert (lab.truth(), lab.current()) == ({old: "active"}, old)
    # Who comes next settles what the record says.
    assert lab.one(force=True).action in ("rotated", "resumed", "recovered")
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", DISABLING)
def test_runner_that_lost_its_lease_disables_nothing(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated_and_due(lab)
    lab.store_faults.add("", is_key_intent, act=lambda: take_lease(lab))
    assert lab.one().action == "busy"
    assert lab.truth()[old] == "active"
    assert not lab.one().has_failed
    assert lab.truth()[old] == "inactive"


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS])
def test_runner_that_lost_its_lease_before_keep_neither_stores_nor_deletes(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()

    def hook(method: str, _url: str) -> None:
        if method == lab.call("create")["method"]:
            take_lease(lab)

    lab.network.after.append(hook)
    result = lab.one(force=True)
    lab.network.after.clear()
    assert result.action in ("busy", "failed")
    assert lab.current() == old
    assert len(lab.truth()) == 2


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_runner_that_slept_between_its_last_look_and_its_call_loses_no_pair(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.managed()
    calls: list[str] = []

    def sleep(method: str, url: str) -> None:
        call = lab.call("regenerate")
        if calls or method != call["method"] or not re.search(call["path"], url, re.I):
            return
        calls.append(method)
        take_lease(lab)
        file_locks._held.clear()  # the other one is another process
        lab.clock.sleep(1000)
        calls.append(lab.one(force=True).action)

    lab.network.before.append(sleep)
    result = lab.one(force=True)
    assert calls[1:] == ["rotated"]
    # Nobody can call it back: the one rule that is broken, and the key of its successor is dead.
    (broken,) = lab.watch.violations
    assert "no intent of it was in the record" in broken
    lab.watch.violations.clear()
    assert result.failure is not None
    assert result.failure["kind"] == "secret_not_kept"
    assert not lab.stored_pair_works()
    later = lab.one()
    assert later.action in ("recovered", "resumed"), later.why
    assert lab.stored_pair_works()
    assert [path for path in lab.files() if path.startswith("escrow/")] == []
    calm(lab)


# --- a store that seems dead but was not ----------------------------------------------------------


@pytest.mark.parametrize("form", OVERLAP)
def test_key_is_not_deleted_when_its_keeping_may_have_landed(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.store_faults.add("lost", is_kept)
    result = lab.one(force=True)
    assert result.has_failed
    assert len(lab.truth()) == 2
    lab.store_faults.clear()
    # Another run found the pair in the record, and promotes it.
    assert lab.one().action in ("resumed", "rotated")
    made = lab.current()
    assert made != old
    assert lab.truth()[made] == "active"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [*OVERLAP, IN_PLACE, CHOSEN, UNSEEN])
def test_nothing_is_sent_when_the_intent_may_not_have_landed(lab_of: OpenLab, form: Form) -> None:
    for action in ("lost", "unsent"):
        lab = lab_of(form)
        old = lab.managed()
        lab.store_faults.add(action, is_intended)
        assert lab.one(force=True).has_failed
        assert lab.truth() == {old: "active"}
        lab.store_faults.clear()
        assert lab.one(force=True).action in ("rotated", "resumed", "recovered")
        assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS])
def test_promotion_that_may_have_landed_is_found_by_the_next_run(
    lab_of: OpenLab, form: Form
) -> None:
    for action in ("lost", "unsent"):
        lab = lab_of(form)
        old = lab.managed()
        lab.store_faults.add(action, is_promoted)
        lab.one(rotation_id="winter")
        lab.store_faults.clear()
        result = lab.one(rotation_id="winter")
        assert result.action in ("unchanged", "resumed", "rotated"), result.why
        assert lab.current() != old
        assert len(lab.truth()) == 2
        assert lab.stored_pair_works()
