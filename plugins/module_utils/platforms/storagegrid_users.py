# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users of a tenant, local and federated: listed, and found by name or id."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import CredentialsError
from ..model import Account, AccountRef
from .storagegrid_calls import GridCalls
from .storagegrid_login import Login
from .storagegrid_names import account_of, name_of, path_of

#: The most that a page may hold.
_PAGE = 500
#: What is answered where no user has an identifier, or what was given is none.
_NO_SUCH_ID = (400, 404, 422)


class Users:
    """Looks users up; a login that may not do so still finds itself, and only itself."""

    def __init__(self, grid: GridCalls, login: Login) -> None:
        self._grid = grid
        self._login = login

    def all(self) -> Iterator[Account]:
        """Yield every user. Reads only.

        No answer says whether more follow, and a page may be shorter than asked for: only one
        that brings nothing new ends the listing.
        """
        doing = "list the users"
        pages = self._grid.begin_listing(doing)
        seen: set[str] = set()
        marker: str | None = None
        while True:
            try:
                rows = self._grid.fetch_rows(
                    "org",
                    "users",
                    query={"limit": _PAGE, "order": "asc", "marker": marker},
                    doing=doing,
                    pages=pages,
                )
            except CredentialsError as exc:
                raise self._login.explained(exc) from None
            accounts = [account_of(row) for row in rows]
            fresh = [account for account in accounts if account.id not in seen]
            for account in fresh:
                seen.add(account.id or "")
                yield account
            if not fresh:
                return
            marker = rows[-1].text("userURN")

    def find(self, ref: AccountRef) -> Account:
        """Return the one user that a reference means. Reads only. Raises not_found."""
        own = self._login.own
        if own is not None and not self._login.has_root_access and _means(ref, own):
            return own
        try:
            found = self._by_id(ref) if ref.id is not None else self._by_name(ref.name or "")
        except CredentialsError as exc:
            raise self._login.explained(exc).at(account=str(ref)) from None
        if found is None:
            raise self._grid.fail(
                "not_found",
                f"There is no user {str(ref)!r} in this tenant.",
                account=str(ref),
                next_step=_hint(ref.name or ""),
            )
        return found

    def _by_id(self, ref: AccountRef) -> Account | None:
        # Words such as root stand in the place of an identifier too: the row must have it.
        found = self._at(ref.id or "", account=str(ref), missing=_NO_SUCH_ID)
        return found if found is not None and found.id == ref.id else None

    def _by_name(self, name: str) -> Account | None:
        found = self._at(*path_of(name), account=name, missing=(404,))
        return found if found is not None and found.name == name else None

    def _at(self, *segments: str, account: str, missing: tuple[int, ...]) -> Account | None:
        try:
            row = self._grid.fetch(
                "GET", "org", "users", *segments, doing="look up a user", account=account
            )
        except CredentialsError as exc:
            if exc.http_status in missing and exc.kind in ("not_found", "rejected"):
                return None
            raise
        return account_of(row)


def _means(ref: AccountRef, own: Account) -> bool:
    return ref.id == own.id if ref.id is not None else ref.name == own.name


def _hint(name: str) -> str | None:
    bare = name_of(name)
    if bare != name:
        return f"A local user is named without its prefix: {bare}."
    return None
