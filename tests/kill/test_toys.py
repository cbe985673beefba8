# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness tried on toys: the right ones pass, each wrong one is found guilty of its rule."""

from __future__ import annotations

import pytest

from .arena import Cell, Plans, plans_of, recipe_of
from .case import Run, Scenario
from .forms import FORMS
from .keepers import KEEPERS
from .matrix import try_cell
from .plan import KILL_AFTER, KILL_BEFORE, Action
from .toys import TOYS, Toy, engine_of
from .world import SUBJECT


def _rotation(name: str) -> dict[str, object]:
    return {"users": [{"name": SUBJECT}], "rotation_id": name}


SCENARIO = Scenario("toy rotation", Run(_rotation("second")), before=[Run(_rotation("first"))])


@pytest.mark.parametrize("toy", TOYS, ids=lambda toy: toy.__name__)
def test_matrix_judges_toy_by_its_protocol(toy: type[Toy]) -> None:
    label, broken = TOYS[toy]
    cell = Cell(FORMS[label], KEEPERS["toy"], SCENARIO)
    tally = try_cell(cell, engine_of(toy), pairs=6, until=broken)
    assert not tally.problem
    assert tally.points >= 15
    rules = {violation.rule for verdict in tally.bad for violation in verdict.violations}
    if broken is None:
        assert tally.kills > 30
        assert rules == set()
    else:
        assert broken in rules


def test_recipe_reads_back_what_it_wrote() -> None:
    late = Action("late", seconds=40.0)
    full = Action("error", 28)
    plans: Plans = ({12: KILL_AFTER}, {3: KILL_BEFORE, 9: late}, {}, {0: full})
    assert plans_of(recipe_of(plans)) == plans
