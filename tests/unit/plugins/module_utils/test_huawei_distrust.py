# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei Cloud IAM: status words in another spelling, and listings that never end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    Account,
    AccountRef,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.huawei_lab import (
    SIGNED,
    V5,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

VERSIONS = pytest.mark.parametrize("options", [SIGNED, V5], ids=["v3.0", "v5"])
SPELLINGS = pytest.mark.parametrize(
    ("word", "status"),
    [("Active", "active"), ("INACTIVE", "inactive"), ("Inactive ", "inactive"), ("paused", None)],
)


def row(account: Account, options: dict[str, Any], status: str) -> dict[str, Any]:
    """Return a key's row, in the words of the version."""
    name = "access_key_id" if options is V5 else "access"
    return {"user_id": account.id, name: "AKONE", "status": status}


def listing(rows: list[dict[str, Any]], options: dict[str, Any]) -> dict[str, Any]:
    """Return a listing of keys, in the words of the version."""
    return {"access_keys" if options is V5 else "credentials": rows}


@VERSIONS
@SPELLINGS
def test_the_case_of_a_listed_status_does_not_matter(
    lab: Lab, options: dict[str, Any], word: str, status: str | None
) -> None:
    account = lab.account()
    body = listing([row(account, options, word)], options)
    where = "/access-keys" if options is V5 else "/credentials"
    lab.server.faults.add("status", path=where, status=200, body=body)
    platform = lab.open(**options)
    if status is None:
        error = raised(platform.access_keys, account)
        assert error.kind == "malformed_answer"
        assert "neither active nor inactive" in error.message
    else:
        assert [key.status for key in platform.access_keys(account)] == [status]


@VERSIONS
@SPELLINGS
def test_the_case_of_a_status_after_a_change_does_not_matter(
    lab: Lab, options: dict[str, Any], word: str, status: str | None
) -> None:
    account = lab.account()
    platform = lab.open(**options)
    [key] = platform.access_keys(account)
    shown = {**row(account, options, word), "access_key_id": key.access_key}
    shown["access"] = key.access_key
    body = {"access_key" if options is V5 else "credential": shown}
    lab.server.faults.add("status", when="after", method="PUT", status=200, body=body)
    if status is None:
        error = raised(platform.set_access_key, key, "inactive")
        assert (error.kind, error.landed) == ("malformed_answer", None)
    else:
        assert platform.set_access_key(key, "inactive").status == status


def endless(lab: Lab, path: str, page: Any) -> None:
    """Answer with a page that names another next one each time, for longer than any test waits."""
    for number in range(50):
        lab.server.faults.add("status", path=path, status=200, body=page(number))


@pytest.mark.parametrize("users", [[], [{"id": "u1", "name": "u1"}]], ids=["empty", "same"])
def test_a_list_of_users_that_repeats_itself_is_malformed(lab: Lab, users: list[Any]) -> None:
    endless(
        lab,
        "/v3/users",
        lambda number: {"users": users, "links": {"next": f"http://x/v3/users?marker={number}"}},
    )
    platform = lab.open()
    error = raised(lambda: list(platform.accounts()))
    assert (error.kind, "in a circle" in error.message) == ("malformed_answer", True)
    assert raised(platform.account, AccountRef(name="u2")).kind == "malformed_answer"
    assert len(lab.asked()) <= 4


@pytest.mark.parametrize("count", [0, 1])
def test_a_list_of_keys_that_repeats_itself_is_malformed(lab: Lab, count: int) -> None:
    account = lab.account()
    rows = [row(account, V5, "active")][:count]
    endless(
        lab,
        "/access-keys",
        lambda number: {"access_keys": rows, "page_info": {"next_marker": str(number)}},
    )
    error = raised(lab.open(**V5).access_keys, account)
    assert (error.kind, "in a circle" in error.message) == ("malformed_answer", True)
    assert len(lab.asked()) == 1 + count


def test_a_row_that_comes_twice_counts_once(lab: Lab) -> None:
    account = lab.account()
    one, two = ({**row(account, V5, "active"), "access_key_id": name} for name in ("AK1", "AK2"))
    for rows, marker in (([one, one], "1"), ([one, two], None)):
        body = {"access_keys": rows, "page_info": {"next_marker": marker}}
        lab.server.faults.add("status", path="/access-keys", status=200, body=body)
    keys = lab.open(**V5).access_keys(account)
    assert [key.access_key for key in keys] == ["AK1", "AK2"]


@VERSIONS
def test_a_key_made_for_another_user_is_not_taken_for_one_of_this(
    lab: Lab, options: dict[str, Any]
) -> None:
    # A cloud that ignores whose key was asked for makes one of whoever asks: the operator's own.
    account = lab.account(access_keys=0)
    made = {"user_id": "f" * 32, "status": "active", "secret": "s" * 40, "access": "AKOTHER"}
    made |= {"access_key_id": "AKOTHER", "secret_access_key": "s" * 40}
    body = {"access_key" if options is V5 else "credential": made}
    lab.server.faults.add("status", when="after", method="POST", status=201, body=body)
    error = raised(lab.open(**options).create_access_key, account)
    assert (error.kind, error.landed) == ("malformed_answer", None)
    assert "AKOTHER" in error.message
    assert "s" * 40 not in error.message
