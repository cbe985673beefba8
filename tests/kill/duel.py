# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runners at once on one account, as processes, in an order that a seed decides.

A runner only goes on when the world answers it, so the world chooses who takes the next step. Time
passes only while all of them sleep. One may be paused at a step, as by SIGSTOP, for longer than any
lease, and wakes when the others are done.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from . import runner, wire
from .case import NOTHING, Ran
from .plan import Plan
from .world import World

#: Virtual seconds that a paused runner stands still at least: longer than the longest lease.
PAUSE = 200.0


@dataclass
class Fighter:
    """One of the runners."""

    number: int
    process: int
    end: Any
    ran: Ran
    plan: Plan = field(default_factory=lambda: NOTHING)
    #: What it asked and waits to have answered.
    question: tuple[Any, ...] = ()
    #: Until when it sleeps.
    asleep_until: Optional[float] = None
    #: The step at which it stands still, and whether it does.
    pause_at: Optional[int] = None
    is_paused: bool = False
    is_over: bool = False
    #: It was told to die.
    is_killed: bool = False
    steps: int = field(default=0)

    @property
    def is_ready(self) -> bool:
        """Whether it could take a step now."""
        return bool(self.question) and self.asleep_until is None and not self.is_paused


def fight(
    world: World,
    engine: runner.Engine,
    wanted: Sequence[Mapping[str, Any]],
    dice: random.Random,
    pause_at: Optional[int] = None,
    plans: Sequence[Plan] = (),
) -> list[Ran]:
    """Let one runner for each of the wanted options run at once; the first one may be paused.

    plans: what goes wrong for each of them; without, nothing does.
    """
    fighters = []
    for number, options in enumerate(wanted):
        world.runs += 1
        process, end = runner.start(world, engine, options, f"run-{world.runs:02d}")
        plan = plans[number] if plans else NOTHING
        ran = Ran("killed", wanted=options, harmed=bool(plan))
        fighters.append(Fighter(world.runs, process, end, ran, plan))
    fighters[0].pause_at = pause_at
    try:
        while any(not each.is_over for each in fighters):
            for each in fighters:
                if not each.is_over and not each.question:
                    _listen(each, world)
            ready = [each for each in fighters if each.is_ready]
            if ready:
                # Stretches of steps: the interesting races are between stretches, too.
                chosen = dice.choice(ready)
                for _unused in range(dice.choice((1, 1, 3, 10))):
                    if chosen.is_ready:
                        _answer(world, chosen)
                        if not chosen.is_over and not chosen.question:
                            _listen(chosen, world)
                continue
            _wake_next(world, fighters)
    finally:
        for each in fighters:
            each.end.close()
            if not each.is_over:
                os.kill(each.process, signal.SIGKILL)
            os.waitpid(each.process, 0)
    world.runs = max(each.number for each in fighters)
    world.look(f"the end of run {world.runs}")
    return [each.ran for each in fighters]


def _listen(fighter: Fighter, world: World) -> None:
    """Wait for its next question: whoever is not waiting for us is at work."""
    readable, _unused, _unused2 = select.select([fighter.end], [], [], world.patience)
    message = wire.receive(fighter.end) if readable else ()
    if not message:
        fighter.is_over = True
        if fighter.is_killed:
            return
        fighter.ran.how = "crashed" if readable else "hung"
        output = world.directory / "output"
        fighter.ran.result = {"traceback": output.read_text() if output.exists() else ""}
        return
    if message[0] == wire.DONE:
        fighter.ran.how, fighter.ran.result = "done", json.loads(message[1])
        wire.send(fighter.end, wire.GO)
        fighter.is_over = True
        return
    fighter.question = message


def _answer(world: World, fighter: Fighter) -> None:
    message = fighter.question
    if message[0] == wire.SLEEP:
        fighter.asleep_until = world.memory.seconds + float(message[1])
        return
    if fighter.pause_at == fighter.steps:
        fighter.is_paused, fighter.pause_at = True, None
        fighter.asleep_until = world.memory.seconds + PAUSE
        return
    world.runs = fighter.number
    answer = world.answer(message, fighter.steps, fighter.plan)
    fighter.is_killed = answer[0] == wire.DIE
    fighter.steps += 1
    step = world.steps[-1]
    fighter.ran.steps.append((step.kind, step.label))
    fighter.question = ()
    wire.send(fighter.end, *answer)


def _wake_next(world: World, fighters: Sequence[Fighter]) -> None:
    """Let time pass until the next one wakes; who is paused wakes last."""
    sleeping = [each for each in fighters if not each.is_over and each.asleep_until is not None]
    others = [each for each in sleeping if not each.is_paused] or sleeping
    if not others:
        return
    chosen = min(others, key=lambda each: (each.asleep_until or 0.0, each.number))
    assert chosen.asleep_until is not None
    world.let_pass(max(0.0, chosen.asleep_until - world.memory.seconds))
    chosen.asleep_until = None
    if chosen.is_paused:
        chosen.is_paused = False
        return
    chosen.question = ()
    wire.send(chosen.end, wire.GO)
