# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault: accounts, by list, by exact name and by identifier."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    Account,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    commvault as platform_file,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import (
    Selection,
    select,
)
from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    PASSWORD,
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils import (
    commvault_cell,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES
MakePlatform = commvault_cell.MakePlatform
requests_of = commvault_cell.requests_of


@pytest.mark.parametrize(
    "modes",
    [
        {},
        {"page_cap": 2},
        {"uncounted": True},
        {"uncounted": True, "page_cap": 2},
        {"uncounted": True, "empty_users": "bare"},
        {"uncounted": True, "empty_users": "null"},
        {"uncounted": True, "empty_users": "verdict"},
        {"ignore_filters": True},
        {"ignore_filters": True, "uncounted": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("page", [3, 1000])
def test_accounts_lists_every_user_once(
    platform: Commvault,
    cell: CommvaultSimulator,
    monkeypatch: pytest.MonkeyPatch,
    modes: dict[str, Any],
    page: int,
) -> None:
    monkeypatch.setattr(platform_file, "PAGE", page)
    cell.modes.update(modes)
    cell.seed(7)
    assert [account.name for account in platform.accounts()] == [
        f"app-{number:04d}" for number in range(1, 8)
    ]


@pytest.mark.parametrize("empty", ["list", "bare", "null", "verdict"])
def test_accounts_of_empty_commcell_is_empty(
    platform: Commvault, cell: CommvaultSimulator, empty: str
) -> None:
    cell.modes["empty_users"] = empty
    assert list(platform.accounts()) == []
    assert raised(platform.account, AccountRef(name="app")).kind == "not_found"


@pytest.mark.parametrize(
    "body",
    [
        {"numberOfUsers": 3, "users": None},
        {"response": {"users": [{"id": 1, "name": "app"}]}},
        {"users": {}},
        {"totals": "none"},
    ],
    ids=str,
)
def test_list_that_is_not_shown_is_no_empty_list(
    platform: Commvault, server: SimulatorServer, body: dict[str, Any]
) -> None:
    server.faults.add("status", method="GET", status=200, body=body)
    assert raised(lambda: list(platform.accounts())).kind == "malformed_answer"


def test_accounts_carry_what_the_list_tells(platform: Commvault, cell: CommvaultSimulator) -> None:
    cell.add_account("app", email="app@example.com", company="Acme")
    cell.add_account("off", enabled=False)
    first, second = platform.accounts()
    assert first == Account(
        "app",
        "41",
        True,
        details={
            "guid": "5B4C4C9E-0000-4000-8000-000000000041",
            "email": "app@example.com",
            "company": "Acme",
            "locked": False,
        },
    )
    assert second.enabled is False


@pytest.mark.parametrize(
    "body",
    [
        {"users": {}, "numberOfUsers": 1},
        {"users": ["app"]},
        {"users": [{"name": "app"}]},
        {"users": [{"id": "x41", "name": "app"}]},
        {"users": [{"id": 41}]},
        {"numberOfUsers": 3},
        {"clients": []},
        [],
        "text",
    ],
    ids=str,
)
def test_accounts_of_wrong_shape_is_malformed(
    platform: Commvault, server: SimulatorServer, body: Any
) -> None:
    server.faults.add("status", path="V4/User", status=200, body=body)
    exc = raised(list, platform.accounts())
    assert exc.kind == "malformed_answer"
    assert exc.failure()["platform"] == "commvault"


def test_accounts_that_stop_short_of_their_count_is_malformed(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    row = {"id": 41, "name": "app"}
    body = {"numberOfUsers": 2, "users": [row]}
    server.faults.add("status", path="V4/User", status=200, body=body, times=0)
    exc = raised(list, platform.accounts())
    assert exc.kind == "malformed_answer"
    assert "counts 2 users and lists only 1" in exc.message


@pytest.mark.parametrize("filters", ["heeded", "ignored"])
def test_account_by_name_is_exact(
    platform: Commvault, cell: CommvaultSimulator, filters: str
) -> None:
    cell.modes["ignore_filters"] = filters == "ignored"
    for name in ("app-1", "app-10", "xapp-1", "App-1"):
        cell.add_account(name)
    assert platform.account(AccountRef(name="app-1")).id == "41"
    assert platform.account(AccountRef(name="App-1")).id == "44"


@pytest.mark.parametrize("filters", ["heeded", "ignored"])
def test_account_of_other_case_is_not_found_and_named(
    platform: Commvault, cell: CommvaultSimulator, filters: str
) -> None:
    cell.modes["ignore_filters"] = filters == "ignored"
    cell.add_account("Backup")
    exc = raised(platform.account, AccountRef(name="backup"))
    assert exc.kind == "not_found"
    assert "'Backup' (id:41)" in exc.message


@pytest.mark.parametrize("filters", ["heeded", "ignored"])
def test_account_of_unknown_name_is_not_found(
    platform: Commvault, cell: CommvaultSimulator, filters: str
) -> None:
    cell.modes["ignore_filters"] = filters == "ignored"
    cell.seed(3)
    exc = raised(platform.account, AccountRef(name="nobody"))
    assert (exc.kind, exc.account) == ("not_found", "nobody")


@pytest.mark.parametrize("filters", ["heeded", "ignored"])
def test_account_of_two_users_is_ambiguous_and_names_ids(
    platform: Commvault, cell: CommvaultSimulator, filters: str
) -> None:
    cell.modes["ignore_filters"] = filters == "ignored"
    cell.add_account("twin")
    cell.add_account("twin")
    exc = raised(platform.account, AccountRef(name="twin"))
    assert exc.kind == "ambiguous"
    assert "id:41 (twin), id:42 (twin)" in exc.message


def test_account_not_in_stale_cache_is_found_past_it(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.modes["stale_cache"] = True
    platform.connect()
    cell.add_account("newcomer")
    assert platform.account(AccountRef(name="newcomer")).id == "41"


def test_account_whose_filter_is_counted_unfiltered_is_found(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    body = {"numberOfUsers": 5000, "users": [{"id": 41, "name": "app"}]}
    empty = {"numberOfUsers": 5000, "users": []}
    server.faults.add("status", path="start=0.*fq=", status=200, body=body)
    server.faults.add("status", path="start=1.*fq=", status=200, body=empty)
    assert platform.account(AccountRef(name="app")).id == "41"


@pytest.mark.parametrize("name", ["svc", "CORP\\svc"])
def test_account_in_domain_is_found_with_and_without_prefix(
    make_platform: MakePlatform, cell: CommvaultSimulator, name: str
) -> None:
    cell.add_account("CORP\\svc")
    cell.sessions.add_login("CORP\\automation", PASSWORD, is_admin=True)
    made = make_platform(scope={"domain": "CORP"})
    assert made.account(AccountRef(name=name)).name == "CORP\\svc"


def test_account_without_domain_option_is_the_local_one_alone(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.add_account("CORP\\svc")
    assert raised(platform.account, AccountRef(name="svc")).kind == "not_found"


def test_account_local_and_of_the_domain_is_ambiguous(
    make_platform: MakePlatform, cell: CommvaultSimulator
) -> None:
    cell.add_account("svc")
    cell.add_account("CORP\\svc")
    cell.sessions.add_login("CORP\\automation", PASSWORD, is_admin=True)
    made = make_platform(scope={"domain": "CORP"})
    assert raised(made.account, AccountRef(name="svc")).kind == "ambiguous"
    assert made.account(AccountRef(name="CORP\\svc")).id == "42"


def test_many_names_are_looked_up_in_one_listing_domain_included(
    make_platform: MakePlatform, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    for number in range(12):
        cell.add_account(f"CORP\\app{number}")
    cell.sessions.add_login("CORP\\automation", PASSWORD, is_admin=True)
    made = make_platform(scope={"domain": "CORP"})
    selection = Selection.parse({"users": [f"app{number}" for number in range(12)]})
    selected = select(made, selection, parallelism=2)
    assert len(selected.accounts) == 12
    assert not selected.missing
    assert len(requests_of(server, "GET", "V4/User")) == 1


@pytest.mark.parametrize("properties", ["named", "anonymous"])
@pytest.mark.parametrize("number", ["42", "042"])
def test_account_by_id_is_that_user(
    platform: Commvault, cell: CommvaultSimulator, properties: str, number: str
) -> None:
    cell.modes["user_properties"] = properties
    cell.seed(3)
    account = platform.account(AccountRef(id=number))
    assert (account.id, account.name) == ("42", "app-0002")


@pytest.mark.parametrize("number", ["4711", "abc", "-1", "41/../42", "\u0664\u0661"])
def test_account_by_unknown_id_is_not_found(
    platform: Commvault, cell: CommvaultSimulator, number: str
) -> None:
    cell.seed(3)
    exc = raised(platform.account, AccountRef(id=number))
    assert exc.kind == "not_found"
    assert f"id:{number}" in exc.message


def test_account_by_id_answered_with_another_is_refused(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    body = {"id": 43, "name": "other"}
    server.faults.add("status", path="V4/User/42", status=200, body=body)
    assert raised(platform.account, AccountRef(id="42")).kind == "malformed_answer"
