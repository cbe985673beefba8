# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault vaults: lost answers, refusals, unknown names."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault_vault_parts import (  # noqa: E501  # the import's own length
    Wanted,
)
from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils import (
    commvault_cell,
)

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES
MakePlatform = commvault_cell.MakePlatform
FULL = commvault_cell.FULL
PLAIN = commvault_cell.PLAIN
ROTATING = commvault_cell.ROTATING
failure_of = commvault_cell.failure_of
posts = commvault_cell.posts
requests_of = commvault_cell.requests_of
run = commvault_cell.run


# --- lost and refused create calls ------------------------------------------------------------


LOST = [
    ("drop", {}),
    ("garbage", {}),
    ("html", {}),
    ("truncate", {}),
    ("status", {"status": 500}),
    ("status", {"status": 503}),
    ("status", {"status": 200, "body": {}}),
    ("status", {"status": 200, "body": {"errorCode": "UNKNOWN_EXCEPTION"}}),
]


@pytest.mark.parametrize(("fault", "fields"), LOST, ids=str)
def test_lost_answer_of_a_vault_that_was_made_is_settled_by_the_list(
    platform: Commvault,
    server: SimulatorServer,
    cell: CommvaultSimulator,
    fault: str,
    fields: dict[str, Any],
) -> None:
    server.faults.add(fault, "after", path="CVS3Store$", **fields)
    outcome = run(platform, PLAIN)
    (result,) = outcome.accounts
    assert (result.action, result.account_id) == ("created", "228")
    assert "its answer was lost, and the list of vaults shows it" in (result.why or "")
    assert outcome.changed
    assert len(outcome.warnings) == 1
    assert cell.vaults.creates == 1


@pytest.mark.parametrize("wanted", [FULL, ROTATING], ids=["endpoints", "rotation"])
def test_lost_answer_that_held_more_is_partial(
    platform: Commvault, server: SimulatorServer, people: CommvaultSimulator, wanted: Wanted
) -> None:
    server.faults.add("drop", "after", path="CVS3Store$")
    outcome = run(platform, wanted)
    failure = failure_of(outcome)
    assert (failure["kind"], failure["alive"]) == ("partial", "vault v1 (id 228)")
    assert "no whole answer came back" in failure["message"]
    expected = "whether keys were rotated" if wanted.rotate_keys else "the endpoint clients"
    assert expected in failure["next_step"]
    assert outcome.changed
    assert people.vaults.creates == 1


@pytest.mark.parametrize(
    ("fault", "fields"),
    [("drop", {}), ("html", {}), ("status", {"status": 500}), ("status", {"status": 504})],
    ids=str,
)
def test_lost_answer_of_a_vault_that_was_not_made_says_so(
    platform: Commvault,
    server: SimulatorServer,
    cell: CommvaultSimulator,
    fault: str,
    fields: dict[str, Any],
) -> None:
    server.faults.add(fault, "before", path="CVS3Store$", **fields)
    outcome = run(platform, PLAIN)
    failure = failure_of(outcome)
    assert failure["kind"] in ("outcome_unknown", "malformed_answer", "platform_error")
    assert failure["alive"] == "no vault v1 in the list yet"
    assert "Run the same task again" in failure["next_step"]
    assert outcome.changed
    assert cell.vaults.creates == 0


def test_lost_answer_whose_list_fails_too_keeps_its_own_reason(
    platform: Commvault, server: SimulatorServer
) -> None:
    server.faults.add("drop", "after", path="CVS3Store$")
    server.faults.add("status", path="CVS3Stores", status=500, times=0, skip=1)
    outcome = run(platform, PLAIN)
    failure = failure_of(outcome)
    assert failure["kind"] == "outcome_unknown"
    assert "could not be read" in outcome.warnings[0]


def test_lost_answer_without_a_list_stays_unknown(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.modes["vault_list"] = "absent"
    server.faults.add("drop", "after", path="CVS3Store$")
    failure = failure_of(run(platform, PLAIN))
    assert (failure["kind"], failure["alive"]) == ("outcome_unknown", None)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 2, "rejected"),
        (403, 587, "permission"),
        (404, "VALUE_NOT_FOUND", "not_found"),
        (400, "INVALID_INPUT", "rejected"),
        (200, 587, "rejected"),
        (200, "INSUFFICIENT_USER_PERMISSION_ON_ENTITY", "permission"),
        (429, 0, "throttled"),
    ],
)
def test_refused_create_has_the_kind_of_its_code_and_changes_nothing(
    platform: Commvault, server: SimulatorServer, status: int, code: Any, kind: str
) -> None:
    body = {"errorMessage": "Not like this", "errorCode": code}
    server.faults.add("status", path="CVS3Store$", status=status, body=body)
    outcome = run(platform, PLAIN)
    failure = failure_of(outcome)
    assert (failure["kind"], failure["http_status"]) == (kind, status)
    assert failure["step"] == "create the vault"
    assert "Not like this" in failure["message"]
    assert failure["alive"] is None
    # What was refused for sure needs no second look at the list.
    assert len(requests_of(server, "GET", "CVS3Stores")) == 1
    assert not outcome.changed
    assert len(posts(server)) == 1


