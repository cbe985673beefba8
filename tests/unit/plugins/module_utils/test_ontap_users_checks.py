# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of ontap_s3_user: check mode, options that cannot be, failures."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import ontap_users
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap import Ontap
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


# --- check mode --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["9.7", "9.19.1"])
@pytest.mark.parametrize(
    "params",
    [
        {"comment": "new"},
        {"comment": "", **REGENERATE},
        {"state": "absent", "allow_disruption": True},
        {"return_secret": True},
        {"delete_keys": True, "allow_disruption": True},
        {**OWN, **ALLOWED},
        {"key_time_to_live": "90d", **REGENERATE},
    ],
)
@pytest.mark.parametrize("name", ["app-0001", "new"])
def test_check_mode_foresees_what_happens(
    lab: Lab, version: str, params: dict[str, Any], name: str
) -> None:
    lab.use(version, accounts=1)

    def told(check_mode: bool) -> Any:
        try:
            result = lab.one(name, check_mode=check_mode, **params)
        except CredentialsError as exc:
            return exc.kind, exc.message
        kind = (result.failure or {}).get("kind")
        seen = [
            (row["key_id"], row["key_time_to_live"])
            for row in result.details.get("access_keys", [])
        ]
        return result.action, result.why, result.previous_access_key, kind, seen, result.changed

    foreseen = told(check_mode=True)
    assert lab.writes() == []
    assert lab.sim.writes == 0
    assert told(check_mode=False) == foreseen


def test_check_mode_foresees_a_name_taken_in_other_case(lab: Lab) -> None:
    lab.use(accounts=1)
    failures = [
        lab.one("APP-0001", return_secret=True, check_mode=check_mode).failure or {}
        for check_mode in (True, False)
    ]
    assert [(f["kind"], f["code"]) for f in failures] == [("conflict", "1")] * 2
    assert "'app-0001'" in failures[0]["message"]


def test_check_mode_of_a_long_list_writes_nothing(lab: Lab) -> None:
    lab.use(accounts=15)
    names = [f"app-{n:04d}" for n in range(1, 21)]
    outcome = lab.run(*names, check_mode=True, **REGENERATE)
    assert outcome.as_dict()["totals"] == {"created": 5, "rotated": 15}
    assert lab.writes() == []


def test_a_diff_shows_states_and_no_secret(lab: Lab) -> None:
    lab.use(accounts=1)
    old = lab.keys("app-0001")[0]
    (diff,) = lab.run("app-0001", comment="x", check_mode=True, **REGENERATE).as_dict(diff=True)[
        "diff"
    ]
    assert diff["before"]["access_keys"][0]["access_key"] == old
    assert diff["after"]["access_keys"][0]["access_key"] == "(a new one)"
    outcome = lab.run("app-0001", comment="x", **REGENERATE)
    text = json.dumps(outcome.as_dict(diff=True)["diff"])
    assert lab.keys("app-0001")[0] in text
    assert not any(secret in text for secret in lab.sim.secrets())


def test_without_return_secret_no_secret_is_in_a_result(lab: Lab) -> None:
    lab.use("9.19.1", accounts=3)
    for params in ({"comment": "x"}, {"delete_keys": True, "allow_disruption": True}):
        text = json.dumps(lab.run("app-0001", "app-0002", **params).as_dict(diff=True))
        assert "secret_key" not in text
        assert not any(secret in text for secret in lab.sim.secrets())


