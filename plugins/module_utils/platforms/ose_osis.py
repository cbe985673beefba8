# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 credentials of an OSIS adapter, the API that a storage vendor serves to OSE.

The operations and their shapes: developer.broadcom.com/xapis,
osis-object-storage-interoperability-service-api.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import CredentialsError
from ..http import TOUCH
from ..model import AccessKey, Account, AccountRef, Issued, Pair
from ..urls import path
from .ose_osis_users import OsisUsers, fits_filter, make_filter
from .ose_wire import (
    NOT_AVAILABLE,
    date_of,
    flag_of,
    row_of,
    rows,
    secret_in,
    status_of,
    text_of,
)

_CREDENTIALS = "/api/v1/s3credentials"


class OsisApi(OsisUsers):
    """The operations on credentials, on top of those on users."""

    def access_keys(self, account: Account) -> list[AccessKey]:
        """Return the keys of a user; a TOUCH where listing may make one."""
        return [self.to_key(row, account) for row in self._listed(account)]

    def _listed(self, account: Account) -> Iterator[dict[str, Any]]:
        found = rows(
            self.platform,
            self._collection(account),
            "access_key",
            info="page_info",
            effect=TOUCH if self.platform.facts.listing_has_side_effect else None,
            doing="list the access keys",
            account=account.name,
        )
        return (row for row in found if row.get("user_id") in (None, account.id))

    def _collection(self, account: Account) -> str:
        tenant = account.address.get("tenant_id") or self.tenant
        return "/api/v1" + path("tenants", tenant, "users", account.id, "s3credentials")

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return a key by getCredential, else by queryCredentials, else out of the user's list."""
        account = self.account(ref) if ref else None
        row, sends = self._read(access_key, account)
        if row is None:
            raise self._unknown(access_key, account)
        owner = account or self.owner(row)
        if not self.is_ours(owner):
            raise self._unknown(access_key, None)
        return self.to_key(row, owner, sends)

    def _unknown(self, access_key: str, account: Account | None) -> CredentialsError:
        of = f" of user {account.name}" if account else ""
        of += f" in tenant {self.tenant}" if self.tenant else ""
        next_step = None
        if not self.platform.facts.listing_is_proof:
            next_step = (
                "Check the access key and its user. This adapter also says so when it fails itself:"
                " look at its log."
            )
        return self.platform.fail(
            "not_found",
            f"There is no access key {access_key}{of}.",
            account=account.name if account else None,
            next_step=next_step,
        )

    def _read(
        self, access_key: str, account: Account | None
    ) -> tuple[dict[str, Any] | None, str | None]:
        """Return the object of a key, and words on what of it cannot be sent back as it is."""
        unable: list[str] = []
        for operation, read in (("getCredential", self._get), ("queryCredentials", self._query)):
            try:
                if not self.implements(operation):
                    raise self.platform.unsupported(operation)
                row = read(access_key, account)
            except CredentialsError as exc:
                # 400 too: some want an owner beside the access key.
                if exc.kind not in ("unsupported", "rejected"):
                    raise
                unable.append(operation)
                continue
            if row is None:
                continue
            # An adapter that finds keys by the access key alone gives that of another user as well.
            if account is not None and row.get("user_id") not in (None, account.id):
                raise self._unknown(access_key, account)
            return row, _sends(row, operation, unable)
        if len(unable) < 2:
            return None, None
        if account is None:
            raise self.platform.fail(
                "unsupported",
                f"The owner of {access_key} cannot be found: this adapter offers neither"
                " getCredential nor queryCredentials for an access key alone.",
                next_step="Name the user whose key it is.",
            )
        for row in self._listed(account):
            if row["access_key"] == access_key:
                return row, _sends(row, "listCredentials", unable)
        return None, None

    def _get(self, access_key: str, account: Account | None) -> dict[str, Any] | None:
        answer = self.platform.call(
            "GET",
            _CREDENTIALS + path(access_key),
            ok=(200, 404),
            query=self._owner_query(account),
            doing=f"read access key {access_key}",
        )
        if answer.status == 404:
            return None
        row = row_of(self.platform, answer)
        if row.get("access_key") != access_key:
            return None
        if account is None:
            text_of(self.platform, answer, row, "user_id")
        return row

    def _query(self, access_key: str, account: Account | None) -> dict[str, Any] | None:
        if not fits_filter(access_key):
            return None
        owner = self._owner_query(account)
        found = rows(
            self.platform,
            f"{_CREDENTIALS}/query",
            "access_key",
            info="page_info",
            query={"filter": make_filter([*owner.items(), ("access_key", access_key)])},
            doing=f"look for access key {access_key}",
        )
        # A server that ignores the filter gives every key there is.
        for row in found:
            if row["access_key"] == access_key and (account is not None or row.get("user_id")):
                return row
        return None

    def _owner_query(self, account: Account | None) -> dict[str, Any]:
        tenant = account.address.get("tenant_id") if account else None
        query = {"tenant_id": tenant or self.tenant, "user_id": account.id if account else None}
        return {name: value for name, value in query.items() if value}

    def create_access_key(self, account: Account) -> Issued:
        """Make a key (201, from some 200); read it once more if the answer holds no secret."""
        answer = self.platform.call(
            "POST",
            self._collection(account),
            ok=(200, 201),
            doing="create an access key",
            account=account.name,
        )
        row = row_of(self.platform, answer)
        access_key = text_of(self.platform, answer, row, "access_key")
        owner = row.get("user_id")
        if owner not in (None, account.id):
            what = f"a key ({access_key}) of user {owner}, who was not asked for"
            raise self.platform.placed(answer.malformed(what))
        if secret_in(row) is None:
            row = self._read(access_key, account)[0] or row
        secret = secret_in(row)
        if secret is None:
            raise self.platform.fail(
                "partial",
                f"{access_key} was made for {account.name}, but its secret key was not shown.",
                account=account.name,
                alive=f"{access_key} (active; its secret key is unknown)",
                next_step=f"Delete {access_key} at the platform: nobody can use it.",
                landed=True,
            )
        return Issued(
            account=account,
            pair=Pair(access_key, secret),
            created_at=date_of(row.get("creation_date")),
        )

    # --- what Flavor asks --------------------------------------------------------------------

    def where(self, key: AccessKey) -> tuple[str, Mapping[str, Any]]:
        """Return path and query; tenant_id and user_id always go along."""
        return _CREDENTIALS + path(key.access_key), self._owner_query(key.account)

    def whole(self, key: AccessKey) -> tuple[dict[str, Any], str | None]:
        """Return the object as it was read, completed where it must not be null."""
        row, sends = dict(key.raw), key.details.get("sends") or _sends(key.raw, "", [])
        if not row:
            read, sends = self._read(key.access_key, key.account)
            row = dict(read or {})
        known = {"access_key": key.access_key, **self._owner_query(key.account)}
        row.update({name: value for name, value in known.items() if row.get(name) is None})
        if secret_in(row) is None:
            row["secret_key"] = NOT_AVAILABLE
        return row, sends

    def shown(self, key: AccessKey) -> AccessKey | None:
        """Read a key again."""
        row, sends = self._read(key.access_key, key.account)
        return self.to_key(row, key.account, sends) if row else None

    def to_key(self, row: dict[str, Any], account: Account, sends: str | None = None) -> AccessKey:
        """Return a credential; the secret that stands in it is only in raw."""
        details: dict[str, Any] = {}
        named = f"Access key {row['access_key']}"
        if row.get("active") is None:
            details["status_shown"] = "no: the platform shows none, which means active"
        if self.marks_everything and row.get("immutable"):
            details["immutable"] = "this adapter says so of every key; it is not heeded"
        if sends:
            details["sends"] = sends
        return AccessKey(
            access_key=row["access_key"],
            account=account,
            status=status_of(self.platform, row, named),
            created_at=date_of(row.get("creation_date")),
            immutable=not self.marks_everything
            and flag_of(self.platform, row, "immutable", named) is True,
            details=details,
            raw=row,
        )


def _sends(row: Mapping[str, Any], operation: str, unable: list[str]) -> str | None:
    """Say in words what a change of status will send that is not what the platform holds."""
    said = []
    if unable:
        verb = "is" if len(unable) == 1 else "are"
        said.append(
            f"the object as {operation} shows it, because {' and '.join(unable)}"
            f" {verb} not to be had here"
        )
    if secret_in(row) is None:
        said.append(
            "a placeholder in place of the secret key, which the platform does not show (only"
            " active takes effect)"
        )
    return "; ".join(said) or None
