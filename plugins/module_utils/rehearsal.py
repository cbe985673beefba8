# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode without a second truth: the engine itself runs, on stand-ins that only remember.

Reads go to the real platform and store; writes change a copy in memory. So the plan that is shown
is what the same code would do, and nothing can be sent by mistake.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from .clock import Clock
from .copies import copied
from .model import ACTIVE, AccessKey, Account, AccountRef, Issued, Pair
from .platform import Platform
from .record import Record
from .rotation_desk import Desk
from .stores.base import Lease, Place, SecretStore, Stored
from .verify import ACCEPTED, UNKNOWN_KEY, Verdict

#: Stands where a real run would have the access key that the platform makes.
NOT_MADE_YET = "(made by the platform)"


class _PlatformStandIn:
    """One account of a platform, as our calls would have changed it."""

    def __init__(self, platform: Platform, delivery: str) -> None:
        self._platform = platform
        self._by_mail = delivery == "email" and "email" in platform.facts.secret_comes_back
        self._keys: Optional[list[AccessKey]] = None
        self.made: set[str] = set()
        self.ended: set[str] = set()
        #: A key that is not shown was replaced: every pair but the new one is dead.
        self.has_replaced = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)

    def new_pair(self) -> Pair:
        """Return what stands for a pair that a real run would make up."""
        return Pair(NOT_MADE_YET, "")

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return the keys as they would be."""
        if self._keys is None:
            # What the listing of accounts showed is new enough for a rehearsal.
            listed = account.listed_keys
            if listed is None or last_used:
                listed = tuple(self._platform.access_keys(account, last_used=last_used))
            self._keys = list(listed)
        elif last_used:
            real = self._platform.access_keys(account, last_used=True)
            used = {key.access_key: key.last_used_at for key in real}
            self._keys = [
                dataclasses.replace(key, last_used_at=used.get(key.access_key))
                for key in self._keys
            ]
        return list(self._keys)

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Remember a key more."""
        pair = pair or Pair(NOT_MADE_YET, "")
        others = [k for k in self.access_keys(account) if k.access_key != pair.access_key]
        self._keys = [*others, self._made(account, pair, label)]
        return Issued(account, pair, created_at=self._platform.client.platform_now())

    def regenerate_access_key(
        self,
        account: Account,
        pair: Pair | None = None,
        slot: int | None = None,
        expected: Sequence[str] | None = None,
    ) -> Issued:
        """Remember the key replaced."""
        pair = pair or Pair(NOT_MADE_YET, "")
        self.made.add(pair.access_key)
        if self._by_mail:
            self.has_replaced = True
            return Issued(account, None, delivery="email")
        if not self._platform.facts.shows_access_key:
            self.has_replaced = True
        else:
            shown = {key.access_key for key in self.access_keys(account)}
            self.ended |= shown - {pair.access_key}
            self._keys = [self._made(account, pair, None)]
        return Issued(account, pair, created_at=self._platform.client.platform_now())

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Remember a key's status."""
        now = dataclasses.replace(key, status=status or key.status)
        if now.status == ACTIVE:
            # As good as made: the S3 service would take it.
            self.ended.discard(key.access_key)
            self.made.add(key.access_key)
        else:
            self.ended.add(key.access_key)
            self.made.discard(key.access_key)
        self._keys = [now if k.access_key == key.access_key else k for k in self._keys or ()]
        return now

    def delete_access_key(self, key: AccessKey) -> None:
        """Remember a key gone."""
        self.ended.add(key.access_key)
        self.made.discard(key.access_key)
        self._keys = [k for k in self._keys or () if k.access_key != key.access_key]

    def account(self, ref: AccountRef) -> Account:
        """Return the account as it really is. Reads only."""
        return self._platform.account(ref)

    def _made(self, account: Account, pair: Pair, label: str | None) -> AccessKey:
        self.made.add(pair.access_key)
        now = self._platform.client.platform_now()
        return AccessKey(pair.access_key, account, created_at=now, description=label)


class _StoreStandIn:
    """One record, as our writes would have changed it."""

    def __init__(self, store: SecretStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, place: Place, record: Record, expected: Any) -> Stored:
        """Remember a record."""
        return Stored(copied(record, serial=record.serial + 1), expected)

    def destroy_old_versions(self, place: Place, version: Any) -> None:
        """Destroy nothing."""

    @contextlib.contextmanager
    def lease(self, place: Place) -> Iterator[Lease]:
        """Hold nothing."""
        yield Lease()


