# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_access_key_rotate as a user runs it: one playbook over two platforms, and ad-hoc commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.fleet import Endpoint

from .conftest import SECRETS, Ansible, Run, assert_no_secret

FQCN = "objectstore.credentials."
MODULE = FQCN + "s3_access_key_rotate"
ACCOUNTS = ("app-0001", "app-0002")
VAULT_PASSWORD = "made-up-vault-password-9000"
#: Endpoint -> the simulator behind it: old and new key side by side, and replaced in place.
ENDPOINTS = {"adapter": ("ose", "osis"), "cluster": ("ontap", "9.14.1")}


@dataclass
class Site:
    """Both endpoints, a folder of files, and a way to run Ansible."""

    ansible: Ansible
    endpoints: dict[str, Endpoint]

    @property
    def folder(self) -> Path:
        """Where records, journal and reports go."""
        return self.ansible.folder

    @property
    def store(self) -> dict[str, Any]:
        """The secret store."""
        return {
            "type": "ansible_vault",
            "path": str(self.folder / "records"),
            "vault_password_file": str(self.folder / "password"),
        }

    def options(self, name: str, **more: Any) -> dict[str, Any]:
        """Return the options of a rotation, without the login."""
        endpoint = self.endpoints[name]
        plain = {k: v for k, v in endpoint.options.items() if k not in SECRETS}
        return {
            "platform": endpoint.platform,
            "endpoint": name,
            **plain,
            "users": list(ACCOUNTS),
            "adopt": "rotate",
            "allow_disruption": True,
            "secret_store": self.store,
            "verify": {"s3_url": endpoint.s3_url, "interval": "10ms".replace("10ms", "1s")},
            "journal": str(self.folder / "journal"),
            **more,
        }

    def secrets(self) -> list[str]:
        """Return all that must be shown nowhere."""
        found = [VAULT_PASSWORD]
        for endpoint in self.endpoints.values():
            found += endpoint.simulator.secrets()
            found += [str(v) for k, v in endpoint.options.items() if k in SECRETS]
        return found

    def writes(self) -> dict[str, int]:
        """Return how many changes each platform made."""
        return {name: one.simulator.writes for name, one in self.endpoints.items()}


def open_site(folder: Path) -> Site:
    """Start the simulators, two accounts each."""
    endpoints = {}
    known = fleet.platforms()
    for name, (platform, variant) in ENDPOINTS.items():
        endpoints[name] = fleet.start(name, known[platform], variant, seed=len(ACCOUNTS))
    site = Site(Ansible(folder), endpoints)
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text(VAULT_PASSWORD)
    (folder / "other-password").touch(mode=0o600)
    (folder / "other-password").write_text("no-password-of-this-store")
    site.ansible.environment.update(
        site.ansible.credentials_file(
            {name: {k: one.options[k] for k in SECRETS if k in one.options} for name, one in endpoints.items()}
        )
    )
    return site


@dataclass
class Told:
    """What the tasks of one playbook returned, by the name that registered them."""

    site: Site
    run: Run
    results: dict[str, Any]
    writes: dict[str, dict[str, int]]

    def actions(self, task: str) -> list[str]:
        """Return what a task did, account by account."""
        return [row["action"] for row in self.results[task]["accounts"]]


def rotation(site: Site, register: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a task that rotates."""
    task = {key: more.pop(key) for key in ("check_mode", "diff", "ignore_errors") if key in more}
    return {MODULE: site.options(name, **more), "register": register, **task}


def look_up(register: str, name: str, platform: str, pair: str) -> dict[str, Any]:
    """Return a task that looks up the pair of the first account."""
    call = (
        f"lookup('objectstore.credentials.s3_secret', '{ACCOUNTS[0]}', platform='{platform}',"
        f" endpoint='{name}', secret_store=store, pair='{pair}')"
    )
    return {
        "ansible.builtin.set_fact": {register: "{{ " + call + " }}"},
        "no_log": True,
    }


def tasks_of(site: Site) -> list[dict[str, Any]]:
    """Return the tasks of a life: planned, rotated, quiet, acknowledged, audited, refused."""
    explicit: dict[str, Any] = {"acknowledge": "explicit"}
    report = str(site.folder / "report.jsonl")
    wrong = {**site.store, "vault_password_file": str(site.folder / "other-password")}
    said = {"state": "acknowledged", "users": [ACCOUNTS[0]]}
    return [
        rotation(site, "plan_overlap", "adapter", check_mode=True, diff=True, **explicit),
        rotation(site, "plan_in_place", "cluster", check_mode=True, diff=True),
        rotation(site, "overlap", "adapter", report_path=report, **explicit),
        rotation(site, "in_place", "cluster"),
        rotation(site, "again_in_place", "cluster"),
        rotation(site, "announced", "adapter", **explicit),
        rotation(site, "not_said", "adapter", **said, access_key="AKOFNOBODY", ignore_errors=True),
        rotation(
            site,
            "said",
            "adapter",
            **said,
            access_key="{{ now.access_key }}",
        ),
        rotation(site, "locked_out", "adapter", secret_store=wrong, ignore_errors=True),
        rotation(site, "homeless", "adapter", secret_store=None, ignore_errors=True),
        {
            FQCN + "s3_credential_info": {
                name: value
                for name, value in site.options("adapter").items()
                if name in ("platform", "endpoint", "api_url", "api_username", "users", "tenant")
                or name in ("secret_store", "journal")
            },
            "register": "audit",
        },
    ]


NAMES = (
    "plan_overlap plan_in_place overlap in_place again_in_place announced not_said said locked_out"
    " homeless audit now before only"
).split()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One playbook with all of it."""
    site = open_site(tmp_path_factory.mktemp("site"))
    tasks = tasks_of(site)
    # The pairs are read when both platforms have rotated.
    tasks[6:6] = [
        look_up("now", "adapter", "ose", "current"),
        look_up("before", "adapter", "ose", "previous"),
        look_up("only", "cluster", "ontap", "current"),
    ]
    keep = {
        "ansible.builtin.copy": {
            "dest": str(site.folder / "told.json"),
            "mode": "0600",
            "content": "{{ dict(names | zip(names | map('extract', vars))) | to_json }}",
        },
        "no_log": True,
        "diff": False,
    }
    run = site.ansible.playbook(
        [*tasks, keep], "-vvv", play={"vars": {"store": site.store, "names": NAMES}}
    )
    assert run.code == 0, run.output[-4000:]
    results = json.loads((site.folder / "told.json").read_text())
    yield Told(site, run, results, {})
    for endpoint in site.endpoints.values():
        endpoint.stop()


def test_unmanaged_accounts_are_taken_over_on_both_platforms(told: Told) -> None:
    for name in ("overlap", "in_place"):
        assert told.actions(name) == ["rotated", "rotated"]
        assert told.results[name]["changed"] is True
        assert told.results[name]["managed"] is True
    assert told.site.writes() == {"adapter": 2, "cluster": 2}
