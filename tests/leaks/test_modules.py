# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What returned secrets, consumers, async tasks and the other modules leave behind."""

from __future__ import annotations

from typing import Any

import pytest

from .lab import OTHER_PASSWORD, Lab
from .outcome import FQCN
from .test_rotate import BOTH, actions, as_variables, kinds, login_by_variable

CONSUMED = "held/consumed.json"


def consume(lab: Lab, what: str) -> dict[str, Any]:
    """Return a task that writes what a template gives to where a consumer reads it."""
    return {
        "name": "Consume",
        "ansible.builtin.copy": {
            "dest": str(lab.folder / CONSUMED),
            "mode": "0600",
            "content": "{{ (" + what + ") | to_json }}",
        },
        "no_log": True,
        "diff": False,
    }


@BOTH
def test_returned_secret(lab: Lab, pipelining: bool) -> None:
    tasks = [
        lab.rotation(
            name,
            secret_store=None,
            journal=None,
            adopt=None,
            force=True,
            return_secret=True,
            register=f"pairs_{name}",
            **login_by_variable(name),
        )
        for name in ("adapter", "cluster")
    ]
    tasks.append(consume(lab, "pairs_adapter.accounts + pairs_cluster.accounts"))
    variables = as_variables(lab, "adapter", "cluster")
    done = lab.run(tasks, "--diff", pipelining=pipelining, variables=variables)
    assert done.status == "successful", done.output[-3000:]
    text = (lab.folder / CONSUMED).read_text()
    assert sum(secret in text for secret in lab.secrets) >= 4
    lab.assert_no_leak()


@pytest.mark.parametrize("how", ["loop", "until", "failed", "rescued"])
def test_returned_secret_in_odd_places(lab: Lab, how: str) -> None:
    places: dict[str, dict[str, Any]] = {
        "loop": {"loop": ["app-0001", "app-0002"], "users": ["{{ item }}"]},
        "until": {"until": "pairs.attempts > 1", "retries": 2, "delay": 0},
        "failed": {"users": ["app-0001", "nobody"], "ignore_errors": True},
        "rescued": {"users": ["app-0001", "nobody"]},
    }
    task = lab.rotation(
        "cluster",
        secret_store=None,
        journal=None,
        adopt=None,
        force=True,
        return_secret=True,
        register="pairs",
        **places[how],
    )
    if how == "rescued":
        task = {"block": [task], "rescue": [consume(lab, "pairs")]}
    done = lab.run([task, consume(lab, "pairs")], "--diff")
    assert done.status == "successful", done.output[-3000:]
    text = (lab.folder / CONSUMED).read_text()
    assert any(secret in text for secret in lab.secrets)
    lab.assert_no_leak()


def test_consumer_looks_pairs_up(lab: Lab) -> None:
    template = lab.folder / "private" / "project" / "client.j2"
    template.write_text("secret={{ pair.secret_key }}\n")
    call = (
        "lookup('objectstore.credentials.s3_secret', 'app-0001', platform='ontap',"
        " endpoint='cluster', secret_store=store, pair='{}')"
    )
    tasks: list[dict[str, Any]] = [
        lab.rotation("cluster"),
        lab.rotation("cluster", force=True),
        consume(lab, call.format("current")),
        {
            "name": "Configure",
            "ansible.builtin.template": {
                "src": str(template),
                "dest": str(lab.folder / "held" / "client.conf"),
                "mode": "0600",
            },
            "vars": {"pair": "{{ " + call.format("current") + " }}"},
            "no_log": True,
            "diff": False,
        },
        {
            "name": "Wrong",
            "ansible.builtin.debug": {"msg": "{{ " + call.format("pending") + " }}"},
            "ignore_errors": True,
        },
    ]
    done = lab.run(tasks, "--diff", play={"vars": {"store": lab.files}})
    assert done.status == "successful", done.output[-3000:]
    assert any(s in (lab.folder / CONSUMED).read_text() for s in lab.secrets)
    lab.assert_no_leak()


