# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No access key to be seen: the old pair decides; and pairs that go out by e-mail."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError

from .conftest import OpenLab
from .lab import EMAIL, UNSEEN
from .lab_store import is_intended


def test_key_delivery_must_be_said(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    with pytest.raises(CredentialsError) as caught:
        lab.run(adopt="rotate", key_delivery=None)
    assert caught.value.kind == "invalid_option"
    assert "key_delivery" in caught.value.message
    assert lab.writes == 0


def test_inline_pair_is_kept_and_verified(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    assert lab.adopt().action == "rotated"
    assert lab.stored_pair_works()
    assert lab.simulator.outbox == []


def test_interrupted_call_that_did_not_land_is_told_by_the_old_pair(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    old = lab.managed()
    lab.store_faults.add("kill after", is_intended)
    lab.killed(force=True)
    assert lab.one().action == "resumed"
    assert (lab.only(), lab.current()) == (old, old)


def test_interrupted_call_that_landed_is_told_by_the_old_pair(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    lab.managed()
    lab.kill_before_answer("regenerate")
    lab.killed(force=True)
    assert lab.one().action == "recovered"
    assert lab.stored_pair_works()


@pytest.mark.parametrize("landed", [False, True])
def test_interrupted_call_is_not_guessed_at_when_the_service_is_silent(
    lab_of: OpenLab, landed: bool
) -> None:
    lab = lab_of(UNSEEN)
    lab.managed()
    if landed:
        lab.kill_before_answer("regenerate")
    else:
        lab.store_faults.add("kill after", is_intended)
    lab.killed(force=True)
    lab.s3.is_down = True
    live = lab.only()
    result = lab.one()
    assert result.failure is not None
    assert result.failure["kind"] in ("outcome_unknown", "verification_unreachable")
    assert lab.only() == live
    lab.s3.is_down = False
    assert not lab.one().has_failed
    assert lab.stored_pair_works()


def test_first_rotation_that_was_killed_stops_and_says_how_to_go_on(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    lab.kill_before_answer("regenerate")
    lab.killed(adopt="rotate")
    live = lab.only()
    for params in ({}, {"adopt": "rotate"}, {"all": True, "adopt": "rotate", "force": True}):
        results = [each for each in lab.run(**params).accounts if each.account == "app-0001"]
        assert results[0].failure is not None, params
        assert results[0].failure["kind"] == "outcome_unknown"
        assert "force" in str(results[0].failure["next_step"])
    assert lab.only() == live
    assert lab.one(adopt="rotate", force=True).action in ("recovered", "rotated")
    assert lab.stored_pair_works()


def test_unverified_old_pair_stays_for_one_soak(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    lab.verify = {"enabled": False, "s3_url": None}
    lab.adopt()
    lab.one(force=True)
    assert len(lab.rec().retiring) == 1
    lab.later(6.9)
    lab.one()
    assert len(lab.rec().retiring) == 1
    lab.later(0.2)
    lab.one()
    assert lab.rec().retiring == ()


# --- by e-mail ------------------------------------------------------------------------------------


def test_delivered_pair_is_on_record_as_delivered(lab_of: OpenLab) -> None:
    lab = lab_of(EMAIL)
    result = lab.adopt()
    assert result.action == "delivered"
    assert "e-mail" in str(result.details["delivered"])
    current = lab.rec().current
    assert current is not None
    assert (current.origin, current.access_key, current.secret) == ("delivered", None, None)
    assert len(lab.simulator.outbox) == 1


def test_delivered_key_is_not_rotated_again_because_of_it(lab_of: OpenLab) -> None:
    lab = lab_of(EMAIL)
    lab.adopt()
    for _unused in range(4):
        lab.later(20)
        assert lab.one(adopt="rotate").action == "unchanged"
    assert len(lab.simulator.outbox) == 1
    lab.later(10)
    assert lab.one().action == "delivered"
    assert len(lab.simulator.outbox) == 2


def test_unmanaged_account_is_not_mailed_a_key_unasked(lab_of: OpenLab) -> None:
    lab = lab_of(EMAIL)
    assert lab.one(force=True).action == "unmanaged"
    assert lab.simulator.outbox == []


def test_build_that_mails_under_inline_stops_the_endpoint(lab_of: OpenLab) -> None:
    lab = lab_of(EMAIL, accounts=3)
    outcome = lab.run(all=True, adopt="rotate", key_delivery="inline", parallelism=1)
    by_action = [each.action for each in outcome.accounts if each.account != "admin"]
    (failed,) = outcome.failures
    assert failed.failure is not None
    assert failed.failure["kind"] == "delivery_mismatch"
    assert "email" in str(failed.failure["next_step"])
    assert by_action.count("skipped") == len(by_action) - 1
    assert len(lab.simulator.outbox) == 1
    record = lab.rec(str(failed.account))
    assert record.current is not None
    assert record.current.origin == "delivered"


def test_build_that_returns_pairs_under_email_keeps_them_and_stops_the_endpoint(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNSEEN, accounts=3)
    outcome = lab.run(all=True, adopt="rotate", key_delivery="email", parallelism=1)
    rotated = [each for each in outcome.accounts if each.action == "rotated"]
    assert len(rotated) == 1
    name = str(rotated[0].account)
    assert lab.stored_pair_works(name)
    assert "inline" in str(rotated[0].details)
    assert {each.action for each in outcome.accounts} == {"rotated", "skipped"}


def test_interrupted_delivery_with_an_old_pair_counts_as_delivered(lab_of: OpenLab) -> None:
    lab = lab_of(EMAIL)
    key = lab.only()
    entry = {
        "name": "app-0001",
        "access_key": key,
        "secret_key": lab.simulator.secret_of(key),
    }
    assert lab.one(users=[entry], adopt="import").action == "adopted"
    lab.kill_before_answer("regenerate")
    lab.killed(rotation_id="winter")
    assert len(lab.simulator.outbox) == 1
    # The old pair is refused: it happened, and the user has the new pair.
    assert lab.one(rotation_id="winter").action == "delivered"
    assert len(lab.simulator.outbox) == 1
    assert lab.one(rotation_id="winter").action == "unchanged"
