# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins: what they send, and that many threads make one."""

from __future__ import annotations

import base64
import threading
import time
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.auth import (
    Auth,
    BasicAuth,
    HeaderAuth,
    LoginAuth,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.tests.unit.support import raised

REQUEST: tuple[Any, ...] = ("GET", "http://127.0.0.1/", {}, b"")


def in_threads(count: int, work: Callable[[], Any]) -> list[Any]:
    """Run the work in threads that start together, and return what each returned or raised."""
    barrier = threading.Barrier(count)
    results: list[Any] = []

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        except CredentialsError as exc:
            results.append(exc)

    threads = [threading.Thread(target=run) for _unused in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Logins:
    """Counts logins, each slow enough for the other threads to arrive."""

    def __init__(self, failing: bool = False) -> None:
        self.count = 0
        self.failing = failing
        self.kind = "authentication"

    def __call__(self) -> dict[str, str]:
        self.count += 1
        time.sleep(0.02)
        if self.failing:
            raise CredentialsError(self.kind, "no token")
        return {"X-Token": f"token-{self.count}"}


def test_no_login_sends_nothing_and_renews_nothing() -> None:
    assert Auth().headers(*REQUEST) == {}
    assert Auth().renew({}) is False


def test_basic_sends_name_and_password() -> None:
    header = BasicAuth("admin", "pä:ss").headers(*REQUEST)["Authorization"]
    assert base64.b64decode(header.partition("Basic ")[2]).decode() == "admin:pä:ss"
    assert BasicAuth("admin", "x").renew({}) is False


def test_header_sends_the_token() -> None:
    assert HeaderAuth("X-Token", "abc").headers(*REQUEST) == {"X-Token": "abc"}


def test_login_is_lazy_and_shared_by_threads() -> None:
    login = Logins()
    auth = LoginAuth(login)
    assert login.count == 0
    results = in_threads(8, lambda: auth.headers(*REQUEST))
    assert results == [{"X-Token": "token-1"}] * 8
    assert login.count == auth.logins == 1


def test_renewal_is_shared_by_threads() -> None:
    login = Logins()
    auth = LoginAuth(login)
    sent = auth.headers(*REQUEST)
    assert in_threads(8, lambda: auth.renew(sent)) == [True] * 8
    assert login.count == 2
    assert auth.headers(*REQUEST) == {"X-Token": "token-2"}


def test_renewals_are_bounded() -> None:
    login = Logins()
    auth = LoginAuth(login, renewals=2)
    assert [auth.renew(auth.headers(*REQUEST)) for _unused in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert login.count == 3


def test_token_that_was_taken_may_end_as_often_as_it_likes() -> None:
    # At some clouds each deletion of a key ends the tokens.
    login = Logins()
    auth = LoginAuth(login, renewals=2)
    for _unused in range(5):
        assert auth.renew(auth.headers(*REQUEST))
        auth.accepted()
    assert login.count == 6
    assert [auth.renew(auth.headers(*REQUEST)) for _unused in range(4)][1:] == [True, False, False]


@pytest.mark.parametrize("kind", ["platform_error", "throttled"])
def test_login_that_nobody_looked_at_is_tried_again(kind: str) -> None:
    login = Logins(failing=True)
    login.kind = kind
    auth = LoginAuth(login)
    assert raised(auth.headers, *REQUEST).kind == kind
    login.failing = False
    assert auth.headers(*REQUEST) == {"X-Token": "token-2"}


def test_failed_login_is_not_tried_again_by_other_threads() -> None:
    login = Logins(failing=True)
    auth = LoginAuth(login)
    results = in_threads(8, lambda: auth.headers(*REQUEST))
    assert [error.kind for error in results] == ["authentication"] * 8
    assert login.count == 1


def test_failed_login_is_remembered_through_renewal() -> None:
    login = Logins()
    auth = LoginAuth(login)
    sent = auth.headers(*REQUEST)
    login.failing = True
    assert raised(auth.renew, sent).kind == "authentication"
    assert raised(auth.renew, sent).kind == "authentication"
    assert login.count == 2


def test_failed_login_names_each_account_by_itself() -> None:
    auth = LoginAuth(Logins(failing=True))
    names = ["first", "second", "third"]
    failures = [raised(auth.headers, *REQUEST).at(account=name) for name in names]
    assert [failure.account for failure in failures] == names


@pytest.mark.parametrize("cls", [Auth, HeaderAuth, BasicAuth, LoginAuth])
def test_secrets_stay_out_of_the_repr(cls: type) -> None:
    ways: dict[type, Callable[[], Auth]] = {
        Auth: Auth,
        HeaderAuth: lambda: HeaderAuth("X-Token", "s3cr3t"),
        BasicAuth: lambda: BasicAuth("admin", "s3cr3t"),
        LoginAuth: lambda: LoginAuth(lambda: {"X-Token": "s3cr3t"}),
    }
    made = ways[cls]()
    made.headers(*REQUEST)
    assert "s3cr3t" not in repr(made)
