# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix: for every cell (form x store x scenario) every step of the action, harmed in turn."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Callable, Optional

from .arena import Arena, Cell, Plans, Verdict, plans_of
from .plan import BETWEEN, GAPS, Action, kills
from .promise import Violation
from .runner import Engine

Actions = Callable[[str, str], tuple[Action, ...]]


def singles(steps: Sequence[tuple[str, str]], actions: Actions = kills) -> Iterator[Plans]:
    """Yield every case with one interruption."""
    for number, (kind, label) in enumerate(steps):
        for action in actions(kind, label):
            yield ({number: action},)


def sampled(plans: Sequence[Plans], most: Optional[int], dice: random.Random) -> list[Plans]:
    """Return a sample spread over the steps: one of each stretch of them."""
    if most is None or len(plans) <= most:
        return list(plans)
    edges = [len(plans) * number // most for number in range(most + 1)]
    return [plans[dice.randrange(low, high)] for low, high in zip(edges, edges[1:])]


@dataclass
class Tally:
    """What came of a cell."""

    cell: Cell
    points: int = 0
    cases: int = 0
    kills: int = 0
    #: Cases that came to a world in which another case had been seen to end well.
    known: int = 0
    seconds: float = 0.0
    bad: list[Verdict] = field(default_factory=list)
    problem: str = ""


def try_cell(
    cell: Cell,
    engine: Engine,
    *,
    seed: int = 0,
    most: Optional[int] = None,
    pairs: int = 0,
    actions: Sequence[Actions] = (kills,),
    until: Optional[str] = None,
    is_real: bool = False,
) -> Tally:
    """Try a cell: every single interruption (or a sample), and pairs of them, drawn by the seed.

    until: stop as soon as this rule was found broken. is_real: see Arena.
    """
    tally = Tally(cell)
    dice = random.Random(f"{seed} {cell}")
    began = time.monotonic()
    arena = Arena(cell, engine, is_real=is_real)
    try:
        if arena.problem:
            tally.problem = arena.problem
            return tally
        baseline = arena.baseline()
        _count(tally, baseline)
        steps = baseline.steps[0] if baseline.steps else []
        tally.points = len(steps)
        after: list[tuple[Plans, list[tuple[str, str]]]] = []
        for kind in actions:
            for plans in sampled(list(singles(steps, kind)), most, dice):
                gap = dice.choice((None, *GAPS))
                if gap is not None:
                    plans = ({**plans[0], BETWEEN: gap},)
                if until in [v.rule for bad in tally.bad for v in bad.violations]:
                    return tally
                verdict = arena.case(plans)
                _count(tally, verdict)
                if len(verdict.steps) > 1:
                    after.append((plans, verdict.steps[1]))
        for _unused in range(pairs if after else 0):
            first, following = dice.choice(after)
            seconds = list(singles(following, actions[0]))
            if seconds:
                _count(tally, arena.case((*first, *dice.choice(seconds))))
    finally:
        arena.close()
        tally.seconds = time.monotonic() - began
    return tally


def _count(tally: Tally, verdict: Verdict) -> None:
    tally.cases += 1
    tally.known += verdict.is_known
    tally.kills += sum(len(set(plan) - {BETWEEN}) for plan in verdict.plans)
    if verdict.violations:
        tally.bad.append(verdict)


def case_of(cell: Cell, engine: Engine, recipe: str, *, is_real: bool = False) -> Verdict:
    """Try one case again by its recipe."""
    arena = Arena(cell, engine, is_real=is_real)
    try:
        if arena.problem:
            return Verdict((), [Violation("the preparation is good", arena.problem)])
        baseline = arena.baseline()
        return arena.case(plans_of(recipe)) if recipe.strip() else baseline
    finally:
        arena.close()


def try_duels(cell: Cell, engine: Engine, *, seed: int = 0, count: int = 20) -> Tally:
    """Let two runners at once do a cell's action, in orders drawn by the seed; half paused."""
    tally = Tally(cell)
    began = time.monotonic()
    arena = Arena(cell, engine)
    try:
        if arena.problem:
            tally.problem = arena.problem
            return tally
        baseline = arena.baseline()
        tally.points = len(baseline.steps[0]) if baseline.steps else 0
        dice = random.Random(f"{seed} {cell}")
        for number in range(count):
            pause_at = dice.randrange(max(1, tally.points)) if number % 2 else None
            name = f"{seed}-{number}"
            verdict = arena.duel(name, pause_at)
            verdict.duel = f"{name}" + ("" if pause_at is None else f" {pause_at}")
            tally.cases += 1
            if verdict.violations:
                tally.bad.append(verdict)
    finally:
        arena.close()
        tally.seconds = time.monotonic() - began
    return tally


def duel_of(cell: Cell, engine: Engine, recipe: str) -> Verdict:
    """Try one duel again: its seed and, where there was one, the step of the pause."""
    arena = Arena(cell, engine)
    try:
        arena.baseline()
        name, _unused, pause_at = recipe.partition(" ")
        return arena.duel(name, int(pause_at) if pause_at else None)
    finally:
        arena.close()
