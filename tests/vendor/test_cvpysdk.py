# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault's own SDK drives the simulator: logins, renewals, look-ups, jobs, a raw rotation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    ADMIN,
    PASSWORD,
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.vendor.clients import run_client

#: Opens a CommCell as the SDK's users do; a test adds what it does with it and tells() the result.
PRELUDE = """
import json, sys, urllib.request

from cvpysdk.commcell import Commcell
from cvpysdk.exception import SDKException

server, user, password = sys.argv[1:4]
url = f"http://{server}/commandcenter/api"

def open_commcell(**changes):
    given = {"commcell_username": user, "commcell_password": password, "web_service_url": url}
    return Commcell(server, **{**given, **changes})

def move_clock(seconds):
    body = json.dumps({"advance": seconds}).encode()
    control = f"http://{server}/_simulator/clock"
    urllib.request.urlopen(urllib.request.Request(control, data=body, method="POST")).read()

def tell(value):
    print(json.dumps(value))
"""


@pytest.fixture
def cell() -> CommvaultSimulator:
    """A CommCell with three users, of whom the last two are in a group."""
    simulator = CommvaultSimulator()
    simulator.seed(3)
    simulator.directory.add_group("ops", ["42", "43"])
    return simulator


@pytest.fixture
def server(cell: CommvaultSimulator) -> Iterator[SimulatorServer]:
    """A server of the CommCell, plain HTTP as the SDK falls back to it."""
    with SimulatorServer(cell) as running:
        yield running


def drive(server: SimulatorServer, script: str, password: str = PASSWORD) -> Any:
    """Run a script of the SDK's; return what it tells."""
    address = server.url.partition("://")[2]
    return run_client("cvpysdk", PRELUDE + script, address, ADMIN, password)


def sent(server: SimulatorServer) -> list[str]:
    """Return method and path of what the SDK sent, below the base path."""
    return [f"{e.method} {e.target.partition('/api/')[2]} {e.status}" for e in server.log]


def test_login_by_password_and_logout(server: SimulatorServer, cell: CommvaultSimulator) -> None:
    told = drive(
        server,
        """
commcell = open_commcell()
token = commcell.auth_token
tell([commcell.commcell_username, token.startswith("QSDK "), commcell.logout()])
""",
    )
    assert told == [ADMIN, True, "User logged out"]
    assert sent(server) == ["GET  200", "POST Login 200", "POST Logout 200"]
    assert cell.sessions.sessions == {}


def test_login_falls_back_to_http_and_the_older_base_path(server: SimulatorServer) -> None:
    told = drive(
        server,
        """
commcell = open_commcell(web_service_url=None)
tell(sorted(commcell.users.all_users))
""",
    )
    assert told == ["app-0001", "app-0002", "app-0003"]
    bases = {entry.target.partition("/api/")[0] for entry in server.log}
    assert bases <= {"/webconsole", "/commandcenter"}


def test_login_with_wrong_password_raises(server: SimulatorServer) -> None:
    told = drive(
        server,
        """
try:
    open_commcell()
except SDKException as exc:
    tell([exc.exception_module, exc.exception_id, str(exc)])
""",
        password="wrong-password",
    )
    assert told[:2] == ["CVPySDK", "101"]
    assert "Username/Password are incorrect" in told[2]


