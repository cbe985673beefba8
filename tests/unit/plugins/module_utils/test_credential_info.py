# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, keys, age and compliance: the listing, over a platform in memory."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_info import (
    list_credentials,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import INACTIVE
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import Selection
from ansible_collections.objectstore.credentials.tests.unit.documents import return_of
from ansible_collections.objectstore.credentials.tests.unit.memory_platform import Memory
from ansible_collections.objectstore.credentials.tests.unit.support import raised

DAY = dt.timedelta(days=1)


def ago(days: float) -> dt.datetime:
    """Return a time so many days ago, and an hour: the days are whole whenever a test begins."""
    return dt.datetime.now(dt.timezone.utc) - days * DAY - dt.timedelta(hours=1)


def listed(platform: Memory, **options: Any) -> Outcome:
    """List credentials."""
    params = {"all": not options.get("users"), **options}
    return list_credentials(
        platform,
        Selection.parse(params),
        max_age=options.get("max_age", 90 * DAY),
        last_used=options.get("last_used", False),
        parallelism=options.get("parallelism", 4),
        strict=options.get("strict", False),
    )


def row_of(outcome: Outcome, access_key: str) -> dict[str, Any]:
    """Return what is told of one key."""
    rows = [row for r in outcome.accounts for row in r.extra["access_keys"]]
    (found,) = [row for row in rows if row["access_key"] == access_key]
    return dict(found)


@pytest.fixture
def platform() -> Memory:
    memory = Memory()
    memory.add("app", "AK1")
    return memory


@pytest.mark.parametrize(
    ("fields", "compliance", "why"),
    [
        ({"created_at": ago(10)}, "compliant", "10 days old; the limit is 90 days"),
        ({"created_at": ago(89.9)}, "compliant", "89 days old"),
        ({"created_at": ago(91)}, "non_compliant", "91 days old"),
        ({"created_at": None}, "insufficient_data", "no creation date"),
        ({"created_at": ago(400), "status": INACTIVE}, "not_applicable", "inactive"),
        ({"created_at": ago(400), "expires_at": ago(1)}, "not_applicable", "expired"),
        ({"created_at": ago(1), "expires_at": ago(-1)}, "compliant", "1 days old"),
    ],
)
def test_compliance_of_a_key(
    platform: Memory, fields: dict[str, Any], compliance: str, why: str
) -> None:
    platform.change("AK1", **fields)
    outcome = listed(platform)
    row = row_of(outcome, "AK1")
    assert row["compliance"] == compliance
    assert why in row["why"]
    assert outcome.accounts[0].extra["compliance"] == compliance
    assert outcome.totals[compliance] == 1


@pytest.mark.parametrize(
    ("created_at", "age", "days"),
    [(ago(0.5), "0d", 0), (ago(90.5), "90d", 90), (None, "unknown", None), (ago(-1), "0d", 0)],
)
def test_age_is_told_or_unknown(
    platform: Memory, created_at: dt.datetime | None, age: str, days: int | None
) -> None:
    platform.change("AK1", created_at=created_at)
    row = row_of(listed(platform), "AK1")
    assert (row["age"], row["age_days"]) == (age, days)


@pytest.mark.parametrize(
    ("offset", "says"), [(None, None), (200.0, None), (3600.0, "ahead of"), (-900.0, "behind")]
)
def test_clock_of_the_platform_far_off_is_warned_about(
    platform: Memory, offset: Any, says: Any
) -> None:
    platform.client._platform_offset = offset
    warnings = " ".join(listed(platform).warnings)
    assert (f"{abs(offset):.0f} s {says}" in warnings) if says else ("clock" not in warnings)


def test_age_is_counted_by_the_platforms_clock(platform: Memory) -> None:
    platform.client._platform_offset = 10 * 86400.0
    platform.change("AK1", created_at=ago(-5))
    assert row_of(listed(platform), "AK1")["age_days"] == 5


@pytest.mark.parametrize(
    ("tells", "asked", "used_at", "expected"),
    [
        ("no", True, None, "unknown"),
        ("listed", False, None, "never"),
        ("per_key", False, None, "unknown"),
        ("per_key", True, None, "never"),
        ("per_key", True, dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), "2026-01-02T00:00:00Z"),
    ],
)
def test_last_use_is_told_or_unknown(
    platform: Memory, tells: str, asked: bool, used_at: dt.datetime | None, expected: str
) -> None:
    platform.facts = dataclasses.replace(platform.facts, tells_last_used=tells)
    platform.change("AK1", last_used_at=used_at)
    outcome = listed(platform, last_used=asked)
    assert row_of(outcome, "AK1")["last_used"] == expected
    assert bool(outcome.warnings) is (tells == "no")


def test_worst_key_decides_for_the_account(platform: Memory) -> None:
    platform.add("two", "AK2", "AK3")
    platform.change("AK2", created_at=ago(1))
    platform.change("AK3", created_at=ago(100))
    outcome = listed(platform)
    assert [r.extra["compliance"] for r in outcome.accounts] == [
        "insufficient_data",
        "non_compliant",
    ]


def test_account_without_keys_is_not_applicable(platform: Memory) -> None:
    platform.add("empty")
    outcome = listed(platform)
    assert outcome.accounts[1].extra["compliance"] == "not_applicable"
    assert outcome.accounts[1].extra["access_keys"] == []


def test_totals_count_accounts_keys_and_verdicts(platform: Memory) -> None:
    platform.add("two", "AK2", "AK3")
    platform.change("AK3", status=INACTIVE)
    platform.change("AK2", created_at=ago(1))
    totals = listed(platform).as_dict()["totals"]
    assert totals["accounts"] == 2
    assert (totals["access_keys"], totals["active"], totals["inactive"]) == (3, 2, 1)
    assert (totals["compliant"], totals["insufficient_data"]) == (1, 1)
    assert totals["listed"] == 2


