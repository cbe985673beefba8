# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault vaults: what is made, what keys it ends, what is only reported."""

from __future__ import annotations

import dataclasses
import json
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
from ansible_collections.objectstore.credentials.tests.unit.support import raised

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES
MakePlatform = commvault_cell.MakePlatform
FULL = commvault_cell.FULL
PLAIN = commvault_cell.PLAIN
ROTATING = commvault_cell.ROTATING
failure_of = commvault_cell.failure_of
posts = commvault_cell.posts
run = commvault_cell.run


# --- making a vault ---------------------------------------------------------------------------


def test_create_sends_the_documented_body(
    platform: Commvault, server: SimulatorServer, people: CommvaultSimulator
) -> None:
    outcome = run(platform, FULL)
    assert posts(server) == [
        {
            "bucket": {"clientName": "v1"},
            "plan": {"planId": 3, "planName": "sp1"},
            "cvs3Endpoints": [{"clientId": 7, "clientName": "ma1"}],
            "owners": [{"userId": 41, "__type__": 13}],
            "userGroups": [{"userGroupId": 6, "__type__": 15}],
            "rotateKeys": False,
        }
    ]
    (result,) = outcome.accounts
    assert (result.account, result.account_id, result.action) == ("v1", "228", "created")
    assert result.details["vault_id"] == 228
    assert result.details["job"] == {
        "id": 1234,
        "status": "Completed",
        "percent": 100,
        "reason": None,
    }
    assert (result.why, outcome.changed, outcome.warnings) == ("created", True, [])
    vault = people.vaults.vaults[228]
    assert (vault.plan, vault.endpoints, vault.owners, vault.groups) == (3, [7], [41], [6])
    assert people.outbox == []


def test_create_of_the_least_sends_no_more(platform: Commvault, server: SimulatorServer) -> None:
    outcome = run(platform, PLAIN)
    assert posts(server) == [
        {
            "bucket": {"clientName": "v1"},
            "plan": {"planId": 3, "planName": "sp1"},
            "rotateKeys": False,
        }
    ]
    assert outcome.accounts[0].details["job"] is None
    assert outcome.warnings == []


def test_create_by_identifiers_sends_the_names_too(
    platform: Commvault, server: SimulatorServer, people: CommvaultSimulator
) -> None:
    wanted = Wanted("v1", "id:3", ("id:7", "ma1"), ("id:41", "app-0001"), ("id:6", "ops"))
    run(platform, wanted)
    (body,) = posts(server)
    assert body["plan"] == {"planId": 3, "planName": "sp1"}
    assert body["cvs3Endpoints"] == [{"clientId": 7, "clientName": "ma1"}]
    assert body["owners"] == [{"userId": 41, "__type__": 13}]
    assert body["userGroups"] == [{"userGroupId": 6, "__type__": 15}]


def test_create_in_check_mode_looks_everything_up_and_writes_nothing(
    make_platform: MakePlatform, people: CommvaultSimulator, server: SimulatorServer
) -> None:
    outcome = run(make_platform(check_mode=True), FULL, check_mode=True)
    (result,) = outcome.accounts
    assert (result.action, result.why, outcome.changed) == ("created", "would be created", True)
    assert result.details["plan"] == {"id": 3, "name": "sp1"}
    assert result.after["endpoint_clients"] == ["ma1"]
    assert people.writes == 0
    assert posts(server) == []


def test_second_run_changes_nothing(platform: Commvault, people: CommvaultSimulator) -> None:
    run(platform, FULL)
    before = people.writes
    outcome = run(platform, FULL)
    assert (outcome.accounts[0].action, outcome.changed) == ("unchanged", False)
    assert people.writes == before


def test_warning_of_commvault_is_shown(platform: Commvault, cell: CommvaultSimulator) -> None:
    cell.modes["vault_warning"] = True
    outcome = run(platform, PLAIN)
    (result,) = outcome.accounts
    assert result.action == "created"
    assert result.details["warning"] == {"code": 4002, "message": "Storage pool is almost full"}
    assert outcome.warnings == [
        "Commvault made vault v1 with warning 4002: Storage pool is almost full"
    ]


# --- rotating keys ----------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"allow_disruption": False}, "disruption_refused"),
        ({"key_delivery": None}, "custody_refused"),
        ({"key_delivery": "inline"}, "custody_refused"),
    ],
)
def test_rotation_not_asked_for_names_the_users_and_writes_nothing(
    make_platform: MakePlatform,
    people: CommvaultSimulator,
    changes: dict[str, Any],
    kind: str,
    check_mode: bool,
) -> None:
    platform = make_platform(check_mode=check_mode)
    outcome = run(platform, dataclasses.replace(ROTATING, **changes), check_mode)
    failure = failure_of(outcome)
    assert failure["kind"] == kind
    assert "app-0001, app-0002, app-0003" in failure["message"]
    assert "app-0001, app-0002, app-0003" in failure["alive"]
    assert failure["details"] == {"rotates_keys_of": ["app-0001", "app-0002", "app-0003"]}
    assert not outcome.changed
    assert people.writes == 0


