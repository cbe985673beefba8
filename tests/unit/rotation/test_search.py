# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A leaked access key and nothing else: its account is found, whatever its state."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.shard import Shard

from .conftest import OpenLab
from .lab import (
    ACCOUNT,
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
from .test_list import gone

EVERY = (LABELLED, TWO_KEYS, UNLABELLED, ADVISORY, FRONT, NO_DISABLE, TWO_SLOTS, IN_PLACE, CHOSEN)
WHY = "found in a public repository"


def emergency(lab: Lab, *access_keys: str, **params: Any) -> Outcome:
    """Run knowing nothing but keys."""
    return lab.run(users=[], compromised=list(access_keys), reason=WHY, **params)


@pytest.mark.parametrize("form", [*EVERY, UNSEEN])
def test_account_is_found_by_its_key_and_no_other_is_touched(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=3)
    names = ["app-0001", "app-0002", "app-0003"]
    lab.run(users=names, adopt="rotate")
    leaked = lab.current("app-0002")
    if lab.facts.overlap:
        for _unused in range(3):
            lab.later(8)
            lab.run(users=names)
    others = [lab.current("app-0001"), lab.current("app-0003")]
    plan = emergency(lab, leaked, check_mode=True)
    outcome = emergency(lab, leaked)
    # Where a list of keys has a side effect, check mode may not look.
    planned = "failed" if form == ADVISORY else "rotated"
    assert [(each.account, each.action) for each in plan.accounts] == [("app-0002", planned)]
    assert [(each.account, each.action) for each in outcome.accounts] == [("app-0002", "rotated")]
    assert lab.truth("app-0002").get(leaked, "gone") != "active"
    assert lab.stored_pair_works("app-0002")
    assert [lab.current("app-0001"), lab.current("app-0003")] == others
    again = emergency(lab, leaked)
    assert not again.changed
    assert not again.failures


@pytest.mark.parametrize("form", [*EVERY, UNSEEN])
def test_key_of_nobody_fails_alone(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=2)
    lab.adopt()
    if lab.facts.overlap:
        lab.settle_down()
    leaked = lab.current()
    outcome = emergency(lab, leaked, "AKNOBODYS0000000000Z")
    assert [each.action for each in outcome.accounts] == ["failed", "rotated"]
    (failure,) = outcome.failures
    assert failure.failure is not None
    assert failure.failure["kind"] == "not_found"
    assert failure.failure["account"] is None
    assert failure.access_key == "AKNOBODYS0000000000Z"


def test_key_that_retires_already_is_found(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.one(force=True)
    new = lab.current()
    assert not emergency(lab, old).failures
    assert lab.truth()[old] == "inactive"
    assert lab.current() == new


def test_key_that_is_disabled_and_deleted_at_the_platform_is_found_in_the_record(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.adopt()
    leaked = lab.current()
    lab.set_key(leaked, "deleted")
    outcome = emergency(lab, leaked)
    assert [each.account for each in outcome.accounts] == [ACCOUNT]
    assert not outcome.failures
    assert lab.stored_pair_works()


def test_unmanaged_account_is_taken_over_when_that_is_asked_for(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    leaked = lab.only()
    (result,) = emergency(lab, leaked).accounts
    assert result.failure is not None
    # Not the kind that says "it is not here".
    assert result.failure["kind"] == "disruption_refused"
    assert "adopt: rotate" in result.failure["next_step"]
    assert [each.action for each in emergency(lab, leaked, adopt="rotate").accounts] == ["rotated"]
    assert lab.truth()[leaked] == "inactive"


def test_suspended_account_is_found(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    leaked = lab.managed()
    with lab.watch.outside():
        lab.simulator.users[lab.ids[ACCOUNT]].active = False
    outcome = emergency(lab, leaked)
    assert [(each.account, each.action) for each in outcome.accounts] == [(ACCOUNT, "rotated")]
    assert lab.truth()[leaked] == "inactive"


def test_every_shard_looks_and_only_the_one_that_has_the_account_acts(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    leaked = lab.current()
    mine = next(number for number in (1, 2) if Shard(number, 2).holds(ACCOUNT))
    other = emergency(lab, leaked, shard=f"{3 - mine}/2")
    assert other.accounts == []
    assert other.totals["other_shards"] == 1
    assert lab.current() == leaked
    assert emergency(lab, leaked, shard=f"{mine}/2").changed


def test_platform_that_cannot_say_whose_it_is_is_searched_list_by_list(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_KEYS, accounts=2)
    leaked = lab.only("app-0002")
    lab.faults.add("status", method="GET", path="access_key_id=", status=403, times=0)
    outcome = emergency(lab, leaked, adopt="rotate")
    assert [(each.account, each.action) for each in outcome.accounts] == [("app-0002", "rotated")]


def test_record_that_cannot_be_read_is_named_beside_a_key_that_was_not_found(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    (path,) = (lab.folder / "records").rglob("app-0002.yml")
    path.write_text("format: 1\n")
    outcome = emergency(lab, "AKNOBODYS0000000000Z")
    kinds = {(each.account, (each.failure or {}).get("kind")) for each in outcome.accounts}
    assert kinds == {(None, "not_found"), ("app-0002", "store_unreadable")}


def test_record_whose_account_has_left_is_no_failure(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    leaked = lab.managed()
    gone(lab, ACCOUNT)
    (result,) = emergency(lab, leaked).accounts
    assert (result.action, result.details) == ("skipped", {"left": True})


def test_nothing_named_and_nothing_compromised_is_refused(lab_of: OpenLab) -> None:
    with pytest.raises(CredentialsError, match="users is empty"):
        lab_of(UNLABELLED).run(users=[])
