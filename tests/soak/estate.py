# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate: a site for each form of every platform, each in a process of its own, by one seed."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.objectstore.credentials.tests.kill import hooks
from ansible_collections.objectstore.credentials.tests.kill.arena import MEMORY
from ansible_collections.objectstore.credentials.tests.kill.engine import rotate, warm_up
from ansible_collections.objectstore.credentials.tests.kill.forms import FORMS, Form
from ansible_collections.objectstore.credentials.tests.kill.keepers import KEEPERS
from ansible_collections.objectstore.credentials.tests.kill.runner import Engine, Runtime

from . import chance, ending
from .referee import Finding
from .weeks import Weeks

#: The secret stores in the order in which forms take turns at them.
_STORES = ("ansible_vault", "vault_kv2", "aws_secretsmanager")
#: More weeks than half an hour has room for.
_MOST_WEEKS = 520


@dataclass(frozen=True)
class Task:
    """One site to be played."""

    form: str
    store: str
    seed: str
    accounts: int
    #: It ends after so many weeks, or when this much time has gone.
    weeks: int
    seconds: float


@dataclass
class Report:
    """What came of one site."""

    task: Task
    weeks: int = 0
    cpu: float = 0.0
    count: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    #: Kilobytes of memory after each week.
    memory: list[int] = field(default_factory=list)


def tasks(
    seed: str, accounts: int, *, weeks: int = 0, seconds: float = 0.0, only: Sequence[str] = ()
) -> list[Task]:
    """Return the sites of an estate: so many accounts on every platform, shared by its forms.

    weeks: how many each site has; 0: as many as its share of the seconds has room for.
    """
    first = sum(seed.encode())
    of = Counter(form.platform for form in FORMS.values())
    found = []
    for number, form in enumerate(FORMS.values()):
        if only and form.label not in only:
            continue
        store = _STORES[(first + number) % len(_STORES)]
        share = max(2, accounts // of[form.platform])
        found.append(Task(form.label, store, seed, share, weeks or _MOST_WEEKS, seconds))
    return found


def play(task: Task, engine: Engine = rotate) -> Report:
    """Play one site to its end."""
    hooks.patch()
    warm_up()
    keeper = KEEPERS[task.store]
    keeper.warm_up()
    form = FORMS[task.form]
    report = Report(task)
    base = MEMORY if os.path.isdir(MEMORY) else None
    directory = Path(tempfile.mkdtemp(prefix="soak-", dir=base))
    began, spent = time.monotonic(), _cpu()
    try:
        weeks = Weeks(
            form,
            keeper,
            directory / "world",
            seeded(engine, task.seed, form),
            seed=task.seed,
            accounts=task.accounts,
        )
        # The end takes about as long as two weeks.
        while weeks.weeks < task.weeks and not weeks.referee.findings:
            weeks.week()
            gone = time.monotonic() - began
            if task.seconds and gone * (1 + 3 / weeks.weeks) > task.seconds:
                break
        report.weeks = weeks.weeks
        if not weeks.referee.findings:
            weeks.quiet()
            ending.judge(weeks)
        report.count, report.findings = weeks.site.count, weeks.referee.findings
        report.memory = weeks.memory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        report.cpu = _cpu() - spent
    return report


def seeded(engine: Engine, seed: str, form: Form) -> Engine:
    """Return an engine whose every run draws by the seed."""

    def run(runtime: Runtime) -> dict[str, Any]:
        chance.begin(f"{seed} {form.label} {runtime.run}")
        try:
            return engine(runtime)
        finally:
            chance.end()

    return run


def play_all(wanted: Sequence[Task], jobs: int) -> Iterator[Report]:
    """Play sites in processes of their own, so many at a time."""
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(play, wanted)


def _cpu() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(each)[:2]) for each in whose)
