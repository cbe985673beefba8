# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job over several endpoints, run as an operator runs it, on every ansible-core."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import assert_no_secret
from .fleet_lab import SMALL, Fleet, recap, write_tasks

ACCOUNTS = 2


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """Endpoints of three platforms, two accounts each."""
    made = Fleet(tmp_path, SMALL, ACCOUNTS)
    yield made
    made.stop()


def test_rotates_all_endpoints_then_changes_nothing(estate: Fleet) -> None:
    first = estate.run("rotate")
    assert first.code == 0, first.output
    for name in estate.endpoints:
        assert set(estate.actions(name).values()) == {"rotated"}
    # What was done is on the terminal, account by account.
    assert "3 of 3 endpoints finished, 6 of 6 accounts changed" in first.output
    assert (
        f"osis: app-0001 {estate.rows('osis')['app-0001']['access_key']}: rotated" in first.output
    )
    assert_no_secret(first.output, estate.secrets())
    counted, keys = estate.all_writes(), {n: estate.keys(n) for n in estate.endpoints}

    second = estate.run("rotate")

    assert second.code == 0, second.output
    assert estate.all_writes() == counted
    assert {n: estate.keys(n) for n in estate.endpoints} == keys
    # The first play, which finds the endpoints, has a line of its own.
    rows = {name: row for name, row in recap(second.output).items() if name != "localhost"}
    assert {name: row["changed"] for name, row in rows.items()} == dict.fromkeys(
        estate.endpoints, 0
    )
    report = estate.report()
    assert report["summary"]["accounts"] == ACCOUNTS * len(SMALL)


def test_runs_side_by_side_over_one_folder_keep_their_rows_apart(estate: Fleet) -> None:
    # While the consumers of the first run are told, another run goes over the same endpoint.
    reason = {"s3_rotate_users": ["app-0002"], "s3_rotate_reason": "INC0042"}
    flags = ("--limit", "osis", "--skip-tags", "consumers", "-e", json.dumps(reason))
    book = estate.command("repair", *flags)
    between = {
        "name": "Run another one",
        "ansible.builtin.command": {"argv": book},
        "environment": estate.environment(),
    }
    tasks = write_tasks(estate.folder / "tasks.yml", [between])
    # What a killed run left.
    parts = estate.folder / "evidence" / "parts"
    (parts / "killed").mkdir(parents=True)
    (parts / "killed" / "osis.run.jsonl").write_text('{"account": "app-0009"}\n')
    estate.variables["s3_rotate_consumers"] = [{"name": "backup", "tasks": tasks}]

    done = estate.run("rotate", "--limit", "osis")

    assert done.code == 0, done.output
    assert estate.actions("osis") == {"app-0001": "rotated", "app-0002": "rotated"}
    assert [path.name for path in parts.iterdir()] == ["killed"]


def test_check_mode_gives_the_whole_plan_and_changes_nothing(estate: Fleet) -> None:
    plan = estate.folder / "plan.json"
    opens, closes = ((dt.datetime.now(dt.timezone.utc).hour + hours) % 24 for hours in (2, 6))
    window = {"s3_rotate_window": f"{opens:02}:00-{closes:02}:00"}
    estate.host_vars["cluster"].update(window)
    run = estate.run("rotate", "--check", variables={"s3_rotate_write_plan": str(plan)})

    assert run.code == 0, run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)
    assert not (estate.folder / "secrets").exists()
    document = json.loads(plan.read_text())
    assert {entry["endpoint"] for entry in document["entries"]} == set(SMALL)
    assert all(len(entry["accounts"]) == ACCOUNTS for entry in document["entries"])
    assert document["sha256"] in run.output
    assert "skipped: due; waits for its window, which opens" in run.output
    assert "Only a real run tells: whether the secret store can be written;" in run.output

    real = estate.run(
        "rotate",
        variables={"s3_rotate_plan": str(plan), "s3_rotate_plan_hash": document["sha256"]},
    )
    assert real.code == 0, real.output
    assert set(estate.actions("cloud").values()) == {"rotated"}


def test_names_that_look_like_templates_stay_names(estate: Fleet) -> None:
    name = "{{ 7 * 6 }}-{% raw %}"
    estate.endpoints["osis"].simulator.add_account(name)
    told = estate.folder / "told.yml"
    told.write_text(
        "- ansible.builtin.copy:\n"
        "    content: \"{{ s3_rotate_accounts | map(attribute='account') | to_json }}\"\n"
        f'    dest: "{estate.folder}/told.json"\n'
        '    mode: "0600"\n'
    )
    estate.variables["s3_rotate_consumers"] = [{"name": "note", "tasks": str(told)}]

    run = estate.run("rotate", "--limit", "osis")

    assert run.code == 0, run.output
    assert name in json.loads((estate.folder / "told.json").read_text())
    assert estate.rows("osis")[name]["acknowledged"]
