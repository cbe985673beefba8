# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permanent access keys through the v5 API, which knows no descriptions and wants the user's id."""

from __future__ import annotations

import dataclasses

from ..clock import parse_time
from ..errors import CredentialsError
from ..model import AccessKey, Account, Issued, Pair
from ..urls import path
from .huawei_calls import IamCalls, Row

_NAME_THE_USER = "Name the account with the option user; then one listing of its keys is enough."


class KeysV5:
    """The access-key calls of the v5 API, which only Huawei Cloud itself has.

    Vendor's pages: support.huaweicloud.com/intl/en-us/api-iam5/CreateAccessKeyV5.html,
    ListAccessKeysV5.html, UpdateAccessKeyV5.html, DeleteAccessKeyV5.html,
    ShowAccessKeyLastUsedV5.html, ListUsersV5.html.
    """

    def __init__(self, iam: IamCalls) -> None:
        self._iam = iam

    def listed(self, account: Account, last_used: bool) -> list[AccessKey]:
        """Return an account's keys; last_used costs one more request for each. Reads only."""
        rows = self._iam.marked_pages(
            _where(account),
            "access_keys",
            "access_key_id",
            doing="list the access keys",
            account=account.name,
        )
        keys = []
        for row in rows:
            if row.text("user_id") != account.id:
                raise row.complain("a key of another user than the one asked for")
            keys.append(_key(row, account))
        return [self._with_last_use(key) for key in keys] if last_used else keys

    def _with_last_use(self, key: AccessKey) -> AccessKey:
        row = self._iam.fetch(
            "GET",
            _where(key.account, key.access_key, "last-used"),
            "access_key_last_used",
            doing=f"ask when access key {key.access_key} was last used",
            account=key.account.name,
        )
        return dataclasses.replace(key, last_used_at=parse_time(row.optional("last_used_at")))

    def found(self, access_key: str) -> AccessKey:
        """Return one key, whoever owns it. Reads only.

        v5 shows no key by itself; it finds the user of one, and the user's keys are listed then.
        """
        doing = f"find the user of access key {access_key}"
        try:
            rows, whole = self._iam.fetch_rows(
                "/v5/users", "users", query={"access_key_id": access_key}, doing=doing
            )
        except CredentialsError as exc:
            if exc.kind in ("permission", "unsupported", "rejected"):
                exc.next_step = f"{_NAME_THE_USER} {exc.next_step}"
            raise
        paging = whole.values.get("page_info")
        if len(rows) > 1 or (isinstance(paging, dict) and paging.get("next_marker")):
            # A filter that is ignored returns everybody.
            raise self._iam.fail(
                "unsupported",
                f"{self._iam.title} ignored the question whose access key {access_key} is: the v5"
                " API of this endpoint does not find a key without its user.",
                step=doing,
                next_step=_NAME_THE_USER,
            )
        for row in rows:
            account = Account(name=row.text("user_name"), id=row.text("user_id"))
            key = self.of(account, access_key)
            if key is not None:
                return key
        raise self._iam.fail("not_found", f"There is no access key {access_key}.", step=doing)

    def of(self, account: Account, access_key: str) -> AccessKey | None:
        """Return one of an account's keys, or None. Reads only."""
        for key in self.listed(account, last_used=False):
            if key.access_key == access_key:
                return key
        return None

    def created(self, account: Account, label: str | None) -> Issued:
        """Make a key. Repeated after a lost answer, it makes another; nothing tells them apart."""
        if label is not None:
            raise self._iam.unsupported(
                "describe an access key", self._iam.facts.cannot_describe_because
            )
        row = self._iam.fetch(
            "POST",
            _where(account),
            "access_key",
            ok=(200, 201),
            doing="create an access key",
            account=account.name,
        )
        pair = Pair(row.text("access_key_id"), row.text("secret_access_key"))
        row.require_of(account.id, pair.access_key)
        return Issued(account, pair, created_at=parse_time(row.optional("created_at")))

    def updated(self, key: AccessKey, status: str | None, description: str | None) -> AccessKey:
        """Set the status. Repeated, it sets the same once more."""
        if description is not None:
            raise self._iam.unsupported(
                "describe an access key", self._iam.facts.cannot_describe_because
            )
        row = self._iam.fetch(
            "PUT",
            _where(key.account, key.access_key),
            "access_key",
            body={"status": status},
            repeatable=True,
            doing=f"update access key {key.access_key}",
            account=key.account.name,
        )
        if row.optional("access_key_id") != key.access_key or "status" not in row.values:
            return self._read_again(key)
        return dataclasses.replace(key, status=row.status())

    def _read_again(self, key: AccessKey) -> AccessKey:
        try:
            now = self.of(key.account, key.access_key)
        except CredentialsError as exc:
            # The update was answered with success, so the failed look must not read as "nothing".
            exc.landed = None
            raise
        if now is None:
            raise self._iam.fail(
                "not_found",
                f"Access key {key.access_key} is gone after it was updated.",
                account=key.account.name,
                landed=None,
            )
        return now

    def deleted(self, key: AccessKey) -> None:
        """End a key for good. Repeated, it says not_found."""
        self._iam.send(
            "DELETE",
            _where(key.account, key.access_key),
            ok=(200, 204),
            repeatable=True,
            doing=f"delete access key {key.access_key}",
            account=key.account.name,
        )

    def is_gone(self, key: AccessKey) -> bool:
        """Tell whether the platform no longer shows a key. Reads only."""
        return self.of(key.account, key.access_key) is None


def _where(account: Account, *more: str) -> str:
    return path("v5", "users", account.id, "access-keys", *more)


def _key(row: Row, account: Account) -> AccessKey:
    return AccessKey(
        access_key=row.text("access_key_id"),
        account=account,
        status=row.status(),
        created_at=parse_time(row.optional("created_at")),
    )
