# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A compromised key: replaced and revoked in one run; with cut_first the other way round."""

from __future__ import annotations

import re

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult

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

REVOKING = (LABELLED, TWO_KEYS, UNLABELLED, ADVISORY, FRONT, NO_DISABLE, TWO_SLOTS)
WHY = "found in a log"


def changes(lab: Lab) -> list[str]:
    """Return what changed at the platform, in order."""
    return [what for kind, what in lab.watch.story if kind == "platform"]


@pytest.mark.parametrize("form", REVOKING)
def test_compromised_key_is_replaced_first_and_revoked_in_the_same_run(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    result = lab.one(compromised=[old], reason=WHY)
    assert result.action == "rotated"
    assert lab.current() != old
    assert lab.stored_pair_works()
    assert lab.truth().get(old, "gone") != "active"
    kinds = [kind for kind, _unused in lab.watch.story]
    assert kinds.count("platform") == 2
    # It is revoked after the promotion.
    promoted = lab.watch.story.index(("store", f"current {lab.current()}"))
    assert len([kind for kind in kinds[promoted:] if kind == "platform"]) == 1
    assert WHY in str(lab.lines())


@pytest.mark.parametrize("form", REVOKING)
def test_same_emergency_again_changes_nothing(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.one(compromised=[old], reason=WHY)
    key, writes = lab.current(), lab.writes
    result = lab.one(compromised=[old], reason=WHY)
    assert not result.has_failed
    assert (lab.current(), lab.writes) == (key, writes)
    assert not lab.run(compromised=[old], reason=WHY).changed


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_compromised_key_in_place_is_replaced(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    assert lab.one(compromised=[old], reason=WHY, allow_disruption=True).action == "rotated"
    assert lab.only() != old
    assert lab.stored_pair_works()
    again = lab.run(compromised=[old], reason=WHY)
    assert not again.changed
    assert not again.failures


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, NO_DISABLE, TWO_SLOTS])
def test_compromised_key_that_retires_already_is_revoked_at_once(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.one(force=True)
    new = lab.current()
    result = lab.one(compromised=[old], reason=WHY)
    assert not result.has_failed, result.why
    assert result.changed
    assert lab.truth().get(old, "gone") != "active"
    # The current key is not compromised: nothing is rotated for it.
    assert lab.current() == new
    assert WHY in str(lab.lines())
    assert lab.one(state="rolled_back", access_key=old).has_failed


def test_compromised_key_that_nobody_knows_is_not_passed_over_in_silence(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    ours = lab.managed()
    theirs = lab.make_key()
    result = lab.one(compromised=[theirs], reason=WHY)
    assert theirs in f"{result.failure} {result.details} {result.why}"
    assert lab.truth()[ours] == "active"
    assert lab.current() == ours


@pytest.mark.parametrize(
    "params",
    [
        {"compromised": ["AKEY"]},
        {"cut_first": True},
        {"cut_first": True, "compromised": ["AKEY"], "reason": WHY},
        {"compromised": ["AKEY"], "reason": WHY, "state": "retired"},
    ],
)
def test_emergency_without_its_words_is_refused(lab_of: OpenLab, params: dict[str, object]) -> None:
    lab = lab_of(UNLABELLED)
    with pytest.raises(CredentialsError) as caught:
        lab.run(**params)
    assert caught.value.kind == "invalid_option"
    assert lab.log == []


@pytest.mark.parametrize("form", REVOKING)
def test_cut_first_ends_the_key_before_there_is_another(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.watch.may_cut = True
    seen = []

    def hook(method: str, url: str) -> None:
        call = lab.call("create")
        if call["method"] == method and re.search(call["path"], url):
            seen.append(lab.truth().get(old, "gone"))

    lab.network.after.append(hook)
    result = lab.one(compromised=[old], reason=WHY, cut_first=True, allow_disruption=True)
    assert result.action == "rotated", result.why
    assert seen
    assert seen[0] != "active"
    assert lab.stored_pair_works()
    lab.network.after.clear()
    assert not lab.run(compromised=[old], reason=WHY, cut_first=True, allow_disruption=True).changed


def test_killed_after_the_cut_is_finished_by_an_ordinary_run(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.watch.may_cut = True
    lab.kill_before_answer("disable")
    lab.killed(compromised=[old], reason=WHY, cut_first=True, allow_disruption=True)
    assert lab.truth() == {old: "inactive"}
    # The record says why; nobody has to repeat the words.
    assert not lab.one().has_failed
    assert lab.current() != old
    assert lab.stored_pair_works()
    assert lab.truth()[old] == "inactive"


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS])
def test_emergency_does_not_wait_for_an_acknowledgement(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.adopt(acknowledge="explicit")
    if form == TWO_SLOTS:
        lab.one(state="acknowledged", access_key=lab.current())
        lab.settle_down(acknowledge="explicit")
        assert lab.truth() == {lab.current(): "active"}
    key = lab.current()
    assert lab.one(force=True, acknowledge="explicit").action in ("announced", "rotated")
    key = lab.current() if form == UNLABELLED else key
    result = lab.one(compromised=[key], reason=WHY, acknowledge="explicit")
    assert lab.truth().get(key, "gone") != "active" or result.has_failed
    assert lab.stored_pair_works()


def test_refused_new_key_leaves_the_compromised_one_marked(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.s3_simulator.modes["propagation"] = 7200
    assert lab.one(compromised=[old], reason=WHY).has_failed
    assert lab.truth() == {old: "active"}
    lab.s3_simulator.modes["propagation"] = 0
    # An ordinary run goes on with the emergency.
    result = lab.one()
    assert result.action == "rotated"
    assert lab.truth()[old] == "inactive"


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED])
def test_emergency_killed_before_the_revocation_is_finished(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.store_faults.add(
        "kill after",
        lambda record: (
            record.pending is None
            and record.current is not None
            and record.current.access_key != old
        ),
    )
    lab.killed(compromised=[old], reason=WHY)
    assert lab.truth()[old] == "active"
    assert not lab.one().has_failed
    assert lab.truth()[old] == "inactive"


@pytest.mark.parametrize("began_as", ["emergency", "rotation"])
@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_emergency_killed_in_place_remembers_what_it_revoked(
    lab_of: OpenLab, form: Form, began_as: str
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    asked = {"compromised": [old], "reason": WHY, "allow_disruption": True}
    lab.kill_before_answer("regenerate")
    lab.killed(**(asked if began_as == "emergency" else {"force": True}))
    assert not lab.one(**asked).has_failed
    assert lab.current() != old
    assert old in lab.rec().revoked
    # The same words again find nothing to do, and do not say that nobody knows the key.
    assert lab.one(**asked).action == "unchanged"


def test_platform_that_can_end_no_key_says_so(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, not_implemented=("updateCredentialStatus", "deleteCredential"))
    lab.adopt()
    old = lab.current()
    result = lab.one(compromised=[old], reason=WHY)
    assert result.failure is not None
    assert old in result.failure["message"]
    # The new key is made and stored all the same.
    assert lab.current() != old
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_emergency_in_place_needs_leave_all_the_same(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    result = lab.one(compromised=[old], reason=WHY, allow_disruption=False)
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"
    assert lab.only() == old


def test_compromised_key_is_not_called_nobodys_when_its_account_could_not_be_read(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.store_faults.is_dead = True
    try:
        kinds = {str((each.failure or {}).get("kind")) for each in _emergency(lab, old)}
    except CredentialsError as exc:
        kinds = {exc.kind}
    assert kinds == {"store_unavailable"}


def _emergency(lab: Lab, access_key: str) -> list[AccountResult]:
    return lab.run(compromised=[access_key], reason=WHY).accounts
