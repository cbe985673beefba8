# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make demo runs: the simulators, the playbook, and what both say happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from terminal import Terminal

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / ".build" / "collections"
DEMO = ROOT / "tests" / "demo"
SIMULATORS = "ansible_collections.objectstore.credentials.tests.simulators"
#: Endpoint -> the simulator that is behind it.
ENDPOINTS = {
    "ose": "ose:osis",
    "ose-front": "ose:front",
    "huawei": "huawei:v3.0 access key",
    "ontap": "ontap:9.16.1",
    "commvault": "commvault:inline",
}
#: How many changes the playbook makes at each endpoint, the first time.
CHANGES = {"ose": 2, "ose-front": 1, "huawei": 2, "ontap": 3, "commvault": 1}
#: Actions that are changes.
CHANGING = ("created", "updated", "enabled", "disabled", "rotated", "deleted")
SECRET_OPTIONS = ("api_password", "api_secret_key", "api_token")
MARK = "event "
Event = dict[str, Any]


class DemoError(Exception):
    """The demo cannot go on."""


@dataclass
class Run:
    """One run of the playbook: its results by endpoint, and what the simulators counted."""

    #: Endpoint -> "writes" and "requests", before the run and now.
    before: dict[str, dict[str, int]]
    now: dict[str, dict[str, int]] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=lambda: {name: [] for name in ENDPOINTS})
    output: str = ""
    seconds: float = 0.0

    def counted(self, name: str, what: str = "writes") -> int:
        """How many writes or requests an endpoint's simulator has counted in this run."""
        return self.now[name][what] - self.before[name][what]

    def changed(self, name: str) -> int:
        """How many accounts or keys the modules say they changed at an endpoint."""
        return sum(len(changes(event)) for event in self.events[name])

    def failures(self) -> list[str]:
        """What the tasks that failed had to say."""
        return [
            f"{name}: {event['task']}: {event['result'].get('msg') or event['result']}"
            for name, events in self.events.items()
            for event in events
            if event["outcome"] == "failed"
        ]

    def rest(self) -> str:
        """The end of what Ansible printed besides results."""
        lines = self.output.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(MARK))[-4000:]


def is_ours(event: Event) -> bool:
    """Tell whether a module of this collection made a result."""
    return bool(event["module"].startswith("objectstore."))


def is_listing(event: Event) -> bool:
    """Tell whether a result is the one with all accounts, each endpoint's last."""
    return "platform_info" in event["result"]


def changes(event: Event) -> list[dict[str, Any]]:
    """Return what a module says it changed: rows of its result, or {} for a hidden one."""
    if not is_ours(event) or not event["changed"]:
        return []
    rows = event["result"].get("accounts", [{"action": "updated"}])
    return [row for row in rows if row["action"] in CHANGING]


class World:
    """The simulators in a process of their own."""

    def __init__(self, folder: Path) -> None:
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
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
        deadline = time.monotonic() + 30
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise DemoError(f"The simulators did not start:\n{log.read_text()}")
            time.sleep(0.03)
        told = json.loads(ports.read_text())
        self.endpoints: dict[str, dict[str, Any]] = dict(zip(ENDPOINTS, told.values()))

    def counted(self) -> dict[str, dict[str, int]]:
        """Return what each simulator has counted: writes and requests."""
        counts = {}
        for name, endpoint in self.endpoints.items():
            control = "/".join(endpoint["url"].split("/")[:3]) + "/_simulator/state"
            try:
                with self._opener.open(control, timeout=10) as answer:
                    state = json.loads(answer.read())
            except OSError as exc:
                raise DemoError(f"The simulator of {name} does not answer: {exc}") from None
            counts[name] = {what: int(state[what]) for what in ("writes", "requests")}
        return counts

    def honours(self, name: str, access_key: str, secret_key: str) -> str:
        """Ask the data plane with a signed request; return "works", or why it refuses."""
        from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import (
            signed_headers,
        )

        # The one platform whose data plane lists no buckets is asked for one.
        method, path = ("HEAD", "/archive") if name == "commvault" else ("GET", "/")
        url = self.endpoints[name]["s3_url"] + path
        headers = signed_headers(method, url, access_key, secret_key, at=datetime.now(timezone.utc))
        request = urllib.request.Request(url, method=method, headers=headers)
        try:
            with self._opener.open(request, timeout=10):
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


