# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault: password logins, login tokens and access tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    PASSWORD,
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils import (
    commvault_cell,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES
MakePlatform = commvault_cell.MakePlatform
requests_of = commvault_cell.requests_of


def test_login_sends_base64_password_and_token_verbatim(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    platform.connect()
    login, listing = server.log
    assert json.loads(login.body)["password"] == base64.b64encode(PASSWORD.encode()).decode()
    assert "Authtoken" not in login.headers
    assert listing.headers["Authtoken"] == next(iter(cell.sessions.sessions))
    assert listing.headers["Authtoken"].startswith("QSDK ")


def test_login_happens_once_for_many_requests(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.seed(3)
    platform.connect()
    list(platform.accounts())
    platform.account(AccountRef(name="app-0001"))
    assert len(requests_of(server, "POST", "Login")) == 1


def test_login_with_domain_sends_it(make_platform: MakePlatform, cell: CommvaultSimulator) -> None:
    cell.sessions.add_login("CORP\\robot", "pw-of-robot", is_admin=True)
    made = make_platform(api_username="robot", api_password="pw-of-robot", scope={"domain": "CORP"})
    assert made.connect().product == "Commvault"


def test_login_answered_200_without_token_is_a_failure(
    make_platform: MakePlatform, server: SimulatorServer
) -> None:
    exc = raised(make_platform(api_password="wrong-password").connect)
    assert (exc.kind, exc.http_status, exc.code) == ("authentication", 200, "1116")
    assert "Username/Password are incorrect" in exc.message
    assert exc.stops_endpoint
    assert len(server.log) == 1
    assert "wrong-password" not in everything_in(exc)


def test_login_locked_names_the_remaining_time(
    make_platform: MakePlatform, cell: CommvaultSimulator
) -> None:
    cell.modes["lockout_after"] = 2
    assert raised(make_platform(api_password="wrong-1").connect).details == {}
    exc = raised(make_platform(api_password="wrong-2").connect)
    assert exc.kind == "authentication"
    assert "locked for another 60 minutes" in exc.message
    # The right password does not help while it is locked, and does once the time is over.
    assert "locked" in raised(make_platform().connect).message
    cell.clock.advance(3601)
    make_platform().connect()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "no token and no reason"),
        ({"token": ""}, "no token and no reason"),
        ({"token": None, "errList": [{"errLogMessage": "Tenant is closed."}]}, "Tenant is closed."),
        ({"isAccountLocked": True}, "is locked."),
        ({"errorMessage": "Access denied", "errorCode": 5}, "Access denied"),
    ],
)
def test_login_without_token_tells_why(
    platform: Commvault, server: SimulatorServer, body: dict[str, Any], words: str
) -> None:
    server.faults.add("status", path="Login", status=200, body=body)
    exc = raised(platform.connect)
    assert exc.kind == "authentication"
    assert words in exc.message
    assert ".." not in exc.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "authentication"),
        (401, "authentication"),
        (403, "authentication"),
        (404, "malformed_answer"),
        (429, "throttled"),
        (500, "platform_error"),
    ],
)
def test_login_refused_by_status_is_told_apart(
    platform: Commvault, server: SimulatorServer, status: int, kind: str
) -> None:
    server.faults.add("status", path="Login", status=status, body={"errorMessage": "no"}, times=0)
    exc = raised(platform.connect)
    assert (exc.kind, exc.http_status, exc.landed) == (kind, status, False)


def test_session_expired_by_inactivity_is_renewed_once(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    platform.connect()
    cell.clock.advance(29 * 60)
    platform.connect()
    cell.clock.advance(29 * 60)
    platform.connect()
    assert len(requests_of(server, "POST", "Login")) == 1
    cell.clock.advance(31 * 60)
    platform.connect()
    assert len(requests_of(server, "POST", "Login")) == 2
    assert [e.status for e in server.log].count(401) == 1


def test_session_dropped_before_rotation_rotates_once(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    account = platform.account(AccountRef(id=cell.add_account("app")))
    cell.sessions.expire_all()
    platform.regenerate_access_key(account)
    assert [e.status for e in server.log if e.method == "PUT"] == [401, 200]
    assert cell.writes == 1


def test_login_token_goes_verbatim_into_authtoken(
    platform: Commvault,
    make_platform: MakePlatform,
    server: SimulatorServer,
    cell: CommvaultSimulator,
) -> None:
    platform.connect()
    token = next(iter(cell.sessions.sessions))
    made = make_platform(api_username=None, api_password=None, api_token=token)
    made.connect()
    assert server.log[-1].headers["Authtoken"] == token


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}"])
def test_access_token_goes_into_authorization(
    make_platform: MakePlatform, server: SimulatorServer, cell: CommvaultSimulator, form: str
) -> None:
    chain = cell.sessions.add_access_token("automation", ("/V4/User",))
    made = make_platform(api_token=form.format(chain.access))
    made.connect()
    assert server.log[-1].headers["Authorization"] == f"Bearer {chain.access}"
    assert not requests_of(server, "POST", "Login")


@pytest.mark.parametrize("reason", ["expired", "out of scope", "renewed elsewhere"])
def test_access_token_refused_is_never_renewed(
    make_platform: MakePlatform, server: SimulatorServer, cell: CommvaultSimulator, reason: str
) -> None:
    scope = ("/Plan",) if reason == "out of scope" else ()
    chain = cell.sessions.add_access_token("automation", scope)
    token = chain.access
    if reason == "expired":
        cell.clock.advance(31 * 60)
    if reason == "renewed elsewhere":
        chain.access = "another-token-by-now"
    exc = raised(make_platform(api_token=token).connect)
    assert (exc.kind, exc.http_status, exc.code) == ("authentication", 401, "5")
    assert "never renewed here" in exc.next_step
    assert len(server.log) == 1
    assert token not in everything_in(exc)


def test_wrong_base_path_names_the_right_one(make_platform: MakePlatform) -> None:
    exc = raised(make_platform(base="").connect)
    assert exc.kind == "malformed_answer"
    assert "a web page instead of JSON" in exc.message
    assert "/commandcenter/api" in exc.next_step


def test_older_base_path_works(make_platform: MakePlatform, cell: CommvaultSimulator) -> None:
    cell.seed(2)
    assert len(list(make_platform(base="/webconsole/api").accounts())) == 2


def test_no_login_given_names_the_options(make_platform: MakePlatform) -> None:
    exc = raised(make_platform, api_username=None, api_password=None)
    assert exc.kind == "invalid_option"
    assert "api_token; or api_username and api_password" in exc.message


def test_connect_tells_number_of_users(platform: Commvault, cell: CommvaultSimulator) -> None:
    cell.seed(3)
    assert platform.connect().details == {"users": 3}
