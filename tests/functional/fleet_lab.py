# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of simulated endpoints, its inventory, and runs of the collection's playbooks over it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

import yaml

from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.fleet import Endpoint

from .conftest import BIN, LONGEST, Ansible, Run

SECRETS = ("api_password", "api_token", "api_secret_key")
DAY = 86400.0
#: The endpoints of a small fleet: keys side by side (with and without a label), and in place.
SMALL = {
    "osis": ("ose", "osis"),
    "cloud": ("huawei", "v3.0 access key"),
    "cluster": ("ontap", "9.14.1"),
}
VAULT_PASSWORD = "the vault's password, a canary"


class Fleet:
    """Endpoints that answer, and the files that an operator would have written for them."""

    def __init__(self, folder: Path, wanted: Mapping[str, tuple[str, str]], accounts: int) -> None:
        self.folder = folder
        self.ansible = Ansible(folder)
        self.endpoints: dict[str, Endpoint] = {
            name: fleet.start(name, fleet.platforms()[platform], variant, seed=accounts)
            for name, (platform, variant) in wanted.items()
        }
        self.offset = 0.0
        #: Variables of one host, or of all of them.
        self.host_vars: dict[str, dict[str, Any]] = {name: {} for name in wanted}
        self.variables: dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "s3_rotate_adopt": "rotate",
            "s3_rotate_allow_disruption": True,
            # Nothing stands between: an answer that was lost lands within a second or never.
            "s3_rotate_settle": "1s",
            "s3_rotate_report_dir": str(folder / "evidence"),
            "s3_rotate_secret_store": {
                "type": "ansible_vault",
                "path": str(folder / "secrets"),
                "vault_password_file": str(folder / "vault-password"),
            },
        }
        private(folder / "vault-password", VAULT_PASSWORD)

    # --- the world -------------------------------------------------------------------------------

    def writes(self, name: str) -> int:
        """How many changes an endpoint has counted."""
        return self.endpoints[name].simulator.writes

    def all_writes(self) -> dict[str, int]:
        """How many changes each endpoint has counted."""
        return {name: self.writes(name) for name in self.endpoints}

    def keys(self, name: str) -> set[str]:
        """The access keys that an endpoint has."""
        return set(self.endpoints[name].simulator.access_keys())

    def later(self, days: float) -> None:
        """Let time pass, for the platforms and for the runs to come."""
        self.offset += days * DAY
        for one in self.endpoints.values():
            one.simulator.clock.advance(days * DAY)

    def secrets(self) -> list[str]:
        """Every secret that there is."""
        found = [VAULT_PASSWORD]
        for one in self.endpoints.values():
            found += one.simulator.secrets()
            found += [str(one.options[name]) for name in SECRETS if name in one.options]
        return found

    def stop(self) -> None:
        """Stop serving."""
        for one in self.endpoints.values():
            one.stop()

    # --- what the operator wrote -----------------------------------------------------------------

    def inventory(self) -> Path:
        """Write the inventory and return its path."""
        hosts = {}
        for name, one in self.endpoints.items():
            options = {k: v for k, v in one.options.items() if k not in SECRETS}
            hosts[name] = {
                "s3_rotate_platform": one.platform,
                "s3_rotate_s3_url": one.s3_url,
                **{f"s3_rotate_{option}": value for option, value in options.items()},
                **self.host_vars[name],
            }
        path = self.folder / "fleet.yml"
        tree = {"s3_endpoints": {"hosts": hosts, "vars": self.variables}}
        path.write_text(yaml.safe_dump(tree))
        return path

    # --- runs ------------------------------------------------------------------------------------

    def command(self, book: str, *flags: str) -> list[str]:
        """Return the command that runs a playbook of the collection, or a file."""
        name = book if book.endswith(".yml") else f"objectstore.credentials.{book}"
        return [str(BIN / "ansible-playbook"), name, "-i", str(self.inventory()), *flags]

    def environment(self, more: Optional[Mapping[str, str]] = None) -> dict[str, str]:
        """Return the environment of a run: the logins by file, the clock where it was moved."""
        logins = {
            name: {k: v for k, v in one.options.items() if k in SECRETS}
            for name, one in self.endpoints.items()
        }
        private(self.folder / "logins.json", json.dumps(logins))
        moved = {"S3_CREDENTIALS_TEST_OFFSET": str(int(self.offset))} if self.offset else {}
        return {
            **self.ansible.environment,
            "ANSIBLE_FORKS": "4",
            "S3_CREDENTIALS_FILE": str(self.folder / "logins.json"),
            **moved,
            **(more or {}),
        }

    def run(
        self,
        book: str,
        *flags: str,
        variables: Optional[Mapping[str, Any]] = None,
        environment: Optional[Mapping[str, str]] = None,
    ) -> Run:
        """Run a playbook of the collection over the fleet."""
        given = ["-e", json.dumps(variables)] if variables else []
        done = subprocess.run(
            self.command(book, *given, *flags),
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
            cwd=self.folder,
            env=self.environment(environment),
        )
        return Run(done.returncode, done.stdout + done.stderr, {})

    def report(self, name: str = "report") -> dict[str, Any]:
        """Return the report in its machine form."""
        return dict(json.loads((self.folder / "evidence" / f"{name}.json").read_text()))

    def rows(self, host: str) -> dict[str, dict[str, Any]]:
        """Return what the last run's report says of one endpoint, by account."""
        rows = self.report()["accounts"]
        return {row["account"]: row for row in rows if row["endpoint"] == host}

    def actions(self, host: str) -> dict[str, str]:
        """Return what was done to each account."""
        return {name: row["action"] for name, row in self.rows(host).items()}


def recap(output: str) -> dict[str, dict[str, int]]:
    """Return Ansible's closing table."""
    found = re.findall(r"^(\S+)\s+: (ok=.*)$", output, re.MULTILINE)
    return {
        host: {k: int(v) for k, v in (pair.split("=") for pair in counts.split())}
        for host, counts in found
    }


def private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    return path


def write_tasks(path: Path, tasks: Sequence[Mapping[str, Any]]) -> str:
    """Write a task file and return its path."""
    path.write_text(yaml.safe_dump(list(tasks)))
    return str(path)


def add_consumer(estate: Fleet, *, fails: bool = False) -> None:
    """Have a consumer that notes what it is told, and one that may fail."""
    told = {
        "name": "Note what is told",
        "ansible.builtin.copy": {
            "dest": str(estate.folder) + "/told-{{ inventory_hostname }}-"
            "{{ s3_rotate_accounts | map(attribute='account') | join('+') }}.json",
            "content": "{{ query('objectstore.credentials.s3_secret',"
            " s3_rotate_accounts | map(attribute='account') | list,"
            " platform=s3_rotate_reference.platform, endpoint=s3_rotate_reference.endpoint,"
            " secret_store=s3_rotate_reference.secret_store) | to_json }}",
            "mode": "0600",
        },
        "no_log": True,
        "diff": False,
    }
    broken = {"name": "Break", "ansible.builtin.fail": {"msg": "the backup server is down"}}
    proof = {"name": "Prove", "ansible.builtin.debug": {"msg": "reachable"}}
    check = write_tasks(estate.folder / "check.yml", [proof])
    tasks = write_tasks(estate.folder / "tasks.yml", [told, *([broken] if fails else [])])
    estate.variables["s3_rotate_consumers"] = [{"name": "backup", "tasks": tasks, "check": check}]
