# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret store is proven usable, and each of its records readable."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.escrow import Escrow
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .call import actions, look, row_of
from .lab import OTHER, PLACE, StoreLab, pending_of, record_of

pytestmark = pytest.mark.slow

ELSEWHERE = Place("other", "lab 2/x", "App")
NEW = Place("echo", "lab", "new")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's escrow files."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def fill(lab: StoreLab) -> None:
    """Write three records of two endpoints."""
    store = lab.store("filler")
    store.write(PLACE, record_of(), None)
    store.write(OTHER, record_of(OTHER, pending=pending_of()), None)
    store.write(ELSEWHERE, record_of(ELSEWHERE), None)
    store.close()


def test_all_records_of_all_endpoints_are_read(lab: StoreLab) -> None:
    fill(lab)
    outcome = look(lab)
    assert actions(outcome) == dict.fromkeys(("app-0001", "app-0002", "App"), "unchanged")
    assert {(row.extra["platform"], row.extra["endpoint"]) for row in outcome.accounts} == {
        ("echo", "lab"),
        ("other", "lab 2/x"),
    }
    assert outcome.totals["managed"] == 2
    assert outcome.totals["pending"] == 1
    assert outcome.extra["proven"] == {"read": True, "write": True, "lease": True}
    assert outcome.extra["oldest"]["created_at"] == "2026-01-02T03:04:05Z"
    assert outcome.extra["secret_store"]["type"] == lab.store_class.name
    assert not outcome.changed


def test_scope_is_platform_endpoint_and_shard(lab: StoreLab) -> None:
    fill(lab)
    assert set(actions(look(lab, platform="other"))) == {"App"}
    assert set(actions(look(lab, endpoint="lab"))) == {"app-0001", "app-0002"}
    assert set(actions(look(lab, platform="echo", endpoint="lab 2/x"))) == set()
    parts = [set(actions(look(lab, endpoint="lab", shard=f"{n}/2"))) for n in (1, 2)]
    assert parts[0] | parts[1] == {"app-0001", "app-0002"}
    assert not parts[0] & parts[1]


def test_what_cannot_be_read_fails_alone_and_is_named(lab: StoreLab) -> None:
    fill(lab)
    lab.spoil(OTHER)
    lab.misplace(PLACE, Place("echo", "lab", "app-0003"))
    outcome = look(lab)
    found = actions(outcome)
    assert found["app-0001"] == "unchanged"
    assert found["app-0002"] == found["app-0003"] == "failed"
    failure = row_of(outcome, "app-0002").failure
    assert failure is not None
    assert (failure["kind"], failure["endpoint"]) == ("store_unreadable", "lab")
    assert failure["next_step"]
    assert "in the place of" in str(row_of(outcome, "app-0003").why) or "of echo" in str(
        row_of(outcome, "app-0003").why
    )


def test_check_mode_only_reads_and_says_so(lab: StoreLab) -> None:
    fill(lab)
    before = lab.contents()
    with lab.refused_writes():
        outcome = look(lab, check_mode=True)
    assert lab.contents() == before
    assert outcome.extra["proven"] == {"read": True, "write": False, "lease": False}
    assert "only reads" in outcome.extra["not_known"][0]


def test_store_that_cannot_be_written_is_found_out(lab: StoreLab) -> None:
    fill(lab)
    with lab.refused_writes():
        assert raised(look, lab).kind == "store_refused"
    with lab.unavailable():
        assert raised(look, lab).kind == "store_unavailable"


def test_store_is_left_as_it_was(lab: StoreLab) -> None:
    fill(lab)
    look(lab)
    before = lab.contents()
    look(lab)
    assert lab.contents() == before


def test_secrets_are_opened_when_asked_for_and_never_shown(lab: StoreLab) -> None:
    fill(lab)
    outcome = look(lab, open_secrets=True)
    assert outcome.totals["secrets_opened"] == 4
    source = "the option vault_password" if lab.seals else lab.store_class.title
    assert outcome.extra["opened_with"] == {source: 4}
    assert row_of(outcome, "App").details["opened_with"] == [source]
    assert "Made0Up0Secret" not in str(outcome.as_dict())
    assert "opened_with" not in look(lab).extra


def test_what_is_open_for_more_than_a_day_is_named(lab: StoreLab) -> None:
    fill(lab)
    store = lab.store("filler")
    fresh = dataclasses.replace(pending_of(), started_at=lab.clock.now())
    store.write(NEW, record_of(NEW, pending=fresh), None)
    store.close()
    outcome = look(lab)
    assert outcome.totals["stuck"] == 1
    assert row_of(outcome, "app-0002").details["open_since"] == "2026-04-02T03:04:05Z"
    (warning,) = [text for text in outcome.warnings if "more than a day" in text]
    assert "app-0002" in warning
    assert "new" not in warning.partition(":")[2]


def test_pairs_in_escrow_are_named(lab: StoreLab, tmp_path: Path) -> None:
    fill(lab)
    store = lab.store("filler")
    escrow = Escrow.of(str(tmp_path / "journal" / "escrow"), store, "a made-up login")
    path = escrow.put(PLACE, Pair("AKIDMADEUP0000000009", "Escrowed0Secret0Key"), "attempt-9")
    (tmp_path / "journal").mkdir(exist_ok=True)
    outcome = look(lab, journal=str(tmp_path / "journal"))
    assert outcome.extra["escrow_files"] == [path]
    assert any(path in text for text in outcome.warnings)


def test_chains_of_the_journal_are_checked_without_a_platform(
    lab: StoreLab, tmp_path: Path
) -> None:
    fill(lab)
    (tmp_path / "journal").mkdir()
    store = lab.store("filler")
    chain = {"lines": 3, "head": "ab" * 32}
    name = f"echo/lab/{dt.datetime(2026, 1, 2):%Y%m%dT%H%M%S}Z-run-1"
    store.write_note("journal", {"format": 1, "chains": {name: chain}}, None)
    store.close()
    outcome = look(lab, journal=str(tmp_path / "journal"))
    assert (outcome.totals["journal_chains"], outcome.totals["journal_unsound"]) == (1, 1)
    assert outcome.extra["journal"][0]["state"] == "missing"
    elsewhere = look(lab, journal=str(tmp_path / "journal"), platform="other")
    assert elsewhere.totals["journal_chains"] == 0


def test_lease_that_another_run_has_hinders_no_reading(lab: StoreLab) -> None:
    fill(lab)
    other = lab.store("other-run")
    with other.lease(PLACE):
        assert actions(look(lab))["app-0001"] == "unchanged"


def test_store_whose_server_encrypts_has_no_password_to_change(lab: StoreLab) -> None:
    fill(lab)
    before = lab.contents()
    if lab.store_class.cannot_rekey_because is None:
        assert set(actions(look(lab, state="rekeyed")).values()) == {"unchanged"}
        return
    failure = raised(look, lab, state="rekeyed")
    assert failure.kind == "unsupported"
    assert "because" in failure.message
    assert lab.contents() == before


def test_option_of_another_state_is_refused(lab: StoreLab) -> None:
    failure = raised(look, lab, new_vault_id="prod")
    assert failure.kind == "invalid_option"
    assert "new_vault_id" in failure.message
    assert "state: rekeyed" in failure.next_step
