# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One case: a scenario whose action is interrupted as planned, repeated until done, judged."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Callable, Optional, Union

from . import hooks, runner, wire
from .plan import BETWEEN, Plan
from .world import World

NOTHING: Plan = MappingProxyType({})
#: More runs than any interruption may take to be repaired.
MOST_RUNS = 8


@dataclass(frozen=True)
class Run:
    """A module call with these options; callable: made from what the world looks like then."""

    wanted: Union[Mapping[str, Any], Callable[[World], Mapping[str, Any]]]

    def options(self, world: World) -> Mapping[str, Any]:
        """Return the options."""
        return self.wanted(world) if callable(self.wanted) else self.wanted


@dataclass(frozen=True)
class Pass:
    """Time passes between two runs."""

    seconds: float


@dataclass(frozen=True)
class Do:
    """Something happens behind everybody's back."""

    what: Callable[[World], None]


Part = Union[Run, Pass, Do]


@dataclass
class Ran:
    """What came of one run: "done", "killed", "crashed" (ended by itself), "hung"."""

    how: str
    result: dict[str, Any] = field(default_factory=dict)
    #: Kind and label of each step.
    steps: list[tuple[str, str]] = field(default_factory=list)
    #: How long it was, in virtual seconds.
    seconds: float = 0.0
    wanted: Mapping[str, Any] = field(default_factory=dict)
    #: Whether anything went wrong on purpose.
    harmed: bool = False

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The failures in the result."""
        found = [a["failure"] for a in self.result.get("accounts", []) if a.get("failure")]
        if not found and self.result.get("failure"):
            found = [self.result["failure"]]
        return found

    @property
    def actions(self) -> list[str]:
        """What was done to the accounts."""
        return [account["action"] for account in self.result.get("accounts", [])]

    @property
    def is_good(self) -> bool:
        """Whether it did what it was asked, for every account."""
        return self.how == "done" and not self.failures and "busy" not in self.actions


@dataclass(frozen=True)
class Scenario:
    """What is done: unharmed before, under fire, and unharmed after."""

    name: str
    action: Run
    before: Sequence[Part] = ()
    after: Sequence[Part] = ()
    #: The promise of overlap is off from the action on (cut_first, decommissioning).
    may_cut: bool = False
    #: What the other of two runners does at the same time; None: the same. And what comes then.
    rival: Optional[Run] = None
    in_the_end: Run = Run(MappingProxyType({}))
    #: It names the current access key, which nobody knows where pairs go out by e-mail.
    needs_pair: bool = False
    #: Every account is worked on; the promise is checked for the subject.
    is_over_all: bool = False
    #: Afterwards the record is a tombstone, or on the way there.
    ends_account: bool = False
    #: Run again with the same options, it changes nothing.
    is_idempotent: bool = True
    subject_keys: int = 1
    #: How old its key is, in days.
    age: float = 200.0
    #: Seconds until the next run after an unharmed one that failed.
    between: float = 120.0
    #: What an operator does about a failure: other options, and the keys given up by name.
    helped: Optional[
        Callable[
            [World, Mapping[str, Any], Ran], Optional[tuple[Mapping[str, Any], frozenset[str]]]
        ]
    ] = None
    #: Keys that the action's own options give up by name.
    replaces: Callable[[World], frozenset[str]] = lambda world: frozenset()

    def replaces_of(self, world: World) -> frozenset[str]:
        """Return the keys that the action's options name."""
        return self.replaces(world)


def one_run(
    world: World,
    engine: runner.Engine,
    wanted: Mapping[str, Any],
    plan: Plan = NOTHING,
    *,
    fork: bool = False,
) -> Ran:
    """Let one runner run, and harm it as planned."""
    name = f"run-{world.runs + 1:02d}"
    world.runs += 1
    began = world.memory.seconds
    ran = Ran("killed", wanted=wanted, harmed=bool(plan))
    if fork or (plan and world.is_real):
        _forked(world, engine, ran, plan, name)
    elif any(action.kills for action in plan.values()):
        _parked(world, engine, ran, plan, name)
    else:
        _inside(world, engine, ran, plan, name)
    world.after_run(plan.get(BETWEEN))
    world.look(f"the end of run {world.runs}")
    ran.seconds = world.memory.seconds - began
    return ran


def _forked(world: World, engine: runner.Engine, ran: Ran, plan: Plan, name: str) -> None:
    process, end = runner.start(world, engine, ran.wanted, name)
    try:
        while message := wire.receive(end):
            if message[0] == wire.DONE:
                ran.how, ran.result = "done", json.loads(message[1])
                wire.send(end, wire.GO)
                break
            answer = _answered(world, ran, message, plan)
            try:
                wire.send(end, *answer)
            except BrokenPipeError:
                break  # killed amid its request, and it had still asked for something
    finally:
        end.close()
        _unused, status = os.waitpid(process, 0)
    if ran.how != "done" and not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        ran.how = "hung" if hung else "crashed"


def _parked(world: World, engine: runner.Engine, ran: Ran, plan: Plan, name: str) -> None:
    line = wire.ParkingLine(lambda message: _answered(world, ran, message, plan))
    said = io.StringIO()

    def live() -> None:
        try:
            result = runner.work(world, engine, ran.wanted, name, line)
            ran.how, ran.result = "done", json.loads(json.dumps(result, default=str))
        except BaseException:
            ran.how = "crashed"
            traceback.print_exc()
        line.is_over.set()

    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        threading.Thread(target=live, daemon=True).start()
        if not line.is_over.wait(world.patience):
            ran.how = "hung"
    if line.is_dead or ran.how == "hung":
        hooks.bury(os.path.realpath(world.directory))
    with open(world.directory / "output", "a", encoding="utf-8") as stream:
        stream.write(said.getvalue())


def _inside(world: World, engine: runner.Engine, ran: Ran, plan: Plan, name: str) -> None:
    line = wire.ShortLine(lambda message: _answered(world, ran, message, plan))

    def ring(*_unused: Any) -> None:
        raise runner.HungError

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(world.patience)
    try:
        result = runner.work(world, engine, ran.wanted, name, line)
        ran.how, ran.result = "done", json.loads(json.dumps(result, default=str))
    except runner.HungError:
        ran.how = "hung"
    except Exception:
        ran.how = "crashed"
        ran.result = {"traceback": traceback.format_exc()}
    finally:
        signal.alarm(0)


def _answered(world: World, ran: Ran, message: tuple[Any, ...], plan: Plan) -> tuple[Any, ...]:
    answer = world.answer(message, len(ran.steps), plan)
    if message[0] not in (wire.SLEEP, wire.SENT):
        step = world.steps[-1]
        ran.steps.append((step.kind, step.label))
    return answer


def play(world: World, engine: runner.Engine, parts: Sequence[Part]) -> list[Ran]:
    """Do the parts of a scenario, unharmed."""
    found = []
    for part in parts:
        if isinstance(part, Run):
            found.append(one_run(world, engine, part.options(world)))
        elif isinstance(part, Pass):
            world.let_pass(part.seconds)
        else:
            part.what(world)
            world.look("something happened outside")
    return found
