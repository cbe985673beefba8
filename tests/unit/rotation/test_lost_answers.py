# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call of every form answered wrongly or not at all, with and without its having happened."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import OpenLab
from .lab import (
    ADVISORY,
    CHOSEN,
    EMAIL,
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

WRONG: dict[str, dict[str, Any]] = {
    "lost after": {"action": "drop", "when": "after"},
    "lost before": {"action": "drop", "when": "before"},
    "500 after": {"action": "status", "when": "after", "status": 500},
    "503 before": {"action": "status", "when": "before", "status": 503},
    "garbage after": {"action": "garbage", "when": "after"},
    "html before": {"action": "html", "when": "before"},
    # Of a gateway whose service is not there just now: it says nothing of any key.
    "404 before": {"action": "status", "status": 404, "body": "default backend - 404"},
}
CALLS = [
    *((form, "create") for form in (LABELLED, UNLABELLED, ADVISORY, FRONT, TWO_SLOTS)),
    *((form, "disable") for form in (LABELLED, TWO_KEYS, UNLABELLED, FRONT)),
    *((form, "enable") for form in (LABELLED, UNLABELLED, FRONT)),
    *((form, "delete") for form in (LABELLED, UNLABELLED, NO_DISABLE, FRONT, TWO_SLOTS)),
    *((form, "regenerate") for form in (IN_PLACE, CHOSEN, UNSEEN)),
]


def led_up_to(lab: Lab, verb: str) -> dict[str, Any]:
    """Bring the account to where the next run makes a call; return that run's options."""
    lab.managed()
    if verb in ("create", "regenerate"):
        return {"force": True}
    lab.one(force=True)
    lab.later(15)
    if verb == "delete" and lab.facts.can_disable:
        lab.one()
        lab.later(8)
    if verb == "enable":
        lab.one()
        return {"state": "rolled_back"}
    return {}


@pytest.mark.parametrize("wrong", list(WRONG))
@pytest.mark.parametrize(("form", "verb"), CALLS)
def test_account_comes_to_rest_whatever_was_answered(
    lab_of: OpenLab, form: Form, verb: str, wrong: str
) -> None:
    lab = lab_of(form)
    params = led_up_to(lab, verb)
    lab.faults.add(**WRONG[wrong], **lab.call(verb))
    first = lab.one(**params)
    assert (first.failure or {}).get("kind") != "internal", first.failure
    if not lab.facts.overlap:
        # Settled here and now: the account may be without a working key.
        assert lab.stored_pair_works(), first.why
    for _unused in range(3):
        result = lab.one()
        assert not result.has_failed, result.why
    record = lab.rec()
    assert (record.pending, record.intent) == (None, None)
    assert lab.stored_pair_works()
    # Only what landed unseen may have made one more; a suspect stays, a labelled one is gone.
    known = {key.access_key for key in record.held_keys()} | set(record.suspects)
    assert set(lab.truth()) <= known


@pytest.mark.parametrize("form", [TWO_KEYS])
def test_lost_answer_without_room_keeps_the_live_key(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.faults.add("drop", "after", **lab.call("create"))
    assert lab.one(force=True).has_failed
    for _unused in range(2):
        result = lab.one(force=True)
        assert result.failure is not None
        assert result.failure["kind"] == "limit"
    assert lab.truth()[old] == "active"
    assert lab.stored_pair_works()


def test_lost_answer_of_a_delivery_by_mail_is_not_repeated(lab_of: OpenLab) -> None:
    lab = lab_of(EMAIL)
    lab.faults.add("drop", "after", **lab.call("regenerate"))
    result = lab.one(adopt="rotate")
    assert len(lab.simulator.outbox) == 1
    # Nobody can tell: the message says how to go on.
    assert result.failure is not None
    assert result.failure["kind"] == "outcome_unknown"
    assert "force" in str(result.failure["next_step"])
    assert lab.one().has_failed
    assert len(lab.simulator.outbox) == 1
    assert lab.one(adopt="rotate", force=True).action == "delivered"
    assert len(lab.simulator.outbox) == 2


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, TWO_SLOTS])
def test_refused_create_leaves_nothing_open(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.faults.add("status", status=403, **lab.call("create"))
    result = lab.one(force=True)
    assert result.has_failed
    assert (lab.rec().pending, lab.truth()) == (None, {old: "active"})
    assert lab.one(force=True).action == "rotated"


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, IN_PLACE])
def test_throttled_calls_are_repeated_or_fail_and_never_double(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    verb = "create" if lab.facts.overlap else "regenerate"
    keys = len(lab.truth())
    lab.faults.add("status", status=429, times=2, headers={"Retry-After": "1"}, **lab.call(verb))
    for _unused in range(4):
        lab.one(rotation_id="winter")
        assert lab.stored_pair_works()
    assert len(lab.truth()) == keys + (1 if lab.facts.overlap else 0)
