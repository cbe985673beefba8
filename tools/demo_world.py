# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of make demo: simulators in a process of their own, what they count and take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / ".build" / "collections"
SIMULATORS = "ansible_collections.objectstore.credentials.tests.simulators"
#: Endpoint -> the simulator that is behind it.
ENDPOINTS = {
    "ose": "ose:osis",
    "huawei": "huawei:v3.0 access key",
    "ontap": "ontap:9.14",
    "commvault": "commvault:inline",
}
#: Whether two keys of an account work side by side there.
SIDE_BY_SIDE = {"ose": True, "huawei": True, "ontap": False, "commvault": False}
#: Endpoint -> the method of the request that makes a key.
MAKING = {"ose": "POST", "huawei": "POST", "ontap": "PATCH", "commvault": "PUT"}
#: Seconds that an answer is held back: longer than anybody waits for it here.
_HELD = 120.0


class DemoError(Exception):
    """The demo cannot go on."""


class World:
    """The simulators."""

    def __init__(self, folder: Path) -> None:
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        #: How far their clocks were moved.
        self.ahead = timedelta()
        ports = folder / "ports.json"
        log = folder / "simulators.log"
        command = [sys.executable, "-m", SIMULATORS, "--port-file", str(ports)]
        for platform in ENDPOINTS.values():
            command += ["--platform", platform]
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [*command, "--parent-pid", str(os.getpid())],
                stdout=subprocess.DEVNULL,
                stderr=out,
                env={**os.environ, "PYTHONPATH": str(COLLECTIONS), "PYTHONDONTWRITEBYTECODE": "1"},
            )
        deadline = time.monotonic() + 120
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise DemoError(f"The simulators did not start:\n{log.read_text()}")
            time.sleep(0.03)
        told = json.loads(ports.read_text())
        self.endpoints: dict[str, dict[str, Any]] = dict(zip(ENDPOINTS, told.values(), strict=True))

    def counted(self) -> dict[str, dict[str, int]]:
        """Return what each simulator has counted: writes and requests."""
        counts = {}
        for name in self.endpoints:
            state = self._control(name, "state")
            counts[name] = {what: int(state[what]) for what in ("writes", "requests")}
        return counts

    def secrets(self) -> set[str]:
        """Return every secret that any of them knows right now."""
        return {secret for name in self.endpoints for secret in self._control(name, "secrets")}

    def advance(self, days: int) -> None:
        """Move all clocks."""
        self.ahead += timedelta(days=days)
        for name in self.endpoints:
            self._control(name, "clock", {"advance": days * 86400})

    def hold_back(self, name: str, skip: int) -> None:
        """Let an endpoint make so many keys, and one more whose answer it holds back."""
        fault = {"action": "delay", "when": "after", "seconds": _HELD, "skip": skip}
        self._control(name, "faults", {**fault, "method": MAKING[name]})

    def honours(self, name: str, pair: tuple[str, str]) -> str:
        """Ask the data plane with a signed request; return "works", or why it refuses."""
        from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import (
            signed_headers,
        )

        # The one platform whose data plane lists no buckets is asked for one.
        path = "/archive?list-type=2" if name == "commvault" else "/"
        url = self.endpoints[name]["s3_url"] + path
        headers = signed_headers("GET", url, *pair, at=datetime.now(timezone.utc) + self.ahead)
        request = urllib.request.Request(url, headers=headers)
        try:
            with self._opener.open(request, timeout=60):
                return "works"
        except urllib.error.HTTPError as exc:
            text = exc.read().decode()
            return text.partition("<Code>")[2].partition("</Code>")[0] or f"HTTP {exc.code}"
        except OSError as exc:
            raise DemoError(f"The S3 data plane of {name} does not answer: {exc}") from None

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _control(self, name: str, what: str, sent: Any = None) -> Any:
        url = "/".join(self.endpoints[name]["url"].split("/")[:3]) + f"/_simulator/{what}"
        body = None if sent is None else json.dumps(sent).encode()
        try:
            with self._opener.open(urllib.request.Request(url, body), timeout=60) as answer:
                return json.loads(answer.read() or "null")
        except OSError as exc:
            raise DemoError(f"The simulator of {name} does not answer: {exc}") from None


@contextmanager
def simulators(folder: Path) -> Iterator[World]:
    """Run the simulators."""
    world = World(folder)
    try:
        yield world
    finally:
        world.stop()
