# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that strangers chose, on their way through the role to consumers, files and terminals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import assert_no_secret
from .fleet_lab import Fleet, write_tasks

pytestmark = pytest.mark.fleet
#: Whoever fills one of these in makes a file beside the playbook, or shows it by 42 or 636363.
TEMPLATES = (
    "{{ lookup('pipe', 'touch PWNED') }}",
    "{{ 7 * 6 }}",
    "{% if true %}{{ 70707 * 9 }}{% endif %}",
    "{{ lookup('ansible.builtin.env', 'HOME') }}{# gone #}",
)
#: What a terminal would act on: CSI, OSC, C1, NUL, bidi.
ESCAPES = "evil\x1b[31m\x1b]0;owned\x07\x9b31m\x00\x7f\u202egnp"


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """One endpoint whose users may be called anything."""
    made = Fleet(tmp_path, {"osis": ("ose", "osis")}, accounts=1)
    yield made
    made.stop()


def name_accounts(estate: Fleet, *names: str) -> None:
    """Make accounts of these names, with a key each."""
    for name in names:
        estate.endpoints["osis"].simulator.add_account(name)


def told_by(estate: Fleet) -> list[dict[str, Any]]:
    """Return what the consumer of an operator's own was told."""
    return [json.loads(path.read_text()) for path in sorted(estate.folder.glob("told-*.json"))]


def controls_in(text: str) -> set[str]:
    """Return what a terminal would act on, the line ends and colours of Ansible's own left out."""
    return {c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e")}


def test_a_name_that_looks_like_a_template_is_never_filled_in(estate: Fleet) -> None:
    name_accounts(estate, *TEMPLATES)
    tell = {
        "name": "Note {{ s3_rotate_account.account }}",
        "ansible.builtin.copy": {
            "dest": str(estate.folder)
            + "/told-{{ s3_rotate_account.account | hash('sha256') }}.json",
            "content": "{{ {'account': s3_rotate_account.account,"
            " 'all': s3_rotate_accounts | map(attribute='account') | list,"
            " 'scope': s3_rotate_scope | map(attribute='account') | list} | to_json }}",
            "mode": "0600",
        },
        "vars": {"again": "{{ s3_rotate_account.account }}", "more": "{{ again }}"},
        "when": "more == s3_rotate_account.account",
    }
    check = write_tasks(
        estate.folder / "check.yml",
        [
            {
                "name": "Prove",
                "ansible.builtin.debug": {"msg": "{{ s3_rotate_accounts | default([]) }}"},
            }
        ],
    )
    tasks = write_tasks(estate.folder / "tasks.yml", [tell])
    kept = estate.folder / "kept"
    kept.mkdir()
    estate.variables["s3_rotate_consumers"] = [
        {"name": "own", "tasks": tasks, "check": check, "per": "account"},
        {
            "name": "files",
            "uses": "files",
            "s3_url": "https://s3.example.com",
            "files": [
                {"template": "aws", "dest": f"{kept}/all"},
                {"template": "s3cmd", "dest": f"{kept}/one-{{account}}"},
            ],
        },
    ]

    run = estate.run("rotate", "-vvv")
    audit = estate.run("audit", "-vvv")

    assert run.code == 0, run.output
    assert audit.code == 0, audit.output
    assert not list(estate.folder.rglob("PWNED")), run.output
    told = told_by(estate)
    assert {each["account"] for each in told} == {"app-0001", *TEMPLATES}
    assert all(each["all"] == [each["account"]] for each in told)
    assert all(set(each["scope"]) == {"app-0001", *TEMPLATES} for each in told)
    lines = (kept / "all").read_text().splitlines()
    assert {line[1:-1] for line in lines if line[:1] == "["} == {"app-0001", *TEMPLATES}
    assert {path.name for path in kept.glob("one-*")} == {
        f"one-{name}" for name in ("app-0001", *TEMPLATES)
    }
    page = (estate.folder / "evidence" / "report.html").read_text()
    assert "636363" not in page
    assert_no_secret(run.output + audit.output, estate.secrets())


def test_a_terminal_is_told_nothing_that_it_would_act_on(estate: Fleet) -> None:
    name_accounts(estate, ESCAPES)
    simulator = estate.endpoints["osis"].simulator
    real = simulator.handle

    def refusing(request: Any) -> Any:
        response = real(request)
        if request.method == "POST":
            response.status = 400
            response.body = {"message": f"refused {ESCAPES}", "code": ESCAPES}
        return response

    simulator.handle = refusing  # type: ignore[method-assign]  # to refuse in a stranger's words

    run = estate.run("rotate", "--diff", environment={"ANSIBLE_NOCOLOR": "1"})

    assert run.code == 2
    assert "refused evil" in run.output
    assert not controls_in(run.output), repr(run.output)


def test_two_accounts_never_share_a_consumers_file(estate: Fleet) -> None:
    name_accounts(estate, "team/backup", "team_backup")
    kept = estate.folder / "kept"
    kept.mkdir()
    files = [{"template": "s3cmd", "dest": f"{kept}/{{account}}"}]
    estate.variables["s3_rotate_consumers"] = [
        {"name": "files", "uses": "files", "s3_url": "https://s3.example.com", "files": files}
    ]

    run = estate.run("rotate")

    assert run.code == 2
    assert "two accounts would have one file" in run.output
    assert not list(kept.iterdir())
