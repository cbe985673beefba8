# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to log in: each adds headers to a request, and may renew what a server no longer accepts."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from typing import Callable

from .errors import CredentialsError

Headers = dict[str, str]
#: A server that failed, or wants fewer requests, has judged no login.
_PASSING = ("platform_error", "throttled")


class Auth:
    """No login."""

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return the headers that authenticate this very request. May log in."""
        return {}

    def renew(self, sent: Mapping[str, str]) -> bool:
        """Say whether a request refused with 401 is worth repeating; may log in again.

        sent: the headers of the refused request, so that of many threads only one renews.
        """
        return False

    def accepted(self) -> None:
        """Note that a server took a request with these headers."""


class BasicAuth(Auth):
    """User name and password in every request (RFC 7617)."""

    def __init__(self, username: str, password: str) -> None:
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._header = f"Basic {token}"

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return the Authorization header."""
        return {"Authorization": self._header}


class HeaderAuth(Auth):
    """A fixed header, such as an API token that the operator supplied."""

    def __init__(self, name: str, value: str) -> None:
        self._headers = {name: value}

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return the header."""
        return self._headers


class LoginAuth(Auth):
    """A token fetched by a login when first needed, shared by all threads, renewed once.

    login: returns the headers that carry a fresh token; called under a lock. renewals caps those
    of tokens that were never taken, so that a server that refuses every token is not hammered; one
    that was taken has ended since, as some do with every change of a key.
    """

    def __init__(self, login: Callable[[], Headers], renewals: int = 50) -> None:
        self._login = login
        self._lock = threading.Lock()
        self._headers: Headers | None = None
        self._failure: CredentialsError | None = None
        self._renewals = renewals
        self._was_taken = False
        #: Logins made so far.
        self.logins = 0

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return the headers with the token, logging in first if that has not been done."""
        current = self._headers
        if current is not None:
            return current
        with self._lock:
            if self._headers is None:
                self._headers = self._log_in()
            return self._headers

    def renew(self, sent: Mapping[str, str]) -> bool:
        """Log in again unless another thread did so since the refused request was sent."""
        with self._lock:
            current = self._headers
            if current is not None and any(
                sent.get(name) != value for name, value in current.items()
            ):
                return True
            if self._renewals <= 0 and not self._was_taken:
                return False
            self._renewals -= not self._was_taken
            self._was_taken = False
            self._headers = self._log_in()
            return True

    def accepted(self) -> None:
        """Note that the token is good, or was."""
        self._was_taken = True

    def _log_in(self) -> Headers:
        # A login that failed once is not tried again by the other threads: it would lock the user,
        # unless nobody looked at it.
        if self._failure is not None:
            raise self._failure.again()
        has_worked = self._headers is not None
        while True:
            try:
                self.logins += 1
                return self._login()
            except CredentialsError as failure:
                # Servers close a connection after a 401 without a word, and the renewal, which
                # follows at once, is sent into that. What logged in before locks nobody out.
                if has_worked and failure.kind == "unreachable":
                    has_worked = False
                    continue
                if failure.kind not in _PASSING:
                    self._failure = failure.again()
                raise
