# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_credential_status over keys that records hold: refused, or done through the record."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_status import (
    Wanted,
    set_credential_status,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.custody import Custody
from ansible_collections.objectstore.credentials.plugins.module_utils.model import ACTIVE, INACTIVE
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place

from .conftest import OpenLab
from .lab import ACCOUNT, ADVISORY, FRONT, LABELLED, TWO_KEYS, UNLABELLED, Form, Lab
from .lab_store import is_key_intent, is_promoted

DISABLING = (LABELLED, TWO_KEYS, UNLABELLED, ADVISORY, FRONT)


def brought(lab: Lab, access_key: str, check_mode: bool = False, **want: Any) -> AccountResult:
    """Do what one call of the module does with one key, the secret store being given."""
    fields = {"user": ACCOUNT, "status": None, "description": None, "allow_disruption": False}
    wanted = Wanted(access_keys=(access_key,), **{**fields, **want})
    with lab.opened(check_mode) as tools:
        run = tools.store.context.run
        custody = Custody(tools.platform, tools.store, run, check_mode=check_mode)
        (result,) = set_credential_status(
            tools.platform, wanted, check_mode=check_mode, parallelism=1, custody=custody
        ).accounts
        assert not check_mode or tools.store.writes_sent == 0
        return result


def kind_of(result: AccountResult) -> str:
    """Return the kind of a failure that has touched nothing."""
    assert result.failure is not None, result.why
    assert not result.changed
    return str(result.failure["kind"])


def rotated(lab: Lab) -> tuple[str, str]:
    """Rotate a managed account; return the retiring and the current key."""
    old = lab.managed()
    assert lab.one(force=True).action == "rotated"
    return old, lab.current()


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("form", DISABLING)
def test_current_key_is_never_disabled(lab_of: OpenLab, form: Form, check_mode: bool) -> None:
    lab = lab_of(form)
    _old, current = rotated(lab)
    before = lab.rec()
    result = brought(lab, current, check_mode, status=INACTIVE, allow_disruption=True)
    assert kind_of(result) == "held_by_record"
    assert result.failure is not None
    assert f"{lab.name}/lab/{ACCOUNT}" in result.failure["message"]
    assert "s3_access_key_rotate" in result.failure["next_step"]
    assert lab.truth()[current] == "active"
    assert lab.rec() == before


