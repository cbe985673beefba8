# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill rotations at every step, run again, and check the promise: make kill-matrix.

Runners are threads that stand still for ever where they are killed; with --real they are processes
and get SIGKILL, which takes longer. What was tried is kept in .build/kill-matrix,
so that the whole can be done in parts (--mode, --store, --only) and, with --resume, go on later.

Each cell is a platform form, a secret store and a scenario. Every request and every change of a
file is a step; at each a runner is killed, or (mode faults) answers are lost or come late, disks
fill, clocks are off, or (mode duels) two runners take turns in an order that the seed draws. Then
it runs again until done, and the platform's own log is held against the record's history. A
violation prints a recipe: --case repeats it, with the story of what happened (every file operation
too, with KILL_FULL_STORY=1 in the environment).
"""

from __future__ import annotations

import argparse
import fnmatch
import functools
import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / ".build" / "collections"))

from ansible_collections.objectstore.credentials.tests.kill import arena, matrix
from ansible_collections.objectstore.credentials.tests.kill.engine import rotate, warm_up
from ansible_collections.objectstore.credentials.tests.kill.forms import FORMS
from ansible_collections.objectstore.credentials.tests.kill.keepers import KEEPERS
from ansible_collections.objectstore.credentials.tests.kill.plan import faults, kills
from ansible_collections.objectstore.credentials.tests.kill.scenarios import RIVALS, SCENARIOS

PROGRESS = Path(__file__).resolve().parents[1] / ".build" / "kill-matrix"
MODES = ("kills", "faults", "duels")
#: What a short run takes of each store's cells: every one of files, for they are the fastest.
SHORT = {"ansible_vault": 1.0, "vault_kv2": 0.4, "aws_secretsmanager": 0.2}
Job = tuple[str, arena.Cell]
#: The jobs of this call: forks find them here, since no scenario can be pickled.
JOBS: list[Job] = []


@dataclass(frozen=True)
class Done:
    """What came of one cell in one mode."""

    mode: str
    cell: str
    text: str
    cases: int
    kills: int
    bad: int
    seconds: float
    cpu: float


def cells(only: list[str], mode: str) -> list[arena.Cell]:
    """Return the cells whose names fit one of the patterns, all without any."""
    scenarios = {**SCENARIOS, **RIVALS} if mode == "duels" else SCENARIOS
    found = []
    facts_of = {form.label: arena.facts_of(form) for form in FORMS.values()}
    for keeper in KEEPERS.values():
        if keeper.is_clear:
            continue
        for form in FORMS.values():
            facts = facts_of[form.label]
            for scenario, fits in scenarios.values():
                cell = arena.Cell(form, keeper, scenario)
                if scenario.needs_pair and form.mails_pairs:
                    continue
                if fits(facts) and (
                    not only or any(fnmatch.fnmatch(str(cell), pattern) for pattern in only)
                ):
                    found.append(cell)
    return found


def short(jobs: list[Job], seed: int) -> list[Job]:
    """Return a part of the jobs, drawn by the seed: every form and scenario in one mode or more."""
    dice = random.Random(seed)  # noqa: S311  # draws a sample
    chosen: dict[str, list[Job]] = {}
    for job in jobs:
        chosen.setdefault(str(job[1]), []).append(job)
    return [
        dice.choice(modes)
        for modes in chosen.values()
        if dice.random() < SHORT[modes[0][1].keeper.name]
    ]


def tried(job: Job, given: argparse.Namespace) -> matrix.Tally:
    """Try a cell in one mode."""
    mode, cell = job
    if mode == "duels":
        return matrix.try_duels(cell, rotate, seed=given.seed, count=given.sample or 20)
    return matrix.try_cell(
        cell,
        rotate,
        is_real=given.real,
        seed=given.seed,
        most=given.sample,
        pairs=given.pairs if mode == "kills" else 0,
        actions=(kills if mode == "kills" else faults,),
    )


def reported(number: int, given: argparse.Namespace) -> Done:
    """Try a cell, and return what to print and what to count."""
    mode, cell = JOBS[number]
    began = sum(os.times()[:4])
    tally = tried(JOBS[number], given)
    word = "BAD" if tally.bad or tally.problem else "ok"
    lines = [
        f"{word:3} {cell!s:56} {mode:6} {tally.points:4d} steps {tally.cases:5d} cases"
        f" {tally.kills:5d} interruptions {tally.known:5d} known {tally.seconds:6.1f} s"
    ]
    if tally.problem:
        lines.append(f"    preparation: {tally.problem}")
    rules = Counter(v.rule for verdict in tally.bad for v in verdict.violations)
    for rule, count in rules.most_common():
        first = next(v for v in tally.bad if rule in [w.rule for w in v.violations])
        what = next(w.what for w in first.violations if w.rule == rule)
        how = f'--duel "{first.duel}"' if first.duel else f'--case "{first.recipe()}"'
        lines.append(f"    {count} x {rule}: {what[:400]}")
        lines.append(f'      tools/kill_matrix.py --only "{cell}" {how}')
    for verdict in tally.bad[: given.stories]:
        lines += verdict.story
    bad = len(tally.bad) + bool(tally.problem)
    cpu = sum(os.times()[:4]) - began  # with that of runners that were processes
    return Done(
        mode, str(cell), "\n".join(lines), tally.cases, tally.kills, bad, tally.seconds, cpu
    )


def summary(found: Sequence[Done]) -> list[str]:
    """Return what came of each store in each mode, and of all."""
    rows: dict[tuple[str, str], list[Done]] = {}
    for done in found:
        rows.setdefault((done.cell.split("/")[1], done.mode), []).append(done)
    lines = [f"{'store':18} {'mode':6} cells  cases interruptions  bad  seconds"]
    for (store, mode), some in [*sorted(rows.items()), (("all", ""), list(found))]:
        lines.append(
            f"{store:18} {mode:6} {len(some):5} {sum(d.cases for d in some):6}"
            f" {sum(d.kills for d in some):13} {sum(d.bad for d in some):4}"
            f" {sum(d.seconds for d in some):8.0f}"
        )
    return lines


def kept(path: Path) -> dict[tuple[str, str], Done]:
    """Return what was tried before, by mode and cell."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        done = Done(**json.loads(line))
        found[done.mode, done.cell] = done
    return found


