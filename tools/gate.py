# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the gates and tell how long each took, and how much of the processors.

gate.py run NAME -- COMMAND...    run one gate; its time and result go into the table
gate.py report                    print the table of this run and, last, "N passed, N failed"

One run is everything with the same GATE_RUN in the environment; make sets it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from xml.etree import ElementTree

from environments import NOT_HERE, ROOT, missing_cells

GATES = ROOT / ".build" / "gates"
#: Seconds after which a gate is taken for hanging.
LONGEST = 6000


@dataclass
class Gate:
    """What one gate did."""

    name: str
    passed: bool
    seconds: float
    finished: float
    #: Seconds of processor time, with all that it waited for: comparable on a busy machine too.
    cpu: float = 0.0
    #: Tests that a pytest run in it counted.
    tests: int = 0
    failures: int = 0
    skipped: int = 0
    #: Whether what it needs is here at all.
    ran: bool = True
    run: str = field(default_factory=lambda: os.environ.get("GATE_RUN", ""))


def run(name: str, command: Sequence[str]) -> int:
    """Run a gate's command, write down what came out, return its exit code."""
    GATES.mkdir(parents=True, exist_ok=True)
    junit = GATES / f"{name}.xml"
    junit.unlink(missing_ok=True)
    words = [word.replace("{junit}", str(junit)) for word in command]
    print(f"== {name}", flush=True)
    started = time.monotonic()
    code = _bounded(words)
    gate = Gate(name, code in (0, NOT_HERE), time.monotonic() - started, time.time())
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    gate.cpu = spent.ru_utime + spent.ru_stime
    gate.ran = code != NOT_HERE
    if junit.exists():
        for suite in ElementTree.parse(junit).iter("testsuite"):
            gate.tests += int(suite.get("tests", 0))
            gate.failures += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            gate.skipped += int(suite.get("skipped", 0))
    if gate.skipped:
        print(f"{name}: {gate.skipped} tests were skipped, and none may be.")
        gate.passed, code = False, code or 1
    (GATES / f"{name}.json").write_text(json.dumps(asdict(gate)))
    print(
        f"== {name}: {_result(gate)} in {gate.seconds:.0f} s, {gate.cpu:.0f} s of CPU", flush=True
    )
    return 0 if gate.passed else code


def _result(gate: Gate) -> str:
    return "FAILED" if not gate.passed else "passed" if gate.ran else "not run"


def _bounded(command: Sequence[str]) -> int:
    """Run a command; end it and all that it started if it takes too long or we are interrupted."""
    # A shell starts what it puts into the background with Ctrl-C ignored, and that is inherited:
    # tests of Ctrl-C would then test nothing. Python's own handler is not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        print(f"stopped after {LONGEST} s", flush=True)
        return 124
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def report() -> int:
    """Print this run's gates; return 1 if one of them failed or there was none."""
    gates = [Gate(**json.loads(file.read_text())) for file in GATES.glob("*.json")]
    gates = [gate for gate in gates if gate.run == os.environ.get("GATE_RUN", "")]
    width = max([len(gate.name) for gate in gates], default=4)
    print(f"\n{'gate':{width}}  result  seconds      CPU  tests")
    for gate in sorted(gates, key=lambda gate: gate.finished):
        times = f"{gate.seconds:7.1f}  {gate.cpu:7.1f}"
        print(f"{gate.name:{width}}  {_result(gate):7}  {times}  {gate.tests or '':>5}".rstrip())
    for name in missing_cells():
        print(f"not run here: {name}, for want of its Python")
    # A gate without counted tests counts as one.
    gates = [gate for gate in gates if gate.ran]
    failed = sum(gate.failures or not gate.passed for gate in gates)
    passed = sum(max(gate.tests - gate.failures, 0) or gate.passed for gate in gates)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or not gates else 0


def main(arguments: Sequence[str]) -> int:
    """Run one gate, or report on all."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if list(arguments) == ["report"]:
        return report()
    if len(arguments) > 3 and arguments[0] == "run" and arguments[2] == "--":
        return run(arguments[1], arguments[3:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
