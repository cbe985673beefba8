# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetApp's own client drives the simulated cluster: every call it has for S3 users."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.ontap import (
    PASSWORD,
    TOKEN,
    USERNAME,
    OntapSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates
from ansible_collections.objectstore.credentials.tests.vendor.clients import run_client

#: Runs the body that a test gives, connected; what it puts into `told` is printed as JSON.
SCRIPT = r"""
import json, sys

from netapp_ontap import HostConnection, NetAppRestError
from netapp_ontap.resources import Cluster, S3Service, S3User, Svm

world = json.loads(sys.argv[1])
told = {}
uuid = world["svm"]


def pairs(response):
    # hydrate=True would replace the answer by a later GET, and the secret with it.
    return response.http_response.json()["records"]


def refused(work):
    try:
        work()
    except NetAppRestError as exc:
        return [exc.status_code, exc.response_body["error"]["code"]]
    return None


with HostConnection("127.0.0.1", port=world["port"], verify=world["ca"], **world["login"]):
    exec(world["body"])
print(json.dumps(told))
"""

LOGIN = {"username": USERNAME, "password": PASSWORD}


class Cluster:
    """A simulator behind TLS, and scripts that the vendor's client runs against it."""

    def __init__(self, certificates: Certificates) -> None:
        self.certificates = certificates
        self.sim = OntapSimulator()
        self.server = SimulatorServer(
            self.sim,
            certificate=certificates.good.chain,
        )
        self.server.start()

    def use(self, version: str, accounts: int = 0, **modes: Any) -> OntapSimulator:
        """Give the server a new cluster."""
        self.sim = OntapSimulator(version=version, **modes)
        self.sim.seed(accounts)
        self.server.simulator = self.sim
        self.server.log.clear()
        return self.sim

    def script(self, body: str, login: dict[str, Any] | None = None) -> Any:
        """Run a body in the client's own interpreter and return what it told."""
        world = {
            "port": self.server.port,
            "ca": self.certificates.ca.cert_path,
            "svm": self.sim.svm.uuid,
            "login": login or LOGIN,
            "body": body,
        }
        return run_client("netapp-ontap", SCRIPT, json.dumps(world))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA and what it signed."""
    directory: Path = tmp_path_factory.mktemp("certificates")
    return Certificates(directory)


@pytest.fixture(scope="module")
def _serving(certificates: Certificates) -> Iterator[Cluster]:
    cluster = Cluster(certificates)
    yield cluster
    cluster.server.stop()


@pytest.fixture
def cluster(_serving: Cluster) -> Cluster:
    """The cluster, new."""
    _serving.use("9.19.1")
    return _serving


def works(sim: OntapSimulator, record: dict[str, Any]) -> bool:
    """Tell whether the pair in a record is honoured by the data plane."""
    return bool(sim.secret_of(record["access_key"]) == record["secret_key"])


def test_the_look_ups_around_the_users(cluster: Cluster) -> None:
    told = cluster.script(
        """
cluster = Cluster()
cluster.get(fields="version")
told["version"] = [cluster.version.generation, cluster.version.major, cluster.version.minor]
told["svm"] = Svm.find(name="svm-s3").uuid
told["svms"] = sorted(svm.name for svm in Svm.get_collection())
services = list(S3Service.get_collection(fields="name,enabled"))
told["services"] = sorted(service.name for service in services)
service = S3Service(**{"svm.uuid": uuid})
service.get(fields="*")
told["enabled"] = service.enabled
"""
    )
    assert told == {
        "version": [9, 19, 1],
        "svm": cluster.sim.svm.uuid,
        "svms": ["svm-nas", "svm-other", "svm-s3"],
        "services": ["s3.svm-other.example.com", "s3.svm-s3.example.com"],
        "enabled": True,
    }


def test_users_are_listed_found_counted_and_read(cluster: Cluster) -> None:
    cluster.use("9.19.1", accounts=5)
    told = cluster.script(
        """
