# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an old key: grace, disabled, soak, deleted, proven dead, forgotten."""

from __future__ import annotations

import pytest

from .conftest import OpenLab
from .lab import (
    ADVISORY,
    FRONT,
    LABELLED,
    NO_DISABLE,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    Form,
    Lab,
)

DISABLING = (LABELLED, TWO_KEYS, UNLABELLED, ADVISORY, FRONT)
DELETING = (NO_DISABLE, TWO_SLOTS)


def rotated(lab: Lab, **params: object) -> tuple[str, str]:
    """Rotate a managed account; return the old and the new key."""
    old = lab.managed()
    assert lab.one(force=True, **params).action == "rotated"
    return old, lab.current()


@pytest.mark.parametrize("form", DISABLING)
def test_old_key_is_disabled_after_grace_and_deleted_after_soak(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old, new = rotated(lab)
    lab.later(6.9)
    assert lab.one().action == "unchanged"
    lab.later(0.2)
    assert lab.one().action == "disabled"
    assert lab.truth() == {old: "inactive", new: "active"}
    lab.later(6.9)
    assert lab.one().action == "unchanged"
    lab.later(0.2)
    assert lab.one().action == "deleted"
    assert lab.truth() == {new: "active"}
    assert lab.rec().retiring == ()


#: Endpoints that say only to the call itself that they cannot disable a key.
UNTOLD = [
    (FRONT, {"storage": "ECS"}),
    (FRONT, {"storage": "AMAZON"}),
    (UNLABELLED, {"unlisted": ("updateCredentialStatus",)}),
]


@pytest.mark.parametrize(("form", "modes"), UNTOLD)
def test_old_key_that_turns_out_not_to_be_disabled_is_deleted_after_grace_and_soak(
    lab_of: OpenLab, form: Form, modes: dict[str, object]
) -> None:
    lab = lab_of(form, **modes)
    old, new = rotated(lab)
    for days in (7.1, 6.8):
        lab.later(days)
        result = lab.one()
        assert not result.has_failed, result.why
        assert lab.truth() == {old: "active", new: "active"}
    lab.later(0.2)
    assert lab.one().action == "deleted"
    assert lab.truth() == {new: "active"}
    assert lab.rec().retiring == ()


@pytest.mark.parametrize(("form", "modes"), UNTOLD)
@pytest.mark.parametrize("params", [{}, {"cut_first": True, "allow_disruption": True}], ids=str)
def test_compromised_key_that_turns_out_not_to_be_disabled_is_deleted(
    lab_of: OpenLab, form: Form, modes: dict[str, object], params: dict[str, object]
) -> None:
    lab = lab_of(form, **modes)
    old = lab.managed()
    lab.watch.may_cut = bool(params)
    result = lab.one(compromised=[old], reason="leaked", **params)
    assert not result.has_failed, result.why
    assert lab.truth() == {lab.current(): "active"}
    assert lab.current() != old


@pytest.mark.parametrize(("form", "modes"), UNTOLD)
def test_account_whose_keys_turn_out_not_to_be_disabled_can_be_decommissioned(
    lab_of: OpenLab, form: Form, modes: dict[str, object]
) -> None:
    lab = lab_of(form, **modes)
    lab.managed()
    lab.watch.may_cut = True
    result = lab.one(state="decommissioned", allow_disruption=True, reason="gone")
    assert not result.has_failed, result.why
    assert lab.truth() == {}


@pytest.mark.parametrize("form", DELETING)
def test_old_key_that_cannot_be_disabled_is_deleted_after_grace_and_soak(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old, new = rotated(lab)
    lab.later(13.9)
    assert lab.one().action == "unchanged"
    assert lab.truth() == {old: "active", new: "active"}
    lab.later(0.2)
    assert lab.one().action == "deleted"
    assert lab.truth() == {new: "active"}


@pytest.mark.parametrize("form", DISABLING)
def test_late_run_never_skips_the_soak(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.later(60)
    assert lab.one().action == "disabled"
    assert lab.one().action == "unchanged"
    assert lab.truth()[old] == "inactive"
    lab.later(6.9)
    lab.one()
    assert lab.truth()[old] == "inactive"


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED])
def test_deletion_comes_at_least_one_run_after_disabling(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.later(8)
    # Even a soak of nothing is not the same run.
    assert lab.one(soak_period="0s").action == "disabled"
    assert lab.truth()[old] == "inactive"
    assert lab.one(soak_period="0s").action == "deleted"


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED])
def test_run_that_settles_a_disable_does_not_delete_as_well(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.later(8)
    lab.faults.add("drop", "after", **lab.call("disable"))
    assert lab.one(soak_period="0s").has_failed
    # It is this run that sees it disabled.
    assert not lab.one(soak_period="0s").has_failed
    assert lab.truth()[old] == "inactive"
    assert lab.one(soak_period="0s").action == "deleted"


@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE])
def test_grace_counts_from_the_acknowledgement(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, new = rotated(lab, acknowledge="explicit")
    lab.later(40)
    assert lab.one(acknowledge="explicit").action == "announced"
    assert lab.truth()[old] == "active"
    lab.one(state="acknowledged", access_key=new)
    lab.later(6.9)
    assert lab.one(acknowledge="explicit").action == "unchanged"
    lab.later(0.2 if lab.facts.can_disable else 7.2)
    assert lab.one(acknowledge="explicit").action in ("disabled", "deleted")


def test_retire_false_leaves_old_keys_to_another_run(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old, _new = rotated(lab)
    lab.later(8)
    assert lab.one(retire=False).action == "unchanged"
    assert lab.truth()[old] == "active"
    assert lab.one(state="retired").action == "disabled"


def test_state_retired_rotates_nothing(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    _old, new = rotated(lab)
    lab.later(100)
    assert lab.one(state="retired").action == "disabled"
    assert lab.current() == new


def test_retiring_needs_no_leave(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_SLOTS)
    _old, new = rotated(lab)
    lab.later(15)
    assert lab.one(allow_disruption=False).action == "deleted"
    assert lab.truth() == {new: "active"}


def test_several_old_keys_each_run_their_own_course(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    first, second = rotated(lab)
    lab.later(3)
    lab.one(force=True)
    third = lab.current()
    lab.later(5)  # the first is 8 days into retirement, but the third only acknowledged for 5
    lab.one()
    assert lab.truth() == {first: "active", second: "active", third: "active"}
    lab.later(3)
    lab.one()
    assert lab.truth() == {first: "inactive", second: "inactive", third: "active"}


# --- somebody still uses it -----------------------------------------------------------------------


def used_now(lab: Lab, access_key: str) -> None:
    """Let a client use a key."""
    world = lab.simulator.world if lab.name == "huawei" else lab.simulator
    world.keys[access_key].last_used = lab.clock.now()


@pytest.mark.parametrize("form", [LABELLED, TWO_KEYS, FRONT])
def test_key_used_since_the_acknowledgement_is_not_disabled(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.later(8)
    used_now(lab, old)
    lab.later(0.5)
    result = lab.one(last_used=True)
    assert result.action == "still_used"
    assert not result.changed
    assert lab.truth()[old] == "active"
    # A quiet period later nobody uses it any more.
    lab.later(0.6)
    assert lab.one(last_used=True).action == "disabled"


@pytest.mark.parametrize("form", [LABELLED, FRONT])
def test_force_retire_gives_a_reason(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.later(8)
    used_now(lab, old)
    result = lab.one(last_used=True, force_retire="the owner agreed, CHG-1")
    assert result.action == "disabled"
    assert lab.truth()[old] == "inactive"
    assert any("CHG-1" in str(line) for line in lab.lines())


def test_use_before_the_acknowledgement_counts_for_nothing(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old = lab.managed()
    used_now(lab, old)
    lab.later(0.1)
    lab.one(force=True)
    lab.later(8)
    assert lab.one(last_used=True, quiet_period="30d").action == "disabled"


def test_key_enabled_again_by_somebody_gets_another_grace(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old, _new = rotated(lab)
    lab.later(8)
    lab.one()
    lab.set_key(old, "active")
    lab.later(10)
    result = lab.one()
    assert result.action == "still_used"
    assert old in str(result.why)
    lab.later(6)
    lab.one()
    assert lab.truth()[old] == "active"
    lab.later(2)
    assert lab.one().action == "disabled"
    # And its soak begins anew as well.
    lab.later(6)
    lab.one()
    assert lab.truth()[old] == "inactive"


# --- dead, and proven -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, NO_DISABLE, TWO_SLOTS])
def test_service_that_goes_on_honouring_is_reported_and_looked_at_again(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.s3_simulator.modes["linger"] = 10 * 86400
    if lab.facts.can_disable:
        lab.later(8)
        lab.one()
    lab.later(8 if lab.facts.can_disable else 15)
    result = lab.one()
    steps = f"{result.action} {result.details}"
    assert "still_honoured" in steps
    retiring = lab.rec().retiring_key(old)
    assert retiring is not None
    assert retiring.secret is not None
    assert retiring.honoured_at is not None
    lab.later(11)
    lab.one()
    assert lab.rec().retiring == ()


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, NO_DISABLE, TWO_SLOTS])
def test_secret_is_destroyed_only_when_the_pair_is_refused(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _new = rotated(lab)
    lab.s3_simulator.modes["linger"] = 40 * 86400
    for _unused in range(3):
        lab.later(8)
        lab.one()
    assert old not in lab.truth()
    retiring = lab.rec().retiring_key(old)
    assert retiring is not None
    assert retiring.secret is not None
    lab.later(40)
    lab.one()
    assert lab.rec().retiring == ()
    assert "secret_destroyed" in lab.events()


def test_secret_is_kept_while_nobody_can_tell(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old, _new = rotated(lab)
    lab.later(8)
    lab.one()
    lab.later(8)
    lab.s3.is_down = True
    lab.one()
    assert old not in lab.truth()
    assert lab.rec().retiring_key(old) is not None
    lab.s3.is_down = False
    assert lab.one().action == "deleted"
    assert lab.rec().retiring == ()


def test_unverified_key_is_forgotten_by_a_listing_that_is_proof(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.verify = {"enabled": False, "s3_url": None}
    _old, new = rotated(lab)
    lab.settle_down()
    assert lab.truth() == {new: "active"}
    assert lab.rec().retiring == ()


@pytest.mark.parametrize("lie", ["ignored", "echoed"])
def test_platform_that_answers_success_and_disables_nothing_is_unsupported(
    lab_of: OpenLab, lie: str
) -> None:
    lab = lab_of(UNLABELLED)
    old, _new = rotated(lab)
    lab.later(8)
    lab.simulator.modes["patch"] = lie
    result = lab.one()
    assert result.failure is not None
    assert result.failure["kind"] == "unsupported"
    assert old in result.failure["message"]
    retiring = lab.rec().retiring_key(old)
    assert retiring is not None
    assert retiring.disabled_at is None


@pytest.mark.parametrize("missing", ["updateCredentialStatus", "deleteCredential"])
def test_adapter_without_a_call_ends_keys_by_the_other(lab_of: OpenLab, missing: str) -> None:
    lab = lab_of(UNLABELLED, not_implemented=(missing,))
    old, new = rotated_of(lab)
    for _unused in range(3):
        lab.later(8)
        result = lab.one()
        assert not result.has_failed
    if missing == "deleteCredential":
        assert lab.truth()[old] == "inactive"
        assert f"{old} stays disabled" in result.details["not_retired"]
    else:
        assert lab.truth() == {new: "active"}


def rotated_of(lab: Lab) -> tuple[str, str]:
    """Rotate where the takeover's old key may never go."""
    lab.adopt()
    old = lab.current()
    assert lab.one(force=True).action == "rotated"
    return old, lab.current()


def test_old_key_that_nothing_can_end_is_named(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, not_implemented=("updateCredentialStatus", "deleteCredential"))
    old, _new = rotated(lab)
    lab.later(20)
    result = lab.one()
    assert lab.truth()[old] == "active"
    assert old in f"{result.why} {result.details} {result.failure}"


@pytest.mark.parametrize("missing", [("deleteCredential",), ()])
def test_refused_new_key_ends_as_far_as_the_platform_can(
    lab_of: OpenLab, missing: tuple[str, ...]
) -> None:
    lab = lab_of(UNLABELLED, not_implemented=missing)
    old = lab.managed()
    lab.s3_simulator.modes["propagation"] = 7200
    assert lab.one(force=True).has_failed
    lab.s3_simulator.modes["propagation"] = 0
    lab.later(8)
    assert not lab.one().has_failed
    assert lab.truth()[old] == "active"
    assert "active" not in [status for key, status in lab.truth().items() if key != old]
    assert lab.current() == old


def test_old_keys_that_will_not_end_hold_no_rotation_back(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=3)
    names = ("app-0001", "app-0002", "app-0003")
    lab.run(all=True, adopt="rotate")
    first = {name: lab.current(name) for name in names}
    lab.simulator.modes["patch"] = "ignored"
    lab.later(8)
    for days in (1, 80):
        outcome = lab.run(all=True)
        # Each is named, the canary's among them, and is no reason to leave out the others.
        assert [each.account for each in outcome.failures] == list(names)
        assert {(each.failure or {})["kind"] for each in outcome.failures} == {"unsupported"}
        lab.later(days)
    outcome = lab.run(all=True)
    assert outcome.changed
    for name, each in zip(names, outcome.accounts):
        assert (each.account, each.has_failed) == (name, True)
        assert "is still active" in str(each.why)
        assert any("rotated" in step for step in each.details["steps"])
        assert each.extra["acknowledged"] is True
        assert lab.current(name) != first[name]
        assert lab.stored_pair_works(name)


def test_retirement_that_was_not_wanted_waits_whatever_else_leaked(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    old = next(key for key in lab.truth("app-0001") if key != lab.current("app-0001"))
    lab.later(10)
    leaked = lab.current("app-0002")
    outcome = lab.run(all=True, retire=False, compromised=[leaked], reason="it was in a log")
    assert {each.account: each.action for each in outcome.accounts} == {
        "app-0001": "unchanged",
        "app-0002": "rotated",
    }
    assert lab.truth("app-0001")[old] == "active"
    assert lab.truth("app-0002")[leaked] == "inactive"
