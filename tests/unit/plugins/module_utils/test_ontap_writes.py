# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP keys made, replaced and deleted, and which of them lives when an answer is missing."""

from __future__ import annotations

import datetime as dt

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account, Pair
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ontap_lab import (
    OWN,
    VARIANTS,
    Lab,
    lab,
    read,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

__all__ = ["lab"]

DAY = dt.timedelta(days=1)
APP = Account("app-0001")
PAIR = Pair(OWN["access_key"], OWN["secret_key"])


@pytest.mark.parametrize("records", ["list", "object"])
@pytest.mark.parametrize("label", VARIANTS)
def test_regenerate_returns_the_pair_that_now_works(lab: Lab, label: str, records: str) -> None:
    platform = lab.variant(label, accounts=2)
    lab.sim.modes["records"] = records
    old = lab.keys("app-0001")[0]
    issued = platform.regenerate_access_key(APP)
    assert issued.pair is not None
    assert lab.sim.secret_of(issued.pair.access_key) == issued.pair.secret_key
    assert lab.sim.secret_of(old) is None
    assert lab.sim.writes == 1


@pytest.mark.parametrize("left_out", ["cleared", "kept"])
@pytest.mark.parametrize("version", ["9.14.1", "9.15.1", "9.16.1", "9.19.1"])
def test_the_lifetime_is_kept_and_always_sent(lab: Lab, version: str, left_out: str) -> None:
    lab.use(version, accounts=2, lifetime_left_out=left_out)
    lab.live("app-0001", 30 * DAY)
    platform = lab.open()
    issued = platform.regenerate_access_key(APP)
    assert issued.details == {"key_time_to_live": "P30D"}
    assert (issued.expires_at is None) == (version == "9.14.1")
    assert platform.access_keys(APP)[0].details == {"key_time_to_live": "P30D"}
    platform.regenerate_access_key(Account("app-0002"))
    assert '"key_time_to_live": "PT0S"' in lab.server.log[-1].body


def test_no_lifetime_is_sent_before_9_14(lab: Lab) -> None:
    lab.use("9.13.1", accounts=1)
    lab.open().regenerate_access_key(APP)
    assert lab.server.log[-1].body == "{}"


def test_a_key_that_never_expires_is_cut_to_the_maximum_of_the_service(lab: Lab) -> None:
    lab.use("9.16.1", accounts=1, max_key_time_to_live="P60D")
    assert lab.open().regenerate_access_key(APP).details == {"key_time_to_live": "P60D"}


def test_an_expired_key_can_be_regenerated(lab: Lab) -> None:
    lab.use(accounts=1)
    lab.live("app-0001", DAY)
    lab.sim.clock.advance(2 * 86400)
    platform = lab.open()
    (key,) = platform.access_keys(APP)
    assert key.expires_at is not None
    assert key.expires_at < lab.sim.clock.now()
    assert platform.regenerate_access_key(APP).pair


def test_an_own_pair_is_set(lab: Lab) -> None:
    lab.use("9.16.1", accounts=1)
    issued = lab.open().regenerate_access_key(APP, PAIR)
    assert issued.pair == PAIR
    assert lab.sim.secret_of(PAIR.access_key) == PAIR.secret_key


@pytest.mark.parametrize("version", ["9.7", "9.15.1"])
def test_an_own_pair_is_unsupported_before_9_16_1(lab: Lab, version: str) -> None:
    lab.use(version, accounts=1)
    exc = raised(lab.open().regenerate_access_key, APP, PAIR)
    assert exc.kind == "unsupported"
    assert "9.16.1" in exc.message
    assert lab.writes() == []


# --- two slots ---------------------------------------------------------------------------------


def test_a_second_key_is_made_beside_the_first_with_its_lifetime(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1)
    first = lab.live("app-0001", 30 * DAY)
    platform = lab.open()
    issued = platform.create_access_key(APP)
    assert issued.pair is not None
    assert (issued.slot, issued.details) == (2, {"key_time_to_live": "P30D"})
    assert lab.keys("app-0001") == [first, issued.pair.access_key]
    exc = raised(platform.create_access_key, APP)
    assert exc.kind == "limit"
    assert exc.alive == f"{first}, {issued.pair.access_key}"


def test_the_first_slot_is_used_when_it_is_the_free_one(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1)
    second = lab.live("app-0001", DAY, slot=2)
    del lab.sim.svm.users["app-0001"].slots[1]
    platform = lab.open()
    issued = platform.create_access_key(APP)
    assert issued.pair is not None
    assert lab.keys("app-0001") == [issued.pair.access_key, second]


def test_a_slot_that_is_not_shown_does_not_count_as_free(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1, shows_keys=False)
    exc = raised(lab.open().create_access_key, APP)
    assert exc.kind == "unsupported"
    assert "slot 2" in exc.message
    assert lab.writes() == []


@pytest.mark.parametrize("version", ["9.7", "9.16.1", "9.18.1"])
def test_a_second_key_is_unsupported_before_9_19_1(lab: Lab, version: str) -> None:
    lab.use(version, accounts=1)
    platform = lab.open()
    for exc in (
        raised(platform.create_access_key, APP),
        raised(platform.regenerate_access_key, APP, slot=2),
    ):
        assert exc.kind == "unsupported"
        assert "9.19.1" in exc.message
    assert lab.writes() == []


def test_with_two_keys_it_must_be_said_which_one_is_regenerated(lab: Lab) -> None:
    lab.use("9.19.1")
    lab.sim.add_account("two", 2)
    first, second = lab.keys("two")
    platform = lab.open()
    exc = raised(platform.regenerate_access_key, Account("two"))
    assert exc.kind == "ambiguous"
    assert first in exc.message
    assert second in exc.message
    assert lab.writes() == []
    platform.regenerate_access_key(Account("two"), slot=2)
    assert lab.keys("two")[0] == first
    assert lab.keys("two")[1] != second


# --- deleting ----------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("version", ["9.14.1", "9.16.1", "9.19.1"])
def test_a_key_is_deleted_and_the_user_stays(lab: Lab, version: str, empty: bool) -> None:
    lab.use(version, accounts=1, empty_answers=empty)
    platform = lab.open()
    (key,) = platform.access_keys(APP)
    platform.delete_access_key(key)
    assert lab.keys("app-0001") == []
    assert raised(platform.delete_access_key, key).kind == "not_found"
    assert lab.sim.writes == 1


def test_the_right_one_of_two_keys_is_deleted(lab: Lab) -> None:
    lab.use("9.19.1")
    lab.sim.add_account("two", 2)
    platform = lab.open()
    first, second = platform.access_keys(Account("two"))
    platform.delete_access_key(second)
    assert lab.keys("two") == [first.access_key]


def test_a_key_that_took_the_slot_since_is_not_deleted(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    (key,) = platform.access_keys(APP)
    colleague = lab.live("app-0001", DAY)
    assert raised(platform.delete_access_key, key).kind == "not_found"
    assert lab.keys("app-0001") == [colleague]


def test_a_deletion_answered_but_not_done_is_no_success(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    (key,) = platform.access_keys(APP)
    lab.server.faults.add("status", method="PATCH", status=200, body={})
    exc = raised(platform.delete_access_key, key)
    assert (exc.kind, exc.alive, exc.landed) == ("platform_error", key.access_key, None)


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_lost_answer_to_a_deletion_it_looks(lab: Lab, when: str) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    (key,) = platform.access_keys(APP)
    lab.server.faults.add("drop", when, method="PATCH")
    if when == "after":
        platform.delete_access_key(key)
        assert lab.keys("app-0001") == []
    else:
        exc = raised(platform.delete_access_key, key)
        assert (exc.kind, exc.alive, exc.landed) == ("outcome_unknown", key.access_key, None)


def test_deleting_is_unsupported_before_9_14_1(lab: Lab) -> None:
    lab.use("9.13.1", accounts=1)
    platform = lab.open()
    (key,) = platform.access_keys(APP)
    exc = raised(platform.delete_access_key, key)
    assert exc.kind == "unsupported"
    assert "9.14.1" in exc.message
    assert lab.writes() == []


# --- which key lives ---------------------------------------------------------------------------


def test_92405792_without_a_change_says_that_the_old_key_lives(lab: Lab) -> None:
    lab.use(accounts=1, regenerate_fails="before")
    old = lab.keys("app-0001")[0]
    exc = raised(lab.open().regenerate_access_key, APP)
    assert (exc.kind, exc.code) == ("platform_error", "92405792")
    assert (exc.alive, exc.landed) == (old, False)
    assert "as before" in exc.message


def test_92405792_with_a_change_names_the_new_key_and_the_dead_one(lab: Lab) -> None:
    lab.use(accounts=1, regenerate_fails="after")
    old = lab.keys("app-0001")[0]
    exc = raised(lab.open().regenerate_access_key, APP)
    new = lab.keys("app-0001")[0]
    assert new != old
    assert (exc.kind, exc.code) == ("partial", "92405792")
    assert (exc.alive, exc.landed) == (new, True)
    assert old in exc.message
    assert "regenerate_keys" in exc.next_step


def test_92406081_is_partial_and_names_the_key_that_lives(lab: Lab) -> None:
    lab.use(accounts=1, regenerate_fails="partial")
    exc = raised(lab.open().regenerate_access_key, APP)
    assert (exc.kind, exc.code, exc.landed) == ("partial", "92406081", True)
    assert exc.alive == lab.keys("app-0001")[0]
    assert lab.sim.writes == 1


def test_92406081_with_an_own_pair_says_that_it_lives(lab: Lab) -> None:
    lab.use(accounts=1, regenerate_fails="partial")
    exc = raised(lab.open().regenerate_access_key, APP, PAIR)
    assert (exc.kind, exc.alive, exc.landed) == ("partial", PAIR.access_key, True)
    assert "it lives" in exc.message


@pytest.mark.parametrize("action", ["drop", "garbage", "html", "truncate", "status"])
def test_an_answer_lost_after_the_change_names_the_new_key(lab: Lab, action: str) -> None:
    """Peer defect 9: a lost answer is a plain failure there, and the new pair is unknown."""
    lab.use(accounts=1)
    old = lab.keys("app-0001")[0]
    lab.server.faults.add(action, "after", method="PATCH")
    exc = raised(lab.open().regenerate_access_key, APP)
    new = lab.keys("app-0001")[0]
    assert new != old
    assert (exc.alive, exc.landed) == (new, True)
    assert exc.kind in ("outcome_unknown", "malformed_answer", "platform_error")
    assert lab.sim.writes == 1
    for secret in lab.sim.secrets():
        assert secret not in everything_in(exc)


@pytest.mark.parametrize("action", ["drop", "garbage", "html", "truncate", "status"])
def test_an_answer_lost_before_the_change_stays_open(lab: Lab, action: str) -> None:
    lab.use(accounts=1)
    old = lab.keys("app-0001")[0]
    lab.server.faults.add(action, "before", method="PATCH")
    exc = raised(lab.open().regenerate_access_key, APP)
    assert (exc.alive, exc.landed) == (old, None)
    assert "may still take effect" in exc.next_step
    assert len(lab.writes()) == 1


@pytest.mark.parametrize("action", ["drop", "garbage", "truncate", "status"])
def test_an_own_pair_survives_a_lost_answer(lab: Lab, action: str) -> None:
    lab.use(accounts=1)
    lab.server.faults.add(action, "after", method="PATCH")
    assert lab.open().regenerate_access_key(APP, PAIR).pair == PAIR
    assert lab.sim.writes == 1


def test_a_changed_secret_of_the_same_access_key_cannot_be_told(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    platform.regenerate_access_key(APP, PAIR)
    lab.server.faults.add("drop", "after", method="PATCH")
    exc = raised(
        platform.regenerate_access_key, APP, Pair(PAIR.access_key, "An0ther/Secret+canary")
    )
    assert (exc.alive, exc.landed) == (PAIR.access_key, None)


def test_when_the_look_fails_too_nothing_is_claimed(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    read(platform, "app-0001")
    lab.server.faults.add("drop", "after", method="PATCH")
    lab.server.faults.add("status", method="GET", status=500, times=0, skip=1)
    exc = raised(platform.regenerate_access_key, APP)
    assert (exc.kind, exc.alive, exc.landed) == ("outcome_unknown", "unknown", None)
    assert "look afterwards failed" in exc.message
