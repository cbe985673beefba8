# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei's own SDK drives the simulated IAM: every call it has for users and access keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import huawei
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.vendor.clients import run_client

#: Makes the calls that the JSON in its first argument lists: [API, name of the call, its fields].
#: A text "<2.access>" stands for a field of what call 2 returned. Prints what came back, or of an
#: error what the SDK made of it.
SCRIPT = r"""
import importlib, json, re, sys

from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkiam.v3.iam_credentials import IamCredentials

world = json.loads(sys.argv[1])
login = world["login"]
if "token" in login:
    credentials = IamCredentials().with_x_auth_token(login["token"])
else:
    credentials = GlobalCredentials(login["ak"], login["sk"], login.get("domain_id"))
BODIES = {
    "create_permanent_access_key": ("credential", "CreateCredentialOption"),
    "update_permanent_access_key": ("credential", "UpdateCredentialOption"),
}


def client_of(api):
    module = importlib.import_module("huaweicloudsdkiam." + api)
    config = HttpConfig(timeout=(60, 60), retry_times=0)
    builder = module.IamClient.new_builder().with_http_config(config)
    return module, builder.with_credentials(credentials).with_endpoint(world["url"]).build()


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def filled(value):
    if isinstance(value, dict):
        return {name: filled(inner) for name, inner in value.items()}
    place = re.fullmatch(r"<(\d+)\.(\w+)>", value) if isinstance(value, str) else None
    return told[int(place[1])][place[2]] if place else value


clients = {}
told = []
for api, name, fields in world["calls"]:
    if api not in clients:
        clients[api] = client_of(api)
    module, client = clients[api]
    fields = filled(fields)
    body = fields.pop("body", None)
    request = getattr(module, camel(name) + "Request")(**fields)
    if body is not None and name in BODIES:
        inner, model = BODIES[name]
        request.body = getattr(module, camel(name) + "RequestBody")(
            **{inner: getattr(module, model)(**body)}
        )
    elif body is not None:
        request.body = module.UpdateAccessKeyReqBody(**body)
    try:
        answer = getattr(client, name)(request)
    except ServiceResponseException as exc:
        told.append({
            "status": exc.status_code,
            "code": exc.error_code,
            "message": exc.error_msg,
            "request_id": exc.request_id,
        })
        continue
    plain = json.loads(json.dumps(answer.to_json_object(), default=str)) or {}
    for wrapper in ("credential", "access_key", "user"):
        plain = plain.get(wrapper, plain)
    told.append({**plain, "http": answer.status_code})
print(json.dumps(told))
"""

SIGNED = {"ak": huawei.ACCESS_KEY, "sk": huawei.SECRET_KEY}
IN_DOMAIN = {**SIGNED, "domain_id": huawei.DOMAIN_ID}
LOGINS = ["access key", "access key and domain", "token"]


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    """A running simulated cloud."""
    with SimulatorServer(huawei.HuaweiSimulator()) as running:
        yield running


def told_by(server: SimulatorServer, login: str, *calls: list[Any], **changes: Any) -> list[Any]:
    """Let the SDK make calls; return what it was told."""
    logins: dict[str, dict[str, str]] = {
        "access key": {**SIGNED, **changes},
        "access key and domain": {**IN_DOMAIN, **changes},
    }
    simulator = server.simulator
    assert isinstance(simulator, huawei.HuaweiSimulator)
    if login == "token":
        logins["token"] = {"token": simulator.issue_token().value}
    world = {"url": server.url, "login": logins[login], "calls": calls}
    told: list[Any] = run_client("huaweicloudsdkiam", SCRIPT, json.dumps(world))
    return told


@pytest.mark.parametrize("login", LOGINS)
def test_the_sdk_can_do_all_that_v3_offers(server: SimulatorServer, login: str) -> None:
    user_id = server.simulator.add_account("backup", access_keys=0)
    new = {"body": {"user_id": user_id, "description": "made by the SDK"}}
    key = {"access_key": "<1.access>"}
    off = {"body": {"status": "inactive", "description": ""}}
    users, one, two, third, listed, changed, shown, ended, gone, who, domains = told_by(
        server,
        login,
        ["v3", "keystone_list_users", {"name": "backup"}],
        ["v3", "create_permanent_access_key", new],
        ["v3", "create_permanent_access_key", {"body": {"user_id": user_id}}],
        ["v3", "create_permanent_access_key", new],
        ["v3", "list_permanent_access_keys", {"user_id": user_id}],
        ["v3", "update_permanent_access_key", {**key, **off}],
        ["v3", "show_permanent_access_key", key],
        ["v3", "delete_permanent_access_key", key],
        ["v3", "show_permanent_access_key", key],
        ["v3", "keystone_show_user", {"user_id": user_id}],
        ["v3", "keystone_list_auth_domains", {}],
    )
    assert [user["id"] for user in users["users"]] == [user_id]
    assert (one["http"], one["description"], len(one["secret"])) == (201, "made by the SDK", 40)
    assert (third["status"], third["message"]) == (400, "akSkNumExceed")
    assert {row["access"] for row in listed["credentials"]} == {one["access"], two["access"]}
    assert (changed["http"], changed["status"]) == (200, "inactive")
    assert (shown["status"], shown["description"]) == ("inactive", "")
    assert ended["http"] == 204
    assert gone["status"] == 404
    assert len(gone["request_id"]) == 32
    assert (who["name"], who["enabled"]) == ("backup", True)
    assert [domain["id"] for domain in domains["domains"]] == [huawei.DOMAIN_ID]
    assert server.simulator.keys_of(user_id) == {two["access"]: "active"}
    assert server.simulator.writes == 4