def test_platform_tells_about_itself(platform: Memory) -> None:
    info = listed(platform).as_dict()["platform_info"]
    assert (info["platform"], info["product"], info["version"]) == ("memory", "Memory", "1.0")
    assert info["facts"]["can_disable"] is True


def test_facts_are_those_that_an_operator_decides_by(platform: Memory) -> None:
    refused = "it has no switch"
    platform.facts = dataclasses.replace(
        platform.facts, can_disable=False, cannot_disable_because=refused, hides_access_key=True
    )
    facts = listed(platform).as_dict()["platform_info"]["facts"]
    assert set(facts) == {
        *("overlap", "can_disable", "can_delete", "can_choose_pair", "label", "max_keys"),
        *("tells_created", "tells_last_used", "secret_comes_back", "shows_access_key"),
        *("listing_is_proof", "listing_has_side_effect", "cannot_disable_because"),
    }
    assert facts["cannot_disable_because"] == refused
    # Each is said in the module's documentation.
    documented = return_of("s3_credential_info")["platform_info"]["contains"]["facts"]
    said = " ".join(documented["description"])
    assert not [name for name in facts if f"C({name})" not in said]


def test_missing_accounts_fail_alone_and_have_every_name(platform: Memory) -> None:
    outcome = listed(platform, users=["nobody", "app"])
    missing, found = outcome.accounts
    assert (missing.action, found.action) == ("failed", "listed")
    assert set(missing.extra) == set(found.extra)
    assert missing.extra["access_keys"] == []
    assert not outcome.changed


def test_strict_looks_at_nothing_more_when_one_is_missing(platform: Memory) -> None:
    outcome = listed(platform, users=["app", "nobody"], strict=True, parallelism=1)
    assert [r.action for r in outcome.accounts] == ["failed", "skipped"]
    assert "access_keys app" not in platform.calls


def test_failure_of_the_endpoint_looks_at_nothing_more(platform: Memory) -> None:
    platform.failures["account nobody"] = CredentialsError("permission", "no")
    outcome = listed(platform, users=["app", "nobody"], parallelism=1)
    assert [r.action for r in outcome.accounts] == ["failed", "skipped"]
    assert "access_keys app" not in platform.calls


def test_failure_of_one_account_fails_it_alone(platform: Memory) -> None:
    platform.add("bad", "AK9")
    platform.failures["access_keys bad"] = CredentialsError("malformed_answer", "odd")
    outcome = listed(platform)
    assert [r.action for r in outcome.accounts] == ["listed", "failed"]


def test_keys_of_the_listing_are_not_asked_for_again(platform: Memory) -> None:
    account = platform.known["id-app"]
    keys = tuple(platform.keys.values())
    platform.known["id-app"] = dataclasses.replace(account, listed_keys=keys)
    assert row_of(listed(platform), "AK1")
    assert "access_keys app" not in platform.calls
    listed(platform, last_used=True)
    assert "access_keys app" in platform.calls


def test_platform_that_shows_no_keys_says_so(platform: Memory) -> None:
    platform.facts = dataclasses.replace(platform.facts, shows_access_key=False)
    (result,) = listed(platform).accounts
    assert "shows no access keys" in str(result.why)
    assert result.extra["compliance"] == "insufficient_data"
    assert "access_keys app" not in platform.calls


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("allowed", [False, True])
def test_listing_with_a_side_effect_happens_only_when_allowed_and_not_in_check_mode(
    check_mode: bool, allowed: bool
) -> None:
    platform = Memory(check_mode=check_mode, allow_side_effects=allowed)
    platform.add("app", "AK1")
    platform.facts = dataclasses.replace(platform.facts, listing_has_side_effect=True)
    outcome = listed(platform)
    asked = "access_keys app" in platform.calls
    assert asked is (allowed and not check_mode)
    if not asked:
        assert "side effect" in str(outcome.accounts[0].why)
        (warning,) = outcome.warnings
        assert ("check mode" if check_mode else "allow_side_effects") in warning


def test_listing_that_is_no_proof_warns(platform: Memory) -> None:
    platform.facts = dataclasses.replace(platform.facts, listing_is_proof=False)
    (warning,) = listed(platform).warnings
    assert "may have some" in warning


def test_failure_to_connect_is_raised(platform: Memory) -> None:
    platform.failures["connect"] = CredentialsError("authentication", "no")
    assert raised(listed, platform).kind == "authentication"


def test_shard_is_listed_alone_and_the_others_are_counted(platform: Memory) -> None:
    for number in range(20):
        platform.add(f"app-{number}", f"K{number}")
    parts = [listed(platform, shard=f"{number}/3") for number in (1, 2, 3)]
    assert sorted(r.account or "" for part in parts for r in part.accounts) == sorted(
        account.name for account in platform.known.values()
    )
    for part in parts:
        assert part.totals["accounts"] + part.totals["other_shards"] == 21
    assert "other_shards" not in listed(platform).totals


def test_progress_counts_the_accounts(platform: Memory) -> None:
    told: list[Any] = []
    progress = Progress(told.append, interval=3600)
    list_credentials(
        platform,
        Selection.parse({"all": True}),
        max_age=90 * DAY,
        last_used=False,
        parallelism=1,
        progress=progress,
    )
    progress.report()
    assert (told[0]["what"], told[0]["done"], told[0]["total"]) == ("accounts", 1, 1)
