# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enable, disable, describe: the state logic, over a platform in memory."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_status import (
    Wanted,
    set_credential_status,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import ACTIVE, INACTIVE
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.shard import Shard
from ansible_collections.objectstore.credentials.tests.unit.memory_platform import Memory
from ansible_collections.objectstore.credentials.tests.unit.support import raised


@pytest.fixture
def platform() -> Memory:
    memory = Memory()
    memory.add("app", "AK1", "AK2")
    memory.add("backup", "BK1")
    return memory


def brought(
    platform: Memory, *access_keys: str, check_mode: bool = False, parallelism: int = 4, **want: Any
) -> Outcome:
    """Bring keys to a state."""
    fields = {"user": None, "status": None, "description": None, "allow_disruption": False, **want}
    wanted = Wanted(access_keys, **fields)
    return set_credential_status(platform, wanted, check_mode=check_mode, parallelism=parallelism)


def kinds(outcome: Outcome) -> list[Any]:
    """Return the kind of each failure, None where there is none."""
    return [result.failure and result.failure["kind"] for result in outcome.accounts]


def test_active_key_is_disabled_beside_another(platform: Memory) -> None:
    outcome = brought(platform, "AK1", status=INACTIVE)
    (result,) = outcome.accounts
    assert (result.action, result.account, result.access_key) == ("disabled", "app", "AK1")
    assert result.details["status"] == INACTIVE
    assert (result.before["status"], result.after["status"]) == (ACTIVE, INACTIVE)
    assert outcome.changed
    assert platform.writes == ["set AK1"]


def test_inactive_key_is_enabled(platform: Memory) -> None:
    platform.change("BK1", status=INACTIVE)
    assert brought(platform, "BK1", status=ACTIVE).accounts[0].action == "enabled"
    assert platform.keys["BK1"].status == ACTIVE


@pytest.mark.parametrize("status", [ACTIVE, INACTIVE])
def test_key_already_as_wanted_is_not_written(platform: Memory, status: str) -> None:
    platform.change("AK1", status=status, description="x")
    outcome = brought(platform, "AK1", status=status, description="x")
    assert (outcome.accounts[0].action, outcome.changed) == ("unchanged", False)
    assert platform.writes == []


def test_description_alone_is_set_and_cleared(platform: Memory) -> None:
    assert brought(platform, "AK1", description="for x").accounts[0].action == "updated"
    assert platform.keys["AK1"].description == "for x"
    assert brought(platform, "AK1", description="").accounts[0].action == "updated"
    assert platform.keys["AK1"].description == ""
    assert brought(platform, "AK1", description="").accounts[0].action == "unchanged"


def test_status_and_description_go_in_one_write(platform: Memory) -> None:
    outcome = brought(platform, "AK1", status=INACTIVE, description="gone")
    assert outcome.accounts[0].after == {"status": INACTIVE, "description": "gone"}
    assert platform.writes == ["set AK1"]


def test_only_what_differs_is_sent(platform: Memory) -> None:
    sent: list[Any] = []
    real = platform.set_access_key

    def noting(key: Any, status: Any = None, description: Any = None) -> Any:
        sent.append((status, description))
        return real(key, status, description)

    platform.set_access_key = noting  # type: ignore[method-assign]  # to see what is sent
    brought(platform, "AK1", status=ACTIVE, description="new")
    assert sent == [(None, "new")]


def test_check_mode_tells_and_writes_nothing(platform: Memory) -> None:
    outcome = brought(platform, "AK1", status=INACTIVE, description="x", check_mode=True)
    (result,) = outcome.accounts
    assert (result.action, outcome.changed) == ("disabled", True)
    assert result.after == {"status": INACTIVE, "description": "x"}
    assert platform.writes == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_last_active_key_needs_allow_disruption(platform: Memory, check_mode: bool) -> None:
    outcome = brought(platform, "BK1", status=INACTIVE, check_mode=check_mode)
    (failure,) = [result.failure for result in outcome.accounts]
    assert failure is not None
    assert failure["kind"] == "disruption_refused"
    assert "BK1" in failure["message"]
    assert "backup" in failure["message"]
    assert failure["alive"] == "BK1 (active)"
    assert not outcome.changed
    assert platform.writes == []
    allowed = brought(
        platform, "BK1", status=INACTIVE, allow_disruption=True, check_mode=check_mode
    )
    assert allowed.accounts[0].action == "disabled"


