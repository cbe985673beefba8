# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the matrix does in each cell: setups, the action under fire, and the life after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Facts

from .case import Do, Pass, Ran, Run, Scenario
from .virtual import DAY, HOUR
from .world import SUBJECT, World

Wanted = Mapping[str, Any]


def _rotated(world: World, **more: Any) -> dict[str, Any]:
    """Return the options of an ordinary run over the subject."""
    options: dict[str, Any] = {"users": [SUBJECT], "allow_side_effects": True, **more}
    if "email" in world.form.facts.secret_comes_back:
        email = world.form.mails_pairs
        options["key_delivery"] = "email" if email else "inline"
    if not _overlaps(world):
        options["allow_disruption"] = True
    return options


def _overlaps(world: World) -> bool:
    return "overlap" in world.form.facts_class or "two slots" in world.form.facts_class


def _adopting(world: World) -> Wanted:
    """Take the subject over, naming its key where a colleague's lies beside it."""
    born = [key for key in world.simulator.keys_of(world.ids[SUBJECT]) if key not in world.planted]
    if not world.planted or not born:
        return _rotated(world, adopt="rotate")
    return _rotated(world, adopt="rotate", replaces=born[:1])


def _born_keys(world: World) -> frozenset[str]:
    born = world.moments[0].keys if world.moments else {}
    return frozenset(born)


def _plain(world: World) -> Wanted:
    return _rotated(world)


def _with(**more: Any) -> Run:
    return Run(lambda world: _rotated(world, **more))


def _current(world: World) -> str:
    stored = world.keeper.stored(world, SUBJECT)
    assert stored is not None
    current = world.keeper.record(stored).current
    assert current is not None
    return current.access_key or ""


def _compromised(world: World, **more: Any) -> Wanted:
    return _rotated(world, compromised=[_current(world)], reason="found in a log", **more)


def _acknowledging(world: World) -> Wanted:
    return _rotated(world, state="acknowledged", access_key=_current(world))


def _importing(world: World) -> Wanted:
    (access_key,) = world.simulator.keys_of(world.ids[SUBJECT])
    secret_key = world.simulator.secret_of(access_key)
    entry = {"name": SUBJECT, "access_key": access_key, "secret_key": secret_key}
    return _rotated(world, users=[entry], adopt="import")


def _plant(world: World) -> None:
    if world.form.has_room:
        world.plant()


PLANT = Do(_plant)
ADOPT = Run(_adopting)
PLAIN = Run(_plain)
#: Long enough for a key to fall due, and for what retires to be gone.
AGED = Pass(80 * DAY)
GRACE = Pass(7 * DAY + HOUR)
#: The life of an account until its old keys are gone.
ADOPTED = (PLANT, ADOPT)
SETTLED = (*ADOPTED, GRACE, PLAIN, GRACE, PLAIN, GRACE, PLAIN)
DUE = (*SETTLED, AGED)
ROTATED = (*DUE, PLAIN)
LIFE = (GRACE, PLAIN, GRACE, PLAIN, GRACE, PLAIN)


def helped(world: World, wanted: Wanted, ran: Ran) -> Optional[tuple[Wanted, frozenset[str]]]:
    """Do what an operator does who reads the message: name the key that goes, or force."""
    failure = ran.failures[0]
    advice = f"{failure.get('next_step')}"
    kind = failure.get("kind")
    if kind in ("limit", "ambiguous") and "replaces" in advice:
        known: set[str] = set()
        stored = world.keeper.stored(world, SUBJECT)
        if stored is not None:
            known = set(world.keeper.record(stored).known_access_keys())
        strays = set(world.simulator.keys_of(world.ids[SUBJECT])) - known - world.planted
        # The operator knows which key was there from the start.
        strays -= set(world.moments[0].keys)
        account = str(failure.get("account") or SUBJECT)
        if account != SUBJECT:
            strays = {key for key in world.simulator.keys_of(world.ids[account]) if key in advice}
        if len(strays) == 1:
            more = {"replaces": sorted(strays), "allow_disruption": True}
            # Keys of one account can only be named for it alone.
            alone = _rotated(world, users=[account]) if world.is_over_all else wanted
            return {**alone, **more}, frozenset(strays)
    if kind == "outcome_unknown" and "force" in advice:
        return {**wanted, "force": True}, frozenset()
    return None


def _scenario(name: str, action: Run, **more: Any) -> Scenario:
    return Scenario(name, action, helped=helped, **more)


#: Name -> scenario, and the class of facts that it needs.
SCENARIOS: dict[str, tuple[Scenario, Any]] = {}


def _add(scenario: Scenario, fits: Any = lambda facts: True) -> None:
    SCENARIOS[scenario.name] = (scenario, fits)


def _all(world: World) -> Wanted:
    wanted = dict(_rotated(world, all=True, adopt="rotate"))
    del wanted["users"]
    return wanted


