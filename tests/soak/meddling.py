# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators' interference from outside: what colleagues do to accounts that are ours."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Callable, Optional

from .life import Life
from .referee import Referee
from .site import Site

#: How many backups of a record are kept.
_BACKUPS = 3


class Meddling:
    """The colleagues of one site. Each deed is judged apart, and excuses what it harms."""

    def __init__(self, site: Site, referee: Referee, dice: random.Random) -> None:
        self.site = site
        self.referee = referee
        self.dice = dice
        #: Chains of the journal whose last line somebody took, and the lines' identifiers.
        self.cut: dict[str, set[str]] = {}
        deeds: tuple[tuple[int, Callable[[Life], Optional[str]]], ...] = (
            (6, self._make_key),
            (5, self._delete_foreign_key),
            (3, self._delete_our_key),
            (2, self._disable_key),
            (2, self._suspend),
            (3, self._let_in),
            (1, self._remove),
            (1, self._rename),
            (2, self._join),
            (2, self._describe),
        )
        self._deeds = [deed for weight, deed in deeds for _unused in range(weight)]

    def meddle(self) -> None:
        """Do something to somebody."""
        lives = self.site.living()
        if not lives:
            return
        self._do(self.dice.choice(self._deeds), self.dice.choice(lives))

    def between_runs(self) -> None:
        """Do something that nobody can do while a run is at it."""
        choice = self.dice.random()
        if choice < 0.1:
            self._do(self._restore, self.dice.choice(self.site.living()))
        elif choice < 0.15:
            self._cut_journal()
        else:
            self.meddle()

    def _do(self, deed: Callable[[Life], Optional[str]], life: Life) -> None:
        self.site.look("before the hands of somebody else")
        self.referee.judge()
        what = deed(life)
        if what is None:
            return
        self.site.count[f"outside: {deed.__name__.strip('_').replace('_', ' ')}"] += 1
        self.site.outside([life], what)

    # --- deeds: each returns what was done, or None where there was nothing to do -----------------

    def _make_key(self, life: Life) -> Optional[str]:
        made = self.site.hands.make_key(life.account_id)
        if made is None:
            return None
        record = self.site.record(life)
        if self.site.facts.overlap and record is not None and record.is_managed:
            self.site.planted.add(made)
        if not self.site.facts.overlap or self.site.mirror is not None:
            life.excused(self.site.memory.seconds, "a colleague replaced its key")
        return f"a key was made: {made}"

    def _delete_foreign_key(self, life: Life) -> Optional[str]:
        # Whoever made one tidies up more often than not.
        found = [
            (each, key)
            for each in self.site.living()
            for key in sorted(each.alive)
            if key in self.site.planted
        ]
        if not found:
            return None
        owner, key = self.dice.choice(found)
        self.site.hands.delete_key(owner.account_id, key)
        owner.tell(self.site.memory.seconds, f"OUTSIDE: the colleague's key {key} was deleted")
        return f"a colleague's key was deleted: {key}"

    def _delete_our_key(self, life: Life) -> Optional[str]:
        keys = sorted(set(life.alive) - self.site.planted)
        if not keys:
            return None
        key = self.dice.choice(keys)
        if not self.site.hands.delete_key(life.account_id, key):
            return None
        life.excused(self.site.memory.seconds, "its key was deleted")
        return f"deleted {key}"

    def _disable_key(self, life: Life) -> Optional[str]:
        if not life.alive:
            return None
        key = self.dice.choice(sorted(life.alive))
        if not self.site.hands.disable_key(life.account_id, key):
            return None
        if key not in self.site.planted:
            life.excused(self.site.memory.seconds, "its key was disabled")
        return f"disabled {key}"

    def _suspend(self, life: Life) -> Optional[str]:
        if life.is_suspended or not self.site.hands.suspend(life.account_id):
            return None
        life.is_suspended = True
        life.excused(self.site.memory.seconds, "it was suspended")
        return "suspended"

    def _let_in(self, life: Life) -> Optional[str]:
        shut = [each for each in self.site.living() if each.is_suspended]
        if not shut:
            return None
        self.let_in(self.dice.choice(shut))
        return "somebody was let in"

    def let_in(self, life: Life) -> None:
        """Let a suspended user in again: its keys are what they were."""
        self.site.hands.suspend(life.account_id, is_off=False)
        life.is_suspended = False
        life.tell(self.site.memory.seconds, "OUTSIDE: let in again")
        if life.excuse == "it was suspended":
            life.excuse = ""

    def _remove(self, life: Life) -> Optional[str]:
        if len(self.site.living()) < 3 or not self.site.hands.remove(life.account_id):
            return None
        life.is_gone = True
        life.excused(self.site.memory.seconds, "it was removed")
        return "removed"

    def _rename(self, life: Life) -> Optional[str]:
        name = self.site.next_name()
        if self.site.mirror is not None or not self.site.hands.rename(life.account_id, name):
            return None
        self.site.ids[name] = life.account_id
        renamed = self.site.lives[name] = Life(name, life.account_id, self.site.memory.seconds)
        renamed.tell(self.site.memory.seconds, f"OUTSIDE: it was {life.name} so far")
        renamed.born = set(life.born)
        record = self.site.record(life)
        renamed.known_before = set(record.known_access_keys()) if record else set()
        life.is_gone = True
        life.excused(self.site.memory.seconds, "it was renamed")
        self.site.look("the hands of somebody else")
        return f"renamed to {name}"

    def _join(self, life: Life) -> Optional[str]:
        joined = self.site.join()
        self.site.look("the hands of somebody else")
        joined.tell(self.site.memory.seconds, "OUTSIDE: it came")
        return f"{joined.name} came"

    def _describe(self, life: Life) -> Optional[str]:
        if not life.alive:
            return None
        key = self.dice.choice(sorted(life.alive))
        text = self.dice.choice(("mine, do not touch", "", "objectstore.credentials"))
        if not self.site.hands.describe(life.account_id, key, text):
            return None
        return f"described {key} as {text!r}"

    def back_up(self) -> None:
        """Keep a backup of every record."""
        for life in self.site.living():
            stored = life.moments[-1].stored if life.moments else None
            if stored is not None:
                life.backups = [*life.backups, stored][-_BACKUPS:]

    def _restore(self, life: Life) -> Optional[str]:
        if not life.backups or life.backups[0] == life.moments[-1].stored:
            return None
        self.site.keeper.restore(self.site, life.name, life.backups[0])
        life.was_restored = True
        life.excused(self.site.memory.seconds, "its record was restored from a backup")
        return "its record was restored from a backup"

    def _cut_journal(self) -> None:
        paths = sorted((self.site.directory / "journal").rglob("*.jsonl"))
        if not paths:
            return
        path = self.dice.choice(paths)
        lines = path.read_bytes().splitlines(keepends=True)
        if len(lines) < 2:
            return
        path.write_bytes(b"".join(lines[:-1]))
        lost = self.cut.setdefault(str(path), set())
        with contextlib.suppress(ValueError):
            lost.add(str(json.loads(lines[-1]).get("id")))
        self.site.count["outside: cut journal"] += 1
