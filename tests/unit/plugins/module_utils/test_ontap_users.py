# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of ontap_s3_user against the simulated cluster."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.ontap import SVM
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ontap_lab import (
    OWN,
    Lab,
    lab,
)

__all__ = ["lab"]

DAY = dt.timedelta(days=1)
ALLOWED = {"return_secret": True, "allow_disruption": True}
REGENERATE = {"regenerate_keys": True, **ALLOWED}
RELEASES = ["9.7", "9.14.1", "9.16.1", "9.19.1"]


# --- present -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", RELEASES)
def test_a_missing_user_is_created_and_then_unchanged(lab: Lab, version: str) -> None:
    lab.use(version)
    made = lab.one("backup", comment="hi", return_secret=True)
    assert (made.action, made.access_key) == ("created", lab.keys("backup")[0])
    assert lab.sim.secret_of(made.access_key or "") == made.extra["secret_key"]
    assert made.details["comment"] == "hi"
    again = lab.run("backup", comment="hi", return_secret=True)
    assert not again.changed
    assert again.accounts[0].extra == {"secret_key": None}
    assert lab.sim.writes == 1


def test_a_list_is_worked_on_in_parallel_over_few_connections(lab: Lab) -> None:
    lab.use(accounts=30)
    names = [f"app-{n:04d}" for n in range(1, 31)]
    outcome = lab.run(*names, **REGENERATE)
    assert [result.account for result in outcome.accounts] == names
    assert {result.action for result in outcome.accounts} == {"rotated"}
    for result in outcome.accounts:
        assert lab.sim.secret_of(result.access_key or "") == result.extra["secret_key"]
    assert lab.server.connections <= 8
    # Three to connect, one listing, then a fresh look and the change.
    assert lab.server.requests == 3 + 1 + 2 * 30


def test_comments_of_a_long_list_are_proven_by_one_listing(lab: Lab) -> None:
    lab.use(accounts=30)
    names = [f"app-{n:04d}" for n in range(1, 31)]
    # One change is answered with success and does not happen.
    lab.server.faults.add("status", method="PATCH", path="app-0007", status=200, body={})
    outcome = lab.run(*names, comment="seen")
    assert lab.sim.writes == 29
    assert [r.account for r in outcome.failures] == ["app-0007"]
    assert "still ''" in (outcome.failures[0].why or "")
    gets = [entry.target for entry in lab.server.log if entry.method == "GET"]
    assert sum("/users" in target for target in gets) == 2
    assert {r.action for r in outcome.accounts} == {"updated", "failed"}


def test_a_long_list_without_changes_costs_one_listing(lab: Lab) -> None:
    lab.use(accounts=30)
    outcome = lab.run(*(f"app-{n:04d}" for n in range(1, 31)), comment="")
    assert not outcome.changed
    assert lab.server.requests == 3 + 1


@pytest.mark.parametrize("shown", [False, True])
def test_a_comment_is_set_and_cleared_once(lab: Lab, shown: bool) -> None:
    """Peer defect 11: there, emptying a comment is impossible."""
    lab.use(accounts=1, shows_empty_comment=shown)
    for comment in ("first", "second", ""):
        result = lab.one("app-0001", comment=comment)
        assert (result.action, result.why) == (
            "updated",
            "comment set" if comment else "comment cleared",
        )
        assert lab.sim.svm.users["app-0001"].comment == comment
        assert lab.one("app-0001", comment=comment).action == "unchanged"
    assert lab.sim.writes == 3
    assert lab.one("app-0001").action == "unchanged"


@pytest.mark.parametrize("version", RELEASES)
def test_regenerate_replaces_the_key(lab: Lab, version: str) -> None:
    lab.use(version, accounts=1)
    old = lab.keys("app-0001")[0]
    result = lab.one("app-0001", **REGENERATE)
    assert (result.action, result.previous_access_key) == ("rotated", old)
    assert lab.keys("app-0001") == [result.access_key]
    assert lab.sim.secret_of(result.access_key or "") == result.extra["secret_key"]
    assert lab.sim.writes == 1


def test_a_first_key_for_root_ends_none(lab: Lab) -> None:
    result = lab.one("root", regenerate_keys=True, return_secret=True)
    assert (result.action, result.previous_access_key, result.why) == ("rotated", None, "key made")


def test_an_expired_key_is_replaced_without_disruption(lab: Lab) -> None:
    lab.use(accounts=1)
    lab.live("app-0001", DAY)
    lab.sim.clock.advance(2 * 86400)
    lab.clock.offset += 2 * 86400
    assert lab.one("app-0001", regenerate_keys=True, return_secret=True).action == "rotated"


