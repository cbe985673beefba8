# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the whole job leaves behind: every platform, store and consumer, and every playbook."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.tests.simulators import fleet

from .fleet_of import add_systemctl, secret_from, stand_ins, stores_of, webhook, write_fleet
from .lab import Lab
from .outcome import FQCN
from .scenarios import covers

ALL = (
    *(f"platform {name}" for name in PLATFORMS),
    *(f"store {name}" for name in ("ansible_vault", "aws_secretsmanager", "vault_kv2")),
)
#: Modules of awx.awx that the kit is installed with.
_AWX = [
    "credential",
    "credential_type",
    "execution_environment",
    "inventory",
    "inventory_source",
    "job_template",
    "notification_template",
    "project",
    "role",
    "schedule",
    "workflow_job_template",
    "workflow_job_template_node",
]


def add_platforms(lab: Lab) -> dict[str, dict[str, Any]]:
    """Start an endpoint of each platform, one with a mirror; return what each needs in a task."""
    stores = stores_of(lab)
    kv2 = {"secret_store": stores["vault_kv2"]}
    aws = {"secret_store": stores["aws_secretsmanager"]}
    lab.add("amazon", "aws", "access key")
    lab.add("ceph", "ceph_rgw", "16.2")
    lab.add("backup", "commvault", "inline")
    lab.add("cloud", "huawei", "v5")
    lab.add("near", "ontap", "9.16.1")
    lab.add("far", "ontap", "9.16.1")
    lab.add("grid", "storagegrid", "v4")
    twin: Any = lab.endpoints["far"].simulator
    for account in twin.svm.users.values():
        account.slots.clear()
    known = {endpoint.platform for endpoint in lab.endpoints.values()}
    others = {name: kind for name, kind in fleet.platforms().items() if name not in known}
    for name, kind in others.items():
        lab.add(name, name, fleet.variant_of(kind, None)[0])
    return {
        **{name: {} for name in others},
        "adapter": aws,
        "cluster": kv2,
        "amazon": {},
        "ceph": kv2,
        "backup": {"key_delivery": "inline", "bucket": "demo", **aws},
        "cloud": {},
        "near": {"mirrors": ["far"]},
        "grid": kv2,
    }


@covers(*ALL, "mirrors", "way: diff")
def test_every_platform_and_every_store(lab: Lab) -> None:
    tasks = []
    for name, options in add_platforms(lab).items():
        more = {k: v for k, v in options.items() if k != "bucket"}
        if "bucket" in options:
            s3 = {"s3_url": lab.endpoints[name].s3_url, "timeout": "10s"}
            more["verify"] = {**s3, "bucket": options["bucket"]}
        if "mirrors" in options:
            far = lab.endpoints["far"]
            plain = {k: v for k, v in lab.plain("far").items() if k != "platform"}
            more["mirrors"] = [{**plain, "s3_url": far.s3_url}]
        tasks.append(lab.rotation(name, **more))
    done = lab.run(tasks, "--diff")
    assert done.status == "successful", done.output[-3000:]
    lab.assert_no_leak()


def consumers_of(lab: Lab, url: str) -> list[dict[str, Any]]:
    """Return every ready-made consumer, as an operator would have it."""
    token = "Hook/token+4CanaryOfTheWebhook"
    lab.learn("token of a webhook", token)
    add_systemctl(lab)
    headers = {"Authorization": secret_from(lab.hold("hook", token))}
    dest = str(lab.folder / "held" / "{{ inventory_hostname }}.")
    ready = [{"template": name, "dest": dest + name} for name in ("rclone", "aws")]
    ready.append({"template": "s3cmd", "dest": dest + "s3cfg-{account}"})
    return [
        {"name": "clients", "uses": "files", "files": ready, "s3_url": "http://s3.example.com"},
        {"name": "service", "uses": "systemd", "units": ["backup.service"]},
        {"name": "chat", "uses": "webhook", "url": url, "headers": headers},
        {"name": "wall", "uses": "webhook", "url": url},
    ]


@pytest.mark.long
def test_the_role_over_every_platform_with_every_consumer(lab: Lab) -> None:
    own = add_platforms(lab)
    own["ceph"]["exclude"] = ["rotator"]
    with webhook() as url:
        consumers = {"s3_rotate_consumers": consumers_of(lab, url)}
        inventory = write_fleet(lab, {**own, "far": {}}, consumers)
        done = lab.run_book(FQCN + "rotate", "--diff", "--limit", "all,!far", inventory=inventory)
    assert done.status == "successful", done.output[-3000:]
    report = json.loads((lab.folder / "evidence" / "report.json").read_text())
    assert (report["summary"]["failed"], report["summary"]["managed"]) == (0, 2 * len(own))
    lab.assert_no_leak()


