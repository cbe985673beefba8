# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permanent access keys through the v3.0 API, which knows descriptions and shows single keys."""

from __future__ import annotations

import dataclasses

from ..clock import parse_time
from ..errors import CredentialsError
from ..model import AccessKey, Account, Issued, Pair
from ..urls import path
from .huawei_calls import IamCalls, Row
from .huawei_users import Users

CREDENTIALS = ("v3.0", "OS-CREDENTIAL", "credentials")


class Keys:
    """The five calls of OS-CREDENTIAL.

    Vendor's pages: support.huaweicloud.com/intl/en-us/api-iam/iam_03_0001.html to iam_03_0005.html.
    """

    def __init__(self, iam: IamCalls, users: Users) -> None:
        self._iam = iam
        self._users = users

    def listed(self, account: Account, last_used: bool) -> list[AccessKey]:
        """Return an account's keys; last_used costs one more request for each. Reads only."""
        rows, whole = self._iam.fetch_rows(
            path(*CREDENTIALS),
            "credentials",
            query={"user_id": account.id},
            doing="list the access keys",
            account=account.name,
        )
        keys = [_key(row, account) for row in rows if row.text("user_id") == account.id]
        others = {row.text("user_id") for row in rows} - {account.id}
        if not keys and len(others) == 1:
            # Without the filter the caller's own keys come: they say nothing about this account.
            raise whole.complain("the keys of another user than the one asked for")
        return [self._with_last_use(key) for key in keys] if last_used else keys

    def _with_last_use(self, key: AccessKey) -> AccessKey:
        row = self._row(key.access_key, key.account)
        shown = _key(row, key.account)
        if "last_use_time" in row.values:
            return shown
        # Some clouds leave the field out of a key never used, some out of every key.
        note = {"last_used": "never, or not told by this region"}
        return dataclasses.replace(shown, details=note)

    def found(self, access_key: str) -> AccessKey:
        """Return one key, whoever owns it. Reads only."""
        return self._shown(access_key, None)

    def _shown(self, access_key: str, account: Account | None) -> AccessKey:
        row = self._row(access_key, account)
        return _key(row, account or self._users.named(row.text("user_id")))

    def _row(self, access_key: str, account: Account | None) -> Row:
        row = self._iam.fetch(
            "GET",
            path(*CREDENTIALS, access_key),
            "credential",
            doing=f"show access key {access_key}",
            account=account.name if account else None,
        )
        if row.text("access") != access_key:
            raise row.complain("another access key than the one asked for")
        return row

    def created(self, account: Account, label: str | None) -> Issued:
        """Make a key, described by the label. Repeated after a lost answer, it makes another."""
        wanted = {"user_id": account.id}
        if label is not None:
            wanted["description"] = label
        row = self._iam.fetch(
            "POST",
            path(*CREDENTIALS),
            "credential",
            ok=(200, 201),
            body={"credential": wanted},
            doing="create an access key",
            account=account.name,
        )
        pair = Pair(row.text("access"), row.text("secret"))
        row.require_of(account.id, pair.access_key)
        return Issued(account, pair, created_at=parse_time(row.optional("create_time")))

    def updated(self, key: AccessKey, status: str | None, description: str | None) -> AccessKey:
        """Set status, description or both; what the answer does not show is read again.

        Repeated, it sets the same once more. Vendor's page: support.huaweicloud.com/intl/en-us/
        api-iam/iam_03_0004.html.
        """
        wanted = {"status": status, "description": description}
        row = self._iam.fetch(
            "PUT",
            path(*CREDENTIALS, key.access_key),
            "credential",
            body={"credential": {k: v for k, v in wanted.items() if v is not None}},
            repeatable=True,
            doing=f"update access key {key.access_key}",
            account=key.account.name,
        )
        unseen = [name for name, value in wanted.items() if value is not None]
        # The documented example answer has no description.
        if row.optional("access") != key.access_key or any(n not in row.values for n in unseen):
            return self._read_again(key)
        now = dataclasses.replace(key, status=row.status())
        if description is not None:
            now = dataclasses.replace(now, description=row.optional("description") or "")
        return now

    def _read_again(self, key: AccessKey) -> AccessKey:
        try:
            return self._shown(key.access_key, key.account)
        except CredentialsError as exc:
            # The update was answered with success, so the failed look must not read as "nothing".
            exc.landed = None
            raise

    def deleted(self, key: AccessKey) -> None:
        """End a key for good. Repeated, it says not_found."""
        self._iam.send(
            "DELETE",
            path(*CREDENTIALS, key.access_key),
            ok=(200, 204),
            repeatable=True,
            doing=f"delete access key {key.access_key}",
            account=key.account.name,
        )

    def is_gone(self, key: AccessKey) -> bool:
        """Tell whether the platform no longer shows a key. Reads only."""
        try:
            self._shown(key.access_key, key.account)
        except CredentialsError as exc:
            if exc.kind == "not_found":
                return True
            raise
        return False


def _key(row: Row, account: Account) -> AccessKey:
    created = parse_time(row.optional("create_time"))
    used = parse_time(row.optional("last_use_time"))
    return AccessKey(
        access_key=row.text("access"),
        account=account,
        status=row.status(),
        created_at=created,
        # A key that was never used comes without the field, with null, with "", or with this.
        last_used_at=None if used == created else used,
        description=row.optional("description") or "",
    )
