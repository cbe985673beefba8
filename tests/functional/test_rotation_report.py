# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_rotation_report as a user runs it: after real rotations, in check mode, ad hoc, wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ansible, assert_no_secret
from .test_rotate import ACCOUNTS, ENDPOINTS, FQCN, Site, open_site, rotation

pytestmark = pytest.mark.fleet

MODULE = FQCN + "s3_rotation_report"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Both endpoints."""
    opened = open_site(tmp_path)
    yield opened
    for endpoint in opened.endpoints.values():
        endpoint.stop()


def host(site: Site, name: str, register: str) -> dict[str, Any]:
    """Return what a playbook says of an endpoint to the report."""
    return {
        "platform": ENDPOINTS[name][0],
        "endpoint": name,
        "report_path": str(site.folder / f"{name}.jsonl"),
        **{
            key: "{{ " + f"{register}.{key} | default(omit)" + " }}"
            for key in ("totals", "left_out", "failure", "run", "journal")
        },
        "ended_at": "{{ now(utc=true).isoformat() }}",
    }


def test_rotations_of_two_platforms_become_one_report_with_evidence(site: Site) -> None:
    files = {name: str(site.folder / f"{name}.jsonl") for name in ENDPOINTS}
    report: dict[str, Any] = {
        "path": str(site.folder / "report"),
        "journal": str(site.folder / "journal"),
        "endpoints": [host(site, "adapter", "one"), host(site, "cluster", "two")],
    }
    tasks: list[dict[str, Any]] = [
        rotation(site, "one", "adapter", report_path=files["adapter"]),
        rotation(site, "two", "cluster", report_path=files["cluster"], ignore_errors=True),
        {MODULE: report, "register": "planned", "check_mode": True},
        {MODULE: report, "register": "again"},
        {"ansible.builtin.copy": {"dest": str(site.folder / "told.json"), "content": _TOLD}},
    ]
    run = site.ansible.playbook(tasks, "-vvv")
    assert run.code == 0, run.output[-4000:]
    told = json.loads((site.folder / "told.json").read_text())
    # Check mode writes what the task names; then only the dates of the runs differ.
    assert told["planned"]["changed"] is True
    assert Path(told["planned"]["paths"]["html"]).stat().st_mode & 0o777 == 0o600
    document = json.loads((site.folder / "report" / "report.json").read_text())
    assert document["summary"]["endpoints"] == 2
    assert document["summary"]["accounts"] == 2 * len(ACCOUNTS)
    by_place = {(line["endpoint"], line["account"]): line for line in document["accounts"]}
    for account in ACCOUNTS:
        events = [move["event"] for move in by_place[("adapter", account)]["transitions"]]
        assert events[0] == "intended"
        assert "promoted" in events
    assert {chain["state"] for chain in document["journals"]} == {"intact"}
    assert all(chain["matches_the_run"] for chain in document["journals"])
    page = (site.folder / "report" / "report.html").read_text()
    assert all(account in page for account in ACCOUNTS)
    for path in (site.folder / "report").iterdir():
        assert_no_secret(path.read_text(), site.secrets())
    assert_no_secret(run.output, site.secrets())
    # The list of hosts may be as long as all of their results: it is not repeated.
    # Newer cores show arguments only when asked.
    assert '"endpoints": [' not in run.output
    assert '"endpoints": "2 entries"' in run.output or '"invocation"' not in run.output


_TOLD = "{{ {'planned': planned, 'again': again} | to_json }}"


def test_report_ad_hoc_is_one_line(tmp_path: Path) -> None:
    ansible = Ansible(tmp_path)
    rows = [{"account": "a", "action": "rotated", "created_at": "2026-01-01T00:00:00Z"}]
    arguments = {
        "path": str(tmp_path / "out"),
        "endpoints": [{"platform": "ontap", "endpoint": "c1", "accounts": rows}],
        "formats": "json",
    }
    run = ansible.adhoc("s3_rotation_report", arguments)
    assert run.code == 0, run.output
    assert run.result["paths"] == {"json": str(tmp_path / "out" / "report.json")}
    assert run.result["summary"]["accounts"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"endpoints": []}, "nothing to report on"),
        ({"merge": ["/nonexistent.json"]}, "cannot be merged"),
        ({"max_age": "soon"}, "is not a duration"),
        ({"path": "/nonexistent/deep/er"}, "cannot be made"),
        ({"formats": ["pdf"]}, "must be one or more of"),
    ],
)
def test_wrong_option_is_named_without_a_traceback(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    arguments = {
        "path": str(tmp_path / "out"),
        "endpoints": [{"platform": "ontap", "endpoint": "c1"}],
        **change,
    }
    run = Ansible(tmp_path).adhoc("s3_rotation_report", arguments)
    assert run.code != 0
    assert words in run.output
    assert "Traceback" not in run.output
    if "formats" not in change:
        assert run.result["failure"]["kind"] == "invalid_option"
        assert run.result["failure"]["next_step"]
