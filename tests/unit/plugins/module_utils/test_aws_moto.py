# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole rotations over moto, which checks keys, signatures and policies in its own way.

A server in a process of its own, over sockets, in real time: its lists lag, new keys are refused at
first, inactive ones always. The login has the policy of the platform's guide and nothing more.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import access_key_call
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.aws import Aws
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.shard import WHOLE
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import (
    UNKNOWN_KEY,
    Verifier,
)
from ansible_collections.objectstore.credentials.tests.simulators.processes import (
    free_ports,
    running,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
SERVER = ROOT / "tests/simulators/aws_moto.py"
#: Calls that need no login: two users, a policy each, a key each.
UNCHECKED = 6
LAG, KNOWN_AFTER = 1.0, 1.0
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/key-rotator"
#: Grace and soak of a second: real time passes here.
QUICK = {"grace_period": "1s", "soak_period": "1s", "quiet_period": "1s", "settle": "1s"}


@pytest.fixture(autouse=True)
def _one_moment() -> None:
    """Let time pass: moto's clock is another process's."""


def policy_of_the_guide() -> dict[str, Any]:
    """Return the policy at the top of the guide; moto checks IAM's actions for any resource."""
    guide = (ROOT / "docs/platforms/aws.md").read_text()
    found = re.search(r"```json\n(.*?)```", guide, re.DOTALL)
    assert found
    policy: dict[str, Any] = json.loads(found[1])
    for statement in policy["Statement"]:
        statement["Resource"] = "*"
    return policy


def allowing(*actions: str) -> str:
    """Return a policy that allows actions and nothing more."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def client(url: str, service: str, pair: Pair) -> Any:
    """Return a boto3 client."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=pair.access_key,
        aws_secret_access_key=pair.secret_key,
    )


@dataclass
class Moto:
    """A running server, an administrator, and the login with the guide's policy."""

    url: str
    admin: Pair
    rotator: Pair
    #: While it is there, no key younger than it is accepted.
    hold: Path

    def iam(self) -> Any:
        """Return a boto3 client of the administrator."""
        return client(self.url, "iam", self.admin)

    def statuses(self, name: str) -> dict[str, str]:
        """Return a user's keys, once the list has caught up."""
        time.sleep(LAG + 0.2)
        rows = self.iam().list_access_keys(UserName=name)["AccessKeyMetadata"]
        return {row["AccessKeyId"]: row["Status"] for row in rows}


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """A moto server that checks every call but the first few."""
    (port,) = free_ports(1)
    hold = tmp_path_factory.mktemp("moto") / "hold"
    slow = ["--lag", str(LAG), "--known-after", str(KNOWN_AFTER), "--hold", str(hold)]
    command = [sys.executable, str(SERVER), str(port), "--unchecked", str(UNCHECKED), *slow]
    with running(command, port):
        url = f"http://127.0.0.1:{port}"
        iam = client(url, "iam", Pair("testing", "testing"))
        pairs = []
        policies = {
            "admin": allowing("iam:*", "s3:*"),
            "rotator": json.dumps(policy_of_the_guide()),
        }
        for name, policy in policies.items():
            iam.create_user(UserName=name)
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
            made = iam.create_access_key(UserName=name)["AccessKey"]
            pairs.append(Pair(made["AccessKeyId"], made["SecretAccessKey"]))
        time.sleep(KNOWN_AFTER + 0.1)
        yield Moto(url, pairs[0], pairs[1], hold)


@dataclass
class Call:
    """What the front hands over, for one user of moto."""

    moto: Moto
    folder: Path
    account: str
    login: Mapping[str, Any] = field(default_factory=dict)
    check_mode: bool = False
    is_preflight: bool = False
    shard: Any = WHOLE
    parallelism: int = 2

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.progress: Any = Progress()
        self.params: dict[str, Any] = {}
        self.platform: Platform = self.opened()

    def opened(self, **changed: Any) -> Aws:
        """Return the platform, with a client of its own."""
        pair = self.moto.rotator
        given = {
            "api_url": self.moto.url,
            "endpoint": "moto",
            "api_access_key": pair.access_key,
            "api_secret_key": pair.secret_key,
            **self.login,
            **changed,
        }
        settings = resolve(given, "aws", Aws.SCOPE, environ={})
        return Aws(settings, Client(settings, Redactor(), self.clock, check_mode=self.check_mode))

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return none: the password is an option here."""
        return []

    def one(self, **options: Any) -> AccountResult:
        """Do what a task does for this one account; return its result."""
        known = {name: spec.get("default") for name, spec in access_key_call.SPEC.options.items()}
        self.platform = self.opened()
        self.params = {
            **known,
            **QUICK,
            "users": [self.account],
            "secret_store": {
                "type": "ansible_vault",
                "path": str(self.folder / "store"),
                "vault_password": "a made-up password",
            },
            "journal": str(self.folder / "journal"),
            "verify": {"s3_url": self.moto.url, "timeout": "20s", "interval": "1s"},
            "report_unchanged": True,
            **options,
        }
        try:
            outcome = access_key_call.rotate(self)
        finally:
            self.platform.client.close()
        (result,) = outcome.accounts
        return result

    def works(self, pair: Pair) -> bool:
        """Tell whether S3 takes a pair now."""
        settings = self.platform.settings
        verifier = Verifier({"s3_url": self.moto.url}, settings, Redactor(), self.clock)
        verdict = verifier.probe(pair)
        verifier.close()
        return verdict.works

    def rest(self, seconds: float = 2.1) -> None:
        """Let a grace or soak period pass, also by a Date header, which has whole seconds."""
        time.sleep(seconds)


@pytest.fixture
def call(moto: Moto, tmp_path: Path, request: Any) -> Call:
    """A user with one key, which may use S3 and is nobody's yet."""
    name = request.node.name[5:60].replace("_", "-")
    (tmp_path / "journal").mkdir()
    iam = moto.iam()
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="s3", PolicyDocument=allowing("s3:*"))
    iam.create_access_key(UserName=name)
    time.sleep(max(LAG, KNOWN_AFTER) + 0.1)
    return Call(moto, tmp_path, name)