told["paged"] = [u.name for u in S3User.get_collection(uuid, max_records=2)]
told["some"] = [u.name for u in S3User.get_collection(uuid, name="app-0001|app-0004")]
told["fast"] = [u.name for u in S3User.fast_get_collection(uuid, fields="name")]
told["count"] = S3User.count_collection(uuid)
told["found"] = S3User.find(uuid, name="app-0003").name
told["nobody"] = S3User.find(uuid, name="nobody") is None
user = S3User(uuid, name="app-0002")
user.get(fields="*")
told["read"] = [user.access_key, user.keys[0].id, user.keys[0].access_key, user.svm.name]
told["secret"] = hasattr(user, "secret_key")
told["missing"] = refused(S3User(uuid, name="nobody").get)
"""
    )
    names = [f"app-{n:04d}" for n in range(1, 6)]
    key = cluster.sim.svm.users["app-0002"].slots[1].access_key
    assert told == {
        "paged": [*names, "root"],
        "some": ["app-0001", "app-0004"],
        "fast": [*names, "root"],
        "count": 6,
        "found": "app-0003",
        "nobody": True,
        "read": [key, 1, key, "svm-s3"],
        "secret": False,
        "missing": [404, "4"],
    }
    # It pages without asking for hypermedia: plain JSON has to carry _links.next.
    assert not any("hal" in entry.headers.get("Accept", "") for entry in cluster.server.log)


@pytest.mark.parametrize("version", ["9.7", "9.14.1", "9.16.1", "9.19.1"])
def test_a_user_is_created_regenerated_and_deleted(cluster: Cluster, version: str) -> None:
    sim = cluster.use(version)
    told = cluster.script(
        """
user = S3User(uuid)
user.name = "u-1@example.com"
user.comment = "made by the client"
told["created"] = pairs(user.post())
user = S3User(uuid, name="u-1@example.com")
told["regenerated"] = pairs(user.patch(regenerate_keys=True))
user.comment = ""
told["commented"] = user.patch().http_response.status_code
"""
    )
    (created,), (regenerated,) = told["created"], told["regenerated"]
    assert created["access_key"] != regenerated["access_key"]
    assert works(sim, regenerated)
    assert sim.secret_of(created["access_key"]) is None
    assert sim.svm.users["u-1@example.com"].comment == ""
    patch = next(e for e in cluster.server.log if e.method == "PATCH")
    assert patch.target.endswith("/users/u-1%40example.com?regenerate_keys=True")
    assert patch.body == "{}"
    assert cluster.script('S3User(uuid, name="u-1@example.com").delete()') == {}
    assert sorted(sim.svm.users) == ["root"]


def test_lifetimes_own_pairs_and_two_keys(cluster: Cluster) -> None:
    sim = cluster.use("9.19.1", accounts=1)
    told = cluster.script(
        """
user = S3User(uuid, name="app-0001")
user.key_time_to_live = "PT6H3M"
told["expiring"] = pairs(user.patch(regenerate_keys=True))
user = S3User(uuid, name="app-0001")
user.key_id = 2
user.key_time_to_live = "P2W"
told["second"] = pairs(user.patch(regenerate_keys=True))
user = S3User(uuid)
user.name = "own"
user.access_key, user.secret_key = "MYOWNKEY0000000000A1", "made-up-secret"
told["own"] = pairs(user.post())
user = S3User(uuid, name="own")
user.access_key, user.secret_key = "MYOWNKEY0000000000A2", "made-up-secret-2"
told["replaced"] = pairs(user.patch(regenerate_keys=True))
user = S3User(uuid, name="app-0001")
user.get(fields="keys")
told["slots"] = [[key.id, key.access_key, key.time_to_live] for key in user.keys]
"""
    )
    (expiring,), (second,) = told["expiring"], told["second"]
    assert works(sim, expiring)
    assert works(sim, second)
    assert expiring["key_expiry_time"]
    assert told["slots"] == [
        [1, expiring["access_key"], "PT6H3M"],
        [2, second["access_key"], "P14D"],
    ]
    assert told["replaced"][0]["access_key"] == "MYOWNKEY0000000000A2"
    assert sim.secret_of("MYOWNKEY0000000000A2") == "made-up-secret-2"
    assert sim.secret_of("MYOWNKEY0000000000A1") is None
    # The client sends the number of a key as a number, in the body.
    body = next(e.body for e in cluster.server.log if "key_id" in e.body)
    assert json.loads(body)["key_id"] == 2


def test_keys_are_deleted_by_number(cluster: Cluster) -> None:
    sim = cluster.use("9.19.1")
    sim.add_account("two", 2)
    cluster.script(
        """
user = S3User(uuid, name="two")
user.key_id = 2
user.patch(delete_keys=True)
"""
    )
    assert sorted(sim.svm.users["two"].slots) == [1]
    told = cluster.script(
        """
user = S3User(uuid, name="two")
told["body"] = user.patch(delete_keys=True).http_response.json()
told["again"] = user.patch(delete_keys=True).http_response.status_code
"""
    )
    assert told == {"body": {}, "again": 200}
    assert sim.svm.users["two"].slots == {}


def test_collections_are_changed_as_a_whole(cluster: Cluster) -> None:
    sim = cluster.use("9.19.1", accounts=3)
    told = cluster.script(
        """
