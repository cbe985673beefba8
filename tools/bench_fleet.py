# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role costs over a fleet, beside the bare module at the same endpoints (--only fleet).

Endpoints of four platforms at 50 ms, default settings but forks. What an endpoint costs whatever
its accounts (fixed) is told apart from what one more account costs. Simulators run in a process of
their own, whose CPU is not counted.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bench_world import COLLECTIONS, SIMULATORS

PLATFORMS = ("ose:osis", "huawei:v5", "ontap:9.14.1", "commvault:inline")
LATENCY_MS = 50
#: Copies of each platform, accounts of each endpoint; of a quick run.
SIZE, QUICK = (10, 250), (1, 10)
FORKS = 10
#: How much more CPU one more account may cost the role than the bare module.
MOST_MORE = 1.25
#: The run that tells a consumer of each key.
TOLD = "role, a consumer each, one batch"
#: How many accounts of an endpoint in place are told of one by one, to be scaled from.
ONE_BY_ONE = 10
#: Of one big endpoint: accounts, shards, and how many slices share them at a time.
BIG, SHARDS, SLICES = 10000, 8, 2
SECRETS = ("api_password", "api_token", "api_secret_key")
BOOK = "objectstore.credentials.rotate"
BARE = """
- hosts: s3_endpoints
  gather_facts: false
  tasks:
    - objectstore.credentials.s3_access_key_rotate:
        all: true
        adopt: rotate
        allow_disruption: true
        platform: "{{ s3_rotate_platform }}"
        api_url: "{{ s3_rotate_api_url }}"
        api_version: "{{ s3_rotate_api_version | default(omit) }}"
        svm: "{{ s3_rotate_svm | default(omit) }}"
        tenant: "{{ s3_rotate_tenant | default(omit) }}"
        domain: "{{ s3_rotate_domain | default(omit) }}"
        flavor: "{{ s3_rotate_flavor | default(omit) }}"
        key_delivery: "{{ s3_rotate_key_delivery | default(omit) }}"
        secret_store: "{{ s3_rotate_secret_store }}"
        verify: "{{ s3_rotate_verify }}"
        journal: "{{ s3_rotate_journal }}"
        report_path: "{{ s3_rotate_report_dir }}/{{ inventory_hostname }}.jsonl"
"""
TELL = """
- ansible.builtin.copy:
    content: "{{ s3_rotate_accounts | map(attribute='access_key') | join('\\n') }}"
    dest: "{{ s3_rotate_report_dir }}/told-{{ inventory_hostname }}"
    mode: "0600"
"""
PROVE = """
- ansible.builtin.debug:
    msg: reachable
"""


@dataclass
class Cost:
    """What one run took: seconds, requests of all endpoints, MB of the largest process."""

    cpu: float
    wall: float
    requests: int
    peak_mb: float
    output: str


