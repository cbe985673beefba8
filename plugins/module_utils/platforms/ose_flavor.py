# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both flavors of OSE do alike: change and end keys, believing only what is shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from ..errors import CredentialsError
from ..model import ACTIVE, AccessKey, Account
from ..platform import Platform

T = TypeVar("T")


class Flavor:
    """One of the two APIs, for one endpoint."""

    #: The property that holds the access key.
    ID: ClassVar[str]

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._lock = threading.Lock()
        self._proven: set[str] = set()

    # --- what a flavor defines ---------------------------------------------------------------

    def where(self, key: AccessKey) -> tuple[str, Mapping[str, Any]]:
        """Return path and query of one credential."""
        raise NotImplementedError

    def whole(self, key: AccessKey) -> tuple[dict[str, Any], str | None]:
        """Return the object to send back, and words on what in it is not as the platform has it."""
        raise NotImplementedError

    def shown(self, key: AccessKey) -> AccessKey | None:
        """Read a key again; None when it is not there. Reads only."""
        raise NotImplementedError

    def to_key(self, row: dict[str, Any], account: Account, sends: str | None = None) -> AccessKey:
        """Return a row of the platform as an access key."""
        raise NotImplementedError

    # --- what follows from it ----------------------------------------------------------------

    def set_status(self, key: AccessKey, status: str) -> AccessKey:
        """Send the whole object with only C(active) changed; return the key as it is then shown.

        An adapter that cannot disable may echo what it was sent. So the first change to a status is
        read back; once that showed it, later answers that show it are believed, which keeps a long
        list at two requests per key.
        """
        where, query = self.where(key)
        body, sends = self.whole(key)
        answer = self.platform.call(
            "PATCH",
            where,
            ok=(200, 201, 202, 204),
            query=query,
            body={**body, "active": status == ACTIVE},
            repeatable=True,
            doing=f"set access key {key.access_key} {status}",
            account=key.account.name,
        )
        row = answer.json_or_none()
        if isinstance(row, dict) and row.get(self.ID) == key.access_key:
            now = self._after_change(lambda: self.to_key(row, key.account, sends))
            # An answer without "active" tells nothing of what was asked.
            if row.get("active") is not None:
                return now if now.status != status else self._proven_or_seen(now, key, status)
        return self._seen(key, sends)

    def _proven_or_seen(self, now: AccessKey, key: AccessKey, status: str) -> AccessKey:
        """Return what the answer showed if such answers are known to be true, else look."""
        if status in self._proven:
            return now
        # One thread finds out for all.
        with self._lock:
            if status in self._proven:
                return now
            seen = self._seen(key, now.details.get("sends"))
            if seen.status == status:
                self._proven.add(status)
            return seen

    def _seen(self, key: AccessKey, sends: str | None) -> AccessKey:
        seen = self._after_change(lambda: self.shown(key))
        if seen is None:
            raise self.platform.fail(
                "not_found",
                f"{key.access_key} is gone: the platform took the change and shows it no more.",
                account=key.account.name,
                landed=None,
            )
        return self.to_key(seen.raw, key.account, sends)

    def delete_access_key(self, key: AccessKey) -> None:
        """Delete a key and prove its absence. Raises platform_error when it is still there."""
        where, query = self.where(key)
        self.platform.call(
            "DELETE",
            where,
            ok=(200, 202, 204),
            query=query,
            doing=f"delete access key {key.access_key}",
            account=key.account.name,
        )
        left = self._after_change(lambda: self.shown(key))
        if left is not None:
            raise self.platform.fail(
                "platform_error",
                f"{self.platform.title} answered success to deleting {key.access_key}, but the key"
                f" is still there ({left.status}).",
                account=key.account.name,
                alive=f"{key.access_key} ({left.status})",
                next_step="Look at the adapter's log: some answer success whatever happened.",
                landed=None,
            )

    def _after_change(self, look: Callable[[], T]) -> T:
        """Return what a look after a change shows; fails it, the change may have happened."""
        try:
            return look()
        except CredentialsError as exc:
            exc.landed = None
            raise
