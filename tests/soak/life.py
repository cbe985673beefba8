# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the soak knows of one account: its keys and who made them, and why it is excused."""

from __future__ import annotations

from collections import deque
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.tests.kill.journals import Transitions
from ansible_collections.objectstore.credentials.tests.kill.virtual import DAY
from ansible_collections.objectstore.credentials.tests.kill.world import Moment

#: Lines of an account's story that are kept.
_STORY = 120


class Life:
    """One account of the soak."""

    def __init__(self, name: str, account_id: str, since: float) -> None:
        self.name = name
        self.account_id = account_id
        #: Its moments since it was last judged.
        self.moments: list[Moment] = []
        self.records: dict[bytes, Record] = {}
        #: Access key -> when it came, of the keys that are there.
        self.alive: dict[str, float] = {}
        #: Keys that runs of ours made.
        self.born: set[str] = set()
        #: Why its promise is off, and since when; empty: it is not.
        self.excuse = ""
        self.excused_since = since
        self.is_gone = False
        self.is_suspended = False
        #: Under decommission, or renamed: it is no more to be managed under this name.
        self.is_over = False
        #: The operator ordered that its key be cut off before there is another.
        self.may_cut = False
        #: Keys that its record did not know at the end of a day: one from a backup forgets some.
        #: Nothing touches them until somebody says so; from then on only old keys' dates bind.
        self.strangers: set[str] = set()
        #: Keys that the operator gave up by name.
        self.given_up: set[str] = set()
        #: Keys that it had under another name when a run had looked at it already.
        self.known_before: set[str] = set()
        #: Its record is one that was restored from a backup, or was so once.
        self.was_restored = False
        #: Days on which nothing could be done for it, and how many there were at a key's birth.
        self.lost_days = 0.0
        self.lost_before: dict[str, float] = {}
        #: Retiring key -> when it was first seen retiring, and how many days were lost by then.
        self.retiring: dict[str, tuple[float, float]] = {}
        self.current: Optional[str] = None
        self.transitions = Transitions()
        #: Identifiers of the journal's lines that its records held.
        self.outbox: set[str] = set()
        #: What its row in the last run said.
        self.row: dict[str, Any] = {}
        #: What the messages have advised since it last succeeded.
        self.advice: set[str] = set()
        self.backups: list[bytes] = []
        self.story: deque[str] = deque(maxlen=_STORY)

    def tell(self, at: float, what: str) -> None:
        """Add a line to its story."""
        self.story.append(f"day {at / DAY:7.2f}  {what}")

    def excused(self, at: float, why: str) -> None:
        """From now on its promise is off, until it is rotated again."""
        self.excuse = f"{self.excuse}; {why}" if self.excuse else why
        self.excused_since = at

    def note(self, moment: Moment, record: Optional[Record]) -> None:
        """Note a moment."""
        self.moments.append(moment)
        for key in moment.keys:
            if key not in self.alive:
                self.alive[key] = moment.at
                self.lost_before[key] = self.lost_days
        self.alive = {key: at for key, at in self.alive.items() if key in moment.keys}
        if moment.stored is not None and record is None:
            return
        self.transitions.follow(record)
        names = [key.access_key for key in (record.retiring if record else ()) if key.access_key]
        if record and record.pending:
            # A rollback brings this one back: its dates begin anew if nothing comes of it.
            names = [name for name in names if name != record.pending.access_key]
        current = record.current.access_key if record and record.current else None
        if current != self.current:
            # Its consumers change over to this one: the grace of all old ones begins anew.
            self.current, self.retiring = current, {}
        self.retiring = {
            name: self.retiring.get(name, (moment.at, self.lost_days)) for name in names
        }
        for line in record.outbox if record else ():
            self.outbox.add(str(line.get("id")))
        self.tell(moment.at, f"{moment.cause}: {shown(moment, record)}")

    def forget(self) -> None:
        """Begin anew with the last moment: what was before is judged."""
        self.moments = self.moments[-1:]
        last = self.moments[-1].stored if self.moments else None
        self.records = {key: value for key, value in self.records.items() if key == last}
        self.lost_before = {k: days for k, days in self.lost_before.items() if k in self.alive}


def shown(moment: Moment, record: Optional[Record]) -> str:
    """Return what an account looked like."""
    keys = ", ".join(f"{key} {it.status}" for key, it in moment.keys.items())
    if record is None:
        return f"platform [{keys}]; no record"
    parts = [f"current {record.current.access_key if record.current else None}"]
    if record.retiring:
        parts.append(f"retiring {[key.access_key for key in record.retiring]}")
    if record.pending:
        parts.append(f"pending {record.pending.step} {record.pending.access_key}")
    if record.intent:
        parts.append(f"intent {record.intent.action} {record.intent.access_key}")
    return f"platform [{keys}]; {'; '.join(parts)}"
