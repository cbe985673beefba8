# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated gateway answers what no client of ours sends as a real 16.2 was seen to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
)
from ansible_collections.objectstore.credentials.tests.simulators.ceph_rgw import (
    ACCESS_KEY,
    SECRET_KEY,
    CephRgwSimulator,
    Key,
    User,
)
from ansible_collections.objectstore.credentials.tests.simulators.s3 import S3Simulator
from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import signed_headers

MINE, THEIRS = "MYKEY000000000000001", "THEIRKEY000000000001"


@pytest.fixture
def gateway() -> CephRgwSimulator:
    """A gateway with two users, each with a key."""
    made = CephRgwSimulator()
    made.users["app"] = User("app", keys={MINE: Key("mine")})
    made.users["a b"] = User("a b", keys={THEIRS: Key("theirs")})
    return made


def ask(gateway: CephRgwSimulator, method: str, query: str, body: bytes = b"") -> tuple[int, Any]:
    """Send one signed request; return the status, and the code or else the whole body."""
    target = f"/admin/user?{query}"
    url, now = f"http://gateway{target}", gateway.clock.now()
    headers = signed_headers(method, url, ACCESS_KEY, SECRET_KEY, at=now, body=body)
    answer = gateway.handle(Request(method, target, CaseInsensitive(headers.items()), body))
    found = json.loads(answer.payload()) if answer.payload() else None
    return answer.status, found["Code"] if isinstance(found, dict) and "Code" in found else found


def test_key_that_is_there_is_not_put_without_a_secret(gateway: CephRgwSimulator) -> None:
    query = f"key&uid=app&access-key={MINE}&generate-key=false&active=false"
    assert ask(gateway, "PUT", query) == (400, "InvalidSecretKey")


def test_unknown_kind_of_key_is_answered_with_success_and_not_made(
    gateway: CephRgwSimulator,
) -> None:
    query = "key&uid=app&access-key=NEW&secret-key=s&generate-key=false&key-type="
    assert ask(gateway, "PUT", f"{query}bogus") == (200, None)
    assert list(gateway.keys_of("app")) == [MINE]
    assert ask(gateway, "PUT", query)[0] == 200
    assert sorted(gateway.keys_of("app")) == [MINE, "NEW"]


@pytest.mark.parametrize("whose", ["", "uid=nobody&"])
def test_without_its_user_whoever_has_the_access_key_is_meant(
    gateway: CephRgwSimulator, whose: str
) -> None:
    assert ask(gateway, "DELETE", f"key&{whose}access-key={THEIRS}") == (200, None)
    assert gateway.keys_of("a b") == {}
    refused = (403, "AccessDenied") if not whose else (404, "NoSuchUser")
    assert ask(gateway, "DELETE", f"key&{whose}access-key=UNKNOWN") == refused


def test_body_and_plus_are_refused(gateway: CephRgwSimulator) -> None:
    query = "key&uid=app&access-key=NEW&secret-key=s&generate-key=false"
    assert ask(gateway, "PUT", query, b"x") == (501, "NotImplemented")
    assert ask(gateway, "GET", "uid=a%20b")[0] == 200
    assert ask(gateway, "GET", "uid=a+b") == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("most", ["abc", "-1"])
def test_size_of_a_page_that_is_none_is_not_looked_at(gateway: CephRgwSimulator, most: str) -> None:
    status, body = ask(gateway, "GET", f"list&max-entries={most}")
    assert (status, body["count"], body["truncated"]) == (200, 3, False)


def test_subuser_may_be_named_with_its_user(gateway: CephRgwSimulator) -> None:
    query = "key&uid=app&subuser=app%3Areader&access-key=SUB&secret-key=s&generate-key=false"
    _status, rows = ask(gateway, "PUT", query)
    assert {row["user"] for row in rows} == {"app", "app:reader"}


def test_suspended_user_is_told_so_once_its_signature_is_right(gateway: CephRgwSimulator) -> None:
    gateway.users["app"].suspended = True
    service = S3Simulator(gateway, region="")

    def listed(access_key: str, secret_key: str) -> str:
        now = gateway.clock.now()
        headers = signed_headers("GET", "http://gateway/", access_key, secret_key, at=now)
        answer = service.handle(Request("GET", "/", CaseInsensitive(headers.items()), b""))
        assert answer.status == 403
        return answer.payload().decode().partition("<Code>")[2].partition("<")[0]

    assert listed(MINE, "mine") == "UserSuspended"
    assert listed(MINE, "wrong") == "SignatureDoesNotMatch"
    assert listed("NOBODYS0000000000001", "mine") == "InvalidAccessKeyId"
    assert gateway.secret_of(MINE) is None
