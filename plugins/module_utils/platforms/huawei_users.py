# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users of a Huawei account: listed, found by name or id, named when the id is known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..errors import CredentialsError
from ..http import Query
from ..model import Account, AccountRef
from ..urls import path
from .huawei_calls import Fresh, IamCalls, Row
from .huawei_login import Login

#: After so many single look-ups one listing is cheaper.
_LOOK_UPS_BEFORE_LISTING = 10


class Users:
    """Looks users up; a login that may not do so still finds itself.

    Vendor's page: support.huaweicloud.com/intl/en-us/api-iam/iam_08_0001.html.
    """

    def __init__(self, iam: IamCalls, login: Login) -> None:
        self._iam = iam
        self._login = login
        self._lock = threading.Lock()
        self._known: dict[str, Account] = {}
        self._look_ups = 0
        self._may_list = True
        self._may_look = True

    def all(self) -> Iterator[Account]:
        """Yield every user, enabled ones first. Reads only."""
        seen: set[str] = set()
        # The filter's documented default is true: without the second listing the disabled are lost.
        for enabled in (None, False):
            try:
                for row in self._pages({"enabled": enabled}):
                    account = self._account(row)
                    if account is not None and account.id not in seen:
                        seen.add(account.id or "")
                        self._known[account.id or ""] = account
                        yield account
            except CredentialsError as exc:
                raise self._explained(exc) from None

    def find(self, ref: AccountRef) -> Account:
        """Return the one user that a reference means. Reads only. Raises not_found, ambiguous."""
        try:
            if ref.id is not None:
                return self._by_id(ref)
            return self._iam.only(self._by_name(ref.name or ""), ref)
        except CredentialsError as exc:
            if exc.kind == "not_found" and str(ref) not in exc.message:
                exc.message = f"There is no user {str(ref)!r}: {exc.message}"
            if exc.kind != "permission":
                raise
            own = self._login.own_account()
            if own is not None and (
                own.id == ref.id if ref.id is not None else own.name == ref.name
            ):
                return own
            raise self._explained(exc).at(account=str(ref)) from None

    def named(self, user_id: str) -> Account:
        """Return the user that owns a key; where its name is not shown, the id stands for it."""
        with self._lock:
            account = self._known.get(user_id)
            if account is not None:
                return account
            self._look_ups += 1
            if self._may_list and self._look_ups > _LOOK_UPS_BEFORE_LISTING:
                self._list_once()
                if user_id in self._known:
                    return self._known[user_id]
        account = self._looked_up(user_id)
        self._known[user_id] = account
        return account

    def _list_once(self) -> None:
        self._may_list = False
        try:
            for _account in self.all():
                pass
        except CredentialsError as exc:
            if exc.kind != "permission":
                raise

    def _looked_up(self, user_id: str) -> Account:
        if self._may_look:
            try:
                return self._by_id(AccountRef(id=user_id))
            except CredentialsError as exc:
                if exc.kind not in ("permission", "not_found"):
                    raise
                self._may_look = exc.kind == "not_found"
        own = self._login.own_account()
        if own is not None and own.id == user_id:
            return own
        return Account(name=user_id, id=user_id)

    def _by_id(self, ref: AccountRef) -> Account:
        row = self._iam.fetch(
            "GET", path("v3", "users", ref.id), "user", doing="look up a user", account=str(ref)
        )
        if row.text("id") != ref.id:
            raise row.complain("another user than the one asked for")
        return self._iam.only([a for a in [self._account(row)] if a is not None], ref)

    def _by_name(self, name: str) -> list[Account]:
        for enabled in (None, False):
            found: dict[str, Account] = {}
            for row in self._pages({"name": name, "enabled": enabled}):
                # The filter may be ignored, or match without regard to case.
                if row.optional("name") == name:
                    account = self._account(row)
                    if account is not None:
                        found[account.id or ""] = account
            if found:
                return list(found.values())
        return []

    def _pages(self, query: Query) -> Iterator[Row]:
        """Yield the rows of a listing, each once; a page that brings nothing new must be the last.

        Raises malformed_answer for one that is not.
        """
        doing = "list the users"
        fresh = Fresh("id", self._iam.begin_listing(doing))
        while True:
            rows, whole = self._iam.fetch_rows("/v3/users", "users", doing=doing, query=query)
            new = fresh.of(rows, whole)
            yield from new
            following = _next_page(whole.values)
            if following is None:
                return
            # Only the query is taken: the host in the link may be one that is not reachable here.
            if not following or not new:
                raise whole.complain("a link to the next page that leads in a circle")
            query = following

    def _account(self, row: Row) -> Account | None:
        """Return the account of a row, or None when it belongs to another domain."""
        domain = row.optional("domain_id")
        if self._iam.domain_id and domain and domain != self._iam.domain_id:
            return None
        enabled = row.values.get("enabled")
        details = {"description": row.optional("description"), "domain_id": domain}
        return Account(
            name=row.text("name"),
            id=row.text("id"),
            enabled=enabled if isinstance(enabled, bool) else None,
            details={name: value for name, value in details.items() if value},
        )

    def _explained(self, exc: CredentialsError) -> CredentialsError:
        """Add to a refused look-up what this login can do all the same."""
        if exc.kind == "permission":
            own = self._login.own_account()
            if own is not None and own.name not in exc.next_step:
                exc.next_step += f" This login is user {own.name} (id:{own.id})."
        return exc


def _next_page(body: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
    links = body.get("links")
    link = links.get("next") if isinstance(links, dict) else None
    if not isinstance(link, str) or not link:
        return None
    return tuple(parse_qsl(urlsplit(link).query, keep_blank_values=True))
