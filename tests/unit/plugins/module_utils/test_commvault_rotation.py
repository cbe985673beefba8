# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault: the rotation of a key, with every shape of answer and of error."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    Account,
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.commvault_keys import WORDS
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils import (
    commvault_cell,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES
MakePlatform = commvault_cell.MakePlatform
requests_of = commvault_cell.requests_of


def test_access_keys_asks_nothing_and_sends_no_mail(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator
) -> None:
    cell.seed(1)
    account = platform.account(AccountRef(name="app-0001"))
    before = len(server.log)
    assert platform.access_keys(account, last_used=True) == []
    assert len(server.log) == before
    assert cell.outbox == []


def test_what_commvault_cannot_do_is_unsupported(
    platform: Commvault, server: SimulatorServer
) -> None:
    account = Account("app", "41")
    for refused in (
        raised(platform.find_access_key, "AK1"),
        raised(platform.create_access_key, account),
        raised(platform.regenerate_access_key, account, Pair("AK1", "made-up-secret")),
        raised(platform.regenerate_access_key, account, slot=1),
    ):
        assert refused.kind == "unsupported"
    assert server.log == []


@pytest.mark.parametrize("code", ["documented", "zero", "two_hundred", "absent"])
@pytest.mark.parametrize("under_response", [False, True])
@pytest.mark.parametrize("delivery", ["inline", "inline_put_only", "email"])
def test_rotation_ends_the_old_pair_and_returns_what_there_is(
    platform: Commvault,
    server: SimulatorServer,
    cell: CommvaultSimulator,
    code: str,
    under_response: bool,
    delivery: str,
) -> None:
    cell.modes.update(rotate_code=code, keys_under_response=under_response, key_delivery=delivery)
    number = cell.add_account("app")
    old = next(iter(cell.keys_of(number)))
    issued = platform.regenerate_access_key(platform.account(AccountRef(id=number)))
    (new,) = cell.keys_of(number)
    assert new != old
    assert cell.secret_of(old) is None
    assert cell.writes == 1
    if delivery == "email":
        assert (issued.pair, issued.delivery) == (None, "email")
        assert cell.outbox == [("app@example.com", new, cell.secret_of(new))]
    else:
        assert issued.pair == Pair(new, cell.secret_of(new) or "")
        assert issued.delivery == "inline"
        assert cell.outbox == []
    put = server.log[-1]
    assert (put.method, put.target) == ("PUT", f"/commandcenter/api/V4/User/{number}/S3AccessKey")
    assert put.body == ""
    assert not requests_of(server, "GET", "S3AccessKey")


@pytest.mark.parametrize(
    ("body", "pair"),
    [
        ({"errorMessage": "", "errorCode": "NO_ERROR"}, None),
        ({"errorCode": 0}, None),
        ({"errorCode": "0"}, None),
        ({"errorCode": 200}, None),
        ({"errorCode": "200"}, None),
        ({"errorCode": None, "errorMessage": None}, None),
        ({}, None),
        ({"response": {"errorCode": 0}, "accessKeyID": "", "secretAccessKey": ""}, None),
        ({"error": {"errorCode": 0}}, None),
        ({"accessKeyID": "AK1", "secretAccessKey": "s3cret"}, ("AK1", "s3cret")),
        ({"accessKeyId": "AK1", "secretAccessKey": "s3cret"}, ("AK1", "s3cret")),
        (
            {"response": {"errorCode": 200}, "accessKeyID": "AK1", "secretAccessKey": "s3cret"},
            ("AK1", "s3cret"),
        ),
        (
            {"response": {"errorCode": 0, "accessKeyID": "AK1", "secretAccessKey": "s3cret"}},
            ("AK1", "s3cret"),
        ),
    ],
    ids=str,
)
def test_rotation_answer_of_any_known_shape_is_success(
    platform: Commvault, server: SimulatorServer, body: dict[str, Any], pair: Any
) -> None:
    server.faults.add("status", method="PUT", status=200, body=body)
    issued = platform.regenerate_access_key(Account("app", "41"))
    assert issued.pair == (Pair(*pair) if pair else None)
    assert issued.delivery == ("inline" if pair else "email")


_KINDS = {
    "INVALID_INPUT": "rejected",
    "VALUE_NOT_FOUND": "not_found",
    "UNKNOWN_EXCEPTION": "platform_error",
    "CONNECTION_PROBLEM": "platform_error",
    "UNKNOWN_SQL_ERROR": "platform_error",
    "INVALID_USER": "rejected",
    "INVALID_OPERATION_TYPE": "unsupported",
    "INTERNAL_SERVER_PROBLEM": "platform_error",
    "INSUFFICIENT_USER_PERMISSION_ON_ENTITY": "permission",
    "INVALID_ENTITY_ID": "not_found",
    "REFRESH_TOKEN_EXPIRED": "authentication",
}


def test_every_published_word_has_a_kind() -> None:
    assert set(_KINDS) == set(WORDS) - {"NO_ERROR"}


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("word", sorted(_KINDS))
def test_rotation_refused_by_a_word_has_its_kind(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator, word: str, status: int
) -> None:
    cell.keys.refuse_with = word
    cell.modes["error_status"] = status
    number = cell.add_account("app")
    exc = raised(platform.regenerate_access_key, Account("app", number))
    assert (exc.kind, exc.code, exc.http_status) == (_KINDS[word], word, status)
    assert (exc.account, exc.step) == ("app", "rotate the S3 access key")
    assert "Refused for a test" in exc.message
    # After an answer that says "I failed" nobody knows what was done before it failed.
    unsure = status == 500 or exc.kind == "platform_error"
    assert exc.landed is (None if unsure else False)
    assert len(requests_of(server, "PUT", "S3AccessKey")) == 1


@pytest.mark.parametrize(
    ("status", "kind", "landed"),
    [(200, "rejected", False), (400, "rejected", False), (500, "platform_error", None)],
)
def test_rotation_refused_by_a_number_has_the_kind_of_its_status(
    platform: Commvault, cell: CommvaultSimulator, status: int, kind: str, landed: Any
) -> None:
    cell.modes.update(error_status=status, error_numbers=True)
    exc = raised(platform.regenerate_access_key, Account("app", "4711"))
    assert (exc.kind, exc.code, exc.landed) == (kind, str(WORDS.index("INVALID_ENTITY_ID")), landed)


@pytest.mark.parametrize(
    ("name", "word", "kind"),
    [
        ("disabled", "INVALID_USER", "rejected"),
        ("mailless", "INVALID_INPUT", "rejected"),
        ("gone", "INVALID_ENTITY_ID", "not_found"),
    ],
)
def test_rotation_of_a_user_that_cannot_have_one_is_refused(
    platform: Commvault, cell: CommvaultSimulator, name: str, word: str, kind: str
) -> None:
    cell.add_account("disabled", enabled=False)
    cell.add_account("mailless", email="")
    accounts = {account.name: account for account in platform.accounts()}
    exc = raised(platform.regenerate_access_key, accounts.get(name, Account("gone", "4711")))
    assert (exc.kind, exc.code) == (kind, word)
    assert cell.writes == 0


def test_rotation_by_a_login_without_rights_stops_the_endpoint(
    make_platform: MakePlatform, cell: CommvaultSimulator
) -> None:
    mine, other = cell.add_account("me"), cell.add_account("other")
    cell.sessions.add_login("me", "pw-of-me", user_id=mine)
    made = make_platform(api_username="me", api_password="pw-of-me")
    exc = raised(made.regenerate_access_key, Account("other", other))
    assert (exc.kind, exc.stops_endpoint) == ("permission", True)
    made.regenerate_access_key(Account("me", mine))
    assert cell.writes == 1


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("under_response", [False, True])
def test_rotation_that_reports_a_failed_mail_still_hands_over_its_pair(
    platform: Commvault, cell: CommvaultSimulator, status: int, under_response: bool
) -> None:
    # Thrown away, it would be lost, and so would be that of the next run, and of the one after it.
    cell.modes.update(key_delivery="inline", mail_fails=True, error_status=status)
    cell.modes["keys_under_response"] = under_response
    number = cell.add_account("app")
    issued = platform.regenerate_access_key(platform.account(AccountRef(id=number)))
    (new,) = cell.keys_of(number)
    assert issued.pair == Pair(new, cell.secret_of(new) or "")
    assert cell.writes == 1


@pytest.mark.parametrize("half", ["accessKeyID", "secretAccessKey"])
def test_rotation_answered_with_half_a_pair_says_that_the_old_one_is_dead(
    platform: Commvault, server: SimulatorServer, half: str
) -> None:
    server.faults.add("status", method="PUT", status=200, body={half: "canary-half-value"})
    exc = raised(platform.regenerate_access_key, Account("app", "41"))
    assert (exc.kind, exc.landed) == ("malformed_answer", True)
    assert ("canary-half-value" in everything_in(exc)) is (half == "accessKeyID")


@pytest.mark.parametrize("fault", ["drop", "truncate", "garbage", "html"])
def test_rotation_whose_answer_is_lost_is_unknown_and_sent_once(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator, fault: str
) -> None:
    number = cell.add_account("app")
    cell.modes["key_delivery"] = "inline"
    server.faults.add(fault, "after", method="PUT")
    exc = raised(platform.regenerate_access_key, Account("app", number))
    assert exc.landed is None
    assert cell.writes == 1
    assert len(requests_of(server, "PUT", "S3AccessKey")) == 1
    assert all(secret not in everything_in(exc) for secret in cell.secrets())


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_rotation_is_never_repeated(
    platform: Commvault, server: SimulatorServer, cell: CommvaultSimulator, status: int
) -> None:
    number = cell.add_account("app")
    server.faults.add("status", method="PUT", status=status, times=0)
    raised(platform.regenerate_access_key, Account("app", number))
    assert len(requests_of(server, "PUT", "S3AccessKey")) == 1


@pytest.mark.parametrize("body", [[], "NO_ERROR", None], ids=str)
def test_rotation_answered_with_no_object_is_unknown(
    platform: Commvault, server: SimulatorServer, body: Any
) -> None:
    server.faults.add("status", method="PUT", status=200, body=body)
    exc = raised(platform.regenerate_access_key, Account("app", "41"))
    assert (exc.kind, exc.landed) == ("malformed_answer", None)


def test_rotation_in_check_mode_is_stopped_at_the_client(
    make_platform: MakePlatform, cell: CommvaultSimulator
) -> None:
    number = cell.add_account("app")
    exc = raised(make_platform(check_mode=True).regenerate_access_key, Account("app", number))
    assert exc.kind == "check_mode_write"
    assert cell.writes == 0


def test_secret_of_a_rotation_is_redacted_ever_after(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.modes["key_delivery"] = "inline"
    issued = platform.regenerate_access_key(Account("app", cell.add_account("app")))
    assert issued.pair is not None
    secret = issued.pair.secret_key
    assert secret not in platform.client.redactor.redact(f"oops {secret}")
    assert secret not in repr(issued)


def test_listing_refused_with_http_200_is_an_error(
    platform: Commvault, server: SimulatorServer
) -> None:
    body = {"errorMessage": "Access denied", "errorCode": 5}
    server.faults.add("status", path="V4/User", status=200, body=body)
    with pytest.raises(CredentialsError) as caught:
        platform.connect()
    assert (caught.value.kind, caught.value.http_status) == ("authentication", 200)
