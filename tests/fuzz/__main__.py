# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The long form of the fuzz targets: make fuzz ARGS='--examples 2000 --seconds 60 --only ontap'."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time

from . import all_targets
from .registry import TARGETS
from .runs import Ran, run


def main() -> int:
    """Run the targets, print what came of them, and return whether anything was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="inputs for each target")
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="of the processor at most, for each target"
    )
    all_targets.choose(parser)
    parser.add_argument("--list", action="store_true", help="name the targets")
    given = parser.parse_args()
    names, number = all_targets.chosen(given)
    if given.list or not names:
        print("\n".join(names or ["no target of this name"]))
        return 0 if names else 2
    print(f"seed {number}: {len(names)} targets, {given.examples} inputs each", flush=True)
    began = time.monotonic()
    work = [(name, number, given.examples, given.seconds) for name in names]
    width = max(map(len, names))
    print(f"{'target':<{width}} {'inputs':>8} {'seconds':>8} findings")
    ran = []
    with multiprocessing.get_context("fork").Pool(given.jobs) as pool:
        for one in pool.imap(_run, work):
            ran.append(one)
            told = f"{one.name:<{width}} {one.inputs:>8} {one.seconds:>8.1f} {len(one.findings):>8}"
            print(told, flush=True)
    _tell(ran, time.monotonic() - began)
    return 1 if any(one.findings for one in ran) else 0


def _run(work: tuple[str, int, int, float]) -> Ran:
    name, number, examples, seconds = work
    return run(TARGETS[name], first_seed=number, examples=examples, most_seconds=seconds)


def _tell(ran: list[Ran], seconds: float) -> None:
    found = sum(len(one.findings) for one in ran)
    print(f"{sum(one.inputs for one in ran)} inputs in {seconds:.0f} s, {found} findings")
    for one in ran:
        for place, told in one.findings.items():
            print(f"\n{one.name}: {place}\n{told}")


if __name__ == "__main__":
    sys.exit(main())