@pytest.mark.parametrize("form", DISABLING)
def test_retiring_key_is_disabled_through_its_record_and_soaks_from_then(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old, current = rotated(lab)
    writes = lab.writes
    rehearsed = brought(lab, old, check_mode=True, status=INACTIVE)
    assert (rehearsed.action, lab.writes) == ("disabled", writes)
    result = brought(lab, old, status=INACTIVE)
    assert (result.action, result.failure) == ("disabled", None)
    assert lab.truth() == {old: "inactive", current: "active"}
    (retiring,) = lab.rec().retiring
    assert retiring.disabled_at is not None
    assert lab.rec().intent is None
    lab.later(6.9)
    assert lab.one().action == "unchanged"
    lab.later(0.2)
    assert lab.one().action == "deleted"


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED])
def test_retiring_key_that_is_enabled_again_has_its_grace_anew(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old, _current = rotated(lab)
    lab.later(8)
    assert lab.one().action == "disabled"
    assert brought(lab, old, status=ACTIVE).action == "enabled"
    (retiring,) = lab.rec().retiring
    assert (retiring.disabled_at, retiring.disabled_in) == (None, None)
    lab.later(6.9)
    assert lab.one().action == "unchanged"
    lab.later(0.2)
    assert lab.one().action == "disabled"


def test_retiring_key_stays_while_the_current_one_is_off(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old, current = rotated(lab)
    lab.set_key(current, INACTIVE)
    assert kind_of(brought(lab, old, status=INACTIVE)) == "disruption_refused"
    assert lab.truth()[old] == "active"
    allowed = brought(lab, old, check_mode=True, status=INACTIVE, allow_disruption=True)
    assert allowed.action == "disabled"


def test_current_key_that_somebody_disabled_is_enabled_again(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    current = lab.managed()
    lab.set_key(current, INACTIVE)
    assert lab.one().action == "drifted"
    assert brought(lab, current, status=ACTIVE).action == "enabled"
    assert lab.one().action == "unchanged"
    assert lab.truth() == {current: "active"}


def test_compromised_key_stays_off(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old = lab.managed()
    assert lab.one(compromised=[old], reason="leaked").action == "rotated"
    assert lab.truth()[old] == "inactive"
    assert kind_of(brought(lab, old, status=ACTIVE)) == "held_by_record"
    assert lab.truth()[old] == "inactive"


def test_key_of_an_unfinished_rotation_is_left_to_it(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    lab.managed()
    lab.store_faults.add("kill before", is_promoted)
    lab.killed(force=True)
    pending = lab.rec().pending
    assert pending is not None
    assert pending.access_key is not None
    result = brought(lab, pending.access_key, status=INACTIVE, allow_disruption=True)
    assert kind_of(result) == "held_by_record"
    assert lab.one().action == "resumed"


def test_key_that_no_record_holds_is_treated_as_before(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_KEYS)
    current = lab.managed()
    stranger = lab.make_key()
    with lab.watch.outside():
        assert brought(lab, stranger, status=INACTIVE).action == "disabled"
        assert brought(lab, stranger, status=ACTIVE).action == "enabled"
    assert lab.truth() == {current: "active", stranger: "active"}
    assert lab.rec().retiring == ()


def test_description_alone_asks_no_record(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    current = lab.managed()
    before = lab.rec()
    lab.store_faults.is_dead = True
    assert brought(lab, current, description="CHG0031337").action == "updated"
    lab.store_faults.clear()
    assert lab.rec() == before


def test_status_and_description_of_a_retiring_key_both_change(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old, _current = rotated(lab)
    result = brought(lab, old, status=INACTIVE, description="gone")
    assert result.details["status"] == INACTIVE
    assert result.details["description"] == "gone"
    assert lab.shown(old).description == "gone"


def test_unanswered_change_is_settled_by_the_next_run(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old, current = rotated(lab)
    lab.faults.add("drop", when="after", **lab.call("disable"))
    result = brought(lab, old, status=INACTIVE)
    assert result.failure is not None
    assert result.failure["kind"] == "outcome_unknown"
    assert lab.rec().intent is not None
    assert lab.one().action == "resumed"
    (retiring,) = lab.rec().retiring
    assert retiring.disabled_at is not None
    assert lab.truth() == {old: "inactive", current: "active"}


def test_store_that_refuses_the_intent_lets_nothing_be_sent(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old, _current = rotated(lab)
    lab.store_faults.add("refuse", is_key_intent)
    assert kind_of(brought(lab, old, status=INACTIVE)) == "store_refused"
    assert lab.truth()[old] == "active"


def test_store_that_refuses_the_result_says_that_the_key_is_off(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    old, _current = rotated(lab)
    lab.store_faults.add("refuse", is_promoted)
    result = brought(lab, old, status=INACTIVE)
    assert result.changed
    assert "was disabled" in str(result.why)
    assert lab.rec().intent is not None
    assert lab.one().action == "resumed"
    assert lab.truth()[old] == "inactive"


def test_record_of_another_account_is_drift(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    current = lab.managed()
    with lab.opened() as tools:
        place = Place(lab.name, "lab", ACCOUNT)
        stored = tools.store.read(place)
        assert stored is not None
        other = dataclasses.replace(stored.record, account_id="somebody else")
        tools.store.write(place, other, stored.version)
    result = brought(lab, current, status=INACTIVE, allow_disruption=True)
    assert (result.action, lab.truth()[current]) == ("drifted", "active")
