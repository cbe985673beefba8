# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs called again after a lost answer, and facts that every form keeps to."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    INACTIVE,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .cells import CHOSEN, WRITES, Cell, open_cell, writes_of

LOST: list[dict[str, Any]] = [
    {"action": "drop", "when": "after"},
    {"action": "status", "when": "after", "status": 504},
]


@pytest.mark.parametrize("lost", LOST, ids=lambda fault: fault["action"])
@pytest.mark.parametrize(
    ("form", "write"), WRITES, ids=lambda v: " ".join(v) if isinstance(v, tuple) else v
)
def test_write_repeated_after_a_lost_answer_does_as_documented(
    form: tuple[str, str], write: str, lost: dict[str, Any]
) -> None:
    with open_cell(form) as cell:
        platform = cell.platform()
        do = writes_of(cell, platform)[write]
        before = set(cell.truth())
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            cell.server.faults.add(method=method, **lost)
        with contextlib.suppress(CredentialsError):
            do()
        assert cell.simulator.writes == 1
        after_first = set(cell.truth())
        cell.server.faults.clear()
        second = None
        with contextlib.suppress(CredentialsError):
            second = do()
        now = cell.truth()
        if write == "create":
            # It makes another, unless there is no room for it.
            assert len(after_first) == len(before) + 1
            room = platform.facts.max_keys is None or len(after_first) < platform.facts.max_keys
            assert len(now) == len(after_first) + room
            assert before < set(now)
        elif write == "regenerate":
            assert second is not None
            assert len(now) == len(before)
            assert not set(now) & (before | after_first)
        elif write == "regenerate with a chosen pair":
            # The same pair again: whatever the platform says to it, the pair is what works.
            assert set(now) == {CHOSEN.access_key}
            assert cell.simulator.secret_of(CHOSEN.access_key) == CHOSEN.secret_key
        elif write == "delete":
            assert set(now) == after_first == set()
        else:
            assert set(now) == before
            assert set(now.values()) == {INACTIVE if write == "disable" else "active"}


def test_facts_of_every_form_are_within_those_of_the_class(cell: Cell) -> None:
    # Operations refuse by the class before they connect: it must promise what any form can.
    best, facts = PLATFORMS[cell.name].FACTS, cell.platform().facts
    for name in ("can_disable", "has_description"):
        assert getattr(best, name) or not getattr(facts, name), name


def test_facts_do_not_contradict_each_other(cell: Cell) -> None:
    facts = cell.platform().facts
    assert facts.can_create or facts.can_regenerate
    assert facts.can_disable or facts.cannot_disable_because
    assert facts.overlap == (facts.can_create and facts.max_keys != 1)
    assert facts.label in (None, "description", "access_key")
    assert facts.label != "description" or facts.has_description
    assert facts.label != "access_key" or facts.can_choose_pair
    assert set(facts.secret_comes_back) <= {"create", "regenerate", "list", "email"}
    assert facts.shows_access_key or not (facts.can_delete or facts.can_disable)


def test_account_without_keys_has_none(cell: Cell) -> None:
    identifier = cell.simulator.add_account("bare", access_keys=0)
    platform = cell.platform()
    account = platform.account(AccountRef(name="bare"))
    if platform.facts.listing_has_side_effect:
        return
    assert [key for key in platform.access_keys(account) if not key.immutable] == []
    assert cell.simulator.keys_of(identifier) == {}


def test_first_key_of_an_account_without_any_works(cell: Cell) -> None:
    cell.simulator.add_account("bare", access_keys=0)
    platform = cell.platform()
    account = platform.account(AccountRef(name="bare"))
    facts = platform.facts
    make = platform.create_access_key if facts.can_create else platform.regenerate_access_key
    issued = make(account)
    if issued.pair is None:
        assert issued.delivery == "email"
    else:
        assert cell.simulator.secret_of(issued.pair.access_key) == issued.pair.secret_key


def test_listing_that_has_a_side_effect_is_sent_only_when_allowed(cell: Cell) -> None:
    platform = cell.platform()
    if not platform.facts.listing_has_side_effect:
        return
    account = cell.account(platform)
    platform.client.allow_side_effects = False
    sent = len(cell.server.log)
    exc = raised(platform.access_keys, account)
    assert exc.kind == "side_effect_refused"
    assert exc.platform == cell.name
    assert len(cell.server.log) == sent
    assert cell.simulator.writes == 0


def test_dates_are_told_as_the_facts_say(cell: Cell) -> None:
    platform = cell.platform()
    facts = platform.facts
    if not facts.shows_access_key:
        return
    for key in platform.access_keys(cell.account(platform), last_used=True):
        if facts.tells_created:
            assert key.created_at is not None
            age = platform.client.platform_now() - key.created_at
            assert -120 < age.total_seconds() < 2 * 86400
        if facts.tells_last_used == "no":
            assert key.last_used_at is None


def test_deleting_one_of_two_keys_leaves_the_other_working(cell: Cell) -> None:
    platform = cell.platform()
    facts = platform.facts
    if not (facts.can_create and facts.can_delete):
        return
    old = cell.key(platform)
    issued = platform.create_access_key(cell.account(platform))
    assert issued.pair is not None
    platform.delete_access_key(old)
    assert cell.simulator.secret_of(old.access_key) is None
    assert cell.simulator.secret_of(issued.pair.access_key) == issued.pair.secret_key


def test_writes_to_one_account_leave_the_others_alone(cell: Cell) -> None:
    platform = cell.platform()
    others = {name: cell.truth(name) for name in ("app-0002", "app-0003")}
    for do in writes_of(cell, platform).values():
        with contextlib.suppress(CredentialsError):
            do()
    assert cell.simulator.writes > 0
    assert {name: cell.truth(name) for name in others} == others