@pytest.mark.parametrize("login", LOGINS)
def test_the_sdk_can_do_all_that_v5_offers(server: SimulatorServer, login: str) -> None:
    user_id = server.simulator.add_account("backup", access_keys=0)
    server.simulator.add_account("other")
    user = {"user_id": user_id}
    key = {**user, "access_key_id": "<0.access_key_id>"}
    one, two, third, listed, owner, users, changed, used, ended, gone = told_by(
        server,
        login,
        ["v5", "create_access_key_v5", user],
        ["v5", "create_access_key_v5", user],
        ["v5", "create_access_key_v5", user],
        ["v5", "list_access_keys_v5", {**user, "limit": 1}],
        ["v5", "list_users_v5", {"access_key_id": "<0.access_key_id>"}],
        ["v5", "list_users_v5", {}],
        ["v5", "update_access_key_v5", {**key, "body": {"status": "inactive"}}],
        ["v5", "show_access_key_last_used_v5", key],
        ["v5", "delete_access_key_v5", key],
        ["v5", "delete_access_key_v5", key],
    )
    assert (one["http"], one["status"], len(one["secret_access_key"])) == (201, "active", 40)
    assert third["status"] == 409
    assert len(listed["access_keys"]) == 1
    assert listed["page_info"]["next_marker"]
    assert [row["user_id"] for row in owner["users"]] == [user_id]
    assert {row["user_name"] for row in users["users"]} == {"backup", "other"}
    assert (changed["http"], changed["status"]) == (200, "inactive")
    assert used["access_key_last_used"] == {}
    assert ended["http"] == 204
    assert (gone["status"], gone["code"]) == (404, "PAP5.0016")
    assert server.simulator.keys_of(user_id) == {two["access_key_id"]: "active"}


def test_the_sdk_follows_the_markers_of_v5(server: SimulatorServer) -> None:
    user_id = server.simulator.add_account("backup", access_keys=2)
    page = {"user_id": user_id, "limit": 1}
    (first,) = told_by(server, "access key", ["v5", "list_access_keys_v5", page])
    marker = first["page_info"]["next_marker"]
    (second,) = told_by(
        server, "access key", ["v5", "list_access_keys_v5", {**page, "marker": marker}]
    )
    rows = first["access_keys"] + second["access_keys"]
    assert {row["access_key_id"] for row in rows} == set(server.simulator.keys_of(user_id))
    assert "next_marker" not in second["page_info"]


def test_the_sdk_reads_the_refusals(server: SimulatorServer) -> None:
    listing: list[Any] = ["v3", "list_permanent_access_keys", {}]
    (wrong,) = told_by(server, "access key", listing, sk="not-the-secret")
    assert (wrong["status"], wrong["code"]) == (401, "APIGW.0301")
    assert "verify aksk signature fail" in wrong["message"]
    assert len(wrong["request_id"]) == 32
    (unknown,) = told_by(server, "access key", listing, ak="AKNOWHERE")
    assert "ak not exist" in unknown["message"]
    (elsewhere,) = told_by(server, "access key", listing, domain_id="0" * 32)
    assert elsewhere["status"] == 403
    assert isinstance(server.simulator, huawei.HuaweiSimulator)
    own = server.simulator.add_self_service_user("self")
    user_id = server.simulator.add_account("backup")
    mine, theirs, v5 = told_by(
        server,
        "access key",
        listing,
        ["v3", "list_permanent_access_keys", {"user_id": user_id}],
        ["v5", "list_access_keys_v5", {"user_id": user_id}],
        ak=own.access,
        sk=own.secret,
    )
    assert [row["access"] for row in mine["credentials"]] == [own.access]
    assert (theirs["status"], v5["status"], v5["code"]) == (403, 403, "PAP5.0012")


@pytest.mark.parametrize("body", [{}, {"status": "paused"}], ids=["nothing", "unknown status"])
def test_the_sdk_is_refused_an_update_that_means_nothing(
    server: SimulatorServer, body: dict[str, str]
) -> None:
    user_id = server.simulator.add_account("backup")
    (access_key,) = server.simulator.keys_of(user_id)
    (refused,) = told_by(
        server,
        "access key",
        ["v3", "update_permanent_access_key", {"access_key": access_key, "body": body}],
    )
    assert refused["status"] == 400
    assert refused["code"] == ("IAM.0073" if body else "IAM.0011")
    assert server.simulator.writes == 0
