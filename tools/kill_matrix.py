# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill rotations at every step, run again, and check the promise: make kill-matrix.

Each cell is a platform form, a secret store and a scenario. Every request and every change of a
file is a step; at each a runner is killed (and, with --faults, answers are lost or come late, disks
fill, ...), then it runs again until done, and the platform's own log is held against the record's
history. A violation prints a recipe: --case repeats it, with the story of what happened.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / ".build" / "collections"))

from ansible_collections.objectstore.credentials.tests.kill import arena, matrix
from ansible_collections.objectstore.credentials.tests.kill.engine import rotate, warm_up
from ansible_collections.objectstore.credentials.tests.kill.forms import FORMS
from ansible_collections.objectstore.credentials.tests.kill.keepers import KEEPERS
from ansible_collections.objectstore.credentials.tests.kill.plan import faults, kills
from ansible_collections.objectstore.credentials.tests.kill.scenarios import RIVALS, SCENARIOS


def cells(only: list[str], duels: bool) -> list[arena.Cell]:
    """Return the cells whose names fit one of the patterns, all without any."""
    scenarios = {**SCENARIOS, **RIVALS} if duels else SCENARIOS
    found = []
    facts_of = {form.label: arena.facts_of(form) for form in FORMS.values()}
    for keeper in KEEPERS.values():
        if keeper.is_clear:
            continue
        for form in FORMS.values():
            facts = facts_of[form.label]
            for scenario, fits in scenarios.values():
                cell = arena.Cell(form, keeper, scenario)
                if fits(facts) and (
                    not only or any(fnmatch.fnmatch(str(cell), pattern) for pattern in only)
                ):
                    found.append(cell)
    return found


def main() -> int:
    """Try the cells and tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", default=[], help="pattern of cells")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, help="cases for each cell and kind; default: all")
    parser.add_argument("--pairs", type=int, default=10, help="cases with two kills, per cell")
    parser.add_argument("--faults", action="store_true", help="other interruptions than kills")
    parser.add_argument("--seconds", type=float, help="stop after so many")
    parser.add_argument("--case", help='one case of the only cell: "12 kill after; 3 kill before"')
    parser.add_argument("--stories", type=int, default=0, help="stories to tell per bad cell")
    parser.add_argument("--duels", type=int, help="two runners at once, so often per cell")
    parser.add_argument("--duel", help="one of them again, by its seed and step of pause")
    given = parser.parse_args()
    warm_up()
    chosen = cells(given.only, given.duels is not None or given.duel is not None)
    if given.case is not None or given.duel is not None:
        (cell,) = chosen
        if given.duel is not None:
            verdict = matrix.duel_of(cell, rotate, given.duel)
        else:
            verdict = matrix.case_of(cell, rotate, given.case)
        print(*verdict.story, *verdict.violations, sep="\n")
        return 1 if verdict.violations else 0
    began = time.monotonic()
    totals: Counter[str] = Counter()
    bad = 0
    actions = (faults,) if given.faults else (kills,)
    for cell in chosen:
        if given.seconds and time.monotonic() - began > given.seconds:
            print(f"stopped after {given.seconds:g} s")
            break
        if given.duels:
            tally = matrix.try_duels(cell, rotate, seed=given.seed, count=given.duels)
        else:
            tally = matrix.try_cell(
                cell, rotate, seed=given.seed, most=given.sample, pairs=given.pairs, actions=actions
            )
        totals.update(cells=1, cases=tally.cases, kills=tally.kills, bad=len(tally.bad))
        word = "ok" if not tally.bad and not tally.problem else "BAD"
        print(
            f"{word:3} {cell!s:58} {tally.points:4d} steps {tally.cases:5d} cases"
            f" {tally.kills:5d} interruptions {tally.seconds:6.1f} s",
            flush=True,
        )
        if tally.problem:
            print(f"    preparation: {tally.problem}")
        bad += bool(tally.bad or tally.problem)
        rules = Counter(v.rule for verdict in tally.bad for v in verdict.violations)
        for rule, count in rules.most_common():
            first = next(v for v in tally.bad if rule in [w.rule for w in v.violations])
            what = next(w.what for w in first.violations if w.rule == rule)
            print(f"    {count} x {rule}: {what[:400]}")
            how = f'--duel "{first.duel}"' if first.duel else f'--case "{first.recipe()}"'
            print(f'      tools/kill_matrix.py --only "{cell}" {how}')
        for verdict in tally.bad[: given.stories]:
            print(*verdict.story, sep="\n")
    seconds = time.monotonic() - began
    cpu = sum(os.times()[:4])
    print(
        f"{totals['cells']} cells, {totals['cases']} cases, {totals['kills']} interruptions,"
        f" {totals['bad']} bad; {seconds:.0f} s, {cpu:.0f} s of CPU,"
        f" {totals['cases'] / max(cpu, 0.1):.0f} cases per second of CPU; seed {given.seed}"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