def test_login_that_is_locked_tells_for_how_long(
    server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.modes["lockout_after"] = 1
    told = drive(
        server,
        """
try:
    open_commcell()
except SDKException as exc:
    tell(str(exc))
""",
        password="wrong-password",
    )
    assert "User account is locked for 0 hour(s) 59 minute(s)" in told


def test_login_by_token_asks_who_it_is(server: SimulatorServer) -> None:
    told = drive(
        server,
        """
token = open_commcell().auth_token
tell(open_commcell(commcell_username=None, commcell_password=None,
                   authtoken=token).commcell_username)
""",
    )
    assert told == ADMIN
    assert sent(server)[-1] == "POST WhoAmI 200"


def test_stale_token_is_renewed_and_the_call_repeated(server: SimulatorServer) -> None:
    told = drive(
        server,
        """
commcell = open_commcell()
before = commcell.auth_token
move_clock(31 * 60)
users = sorted(commcell.users.all_users)
tell([users, commcell.auth_token != before])
""",
    )
    assert told == [["app-0001", "app-0002", "app-0003"], True]
    assert sent(server)[-3:] == [
        "GET v4/user?additionalProperties=true 401",
        "POST RenewLoginToken 200",
        "GET v4/user?additionalProperties=true 200",
    ]


def test_stale_token_of_another_device_is_not_renewed(server: SimulatorServer) -> None:
    told = drive(
        server,
        """
commcell = open_commcell()
commcell._device_id = "another machine"
move_clock(31 * 60)
try:
    commcell.users
except SDKException as exc:
    tell(str(exc))
""",
    )
    assert "Session cannot be renewed" in told


def test_users_are_listed_found_and_read(server: SimulatorServer, cell: CommvaultSimulator) -> None:
    told = drive(
        server,
        """
users = open_commcell().users
user = users.get("APP-0002")
tell([users.all_users, users.has_user("App-0001"), users.has_user("nobody"),
      user.user_id, user.email, user.status, user.associated_usergroups])
""",
    )
    assert told == [
        {"app-0001": 41, "app-0002": 42, "app-0003": 43},
        True,
        False,
        42,
        "app-0002@example.com",
        True,
        ["ops"],
    ]
    assert "GET v4/user/42 200" in sent(server)
    assert "GET User/42/Security 200" in sent(server)


def test_users_of_the_cache_come_by_a_query_with_two_question_marks(
    server: SimulatorServer,
) -> None:
    told = drive(
        server,
        """
users = open_commcell().users
page = users.get_users_cache(limit=["1", "1"])
named = users.get_users_cache(fq=[["userName", "eq", "APP-0003"]], hard=True)
searched = users.get_users_cache(search="0001")
tell([{n: u["userId"] for n, u in page.items()}, sorted(named), users.filter_query_count,
      sorted(searched)])
""",
    )
    assert told == [{"app-0002": 42}, ["app-0003"], 1, ["app-0001"]]
    assert any(line.count("?") == 2 for line in sent(server))


def test_clients_are_listed_without_vaults_unless_hidden_ones_are_asked_for(
    server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.vaults.add_vault("v1")
    told = drive(
        server,
        """
clients = open_commcell().clients
tell([clients.has_client("MA1"), clients.has_client("nobody"),
      {name: client["id"] for name, client in clients.all_clients.items()},
      sorted(clients.hidden_clients)])
""",
    )
    assert told == [True, False, {"cs1": "2", "ma1": "7", "ma2": "8"}, ["v1"]]


def test_user_groups_are_listed_and_their_members_read(server: SimulatorServer) -> None:
    told = drive(
        server,
        """
groups = open_commcell().user_groups
tell([groups.all_user_groups, groups.get("ops").users])
""",
    )
    assert told == [{"s3-users": "5", "ops": "6"}, ["app-0002", "app-0003"]]
    assert "GET V4/UserGroup?includeSystemCreated=true&level=10 200" in sent(server)


def test_plans_are_listed(server: SimulatorServer) -> None:
    told = drive(
        server,
        """
plans = open_commcell().plans
tell([plans.all_plans, plans.has_plan("SP1"), plans.has_plan("nobody")])
""",
    )
    assert told == [{"sp1": "3", "laptops": "4", "tape": "6"}, True, False]


@pytest.mark.parametrize("delivery", ["email", "inline", "inline_put_only"])
def test_raw_rotation_has_the_documented_shapes(
    server: SimulatorServer, cell: CommvaultSimulator, delivery: str
) -> None:
    cell.modes["key_delivery"] = delivery
    told = drive(
        server,
        """
answers = []
for method, path in (("PUT", "V4/User/42/S3AccessKey"), ("GET", "V4/User/42/S3AccessKey"),
                     ("PUT", "V4/User/4711/S3AccessKey")):
    answer = open_commcell().request(method, path)
    answers.append([answer.status_code, answer.json()])
tell(answers)
""",
    )
    (access_key,) = cell.keys_of("42")
    pair = {"accessKeyID": access_key, "secretAccessKey": cell.secret_of(access_key)}
    documented = {"errorMessage": "", "errorCode": "NO_ERROR"}
    inline = {"response": {"errorMessage": "", "errorCode": 200}, **pair}
    refused = {"errorMessage": "There is no user of this id", "errorCode": "INVALID_ENTITY_ID"}
    assert told == [
        [200, documented if delivery == "email" else inline],
        [200, inline if delivery == "inline" else documented],
        [400, refused],
    ]
    mails = {"email": 2, "inline": 0, "inline_put_only": 1}
    assert len(cell.outbox) == mails[delivery]
    (put,) = [e for e in server.log if e.method == "PUT" and "/42/" in e.target]
    assert put.body == ""


def test_raw_vault_and_its_job_are_followed(
    server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    told = drive(
        server,
        """
commcell = open_commcell()
body = {"bucket": {"clientName": "v1"}, "plan": {"planId": 3, "planName": "sp1"},
        "cvs3Endpoints": [{"clientId": 7}], "owners": [{"userId": 41, "userName": "app-0001"}]}
made = commcell.request("POST", "v4/cvs3Store", body).json()
job = commcell.job_controller.get(made["addEndpointJob"]["jobId"])
tell([made["response"]["errorCode"], job.is_finished, job.status,
      commcell.request("GET", "V4/cvS3Stores?hardRefresh=true&start=0&limit=100&fl=overview")
      .json()["CVS3Stores"][0]["name"]])
""",
    )
    assert told == [0, True, "Completed", "v1"]
    assert cell.vaults.vaults[228].owners == [41]


def test_access_tokens_are_made_used_renewed_and_their_chain_killed(
    server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.sessions.logins[ADMIN].user_id = 41
    told = drive(
        server,
        """
commcell = open_commcell()
user = commcell.users.get("app-0001")
first = user.create_access_token("robot", token_type=3, api_endpoints=["/V4/User", "/WhoAmI"])

def list_users(token):
    try:
        return len(Commcell(server, authtoken=f"Bearer {token}", web_service_url=url)
                   .users.all_users)
    except SDKException as exc:
        return exc.exception_id

second = user.renew_access_token(first["accessToken"], first["refreshToken"])
after_renewal = [list_users(first["accessToken"]), list_users(second["accessToken"])]
try:
    user.renew_access_token(first["accessToken"], first["refreshToken"])
except SDKException as exc:
    killed = exc.exception_module
tell([after_renewal, killed, list_users(second["accessToken"]), second["tokenName"]])
""",
    )
    # 106: a refused Bearer token, which the SDK does not renew by itself.
    assert told == [["106", 3], "Response", "106", "robot"]
    assert cell.sessions.chains == []
