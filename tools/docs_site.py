# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the docs site: guides, and every plugin's documentation, as HTML in .build/docs/html."""

from __future__ import annotations

import shutil
import subprocess
import sys

from environments import ROOT, ensure, known, run_environment

SITE = ROOT / ".build" / "docs"


def main() -> int:
    """Build it; fails on any warning, such as a link that leads nowhere."""
    environment = known()["docs"]
    ensure(environment)
    variables = run_environment(environment)
    shutil.rmtree(SITE, ignore_errors=True)
    source = SITE / "source"
    # antsibull-docs wants it to be its user's alone.
    source.mkdir(mode=0o700, parents=True)
    guides = shutil.ignore_patterns("docsite")
    shutil.copytree(ROOT / "docs", source / "guides", ignore=guides)
    shutil.copy(ROOT / "docs" / "docsite" / "index.rst", source)
    for command in (
        [
            *("antsibull-docs", "collection", "--use-current", "--fail-on-error"),
            *("--no-add-antsibull-docs-version", "--dest-dir", str(source)),
            "objectstore.credentials",
        ],
        [
            *("sphinx-build", "-q", "-W", "--keep-going", "-b", "html"),
            *("-c", str(ROOT / "docs" / "docsite"), str(source), str(SITE / "html")),
        ],
    ):
        done = subprocess.run(
            [str(environment.path / "bin" / command[0]), *command[1:]],
            env=variables,
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            return done.returncode
    print(f"The site is {SITE / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
