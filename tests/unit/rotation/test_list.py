# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole list: canary, max_failures, max_rotations, what is open first, the sweep under all."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.s3 import S3Simulator

from .conftest import OpenLab
from .lab import ACCOUNT, CHOSEN, FRONT, IN_PLACE, UNLABELLED, UNSEEN, Form, Lab
from .lab_store import is_intended

ALL: dict[str, Any] = {"all": True, "parallelism": 1}


def actions(lab: Lab, **params: Any) -> dict[str, str]:
    """Run over all, one at a time; return what became of each."""
    results = lab.run(**{**ALL, **params}).accounts
    return {str(each.account): each.action for each in results if each.account in lab.ids}


def count(found: dict[str, str], action: str) -> int:
    """Return how many had this action."""
    return list(found.values()).count(action)


def managed(lab: Lab) -> Lab:
    """Bring every account under management."""
    lab.run(**{**ALL, "canary": 0}, adopt="rotate")
    assert all(lab.record(name) for name in lab.ids)
    return lab


# --- care -----------------------------------------------------------------------------------------


def test_failed_canary_stops_the_list(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=5))
    lab.faults.add("status", status=403, **lab.call("create"))
    found = actions(lab, force=True)
    assert (count(found, "failed"), count(found, "skipped")) == (1, 4)
    assert "canary" in str([each.why for each in (lab.last.accounts if lab.last else [])])


def test_canary_of_two(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=5))
    lab.faults.add("status", status=403, skip=1, **lab.call("create"))
    found = actions(lab, force=True, canary=2)
    assert count(found, "rotated") == 1
    assert (count(found, "failed"), count(found, "skipped")) == (1, 3)


def test_no_canary_goes_on(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=5))
    lab.faults.add("status", status=400, **lab.call("create"))
    found = actions(lab, force=True, canary=0)
    assert (count(found, "failed"), count(found, "rotated")) == (1, 4)


def test_list_stops_at_max_failures(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=8))
    lab.faults.add("status", status=400, skip=1, times=0, **lab.call("create"))
    found = actions(lab, force=True, max_failures=3)
    assert (count(found, "rotated"), count(found, "failed")) == (1, 3)
    assert count(found, "skipped") == 4


def test_strict_stops_at_the_first_failure(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=5))
    lab.faults.add("status", status=400, skip=2, **lab.call("create"))
    found = actions(lab, force=True, strict=True)
    assert (count(found, "rotated"), count(found, "failed")) == (2, 1)
    assert count(found, "skipped") == 2


def test_missing_account_fails_alone_unless_strict(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=2))
    users = ["app-0001", "nobody", "app-0002"]
    outcome = lab.run(users=users, force=True)
    assert [each.account for each in outcome.failures] == ["nobody"]
    assert sum(each.action == "rotated" for each in outcome.accounts) == 2
    before = {name: lab.truth(name) for name in lab.ids}
    outcome = lab.run(users=users, force=True, strict=True)
    assert outcome.failures
    assert {name: lab.truth(name) for name in lab.ids} == before


def test_permission_of_the_endpoint_stops_it_at_once(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=6))
    lab.faults.add("status", status=403, times=0, **lab.call("create"))
    found = actions(lab, force=True, canary=0, max_failures=50)
    assert count(found, "failed") == 1
    assert count(found, "skipped") == 5


def test_busy_account_is_no_failure(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=2))
    from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place

    with lab.opened() as other, other.store.lease(Place(lab.name, "lab", ACCOUNT)):
        outcome = lab.run(**ALL, force=True)
    found = {each.account: each.action for each in outcome.accounts}
    assert found == {"app-0001": "busy", "app-0002": "rotated"}
    assert outcome.failures == []


# --- pacing ---------------------------------------------------------------------------------------


def test_max_rotations_takes_those_due_longest_first(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=4)
    for name in ("app-0003", "app-0001", "app-0004", "app-0002"):
        lab.run(users=[name], adopt="rotate")
        lab.later(2)
    lab.later(90)
    found = actions(lab, max_rotations=2)
    assert {name for name, action in found.items() if action == "rotated"} == {
        "app-0003",
        "app-0001",
    }
    assert count(found, "rotated") == 2
    found = actions(lab, max_rotations=2)
    assert found["app-0004"] == found["app-0002"] == "rotated"


def test_max_rotations_of_none_still_finishes_and_retires(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=2))
    lab.store_faults.add("kill after", is_intended)
    lab.killed(users=["app-0002"], force=True)
    lab.later(90)
    found = actions(lab, max_rotations=0)
    # What was begun is brought to its end; nothing new is begun.
    assert found["app-0001"] == "disabled"
    assert lab.rec("app-0002").pending is None
    # What was taken over is past its grace: it is disabled although nothing may rotate.
    assert "inactive" in lab.truth("app-0001").values()


def test_emergency_is_not_put_off_by_max_rotations(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=3))
    key = lab.current("app-0003")
    actions(lab, compromised=[key], reason="found in a log", max_rotations=0)
    assert lab.truth("app-0003")[key] == "inactive"


# --- what is open comes first ---------------------------------------------------------------------


