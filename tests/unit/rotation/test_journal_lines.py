# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record carries what the journal may lack: a kill between them neither loses nor doubles."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.journal import (
    Journal,
    verify_journal,
)

from .conftest import OpenLab
from .lab import CHOSEN, IN_PLACE, LABELLED, TWO_SLOTS, UNLABELLED, Form, Lab
from .lab_store import always
from .wire import Killed


def checked(lab: Lab) -> list[dict[str, Any]]:
    """Return the account's lines; every chain is whole, and none stands there twice."""
    for report in verify_journal(str(lab.folder / "journal")):
        assert report.state == "intact", report
    lines = lab.lines()
    twice = [name for name, times in Counter(line["id"] for line in lines).items() if times > 1]
    assert not twice
    return lines


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, TWO_SLOTS, IN_PLACE, CHOSEN])
def test_kill_between_record_and_journal_loses_no_line_and_doubles_none(
    lab_of: OpenLab, form: Form
) -> None:
    plain = lab_of(form)
    plain.managed()
    plain.one(rotation_id="winter")
    usual = {line["event"] for line in checked(plain) if line.get("rotation_id") == "winter"}
    for skip in range(4):
        lab = lab_of(form)
        lab.managed()
        lab.store_faults.add("kill after", always, skip=skip)
        with contextlib.suppress(Killed):
            lab.one(rotation_id="winter")
        lab.store_faults.clear()
        lab.one(rotation_id="winter")
        lines = [line for line in checked(lab) if line.get("rotation_id") == "winter"]
        assert {line["event"] for line in lines} >= usual - {"kept", "intended_again"}
        promoted = [line for line in lines if line["event"] == "promoted"]
        assert len(promoted) == 1, skip
        # The run that was killed has its line: it intended.
        assert lines[0]["event"] == "intended"


def test_line_of_a_killed_run_is_written_by_a_run_with_nothing_to_do(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    lab.store_faults.add(
        "kill after", lambda record: record.pending is None and record.intent is None
    )
    lab.killed(force=True)
    assert "promoted" not in [e for e in lab.events() if e][-1:]
    made = lab.current()
    result = lab.one()
    assert result.action == "unchanged"
    last = [line for line in checked(lab) if line["event"] == "promoted"][-1]
    assert last["access_key"] == made
    assert last["late"] is True
    # And once more changes nothing.
    files = lab.files()
    lab.one()
    assert lab.files() == files


def test_lines_say_who_what_when_and_which_keys(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.one(rotation_id="winter")
    promoted = [line for line in checked(lab) if line["event"] == "promoted"][-1]
    assert promoted["rotation_id"] == "winter"
    assert promoted["access_key"] == lab.current()
    assert promoted["previous_access_key"] == old
    for name in ("at", "run", "who", "platform", "endpoint", "account", "why"):
        assert promoted[name], name


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE, CHOSEN])
def test_no_line_holds_a_secret(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.one(force=True)
    text = json.dumps(lab.lines())
    assert not [secret for secret in lab.simulator.secrets() if secret in text]


def test_every_transition_has_its_line(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    lab.settle_down()
    lab.one(force=True, acknowledge="explicit")
    lab.one(state="acknowledged", access_key=lab.current())
    lab.one(state="rolled_back", reason="it failed")
    events = [line["event"] for line in checked(lab)]
    for event in (
        *("intended", "kept", "promoted", "disable_intended", "disabled", "delete_intended"),
        *("deleted", "acknowledged", "rollback_intended"),
    ):
        assert event in events, event


def test_journal_that_cannot_be_written_lets_nothing_begin(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    keys = lab.truth()
    journal = lab.folder / "journal"
    journal.rename(lab.folder / "moved")
    journal.write_text("a file stands in its place")
    from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
        CredentialsError,
    )

    with pytest.raises(CredentialsError):
        lab.run(force=True)
    assert lab.truth() == keys


def test_journal_that_fails_midway_finishes_what_has_begun_and_no_more(
    lab_of: OpenLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
        CredentialsError,
    )

    lab = lab_of(UNLABELLED, accounts=3)
    lab.run(all=True, adopt="rotate")

    def full(_journal: Journal, _entries: Any) -> None:
        raise CredentialsError("store_refused", "The journal's disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        outcome = lab.run(all=True, force=True, parallelism=1)
    actions = [each.action for each in outcome.accounts]
    assert sorted(actions) == ["rotated", "skipped", "skipped"]
    # A person must make room: the task fails, and the others say what they wait for.
    assert "The journal's disk is full." in outcome.as_dict()["msg"]
    assert outcome.as_dict()["failure"]["kind"] == "store_refused"
    why = {str(each.why) for each in outcome.accounts if each.action == "skipped"}
    assert all("disk is full" in text for text in why), why
    name = str(next(each.account for each in outcome.accounts if each.action == "rotated"))
    assert lab.stored_pair_works(name)
    # Its lines come late.
    lab.run(all=True)
    events = [line["event"] for line in lab.lines(name)]
    assert events.count("promoted") == 2