class Estate:
    """Simulators, the inventory of them, and runs."""

    def __init__(self, folder: Path, platforms: Sequence[str], copies: int, accounts: int) -> None:
        self.folder = folder
        ports = folder / "ports.json"
        ports.unlink(missing_ok=True)
        command = [sys.executable, "-m", SIMULATORS, "--port-file", str(ports)]
        for platform in platforms:
            command += ["--platform", platform]
        command += ["--copies", str(copies), "--seed", str(accounts), "--latency", str(LATENCY_MS)]
        self.process = subprocess.Popen(
            [*command, "--parent-pid", str(os.getpid())],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        deadline = time.monotonic() + 300
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the simulators did not start")
            time.sleep(0.05)
        self.endpoints: dict[str, dict[str, Any]] = json.loads(ports.read_text())
        self.variables: dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "s3_rotate_adopt": "rotate",
            "s3_rotate_allow_disruption": True,
            "s3_rotate_report_dir": str(folder / "evidence"),
            "s3_rotate_journal": str(folder / "evidence" / "journal"),
            "s3_rotate_secret_store": {
                "type": "ansible_vault",
                "path": str(folder / "secrets"),
                "vault_password_file": str(folder / "password"),
            },
        }
        (folder / "evidence").mkdir(exist_ok=True)
        self._private("password", "nobody's password\n")
        logins = {
            name: {k: v for k, v in one["options"].items() if k != "api_url"}
            for name, one in self.endpoints.items()
        }
        self._private("logins.json", json.dumps(logins))

    def _private(self, name: str, text: str) -> None:
        path = self.folder / name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(text)

    def hosts(self) -> dict[str, dict[str, Any]]:
        """Return the host variables of every endpoint."""
        found = {}
        for name, one in self.endpoints.items():
            options = {k: v for k, v in one["options"].items() if k not in SECRETS}
            # The one platform whose data plane lists no buckets is asked for one.
            is_commvault = one["platform"] == "commvault"
            verify = {"s3_url": one["s3_url"], **({"bucket": "archive"} if is_commvault else {})}
            found[name] = {
                "s3_rotate_platform": one["platform"],
                "s3_rotate_endpoint": name,
                "s3_rotate_verify": verify,
                **({"s3_rotate_key_delivery": "inline"} if is_commvault else {}),
                **{f"s3_rotate_{k}": v for k, v in options.items()},
            }
        return found

    def requests(self) -> int:
        """Return how many requests all platforms and data planes have answered."""
        total = 0
        for one in self.endpoints.values():
            for url in (one["url"], one["s3_url"]):
                base = "/".join(url.split("/")[:3])
                with urllib.request.urlopen(f"{base}/_simulator/state", timeout=60) as answer:
                    total += int(json.loads(answer.read())["requests"])
        return total

    def start(
        self, book: str, hosts: dict[str, dict[str, Any]], limit: str, name: str, more: Any
    ) -> subprocess.Popen[str]:
        """Start a playbook over some hosts."""
        inventory = self.folder / f"{name}.yml"
        tree = {"s3_endpoints": {"hosts": hosts, "vars": {**self.variables, **more}}}
        inventory.write_text(yaml.safe_dump(tree))
        return subprocess.Popen(
            [
                str(Path(sys.executable).parent / "ansible-playbook"),
                *(book, "-i", str(inventory), "-f", str(FORKS), "--limit", limit),
            ],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_PIPELINING": "true",
                "S3_CREDENTIALS_FILE": str(self.folder / "logins.json"),
            },
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, book: str, **more: Any) -> Cost:
        """Run a playbook over all endpoints and measure it."""
        asked = self.requests()
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        process = self.start(book, self.hosts(), "all", "fleet", more)
        output, _none = process.communicate()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            raise SystemExit(f"{book} failed:\n{_failures(output)}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        wall = time.monotonic() - started
        return Cost(cpu, wall, self.requests() - asked, after.ru_maxrss / 1024, output)

    def stop(self) -> None:
        """End the simulators."""
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def estate(platforms: Sequence[str], copies: int, accounts: int) -> Iterator[Estate]:
    """Run simulators, in a folder that goes with them."""
    with tempfile.TemporaryDirectory(prefix="bench-fleet-") as name:
        running = Estate(Path(name), platforms, copies, accounts)
        try:
            yield running
        finally:
            running.stop()


def measure(quick: bool) -> tuple[list[str], int]:
    """Return the section of the fleet, and how many promises it missed."""
    copies, accounts = QUICK if quick else SIZE
    endpoints = copies * len(PLATFORMS)
    lines = [
        f"### A fleet of {endpoints} endpoints x {accounts} accounts ({LATENCY_MS} ms per answer,"
        f" forks {FORKS})",
        "",
        "| run | accounts | CPU s | wall s | requests | largest process MB |",
        "|---|---|---|---|---|---|",
    ]
    _show(lines)
    costs: dict[tuple[str, int], Cost] = {}
    for title, size, cost in _runs(copies, accounts):
        costs[title, size] = cost
        lines.append(
            f"| {title} | {endpoints * size:,} | {cost.cpu:.1f} | {cost.wall:.0f} |"
            f" {cost.requests:,} | {cost.peak_mb:.0f} |"
        )
        _show(lines[-1:])
    compared, kept = _compared(costs, endpoints, accounts)
    _show(compared)
    batches = _batches(quick)
    shards, missed = _shards(quick)
    return [*lines, "", *compared, "", *batches, "", *shards, ""], missed + (not kept)


def _runs(copies: int, accounts: int) -> Iterator[tuple[str, int, Cost]]:
    """Yield what each run over the fleet costs, with one account an endpoint and with all."""
    for size in (1, accounts):
        with estate(PLATFORMS, copies, size) as bare:
            book = bare.folder / "bare.yml"
            book.write_text(BARE)
            yield "bare module", size, bare.run(str(book))
        with estate(PLATFORMS, copies, size) as fleet:
            yield "role", size, fleet.run(BOOK)
            yield "role, nothing due", size, fleet.run(BOOK)
        with estate(PLATFORMS, copies, size) as fleet:
            consumer = {
                "name": "told",
                "tasks": str(fleet.folder / "tell.yml"),
                "check": str(fleet.folder / "prove.yml"),
            }
            (fleet.folder / "tell.yml").write_text(TELL)
            (fleet.folder / "prove.yml").write_text(PROVE)
            with_consumer = {
                "s3_rotate_consumers": [consumer],
                "s3_rotate_disruption_batch": accounts,
            }
            yield TOLD, size, fleet.run(BOOK, **with_consumer)


def _compared(
    costs: Mapping[tuple[str, int], Cost], endpoints: int, accounts: int
) -> tuple[list[str], bool]:
    """Return what one more account and what an endpoint costs, and whether the promise is kept."""
    more = endpoints * (accounts - 1)
    lines = ["| run | one more account, ms CPU | an endpoint, s CPU |", "|---|---|---|"]
    each = {}
    for title in ("bare module", "role", "role, nothing due", TOLD):
        one, full = costs[title, 1], costs[title, accounts]
        each[title] = (full.cpu - one.cpu) / more * 1000
        lines.append(f"| {title} | {each[title]:.1f} | {one.cpu / endpoints:.2f} |")
    ratio = each["role"] / each["bare module"]
    kept = ratio <= MOST_MORE
    lines += [
        "",
        f"- {'kept' if kept else '**missed**'}: one more account costs the role {ratio:.2f} times"
        f" what it costs the bare module (at most {MOST_MORE:g})",
    ]
    return lines, kept


def _batches(quick: bool) -> list[str]:
    """Measure keys replaced in place with a consumer, one by one."""
    count = 3 if quick else ONE_BY_ONE
    with estate(["ontap:9.14.1"], 1, count) as fleet:
        (fleet.folder / "tell.yml").write_text(TELL)
        (fleet.folder / "prove.yml").write_text(PROVE)
        consumer = {
            "name": "told",
            "tasks": str(fleet.folder / "tell.yml"),
            "check": str(fleet.folder / "prove.yml"),
        }
        cost = fleet.run(BOOK, s3_rotate_consumers=[consumer])
    lines = [
        f"- In place, one account at a time, told and acknowledged before the next: {count}"
        f" accounts took {cost.cpu:.1f} s of CPU and {cost.wall:.0f} s, {cost.cpu / count:.2f} s"
        " each: two module processes and the consumer's tasks for every account."
    ]
    _show(lines)
    return lines


def _shards(quick: bool) -> tuple[list[str], int]:
    """Rotate one big endpoint in shards, two slices at a time; nobody twice, nobody forgotten."""
    accounts = 40 if quick else BIG
    with estate(["ose:osis"], 1, accounts) as fleet:
        ((name, one),) = fleet.endpoints.items()
        host = fleet.hosts()[name]
        hosts = {
            f"{name}-shard-{number}-of-{SHARDS}": {**host, "s3_rotate_shard": f"{number}/{SHARDS}"}
            for number in range(1, SHARDS + 1)
        }
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        # As AWX slices: by stride over the sorted names.
        names = sorted(hosts)
        slices = [
            fleet.start(
                BOOK,
                hosts,
                ",".join(names[number::SLICES]),
                f"slice-{number}",
                {"s3_rotate_report_name": f"slice-{number}"},
            )
            for number in range(SLICES)
        ]
        for each in slices:
            output, _none = each.communicate()
            if each.returncode:
                raise SystemExit(f"a slice failed:\n{_failures(output)}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = time.monotonic() - started
        base = "/".join(one["url"].split("/")[:3])
        with urllib.request.urlopen(f"{base}/_simulator/state", timeout=60) as answer:
            made = int(json.loads(answer.read())["writes"])
        merged = _merged(fleet.folder)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    right = made == accounts == merged
    lines = [
        f"- {'kept' if right else '**missed**'}: {SHARDS} shards of one endpoint with"
        f" {accounts:,} accounts, {SLICES} slices at a time: {made:,} keys made, {merged:,}"
        f" accounts in the merged report; {cpu:.0f} s of CPU, {wall:.0f} s."
    ]
    _show(lines)
    return lines, 0 if right else 1


def _merged(folder: Path) -> int:
    """Merge the slices' reports; return how many accounts were rotated by them."""
    evidence = folder / "evidence"
    book = folder / "merge.yml"
    options = {
        "path": str(evidence),
        "name": "merged",
        "merge": [str(evidence / f"slice-{number}.json") for number in range(SLICES)],
    }
    task = {"objectstore.credentials.s3_rotation_report": options}
    play = {"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [task]}
    book.write_text(yaml.safe_dump([play]))
    subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(book)],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        stdout=subprocess.DEVNULL,
        check=True,
    )
    report = json.loads((evidence / "merged.json").read_text())
    return sum(line["action"] == "rotated" for line in report["accounts"])


def _failures(output: str) -> str:
    """Return what Ansible printed of tasks that failed, or the end where none is named."""
    told = [line[:2000] for line in output.splitlines() if line.startswith(("fatal:", "[ERROR]"))]
    return "\n".join(told[:6]) or output[-3000:]


def _show(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)
