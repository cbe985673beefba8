# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strict front of moto's Secrets Manager refuses what AWS refuses, as boto3 sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)

A, B, C = ("a" * 32, "b" * 32, "c" * 32)


class Cloud:
    """A region and a client of it."""

    def __init__(self) -> None:
        self.simulator = strict.AwsSecretsManager()
        self.server = strict.AwsServer(self.simulator)
        self.server.start()
        self.client = self.log_in()

    def log_in(self, access_key: str = strict.ACCESS_KEY) -> Any:
        """Return a client of a login."""
        return boto3.client(
            "secretsmanager",
            endpoint_url=self.server.url,
            region_name=strict.REGION,
            aws_access_key_id=access_key,
            aws_secret_access_key=strict.SECRET_KEY,
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )

    def create(self, token: str = A, **more: Any) -> None:
        """Create the secret s."""
        fields = {"Name": "s", "SecretString": "one", "ClientRequestToken": token, **more}
        self.client.create_secret(**fields)

    def put(self, token: str, text: str = "two", labels: Any = ("mine",)) -> Any:
        """Write a version."""
        return self.client.put_secret_value(
            SecretId="s", ClientRequestToken=token, SecretString=text, VersionStages=list(labels)
        )

    def move(self, label: str = "AWSCURRENT", **versions: str) -> None:
        """Move a label."""
        names = {"source": "RemoveFromVersionId", "target": "MoveToVersionId"}
        fields = {names[name]: value for name, value in versions.items()}
        self.client.update_secret_version_stage(SecretId="s", VersionStage=label, **fields)

    def current(self) -> str:
        """Return the current version."""
        return str(self.client.get_secret_value(SecretId="s")["VersionId"])


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A region with no secret in it."""
    cloud = Cloud()
    yield cloud
    cloud.server.stop()


def refused(work: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Return the code with which AWS refuses; fail when it does not."""
    with pytest.raises(ClientError) as caught:
        work(*args, **kwargs)
    return str(caught.value.response["Error"]["Code"])


def test_label_moves_only_from_where_it_is(cloud: Cloud) -> None:
    cloud.create()
    cloud.put(B)
    assert cloud.current() == A
    assert refused(cloud.move, target=B) == "InvalidParameterException"
    assert refused(cloud.move, source=B, target=B) == "InvalidParameterException"
    assert refused(cloud.move, source=A, target=C) == "ResourceNotFoundException"
    assert refused(cloud.move, source=A) == "InvalidParameterException"
    assert refused(cloud.move) == "InvalidParameterException"
    assert cloud.simulator.labels("s") == {A: ["AWSCURRENT"], B: ["mine"]}
    cloud.move(source=A, target=B)
    assert cloud.current() == B
    assert refused(cloud.move, source=A, target=B) == "InvalidParameterException"
    assert cloud.simulator.labels("s") == {A: ["AWSPREVIOUS"], B: ["AWSCURRENT", "mine"]}


def test_private_label_needs_its_holder_and_can_be_removed(cloud: Cloud) -> None:
    cloud.create()
    cloud.put(B)
    assert refused(cloud.move, "mine", target=A) == "InvalidParameterException"
    assert refused(cloud.move, "mine", source=A) == "InvalidParameterException"
    cloud.move("mine", target=B)
    cloud.move("mine", source=B)
    assert cloud.simulator.labels("s") == {A: ["AWSCURRENT"]}
    cloud.move("mine", target=B)
    assert cloud.simulator.labels("s") == {A: ["AWSCURRENT"], B: ["mine"]}


def test_version_is_written_once_for_a_token(cloud: Cloud) -> None:
    cloud.create()
    cloud.create()
    cloud.put(B)
    assert cloud.put(B)["VersionStages"] == ["mine"]
    assert refused(cloud.put, B, "three") == "ResourceExistsException"
    assert refused(cloud.create, SecretString="other") == "ResourceExistsException"
    assert refused(cloud.create, C) == "ResourceExistsException"


def test_new_version_takes_a_label_from_the_old_one(cloud: Cloud) -> None:
    cloud.create()
    cloud.put(B)
    cloud.put(C, "three")
    assert cloud.simulator.labels("s") == {A: ["AWSCURRENT"], C: ["mine"]}
    shown = cloud.client.describe_secret(SecretId="s")["VersionIdsToStages"]
    assert shown == {A: ["AWSCURRENT"], C: ["mine"]}
    # Without a label it can still be read, and become current.
    assert cloud.client.get_secret_value(SecretId="s", VersionId=B)["SecretString"] == "two"
    cloud.move(source=A, target=B)
    assert cloud.current() == B


