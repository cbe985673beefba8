# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of make demo's playbooks: what modules told, what simulators counted, what was kept."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo_world import COLLECTIONS, ENDPOINTS, ROOT, DemoError, World
from terminal import Terminal

DEMO = ROOT / "tests" / "demo"
MARK = "event "
Event = dict[str, Any]
Pair = tuple[str, str]
_LONGEST_RUN = 120.0


@dataclass
class Run:
    """One run of a playbook: its results by endpoint, and what the simulators counted."""

    #: Endpoint -> "writes" and "requests", before the run and after it.
    before: dict[str, dict[str, int]]
    after: dict[str, dict[str, int]] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=lambda: {name: [] for name in ENDPOINTS})
    output: str = ""
    seconds: float = 0.0

    def counted(self, name: str, what: str = "writes") -> int:
        """How many writes or requests an endpoint's simulator has counted in this run."""
        return self.after[name][what] - self.before[name][what]

    def results(self, name: str, module: str) -> list[dict[str, Any]]:
        """Return the results of a module at an endpoint, in order."""
        return [
            event["result"]
            for event in self.events[name]
            if event["module"].endswith(f".{module}") and event["outcome"] == "ok"
        ]

    def rows(self, name: str) -> dict[str, dict[str, Any]]:
        """Return what the rotation told of each account; those that stayed unchanged are not in."""
        (result,) = self.results(name, "s3_access_key_rotate")
        return {row["account"]: row for row in result["accounts"]}

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


