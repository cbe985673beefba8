# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators: they read what failed and do what it says; they acknowledge; they order."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .life import Life
from .program import Program
from .site import Site

Wanted = Mapping[str, Any]


@dataclass
class Order:
    """A run over one account that is repeated until it is done."""

    kind: str
    life: Life
    wanted: Wanted
    tries: int = 0


class Helping:
    """The operators of one site."""

    def __init__(self, site: Site, program: Program, dice: random.Random) -> None:
        self.site = site
        self.program = program
        self.dice = dice

    def help(self, life: Life) -> Optional[Order]:
        """Return what an operator does about an account's failure who reads the message."""
        advice = life.advice
        if not advice or life.is_gone or life.is_suspended or life.is_over:
            return None
        more: dict[str, Any] = {}
        if "replaces" in advice:
            strays = self._strays(life)
            if strays:
                more["replaces"] = [self.dice.choice(strays)]
                life.given_up.update(more["replaces"])
                self.site.planted -= set(more["replaces"])
                # Where there is no room, it goes before the new one works.
                life.may_cut = True
        if "force" in advice:
            more["force"] = True
        if not more:
            return None
        more |= {"adopt": "rotate", "allow_disruption": True}
        return Order("help", life, self.program.named(life.name, **more))

    def _strays(self, life: Life) -> list[str]:
        record = self.site.record(life)
        known = record.known_access_keys() if record else frozenset()
        names = {self.site.simulator.name_of(key): key for key in known}
        strays = [key for key in sorted(life.alive) if key not in known and key not in names]
        # Those that a run of ours made and lost go first; a colleague's only where nothing else is.
        ours = [key for key in strays if key in life.born] or strays
        return [self.site.simulator.name_of(key) for key in ours]

    def acknowledge(self, share: float) -> Optional[Wanted]:
        """Return the acknowledgement of a share of the keys that wait for it."""
        if not self.program.is_explicit:
            return None
        users = []
        for life in self.site.living():
            record = self.site.record(life)
            current = record.current if record else None
            waits = current is not None and current.acknowledged_at is None
            if waits and current and current.access_key and self.dice.random() < share:
                users.append({"name": life.name, "access_key": current.access_key})
        if not users:
            return None
        options = self.program.usual(users=users, state="acknowledged")
        del options["all"]
        return options

    def order(self) -> Optional[Order]:
        """Draw something that an operator wants of one account."""
        orders: tuple[Callable[[Life], Optional[Order]], ...] = (
            self._force,
            self._by_id,
            self._roll_back,
            self._emergency,
            self._emergency,
            self._decommission,
        )
        lives = [
            life
            for life in self.site.living()
            if not (life.excuse or life.is_over or life.is_suspended or life.may_cut)
        ]
        return self.dice.choice(orders)(self.dice.choice(lives)) if lives else None

    def _force(self, life: Life) -> Optional[Order]:
        return Order("force", life, self.program.named(life.name, force=True, adopt="rotate"))

    def _by_id(self, life: Life) -> Optional[Order]:
        name = f"change-{self.dice.randrange(1000)}"
        wanted = self.program.named(life.name, rotation_id=name, adopt="rotate")
        return Order("rotation_id", life, wanted)

    def _roll_back(self, life: Life) -> Optional[Order]:
        record = self.site.record(life)
        retiring = record.retiring if record else ()
        if not self.site.facts.overlap or not retiring or retiring[-1].compromised:
            return None
        until = "2026-01-01T00:00:00Z"  # no hold: the schedule goes on
        wanted = self.program.named(life.name, state="rolled_back", hold_until=until)
        return Order("roll back", life, wanted)

    def _emergency(self, life: Life) -> Optional[Order]:
        record, facts = self.site.record(life), self.site.facts
        current = record.current if record else None
        if current is None or not current.access_key or self.site.form.mails_pairs:
            return None
        if facts.overlap and not (facts.can_disable or facts.can_delete):
            return None
        more: dict[str, Any] = {"compromised": [current.access_key], "reason": "found in a log"}
        if facts.overlap and self.dice.random() < 0.3:
            more |= {"cut_first": True, "allow_disruption": True}
            life.may_cut = True
        life.given_up.add(current.access_key)
        return Order("emergency", life, self.program.named(life.name, **more))

    def _decommission(self, life: Life) -> Optional[Order]:
        facts, record = self.site.facts, self.site.record(life)
        can_end = facts.shows_access_key and (facts.can_disable or facts.can_delete)
        if self.dice.random() < 0.7 or not can_end or record is None or not record.is_managed:
            return None
        life.is_over = True
        wanted = self.program.named(life.name, state="decommissioned", allow_disruption=True)
        return Order("decommission", life, wanted)
