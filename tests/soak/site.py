# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One endpoint of the soak: a world of the kill matrix with many accounts, each with a past."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.tests.kill import wire
from ansible_collections.objectstore.credentials.tests.kill.arena import tell_facts
from ansible_collections.objectstore.credentials.tests.kill.forms import STORE_PORT, Form
from ansible_collections.objectstore.credentials.tests.kill.keepers import Keeper
from ansible_collections.objectstore.credentials.tests.kill.plan import (
    Action,
    Plan,
    faults,
    kills,
)
from ansible_collections.objectstore.credentials.tests.kill.promise import Trial
from ansible_collections.objectstore.credentials.tests.kill.virtual import DAY
from ansible_collections.objectstore.credentials.tests.kill.world import Key, Moment, World
from ansible_collections.objectstore.credentials.tests.simulators.base import Request, Response

from .life import Life

_NAME = re.compile(r"app-\d{4}")
#: What a plan of the soak says of a step: only there it shows what can go wrong with it.
STRIKE_KILL, STRIKE_FAULT, STRIKE_OUTSIDE = (
    Action("kill somehow"),
    Action("fault somehow"),
    Action("outside"),
)


@dataclass
class LifeTrial(Trial):
    """One account's part of what happened, for the rules of the kill matrix."""

    life: Optional[Life] = None

    @property
    def moments(self) -> list[Moment]:
        """The account's own moments since it was last judged."""
        assert self.life is not None
        moments = self.life.moments[self.begun :]
        if not self.is_far:
            return moments
        return [replace(moment, keys=moment.far or {}) for moment in moments]


