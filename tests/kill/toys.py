# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Toy protocols: right ones, and wrong ones that the matrix must find guilty."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.journal import Journal
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
    AccountRef,
    Issued,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Pending,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place

from .runner import Engine, Runtime


class Toy:
    """A rotation of one account for one rotation_id; subclasses do it wrong."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.platform = runtime.platform
        self.platform.connect()
        name = runtime.wanted["users"][0]["name"]
        self.account: Account = self.platform.account(AccountRef(name=name))
        self.place = Place(self.platform.name, "lab", name)
        self.store = runtime.open_store()
        self.stored = self.store.read(self.place)
        self.journal = Journal(
            runtime.journal_path,
            run=runtime.run,
            platform=self.platform.name,
            endpoint="lab",
            clock=runtime.clock,
            redactor=runtime.redactor,
            environ={},
        )
        self.settle_journal()

    @property
    def record(self) -> Record:
        """The record as it was last read or written."""
        if self.stored is None:
            return Record(self.platform.name, ("lab",), self.account.name)
        return self.stored.record

    def settle_journal(self) -> None:
        """Write the line that a killed run left in the record."""
        self.journal.settle(self.record.outbox)

    def write(self, **changes: Any) -> None:
        """Write the record with changes."""
        record = dataclasses.replace(self.record, **{"outbox": (), **changes})
        version = self.stored.version if self.stored else None
        self.stored = self.store.write(self.place, record, version)

    def keys(self) -> list[AccessKey]:
        """Return the account's keys."""
        return self.platform.access_keys(self.account)

    def result(self, action: str, **extra: Any) -> dict[str, Any]:
        """Return what the module would."""
        account = {"account": self.account.name, "action": action, **extra}
        return {"changed": action != "unchanged", "accounts": [account]}

    def is_done(self) -> bool:
        """Whether this rotation is over."""
        wanted = self.runtime.wanted["rotation_id"]
        return any(past.rotation_id == wanted for past in self.record.rotations)

    def run(self) -> dict[str, Any]:
        """Rotate."""
        if self.is_done():
            return self.result("unchanged")
        self.rotate()
        return self.result("rotated")

    # --- the right order -----------------------------------------------------------------------

    def rotate(self) -> None:
        """Intend, issue, keep, promote; the old key stays."""
        if self.record.pending is None or self.record.pending.secret is None:
            # A call that was never answered may have made a key: nobody can tell, so leave it.
            self.intend()
            issued = self.issue()
            self.keep(issued)
        self.promote()

    def intend(self, pair: Optional[Pair] = None) -> None:
        """Say in the record what is about to happen."""
        now = self.runtime.clock.now()
        wanted = self.runtime.wanted["rotation_id"]
        keys = tuple(key.access_key for key in self.keys())
        intent = Pending(wanted, now, self.runtime.run, "1", keys_before=keys)
        if pair:
            intent = dataclasses.replace(
                intent, access_key=pair.access_key, secret=Secret(pair.secret_key)
            )
        self.write(pending=intent)

    def issue(self, pair: Optional[Pair] = None) -> Issued:
        """Make the key."""
        return self.platform.create_access_key(self.account, pair=pair)

    def keep(self, issued: Issued) -> None:
        """Store the pair."""
        assert self.record.pending is not None
        assert issued.pair is not None
        self.write(
            pending=dataclasses.replace(
                self.record.pending,
                step="kept",
                access_key=issued.pair.access_key,
                secret=Secret(issued.pair.secret_key),
            )
        )

    def promote(self) -> None:
        """Make it the current one."""
        pending, current = self.record.pending, self.record.current
        assert pending is not None
        line = self.journal.entry(self.account.name, "promoted", access_key=pending.access_key)
        self.write(
            outbox=(line,),
            current=HeldKey(pending.access_key, pending.secret),
            retiring=self.record.retiring + ((current,) if current else ()),
            pending=None,
            rotations=self.record.with_outcome(
                pending.rotation_id, "rotated", self.runtime.clock.now()
            ).rotations,
        )
        self.journal.append((line,))


class StoresLast(Toy):
    """Creates, deletes the old key, and only then stores."""

    def rotate(self) -> None:
        """Do it in the wrong order."""
        self.intend()
        known = self.record.known_access_keys()
        issued = self.issue()
        for key in self.keys():
            if key.access_key in known:
                self.platform.delete_access_key(key)
        self.keep(issued)
        self.promote()


