# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP users created, commented and deleted, and what is true when an answer is missing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account, Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    ontap_writes as writes,
)
from ansible_collections.objectstore.credentials.tests.simulators.ontap import OntapSimulator
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ontap_lab import (
    OWN,
    VARIANTS,
    Lab,
    lab,
    read,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

DAY = dt.timedelta(days=1)
APP = Account("app-0001")
PAIR = Pair(OWN["access_key"], OWN["secret_key"])


# --- users -------------------------------------------------------------------------------------


def created(lab: Lab, **options: Any) -> Any:
    """Create the user "new"."""
    fields = {"comment": None, "pair": None, "lifetime": None, **options}
    platform = lab.open()
    platform.connect()
    return writes.create_user(platform, "new", **fields)


@pytest.mark.parametrize("label", VARIANTS)
def test_a_user_is_created_with_a_working_pair(lab: Lab, label: str) -> None:
    platform = lab.variant(label)
    platform.connect()
    issued = writes.create_user(platform, "a,b@c", comment="hi", pair=None, lifetime=None)
    assert issued.pair is not None
    assert lab.sim.secret_of(issued.pair.access_key) == issued.pair.secret_key
    assert lab.sim.svm.users["a,b@c"].comment == "hi"


@pytest.mark.parametrize("odd_clock", [False, True])
def test_a_date_beyond_all_time_does_not_lose_the_pair(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, odd_clock: bool
) -> None:
    lab.use("9.16.1")
    handle = OntapSimulator.handle

    def odd(self: OntapSimulator, request: Any) -> Any:
        response = handle(self, request)
        if request.method == "POST" and not odd_clock:
            response.body["records"][0]["key_expiry_time"] = "0001-01-01T00:00:00Z"
        return response

    def beyond(self: Client) -> dt.datetime:
        return dt.datetime.max + DAY

    monkeypatch.setattr(OntapSimulator, "handle", odd)
    if odd_clock:
        monkeypatch.setattr(Client, "platform_now", beyond)
    issued = created(lab, lifetime=None if odd_clock else 90 * DAY)
    assert issued.created_at is None
    assert lab.sim.secret_of(issued.pair.access_key) == issued.pair.secret_key


def test_a_new_key_gets_the_maximum_of_the_service(lab: Lab) -> None:
    lab.use("9.15.1", max_key_time_to_live="P60D")
    issued = created(lab)
    assert issued.details == {"key_time_to_live": "P60D"}
    assert issued.expires_at - issued.created_at == 60 * DAY


def test_a_name_taken_in_other_case_is_a_conflict(lab: Lab) -> None:
    lab.use()
    lab.sim.add_account("NEW")
    exc = raised(created, lab)
    assert (exc.kind, exc.code, exc.landed) == ("conflict", "1", False)
    assert "case" in exc.next_step


@pytest.mark.parametrize(
    ("when", "landed", "kind"), [("before", False, "platform_error"), ("after", True, "partial")]
)
def test_92405791_is_looked_into(lab: Lab, when: str, landed: bool, kind: str) -> None:
    lab.use(create_fails=when)
    exc = raised(created, lab)
    assert (exc.kind, exc.code, exc.landed) == (kind, "92405791", landed)
    assert exc.alive == (lab.keys("new")[0] if landed else "none")


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_lost_answer_to_a_creation_it_looks(lab: Lab, when: str) -> None:
    lab.use()
    lab.server.faults.add("drop", when, method="POST")
    exc = raised(created, lab)
    assert exc.kind == "outcome_unknown"
    if when == "after":
        assert (exc.alive, exc.landed) == (lab.keys("new")[0], True)
    else:
        assert (exc.alive, exc.landed) == ("none", None)


def test_a_creation_with_an_own_pair_survives_a_lost_answer(lab: Lab) -> None:
    lab.use()
    lab.server.faults.add("drop", "after", method="POST")
    assert created(lab, pair=PAIR).pair == PAIR


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_lost_answer_to_a_comment_it_looks(lab: Lab, when: str) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    account = read(platform, "app-0001")
    lab.server.faults.add("drop", when, method="PATCH")
    if when == "after":
        assert writes.set_comment(platform, account, "x").details["comment"] == "x"
    else:
        exc = raised(writes.set_comment, platform, account, "x")
        assert (exc.kind, exc.landed) == ("outcome_unknown", None)


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_lost_answer_to_the_deletion_of_a_user_it_looks(lab: Lab, when: str) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    platform.connect()
    alive = lab.keys("app-0001")[0]
    lab.server.faults.add("drop", when, method="DELETE")
    if when == "after":
        writes.delete_user(platform, "app-0001")
        assert "app-0001" not in lab.sim.svm.users
    else:
        exc = raised(writes.delete_user, platform, "app-0001")
        assert (exc.kind, exc.alive, exc.landed) == ("outcome_unknown", alive, None)


def test_success_that_shows_no_effect_is_no_success(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    account = read(platform, "app-0001")
    lab.server.faults.add("status", method="PATCH", status=200, body={})
    assert raised(writes.set_comment, platform, account, "x").landed is None
    lab.server.faults.add("status", method="DELETE", status=200, body={})
    assert raised(writes.delete_user, platform, "app-0001").landed is None
