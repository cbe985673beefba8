# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_secret_store as a user runs it, between rotations, lookups and ansible-vault."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double

from .conftest import BIN, LONGEST, Ansible, World, assert_no_secret
from .test_custody import store_of
from .test_modules import FQCN, recap

pytestmark = pytest.mark.oldest

USERS = ("backup", "archive", "media")


@pytest.fixture
def kept(ansible: Ansible, ontap: World) -> dict[str, Any]:
    """A store of files with the records of three new users; returns the option secret_store."""
    store = store_of(ansible)
    user = {"name": list(USERS), **ontap.options, "secret_store": store, "endpoint": "cluster1"}
    made = ansible.playbook([{FQCN + "ontap_s3_user": user}])
    assert made.code == 0, made.output
    return store


@pytest.fixture
def server() -> Iterator[dict[str, Any]]:
    """A KV version 2 server; returns the option that reaches it."""
    double = VaultKv2Double()
    running = SimulatorServer(double).start()
    yield {"type": "vault_kv2", "url": running.url, "token": double.issue_token()}
    running.stop()


def password_file(ansible: Ansible, name: str, text: str) -> str:
    """Write a password file."""
    path = ansible.folder / name
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return str(path)


def file_of(store: dict[str, Any], user: str) -> Path:
    """Return the file of a user's record."""
    return Path(store["path"]) / "ontap" / "cluster1" / f"{user}.yml"


def secrets_of(ansible: Ansible, store: dict[str, Any]) -> list[str]:
    """Return the secret keys in a store, as the lookup gives them to consumers."""
    out = ansible.folder / "pairs.json"
    call = ", platform='ontap', endpoint='cluster1', secret_store=store"
    accounts = ", ".join(repr(user) for user in USERS)
    pairs = "{{ query('" + FQCN + "s3_secret', " + accounts + call + ") | to_json }}"
    task = {"copy": {"dest": str(out), "content": pairs}, "no_log": True, "vars": {"store": store}}
    run = ansible.playbook([task])
    assert run.code == 0, run.output
    return [pair["secret_key"] for pair in json.loads(out.read_text())]


def test_store_is_checked_ad_hoc_without_any_platform(
    ansible: Ansible, kept: dict[str, Any]
) -> None:
    run = ansible.adhoc("s3_secret_store", {"secret_store": kept, "open_secrets": True})
    assert run.code == 0, run.output
    result = run.result
    assert result["changed"] is False
    assert result["accounts"] == []
    assert (result["totals"]["managed"], result["totals"]["secrets_opened"]) == (3, 3)
    assert result["opened_with"] == {f"vault_password_file {kept['vault_password_file']}": 3}
    named = ansible.adhoc("s3_secret_store", {"secret_store": kept, "endpoint": "localhost"})
    assert named.result["totals"]["accounts"] == 0


def test_record_that_cannot_be_read_fails_the_task_and_is_named(
    ansible: Ansible, kept: dict[str, Any]
) -> None:
    path = file_of(kept, "archive")
    path.write_text(path.read_text()[:300])
    report = ansible.folder / "store.jsonl"
    run = ansible.adhoc("s3_secret_store", {"secret_store": kept, "report_path": str(report)})
    assert run.code != 0
    failure = run.result["failure"]
    assert (failure["kind"], failure["account"]) == ("store_unreadable", "archive")
    assert (failure["platform"], failure["endpoint"]) == ("ontap", "cluster1")
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert {(row["account"], row["action"]) for row in rows} == {
        ("archive", "failed"),
        ("backup", "unchanged"),
        ("media", "unchanged"),
    }
    assert all(row["endpoint"] == "cluster1" for row in rows)


def test_defaults_of_the_action_group_fit(ansible: Ansible, kept: dict[str, Any]) -> None:
    defaults = {
        "group/objectstore.credentials.all": {
            "api_url": "https://nobody.invalid",
            "api_password": "canary-of-a-login-0815",
            "svm": "svm-s3",
            "requests_per_second": 3,
            "secret_store": kept,
        }
    }
    run = ansible.playbook(
        [{FQCN + "s3_secret_store": {}}], "-vvv", play={"module_defaults": defaults}
    )
    assert run.code == 0, run.output
    assert "canary-of-a-login-0815" not in run.output


