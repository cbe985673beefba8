# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other playbooks: audit, emergency, rollback, retire, verify_journal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .fleet_lab import SMALL, Fleet

pytestmark = pytest.mark.oldest
ACCOUNTS = 2


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """Endpoints of three platforms, two accounts each."""
    made = Fleet(tmp_path, SMALL, ACCOUNTS)
    yield made
    made.stop()


def test_emergency_finds_the_key_wherever_it_is(estate: Fleet) -> None:
    assert estate.run("rotate").code == 0
    leaked = estate.rows("osis")["app-0002"]["access_key"]
    before = estate.all_writes()

    run = estate.run(
        "emergency",
        variables={"s3_rotate_compromised": [leaked], "s3_rotate_reason": "INC0042, published"},
    )

    assert run.code == 0, run.output
    assert estate.endpoints["osis"].simulator.secret_of(leaked) is None
    row = estate.rows("osis")["app-0002"]
    assert (row["action"], row["previous_access_key"]) == ("rotated", leaked)
    assert estate.writes("cloud") == before["cloud"]
    assert estate.writes("cluster") == before["cluster"]
    assert estate.report()["summary"]["accounts"] == 1


def test_emergency_without_room_names_the_way_out(estate: Fleet) -> None:
    assert estate.run("rotate", "--limit", "cloud").code == 0
    row = estate.rows("cloud")["app-0002"]
    leaked, retiring = row["access_key"], row["previous_access_key"]
    emergency = {"s3_rotate_compromised": [leaked], "s3_rotate_reason": "INC0042, published"}

    refused = estate.run("emergency", "--limit", "cloud", variables=emergency)

    assert refused.code == 2
    assert f"replaces: [{retiring}]" in refused.output

    done = estate.run(
        "emergency", "--limit", "cloud", variables={**emergency, "s3_rotate_replaces": [retiring]}
    )

    assert done.code == 0, done.output
    assert estate.endpoints["cloud"].simulator.secret_of(leaked) is None
    assert retiring not in estate.keys("cloud")


def test_emergency_over_several_endpoints_and_a_key_that_nobody_has(estate: Fleet) -> None:
    assert estate.run("rotate").code == 0
    leaked = {name: estate.rows(name)["app-0001"]["access_key"] for name in ("osis", "cluster")}

    run = estate.run(
        "emergency",
        variables={
            "s3_rotate_compromised": [*leaked.values(), "NOBODYS"],
            "s3_rotate_reason": "INC0042, published",
        },
    )

    for name, key in leaked.items():
        assert estate.endpoints[name].simulator.secret_of(key) is None, run.output
    assert run.code == 2
    assert "No endpoint of this play has NOBODYS" in run.output
    assert leaked["osis"] not in run.output.partition("No endpoint of this play has")[2]


def test_emergency_fails_when_nobody_has_the_key(estate: Fleet) -> None:
    run = estate.run(
        "emergency", variables={"s3_rotate_compromised": ["NOBODY"], "s3_rotate_reason": "INC"}
    )

    assert run.code == 2
    assert "No endpoint of this play has NOBODY" in run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)


def test_audit_reads_only(estate: Fleet) -> None:
    run = estate.run("audit")

    assert run.code == 0, run.output
    assert estate.all_writes() == dict.fromkeys(SMALL, 0)
    assert estate.report()["summary"]["unmanaged"] == ACCOUNTS * len(SMALL)


def test_rollback_and_retire_and_verify(estate: Fleet) -> None:
    assert estate.run("rotate").code == 0
    first = estate.rows("osis")["app-0001"]["access_key"]
    again = {"s3_rotate_rotation_id": "again"}
    assert estate.run("rotate", "--limit", "osis", variables=again).code == 0
    unnamed = {"s3_rotate_users": ["app-0001"], "s3_rotate_reason": "a client breaks"}
    refused = estate.run("rollback", variables=unnamed)
    assert refused.code == 2
    assert "--limit" in refused.output

    back = estate.run(
        "rollback",
        "--limit",
        "osis",
        variables=unnamed,
    )
    assert back.code == 0, back.output
    assert estate.rows("osis")["app-0001"]["access_key"] == first

    estate.later(8)
    named = {"s3_rotate_users": ["app-0002"], "s3_rotate_force_retire": "CHG7, nobody needs it"}
    some = estate.run("retire", "--limit", "osis", variables=named)
    assert some.code == 0, some.output
    assert estate.actions("osis") == {"app-0002": "disabled"}
    retire = estate.run("retire")
    assert retire.code == 0, retire.output
    assert set(estate.actions("cloud").values()) == {"disabled"}

    verify = estate.run("verify_journal")
    assert verify.code == 0, verify.output
    assert re.search(r"Chains of the journal, each whole: [1-9]", verify.output), verify.output
    chains = (estate.folder / "evidence" / "journal").rglob("*.jsonl")
    chain = next(path for path in chains if "promoted" in path.read_text())
    chain.write_text(chain.read_text().replace("promoted", "prom0ted", 1))
    broken = estate.run("verify_journal")
    assert broken.code == 2
    assert "not whole" in broken.output
