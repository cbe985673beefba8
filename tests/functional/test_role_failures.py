# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job when something is wrong: dead endpoints and stores, canaries, kills."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.objectstore.credentials.tests.leaks.processes import (
    kill,
    modules_of,
    processes_of,
    wait_until,
)

from .conftest import LONGEST
from .fleet_lab import SMALL, Fleet, recap

pytestmark = pytest.mark.oldest
ACCOUNTS = 2


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """Endpoints of three platforms, two accounts each."""
    made = Fleet(tmp_path, SMALL, ACCOUNTS)
    yield made
    made.stop()


def test_a_dead_endpoint_does_not_stop_the_others_and_fails_the_run(estate: Fleet) -> None:
    estate.endpoints["cloud"].server.stop()

    run = estate.run("rotate")

    assert run.code == 2
    assert set(estate.actions("osis").values()) == {"rotated"}
    assert set(estate.actions("cluster").values()) == {"rotated"}
    told = recap(run.output)
    assert told["cloud"]["failed"] == 1
    assert told["osis"]["failed"] == told["cluster"]["failed"] == 0
    ends = {each["host"]: each for each in estate.report()["hosts"]}
    assert ends["cloud"]["failure"]["message"]


def test_nothing_is_written_where_no_store_can_be_used(estate: Fleet) -> None:
    del estate.variables["s3_rotate_secret_store"]["vault_password_file"]

    rehearsed = estate.run("rotate", "--check")
    run = estate.run("rotate")

    # A missing password needs no write to be found.
    assert (rehearsed.code, run.code) == (2, 2)
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)
    for output in (rehearsed.output, run.output):
        assert "has no vault password" in output
        assert "no account was looked at, not finished: cloud, cluster, osis" in output


def test_every_endpoint_is_looked_at_before_the_first_write(estate: Fleet) -> None:
    # One that was limited away removes no canary step.
    canary = {"s3_rotate_canary_endpoint": "osis"}

    run = estate.run("rotate", "--limit", "cloud,cluster", variables=canary)

    assert run.code == 0, run.output
    logs = {name: estate.endpoints[name].server.log for name in ("cloud", "cluster")}
    looked = {name: min(entry.number for entry in log) for name, log in logs.items()}
    written = {name: [entry.number for entry in log if entry.writes] for name, log in logs.items()}
    first = min(map(min, written.values()))
    assert all(number < first for number in looked.values())
    # One of them went first, the whole of it.
    first_one = min(written, key=lambda name: written[name][0])
    others = [number for name, log in written.items() if name != first_one for number in log]
    assert max(written[first_one]) < min(others)


@pytest.mark.parametrize("book", ["rotate", "emergency", "audit"])
def test_a_scope_that_fits_no_endpoint_is_refused(estate: Fleet, book: str) -> None:
    named = {"s3_rotate_compromised": ["AKIALEAKED"], "s3_rotate_reason": "a leak"}

    run = estate.run(book, variables={**named, "s3_hosts": "clusterr"})

    assert run.code == 2
    assert "No host of the inventory fits clusterr" in run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)


def test_a_limit_that_leaves_no_endpoint_is_refused(estate: Fleet) -> None:
    run = estate.run("rotate", "--limit", "cloud", variables={"s3_hosts": "osis"})

    assert run.code == 2
    assert "Check s3_hosts (in AWX: the scope) and --limit" in run.output


def test_an_inventory_without_a_host_is_refused_also_in_a_slice(estate: Fleet) -> None:
    empty = estate.folder / "empty.yml"
    empty.write_text("s3_endpoints: {}\n")
    command = [*estate.command("rotate"), "-e", "s3_allow_no_hosts=true"]
    command[command.index("-i") + 1] = str(empty)

    done = subprocess.run(
        command,
        env=estate.environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )

    assert done.returncode == 2
    assert "The inventory has no host at all" in done.stdout


def test_a_slice_may_be_without_endpoints(estate: Fleet) -> None:
    run = estate.run("rotate", variables={"s3_hosts": "clusterr", "s3_allow_no_hosts": True})

    assert run.code == 0, run.output
    assert "no host of this slice of the job, is called clusterr" in " ".join(run.output.split())
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)


def test_a_slice_knows_from_the_fleets_file_what_the_others_have(estate: Fleet) -> None:
    told = {"s3_allow_no_hosts": True, "s3_fleet_groups_fleet": {"s3_endpoints": ["elsewhere"]}}
    said = {"ANSIBLE_SHOW_CUSTOM_STATS": "true"}

    here = estate.run(
        "rotate",
        variables={**told, "s3_hosts": "elsewhere", "awx_job_id": 7},
        environment=said,
    )
    nowhere = estate.run("rotate", variables={**told, "s3_hosts": "elsewherre"})

    assert here.code == 0, here.output
    assert "None of the endpoints of the scope is in this slice of the job" in here.output
    assert nowhere.code == 2
    assert "No host of the inventory fits elsewherre" in nowhere.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)


def test_a_mistyped_name_that_was_to_be_left_out_is_refused(estate: Fleet) -> None:
    run = estate.run("rotate", variables={"s3_hosts": "s3_endpoints:!cloudd"})

    assert run.code == 2
    assert "no group is called cloudd" in run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)


def test_a_canary_that_the_inventory_does_not_have_is_refused(estate: Fleet) -> None:
    run = estate.run("rotate", variables={"s3_rotate_canary_endpoint": "osiss"})

    assert run.code == 2
    assert "the inventory has no host osiss" in run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)

    # Only a rotation has one: a slice of an audit or a retirement need not have its host.
    assert estate.run("audit", variables={"s3_rotate_canary_endpoint": "osiss"}).code == 0


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
        # A module that is killed leaves there what it was unpacked to.
        env=estate.environment({"TMPDIR": str(estate.folder)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: sum(estate.all_writes().values()) >= 2, "a rotation")
    process.send_signal(signal.SIGKILL)
    process.wait()
    # What was under way when the controller died ends by itself; a worker may wait for ever.
    wait_until(lambda: not modules_of(estate.folder), "the end of the modules")
    kill(processes_of(estate.folder))

    run = estate.run("rotate")

    assert run.code == 0, run.output
    summary = estate.report()["summary"]
    assert summary["accounts"] == ACCOUNTS * len(SMALL)
    last = estate.run("rotate")
    assert last.code == 0
    assert all(row["changed"] == 0 for row in recap(last.output).values())
