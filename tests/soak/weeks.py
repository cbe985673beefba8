# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The weeks of one site: its days, drawn one by one, and the quiet fortnight at the end."""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.objectstore.credentials.tests.kill.case import NOTHING, Ran, one_run
from ansible_collections.objectstore.credentials.tests.kill.duel import fight
from ansible_collections.objectstore.credentials.tests.kill.forms import Form
from ansible_collections.objectstore.credentials.tests.kill.keepers import Keeper
from ansible_collections.objectstore.credentials.tests.kill.plan import BETWEEN, GAPS, Plan
from ansible_collections.objectstore.credentials.tests.kill.promise import Violation, told
from ansible_collections.objectstore.credentials.tests.kill.runner import Engine
from ansible_collections.objectstore.credentials.tests.kill.virtual import DAY, HOUR

from .helping import Helping, Order, Wanted
from .meddling import Meddling
from .program import AllPeriods, Program
from .referee import Referee
from .site import STRIKE_FAULT, STRIKE_KILL, STRIKE_OUTSIDE, Site

#: Accounts for which something from outside happens on an average day, one of so many.
_MEDDLED = 90
_MOST_TRIES = 6
#: By so many open files a site may differ between two weeks.
_MOST_FILES = 24
_CLOCKS = [gap for gap in GAPS if gap.name.startswith("clock")]