class DeletesTheOldest(Toy):
    """Retires whatever is oldest, whoever made it."""

    def rotate(self) -> None:
        """Rotate well, then delete the wrong key."""
        super().rotate()
        current = self.record.current
        assert current is not None
        oldest = min(self.keys(), key=lambda key: (key.created_at, key.access_key))
        if oldest.access_key != current.access_key:
            self.platform.delete_access_key(oldest)


class GuessesTheNewest(Toy):
    """Takes a key that appeared during an unanswered call for its own, and deletes it."""

    def rotate(self) -> None:
        """Tidy up what a killed run may have made, by guessing."""
        pending = self.record.pending
        if pending is not None and pending.secret is None:
            for key in self.keys():
                if key.access_key not in pending.keys_before:
                    self.platform.delete_access_key(key)
        super().rotate()


class ForgetsItsIntent(Toy):
    """Takes a rotation for done once it is begun: a killed one is never finished."""

    def rotate(self) -> None:
        """Mark it as done first."""
        wanted = self.runtime.wanted["rotation_id"]
        now = self.runtime.clock.now()
        self.write(rotations=self.record.with_outcome(wanted, "rotated", now).rotations)
        super().rotate()


class NeverEnough(Toy):
    """Rotates at every run."""

    def is_done(self) -> bool:
        """Never."""
        return False


class Talks(Toy):
    """Returns the secret."""

    def run(self) -> dict[str, Any]:
        """Rotate, and tell too much."""
        result = super().run()
        pair = self.record.current.pair() if self.record.current else None
        return {**result, "note": pair.secret_key if pair else ""}


class LosesLines(Toy):
    """Forgets the line that a killed run left in the record."""

    def settle_journal(self) -> None:
        """Do nothing."""


class TellsTwice(Toy):
    """Writes the line that an earlier run left in the record, whether it stands there or not."""

    def settle_journal(self) -> None:
        """Write it once more."""
        self.journal.append(self.record.outbox)


class InPlace(Toy):
    """The right order where the old key dies at once: regenerate again what went unanswered."""

    def issue(self, pair: Optional[Pair] = None) -> Issued:
        """Replace the key."""
        return self.platform.regenerate_access_key(self.account, pair=pair)


class ForgetfulInPlace(InPlace):
    """The same, and takes whatever key it sees for what was promoted."""

    def rotate(self) -> None:
        """Regenerate only what looks as it did before."""
        pending = self.record.pending
        if pending is not None and [k.access_key for k in self.keys()] != list(pending.keys_before):
            self.write(pending=None)
            return
        super().rotate()


class ChosenInPlace(InPlace):
    """The right order with a pair of its own: stored, then sent, and sent again."""

    def rotate(self) -> None:
        """Store the chosen pair before the call."""
        if self.record.pending is None:
            self.intend(chosen_pair(self.runtime))
        pending = self.record.pending
        assert pending is not None
        if pending.access_key not in [key.access_key for key in self.keys()]:
            self.issue(pending.pair())
        self.promote()


class ChosenTooLate(ChosenInPlace):
    """Sends a pair of its own, and stores it afterwards."""

    def rotate(self) -> None:
        """Send first."""
        self.intend()
        self.keep(self.issue(chosen_pair(self.runtime)))
        self.promote()


def chosen_pair(runtime: Runtime) -> Pair:
    """Make up a pair."""
    import secrets

    return Pair("OURS" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30))


def engine_of(toy: type[Toy]) -> Engine:
    """Return a toy as the matrix runs it."""
    return lambda runtime: toy(runtime).run()


#: Toy -> the form to try it on, and the rule that it breaks (none: it is right).
TOYS: Mapping[type[Toy], tuple[str, Optional[str]]] = {
    Toy: ("osis", None),
    InPlace: ("ontap-9.14", None),
    ChosenInPlace: ("ontap-9.16.1", None),
    StoresLast: ("osis", "a stored pair works at every moment"),
    DeletesTheOldest: ("osis", "only what is known as ours is ended"),
    GuessesTheNewest: ("osis", "only what is known as ours is ended"),
    ForgetsItsIntent: ("osis", "left pending"),
    NeverEnough: ("osis", "a second run changes nothing"),
    LosesLines: ("osis", "journal"),
    TellsTwice: ("osis", "journal"),
    Talks: ("osis", "no secret in clear"),
    ForgetfulInPlace: ("ontap-9.14", "current works at the end"),
    ChosenTooLate: ("ontap-9.16.1", "a stored pair works at every moment"),
}
