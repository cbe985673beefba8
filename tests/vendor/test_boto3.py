# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's own SDK drives the S3 data plane: it signs, and it reads what comes back."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.s3 import S3Simulator
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates
from ansible_collections.objectstore.credentials.tests.unit.simulators.keyring import (
    PAIR,
    data_plane,
    keyring_of,
)
from ansible_collections.objectstore.credentials.tests.vendor.clients import run_client

#: Does what the JSON in its first argument says: a list of [operation, parameters, client options],
#: each call with a new client. Prints a list of what came back, or of the error that did.
SCRIPT = """
import json, socket, sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# *.localhost is this machine, whatever its resolver thinks of that.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more)

world = json.loads(sys.argv[1])
told = []
for operation, parameters, options in world["calls"]:
    options = {"pair": world["pair"], "style": "path", "region": "us-east-1", **options}
    client = boto3.client(
        "s3",
        endpoint_url=options.get("url", world["url"]),
        region_name=options["region"],
        aws_access_key_id=options["pair"][0],
        aws_secret_access_key=options["pair"][1],
        aws_session_token=options.get("token"),
        config=Config(
            s3={
                "addressing_style": options["style"],
                "payload_signing_enabled": options.get("sign_body"),
            },
            retries={"total_max_attempts": 1},
            connect_timeout=60,
            read_timeout=60,
        ),
        verify=world["ca"],
    )
    try:
        answer = getattr(client, operation)(**parameters)
        if "Body" in answer:
            answer["Body"] = answer["Body"].read().decode()
        told.append({"status": answer.pop("ResponseMetadata")["HTTPStatusCode"], **answer})
    except ClientError as exc:
        status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
        told.append({"status": status, "code": exc.response["Error"]["Code"]})
    except BotoCoreError as exc:
        told.append({"status": 0, "code": type(exc).__name__})
print(json.dumps(told, default=str))
"""
BAD_SECRET = {"pair": [PAIR[0], "wrong"]}
UNKNOWN = {"pair": ["AKIAGONE", PAIR[1]]}


@pytest.fixture
def simulator() -> S3Simulator:
    return data_plane()


@pytest.fixture
def server(simulator: S3Simulator) -> Iterator[SimulatorServer]:
    with SimulatorServer(simulator) as running:
        yield running


def ask(server: SimulatorServer, *calls: Any, url: str = "", ca: str = "") -> Any:
    """Let boto3 do the calls, each (operation, parameters) or (operation, parameters, options)."""
    world = {
        "url": url or server.url,
        "pair": PAIR,
        "ca": ca or None,
        "calls": [(*call, {}) if len(call) == 2 else call for call in calls],
    }
    return run_client("boto3", SCRIPT, json.dumps(world))


def short(answers: Any) -> list[str]:
    """Return status and code of each answer."""
    return [f"{answer['status']} {answer.get('code', '')}".strip() for answer in answers]


def test_every_operation_with_a_good_pair(server: SimulatorServer) -> None:
    name = "folder/with space & é+~"
    demo = {"Bucket": "demo"}
    answers = ask(
        server,
        ("list_buckets", {}),
        ("head_bucket", demo),
        ("put_object", {**demo, "Key": name, "Body": "hello"}),
        ("put_object", {**demo, "Key": "other", "Body": ""}),
        ("head_object", {**demo, "Key": name}),
        ("get_object", {**demo, "Key": name}),
        ("list_objects_v2", {**demo, "MaxKeys": 1}),
        ("list_objects_v2", {**demo, "Prefix": "folder/w", "Delimiter": "/"}),
        ("delete_object", {**demo, "Key": name}),
        ("get_object", {**demo, "Key": name}),
        ("head_object", {**demo, "Key": name}),
        ("head_bucket", {"Bucket": "none"}),
        ("list_objects_v2", {"Bucket": "none"}),
    )
    assert short(answers) == [
        *["200"] * 8,
        "204",
        "404 NoSuchKey",
        "404 404",
        "404 404",
        "404 NoSuchBucket",
    ]
    assert [bucket["Name"] for bucket in answers[0]["Buckets"]] == ["demo"]
    assert answers[4]["ContentLength"] == 5
    assert answers[5]["Body"] == "hello"
    assert (answers[6]["KeyCount"], answers[6]["IsTruncated"]) == (1, True)
    assert [row["Key"] for row in answers[7]["Contents"]] == [name]
    assert server.simulator.writes == 3
    assert server.requests == 13