def test_rotation_ends_the_keys_it_named(platform: Commvault, people: CommvaultSimulator) -> None:
    old = [key for number in ("41", "42", "43") for key in people.keys_of(number)]
    outcome = run(platform, ROTATING)
    (result,) = outcome.accounts
    assert result.why == (
        "created; the S3 access keys of these users were rotated: app-0001, app-0002, app-0003"
    )
    assert result.details["rotates_keys_of"] == ["app-0001", "app-0002", "app-0003"]
    assert [people.secret_of(key) for key in old] == [None, None, None]
    assert len(people.outbox) == 3
    shown = json.dumps(outcome.as_dict(diff=True))
    assert not [secret for secret in people.secrets() if secret in shown]


def test_rotation_in_check_mode_names_the_users(
    make_platform: MakePlatform, people: CommvaultSimulator
) -> None:
    outcome = run(make_platform(check_mode=True), ROTATING, check_mode=True)
    assert outcome.accounts[0].why == (
        "would be created; the S3 access keys of these users would be rotated:"
        " app-0001, app-0002, app-0003"
    )
    assert people.writes == 0
    assert people.outbox == []


def test_rotation_for_an_owner_without_mailbox_is_refused(
    platform: Commvault, people: CommvaultSimulator
) -> None:
    people.add_account("robot", email="")
    failure = failure_of(run(platform, dataclasses.replace(ROTATING, owners=("robot",))))
    assert failure["kind"] == "custody_refused"
    assert "robot has no e-mail address" in failure["message"]
    assert people.writes == 0


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"readable": False}, "No rights on this user group"),
        ({"external": ("CORP\\dba",)}, "it also has the members of external groups"),
    ],
)
def test_rotation_of_a_group_that_cannot_be_read_says_so(
    platform: Commvault, people: CommvaultSimulator, group: dict[str, Any], words: str
) -> None:
    people.directory.add_group("dark", ["43"], **group)
    wanted = dataclasses.replace(ROTATING, user_groups=("dark",))
    refused = failure_of(run(platform, dataclasses.replace(wanted, allow_disruption=False)))
    assert "the members of group dark are not all known" in refused["message"]
    assert words in refused["message"]
    outcome = run(platform, wanted)
    assert outcome.accounts[0].action == "created"
    assert any(words in warning for warning in outcome.warnings)


@pytest.mark.parametrize("body", [{}, {"users": "all"}, {"users": [{"id": 42}]}], ids=str)
def test_rotation_of_a_group_whose_members_have_no_known_shape_says_so(
    platform: Commvault, server: SimulatorServer, people: CommvaultSimulator, body: dict[str, Any]
) -> None:
    server.faults.add("status", path="UserGroup/6", status=200, body=body)
    refused = failure_of(run(platform, dataclasses.replace(ROTATING, allow_disruption=False)))
    assert "the members of group ops are not all known" in refused["message"]


def test_rotation_without_any_user_says_that_none_is_known(platform: Commvault) -> None:
    wanted = dataclasses.replace(PLAIN, rotate_keys=True)
    assert "no user that is known here" in failure_of(run(platform, wanted))["message"]


# --- a vault that is there --------------------------------------------------------------------


