# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open Telekom Cloud's extensions of the OpenStack SDK drive the simulated IAM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import huawei
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.vendor.clients import run_client

#: Runs the Python lines in its second argument with a connection; they fill the dictionary told.
SCRIPT = r"""
import json, sys

import openstack
import otcextensions.sdk
from openstack import exceptions

world = json.loads(sys.argv[1])
conn = openstack.connect(
    load_yaml_config=False,
    load_envvars=False,
    auth_type=world["auth_type"],
    auth={"auth_url": world["url"] + "/v3", **world["auth"]},
    region_name=world.get("region_name"),
)
told = {}
try:
    otcextensions.sdk.register_otc_extensions(conn)
    exec(sys.argv[2])
except exceptions.SDKException as exc:
    told["refused"] = [type(exc).__name__, str(exc)]
print(json.dumps(told))
"""

PASSWORD = {
    "username": huawei.USER_NAME,
    "password": huawei.PASSWORD,
    "user_domain_name": huawei.DOMAIN_NAME,
    "domain_name": huawei.DOMAIN_NAME,
}


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    """A running simulated cloud."""
    with SimulatorServer(huawei.HuaweiSimulator()) as running:
        yield running


def told_by(
    server: SimulatorServer,
    lines: str,
    auth: Optional[dict[str, str]] = None,
    auth_type: str = "password",
    **values: Any,
) -> dict[str, Any]:
    """Let the SDK run some lines; return what they noted."""
    world = {"url": server.url, "auth": auth or PASSWORD, "auth_type": auth_type, **values}
    told: dict[str, Any] = run_client("otcextensions", SCRIPT, json.dumps(world), lines)
    return told


LIFE = """
identity, user_id = conn.identity, world["user_id"]
one = identity.create_credential(user_id=user_id, description="made by the SDK")
two = identity.create_credential(user_id=user_id)
told["one"], told["two"] = [one.access, one.secret], [two.access, two.secret]
try:
    identity.create_credential(user_id=user_id)
except exceptions.HttpException as exc:
    told["third"] = [exc.status_code, str(exc)]
told["listed"] = sorted(key.access for key in identity.credentials(user_id=user_id))
told["found"] = identity.find_credential(one.access).status
identity.update_credential(one, status="inactive", description="off")
shown = identity.get_credential(one.access)
told["shown"] = [shown.status, shown.description, shown.user_id, shown.secret]
identity.delete_credential(one, ignore_missing=False)
told["missing"] = identity.find_credential(one.access) is None
try:
    identity.get_credential(one.access)
except exceptions.NotFoundException as exc:
    told["gone"] = exc.status_code
told["users"] = [user.name for user in identity.users(name="backup")]
told["user"] = identity.get_user(user_id).name
"""


@pytest.mark.parametrize("login", ["password", "token"])
def test_the_sdk_can_do_all_it_offers(server: SimulatorServer, login: str) -> None:
    user_id = server.simulator.add_account("backup", access_keys=0)
    server.simulator.add_account("other")
    auth = PASSWORD
    if login == "token":
        assert isinstance(server.simulator, huawei.HuaweiSimulator)
        token = server.simulator.issue_token().value
        auth = {"token": token, "domain_name": huawei.DOMAIN_NAME}
    told = told_by(server, LIFE, auth, login, user_id=user_id)
    (one, _secret), (two, two_secret) = told["one"], told["two"]
    assert told["third"][0] == 400
    assert "akSkNumExceed" in told["third"][1]
    assert told["listed"] == sorted([one, two])
    assert told["found"] == "active"
    assert told["shown"] == ["inactive", "off", user_id, None]
    assert told["missing"] is True
    assert told["gone"] == 404
    assert (told["users"], told["user"]) == (["backup"], "backup")
    assert server.simulator.keys_of(user_id) == {two: "active"}
    assert server.simulator.secret_of(two) == two_secret
    assert server.simulator.writes == 4


def test_the_sdk_lists_the_logins_own_keys(server: SimulatorServer) -> None:
    lines = 'told["keys"] = [key.access for key in conn.identity.credentials()]'
    assert told_by(server, lines) == {"keys": [huawei.ACCESS_KEY]}


def test_the_sdk_logs_in_again_when_a_key_change_ended_its_token(server: SimulatorServer) -> None:
    assert isinstance(server.simulator, huawei.HuaweiSimulator)
    own = server.simulator.add_self_service_user("self")
    lines = """
for status in ("inactive", "active"):
    conn.identity.update_credential(world["key"], status=status)
told["status"] = conn.identity.get_credential(world["key"]).status
"""
    auth = {**PASSWORD, "username": "self", "password": "Own-Keys:0nly"}
    assert told_by(server, lines, auth, key=own.access) == {"status": "active"}
    logins = [e for e in server.log if e.method == "POST" and e.target == "/v3/auth/tokens"]
    assert len(logins) == 3


def test_the_sdk_reads_a_refused_login(server: SimulatorServer) -> None:
    told = told_by(server, "", {**PASSWORD, "password": "not-the-password"})
    assert told["refused"] == ["SDKException", "The username or password is wrong. (HTTP 401)"]


@pytest.mark.parametrize("region", ["*", "eu-de"])
def test_the_sdk_finds_the_identity_service_by_the_region_of_the_catalog(
    server: SimulatorServer, region: str
) -> None:
    server.simulator.modes["catalog_region"] = region
    lines = 'told["keys"] = len(list(conn.identity.credentials()))'
    assert told_by(server, lines) == {"keys": 1}
    told = told_by(server, lines, region_name="eu-de")
    assert told == {"keys": 1} if region == "eu-de" else "keys" not in told
