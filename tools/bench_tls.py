# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ONTAP simulator behind TLS, for NetApp's own module, which speaks nothing else.

Arguments: how many accounts, the latency in milliseconds. Prints its port; ends with its input.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench_world import COLLECTIONS


def main() -> int:
    """Serve until standard input ends."""
    sys.path.insert(0, str(COLLECTIONS))
    from ansible_collections.objectstore.credentials.tests.simulators.ontap import OntapSimulator
    from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
    from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates

    accounts, latency = int(sys.argv[1]), float(sys.argv[2]) / 1000
    simulator = OntapSimulator(version="9.16.1")
    simulator.seed(accounts)
    with tempfile.TemporaryDirectory() as folder:
        chain = Certificates(Path(folder)).good.chain
        with SimulatorServer(simulator, latency=latency, certificate=chain) as server:
            print(server.port, flush=True)
            sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
