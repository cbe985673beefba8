# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's own SDK drives the simulated IAM and STS: it signs, pages, assumes roles, reads errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import aws, aws_actions
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.vendor.clients import run_client

#: Does what the JSON in its first argument says: a list of [service, operation, parameters,
#: options], each call with a new client; "{n.path.in.it}" is a part of the nth answer.
SCRIPT = """
import json, re, sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

world = json.loads(sys.argv[1])
told = []


def part(found):
    number, *path = found[1].split(".")
    value = told[int(number)]
    for step in path:
        value = value[int(step) if step.isdigit() else step]
    return str(value)


def filled(value):
    return json.loads(re.sub(r"[{](\\d[\\w.]*)[}]", part, json.dumps(value)))


for service, operation, parameters, options in world["calls"]:
    options = filled({"pair": world["pair"], "region": "us-east-1", **options})
    client = boto3.client(
        service,
        endpoint_url=world["url"],
        region_name=options["region"],
        aws_access_key_id=options["pair"][0],
        aws_secret_access_key=options["pair"][1],
        aws_session_token=options.get("token"),
        config=Config(retries={"total_max_attempts": options.get("tries", 1)}, read_timeout=60),
    )
    try:
        if options.get("paged"):
            pages = client.get_paginator(operation).paginate(**filled(parameters))
            answer = pages.build_full_result()
        else:
            answer = getattr(client, operation)(**filled(parameters))
            answer.pop("ResponseMetadata")
        told.append(answer)
    except ClientError as exc:
        status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
        told.append({"status": status, "code": exc.response["Error"]["Code"]})
    told = json.loads(json.dumps(told, default=str))
print(json.dumps(told))
"""
LOGIN = [aws.ACCESS_KEY, aws.SECRET_KEY]


@pytest.fixture
def simulator() -> aws.AwsSimulator:
    simulated = aws.AwsSimulator()
    simulated.add_account("backup")
    return simulated


@pytest.fixture
def server(simulator: aws.AwsSimulator) -> Iterator[SimulatorServer]:
    with SimulatorServer(simulator) as running:
        yield running


def ask(server: SimulatorServer, *calls: Any) -> Any:
    """Let boto3 do the calls, each (service, operation, parameters[, options])."""
    whole = [(*call, {}) if len(call) == 3 else call for call in calls]
    return run_client(
        "boto3", SCRIPT, json.dumps({"url": server.url, "pair": LOGIN, "calls": whole})
    )


