# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pair at several endpoints: stored first, the mirrors before the endpoint, promoted once."""

from __future__ import annotations

import pytest

from .conftest import OpenMirrorLab
from .lab import ACCOUNT, CHOSEN, IN_PLACE, TWO_SLOTS, Form
from .lab_mirrors import MIRROR, MirrorLab
from .lab_store import is_intended
from .wire import Killed

FORMS = [CHOSEN, TWO_SLOTS]
PATCHED = "PATCH"


def changes(lab: MirrorLab) -> list[str]:
    """Return where changes were sent, in order."""
    return [where for where, what in lab.sent if what == PATCHED]


def in_step(lab: MirrorLab) -> None:
    """Check that both hold the record's current pair, and the same keys."""
    assert lab.stored_pair_works()
    here, there = lab.both()
    assert here == there
    record = lab.rec()
    assert record.pending is None
    assert record.intent is None
    assert record.endpoints == ("lab", MIRROR)


@pytest.mark.parametrize("form", FORMS)
def test_pair_is_stored_then_goes_to_the_mirror_then_to_the_endpoint(
    mirrors_of: OpenMirrorLab, form: Form
) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.sent.clear()
    result = lab.one(force=True)
    assert result.action == "rotated", result.why
    assert changes(lab) == [MIRROR, "lab"]
    assert result.details["endpoints"] == ["lab", MIRROR]
    assert result.details["written_at"] == [MIRROR, "lab"]
    in_step(lab)
    # Tried out at each.
    assert {host for host, what in lab.sent if what == "GET" and host.endswith("s3")} == {
        "lab s3",
        "far s3",
    }
    assert lab.last is not None
    assert lab.last.extra["mirrors"] == [MIRROR]
    assert all(line["endpoints"] == "lab, far" for line in lab.lines())