def test_both_addressing_styles(server: SimulatorServer, simulator: S3Simulator) -> None:
    simulator.buckets["demo"]["key"] = (b"found", simulator.clock.now())
    get = ("get_object", {"Bucket": "demo", "Key": "key"})
    hosted = {"style": "virtual", "url": f"http://localhost:{server.port}"}
    answers = ask(server, (*get, {}), (*get, hosted))
    assert [answer["Body"] for answer in answers] == ["found", "found"]
    hosts = [entry.headers["Host"] for entry in server.log]
    assert hosts == [f"127.0.0.1:{server.port}", f"demo.localhost:{server.port}"]
    simulator.modes["addressing"] = "virtual"
    assert short(ask(server, (*get, {}), (*get, hosted), ("list_buckets", {}))) == [
        "403 VirtualHostDomainRequired",
        "200",
        "200",
    ]


def test_pairs_that_are_refused(server: SimulatorServer, simulator: S3Simulator) -> None:
    calls = [
        ("list_buckets", {}),
        ("list_buckets", {}, BAD_SECRET),
        ("list_buckets", {}, UNKNOWN),
        ("head_bucket", {"Bucket": "demo"}, UNKNOWN),
        ("list_buckets", {}, {"token": "session"}),
    ]
    assert short(ask(server, *calls)) == [
        "200",
        "403 SignatureDoesNotMatch",
        "403 InvalidAccessKeyId",
        "403 403",
        "400 InvalidToken",
    ]
    keyring_of(simulator).drop(PAIR[0])
    assert short(ask(server, ("list_buckets", {}))) == ["403 InvalidAccessKeyId"]


def test_clock_that_is_off(server: SimulatorServer, simulator: S3Simulator) -> None:
    simulator.clock.advance(1000)
    assert short(ask(server, ("list_buckets", {}))) == ["403 RequestTimeTooSkewed"]
    simulator.clock.advance(-200)
    assert short(ask(server, ("list_buckets", {}))) == ["200"]


def test_region_that_is_wrong_is_corrected_by_the_client(server: SimulatorServer) -> None:
    wrong = {"region": "eu-de"}
    answers = ask(server, ("list_buckets", {}, wrong), ("head_bucket", {"Bucket": "demo"}, wrong))
    # boto3 reads the right region out of the refusal, but only where a bucket is named.
    assert short(answers) == ["400 AuthorizationHeaderMalformed", "200"]
    assert [entry.status for entry in server.log] == [400, 400, 400, 200]


def test_base_path_without_bucket_list() -> None:
    vault = data_plane(
        base_path="/S3", addressing="path", unsupported=("ListBuckets",), any_bucket=True
    )
    with SimulatorServer(vault) as server:
        answers = ask(
            server,
            ("head_bucket", {"Bucket": "vault"}),
            ("list_objects_v2", {"Bucket": "vault", "MaxKeys": 1}),
            ("list_buckets", {}),
            url=f"{server.url}/S3",
        )
        assert short(answers) == ["200", "200", "501 NotImplemented"]
        targets = [entry.target.partition("?")[0] for entry in server.log]
        assert targets == ["/S3/vault", "/S3/vault", "/S3"]


