# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base class: what an answer's status means, and what its errors carry."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Answer, Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
    AccountRef,
    Issued,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.memory_platform import FACTS
from ansible_collections.objectstore.credentials.tests.unit.support import (
    CANARY,
    Echo,
    everything_in,
    raised,
)


class Plain(Platform):
    """A platform that reads its errors from a field, as most do."""

    name = "plain"
    title = "Plain Store"
    FACTS = FACTS
    LOGINS = (("api_token",), ("api_username", "api_password"))

    def read_error(self, answer: Answer) -> tuple[Any, Any, str]:
        body = answer.json_or_none()
        if isinstance(body, dict):
            return body.get("kind"), body.get("code"), str(body.get("error"))
        return None, None, answer.excerpt()


@pytest.fixture
def platform(client: Client) -> Plain:
    settings = dataclasses.replace(client.settings, api_token=CANARY)
    client.redactor.learn(CANARY)
    return Plain(settings, client)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "rejected"),
        (401, "authentication"),
        (403, "permission"),
        (404, "not_found"),
        (405, "unsupported"),
        (409, "conflict"),
        (418, "rejected"),
        (429, "throttled"),
        (500, "platform_error"),
        (501, "unsupported"),
        (502, "platform_error"),
        (507, "platform_error"),
    ],
)
def test_status_means_a_kind(platform: Plain, echo: Echo, status: int, kind: str) -> None:
    echo.script("/x", Response(status, {"error": "its words", "code": "C1"}))
    error = raised(platform.call, "GET", "/x", doing="list the users", account="app")
    assert (error.kind, error.http_status, error.code) == (kind, status, "C1")
    assert (error.platform, error.endpoint) == ("plain", "lab")
    assert (error.account, error.step) == ("app", "list the users")
    assert "Plain Store" in error.message
    assert "to list the users" in error.message
    assert f"HTTP {status}, code C1" in error.message
    assert "its words" in error.message
    assert error.landed is False


def test_kind_that_the_platform_read_wins(platform: Plain, echo: Echo) -> None:
    echo.script("/x", Response(400, {"error": "full", "kind": "limit"}))
    assert raised(platform.call, "GET", "/x").kind == "limit"


@pytest.mark.parametrize(
    ("method", "effect", "status", "landed"),
    [
        ("POST", None, 500, None),
        ("POST", None, 502, None),
        ("POST", None, 501, False),
        ("POST", None, 400, False),
        ("DELETE", None, 404, False),
        ("POST", "login", 500, False),
        ("POST", "read", 500, False),
        ("GET", "touch", 500, None),
        ("GET", None, 500, False),
    ],
)
def test_error_tells_whether_a_change_may_have_happened(
    platform: Plain, echo: Echo, method: str, effect: str, status: int, landed: Any
) -> None:
    platform.client.allow_side_effects = True
    echo.script("/x", Response(status, {"error": "no"}))
    assert raised(platform.call, method, "/x", effect=effect).landed is landed


@pytest.mark.parametrize("status", [200, 201, 204])
def test_status_that_is_ok_is_returned(platform: Plain, echo: Echo, status: int) -> None:
    echo.script("/x", Response(status, None if status == 204 else {}))
    assert platform.call("PUT", "/x", ok=(status,)).status == status


def test_success_that_was_not_expected_is_an_error(platform: Plain, echo: Echo) -> None:
    echo.script("/x", Response(202, {"error": "queued"}))
    assert raised(platform.call, "GET", "/x").http_status == 202


def test_error_of_the_transport_is_placed(platform: Plain, server: SimulatorServer) -> None:
    server.faults.add("drop", times=0)
    error = raised(platform.call, "POST", "/x", doing="make a key", account="app")
    assert error.kind == "outcome_unknown"
    assert (error.platform, error.account, error.step) == ("plain", "app", "make a key")


def test_answer_of_another_shape_is_placed(platform: Plain, echo: Echo) -> None:
    echo.script("/x", Response(200, "<html>"))
    answer = platform.call("GET", "/x", doing="list the users", account="app")
    error = raised(answer.json_object)
    assert (error.kind, error.platform, error.endpoint) == ("malformed_answer", "plain", "lab")
    assert (error.account, error.step) == ("app", "list the users")


def test_secret_in_an_error_answer_is_masked(platform: Plain, echo: Echo) -> None:
    echo.script("/x", Response(400, {"error": f"bad {CANARY}", "code": CANARY}))
    assert "canary" not in everything_in(raised(platform.call, "GET", "/x"))
    echo.script("/x", Response(400, f"bad {CANARY}"))
    assert "canary" not in everything_in(raised(platform.call, "GET", "/x"))


def test_login_incomplete_names_every_way(client: Client) -> None:
    settings = dataclasses.replace(client.settings, api_username="admin", platform="plain")
    error = raised(Plain, settings, client)
    assert (error.kind, error.platform) == ("invalid_option", "plain")
    assert "api_token; or api_username and api_password" in error.message
    assert "S3_PLAIN_API_URL" in error.next_step
    assert "command line" in error.next_step


def test_only_returns_the_one(platform: Plain) -> None:
    account = Account("app", "1")
    assert platform.only([account], "app") is account


def test_only_names_what_it_did_not_find(platform: Plain) -> None:
    error = raised(platform.only, [], AccountRef(id="42"), "vault")
    assert (error.kind, error.account) == ("not_found", "id:42")
    assert "There is no vault 'id:42'" in error.message


def test_only_names_what_it_found_too_much_of(platform: Plain) -> None:
    twins = [Account("app", str(number)) for number in range(12)]
    error = raised(platform.only, twins, "app")
    assert error.kind == "ambiguous"
    assert "12 accounts" in error.message
    assert "id:0 (app)" in error.message
    assert "id:42" in error.next_step


def test_verbs_left_out_are_unsupported(platform: Plain) -> None:
    account = Account("app")
    key = AccessKey("AK", account)
    platform.facts = dataclasses.replace(FACTS, cannot_disable_because="it has no state")
    for call in (
        lambda: platform.create_access_key(account),
        lambda: platform.regenerate_access_key(account),
        lambda: platform.set_access_key(key, "inactive"),
        lambda: platform.delete_access_key(key),
    ):
        error = raised(call)
        assert (error.kind, error.platform) == ("unsupported", "plain")
    assert "it has no state" in raised(platform.set_access_key, key, "inactive").message


@pytest.mark.parametrize(
    "thing",
    [
        Pair("AK", CANARY),
        Issued(Account("app"), Pair("AK", CANARY)),
        AccessKey("AK", Account("app"), raw={"secret": CANARY}),
        Account("app", address={"token": CANARY}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_secrets_stay_out_of_the_repr(thing: Any) -> None:
    assert "canary" not in repr(thing)
    assert "canary" not in f"{thing}"


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("backup", AccountRef(name="backup")),
        ("id:42", AccountRef(id="42")),
        ("ID:42", AccountRef(name="ID:42")),
    ],
)
def test_reference_is_read_and_written(text: str, ref: AccountRef) -> None:
    assert AccountRef.parse(text) == ref
    assert str(ref) == text
