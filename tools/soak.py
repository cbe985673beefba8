# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let an estate live for simulated weeks, with all the trouble there is, by one seed: make soak.

Every platform has so many accounts, shared by its forms; each form is a site with a secret store, a
clock and policies of its own. On its days one or two controllers run over all its accounts, killed
or hit by faults at steps that the seed draws; operators force, roll back, acknowledge, decommission
and name leaked keys; colleagues make, disable and delete keys, suspend, rename and remove users,
restore records from backups and cut the journal. After every run, DESIGN's promise is checked for
every account; at the end comes a quiet fortnight, and then every account must be in a proper state.

A violation prints the account's story, and how to live through it again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / ".build" / "collections"))

from ansible_collections.objectstore.credentials.tests.soak import estate

#: Lines of an account's story that are printed.
_STORY = 60


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", default="1", help="draws everything (1)")
    parser.add_argument("--accounts", type=int, default=200, help="on every platform (200)")
    parser.add_argument("--minutes", type=float, default=30.0, help="of this machine (30)")
    parser.add_argument("--weeks", type=int, default=0, help="of each site, instead of minutes")
    parser.add_argument("--jobs", type=int, default=2, help="sites at a time (2)")
    parser.add_argument("--only", action="append", default=[], help="one form; may come again")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Play all sites and tell what came of them."""
    given = parsed(arguments)
    given.jobs = max(1, given.jobs)  # as pytest-xdist counts: 0 is one at a time
    print(f"seed {given.seed}", flush=True)
    known = estate.tasks(given.seed, given.accounts, only=given.only)
    seconds = 0.0 if given.weeks else given.minutes * 60 * given.jobs / max(1, len(known))
    wanted = estate.tasks(
        given.seed, given.accounts, weeks=given.weeks, seconds=seconds, only=given.only
    )
    began = time.monotonic()
    reports = []
    for report in estate.play_all(wanted, given.jobs):
        reports.append(report)
        _tell(report, given.accounts)
    return _sum_up(reports, given, time.monotonic() - began)


def _tell(report: estate.Report, accounts: int) -> None:
    task, count = report.task, report.count
    grown = f"{report.memory[0] // 1024} to {report.memory[-1] // 1024} MB" if report.memory else ""
    print(
        f"{task.form:20} {task.store:18} {task.accounts:4} accounts {report.weeks:4} weeks"
        f" {count['runs']:6} runs {count['requests']:8} requests {report.cpu:6.0f} s of CPU"
        f"  {grown}  {len(report.findings) or 'no'} findings",
        flush=True,
    )
    for finding in report.findings[:5]:
        print(f"!! {finding}")
        print(*(f"     {line}" for line in finding.story[-_STORY:]), sep="\n")
    if report.findings:
        weeks = max(1, report.weeks)
        print(
            f"!! again: make soak ARGS='--seed {task.seed} --only {task.form} --weeks {weeks}"
            f" --accounts {accounts}'",
            flush=True,
        )


def _sum_up(reports: Sequence[estate.Report], given: argparse.Namespace, seconds: float) -> int:
    count: Counter[str] = sum((report.count for report in reports), Counter())
    for name, number in sorted(count.items()):
        print(f"{number:10}  {name}")
    found = sum(len(report.findings) for report in reports)
    print(
        f"{len(reports)} sites, {sum(report.task.accounts for report in reports)} accounts,"
        f" {sum(report.weeks for report in reports)} weeks, {count['runs']} runs,"
        f" {count['requests']} requests, {found} findings; {seconds:.0f} s,"
        f" {sum(report.cpu for report in reports):.0f} s of CPU; seed {given.seed}"
    )
    return 1 if found or not reports else 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets have their order by chance, too.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606  # ourselves
    sys.exit(main(sys.argv[1:]))
