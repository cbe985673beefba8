# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tests that need a real Ceph gateway, which they start: pytest with the arguments given.

The contract suite on that gateway, and tests/lab. Where Ceph's packages are missing one line says
how to get them, with exit code 77; with REQUIRE_CEPH=1 that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import environments
from environments import COLLECTIONS, NOT_HERE, ROOT

sys.path.insert(0, str(COLLECTIONS))

TESTS = ("tests/unit/plugins/module_utils/contract", "tests/lab")


def main(arguments: Sequence[str]) -> int:
    """Look whether Ceph is here, and run pytest."""
    from ansible_collections.objectstore.credentials.tests.lab import ceph

    if ceph.missing():
        print(ceph.HOW_TO_GET)
        return 1 if ceph.is_required() else NOT_HERE
    # A real Keystone, whose keys the gateway goes on taking for a while.
    environments.ensure(environments.known()["keystone"])
    given = any(word.startswith("tests/") for word in arguments)
    command = [sys.executable, "-m", "pytest", *(() if given else TESTS), *arguments]
    environment = {**os.environ, "CONTRACT_ON": "ceph_gateway"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