def again(given: argparse.Namespace) -> int:
    """Try one case once more, and tell its story."""
    mode = "kills" if given.duel is None else "duels"
    (cell,) = cells(given.only, mode)
    if given.duel is not None:
        verdict = matrix.duel_of(cell, rotate, given.duel)
    else:
        verdict = matrix.case_of(cell, rotate, given.case, is_real=given.real)
    broken = [str(violation) for violation in verdict.violations]
    print(*verdict.story, *(broken or ["the promise holds"]), sep="\n")
    return 1 if verdict.violations else 0


def asked_for() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", default=[], help="pattern of cells")
    parser.add_argument("--mode", action="append", choices=MODES, help="default: all of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, help="cases for each cell and mode; default: all")
    parser.add_argument("--pairs", type=int, default=20, help="cases with two kills, per cell")
    parser.add_argument("--seconds", type=float, help="begin nothing more after so many")
    parser.add_argument("--short", action="store_true", help="a part of it, drawn by the seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--store", action="append", choices=[*SHORT], help="default: all of them")
    parser.add_argument("--real", action="store_true", help="kill processes, by SIGKILL")
    parser.add_argument("--resume", action="store_true", help="leave out what was tried before")
    parser.add_argument("--case", help='one case of the only cell: "12 kill after; 3 kill before"')
    parser.add_argument("--duel", help="two runners at once: the seed and the step of the pause")
    parser.add_argument("--stories", type=int, default=0, help="stories to tell per bad cell")
    return parser.parse_args()


def main() -> int:
    """Try the cells and tell."""
    given = asked_for()
    warm_up()
    if given.case is not None or given.duel is not None:
        return again(given)
    jobs = [
        (mode, cell)
        for mode in given.mode or MODES
        for cell in cells(given.only, mode)
        if not given.store or cell.keeper.name in given.store
    ]
    if given.short:
        given.sample, given.pairs = given.sample or 3, min(given.pairs, 1)
        jobs = short(jobs, given.seed)
    if given.seconds:
        random.Random(given.seed).shuffle(jobs)  # noqa: S311  # what is left out is left to chance
    how = f"{'real' if given.real else 'kill'}-{given.seed}-{given.sample or 'all'}-{given.pairs}"
    progress = PROGRESS / f"{how}.jsonl"
    before = kept(progress) if given.resume else {}
    found = [before[mode, str(cell)] for mode, cell in jobs if (mode, str(cell)) in before]
    JOBS.extend(job for job in jobs if (job[0], str(job[1])) not in before)
    began = time.monotonic()
    progress.parent.mkdir(parents=True, exist_ok=True)
    with (
        multiprocessing.get_context("fork").Pool(max(1, given.jobs), maxtasksperchild=4) as pool,
        progress.open("a" if given.resume else "w") as stream,
    ):
        work = functools.partial(reported, given=given)
        for done in pool.imap(work, range(len(JOBS))):
            found.append(done)
            print(done.text, flush=True)
            stream.write(json.dumps(asdict(done)) + "\n")
            stream.flush()
            if given.seconds and time.monotonic() - began > given.seconds:
                print(f"stopped after {given.seconds:g} s: {len(found)} of {len(jobs)} were tried")
                break
    print(*summary(found), sep="\n")
    cases, bad = sum(done.cases for done in found), sum(done.bad for done in found)
    cpu = sum(done.cpu for done in found)
    print(
        f"{len(found)} of {len(jobs)} cells, {cases} cases, {sum(done.kills for done in found)}"
        f" interruptions, {bad} bad; {sum(done.seconds for done in found):.0f} s, {cpu:.0f} s of"
        f" CPU, {cases / max(cpu, 0.1):.0f} cases per second of CPU; seed {given.seed}"
    )
    return 1 if bad or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