@pytest.mark.parametrize("platform_is_ahead", [False, True])
def test_one_wrong_clock_alone_declares_no_live_key_expired(
    lab: Lab, platform_is_ahead: bool
) -> None:
    lab.use(accounts=1)
    old = lab.live("app-0001", DAY)
    if platform_is_ahead:
        lab.sim.clock.advance(12 * 365 * 86400)
    else:
        lab.clock.offset += 12 * 365 * 86400
    result = lab.one("app-0001", regenerate_keys=True, return_secret=True)
    assert (result.failure or {})["kind"] == "disruption_refused"
    assert lab.keys("app-0001") == [old]


# --- peer defects ------------------------------------------------------------------------------


def test_peer_defect_1_check_mode_does_not_regenerate(lab: Lab) -> None:
    lab.use(accounts=1)
    old = lab.keys("app-0001")
    outcome = lab.run("app-0001", check_mode=True, **REGENERATE)
    assert outcome.changed
    assert outcome.accounts[0].extra == {"secret_key": None}
    assert lab.keys("app-0001") == old
    assert (lab.sim.writes, lab.writes()) == (0, [])


def test_peer_defect_2_check_mode_does_not_delete_keys(lab: Lab) -> None:
    lab.use(accounts=1)
    old = lab.keys("app-0001")
    assert lab.run("app-0001", check_mode=True, delete_keys=True, allow_disruption=True).changed
    assert lab.keys("app-0001") == old
    assert (lab.sim.writes, lab.writes()) == (0, [])


@pytest.mark.parametrize("version", RELEASES)
def test_peer_defect_3_comment_and_regenerate_is_one_regeneration_whose_pair_lives(
    lab: Lab, version: str
) -> None:
    lab.use(version, accounts=1)
    result = lab.one("app-0001", comment="new", **REGENERATE)
    assert lab.sim.secret_of(result.access_key or "") == result.extra["secret_key"]
    assert lab.sim.svm.users["app-0001"].comment == "new"
    assert [w.partition("?")[2] for w in lab.writes()] == ["", "regenerate_keys=true"]
    assert "comment" not in lab.server.log[-1].body
    assert result.why == "comment set, key regenerated"


def test_peer_defect_4_an_own_pair_is_set_once(lab: Lab) -> None:
    lab.use(accounts=1)
    first = lab.one("app-0001", **OWN, **ALLOWED)
    assert (first.action, first.access_key) == ("rotated", OWN["access_key"])
    assert lab.sim.secret_of(OWN["access_key"]) == OWN["secret_key"]
    assert lab.one("app-0001", **OWN, **ALLOWED).action == "unchanged"
    assert lab.sim.writes == 1


def test_peer_defect_5_the_access_key_of_an_own_pair_is_returned(lab: Lab) -> None:
    result = lab.one("backup", **OWN, return_secret=True)
    assert (result.action, result.access_key) == ("created", OWN["access_key"])
    # The caller has the secret; Ansible would mask it here.
    assert result.extra == {"secret_key": None}


def test_peer_defect_7_a_lifetime_can_be_given_and_the_expiry_comes_back(lab: Lab) -> None:
    lab.use("9.16.1")
    result = lab.one("backup", key_time_to_live="90d", return_secret=True)
    (row,) = result.details["access_keys"]
    assert row["key_time_to_live"] == "P90D"
    assert row["expires_at"].startswith(f"{lab.sim.clock.now() + 90 * DAY:%Y-%m-%d}")


def test_peer_defect_8_regenerate_creates_a_missing_user_openly_and_once(lab: Lab) -> None:
    result = lab.one("backup", **REGENERATE)
    assert (result.action, result.why) == ("created", "user created")
    assert lab.sim.secret_of(result.access_key or "") == result.extra["secret_key"]
    assert len(lab.writes()) == lab.sim.writes == 1


def test_peer_defect_12_a_failure_has_its_code_apart(lab: Lab) -> None:
    lab.use(accounts=1, writes_fail="92406097")
    failure = lab.one("app-0001", comment="x").failure or {}
    assert (failure["kind"], failure["code"], failure["http_status"]) == (
        "platform_error",
        "92406097",
        500,
    )


