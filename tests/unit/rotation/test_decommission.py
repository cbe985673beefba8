# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an account's keys: off, soak, deleted, secret destroyed, a tombstone kept."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from .conftest import OpenLab
from .lab import (
    ACCOUNT,
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
from .wire import Killed

ENDING = (LABELLED, TWO_KEYS, UNLABELLED, NO_DISABLE, FRONT, IN_PLACE, CHOSEN, TWO_SLOTS)
GONE: dict[str, Any] = {"state": "decommissioned", "reason": "CHG-7", "allow_disruption": True}


def begun(lab: Lab) -> str:
    """Manage an account whose keys are going to end; return its current key."""
    key = lab.managed()
    lab.watch.may_cut = True
    return key


@pytest.mark.parametrize("form", ENDING)
def test_decommission_needs_leave_and_names_what_would_end(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = begun(lab)
    result = lab.one(**{**GONE, "allow_disruption": False})
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"
    assert key in result.failure["message"]
    assert lab.truth() == {key: "active"}
    assert lab.rec().decommission is None


@pytest.mark.parametrize("form", ENDING)
def test_keys_go_off_soak_and_are_deleted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = begun(lab)
    first = lab.one(**GONE)
    assert not first.has_failed, first.why
    if lab.facts.can_disable:
        assert lab.truth() == {key: "inactive"}
        lab.later(6.9)
        lab.one(**GONE)
        assert lab.truth() == {key: "inactive"}
        lab.later(0.2)
        lab.one(**GONE)
    assert lab.truth() == {}


@pytest.mark.parametrize("form", ENDING)
def test_tombstone_has_no_secret_and_is_left_alone(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    begun(lab)
    for _unused in range(3):
        lab.one(**GONE)
        lab.later(8)
    record = lab.rec()
    assert record.secrets() == ()
    assert record.decommission is not None
    assert record.decommission.done_at is not None
    assert record.decommission.reason == "CHG-7"
    path = next(p for p in lab.files() if p.startswith("records/") and ACCOUNT in p)
    assert b"!vault" not in lab.files()[path]
    files, writes = lab.files(), lab.writes
    for params in (GONE, {"all": True}, {"force": True, "adopt": "rotate"}):
        assert not lab.run(**params).changed
    assert (lab.files(), lab.writes) == (files, writes)


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED])
def test_ordinary_runs_carry_on_a_decommission_that_has_begun(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    begun(lab)
    lab.one(**GONE)
    lab.later(8)
    lab.run(all=True)
    assert lab.truth() == {}
    record = lab.rec()
    assert record.decommission is not None
    assert record.decommission.done_at is not None


def test_retiring_keys_end_with_it(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    begun(lab)
    lab.one(force=True)
    lab.one(**GONE)
    assert set(lab.truth().values()) == {"inactive"}
    lab.later(8)
    lab.one(**GONE)
    assert lab.truth() == {}


def test_colleagues_key_is_left_alone(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    begun(lab)
    theirs = lab.make_key()
    for _unused in range(3):
        lab.one(**GONE)
        lab.later(8)
    assert lab.truth() == {theirs: "active"}


def test_platform_that_can_end_no_key_refuses(lab_of: OpenLab) -> None:
    lab = lab_of(UNSEEN)
    key = begun(lab)
    result = lab.one(**GONE)
    assert result.failure is not None
    assert result.failure["kind"] == "unsupported"
    assert lab.only() == key
    assert lab.rec().decommission is None


def test_key_that_can_only_be_disabled_stays_off_and_it_is_said(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, not_implemented=("deleteCredential",))
    key = begun(lab)
    lab.one(**GONE)
    lab.later(8)
    result = lab.one(**GONE)
    assert (result.action, result.has_failed) == ("skipped", False)
    assert result.why is not None
    assert f"{key} stays disabled" in result.why
    assert lab.truth() == {key: "inactive"}
    decommission = lab.rec().decommission
    assert decommission is not None
    assert decommission.done_at is None


def test_unmanaged_account_is_not_decommissioned(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    key = lab.only()
    result = lab.one(**GONE)
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    assert lab.truth() == {key: "active"}


def test_secret_is_kept_while_the_service_goes_on_honouring(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    key = begun(lab)
    lab.s3_simulator.modes["linger"] = 60 * 86400
    for _unused in range(3):
        lab.one(**GONE)
        lab.later(8)
    assert lab.truth() == {}
    retiring = lab.rec().retiring_key(key)
    assert retiring is not None
    assert retiring.secret is not None
    lab.later(60)
    lab.one(**GONE)
    assert lab.rec().secrets() == ()


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_decommission_killed_at_each_write_is_finished(lab_of: OpenLab, form: Form) -> None:
    for skip in range(4):
        for action in ("kill before", "kill after"):
            lab = lab_of(form)
            begun(lab)
            lab.store_faults.add(action, skip=skip)
            with contextlib.suppress(Killed):  # the last ones come after the end
                lab.one(**GONE)
            lab.store_faults.clear()
            for _unused in range(3):
                lab.one(**GONE)
                lab.later(8)
            assert lab.truth() == {}, (skip, action)
            assert lab.rec().secrets() == ()


@pytest.mark.parametrize(
    "asked",
    [
        GONE,
        {"state": "rolled_back", "reason": "INC-1"},
        {"state": "acknowledged", "access_key": "AKNOWN"},
    ],
)
def test_account_without_a_record_says_where_records_hang(
    lab_of: OpenLab, asked: dict[str, Any]
) -> None:
    lab = lab_of(TWO_KEYS)
    result = lab.one(**asked)
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    # The account is there: its spelling is not what is wrong.
    assert "spelling" not in result.failure["next_step"]
    assert "endpoint and secret_store" in result.failure["next_step"]
