# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that a listing shows without their access keys: known by the record, or by an identifier."""

from __future__ import annotations

import datetime as dt

import pytest

from .conftest import OpenLab
from .lab import ACCOUNT, HIDDEN, Lab

EVERY = dt.timedelta(days=365)


def identifier(lab: Lab, access_key: str) -> str:
    """Return what a listing shows a key by."""
    return str(lab.simulator.name_of(access_key))


def ends(lab: Lab, access_key: str) -> dt.datetime | None:
    """Return when a key really ends."""
    end: dt.datetime | None = lab.simulator.world.keys[access_key].expires
    return end


def give_end(lab: Lab, access_key: str, lifetime: dt.timedelta) -> None:
    """Let a key end so long from now."""
    lab.simulator.world.keys[access_key].expires = lab.clock.now() + lifetime


def test_account_is_taken_over_by_the_identifier_of_its_key(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    old = lab.only()
    result = lab.adopt()
    assert result.previous_access_key == identifier(lab, old)
    assert lab.current() in lab.truth()
    assert [key.access_key for key in lab.rec().retiring] == [identifier(lab, old)]
    assert lab.run().accounts[0].action == "unchanged"
    lab.settle_down()
    assert set(lab.truth()) == {lab.current()}
    assert lab.rec().retiring == ()


def test_account_is_taken_over_by_an_access_key_that_the_operator_knows(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    old, colleagues = lab.only(), lab.make_key()
    refused = lab.one(adopt="rotate")
    assert (refused.failure or {})["kind"] == "ambiguous"
    result = lab.one(adopt="rotate", replaces=[old])
    assert result.action == "rotated", result.why
    assert result.previous_access_key == old
    lab.settle_down()
    assert set(lab.truth()) == {lab.current(), colleagues}


@pytest.mark.parametrize("users", [[ACCOUNT], []], ids=["named", "found"])
def test_leaked_key_that_the_record_calls_by_its_identifier_is_ended_by_its_access_key(
    lab_of: OpenLab, users: list[str]
) -> None:
    lab = lab_of(HIDDEN, accounts=2)
    old = lab.only()
    lab.adopt()
    # Were it renamed, the record's own name would look as if it were gone, and be forgotten.
    outcome = lab.run(compromised=[old], reason="in a log", users=users)
    assert not outcome.failures
    assert [each.action for each in outcome.accounts] == ["deleted"]
    assert set(lab.truth()) == {lab.current()}
    assert lab.rec().retiring == ()


def test_leaked_key_that_the_record_calls_by_its_access_key_is_ended_by_its_identifier(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(HIDDEN)
    old = lab.managed()
    result = lab.one(compromised=[identifier(lab, old)], reason="in a log")
    assert result.action == "rotated", result.why
    assert set(lab.truth()) == {lab.current()}


def test_leaked_key_is_replaced_and_deleted_in_one_run(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    old = lab.managed()
    result = lab.one(compromised=[old], reason="in a log")
    assert result.action == "rotated", result.why
    assert set(lab.truth()) == {lab.current()}
    assert lab.simulator.secret_of(old) is None
    assert lab.stored_pair_works()


def test_owner_of_a_leaked_key_is_found_among_all_accounts(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN, accounts=3)
    leaked = lab.only("app-0002")
    others = lab.truth(), lab.truth("app-0003")
    result = lab.one(users=[], compromised=[leaked], reason="in a log", adopt="rotate")
    assert (result.account, result.action) == ("app-0002", "rotated")
    assert leaked not in lab.truth("app-0002")
    assert (lab.truth(), lab.truth("app-0003")) == others


def test_rollback_goes_back_to_the_key_before(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    old = lab.managed()
    assert lab.one(force=True).action == "rotated"
    new = lab.current()
    assert lab.one(state="rolled_back", reason="clients fail").action == "rolled_back"
    assert lab.current() == old
    assert set(lab.truth()) == {old, new}


def test_unknown_keys_are_shown_by_identifier_and_known_ones_by_access_key(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    current, stranger = lab.managed(), lab.make_key()
    result = lab.one(force=True)
    assert result.action == "rotated", result.why
    assert result.details["unknown_keys"] == f"{identifier(lab, stranger)} (active)"
    assert set(lab.truth()) == {current, stranger, lab.current()}


def test_new_key_lives_as_long_as_the_one_before(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    give_end(lab, lab.only(), dt.timedelta(days=200))
    lab.adopt()
    first = lab.rec().current
    assert first is not None
    assert first.expires_at == ends(lab, lab.current())
    # Of the one taken over only the end was known; from now on the record knows both.
    assert first.expires_at is not None
    assert first.created_at is not None
    lifetime = first.expires_at - first.created_at
    assert abs(lifetime - dt.timedelta(days=200)) < dt.timedelta(seconds=5)
    for _unused in range(2):
        lab.later(days=50)
        assert lab.one(force=True).action == "rotated"
        now = lab.rec().current
        assert now is not None
        assert now.expires_at == ends(lab, lab.current())
        assert now.expires_at - now.created_at == lifetime  # type: ignore[operator]  # both are known


def test_key_taken_over_shortly_before_its_end_gets_as_long_as_the_rule_permits(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(HIDDEN)
    give_end(lab, lab.only(), dt.timedelta(hours=2))
    lab.adopt(max_age="60d")
    end = ends(lab, lab.current())
    assert end is not None
    assert abs(end - lab.clock.now() - dt.timedelta(days=60)) < dt.timedelta(minutes=1)


def test_key_without_an_end_gets_a_successor_without_one(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    lab.managed()
    lab.one(force=True)
    assert ends(lab, lab.current()) is None
    assert lab.rec().current.expires_at is None  # type: ignore[union-attr]  # there is one


def test_key_that_ended_is_replaced_by_one_that_lives_as_long(lab_of: OpenLab) -> None:
    lab = lab_of(HIDDEN)
    give_end(lab, lab.only(), EVERY)
    lab.adopt()
    with lab.watch.outside():  # the promise does not hold against an end that the platform sets
        lab.later(days=400)
    assert lab.truth() == {}
    result = lab.one()
    assert result.action == "rotated", result.why
    assert "expired" in (result.why or "")
    end = ends(lab, lab.current())
    assert end is not None
    assert abs(end - lab.clock.now() - EVERY) < dt.timedelta(minutes=1)