@pytest.mark.parametrize("parallelism", [1, 8])
@pytest.mark.parametrize("check_mode", [False, True])
def test_two_keys_of_one_account_cannot_count_on_each_other(
    platform: Memory, parallelism: int, check_mode: bool
) -> None:
    outcome = brought(
        platform, "AK1", "AK2", status=INACTIVE, parallelism=parallelism, check_mode=check_mode
    )
    assert [result.action for result in outcome.accounts] == ["disabled", "failed"]
    assert kinds(outcome) == [None, "disruption_refused"]


@pytest.mark.parametrize(
    "other",
    [
        {"status": INACTIVE},
        {"expires_at": dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)},
    ],
)
def test_key_that_no_longer_works_is_no_other_active_key(
    platform: Memory, other: dict[str, Any]
) -> None:
    platform.change("AK2", **other)
    assert kinds(brought(platform, "AK1", status=INACTIVE)) == ["disruption_refused"]


def test_key_that_expires_later_is_another_active_key(platform: Memory) -> None:
    platform.change("AK2", expires_at=dt.datetime(2120, 1, 1, tzinfo=dt.timezone.utc))
    assert kinds(brought(platform, "AK1", status=INACTIVE)) == [None]


def test_first_disable_that_may_have_landed_counts_as_disabled(platform: Memory) -> None:
    platform.failures["set AK1"] = CredentialsError("outcome_unknown", "lost", landed=None)
    outcome = brought(platform, "AK1", "AK2", status=INACTIVE)
    assert kinds(outcome) == ["outcome_unknown", "disruption_refused"]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("allowed", [False, True])
def test_last_active_key_is_assumed_where_listing_has_a_side_effect(
    check_mode: bool, allowed: bool
) -> None:
    platform = Memory(allow_side_effects=allowed, check_mode=check_mode)
    platform.add("app", "AK1", "AK2")
    platform.facts = dataclasses.replace(platform.facts, listing_has_side_effect=True)
    outcome = brought(platform, "AK1", status=INACTIVE, check_mode=check_mode)
    if allowed and not check_mode:
        assert kinds(outcome) == [None]
        return
    assert kinds(outcome) == ["disruption_refused"]
    assert "side effects" in str(outcome.accounts[0].why)
    assert "access_keys app" not in platform.calls


def test_immutable_key_is_never_touched(platform: Memory) -> None:
    platform.change("AK1", immutable=True)
    outcome = brought(platform, "AK1", status=INACTIVE, allow_disruption=True)
    assert kinds(outcome) == ["immutable"]
    assert platform.writes == []


def test_results_come_in_the_order_of_the_keys(platform: Memory) -> None:
    platform.delays = {"AK1": 0.01, "BK1": 0.002}
    outcome = brought(platform, "BK1", "nothing", "AK2", "AK1", "BK1", description="x")
    assert [r.access_key for r in outcome.accounts] == ["BK1", "nothing", "AK2", "AK1"]
    assert kinds(outcome) == [None, "not_found", None, None]


def test_every_key_is_looked_at_before_the_first_is_written(platform: Memory) -> None:
    brought(platform, "AK1", "BK1", description="x")
    first_write = platform.calls.index(platform.writes[0])
    assert {"find AK1", "find BK1"} <= set(platform.calls[:first_write])


def test_key_of_another_user_is_not_found(platform: Memory) -> None:
    assert kinds(brought(platform, "BK1", user="app", description="x")) == ["not_found"]
    assert kinds(brought(platform, "BK1", user="id:id-backup", description="x")) == [None]


def test_strict_writes_nothing_when_a_key_is_missing(platform: Memory) -> None:
    outcome = brought(platform, "AK1", "nothing", description="x", strict=True, parallelism=1)
    assert [result.action for result in outcome.accounts] == ["skipped", "failed"]
    assert platform.writes == []


def test_failure_of_the_endpoint_writes_nothing(platform: Memory) -> None:
    platform.failures["find BK1"] = CredentialsError("permission", "no")
    outcome = brought(platform, "AK1", "BK1", description="x", parallelism=1)
    assert [result.action for result in outcome.accounts] == ["skipped", "failed"]
    assert platform.writes == []