class Site(World):
    """See the file's head."""

    is_repeatable = False
    #: Runs over hundreds of accounts, on machines that have other things to do.
    patience = 900

    def __init__(self, form: Form, keeper: Keeper, directory: Path, dice: random.Random) -> None:
        super().__init__(form, keeper, directory)
        self.dice = dice
        self.is_real = True
        self.hands = self.simulator.hands()
        self.lives: dict[str, Life] = {}
        self.count: Counter[str] = Counter()
        #: Changes of the platform, of the one behind a mirror, and of the store, seen so far.
        self._seen = [0, 0, 0]
        #: A strike that has found no step that it could hit.
        self._carried: Optional[Action] = None
        #: What an operator does in the middle of a run; set by whoever plays the operators.
        self.meddle: Any = None
        self._number = 0

    def populate(self, subject_keys: int = 1, age: float = 200.0) -> None:
        """Make nobody: accounts come by join()."""

    def settle(self, accounts: int) -> None:
        """Make so many accounts, whose keys are of very different ages."""
        for _number in range(accounts):
            self.join(self.dice.choice((1.0, 20.0, 100.0, 400.0)) * self.dice.random())
        self.data_plane = self.form.data_plane(self.simulator)
        if self.mirror is not None:
            self.far_plane = self.form.data_plane(self.mirror)
        self.facts = tell_facts(self)
        self.look("the beginning")

    def join(self, age: float = 0.0) -> Life:
        """Add an account with a key of an age in days."""
        self._number += 1
        name = f"app-{self._number:04d}"
        self.clock.offset = -age * DAY
        self.ids[name] = self.simulator.add_account(name, 1)
        if self.mirror is not None:
            self.form.alike(self.simulator, self.mirror, name)
        self.clock.offset = 0.0
        self.lives[name] = Life(name, self.ids[name], self.memory.seconds)
        return self.lives[name]

    def next_name(self) -> str:
        """Return a name that nobody has had."""
        self._number += 1
        return f"app-{self._number:04d}"

    # --- what is true ---------------------------------------------------------------------------

    def look(self, cause: str) -> None:
        """Note the moment of every account for which something has changed."""
        is_end = cause.startswith("the ")
        keyed: set[str] = set(self.lives) if is_end else set()
        stored = set(keyed)
        if not is_end:
            for number, simulator in enumerate((self.simulator, self.mirror, self.store_double)):
                if simulator is None:
                    continue
                fresh = [each.what for each in simulator.commits[self._seen[number] :]]
                self._seen[number] = len(simulator.commits)
                names = set(_NAME.findall(" ".join(fresh)))
                if number == 2:
                    stored |= names
                elif fresh:
                    keyed |= names if all(_NAME.search(text) for text in fresh) else set(self.lives)
            if self.store_double is None:
                stored |= set(_NAME.findall(cause))
        for name in sorted((keyed | stored) & set(self.lives)):
            self._look_at(self.lives[name], cause, name in keyed, name in stored)
        if is_end:
            self._forget()

    def _look_at(self, life: Life, cause: str, is_keyed: bool, is_stored: bool) -> None:
        last = life.moments[-1] if life.moments else None
        keys = self._keys_of(self.simulator, life) if is_keyed or last is None else last.keys
        far = last.far if last else None
        if self.mirror is not None and (is_keyed or last is None):
            far = self._keys_of(self.mirror, life)
        at_rest = last.stored if last else None
        if is_stored or last is None:
            at_rest = self.keeper.stored(self, life.name)
        if last and (last.keys, last.far, last.stored) == (keys, far, at_rest):
            return
        if last is not None and not cause.startswith("the "):
            life.born |= set(keys) - set(last.keys)
        moment = Moment(self.memory.seconds, cause, keys, at_rest, {}, self.runs, far)
        life.note(moment, self.record_of(life, at_rest))

    def _keys_of(self, simulator: Any, life: Life) -> dict[str, Key]:
        if life.is_gone:
            return {}
        return {
            access_key: Key(status, simulator.secret_of(access_key))
            for access_key, status in simulator.keys_of(life.account_id).items()
        }

    def record_of(self, life: Life, stored: Optional[bytes]) -> Optional[Record]:
        """Read what is stored for an account."""
        if stored is None:
            return None
        if stored not in life.records:
            try:
                life.records[stored] = self.keeper.record(stored)
            except Exception:
                return None  # half of a file that a killed run was about to rename
        return life.records[stored]

    def record(self, life: Life) -> Optional[Record]:
        """Return an account's record as it is stored now."""
        return self.record_of(life, life.moments[-1].stored) if life.moments else None

    def _keys(self) -> set[str]:
        return {key for life in self.lives.values() for key in life.alive}

    def _forget(self) -> None:
        """Let go of what only a single case of the matrix needs."""
        for number, simulator in enumerate((self.simulator, self.mirror, self.store_double)):
            if simulator is not None:
                simulator.commits.clear()
            self._seen[number] = 0

    def living(self) -> list[Life]:
        """Return the accounts that are there, in order."""
        return [life for life in self.lives.values() if not life.is_gone]

    # --- serving -------------------------------------------------------------------------------

    def answer(self, message: tuple[Any, ...], number: int, plan: Plan) -> tuple[Any, ...]:
        """Do what a runner's step asks for, or what goes wrong at it."""
        struck = plan.get(number) or self._carried
        if message[0] == wire.SLEEP or struck is None:
            return super().answer(message, number, {})
        action = self._aimed(message, struck)
        self._carried = None if action or struck is STRIKE_OUTSIDE else struck
        if action is None:
            return super().answer(message, number, {})
        self.count[f"{'kill' if action.kills else 'fault'}: {action}"] += 1
        return super().answer(message, number, {number: action})

    def _aimed(self, message: tuple[Any, ...], struck: Action) -> Optional[Action]:
        """Return what of a kind can go wrong at this very step."""
        kind = message[0]
        label = f"{message[2]} {message[3]}" if kind == wire.HTTP else str(message[1])
        if kind == wire.HTTP and message[1] == STORE_PORT:
            label = f"store {label}"
        if struck is STRIKE_OUTSIDE:
            if self.meddle is not None and kind == wire.HTTP:
                self.meddle()
            return None
        if struck is STRIKE_FAULT and self.dice.random() < 0.1 and self.hands.drop_sessions():
            self.count["fault: sessions end"] += 1
            return None
        choices = (kills if struck is STRIKE_KILL else faults)(kind, label)
        return self.dice.choice(choices) if choices else None

    def handle(self, port: int, request: Request, step: Any = None) -> Response:
        """Let a service answer, and count it."""
        self.count["requests"] += 1
        self.count["requests to the store"] += port == STORE_PORT
        before = len(self.simulator.commits)
        response = super().handle(port, request, step)
        self.count["changes of platforms"] += max(0, len(self.simulator.commits) - before)
        return response

    def after_run(self, action: Optional[Action]) -> None:
        """Mend what was broken for one run."""
        self._carried = None
        super().after_run(action)

    def begin_run(self) -> None:
        """Forget the steps of the run before."""
        self.forget_steps()
        self.told.clear()
        self.count["runs"] += 1

    def outside(self, lives: Iterable[Life], what: str) -> None:
        """Note that somebody else changed something: no run answers for that."""
        self.look("the hands of somebody else")
        for life in self.lives.values():
            life.forget()
        for life in lives:
            life.tell(self.memory.seconds, f"OUTSIDE: {what}")
