# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small part of the matrix over the engine itself; make kill-matrix is the whole."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.hands import Hands

from .arena import Cell
from .engine import rotate, warm_up
from .forms import FORMS, usual_form
from .keepers import KEEPERS
from .matrix import try_cell, try_duels
from .plan import faults, kills
from .scenarios import RIVALS, SCENARIOS

#: One cell for each way that a rotation can go, and for each store.
CELLS = (
    ("huawei-v3.0", "ansible_vault", "rotate"),
    ("huawei-v5", "vault_kv2", "adopt"),
    ("osis", "ansible_vault", "retire, grace"),
    ("ontap-9.14", "ansible_vault", "rotate"),
    ("ontap-9.16.1", "vault_kv2", "rotate"),
    ("ontap-9.19.1", "ansible_vault", "rotate"),
    ("commvault-inline", "ansible_vault", "rotate"),
    ("huawei-v5", "aws_secretsmanager", "rotate"),
    ("ontap-9.16.1-mirror", "ansible_vault", "rotate"),
    ("ontap-9.19.1-mirror", "vault_kv2", "rotate"),
    ("ontap-9.19.1-mirror", "ansible_vault", "retire, grace"),
    ("aws-slow", "ansible_vault", "rotate"),
)


def test_every_platform_is_in_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {form.platform for form in FORMS.values()} == set(PLATFORMS)
    side_by_side, in_place = usual_form("ceph_rgw"), usual_form("ontap")
    assert (side_by_side.facts_class, side_by_side.has_room) == ("overlap", True)
    assert (in_place.facts_class, in_place.has_room) == ("in place", False)
    assert not usual_form("aws").has_room
    # A platform whose people do nothing yet is in it all the same.
    monkeypatch.setattr(fleet.platforms()["ceph_rgw"], "HANDS", Hands)
    assert not usual_form("ceph_rgw").has_room


def _cell(form: str, keeper: str, scenario: str) -> Cell:
    warm_up()
    return Cell(FORMS[form], KEEPERS[keeper], SCENARIOS[scenario][0])


@pytest.mark.parametrize(("form", "keeper", "scenario"), CELLS)
def test_promise_holds_wherever_it_is_killed(form: str, keeper: str, scenario: str) -> None:
    tally = try_cell(_cell(form, keeper, scenario), rotate, seed=3, most=8, pairs=2)
    assert tally.problem == ""
    assert tally.cases >= 10
    assert [f"{verdict.recipe()}: {verdict.violations}" for verdict in tally.bad] == []


@pytest.mark.parametrize(("form", "keeper", "scenario"), CELLS[:4])
def test_promise_holds_when_processes_get_sigkill(form: str, keeper: str, scenario: str) -> None:
    tally = try_cell(_cell(form, keeper, scenario), rotate, seed=3, most=4, pairs=1, is_real=True)
    assert tally.problem == ""
    assert tally.kills > 4
    assert [f"{verdict.recipe()}: {verdict.violations}" for verdict in tally.bad] == []


@pytest.mark.parametrize(("form", "keeper", "scenario"), CELLS[:4])
def test_promise_holds_whatever_goes_wrong(form: str, keeper: str, scenario: str) -> None:
    cell = _cell(form, keeper, scenario)
    tally = try_cell(cell, rotate, seed=3, most=8, actions=(faults, kills))
    assert tally.problem == ""
    assert [f"{verdict.recipe()}: {verdict.violations}" for verdict in tally.bad] == []


#: Two runners at once: over each store, with overlap and in place.
DUELS = tuple(
    (form, keeper, "rotate")
    for keeper in ("ansible_vault", "vault_kv2", "aws_secretsmanager")
    for form in ("huawei-v5", "osis", "ontap-9.14")
)


@pytest.mark.parametrize(("form", "keeper", "scenario"), DUELS)
def test_two_runners_rotate_once_and_one_that_slept_too_long_loses_nothing(
    form: str, keeper: str, scenario: str
) -> None:
    # Every second runner stands still somewhere, for longer than its lease.
    tally = try_duels(_cell(form, keeper, scenario), rotate, seed=3, count=4)
    assert tally.problem == ""
    assert [f"{verdict.duel}: {verdict.violations}" for verdict in tally.bad] == []


@pytest.mark.parametrize("rivals", RIVALS)
@pytest.mark.parametrize("keeper", ["ansible_vault", "vault_kv2", "aws_secretsmanager"])
def test_runners_that_want_different_things_break_no_rule(keeper: str, rivals: str) -> None:
    warm_up()
    cell = Cell(FORMS["huawei-v3.0"], KEEPERS[keeper], RIVALS[rivals][0])
    tally = try_duels(cell, rotate, seed=3, count=4)
    assert tally.problem == ""
    assert [f"{verdict.duel}: {verdict.violations}" for verdict in tally.bad] == []
