# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module whose controller was killed outright notices."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.objectstore.credentials.plugins.module_utils import ancestors

MODULE = """
import sys, time
from ansible_collections.objectstore.credentials.plugins.module_utils.ancestors import Ancestors
above = Ancestors()
print("up", flush=True)
deadline = time.monotonic() + 20
while not above.are_gone() and time.monotonic() < deadline:
    time.sleep(0.05)
open(sys.argv[1], "w").write("gone" if above.are_gone() else "never noticed")
"""
# A controller by its name, a shell between, and the module below: as Ansible has them.
CONTROLLER = """
import subprocess, sys
subprocess.run(["sh", "-c", '"$0" -c "$1" "$2" ansible; true', *sys.argv[2:5]])
"""


def test_killed_controller_is_noticed_through_the_shell(tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = [sys.executable, "-c", CONTROLLER, "ansible-playbook"]
    controller = subprocess.Popen(
        [*command, sys.executable, MODULE, str(told)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert controller.stdout is not None
    assert controller.stdout.readline() == b"up\n"
    controller.kill()
    controller.wait(10)
    deadline = time.monotonic() + 30
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.1)
    assert told.read_text() == "gone"
    controller.stdout.close()


def test_nobody_is_gone_while_all_are_there() -> None:
    above = ancestors.Ancestors()
    above._looked_at -= 10
    assert above.are_gone() is False
