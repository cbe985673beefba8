# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consumers are told, and then acknowledge this very access key and no other."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError

from .conftest import OpenLab
from .lab import CHOSEN, IN_PLACE, TWO_SLOTS, UNLABELLED, UNSEEN, Form

EXPLICIT = {"acknowledge": "explicit"}
FORMS = [UNLABELLED, TWO_SLOTS, IN_PLACE, CHOSEN, UNSEEN]


@pytest.mark.parametrize("form", FORMS)
def test_promotion_acknowledges_by_default(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.adopt()
    current = lab.rec().current
    assert current is not None
    assert current.acknowledged_at is not None


@pytest.mark.parametrize("form", FORMS)
def test_unacknowledged_key_is_announced_again_also_when_nothing_is_due(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.adopt(**EXPLICIT)
    for _unused in range(2):
        outcome = lab.run(**EXPLICIT)
        assert [each.action for each in outcome.accounts] == ["announced"]
        assert not outcome.changed
        assert outcome.accounts[0].access_key == lab.current()
        lab.later(1)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("params", [{}, {"force": True}, {"rotation_id": "winter"}])
def test_no_new_rotation_starts_while_the_current_key_is_unacknowledged(
    lab_of: OpenLab, form: Form, params: dict[str, object]
) -> None:
    lab = lab_of(form)
    lab.adopt(**EXPLICIT)
    key = lab.current()
    lab.later(100)
    result = lab.one(**EXPLICIT, **params)
    assert result.action == "announced"
    assert lab.current() == key


@pytest.mark.parametrize("form", FORMS)
def test_acknowledgement_of_any_other_key_is_refused(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.only()
    lab.adopt(**EXPLICIT)
    files = lab.files()
    for wrong in (old, "ANOTHER", lab.current().lower() + "x"):
        result = lab.one(state="acknowledged", access_key=wrong)
        assert result.failure is not None
        assert result.failure["kind"] == "conflict"
        assert lab.current() in result.failure["message"]
    assert lab.files() == files
    current = lab.rec().current
    assert current is not None
    assert current.acknowledged_at is None


@pytest.mark.parametrize("form", FORMS)
def test_acknowledgement_is_stored_once(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.adopt(**EXPLICIT)
    assert lab.one(state="acknowledged", access_key=lab.current()).action == "acknowledged"
    first = lab.rec().current
    lab.later(1)
    assert lab.one(state="acknowledged", access_key=lab.current()).action == "unchanged"
    second = lab.rec().current
    assert first == second
    assert lab.one(**EXPLICIT).action == "unchanged"


@pytest.mark.parametrize("form", FORMS)
def test_every_promotion_voids_the_acknowledgement_before(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    acknowledged = lab.current()
    lab.one(force=True, **EXPLICIT)
    current = lab.rec().current
    assert current is not None
    assert current.acknowledged_at is None
    assert lab.one(state="acknowledged", access_key=acknowledged).has_failed
    assert all(key.acknowledged_at is None for key in lab.rec().retiring)


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS, IN_PLACE])
def test_interrupted_promotion_is_not_acknowledged_by_its_resumption(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.s3.faults.add("drop", times=0, skip=1)
    lab.one(force=True, **EXPLICIT)
    lab.s3.faults.clear()
    lab.one(**EXPLICIT)
    current = lab.rec().current
    assert current is not None
    assert current.acknowledged_at is None


@pytest.mark.parametrize("users", [["app-0001", "app-0002"], [{"name": "app-0001"}]])
def test_acknowledgement_without_an_access_key_is_refused(
    lab_of: OpenLab, users: list[object]
) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    with pytest.raises(CredentialsError) as caught:
        lab.run(state="acknowledged", users=users)
    assert caught.value.kind == "invalid_option"
    assert "access_key" in caught.value.message


def test_several_accounts_are_acknowledged_each_by_its_own_key(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate", **EXPLICIT)
    users = [
        {"name": "app-0001", "access_key": lab.current("app-0001")},
        {"name": "app-0002", "access_key": lab.current("app-0001")},
    ]
    actions = {
        each.account: each.action for each in lab.run(state="acknowledged", users=users).accounts
    }
    assert actions == {"app-0001": "acknowledged", "app-0002": "failed"}


def test_acknowledging_an_unmanaged_account_fails(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    result = lab.one(state="acknowledged", access_key=lab.only())
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    assert lab.record() is None