# --- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "params", "word"),
    [
        ([], {}, "name"),
        (["x" * 65], {}, "64"),
        ([""], {}, "64"),
        (["a b"], {}, "character"),
        (["a/b"], {}, "character"),
        (["ü"], {}, "character"),
        ([".."], {}, "URL"),
        (["app", "APP"], {}, "case"),
        (["a"], {"comment": "x" * 257}, "256"),
        (["a"], {"regenerate_keys": True, "delete_keys": True}, "contradict"),
        (["a"], {"delete_keys": True, **OWN}, "contradict"),
        (["a"], {"delete_keys": True, "key_time_to_live": "90d"}, "key_time_to_live"),
        (["a"], {"key_time_to_live": "1096d"}, "1095"),
        (["a"], {"key_time_to_live": "90"}, "90d"),
        (["a"], {"key_id": 2}, "key_id"),
        (["a"], {"key_id": 3, "regenerate_keys": True}, "key_id"),
        (["a"], {"access_key": "ABC"}, "secret_key"),
        (["a"], {"secret_key": "canary-secret"}, "access_key"),
        (["a"], {**OWN, "access_key": "abc"}, "access_key"),
        (["a"], {**OWN, "secret_key": ""}, "secret_key"),
        (["a", "b"], OWN, "one user"),
        (["a"], {"state": "absent", "regenerate_keys": True}, "regenerate_keys"),
        (["a"], {"state": "absent", "delete_keys": True}, "delete_keys"),
        (["a"], {"state": "absent", **OWN}, "access_key"),
        (["a"], {"state": "absent", "key_id": 1}, "key_id"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_sent(
    lab: Lab, names: list[str], params: dict[str, Any], word: str
) -> None:
    exc = raised(lab.run, *names, **params)
    assert exc.kind == "invalid_option"
    assert word in exc.message + exc.next_step
    assert OWN["secret_key"] not in exc.message
    assert lab.server.requests == 0


def test_a_name_given_twice_is_one_user(lab: Lab) -> None:
    lab.use(accounts=1)
    assert len(lab.run("app-0001", "app-0001").accounts) == 1


# --- failures ----------------------------------------------------------------------------------


def test_one_failing_user_fails_alone(lab: Lab) -> None:
    lab.use(accounts=3)
    lab.server.faults.add("status", method="PATCH", path="app-0002", status=500)
    outcome = lab.run("app-0001", "app-0002", "app-0003", **REGENERATE)
    assert [r.action for r in outcome.accounts] == ["rotated", "failed", "rotated"]
    result = outcome.as_dict()
    assert result["failure"]["account"] == "app-0002"
    assert result["changed"]
    for row in (result["accounts"][0], result["accounts"][2]):
        assert lab.sim.secret_of(row["access_key"]) == row["secret_key"]


def test_strict_stops_at_a_user_that_cannot_be_planned(lab: Lab) -> None:
    lab.use(accounts=2)
    outcome = lab.run("root", "app-0001", state="absent", allow_disruption=True, strict=True)
    assert [r.action for r in outcome.accounts] == ["failed", "skipped"]
    assert lab.writes() == []


def test_a_missing_right_stops_the_list(lab: Lab) -> None:
    lab.use(accounts=20, role="readonly")
    names = [f"app-{n:04d}" for n in range(1, 21)]
    outcome = lab.run(*names, **REGENERATE)
    actions = [r.action for r in outcome.accounts]
    assert "skipped" in actions
    assert (outcome.accounts[0].failure or {})["kind"] == "permission"


def test_a_regeneration_that_fails_after_the_comment_says_so(lab: Lab) -> None:
    lab.use(accounts=1, regenerate_fails="before")
    result = lab.one("app-0001", comment="x", **REGENERATE)
    assert result.changed
    assert "The comment was set; then:" in (result.failure or {})["message"]
    assert (result.failure or {})["alive"] == lab.keys("app-0001")[0]


def test_a_key_made_by_somebody_else_after_the_listing_is_not_ended(lab: Lab) -> None:
    lab.use(accounts=12)
    for user in lab.sim.svm.users.values():
        user.slots.clear()
    names = [f"app-{n:04d}" for n in range(1, 13)]
    lab.server.faults.add("delay", method="GET", path="users/app-0001", seconds=0)
    platform_requests: list[str] = []

    original = lab.sim.handle

    def meddle(request: Any) -> Any:
        platform_requests.append(request.method)
        answer = original(request)
        if request.path.endswith("/users"):
            # A colleague makes a key right after the listing.
            lab.live("app-0003", DAY)
        return answer

    lab.sim.handle = meddle  # type: ignore[method-assign]  # one object, for one test
    outcome = lab.run(*names, regenerate_keys=True, return_secret=True)
    assert outcome.accounts[2].action == "failed"
    assert (outcome.accounts[2].failure or {})["kind"] == "disruption_refused"
    assert {r.action for r in outcome.accounts} == {"rotated", "failed"}


@pytest.mark.parametrize("failing", [ValueError("odd"), CredentialsError("timeout", "too late")])
def test_comments_that_cannot_be_read_back_lose_no_secret_of_others(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failing: Exception
) -> None:
    lab.use(accounts=11)
    names = ["new", *(f"app-{n:04d}" for n in range(1, 12))]
    listings: list[int] = []
    accounts = Ontap.accounts

    def second_fails(self: Ontap) -> Iterator[Account]:
        listings.append(1)
        if len(listings) > 1:
            raise failing
        return accounts(self)

    monkeypatch.setattr(Ontap, "accounts", second_fails)
    results = lab.run(*names, comment="x", return_secret=True).accounts
    made = results[0]
    assert made.action == "created"
    assert lab.sim.secret_of(made.access_key or "") == made.extra["secret_key"]
    assert {result.action for result in results[1:]} == {"failed"}
    assert all(result.changed for result in results[1:])
    assert [(result.failure or {})["account"] for result in results[1:]] == names[1:]
    assert "not read back" in (results[1].failure or {})["message"]


def test_only_comments_not_looked_at_are_read_back(lab: Lab) -> None:
    lab.use(accounts=11)
    names = [f"app-{n:04d}" for n in range(1, 12)]
    outcome = lab.run(*names, comment="x", delete_keys=True, allow_disruption=True)
    listings = [e for e in lab.server.log if e.method == "GET" and "users?" in e.target]
    assert {result.action for result in outcome.accounts} == {"updated"}
    assert len(listings) == 1


@pytest.mark.parametrize("name", ["app-0001", "new"])
def test_a_pair_comes_through_a_defect_in_the_telling(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    lab.use(accounts=1)

    def broken(*_given: Any) -> Any:
        raise OverflowError("odd date")

    monkeypatch.setattr(ontap_users, "row_of", broken)
    monkeypatch.setattr(ontap_users, "rows_of", lambda _keys: [])
    result = lab.one(name, **REGENERATE)
    assert result.changed
    assert "OverflowError" in (result.why or "")
    assert lab.sim.secret_of(result.access_key or "") == result.extra["secret_key"]
