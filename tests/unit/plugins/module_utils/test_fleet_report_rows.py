# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several calls at one host leave one row for each account: what was done, and how it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_hosts import (
    host_of,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_rows import (
    rows_of,
)


def part(folder: Path, name: str, *rows: dict[str, Any]) -> str:
    """Write a file of lines and return its path."""
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def rows(folder: Path, *paths: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Return the rows of a host by account."""
    entry = {"host": "one", "report_path": list(paths), **more}
    host = host_of(entry, "2026-11-28T00:00:00Z")
    return {str(row["account"]): dict(row) for row in rows_of(entry, host)}


def test_an_acknowledgement_takes_nothing_from_the_rotation_before_it(tmp_path: Path) -> None:
    rotated = {
        "account": "a",
        "action": "rotated",
        "why": "due",
        "previous_access_key": "OLD",
        "details": {"deleted_stray": "K"},
        "acknowledged": False,
    }
    later = {"account": "a", "action": "acknowledged", "why": "told", "acknowledged": True}
    found = rows(tmp_path, part(tmp_path, "1", rotated), part(tmp_path, "2", later))
    assert found["a"] == {**rotated, "acknowledged": True, "failure": None}


def test_what_was_acknowledged_afterwards_is_not_told_as_open(tmp_path: Path) -> None:
    steps = ["rotated: taken over", "announced: NEW is not acknowledged yet"]
    rotated = {"account": "a", "action": "rotated", "details": {"steps": steps, "stray": "K"}}
    later = {"account": "a", "action": "acknowledged", "why": "the consumers have NEW"}
    found = rows(tmp_path, part(tmp_path, "1", rotated), part(tmp_path, "2", later))
    told = ["rotated: taken over", "acknowledged: the consumers have NEW"]
    assert found["a"]["details"] == {"steps": told, "stray": "K"}
    # A call that says nothing new takes nothing back.
    quiet = {"account": "a", "action": "unchanged", "why": "nothing is due"}
    found = rows(tmp_path, part(tmp_path, "1", rotated), part(tmp_path, "2", quiet))
    assert found["a"]["details"]["steps"] == steps


@pytest.mark.parametrize("action", ["rotated", "announced"])
def test_an_acknowledgement_hides_no_old_key_that_the_rotation_has_seen(
    tmp_path: Path, action: str
) -> None:
    old = {"access_key": "OLD", "status": "active", "created_at": "2026-01-01T00:00:00Z"}
    new = {"access_key": "NEW", "status": "active", "created_at": "2026-11-27T00:00:00Z"}
    seen: dict[str, Any] = {"access_keys": [old, new], "compliance": "non_compliant"}
    first = {"account": "a", "action": action, "access_key": "NEW", **seen}
    told: dict[str, Any] = {"account": "a", "action": "acknowledged", "access_key": "NEW"}
    later = {**told, "access_keys": [], "compliance": "compliant"}
    found = rows(tmp_path, part(tmp_path, "1", first), part(tmp_path, "2", later))
    assert {name: found["a"][name] for name in seen} == seen
    # One that has looked itself is believed.
    later = {**told, "access_keys": [new], "compliance": "compliant"}
    found = rows(tmp_path, part(tmp_path, "1", first), part(tmp_path, "2", later))
    assert found["a"]["access_keys"] == [new]
    assert found["a"]["compliance"] == "compliant"


def test_a_batch_takes_the_place_of_what_waited_for_it(tmp_path: Path) -> None:
    waiting = {"account": "a", "action": "skipped", "why": "max_rotations is 0"}
    other = {"account": "b", "action": "unchanged"}
    batch = {"account": "a", "action": "rotated", "why": "due"}
    found = rows(tmp_path, part(tmp_path, "1", waiting, other), part(tmp_path, "2", batch))
    assert {name: row["action"] for name, row in found.items()} == {
        "a": "rotated",
        "b": "unchanged",
    }


def test_a_failure_after_a_rotation_is_what_counts(tmp_path: Path) -> None:
    before = {"account": "a", "action": "rotated"}
    after = {"account": "a", "action": "failed", "failure": {"kind": "conflict"}}
    found = rows(tmp_path, part(tmp_path, "1", before), part(tmp_path, "2", after))
    assert found["a"]["action"] == "failed"


def test_a_preflight_that_no_run_followed_claims_no_rotation(tmp_path: Path) -> None:
    planned = {"account": "a", "action": "rotated", "why": "due since yesterday"}
    quiet = {"account": "b", "action": "unchanged", "why": None}
    found = rows(tmp_path, part(tmp_path, "1", planned, quiet), is_planned=True)
    assert found["a"]["action"] == "skipped"
    assert "not begun" in found["a"]["why"]
    assert found["b"] == quiet


def test_a_file_that_is_not_there_is_noted_and_the_others_are_read(tmp_path: Path) -> None:
    entry = {
        "host": "one",
        "report_path": [
            part(tmp_path, "1", {"account": "a", "action": "unchanged"}),
            str(tmp_path / "2"),
        ],
    }
    host = host_of(entry, "2026-11-28T00:00:00Z")
    assert [row["account"] for row in rows_of(entry, host)] == ["a"]
    assert "No such file" in host["unread"]
    assert host["failure"]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_no_other_reader_takes_is_no_line(tmp_path: Path, number: str) -> None:
    path = tmp_path / "1"
    path.write_text(f'{{"account": "a", "action": "unchanged", "age_days": {number}}}\n')
    host = host_of({"host": "one"}, "2026-11-28T00:00:00Z")
    assert rows_of({"report_path": str(path)}, host) == []
    assert "1 lines are no JSON" in host["unread"]


def test_names_of_other_types_are_told_apart_all_the_same(tmp_path: Path) -> None:
    odd: list[Any] = [["a"], {"b": 1}, 5, None]
    lines = [{"account": name, "account_id": "1", "action": "unchanged"} for name in odd]
    host = host_of({"host": "one"}, "2026-11-28T00:00:00Z")
    entry = {"report_path": part(tmp_path, "1", *lines)}
    assert [row["account"] for row in rows_of(entry, host)] == odd