many = [S3User.from_dict({"svm": {"uuid": uuid}, "name": name}) for name in ("m-1", "m-2")]
S3User.post_collection(many, uuid)
answer = S3User.patch_collection({}, uuid, name="app-0001|app-0002", regenerate_keys=True)
told["regenerated"] = answer.http_response.json()["records"]
S3User.patch_collection({"comment": "all"}, uuid, name="app*")
S3User.delete_collection(uuid, name="m-*")
listed = S3User.from_dict({"svm": {"uuid": uuid}, "name": "app-0003"})
S3User.delete_collection(uuid, records=[listed])
"""
    )
    assert [record["name"] for record in told["regenerated"]] == ["app-0001", "app-0002"]
    assert all(works(sim, record) for record in told["regenerated"])
    assert {user.name: user.comment for user in sim.svm.users.values()} == {
        "app-0001": "all",
        "app-0002": "all",
        "root": "Root User",
    }


def test_errors_come_with_status_and_code(cluster: Cluster) -> None:
    cluster.use("9.16.1", accounts=1, throttle_seconds=0)
    told = cluster.script(
        """
def patch(name, query, **fields):
    user = S3User(uuid, name=name)
    for field, value in fields.items():
        setattr(user, field, value)
    return refused(lambda: user.patch(**query))


def post(**fields):
    user = S3User(uuid)
    for field, value in fields.items():
        setattr(user, field, value)
    return refused(user.post)


told["duplicate"] = post(name="app-0001")
told["character"] = post(name="a b")
told["half a pair"] = post(name="n", access_key="A")
told["too long"] = post(name="n", key_time_to_live="P1096D")
told["alone"] = patch("app-0001", {}, key_time_to_live="P1D")
told["both"] = patch("app-0001", {"regenerate_keys": True, "delete_keys": True})
told["second"] = patch("app-0001", {"regenerate_keys": True}, key_id=2)
told["nobody"] = patch("nobody", {"regenerate_keys": True})
told["root"] = refused(S3User(uuid, name="root").delete)
told["field"] = refused(lambda: list(S3User.get_collection(uuid, fields="secret_key")))
"""
    )
    assert told == {
        "duplicate": [409, "1"],
        "character": [400, "92405787"],
        "half a pair": [400, "92406201"],
        "too long": [400, "92406083"],
        "alone": [400, "92406088"],
        "both": [400, "92406082"],
        "second": [400, "262179"],
        "nobody": [404, "4"],
        "root": [400, "2"],
        "field": [400, "262249"],
    }
    assert cluster.sim.writes == 0


def test_a_lost_answer_is_an_error_and_the_key_is_gone(cluster: Cluster) -> None:
    sim = cluster.use("9.16.1", accounts=1)
    old = sim.svm.users["app-0001"].slots[1].access_key
    cluster.server.faults.add("drop", "after", method="PATCH")
    told = cluster.script(
        """
try:
    S3User(uuid, name="app-0001").patch(regenerate_keys=True)
except Exception as exc:
    told["error"] = type(exc).__name__
"""
    )
    assert told["error"]
    assert sim.secret_of(old) is None
    assert sim.writes == 1


def test_hydrate_loses_the_secret(cluster: Cluster) -> None:
    told = cluster.script(
        """
user = S3User(uuid)
user.name = "h"
response = user.post(hydrate=True)
told["has"] = [hasattr(user, "access_key"), hasattr(user, "secret_key")]
told["body"] = "secret_key" in response.http_response.text
"""
    )
    assert told == {"has": [True, False], "body": False}


def test_a_bearer_token_and_a_wrong_password(cluster: Cluster) -> None:
    told = cluster.script(
        'told["count"] = S3User.count_collection(uuid)',
        {"headers": {"Authorization": f"Bearer {TOKEN}"}},
    )
    assert told == {"count": 1}
    told = cluster.script(
        'told["wrong"] = refused(lambda: S3User.count_collection(uuid))',
        {"username": USERNAME, "password": "wrong-made-up-password"},
    )
    assert told == {"wrong": [401, "6691623"]}


def test_a_client_certificate_is_a_login(certificates: Certificates) -> None:
    sim = OntapSimulator(certificate_login=True)
    with SimulatorServer(
        sim, certificate=certificates.good.chain, client_ca=certificates.ca.cert_path
    ) as server:
        world = {
            "port": server.port,
            "ca": certificates.ca.cert_path,
            "svm": sim.svm.uuid,
            "login": {"cert": certificates.client.cert_path, "key": certificates.client.key_path},
            "body": 'told["count"] = S3User.count_collection(uuid)',
        }
        assert run_client("netapp-ontap", SCRIPT, json.dumps(world)) == {"count": 1}
