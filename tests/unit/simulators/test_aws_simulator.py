# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated AWS by itself: it is strict, checks signatures on its own, and its lists lag."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import aws, s3_signature
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Response,
)

FORM = "application/x-www-form-urlencoded"
LOGIN = (aws.ACCESS_KEY, aws.SECRET_KEY)


def signed(
    sim: aws.AwsSimulator,
    asked: dict[str, str],
    login: tuple[str, str] = LOGIN,
    scope: tuple[str, str] = ("us-east-1", "iam"),
    **headers: str,
) -> Request:
    """Return a request, signed over all its headers but those that come last."""
    body = urlencode(asked).encode()
    stamp = sim.clock.now().strftime("%Y%m%dT%H%M%SZ")
    sent = {"Host": "iam.example.com", "X-Amz-Date": stamp, "Content-Type": FORM}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    request = Request("POST", "/", CaseInsensitive(sent.items()), body)
    names = sorted(name.lower() for name in sent)
    whole = (sent["X-Amz-Date"][:8], *scope, "aws4_request")
    canonical = s3_signature.canonical_request(request, names, hashlib.sha256(body).hexdigest())
    text = s3_signature.string_to_sign(sent["X-Amz-Date"], whole, canonical)
    made = s3_signature.signature(login[1], whole, text)
    sent["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={login[0]}/{'/'.join(whole)},"
        f" SignedHeaders={';'.join(names)}, Signature={made}"
    )
    request.headers = CaseInsensitive(sent.items())
    return request


def ask(sim: aws.AwsSimulator, action: str, **asked: str) -> Response:
    """Send a well-signed request to IAM."""
    return sim.handle(signed(sim, {"Action": action, "Version": aws.IAM, **asked}))


def code(response: Response) -> str:
    """Return an error's code."""
    found = re.search("<Code>(.*?)</Code>", str(response.body))
    return found[1] if found else ""


@pytest.fixture
def sim() -> aws.AwsSimulator:
    """An account with one user."""
    simulated = aws.AwsSimulator()
    simulated.add_account("backup")
    return simulated


WHOAMI = {"Action": "ListUsers", "Version": aws.IAM}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"login": (aws.ACCESS_KEY, "wrong")}, "SignatureDoesNotMatch"),
    ({"login": ("AKIANOBODY", aws.SECRET_KEY)}, "InvalidClientTokenId"),
    ({"login": (aws.SESSION_KEY, aws.SESSION_SECRET)}, "InvalidClientTokenId"),
    ({"scope": ("eu-central-1", "iam")}, "SignatureDoesNotMatch"),
    ({"scope": ("us-east-1", "s3")}, "SignatureDoesNotMatch"),
    ({"X_Amz_Date": "20200101T000000Z"}, "SignatureDoesNotMatch"),
    ({"X_Amz_Date": "20990101T000000Z"}, "SignatureDoesNotMatch"),
    ({"X_Amz_Security_Token": aws.SESSION_TOKEN}, "InvalidClientTokenId"),
    ({"Content_Type": "application/json"}, "MalformedInput"),
]


@pytest.mark.parametrize(("changed", "expected"), WRONG)
def test_what_is_not_signed_right_is_refused(
    sim: aws.AwsSimulator, changed: dict[str, Any], expected: str
) -> None:
    assert sim.handle(signed(sim, WHOAMI)).status == 200
    refused = sim.handle(signed(sim, WHOAMI, **changed))
    assert refused.status in (400, 403)
    assert code(refused) == expected


def test_unsigned_headers_bodies_and_methods_are_refused(sim: aws.AwsSimulator) -> None:
    request = signed(sim, WHOAMI)
    request.body += b"&PathPrefix=/x/"
    assert code(sim.handle(request)) == "SignatureDoesNotMatch"
    bare = Request("POST", "/", CaseInsensitive([("Content-Type", FORM)]), request.body)
    assert code(sim.handle(bare)) == "MissingAuthenticationToken"
    assert code(sim.handle(Request("GET", "/?Action=ListUsers", bare.headers, b""))) == (
        "MalformedInput"
    )


