# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks measure with: a simulator in a process of its own, a run of Ansible."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / ".build" / "collections"
SIMULATORS = "ansible_collections.objectstore.credentials.tests.simulators"
_TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds between two looks at the memory of what runs.
_LOOK = 0.5


class World:
    """A simulator and its S3 data plane in a process of their own."""

    def __init__(
        self, platform: str, variant: str, accounts: int, latency: int, folder: Path
    ) -> None:
        ports = folder / "ports.json"
        ports.unlink(missing_ok=True)
        command = [
            *(sys.executable, "-m", SIMULATORS, "--platform", platform),
            *("--variant", variant, "--seed", str(accounts), "--latency", str(latency)),
            *("--port-file", str(ports), "--parent-pid", str(os.getpid())),
        ]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        deadline = time.monotonic() + 600
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the {platform} simulator did not start")
            time.sleep(0.05)
        (told,) = json.loads(ports.read_text()).values()
        self.url: str = told["url"]
        self.s3_url: str = told["s3_url"]
        self.options: dict[str, Any] = told["options"]

    def set_modes(self, modes: str) -> None:
        """Set modes of the simulator, given as JSON."""
        urllib.request.urlopen(self._control(self.url, "modes"), modes.encode(), 60).close()

    def ask(self, what: str, url: str | None = None) -> Any:
        """Return an answer of the remote control, of the data plane's if its URL is given."""
        with urllib.request.urlopen(self._control(url or self.url, what), timeout=600) as answer:
            return json.loads(answer.read())

    def requests(self) -> int:
        """Return how many requests platform and data plane have answered."""
        return sum(int(self.ask("state", url)["requests"]) for url in (self.url, self.s3_url))

    def cpu(self) -> float:
        """Return the seconds of CPU that the simulators have used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)

    def _control(self, url: str, what: str) -> str:
        return "/".join(url.split("/")[:3]) + f"/_simulator/{what}"


@contextmanager
def world(
    platform: str, variant: str, accounts: int, latency: int, folder: Path
) -> Iterator[World]:
    """Run a simulator."""
    running = World(platform, variant, accounts, latency, folder)
    try:
        yield running
    finally:
        running.stop()


@dataclass
class Cost:
    """What one ansible-playbook run took."""

    #: Seconds of CPU of the whole process tree, and of wall.
    cpu: float
    wall: float
    #: MB at the peak: of the largest module process, and of Ansible's own.
    module_mb: float = 0.0
    ansible_mb: float = 0.0
    output: str = ""


@dataclass
class _Memory:
    """The peaks of a process tree, by a look now and then."""

    pid: int
    module: float = 0.0
    ansible: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self._over.wait(_LOOK):
            self.look()

    def end(self) -> None:
        self._over.set()

    def look(self) -> None:
        children: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(path.parent.name))
        tree = [self.pid]
        for each in tree:
            tree += children.get(each, [])
            try:
                command = Path(f"/proc/{each}/cmdline").read_bytes()
                status = Path(f"/proc/{each}/status").read_text()
            except OSError:
                continue
            peak = status.partition("VmHWM:")[2].split()
            megabytes = int(peak[0]) / 1024 if peak else 0.0
            if b"ansible-playbook" in command:
                self.ansible = max(self.ansible, megabytes)
            else:
                self.module = max(self.module, megabytes)


def play(tasks: list[dict[str, Any]], folder: Path, path: str | None = None) -> Cost:
    """Run a playbook with these tasks on localhost and measure it. path: of collections."""
    book = folder / "book.yml"
    play_ = {"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": tasks}
    book.write_text(yaml.safe_dump([play_]))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(book)],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": path or str(COLLECTIONS),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_PIPELINING": "true",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    memory = _Memory(process.pid)
    watcher = threading.Thread(target=memory.watch, daemon=True)
    watcher.start()
    output, _nothing = process.communicate()
    wall = time.monotonic() - started
    memory.end()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"the playbook failed:\n{output[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, memory.module, memory.ansible, output)
