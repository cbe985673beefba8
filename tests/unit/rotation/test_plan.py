# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approved plans: written by a rehearsal, and nothing outside of one is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_plan import (
    Plan,
    hash_of,
    merge,
    text_of,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract import (
    cells,
)

from .conftest import OpenLab
from .lab import ADVISORY, CHOSEN, IN_PLACE, LABELLED, UNLABELLED, UNSEEN, Form, Lab
from .lab_store import is_intended, is_kept, is_key_intent
from .test_check_mode import life

ALL: dict[str, Any] = {"all": True, "adopt": "rotate"}


def planned(lab: Lab, **params: Any) -> str:
    """Write a plan beside the lab's own files; return its path."""
    path = str(lab.folder.parent / f"plan-{lab.runs}.json")
    outcome = lab.run(check_mode=True, write_plan=path, **params)
    assert outcome.extra["plan"]["path"] == path
    return path


def entry(path: str) -> dict[str, Any]:
    """Return the only entry of a plan."""
    (found,) = json.loads(Path(path).read_text())["entries"]
    return dict(found)


def actions(outcome: Outcome) -> dict[str, str]:
    """Return what was done with each account."""
    return {str(each.account): each.action for each in outcome.accounts}


def test_plan_holds_what_is_to_be_done_and_no_secret(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=3)
    lab.run(users=["app-0003"], adopt="rotate")
    files = lab.files()
    path = planned(lab, **ALL, reason="yearly", change="CHG0031337")
    assert lab.files() == files
    assert Path(path).stat().st_mode & 0o777 == 0o600
    text = Path(path).read_text()
    document = json.loads(text)
    assert (document["format"], document["reason"]) == (1, "yearly")
    assert document["change"] == "CHG0031337"
    assert document["sha256"] == hash_of(document)
    (found,) = document["entries"]
    assert {key: value for key, value in found.items() if key != "accounts"} == {
        "platform": "ose",
        "endpoint": "lab",
        "shard": None,
        "state": "rotated",
    }
    old = lab.only("app-0001")
    assert [row["account"] for row in found["accounts"]] == ["app-0001", "app-0002"]
    first = found["accounts"][0]
    assert first["action"] == "rotated"
    assert first["before"] == {}
    assert first["after"] == {"current": "new", "acknowledged": True, "retiring": {old: "active"}}
    assert not [secret for secret in lab.simulator.secrets() if secret in text]


