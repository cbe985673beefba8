# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fuzz targets led by coverage: atheris keeps inputs that reach new lines, and changes them.

make fuzz-guided ARGS='--seconds 60 --only plan --seed 7'

Each target has a process of its own (guided_one), because libFuzzer ends the one that it runs in.
What it has found interesting stays in .build/fuzz/<target>, and the next run begins there.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import all_targets
from .guided_one import INPUT

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".build" / "fuzz"
_MODULE = "ansible_collections.objectstore.credentials.tests.fuzz.guided_one"
#: Seconds that loading and ending may take beyond what is given to a target.
_GRACE = 600
_STATS = re.compile(r"^stat::number_of_executed_units: +(\d+)", re.MULTILINE)
_REACHED = re.compile(r"\bcov: (\d+)")


@dataclass(frozen=True)
class Led:
    """What a target was given. reached: edges of our code. finding: how it failed, or none."""

    name: str
    inputs: int
    first_reached: int
    reached: int
    finding: str


def main() -> int:
    """Run the targets, print what came of them, and return whether anything was found."""
    parser = argparse.ArgumentParser(prog="make fuzz-guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    all_targets.choose(parser)
    options = parser.parse_args()
    names, seed = all_targets.chosen(options)
    if not names:
        print("no target of this name")
        return 2
    began = time.monotonic()
    print(f"seed {seed}: {len(names)} targets, {options.seconds} s each", flush=True)
    width = max(map(len, names))
    print(f"{'target':<{width}} {'inputs':>8} {'reached':>15} findings")
    with ThreadPoolExecutor(options.jobs) as pool:
        led = []
        for one in pool.map(lambda name: _led(name, options.seconds, seed), names):
            led.append(one)
            reached = f"{one.first_reached} -> {one.reached}"
            told = f"{one.name:<{width}} {one.inputs:>8} {reached:>15} {int(bool(one.finding)):>8}"
            print(told, flush=True)
    found = [one for one in led if one.finding]
    seconds = time.monotonic() - began
    print(f"{sum(one.inputs for one in led)} inputs in {seconds:.0f} s, {len(found)} findings")
    for one in found:
        print(f"\n{one.name}:\n{one.finding}")
    return 1 if found else 0


def folder_of(name: str) -> Path:
    """Return where a target's inputs are kept."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return KEPT / f"{words}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _led(name: str, seconds: int, seed: int) -> Led:
    kept = folder_of(name)
    (kept / "inputs").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", _MODULE, name, str(seconds), str(seed)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=seconds + _GRACE,
            check=False,
            cwd=kept,
        )
        code, said = done.returncode, (done.stdout + done.stderr).decode(errors="replace")
    except subprocess.TimeoutExpired as exc:
        code, said = 1, f"it did not end\n{(exc.stderr or b'').decode(errors='replace')}"
    (kept / "log").write_text(said)
    reached = [int(edges) for edges in _REACHED.findall(said)] or [0]
    ran = _STATS.search(said)
    finding = "\n".join(_of_finding(said)) if code or not ran else ""
    return Led(name, int(ran.group(1)) if ran else 0, reached[0], reached[-1], finding)


def _of_finding(said: str) -> Iterator[str]:
    """Yield of a log what tells how it failed, and which input did it."""
    lines = [line for line in said.splitlines() if not line.startswith(("#", "INFO:", "stat::"))]
    begin = next((n for n, line in enumerate(lines) if line.startswith(INPUT)), 0)
    yield from itertools.takewhile(lambda line: not line.startswith("WARNING:"), lines[begin:])
    yield from (line for line in lines if "Test unit written" in line)


if __name__ == "__main__":
    sys.exit(main())
