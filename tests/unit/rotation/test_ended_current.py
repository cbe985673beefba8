# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A current key that somebody ended before its consumers were told: nobody is told of it."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult

from .conftest import OpenLab
from .lab import (
    CHOSEN,
    FRONT,
    IN_PLACE,
    LABELLED,
    OWN_PAIR,
    TWO_SLOTS,
    UNLABELLED,
    Form,
    Lab,
)

EXPLICIT: dict[str, Any] = {"acknowledge": "explicit"}
SIDE_BY_SIDE = [UNLABELLED, LABELLED, OWN_PAIR, TWO_SLOTS]


def untold(lab: Lab) -> str:
    """Bring an account to where its new key works and no consumer has it; return that key."""
    lab.managed()
    assert lab.one(force=True, **EXPLICIT).action == "rotated"
    return lab.current()


def told(result: AccountResult) -> Optional[bool]:
    """Return what the role goes by: only where it is False, consumers are told."""
    acknowledged: Optional[bool] = result.extra["acknowledged"]
    return acknowledged


@pytest.mark.parametrize("form", SIDE_BY_SIDE)
def test_deleted_key_is_replaced_before_anybody_is_told(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    ended = untold(lab)
    lab.set_key(ended, "deleted")
    result = lab.one(**EXPLICIT)
    assert result.action == "rotated"
    assert "gone" in str(result.why)
    assert lab.current() != ended
    assert told(result) is False
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", SIDE_BY_SIDE)
def test_deleted_key_that_waits_for_its_turn_is_told_to_nobody(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.set_key(untold(lab), "deleted")
    for check_mode in (True, False):
        result = lab.one(max_rotations=0, check_mode=check_mode, **EXPLICIT)
        assert result.action == "skipped"
        assert told(result) is None


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, FRONT])
def test_disabled_key_is_drifted_and_told_to_nobody_until_it_is_replaced(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    ended = untold(lab)
    lab.set_key(ended, "inactive")
    result = lab.one(**EXPLICIT)
    assert (result.failure or {})["kind"] == "drifted"
    assert told(result) is None
    lab.set_key(ended, "active")
    assert told(lab.one(**EXPLICIT)) is False


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
def test_key_that_was_regenerated_is_told_to_nobody_and_force_mends_it(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    ended = untold(lab)
    lab.regenerate()
    result = lab.one(**EXPLICIT)
    assert (result.failure or {})["kind"] == "drifted"
    assert "force: true" in str((result.failure or {})["next_step"])
    assert told(result) is None
    result = lab.one(force=True, **EXPLICIT)
    assert result.action == "rotated"
    assert lab.current() != ended
    assert told(result) is False
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [*SIDE_BY_SIDE, IN_PLACE, CHOSEN])
def test_key_that_works_waits_for_its_consumers_also_when_forced(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    key = untold(lab)
    result = lab.one(force=True, **EXPLICIT)
    assert result.action == "announced"
    assert told(result) is False
    assert lab.current() == key
