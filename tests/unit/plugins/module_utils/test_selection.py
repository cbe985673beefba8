# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts: options read, accounts found."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.plugins.module_utils.options import mark_listed
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import (
    LOOK_UP_AT_MOST,
    Selected,
    Selection,
    select,
)
from ansible_collections.objectstore.credentials.tests.unit.memory_platform import Memory
from ansible_collections.objectstore.credentials.tests.unit.support import raised


def chosen(platform: Memory, *users: Any, strict: bool = False, parallelism: int = 4) -> Selected:
    """Select named accounts."""
    selection = Selection.parse({"users": list(users)})
    return select(platform, selection, parallelism=parallelism, strict=strict)


@pytest.fixture
def platform() -> Memory:
    memory = Memory()
    for number in range(20):
        memory.add(f"app-{number:02d}")
    return memory


@pytest.mark.parametrize(
    ("entry", "ref"),
    [
        ("backup", AccountRef(name="backup")),
        ("id:42", AccountRef(id="42")),
        ("id:", AccountRef(id="")),
        (42, AccountRef(name="42")),
        ({"name": "id:42"}, AccountRef(name="id:42")),
        ({"id": 42}, AccountRef(id="42")),
        ({"name": "Miller, Jane"}, AccountRef(name="Miller, Jane")),
    ],
)
def test_entry_of_users_is_read(entry: Any, ref: AccountRef) -> None:
    assert Selection.parse({"users": [entry]}).refs == (ref,)


@pytest.mark.parametrize(
    "entry",
    [
        *("", "  ", None, True, [], ["a"], {}),
        *({"name": "a", "id": "1"}, {"id": "1", "access_key": "x"}),
    ],
)
def test_entry_of_users_that_is_none_is_refused(entry: Any) -> None:
    error = raised(Selection.parse, {"users": [entry]})
    assert (error.kind, "users" in error.message) == ("invalid_option", True)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"users": []},
        {"users": [], "all": False},
        {"users": ["a"], "all": True},
        {"users": ["a"], "exclude": ["b"]},
        {"exclude": ["b"]},
    ],
)
def test_options_that_contradict_each_other_are_refused(params: dict[str, Any]) -> None:
    error = raised(Selection.parse, params)
    assert error.kind == "invalid_option"
    assert error.next_step


def test_entry_given_twice_counts_once() -> None:
    assert len(Selection.parse({"users": ["a", "a", {"name": "a"}, "id:1"]}).refs) == 2


@pytest.mark.parametrize("count", [3, LOOK_UP_AT_MOST, LOOK_UP_AT_MOST + 1])
def test_accounts_come_in_the_order_given(platform: Memory, count: int) -> None:
    names = [f"app-{number:02d}" for number in reversed(range(count))]
    platform.delays = {name: 0.002 * n for n, name in enumerate(reversed(names))}
    found = chosen(platform, *names)
    assert [account.name for account in found.accounts] == names
    assert found.missing == []


def test_few_names_are_looked_up_and_many_are_listed_once(platform: Memory) -> None:
    names = [f"app-{number:02d}" for number in range(LOOK_UP_AT_MOST + 1)]
    chosen(platform, *names[:-1])
    assert platform.calls.count("accounts") == 0
    assert len(platform.calls) == LOOK_UP_AT_MOST
    platform.calls.clear()
    chosen(platform, *names)
    assert platform.calls == ["accounts"]


@pytest.mark.parametrize("extra", [0, LOOK_UP_AT_MOST])
def test_account_named_twice_is_one_account(platform: Memory, extra: int) -> None:
    more = [f"app-{number:02d}" for number in range(1, extra + 1)]
    found = chosen(platform, "app-00", "id:id-app-00", *more)
    assert [account.name for account in found.accounts] == ["app-00", *more]


@pytest.mark.parametrize("extra", [1, LOOK_UP_AT_MOST])
def test_unknown_and_ambiguous_names_fail_alone(platform: Memory, extra: int) -> None:
    platform.add("twin", id="id-1")
    platform.add("twin", id="id-2")
    more = [f"app-{number:02d}" for number in range(extra)]
    found = chosen(platform, "twin", "nobody", "id:nothing", *more)
    assert [account.name for account in found.accounts] == more
    failures = [result.failure for result in found.missing]
    assert [f and f["kind"] for f in failures] == ["ambiguous", "not_found", "not_found"]
    assert [r.account for r in found.missing] == ["twin", "nobody", "id:nothing"]
    twin = failures[0]
    assert twin is not None
    assert "id:id-1" in twin["message"]
    assert "id:id-2" in twin["message"]