@contextmanager
def simulators(folder: Path) -> Iterator[World]:
    """Run the simulators."""
    world = World(folder)
    try:
        yield world
    finally:
        world.stop()


class Demo:
    """The story, told while it happens."""

    def __init__(self, world: World, folder: Path, terminal: Terminal) -> None:
        self.world = world
        self.folder = folder
        self.out = terminal
        self.outputs = ""
        self.mismatches: list[str] = []
        logins = folder / "logins.json"
        _write(logins, {name: one["options"] for name, one in world.endpoints.items()})
        #: Where the play puts the pair that ONTAP made.
        self.consumer_file = folder / "new-pair.json"
        self._variables = folder / "variables.json"
        _write(
            self._variables,
            {
                "access_keys": {name: one["accounts"] for name, one in world.endpoints.items()},
                "consumer_file": str(self.consumer_file),
            },
        )
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "S3_"))}
        self._environment = {
            **kept,
            "ANSIBLE_CONFIG": str(DEMO / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "ansible" / "local"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
            "ANSIBLE_STDOUT_CALLBACK": "events",
            "ANSIBLE_CALLBACK_PLUGINS": str(DEMO / "callback_plugins"),
            "ANSIBLE_DIFF_ALWAYS": "true",
            "ANSIBLE_FORCE_COLOR": "false",
            "ANSIBLE_NOCOLOR": "1",
            "S3_CREDENTIALS_FILE": str(logins),
        }

    def check(self, what: str, told: Any, true: Any) -> bool:
        """Compare what is told with what is true, and remember a mismatch."""
        if told != true:
            self.mismatches.append(f"{what}: expected {told}, found {true}")
        return bool(told == true)

    def playbook(self, *arguments: str, tell: Callable[[Run, str], None] | None = None) -> Run:
        """Run the playbook and return what it did; raise DemoError if it fails.

        tell: called for each endpoint in turn, as soon as its last task is done.
        """
        run = Run(self.world.counted())
        started = time.monotonic()
        process = subprocess.Popen(
            [
                *(str(Path(sys.executable).with_name("ansible-playbook")), "playbook.yml"),
                *("-e", f"@{self._variables}", *arguments),
            ],
            cwd=DEMO,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._follow(process, run, tell)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        run.seconds = time.monotonic() - started
        self.outputs += run.output
        if process.returncode or run.failures():
            raise DemoError("\n".join(["The playbook failed.", *run.failures(), run.rest()]))
        run.now = self.world.counted()
        return run

    def _follow(
        self,
        process: subprocess.Popen[str],
        run: Run,
        tell: Callable[[Run, str], None] | None,
    ) -> None:
        """Read what the playbook prints until its end."""
        assert process.stdout is not None
        untold = list(ENDPOINTS)
        for line in process.stdout:
            run.output += line
            if not line.startswith(MARK):
                continue
            event = json.loads(line[len(MARK) :])
            if event["outcome"] == "start":
                if event["module"] != "ansible.builtin.include_tasks":
                    self.out.progress(f"{event['host']}: {event['task']} ...")
                continue
            run.events[event["host"]].append(event)
            while tell and untold and any(map(is_listing, run.events[untold[0]])):
                run.now = self.world.counted()
                tell(run, untold.pop(0))
        process.wait()

    def leaks(self) -> list[str]:
        """Return where a secret of these worlds stands in what was printed."""
        secrets = {
            one["pairs"][key] for one in self.world.endpoints.values() for key in one["pairs"]
        }
        secrets |= {
            value
            for one in self.world.endpoints.values()
            for name, value in one["options"].items()
            if name in ("api_password", "api_secret_key", "api_token")
        }
        secrets.add(self.new_pair()[1])
        secrets.discard("")
        places = {"the story": self.out.transcript, "Ansible's output": self.outputs}
        return [
            where for where, text in places.items() if any(secret in text for secret in secrets)
        ]

    def new_pair(self) -> tuple[str, str]:
        """Return the pair that the play handed over, as a consumer reads it."""
        if not self.consumer_file.exists():
            return "", ""
        row = json.loads(self.consumer_file.read_text())
        return row["access_key"], row["secret_key"]


def _write(path: Path, content: Any) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(content, handle)
