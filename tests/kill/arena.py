# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cell of the matrix, prepared once: each of its cases is tried in a copy of it, and judged."""

from __future__ import annotations

import gc
import os
import random
import shutil
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Facts

from . import hooks, promise, sameness, wire
from .case import MOST_RUNS, Ran, Scenario, one_run, play
from .duel import fight
from .forms import Form
from .keepers import KEEPERS, Keeper
from .plan import BETWEEN, Action, Plan
from .promise import Trial, Violation
from .runner import Engine
from .world import World

#: Files that no disk slows down.
MEMORY = "/dev/shm"  # noqa: S108  # mkdtemp makes a private directory in it
#: Actions of which two runners may do only one.
CHANGING = {"rotated", "recovered", "delivered", "rolled_back", "adopted", "resumed"}
#: Interruptions of the runs of one case, the first run first.
Plans = tuple[Plan, ...]


@dataclass(frozen=True)
class Cell:
    """One form, one store, one scenario."""

    form: Form
    keeper: Keeper
    scenario: Scenario

    def __str__(self) -> str:
        return f"{self.form.label}/{self.keeper.name}/{self.scenario.name}"


@dataclass
class Verdict:
    """What came of one case."""

    plans: Plans
    violations: list[Violation] = field(default_factory=list)
    #: Kind and label of the steps of each run.
    steps: list[list[tuple[str, str]]] = field(default_factory=list)
    #: What happened, for people.
    story: list[str] = field(default_factory=list)
    interruptions: int = 0
    usual_keys: int = 0
    #: From some moment on its world was the same as one that was seen to end well.
    is_known: bool = False
    #: The recipe of two runners at once.
    duel: str = ""

    def recipe(self) -> str:
        """Return the plans as --plan takes them."""
        return recipe_of(self.plans)


def recipe_of(plans: Plans) -> str:
    """Write plans: "12 kill after; 3 kill before"."""
    return "; ".join(
        ", ".join(f"{number} {action}" for number, action in sorted(plan.items())) for plan in plans
    )


def plans_of(recipe: str) -> Plans:
    """Read what recipe_of() wrote."""
    plans = []
    for part in recipe.split(";"):
        plan = {}
        for text in part.split(","):
            number, _unused, action = text.strip().partition(" ")
            if number:
                plan[int(number)] = Action.parse(action)
        plans.append(plan)
    return tuple(plans)


def tell_facts(world: World) -> Facts:
    """Return what a form's endpoint tells of itself."""
    found: list[Facts] = []

    def tell(runtime: Any) -> dict[str, Any]:
        runtime.platform.connect()
        found.append(runtime.platform.facts)
        return {"accounts": []}

    ran = one_run(world, tell, {})
    assert found, f"{world.form.label} cannot be reached: {promise.told(ran)}"
    return found[0]


def facts_of(form: Form) -> Facts:
    """Return the facts of a form."""
    hooks.patch()
    with tempfile.TemporaryDirectory() as directory:
        return tell_facts(World(form, KEEPERS["toy"], Path(directory, "world")))


