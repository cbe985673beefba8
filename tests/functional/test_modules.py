# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as a user runs them: ad hoc, in a playbook, in check mode, wrong, and at -vvvv."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Ansible, World, assert_no_secret

FQCN = "objectstore.credentials."


def key_of(world: World, number: int = 0) -> str:
    """Return one of a world's access keys."""
    return sorted(world.simulator.access_keys())[number]


def test_disable_ad_hoc_changes_once(ansible: Ansible, ose: World) -> None:
    key = key_of(ose)
    arguments = {
        **ose.plain_options,
        "access_key": key,
        "status": "inactive",
        "allow_disruption": True,
    }
    environment = {
        "S3_OSE_API_URL": ose.options["api_url"],
        **{f"S3_OSE_{name.upper()}": value for name, value in ose.secret_options.items()},
    }
    first = ansible.adhoc("s3_credential_status", arguments, environment=environment)
    assert first.code == 0, first.output
    assert first.result["changed"] is True
    assert first.result["accounts"][0]["action"] == "disabled"
    assert ose.simulator.secret_of(key) is None
    second = ansible.adhoc("s3_credential_status", arguments, environment=environment)
    assert second.code == 0, second.output
    assert second.result["changed"] is False
    assert ose.simulator.writes == 1
    assert_no_secret(first.output + second.output, ose.secrets())


def test_wrong_password_says_what_to_do_and_not_the_password(
    ansible: Ansible, ontap: World
) -> None:
    wrong = "Sesame-Open-4711!"
    run = ansible.adhoc(
        "s3_credential_info",
        {**ontap.plain_options, "all": True},
        environment=ansible.credentials_file({"localhost": {"api_password": wrong}}),
    )
    assert run.code != 0
    assert run.result["failure"]["kind"] == "authentication"
    assert run.result["failure"]["endpoint"] == "localhost"
    assert run.result["failure"]["next_step"]
    assert "Traceback" not in run.output
    assert wrong not in run.output


def test_refused_connection_is_no_traceback(ansible: Ansible, ontap: World) -> None:
    ontap.server.stop()
    run = ansible.adhoc(
        "s3_credential_info",
        {**ontap.plain_options, "all": True, "timeout": "2s"},
        environment=ansible.credentials_file({"localhost": ontap.secret_options}),
    )
    assert run.result["failure"]["kind"] == "unreachable"
    assert "api_url" in run.result["msg"]
    assert "Traceback" not in run.output
    ontap.server = type(ontap.server)(ontap.simulator).start()


def four_tasks(worlds: dict[str, World], once: bool) -> list[dict[str, Any]]:
    """Return tasks over all platforms; once: with the options that act at every run."""
    huawei, ontap, ose = (worlds[name] for name in ("huawei", "ontap", "ose"))
    user: dict[str, Any] = {"name": ["app-0001", "app-0002"], "comment": "backup of site A"}
    if once:
        user.update(regenerate_keys=True, return_secret=True, allow_disruption=True)
    vault = {"name": "vault-a", "plan": "sp1", "owners": ["app-0001"]}
    tasks: list[dict[str, Any]] = [
        {
            FQCN + "s3_credential_status": {
                "access_keys": [key_of(ose), key_of(ose, 1)],
                "status": "inactive",
                "allow_disruption": True,
                **ose.options,
            }
        },
        {
            FQCN + "s3_credential_status": {
                "access_key": key_of(huawei),
                "description": "seen by the test",
                **huawei.options,
            }
        },
        {FQCN + "ontap_s3_user": {**user, **ontap.options}, "register": "users"},
        {FQCN + "s3_vault": {**vault, **worlds["commvault"].options}},
    ]
    tasks += [
        {FQCN + "s3_credential_info": {"all": True, **worlds[name].options}} for name in worlds
    ]
    return tasks


def recap(output: str) -> str:
    """Return the line that sums up localhost."""
    return next(line for line in output.splitlines() if line.startswith("localhost  "))


def writes(worlds: dict[str, World]) -> int:
    """Return how many changes all platforms made."""
    return sum(world.simulator.writes for world in worlds.values())


@pytest.mark.fleet
def test_check_mode_over_all_platforms_writes_nothing(
    ansible: Ansible, worlds: dict[str, World]
) -> None:
    run = ansible.playbook(four_tasks(worlds, once=True), "--check", "--diff", "-vvvv")
    assert run.code == 0, run.output[-4000:]
    assert "changed=4" in recap(run.output)
    assert writes(worlds) == 0
    assert_no_secret(run.output, [s for w in worlds.values() for s in w.simulator.secrets()])


@pytest.mark.fleet
def test_second_run_over_all_platforms_changes_nothing(
    ansible: Ansible, worlds: dict[str, World]
) -> None:
    first = ansible.playbook(four_tasks(worlds, once=False), "--diff", "-vvv")
    assert first.code == 0, first.output[-4000:]
    assert "changed=4" in recap(first.output)
    done = writes(worlds)
    second = ansible.playbook(four_tasks(worlds, once=False), "--diff")
    assert second.code == 0, second.output[-4000:]
    assert "changed=0" in recap(second.output)
    assert writes(worlds) == done
    assert_no_secret(first.output, [s for w in worlds.values() for s in w.simulator.secrets()])


def test_returned_secret_reaches_register_and_nothing_else(ansible: Ansible, ontap: World) -> None:
    kept = ansible.folder / "kept.json"
    tasks: list[dict[str, Any]] = [
        {
            FQCN + "ontap_s3_user": {
                "name": "app-0001",
                "regenerate_keys": True,
                "return_secret": True,
                "allow_disruption": True,
                **ontap.plain_options,
            },
            "register": "users",
        },
        {
            "ansible.builtin.copy": {
                "dest": str(kept),
                "mode": "0600",
                "content": "{{ users.accounts | to_json }}",
            },
            "no_log": True,
            "diff": False,
        },
    ]
    environment = ansible.credentials_file({"localhost": ontap.secret_options})
    for traceback in ("never", "always"):
        environment["ANSIBLE_DISPLAY_TRACEBACK"] = traceback
        run = ansible.playbook(tasks, "-vvvv", "--diff", environment=environment)
        assert run.code == 0, run.output[-4000:]
        account = json.loads(kept.read_text())[0]
        assert ontap.simulator.secret_of(account["access_key"]) == account["secret_key"]
        assert_no_secret(run.output, ontap.secrets())


def test_defaults_group_and_credentials_by_endpoint(ansible: Ansible, ontap: World) -> None:
    play = {
        "module_defaults": {
            "group/objectstore.credentials.all": {
                "endpoint": "cluster1",
                **ontap.plain_options,
            }
        }
    }
    run = ansible.playbook(
        [{FQCN + "s3_credential_info": {"users": "app-0001,nobody"}, "register": "found"}],
        "-v",
        play=play,
        environment=ansible.credentials_file({"cluster1": ontap.secret_options}),
    )
    assert run.code != 0
    assert "nobody" in run.output
    assert "1 of 2 failed" in run.output


def test_async_task_works(ansible: Ansible, ontap: World) -> None:
    run = ansible.playbook(
        [
            {
                FQCN + "s3_credential_info": {"all": True, **ontap.plain_options},
                "async": 60,
                "poll": 1,
            }
        ],
        environment=ansible.credentials_file({"localhost": ontap.secret_options}),
    )
    assert run.code == 0, run.output[-3000:]