# --- what must be allowed ----------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("names", "params"),
    [
        (["new", "app-0002"], {}),
        (["app-0001", "app-0002"], {"regenerate_keys": True, "allow_disruption": True}),
        (["app-0001"], {**OWN, "allow_disruption": True}),
        (["new"], OWN),
    ],
)
def test_making_a_key_without_return_secret_touches_nothing(
    lab: Lab, names: list[str], params: dict[str, Any], check_mode: bool
) -> None:
    lab.use(accounts=2)
    outcome = lab.run(*names, check_mode=check_mode, comment="x", **params)
    failure = outcome.accounts[0].failure or {}
    assert failure["kind"] == "custody_refused"
    assert "return_secret" in failure["next_step"]
    assert not outcome.changed
    assert {r.action for r in outcome.accounts[1:]} <= {"skipped", "failed"}
    assert lab.writes() == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    "params",
    [
        {"regenerate_keys": True, "return_secret": True},
        {"delete_keys": True},
        {"state": "absent"},
        {**OWN, "return_secret": True},
    ],
)
def test_ending_a_working_key_without_allow_disruption_names_it_and_touches_nothing(
    lab: Lab, params: dict[str, Any], check_mode: bool
) -> None:
    lab.use(accounts=2)
    (result,) = lab.run("app-0001", check_mode=check_mode, comment="x", **params).accounts
    failure = result.failure or {}
    assert failure["kind"] == "disruption_refused"
    assert lab.keys("app-0001")[0] in failure["message"]
    assert failure["alive"] == lab.keys("app-0001")[0]
    assert "allow_disruption" in failure["next_step"]
    assert lab.writes() == []


def test_one_refused_user_keeps_the_whole_call_from_starting(lab: Lab) -> None:
    lab.use(accounts=2)
    del lab.sim.svm.users["app-0001"].slots[1]
    lab.sim.add_account("same", 0)
    outcome = lab.run("app-0001", "app-0002", "same", delete_keys=True)
    assert [r.action for r in outcome.accounts] == ["unchanged", "failed", "unchanged"]
    outcome = lab.run("app-0002", "root", "new", regenerate_keys=True, return_secret=True)
    assert [r.action for r in outcome.accounts] == ["failed", "skipped", "skipped"]
    assert lab.writes() == []


def test_a_refusal_of_custody_says_at_once_what_else_is_missing(lab: Lab) -> None:
    lab.use(accounts=1)
    message = (lab.one("app-0001", regenerate_keys=True).failure or {})["message"]
    assert "allow_disruption" in message
    assert lab.keys("app-0001")[0] in message


def test_a_name_split_at_a_comma_is_hinted_at(lab: Lab) -> None:
    lab.use()
    lab.sim.add_account("a,b")
    outcome = lab.run("a", "b")
    assert "split at commas" in (outcome.accounts[0].failure or {})["message"]
    outcome = lab.run("a", "b", delete_keys=True)
    assert "split at commas" in (outcome.accounts[0].failure or {})["message"]
    assert lab.one("a,b").action == "unchanged"


# --- keys deleted, users absent ----------------------------------------------------------------


@pytest.mark.parametrize("version", ["9.14.1", "9.16.1", "9.19.1"])
def test_keys_are_deleted_once(lab: Lab, version: str) -> None:
    lab.use(version, accounts=1)
    old = lab.keys("app-0001")[0]
    result = lab.one("app-0001", delete_keys=True, allow_disruption=True)
    assert (result.action, result.why, result.previous_access_key) == (
        "updated",
        "key deleted",
        old,
    )
    assert result.details == {"comment": "", "access_keys": []}
    assert lab.one("app-0001", delete_keys=True).action == "unchanged"
    assert lab.sim.writes == 1


def test_comment_and_deletion_of_the_key_go_together(lab: Lab) -> None:
    lab.use(accounts=1)
    result = lab.one("app-0001", comment="off", delete_keys=True, allow_disruption=True)
    assert (result.why, result.details["comment"]) == ("comment set, key deleted", "off")
    assert lab.keys("app-0001") == []


def test_deleting_the_keys_of_nobody_is_not_found(lab: Lab) -> None:
    failure = lab.one("new", delete_keys=True, allow_disruption=True).failure or {}
    assert failure["kind"] == "not_found"
    assert SVM in failure["message"]


@pytest.mark.parametrize("version", RELEASES)
def test_users_are_deleted_once(lab: Lab, version: str) -> None:
    lab.use(version, accounts=2)
    outcome = lab.run("app-0001", "nobody", state="absent", allow_disruption=True)
    assert [r.action for r in outcome.accounts] == ["deleted", "unchanged"]
    assert outcome.accounts[0].after == {"state": "absent"}
    assert sorted(lab.sim.svm.users) == ["app-0002", "root"]
    assert not lab.run("app-0001", "nobody", state="absent").changed
    assert lab.sim.writes == 1


def test_a_user_without_keys_is_deleted_without_disruption(lab: Lab) -> None:
    lab.use()
    lab.sim.add_account("empty", 0)
    assert lab.one("empty", state="absent").action == "deleted"


@pytest.mark.parametrize("check_mode", [False, True])
def test_root_is_never_deleted(lab: Lab, check_mode: bool) -> None:
    failure = lab.one("root", state="absent", allow_disruption=True, check_mode=check_mode).failure
    assert (failure or {})["kind"] == "immutable"
    assert lab.writes() == []
