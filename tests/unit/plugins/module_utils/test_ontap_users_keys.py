# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of ontap_s3_user: lifetimes, releases, two keys, own pairs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ontap_lab import (
    OWN,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

DAY = dt.timedelta(days=1)
ALLOWED = {"return_secret": True, "allow_disruption": True}
REGENERATE = {"regenerate_keys": True, **ALLOWED}
RELEASES = ["9.7", "9.14.1", "9.16.1", "9.19.1"]


# --- lifetime ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["9.14.1", "9.16.1", "9.19.1"])
@pytest.mark.parametrize("text", ["90d", "P90D", "2160h"])
def test_a_lifetime_that_the_key_has_is_unchanged(lab: Lab, version: str, text: str) -> None:
    lab.use(version, accounts=1)
    lab.live("app-0001", 90 * DAY)
    assert lab.one("app-0001", key_time_to_live=text).action == "unchanged"
    assert lab.writes() == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("has", "wanted"), [(None, "90d"), (90, "30d"), (90, "0s")])
def test_another_lifetime_without_regenerate_is_refused_with_a_way_out(
    lab: Lab, has: int | None, wanted: str, check_mode: bool
) -> None:
    lab.use(accounts=2)
    if has:
        lab.live("app-0001", has * DAY)
    result = lab.one("app-0001", key_time_to_live=wanted, comment="x", check_mode=check_mode)
    failure = result.failure or {}
    assert (failure["kind"], failure["code"]) == ("rejected", "92406088")
    assert "regenerate_keys: true" in failure["next_step"]
    assert failure["alive"] == lab.keys("app-0001")[0]
    assert lab.writes() == []


def test_no_lifetime_where_there_is_none_is_unchanged(lab: Lab) -> None:
    lab.use(accounts=1)
    assert lab.one("app-0001", key_time_to_live="0s").action == "unchanged"
    failure = lab.one("root", key_time_to_live="90d").failure or {}
    assert failure["code"] == "92406088"


def test_a_new_lifetime_comes_with_a_new_key(lab: Lab) -> None:
    lab.use(accounts=1)
    lab.live("app-0001", 30 * DAY)
    result = lab.one("app-0001", key_time_to_live="90d", **REGENERATE)
    assert result.details["access_keys"][0]["key_time_to_live"] == "P90D"
    result = lab.one("app-0001", key_time_to_live="0s", **REGENERATE)
    assert result.details["access_keys"][0]["key_time_to_live"] is None
    assert lab.sim.svm.users["app-0001"].slots[1].expiry is None


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_kept_lifetime_is_predicted_and_kept(lab: Lab, check_mode: bool) -> None:
    lab.use("9.14.1", accounts=1)
    lab.live("app-0001", 30 * DAY)
    result = lab.one("app-0001", check_mode=check_mode, **REGENERATE)
    assert result.details["access_keys"][0]["key_time_to_live"] == "P30D"


@pytest.mark.parametrize("wanted", ["91d", "0s"])
def test_the_maximum_of_the_service_stops_the_call(lab: Lab, wanted: str) -> None:
    lab.use("9.15.1", max_key_time_to_live="P90D")
    exc = raised(lab.run, "new", key_time_to_live=wanted, return_secret=True)
    assert exc.kind == "invalid_option"
    assert exc.code == ("92406197" if wanted == "0s" else "92406196")
    assert "P90D" in exc.message
    assert lab.writes() == []
    assert lab.one("new", key_time_to_live="90d", return_secret=True).action == "created"


# --- versions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "params", "needs"),
    [
        ("9.13.1", {"key_time_to_live": "90d"}, "9.14.1"),
        ("9.13.1", {"delete_keys": True, "allow_disruption": True}, "9.14.1"),
        ("9.15.1", {**OWN, **ALLOWED}, "9.16.1"),
        ("9.18.1", {"key_id": 1, **REGENERATE}, "9.19.1"),
        ("9.18.1", {"key_id": 2, "delete_keys": True}, "9.19.1"),
    ],
)
def test_what_a_release_lacks_is_unsupported_and_names_the_one_that_has_it(
    lab: Lab, version: str, params: dict[str, Any], needs: str
) -> None:
    lab.use(version, accounts=1)
    exc = raised(lab.run, "app-0001", **params)
    assert exc.kind == "unsupported"
    assert needs in exc.message
    assert version in exc.message
    assert lab.writes() == []


# --- two keys ----------------------------------------------------------------------------------


def test_key_2_is_made_beside_key_1_without_disruption(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1)
    first = lab.live("app-0001", 30 * DAY)
    result = lab.one("app-0001", key_id=2, regenerate_keys=True, return_secret=True)
    assert (result.action, result.why, result.previous_access_key) == ("rotated", "key made", None)
    assert lab.keys("app-0001") == [first, result.access_key]
    assert [(r["key_id"], r["access_key"]) for r in result.details["access_keys"]] == [
        (1, first),
        (2, result.access_key),
    ]
    assert result.details["access_keys"][1]["key_time_to_live"] == "P30D"