def test_first_version_becomes_current_by_itself(cloud: Cloud) -> None:
    cloud.client.create_secret(Name="s")
    assert refused(cloud.current) == "ResourceNotFoundException"
    assert sorted(cloud.put(A)["VersionStages"]) == ["AWSCURRENT", "mine"]
    assert cloud.put(B)["VersionStages"] == ["mine"]
    assert cloud.current() == A


def test_secret_marked_for_deletion_answers_nothing(cloud: Cloud) -> None:
    cloud.create()
    cloud.put(B)
    cloud.simulator.delete("s")
    assert refused(cloud.current) == "InvalidRequestException"
    assert refused(cloud.put, C) == "InvalidRequestException"
    assert refused(cloud.move, source=A, target=B) == "InvalidRequestException"
    assert refused(cloud.create) == "InvalidRequestException"
    tag = {"SecretId": "s", "Tags": [{"Key": "a", "Value": "b"}]}
    assert refused(cloud.client.tag_resource, **tag) == "InvalidRequestException"
    assert cloud.client.list_secrets()["SecretList"] == []


@pytest.mark.parametrize("name", ["a b", "ä", "a:b", "x" * 513])
def test_name_of_other_characters_is_refused(cloud: Cloud, name: str) -> None:
    with pytest.raises(Exception, match=r"(?i)invalid|valid"):
        cloud.create(Name=name)
    assert cloud.simulator.names() == []


def test_limits_hold(cloud: Cloud) -> None:
    cloud.create()
    for label in range(18):
        cloud.put(B, labels=[f"label-{label}"]) if not label else cloud.move(
            f"label-{label}", target=B
        )
    cloud.put(C, labels=["one-more"])
    assert refused(cloud.put, "d" * 32, labels=["too-many"]) == "LimitExceededException"
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    cloud.client.tag_resource(SecretId="s", Tags=tags)
    for tag in ({"Key": "k50", "Value": "v"}, {"Key": "k1", "Value": "{}"}):
        code = refused(cloud.client.tag_resource, SecretId="s", Tags=[tag])
        assert code == "InvalidParameterException"
    large = {"SecretId": "s", "SecretString": "Ü" * 32769, "ClientRequestToken": "e" * 32}
    assert refused(cloud.client.put_secret_value, **large) == "ValidationException"


def test_versions_without_labels_go_after_a_day(cloud: Cloud) -> None:
    cloud.create()
    for number in range(99):
        cloud.put(f"{number:032d}", str(number))
    assert refused(cloud.put, B) == "LimitExceededException"
    cloud.simulator.clock.advance(86400 + 60)
    cloud.put(B)
    assert len(cloud.simulator.versions("s")) == 100
    assert sorted(cloud.simulator.labels("s")) == [A, B]


def test_age_of_a_version_is_by_the_clock_of_the_double(cloud: Cloud) -> None:
    cloud.simulator.clock.advance(-400 * 86400)
    cloud.create()
    for number in range(99):
        cloud.put(f"{number:032}")
    assert refused(cloud.put, B) == "LimitExceededException"
    cloud.simulator.clock.advance(2 * 86400)
    cloud.put(B)


def test_login_and_policy_are_looked_at(cloud: Cloud) -> None:
    cloud.create()
    stranger = cloud.log_in("AKIANOBODYKNOWSTHIS1")
    code = refused(stranger.get_secret_value, SecretId="s")
    assert code == "UnrecognizedClientException"
    cloud.simulator.denied.add("GetSecretValue")
    assert refused(cloud.current) == "AccessDeniedException"


def test_changes_are_counted_and_repetitions_are_none(cloud: Cloud) -> None:
    cloud.create()
    cloud.create()
    cloud.put(B)
    cloud.put(B)
    cloud.move(source=A, target=B)
    cloud.current()
    assert [commit.what.split()[0] for commit in cloud.simulator.commits] == [
        "CreateSecret",
        "PutSecretValue",
        "UpdateSecretVersionStage",
    ]
    assert cloud.server.sent()[-1] == "GetSecretValue"


def test_worlds_are_apart(cloud: Cloud) -> None:
    other = Cloud()
    cloud.create()
    assert other.simulator.names() == []
    assert refused(other.current) == "ResourceNotFoundException"
    other.server.stop()


@pytest.mark.parametrize("when", ["before", "after"])
def test_faults_name_operation_and_secret(cloud: Cloud, when: str) -> None:
    fault = strict.aws_fault("InternalServiceError", status=500)
    cloud.server.faults.add(when=when, path="^/CreateSecret/s$", **fault)
    assert refused(cloud.create) == "InternalServiceError"
    assert cloud.simulator.writes == (when == "after")
