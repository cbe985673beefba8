# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 access keys of a tenant's users: listed by identifier, recognised, made, deleted."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from typing import Any

from ..clock import parse_time
from ..errors import CredentialsError
from ..model import AccessKey, Account, Issued, Pair
from .storagegrid_calls import GridCalls, Row
from .storagegrid_login import Login

#: A new key's end lies at least a minute and at most five years ahead; docs.netapp.com,
#: storagegrid-118/tenant/creating-another-users-s3-access-keys.html.
_SHORTEST, _LONGEST = dt.timedelta(minutes=2), dt.timedelta(days=5 * 365)
#: An access key has 20 letters and digits; an identifier is longer and has others too.
_LONGEST_ACCESS_KEY = 20
#: How much of an access key its obfuscated form shows at most.
_TAIL = 4


class Keys:
    """The calls for access keys.

    An access key is shown only in the answer that makes it. Later a row has the identifier of the
    pair and the access key's end; but one key may be asked for by its access key, and what comes
    back has the identifier. So access keys that somebody knows are found among the rows, and all
    others go by their identifier, which a deletion takes as well.
    """

    def __init__(self, grid: GridCalls, login: Login) -> None:
        self._grid = grid
        self._login = login
        self._lock = threading.Lock()
        #: Access key -> identifier, as far as was told; neither ever changes.
        self._ids: dict[str, str] = {}

    def listed(self, account: Account) -> list[AccessKey]:
        """Return an account's keys. Costs a request for each known key not met before."""
        keys = [self._key(row, account) for row in self._rows(account)]
        names = self._names(account, keys)
        return [
            dataclasses.replace(
                key, access_key=names[key.access_key][0], also=names[key.access_key][1:]
            )
            if key.access_key in names
            else key
            for key in keys
        ]

    def found(self, account: Account, access_key: str) -> AccessKey | None:
        """Return one key of an account by access key or identifier, or None. Reads only."""
        if _is_identifier(access_key):
            keys = self.listed(account)
            return next((key for key in keys if key.details["id"] == access_key), None)
        row = self._asked(account, access_key)
        if row is None:
            return None
        return dataclasses.replace(self._key(row, account), access_key=access_key)

    def created(self, account: Account) -> Issued:
        """Make a key for this very account; with an end where account.key_lifetime says so.

        Repeated after a lost answer, it makes another.
        """
        now = self._grid.client.platform_now()
        lifetime = account.key_lifetime
        if lifetime is not None:
            lifetime = min(max(lifetime, _SHORTEST), _LONGEST)
        expires = None if lifetime is None else f"{now + lifetime:%Y-%m-%dT%H:%M:%S}.000Z"
        row = self._grid.fetch(
            "POST",
            *self._place(account),
            ok=(200, 201),
            body={"expires": expires},
            doing="create an access key",
            account=account.name,
        )
        pair = Pair(row.text("accessKey"), row.text("secretAccessKey"))
        self._grid.client.redactor.learn(pair.secret_key)
        owner = row.text("userUUID")
        if owner != account.id:
            raise self._grid.fail(
                "platform_error",
                f"The access key that was made for {account.name} (id:{account.id}) belongs to"
                f" another user, id:{owner}.",
                account=account.name,
                alive=f"{pair.access_key} (of id:{owner}, its secret key is kept nowhere)",
                next_step=f"Delete {pair.access_key} of that user in the Tenant Manager, and report"
                " this.",
                landed=True,
            )
        identifier = row.text("id")
        with self._lock:
            self._ids[pair.access_key] = identifier
        ends = parse_time(row.optional("expires")) or parse_time(expires)
        return Issued(
            account,
            pair,
            # So that its lifetime can be told from the record, and kept the next time.
            created_at=ends - lifetime if ends is not None and lifetime is not None else None,
            expires_at=ends,
            details={"id": identifier},
        )

    def deleted(self, key: AccessKey) -> None:
        """End a key for good. Repeated, it says not_found."""
        self._grid.send(
            "DELETE",
            *self._place(key.account, key.access_key),
            ok=(200, 204),
            repeatable=True,
            doing=f"delete access key {key.access_key}",
            account=key.account.name,
        )

    def is_gone(self, key: AccessKey) -> bool:
        """Tell whether the platform no longer shows a key. Reads only."""
        identifier = key.details.get("id") or self._ids.get(key.access_key)
        if identifier is None and _is_identifier(key.access_key):
            identifier = key.access_key
        if identifier is None:
            return self._asked(key.account, key.access_key) is None
        return all(row.text("id") != identifier for row in self._rows(key.account))

    def _place(self, account: Account, *more: str) -> tuple[str, ...]:
        """Return where the keys of an account are; its id stands there, whatever is to be done.

        A login without Root access may go to its own keys only by the name current-user; that is
        taken for an account which was resolved to be the login's own, and for no other.
        """
        if not account.id:
            raise self._grid.fail(
                "not_found",
                f"{account.name} was not resolved to a user of the tenant; nothing was sent.",
                account=account.name,
            )
        is_own = self._login.is_own(account) and not self._login.has_root_access
        return ("org", "users", "current-user" if is_own else account.id, "s3-access-keys", *more)

    def _rows(self, account: Account) -> list[Row]:
        """Return the rows of an account's keys; any of another user's is a malformed answer."""
        rows = self._grid.fetch_rows(
            *self._place(account),
            query={"includeCloneStatus": True} if self._login.is_federated else None,
            doing="list the access keys",
            account=account.name,
        )
        for row in rows:
            if row.text("userUUID") != account.id:
                raise row.complain("the keys of another user than the one asked for")
        return rows

    def _asked(self, account: Account, access_key: str) -> Row | None:
        """Return the row of one key, asked for by its access key, or None where it is not there."""
        try:
            row = self._grid.fetch(
                "GET",
                *self._place(account, access_key),
                doing=f"show access key {access_key}",
                account=account.name,
            )
        except CredentialsError as exc:
            if exc.kind == "not_found" and exc.http_status == 404:
                return None
            raise
        if row.text("userUUID") != account.id:
            raise row.complain("the key of another user than the one asked for")
        with self._lock:
            self._ids[access_key] = row.text("id")
        return row

    def _names(self, account: Account, keys: list[AccessKey]) -> dict[str, tuple[str, ...]]:
        """Return identifier -> names for the rows that somebody knows by one.

        The first name that fits a row is the one it goes by: what the record holds by its
        identifier must not vanish because the operator writes its access key, nor the reverse.
        """
        shown = {key.access_key for key in keys}
        found: dict[str, tuple[str, ...]] = {}
        for name in account.known_keys:
            identifier = name if _is_identifier(name) else self._id_of(account, name, keys)
            if identifier is not None and identifier in shown:
                found[identifier] = (*found.get(identifier, ()), name)
        with self._lock:
            made = {identifier: (name,) for name, identifier in self._ids.items()}
        return {**{each: made[each] for each in shown if each in made}, **found}

    def _id_of(self, account: Account, access_key: str, rows: list[AccessKey]) -> str | None:
        """Return the identifier of an access key; asked only where its end fits one of the rows."""
        known = self._ids.get(access_key)
        if known is not None:
            return known
        if not any(_may_be(key.details.get("display_name"), access_key) for key in rows):
            return None
        row = self._asked(account, access_key)
        return row.text("id") if row is not None else None

    def _key(self, row: Row, account: Account) -> AccessKey:
        """Return a row as an access key that goes by its identifier."""
        identifier = row.text("id")
        details = {"id": identifier, "display_name": row.optional("displayName")}
        details["cloned_to"] = ", ".join(_clones(row.values.get("cloneStatus")))
        return AccessKey(
            access_key=identifier,
            account=account,
            expires_at=_end_of(row),
            details={name: value for name, value in details.items() if value},
        )


def _end_of(row: Row) -> dt.datetime | None:
    """Return when a key ends; None: never. A date that cannot be read is a malformed answer."""
    value = row.values.get("expires")
    moment = parse_time(value)
    if value is not None and moment is None:
        raise row.complain("an 'expires' that is no date")
    return moment


def _clones(status: Any) -> list[str]:
    """Return the connections to other grids that a key was cloned over."""
    rows = status.items() if isinstance(status, dict) else ()
    return sorted(
        str(name) for name, row in rows if isinstance(row, dict) and row.get("succeeded") is True
    )


def _is_identifier(name: str) -> bool:
    return len(name) > _LONGEST_ACCESS_KEY or not name.isalnum()


def _may_be(display_name: Any, access_key: str) -> bool:
    """Tell whether an obfuscated access key may be this one; where none is shown, any may."""
    shown = str(display_name or "").lstrip("*")
    return access_key.endswith(shown[-_TAIL:]) if shown else True
