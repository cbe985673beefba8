# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules beside s3_access_key_rotate with a secret store, as a user runs them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from .conftest import Ansible, World, assert_no_secret
from .test_modules import FQCN, key_of, recap

pytestmark = pytest.mark.oldest


def store_of(ansible: Ansible) -> dict[str, Any]:
    """Return a secret store of files."""
    password = ansible.folder / "vault.password"
    password.write_text("made-up vault password\n")
    password.chmod(0o600)
    path = str(ansible.folder / "secrets")
    return {"type": "ansible_vault", "path": path, "vault_password_file": str(password)}


def test_new_users_are_managed_and_what_their_records_hold_is_not_ended(
    ansible: Ansible, ontap: World
) -> None:
    options = {**ontap.options, "secret_store": store_of(ansible)}
    user = {"name": ["backup", "archive"], **options}
    tasks: list[dict[str, Any]] = [
        {FQCN + "ontap_s3_user": user},
        {FQCN + "s3_credential_info": {"all": True, **options}, "register": "seen"},
        {"ansible.builtin.assert": {"that": ["seen.totals.managed == 2"]}},
        {
            FQCN + "ontap_s3_user": {**user, "state": "absent", "allow_disruption": True},
            "register": "kept",
            "failed_when": "kept.failure.kind != 'held_by_record'",
        },
    ]
    rehearsed = ansible.playbook(tasks[:1], "--check", "--diff")
    assert rehearsed.code == 0, rehearsed.output
    assert ontap.simulator.writes == 0
    assert not (ansible.folder / "secrets").exists()
    first = ansible.playbook(tasks, "--diff", "-vvv")
    assert first.code == 0, first.output[-4000:]
    assert "changed=1" in recap(first.output)
    assert ontap.simulator.writes == 2
    second = ansible.playbook(tasks)
    assert "changed=0" in recap(second.output)
    third = ansible.adhoc(
        "ontap_s3_user",
        {**ontap.plain_options, "name": "third", "secret_store": options["secret_store"]},
        environment=ansible.credentials_file({"localhost": ontap.secret_options}),
    )
    assert [row["action"] for row in third.result["accounts"]] == ["created"]
    assert_no_secret(first.output, ontap.secrets())
    (path,) = (ansible.folder / "secrets").rglob("backup.yml")
    assert yaml.compose(path.read_text()) is not None
    assert_no_secret(path.read_text(), ontap.secrets())


def test_current_key_is_not_disabled_ad_hoc(ansible: Ansible, ose: World) -> None:
    store = store_of(ansible)
    common = {**ose.plain_options, "secret_store": store}
    environment = ansible.credentials_file({"localhost": ose.secret_options})
    key = key_of(ose)
    owner = {
        "access_key": key,
        "status": "inactive",
        "allow_disruption": True,
        **common,
    }
    before = ansible.adhoc(
        "s3_access_key_rotate",
        {**common, "all": True, "adopt": "import", "verify": {"enabled": False}},
        environment=environment,
    )
    assert before.code == 0, before.output
    run = ansible.adhoc("s3_credential_status", owner, environment=environment)
    assert run.code != 0
    assert run.result["failure"]["kind"] == "held_by_record"
    assert run.result["changed"] is False
    assert ose.simulator.secret_of(key) is not None
    assert_no_secret(run.output, ose.secrets())