def test_refused_create_that_names_a_vault_is_partial(
    platform: Commvault, server: SimulatorServer
) -> None:
    response = {"entity": {"clientId": 300}, "errorCode": 17, "errorMessage": "No role S3 User"}
    server.faults.add("status", path="CVS3Store$", status=200, body={"response": response})
    failure = failure_of(run(platform, PLAIN))
    assert (failure["kind"], failure["alive"]) == ("partial", "vault v1 (id 300)")
    assert "No role S3 User" in failure["message"]


def test_create_without_rights_is_a_permission(
    make_platform: MakePlatform, cell: CommvaultSimulator
) -> None:
    cell.sessions.add_login("guest", "pw-of-guest")
    outcome = run(make_platform(api_username="guest", api_password="pw-of-guest"), PLAIN)
    failure = failure_of(outcome)
    assert (failure["kind"], failure["code"]) == ("permission", "587")
    assert outcome.accounts[0].stops_endpoint


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("filters", ["heeded", "ignored"])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plan": "sp"}, "There is no plan 'sp'."),
        ({"plan": "SP1"}, "There is no plan 'SP1'. Names are compared exactly; there is 'sp1'."),
        ({"plan": "id:99"}, "There is no plan 'id:99'."),
        ({"endpoint_clients": ("MA1",)}, "there is 'ma1'."),
        ({"endpoint_clients": ("id:99",)}, "There is no client 'id:99'."),
        ({"endpoint_clients": ("ma", "1")}, "A bare string is split at commas"),
        ({"owners": ("app",)}, "There is no account 'app'."),
        ({"owners": ("app", "1")}, "A bare string is split at commas"),
        ({"user_groups": ("Ops",)}, "there is 'ops'."),
    ],
)
def test_unknown_name_is_not_found_and_nothing_is_made(
    platform: Commvault,
    people: CommvaultSimulator,
    changes: dict[str, Any],
    words: str,
    filters: str,
) -> None:
    people.modes["ignore_filters"] = filters == "ignored"
    failure = failure_of(run(platform, dataclasses.replace(PLAIN, **changes)))
    assert failure["kind"] == "not_found"
    assert words in failure["message"]
    assert failure["account"] in ("v1", "app")
    assert people.writes == 0


def test_client_is_found_by_display_name_unless_two_have_it(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    wanted = dataclasses.replace(PLAIN, endpoint_clients=("Media Agent 2",))
    run(platform, wanted)
    assert posts(server)[0]["cvs3Endpoints"] == [{"clientId": 8, "clientName": "ma2"}]
    cell.directory.add_client("ma3", display_name="Media Agent 2")
    failure = failure_of(run(platform, dataclasses.replace(wanted, name="v2")))
    assert failure["kind"] == "ambiguous"
    assert "id:8 (ma2), id:229 (ma3)" in failure["message"]


def test_plan_that_cannot_hold_a_vault_is_warned_of_and_left_to_commvault(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    outcome = run(platform, dataclasses.replace(PLAIN, plan="tape"))
    assert "Plan tape is not among those" in outcome.warnings[0]
    failure = failure_of(outcome)
    assert (failure["kind"], failure["code"]) == ("rejected", "3")
    assert cell.writes == 0


@pytest.mark.parametrize(
    ("where", "body"),
    [
        ("CVS3Stores", {"CVS3Stores": [{"id": 1}]}),
        ("V2/Plan", {"plans": [{"plan": {"planId": 3}}]}),
        ("Client", {"clientProperties": [{"client": {}}]}),
        ("V4/UserGroup", {"userGroups": [{"name": "ops"}]}),
        ("V4/UserGroup", {"groups": [{"name": "ops"}]}),
    ],
)
def test_list_of_another_shape_is_malformed(
    platform: Commvault,
    server: SimulatorServer,
    people: CommvaultSimulator,
    where: str,
    body: dict[str, Any],
) -> None:
    server.faults.add("status", path=where, status=200, body=body)
    failure = failure_of(run(platform, FULL))
    assert failure["kind"] == "malformed_answer"
    assert failure["platform"] == "commvault"
    assert people.writes == 0
