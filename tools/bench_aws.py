# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation of AWS access keys costs on moto, beside what people do without this collection.

moto checks keys, signatures and policies in a process of its own, whose CPU is not counted. Ours
stores and verifies each pair; the others do neither. amazon.aws is measured where the package
ansible lies in an environment beside. uri cannot sign: it talks to a moto that checks nothing.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_world import ROOT, Cost, play

SERVER = ROOT / "tests/simulators/aws_moto.py"
SIZES, QUICK_SIZES, ITEMS = (20, 120), (5, 25), 5
_AMAZON = "amazon.aws"
#: So many calls that need no login that all are.
_ALL = 10**9
Login = tuple[str, str]


def measure(quick: bool) -> tuple[list[str], int]:
    """Return the section of AWS, and how many promises it missed: it makes none."""
    lines = ["### Rotation at AWS IAM (moto)", ""]
    lines += ["| run | accounts | CPU s | ms/account | wall s |", "|---|---|---|---|---|"]
    costs: list[tuple[int, Cost]] = []
    for size in QUICK_SIZES if quick else SIZES:
        with _moto(size) as (url, login), tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            cost = play([_ours(url, login, folder)], folder)
            report = (folder / "report.jsonl").read_text().count('"rotated"')
            if report != size:
                raise SystemExit(
                    f"{report} of {size} accounts were rotated:\n{cost.output[-2000:]}"
                )
        costs.append((size, cost))
        lines.append(
            f"| taken over | {size} | {cost.cpu:.1f} | {cost.cpu / size * 1000:.1f} |"
            f" {cost.wall:.1f} |"
        )
        print("\n".join(lines[-4:] if len(costs) == 1 else lines[-1:]), flush=True)
    (few, small), (many, large) = costs
    each = (large.cpu - small.cpu) / (many - few) * 1000
    told = ["", f"- one more rotation, stored and verified: {each:.1f} ms CPU"]
    told += _others(large.cpu / many * 1000, many)
    print("\n".join(told), flush=True)
    return [*lines, *told, ""], 0


def _ours(url: str, login: Login, folder: Path) -> dict[str, Any]:
    (folder / "vault-password").write_text("not a secret of anybody\n")
    return {
        "objectstore.credentials.s3_access_key_rotate": {
            "platform": "aws",
            "endpoint": "bench",
            "api_url": url,
            "api_access_key": login[0],
            "api_secret_key": login[1],
            "all": True,
            "user_path": "/bench/",
            "adopt": "rotate",
            "secret_store": {
                "type": "ansible_vault",
                "path": str(folder / "secrets"),
                "vault_password_file": str(folder / "vault-password"),
            },
            "verify": {"s3_url": url, "successes": 2},
            "report_path": str(folder / "report.jsonl"),
        }
    }


def _others(ours: float, accounts: int) -> list[str]:
    lines = []
    names = [_name(number) for number in range(ITEMS)]
    for title, unchecked, make, path in _ways():
        with _moto(ITEMS, unchecked) as (url, login), tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            empty = play([{"ansible.builtin.meta": "noop"}], folder, path)
            loop = play([{**make(url, login), "loop": names}], folder, path)
        cpu = (loop.cpu - empty.cpu) / ITEMS * 1000
        wall = (loop.wall - empty.wall) / ITEMS * 1000
        lines.append(
            f"- {title} in a loop: {cpu:.0f} ms CPU and {wall:.0f} ms wall per key ({ITEMS} items;"
            f" stores and verifies nothing): {cpu / ours:.0f} times the CPU of ours at {accounts}"
        )
    return lines


def _ways() -> Iterator[tuple[str, bool, Any, str | None]]:
    """Yield what others use: title, whether moto checks nothing, the task's maker, collections."""
    yield "`ansible.builtin.uri`", True, _by_uri, None
    place = f"*/lib/python*/site-packages/ansible_collections/{_AMAZON.replace('.', '/')}"
    for found in sorted((ROOT / ".venv").glob(place))[:1]:
        yield f"`{_AMAZON}.iam_access_key`", False, _by_amazon, str(found.parents[2])


def _by_uri(url: str, _login: Login) -> dict[str, Any]:
    body = "Action=CreateAccessKey&Version=2010-05-08&UserName={{ item }}"
    header = (
        "AWS4-HMAC-SHA256 Credential=AKIAUNSIGNED/20260101/us-east-1/iam/aws4_request,"
        " SignedHeaders=host, Signature=0"
    )
    return {
        "ansible.builtin.uri": {
            "url": f"{url}/",
            "method": "POST",
            "body": body,
            "return_content": True,
            "headers": {
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": header,
            },
        }
    }


def _by_amazon(url: str, login: Login) -> dict[str, Any]:
    return {
        f"{_AMAZON}.iam_access_key": {
            "user_name": "{{ item }}",
            "state": "present",
            "access_key": login[0],
            "secret_key": login[1],
            "endpoint_url": url,
            "region": "us-east-1",
        }
    }


def _name(number: int) -> str:
    return f"app-{number:04d}"


@contextmanager
def _moto(accounts: int, unchecked: bool = False) -> Iterator[tuple[str, Login]]:
    """Run moto with so many users, a key each; give its URL and an administrator's login."""
    import boto3

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    free = _ALL if unchecked else 3
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(port), "--unchecked", str(free)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def iam(login: Login) -> Any:
        return boto3.client(
            "iam",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=login[0],
            aws_secret_access_key=login[1],
        )

    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(port, process)
        first = iam(("testing", "testing"))
        statement = {"Effect": "Allow", "Action": ["iam:*", "s3:*"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        first.create_user(UserName="admin")
        first.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=policy)
        made = first.create_access_key(UserName="admin")["AccessKey"]
        login = (made["AccessKeyId"], made["SecretAccessKey"])
        admin = iam(login)
        for number in range(accounts):
            admin.create_user(UserName=_name(number), Path="/bench/")
            admin.create_access_key(UserName=_name(number))
        yield url, login
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _unused in range(1200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("moto did not start; is it installed?")
