# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approved plan: written by --check, kept to by a real run, refused if spoilt."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import assert_no_secret
from .test_rotate import ACCOUNTS, Site, site

__all__ = ["site"]


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
