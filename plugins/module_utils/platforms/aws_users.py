# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users of an AWS account: listed by path and tags, found by name or id."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from ..errors import CredentialsError
from ..model import Account, AccountRef
from ..threads import leave_signals
from .aws_calls import IamCalls
from .aws_login import Login
from .aws_xml import Element

#: Users whose tags are asked for before the first of them is handed on.
_AT_A_TIME = 100


class Users:
    """Looks users up; a login that may not do so still finds itself.

    Vendor's pages: docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html, API_GetUser.html
    and API_ListUserTags.html.
    """

    def __init__(self, iam: IamCalls, login: Login) -> None:
        self._iam = iam
        self._login = login
        scope = iam.settings.scope
        self._path: str | None = scope.get("user_path")
        self._tags = wanted_tags(scope.get("user_tags"))
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}

    def all(self) -> Iterator[Account]:
        """Yield every user below user_path that has all of user_tags. Reads only.

        ListUsers shows no tags, so they cost one request for each user.
        """
        users = self._listed(self._path)
        if not self._tags:
            yield from users
            return
        with ThreadPoolExecutor(self._iam.settings.parallelism, initializer=leave_signals) as pool:
            while True:
                some = list(islice(users, _AT_A_TIME))
                if not some:
                    return
                fitting = pool.map(self._has_tags, some)
                yield from (user for user, fits in zip(some, list(fitting)) if fits)

    def find(self, ref: AccountRef) -> Account:
        """Return the one user that a reference means, whatever its path and tags. Reads only.

        Raises not_found.
        """
        try:
            return self._by_name(ref.name) if ref.name is not None else self._by_id(ref)
        except CredentialsError as exc:
            if exc.kind != "permission":
                raise
            own = self._login.own_user()
            if own is not None and ref in (AccountRef(name=own.name), AccountRef(id=own.id)):
                return own
            if own is not None:
                exc.next_step += f" This login is user {own.name} (id:{own.id})."
            raise

    def _by_name(self, name: str) -> Account:
        ref = AccountRef(name=name)
        try:
            found = self._iam.fetch(
                "GetUser", {"UserName": name}, doing="look up a user", account=name
            )
        except CredentialsError as exc:
            # ValidationError: a name that no user can have.
            if exc.kind == "not_found" or exc.code in ("ValidationError", "InvalidInput"):
                raise self._nobody(ref) from None
            raise
        account = self._account(found.child("User"))
        if account.name == name:
            return account
        if account.name.lower() == name.lower():
            raise self._nobody(ref, f"There is {account.name!r}: names are compared exactly.")
        # A server that ignores the name answers with whoever asks.
        raise self._nobody(ref)

    def _by_id(self, ref: AccountRef) -> Account:
        """IAM finds nobody by an id: it is looked up in a listing, and the name found is proven."""
        with self._lock:
            name = self._names.get(ref.id or "")
            if name is None:
                for _account in self._listed(None):
                    pass
                name = self._names.get(ref.id or "")
        if name is None:
            raise self._nobody(ref)
        account = self._by_name(name)
        if account.id != ref.id:
            raise self._nobody(ref, f"{account.name} is id:{account.id} now.")
        return account

    def _nobody(self, ref: AccountRef, hint: str | None = None) -> CredentialsError:
        return self._iam.fail(
            "not_found", f"There is no user {str(ref)!r}.", account=str(ref), next_step=hint
        )

    def _listed(self, path: str | None) -> Iterator[Account]:
        rows = self._iam.pages(
            "ListUsers", "Users", "UserName", {"PathPrefix": path}, doing="list the users"
        )
        for row in rows:
            account = self._account(row)
            # A server that ignores the filter must not make the selection larger.
            if path is None or str(account.details.get("path", "/")).startswith(path):
                if account.id is not None:
                    self._names[account.id] = account.name
                yield account

    def _has_tags(self, account: Account) -> bool:
        rows = self._iam.pages(
            "ListUserTags",
            "Tags",
            "Key",
            {"UserName": account.name},
            doing="read a user's tags",
            account=account.name,
        )
        try:
            shown = {row.text("Key"): row.optional("Value") or "" for row in rows}
        except CredentialsError as exc:
            if exc.kind == "not_found":
                return False  # deleted since it was listed
            raise
        return all(
            name in shown and value in (None, shown[name]) for name, value in self._tags.items()
        )

    def _account(self, row: Element) -> Account:
        details = {"arn": row.optional("Arn"), "path": row.optional("Path")}
        return Account(
            name=row.text("UserName"),
            # An API of another vendor may have none.
            id=row.optional("UserId"),
            details={name: value for name, value in details.items() if value},
        )


def wanted_tags(text: str | None) -> dict[str, str | None]:
    """Read user_tags: names and values as in "team=backup,rotate"; None: any value.

    Neither may hold a comma in IAM, so a text is enough.
    """
    found: dict[str, str | None] = {}
    for part in (text or "").split(","):
        name, equals, value = part.partition("=")
        if name.strip():
            found[name.strip()] = value.strip() if equals else None
    return found
