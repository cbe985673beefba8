# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotator's own access key: only from its own record, last, proven by a fresh login."""

from __future__ import annotations

import datetime as dt

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record

from .conftest import OpenLab
from .lab import AWS, LABELLED, Form, Lab

ROTATOR = "app-0003"


def with_own_key(lab: Lab, managed: bool = True) -> str:
    """Let the lab log in as one of its accounts; return the access key."""
    lab.simulator.world.users[lab.ids[ROTATOR]].admin = True
    if managed:
        lab.run(all=True, adopt="rotate")
        for _unused in range(2):
            lab.later(8)
            lab.run(all=True)
    key = lab.current(ROTATOR) if managed else lab.only(ROTATOR)
    lab.settings = {
        "api_access_key": key,
        "api_secret_key": lab.simulator.secret_of(key),
    }
    lab.log.clear()
    return key


@pytest.mark.parametrize("form", [LABELLED, AWS])
def test_own_key_is_rotated_last_and_acknowledged_by_a_login(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=4)
    old = with_own_key(lab)
    outcome = lab.run(all=True, force=True, parallelism=1)
    assert {each.action for each in outcome.accounts} == {"rotated"}
    made = [entry.body for entry in lab.log if entry.method == "POST" and entry.writes]
    assert lab.ids[ROTATOR] in made[-1] or ROTATOR in made[-1]
    current = lab.rec(ROTATOR).current
    assert current is not None
    assert current.access_key != old
    assert current.acknowledged_at is not None
    # The login was really tried, signed with the new key.
    signed = [entry.headers.get("Authorization", "") for entry in lab.log]
    assert any(str(current.access_key) in text for text in signed)
    assert lab.truth(ROTATOR)[old] == "active"


def test_own_key_that_cannot_log_in_yet_stays_unacknowledged(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED, accounts=4)
    old = with_own_key(lab)

    def is_promoted(record: Record) -> bool:
        current = record.current
        is_own = record.account == ROTATOR and record.pending is None
        return is_own and current is not None and current.access_key != old

    def lock() -> None:
        current = lab.watch.records[ROTATOR].current
        assert current is not None
        key = lab.simulator.world.keys[current.access_key]
        key.locked_until = lab.simulator.clock.now() + dt.timedelta(days=1)

    lab.store_faults.add("", is_promoted, act=lock)
    result = lab.one(users=[ROTATOR], force=True)
    assert not result.has_failed, result.why
    assert "own_key" in result.details
    current = lab.rec(ROTATOR).current
    assert current is not None
    assert current.acknowledged_at is None
    # So the old one stays on, however long nobody logs in with the new one.
    lab.later(40)
    lab.one(users=[ROTATOR], acknowledge="explicit")
    assert lab.truth(ROTATOR)[old] == "active"


def test_own_key_that_is_not_from_this_record_is_refused(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED, accounts=3)
    key = with_own_key(lab, managed=False)
    result = lab.one(users=[ROTATOR], adopt="rotate")
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"
    assert "s3_secret" in str(result.failure["next_step"])
    assert "exclude" in str(result.failure["next_step"])
    assert lab.truth(ROTATOR) == {key: "active"}
    assert lab.record(ROTATOR) is None


def test_refused_own_key_stops_no_other_account(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED, accounts=3)
    key = with_own_key(lab, managed=False)
    outcome = lab.run(all=True, adopt="rotate", parallelism=1)
    found = {each.account: each.action for each in outcome.accounts}
    assert found[ROTATOR] == "failed"
    assert found["app-0001"] == found["app-0002"] == "rotated"
    assert lab.truth(ROTATOR) == {key: "active"}


def test_own_key_may_be_imported(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED, accounts=3)
    key = with_own_key(lab, managed=False)
    entry = {"name": ROTATOR, "access_key": key, "secret_key": lab.simulator.secret_of(key)}
    assert lab.one(users=[entry], adopt="import").action == "adopted"
    assert lab.one(users=[ROTATOR], force=True).action == "rotated"
    assert lab.stored_pair_works(ROTATOR)


def test_old_own_key_is_retired_by_runs_that_log_in_with_the_new_one(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED, accounts=3)
    old = with_own_key(lab)
    lab.one(users=[ROTATOR], force=True)
    new = lab.current(ROTATOR)
    lab.later(8)
    # A run that still logs in with the old one does not saw off its branch.
    result = lab.one(users=[ROTATOR])
    assert lab.truth(ROTATOR)[old] == "active" or result.has_failed
    lab.settings = {"api_access_key": new, "api_secret_key": lab.simulator.secret_of(new)}
    lab.one(users=[ROTATOR])
    assert lab.truth(ROTATOR) == {old: "inactive", new: "active"}
