# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kill matrix on a real Ceph gateway: SIGKILL before, amid and after its requests.

KILL_SAMPLE: cases for each cell; 0: all of them, which takes an hour.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.kill import wire
from ansible_collections.objectstore.credentials.tests.kill.arena import Arena, Cell, Plans
from ansible_collections.objectstore.credentials.tests.kill.case import Pass, Run, Scenario
from ansible_collections.objectstore.credentials.tests.kill.engine import rotate, warm_up
from ansible_collections.objectstore.credentials.tests.kill.keepers import KEEPERS
from ansible_collections.objectstore.credentials.tests.kill.matrix import sampled, singles
from ansible_collections.objectstore.credentials.tests.kill.plan import (
    KILL_AFTER,
    KILL_BEFORE,
    KILL_HALF,
    Action,
)
from ansible_collections.objectstore.credentials.tests.kill.scenarios import PLANT
from ansible_collections.objectstore.credentials.tests.kill.world import SUBJECT, World
from ansible_collections.objectstore.credentials.tests.lab.ceph_world import FORMS

SAMPLE = int(os.environ.get("KILL_SAMPLE", "6")) or None
#: An answer takes two milliseconds: some of these come before it, some after.
AMID = tuple(Action("kill amid", seconds=seconds) for seconds in (0.001, 0.003))
#: Nothing stands between us and the gateway, so nothing lands later than this.
SETTLE = {"settle": "1s"}
SOON = {**SETTLE, "grace_period": "1s", "soak_period": "0s"}
LONG_ENOUGH = Pass(1.2)


def _run(**more: Any) -> Run:
    return Run({"users": [SUBJECT], **SETTLE, **more})


def _adopting(world: World) -> Mapping[str, Any]:
    known = {*world.planted}
    born = [key for key in world.simulator.keys_of(world.ids[SUBJECT]) if key not in known]
    return {"users": [SUBJECT], **SETTLE, "adopt": "rotate", "replaces": born[:1]}


def _born(world: World) -> frozenset[str]:
    return frozenset(world.moments[0].keys)


def _importing(world: World) -> Mapping[str, Any]:
    (access_key,) = world.simulator.keys_of(world.ids[SUBJECT])
    secret_key = world.simulator.secret_of(access_key)
    entry = {"name": SUBJECT, "access_key": access_key, "secret_key": secret_key}
    return {"users": [entry], **SETTLE, "adopt": "import"}


def _current(world: World) -> str:
    stored = world.keeper.stored(world, SUBJECT)
    assert stored is not None
    current = world.keeper.record(stored).current
    assert current is not None
    return str(current.access_key)


def _compromised(world: World, **more: Any) -> Mapping[str, Any]:
    reason = {"compromised": [_current(world)], "reason": "found in a log"}
    return {"users": [SUBJECT], **SETTLE, **reason, **more}


ADOPT = Run(_adopting)
ADOPTED = (PLANT, ADOPT)
ROTATED = (*ADOPTED, _run(rotation_id="autumn"))
RETIRING = _run(**SOON)
LIFE = (LONG_ENOUGH, RETIRING, RETIRING)


def _scenario(name: str, action: Run, **more: Any) -> Scenario:
    return Scenario(name, action, between=1.2, **more)


ENDED = {"state": "decommissioned", "allow_disruption": True}
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        _scenario("adopt", ADOPT, before=(PLANT,), after=LIFE, replaces=_born),
        _scenario("first key", _run(), after=LIFE, subject_keys=0),
        _scenario("import", Run(_importing), after=LIFE),
        _scenario("rotate", _run(rotation_id="winter"), before=ADOPTED, after=LIFE),
        _scenario("rotate unverified", _run(rotation_id="winter", unverified=True), before=ADOPTED),
        _scenario("retire", RETIRING, before=(*ROTATED, LONG_ENOUGH)),
        _scenario("roll back", _run(state="rolled_back"), before=ROTATED),
        _scenario("emergency", Run(_compromised), before=ROTATED, after=LIFE),
        _scenario(
            "emergency, cut first",
            Run(lambda world: _compromised(world, cut_first=True, allow_disruption=True)),
            before=ROTATED,
            may_cut=True,
        ),
        _scenario(
            "decommission",
            _run(**ENDED, **{k: v for k, v in SOON.items() if k != "settle"}),
            before=ROTATED,
            may_cut=True,
            ends_account=True,
        ),
    )
}
#: Over TLS, what touches the gateway in every way.
CELLS = [
    *(("ceph-real", name) for name in SCENARIOS),
    *(("ceph-real-tls", name) for name in ("rotate", "retire")),
]


def _kills(kind: str, label: str) -> tuple[Action, ...]:
    if kind == wire.HTTP:
        return (KILL_BEFORE, *AMID, KILL_AFTER)
    return (KILL_BEFORE, KILL_HALF) if label.startswith("write ") else (KILL_BEFORE,)


def _plans(steps: list[tuple[str, str]], dice: random.Random) -> list[Plans]:
    """Return what to try: two thirds at requests, the rest at changes of files."""
    every = list(singles(steps, _kills))
    at_requests = [plans for plans in every if steps[min(plans[0])][0] == wire.HTTP]
    at_files = [plans for plans in every if plans not in at_requests]
    if SAMPLE is None:
        return every
    share = max(1, SAMPLE * 2 // 3)
    return [
        *sampled(at_requests, share, dice),
        *sampled(at_files, max(1, SAMPLE - share), dice),
    ]


@pytest.mark.parametrize(("form", "name"), CELLS, ids=str)
def test_promise_holds_on_a_real_gateway_wherever_it_is_killed(form: str, name: str) -> None:
    warm_up()
    cell = Cell(FORMS[form], KEEPERS["ansible_vault"], SCENARIOS[name])
    arena = Arena(cell, rotate, is_real=True)
    try:
        assert arena.problem == ""
        baseline = arena.baseline()
        assert not baseline.violations, baseline.story
        steps = baseline.steps[0]
        assert any(kind == wire.HTTP for kind, _label in steps)
        killed = 0
        for plans in _plans(steps, random.Random(str(cell))):
            verdict = arena.case(plans)
            broken = [str(violation) for violation in verdict.violations]
            assert not broken, "\n".join([verdict.recipe(), *broken, *verdict.story])
            # It died where it should: a runner that never came so far would prove nothing.
            ((number, action),) = plans[0].items()
            assert len(verdict.steps[0]) > number
            assert len(verdict.steps[0]) == number + 1 or action in AMID
            killed += verdict.interruptions
        assert killed
    finally:
        arena.close()