def test_existing_vault_costs_one_look(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.vaults.add_vault("v1", endpoints=(7,))
    wanted = dataclasses.replace(PLAIN, endpoint_clients=("id:7",))
    outcome = run(platform, wanted)
    (result,) = outcome.accounts
    assert (result.action, result.account_id) == ("unchanged", "228")
    assert result.details["plan"] == {"id": 3, "name": "sp1"}
    assert result.details["endpoints"] == [{"id": 7, "name": "ma1"}]
    assert (result.details["differences"], result.details["not_compared"]) == ([], [])
    assert "no operation that updates or deletes a vault" in (result.why or "")
    assert outcome.warnings == []
    assert [entry.target.partition("?")[0].rpartition("/")[2] for entry in server.log] == [
        "Login",
        "CVS3Stores",
    ]


@pytest.mark.parametrize("plan", ["id:4", "laptops"])
def test_existing_vault_that_differs_is_named_and_left_alone(
    platform: Commvault, cell: CommvaultSimulator, plan: str
) -> None:
    cell.vaults.add_vault("v1", endpoints=(7,))
    wanted = Wanted("v1", plan, ("ma2",), ("app-0001",), ("ops",))
    outcome = run(platform, wanted)
    (result,) = outcome.accounts
    assert (result.action, outcome.changed) == ("unchanged", False)
    assert result.details["differences"] == [
        f"its plan is sp1, not {plan}",
        "ma2 is no endpoint of it",
        "ma1 is an endpoint of it too",
    ]
    assert result.details["not_compared"] == ["owners", "user_groups"]
    (warning,) = outcome.warnings
    assert f"its plan is sp1, not {plan}" in warning
    assert cell.writes == 0


def test_existing_vault_of_which_only_the_name_is_told_is_not_compared(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.modes["vault_list"] = "names"
    cell.vaults.add_vault("v1")
    (result,) = run(platform, FULL).accounts
    assert result.action == "unchanged"
    assert result.account_id is None
    assert result.details["not_compared"] == ["plan", "endpoint_clients", "owners", "user_groups"]


@pytest.mark.parametrize(
    "row",
    [
        {"name": "v1", "clientId": 228, "plan": {"planId": 3, "planName": "sp1"}},
        {"name": "v1", "client": {"clientId": 228}, "plan": {"id": "3"}},
        {"name": "v1", "id": "228", "plan": {"name": "sp1"}},
    ],
    ids=str,
)
def test_existing_vault_is_read_in_other_spellings(
    platform: Commvault, server: SimulatorServer, row: dict[str, Any]
) -> None:
    server.faults.add("status", path="CVS3Stores", status=200, body={"CVS3Stores": [row]})
    (result,) = run(platform, PLAIN).accounts
    assert (result.action, result.account_id) == ("unchanged", "228")
    assert result.details["differences"] == []


def test_existing_vault_rotates_nothing(platform: Commvault, people: CommvaultSimulator) -> None:
    people.vaults.add_vault("v1")
    (result,) = run(platform, ROTATING).accounts
    assert result.action == "unchanged"
    assert "no key was rotated" in (result.why or "")
    assert people.writes == 0


def test_existing_vault_is_found_past_the_stale_cache_and_on_later_pages(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.modes.update(stale_cache=True)
    run(platform, PLAIN)
    for number in range(250):
        cell.vaults.add_vault(f"vault{number}")
    (result,) = run(platform, dataclasses.replace(PLAIN, name="vault249")).accounts
    assert result.action == "unchanged"


def test_vault_whose_name_differs_in_case_only_is_a_conflict(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.vaults.add_vault("V1")
    failure = failure_of(run(platform, PLAIN))
    assert failure["kind"] == "conflict"
    assert "'V1'" in failure["next_step"]
    assert cell.writes == 0


def test_name_of_another_client_is_a_conflict(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    failure = failure_of(run(platform, dataclasses.replace(PLAIN, name="ma1")))
    assert (failure["kind"], failure["http_status"], failure["code"]) == ("conflict", 409, "1006")
    assert "taken by another client" in failure["message"]


def test_vault_made_by_another_meanwhile_is_reported(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.vaults.add_vault("v1")
    server.faults.add("status", path="CVS3Stores", status=200, body={"CVS3Stores": []})
    outcome = run(platform, PLAIN)
    assert (outcome.accounts[0].action, outcome.changed) == ("unchanged", False)
    assert "made by somebody else" in (outcome.accounts[0].why or "")


def test_release_without_a_list_of_vaults_creates_and_then_says_conflict(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.modes["vault_list"] = "absent"
    outcome = run(platform, PLAIN)
    assert outcome.accounts[0].action == "created"
    assert "could not be listed" in outcome.warnings[0]
    failure = failure_of(run(platform, PLAIN))
    assert failure["kind"] == "conflict"
    assert "vaults are not listed" in failure["message"]
    assert cell.writes == 1


# --- options ----------------------------------------------------------------------------------


PARAMS: dict[str, Any] = {
    "name": "v1",
    "plan": "sp1",
    "endpoint_clients": [],
    "owners": [],
    "user_groups": [],
    "rotate_keys": False,
    "key_delivery": None,
    "allow_disruption": False,
    "wait": True,
    "wait_timeout": "30m",
}


def test_options_left_out_mean_the_defaults() -> None:
    assert Wanted.parse(PARAMS) == PLAIN


@pytest.mark.parametrize(
    ("option", "value"), [("name", " "), ("plan", ""), ("wait_timeout", "30"), ("wait_timeout", "")]
)
def test_option_without_meaning_is_named(option: str, value: str) -> None:
    exc = raised(Wanted.parse, {**PARAMS, option: value})
    assert exc.kind == "invalid_option"
    assert option in exc.message
