# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special about AWS IAM: selection, lists that lag, limits, throttles, errors by code."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    ACTIVE,
    INACTIVE,
    AccountRef,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.aws_users import (
    wanted_tags,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.aws_lab import (
    SIGNED,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

__all__ = ["lab"]


def error(code: str, message: str = "made up", status: int = 400) -> dict[str, Any]:
    """Return the fields of a fault that answers with an error of AWS."""
    body = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>0f1e2d3c-made-up</RequestId></ErrorResponse>"
    )
    return {"action": "status", "status": status, "body": body}


# --- which users ---------------------------------------------------------------------------------


def test_connect_binds_records_to_the_account(lab: Lab) -> None:
    info = lab.open().connect()
    assert info.scope == {"account": "123456789012"}
    assert info.details["login"] == "arn:aws:iam::123456789012:user/rotator"


def test_all_takes_users_below_the_path_with_all_tags(lab: Lab) -> None:
    lab.account("a", path="/backup/", tags={"team": "backup", "rotate": "yes"})
    lab.account("b", path="/backup/eu/", tags={"team": "backup", "rotate": "no"})
    lab.account("c", path="/backup/", tags={"team": "web", "rotate": "yes"})
    lab.account("d", path="/backups/", tags={"team": "backup", "rotate": "yes"})
    lab.account("e", path="/backup/")

    def names(**scope: Any) -> list[str]:
        return [account.name for account in lab.open(**scope).accounts()]

    assert names() == ["a", "b", "c", "d", "e"]
    assert names(user_path="/backup/") == ["a", "b", "c", "e"]
    assert names(user_tags="team=backup") == ["a", "b", "d"]
    assert names(user_path="/backup/", user_tags="team=backup, rotate") == ["a", "b"]
    assert names(user_path="/backup/", user_tags="rotate=yes,team=backup") == ["a"]
    # A server that ignores the path makes the selection no larger.
    lab.sim.modes["ignore_filters"] = True
    assert names(user_path="/backup/") == ["a", "b", "c", "e"]


def test_tags_cost_a_request_for_each_user_and_nothing_without_them(lab: Lab) -> None:
    for number in range(7):
        lab.account(f"user-{number}")
    list(lab.open().accounts())
    assert lab.asked() == ["ListUsers"]
    list(lab.open(user_tags="rotate").accounts())
    assert lab.asked().count("ListUserTags") == 7


def test_named_user_is_found_whatever_its_path_and_tags(lab: Lab) -> None:
    lab.account("backup", path="/elsewhere/")
    platform = lab.open(user_path="/backup/", user_tags="rotate")
    found = platform.account(AccountRef(name="backup"))
    assert found.details["path"] == "/elsewhere/"
    assert found.details["arn"].endswith(":user/elsewhere/backup")


def test_tags_are_read_from_one_text() -> None:
    assert wanted_tags("team=backup, rotate,url=a=b,empty=") == {
        "team": "backup",
        "rotate": None,
        "url": "a=b",
        "empty": "",
    }
    assert wanted_tags(None) == wanted_tags(" , ") == {}


def test_user_made_anew_under_the_same_name_is_not_the_one_of_the_id(lab: Lab) -> None:
    old = lab.account("backup")
    platform = lab.open()
    assert platform.account(AccountRef(id=old.id)).name == "backup"
    del lab.sim.world.users[old.id or ""]
    new = lab.account("backup")
    exc = raised(platform.account, AccountRef(id=old.id))
    assert exc.kind == "not_found"
    assert f"id:{new.id}" in exc.next_step


def test_name_in_another_case_is_not_found_and_named(lab: Lab) -> None:
    lab.account("backup")
    lab.sim.modes["ignore_filters"] = False
    lab.server.faults.add(
        "status",
        status=200,
        path="GetUser",
        body=(
            "<GetUserResponse><GetUserResult><User><UserName>Backup</UserName><UserId>AIDA1</UserId>"
            "</User></GetUserResult></GetUserResponse>"
        ),
    )
    exc = raised(lab.open().account, AccountRef(name="backup"))
    assert exc.kind == "not_found"
    assert "'Backup'" in exc.next_step


def test_user_without_rights_finds_itself_and_is_told_who_it_is(lab: Lab) -> None:
    own = lab.account("backup", self_service=True)
    lab.account("other")
    key = lab.key()
    login: dict[str, Any] = {"api_access_key": key, "api_secret_key": lab.sim.secret_of(key)}
    lab.sim.modes["denied"] = ("GetUser",)
    platform = lab.open(**login)
    platform.connect()
    account = platform.account(AccountRef(name="backup"))
    assert (account.id, account.details["path"]) == (own.id, "/")
    assert platform.account(AccountRef(id=own.id)).name == "backup"
    assert [each.access_key for each in platform.access_keys(account)] == [key]
    exc = raised(platform.account, AccountRef(name="other"))
    assert exc.kind == "permission"
    assert "iam:GetUser" in exc.next_step
    assert "This login is user backup" in exc.next_step


# --- keys ----------------------------------------------------------------------------------------


def test_last_use_is_told_with_service_and_region(lab: Lab) -> None:
    account = lab.account()
    platform = lab.open()
    (unused,) = platform.access_keys(account, last_used=True)
    assert (unused.last_used_at, unused.details) == (None, {})
    lab.sim.note_use(lab.key())
    (used,) = platform.access_keys(account, last_used=True)
    assert used.last_used_at is not None
    assert used.details == {"used_service": "s3", "used_region": "eu-central-1"}


@pytest.mark.parametrize("how", ["denied", "missing"])
def test_unknown_key_is_not_found_however_iam_says_so(lab: Lab, how: str) -> None:
    lab.sim.modes["unknown_key"] = how
    assert raised(lab.open().find_access_key, "AKIANOWHERE").kind == "not_found"


def test_missing_right_to_find_a_key_is_no_missing_key(lab: Lab) -> None:
    lab.account()
    lab.server.faults.add(
        path="LastUsed",
        **error(
            "AccessDenied",
            "User: arn:aws:iam::1:user/x is not authorized to perform: iam:GetAccessKeyLastUsed on"
            " resource: user backup",
            403,
        ),
    )
    exc = raised(lab.open().find_access_key, lab.key())
    assert exc.kind == "permission"
    assert "It lacks iam:GetAccessKeyLastUsed." in exc.next_step


def test_key_of_the_login_is_neither_disabled_nor_deleted(lab: Lab) -> None:
    lab.account("backup", admin=True)
    own = lab.key()
    platform = lab.open(api_access_key=own, api_secret_key=lab.sim.secret_of(own))
    key = platform.find_access_key(own)
    assert raised(platform.set_access_key, key, INACTIVE).kind == "disruption_refused"
    assert raised(platform.delete_access_key, key).kind == "disruption_refused"
    assert lab.sim.writes == 0
    assert platform.set_access_key(key, ACTIVE).status == ACTIVE


def test_key_made_for_somebody_else_is_no_success(lab: Lab) -> None:
    account = lab.account("backup")
    lab.account("other")
    real = lab.sim.handle

    def confused(request: Any) -> Response:
        if b"Action=CreateAccessKey" not in request.body:
            return real(request)
        answer = real(request)
        answer.body = str(answer.body).replace("<UserName>backup<", "<UserName>rotator<")
        return answer

    platform = lab.open()
    platform.connect()
    lab.sim.handle = confused  # type: ignore[method-assign]  # an API that takes no UserName
    exc = raised(platform.create_access_key, account)
    assert (exc.kind, exc.landed) == ("malformed_answer", None)
    assert "'rotator'" in exc.message
    made = next(k for k in lab.sim.world.keys.values() if k.access in exc.message)
    assert made.secret not in everything_in(exc)


# --- lists that lag ------------------------------------------------------------------------------


def test_change_is_looked_for_until_the_list_shows_it(lab: Lab) -> None:
    account = lab.account()
    lab.sim.modes["lag"] = 8
    platform = lab.open()
    (key,) = platform.access_keys(account)
    assert platform.set_access_key(key, INACTIVE).status == INACTIVE
    assert lab.asked().count("UpdateAccessKey") == 1
    assert 8 <= sum(lab.clock.slept) < 12
    platform.delete_access_key(key)
    assert platform.access_keys(account) == []
    assert lab.asked().count("DeleteAccessKey") == 1


def test_change_that_a_list_does_not_show_in_time_is_unknown(lab: Lab) -> None:
    account = lab.account()
    lab.sim.modes["lag"] = 40
    platform = lab.open()
    (key,) = platform.access_keys(account)
    exc = raised(platform.set_access_key, key, INACTIVE)
    assert (exc.kind, exc.landed) == ("platform_error", None)
    assert exc.alive == f"{key.access_key} (active)"
    assert lab.asked("PUT") == ["UpdateAccessKey"]


def test_new_key_is_listed_by_who_made_it_and_can_be_taken_back_at_once(lab: Lab) -> None:
    lab.use(lag=8, takes_old_keys_only=6)
    account = lab.account()
    platform = lab.open()
    pair = platform.create_access_key(account).pair
    assert pair is not None
    key = next(k for k in platform.access_keys(account) if k.access_key == pair.access_key)
    platform.delete_access_key(key)
    assert lab.sim.secret_of(pair.access_key) is None
    # Of a key that is not ours, "there is none" is taken at its word.
    other = raised(platform.delete_access_key, key)
    assert other.kind == "not_found"


# --- errors --------------------------------------------------------------------------------------


def test_throttled_reads_are_sent_again_and_writes_as_promised(lab: Lab) -> None:
    account = lab.account()
    platform = lab.open()
    for _unused in range(2):
        lab.server.faults.add(path="ListAccessKeys", **error("Throttling", "Rate exceeded"))
    (key,) = platform.access_keys(account)
    assert lab.asked().count("ListAccessKeys") == 3
    assert all(wait <= 10 for wait in lab.clock.slept)
    lab.server.faults.add(path="UpdateAccessKey", **error("Throttling", "Rate exceeded"))
    assert platform.set_access_key(key, INACTIVE).status == INACTIVE
    assert lab.asked().count("UpdateAccessKey") == 2
    for action, work in (
        ("CreateAccessKey", lambda: platform.create_access_key(account)),
        ("DeleteAccessKey", lambda: platform.delete_access_key(key)),
    ):
        lab.server.faults.add(path=action, **error("Throttling", "Rate exceeded"))
        exc = raised(work)
        assert (exc.kind, exc.landed, exc.code) == ("throttled", False, "Throttling")
        assert "requests_per_second" in exc.next_step
        assert lab.asked().count(action) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_read_that_failed_is_sent_again_and_a_write_is_not(lab: Lab, status: int) -> None:
    # Of ten thousand users some meet such a failure each night, and three stop a run.
    account, platform = lab.account(), lab.open()
    failed = error("ServiceFailure", "Unknown error") | {"status": status}
    lab.server.faults.add(path="ListAccessKeys", **failed)
    (key,) = platform.access_keys(account)
    assert lab.asked().count("ListAccessKeys") == 2
    for action, work in (
        ("CreateAccessKey", lambda: platform.create_access_key(account)),
        ("UpdateAccessKey", lambda: platform.set_access_key(key, INACTIVE)),
        ("DeleteAccessKey", lambda: platform.delete_access_key(key)),
    ):
        lab.server.faults.add(path=action, **failed)
        exc = raised(work)
        assert (exc.kind, exc.landed) == ("platform_error", None)
        assert lab.asked().count(action) == 1


@pytest.mark.parametrize("status", [400, 429, 503])
def test_throttle_is_known_by_its_code_whatever_its_status(lab: Lab, status: int) -> None:
    lab.use(throttles_every=2, throttle_status=status)
    account, platform = lab.account(), lab.open()
    keys = platform.access_keys(account)
    # The next request is refused: a write is sent once, a read again.
    exc = raised(platform.create_access_key, account)
    # Of a 5xx nobody knows who said it, and so neither whether nothing was done.
    landed = False if status < 500 else None
    assert (exc.kind, exc.landed, exc.http_status) == ("throttled", landed, status)
    assert lab.sim.writes == 0
    assert [platform.access_keys(account) for _unused in range(2)] == [keys, keys]
    assert lab.asked().count("ListAccessKeys") == 4


def test_user_that_is_just_changed_is_waited_for_or_told(lab: Lab) -> None:
    account = lab.account()
    platform = lab.open()
    (key,) = platform.access_keys(account)
    platform.create_access_key(account)
    lab.sim.modes["unmodifiable"] = 0.5  # less than all waits together, however they fall
    assert platform.set_access_key(key, INACTIVE).status == INACTIVE
    lab.sim.modes["unmodifiable"] = 600
    exc = raised(platform.delete_access_key, key)
    assert (exc.kind, exc.landed) == ("conflict", False)
    assert exc.code == "EntityTemporarilyUnmodifiable"
    assert "minutes" in exc.next_step


@pytest.mark.parametrize(
    ("code", "status", "kind", "hint"),
    [
        ("InvalidClientTokenId", 403, "authentication", "inactive"),
        ("ExpiredToken", 403, "authentication", "session token has expired"),
        ("SignatureDoesNotMatch", 403, "authentication", "api_region"),
        ("AccessDenied", 403, "permission", "policy at the top"),
        ("InvalidAction", 400, "unsupported", "api_url"),
        ("ValidationError", 400, "rejected", ""),
        ("ServiceFailure", 500, "platform_error", ""),
        ("ServiceUnavailable", 503, "platform_error", ""),
        ("ThrottlingException", 429, "throttled", "parallelism"),
    ],
)
def test_error_is_read_by_its_code(lab: Lab, code: str, status: int, kind: str, hint: str) -> None:
    platform = lab.open()
    lab.server.faults.add(times=0, **error(code, status=status))
    exc = raised(lambda: list(platform.accounts()))
    assert (exc.kind, exc.code, exc.http_status) == (kind, code, status)
    assert hint in exc.next_step
    assert exc.details["request_id"] == "0f1e2d3c-made-up"


@pytest.mark.parametrize("seconds", [-400, 400])
def test_wrong_clock_is_told_as_such(lab: Lab, seconds: float) -> None:
    platform = lab.open()
    lab.sim.clock.advance(seconds)
    exc = raised(platform.connect)
    assert (exc.kind, exc.code) == ("clock_skew", "SignatureDoesNotMatch")
    assert "differs by" in exc.next_step


def test_form_of_s3_errors_is_read_too(lab: Lab) -> None:
    platform = lab.open()
    body = "<Error><Code>InvalidAccessKeyId</Code><Message>Nobody</Message></Error>"
    lab.server.faults.add("status", status=403, body=body, times=0)
    assert raised(platform.connect).kind == "authentication"


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><ListUsersResponse>&b;</ListUsersResponse>',
        "<a>" * 5000,
        "<ListUsersResponse>",
        "<ListAccessKeysResponse><ListAccessKeysResult/></ListAccessKeysResponse>",
        "<ListUsersResponse><ListUsersResult><Users/><IsTruncated>true</IsTruncated>"
        "</ListUsersResult></ListUsersResponse>",
        "<ListUsersResponse><ListUsersResult><Users/><IsTruncated>perhaps</IsTruncated>"
        "</ListUsersResult></ListUsersResponse>",
        "<ListUsersResponse><ListUsersResult><Users>x</Users></ListUsersResult>"
        "</ListUsersResponse>",
        "",
    ],
)
def test_answer_of_another_form_is_malformed(lab: Lab, body: str) -> None:
    platform = lab.open()
    lab.server.faults.add("status", status=200, body=body, times=0)
    assert raised(lambda: list(platform.accounts())).kind == "malformed_answer"


def test_marker_that_leads_in_a_circle_ends(lab: Lab) -> None:
    body = (
        "<ListUsersResponse><ListUsersResult><Users/><IsTruncated>true</IsTruncated>"
        "<Marker>again</Marker></ListUsersResult></ListUsersResponse>"
    )
    platform = lab.open()
    lab.server.faults.add("status", status=200, body=body, times=0)
    exc = raised(lambda: list(platform.accounts()))
    assert exc.kind == "malformed_answer"
    assert len(lab.server.log) == 2


def test_check_mode_reads_and_refuses_writes_at_the_client(lab: Lab) -> None:
    account = lab.account()
    platform = lab.open(check_mode=True, **SIGNED)
    (key,) = platform.access_keys(account, last_used=True)
    for work in (
        lambda: platform.create_access_key(account),
        lambda: platform.set_access_key(key, INACTIVE),
        lambda: platform.delete_access_key(key),
    ):
        assert raised(work).kind == "check_mode_write"
    assert lab.asked() == ["ListAccessKeys", "GetAccessKeyLastUsed"]