ALL = Run(_all)
ALL_SETTLED = (ALL, GRACE, ALL, GRACE, ALL, GRACE, ALL)


def _is_overlap(facts: Facts) -> bool:
    return facts.overlap


def _can_disable(facts: Facts) -> bool:
    return facts.overlap and facts.can_disable


def _can_end(facts: Facts) -> bool:
    return facts.overlap and (facts.can_disable or facts.can_delete)


_add(_scenario("adopt", ADOPT, before=(PLANT,), after=LIFE, replaces=_born_keys))
_add(
    _scenario("first key", PLAIN, after=LIFE, subject_keys=0),
    lambda facts: facts.shows_access_key and not facts.listing_has_side_effect,
)
_add(
    _scenario("import", Run(_importing), after=LIFE, age=10.0), lambda facts: facts.shows_access_key
)
_add(_scenario("rotate", PLAIN, before=DUE, after=LIFE))
_add(_scenario("rotate unverified", _with(unverified=True), before=DUE, after=LIFE))
_add(_scenario("rotate by id", _with(rotation_id="winter"), before=SETTLED, after=LIFE))
_add(
    _scenario("retire, grace", PLAIN, before=(*ROTATED, GRACE), after=LIFE[2:]),
    _is_overlap,
)
_add(
    _scenario("retire, soak", PLAIN, before=(*ROTATED, GRACE, PLAIN, GRACE), after=LIFE[4:]),
    _is_overlap,
)
_add(
    _scenario(
        "retired",
        _with(state="retired"),
        before=(*ROTATED, Pass(40 * DAY)),
        after=(GRACE, PLAIN, GRACE, PLAIN),
    ),
    _is_overlap,
)
_add(
    _scenario(
        "acknowledge",
        Run(_acknowledging),
        before=(*DUE, _with(acknowledge="explicit")),
        after=LIFE,
    ),
    lambda facts: facts.shows_access_key,
)
_add(
    _scenario("all", ALL, before=(*ALL_SETTLED, AGED), after=(GRACE, ALL), is_over_all=True),
    lambda facts: "email" not in facts.secret_comes_back,
)
_add(
    _scenario("rotate, explicit", _with(acknowledge="explicit"), before=DUE),
)
_add(
    _scenario("roll back", _with(state="rolled_back"), before=ROTATED),
    _is_overlap,
)
_add(
    _scenario(
        "roll back, disabled",
        _with(state="rolled_back"),
        before=(*ROTATED, GRACE, PLAIN),
    ),
    _can_disable,
)
_add(
    _scenario("emergency", Run(_compromised), before=SETTLED, after=LIFE),
    _can_end,
)
_add(
    _scenario("emergency in place", Run(_compromised), before=SETTLED, after=LIFE, needs_pair=True),
    lambda facts: not facts.overlap,
)
_add(
    _scenario(
        "emergency, cut first",
        Run(lambda world: _compromised(world, cut_first=True, allow_disruption=True)),
        before=SETTLED,
        after=LIFE,
        may_cut=True,
    ),
    _can_end,
)
_add(
    _scenario(
        "decommission",
        _with(state="decommissioned", allow_disruption=True),
        before=ROTATED,
        after=(
            GRACE,
            _with(state="decommissioned", allow_disruption=True),
            GRACE,
            _with(state="decommissioned", allow_disruption=True),
        ),
        may_cut=True,
        ends_account=True,
    ),
    lambda facts: facts.shows_access_key and (facts.can_disable or facts.can_delete),
)
_add(
    _scenario(
        "decommission, soak",
        _with(state="decommissioned", allow_disruption=True),
        before=(*ROTATED, _with(state="decommissioned", allow_disruption=True), GRACE),
        may_cut=True,
        ends_account=True,
    ),
    lambda facts: facts.shows_access_key and facts.can_disable,
)


#: Two at once that want different things.
RIVALS: dict[str, tuple[Scenario, Any]] = {
    scenario.name: (scenario, fits)
    for scenario, fits in (
        (
            Scenario(
                "retire against roll back",
                _with(state="retired"),
                # Long enough where a key cannot be disabled, too.
                before=(*ROTATED, GRACE, GRACE),
                rival=_with(state="rolled_back"),
                in_the_end=PLAIN,
            ),
            _can_end,
        ),
        (
            Scenario(
                "rotate against emergency",
                PLAIN,
                before=DUE,
                rival=Run(_compromised),
                in_the_end=PLAIN,
            ),
            _can_end,
        ),
        (
            Scenario(
                "acknowledge against rotate",
                Run(_acknowledging),
                before=DUE,
                rival=PLAIN,
                in_the_end=PLAIN,
            ),
            lambda facts: facts.shows_access_key,
        ),
    )
}
