# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What make simulators prints for the nightly job works as printed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import BIN, LONGEST, PACKAGE, ROOT, Ansible

pytestmark = pytest.mark.oldest


@pytest.fixture
def story(ansible: Ansible) -> Iterator[str]:
    """What the command prints: keys side by side, two of some; in place; a login that is listed."""
    wanted = ["--platform", "huawei", "--platform", "ontap", "--platform", "ceph_rgw"]
    process = subprocess.Popen(
        [str(BIN / "python"), "-m", PACKAGE, *wanted],
        env={**ansible.environment, "PYTHONPATH": str(ROOT / ".build" / "collections")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("What a server saw"):
            break
    yield "".join(lines)
    process.terminate()
    process.communicate(timeout=LONGEST)


def test_nightly_job_works_as_printed(ansible: Ansible, story: str, tmp_path: Path) -> None:
    printed = story.partition("Try, in another terminal")[2].partition("Single tasks:")[0]
    lines = [line[2:] for line in printed.splitlines() if line.startswith("  ")]
    assert sum("ansible-playbook" in line for line in lines) == 4
    script = "\n".join(["set -e", *lines])

    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**ansible.environment, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=2 * LONGEST,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    last = re.findall(r"(3 of 3 endpoints finished.*?)\. Report", done.stdout)[-1]
    assert "not under management" not in last
    assert "failed" not in last
