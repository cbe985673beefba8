# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier against moto's S3, which checks keys, signatures and policies in its own way."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import (
    ACCEPTED,
    FORBIDDEN,
    UNKNOWN_KEY,
    WRONG_SIGNATURE,
    Verifier,
)
from ansible_collections.objectstore.credentials.tests.simulators.processes import (
    free_ports,
    running,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.verify_lab import (
    everywhere_is_here,
)
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    settings_for,
)

#: Calls that need no login: a user, its policy, its key, a bucket.
UNCHECKED = 4
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iam:*", "s3:*"], "Resource": "*"}],
}


@dataclass
class Moto:
    """A running moto server, and an administrator of it."""

    url: str
    admin: Pair

    def client(self, service: str) -> Any:
        """Return a boto3 client of the administrator."""
        return client(self.url, service, self.admin)

    def verifier(self, **options: Any) -> Verifier:
        """Return a verifier for it."""
        settings = settings_for("https://api.example.com")
        return Verifier({"s3_url": self.url, **options}, settings, Redactor(), RecordingClock())

    def new_pair(self, name: str, is_allowed: bool = True) -> Pair:
        """Make a user with a key."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if is_allowed:
            iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(POLICY))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return Pair(made["AccessKeyId"], made["SecretAccessKey"])


def client(url: str, service: str, pair: Pair) -> Any:
    """Return a boto3 client."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=pair.access_key,
        aws_secret_access_key=pair.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    """A moto server of its own process, which checks every call but the first few."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, {"INITIAL_NO_AUTH_ACTION_COUNT": str(UNCHECKED)}):
        url = f"http://127.0.0.1:{port}"
        anybody = Pair("testing", "testing")
        iam = client(url, "iam", anybody)
        iam.create_user(UserName="admin")
        iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=json.dumps(POLICY))
        made = iam.create_access_key(UserName="admin")["AccessKey"]
        client(url, "s3", anybody).create_bucket(Bucket="demo")
        yield Moto(url, Pair(made["AccessKeyId"], made["SecretAccessKey"]))


def test_pair_is_accepted_by_list_buckets_and_by_bucket(moto: Moto) -> None:
    assert moto.verifier().accept(moto.admin).outcome == ACCEPTED
    assert moto.verifier(bucket="demo").accept(moto.admin).outcome == ACCEPTED


def test_virtual_host_addressing_is_signed_right(
    moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere_is_here(monkeypatch)
    url = moto.url.replace("127.0.0.1", "localhost")
    verifier = moto.verifier(s3_url=url, bucket="demo", addressing_style="virtual")
    assert verifier.accept(moto.admin).outcome == ACCEPTED


def test_wrong_secret_is_a_wrong_signature(moto: Moto) -> None:
    wrong = Pair(moto.admin.access_key, moto.admin.secret_key[::-1])
    assert moto.verifier().accept(wrong).outcome == WRONG_SIGNATURE


def test_user_without_a_policy_is_authenticated(moto: Moto) -> None:
    pair = moto.new_pair("nobody", is_allowed=False)
    verdict = moto.verifier().accept(pair)
    assert verdict.outcome == FORBIDDEN
    assert verdict.works
    wrong = Pair(pair.access_key, pair.secret_key[::-1])
    assert moto.verifier().accept(wrong).outcome == WRONG_SIGNATURE


def test_key_is_refused_once_it_is_deleted(moto: Moto) -> None:
    pair = moto.new_pair("short-lived")
    verifier = moto.verifier()
    assert verifier.accept(pair).outcome == ACCEPTED
    moto.client("iam").delete_access_key(UserName="short-lived", AccessKeyId=pair.access_key)
    assert verifier.probe(pair).outcome == UNKNOWN_KEY


def test_missing_bucket_is_told(moto: Moto) -> None:
    verdict = moto.verifier(bucket="gone").probe(moto.admin)
    assert verdict.works
    assert verdict.code == "NoSuchBucket"
