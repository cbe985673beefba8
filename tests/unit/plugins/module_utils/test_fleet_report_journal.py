# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of a report: the journal's lines of its runs, and chains that are as written."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report import (
    Document,
    document_of,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_journal import (
    EVENTS,
    words_of,
)
from ansible_collections.objectstore.credentials.tests.unit.report_fleet import (
    NOW,
    Fleet,
    account_row,
    rotated,
)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A run that rotated one of two accounts."""
    made = Fleet(tmp_path)
    made.add("huawei", "eu-de", [rotated("app"), account_row("quiet")])
    return made


def report_of(fleet: Fleet, **params: Any) -> Document:
    """Return the report of a fleet."""
    options = {"endpoints": fleet.endpoints, "max_age": dt.timedelta(days=90), **params}
    return document_of(options, NOW, {})


def chain_of(fleet: Fleet) -> Path:
    """Return the file of the only chain."""
    (path,) = fleet.journal.rglob("*.jsonl")
    return path


def moves_of(document: Document, account: str) -> list[dict[str, Any]]:
    """Return the transitions of an account."""
    (line,) = [each for each in document["accounts"] if each["account"] == account]
    return list(line["transitions"])


def test_transitions_of_a_rotation_come_in_order_with_their_evidence(fleet: Fleet) -> None:
    document = report_of(fleet)
    moves = moves_of(document, "app")
    assert [move["event"] for move in moves] == ["intended", "kept", "promoted", "acknowledged"]
    assert [move["seq"] for move in moves] == [1, 2, 3, 4]
    assert all(len(move["hash"]) == 64 for move in moves)
    assert moves[2]["access_key"].startswith("AK")
    assert moves[2]["previous_access_key"].startswith("OLD")
    assert moves_of(document, "quiet") == []
    (chain,) = document["journals"]
    assert chain["chain"] == moves[0]["chain"]
    assert (chain["state"], chain["matches_the_run"], chain["lines"]) == ("intact", True, 4)
    assert chain["head"] == moves[-1]["hash"]
    assert chain["job"] == "awx 4711 https://awx.example.com"
    assert "@" in chain["who"]
    assert (chain["reason"], chain["change"]) == ("quarterly", "CHG-1")


def test_chain_that_was_changed_after_the_run_is_a_finding(fleet: Fleet) -> None:
    path = chain_of(fleet)
    path.write_text(path.read_text().replace("due since yesterday", "due since long ago"))
    document = report_of(fleet)
    assert document["status"] == "act"
    assert document["summary"]["journal_unsound"] == 1
    assert "the journal is not as it was written" in document["status_line"]
    (finding,) = [each for each in document["findings"] if each["id"] == "journal"]
    assert "line 1 is not as it was written" in finding["concerns"][0]["text"]
    # What comes after a changed line is no evidence.
    assert moves_of(document, "app") == []


@pytest.mark.parametrize("keep", [0, 2])
def test_chain_that_was_cut_after_the_run_is_a_finding(fleet: Fleet, keep: int) -> None:
    path = chain_of(fleet)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:keep]))
    (chain,) = report_of(fleet)["journals"]
    assert (chain["state"], chain["matches_the_run"]) == ("cut", False)


def test_line_without_an_end_does_not_fill_the_memory(fleet: Fleet) -> None:
    path = chain_of(fleet)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size + 256 * 1024 * 1024)
    tracemalloc.start()
    try:
        document = report_of(fleet)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (chain,) = document["journals"]
    assert (chain["state"], chain["lines"]) == ("broken", 4)
    assert len(moves_of(document, "app")) == 4
    assert most < 32 * 1024 * 1024


def test_chain_that_is_gone_is_a_finding(fleet: Fleet) -> None:
    chain_of(fleet).unlink()
    (chain,) = report_of(fleet)["journals"]
    assert chain["state"] == "missing"


def test_run_that_changed_nothing_has_no_chain_and_no_finding(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu-de", [account_row("quiet")])
    assert fleet.endpoints[0]["journal"]["lines"] == 0
    document = report_of(fleet)
    assert document["journals"] == []
    assert document["findings"] == []


def test_journal_is_found_by_the_run_where_its_chain_is_not_named(fleet: Fleet) -> None:
    fleet.endpoints[0].update(journal=None, run="run-11280300")
    assert report_of(fleet)["journals"] == []
    document = report_of(fleet, journal=str(fleet.journal))
    # Nobody kept a head of it, so that it is only checked by itself.
    assert [chain["matches_the_run"] for chain in document["journals"]] == [None]
    assert len(moves_of(document, "app")) == 4


def test_second_run_over_a_host_adds_its_lines(fleet: Fleet, tmp_path: Path) -> None:
    later = Fleet(tmp_path)
    later.add("huawei", "eu-de", [rotated("quiet")], at=NOW + dt.timedelta(minutes=5))
    fleet.endpoints[0]["journals"] = [later.endpoints[0]["journal"]]
    document = report_of(fleet)
    assert len(document["journals"]) == 2
    assert len(moves_of(document, "quiet")) == 4


def test_name_of_a_chain_leads_nowhere_else(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"account": "app"}\n')
    fleet.endpoints[0]["journal"]["chain"] = "../x/secret"
    fleet.endpoints[0]["run"] = None
    assert report_of(fleet)["journals"] == []


def test_events_are_told_in_words() -> None:
    assert words_of({"event": "promoted", "verified": True}) == (
        "promoted to the current key, accepted by the S3 service"
    )
    assert words_of({"event": "promoted"}).endswith("unverified")
    assert words_of({"event": "some_new_event", "late": True}) == "some new event (written late)"


def test_every_event_of_the_engine_has_words() -> None:
    folder = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
    code = "".join(path.read_text() for path in folder.glob("rotation*.py"))
    literal = {event for event in EVENTS if f'"{event}"' in code}
    made = {f"{action}_{end}" for action in ("disable", "enable", "delete") for end in _ENDS}
    assert set(EVENTS) - literal - made == set()
    assert 'f"{action}_intended"' in code


_ENDS = ("intended", "refused", "settled")