@pytest.mark.parametrize("form", [form for form in cells.FORMS if form != ADVISORY])
def test_life_in_which_every_step_is_planned_goes_as_one_without_plans(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    steps = life(lab)
    for name, before, params in steps:
        if before:
            before()
        path = planned(lab, **params)
        rows = {row["account"]: row["action"] for row in entry(path)["accounts"]}
        lab.later(seconds=2)
        outcome = lab.run(plan=path, **params)
        done = {str(r.account): r.action for r in outcome.accounts if r.changed}
        assert done == rows, name
        again = lab.run(plan=path, **params)
        assert not again.changed, name


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_nothing_outside_of_the_plan_is_touched(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=3)
    path = planned(lab, users=["app-0001"], adopt="rotate")
    untouched = {name: lab.truth(name) for name in ("app-0002", "app-0003")}
    outcome = lab.run(**ALL, plan=path)
    assert actions(outcome) == {
        "app-0001": "rotated",
        "app-0002": "skipped",
        "app-0003": "skipped",
    }
    assert "not in the plan" in str(outcome.accounts[1].why)
    assert not outcome.failures
    assert {name: lab.truth(name) for name in untouched} == untouched
    assert lab.record("app-0002") is None
    assert outcome.extra["plan"]["sha256"] == json.loads(Path(path).read_text())["sha256"]


def test_plan_is_rehearsed_too(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    path = planned(lab, users=["app-0001"], adopt="rotate")
    outcome = lab.run(**ALL, plan=path, check_mode=True)
    assert actions(outcome) == {"app-0001": "rotated", "app-0002": "skipped"}


def test_what_changed_since_is_skipped_and_named(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    lab.later(20)
    lab.run(all=True)
    path = planned(lab, all=True, force=True)
    before = lab.current("app-0001")
    lab.later(9)
    lab.run(users=["app-0001"])  # deletes the key before
    outcome = lab.run(all=True, force=True, plan=path, plan_max_age="30d")
    assert actions(outcome)["app-0001"] == "skipped"
    assert "since the plan" in str(outcome.accounts[0].why)
    assert lab.current("app-0001") == before


def test_more_than_was_approved_is_not_done_when_time_brought_it(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    lab.later(6)
    path = planned(lab, force=True)
    lab.later(2)  # the grace of the old key is over now
    outcome = lab.run(force=True, plan=path)
    assert actions(outcome) == {"app-0001": "skipped"}
    assert "it would become" in str(outcome.accounts[0].why)
    assert "active" in set(lab.truth().values())


def test_other_words_than_those_of_the_plan_are_refused_one_by_one(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    path = planned(lab, adopt="rotate")
    outcome = lab.run(adopt="rotate", acknowledge="explicit", plan=path)
    assert actions(outcome) == {"app-0001": "skipped"}


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, CHOSEN, IN_PLACE, UNSEEN])
@pytest.mark.parametrize("moment", [is_intended, is_kept])
def test_interrupted_run_of_the_plan_is_finished_by_the_plan(
    lab_of: OpenLab, form: Form, moment: Any
) -> None:
    lab = lab_of(form)
    lab.adopt()
    if lab.facts.overlap:
        lab.settle_down()
    path = planned(lab, force=True)
    old = lab.current()
    lab.store_faults.add("kill after", moment)
    if moment is is_kept and not lab.facts.overlap:
        return  # in place there is no such moment
    lab.killed(force=True, plan=path)
    outcome = lab.run(force=True, plan=path)
    assert not outcome.failures
    assert outcome.changed
    assert lab.current() != old
    assert lab.stored_pair_works()


def test_interrupted_retirement_of_the_plan_is_finished_by_the_plan(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    lab.later(8)
    path = planned(lab)
    lab.store_faults.add("kill after", is_key_intent)
    lab.killed(plan=path)
    assert lab.run(plan=path).changed
    assert "inactive" in set(lab.truth().values())


def test_what_another_run_left_open_before_the_plan_is_not_finished_unless_planned(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    lab.store_faults.add("kill after", is_intended)
    lab.killed(users=["app-0001"], rotation_id="winter")
    lab.later(1)
    path = planned(lab, users=["app-0002"], rotation_id="winter")
    outcome = lab.run(all=True, rotation_id="winter", plan=path)
    assert actions(outcome)["app-0001"] == "skipped"
    assert lab.rec("app-0001").pending is not None


def test_sweep_of_suspended_accounts_obeys_the_plan(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    with lab.watch.outside():
        lab.simulator.users[lab.ids["app-0002"]].active = False
    lab.later(8)
    before = lab.truth("app-0002")
    path = planned(lab, users=["app-0001"])
    outcome = lab.run(all=True, plan=path)
    assert actions(outcome) == {"app-0001": "disabled", "app-0002": "skipped"}
    assert lab.truth("app-0002") == before


def test_max_rotations_and_canary_hold_within_a_plan(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=3)
    path = planned(lab, **ALL)
    outcome = lab.run(**ALL, plan=path, max_rotations=1)
    assert sorted(actions(outcome).values()) == ["rotated", "skipped", "skipped"]
    rest = lab.run(**ALL, plan=path)
    assert sorted(actions(rest).values()) == ["rotated", "rotated", "unchanged"]


def test_plan_of_another_endpoint_or_state_permits_nothing_and_says_so(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    path = planned(lab, adopt="rotate")
    document = json.loads(Path(path).read_text())
    document["entries"][0]["endpoint"] = "elsewhere"
    document["sha256"] = hash_of(document)
    Path(path).write_text(json.dumps(document))
    outcome = lab.run(adopt="rotate", plan=path)
    assert actions(outcome) == {"app-0001": "skipped"}
    assert "no entry for ose/lab/rotated" in outcome.warnings[0]
    assert lab.record() is None


def test_account_that_is_not_in_the_list_is_warned_of(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    path = planned(lab, **ALL)
    outcome = lab.run(users=["app-0001"], adopt="rotate", plan=path)
    assert "app-0002" in outcome.warnings[0]


def test_merged_plans_serve_every_endpoint(lab_of: OpenLab) -> None:
    labs = [lab_of(UNLABELLED), lab_of(IN_PLACE)]
    plans = [Plan.read(planned(lab, adopt="rotate", reason="yearly")) for lab in labs]
    document = merge(plans)
    assert document["reason"] == "yearly"
    path = labs[0].folder.parent / "merged.json"
    path.write_text(text_of(document))
    for lab in labs:
        outcome = lab.run(adopt="rotate", plan=str(path), plan_hash=document["sha256"].upper())
        assert actions(outcome) == {"app-0001": "rotated"}
    with pytest.raises(CredentialsError, match="two entries"):
        merge([plans[0], plans[0]])


def spoilt(path: str) -> dict[str, Any]:
    """Return ways to give a wrong plan, with a word of the message about each."""
    text = Path(path).read_text()
    document = json.loads(text)
    hash_ = document["sha256"]
    return {
        "hash": (text, "0" * 64, "another plan"),
        "half a hash": (text, hash_[:10], "no SHA-256"),
        "changed": (text.replace("app-0001", "app-0002"), None, "not as it was written"),
        "changed with the hash": (text.replace("app-0001", "app-0002"), hash_, "not as it was"),
        "torn": (text[: len(text) // 2], None, "no plan"),
        "a list": ("[]", None, "no plan"),
        "newer": (text.replace('"format": 1', '"format": 2'), None, "hash"),
    }


@pytest.mark.parametrize(
    "how",
    ["hash", "half a hash", "changed", "changed with the hash", "torn", "a list", "newer", "gone"],
)
def test_wrong_plan_is_refused_before_anything_is_sent(lab_of: OpenLab, how: str) -> None:
    lab = lab_of(UNLABELLED)
    path = planned(lab, adopt="rotate")
    if how == "gone":
        Path(path).unlink()
        given, word = None, "cannot be read"
    else:
        text, given, word = spoilt(path)[how]
        Path(path).write_text(text)
    lab.log.clear()
    with pytest.raises(CredentialsError) as caught:
        lab.run(adopt="rotate", plan=path, plan_hash=given)
    assert caught.value.kind == "invalid_option"
    assert word in caught.value.message or how == "newer"
    assert lab.log == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_plan_that_is_too_old_is_refused_before_anything_is_sent(
    lab_of: OpenLab, check_mode: bool
) -> None:
    lab = lab_of(UNLABELLED)
    path = planned(lab, adopt="rotate")
    lab.later(7, seconds=1)
    lab.log.clear()
    with pytest.raises(CredentialsError, match="plan_max_age is 7d") as caught:
        lab.run(adopt="rotate", plan=path, check_mode=check_mode)
    assert caught.value.kind == "invalid_option"
    assert path in caught.value.message
    assert "approved" in str(caught.value.next_step)
    assert lab.log == []
    assert lab.record() is None


def test_plan_of_its_last_day_is_carried_out_and_the_limit_can_be_moved(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    path = planned(lab, **ALL)
    lab.later(7, seconds=-1)
    outcome = lab.run(users=["app-0001"], adopt="rotate", plan=path)
    assert actions(outcome) == {"app-0001": "rotated"}
    lab.later(20)
    with pytest.raises(CredentialsError, match="plan_max_age is 12h"):
        lab.run(users=["app-0002"], adopt="rotate", plan=path, plan_max_age="12h")
    outcome = lab.run(users=["app-0002"], adopt="rotate", plan=path, plan_max_age="4w")
    assert actions(outcome) == {"app-0002": "rotated"}


def test_plan_dated_into_the_future_would_never_grow_old_and_is_refused(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    path = planned(lab, adopt="rotate")
    document = json.loads(Path(path).read_text())
    document["made_at"] = "9999-12-31T23:59:59Z"
    document["sha256"] = hash_of(document)
    Path(path).write_text(json.dumps(document))
    lab.log.clear()
    with pytest.raises(CredentialsError, match="still to come"):
        lab.run(adopt="rotate", plan=path, plan_hash=document["sha256"])
    assert lab.log == []


@pytest.mark.parametrize("name", ["account", "account_id", "action", "before", "after", "reason"])
def test_plan_of_other_types_is_refused_although_its_hash_is_right(
    lab_of: OpenLab, name: str
) -> None:
    path = planned(lab_of(UNLABELLED), adopt="rotate")
    document = json.loads(Path(path).read_text())
    (document if name == "reason" else document["entries"][0]["accounts"][0])[name] = [["x"]]
    document["sha256"] = hash_of(document)
    Path(path).write_text(json.dumps(document))
    with pytest.raises(CredentialsError, match="is not whole") as caught:
        Plan.read(path)
    assert caught.value.kind == "invalid_option"


def test_real_run_writes_no_plan(lab_of: OpenLab, tmp_path: Path) -> None:
    lab = lab_of(UNLABELLED)
    with pytest.raises(CredentialsError) as caught:
        lab.run(adopt="rotate", write_plan=str(tmp_path / "plan.json"))
    assert "check mode" in str(caught.value.next_step)
    assert lab.log == []
    with pytest.raises(CredentialsError, match="plan_hash"):
        lab.run(plan_hash="0" * 64)


def test_endpoint_that_cannot_be_worked_on_gets_no_plan(lab_of: OpenLab, tmp_path: Path) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    lab.store_faults.is_dead = True
    path = tmp_path / "plan.json"
    outcome = lab.run(all=True, force=True, check_mode=True, write_plan=str(path))
    assert outcome.failures
    assert not path.exists()
    assert any("no plan was written" in warning for warning in outcome.warnings)