@pytest.mark.parametrize(
    ("facts", "want", "says"),
    [
        (
            {"can_disable": False, "cannot_disable_because": "no state"},
            {"status": INACTIVE},
            "no state",
        ),
        ({"can_disable": False}, {"status": ACTIVE}, "cannot disable or enable"),
        ({"has_description": False}, {"description": "x"}, "no description"),
        (
            {"has_description": False, "cannot_describe_because": "v5 has none"},
            {"description": ""},
            "v5 has none",
        ),
    ],
)
@pytest.mark.parametrize("refined", [False, True])
def test_what_the_platform_cannot_is_refused_before_any_look(
    platform: Memory, facts: dict[str, Any], want: dict[str, Any], says: str, refined: bool
) -> None:
    if refined:
        platform.refined = facts
    else:
        platform.facts = dataclasses.replace(platform.facts, **facts)
    error = raised(brought, platform, "AK1", **want)
    assert error.kind == "unsupported"
    assert says in error.message
    assert platform.calls == (["connect"] if refined else [])


def test_lost_answer_of_a_change_that_happened_is_success(platform: Memory) -> None:
    platform.failures["after set AK1"] = CredentialsError("outcome_unknown", "lost", landed=None)
    outcome = brought(platform, "AK1", status=INACTIVE)
    assert (outcome.accounts[0].action, kinds(outcome)) == ("disabled", [None])
    assert platform.writes == ["set AK1"]


def test_lost_answer_of_a_change_not_seen_is_unknown(platform: Memory) -> None:
    platform.failures["set AK1"] = CredentialsError("outcome_unknown", "lost", landed=None)
    outcome = brought(platform, "AK1", status=INACTIVE)
    (result,) = outcome.accounts
    assert result.failure is not None
    assert result.failure["alive"] == "AK1 (active)"
    assert "run the same task again" in result.failure["next_step"]
    assert result.changed


def test_refusal_is_passed_on_without_another_look(platform: Memory) -> None:
    platform.failures["set AK1"] = CredentialsError("rejected", "no", landed=False)
    outcome = brought(platform, "AK1", status=INACTIVE)
    assert kinds(outcome) == ["rejected"]
    assert not outcome.changed
    assert platform.calls[-1] == "set AK1"


@pytest.mark.parametrize("want", [{"status": INACTIVE}, {"description": "new"}])
def test_success_that_the_platform_does_not_show_is_unsupported(
    platform: Memory, want: dict[str, Any]
) -> None:
    platform.lies["AK1"] = platform.keys["AK1"]
    outcome = brought(platform, "AK1", **want)
    assert kinds(outcome) == ["unsupported"]
    assert "answered success" in str(outcome.accounts[0].why)
    assert outcome.accounts[0].changed


def test_defect_on_one_key_keeps_the_result_of_the_others(platform: Memory) -> None:
    platform.failures["set BK1"] = ZeroDivisionError("by nought")
    outcome = brought(platform, "AK1", "BK1", description="x", parallelism=1)
    assert kinds(outcome) == [None, "internal"]


def test_keys_of_other_shards_are_left_out_and_each_is_changed_in_one(platform: Memory) -> None:
    for number in range(6):
        platform.add(f"app-{number}", f"K{number}")
    keys = ["AK1", "AK2", "BK1", *(f"K{number}" for number in range(6)), "nobody's"]
    wanted = Wanted(keys, None, INACTIVE, None, allow_disruption=True)
    seen: list[Any] = []
    for number in (1, 2, 3):
        shard = Shard(number, 3)
        outcome = set_credential_status(
            platform, wanted, check_mode=False, parallelism=2, shard=shard
        )
        assert outcome.totals == {"other_shards": len(keys) - len(outcome.accounts)}
        assert all(shard.holds(r.account or "") for r in outcome.accounts if r.account)
        seen += [result.access_key for result in outcome.accounts]
    assert sorted(seen) == sorted(keys)
    assert sorted(platform.writes) == sorted(f"set {key}" for key in keys if key != "nobody's")


def test_progress_counts_the_keys(platform: Memory) -> None:
    told: list[Any] = []
    progress = Progress(told.append, interval=3600)
    wanted = Wanted(("AK1", "BK1", "none"), None, None, "mine", allow_disruption=False)
    set_credential_status(platform, wanted, check_mode=True, parallelism=1, progress=progress)
    assert told == []
    progress.report()
    assert (told[0]["what"], told[0]["done"], told[0]["total"]) == ("access keys", 2, 2)