@pytest.mark.parametrize("form", FORMS)
def test_second_run_changes_nothing(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.one(rotation_id="winter")
    before = lab.files()
    writes = lab.writes, lab.far.writes
    outcome = lab.run(rotation_id="winter")
    assert not outcome.changed
    assert (lab.writes, lab.far.writes) == writes
    assert lab.files() == before


@pytest.mark.parametrize("form", FORMS)
def test_unmanaged_account_is_taken_over_at_both(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    lab.same()
    result = lab.one(adopt="rotate")
    assert result.action == "rotated", result.why
    in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_first_key_is_made_at_both(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    lab.set_key(lab.only(), "deleted")
    result = lab.one()
    assert result.action == "rotated", result.why
    in_step(lab)


def test_different_keys_of_an_unmanaged_account_must_be_named(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    near, far = lab.only(), lab.far_set()
    result = lab.one(adopt="rotate")
    assert result.failure is not None
    assert result.failure["kind"] == "ambiguous"
    assert "not at far" in result.failure["message"]
    assert lab.both() == ([near], [far])
    result = lab.one(adopt="rotate", replaces=[near, far])
    assert result.action == "rotated", result.why
    in_step(lab)


def test_import_of_a_pair_that_one_lacks_names_what_is_there(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    near, far = lab.only(), lab.far_set()
    entry = {"name": ACCOUNT, "access_key": near, "secret_key": lab.simulator.secret_of(near)}
    result = lab.one(users=[entry], adopt="import")
    assert (result.failure or {})["kind"] == "not_found"
    assert f"no access key {near} everywhere; it has" in str(result.why)
    assert far in str(result.why)
    assert lab.record() is None


@pytest.mark.parametrize("form", FORMS)
def test_old_keys_end_at_both(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    lab.one(force=True)
    for _unused in range(3):
        lab.later(8)
        assert not lab.one().has_failed
    here, there = lab.both()
    assert here == there == [lab.current()]
    assert not lab.rec().retiring
    assert lab.simulator.secret_of(old) is None
    assert lab.far.secret_of(old) is None


def test_old_pair_that_one_still_takes_is_not_forgotten(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(TWO_SLOTS)
    old = lab.managed()
    pair = lab.rec().current
    assert pair is not None
    lab.one(force=True)
    lab.later(15)
    lab.far_s3.simulator.modes["linger"] = 3600
    result = lab.one()
    assert "still_honoured" in str(result.details) + result.action
    assert lab.rec().retiring_key(old) is not None
    lab.later(1)
    assert not lab.one().has_failed
    assert lab.rec().retiring_key(old) is None


# --- half-done ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_around_each_call_is_repaired_with_the_same_pair(
    mirrors_of: OpenMirrorLab, form: Form, number: int, when: str
) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.kill_around(number, when)
    lab.killed(rotation_id="winter")
    pending = lab.rec().pending
    assert pending is not None
    lab.sent.clear()
    result = lab.one(rotation_id="winter")
    assert not result.has_failed, result.why
    assert lab.current() == pending.access_key
    in_step(lab)
    # It goes only where it is not yet.
    done = number + (when == "after")
    assert changes(lab) == [MIRROR, "lab"][done:]


@pytest.mark.parametrize("form", FORMS)
def test_endpoint_that_dies_between_leaves_it_pending_and_says_where_it_is(
    mirrors_of: OpenMirrorLab, form: Form
) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    lab.die_after_change(lab.host)
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["details"]["endpoints"] == {MIRROR: "written", "lab": "not written"}
    assert result.changed
    assert result.details["written_at"] == [MIRROR]
    pending = lab.rec().pending
    assert pending is not None
    assert pending.access_key in lab.far_truth()
    assert lab.only() == old
    lab.host.is_down = False
    lab.later(seconds=300)
    result = lab.one()
    assert result.action == "resumed", result.why
    assert lab.current() == pending.access_key
    in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_refusal_of_the_second_is_no_refusal_of_the_whole(
    mirrors_of: OpenMirrorLab, form: Form
) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.host.faults.add("status", method="PATCH", path="regenerate", status=403, times=0)
    result = lab.one(force=True)
    assert result.has_failed
    pending = lab.rec().pending
    assert pending is not None
    lab.host.faults.clear()
    lab.later(seconds=300)
    assert not lab.one().has_failed
    assert lab.current() == pending.access_key
    in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_refusal_of_the_first_touches_nothing(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    lab.far_host.faults.add("status", method="PATCH", path="regenerate", status=403, times=0)
    result = lab.one(force=True)
    assert result.has_failed
    assert result.failure is not None
    assert result.failure["endpoint"] == MIRROR
    assert result.failure["details"]["endpoints"] == {MIRROR: "not written", "lab": "not reached"}
    assert lab.both() == ([old], [old])
    assert lab.rec().pending is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("far", [False, True])
def test_unreachable_one_stops_before_anything_is_touched(
    mirrors_of: OpenMirrorLab, form: Form, far: bool
) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    before = lab.files()
    (lab.far_host if far else lab.host).is_down = True
    with pytest.raises(Exception, match="refused") as caught:
        lab.one(force=True)
    assert caught.value.kind == "unreachable"  # type: ignore[attr-defined]  # ours
    assert lab.both() == ([old], [old])
    assert lab.files() == before


@pytest.mark.parametrize("form", FORMS)
def test_lost_answer_of_either_is_settled_with_the_same_pair(
    mirrors_of: OpenMirrorLab, form: Form
) -> None:
    for host, when in ((0, "before"), (0, "after"), (1, "before"), (1, "after")):
        lab = mirrors_of(form)
        lab.managed()
        hosts = (lab.far_host, lab.host)
        hosts[host].faults.add("drop", when=when, method="PATCH", path="regenerate")
        lab.run(rotation_id="winter")
        pending = lab.rec().pending
        lab.later(seconds=300)
        result = lab.one(rotation_id="winter")
        assert not result.has_failed, (host, when, result.why)
        if pending is not None:
            assert lab.current() == pending.access_key
        in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_half_done_one_needs_leave_to_go_on_in_place(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    lab.kill_around(0, "after")
    lab.killed(force=True)
    result = lab.one(allow_disruption=False)
    if lab.facts.overlap:
        assert not result.has_failed, result.why
        in_step(lab)
        return
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"
    assert lab.only() == old
    assert lab.rec().pending is not None


# --- changed by hand ---------------------------------------------------------------------------


def test_another_key_at_one_of_them_is_drifted(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    old = lab.managed()
    theirs = lab.far_set()
    lab.later(90)
    result = lab.one()
    assert result.action == "drifted"
    assert result.failure is not None
    assert theirs in result.failure["message"]
    assert MIRROR in result.failure["message"]
    assert lab.both() == ([old], [theirs])
    assert lab.one(force=True).action == "rotated"
    in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_key_gone_at_one_of_them_is_drifted(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    lab.far_delete()
    result = lab.one()
    assert result.action == "drifted"
    assert lab.both() == ([old], [])
    assert lab.one(force=True).action == "rotated"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", FORMS)
def test_half_done_one_that_somebody_changed_is_drifted(
    mirrors_of: OpenMirrorLab, form: Form
) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.kill_around(0, "after")
    lab.killed(force=True)
    pending = lab.rec().pending
    assert pending is not None
    lab.set_key(lab.only(), "deleted")
    result = lab.one()
    assert result.action == "drifted"
    assert result.failure is not None
    assert f"{pending.access_key}@{MIRROR}" in result.failure["message"]
    assert lab.truth() == {}
    result = lab.one(force=True)
    assert not result.has_failed, result.why
    # With room for it the same pair is finished; in its place there is another one by now.
    assert (lab.current() == pending.access_key) is lab.facts.overlap
    assert lab.stored_pair_works()
    for _unused in range(4):
        lab.later(8)
        assert not lab.one().has_failed
    in_step(lab)


def test_changed_after_the_intent_nothing_is_sent(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    old = lab.managed()
    made: list[str] = []
    lab.store_faults.add("", is_intended, act=lambda: made.append(lab.far_set()))
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "conflict"
    assert lab.both() == ([old], made)


# --- mirrors come and go -----------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_mirror_named_later_gets_a_new_pair_with_the_endpoint(
    mirrors_of: OpenMirrorLab, form: Form
) -> None:
    lab = mirrors_of(form)
    lab.is_mirrored = False
    super(MirrorLab, lab).managed()
    assert lab.rec().endpoints == ("lab",)
    lab.is_mirrored = True
    result = lab.one()
    assert result.action == "rotated", result.why
    assert "far does not hold it yet" in (result.why or "")
    assert lab.stored_pair_works()
    assert lab.rec().endpoints == ("lab", MIRROR)


def test_mirror_named_later_that_holds_the_pair_is_only_noted(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    lab.is_mirrored = False
    old = super(MirrorLab, lab).managed()
    lab.same()
    lab.is_mirrored = True
    writes = lab.writes, lab.far.writes
    assert lab.one().action == "adopted"
    assert (lab.writes, lab.far.writes) == writes
    assert lab.current() == old
    in_step(lab)


def test_mirror_named_later_with_a_key_of_its_own_keeps_it(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    lab.is_mirrored = False
    old = super(MirrorLab, lab).managed()
    theirs = lab.far_set()
    lab.is_mirrored = True
    assert lab.one(adopt="rotate").action == "drifted"
    assert lab.both() == ([old], [theirs])
    assert lab.one(force=True).action == "rotated"
    in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_run_without_the_mirror_is_refused(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    lab.is_mirrored = False
    for more in ({}, {"rotation_id": "winter"}, {"state": "retired"}):
        result = lab.one(**more)
        assert result.action == "drifted", more
        assert result.failure is not None
        assert MIRROR in result.failure["message"]
    assert lab.both() == ([old], [old])
    result = lab.one(force=True)
    assert result.action == "rotated", result.why
    assert MIRROR in str(result.details["left_mirrors"])
    assert lab.rec().endpoints == ("lab",)
    assert old in lab.far_truth()
    assert not lab.one().has_failed


def test_mirror_built_anew_is_drifted_until_it_was_left_out_once(
    mirrors_of: OpenMirrorLab,
) -> None:
    lab = mirrors_of(CHOSEN)
    lab.managed()
    lab.one(force=True)
    lab.far.svm.uuid = "0d9a25a5-5b6d-4d0c-9d55-0c6a0b4a0b01"
    result = lab.one(force=True)
    assert result.action == "drifted"
    assert result.failure is not None
    assert "svm@far" in result.failure["message"]
    assert "without this mirror" in result.failure["next_step"]
    lab.is_mirrored = False
    assert lab.one(force=True).action == "rotated"
    lab.is_mirrored = True
    assert lab.one(force=True).action == "rotated"
    in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_half_done_one_cannot_be_finished_without_the_mirror(
    mirrors_of: OpenMirrorLab, form: Form
) -> None:
    lab = mirrors_of(form)
    lab.is_mirrored = False
    super(MirrorLab, lab).managed()
    lab.is_mirrored = True
    lab.kill_around(0, "after")
    lab.killed()
    lab.is_mirrored = False
    assert lab.one().action == "drifted"
    lab.is_mirrored = True
    assert not lab.one().has_failed
    assert lab.stored_pair_works()


# --- where it cannot be ------------------------------------------------------------------------


@pytest.mark.parametrize(("near", "far"), [(IN_PLACE, IN_PLACE), (CHOSEN, IN_PLACE)])
def test_refused_where_one_of_them_takes_no_pair(
    mirrors_of: OpenMirrorLab, near: Form, far: Form
) -> None:
    lab = mirrors_of(near, far_form=far)
    before = lab.files()
    keys = lab.both()
    with pytest.raises(Exception, match="takes no pair") as caught:
        lab.run(adopt="rotate")
    assert caught.value.kind == "unsupported"  # type: ignore[attr-defined]  # ours
    assert (lab.files(), lab.both()) == (before, keys)
    assert changes(lab) == []


def test_same_place_twice_is_refused(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    lab.entry["api_url"] = lab.host.url
    with pytest.raises(Exception, match="same place"):
        lab.run()


def test_two_scopes_of_one_cluster_are_two_places(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    lab.entry.update(api_url=lab.host.url, svm="svm-other")
    result = lab.one()
    # That SVM has no such user.
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    assert result.failure["endpoint"] == MIRROR


def test_in_place_and_two_slots_together_replace_in_place(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN, far_form=TWO_SLOTS)
    lab.managed()
    result = lab.one(force=True)
    assert result.action == "rotated", result.why
    in_step(lab)


def test_account_that_the_mirror_lacks_fails_alone(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN, accounts=2)
    lab.same()
    del lab.far.svm.users["app-0002"]
    outcome = lab.run(all=True, adopt="rotate", canary=0)
    by_name = {row.account: row for row in outcome.accounts}
    assert by_name[ACCOUNT].action == "rotated", by_name[ACCOUNT].why
    assert by_name["app-0002"].failure is not None
    assert by_name["app-0002"].failure["kind"] == "not_found"
    assert by_name["app-0002"].failure["endpoint"] == MIRROR


# --- the other states --------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_check_mode_sends_no_write_and_tells_where(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    before = lab.files()
    result = lab.one(force=True, check_mode=True)
    assert result.action == "rotated"
    assert result.details["endpoints"] == ["lab", MIRROR]
    assert "written_at" not in result.details
    assert lab.both() == ([old], [old])
    assert lab.files() == before


@pytest.mark.parametrize("form", FORMS)
def test_check_mode_tells_of_a_half_done_one(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.kill_around(0, "after")
    lab.killed(force=True)
    keys = lab.both()
    result = lab.one(check_mode=True)
    assert result.action == "resumed", result.why
    assert lab.both() == keys


@pytest.mark.parametrize("form", FORMS)
def test_compromised_key_ends_at_both(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    result = lab.one(compromised=[old], reason="found in a log")
    assert result.action == "rotated", result.why
    in_step(lab)
    assert old not in lab.truth()
    assert old in lab.rec().revoked


@pytest.mark.parametrize("form", FORMS)
def test_leaked_key_is_found_at_either(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    old = lab.managed()
    outcome = lab.run(compromised=[old], reason="found in a log", users=[])
    assert [row.action for row in outcome.accounts] == ["rotated"], outcome.accounts
    in_step(lab)


def test_cut_first_ends_it_at_both(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(TWO_SLOTS)
    old = lab.managed()
    lab.watch.may_cut = lab.far_watch.may_cut = True
    result = lab.one(compromised=[old], reason="leaked", cut_first=True, allow_disruption=True)
    assert result.action == "rotated", result.why
    in_step(lab)
    assert lab.both() == ([lab.current()], [lab.current()])


def test_roll_back_is_proven_at_both(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(TWO_SLOTS)
    old = lab.managed()
    lab.one(force=True)
    assert lab.one(state="rolled_back").action == "rolled_back"
    assert lab.current() == old
    in_step(lab)


@pytest.mark.parametrize("form", FORMS)
def test_acknowledge_over_mirrors(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.one(force=True, acknowledge="explicit")
    result = lab.one(state="acknowledged", access_key=lab.current())
    assert result.action == "acknowledged"


@pytest.mark.parametrize("form", FORMS)
def test_decommissioned_at_both(mirrors_of: OpenMirrorLab, form: Form) -> None:
    lab = mirrors_of(form)
    lab.managed()
    lab.watch.may_cut = lab.far_watch.may_cut = True
    for _unused in range(4):
        result = lab.one(state="decommissioned", allow_disruption=True)
        assert not result.has_failed, result.why
        lab.later(8)
    assert lab.both() == ([], [])
    record = lab.rec()
    assert record.decommission is not None
    assert record.decommission.done_at is not None


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_around_each_deletion_is_repaired(
    mirrors_of: OpenMirrorLab, number: int, when: str
) -> None:
    lab = mirrors_of(TWO_SLOTS)
    lab.managed()
    lab.one(force=True)
    lab.later(15)
    lab.kill_around(number, when)
    with pytest.raises(Killed):
        lab.run()
    lab.store_faults.clear()
    for _unused in range(2):
        lab.later(1)
        result = lab.one()
        assert not result.has_failed, result.why
    in_step(lab)
    assert lab.both() == ([lab.current()], [lab.current()])


def test_pair_that_one_refuses_is_withdrawn_from_both(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(TWO_SLOTS)
    old = lab.managed()
    lab.far_s3.simulator.modes["propagation"] = 10_000
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "verification_failed"
    assert lab.both() == ([old], [old])


def test_clock_of_a_mirror_counts(mirrors_of: OpenMirrorLab) -> None:
    lab = mirrors_of(CHOSEN)
    lab.managed()
    lab.far_host.date_off = 1000.0
    with pytest.raises(Exception, match="clock of far"):
        lab.one(force=True)
