# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Perform the documented operations against the bundled simulators: make demo.

Starts the simulators, runs tests/demo/playbook.yml three times (for real, again without what
happens once, and in check mode with it), shows what happened, and stops what it started. What it
tells is what the modules returned; whether that is true is asked of the simulators, which count
their changes, and of their S3 data planes, which take or refuse a pair. If they disagree, it fails.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from demo_run import Demo
from demo_story import tell
from demo_world import COLLECTIONS, ROOT, DemoError, simulators
from terminal import Terminal


def _link_collection() -> None:
    """Make this checkout visible as a collection."""
    link = COLLECTIONS / "ansible_collections" / "objectstore" / "credentials"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
    sys.path.insert(0, str(COLLECTIONS))


def main() -> int:
    """Tell the whole story; 0 if all of it is true."""
    terminal = Terminal()
    _link_collection()
    started = time.monotonic()
    mismatches: list[str] = []
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        folder = Path(name)
        try:
            with simulators(folder) as world:
                demo = Demo(world, folder, terminal)
                tell(demo, time.monotonic() - started)
                mismatches = demo.mismatches
        except DemoError as exc:
            mismatches = [str(exc)]
        except KeyboardInterrupt:
            mismatches = ["stopped by the keyboard"]
    terminal.line()
    for mismatch in mismatches:
        terminal.line(terminal.style(f"✗ {mismatch}", "red", "bold"))
    if mismatches:
        return 1
    seconds = time.monotonic() - started
    verdict = f"✓ All of this was held against the simulators' own counts. {seconds:.1f} s"
    terminal.line(terminal.style(verdict, "green"))
    terminal.line(terminal.style("  To play with the simulators yourself: make simulators", "dim"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