def test_key_is_taken_over_rotated_retired_and_deleted(moto: Moto, call: Call) -> None:
    (first,) = moto.statuses(call.account)
    adopted = call.one(adopt="rotate")
    assert adopted.action == "rotated", adopted.why
    # Right after it, while the lists of moto show neither: nothing is done twice.
    assert call.one(retire=False).action == "unchanged"
    assert set(moto.statuses(call.account).values()) == {"Active"}
    call.rest()
    assert call.one().action == "disabled"
    assert moto.statuses(call.account)[first] == "Inactive"
    call.rest()
    assert call.one().action == "deleted"
    assert list(moto.statuses(call.account)) == [adopted.access_key]
    second = call.one(force=True)
    assert (second.action, second.previous_access_key) == ("rotated", adopted.access_key)


def test_rotation_is_rolled_back_to_a_disabled_key(moto: Moto, call: Call) -> None:
    first = call.one(adopt="rotate").access_key
    for action in ("disabled", "deleted"):
        call.rest()
        assert call.one().action == action
    second = call.one(force=True).access_key
    call.rest()
    assert call.one().action == "disabled"
    back = call.one(state="rolled_back", reason="INC-1")
    assert (back.action, back.access_key) == ("rolled_back", first), back.why
    assert moto.statuses(call.account) == {first: "Active", second: "Active"}


def test_compromised_key_is_replaced_and_revoked_at_once(moto: Moto, call: Call) -> None:
    first = call.one(adopt="rotate").access_key
    for action in ("disabled", "deleted"):
        call.rest()
        assert call.one().action == action
    done = call.one(compromised=[first], reason="INC-2")
    assert (done.action, done.previous_access_key) == ("rotated", first), done.why
    assert moto.statuses(call.account) == {first: "Inactive", done.access_key: "Active"}


def test_check_mode_sends_nothing_but_reads(moto: Moto, call: Call) -> None:
    before = moto.statuses(call.account)
    dry = Call(moto, call.folder, call.account, check_mode=True)
    assert dry.one(adopt="rotate").action == "rotated"
    assert dry.platform.client.writes_sent == 0
    assert moto.statuses(call.account) == before


def test_missing_permission_is_named(moto: Moto, call: Call) -> None:
    iam = moto.iam()
    iam.create_user(UserName=f"{call.account}-login")
    made = iam.create_access_key(UserName=f"{call.account}-login")["AccessKey"]
    time.sleep(KNOWN_AFTER + 0.1)
    login = {"api_access_key": made["AccessKeyId"], "api_secret_key": made["SecretAccessKey"]}
    platform = call.opened(**login)
    assert platform.connect().scope == {"account": ACCOUNT}
    exc = raised(platform.access_keys, platform.account(AccountRef(name=f"{call.account}-login")))
    assert exc.kind == "permission"
    assert "iam:ListAccessKeys" in exc.next_step
    exc = raised(platform.account, AccountRef(name=call.account))
    assert (exc.kind, exc.code) == ("permission", "AccessDenied")
    assert "iam:GetUser" in exc.next_step


def test_inactive_and_unknown_logins_are_refused(moto: Moto, call: Call) -> None:
    (key,) = moto.statuses(call.account)
    moto.iam().update_access_key(UserName=call.account, AccessKeyId=key, Status="Inactive")
    for access_key in (key, "AKIANOBODYKNOWSTHIS1"):
        exc = raised(call.opened(api_access_key=access_key).connect)
        assert (exc.kind, exc.code) == ("authentication", "InvalidClientTokenId")
    exc = raised(call.opened(api_secret_key="W" * 40).connect)
    assert (exc.kind, exc.code) == ("authentication", "SignatureDoesNotMatch")


def test_role_is_assumed_with_its_external_id(moto: Moto, call: Call) -> None:
    iam = moto.iam()
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "4711"}},
            }
        ],
    }
    name = f"role-{call.account}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = json.dumps(policy_of_the_guide())
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    iam.put_user_policy(
        UserName="rotator", PolicyName="assume", PolicyDocument=allowing("sts:AssumeRole")
    )
    login = {"api_role_arn": arn, "api_external_id": "4711", "api_session_name": "nightly"}
    by_role = Call(moto, call.folder, call.account, login)
    platform = by_role.opened()
    assert platform.connect().details["login"].endswith(f"assumed-role/{name}/nightly")
    assert by_role.one(adopt="rotate").action == "rotated"


def test_disabled_pair_is_refused_by_the_data_plane(moto: Moto, call: Call) -> None:
    moto.hold.touch()
    made = moto.iam().create_access_key(UserName=call.account)["AccessKey"]
    pair = Pair(made["AccessKeyId"], made["SecretAccessKey"])
    assert not call.works(pair)  # too new
    moto.hold.unlink()
    time.sleep(KNOWN_AFTER + 0.1)
    assert call.works(pair)
    platform = call.opened()
    key = platform.find_access_key(pair.access_key)
    assert key.account.name == call.account
    assert platform.set_access_key(key, "inactive").status == "inactive"
    verifier = Verifier({"s3_url": moto.url}, platform.settings, Redactor(), call.clock)
    assert verifier.probe(pair).outcome == UNKNOWN_KEY
    verifier.close()
    assert key.last_used_at is not None
    assert key.details["used_service"] == "s3"
