# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job over several endpoints, run as an operator runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import assert_no_secret
from .fleet_lab import SMALL, Fleet, recap, write_tasks

ACCOUNTS = 3


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """Three endpoints of three platforms, three accounts each."""
    made = Fleet(tmp_path, SMALL, ACCOUNTS)
    yield made
    made.stop()


def test_rotates_all_endpoints_then_changes_nothing(estate: Fleet) -> None:
    first = estate.run("rotate")
    assert first.code == 0, first.output
    for name in estate.endpoints:
        assert set(estate.actions(name).values()) == {"rotated"}
    assert_no_secret(first.output, estate.secrets())
    counted, keys = estate.all_writes(), {n: estate.keys(n) for n in estate.endpoints}

    second = estate.run("rotate")

    assert second.code == 0, second.output
    assert estate.all_writes() == counted
    assert {n: estate.keys(n) for n in estate.endpoints} == keys
    assert {name: row["changed"] for name, row in recap(second.output).items()} == dict.fromkeys(
        estate.endpoints, 0
    )
    report = estate.report()
    assert report["summary"]["accounts"] == ACCOUNTS * len(SMALL)


def test_check_mode_gives_the_whole_plan_and_changes_nothing(estate: Fleet) -> None:
    plan = estate.folder / "plan.json"
    run = estate.run("rotate", "--check", variables={"s3_rotate_write_plan": str(plan)})

    assert run.code == 0, run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)
    assert not (estate.folder / "secrets").exists()
    document = json.loads(plan.read_text())
    assert {entry["endpoint"] for entry in document["entries"]} == set(SMALL)
    assert all(len(entry["accounts"]) == ACCOUNTS for entry in document["entries"])
    assert document["sha256"] in run.output

    real = estate.run(
        "rotate",
        variables={"s3_rotate_plan": str(plan), "s3_rotate_plan_hash": document["sha256"]},
    )
    assert real.code == 0, real.output
    assert set(estate.actions("cloud").values()) == {"rotated"}


def test_a_dead_endpoint_does_not_stop_the_others_and_fails_the_run(estate: Fleet) -> None:
    estate.endpoints["cloud"].server.stop()

    run = estate.run("rotate")

    assert run.code == 2
    assert set(estate.actions("osis").values()) == {"rotated"}
    assert set(estate.actions("cluster").values()) == {"rotated"}
    told = recap(run.output)
    assert told["cloud"]["failed"] == 1
    assert told["osis"]["failed"] == told["cluster"]["failed"] == 0
    ends = {each["host"]: each for each in estate.report()["endpoints"]}
    assert ends["cloud"]["failure"]["message"]


def test_every_endpoint_is_looked_at_before_the_first_write(estate: Fleet) -> None:
    estate.variables["s3_rotate_secret_store"]["vault_password_file"] = str(estate.folder / "no")

    run = estate.run("rotate")

    assert run.code == 2
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)
    assert "no" in run.output


def test_a_canary_endpoint_that_fails_keeps_the_others_from_being_touched(estate: Fleet) -> None:
    # Its S3 service refuses every pair, so the first rotation fails.
    estate.host_vars["osis"]["s3_rotate_verify"] = {
        "s3_url": estate.endpoints["cloud"].s3_url,
        "timeout": "2s",
    }

    run = estate.run("rotate", variables={"s3_rotate_canary_endpoint": "osis"})

    assert run.code == 2
    assert estate.writes("cloud") == estate.writes("cluster") == 0
    assert "the canary endpoint osis failed" in run.output


@pytest.mark.parametrize(
    ("line", "word"), [("strategy: free", "strategy: free"), ("serial: 1", "serial")]
)
def test_plays_that_defeat_the_preflight_are_refused(estate: Fleet, line: str, word: str) -> None:
    book = estate.folder / "own.yml"
    book.write_text(
        "- hosts: s3_endpoints\n  gather_facts: false\n  "
        f"{line}\n  roles: [objectstore.credentials.s3_rotate]\n"
    )

    run = estate.run(str(book))

    assert run.code == 2
    assert word in run.output
    assert "Nothing was touched" in run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)


