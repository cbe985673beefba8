# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose access key is this: asked at the platform, looked for in the records, at last in all lists.

For an emergency in which nobody knows more than the key; whatever state its account is in.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable, Sequence
from typing import Callable, TypeVar

from .bulk import UNSEEN, each
from .errors import CredentialsError
from .model import AccessKey, Account, AccountRef
from .progress import Progress
from .results import AccountResult, failed
from .rotation_desk import Desk
from .selection import Selected
from .shard import Shard
from .stores.base import Place, Stored

#: Answers of a platform after which the key is looked for in other ways.
_GO_ON = ("not_found", "unsupported", "side_effect_refused", "permission", "rejected")
#: Those after which the lists of all accounts may still show it.
_CANNOT_SAY = ("unsupported", "permission", "rejected")

T = TypeVar("T")
#: Makes the result of a record whose account is not there any more.
Left = Callable[[Stored, str], AccountResult]


def find_owners(
    desk: Desk,
    access_keys: Iterable[str],
    shard: Shard,
    left: Left,
    *,
    parallelism: int,
    progress: Progress = UNSEEN,
) -> Selected:
    """Return the accounts that have these keys, and failures for keys that nobody here has.

    Reads only. Raises what concerns the whole endpoint or secret store.
    """
    progress.begin(None, "looking for access keys")
    search = _Search(desk, parallelism)
    for access_key in sorted(access_keys):
        search.ask_platform(access_key)
    if search.missing:
        search.read_records()
    if search.missing and desk.facts.shows_access_key:
        search.read_lists()
    accounts: dict[str, Account] = {}
    gone: dict[str, AccountResult] = {}
    elsewhere: set[str] = set()
    for name, account in search.owners.items():
        if not shard.holds(name):
            elsewhere.add(name)
        elif account is None:
            gone[name] = left(search.records[name], name)
        else:
            accounts[account.name] = account
    failures = [search.failure_of(access_key) for access_key in sorted(search.missing)]
    if failures:
        failures += search.unread
    totals = {"other_shards": len(elsewhere)} if elsewhere else {}
    return Selected(list(accounts.values()), [*gone.values(), *failures], {}, totals=totals)


class _Search:
    """What is known so far of whose keys they are."""

    def __init__(self, desk: Desk, parallelism: int) -> None:
        self._desk = desk
        self._parallelism = parallelism
        self._lock = threading.Lock()
        #: Access keys that nobody was found for, with the platform's answer.
        self.missing: dict[str, CredentialsError] = {}
        #: Names of accounts that have one; None: only a record is left of it.
        self.owners: dict[str, Account | None] = {}
        self.records: dict[str, Stored] = {}
        #: Records that could not be read: it may be theirs.
        self.unread: list[AccountResult] = []

    def ask_platform(self, access_key: str) -> None:
        """Ask the platform whose key it is."""
        platform = self._desk.platform
        if platform.facts.hides_access_key:
            # It would ask every account, one after the other; the records are asked first.
            self.missing[access_key] = platform.unsupported("tell whose an access key is")
            return
        try:
            found = platform.find_access_key(access_key)
        except CredentialsError as exc:
            if exc.kind not in _GO_ON:
                raise
            self.missing[access_key] = exc
            return
        # What comes with a key may be less than a look at the account shows.
        self.owners[found.account.name] = platform.account(_ref(found.account))

    def read_records(self) -> None:
        """Look for the keys in the records: one that is retired, or that no platform shows."""
        desk, wanted = self._desk, set(self.missing)
        places = list(
            desk.store.places(desk.platform.name, desk.platform.settings.endpoint or "")
            if desk.store.is_durable
            else ()
        )

        def look(place: Place) -> AccountResult:
            stored = desk.store.read(place)
            record = stored.record if stored is not None else None
            if stored is not None and record is not None:
                known = record.known_access_keys() | set(record.revoked)
                self._note(place.account, wanted & known, stored)
            return AccountResult(place.account, "unchanged")

        self._do(places, look, lambda place: AccountResult(place.account, "skipped"))
        for name, stored in self.records.items():
            ref = AccountRef(name=name)
            if stored.record.account_id is not None:
                ref = AccountRef(id=stored.record.account_id)
            try:
                self.owners[name] = desk.platform.account(ref)
            except CredentialsError as exc:
                if exc.kind != "not_found":
                    raise
                self.owners[name] = None

    def read_lists(self) -> None:
        """Look at the keys of every account, where the platform could not say whose it is."""
        platform = self._desk.platform
        wanted = {key for key, exc in self.missing.items() if exc.kind in _CANNOT_SAY}
        if not wanted:
            return

        def look(account: Account) -> AccountResult:
            keys: Sequence[AccessKey] | None = account.listed_keys
            if keys is None:
                known = dataclasses.replace(account, known_keys=tuple(sorted(wanted)))
                keys = platform.access_keys(known)
            names = {name for key in keys for name in (key.access_key, *key.also)}
            if self._note(account.name, wanted & names):
                self.owners[account.name] = account
            return AccountResult(account.name, "unchanged")

        accounts = list(platform.accounts())
        self._do(accounts, look, lambda account: AccountResult(account.name, "skipped"))

    def failure_of(self, access_key: str) -> AccountResult:
        """Return the failure for a key that was not found."""
        answer = self.missing[access_key]
        if answer.kind != "side_effect_refused":
            answer = CredentialsError(
                "not_found",
                f"compromised: {access_key} belongs to no account of this endpoint, and no record"
                " knows it; nothing was revoked.",
                next_step="Look at the other endpoints; s3_credential_info shows whose a key is.",
            )
        return failed(answer, AccountResult(account=None, action="skipped", access_key=access_key))

    def _note(self, name: str, found: set[str], stored: Stored | None = None) -> bool:
        with self._lock:
            for access_key in found:
                self.missing.pop(access_key, None)
            if found and stored is not None:
                self.records[name] = stored
        return bool(found)

    def _do(
        self,
        items: Sequence[T],
        look: Callable[[T], AccountResult],
        identify: Callable[[T], AccountResult],
    ) -> None:
        results = each(items, look, identify, parallelism=self._parallelism)
        self.unread += [result for result in results if result.has_failed]


def _ref(account: Account) -> AccountRef:
    return AccountRef(id=account.id) if account.id else AccountRef(name=account.name)
