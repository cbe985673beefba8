# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account on the desk: its record, what the platform shows, and the ways to change both."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from .clock import iso
from .copies import copied
from .errors import CredentialsError
from .model import ACTIVE, INACTIVE, AccessKey, Account, AccountRef
from .pacing import waits
from .record import KeyIntent, Pending, Record
from .rotation_delete import delete_key
from .rotation_desk import Desk
from .rotation_known import knowing
from .rotation_lag import caught_up, is_behind, is_outdated
from .rotation_policy import Policy
from .stores.base import Lease, Stored

#: What a turn did, the most telling first: the result's action is the first that happened.
PRECEDENCE = (
    "recovered",
    "delivered",
    "rotated",
    "rolled_back",
    "resumed",
    "adopted",
    "decommissioned",
    "acknowledged",
    "deleted",
    "disabled",
    "still_honoured",
    "still_used",
    "skipped",
    "announced",
    "unmanaged",
    "unchanged",
)


#: Purposes of deletions of keys that this very turn or record made.
_OURS_FOR_SURE = ("withdraw",)


class Case:
    """One account's turn. All changes of record and platform go through here."""

    def __init__(self, desk: Desk, account: Account, policy: Policy, stored: Stored | None) -> None:
        self.desk = desk
        self.account = account
        self.policy = policy
        self.place = desk.place(account)
        self.lease: Lease | None = None
        self._version = stored.version if stored else None
        self._record = stored.record if stored else None
        #: What the record was at the start of the turn.
        self.before = self._record
        #: When the pending pair was accepted in this turn; it is stored with the promotion.
        self.verified_at: dt.datetime | None = None
        self._keys: list[AccessKey] | None = None
        #: The keys as this turn first saw them, and as it last knew them; None: not looked at.
        self.first_seen: list[AccessKey] | None = None
        self.last_seen: list[AccessKey] | None = None
        #: Lines that may not stand in the journal yet, those of an earlier run among them.
        self._unwritten: tuple[Mapping[str, Any], ...] = self.before.outbox if self.before else ()
        self._intended_at: float | None = None
        #: Actions of this turn with their reasons, and facts for the result's details.
        self.done: list[tuple[str, str]] = []
        self.details: dict[str, Any] = {}
        #: A write to the store or the platform was begun in this turn.
        self.has_acted = False
        #: A new key became the current one in this turn: no other rotation begins.
        self.has_promoted = False
        #: Something at the platform was changed, whatever became of the turn.
        self.touched = False
        self.stops_endpoint = False
        #: The current access key that the platform has ended: gone, disabled or expired.
        self.lost: str | None = None
        #: What an old key's end failed of, raised when the rest of the turn is done.
        self.old_key_trouble: CredentialsError | None = None
        self.journal_trouble: CredentialsError | None = None

    # --- the record ----------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        """The record as last stored; a blank one where there is none yet."""
        if self._record is not None:
            return self._record
        return Record(
            platform=self.place.platform,
            endpoints=(self.place.endpoint,),
            account=self.account.name,
            account_id=self.account.id,
            scope=dict(self.desk.scope),
        )

    @property
    def before_is_managed(self) -> bool:
        """Whether the account was managed when the turn began."""
        return self.before is not None and self.before.is_managed

    @property
    def has_lost_current(self) -> bool:
        """Whether the platform has ended the current key, so that nobody is to be told of it."""
        current = self.record.current
        return self.lost is not None and current is not None and current.access_key == self.lost

    @property
    def run(self) -> str | None:
        """What our own writes name as their run."""
        return self.lease.run if self.lease else None

    @property
    def has_record(self) -> bool:
        """Whether the store has a record of the account."""
        return self._record is not None

    def save(
        self, record: Record, event: str | None = None, leased: bool = True, **facts: Any
    ) -> None:
        """Store a record in place of the last one, with the journal's line of what happened.

        The line travels in the record until it stands in the journal, so that a kill between the
        two loses none. leased false: also where the lease is unsure, for a pair that exists nowhere
        else; the check-and-set alone keeps it safe. Raises busy, store_*; then the record is as it
        was, or nobody knows.
        """
        desk = self.desk
        # From here on: the store may take its time, and the call must be sent soon or not at all.
        began = desk.clock.monotonic()
        entries = self._unwritten
        if len(desk.endpoints) > 1:
            facts["endpoints"] = ", ".join(desk.endpoints)
        if event is not None and desk.journal.path is not None:
            entries = (*entries, desk.journal.entry(self.account.name, event, **_plain(facts)))
        if leased:
            self.require_lease(writing=False)
        self.has_acted = True
        record = copied(
            record,
            outbox=entries,
            run=self.run,
            account_id=record.account_id or self.account.id,
            scope={**desk.scope, **record.scope},
        )
        stored = desk.store.write(self.place, record, self._version)
        self._record, self._version = stored.record, stored.version
        self.has_promoted = self.has_promoted or event in ("promoted", "delivered")
        self._intended_at = began
        self._unwritten = entries
        try:
            desk.journal.append(entries)
            if desk.journal.path is not None:
                self._unwritten = ()
        except CredentialsError as exc:
            # The lines are safe in the record. What has begun is finished, nothing else is begun.
            self.details["journal"], self.journal_trouble = exc.message, exc
            self.stops_endpoint = True

    def settle_journal(self) -> None:
        """Write the lines that an earlier run left in the record and not in the journal."""
        if self._unwritten and self.desk.journal.path is not None:
            self.desk.journal.settle(self._unwritten)
            self._unwritten = ()

    def destroy_old_versions(self) -> None:
        """Destroy what the store keeps of secrets that the record holds no more."""
        if self._record is not None:
            self.desk.store.destroy_old_versions(self.place, self._version)

    # --- the platform --------------------------------------------------------------------------

    @property
    def sees_keys(self) -> bool:
        """Whether the platform shows access keys at all."""
        return self.desk.facts.shows_access_key

    @property
    def keys(self) -> list[AccessKey]:
        """The account's keys as last looked at."""
        if self._keys is None:
            listed = self.account.listed_keys
            if listed is not None and is_outdated(self.record, listed, self.desk):
                # Nor is a rehearsal to go by it.
                self.account = dataclasses.replace(self.account, listed_keys=None)
                listed = None
            if listed is None or self.touched:
                return self.look()
            self.see(listed)
        return self._keys or []

    def forget_keys(self) -> None:
        """Let the next one who asks for the keys look again: a call of ours changed them."""
        self._keys = None
        self.touched = True

    def look(self, last_used: bool = False) -> list[AccessKey]:
        """Look at the account's keys now. Reads only."""
        if not self.sees_keys:
            self._keys = []
        else:
            for wait in waits(self.desk.facts.listing_lag):
                self.see(self.desk.platform.access_keys(knowing(self), last_used=last_used))
                if not is_behind(self.record, self.keys, self.account, self.desk):
                    break
                if self.desk.is_rehearsal:
                    # Nobody waits for a plan.
                    self.see(caught_up(self.record, self.keys, self.account, self.desk))
                    break
                self.desk.clock.sleep(wait)
        return self._keys or []

    def see(self, keys: Sequence[AccessKey]) -> None:
        """Take what was just looked at for the account's keys. Sends nothing."""
        self._keys = self.last_seen = list(keys)
        self.first_seen = self._keys if self.first_seen is None else self.first_seen

    def shown(self, access_key: str | None) -> AccessKey | None:
        """Return a key as last looked at, or None."""
        return next((key for key in self.keys if key.access_key == access_key), None)

    def is_whole(self, access_key: str | None) -> bool:
        """Tell whether every endpoint that is to hold a key shows it, as last looked at."""
        key = self.shown(access_key)
        return key is not None and not key.absent_at

    def unknown_keys(self) -> list[AccessKey]:
        """Return the keys that the platform shows and the record does not know."""
        known = self.record.known_access_keys()
        return [key for key in self.keys if key.access_key not in known]

    def change_key(self, action: str, access_key: str, purpose: str) -> AccessKey | None:
        """Disable, enable or delete a key; return it as it is afterwards, None when it is gone.

        The intent is stored before the call; an answer that never came leaves it there, and the
        next turn settles it. Afterwards the caller stores what it saw.
        """
        key = self.shown(access_key)
        if key is None and action == "delete" and purpose in _OURS_FOR_SURE:
            # A listing may lag: what we made ourselves is deleted by its name.
            key = AccessKey(access_key, self.account)
        if key is None and action == "delete":
            return None
        if key is None:
            raise self.fail(
                "not_found",
                f"{access_key} of {self.account.name} is no longer there: it cannot be {action}d.",
            )
        if key.immutable:
            raise self.fail("immutable", f"{access_key} is immutable: it is not {action}d.")
        intent = KeyIntent(
            action,
            access_key,
            self.desk.now(),
            self.desk.run,
            purpose,
            self.policy.settle.total_seconds(),
        )
        self.save(
            dataclasses.replace(self.record, intent=intent),
            f"{action}_intended",
            access_key=access_key,
            why=purpose,
        )
        try:
            changed = self._send_change(action, key)
        except CredentialsError as exc:
            if exc.landed is False:
                self.save(
                    dataclasses.replace(self.record, intent=None),
                    f"{action}_refused",
                    access_key=access_key,
                    why=exc.kind,
                )
                raise
            self.touched = True
            raise
        self.touched = True
        others = [other for other in self.keys if other.access_key != access_key]
        self.see([*others, *([changed] if changed is not None else [])])
        return changed

    def _send_change(self, action: str, key: AccessKey) -> AccessKey | None:
        platform = self.desk.platform
        if action == "delete":
            delete_key(self, key)
            return None
        status = ACTIVE if action == "enable" else INACTIVE
        now = platform.set_access_key(key, status)
        if now.status != status:
            raise self.fail(
                "unsupported",
                f"{platform.title} answered success, but {key.access_key} is still {now.status}.",
                alive=f"{key.access_key} ({now.status})",
            )
        return now

    # --- time, rights, results -----------------------------------------------------------------

    def wait_settled(self, intent: Pending | KeyIntent) -> None:
        """Wait until a call whose answer was lost can no longer land.

        It was sent within one settle of its intent, or not at all (see require_lease), and lands
        within another one.
        """
        longest = max(intent.settle, self.desk.facts.listing_lag)
        settle = max(self.policy.settle, dt.timedelta(seconds=longest))
        is_mine = intent.run == self.desk.run
        wait = settle if is_mine else intent.started_at + 2 * settle - self.desk.now()
        wait = max(dt.timedelta(), min(wait, 2 * settle))
        self.desk.clock.sleep(wait.total_seconds())

    def require_lease(self, writing: bool = True) -> None:
        """Raise busy unless this turn is certainly the account's only writer. Sends nothing.

        writing: to the platform; then the intent must be fresh too, so that whoever finds it knows
        when it can no longer be sent.
        """
        if self.lease is not None and not self.lease.is_sure():
            raise self.fail(
                "busy",
                f"The lease on {self.account.name} may have been lost; nothing more is sent.",
            )
        if not writing or self._intended_at is None:
            return
        late = self.desk.clock.monotonic() - self._intended_at
        if late > self.policy.settle.total_seconds():
            raise self.fail(
                "busy",
                f"The call for {self.account.name} was not sent: {late:.0f} s have passed since"
                " its intent was stored.",
                next_step="Run again; raise settle where pacing makes calls wait that long.",
            )

    def take(self, stored: Stored) -> None:
        """Go on from the record as the store has it: our own write, its answer being lost."""
        self._record, self._version = stored.record, stored.version
        self._unwritten = ()

    def rename(self, action: str, better: str) -> None:
        """Give what was done in this turn a more telling word."""
        self.done = [(better if done == action else done, why) for done, why in self.done]

    def did(self, action: str, why: str) -> None:
        """Note an action of this turn for the result."""
        self.done.append((action, why))

    def outcome(self) -> tuple[str, str]:
        """Return the most telling action of this turn, and why."""
        for action in PRECEDENCE:
            for done, why in self.done:
                if done == action:
                    return action, why
        return "unchanged", "nothing is due"

    def fail(self, kind: str, message: str, **context: Any) -> CredentialsError:
        """Return an error of this account."""
        context.setdefault("account", self.account.name)
        return self.desk.platform.fail(kind, message, **context)

    def ref(self) -> AccountRef:
        """Return the account's most certain name."""
        account = self.account
        return AccountRef(id=account.id) if account.id else AccountRef(name=account.name)


def held_here(case: Case, record: Record) -> Record:
    """Return the record saying that its pair is held by the endpoints of this run, and no other."""
    desk = case.desk
    scope = {n: value for n, value in record.scope.items() if "@" not in n or n in desk.scope}
    return copied(record, endpoints=desk.endpoints, scope={**desk.scope, **scope})


def names(keys: Sequence[AccessKey]) -> str:
    """Return access keys for a message."""
    return ", ".join(f"{key.access_key} ({_state(key)})" for key in keys) or "none"


def _state(key: AccessKey) -> str:
    return f"{key.status}, not at {' and '.join(key.absent_at)}" if key.absent_at else key.status


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: iso(value) if isinstance(value, dt.datetime) else value
        for name, value in facts.items()
        if value not in (None, "", [], ())
    }
