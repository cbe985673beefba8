# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old and new key side by side: intend, issue, keep, verify, promote, in this order."""

from __future__ import annotations

import pytest

from .conftest import OpenLab
from .lab import (
    ACCOUNT,
    ADVISORY,
    LABELLED,
    NO_DISABLE,
    OVERLAP,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    Form,
)
from .lab_store import is_intended, is_kept, is_promoted


@pytest.mark.parametrize("form", OVERLAP)
def test_steps_come_in_their_order(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    result = lab.one(force=True)
    assert result.action == "rotated", result.why
    new = lab.current()
    assert (result.access_key, result.previous_access_key) == (new, old)
    assert [kind for kind, _unused in lab.watch.story] == ["store", "platform", "store", "store"]
    story = [what for _unused, what in lab.watch.story]
    assert story[0] == f"pending intended current {old}"
    assert story[2] == f"pending kept current {old}"
    assert story[3] == f"current {new}"
    assert lab.truth() == {old: "active", new: "active"}
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", OVERLAP)
def test_nothing_is_asked_of_the_platform_after_the_promotion(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    asked: list[str] = []

    def begin() -> None:
        lab.network.before.append(lambda method, url: asked.append(f"{method} {url}"))

    lab.store_faults.add("", is_promoted, act=begin)
    assert lab.one(force=True).action == "rotated"
    assert asked == []


@pytest.mark.parametrize("form", OVERLAP)
def test_old_current_becomes_retiring_with_its_secret(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.one(force=True)
    (retiring,) = lab.rec().retiring
    assert retiring.access_key == old
    pair = retiring.pair()
    assert pair is not None
    assert lab.simulator.secret_of(old) == pair.secret_key
    assert retiring.acknowledged_at is None


@pytest.mark.parametrize("form", OVERLAP)
def test_second_run_changes_nothing(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.one(force=True)
    files, writes = lab.files(), lab.writes
    outcome = lab.run()
    assert not outcome.changed
    assert [each.action for each in outcome.accounts] == ["unchanged"]
    assert lab.writes == writes
    assert lab.files() == files


def test_pending_is_dated_by_the_platform_and_notes_what_was_there(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.clock.wrong_by = 200.0  # this machine is ahead, within what is allowed
    lab.store_faults.add("kill after", is_intended)
    lab.killed(force=True)
    pending = lab.rec().pending
    assert pending is not None
    assert pending.keys_before == (old,)
    assert abs((pending.started_at - lab.simulator.clock.now()).total_seconds()) < 2
    lab.clock.wrong_by = 0.0


def test_label_is_appended_to_the_operators_words(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old = lab.only()
    with lab.operator() as platform:
        platform.set_access_key(lab.shown(old), description="backup of the north")
    lab.adopt()
    described = lab.shown(lab.current()).description or ""
    assert described.startswith("backup of the north [s3-rotation ")
    lab.settle_down()
    lab.one(force=True)
    again = lab.shown(lab.current()).description or ""
    # The mark is replaced, not added to.
    assert again.startswith("backup of the north [s3-rotation ")
    assert again.count("[s3-rotation") == 1
    assert again != described


def test_verification_asks_several_times_in_a_row(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.one(force=True)
    statuses = [entry.status for entry in lab.s3.log]
    assert statuses == [403, 200, 200]  # a made-up key first, then ours twice


def test_new_key_is_waited_for(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.s3_simulator.modes.update(propagation=20, nodes=3)
    assert lab.one(force=True).action == "rotated"
    statuses = [entry.status for entry in lab.s3.log]
    assert statuses[-2:] == [200, 200]
    assert statuses.count(403) > 5


@pytest.mark.parametrize("form", OVERLAP)
def test_refused_new_key_is_deleted_and_the_old_one_stays(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.s3_simulator.modes["propagation"] = 7200
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "verification_failed"
    assert (lab.truth(), lab.current()) == ({old: "active"}, old)
    record = lab.rec()
    assert (record.pending, record.intent) == (None, None)
    # The rotation_id is not used up by it.
    lab.s3_simulator.modes["propagation"] = 0
    assert lab.one(rotation_id="again").action == "rotated"


@pytest.mark.parametrize("form", OVERLAP)
def test_unreachable_service_leaves_the_new_key_pending(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.s3.faults.add("drop", times=0, skip=1)
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "verification_unreachable"
    record = lab.rec()
    assert record.pending is not None
    assert record.pending.step == "kept"
    assert lab.current() == old
    assert len(lab.truth()) == 2
    lab.s3.faults.clear()
    made = record.pending.access_key
    assert lab.one().action in ("resumed", "rotated")
    assert lab.current() == made
    assert len(lab.truth()) == 2


def test_clock_skew_at_the_service_leaves_the_new_key_pending(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.store_faults.add("", is_kept, act=lambda: lab.s3_simulator.modes.update(skew=-1))
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] in ("verification_unreachable", "clock_skew")
    pending = lab.rec().pending
    assert pending is not None
    assert pending.access_key in lab.truth()
    lab.s3_simulator.modes["skew"] = 900
    assert lab.one().action in ("resumed", "rotated")


def test_probe_that_accepts_everything_is_found_out_before_anything(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.s3.faults.add("status", status=200, times=0, body="<ListAllMyBucketsResult/>")
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] in ("verification_failed", "verification_unreachable")
    assert (lab.truth(), lab.rec().pending) == ({old: "active"}, None)


def test_unverified_rotation_says_so(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.verify = {"enabled": False, "s3_url": None}
    lab.adopt()
    result = lab.one(force=True)
    assert result.action == "rotated"
    assert result.details["verified"] is False
    current = lab.rec().current
    assert current is not None
    assert current.verified_at is None
    assert lab.s3.log == []


@pytest.mark.parametrize("form", OVERLAP)
def test_run_killed_after_keep_is_promoted_by_the_next(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.store_faults.add("kill after", is_kept)
    lab.killed(rotation_id="winter")
    made = next(key for key in lab.truth() if key != old)
    result = lab.one(rotation_id="winter")
    assert result.action in ("resumed", "rotated"), result.why
    assert lab.current() == made
    assert set(lab.truth()) == {old, made}


@pytest.mark.parametrize("form", [LABELLED])
def test_own_key_without_secret_is_found_by_its_label_and_deleted(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.kill_before_answer("create")
    lab.killed(rotation_id="winter")
    (lost,) = set(lab.truth()) - {old}
    result = lab.one(rotation_id="winter")
    assert result.action in ("resumed", "rotated"), result.why
    assert lost not in lab.truth()
    assert lab.stored_pair_works()
    assert len(lab.truth()) == 2


@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE, ADVISORY])
def test_key_that_may_be_a_colleagues_is_a_suspect_and_never_touched(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.kill_before_answer("create")
    lab.killed(rotation_id="winter")
    (stray,) = set(lab.truth()) - {old}
    result = lab.one(rotation_id="winter")
    assert result.action in ("resumed", "rotated"), result.why
    assert result.details["suspect"] == stray
    # An interrupted call may well have made it: nobody says that nothing happened.
    (line,) = [line for line in lab.lines() if line["event"] == "nothing_happened"]
    assert stray in line["why"]
    assert any(stray in step for step in result.details["steps"])
    assert lab.rec().suspects == (stray,)
    assert lab.stored_pair_works()
    lab.settle_down()
    assert lab.truth() == {stray: "active", lab.current(): "active"}


def test_stray_without_room_for_another_stops_and_names_it(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_KEYS)
    old = lab.managed()
    lab.kill_before_answer("create")
    lab.killed(rotation_id="winter")
    (stray,) = set(lab.truth()) - {old}
    result = lab.one(rotation_id="winter")
    assert result.failure is not None
    assert result.failure["kind"] == "limit"
    assert stray in str(result.failure)
    assert "replaces" in result.failure["next_step"]
    assert lab.truth() == {old: "active", stray: "active"}
    # What the message says works.
    result = lab.one(rotation_id="winter", replaces=[stray], allow_disruption=True)
    assert result.action in ("resumed", "rotated"), result.why
    assert stray not in lab.truth()
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [LABELLED, TWO_KEYS, TWO_SLOTS])
def test_full_account_names_its_keys_and_loses_none(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    ours = lab.managed()
    theirs = lab.make_key()
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "limit"
    assert theirs in result.failure["message"]
    assert ours in result.failure["message"]
    assert lab.truth() == {ours: "active", theirs: "active"}
    assert lab.rec().pending is None


@pytest.mark.parametrize("form", [LABELLED, TWO_SLOTS])
def test_slot_of_a_retiring_key_is_not_reclaimed_early(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    first = lab.managed()
    lab.one(force=True)
    second = lab.current()
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "limit"
    assert "retiring" in result.failure["next_step"]
    assert lab.truth() == {first: "active", second: "active"}


@pytest.mark.parametrize("form", [LABELLED, TWO_SLOTS])
def test_slot_of_a_key_past_its_dates_is_reclaimed_by_the_same_run(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    first = lab.managed()
    lab.one(force=True)
    second = lab.current()
    if lab.facts.can_disable:
        lab.later(8)
        lab.one()
        assert lab.truth()[first] == "inactive"
    lab.later(15)
    result = lab.one(force=True)
    assert result.action == "rotated", result.why
    assert first not in lab.truth()
    assert lab.truth()[second] == "active"
    assert lab.stored_pair_works()


def test_first_key_is_made_for_a_named_account_only(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.add("app-0002", 0)
    everybody = {each.account: each.action for each in lab.run(all=True).accounts}
    assert everybody["app-0002"] == "unchanged"
    result = lab.one(users=["app-0002"])
    assert result.action == "rotated"
    assert lab.stored_pair_works("app-0002")
    assert lab.rec("app-0002").retiring == ()
    assert lab.record(ACCOUNT) is None