def test_open_rotation_comes_first_and_is_exempt_from_the_canary(lab_of: OpenLab) -> None:
    lab = managed(lab_of(IN_PLACE, accounts=4))
    lab.kill_before_answer("regenerate")
    lab.killed(users=["app-0004"], force=True)
    assert not lab.stored_pair_works("app-0004")
    lab.log.clear()
    # Whatever fails elsewhere, the account without a working key is repaired.
    lab.faults.add("status", status=400, skip=1, times=0, **lab.call("regenerate"))
    found = actions(lab, force=True)
    assert found["app-0004"] == "recovered"
    assert lab.stored_pair_works("app-0004")
    first = next(entry for entry in lab.log if entry.method == "PATCH")
    assert "app-0004" in first.target


def test_failure_of_an_open_rotation_stops_nobody_else(lab_of: OpenLab) -> None:
    lab = managed(lab_of(IN_PLACE, accounts=4))
    lab.kill_before_answer("regenerate")
    lab.killed(users=["app-0004"], force=True)
    lab.later(8)  # older than recover_within: drifted
    found = actions(lab, force=False, rotation_id="winter")
    assert found["app-0004"] == "drifted"
    assert count(found, "rotated") == 3


# --- all ------------------------------------------------------------------------------------------


def gone(lab: Lab, name: str) -> None:
    """Let an account leave the platform."""
    number = lab.ids.pop(name)
    del lab.simulator.users[number]
    for key in [k for k, each in lab.simulator.keys.items() if each.user_id == number]:
        del lab.simulator.keys[key]


def test_account_that_left_is_reported_and_its_record_kept(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=2))
    gone(lab, "app-0002")
    outcome = lab.run(**ALL)
    left = next(each for each in outcome.accounts if each.account == "app-0002")
    assert left.action == "skipped"
    assert "left the platform" in str(left.why)
    assert left.details["left"] is True
    assert not left.has_failed
    assert lab.record("app-0002") is not None


def test_suspended_account_is_not_rotated_but_finished_and_retired(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=2))
    old = next(key for key in lab.truth("app-0002") if key != lab.current("app-0002"))
    with lab.watch.outside():
        lab.simulator.users[lab.ids["app-0002"]].active = False
    lab.later(100)
    outcome = lab.run(**ALL)
    assert "suspended" in outcome.extra["left_out"]["app-0002"]
    current = lab.current("app-0002")
    assert lab.truth("app-0002") == {old: "inactive", current: "active"}


def test_excluded_account_is_left_alone_altogether(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=2))
    before = lab.truth("app-0002")
    lab.later(100)
    outcome = lab.run(**ALL, exclude=["app-0002"])
    assert "app-0002" not in {each.account for each in outcome.accounts}
    assert lab.truth("app-0002") == before


def test_run_over_named_accounts_touches_no_other(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=3))
    lab.store_faults.add("kill after", is_intended)
    lab.killed(users=["app-0002"], force=True)
    lab.later(100)
    before = lab.truth("app-0002")
    outcome = lab.run(users=["app-0001"])
    assert [each.account for each in outcome.accounts] == ["app-0001"]
    assert lab.truth("app-0002") == before
    assert lab.rec("app-0002").pending is not None


def test_shard_sweeps_only_its_own_records(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=8))
    lab.later(100)
    done: dict[str, str] = {}
    for shard in ("1/3", "2/3", "3/3"):
        found = actions(lab, shard=shard)
        assert not set(found) & set(done)
        done.update(found)
    assert set(done) == set(lab.ids)
    assert count(done, "rotated") == 8


def test_reserved_users_are_left_out_unless_named(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN, accounts=1)
    lab.ids["root"] = "root"
    outcome = lab.run(**ALL, adopt="rotate")
    assert "reserved" in outcome.extra["left_out"]["root"]
    assert lab.record("root") is None


def test_immutable_credential_is_never_replaced(lab_of: OpenLab) -> None:
    lab = lab_of(FRONT, reserved_key=True)
    reserved = {key for key, each in lab.simulator.keys.items() if each.immutable}
    assert reserved
    lab.adopt()
    lab.settle_down()
    assert reserved <= set(lab.truth())
    assert all(lab.truth()[key] == "active" for key in reserved & set(lab.truth()))


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_in_place_one_account_at_a_time_unless_told(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=4)
    at_work: list[str] = []
    most = [0]

    def into(record: Any) -> bool:
        if record.pending is not None and record.account not in at_work:
            at_work.append(record.account)
        elif record.pending is None and record.account in at_work:
            at_work.remove(record.account)
        most[0] = max(most[0], len(at_work))
        return False

    lab.store_faults.add("refuse", into, times=0)
    lab.run(all=True, adopt="rotate")
    assert most[0] == 1
    assert all(lab.stored_pair_works(name) for name in lab.ids)


def test_totals_and_results_agree(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=3))
    lab.faults.add("status", status=400, **lab.call("create"))
    outcome = lab.run(**ALL, canary=0, force=True)
    returned = outcome.as_dict()
    assert returned["totals"]["rotated"] + returned["totals"]["failed"] == 3
    assert returned["changed"] is True
    assert returned["failure"]["kind"]
    assert "1 of 3 failed" in returned["msg"]


def test_account_of_its_own_service_is_verified_there(lab_of: OpenLab) -> None:
    lab = managed(lab_of(UNLABELLED, accounts=2))
    service = S3Simulator(lab.simulator)
    service.add_bucket("theirs")
    other = lab.network.host(service)
    lab.s3.log.clear()
    users = [{"name": "app-0001", "s3_url": other.url, "bucket": "theirs"}]
    assert lab.one(users=users, force=True).action == "rotated"
    assert lab.s3.log == []
    assert all(entry.target.startswith("/theirs") for entry in other.log)
    assert [entry.status for entry in other.log] == [403, 200, 200]