def test_new_password_is_one_that_ansible_vault_knows(
    ansible: Ansible, ontap: World, kept: dict[str, Any]
) -> None:
    before = secrets_of(ansible, kept)
    new = password_file(ansible, "new.password", "another made up password")
    task = {
        FQCN + "s3_secret_store": {
            "state": "rekeyed",
            "secret_store": kept,
            "new_vault_password_file": new,
            "report_unchanged": True,
        }
    }
    planned = ansible.playbook([task], "--check", "--diff")
    assert "changed=1" in recap(planned.output), planned.output
    assert secrets_of(ansible, kept) == before
    run = ansible.playbook([task], "-vvv")
    assert "changed=1" in recap(run.output), run.output
    assert "changed=0" in recap(ansible.playbook([task]).output)
    renewed = {**kept, "vault_password_file": new}
    assert secrets_of(ansible, renewed) == before
    # Ansible itself: the whole of one secret by ansible-vault, the others by include_vars.
    text = file_of(kept, "backup").read_text()
    found = re.search(r"\$ANSIBLE_VAULT[^\n]*\n(?: +[0-9a-f]+\n)+", text)
    assert found
    single = ansible.folder / "single"
    single.write_text("\n".join(line.strip() for line in found[0].splitlines()))
    done = subprocess.run(
        [
            str(BIN / "ansible-vault"),
            "decrypt",
            "--vault-password-file",
            new,
            "--output",
            "-",
            single,
        ],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=True,
        env=ansible.environment,
    )
    assert done.stdout == before[0]
    out = ansible.folder / "out.txt"
    read = ansible.playbook(
        [
            {"include_vars": {"file": str(file_of(kept, "archive")), "name": "record"}},
            {"copy": {"dest": str(out), "content": "{{ record.current.secret_key }}"}},
        ],
        "--vault-password-file",
        new,
    )
    assert read.code == 0, read.output
    assert out.read_text() == before[1]
    old = ansible.adhoc("s3_secret_store", {"secret_store": kept})
    assert old.result["failure"]["kind"] == "store_refused"
    assert_no_secret(run.output + planned.output, [*before, *ontap.secrets()])


def test_new_password_comes_from_the_controller(ansible: Ansible, kept: dict[str, Any]) -> None:
    new = password_file(ansible, "new.password", "another made up password")
    store = {"type": "ansible_vault", "path": kept["path"]}
    arguments = {"state": "rekeyed", "secret_store": store, "new_vault_id": "y2027"}
    run = ansible.playbook(
        [{FQCN + "s3_secret_store": arguments}],
        "--vault-id",
        f"old@{kept['vault_password_file']}",
        "--vault-id",
        f"y2027@{new}",
    )
    assert "changed=1" in recap(run.output), run.output
    assert ";y2027\n" in file_of(kept, "backup").read_text()


def test_moved_records_are_refused_at_the_old_place_by_rotation_and_lookup(
    ansible: Ansible, ontap: World, kept: dict[str, Any], server: dict[str, Any]
) -> None:
    before = secrets_of(ansible, kept)
    task = {
        FQCN + "s3_secret_store": {
            "state": "copied",
            "secret_store": kept,
            "destination": server,
            "report_unchanged": True,
        },
        "register": "copy",
    }
    planned = ansible.playbook([task], "--check", "--diff")
    assert "changed=1" in recap(planned.output), planned.output
    run = ansible.playbook([task], "--diff", "-vvv")
    assert "changed=1" in recap(run.output), run.output
    assert "mount secret, path" in run.output
    assert "changed=0" in recap(ansible.playbook([task]).output)
    assert secrets_of(ansible, server) == before
    writes = ontap.simulator.writes
    rotate = {
        **ontap.options,
        "endpoint": "cluster1",
        "all": True,
        "force": True,
        "allow_disruption": True,
        "verify": {"enabled": False},
    }
    old = ansible.playbook(
        [
            {
                FQCN + "s3_access_key_rotate": {**rotate, "secret_store": kept},
                "register": "old",
                "failed_when": "old.failure.kind != 'store_moved' or old.changed",
            },
            {
                "ansible.builtin.assert": {
                    "that": [
                        "old.totals.failed == 3",
                        f"'{server['url']}' in old.failure.message",
                    ]
                }
            },
        ]
    )
    assert old.code == 0, old.output
    assert ontap.simulator.writes == writes
    asked = ansible.playbook(
        [
            {
                "debug": {
                    "msg": "{{ lookup('"
                    + FQCN
                    + "s3_secret', 'backup', platform='ontap', endpoint='cluster1',"
                    " secret_store=store) }}"
                },
                "vars": {"store": kept},
            }
        ]
    )
    assert asked.code != 0
    assert "was moved to vault_kv2" in " ".join(asked.output.split())
    rotated = ansible.playbook(
        [{FQCN + "s3_access_key_rotate": {**rotate, "secret_store": server}}]
    )
    assert "changed=1" in recap(rotated.output), rotated.output
    after = secrets_of(ansible, server)
    assert not set(after) & set(before)
    assert_no_secret(run.output + planned.output + old.output, [*before, *ontap.secrets()])


def test_secrets_at_the_old_place_are_destroyed_when_asked_for(
    ansible: Ansible, kept: dict[str, Any], server: dict[str, Any]
) -> None:
    arguments = {"state": "copied", "secret_store": kept, "destination": server, "destroy": True}
    run = ansible.adhoc("s3_secret_store", arguments)
    assert run.code == 0, run.output
    assert run.result["totals"]["copied"] == 3
    assert "$ANSIBLE_VAULT" not in file_of(kept, "backup").read_text()
    assert len(secrets_of(ansible, server)) == 3
    missing = ansible.adhoc("s3_secret_store", {"state": "copied", "secret_store": kept})
    assert "destination" in missing.result["msg"]
