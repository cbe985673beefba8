# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation costs on a real Ceph gateway, beside the same calls in a plain Python loop.

Both in one run, one after the other: the module with its journal, records and leases, and a loop
over one requests session that signs with botocore and keeps nothing. Calls are counted in the
gateway's own log. CPU is that of the whole process tree, the gateway's apart.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bench_world import COLLECTIONS, play

SIZE, QUICK_SIZE = 300, 20
PARALLELISM = 8
#: Of each account: what the loop calls, and how often, learned from the module's run.
_KINDS = {"GET /admin/user?uid": "look", "PUT": "make", "DELETE": "end", "GET /": "try"}


def measure(quick: bool) -> tuple[list[str], int]:
    """Return the section, and no missed promise: none was made for this."""
    sys.path.insert(0, str(COLLECTIONS))
    from ansible_collections.objectstore.credentials.tests.lab import ceph

    if ceph.missing():
        print(ceph.HOW_TO_GET)
        return [], 0
    size = QUICK_SIZE if quick else SIZE
    lines = [
        f"### Rotation on a real Ceph gateway ({size} users, parallelism {PARALLELISM})",
        "",
        "| run | users | rotations/s | CPU ms/rotation | calls/rotation | wall s |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ceph.Cluster() as cluster:
        folder = Path(name)
        (folder / "vault-password").write_text("not a secret of anybody\n")
        ours, calls = _by_module(cluster, folder, size)
        theirs = _by_loop(cluster, folder, size, calls)
    for title, (cpu, wall, asked) in (("the module", ours), ("a plain loop", theirs)):
        lines.append(
            f"| {title} | {size} | {size / wall:.1f} | {cpu / size * 1000:.1f} |"
            f" {asked / size:.2f} | {wall:.1f} |"
        )
    load = "/".join(f"{each:.1f}" for each in os.getloadavg())
    lines += [
        "",
        f"The module takes {ours[0] / theirs[0]:.2f} times the CPU of the loop and"
        f" {ours[1] / theirs[1]:.2f} times its wall time; the calls of one rotation:"
        f" {', '.join(f'{count:.2f} {kind}' for kind, count in sorted(calls.items()))}."
        f" Load at the end {load}.",
        "",
    ]
    print("\n".join(lines), flush=True)
    return lines, 0


def _by_module(
    cluster: Any, folder: Path, size: int
) -> tuple[tuple[float, float, int], dict[str, float]]:
    """Take the users over, then rotate them with the old key deleted; return that run's cost."""
    from ansible_collections.objectstore.credentials.tests.lab.ceph_gateway import Behind

    behind = Behind(cluster.gateway)
    behind.clear()
    for number in range(size):
        behind.make_user(f"app-{number:04d}", {f"BORN{number:016d}": f"born secret {number:08d}"})
    cost = None
    before = 0
    for more in ({}, {"rotation_id": "once more", "grace_period": "0s", "soak_period": "0s"}):
        before = len(_log(cluster))
        cost = play([_task(cluster, folder, more)], folder)
        report = (folder / "report.jsonl").read_text()
        if report.count('"rotated"') < size:
            raise SystemExit(f"{report.count('rotated')} of {size} were rotated")
    assert cost is not None
    asked = _log(cluster)[before:]
    kinds = Counter(_kind(line) for line in asked)
    return (cost.cpu, cost.wall, len(asked)), {kind: kinds[kind] / size for kind in _KINDS.values()}


def _task(cluster: Any, folder: Path, more: dict[str, Any]) -> dict[str, Any]:
    from ansible_collections.objectstore.credentials.tests.lab import ceph
    from ansible_collections.objectstore.credentials.tests.simulators import ceph_rgw

    return {
        "objectstore.credentials.s3_access_key_rotate": {
            "platform": "ceph_rgw",
            "api_url": cluster.gateway.url,
            "api_access_key": ceph_rgw.ACCESS_KEY,
            "api_secret_key": ceph_rgw.SECRET_KEY,
            "endpoint": "bench",
            "all": True,
            "exclude": [ceph.LAB, ceph_rgw.ADMIN],
            "adopt": "rotate",
            "parallelism": PARALLELISM,
            "secret_store": {
                "type": "ansible_vault",
                "path": str(folder / "secrets"),
                "vault_password_file": str(folder / "vault-password"),
            },
            "verify": {"s3_url": cluster.gateway.url, "successes": 1},
            "journal": str(folder / "journal"),
            "report_path": str(folder / "report.jsonl"),
            **more,
        }
    }


def _log(cluster: Any) -> list[str]:
    """Return the requests in the gateway's log."""
    text = (cluster.directory / "log" / "client.rgw.log").read_text(errors="replace")
    return [line.partition('"')[2] for line in text.splitlines() if " beast: " in line]


def _kind(line: str) -> str:
    return next((kind for start, kind in _KINDS.items() if line.startswith(start)), "list")


def _by_loop(
    cluster: Any, folder: Path, size: int, calls: dict[str, float]
) -> tuple[float, float, int]:
    """Let a plain loop make the same calls for the same users, in a process of its own."""
    job = folder / "job.json"
    job.write_text(json.dumps({"url": cluster.gateway.url, "size": size, "calls": calls}))
    asked = len(_log(cluster))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, __file__, str(job)], check=True)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, len(_log(cluster)) - asked


def loop(job: Path) -> None:
    """Rotate every user: look, make a key, try it, end the old one, look that it is refused."""
    import requests
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    sys.path.insert(0, str(COLLECTIONS))
    from ansible_collections.objectstore.credentials.tests.simulators import ceph_rgw

    wanted = json.loads(job.read_text())
    session = requests.Session()
    operator = (ceph_rgw.ACCESS_KEY, ceph_rgw.SECRET_KEY)

    def send(method: str, target: str, pair: tuple[str, str]) -> requests.Response:
        request = AWSRequest(method=method, url=wanted["url"] + target, data=b"")
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(b"").hexdigest()
        S3SigV4Auth(Credentials(*pair), "s3", "us-east-1").add_auth(request)
        return session.request(method, request.url, headers=dict(request.headers), timeout=30)

    def admin(method: str, **query: str) -> requests.Response:
        pairs = {name.replace("_", "-"): value for name, value in query.items()}
        return send(method, f"/admin/user?{urlencode(pairs, quote_via=quote)}", operator)

    stamp = f"{dt.datetime.now(dt.timezone.utc):%H%M%S}"
    calls = {kind: round(count) for kind, count in wanted["calls"].items()}
    for number in range(wanted["size"]):
        uid, new = f"app-{number:04d}", (f"LOOP{stamp}{number:010d}", os.urandom(20).hex())
        rows = admin("GET", uid=uid).json()["keys"]
        old = (rows[0]["access_key"], rows[0]["secret_key"])
        for _unused in range(calls["make"]):
            admin(
                *("PUT",),
                key="",
                uid=uid,
                access_key=new[0],
                secret_key=new[1],
                generate_key="false",
            ).raise_for_status()
        for _unused in range(max(1, calls["try"] - 1)):
            send("GET", "/", new).raise_for_status()
        for _unused in range(calls["end"]):
            admin("DELETE", key="", uid=uid, access_key=old[0]).raise_for_status()
        for _unused in range(max(0, calls["look"] - 1)):
            admin("GET", uid=uid).raise_for_status()
        if calls["try"] > 1 and send("GET", "/", old).status_code == 200:
            raise SystemExit(f"{old[0]} is still taken")


if __name__ == "__main__":
    loop(Path(sys.argv[1]))
