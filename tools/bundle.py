# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the bundle for sites without internet: the collection and the wheels that it needs.

dist/objectstore-credentials-<version>-offline.tar.gz holds the artifact, wheels/, SHA256SUMS and a
README that says how to install it. The wheels are for the Python and platform that this runs with,
or for --python-version and --platform, as pip has them.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import yaml
from environments import ROOT, known, run_environment

SCRATCH = ROOT / ".build" / "bundle"
DIST = ROOT / "dist"
README = """Offline bundle of objectstore.credentials {version}

Check it, then install it with the Python and the ansible-galaxy of your Ansible:

    sha256sum -c SHA256SUMS
    python3 -m pip install --no-index --find-links wheels -r requirements.txt
    ansible-galaxy collection install --offline objectstore-credentials-{version}.tar.gz

The wheels are for {target}. ansible-core itself is not in here. For an execution environment see
docs/execution-environment.md of the collection.
"""


class BundleError(Exception):
    """The bundle cannot be made."""


def run(*command: str) -> None:
    """Run a command. Raises BundleError with what it printed."""
    done = subprocess.run(
        command,
        cwd=SCRATCH,
        # Where the checkout itself is known, nothing would be installed.
        env={
            **run_environment(known()["dev"]),
            "PYTHONPATH": "",
            "ANSIBLE_COLLECTIONS_PATH": str(SCRATCH / "proof" / "c"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BundleError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")


def download(folder: Path, target: argparse.Namespace) -> int:
    """Fetch the wheels of the runtime requirements; return how many there are."""
    chosen = []
    if target.python_version:
        chosen += ["--python-version", target.python_version]
    for platform in target.platform:
        chosen += ["--platform", platform]
    requirements = str(ROOT / "meta" / "ee-requirements.txt")
    run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"),
        *(*chosen, "--dest", str(folder), "-r", requirements),
    )
    return len(list(folder.glob("*.whl")))


def sums(folder: Path) -> str:
    """Return the SHA-256 sums of all files below a folder, as sha256sum reads them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in paths
    )


def prove(bundle: Path, target: argparse.Namespace) -> None:
    """Unpack the bundle elsewhere, check its sums, and install all of it without a network."""
    place = SCRATCH / "proof"
    place.mkdir(parents=True)
    run("tar", "-xzf", str(bundle), "-C", str(place))
    (inside,) = place.iterdir()
    lines = (inside / "SHA256SUMS").read_text().splitlines()
    for line in lines:
        wanted, name = line.split("  ", 1)
        if hashlib.sha256((inside / name).read_bytes()).hexdigest() != wanted:
            raise BundleError(f"{name} is not what SHA256SUMS says")
    galaxy = str(Path(sys.executable).parent / "ansible-galaxy")
    (artifact,) = inside.glob("objectstore-credentials-*.tar.gz")
    run(galaxy, "collection", "install", "--offline", "-p", str(place / "c"), str(artifact))
    if not (target.python_version or target.platform):
        wheels, requirements = str(inside / "wheels"), str(inside / "requirements.txt")
        run(
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--find-links"),
            *(wheels, "--target", str(place / "site"), "-r", requirements),
        )


def make(target: argparse.Namespace) -> str:
    """Make and prove the bundle; return a sentence about it."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    name = f"objectstore-credentials-{version}-offline"
    folder = SCRATCH / name
    (folder / "wheels").mkdir(parents=True)
    galaxy = str(Path(sys.executable).parent / "ansible-galaxy")
    run(galaxy, "collection", "build", "--force", "--output-path", str(folder), str(ROOT))
    count = download(folder / "wheels", target)
    shutil.copy(ROOT / "meta" / "ee-requirements.txt", folder / "requirements.txt")
    here = f"Python {sys.version_info.major}.{sys.version_info.minor} on {sys.platform}"
    there = f"Python {target.python_version or 'of the builder'} on {', '.join(target.platform)}"
    is_here = not (target.python_version or target.platform)
    text = README.format(version=version, target=here if is_here else there)
    (folder / "README.txt").write_text(text)
    (folder / "SHA256SUMS").write_text(sums(folder))
    DIST.mkdir(exist_ok=True)
    bundle = DIST / f"{name}.tar.gz"
    with tarfile.open(bundle, "w:gz") as archive:
        archive.add(folder, arcname=name)
    prove(bundle, target)
    size = bundle.stat().st_size / 1e6
    return f"{bundle.relative_to(ROOT)}: the collection and {count} wheels, {size:.0f} MB"


def main() -> int:
    """Make the bundle; print where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python-version", help="such as 3.12; the one that this runs with")
    parser.add_argument(
        "--platform", action="append", default=[], help="such as manylinux2014_x86_64"
    )
    try:
        print(make(parser.parse_args()))
    except BundleError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
