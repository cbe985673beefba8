# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All simulators at once: every world has what it says, and nothing outlives its parent."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import (
    signed_headers,
)

PACKAGE = "ansible_collections.objectstore.credentials.tests.simulators"
PLATFORMS = fleet.platforms()
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def s3_status(endpoint: dict[str, Any], access_key: str, secret_key: str) -> int:
    """Return what the data plane answers to a HEAD of the bucket, at its host's name."""
    url = f"{endpoint['s3_url']}/{fleet.BUCKET}"
    if endpoint["platform"] == "huawei":
        url = endpoint["s3_url"]  # buckets only by host name there; so the list of them
    method = "GET" if endpoint["platform"] == "huawei" else "HEAD"
    now = dt.datetime.now(dt.timezone.utc)
    headers = signed_headers(method, url, access_key, secret_key, at=now)
    try:
        with OPENER.open(urllib.request.Request(url, method=method, headers=headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as exc:
        return exc.code


def test_every_platform_is_found() -> None:
    assert set(PLATFORMS) >= {"commvault", "huawei", "ontap", "ose"}
    assert all(name == simulator.name for name, simulator in PLATFORMS.items())


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_data_plane_takes_the_pairs_of_the_platform(name: str) -> None:
    endpoint = fleet.start(name, PLATFORMS[name])
    try:
        told = endpoint.as_dict()
        assert list(told["accounts"]) == [account for account, _unused, _unused in fleet.ACCOUNTS]
        assert told["options"]["api_url"] == told["url"]
        assert "{url}" not in json.dumps(told["options"])
        keys = [key for keys in told["accounts"].values() for key in keys]
        assert len(keys) >= len(fleet.ACCOUNTS)
        assert set(keys) <= set(told["pairs"])
        for access_key in keys:
            assert s3_status(told, access_key, told["pairs"][access_key]) == 200
            assert s3_status(told, access_key, "wrong") == 403
        assert endpoint.simulator.writes == 0
    finally:
        endpoint.stop()


@pytest.mark.parametrize("label", ["8.3", "9.1"])
def test_variant_that_is_not_there_or_not_the_only_one_is_named(label: str) -> None:
    with pytest.raises(LookupError, match=rf"ontap has no variant '{label}', only: 9\.7"):
        fleet.variant_of(PLATFORMS["ontap"], label)


def test_variant_is_found_by_its_beginning() -> None:
    label, variant = fleet.variant_of(PLATFORMS["ontap"], "9.14")
    assert label.startswith("9.14.1")
    assert variant.modes["version"] == "9.14.1"
    assert fleet.variant_of(PLATFORMS["ose"], "osis")[0] == "osis"


# --- the command -------------------------------------------------------------------------------


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", PACKAGE, *arguments]


@pytest.fixture
def environment() -> dict[str, str]:
    root = str(Path(fleet.__file__).parents[5])
    return {**os.environ, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}


@contextlib.contextmanager
def started(
    ports: Path, environment: dict[str, str], *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        command(*arguments, "--port-file", str(ports)),
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(ports)
        assert stat.S_IMODE(ports.stat().st_mode) == 0o600
        yield process, json.loads(ports.read_text())
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def running(
    tmp_path: Path, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    wanted = ("--platform", "ontap", "--platform", "ose:front", "--seed", "3")
    with started(tmp_path / "ports.json", environment, *wanted) as found:
        yield found


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 240
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.05)


def is_open(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) == 0


def test_command_starts_tells_and_stops(
    running: tuple[subprocess.Popen[str], dict[str, Any]],
) -> None:
    process, told = running
    assert list(told) == ["ontap", "ose-front"]
    assert (told["ose-front"]["platform"], told["ose-front"]["variant"]) == ("ose", "front")
    server = "/".join(told["ontap"]["url"].split("/")[:3])
    with OPENER.open(f"{server}/_simulator/access_keys") as answer:
        assert sorted(json.loads(answer.read())) == sorted(told["ontap"]["pairs"])
    assert len(told["ontap"]["pairs"]) == 3
    process.send_signal(signal.SIGTERM)
    output, _unused = process.communicate(timeout=120)
    assert process.returncode == 0
    assert not is_open(told["ontap"]["s3_url"])
    for word in (
        "ontap",
        "ose-front",
        "S3_CREDENTIALS_FILE",
        "endpoint=ose-front all=true",
        ".rotate -i",
    ):
        assert word in output


def test_command_starts_all_others_beside_those_that_are_named(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    wanted = ("--platform", "ontap:9.7", "--others", "--seed", "1")
    with started(tmp_path / "ports.json", environment, *wanted) as (_process, told):
        assert list(told) == ["ontap-9.7", *sorted(set(PLATFORMS) - {"ontap"})]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--platform", "nothing"), "there is no simulator 'nothing', only: "),
        (("--platform", "ontap:8.3"), "ontap has no variant '8.3', only: 9.7"),
        (("--platform", "ontap", "--variant", "osis"), "none of them has the variant 'osis'"),
    ],
)
def test_command_refuses_what_it_does_not_have(
    environment: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    done = subprocess.run(
        command(*arguments), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_command_ends_with_its_parent(tmp_path: Path, environment: dict[str, str]) -> None:
    ports = tmp_path / "ports.json"
    script = f'"$@" --parent-pid $$ & while ! [ -e {ports} ]; do sleep 0.1; done'
    arguments = command("--platform", "ose", "--port-file", str(ports))
    subprocess.run(
        ["bash", "-c", script, "bash", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=240,
    )
    url = json.loads(ports.read_text())["ose"]["url"]
    deadline = time.monotonic() + 120
    while is_open(url):
        assert time.monotonic() < deadline, "the simulators outlived their parent"
        time.sleep(0.1)
