# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Platforms with canaries, secret stores, and ansible-runner runs that leave files behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import ansible_runner  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from ansible_collections.objectstore.credentials.tests.simulators import fleet, ontap, ose_world
from ansible_collections.objectstore.credentials.tests.simulators.fleet import Endpoint
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double

from .outcome import FQCN, Outcome, events_of, scenarios_in
from .scenarios import DECLARED, ROOT, Row, Table
from .search import Found, search
from .watch import Watch

#: Which Ansible runs: the one beside this Python, or that of another environment.
BIN = Path(os.environ.get("ANSIBLE_BIN") or Path(sys.executable).parent).absolute()
MODULE_PYTHON = str(BIN / "python")
ROTATE = FQCN + "s3_access_key_rotate"
#: Characters that break JSON, YAML, URLs, shells and templates, and some that nothing escapes.
TRICKY = "p@ss/w0rd+\"quo'te\\é{{ 7 * 6 }}&=%41#4CanaryOfTheLogin"
PASSWORDS = {"ose": TRICKY, "ontap": f"{TRICKY}-of-ontap"}
VAULT_PASSWORD = "Vault/Pass+word=\"4CanaryOfTheVault' of <the> store"
#: Opens no record.
OTHER_PASSWORD = "Another/vault+password, 4CanaryOfNoVault, which opens nothing"
SECRET_OPTIONS = ("api_password", "api_token", "api_secret_key")
#: Of a run: secrets come by file (login and vault password), or as variables of the play.
BY_FILE, BY_VARIABLE = "file", "variable"


TABLE = Table()


