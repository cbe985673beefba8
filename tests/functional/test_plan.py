# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approved plan: written by --check, kept to by a real run, refused if spoilt."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from .conftest import assert_no_secret
from .test_rotate import ACCOUNTS, Site, site

__all__ = ["site"]
pytestmark = pytest.mark.oldest


def test_plan_is_written_approved_and_kept_to(site: Site) -> None:
    path = site.folder / "plan.json"
    first = {**site.options("adapter"), "users": ACCOUNTS[0], "change": "CHG0031337"}
    written = site.ansible.adhoc("s3_access_key_rotate", {**first, "write_plan": str(path)}, "-C")
    assert written.code == 0, written.output
    plan = json.loads(path.read_text())
    assert written.result["plan"] == {"path": str(path), "sha256": plan["sha256"]}
    assert [row["account"] for row in plan["entries"][0]["accounts"]] == [ACCOUNTS[0]]
    assert site.writes() == {"adapter": 0, "cluster": 0}
    assert not (site.folder / "records").exists() or not list(
        (site.folder / "records").rglob("*.yml")
    )

    both = {**site.options("adapter"), "change": "CHG0031337", "plan": str(path)}
    wrong = site.ansible.adhoc("s3_access_key_rotate", {**both, "plan_hash": "0" * 64})
    assert wrong.code != 0
    assert wrong.result["failure"]["kind"] == "invalid_option"
    tampered = site.folder / "tampered.json"
    tampered.write_text(path.read_text().replace(ACCOUNTS[0], ACCOUNTS[1]))
    spoilt = site.ansible.adhoc("s3_access_key_rotate", {**both, "plan": str(tampered)})
    assert spoilt.code != 0
    assert "not as it was written" in spoilt.result["msg"]
    assert site.writes() == {"adapter": 0, "cluster": 0}

    real = site.ansible.adhoc("s3_access_key_rotate", {**both, "plan_hash": plan["sha256"]})
    assert real.code == 0, real.output
    assert [(row["account"], row["action"]) for row in real.result["accounts"]] == [
        (ACCOUNTS[0], "rotated"),
        (ACCOUNTS[1], "skipped"),
    ]
    assert real.result["change"] == "CHG0031337"
    assert site.writes() == {"adapter": 1, "cluster": 0}
    lines = [
        json.loads(line)
        for file in Path(site.folder / "journal").rglob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    assert {line["change"] for line in lines} == {"CHG0031337"}

    again = site.ansible.adhoc("s3_access_key_rotate", {**both, "force": True})
    assert again.result["totals"]["skipped"] == 2
    assert "since the plan" in again.result["accounts"][0]["why"]
    assert again.result["changed"] is False
    for run in (written, wrong, spoilt, real, again):
        assert_no_secret(run.output, site.secrets())
    assert_no_secret(path.read_text(), site.secrets())


def test_policies_windows_and_a_leaked_key_fit_on_one_line(site: Site) -> None:
    soon = dt.datetime.now(dt.timezone.utc) + dt.timedelta(hours=3)
    closed = f"{soon:%a} {soon:%H}:00-{soon:%H}:10".lower()
    policies = [
        {"match": "app-*", "owner": "storage", "window": closed},
        {"name": ACCOUNTS[1], "window": "daily 00:00-24:00 Europe/Berlin"},
    ]
    report = site.folder / "report.jsonl"
    options = {**site.options("cluster"), "policies": policies, "report_path": str(report)}
    run = site.ansible.adhoc("s3_access_key_rotate", options)
    assert run.code == 0, run.output
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(row["action"], row["policy"]["owner"]) for row in rows] == [
        ("skipped", "storage"),
        ("rotated", None),
    ]
    leaked = rows[1]["access_key"]
    found = {k: v for k, v in site.options("cluster").items() if k != "users"}
    emergency = {**found, "compromised": leaked, "reason": "INC0042 found in a log"}
    ended = site.ansible.adhoc("s3_access_key_rotate", emergency)
    assert ended.code == 0, ended.output
    assert [(row["account"], row["action"]) for row in ended.result["accounts"]] == [
        (ACCOUNTS[1], "rotated")
    ]
    assert ended.result["reason"] == "INC0042 found in a log"
    assert_no_secret(run.output + ended.output + report.read_text(), site.secrets())
