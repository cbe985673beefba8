# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one cell of the matrix, in its own environment: pytest with the arguments given.

matrix.py CELL [ARGUMENT...]    CELL: py39, or an ansible-core such as 2.16

A cell whose Python is not there is named and left out, with exit code 77; with REQUIRE_ALL_CELLS=1
that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import environments
from environments import CELLS, NOT_HERE, ROOT

#: This cell runs the modules on Python 3.9, as on an old target; the others on their own Python.
CELL_WITH_OLD_TARGET = "2.20"


def main(arguments: Sequence[str]) -> int:
    """Make the cell's environment and run pytest in it."""
    if not arguments or arguments[0] not in ("py39", *CELLS):
        sys.exit(__doc__)
    cell, *rest = arguments
    known = environments.known()
    environment = known["py39" if cell == "py39" else f"core-{cell}"]
    if environments.interpreter(environment) is None and not environment.is_complete():
        wanted = " or ".join(environment.pythons)
        print(f"{environment.name} was not run: it needs Python {wanted}, and none is there.")
        return 1 if os.environ.get("REQUIRE_ALL_CELLS") == "1" else NOT_HERE
    python = environments.ensure(environment)
    variables = environments.run_environment(environment)
    old = known["py39"]
    if cell == CELL_WITH_OLD_TARGET and environments.interpreter(old):
        variables["MODULE_PYTHON"] = str(environments.ensure(old))
    command = [str(python), "-m", "pytest", *rest]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
