# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slow platform in another process, and ansible-playbook runs that are interrupted."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_chains import (
    verify_journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_heads import (
    HEADS,
    no_heads,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    open_store,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    SecretStore,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import signed_headers

from .lab import BIN, MODULE_PYTHON, ROTATE, SECRET_OPTIONS
from .processes import kill, processes_of, wait_until
from .scenarios import ROOT

SIMULATORS = "ansible_collections.objectstore.credentials.tests.simulators"
#: The method of what makes or replaces a key.
MAKING = {"ose": "POST", "ontap": "PATCH"}


@dataclass
class Far:
    """One platform, slow, in a process of its own; records, journal and runs in a folder."""

    folder: Path
    #: As the simulators have it: "ose:osis".
    form: str
    accounts: int = 6
    latency: int = 60
    process: Optional[subprocess.Popen[bytes]] = None
    told: dict[str, Any] = field(default_factory=dict)
    offset: float = 0.0
    runs: int = 0

    @property
    def platform(self) -> str:
        """The platform's name."""
        return self.form.partition(":")[0]

    @property
    def names(self) -> list[str]:
        """The accounts."""
        return [f"app-{number:04d}" for number in range(1, self.accounts + 1)]

    def start(self) -> Far:
        """Start the simulators."""
        ports = self.folder / "ports.json"
        command = [sys.executable, "-m", SIMULATORS, "--platform", self.form]
        command += ["--seed", str(self.accounts), "--latency", str(self.latency)]
        command += ["--port-file", str(ports), "--parent-pid", str(os.getpid())]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT / ".build" / "collections")},
        )
        wait_until(ports.exists, "the simulators' start")
        (self.told,) = json.loads(ports.read_text()).values()
        self._hold("password", "made-up-vault-password-9000")
        login = {k: v for k, v in self.told["options"].items() if k in SECRET_OPTIONS}
        self._hold("logins.json", json.dumps({"far": login}))
        return self

    def stop(self) -> None:
        """End the simulators, and what a run has left."""
        kill(processes_of(self.folder))
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def _hold(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)

    # --- the platform ----------------------------------------------------------------------------

    def ask(self, what: str, body: Any = None, method: Optional[str] = None) -> Any:
        """Ask the platform's remote control."""
        base = "/".join(self.told["url"].split("/")[:3])
        request = urllib.request.Request(
            f"{base}/_simulator/{what}",
            data=None if body is None else json.dumps(body).encode(),
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.loads(answer.read() or b"null")

    def made(self) -> int:
        """Return how many keys the platform has made or replaced."""
        return int(self.ask("state")["writes"])

    def is_making(self) -> bool:
        """Tell whether a request that makes or replaces a key is being answered."""
        return MAKING[self.platform] in self.ask("state")["under_way"]

    def slow_down(self, after: int, seconds: float, when: str = "before") -> None:
        """Let every new key take so long, but for the first ones; or its answer (when: after)."""
        fault = {"action": "delay", "seconds": seconds, "skip": after, "times": 0, "when": when}
        self.ask("faults", {**fault, "method": MAKING[self.platform]})

    def hurry_up(self) -> None:
        """Let everything take as long as at first."""
        self.ask("faults", method="DELETE")

    def later(self, seconds: float) -> None:
        """Let time pass for the platform and for the next runs."""
        self.offset += seconds
        self.ask("clock", {"advance": seconds})

    def honours(self, access_key: str, secret_key: str) -> bool:
        """Tell whether the S3 service takes a pair, by a signed request."""
        url = self.told["s3_url"] + "/"
        now = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=self.offset)
        headers = signed_headers("GET", url, access_key, secret_key, at=now)
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
                return True
        except urllib.error.HTTPError as exc:
            if exc.code != 403:
                raise
            return False

    # --- the records -----------------------------------------------------------------------------

    @property
    def store(self) -> dict[str, Any]:
        """The secret store."""
        return {
            "type": "ansible_vault",
            "path": str(self.folder / "records"),
            "vault_password_file": str(self.folder / "password"),
        }

    def opened(self) -> SecretStore:
        """Open the secret store to look into it."""
        return open_store(self.store, StoreContext(Clock(), Redactor(), "look"))

    def unsound_chains(self) -> list[str]:
        """Return what is wrong with the journal, held against the heads in the secret store."""
        store = self.opened()
        found = store.read_note(HEADS)
        store.close()
        heads = found[0] if found else no_heads()
        chains = verify_journal(str(self.folder / "journal"), heads)
        assert chains, "there is no journal"
        return [f"{each.chain}: {each.message}" for each in chains if not each.is_sound]

    def records(self) -> dict[str, Record]:
        """Return the records there are; one that cannot be read fails the test."""
        store = self.opened()
        found = {}
        for name in self.names:
            stored = store.read(Place(self.platform, "far", name))
            if stored is not None and stored.record is not None:
                found[name] = stored.record
        store.close()
        return found

    def assert_all_work(self) -> None:
        """See that nothing is pending and that S3 takes the stored pair of every account."""
        records = self.records()
        assert sorted(records) == self.names
        for name, record in records.items():
            assert record.pending is None, name
            assert record.current is not None
            assert record.current.secret is not None
            assert self.honours(str(record.current.access_key), record.current.secret.open()), name

    # --- runs ------------------------------------------------------------------------------------

    def begin(self, timeout: int = 0, **more: Any) -> subprocess.Popen[str]:
        """Start a rotation of all accounts with ansible-playbook, as leader of a new session."""
        book = self._book(timeout, more)
        command = [str(BIN / "ansible-playbook"), "-i", "localhost,", str(book), "-v"]
        return self._start(command, {})

    def launch(self, *, is_role: bool) -> subprocess.Popen[str]:
        """Start it with ansible-runner, as a controller does: one task, or the whole role."""
        private = self.folder / "private"
        (private / "project").mkdir(parents=True, exist_ok=True)
        book = "objectstore.credentials.rotate" if is_role else str(self._book(0, {}))
        inventory = str(self._inventory()) if is_role else str(self.folder / "hosts")
        (self.folder / "hosts").write_text("localhost\n")
        command = [str(BIN / "ansible-runner"), "run", str(private), "-p", book]
        command += ["-i", f"launch-{self.runs + 1}", "--inventory", inventory]
        return self._start(command, {"HOME": str(self.folder / "home")})

    def _book(self, timeout: int, more: Mapping[str, Any]) -> Path:
        """Write a play with one rotation of all accounts."""
        task: dict[str, Any] = {
            ROTATE: {
                "platform": self.platform,
                "endpoint": "far",
                **self._plain(),
                "users": self.names,
                "adopt": "rotate",
                "allow_disruption": True,
                "parallelism": 2,
                "secret_store": self.store,
                "verify": {"s3_url": self.told["s3_url"]},
                "journal": str(self.folder / "journal"),
                "report_path": str(self.folder / f"report-{self.runs + 1}.jsonl"),
                **more,
            },
            **({"timeout": timeout} if timeout else {}),
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        book = self.folder / "book.yml"
        book.write_text(yaml.safe_dump([{**play, "tasks": [task]}]))
        return book

    def _inventory(self) -> Path:
        """Write the fleet of this one endpoint, as an operator would."""
        defaults = {
            "adopt": "rotate",
            "allow_disruption": True,
            "allow_ephemeral": True,
            "parallelism": 2,
            "secret_store": self.store,
            "journal": str(self.folder / "journal"),
            "vars": {"s3_rotate_report_dir": str(self.folder / "evidence")},
        }
        entry = {"platform": self.platform, "s3_url": self.told["s3_url"], **self._plain()}
        path = self.folder / "far.s3_fleet.yml"
        fleet = {"plugin": "objectstore.credentials.s3_fleet", "defaults": defaults}
        path.write_text(yaml.safe_dump({**fleet, "endpoints": {"far": entry}}))
        return path

    def _plain(self) -> dict[str, Any]:
        return {k: v for k, v in self.told["options"].items() if k not in SECRET_OPTIONS}

    def _start(self, command: list[str], more: Mapping[str, str]) -> subprocess.Popen[str]:
        self.runs += 1
        (self.folder / "temporary").mkdir(exist_ok=True)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "S3_"))}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / f"output-{self.runs}").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Whoever runs the tests in the background has Ctrl-C ignored, and that is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            env={
                **inherited,
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
                "ANSIBLE_HOME": str(self.folder / "home"),
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "local"),
                "ANSIBLE_REMOTE_TEMP": str(self.folder / "remote"),
                # A module that is killed leaves there what it was unpacked to.
                "TMPDIR": str(self.folder / "temporary"),
                "ANSIBLE_PYTHON_INTERPRETER": MODULE_PYTHON,
                "S3_CREDENTIALS_FILE": str(self.folder / "logins.json"),
                "S3_CREDENTIALS_TEST_OFFSET": str(self.offset),
                "PYTHONDONTWRITEBYTECODE": "1",
                "S3_ALLOW_EPHEMERAL": "true",
                **more,
            },
        )

    def output(self) -> str:
        """Return what the last run has printed."""
        return (self.folder / f"output-{self.runs}").read_text()

    def report(self) -> dict[str, str]:
        """Return what the last run did with each account, as its report says."""
        path = self.folder / f"report-{self.runs}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return {row["account"]: row["action"] for row in rows}
