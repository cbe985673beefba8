# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pair on two clusters, as a user runs it: planned, half-done, finished, told to a consumer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.fleet import Endpoint

from .conftest import SECRETS, Ansible, assert_no_secret

pytestmark = pytest.mark.fleet

MODULE = "objectstore.credentials.s3_access_key_rotate"
LOOKUP = "objectstore.credentials.s3_secret"
ACCOUNTS = ("app-0001", "app-0002")
VAULT_PASSWORD = "made-up-vault-password-9000"
NAMES = ["plan", "half", "finished", "again", "pair", "alone", "emptied"]


class Pair:
    """Two clusters, their logins in a file, and a way to run Ansible."""

    def __init__(self, folder: Path) -> None:
        ontap = fleet.platforms()["ontap"]
        self.near = fleet.start("near", ontap, "9.16.1", seed=len(ACCOUNTS))
        self.far = fleet.start("far", ontap.another(), "9.16.1", seed=len(ACCOUNTS))
        for name in ACCOUNTS:
            far: Any = self.far.simulator
            far.svm.users[name].slots.clear()
        self.ansible = Ansible(folder)
        (folder / "password").touch(mode=0o600)
        (folder / "password").write_text(VAULT_PASSWORD)
        logins = {
            one.label: {k: one.options[k] for k in SECRETS if k in one.options}
            for one in (self.near, self.far)
        }
        # Of the mirror the file says everything.
        logins["far"].update(self.far.options)
        self.ansible.environment.update(self.ansible.credentials_file(logins))
        self.store = {
            "type": "ansible_vault",
            "path": str(folder / "records"),
            "vault_password_file": str(folder / "password"),
        }

    @property
    def entry(self) -> dict[str, Any]:
        """The mirror with its login, as an entry of the option."""
        return {"endpoint": "far", "s3_url": self.far.s3_url, **self.far.options}

    def task(self, register: str, **more: Any) -> dict[str, Any]:
        """Return a task that rotates."""
        about: dict[str, Any] = {
            k: more.pop(k) for k in ("check_mode", "diff", "ignore_errors") if k in more
        }
        plain = {k: v for k, v in self.near.options.items() if k not in SECRETS}
        options = {
            "platform": "ontap",
            "endpoint": "near",
            **plain,
            "users": list(ACCOUNTS),
            "adopt": "rotate",
            "allow_disruption": True,
            "canary": 0,
            "settle": "2s",
            "mirrors": [{"endpoint": "far", "s3_url": self.far.s3_url}],
            "secret_store": self.store,
            "verify": {"s3_url": self.near.s3_url, "interval": "1s"},
            "journal": str(self.ansible.folder / "journal"),
            "report_unchanged": True,
            **more,
        }
        return {MODULE: options, "register": register, **about}

    def secrets(self) -> list[str]:
        """Return all that must be shown nowhere."""
        found = [VAULT_PASSWORD]
        for one in (self.near, self.far):
            found += one.simulator.secrets()
            found += [str(v) for k, v in one.options.items() if k in SECRETS]
        return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pair, dict[str, Any], str]]:
    """One playbook with all of it."""
    pair = Pair(tmp_path_factory.mktemp("pair"))
    # The endpoint refuses the first account's key after its mirror has taken it.
    fault = {"action": "status", "method": "PATCH", "path": "app-0001.*regenerate", "status": 403}
    remote = {"url": f"{pair.near.server.url}/_simulator/faults", "status_code": 204}
    uri = "ansible.builtin.uri"
    call = (
        f"lookup('{LOOKUP}', '{ACCOUNTS[0]}', platform='ontap', endpoint='near',"
        " secret_store=store)"
    )
    tasks = [
        pair.task("plan", check_mode=True, diff=True),
        {uri: {**remote, "method": "POST", "body": {**fault, "times": 0}, "body_format": "json"}},
        pair.task("half", ignore_errors=True),
        {uri: {**remote, "method": "DELETE"}},
        pair.task("finished"),
        # The login stands in the task this time, as a vaulted variable would put it there.
        pair.task("again", mirrors=[pair.entry]),
        {"ansible.builtin.set_fact": {"pair": "{{ " + call + " }}"}, "no_log": True},
        pair.task("alone", mirrors=[], ignore_errors=True),
        pair.task("emptied", secret_store=None, ignore_errors=True),
        {
            "ansible.builtin.copy": {
                "dest": str(pair.ansible.folder / "told.json"),
                "mode": "0600",
                "content": "{{ dict(names | zip(names | map('extract', vars))) | to_json }}",
            },
            "no_log": True,
            "diff": False,
        },
    ]
    variables = {"store": pair.store, "names": NAMES}
    run = pair.ansible.playbook(tasks, "-vvv", play={"vars": variables})
    assert run.code == 0, run.output[-4000:]
    yield pair, json.loads((pair.ansible.folder / "told.json").read_text()), run.output
    pair.near.stop()
    pair.far.stop()