def test_with_two_keys_the_key_id_is_asked_for(lab: Lab) -> None:
    lab.use("9.19.1")
    lab.sim.add_account("two", 2)
    for params in (REGENERATE, {"delete_keys": True, "allow_disruption": True}):
        failure = lab.one("two", **params).failure or {}
        assert failure["kind"] == "ambiguous"
        assert "key_id" in failure["next_step"]
    assert lab.writes() == []


def test_one_of_two_keys_is_regenerated_or_deleted(lab: Lab) -> None:
    lab.use("9.19.1")
    lab.sim.add_account("two", 2)
    first, second = lab.keys("two")
    result = lab.one("two", key_id=1, **REGENERATE)
    assert lab.keys("two") == [result.access_key, second]
    assert result.previous_access_key == first
    result = lab.one("two", key_id=2, delete_keys=True, allow_disruption=True)
    assert lab.keys("two") == [lab.keys("two")[0]]
    assert result.previous_access_key == second
    assert lab.one("two", key_id=2, delete_keys=True).action == "unchanged"


def test_deleting_a_user_names_both_keys(lab: Lab) -> None:
    lab.use("9.19.1")
    lab.sim.add_account("two", 2)
    message = (lab.one("two", state="absent").failure or {})["message"]
    assert all(key in message for key in lab.keys("two"))


def test_an_own_pair_goes_into_the_slot_named(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1)
    result = lab.one("app-0001", key_id=2, **OWN, return_secret=True)
    assert lab.keys("app-0001")[1] == OWN["access_key"] == result.access_key
    assert lab.one("app-0001", **OWN, return_secret=True).action == "unchanged"
    failure = lab.one("app-0001", key_id=1, **OWN, **ALLOWED).failure or {}
    assert failure["kind"] == "conflict"


def test_a_new_user_has_no_second_key_yet(lab: Lab) -> None:
    lab.use("9.19.1")
    failure = lab.one("new", key_id=2, regenerate_keys=True, return_secret=True).failure or {}
    assert failure["kind"] == "not_found"
    assert "key 1" in failure["message"]
    assert lab.one("new", key_id=1, regenerate_keys=True, return_secret=True).action == "created"


def test_a_key_that_is_not_listed_as_slot_1_is_still_replaced(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1, shows_keys=False)
    result = lab.one("app-0001", **REGENERATE)
    assert [row["access_key"] for row in result.details["access_keys"]] == lab.keys("app-0001")


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("params", [{"regenerate_keys": True}, OWN])
def test_a_slot_2_that_is_not_shown_is_overwritten_only_when_told(
    lab: Lab, params: dict[str, Any], check_mode: bool
) -> None:
    lab.use("9.19.1", shows_keys=False)
    lab.sim.add_account("two", 2)
    wanted = {"key_id": 2, "return_secret": True, **params}
    failure = lab.one("two", check_mode=check_mode, **wanted).failure or {}
    assert failure["kind"] == "disruption_refused"
    assert "key 2 (not shown)" in failure["message"]
    assert lab.writes() == []
    assert lab.one("two", allow_disruption=True, **wanted).action == "rotated"


def test_a_slot_2_that_is_not_shown_is_not_called_empty(lab: Lab) -> None:
    lab.use("9.19.1", shows_keys=False)
    lab.sim.add_account("two", 2)
    failure = lab.one("two", key_id=2, delete_keys=True, allow_disruption=True).failure or {}
    assert (failure["kind"], failure["account"]) == ("unsupported", "two")
    assert "does not show" in failure["message"]
    assert lab.writes() == []


# --- own pairs ---------------------------------------------------------------------------------


def test_the_secret_of_the_same_access_key_changes_only_when_told(lab: Lab) -> None:
    lab.use()
    lab.one("backup", **OWN, return_secret=True)
    other = {**OWN, "secret_key": "An0ther/Secret+Key=canary"}
    assert lab.one("backup", **other, **ALLOWED).action == "unchanged"
    assert lab.sim.secret_of(OWN["access_key"]) == OWN["secret_key"]
    assert lab.one("backup", **other, **REGENERATE).action == "rotated"
    assert lab.sim.secret_of(OWN["access_key"]) == other["secret_key"]


def test_an_own_pair_with_another_lifetime_than_it_has_is_refused(lab: Lab) -> None:
    lab.use()
    lab.one("backup", **OWN, return_secret=True, key_time_to_live="30d")
    same = lab.one("backup", **OWN, return_secret=True, key_time_to_live="30d")
    assert same.action == "unchanged"
    failure = lab.one("backup", **OWN, **ALLOWED, key_time_to_live="60d").failure or {}
    assert failure["code"] == "92406088"


def test_an_access_key_of_somebody_else_is_a_conflict(lab: Lab) -> None:
    lab.use(accounts=1)
    taken = {**OWN, "access_key": lab.keys("app-0001")[0]}
    failure = lab.one("new", **taken, return_secret=True).failure or {}
    assert (failure["kind"], failure["code"]) == ("conflict", "92406200")