@pytest.mark.parametrize(
    ("action", "asked", "expected"),
    [
        ("ListRoles", {}, "InvalidAction"),
        ("GetCallerIdentity", {}, "InvalidAction"),
        ("ListUsers", {"UserName": "backup"}, "ValidationError"),
        ("ListUsers", {"MaxItems": "1001"}, "ValidationError"),
        ("GetUser", {"UserName": "a b"}, "ValidationError"),
        ("UpdateAccessKey", {"UserName": "backup", "Status": "inactive"}, "ValidationError"),
        ("DeleteAccessKey", {"UserName": "backup", "AccessKeyId": "AKIA"}, "NoSuchEntity"),
    ],
)
def test_what_iam_does_not_take_is_refused(
    sim: aws.AwsSimulator, action: str, asked: dict[str, str], expected: str
) -> None:
    assert code(ask(sim, action, **asked)) == expected
    assert sim.writes == 0


def test_key_of_another_user_is_not_touched(sim: aws.AwsSimulator) -> None:
    other = sim.add_account("other")
    (key,) = sim.keys_of(other)
    assert code(ask(sim, "DeleteAccessKey", UserName="backup", AccessKeyId=key)) == "NoSuchEntity"
    assert sim.keys_of(other) == {key: "active"}


def test_user_without_rights_is_told_which_is_missing(sim: aws.AwsSimulator) -> None:
    (key,) = sim.keys_of(sim.world.user("backup").id)  # type: ignore[union-attr]  # it is there
    login = (key, str(sim.secret_of(key)))
    asked = {"Action": "CreateAccessKey", "Version": aws.IAM, "UserName": "backup"}
    refused = sim.handle(signed(sim, asked, login))
    assert code(refused) == "AccessDenied"
    assert "iam:CreateAccessKey on resource: arn:aws:iam::123456789012:user/backup" in str(
        refused.body
    )
    sim.world.keys[key].history.append((sim.clock.now(), "Inactive"))
    assert code(sim.handle(signed(sim, asked, login))) == "InvalidClientTokenId"


def test_lists_and_logins_lag_behind_the_truth(sim: aws.AwsSimulator) -> None:
    sim.modes.update(lag=10, knows_after=10)
    sim.world.user("backup").admin = True  # type: ignore[union-attr]  # it is there
    made = str(ask(sim, "CreateAccessKey", UserName="backup").body)
    found = re.search("<AccessKeyId>(.*?)</AccessKeyId>", made)
    assert found
    login = (found[1], str(sim.secret_of(found[1])))

    def shown() -> int:
        return str(ask(sim, "ListAccessKeys", UserName="backup").body).count("<member>")

    assert (shown(), len(sim.access_keys())) == (1, 2)
    assert code(sim.handle(signed(sim, WHOAMI, login))) == "InvalidClientTokenId"
    sim.clock.advance(10)
    assert shown() == 2
    assert sim.handle(signed(sim, WHOAMI, login)).status == 200
    assert ask(sim, "DeleteAccessKey", UserName="backup", AccessKeyId=found[1]).status == 200
    assert (shown(), sim.secret_of(found[1])) == (2, None)
    sim.clock.advance(10)
    assert shown() == 1


def test_faults_and_the_log_see_what_a_request_does(sim: aws.AwsSimulator) -> None:
    request = signed(sim, {"Action": "DeleteAccessKey", "UserName": "a", "AccessKeyId": "AKIA"})
    assert sim.seen_as(request) == ("DELETE", "/DeleteAccessKey/a")
    assert sim.seen_as(signed(sim, {"Action": "ListUsers"})) == ("GET", "/ListUsers/")
    assert sim.seen_as(Request("POST", "/", request.headers, b"")) == ("POST", "/unknown/")


def test_what_begins_with_x_amz_is_signed() -> None:
    sim = aws.AwsSimulator()
    request = signed(sim, {"Action": "ListUsers", "Version": aws.IAM})
    request.headers = CaseInsensitive({**request.headers, "X-Amz-Made-Up": "1"}.items())
    answer = sim.handle(request)
    assert (answer.status, code(answer)) == (400, "IncompleteSignature")
    assert sim.handle(signed(sim, {"Action": "ListUsers", "Version": aws.IAM})).status == 200