class Arena:
    """A cell, prepared once: every case is tried in a copy of it.

    is_real: runners are processes, and get SIGKILL; else they are threads that stand still.
    """

    def __init__(self, cell: Cell, engine: Engine, *, is_real: bool = False) -> None:
        hooks.patch()
        cell.keeper.warm_up()
        self.cell = cell
        self.engine = engine
        base = MEMORY if os.path.isdir(MEMORY) else None
        self.directory = Path(tempfile.mkdtemp(prefix="kill-", dir=base))
        world_class = cell.form.world_class or World
        self.world = world_class(cell.form, cell.keeper, self.directory / "world")
        self.world.is_real = is_real
        self.world.is_over_all = cell.scenario.is_over_all
        self.world.populate(cell.scenario.subject_keys, cell.scenario.age)
        self.cases = 0
        #: Digests of worlds that were lived in to a good end, with nothing going wrong any more.
        self.lives: set[str] = set()
        self.usual_keys = 0
        self.facts = tell_facts(self.world)
        before = play(self.world, engine, cell.scenario.before)
        bad = [run for run in before if not run.is_good]
        # Forks would copy every page that a collection touches.
        gc.collect()
        gc.freeze()
        #: Why the cell cannot be tried: its preparation went wrong.
        self.problem = promise.told(bad[0]) if bad else ""

    def close(self) -> None:
        """Remove its files."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def case(self, plans: Plans) -> Verdict:
        """Try one case in a copy of the world."""
        return self._in_copy(plans, lambda world: self._try(world, plans))

    def duel(self, seed: str, pause_at: Optional[int] = None) -> Verdict:
        """Let two runners do the action at once, in a copy of the world."""
        return self._in_copy((), lambda world: self._duel(world, seed, pause_at))

    def _in_copy(self, plans: Plans, work: Callable[[World], Verdict]) -> Verdict:
        self.cases += 1
        if self.cases % 50 == 0:
            gc.collect()
        directory = self.directory / f"case-{self.cases}"
        try:
            return work(self.world.copied(directory))
        except Exception:
            traceback.print_exc()
            broken = Violation("the harness broke", f"{self.cell} {recipe_of(plans)}")
            return Verdict(plans, [broken])
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def baseline(self) -> Verdict:
        """Try the action unharmed, and learn from it what is usual."""
        verdict = self.case(())
        self.usual_keys = verdict.usual_keys
        return verdict

    # --- in a copy of the world ------------------------------------------------------------------

    def _try(self, world: World, plans: Plans) -> Verdict:
        scenario = self.cell.scenario
        world.forget_steps()
        begun = len(world.moments)
        runs: list[Ran] = []
        replaces: frozenset[str] = frozenset()
        original = wanted = scenario.action.options(world)
        usual = self.usual_keys
        lives: set[str] = set()
        is_known = False
        while len(runs) < MOST_RUNS:
            if plans and len(runs) >= len(plans):
                # Nothing more goes wrong from here on. Has a world like this been lived in?
                trial = self._trial(world, begun, runs, usual, replaces)
                violations = promise.judge_so_far(trial)
                life = sameness.digest(world, wanted, promise.so_far(trial), "repair")
                is_known = not violations and life in self.lives
                if violations or is_known:
                    break
                lives.add(life)
            plan = plans[len(runs)] if len(runs) < len(plans) else {}
            is_off = abs(world.memory.wall_error) > 300
            runs.append(one_run(world, self.engine, wanted, plan))
            if is_off:
                runs[-1].harmed = True  # it rightly refuses to go by such a clock
            if len(runs) >= len(plans) and runs[-1].is_good and not runs[-1].harmed:
                if wanted is original or not world.is_over_all:
                    break
                wanted = original  # one account has got help; another may need it, too
            if runs[-1].how == "done" and runs[-1].failures and not runs[-1].harmed:
                answer = scenario.helped(world, wanted, runs[-1]) if scenario.helped else None
                if answer is not None:
                    wanted, named = answer
                    replaces |= named
                    runs[-1].harmed = True  # the operator had to help: that is no defect
            if BETWEEN not in plan and len(runs) >= len(plans):
                world.let_pass(scenario.between)
        if not plans:
            usual = _born(world, begun)
        if not is_known:
            trial = self._trial(world, begun, runs, usual, replaces)
            violations = promise.judge(trial)
            life = sameness.digest(world, original, sorted(trial.replaces), "after")
            is_known = not violations and life in self.lives
            lives.add(life)
        if not violations and not is_known and scenario.is_idempotent:
            if world.form.data_modes:
                # What is still honoured is looked at again, until it is not.
                world.let_pass(120.0)
                one_run(world, self.engine, original)
            before = _state(world)
            again = one_run(world, self.engine, original)
            violations += promise.idle(world, again, before, _state(world))
        if not violations and not is_known and scenario.after:
            violations += self._afterwards(world, trial)
        verdict = Verdict(
            plans,
            violations,
            [run.steps for run in runs],
            interruptions=sum(run.harmed for run in runs),
            usual_keys=usual,
            is_known=is_known,
        )
        if violations:
            verdict.story = story(trial)
        else:
            self.lives |= lives
        return verdict

    def _trial(
        self, world: World, begun: int, runs: list[Ran], usual: int, replaces: frozenset[str]
    ) -> Trial:
        scenario = self.cell.scenario
        named = replaces | scenario.replaces_of(world)
        return Trial(world, scenario, self.facts, begun, runs, usual, named)

    def _duel(self, world: World, seed: str, pause_at: Optional[int]) -> Verdict:
        scenario = self.cell.scenario
        world.forget_steps()
        begun = len(world.moments)
        original = scenario.action.options(world)
        rival = scenario.rival.options(world) if scenario.rival else original
        runs = fight(world, self.engine, [original, rival], random.Random(seed), pause_at)
        first_actions = [run.actions for run in runs]
        for run in runs:
            # Being refused or busy is how a rival loses.
            run.harmed = True
        while len(runs) < MOST_RUNS:
            runs.append(one_run(world, self.engine, original))
            if runs[-1].is_good or (scenario.rival and runs[-1].how == "done"):
                break
            world.let_pass(scenario.between)
        if scenario.rival:
            # Which of the two came first decides what the end is; the rules hold whatever it is.
            runs.append(one_run(world, self.engine, scenario.in_the_end.options(world)))
        slack = 1 if pause_at is not None or scenario.rival else 0
        for run in runs:
            run.harmed = False
        trial = Trial(
            world,
            scenario,
            self.facts,
            begun,
            [runs[0], *runs[2:]] if not scenario.rival else [runs[-1]],
            self.usual_keys + slack,
            scenario.replaces_of(world),
        )
        trial.all_runs, trial.has_slept = runs, pause_at is not None
        violations = [v for v in promise.judge(trial) if v.rule != "repaired by the next run"]
        if pause_at is None and not scenario.rival:
            for both in zip(*first_actions):
                if len(both) == 2 and set(both[:1]) & CHANGING and set(both[1:]) & CHANGING:
                    violations.append(Violation("one of two does it", f"both did: {both}"))
        verdict = Verdict((), violations, [run.steps for run in runs], usual_keys=trial.usual_keys)
        if violations:
            verdict.story = story(trial)
        return verdict

    def _afterwards(self, world: World, trial: Trial) -> list[Violation]:
        scenario = self.cell.scenario
        begun = len(world.moments)
        runs = play(world, self.engine, scenario.after)
        later = Trial(
            world, scenario, self.facts, begun, runs, len(runs) + 1, trial.replaces, trial.records
        )
        return [Violation(f"afterwards: {v.rule}", v.what) for v in promise.judge(later)]


def _born(world: World, begun: int) -> int:
    moments = world.moments[max(0, begun - 1) :]
    return sum(len(set(b.keys) - set(a.keys)) for a, b in zip(moments, moments[1:]))


def _state(world: World) -> tuple[Any, ...]:
    return (len(world.commits), world.keeper.state(world), world.journal_state())


def story(trial: Trial) -> list[str]:
    """Tell what happened in a case, step by step."""
    lines = []
    run = 0
    for step in trial.world.steps:
        if step.run != run:
            run = step.run
            lines.append(f"--- run {run}")
        verb, _unused, path = step.label.partition(" ")
        if not os.environ.get("KILL_FULL_STORY") and (
            step.kind == wire.STEP
            and not step.note
            and (verb != "rename" or path.startswith(("store/.", "store/..")) or ".notes" in path)
        ):
            continue  # how a file comes into its place is told elsewhere
        changes = "".join(f"\n        platform: {what}" for what in step.changes)
        note = f"  [{step.note.strip()}]" if step.note else ""
        lines.append(f"  {step.number:3d} {step.at:10.2f} {step.label}{note}{changes}")
    lines.append("--- moments")
    for moment in trial.moments:
        record = trial.record(moment)
        held = "none"
        if record:
            current = record.current.access_key if record.current else None
            pending = record.pending
            held = (
                f"current {current}, retiring {[k.access_key for k in record.retiring]}, pending "
                + (f"{pending.step} {pending.access_key}" if pending else "none")
                + (
                    f", intent {record.intent.action} {record.intent.access_key}"
                    if record.intent
                    else ""
                )
            )
        keys = {name: key.status for name, key in moment.keys.items()}
        if moment.far is not None:
            keys["far"] = ", ".join(moment.far)
        lines.append(f"  {moment.at:10.2f} {moment.cause}: platform {keys}; record: {held}")
    lines.append("--- results")
    for number, ran in enumerate(trial.all_runs or trial.runs, 1):
        lines.append(f"  {number}: {ran.how}; {promise.told(ran)}")
    return lines