class Demo:
    """The story's hands: it runs playbooks, reads what they left, and holds claims against it."""

    def __init__(self, world: World, folder: Path, terminal: Terminal) -> None:
        self.world = world
        self.folder = folder
        self.out = terminal
        self.outputs = ""
        self.mismatches: list[str] = []
        self._password = secrets.token_urlsafe(24)
        #: Every secret that there ever was.
        self._secrets = {self._password, *world.secrets()}
        for name, one in world.endpoints.items():
            self._secrets |= {
                value
                for option, value in one["options"].items()
                if option in ("api_password", "api_secret_key", "api_token")
            }
            self._secrets |= set(world.endpoints[name]["pairs"].values())
        self._variables = self._private("variables.json", self._handed_over())
        logins = {name: one["options"] for name, one in world.endpoints.items()}
        self._private("vault-password", self._password + "\n")
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
            "S3_CREDENTIALS_FILE": str(self._private("logins.json", logins)),
        }

    # --- claims ----------------------------------------------------------------------------------

    def check(self, what: str, told: Any, true: Any) -> bool:
        """Compare what is told with what is true, and remember a mismatch."""
        if told != true:
            self.mismatches.append(f"{what}: expected {told}, found {true}")
        return bool(told == true)

    def verdict(self, right: bool, text: str) -> None:
        """Tell what was held against the simulators."""
        mark = self.out.style("✓", "green") if right else self.out.style("✗", "red")
        self.out.line(f"  {mark} {text}")

    # --- runs ------------------------------------------------------------------------------------

    def playbook(self, book: str, *arguments: str) -> Run:
        """Run a playbook and return what it did. Raises DemoError if it fails."""
        run = Run(self.world.counted())
        started = time.monotonic()
        process = self._start(book, *arguments, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self._take(run, line.decode())
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        self._end(run, started)
        if process.returncode or run.failures():
            raise DemoError("\n".join(["The playbook failed.", *run.failures(), run.rest()]))
        return run

    def killed(self, book: str, *arguments: str, when: Callable[[Run], bool]) -> Run:
        """Run a playbook, and kill -9 every process of it as soon as the counts are so far.

        Raises DemoError if it ends before.
        """
        run = Run(self.world.counted())
        started = time.monotonic()
        log = self.folder / "killed.log"
        with log.open("wb") as out:
            process = self._start(book, *arguments, stdout=out)
            try:
                while True:
                    run.after = self.world.counted()
                    if when(run):
                        break
                    ended = process.poll() is not None
                    if ended or time.monotonic() - started > _LONGEST_RUN:
                        raise DemoError(f"The run was not to be killed.\n{log.read_text()[-4000:]}")
                    time.sleep(0.05)
            finally:
                _kill_tree(process.pid)
                process.wait()
        for line in log.read_text().splitlines(keepends=True):
            self._take(run, line)
        self._end(run, started)
        return run

    def _start(self, book: str, *arguments: str, stdout: Any) -> subprocess.Popen[bytes]:
        offset = {"S3_CREDENTIALS_TEST_OFFSET": str(int(self.world.ahead.total_seconds()))}
        return subprocess.Popen(
            [
                *(str(Path(sys.executable).with_name("ansible-playbook")), book),
                *("-e", f"@{self._variables}", *arguments),
            ],
            cwd=DEMO,
            env={**self._environment, **(offset if self.world.ahead else {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
        )

    def _take(self, run: Run, line: str) -> None:
        run.output += line
        if not line.startswith(MARK):
            return
        event = json.loads(line[len(MARK) :])
        if event["outcome"] != "start":
            run.events[event["host"]].append(event)
        elif event["module"] != "ansible.builtin.include_tasks":
            self.out.progress(f"{event['host']}: {event['task']} ...")

    def _end(self, run: Run, started: float) -> None:
        run.seconds = time.monotonic() - started
        run.after = self.world.counted()
        self.outputs += run.output
        self._secrets |= self.world.secrets()

    # --- what was kept ---------------------------------------------------------------------------

    def stored(self, name: str, account: str) -> Pair:
        """Return the current pair of an account's record, read as ansible-vault reads it."""
        import yaml
        from ansible.parsing.vault import VaultLib, VaultSecret

        vault = VaultLib([("default", VaultSecret(self._password.encode()))])

        class Loader(yaml.SafeLoader):
            """Knows the tags of Ansible."""

        def plain(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
            return str(loader.construct_scalar(node))

        def opened(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
            return str(vault.decrypt(plain(loader, node)).decode())

        Loader.add_constructor("!unsafe", plain)
        Loader.add_constructor("!vault", opened)
        platform = self.world.endpoints[name]["platform"]
        path = self.folder / "secrets" / platform / name / f"{account}.yml"
        record = yaml.load(path.read_text(), Loader)  # noqa: S506  # it is a SafeLoader
        key = record["current"]
        pair = (key["access_key"], key["secret_key"])
        self._secrets.add(pair[1])
        return pair

    def handed_over(self, name: str) -> list[Pair]:
        """Return the pairs that an endpoint's consumers were handed."""
        rows = json.loads((self.folder / f"consumer-of-{name}.json").read_text())
        return [(row["access_key"], row["secret_key"]) for row in rows]

    def store_files(self) -> dict[str, int]:
        """Return the records and when each was written."""
        found = (self.folder / "secrets").rglob("*.yml")
        return {str(path): path.stat().st_mtime_ns for path in found}

    def journal(self, name: str, account: str) -> list[dict[str, Any]]:
        """Return an account's lines of all runs."""
        lines = []
        for path in (self.folder / "journal").rglob("*.jsonl"):
            for text in path.read_text().splitlines():
                line = json.loads(text)
                if (line["endpoint"], line["account"]) == (name, account):
                    lines.append(line)
        return sorted(lines, key=lambda line: (line["at"], line["chain"], line["seq"]))

    def new_pair(self) -> Pair:
        """Return the pair that ontap_s3_user handed over."""
        row = json.loads((self.folder / "new-pair.json").read_text())
        self._secrets.add(row["secret_key"])
        return row["access_key"], row["secret_key"]

    def leaks(self) -> list[str]:
        """Return where a secret stands that should not: in what was printed, in what was left."""
        known = {secret.encode() for secret in self._secrets if secret}
        places = {
            "the story": self.out.transcript.encode(),
            "Ansible's output": self.outputs.encode(),
        }
        private = ("ports.json", "logins.json", "vault-password", "new-pair.json")
        for path in self.folder.rglob("*"):
            name = path.name
            if path.is_file() and not (name in private or name.startswith("consumer-of-")):
                places[str(path.relative_to(self.folder))] = path.read_bytes()
        return [where for where, text in places.items() if any(each in text for each in known)]

    def _handed_over(self) -> dict[str, Any]:
        endpoints = self.world.endpoints
        return {
            "access_keys": {name: one["accounts"] for name, one in endpoints.items()},
            "s3_urls": {name: one["s3_url"] for name, one in endpoints.items()},
            "folder": str(self.folder),
        }

    def _private(self, name: str, content: Any) -> Path:
        path = self.folder / name
        text = content if isinstance(content, str) else json.dumps(content)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(text)
        return path


def _kill_tree(pid: int) -> None:
    """Send SIGKILL to a process and all that it has started, in sessions of their own or not."""
    children: dict[int, list[int]] = {}
    for child, parent in _processes():
        children.setdefault(parent, []).append(child)
    tree = [pid]
    for each in tree:
        tree += children.get(each, [])
    for each in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _processes() -> Iterator[tuple[int, int]]:
    """Yield every process and its parent."""
    stats = list(Path("/proc").glob("[0-9]*/stat"))
    for path in stats:
        with contextlib.suppress(OSError):
            yield int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])
    if not stats:
        command = ["ps", "-A", "-o", "pid=,ppid="]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines():
            child, parent = line.split()
            yield int(child), int(parent)
