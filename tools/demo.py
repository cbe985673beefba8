# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell the story of the README against the bundled simulators: make demo.

A fleet of four simulated platforms is audited, taken over, left alone, retired, killed in the
middle and repaired, by the collection's own playbooks over its own inventory plugin. What is told
comes from their reports; whether it is true is asked of the simulators, which count their changes,
and of their S3 data planes, which take or refuse a pair. If they disagree, this exits with 1.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from demo_chat import chat
from demo_kept import Demo
from demo_story import tell
from demo_world import COLLECTIONS, ROOT, DemoError, simulators
from terminal import Terminal

#: What the runs leave stays here until the next demo.
FOLDER = ROOT / ".build" / "demo"


def _link_collection() -> None:
    """Make this checkout visible as a collection."""
    link = COLLECTIONS / "ansible_collections" / "objectstore" / "credentials"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
    sys.path.insert(0, str(COLLECTIONS))


def _fresh(folder: Path) -> Path:
    """Make the folder anew, for its owner only."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def main() -> int:
    """Tell the whole story; 0 if all of it is true."""
    terminal = Terminal()
    _link_collection()
    started = time.monotonic()
    mismatches: list[str] = []
    try:
        folder = _fresh(FOLDER)
        with simulators(folder) as world, chat() as hook:
            demo = Demo(world, folder, terminal, hook.url)
            # A mismatch is told even when the story cannot go on.
            mismatches = demo.mismatches
            tell(demo, hook, time.monotonic() - started)
    except DemoError as exc:
        mismatches.append(str(exc))
    except KeyboardInterrupt:
        mismatches.append("stopped by the keyboard")
    terminal.line()
    for mismatch in mismatches:
        terminal.line(terminal.style(f"✗ {mismatch}", "red", "bold"))
    shown = os.path.relpath(FOLDER)
    if mismatches:
        terminal.line(terminal.style(f"  What was left: {shown}", "dim"))
        return 1
    used = os.times()
    cpu = used.user + used.system + used.children_user + used.children_system
    seconds = time.monotonic() - started
    verdict = f"✓ All of this was held against the simulators' own counts. {seconds:.1f} s"
    terminal.line(terminal.style(verdict, "green"))
    terminal.line(terminal.style(f"  {cpu:.1f} s of CPU. Everything is in {shown}", "dim"))
    terminal.line(terminal.style("  To play with the simulators yourself: make simulators", "dim"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
