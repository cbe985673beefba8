# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of make demo's playbooks: what Ansible printed, what simulators counted."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo_world import COLLECTIONS, ROOT, DemoError, World
from terminal import Terminal

DEMO = ROOT / "tests" / "demo"
FLEET = "fleet.s3_fleet.yml"
MARK = "event "
Event = dict[str, Any]
_LONGEST_RUN = 900.0


@dataclass
class Run:
    """One run of a playbook: what its tasks told, and what the simulators counted."""

    #: Endpoint -> "writes" and "requests", before the run and after it.
    before: dict[str, dict[str, int]]
    after: dict[str, dict[str, int]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    output: str = ""
    code: int = 0
    seconds: float = 0.0
    #: What its processes, those that were not killed, took of the processors.
    cpu: float = 0.0

    def counted(self, name: str, what: str = "writes") -> int:
        """How many writes or requests an endpoint's simulator has counted in this run."""
        return self.after[name][what] - self.before[name][what]

    def writes(self) -> dict[str, int]:
        """How many writes each endpoint's simulator has counted in this run."""
        return {name: self.counted(name) for name in self.before}

    def results(self, name: str, module: str) -> list[dict[str, Any]]:
        """Return the results of a module at an endpoint, in order."""
        return [
            event["result"]
            for event in self.events
            if event["host"] == name
            and event["module"].endswith(f".{module}")
            and event["outcome"] == "ok"
        ]

    def failures(self) -> list[str]:
        """What the tasks that failed had to say, those that the play took care of, too."""
        return [
            f"{event['host']}: {event['result'].get('msg') or event['result']}"
            for event in self.events
            if event["outcome"] == "failed"
        ]

    def rest(self) -> str:
        """The end of what Ansible printed besides results."""
        lines = self.output.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(MARK))[-4000:]


class Runner:
    """Runs playbooks in a folder, as an operator would, and keeps what they print."""

    def __init__(self, world: World, folder: Path, terminal: Terminal) -> None:
        self.world = world
        self.folder = folder
        self.out = terminal
        self.outputs = ""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "S3_"))}
        (folder / "ansible" / "temporary").mkdir(parents=True, exist_ok=True)
        self._environment = {
            **kept,
            "ANSIBLE_CONFIG": str(DEMO / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "ansible" / "local"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
            # A module that is killed leaves there what it was unpacked to.
            "TMPDIR": str(folder / "ansible" / "temporary"),
            "ANSIBLE_STDOUT_CALLBACK": "events",
            "ANSIBLE_CALLBACK_PLUGINS": str(DEMO / "callback_plugins"),
            "ANSIBLE_FORCE_COLOR": "false",
            "ANSIBLE_NOCOLOR": "1",
            "S3_CREDENTIALS_FILE": str(folder / "logins.json"),
            # What is on this machine is reached directly.
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def run(self, book: str, *arguments: str, expects: int = 0) -> Run:
        """Show the command, run the playbook, return what it did.

        Raises DemoError if it ends with another code than the expected one.
        """
        run = Run(self.world.counted())
        started = _times()
        process = self._start(book, arguments, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self._take(run, line.decode())
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        self._end(run, started, process.returncode)
        if run.code != expects:
            told = [f"{book} ended with {run.code}, not {expects}.", *run.failures(), run.rest()]
            raise DemoError("\n".join(told))
        return run

    def killed(self, book: str, *arguments: str, when: Callable[[Run], bool]) -> Run:
        """Run a playbook, and kill -9 every process of it as soon as the counts are so far.

        Raises DemoError if it ends before.
        """
        run = Run(self.world.counted())
        started = _times()
        log = self.folder / "killed.log"
        with log.open("wb") as out:
            process = self._start(book, arguments, stdout=out)
            try:
                while True:
                    run.after = self.world.counted()
                    if when(run):
                        break
                    ended = process.poll() is not None
                    if ended or time.monotonic() - started[0] > _LONGEST_RUN:
                        raise DemoError(
                            f"The run was not to be killed; counted: {run.writes()}.\n"
                            + log.read_text()[-4000:]
                        )
                    self.out.progress(f"{book}: the platforms have counted {run.writes()} ...")
                    time.sleep(0.3)
            finally:
                _kill_tree(process.pid)
                process.wait()
        for line in log.read_text().splitlines(keepends=True):
            self._take(run, line)
        self._end(run, started, process.returncode)
        return run

    def private(self, name: str, content: Any) -> Path:
        """Write a file that only its owner can read."""
        path = self.folder / name
        text = content if isinstance(content, str) else json.dumps(content)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(text)
        return path

    def _start(self, book: str, arguments: tuple[str, ...], stdout: Any) -> subprocess.Popen[bytes]:
        name = str(DEMO / book) if book.endswith(".yml") else f"objectstore.credentials.{book}"
        shown = os.path.relpath(name, ROOT) if book.endswith(".yml") else name
        words = ["ansible-playbook", shown, "-i", FLEET, *arguments]
        self.out.line(self.out.style(f"  $ {shlex.join(words)}", "cyan"))
        return subprocess.Popen(
            [str(Path(sys.executable).with_name(words[0])), name, *words[2:]],
            cwd=self.folder,
            env={**self._environment, **self._moved()},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
        )

    def _moved(self) -> Mapping[str, str]:
        ahead = int(self.world.ahead.total_seconds())
        return {"S3_CREDENTIALS_TEST_OFFSET": str(ahead)} if ahead else {}

    def _take(self, run: Run, line: str) -> None:
        run.output += line
        if not line.startswith(MARK):
            return
        event = json.loads(line[len(MARK) :])
        if event["outcome"] != "start":
            run.events.append(event)
        elif not event["module"].startswith("ansible.builtin.include"):
            self.out.progress(f"{event['host']}: {event['task']} ...")

    def _end(self, run: Run, started: tuple[float, float], code: int) -> None:
        run.seconds, run.cpu = (now - then for now, then in zip(_times(), started, strict=True))
        run.code = code
        run.after = self.world.counted()
        self.outputs += run.output
        self.private("ansible.log", self.outputs)


def _times() -> tuple[float, float]:
    """Return the time, and what all processes that have ended took of the processors."""
    used = os.times()
    return time.monotonic(), used.children_user + used.children_system


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
