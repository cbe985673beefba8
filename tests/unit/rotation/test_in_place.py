# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that are replaced in place: the old pair dies at once, so no answer may be lost for good."""

from __future__ import annotations

import pytest

from .conftest import OpenLab
from .lab import CHOSEN, IN_PLACE, REPLACING, UNSEEN, Form, Lab
from .lab_store import is_intended, is_promoted


def regenerations(lab: Lab) -> int:
    """Return how often the key was replaced."""
    return len([kind for kind, _unused in lab.watch.story if kind == "platform"])


@pytest.mark.parametrize("form", REPLACING)
def test_rotation_is_refused_without_allow_disruption(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = lab.managed()
    before = lab.files()
    result = lab.one(force=True, allow_disruption=False)
    assert result.action == "failed"
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"
    assert "allow_disruption" in str(result.failure["next_step"])
    assert (lab.only(), lab.current()) == (key, key)
    assert lab.watch.story == []
    assert {k: v for k, v in lab.files().items() if k.startswith("records/ont")} == {
        k: v for k, v in before.items() if k.startswith("records/ont")
    }


@pytest.mark.parametrize("form", REPLACING)
def test_intent_comes_before_the_call_and_one_write_keeps_and_promotes(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.managed()
    assert lab.one(force=True).action == "rotated"
    kinds = [kind for kind, _unused in lab.watch.story]
    call = kinds.index("platform")
    assert lab.watch.story[call - 1][1].startswith("pending intended")
    # The very next thing is one write that has the new key current and nothing pending.
    assert lab.watch.story[call + 1] == ("store", f"current {lab.current()}")
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_kept_pair_is_unverified_until_the_service_takes_it(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    seen = []

    def look() -> None:
        current = lab.watch.records["app-0001"].current
        seen.append(current.verified_at if current else "none")

    lab.store_faults.add("", is_promoted, act=look)
    lab.one(force=True)
    assert seen == [None]
    current = lab.rec().current
    assert current is not None
    assert current.verified_at is not None


@pytest.mark.parametrize("form", REPLACING)
def test_failed_verification_undoes_nothing_and_is_reported(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.s3_simulator.modes["propagation"] = 3600
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "verification_failed"
    assert result.changed
    new = lab.current()
    assert new not in ("", old)
    assert lab.stored_pair_works()
    current = lab.rec().current
    assert current is not None
    assert current.verified_at is None
    # A later run, when the service has heard of it, finishes the verification and no more.
    lab.later(1)
    lab.watch.story.clear()
    assert lab.one().action == "resumed"
    assert lab.current() == new
    assert regenerations(lab) == 0
    current = lab.rec().current
    assert current is not None
    assert current.verified_at is not None


@pytest.mark.parametrize("form", REPLACING)
def test_unreachable_service_leaves_the_new_pair_stored(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.s3.faults.add("drop", times=0, skip=1)  # the made-up key is refused, then silence
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "verification_unreachable"
    assert lab.stored_pair_works()
    lab.s3.faults.clear()
    assert lab.one().action == "resumed"


@pytest.mark.parametrize("form", REPLACING)
def test_nothing_is_sent_while_the_service_cannot_be_asked(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = lab.managed()
    lab.s3.is_down = True
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "verification_unreachable"
    assert (lab.only(), lab.current()) == (key, key)
    assert lab.rec().pending is None


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
def test_call_is_not_sent_when_somebody_changed_the_key_after_the_intent(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("", is_intended, act=lab.regenerate)
    result = lab.one(force=True)
    assert result.action == "failed"
    assert result.failure is not None
    assert result.failure["kind"] == "conflict"
    theirs = lab.only()
    assert regenerations(lab) == 0
    # The next run does not replace what it cannot explain either.
    assert lab.one().action == "drifted"
    assert lab.only() == theirs


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
def test_key_changed_by_somebody_right_after_ours_is_drifted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("", is_promoted, act=lab.regenerate)
    # Verification would tell as well; a service that still honours ours leaves it to the look.
    lab.s3_simulator.modes["linger"] = 3600
    result = lab.one(force=True)
    assert result.action == "drifted"
    assert result.failure is not None
    assert lab.only() in str(result.failure)


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_old_pair_stays_until_the_service_refuses_it(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.s3_simulator.modes["linger"] = 3600
    assert lab.one(force=True).action == "rotated"
    (kept,) = lab.rec().retiring
    assert kept.access_key == old
    assert kept.secret is not None
    assert lab.one().action == "still_honoured"
    lab.later(1)
    assert lab.one().action == "deleted"
    assert lab.rec().retiring == ()
    assert "secret_destroyed" in lab.events()


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_old_pair_that_is_refused_at_once_leaves_the_record(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.one(force=True)
    assert lab.rec().retiring == ()
    assert lab.one().action == "unchanged"


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_lost_answer_is_repaired_in_the_same_run(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.faults.add("drop", "after", **lab.call("regenerate"))
    result = lab.one(force=True)
    assert result.action == "recovered"
    assert result.previous_access_key == old
    assert lab.stored_pair_works()
    # One more rotation, and the journal names what was overwritten.
    assert regenerations(lab) == 2
    if form == IN_PLACE:
        overwritten = result.details["overwritten"]
        assert any(overwritten in str(line) for line in lab.lines())


@pytest.mark.parametrize("form", REPLACING)
def test_call_that_never_arrived_leaves_the_old_key_working(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.faults.add("drop", "before", **lab.call("regenerate"))
    result = lab.one(force=True)
    if form == CHOSEN:
        # The same pair is sent again.
        assert result.action in ("rotated", "resumed")
        assert lab.stored_pair_works()
        return
    assert result.action == "failed"
    assert result.failure is not None
    assert "old key" in result.failure["message"]
    assert (lab.only(), lab.current()) == (old, old)
    assert lab.stored_pair_works()
    assert lab.one(force=True).action == "rotated"
    assert regenerations(lab) == 1


@pytest.mark.parametrize("form", REPLACING)
def test_killed_before_the_call_costs_no_further_rotation(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("kill after", is_intended)
    lab.killed(rotation_id="winter")
    assert lab.stored_pair_works()
    result = lab.one(rotation_id="winter")
    assert result.action in ("rotated", "resumed"), result.why
    assert regenerations(lab) == 1
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_killed_after_the_call_is_repaired_by_the_next_run(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(rotation_id="winter")
    assert not lab.stored_pair_works()
    result = lab.one(rotation_id="winter")
    assert result.action == "recovered"
    assert lab.stored_pair_works()
    assert regenerations(lab) == 2
    assert lab.one(rotation_id="winter").action == "unchanged"


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_repair_needs_no_rotation_to_be_due_and_no_force(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(force=True)
    # Nothing that works is ended by it, so it needs no allow_disruption either.
    assert lab.one(allow_disruption=False).action == "recovered"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
@pytest.mark.parametrize("befell", ["never arrived", "was refused", "was killed before it"])
def test_repair_that_came_to_nothing_is_done_by_the_next_run(
    lab_of: OpenLab, form: Form, befell: str
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(rotation_id="winter")
    if befell == "never arrived":
        lab.faults.add("drop", "before", **lab.call("regenerate"))
        assert lab.one().has_failed
    elif befell == "was refused":
        lab.faults.add("status", status=403, **lab.call("regenerate"))
        failure = lab.one().failure
        assert failure is not None
        assert "No stored pair works" in failure["next_step"]
    else:
        lab.store_faults.add("kill after", is_intended)
        lab.killed()
    assert not lab.stored_pair_works()
    # The account has been without a working stored key all the time: nobody has to say so.
    assert lab.one(allow_disruption=False).action == "recovered"
    assert lab.stored_pair_works()
    assert regenerations(lab) == 2
    assert lab.one().action == "unchanged"


def test_repair_after_recover_within_is_drifted_and_names_force(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(force=True)
    theirs = lab.only()
    lab.later(7.1)
    result = lab.one()
    assert result.action == "drifted"
    assert result.failure is not None
    assert theirs in result.failure["message"]
    assert "force" in result.failure["next_step"]
    assert lab.only() == theirs
    assert lab.one(force=True).action == "recovered"
    assert lab.stored_pair_works()


def test_repair_that_waited_too_long_says_what_was_lost(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(force=True)
    lost = lab.only()
    lab.faults.add("drop", "before", **lab.call("regenerate"))
    assert lab.one().has_failed
    lab.later(7.1)
    result = lab.one()
    assert (result.action, lab.only()) == ("drifted", lost)
    assert f"lost the secret of {lost}" in str(result.why)
    assert lab.one(force=True).action == "recovered"
    assert lab.stored_pair_works()


def test_restored_record_with_a_rotation_under_way_is_not_acted_on(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.managed()
    lab.store_faults.add("kill after", is_intended)
    lab.killed(force=True)
    copy = lab.backup()
    lab.later(0.5)
    assert lab.one(force=True).action == "rotated"
    live = lab.only()
    lab.later(1)
    lab.restore(copy)
    result = lab.one()
    # The journal knows a later rotation: the record is an old copy.
    assert result.action == "drifted"
    assert lab.only() == live
    assert result.failure is not None
    assert "backup" in result.failure["next_step"]


@pytest.mark.parametrize("form", REPLACING)
def test_first_rotation_takes_over_an_unmanaged_account(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.only()
    assert lab.one().action == "unmanaged"
    assert lab.only() == old
    assert lab.one(adopt="rotate").action == "rotated"
    assert lab.stored_pair_works()
    assert lab.only() != old


def test_lifetime_of_a_key_is_kept(lab_of: OpenLab) -> None:
    import datetime as dt

    lab = lab_of(IN_PLACE)
    user = lab.simulator.svm.users["app-0001"]
    user.slots = {1: lab.simulator.new_key(dt.timedelta(days=60), None)}
    lab.watch.look_again()
    lab.managed()
    assert next(iter(user.slots.values())).lifetime == dt.timedelta(days=60)
    current = lab.rec().current
    assert current is not None
    assert current.expires_at is not None
    left = current.expires_at - lab.clock.now()
    assert dt.timedelta(days=59) < left <= dt.timedelta(days=60)
