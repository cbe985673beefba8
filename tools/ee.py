# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove what ansible-builder makes of the collection: introspect and create, without an engine.

introspect has to find every requirement in the installed artifact, and create has to make a build
context from the definition that the documentation shows.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from environments import ROOT, known, run_environment

SCRATCH = ROOT / ".build" / "ee"
DEFINITION = ROOT / "docs" / "execution-environment.yml"
NAME = "objectstore.credentials"


class BuildError(Exception):
    """An execution environment would not be as it has to be."""


def run(program: str, *arguments: str) -> str:
    """Run a program of the environment that this runs in; return what it printed."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments],
        cwd=SCRATCH,
        # Where the checkout itself is known, nothing would be installed.
        env={
            **run_environment(known()["dev"]),
            "PYTHONPATH": "",
            "ANSIBLE_COLLECTIONS_PATH": str(SCRATCH / "collections"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"{program} {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def lines(path: Path) -> list[str]:
    """Return what a file of requirements asks for."""
    texts = (line.strip() for line in path.read_text().splitlines())
    return [text for text in texts if text and not text.startswith("#")]


def introspect() -> int:
    """Install the artifact and have its requirements found; return how many there are."""
    run(
        "ansible-galaxy", "collection", "build", "--force", "--output-path", str(SCRATCH), str(ROOT)
    )
    (artifact,) = SCRATCH.glob("objectstore-credentials-*.tar.gz")
    collections = SCRATCH / "collections"
    run(
        "ansible-galaxy",
        "collection",
        "install",
        "--offline",
        "-p",
        str(collections),
        str(artifact),
    )
    found = yaml.safe_load(run("ansible-builder", "introspect", str(collections)))
    wanted = {"python": lines(ROOT / "meta/ee-requirements.txt")}
    wanted["system"] = lines(ROOT / "meta/ee-bindep.txt")
    for kind, requirements in wanted.items():
        asked = json.dumps(found.get(kind) or {})
        missing = [each for each in requirements if each not in asked]
        if missing:
            raise BuildError(f"introspect does not find {', '.join(missing)} ({kind})")
    return sum(map(len, wanted.values()))


def create() -> None:
    """Make a build context from the definition in the documentation."""
    context = SCRATCH / "context"
    run("ansible-builder", "create", "-f", str(DEFINITION), "-c", str(context))
    galaxy = yaml.safe_load((context / "_build" / "requirements.yml").read_text())
    if NAME not in [each["name"] for each in galaxy["collections"]]:
        raise BuildError(f"the build context does not install {NAME}")
    container = next(iter(context.glob("*file"))).read_text()
    image = yaml.safe_load(DEFINITION.read_text())["images"]["base_image"]["name"]
    if image not in container:
        raise BuildError(f"the build context does not start from {image}")


def main() -> int:
    """Prove both; print what was proven."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    try:
        print(f"introspect finds all {introspect()} requirements")
        create()
        print(f"create makes a build context from {DEFINITION.relative_to(ROOT)}")
    except BuildError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
