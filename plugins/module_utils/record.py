# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of one account: the write-ahead log of its rotations, and the pairs themselves.

Everything here is a value: a step of a rotation makes a new record from an old one. Only Secret is
opaque, so that each store keeps secret keys in its own way and opens them only when a signature
needs one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .copies import copied
from .errors import missing
from .model import Pair
from .record_moves import Move

#: How many past rotations a record remembers.
MOST_ROTATIONS = 20


class Secret:
    """A secret key, at hand or sealed; open() gives it, nothing prints it.

    sealed: what the store keeps in its place (a ciphertext). It moves along when a key changes its
    place in the record, so that a secret is encrypted once. opener: turns it back into the secret.
    """

    __slots__ = ("_opener", "_plain", "sealed")

    def __init__(
        self,
        plain: str | None = None,
        sealed: Any = None,
        opener: Callable[[Any], str] | None = None,
    ) -> None:
        self._plain = plain
        self.sealed = sealed
        self._opener = opener

    def open(self) -> str:
        """Return the secret key. Raises store_unreadable when it cannot be decrypted."""
        if self._plain is None:
            if self._opener is None:
                raise missing("self._opener")
            self._plain = self._opener(self.sealed)
        return self._plain

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True)
class HeldKey:
    """One access key that the record knows, and its secret key where that was ever at hand."""

    #: None where the platform shows none and delivered the pair elsewhere.
    access_key: Optional[str]
    #: None: adopted as it stood, or delivered by e-mail.
    secret: Optional[Secret] = field(default=None, compare=False)
    #: "issued" by us, "imported" with its secret, "adopted" without, "delivered" by the platform.
    origin: str = "issued"
    rotation_id: Optional[str] = None
    #: The attempt that made it in place; an escrow file may have its name.
    attempt: Optional[str] = None
    #: When the platform made it, by the platform's clock; None: unknown.
    created_at: Optional[dt.datetime] = None
    expires_at: Optional[dt.datetime] = None
    slot: Optional[int] = None
    #: When a signed request was last accepted; None: never verified.
    verified_at: Optional[dt.datetime] = None
    promoted_at: Optional[dt.datetime] = None
    #: When the consumers were known to have it.
    acknowledged_at: Optional[dt.datetime] = None
    retiring_since: Optional[dt.datetime] = None
    #: When we first saw it disabled, and the run that did: it is deleted by a later one.
    disabled_at: Optional[dt.datetime] = None
    disabled_in: Optional[str] = None
    #: When the platform was first seen without it.
    deleted_at: Optional[dt.datetime] = None
    #: When a signed request with it was last accepted although it is disabled or deleted.
    honoured_at: Optional[dt.datetime] = None
    #: Why it counts as compromised; never rolled back to.
    compromised: Optional[str] = None

    def retired(self, now: dt.datetime, compromised: str | None = None) -> HeldKey:
        """Return the key as it enters retirement: it has no acknowledgement to lose."""
        return copied(
            self,
            retiring_since=now,
            acknowledged_at=None,
            compromised=compromised or self.compromised,
        )

    def pair(self) -> Pair | None:
        """Return access key and secret key, or None where either is unknown."""
        if self.access_key is None or self.secret is None:
            return None
        return Pair(self.access_key, self.secret.open())


@dataclass(frozen=True)
class Pending:
    """A rotation under way: what was intended before anything was sent, and what came of it."""

    rotation_id: str
    #: By the platform's clock; written before the first call.
    started_at: dt.datetime
    #: The run that began it.
    run: str
    #: Names this attempt; the label of the new key where the platform has labels.
    attempt: str
    #: "intended": a call may have been sent. "kept": the pair is stored here, and to be verified.
    #: "withdrawn": the new key was refused and is to be deleted.
    step: str = "intended"
    why: str = ""
    #: "rotate", or "rollback": then access_key is the old key that becomes current again.
    purpose: str = "rotate"
    #: Access keys that the platform showed before, as "key@endpoint" where not all of several
    #: endpoints did; where it shows none, the record's own.
    keys_before: tuple[str, ...] = ()
    #: Where the pair goes, if to more than one endpoint.
    endpoints: tuple[str, ...] = ()
    #: Which of them the new key replaces: they become retiring when it is promoted.
    replaces: tuple[str, ...] = ()
    #: In place: what a lost answer left there, whose secret nobody has. Until it is replaced no
    #: stored pair works, so a call that came to nothing is no reason to forget it.
    repairs: str = ""
    #: The chosen pair, before it is sent; later the pair that the platform issued.
    access_key: Optional[str] = None
    secret: Optional[Secret] = field(default=None, compare=False)
    slot: Optional[int] = None
    created_at: Optional[dt.datetime] = None
    expires_at: Optional[dt.datetime] = None
    verified_at: Optional[dt.datetime] = None
    #: "inline", or "email" where the platform delivered the pair.
    delivery: str = "inline"
    #: Why the key it replaces counts as compromised: it is then revoked in the same run.
    compromised: Optional[str] = None
    #: Seconds within which its call is sent, and within which a sent call lands.
    settle: float = 0.0

    def pair(self) -> Pair | None:
        """Return the chosen or issued pair, or None."""
        if self.access_key is None or self.secret is None:
            return None
        return Pair(self.access_key, self.secret.open())