def test_lookup_with_a_wrong_password(lab: Lab) -> None:
    lab.learn("wrong vault password", OTHER_PASSWORD)
    lab.run([lab.rotation("cluster")])
    store = {"type": "ansible_vault", "path": lab.files["path"], "vault_password": "{{ other }}"}
    call = (
        "lookup('objectstore.credentials.s3_secret', 'app-0001', platform='ontap',"
        " endpoint='cluster', secret_store=store)"
    )
    task = {
        "name": "Wrong",
        "ansible.builtin.debug": {"msg": "{{ " + call + " }}"},
        "ignore_errors": True,
    }
    done = lab.run([task], play={"vars": {"store": store}}, variables={"other": OTHER_PASSWORD})
    assert done.failed("Wrong") == [True]
    lab.assert_no_leak()


@BOTH
def test_async(lab: Lab, pipelining: bool) -> None:
    asynchronous = {"async": 120, "poll": 1}
    refused = lab.rotation(
        "cluster",
        secret_store=None,
        journal=None,
        adopt=None,
        force=True,
        return_secret=True,
        register="pairs",
        ignore_errors=True,
        **asynchronous,
    )
    tasks = [refused, lab.rotation("adapter", **asynchronous)]
    done = lab.run(tasks, pipelining=pipelining)
    assert done.status == "successful", done.output[-3000:]
    assert "async" in done.results("Rotate")[0]["msg"]
    assert lab.endpoints["cluster"].simulator.writes == 0
    assert lab.endpoints["adapter"].simulator.writes == 2
    lab.assert_no_leak()


@BOTH
def test_vault_secrets_of_the_controller(lab: Lab, pipelining: bool) -> None:
    store = {"type": "ansible_vault", "path": lab.files["path"]}
    password = lab.folder / "held" / "password"
    done = lab.run(
        [lab.rotation("cluster", secret_store=store)],
        f"--vault-id lab@{password}",
        pipelining=pipelining,
    )
    assert actions(done) == [["rotated"] * 2], done.output[-3000:]
    lab.assert_no_leak()


@BOTH
def test_users_of_ontap(lab: Lab, pipelining: bool) -> None:
    module = FQCN + "ontap_s3_user"
    common = {**lab.plain("cluster"), **login_by_variable("cluster"), "allow_disruption": True}
    common["return_secret"] = True
    tasks: list[dict[str, Any]] = [
        {"name": "Make", module: {**common, "name": ["new-1", "new-2"]}, "register": "made"},
        {
            "name": "Regenerate",
            module: {**common, "name": "app-0001", "regenerate_keys": True},
            "register": "again",
        },
        {
            "name": "Fail",
            module: {**common, "name": ["app-0002", "a b/c"], "regenerate_keys": True},
            "register": "bad",
            "ignore_errors": True,
        },
        consume(lab, "[made, again, bad]"),
        {"name": "List", FQCN + "s3_credential_info": {**lab.plain("cluster"), "all": True}},
    ]
    variables = as_variables(lab, "cluster")
    done = lab.run(tasks, "--diff", pipelining=pipelining, variables=variables)
    assert done.status == "successful", done.output[-3000:]
    lab.assert_no_leak()


def test_accounts_of_every_platform(lab: Lab) -> None:
    lab.add("cloud", "huawei", "v3.0 access key")
    lab.add("backup", "commvault", "inline")
    status = FQCN + "s3_credential_status"
    tasks: list[dict[str, Any]] = [
        {"name": f"List {name}", FQCN + "s3_credential_info": {**lab.plain(name), "all": True}}
        for name in lab.endpoints
    ]
    for name in ("adapter", "cloud"):
        key = sorted(lab.endpoints[name].simulator.access_keys())[0]
        options = {**lab.plain(name), "access_key": key, "allow_disruption": True}
        tasks.append({"name": "Disable", status: {**options, "status": "inactive"}})
        tasks[-1]["ignore_errors"] = True
    vault = {**lab.plain("backup"), "name": "vault-a", "plan": "sp1", "owners": ["app-0001"]}
    tasks.append({"name": "Vault", FQCN + "s3_vault": vault})
    own = {"verify": {"s3_url": lab.endpoints["backup"].s3_url, "bucket": "demo", "timeout": "10s"}}
    tasks += [
        lab.rotation("cloud", ignore_errors=True),
        lab.rotation("backup", key_delivery="inline", **own, ignore_errors=True),
        lab.rotation("backup", key_delivery="email", **own, ignore_errors=True, force=True),
    ]
    done = lab.run(tasks, "--diff")
    assert done.status == "successful", done.output[-3000:]
    assert kinds(done)[0] == "-"
    lab.assert_no_leak()
