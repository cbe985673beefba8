# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation costs, everything included, beside what people do without this collection.

ONTAP 9.14 on a simulator, file store, journal, two accepted answers for each new pair, plain http.
A rotation of an account that is taken over and one of a managed account (whose old pair is also
proven dead) are measured apart. Requests are those that platform and S3 data plane have counted.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench_world import ROOT, Cost, World, play, world

#: In a quick run too few to judge any promise by.
SIZES, QUICK_SIZES = (100, 1000, 10000), (20, 100)
LATENCY_MS, QUICK_LATENCY_MS = 50, 5
PARALLELISM = 32
#: The size that others are compared at, and from how many items their cost is scaled.
COMPARED, ITEMS = 1000, 5
#: What issue and documentation promise of one rotation.
MOST_CPU_MS, MOST_REQUESTS, MOST_MB = 20.0, 5.0, 250.0
MOST_QUIET_MS, MOST_WALL, LEAST_TIMES = 1.0, 1.5, 50.0
#: How much more one more account may cost among many than among few.
MOST_STEEPER = 1.15
_NETAPP = "netapp.ontap"
#: Another way to do it: title, task, path of collections.
Other = tuple[str, dict[str, Any], str | None]


@dataclass
class Row:
    """One run over so many accounts."""

    title: str
    accounts: int
    cost: Cost
    requests: int
    simulators_cpu: float
    latency: float

    @property
    def bound(self) -> float:
        """Seconds that latency alone takes."""
        return self.requests * self.latency / PARALLELISM

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU of an account."""
        return self.cost.cpu / self.accounts * 1000

    def cells(self) -> str:
        """Return the row of a table."""
        cost, each = self.cost, self.accounts
        times = cost.wall / max(self.bound, cost.cpu)
        return (
            f"| {self.title} | {each:,} | {cost.cpu:.1f} | {self.cpu_ms:.2f} |"
            f" {self.requests / each:.2f} | {cost.wall:.1f} | {self.bound:.1f} | {times:.2f} |"
            f" {cost.module_mb:.0f} | {cost.ansible_mb:.0f} | {self.simulators_cpu:.1f} |"
        )


def measure(quick: bool) -> tuple[list[str], int]:
    """Return the section of rotations, and how many promises it missed."""
    sizes = QUICK_SIZES if quick else SIZES
    latency = QUICK_LATENCY_MS if quick else LATENCY_MS
    lines = [
        f"### Rotation ({latency} ms per answer, parallelism {PARALLELISM})",
        "",
        _where(),
        "",
        "| run | accounts | CPU s | ms/account | requests/account | wall s | latency alone s |"
        " wall / larger of both | module MB | Ansible MB | simulators' CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    _show(lines)
    rows: dict[tuple[str, int], Row] = {}
    for size in sizes:
        for row in _runs(size, latency):
            rows[row.title, size] = row
            lines.append(row.cells())
            _show(lines[-1:])
    if quick:
        return lines, 0
    told, missed = _promises(rows, sizes)
    _show(["", *told])
    compared, also_missed = _compared(rows["managed", COMPARED], latency)
    _show([*compared, ""])
    return [*lines, "", *told, *compared, ""], missed + also_missed


def _show(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)


def _where() -> str:
    load = "/".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores"
        f" ({platform.machine()}), load before {load}, Python {platform.python_version()}."
    )


def _runs(size: int, latency: int) -> Iterator[Row]:
    """Take so many accounts over, run again, and rotate them once more; give each run's row."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "vault-password").write_text("not a secret of anybody\n")
        with world("ontap", "9.14", size, latency, folder) as running:
            for title, more in (
                ("taken over", {}),
                ("not due", {}),
                ("managed", {"rotation_id": "once more"}),
            ):
                before = running.requests(), running.cpu()
                cost = play([_task(running, folder, more)], folder)
                asked, cpu = running.requests() - before[0], running.cpu() - before[1]
                report = (folder / "report.jsonl").read_text().count('"rotated"')
                if report != (0 if title == "not due" else size):
                    raise SystemExit(f"{title}: {report} of {size} accounts were rotated")
                yield Row(title, size, cost, asked, cpu, latency / 1000)


def _task(running: World, folder: Path, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "objectstore.credentials.s3_access_key_rotate": {
            **running.options,
            "platform": "ontap",
            "endpoint": "bench",
            "all": True,
            "adopt": "rotate",
            "allow_disruption": True,
            "parallelism": PARALLELISM,
            "secret_store": {
                "type": "ansible_vault",
                "path": str(folder / "secrets"),
                "vault_password_file": str(folder / "vault-password"),
            },
            "verify": {"s3_url": running.s3_url, "successes": 2},
            "journal": str(folder / "journal"),
            "report_path": str(folder / "report.jsonl"),
            **more,
        }
    }


