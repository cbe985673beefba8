# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Ansible runs against simulators; one cell of the matrix sets ANSIBLE_BIN_DIR."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Optional
from urllib.parse import quote

import pytest
import yaml

from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer

from .returned import contradictions

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("ANSIBLE_BIN_DIR") or Path(sys.executable).parent)
PLATFORMS = tuple(fleet.platforms())
PACKAGE = "ansible_collections.objectstore.credentials.tests.simulators"
#: Seconds that anything is waited for: a loaded machine is slow, and a test that passes waits less.
LONGEST = 600.0


@dataclass
class Run:
    """What one command printed, and what an ad-hoc module returned."""

    code: int
    output: str
    result: dict[str, Any]


@dataclass
class World:
    """One simulated platform, served, with the module options that reach it."""

    simulator: Simulator
    server: SimulatorServer
    options: dict[str, Any]

    @property
    def secret_options(self) -> dict[str, Any]:
        """The options that must not stand on a command line."""
        return {k: v for k, v in self.options.items() if k in SECRETS}

    @property
    def plain_options(self) -> dict[str, Any]:
        """The others."""
        return {k: v for k, v in self.options.items() if k not in SECRETS}

    def secrets(self) -> list[str]:
        """Every secret of this world."""
        return [*self.simulator.secrets(), *(str(v) for v in self.secret_options.values())]


SECRETS = ("api_password", "api_token", "api_secret_key")


def make_world(name: str, variant: Optional[str] = None, accounts: int = 3) -> World:
    """Start a seeded simulator of a platform."""
    simulator_class = import_module(f"{PACKAGE}.{name}").SIMULATOR
    chosen = simulator_class.VARIANTS[variant or next(iter(simulator_class.VARIANTS))]
    simulator = simulator_class(**chosen.modes)
    simulator.seed(accounts)
    server = SimulatorServer(simulator).start()
    url = server.url + simulator.BASE_PATH
    options = {"platform": name, "api_url": url, **chosen.options}
    options = {
        key: value.replace("{url}", server.url) if isinstance(value, str) else value
        for key, value in options.items()
    }
    return World(simulator, server, options)


@pytest.fixture
def worlds() -> Iterator[dict[str, World]]:
    """All platforms, served."""
    started = {name: make_world(name) for name in PLATFORMS}
    yield started
    for world in started.values():
        world.server.stop()


@pytest.fixture
def ose() -> Iterator[World]:
    """A Cloud Director OSIS adapter."""
    world = make_world("ose")
    yield world
    world.server.stop()


@pytest.fixture
def ontap() -> Iterator[World]:
    """An ONTAP cluster."""
    world = make_world("ontap")
    yield world
    world.server.stop()


class Ansible:
    """Runs the ansible commands of this cell in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "S3_"))},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "ANSIBLE_PYTHON_INTERPRETER": os.environ.get("MODULE_PYTHON", str(BIN / "python")),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            # What a test keeps may vanish with the container that tests may run in.
            "S3_ALLOW_EPHEMERAL": "true",
        }

    def adhoc(
        self,
        module: str,
        arguments: Mapping[str, Any],
        *flags: str,
        environment: Optional[Mapping[str, str]] = None,
    ) -> Run:
        """Run one module, its arguments as one line of name=value (JSON where needed)."""
        line = " ".join(f"{k}={_word(v)}" for k, v in arguments.items())
        return self.typed(module, line, *flags, environment=environment)

    def typed(
        self,
        module: str,
        line: str,
        *flags: str,
        environment: Optional[Mapping[str, str]] = None,
    ) -> Run:
        """Run one module with its arguments as a person types them."""
        command = ["ansible", "localhost", "-m", f"objectstore.credentials.{module}", "-a", line]
        run = self._run([*command, *flags], environment)
        assert contradictions(module, run.result) == []
        return run

    def playbook(
        self,
        tasks: list[dict[str, Any]],
        *flags: str,
        environment: Optional[Mapping[str, str]] = None,
        play: Optional[Mapping[str, Any]] = None,
        inventory: str = "localhost,",
    ) -> Run:
        """Run tasks on localhost, or on the hosts that a play names in an inventory."""
        book = self.folder / "book.yml"
        first = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        book.write_text(yaml.safe_dump([{**first, **(play or {}), "tasks": tasks}]))
        return self._run(["ansible-playbook", "-i", inventory, str(book), *flags], environment)

    def inventory(self, *arguments: str, environment: Optional[Mapping[str, str]] = None) -> Run:
        """Run ansible-inventory; its result is what it printed as JSON."""
        run = self._run(["ansible-inventory", *arguments], environment)
        if "--graph" not in arguments and run.code == 0:
            run.result = json.JSONDecoder().raw_decode(run.output[run.output.index("{") :])[0]
        return run

    def credentials_file(self, entries: Mapping[str, Any]) -> dict[str, str]:
        """Write a credentials file and return the environment that names it."""
        path = self.folder / "logins.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(entries))
        return {"S3_CREDENTIALS_FILE": str(path)}

    def _run(self, command: list[str], environment: Optional[Mapping[str, str]]) -> Run:
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
        )
        output = done.stdout + done.stderr
        return Run(done.returncode, output, _result(done.stdout))


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    """A way to run Ansible."""
    return Ansible(tmp_path)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value)
    return "'" + text.replace("'", "'\"'\"'") + "'" if re.search(r"[\s'\"\[{,]", text) else text


def _result(stdout: str) -> dict[str, Any]:
    found = re.search(r"^localhost \| \S+!? => (\{.*^\})", stdout, re.MULTILINE | re.DOTALL)
    return dict(json.loads(found[1])) if found else {}


def forms(secret: str) -> set[str]:
    """Return a secret as it might turn up in an output."""
    raw = secret.encode()
    return {
        secret,
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
    }


def assert_no_secret(text: str, secrets: list[str]) -> None:
    """Fail if any secret stands in a text, in any form."""
    assert len(secrets) > 3, "a world without secrets proves nothing"
    leaked = [secret for secret in secrets for form in forms(secret) if form in text]
    assert not leaked, f"{len(leaked)} secrets leaked, the first begins with {leaked[0][:4]}"