def test_a_key_is_followed_through_its_whole_life(
    server: SimulatorServer, simulator: aws.AwsSimulator
) -> None:
    user = {"UserName": "backup"}
    made = {**user, "AccessKeyId": "{2.AccessKey.AccessKeyId}"}
    answers = ask(
        server,
        ("sts", "get_caller_identity", {}),
        ("iam", "get_user", user),
        ("iam", "create_access_key", user),
        ("iam", "create_access_key", user),
        ("iam", "update_access_key", {**made, "Status": "Inactive"}),
        ("iam", "list_access_keys", user),
        ("iam", "get_access_key_last_used", {"AccessKeyId": made["AccessKeyId"]}),
        ("iam", "delete_access_key", made),
        ("iam", "delete_access_key", made),
        ("iam", "list_access_keys", user),
    )
    who, shown, issued, third, updated, listed, used, deleted, again, rest = answers
    assert (who["Account"], who["Arn"][-13:]) == ("123456789012", ":user/rotator")
    assert shown["User"]["UserId"].startswith("AIDA")
    assert third == {"status": 409, "code": "LimitExceeded"}
    assert (updated, deleted) == ({}, {})
    statuses = {row["AccessKeyId"]: row["Status"] for row in listed["AccessKeyMetadata"]}
    assert statuses[issued["AccessKey"]["AccessKeyId"]] == "Inactive"
    assert used["UserName"] == "backup"
    assert used["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    assert again == {"status": 404, "code": "NoSuchEntity"}
    assert len(rest["AccessKeyMetadata"]) == 1
    assert [commit.what.split()[0] for commit in simulator.commits] == [
        "create",
        "update",
        "delete",
    ]


def test_all_users_are_paged_by_path_with_their_tags(
    server: SimulatorServer, simulator: aws.AwsSimulator
) -> None:
    for number in range(7):
        user_id = simulator.add_account(f"app-{number}")
        simulator.world.users[user_id].path = "/apps/"
        simulator.world.users[user_id].tags = {"team": "apps"}
    simulator.modes.update(page_size=3, empty_pages=True)
    everybody, apps, tags = ask(
        server,
        ("iam", "list_users", {}, {"paged": True}),
        ("iam", "list_users", {"PathPrefix": "/apps/"}, {"paged": True}),
        ("iam", "list_user_tags", {"UserName": "app-3"}, {"paged": True}),
    )
    assert len(everybody["Users"]) == 8
    assert [user["UserName"] for user in apps["Users"]] == [f"app-{n}" for n in range(7)]
    assert tags["Tags"] == [{"Key": "team", "Value": "apps"}]


def test_role_is_assumed_and_its_session_signs(server: SimulatorServer) -> None:
    role = {"RoleArn": aws_actions.ROLE_ARN, "RoleSessionName": "boto3"}
    session = {
        "pair": ["{0.Credentials.AccessKeyId}", "{0.Credentials.SecretAccessKey}"],
        "token": "{0.Credentials.SessionToken}",
    }
    assumed, caller, listed, refused, without = ask(
        server,
        ("sts", "assume_role", {**role, "ExternalId": aws_actions.EXTERNAL_ID}),
        ("sts", "get_caller_identity", {}, session),
        ("iam", "list_access_keys", {"UserName": "backup"}, session),
        ("sts", "assume_role", role),
        ("iam", "list_users", {}, {"pair": session["pair"]}),
    )
    assert caller["Arn"] == assumed["AssumedRoleUser"]["Arn"]
    assert len(listed["AccessKeyMetadata"]) == 1
    assert refused == {"status": 403, "code": "AccessDenied"}
    assert without == {"status": 403, "code": "InvalidClientTokenId"}


def test_refusals_are_those_of_aws(server: SimulatorServer, simulator: aws.AwsSimulator) -> None:
    simulator.modes["denied"] = ("ListUsers",)
    answers = ask(
        server,
        ("iam", "get_user", {"UserName": "backup"}, {"pair": [aws.ACCESS_KEY, "wrong"]}),
        ("iam", "get_user", {"UserName": "backup"}, {"pair": ["AKIANOBODY", "wrong"]}),
        ("iam", "get_user", {"UserName": "no such user"}),
        ("iam", "get_user", {"UserName": "nobody"}),
        ("iam", "list_users", {}),
        ("iam", "list_roles", {}),
        ("iam", "get_access_key_last_used", {"AccessKeyId": "AKIANOBODYKNOWSTHIS1"}),
    )
    assert [f"{answer['status']} {answer['code']}" for answer in answers] == [
        "403 SignatureDoesNotMatch",
        "403 InvalidClientTokenId",
        "400 ValidationError",
        "404 NoSuchEntity",
        "403 AccessDenied",
        "400 InvalidAction",
        "403 AccessDenied",
    ]
    assert simulator.writes == 0


def test_throttling_is_recognised_and_tried_again(
    server: SimulatorServer, simulator: aws.AwsSimulator
) -> None:
    simulator.modes["throttles_every"] = 2
    first, second, third = ask(
        server,
        ("iam", "get_user", {"UserName": "backup"}),
        ("iam", "get_user", {"UserName": "backup"}),
        ("iam", "get_user", {"UserName": "backup"}, {"tries": 4}),
    )
    assert first["User"]["UserName"] == third["User"]["UserName"] == "backup"
    assert second == {"status": 400, "code": "Throttling"}