def test_a_killed_run_is_repaired_by_the_next(estate: Fleet) -> None:
    for one in estate.endpoints.values():
        one.server.latency = 0.05
    process = subprocess.Popen(
        estate.command("rotate"),
        cwd=estate.folder,
        env=estate.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while sum(estate.all_writes().values()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(3)  # what was under way when the controller died ends by itself

    run = estate.run("rotate")

    assert run.code == 0, run.output
    summary = estate.report()["summary"]
    assert summary["accounts"] == ACCOUNTS * len(SMALL)
    last = estate.run("rotate")
    assert last.code == 0
    assert all(row["changed"] == 0 for row in recap(last.output).values())


# --- consumers -----------------------------------------------------------------------------------


def _consumer(estate: Fleet, *, fails: bool = False) -> None:
    """Have a consumer that notes what it is told, and one that may fail."""
    told = {
        "name": "Note what is told",
        "ansible.builtin.copy": {
            "dest": str(estate.folder) + "/told-{{ inventory_hostname }}-"
            "{{ s3_rotate_accounts | map(attribute='account') | join('+') }}.json",
            "content": "{{ query('objectstore.credentials.s3_secret',"
            " s3_rotate_accounts | map(attribute='account') | list,"
            " platform=s3_rotate_reference.platform, endpoint=s3_rotate_reference.endpoint,"
            " secret_store=s3_rotate_reference.secret_store) | to_json }}",
            "mode": "0600",
        },
        "no_log": True,
        "diff": False,
    }
    broken = {"name": "Break", "ansible.builtin.fail": {"msg": "the backup server is down"}}
    proof = {"name": "Prove", "ansible.builtin.debug": {"msg": "reachable"}}
    check = write_tasks(estate.folder / "check.yml", [proof])
    tasks = write_tasks(estate.folder / "tasks.yml", [told, *([broken] if fails else [])])
    estate.variables["s3_rotate_consumers"] = [{"name": "backup", "tasks": tasks, "check": check}]


def test_consumers_get_the_new_pairs_and_acknowledge_them(estate: Fleet) -> None:
    _consumer(estate)

    run = estate.run("rotate")

    assert run.code == 0, run.output
    handed = sorted(path.name for path in estate.folder.glob("told-*"))
    # Side by side: one call for all. In place: one account at a time.
    assert len([n for n in handed if n.startswith("told-osis")]) == 1
    assert len([n for n in handed if n.startswith("told-cluster")]) == ACCOUNTS
    pairs = json.loads(next(estate.folder.glob("told-cloud-*")).read_text())
    simulator = estate.endpoints["cloud"].simulator
    assert all(simulator.secret_of(p["access_key"]) == p["secret_key"] for p in pairs)
    assert_no_secret(run.output, estate.secrets())
    assert all(
        row["acknowledged"] for row in estate.rows("osis", "run.jsonl.acknowledged").values()
    )


def test_a_consumer_that_fails_is_tried_again_and_nothing_retires_before(estate: Fleet) -> None:
    _consumer(estate, fails=True)
    first = estate.run("rotate")
    assert first.code == 2
    assert "the backup server is down" in first.output
    # In place it stopped at the first account: the others were not touched.
    assert estate.writes("cluster") == 1
    keys = estate.keys("cloud")
    estate.later(30)
    second = estate.run("rotate")
    assert second.code == 2
    assert estate.keys("cloud") == keys, "an old key was retired although nobody has the new one"

    _consumer(estate)
    third = estate.run("rotate")

    assert third.code == 0, third.output
    assert all(
        row["acknowledged"] for row in estate.rows("osis", "run.jsonl.acknowledged").values()
    )
    assert len(list(estate.folder.glob("told-cluster-*"))) >= ACCOUNTS


def test_in_place_a_consumer_without_a_check_is_refused(estate: Fleet) -> None:
    _consumer(estate)
    del estate.variables["s3_rotate_consumers"][0]["check"]

    run = estate.run("rotate")

    assert run.code == 2
    assert estate.writes("cluster") == 0
    assert "has no check" in run.output
    assert estate.writes("osis") > 0


# --- the other playbooks -------------------------------------------------------------------------


def test_emergency_finds_the_key_wherever_it_is(estate: Fleet) -> None:
    assert estate.run("rotate").code == 0
    leaked = estate.rows("cloud")["app-0002"]["access_key"]
    before = estate.all_writes()

    run = estate.run(
        "emergency",
        variables={
            "s3_rotate_compromised": [leaked],
            "s3_rotate_reason": "INC0042, on the internet",
        },
    )

    assert run.code == 0, run.output
    assert estate.endpoints["cloud"].simulator.secret_of(leaked) is None
    assert estate.writes("osis") == before["osis"]
    assert estate.writes("cluster") == before["cluster"]


def test_emergency_fails_when_nobody_has_the_key(estate: Fleet) -> None:
    run = estate.run(
        "emergency", variables={"s3_rotate_compromised": ["NOBODY"], "s3_rotate_reason": "INC"}
    )

    assert run.code == 2
    assert "No endpoint of this play has NOBODY" in run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)


def test_audit_reads_only(estate: Fleet) -> None:
    run = estate.run("audit")

    assert run.code == 0, run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)
    assert estate.report()["summary"]["unmanaged"] == ACCOUNTS * len(SMALL)


def test_rollback_and_retire_and_verify(estate: Fleet) -> None:
    first = estate.endpoints["cloud"].simulator.access_keys()
    assert estate.run("rotate").code == 0
    refused = estate.run("rollback", variables={"s3_rotate_users": ["app-0001"]})
    assert refused.code == 2
    assert "--limit" in refused.output

    back = estate.run(
        "rollback",
        "--limit",
        "cloud",
        variables={"s3_rotate_users": ["app-0001"], "s3_rotate_reason": "a client breaks"},
    )
    assert back.code == 0, back.output
    assert estate.rows("cloud")["app-0001"]["access_key"] in first

    estate.later(8)
    retire = estate.run("retire")
    assert retire.code == 0, retire.output
    assert estate.actions("osis")["app-0001"] == "disabled"

    verify = estate.run("verify_journal")
    assert verify.code == 0, verify.output
    chain = next((estate.folder / "evidence" / "journal").rglob("*.jsonl"))
    chain.write_text(chain.read_text().replace("promoted", "prom0ted", 1))
    broken = estate.run("verify_journal")
    assert broken.code == 2
    assert "not whole" in broken.output
