# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what an account costs, beside ansible.builtin.uri in a loop, all in one run: make bench.

Each row is one ansible-playbook run against a simulator in a process of its own, whose CPU is not
counted. CPU is that of the whole ansible-playbook process tree. The cost per account is marginal:
what 1,000 accounts cost more than 100, shared by 900. These machines are noisy: trust CPU, counts
and ratios, and take wall times as upper bounds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_aws
import bench_ceph
import bench_fleet
import bench_rotation
from bench_world import ROOT, World, play, world

SIZES = (1, 100, 1000)
LATENCIES = (5, 50)
URI_ITEMS = 5
#: What issue and documentation promise of the marginal account.
MOST_CPU_MS, MOST_REQUESTS = 5.0, 2.0


@dataclass
class Measured:
    """One run: seconds of CPU and wall, and what the server counted."""

    cpu: float
    wall: float
    requests: int
    connections: int
    writes: int
    logins: int


@dataclass(frozen=True)
class Work:
    """One kind of work: a platform, a task for N accounts, and the same through uri for one."""

    title: str
    platform: str
    variant: str
    #: Paths that log in.
    login_path: str = "/_no_login"
    #: Modes of the simulator other than the variant's.
    modes: str = "{}"


WORKS = (
    Work("ontap_s3_user, set a comment", "ontap", "9.16.1"),
    Work(
        "s3_credential_status, disable",
        "huawei",
        "v3.0 token login",
        "/v3/auth/tokens",
        # The documented list of users is one page.
        '{"page_size": 0}',
    ),
    Work("s3_credential_info, all", "ose", "osis-bearer", "/auth/login"),
)


def main() -> int:
    """Measure everything and print the tables; write docs/performance.md with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables to a file too")
    parser.add_argument("--quick", action="store_true", help="few accounts, at 5 ms")
    parts = ["rotation", "aws", "ceph", "fleet", "others"]
    parser.add_argument("--only", choices=parts, help="only this part")
    arguments = parser.parse_args()
    lines: list[str] = []
    missed = 0
    if arguments.only in (None, "rotation"):
        lines, missed = bench_rotation.measure(arguments.quick)
    if arguments.only in (None, "aws"):
        table, misses = bench_aws.measure(arguments.quick)
        lines, missed = [*lines, *table], missed + misses
    if arguments.only in (None, "fleet"):
        table, misses = bench_fleet.measure(arguments.quick)
        lines, missed = [*lines, *table], missed + misses
    if arguments.only in (None, "ceph"):
        table, misses = bench_ceph.measure(arguments.quick)
        lines, missed = [*lines, *table], missed + misses
    works = WORKS if arguments.only in (None, "others") else ()
    for work in works[:1] if arguments.quick else works:
        for latency in LATENCIES[:1] if arguments.quick else LATENCIES:
            table, misses = measure(work, latency)
            missed += misses
            lines += table
            print("\n".join(table), flush=True)
    if arguments.write:
        (ROOT / ".build" / "bench.md").write_text("\n".join(lines) + "\n")
    return 1 if missed else 0


@contextmanager
def _world(work: Work, accounts: int, latency: int, folder: Path) -> Iterator[World]:
    with world(work.platform, work.variant, accounts, latency, folder) as running:
        running.set_modes(work.modes)
        yield running


def measure(work: Work, latency: int) -> tuple[list[str], int]:
    """Return the table of one work at one latency, and how many promises it missed."""
    rows = [
        f"### {work.title} ({latency} ms per answer)",
        "",
        "| accounts | CPU s | wall s | requests | connections | logins |",
        "|---|---|---|---|---|---|",
    ]
    measured = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in SIZES:
            with _world(work, size, latency, folder) as running:
                measured[size] = run(running, task(work, running, size), work, folder)
            one = measured[size]
            rows.append(
                f"| {size} | {one.cpu:.2f} | {one.wall:.2f} | {one.requests} |"
                f" {one.connections} | {one.logins} |"
            )
        with _world(work, URI_ITEMS, latency, folder) as running:
            empty = run(running, [{"ansible.builtin.meta": "noop"}], work, folder)
            loop = run(running, uri_tasks(work, running), work, folder)
    small, large = measured[SIZES[1]], measured[SIZES[2]]
    more = SIZES[2] - SIZES[1]
    cpu = (large.cpu - small.cpu) / more * 1000
    requests = (large.requests - small.requests) / more
    uri_cpu = (loop.cpu - empty.cpu) / URI_ITEMS * 1000
    uri_wall = (loop.wall - empty.wall) / URI_ITEMS * 1000
    rows += [
        "",
        f"One more account: **{cpu:.2f} ms CPU**, {(large.wall - small.wall) / more * 1000:.2f} ms"
        f" wall, {requests:.2f} requests. `ansible.builtin.uri` in a loop ({URI_ITEMS} items):"
        f" {uri_cpu:.0f} ms CPU, {uri_wall:.0f} ms wall, that is {uri_cpu / max(cpu, 0.01):.0f}"
        " times the CPU.",
        "",
    ]
    promises = (
        cpu < MOST_CPU_MS,
        requests <= MOST_REQUESTS,
        large.logins <= 1,
        large.connections <= 8,
    )
    if not all(promises):
        rows += [f"**Missed**: CPU, requests, logins, connections kept: {promises}.", ""]
    return rows, promises.count(False)


def task(work: Work, running: World, size: int) -> list[dict[str, Any]]:
    """Return the tasks of one run over so many accounts."""
    connection = {"platform": work.platform, "api_url": running.url, "parallelism": 8}
    connection.update(running.options)
    names = [f"app-{number:04d}" for number in range(1, size + 1)]
    if work.platform == "ontap":
        module = {"name": names, "comment": "measured", **connection}
        return [{"objectstore.credentials.ontap_s3_user": module}]
    if work.title.startswith("s3_credential_status"):
        module = {
            "access_keys": access_keys(running, connection),
            "status": "inactive",
            "allow_disruption": True,
            **connection,
        }
        return [{"objectstore.credentials.s3_credential_status": module}]
    return [{"objectstore.credentials.s3_credential_info": {"all": True, **connection}}]


def access_keys(running: World, connection: dict[str, Any]) -> list[str]:
    """Return the access keys of a world, by the remote control."""
    return sorted(running.ask("access_keys"))


def uri_tasks(work: Work, running: World) -> list[dict[str, Any]]:
    """Return one request per item through ansible.builtin.uri: less work than the module does."""
    base = "/".join(running.url.split("/")[:3])
    return [
        {
            "ansible.builtin.uri": {"url": f"{base}/_simulator/state", "return_content": True},
            "loop": list(range(URI_ITEMS)),
        }
    ]


def run(running: World, tasks: list[dict[str, Any]], work: Work, folder: Path) -> Measured:
    """Run a playbook with these tasks and measure its process tree."""
    before_state = running.ask("state")
    before_log = len(running.ask("log"))
    cost = play(tasks, folder)
    log = running.ask("log")[before_log:]
    state = running.ask("state")
    connections = {entry["connection"] for entry in log}
    return Measured(
        cpu=cost.cpu,
        wall=cost.wall,
        requests=state["requests"] - before_state["requests"],
        connections=len(connections),
        writes=state["writes"] - before_state["writes"],
        logins=sum(work.login_path in entry["target"] for entry in log),
    )


if __name__ == "__main__":
    sys.exit(main())
