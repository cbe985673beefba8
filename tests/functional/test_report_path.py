# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of long lists, as a user gets them: in a file, by shards, without what is unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ansible, World, make_world

pytestmark = pytest.mark.fleet

FQCN = "objectstore.credentials."


@pytest.fixture
def many() -> Iterator[World]:
    """A cluster with more users than a result should hold."""
    world = make_world("ontap", accounts=1200)
    yield world
    world.server.stop()


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a report."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_report_of_a_long_list_keeps_the_result_small(ansible: Ansible, many: World) -> None:
    path = ansible.folder / "report.jsonl"
    arguments = {"all": True, "report_path": str(path), **many.plain_options}
    environment = ansible.credentials_file({"localhost": many.secret_options})
    run = ansible.adhoc("s3_credential_info", arguments, "--check", environment=environment)
    assert run.code == 0, run.output[-3000:]
    assert run.result["accounts"] == []
    assert run.result["totals"]["listed"] == 1200
    assert run.result["report_path"] == str(path)
    assert "700,000" not in run.output
    assert len(json.dumps(run.result)) < 5000
    rows = rows_of(path)
    assert len({row["account"] for row in rows}) == 1200
    assert {(row["platform"], row["endpoint"]) for row in rows} == {("ontap", "localhost")}
    assert path.stat().st_mode & 0o777 == 0o600
    without = ansible.adhoc(
        "s3_credential_info",
        {"all": True, **many.plain_options},
        environment=environment,
    )
    assert len(without.result["accounts"]) == 1200
    assert "700,000 characters" in " ".join(without.output.split())


def test_report_into_nowhere_is_refused_before_a_request(ansible: Ansible, ontap: World) -> None:
    path = ansible.folder / "missing" / "report.jsonl"
    run = ansible.adhoc(
        "s3_credential_info",
        {"all": True, "report_path": str(path), **ontap.plain_options},
        environment=ansible.credentials_file({"localhost": ontap.secret_options}),
    )
    assert run.code != 0
    assert run.result["failure"]["kind"] == "invalid_option"
    assert f"{path.parent} does not exist" in run.result["msg"]
    assert ontap.server.requests == 0


def test_report_holds_no_secret_and_the_result_still_does(ansible: Ansible, ontap: World) -> None:
    path, kept = ansible.folder / "report.jsonl", ansible.folder / "kept.json"
    tasks: list[dict[str, Any]] = [
        {
            FQCN + "ontap_s3_user": {
                "name": ["app-0001", "app-0002"],
                "regenerate_keys": True,
                "return_secret": True,
                "allow_disruption": True,
                "report_path": str(path),
                **ontap.options,
            },
            "register": "made",
        },
        {
            "ansible.builtin.copy": {
                "dest": str(kept),
                "mode": "0600",
                "content": "{{ made.accounts | to_json }}",
            },
            "no_log": True,
            "diff": False,
        },
    ]
    run = ansible.playbook(tasks)
    assert run.code == 0, run.output[-3000:]
    accounts = json.loads(kept.read_text())
    assert [row["account"] for row in accounts] == ["app-0001", "app-0002"]
    text = path.read_text()
    for row in accounts:
        assert ontap.simulator.secret_of(row["access_key"]) == row["secret_key"]
        assert row["access_key"] in text
        assert row["secret_key"] not in text
    assert [row["action"] for row in rows_of(path)] == ["rotated", "rotated"]


def test_shards_of_a_fleet_share_one_endpoint(ansible: Ansible, ontap: World) -> None:
    inventory = ansible.folder / "hosts.yml"
    hosts = {f"cluster1-{n}": {"part": f"{n}/3"} for n in (1, 2, 3)}
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    play = {
        "hosts": "all",
        "module_defaults": {
            "group/objectstore.credentials.all": {
                "endpoint": "cluster1",
                "shard": "{{ part }}",
                "report_path": str(ansible.folder / "{{ inventory_hostname }}.jsonl"),
                **ontap.plain_options,
            }
        },
    }
    keys = sorted(ontap.simulator.access_keys())
    users = ["app-0001", "app-0002", "app-0003"]
    run = ansible.playbook(
        [
            {FQCN + "s3_credential_info": {"users": users}},
            {FQCN + "ontap_s3_user": {"name": users, "comment": "shared"}},
        ],
        f"--inventory={inventory}",
        "--limit=all,!localhost",
        play=play,
        environment=ansible.credentials_file({"cluster1": ontap.secret_options}),
    )
    assert run.code == 0, run.output[-3000:]
    rows = [rows_of(ansible.folder / f"{host}.jsonl") for host in hosts]
    assert sorted(row["account"] for part in rows for row in part) == users
    # Every user is changed once, by the one host that it belongs to.
    assert ontap.simulator.writes == 3
    assert sorted(ontap.simulator.access_keys()) == keys


def test_what_stays_unchanged_can_be_left_out(ansible: Ansible, ose: World) -> None:
    keys = sorted(ose.simulator.access_keys())[:2]
    arguments = {"access_keys": ",".join(keys), "status": "active", **ose.plain_options}
    environment = ansible.credentials_file({"localhost": ose.secret_options})
    run = ansible.adhoc("s3_credential_status", arguments, environment=environment)
    assert [row["action"] for row in run.result["accounts"]] == ["unchanged", "unchanged"]
    arguments["report_unchanged"] = False
    run = ansible.adhoc("s3_credential_status", arguments, environment=environment)
    assert run.code == 0, run.output
    assert run.result["accounts"] == []
    assert run.result["totals"] == {"unchanged": 2}


def test_missing_entry_of_the_credentials_file_is_said(ansible: Ansible, ontap: World) -> None:
    run = ansible.adhoc(
        "s3_credential_info",
        {"all": True, **ontap.plain_options},
        environment=ansible.credentials_file({"cluster1": ontap.secret_options}),
    )
    assert run.code != 0
    assert "has no entry for the endpoint 'localhost'" in run.result["msg"]