@dataclass
class Lab:
    """A folder, in which everything happens, and the endpoints."""

    folder: Path
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    vault: Optional[SimulatorServer] = None
    vault_token: str = ""
    #: Secret -> what it is.
    secrets: dict[str, str] = field(default_factory=dict)
    number: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    #: Account -> its secret, where a scenario tells accounts apart.
    canaries: dict[str, str] = field(default_factory=dict)
    row: Row = field(default_factory=lambda: Row("none"))
    #: What the runs did, as scenarios.py calls it.
    covered: set[str] = field(default_factory=set)
    #: The store of AWS, where a scenario has one.
    aws: Optional[SimulatorServer] = None

    def __post_init__(self) -> None:
        for name in ("held", "remote", "local", "home", "private/project", "private/env", "trees"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "held").chmod(0o700)
        self.learn("vault password", VAULT_PASSWORD)
        self.hold("password", VAULT_PASSWORD)

    # --- the world -------------------------------------------------------------------------------

    def learn(self, what: str, *secrets: str) -> None:
        """Remember secrets to look for."""
        self.secrets.update({secret: what for secret in secrets if secret})

    def hold(self, name: str, text: str) -> Path:
        """Write a file of the operator's that holds secrets, and is not searched."""
        path = self.folder / "held" / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def add(self, name: str, platform: str, variant: str, accounts: int = 2) -> Endpoint:
        """Start a platform; every secret that it ever has will be looked for."""
        kind = fleet.platforms()[platform]
        # Each draws its own: one endpoint's identifier must not be another's secret.
        kind = type(kind.__name__, (kind,), {"SEED": 100 + len(self.endpoints)})
        endpoint = fleet.start(name, kind, variant, seed=accounts)
        self.endpoints[name] = endpoint
        simulator = endpoint.simulator
        if platform in PASSWORDS:
            endpoint.options["api_password"] = PASSWORDS[platform]

        def note() -> None:
            self.learn(f"secret of {platform}", *simulator.secrets())

        simulator.observers.append(note)
        note()
        self.learn(f"login of {platform}", *self.login(name).values())
        logins = {each: self.login(each) for each in self.endpoints}
        self.hold("logins.json", json.dumps(logins))
        return endpoint

    def login(self, name: str) -> dict[str, str]:
        """Return the secret options of an endpoint."""
        options = self.endpoints[name].options
        return {key: str(options[key]) for key in SECRET_OPTIONS if key in options}

    def pairs(self, name: str) -> dict[str, str]:
        """Return the current access key of each account, as the report has it."""
        report = json.loads((self.folder / "evidence" / "report.json").read_text())
        rows = [row for row in report["accounts"] if row["endpoint"] == name]
        return {row["account"]: row["access_key"] for row in rows if row["access_key"]}

    def add_vault(self) -> SimulatorServer:
        """Start a server of HashiCorp Vault."""
        double = VaultKv2Double()
        self.vault = SimulatorServer(double).start()
        self.vault_token = double.root.id
        self.learn("token of Vault", self.vault_token)
        return self.vault

    def canaries_by_secret(self) -> dict[str, str]:
        """Return the accounts by their secrets, as a search wants them."""
        return {secret: account for account, secret in self.canaries.items()}

    def later(self, seconds: float) -> None:
        """Let time pass, for the platforms and for the next runs."""
        for endpoint in self.endpoints.values():
            endpoint.simulator.clock.advance(seconds)
        self.environment["S3_CREDENTIALS_TEST_OFFSET"] = str(seconds)

    def close(self) -> None:
        """Stop all."""
        for endpoint in self.endpoints.values():
            endpoint.stop()
        for server in (self.vault, self.aws):
            if server:
                server.stop()

    # --- tasks -----------------------------------------------------------------------------------

    @property
    def files(self) -> dict[str, Any]:
        """A secret store of files, its password in a file."""
        return {
            "type": "ansible_vault",
            "path": str(self.folder / "records"),
            "vault_password_file": str(self.folder / "held" / "password"),
        }

    @property
    def kv2(self) -> dict[str, Any]:
        """A secret store in Vault, its token in a variable."""
        assert self.vault is not None
        return {"type": "vault_kv2", "url": self.vault.url, "token": "{{ vault_token }}"}

    def plain(self, name: str) -> dict[str, Any]:
        """Return the connection options of an endpoint that are no secret."""
        endpoint = self.endpoints[name]
        own = {k: v for k, v in endpoint.options.items() if k not in SECRET_OPTIONS}
        return {"platform": endpoint.platform, "endpoint": name, **own}

    def rotation(self, name: str, **more: Any) -> dict[str, Any]:
        """Return a task that rotates two accounts; words of a task among the options go there."""
        words = ("register", "ignore_errors", "check_mode", "async", "poll", "loop", "until")
        task = {key: more.pop(key) for key in (*words, "retries", "delay") if key in more}
        options: dict[str, Any] = {
            **self.plain(name),
            "users": ["app-0001", "app-0002"],
            "adopt": "rotate",
            "allow_disruption": True,
            "secret_store": self.files,
            "verify": {"s3_url": self.endpoints[name].s3_url, "timeout": "10s"},
            "journal": str(self.folder / "journal"),
            **more,
        }
        task[ROTATE] = {key: value for key, value in options.items() if value is not None}
        return {"name": "Rotate", **task}

    # --- runs ------------------------------------------------------------------------------------

    def run(
        self,
        tasks: list[dict[str, Any]],
        *flags: str,
        pipelining: bool = True,
        variables: Optional[Mapping[str, Any]] = None,
        environment: Optional[Mapping[str, str]] = None,
        play: Optional[Mapping[str, Any]] = None,
    ) -> Outcome:
        """Run tasks by ansible-runner at -vvvv, with all tracebacks, into the folder.

        variables: secrets of the play, which come from a file that is not searched.
        """
        held = self.hold("variables.yml", _unsafe(variables or {}))
        first = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars_files": [str(held)],
        }
        book = self.folder / "private" / "project" / f"book-{self.number + 1}.yml"
        text = yaml.safe_dump([{**first, **(play or {}), "tasks": tasks}])
        book.write_text(text)
        if f"{FQCN}s3_secret" in text:
            self.covered.add("lookup s3_secret")
        return self.run_book(book.name, *flags, pipelining=pipelining, environment=environment)

    def run_book(
        self,
        book: str,
        *flags: str,
        inventory: str = "localhost,",
        pipelining: bool = True,
        variables: Optional[Mapping[str, Any]] = None,
        environment: Optional[Mapping[str, str]] = None,
    ) -> Outcome:
        """Run a playbook, also one of the collection by its name, as run() does.

        variables: extra variables, which are no secrets. environment: what the operator injects.
        """
        self.number += 1
        self.row.runs += 1
        injected = dict(environment or {})
        # ansible-runner keeps the variables of a run for the next one that has none.
        (self.folder / "private" / "env" / "extravars").unlink(missing_ok=True)
        watch = Watch(self.folder, injected)
        watch.start()
        try:
            done = ansible_runner.run(
                private_data_dir=str(self.folder / "private"),
                playbook=book,
                ident=f"run-{self.number}",
                inventory=inventory,
                verbosity=4,
                extravars=dict(variables or {}),
                cmdline=" ".join(flags) or None,
                quiet=True,
                envvars={**self._environment(pipelining), **injected},
                settings={"idle_timeout": 900, "suppress_env_files": False},
            )
        finally:
            watch.finish()
        assert watch.processes, "no process of the run was seen"
        self.row.processes += len(watch.processes)
        (self.folder / "processes").mkdir(exist_ok=True)
        (self.folder / "processes" / f"run-{self.number}").write_bytes(watch.text())
        artifacts = self.folder / "private" / "artifacts" / f"run-{self.number}"
        output = (artifacts / "stdout").read_text(errors="replace")
        outcome = Outcome(done.status, done.rc, output, list(events_of(artifacts)))
        self._note(outcome, book, inventory, flags, pipelining)
        return outcome

    def _note(
        self, done: Outcome, book: str, inventory: str, flags: tuple[str, ...], pipelining: bool
    ) -> None:
        """Note which scenarios a run was."""
        self.covered.update(scenarios_in(done))
        if book.startswith(FQCN) and done.events:
            self.covered.add(f"playbook {book.removeprefix(FQCN)}")
        if inventory.endswith(".s3_fleet.yml") and done.events:
            self.covered.add("inventory s3_fleet")
        ways = {"check mode": "--check" in flags, "diff": "--diff" in flags}
        ways["a fact cache"] = any(self.folder.glob("private/artifacts/*/fact_cache/*"))
        ways["without pipelining"] = not pipelining
        self.covered.update(f"way: {way}" for way, is_so in ways.items() if is_so)

    def _environment(self, pipelining: bool) -> dict[str, str]:
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "S3_", "VAULT_"))
        }
        folder = self.folder
        (folder / "temporary").mkdir(exist_ok=True)
        return {
            **inherited,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            # A module that is killed leaves there what it was unpacked to.
            "TMPDIR": str(folder / "temporary"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
            "ANSIBLE_HOME": str(folder / "home" / ".ansible"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "ANSIBLE_ASYNC_DIR": str(folder / "home" / "async"),
            "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
            "ANSIBLE_PIPELINING": str(pipelining),
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            "ANSIBLE_PYTHON_INTERPRETER": MODULE_PYTHON,
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.tree,ansible.builtin.junit",
            "ANSIBLE_CALLBACK_TREE_DIR": str(folder / "trees"),
            "JUNIT_OUTPUT_DIR": str(folder / "trees"),
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "S3_CREDENTIALS_FILE": str(folder / "held" / "logins.json"),
            "S3_ALLOW_EPHEMERAL": "true",
            **self.environment,
        }

    # --- what is left ----------------------------------------------------------------------------

    def found(self, *leave_out: str) -> Found:
        """Search everything that was left behind for every secret."""
        for endpoint in self.endpoints.values():
            self.learn(f"secret of {endpoint.platform}", *endpoint.simulator.secrets())
        out = [self.folder / "held", *(self.folder / name for name in leave_out)]
        found = search([self.folder], self.secrets, out)
        self.row.searches += 1
        self.row.files += found.files
        self.row.bytes += found.bytes
        return found

    def assert_no_leak(self, *leave_out: str) -> None:
        """Fail when anything left behind holds a secret."""
        found = self.found(*leave_out)
        assert found.files > 5
        self.row.leaks += len(found.leaks)
        assert not found.leaks, "\n".join(map(str, found.leaks[:12]))

    def assert_leaks_are(self, *expected: str) -> None:
        """Fail unless each of these files, and no other, holds a secret.

        expected: regular expressions of paths. What is named in docs/security.md as left by
        Ansible itself must be there too: where it is not any more, the page is to be changed.
        """
        leaks = self.found().leaks
        files = {leak.file for leak in leaks}
        missing = [each for each in expected if not any(re.fullmatch(each, f) for f in files)]
        assert not missing, f"{missing} have no secret, docs/security.md says otherwise: {files}"
        others = [leak for leak in leaks if not any(re.fullmatch(e, leak.file) for e in expected)]
        self.row.known += len(leaks) - len(others)
        self.row.leaks += len(others)
        assert not others, "\n".join(map(str, others[:12]))


def _unsafe(variables: Mapping[str, Any]) -> str:
    """Return YAML whose texts are no templates, whatever they look like."""
    lines = [f"{name}: !unsafe {json.dumps(value)}" for name, value in variables.items()]
    return "\n".join(["---", *lines, ""]) if lines else "{}\n"


@pytest.fixture
def lab(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lab]:
    """An adapter with keys side by side and a cluster with keys in place, tricky passwords."""
    monkeypatch.setattr(ose_world, "PASSWORD", PASSWORDS["ose"])
    monkeypatch.setattr(ontap, "PASSWORD", PASSWORDS["ontap"])
    made = Lab(tmp_path, row=Row(request.node.name))
    failed_before = request.session.testsfailed
    made.add("adapter", "ose", "osis")
    made.add("cluster", "ontap", "9.14.1")
    yield made
    TABLE.rows.append(made.row)
    made.close()
    shutil.rmtree(tmp_path, ignore_errors=True)
    missing = DECLARED.get(request.node.originalname, frozenset()) - made.covered
    # One that failed came to no end.
    assert not missing or request.session.testsfailed > failed_before, (
        f"the test says that it covers {missing}, and its runs did not"
    )
