# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of policies: every text is what stands there, and goes to the endpoints it is for."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.shard import Shard
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet import FleetError
from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet_policies import (
    Policies,
    by_shard,
    in_order,
    read_policies,
)

FILE = "accounts.yml"


def read(folder: Path, text: str) -> Policies:
    """Return the policies of a file with this text."""
    path = folder / "file"
    path.write_text(text)
    return read_policies(str(path), FILE)


def refusal(folder: Path, text: str) -> str:
    """Return why a file is refused."""
    with pytest.raises(FleetError) as refused:
        read(folder, text)
    return str(refused.value)


def test_every_text_is_what_stands_there(tmp_path: Path) -> None:
    text = """
- {name: 0042, owner: no, max_age: 30d, contact: }
- {name: 2026-01-01, owner: ~, contact: null}
- match: "app-*"
  window: sat 22:00-04:00
  exception: {reason: "{{ 7 * 6 }}", approver: J, until: 2027-01-31}
"""
    assert read(tmp_path, text).of("any") == [
        {"name": "0042", "owner": "no", "max_age": "30d"},
        {"name": "2026-01-01"},
        {
            "match": "app-*",
            "window": "sat 22:00-04:00",
            "exception": {"reason": "{{ 7 * 6 }}", "approver": "J", "until": "2027-01-31"},
        },
    ]


def test_json_is_read_too(tmp_path: Path) -> None:
    rows = [{"name": "a,b", "owner": "x", "contact": None}]
    assert read(tmp_path, json.dumps(rows)).of("e") == [{"name": "a,b", "owner": "x"}]
    # A list in YAML may look like one in JSON.
    assert read(tmp_path, "[{name: a}]").of("e") == [{"name": "a"}]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]"])
def test_empty_file_has_no_policies(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).of("e") == []


def test_entries_go_to_their_endpoints_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """
- {name: one, endpoint: cluster1}
- {name: two, endpoint: "cluster*"}
- {name: three}
- {name: four, endpoint: cluster2}
- {name: one, endpoint: cluster2}
- {name: two, endpoint: cluster1}
- {match: two}
"""
    policies = read(tmp_path, text)

    def names(endpoint: str) -> list[Any]:
        return [policy.get("name") for policy in policies.of(endpoint)]

    assert names("cluster1") == ["one", "two", "three", None]
    assert names("cluster2") == ["two", "three", "four", "one", None]
    assert names("cloud") == ["three", None]
    assert policies.strangers(["cluster1"]) == ["cluster2"]
    assert all("endpoint" not in policy for policy in policies.of("cluster1"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a", "accounts.yml is not a list"),
        ("- name: a\n- b", "accounts.yml, line 2, entry 2 is not a mapping"),
        ("- name: a\n- onwer: b", "line 2, entry 2: there is no word 'onwer'; did you mean owner"),
        ("- owner: b", "line 1, entry 1 must have one of name, id, match, and has 0 of them"),
        ("- {name: a, match: b}", "and has 2 of them"),
        ("- name: a\n- name: b\n- name: a", "entry 3: name 'a' has entry 1 already"),
        ("- match: a*\n- match: a*", "entry 2: match 'a*' has entry 1 already"),
        ("- name: a\n  owner: b\n  owner: c", "line 1: the entry says 'owner' twice"),
        ("- name: [a]", "line 1, entry 1: name must be text"),
        ("- name: !vault x", "line 1: !vault has no meaning here"),
        ("- name: a\n- name: 'b", "this is no YAML that can be read"),
        ("- name: a\n\t- b", "accounts.yml, line 2"),
        ("- {name: a, exception: soon}", "exception is not a mapping of reason, approver, until"),
        ("- {name: a, exception: {reason: r}}", "its exception lacks approver, until"),
        (
            "- {name: a, exception: {raeson: r}}",
            "an exception has no 'raeson'; did you mean reason",
        ),
        ("&a [*a]", "accounts.yml holds itself"),
    ],
)
def test_wrong_file_is_refused_by_line_and_entry(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=r"accounts\.yml cannot be read: No such file"):
        read_policies(str(tmp_path / "missing"), FILE)


def test_first_list_wins_for_an_account_that_it_names() -> None:
    own: list[Any] = [{"name": "a", "owner": "1"}, {"id": "7", "owner": "1"}, {"match": "*"}]
    shared: list[Any] = [
        {"name": "a", "owner": "2"},
        {"name": "7", "owner": "2"},
        {"match": "*", "owner": "2"},
        {"match": "a*"},
    ]
    assert in_order(own, [], shared) == [*own, shared[1], shared[3]]
    assert in_order([], shared) == shared
    assert in_order() == []


def test_shard_gets_the_policies_of_its_accounts_and_all_patterns() -> None:
    rows: list[Any] = [{"name": f"app-{number}"} for number in range(50)]
    rules: list[Any] = [{"match": "*"}, {"id": "7"}, {"name": "{{ who }}"}, "{{ more }}"]
    shards = by_shard(rows + rules, 4)
    for number, policies in enumerate(shards, 1):
        mine = [row for row in rows if Shard(number, 4).holds(row["name"])]
        assert policies == mine + rules
    assert by_shard(rows, 1) == [rows]


def test_ten_thousand_policies_are_read_quickly(tmp_path: Path) -> None:
    text = "".join(
        f"- name: app-{number}\n  endpoint: cluster{number % 100}\n  owner: team {number % 7}\n"
        "  contact: team@example.com\n  max_age: 60d\n"
        for number in range(10_000)
    )
    start = time.thread_time()
    policies = read(tmp_path, text)
    assert time.thread_time() - start < 4
    assert sum(len(policies.of(f"cluster{number}")) for number in range(100)) == 10_000
