# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s3_credential_info with a secret store: what is managed, what each key is, how old it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_info import (
    list_credentials,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.custody import Custody
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import Selection

from .conftest import OpenLab
from .lab import CHOSEN, EMAIL, LABELLED, OVERLAP, UNSEEN, Form, Lab
from .lab_store import is_promoted

LIMIT = dt.timedelta(days=90)


def audited(lab: Lab) -> Outcome:
    """List all accounts with their records."""
    with lab.opened() as tools:
        custody = Custody(tools.platform, tools.store, "audit", check_mode=True)
        outcome = list_credentials(
            tools.platform,
            Selection.parse({"all": True}),
            max_age=LIMIT,
            last_used=False,
            parallelism=2,
            custody=custody,
        )
        assert tools.store.writes_sent == 0
        return outcome


def told(outcome: Outcome, account: str = "app-0001") -> dict[str, Any]:
    """Return what is told of an account."""
    (found,) = [result.as_dict() for result in outcome.accounts if result.account == account]
    return found


@pytest.mark.parametrize("form", OVERLAP)
def test_keys_are_told_apart_by_what_the_record_holds(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=2)
    old = lab.managed()
    assert lab.one(force=True).action == "rotated"
    # An audit tells what the platform shows.
    lab.later(seconds=lab.facts.listing_lag)
    outcome = audited(lab)
    row = told(outcome)
    assert row["managed"] is True
    assert (row["record"]["state"], row["record"]["access_key"]) == ("retiring", lab.current())
    held = {key["access_key"]: key["held"] for key in row["access_keys"]}
    assert held == {old: "retiring", lab.current(): "current"}
    stranger = told(outcome, "app-0002")
    assert stranger["managed"] is False
    assert stranger["record"]["state"] == "unmanaged"
    assert [key["held"] for key in stranger["access_keys"]] == ["unknown"]
    assert (outcome.totals["managed"], outcome.totals["unmanaged"]) == (1, 1)


def test_record_tells_the_age_that_the_platform_does_not(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN, accounts=2)
    lab.managed()
    lab.one(force=True)
    lab.later(91)
    outcome = audited(lab)
    row = told(outcome)
    assert [key["age_days"] for key in row["access_keys"]] == [91]
    assert row["compliance"] == "non_compliant"
    assert told(outcome, "app-0002")["compliance"] == "insufficient_data"


@pytest.mark.parametrize(("form", "state"), [(UNSEEN, "managed"), (EMAIL, "delivered")])
@pytest.mark.parametrize(("days", "compliance"), [(89, "compliant"), (91, "non_compliant")])
def test_record_stands_for_keys_that_are_not_shown(
    lab_of: OpenLab, form: Form, state: str, days: int, compliance: str
) -> None:
    lab = lab_of(form, accounts=2)
    lab.adopt()
    lab.later(15)
    lab.one()
    lab.later(days - 15)
    row = told(audited(lab))
    assert row["access_keys"] == []
    assert row["record"]["state"] == state
    assert row["compliance"] == compliance
    assert f"{days} days old" in row["why"]
    assert told(audited(lab), "app-0002")["compliance"] == "insufficient_data"


def test_unfinished_rotation_is_pending(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED)
    lab.managed()
    lab.store_faults.add("kill before", is_promoted)
    lab.killed(force=True)
    row = told(audited(lab))
    assert row["record"]["state"] == "pending"
    assert row["record"]["pending_since"]
    assert sorted(key["held"] for key in row["access_keys"]) == ["current", "pending"]


def test_record_that_cannot_be_read_fails_its_account_alone(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(LABELLED, accounts=2)
    lab.run(users=["app-0001", "app-0002"], adopt="rotate")
    (path,) = (lab.folder / "records").rglob("app-0001.yml")
    path.write_text("format: 1\n")
    outcome = audited(lab)
    row = told(outcome)
    assert row["failure"]["kind"] == "store_unreadable"
    assert (row["managed"], row["record"]) == (None, None)
    assert told(outcome, "app-0002")["managed"] is True
    assert outcome.totals["managed"] == 1


def test_store_that_is_gone_stops_the_list(lab_of: OpenLab) -> None:
    lab = lab_of(LABELLED, accounts=3)
    lab.store_faults.is_dead = True
    kinds = [(r.failure or {}).get("kind") for r in audited(lab).accounts]
    assert "store_unavailable" in kinds
    assert set(kinds) <= {"store_unavailable", None}
