# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks for accounts that are named: repair, acknowledge, retire, decommission."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import assert_no_secret
from .fleet_lab import Fleet, private

pytestmark = pytest.mark.oldest
HERE = ("--limit", "osis")


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """One endpoint, two accounts of one key each."""
    made = Fleet(tmp_path, {"osis": ("ose", "osis")}, 2)
    yield made
    made.stop()


def user_id(estate: Fleet, name: str) -> str:
    """Return the platform's identifier of an account."""
    simulator: Any = estate.endpoints["osis"].simulator
    users = simulator.users
    return next(str(one.user_id) for one in users.values() if one.username == name)


def test_what_a_message_wants_named_is_repaired(estate: Fleet) -> None:
    simulator: Any = estate.endpoints["osis"].simulator
    two = list(simulator.keys_of(simulator.add_account("two-keys", 2)))
    given = list(simulator.keys_of(simulator.add_account("given", 2)))
    first = estate.run("rotate")
    assert first.code == 2
    assert estate.actions("osis")["two-keys"] == "failed"
    # Somebody replaced a key by hand, and nobody has its secret.
    drifting = user_id(estate, "app-0001")
    for access_key in simulator.keys_of(drifting):
        del simulator.keys[access_key]
    simulator.make_key(simulator.users[drifting])
    assert estate.run("rotate").code == 2
    assert estate.actions("osis")["app-0001"] == "drifted"
    secret = simulator.secret_of(given[1])
    answers = {
        "s3_rotate_users": [
            "app-0001",
            {"name": "two-keys", "replaces": two[0]},
            {"name": "given", "access_key": given[1], "secret_key": secret},
        ],
        "s3_rotate_force": True,
        "s3_rotate_reason": "INC0043, somebody rotated by hand",
    }
    file = private(estate.folder / "answers.json", json.dumps(answers))

    done = estate.run("repair", *HERE, "-e", f"@{file}", "-vvv")

    assert done.code == 0, done.output
    assert estate.actions("osis") == {
        "app-0001": "rotated",
        "two-keys": "rotated",
        "given": "adopted",
    }
    assert estate.rows("osis")["two-keys"]["previous_access_key"] == two[0]
    assert_no_secret(done.output, estate.secrets())
    lines = (path.read_text() for path in (estate.folder / "evidence/journal").rglob("*.jsonl"))
    assert any("INC0043" in text for text in lines)
    assert estate.run("rotate").code == 0


def test_named_accounts_are_acknowledged_and_others_end_for_good(estate: Fleet) -> None:
    simulator = estate.endpoints["osis"].simulator
    explicit = {"s3_rotate_acknowledge": "explicit"}
    unread = {"s3_rotate_users": ["app-0001"], **explicit}
    refused = estate.run("rotate", variables=unread)
    assert refused.code == 2
    assert "s3_rotate_users is for repair" in refused.output
    assert estate.run("rotate", variables=explicit).code == 0
    have = [
        {"name": name, "access_key": row["access_key"]} for name, row in estate.rows("osis").items()
    ]

    said = estate.run("acknowledge", *HERE, variables={"s3_rotate_users": have, **explicit})

    assert said.code == 0, said.output
    assert estate.actions("osis") == dict.fromkeys(("app-0001", "app-0002"), "acknowledged")

    end = {"s3_rotate_users": ["app-0001"], "s3_rotate_reason": "replaced"}
    kept = simulator.keys_of(user_id(estate, "app-0002"))
    begun = estate.run("decommission", *HERE, variables=end)
    assert begun.code == 0, begun.output
    assert set(simulator.keys_of(user_id(estate, "app-0001")).values()) == {"inactive"}
    estate.later(8)
    done = estate.run("decommission", *HERE, variables=end)
    assert done.code == 0, done.output
    assert estate.actions("osis") == {"app-0001": "decommissioned"}
    assert simulator.keys_of(user_id(estate, "app-0001")) == {}
    assert simulator.keys_of(user_id(estate, "app-0002")) == kept

    # What has ended for good spoils no figure.
    assert estate.run("rotate").code == 0
    summary = estate.report()["summary"]
    assert (summary["decommissioned"], summary["not_applicable"]) == (1, 1)
    assert summary["compliant_percent"] == 100
