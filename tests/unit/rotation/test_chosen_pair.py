# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the caller may choose the pair it is stored before the call, and nothing can lose it."""

from __future__ import annotations

import json

import pytest

from .conftest import OpenLab
from .lab import CHOSEN, TWO_SLOTS, Form, Lab
from .lab_store import is_intended, is_kept, is_promoted

FORMS = [CHOSEN, TWO_SLOTS]


def verb(lab: Lab) -> str:
    """Return how the platform makes a new key."""
    return "create" if lab.facts.overlap else "regenerate"


@pytest.mark.parametrize("form", FORMS)
def test_pair_is_stored_before_the_call_and_is_the_one_sent(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    chosen = []

    def look() -> None:
        pending = lab.watch.records["app-0001"].pending
        assert pending is not None
        chosen.append(pending.pair())

    lab.store_faults.add("", is_intended, act=look)
    lab.one(force=True)
    assert len(chosen) == 1
    assert chosen[0] is not None
    assert lab.current() == chosen[0].access_key
    assert lab.simulator.secret_of(chosen[0].access_key) == chosen[0].secret_key
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", FORMS)
def test_some_stored_pair_works_at_every_moment(lab_of: OpenLab, form: Form) -> None:
    for wants in (is_intended, is_kept, is_promoted):
        for action in ("kill before", "kill after"):
            lab = lab_of(form)
            lab.managed()
            lab.store_faults.add(action, wants)
            try:
                lab.one(rotation_id="winter")
            except BaseException as exc:
                if type(exc).__name__ != "Killed":
                    raise
            lab.store_faults.clear()
            record = lab.rec()
            pairs = [key.pair() for key in record.held_keys()]
            pairs += [record.pending.pair()] if record.pending else []
            assert any(
                pair is not None and lab.simulator.secret_of(pair.access_key) == pair.secret_key
                for pair in pairs
            ), (wants.__name__, action)
            assert not lab.one(rotation_id="winter").has_failed
            assert lab.stored_pair_works()


@pytest.mark.parametrize("form", FORMS)
def test_landed_call_is_completed_without_another(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.kill_before_answer(verb(lab))
    lab.killed(rotation_id="winter")
    pending = lab.rec().pending
    assert pending is not None
    writes = lab.writes
    assert lab.one(rotation_id="winter").action in ("rotated", "resumed")
    assert lab.current() == pending.access_key
    assert lab.writes == writes
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", FORMS)
def test_call_that_did_not_land_is_sent_again_with_the_same_pair(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("kill after", is_intended)
    lab.killed(rotation_id="winter")
    pending = lab.rec().pending
    assert pending is not None
    assert lab.one(rotation_id="winter").action in ("rotated", "resumed")
    assert lab.current() == pending.access_key
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", FORMS)
def test_anything_else_that_is_shown_is_drifted(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("kill after", is_intended)
    lab.killed(force=True)
    if lab.facts.overlap:
        theirs = lab.make_key()
    else:
        lab.regenerate()
        theirs = lab.only()
    result = lab.one()
    assert result.action == "drifted"
    assert result.failure is not None
    assert theirs in result.failure["message"]
    assert "force" in result.failure["next_step"]
    assert lab.truth()[theirs] == "active"


def test_repeating_an_unsent_call_in_place_needs_leave(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    old = lab.managed()
    lab.store_faults.add("kill after", is_intended)
    lab.killed(force=True)
    result = lab.one(allow_disruption=False)
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"
    assert lab.only() == old


@pytest.mark.parametrize("form", FORMS)
def test_every_rotation_chooses_a_new_pair(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    seen = set()
    lab.adopt()
    for _unused in range(3):
        seen.add(lab.current())
        if lab.facts.overlap:
            lab.later(30)
            lab.one()
        lab.one(force=True)
    assert len(seen) == 3


@pytest.mark.parametrize("form", FORMS)
def test_chosen_secret_is_in_no_result_and_no_journal(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    result = lab.one(force=True)
    secret = lab.simulator.secret_of(lab.current())
    assert secret
    assert secret not in json.dumps(result.as_dict())
    assert secret not in json.dumps(lab.lines())
    assert not any(secret.encode() in data for data in lab.files().values())