def test_name_split_at_its_comma_gets_a_hint(platform: Memory) -> None:
    (first, _unused) = chosen(platform, "Miller", " Jane").missing
    assert first.failure is not None
    assert "comma" in first.failure["message"]


def test_strict_stops_at_the_first_missing(platform: Memory) -> None:
    found = chosen(platform, "app-00", "nobody", "app-01", strict=True, parallelism=1)
    assert [account.name for account in found.accounts] == ["app-00"]
    assert [result.action for result in found.missing] == ["failed", "skipped"]


def test_failure_of_the_endpoint_stops_the_look_ups(platform: Memory) -> None:
    platform.failures["app-01"] = CredentialsError("permission", "no")
    found = chosen(platform, "app-00", "app-01", "app-02", parallelism=1)
    assert [result.action for result in found.missing] == ["failed", "skipped"]
    assert "account app-02" not in platform.calls


def test_all_leaves_out_what_is_excluded_reserved_or_suspended(platform: Memory) -> None:
    platform.add("root", reserved=True)
    platform.add("asleep", enabled=False)
    platform.add("awake", enabled=True)
    selection = Selection.parse({"all": True, "exclude": ["app-00", "id:id-app-01", "nobody"]})
    found = select(platform, selection, parallelism=4)
    names = [account.name for account in found.accounts]
    assert names == [f"app-{number:02d}" for number in range(2, 20)] + ["awake"]
    assert set(found.left_out) == {"app-00", "app-01", "root", "asleep"}
    assert found.left_out["app-01"] == "excluded"
    assert "reserved" in found.left_out["root"]
    assert "suspended" in found.left_out["asleep"]


def test_reserved_and_suspended_accounts_can_be_named(platform: Memory) -> None:
    platform.add("root", reserved=True)
    platform.add("asleep", enabled=False)
    assert [a.name for a in chosen(platform, "root", "asleep").accounts] == ["root", "asleep"]


def test_shards_share_all_accounts_and_count_those_of_others(platform: Memory) -> None:
    platform.add("root", reserved=True)
    everybody = {account.name for account in platform.known.values()}
    seen: list[str] = []
    for number in (1, 2, 3):
        selection = Selection.parse({"all": True, "shard": f"{number}/3"})
        found = select(platform, selection, parallelism=4)
        names = [account.name for account in found.accounts]
        assert all(selection.shard.holds(name) for name in [*names, *found.left_out])
        elsewhere = found.totals["other_shards"]
        assert len(names) + found.totals.get("left_out", 0) + elsewhere == len(everybody)
        seen += [*names, *found.left_out]
    assert sorted(seen) == sorted(everybody)


@pytest.mark.parametrize("count", [3, 15])
def test_named_account_of_another_shard_is_left_out(platform: Memory, count: int) -> None:
    names = [f"app-{number:02d}" for number in range(count)]
    seen: list[str] = []
    for number in (1, 2):
        selection = Selection.parse({"users": names, "shard": f"{number}/2"})
        found = select(platform, selection, parallelism=1)
        seen += [account.name for account in found.accounts]
        assert found.totals.get("other_shards", 0) == count - len(found.accounts)
        assert found.missing == []
    assert sorted(seen) == names


def test_name_of_nobody_fails_in_one_shard_alone(platform: Memory) -> None:
    missing = [
        result.account
        for number in (1, 2, 3)
        for result in select(
            platform,
            Selection.parse({"users": ["nobody", "id:nothing"], "shard": f"{number}/3"}),
            parallelism=1,
        ).missing
    ]
    assert sorted(str(name) for name in missing) == ["id:nothing", "nobody"]


def test_trouble_of_the_endpoint_fails_in_every_shard(platform: Memory) -> None:
    platform.failures["app-01"] = CredentialsError("permission", "no")
    for number in (1, 2):
        selection = Selection.parse({"users": ["app-01"], "shard": f"{number}/2"})
        (result,) = select(platform, selection, parallelism=1).missing
        assert result.stops_endpoint


def test_shard_of_another_form_is_refused() -> None:
    error = raised(Selection.parse, {"all": True, "shard": "3 of 8"})
    assert error.message.startswith("shard: ")


def test_accounts_left_out_are_all_counted_and_not_all_named(platform: Memory) -> None:
    for number in range(150):
        platform.add(f"asleep-{number}", enabled=False)
    found = select(platform, Selection.parse({"all": True}), parallelism=1)
    assert len(found.left_out) == 100
    assert found.totals == {"left_out": 150}


def test_name_in_a_list_of_the_operators_own_gets_no_hint(platform: Memory) -> None:
    selection = Selection.parse({"users": mark_listed(["Miller", " Jane"])})
    (first, _unused) = select(platform, selection, parallelism=1).missing
    assert first.failure is not None
    assert "comma" not in first.failure["message"]