Told = tuple[Pair, dict[str, Any], str]


def rows(told: Told, task: str) -> dict[str, dict[str, Any]]:
    """Return what a task did, by account."""
    return {row["account"]: row for row in told[1][task]["accounts"]}


def keys(one: Endpoint) -> dict[str, list[str]]:
    """Return the access keys that a cluster really has, by account."""
    return {name: sorted(one.simulator.keys_of(name)) for name in ACCOUNTS}


def test_plan_says_where_and_sends_nothing(told: Told) -> None:
    result = told[1]["plan"]
    assert result["mirrors"] == ["far"]
    assert [row["action"] for row in result["accounts"]] == ["rotated", "rotated"]
    assert result["accounts"][0]["details"]["endpoints"] == ["near", "far"]
    assert "near, far" in json.dumps(result["diff"])


def test_half_done_one_fails_and_says_where_the_new_key_is(told: Told) -> None:
    row = rows(told, "half")[ACCOUNTS[0]]
    assert row["action"] == "failed"
    assert row["failure"]["details"]["endpoints"] == {"far": "written", "near": "not written"}
    assert row["details"]["written_at"] == ["far"]
    assert told[1]["half"]["failed"] is True
    assert told[1]["half"]["changed"] is True


def test_next_run_finishes_it_and_a_third_changes_nothing(told: Told) -> None:
    pair = told[0]
    assert rows(told, "finished")[ACCOUNTS[0]]["action"] == "resumed"
    assert rows(told, "finished")[ACCOUNTS[0]]["details"]["written_at"] == ["near"]
    assert told[1]["again"]["changed"] is False
    assert keys(pair.near) == keys(pair.far)
    # One key each for two accounts, and one that was refused.
    assert (pair.near.simulator.writes, pair.far.simulator.writes) == (2, 2)


def test_consumers_look_the_pair_up_and_both_clusters_take_it(told: Told) -> None:
    pair, results, _output = told
    found = results["pair"]
    assert rows(told, "again")[ACCOUNTS[0]]["access_key"] == found["access_key"]
    for one in (pair.near, pair.far):
        assert one.simulator.secret_of(found["access_key"]) == found["secret_key"]


def test_run_without_the_mirror_and_one_without_a_store_are_refused(told: Told) -> None:
    assert {row["action"] for row in told[1]["alone"]["accounts"]} == {"drifted"}
    assert "mirrors" in told[1]["alone"]["msg"]
    assert told[1]["emptied"]["failure"]["kind"] == "invalid_option"


def test_no_secret_is_shown_and_the_journal_names_both(told: Told) -> None:
    pair, _results, output = told
    assert_no_secret(output, pair.secrets())
    lines = "".join(
        path.read_text() for path in (pair.ansible.folder / "journal").rglob("*") if path.is_file()
    )
    assert '"endpoints": "near, far"' in lines or '"endpoints":"near, far"' in lines
    assert_no_secret(lines, pair.secrets())