def test_too_many_wrong_signatures(server: SimulatorServer, simulator: S3Simulator) -> None:
    simulator.modes["wrong_signatures"] = 2
    tries: list[Any] = [("list_buckets", {}, BAD_SECRET)] * 3
    assert short(ask(server, *tries, ("list_buckets", {}))) == [
        "403 SignatureDoesNotMatch",
        "403 SignatureDoesNotMatch",
        "400 TooManyWrongSignature",
        "400 TooManyWrongSignature",
    ]


def test_bodies_over_tls(simulator: S3Simulator, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    chain, ca = certificates.good.chain, certificates.ca.cert_path
    put = ("put_object", {"Bucket": "demo", "Key": "a", "Body": "over TLS"})
    get = ("get_object", {"Bucket": "demo", "Key": "a"})
    with SimulatorServer(simulator, certificate=chain) as server:
        answers = ask(server, put, get, (*put, {"sign_body": True}), (*put, BAD_SECRET), ca=ca)
        payloads = [entry.headers["X-Amz-Content-SHA256"] for entry in server.log]
    assert short(answers) == ["200", "200", "200", "403 SignatureDoesNotMatch"]
    assert answers[1]["Body"] == "over TLS"
    # The first body comes in chunks with a checksum behind them, which older gateways refuse.
    assert payloads[0] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    simulator.modes["trailers"] = False
    with SimulatorServer(simulator, certificate=chain) as server:
        assert short(ask(server, put, ca=ca)) == ["501 NotImplemented"]


@pytest.mark.parametrize(
    ("name", "style"),
    [("commvault", "path"), ("huawei", "virtual"), ("ontap", "path"), ("ose", "virtual")],
)
def test_pairs_of_each_platform(name: str, style: str) -> None:
    endpoint = fleet.start(name, fleet.platforms()[name])
    try:
        told = endpoint.as_dict()
        access_key = told["accounts"]["backup"][0]
        pair = [access_key, told["pairs"][access_key]]
        url = endpoint.s3_url.replace("127.0.0.1", "localhost")
        good = {"url": url, "style": style, "pair": pair}
        head: Any = ("head_bucket", {"Bucket": "demo"})
        listing: Any = ("list_buckets", {})
        answers = ask(
            endpoint.s3_server,
            (*head, good),
            (*listing, good),
            (*head, {**good, "pair": [access_key, "wrong"]}),
        )
        lists = "501 NotImplemented" if name == "commvault" else "200"
        assert short(answers) == ["200", lists, "403 403"]
    finally:
        endpoint.stop()


def test_pair_that_the_platform_has_disabled() -> None:
    endpoint = fleet.start("ose", fleet.platforms()["ose"], "osis")
    try:
        told = endpoint.as_dict()
        access_key = told["accounts"]["backup"][0]
        call: Any = ("list_buckets", {}, {"pair": [access_key, told["pairs"][access_key]]})
        assert short(ask(endpoint.s3_server, call)) == ["200"]
        set_active(told, access_key, False)
        assert short(ask(endpoint.s3_server, call)) == ["403 InvalidAccessKeyId"]
        set_active(told, access_key, True)
        assert short(ask(endpoint.s3_server, call)) == ["200"]
    finally:
        endpoint.stop()


def set_active(told: dict[str, Any], access_key: str, active: bool) -> None:
    """Do it the way that OSIS documents: read the credential, send it back whole."""
    options = told["options"]
    login = f"{options['api_username']}:{options['api_password']}".encode()
    headers = {
        "Authorization": f"Basic {base64.b64encode(login).decode()}",
        "Content-Type": "application/json",
    }
    url = f"{told['url']}/api/v1/s3credentials/{access_key}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers=headers)) as answer:
        credential = json.loads(answer.read())
    body = json.dumps({**credential, "active": active}).encode()
    owner = f"?tenant_id={credential['tenant_id']}&user_id={credential['user_id']}"
    with opener.open(urllib.request.Request(url + owner, body, headers, method="PATCH")) as answer:
        assert json.loads(answer.read())["active"] is active