class _VerifierStandIn:
    """Takes what would have been made, refuses what would have been ended, else really asks."""

    def __init__(self, verifier: Any, platform: _PlatformStandIn) -> None:
        self._verifier = verifier
        self._platform = platform

    def __getattr__(self, name: str) -> Any:
        return getattr(self._verifier, name)

    def prove(self, *_unused: Any, **_options: Any) -> None:
        """Take the probe for tested; a real run tests it."""

    def foresees_refusal(self, access_key: str | None) -> bool:
        """Tell whether a pair would be refused for what was rehearsed; its secret stays closed."""
        made = access_key in self._platform.made
        return not made and (self._platform.has_replaced or access_key in self._platform.ended)

    def has_forgotten(self, *_unused: Any, **_where: Any) -> bool:
        """Tell nothing: what a rehearsal ended is foreseen, and all else is asked with the pair."""
        return False

    def probe(self, pair: Pair, **where: Any) -> Verdict:
        """Return what one signed request would be answered."""
        if pair.access_key in self._platform.made:
            return Verdict(ACCEPTED, "it would be accepted")
        if self.foresees_refusal(pair.access_key):
            return Verdict(UNKNOWN_KEY, "it would be refused")
        verdict: Verdict = self._verifier.probe(pair, **where)
        return verdict

    def accept(self, pair: Pair, **where: Any) -> Verdict:
        """Take a pair for accepted: only a real run has the patience to find out."""
        if pair.access_key in self._platform.ended:
            return Verdict(UNKNOWN_KEY, "it would be refused")
        return Verdict(ACCEPTED, "it would be accepted")


class _JournalStandIn:
    """Writes no line."""

    #: No lines are made either.
    path = None

    def __init__(self, journal: Any) -> None:
        self._journal = journal

    def entry(self, account: str, event: str, **facts: Any) -> dict[str, Any]:
        """Return nothing worth keeping."""
        return {}

    def append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Write nothing."""

    def settle(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Write nothing."""

    def knows_later(self, account: str, moment: dt.datetime) -> bool:
        """Ask the real journal. Reads only."""
        return bool(self._journal.knows_later(account, moment))


class _EscrowStandIn:
    """Gives what was put there, and keeps nothing."""

    def __init__(self, escrow: Any) -> None:
        self._escrow = escrow

    def take(self, place: Place, attempt: str) -> Pair | None:
        """Return the pair of an attempt. Reads only."""
        pair: Pair | None = self._escrow.take(place, attempt)
        return pair

    def attempts(self, place: Place) -> list[str]:
        """Return the attempts of an account whose pairs lie there. Reads only."""
        return list(self._escrow.attempts(place))

    def put(self, place: Place, pair: Pair, attempt: str) -> str:
        """Keep nothing."""
        return "the escrow"

    def remove(self, place: Place, attempt: str) -> None:
        """Remove nothing."""


class _ClockStandIn(Clock):
    """Does not wait."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.offset)
        self._clock = clock

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def rehearsed(desk: Desk, delivery: str = "inline") -> Desk:
    """Return a desk for one account on which nothing is really done.

    delivery: how the operator says that the platform delivers new pairs.
    """
    platform = _PlatformStandIn(desk.platform, delivery)
    return dataclasses.replace(
        desk,
        platform=platform,  # type: ignore[arg-type]  # stands in for one
        store=_StoreStandIn(desk.store),  # type: ignore[arg-type]  # stands in for one
        verifier=_VerifierStandIn(desk.verifier, platform),  # type: ignore[arg-type]  # same
        journal=_JournalStandIn(desk.journal),  # type: ignore[arg-type]  # same
        clock=_ClockStandIn(desk.clock),
        escrow=_EscrowStandIn(desk.escrow) if desk.escrow else None,  # type: ignore[arg-type]  # same
        is_rehearsal=True,
    )


def is_made_up(access_key: str | None) -> bool:
    """Tell whether an access key of a rehearsal does not exist yet."""
    return access_key == NOT_MADE_YET