@dataclass(frozen=True)
class KeyIntent:
    """A change of one key's state that was about to be sent: its outcome is not known yet."""

    #: "disable", "enable" or "delete".
    action: str
    access_key: str
    started_at: dt.datetime
    run: str
    #: What for: "retire", "rollback", "withdraw", "stray", "emergency", "decommission".
    purpose: str = "retire"
    #: Seconds within which the call is sent, and within which a sent call lands.
    settle: float = 0.0


@dataclass(frozen=True)
class PastRotation:
    """What became of one rotation."""

    rotation_id: str
    outcome: str
    at: dt.datetime


@dataclass(frozen=True)
class Hold:
    """Why the schedule leaves an account alone, and until when (None: until released)."""

    since: dt.datetime
    reason: str
    until: Optional[dt.datetime] = None


@dataclass(frozen=True)
class Decommission:
    """An account whose keys are being ended for good; done_at makes the record a tombstone."""

    since: dt.datetime
    reason: str = ""
    done_at: Optional[dt.datetime] = None


@dataclass(frozen=True)
class Record:
    """The secret store's entry for one account."""

    platform: str
    #: The operator's names for the endpoints that hold these keys; its own comes first.
    endpoints: tuple[str, ...]
    account: str
    account_id: Optional[str] = None
    #: Immutable identifiers of the scope ({"svm": uuid}), compared at every read.
    scope: Mapping[str, str] = field(default_factory=dict)
    current: Optional[HeldKey] = None
    pending: Optional[Pending] = None
    retiring: tuple[HeldKey, ...] = ()
    intent: Optional[KeyIntent] = None
    rotations: tuple[PastRotation, ...] = ()
    held: Optional[Hold] = None
    decommission: Optional[Decommission] = None
    #: Labels of keys whose making was never answered: found later, they are ours to retire.
    lost_labels: tuple[str, ...] = ()
    #: Keys that appeared while a call of ours went unanswered: maybe ours, never touched.
    suspects: tuple[str, ...] = ()
    #: Compromised keys that were ended here: naming them again is no mistake.
    revoked: tuple[str, ...] = ()
    #: Lines of the journal that may not have been written to it yet.
    outbox: tuple[Mapping[str, Any], ...] = ()
    #: To which store it goes or went, and from which it came.
    moved_to: Optional[Move] = None
    moved_from: Optional[Move] = None
    #: The run that works on this account; None between runs. Meaningful to stores with leases.
    run: Optional[str] = None
    #: Counts the writes, and names the writer of this one: a write whose answer was lost is
    #: recognised by it.
    serial: int = 0
    nonce: str = ""

    @property
    def is_managed(self) -> bool:
        """Whether the record has a current key."""
        return self.current is not None

    @property
    def is_open(self) -> bool:
        """Whether a rotation, or a change of a key, was begun and is not finished."""
        return self.pending is not None or self.intent is not None

    def held_keys(self) -> tuple[HeldKey, ...]:
        """Return the current and the retiring keys."""
        return (() if self.current is None else (self.current,)) + self.retiring

    def known_access_keys(self) -> frozenset[str]:
        """Return every access key that the record says is ours."""
        known = {key.access_key for key in self.held_keys() if key.access_key}
        if self.pending is not None and self.pending.access_key:
            known.add(self.pending.access_key)
        return frozenset(known)

    def holds(self, access_key: str) -> bool:
        """Tell whether the record knows an access key as its own."""
        return access_key in self.known_access_keys()

    def retiring_key(self, access_key: str) -> HeldKey | None:
        """Return a retiring key by its access key."""
        for key in self.retiring:
            if key.access_key == access_key:
                return key
        return None

    def with_retiring(self, key: HeldKey) -> Record:
        """Return the record with a retiring key added, or changed where it has it already."""
        others = tuple(old for old in self.retiring if old.access_key != key.access_key)
        place = len(self.retiring)
        for index, old in enumerate(self.retiring):
            if old.access_key == key.access_key:
                place = index
        return copied(self, retiring=(*others[:place], key, *others[place:]))

    def without_retiring(self, access_key: str | None) -> Record:
        """Return the record without a retiring key and its secret."""
        gone = [key for key in self.retiring if key.access_key == access_key]
        kept = tuple(key for key in self.retiring if key.access_key != access_key)
        ended = [key.access_key for key in gone if key.compromised and key.access_key]
        return copied(self, retiring=kept, revoked=(*self.revoked, *ended)[-MOST_ROTATIONS:])

    def with_outcome(self, rotation_id: str, outcome: str, at: dt.datetime) -> Record:
        """Return the record remembering what became of a rotation."""
        past = tuple(old for old in self.rotations if old.rotation_id != rotation_id)
        rotations = (*past, PastRotation(rotation_id, outcome, at))[-MOST_ROTATIONS:]
        return copied(self, rotations=rotations)

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret in the record."""
        found = [key.secret for key in self.held_keys()]
        found.append(self.pending.secret if self.pending else None)
        return tuple(secret for secret in found if secret is not None)