class Weeks:
    """Plays one site."""

    def __init__(
        self,
        form: Form,
        keeper: Keeper,
        directory: Path,
        engine: Engine,
        *,
        seed: str,
        accounts: int,
    ) -> None:
        self.dice = random.Random(f"{seed} {form.label} days")
        self.engine = engine
        site = self.site = Site(form, keeper, directory, random.Random(f"{seed} {form.label} site"))
        site.settle(accounts)
        self.program = Program(site, random.Random(f"{seed} {form.label} program"))
        self.referee = Referee(site, AllPeriods(self.program))
        self.meddling = Meddling(site, self.referee, random.Random(f"{seed} {form.label} outside"))
        self.helping = Helping(site, self.program, random.Random(f"{seed} {form.label} help"))
        site.meddle = self.meddling.meddle
        self.orders: list[Order] = []
        self.weeks = 0
        #: Steps of the last whole run.
        self._length = 50
        self._files = 0
        self.memory: list[int] = []

    # --- runs -----------------------------------------------------------------------------------

    def run(self, wanted: Wanted, plan: Plan = NOTHING) -> Ran:
        """Let a controller run, and judge it."""
        site = self.site
        is_off = abs(site.memory.wall_error) > 0.0
        site.begin_run()
        ran = one_run(site, self.engine, wanted, plan)
        # A clock that is off rightly stops everything.
        ran.harmed = ran.harmed or is_off
        site.count[f"runs: {'harmed' if ran.harmed else 'unharmed'}, {ran.how}"] += 1
        self._tell(wanted, ran, plan)
        self.referee.judge([ran])
        if not ran.harmed:
            self.referee.rows(ran)
            if wanted.get("all"):
                self._length = max(20, len(ran.steps))
        return ran

    def _tell(self, wanted: Wanted, ran: Ran, plan: Plan) -> None:
        said = {row.get("account"): row for row in ran.result.get("accounts", [])}
        what = {name: wanted[name] for name in ("state", "force", "compromised") if name in wanted}
        for life in self.site.lives.values():
            row = said.get(life.name)
            is_idle = row is not None and row["action"] == "unchanged"
            if is_idle or (row is None and not wanted.get("all")):
                continue
            action = f"{row['action']} {row.get('why')}" if row else told(ran)[:160]
            harm = f", harmed: {', '.join(str(each) for each in plan.values())}" if plan else ""
            at = self.site.memory.seconds
            life.tell(at, f"run {self.site.runs} {what or ''} {ran.how}{harm}: {action}")

    def _plan(self) -> Plan:
        """Draw what goes wrong in a run."""
        kinds = [STRIKE_KILL, STRIKE_FAULT, STRIKE_FAULT]
        if self.site.facts.overlap and self.site.mirror is None:
            kinds.append(STRIKE_OUTSIDE)
        plan = {
            self.dice.randrange(self._length): self.dice.choice(kinds)
            for _unused in range(self.dice.choice((1, 1, 2, 4)))
        }
        if self.dice.random() < 0.05:
            plan[BETWEEN] = self.dice.choice(_CLOCKS)
        return plan

    def _duel(self, wanted: Sequence[Wanted]) -> None:
        """Let two controllers run at once; one is killed, or sleeps for too long, or neither."""
        site = self.site
        site.begin_run()
        pause_at = self.dice.randrange(self._length) if self.dice.random() < 0.3 else None
        plans: list[Plan] = [{}, {}]
        if self.dice.random() < 0.4:
            plans[self.dice.randrange(2)] = {self.dice.randrange(self._length): STRIKE_KILL}
        order = random.Random(self.dice.random())
        runs = fight(site, self.engine, wanted, order, pause_at, plans)
        site.after_run(None)
        site.count["duels"] += 1
        for ran, options in zip(runs, wanted):
            ran.harmed = True  # being busy is how a rival loses
            site.count[f"runs: in a duel, {ran.how}"] += 1
            self._tell(options, ran, {})
        self.referee.judge(runs)

    # --- days -----------------------------------------------------------------------------------

    def week(self) -> None:
        """Play a week."""
        if self.weeks % 3 == 0:
            self.program.shards = self.dice.choice((1, 1, 2, 3))
            self.meddling.back_up()
        for _day in range(7):
            self._day()
        self._close_week()

    def _close_week(self) -> None:
        self.weeks += 1
        self.memory.append(resident())
        files = len(os.listdir("/proc/self/fd"))
        if self._files and files > self._files + _MOST_FILES:
            self.referee.blame(
                Violation("files are closed", f"{files} are open, {self._files} were")
            )
        self._files = self._files or files

    def _day(self) -> None:
        hour = self.dice.uniform(1.0, 12.0)
        self.site.let_pass(hour * HOUR)
        for _unused in range(1 + len(self.site.lives) // _MEDDLED):
            if self.dice.random() < min(1.0, 0.3 + len(self.site.lives) / _MEDDLED):
                self.meddling.between_runs()
        self._whole()
        self._acknowledge(0.7)
        if self.dice.random() < 0.4:
            self._add(self.helping.order())
        for life in self.site.living():
            if self.dice.random() < 0.4 or self.referee.fails_on(life):
                self._add(self.helping.help(life))
        self._carry_out(may_harm=True)
        if self.dice.random() < 0.15:
            self._twice()
        self.site.let_pass((24.0 - hour) * HOUR)
        self.site.look("the end of the day")
        self.referee.judge()
        self.referee.day_over()

    def _whole(self) -> None:
        """Run over all, in one of the ways in which that is done."""
        way, wanted = self.dice.random(), self.program.usual()
        of = self.program.shards
        if way < 0.10:
            rival = self.program.usual(state="retired") if self.dice.random() < 0.3 else wanted
            self._duel([wanted, rival])
        elif way < 0.15 and of > 1:
            self._duel([{**wanted, "shard": f"{number}/{of}"} for number in (1, 2)])
        elif way < 0.20:
            self.run({**wanted, "state": "retired"})
        elif way < 0.25:
            change = f"winter-{self.weeks // 4}"
            for _unused in range(2):
                self.run({**wanted, "rotation_id": change}, self._maybe(0.3))
        else:
            for number in range(1, of + 1):
                shard = {"shard": f"{number}/{of}"} if of > 1 else {}
                self.run({**wanted, **shard}, self._maybe(0.35))

    def _maybe(self, share: float) -> Plan:
        return self._plan() if self.dice.random() < share else {}

    def _acknowledge(self, share: float) -> None:
        wanted = self.helping.acknowledge(share)
        if wanted is not None:
            self.run(wanted, self._maybe(0.2))

    def _add(self, order: Order | None) -> None:
        if order is None:
            return
        if order.kind == "help":
            # What the message says goes before what was wanted, but for an emergency.
            usual = ("force", "rotation_id", "roll back")
            self.orders = [
                each
                for each in self.orders
                if each.life is not order.life or each.kind not in usual
            ]
        if any(each.life is order.life for each in self.orders):
            return
        self.site.count[f"orders: {order.kind}"] += 1
        self.orders.append(order)

    def _carry_out(self, may_harm: bool) -> None:
        """Run every order; what fails is run again another day."""
        left = []
        for order in self.orders:
            life = order.life
            if life.is_gone:
                continue
            ran = self.run(order.wanted, self._maybe(0.3) if may_harm else {})
            order.tries += 1
            is_done = ran.is_good and not ran.harmed
            if order.kind == "decommission" and is_done:
                record = self.site.record(life)
                is_done = record is None or record.decommission is not None
            if is_done or order.tries > _MOST_TRIES:
                life.may_cut = False
                if not is_done:
                    life.excused(self.site.memory.seconds, f"{order.kind} was given up")
            else:
                left.append(order)
        self.orders = left

    def _twice(self) -> None:
        """Run until there is nothing more to do; then another run changes nothing."""
        wanted = self.program.usual()
        # A list that lags shows for some reads what is gone.
        calm, needed = 0, 2 + int(self.site.simulator.modes.get("reads_showing_deleted", 0))
        for _unused in range(6 + needed):
            ran = self.run(wanted)
            if ran.failures:
                return  # what fails is tried again each time
            calm = 0 if ran.result.get("changed") or ran.how != "done" else calm + 1
            if calm >= needed:
                break
            self.site.let_pass(120.0)
        else:
            self.referee.blame(Violation("runs come to an end", told(ran)))
            return
        before = self.referee.state()
        again = self.run(wanted)
        after = self.referee.state()
        names = ("the platform", "the secret store", "the journal")
        changed = [name for name, one, other in zip(names, before, after) if one != other]
        if changed or again.result.get("changed"):
            self.referee.blame(
                Violation("a second run changes nothing", f"{' and '.join(changed)}: {told(again)}")
            )
        self.site.count["checks that a second run changes nothing"] += 1

    # --- the end --------------------------------------------------------------------------------

    def quiet(self, days: int = 14) -> None:
        """Let a fortnight pass without trouble; operators do what is asked of them."""
        self.site.after_run(None)
        self.program.adopt, self.program.shards, self.program.max_failures = "rotate", 1, 1000
        self.program.excepted_days = 0
        self.site.let_pass(HOUR)
        self.site.look("the end of trouble")
        self.referee.judge()
        for life in self.site.living():
            if life.is_suspended:
                self.meddling.let_in(life)
            for key in sorted(set(life.alive) & self.site.planted):
                # Where keys are few, the colleague makes room.
                if self.site.form.has_room or not self.site.facts.overlap:
                    continue
                self.site.hands.delete_key(life.account_id, key)
        self.site.outside((), "")
        for _day in range(days):
            self.run(self.program.usual())
            self._acknowledge(1.0)
            for life in self.site.living():
                self._add(self.helping.help(life))
            self._carry_out(may_harm=False)
            self.site.let_pass(DAY)
            self.site.look("the end of the day")
            self.referee.judge()
            self.referee.day_over()
        self._twice()
        self._close_week()


def resident() -> int:
    """Return how many kilobytes of memory this process has right now."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() // 1024