def _promises(rows: dict[tuple[str, int], Row], sizes: tuple[int, ...]) -> tuple[list[str], int]:
    """Return what the table says of the promises, a line each, and how many were missed."""
    large = sizes[-1]
    managed, taken, quiet = (rows[name, large] for name in ("managed", "taken over", "not due"))
    asked = [_more(rows, name, sizes[-2:], "requests") for name in ("taken over", "managed")]
    spans = (sizes[-3:-1], sizes[-2:])
    slopes = [_more(rows, "managed", span, "cpu") for span in spans]
    fat = [_more(rows, "managed", span, "memory") for span in spans]
    larger = max(managed.bound, managed.cost.cpu)
    claims = [
        (
            f"CPU of a rotation at {large:,}: {taken.cpu_ms:.1f} ms taken over,"
            f" {managed.cpu_ms:.1f} ms managed (at most {MOST_CPU_MS:g})",
            max(taken.cpu_ms, managed.cpu_ms) <= MOST_CPU_MS,
        ),
        (
            f"requests of one more rotation: {asked[0]:.2f} taken over, {asked[1]:.2f} managed"
            f" (at most {MOST_REQUESTS:g})",
            max(asked) <= MOST_REQUESTS,
        ),
        (
            f"wall at {large:,}: {managed.cost.wall / larger:.2f} times the larger of latency and"
            f" CPU (at most {MOST_WALL:g})",
            managed.cost.wall <= MOST_WALL * larger,
        ),
        (
            f"memory of the module at {large:,}: {managed.cost.module_mb:.0f} MB"
            f" (below {MOST_MB:g})",
            managed.cost.module_mb < MOST_MB,
        ),
        (
            f"an account that is not due: {quiet.cpu_ms:.2f} ms CPU (below {MOST_QUIET_MS:g})",
            quiet.cpu_ms < MOST_QUIET_MS,
        ),
        (
            f"one more managed rotation: {slopes[0] * 1000:.1f} ms CPU and {fat[0] * 1024:.1f} kB"
            f" up to {sizes[-2]:,}, {slopes[1] * 1000:.1f} ms and {fat[1] * 1024:.1f} kB from there"
            f" to {large:,} (linear: no more than {MOST_STEEPER:g} times)",
            slopes[1] <= MOST_STEEPER * slopes[0] and fat[1] <= MOST_STEEPER * fat[0],
        ),
    ]
    told = [f"- {'kept' if kept else '**missed**'}: {text}" for text, kept in claims]
    return told, sum(not kept for _text, kept in claims)


def _more(rows: dict[tuple[str, int], Row], title: str, sizes: tuple[int, ...], what: str) -> float:
    """Return what one more account costs between two sizes: requests, cpu or memory."""
    few, many = (rows[title, size] for size in sizes)
    small, large = (
        {"requests": row.requests, "cpu": row.cost.cpu, "memory": row.cost.module_mb}[what]
        for row in (few, many)
    )
    return (large - small) / (many.accounts - few.accounts)


def _compared(ours: Row, latency: int) -> tuple[list[str], int]:
    """Return what others cost per rotation, without storing or verifying, and what was missed."""
    lines, missed = [], 0
    names = [f"app-{number:04d}" for number in range(1, ITEMS + 1)]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        # A release whose login sees the cluster, which NetApp's module insists on.
        with (
            world("ontap", "9.16.1", ITEMS, latency, folder) as running,
            _behind_tls(latency) as tls_port,
        ):
            empty = play([{"ansible.builtin.meta": "noop"}], folder)
            found: list[Other] = [("`ansible.builtin.uri`", _by_uri(running), None)]
            found += _by_netapp(running, tls_port)
            for title, task, path in found:
                loop = play([{**task, "loop": names}], folder, path)
                cpu = (loop.cpu - empty.cpu) / ITEMS * 1000
                wall = (loop.wall - empty.wall) / ITEMS * 1000
                times = cpu / ours.cpu_ms
                kept = times >= LEAST_TIMES
                missed += not kept
                lines.append(
                    f"- {'kept' if kept else '**missed**'}: {title} in a loop, {cpu:.0f} ms CPU and"
                    f" {wall:.0f} ms wall per key ({ITEMS} items; stores and verifies nothing):"
                    f" {times:.0f} times the CPU of a managed rotation at {ours.accounts:,}"
                )
    return lines, missed


def _by_uri(running: World) -> dict[str, Any]:
    """Return a task that regenerates one account's keys through ansible.builtin.uri."""
    options, host = running.options, urlsplit(running.url)
    base = f"{host.scheme}://{host.netloc}/api"
    login = (options["api_username"], options["api_password"])
    svm = _svm(base, login, options["svm"])
    users = f"{base}/protocols/s3/services/{svm['uuid']}/users"
    return {
        "ansible.builtin.uri": {
            "url": f"{users}/{{{{ item }}}}?regenerate_keys=true",
            "method": "PATCH",
            "body": {},
            "body_format": "json",
            "return_content": True,
            "url_username": login[0],
            "url_password": login[1],
            "force_basic_auth": True,
        }
    }


def _by_netapp(running: World, port: int) -> list[Other]:
    """Return the same through NetApp's module, if its collection lies in an environment here."""
    places = f"*/lib/python*/site-packages/ansible_collections/{_NETAPP.replace('.', '/')}"
    options = running.options
    module = {
        "hostname": "127.0.0.1",
        "http_port": port,
        "https": True,
        "validate_certs": False,
        "username": options["api_username"],
        "password": options["api_password"],
        "vserver": options["svm"],
        "name": "{{ item }}",
        "regenerate_keys": True,
        "use_rest": "always",
    }
    title, task = f"`{_NETAPP}.na_ontap_s3_users`", {f"{_NETAPP}.na_ontap_s3_users": module}
    found = sorted((ROOT / ".venv").glob(places))[:1]
    return [(title, task, str(place.parents[2])) for place in found]


@contextmanager
def _behind_tls(latency: int) -> Iterator[int]:
    """Run a simulator that speaks TLS; gives its port."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("bench_tls.py")), str(ITEMS), str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


def _svm(base: str, login: tuple[str, str], name: str) -> dict[str, Any]:
    """Return name and identifier of an SVM."""
    word = base64.b64encode(":".join(login).encode()).decode()
    url = f"{base}/svm/svms?name={name}"
    asked = urllib.request.Request(url, headers={"Authorization": f"Basic {word}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        (found,) = json.loads(answer.read())["records"]
    return dict(found)
