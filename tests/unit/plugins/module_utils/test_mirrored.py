# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several endpoints as one platform: its verbs, on platforms that live in memory."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.mirrored import Mirrored
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    INACTIVE,
    AccountRef,
)
from ansible_collections.objectstore.credentials.tests.unit.memory_platform import Memory
from ansible_collections.objectstore.credentials.tests.unit.support import raised

APP = AccountRef(name="app")


class Pair:
    """Two platforms in memory that hold one key, and what makes one of them."""

    def __init__(self, *, connected: bool = True) -> None:
        self.near, self.far = Memory(), Memory()
        self.far.settings = dataclasses.replace(
            self.far.settings, endpoint="far", api_url="http://127.0.0.1:2"
        )
        for one in (self.near, self.far):
            one.refined = {"can_choose_pair": True}
            one.add("app", "AK1", id=f"id-{one.settings.endpoint}")
        self.both = Mirrored(self.near, [self.far])
        if connected:
            self.both.connect()


@pytest.fixture
def pair() -> Pair:
    return Pair()


def refusal(landed: bool | None = False) -> CredentialsError:
    """Return an error of a platform."""
    return CredentialsError("rejected", "No.", landed=landed)


def test_account_is_the_endpoints_own_and_is_found_at_the_mirror_by_name(pair: Pair) -> None:
    account = pair.both.account(APP)
    assert account.id == "id-lab"
    assert account.twins["far"].id == "id-far"
    assert [key.access_key for key in pair.both.access_keys(account)] == ["AK1"]


def test_key_is_set_at_the_mirror_and_then_at_the_endpoint(pair: Pair) -> None:
    (key,) = pair.both.access_keys(pair.both.account(APP))
    now = pair.both.set_access_key(key, INACTIVE)
    assert (now.status, now.absent_at) == (INACTIVE, ())
    assert pair.near.keys["AK1"].status == pair.far.keys["AK1"].status == INACTIVE
    assert pair.both.written_at(pair.both.account(APP)) == ("far", "lab")


@pytest.mark.parametrize(
    ("landed", "state", "known"), [(False, "not written", True), (None, "unanswered", None)]
)
def test_change_that_only_the_mirror_took_has_landed_in_part(
    pair: Pair, landed: bool | None, state: str, known: bool | None
) -> None:
    (key,) = pair.both.access_keys(pair.both.account(APP))
    pair.near.failures["set AK1"] = refusal(landed)
    error = raised(pair.both.set_access_key, key, INACTIVE)
    assert error.landed is known
    assert error.details["endpoints"] == {"far": "written", "lab": state}
    assert "done at far already" in error.message


def test_change_that_the_mirror_refuses_goes_no_further(pair: Pair) -> None:
    (key,) = pair.both.access_keys(pair.both.account(APP))
    pair.far.failures["set AK1"] = refusal()
    error = raised(pair.both.set_access_key, key, INACTIVE)
    assert error.landed is False
    assert error.endpoint == "far"
    assert error.message.startswith("Mirror far: ")
    assert error.details["endpoints"] == {"far": "not written", "lab": "not reached"}
    assert pair.near.writes == []


def test_key_is_found_wherever_it_is(pair: Pair) -> None:
    account = next(iter(pair.far.known.values()))
    pair.far.keys["AK2"] = dataclasses.replace(
        pair.far.keys["AK1"], access_key="AK2", account=account
    )
    key = pair.both.find_access_key("AK2")
    assert (key.access_key, key.absent_at) == ("AK2", ("lab",))
    # By the identifier that it has at the endpoint, not by the mirror's.
    assert key.account.id == "id-lab"
    assert pair.both.find_access_key("AK2", APP).access_key == "AK2"
    for ref in (None, APP):
        assert raised(pair.both.find_access_key, "AK3", ref).kind == "not_found"


def test_listing_knows_who_is_at_both(pair: Pair) -> None:
    pair.near.add("near-only", "AK5")
    pair.far.add("far-only", "AK6")
    listed = {account.name: account for account in pair.both.accounts()}
    assert sorted(listed) == ["app", "near-only"]
    assert sorted(listed["app"].twins) == ["far", "lab"]
    error = raised(pair.both.access_keys, listed["near-only"])
    assert (error.kind, error.endpoint) == ("not_found", "far")


def test_what_cannot_be_replaced_at_one_cannot_be_replaced(pair: Pair) -> None:
    pair.far.change("AK1", immutable=True)
    (key,) = pair.both.access_keys(pair.both.account(APP))
    assert key.immutable
    assert pair.both.why_not_replace(key) == "at far, the platform keeps it for itself"


@pytest.mark.parametrize("fact", ["can_choose_pair", "shows_access_key"])
def test_refused_where_one_cannot_hold_a_chosen_pair(fact: str) -> None:
    pair = Pair(connected=False)
    pair.far.refined = {**pair.far.refined, fact: False}
    error = raised(pair.both.connect)
    assert error.kind == "unsupported"
    assert error.endpoint == "far"
    assert pair.near.writes == pair.far.writes == []


def test_one_place_under_two_names_is_refused() -> None:
    pair = Pair(connected=False)
    pair.far.settings = dataclasses.replace(pair.far.settings, api_url="HTTP://127.0.0.1:1/")
    assert "same place" in raised(pair.both.connect).message


def test_no_key_is_made_without_a_chosen_pair(pair: Pair) -> None:
    account = pair.both.account(APP)
    for make in (pair.both.create_access_key, pair.both.regenerate_access_key):
        assert raised(make, account).kind == "unsupported"


def test_described_has_the_mirrors(pair: Pair) -> None:
    told = pair.both.described(pair.both.connect())
    assert [each["endpoint"] for each in told["details"]["mirrors"]] == ["far"]
    assert told["facts"]["can_choose_pair"] is True