@covers(
    *(f"playbook {name}" for name in ("rotate", "audit", "acknowledge", "emergency", "rollback")),
    "playbook find_endpoints",
    *(f"playbook {name}" for name in ("retire", "repair", "decommission", "verify_journal")),
    *(f"module s3_access_key_rotate: {state}" for state in ("rotated", "acknowledged", "retired")),
    *(f"module s3_access_key_rotate: {state}" for state in ("rolled_back", "decommissioned")),
    *(f"consumer {name}" for name in ("files", "systemd", "webhook")),
    "inventory s3_fleet",
    "lookup s3_report",
    "module s3_play_guard",
    "module s3_rotation_report",
    "way: check mode",
    "way: an emergency",
)
def test_every_duty_and_every_consumer(lab: Lab) -> None:
    named = {"s3_rotate_users": ["app-0001"], "s3_rotate_reason": "a test"}
    with webhook() as url:
        consumers = {"s3_rotate_consumers": consumers_of(lab, url)}
        inventory = write_fleet(lab, {"adapter": {}, "cluster": {}}, consumers)

        def play(book: str, *flags: str, **variables: Any) -> None:
            done = lab.run_book(
                FQCN + book, "--diff", *flags, inventory=inventory, variables=variables
            )
            assert done.status == "successful", done.output[-3000:]

        play("audit", "--limit", "adapter")
        play("rotate", "--check")
        play("rotate")
        pairs = lab.pairs("adapter")
        who = [{"name": name, "access_key": key} for name, key in sorted(pairs.items())]
        play("acknowledge", "--limit", "adapter", s3_rotate_users=who)
        play("rotate", "--limit", "adapter", s3_rotate_rotation_id="again")
        leaked = lab.pairs("adapter")["app-0002"]
        play("rollback", "--limit", "adapter", **named)
        emergency = {"s3_rotate_compromised": [leaked], "s3_rotate_reason": "published"}
        play("emergency", "--limit", "adapter", **emergency)
        lab.later(9 * 86400)
        play("retire", "--limit", "adapter")
        play("repair", "--limit", "adapter", **named, s3_rotate_force=True)
        play("decommission", "--limit", "adapter", **named)
        play("verify_journal", "--limit", "adapter")
    # The evidence that was searched is there, and what consumers got is not searched.
    names = {path.name.partition(".")[2] for path in (lab.folder / "evidence").iterdir()}
    assert {"html", "json", "csv", "prom"} <= names
    assert list((lab.folder / "evidence" / "journal").rglob("*.jsonl"))
    kept = [path.read_text() for path in (lab.folder / "held").glob("*.rclone")]
    assert len(kept) == 2
    assert all(any(secret in text for secret in lab.secrets) for text in kept)
    # The role reads the rows of its report by it in every call.
    lab.covered.add("lookup s3_report")
    lab.assert_no_leak()


@covers("playbook awx_install")
def test_kit_for_awx(lab: Lab) -> None:
    # Modules that show all they are given: nothing hangs on what those of awx.awx keep to
    # themselves.
    stand_ins(lab, "awx.awx", *_AWX)
    login, hook = "Login/of+AWX 4CanaryOfTheCredential", "Pass/word+4CanaryOfTheNotification"
    lab.learn("a new credential of AWX", login)
    lab.learn("the notification's password", hook)
    credential = {
        "name": "cluster1",
        "credential_type": "Object store: NetApp ONTAP S3",
        "inputs": {"api_password": secret_from(lab.hold("login", login))},
    }
    notification = {"url": "https://hooks.example.com", "username": "me"}
    notification["password"] = secret_from(lab.hold("hook", hook))
    done = lab.run_book(
        FQCN + "awx_install",
        "--diff",
        variables={
            "s3_awx_project_url": "https://git.example.org/s3-keys.git",
            "s3_awx_new_credentials": [credential],
            "s3_awx_notification_configuration": notification,
            "s3_awx_teams": {"audit": ["auditors"], "rotate": ["me"], "approve": ["security"]},
        },
    )
    assert done.status == "successful", done.output[-3000:]
    lab.assert_no_leak()
