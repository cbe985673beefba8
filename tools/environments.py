# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the virtual environments that everything here runs in: .venv/<name>, inside the checkout.

environments.py NAME...    make or complete them; done in milliseconds when nothing changed
environments.py --list     name them all, with the interpreter that each would get
"""

from __future__ import annotations

import argparse
import fcntl
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...")

ROOT = Path(__file__).resolve().parents[1]
VENVS = ROOT / ".venv"
#: ansible_collections/objectstore/credentials below it is this checkout.
COLLECTIONS = ROOT / ".build" / "collections"

#: Exit code of what could not run for want of a Python.
NOT_HERE = 77

#: The matrix: ansible-core -> the Pythons it runs on, the one to prefer first. The preferences
#: together cover every Python from 3.10 on.
CELLS: dict[str, tuple[str, ...]] = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.13", "3.12", "3.11"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.13", "3.12", "3.14"),
}


class InstallError(Exception):
    """An environment cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its name, what pip is asked for, the Pythons it may have.

    No Pythons: the one that runs this file.
    """

    name: str
    requirements: tuple[str, ...]
    pythons: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where it is."""
        return VENVS / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """The file that is there only after everything was installed."""
        return self.path / ".complete"

    def fingerprint(self) -> str:
        """Return what the environment hangs on, hashed: requirements, Pythons, place."""
        digest = hashlib.sha256()
        for part in (str(self.path), *self.pythons, *self.requirements):
            digest.update(f"{part}\n".encode())
        for flag, value in zip(self.requirements, self.requirements[1:], strict=False):
            if flag == "-r":
                digest.update(_with_included(ROOT / value))
        return digest.hexdigest()

    def is_complete(self) -> bool:
        """Whether it is there and nothing that it hangs on has changed. Reads only."""
        return (
            self.python.exists()
            and self.stamp.exists()
            and self.stamp.read_text() == self.fingerprint()
        )


def _with_included(file: Path) -> bytes:
    """Return a requirements file's content and that of the files that it includes."""
    content = file.read_bytes()
    for line in content.decode().splitlines():
        if line.startswith("-r "):
            content += _with_included(file.parent / line.removeprefix("-r ").strip())
    return content


def clients() -> list[Environment]:
    """Return one environment per tests/vendor/requirements-<client>.txt."""
    files = sorted((ROOT / "tests" / "vendor").glob("requirements-*.txt"))
    return [
        Environment(
            "client-" + file.stem.removeprefix("requirements-"),
            ("-r", str(file.relative_to(ROOT))),
        )
        for file in files
    ]


def known() -> dict[str, Environment]:
    """Return every environment by its name."""
    listed = [
        Environment("run", ("ansible-core>=2.16", "-r", "requirements.txt")),
        Environment("dev", ("-r", "tests/requirements-dev.txt")),
        Environment("py39", ("-r", "tests/requirements-py39.txt"), ("3.9",)),
        Environment("guided", ("-r", "tests/requirements-guided.txt"), ("3.11", "3.12", "3.13")),
        Environment("keystone", ("-r", "tests/requirements-keystone.txt")),
        Environment("docs", ("-r", "tests/requirements-docs.txt")),
        Environment("importer", ("-r", "tests/requirements-importer.txt")),
        *(
            Environment(
                f"core-{core}", (f"ansible-core~={core}.0", "-r", "tests/requirements.txt"), pythons
            )
            for core, pythons in CELLS.items()
        ),
        *clients(),
    ]
    return {environment.name: environment for environment in listed}


@cache
def find_python(minor: str) -> str | None:
    """Return an interpreter of this minor version that runs and can make environments, or None."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = [sys.executable, shutil.which(f"python{minor}")]
    candidates += sorted(glob.glob(f"{glob.escape(pyenv)}/versions/{minor}.*/bin/python"))[::-1]
    for candidate in candidates:
        if candidate and _version(candidate) == minor:
            return candidate
    return None


def _version(python: str) -> str | None:
    """Run an interpreter and return its minor version; None if it cannot make environments."""
    probe = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [python, "-c", probe], capture_output=True, text=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def interpreter(environment: Environment) -> str | None:
    """Return the interpreter to make an environment with, or None where no fitting one is there."""
    if not environment.pythons:
        return sys.executable
    return next((found for minor in environment.pythons if (found := find_python(minor))), None)


def ensure(environment: Environment) -> Path:
    """Make an environment complete and return its interpreter; a complete one is left alone.

    A failed installation leaves no stamp, so the next call goes on with it.
    """
    if environment.is_complete():
        return environment.python
    with _locked(environment):
        if environment.is_complete():  # somebody else was faster
            return environment.python
        started = time.monotonic()
        print(f"Installing .venv/{environment.name} ...", flush=True)
        environment.stamp.unlink(missing_ok=True)
        if not _is_usable(environment):
            _create(environment)
        _pip(environment)
        environment.stamp.write_text(environment.fingerprint())
        print(
            f"Installed .venv/{environment.name} in {time.monotonic() - started:.0f} s", flush=True
        )
    return environment.python


@contextmanager
def _locked(environment: Environment) -> Iterator[None]:
    VENVS.mkdir(exist_ok=True)
    with open(VENVS / f".{environment.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_usable(environment: Environment) -> bool:
    """Whether a half-made environment can be completed: right place, right Python, pip there."""
    pip = environment.path / "bin" / "pip"
    if not environment.python.exists() or not pip.exists():
        return False
    in_place = str(environment.path) in pip.read_text(errors="replace").partition("import")[0]
    version = _version(str(environment.python))
    wanted = environment.pythons or ("{}.{}".format(*sys.version_info[:2]),)
    return in_place and version in wanted


def _create(environment: Environment) -> None:
    python = interpreter(environment)
    if python is None:
        raise InstallError(
            f".venv/{environment.name} needs Python {' or '.join(environment.pythons)}, and none is"
            " there: put one on PATH or install it with pyenv."
        )
    shutil.rmtree(environment.path, ignore_errors=True)
    done = subprocess.run([python, "-m", "venv", str(environment.path)], check=False)
    if done.returncode:
        shutil.rmtree(environment.path, ignore_errors=True)
        raise InstallError(
            f"{python} cannot make virtual environments. On Debian and Ubuntu install the package"
            " python3-venv; elsewhere use a Python that has ensurepip."
        )


def _pip(environment: Environment) -> None:
    """Run pip as its user has set it up: mirrors, certificates and caches come from there."""
    log = ROOT / ".build" / "logs" / f"pip-{environment.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(environment.python), "-m", "pip", "install", "--disable-pip-version-check"]
    for attempt in ("first", "last"):
        with open(log, "w") as output:
            done = subprocess.run(
                [*command, *environment.requirements],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode == 0:
            return
        if attempt == "first":
            print(f"pip failed for .venv/{environment.name}; trying once more", flush=True)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise InstallError(
        f"pip could not install .venv/{environment.name}:\n{tail}\n"
        f"All of its output is in {log.relative_to(ROOT)}. Mend what it says and run this again."
    )


def link_collection() -> Path:
    """Make the checkout visible as a collection and return the directory to search in."""
    link = COLLECTIONS / "ansible_collections" / "objectstore" / "credentials"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(os.path.relpath(ROOT, link.parent))
        except FileExistsError:
            if link.resolve() != ROOT:
                raise
    return COLLECTIONS


def run_environment(environment: Environment) -> dict[str, str]:
    """Return the variables for a command that runs inside an environment."""
    return {
        **os.environ,
        "PATH": f"{environment.path / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(environment.path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(link_collection()),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_BIN_DIR": str(environment.path / "bin"),
    }


def missing_cells() -> list[str]:
    """Name the cells of the matrix, Python 3.9 included, that no interpreter here can run."""
    environments = known()
    names = ["py39", *(f"core-{core}" for core in CELLS)]
    return [name for name in names if interpreter(environments[name]) is None]


def newest_core() -> Environment:
    """Return the cell with the newest ansible-core whose interpreter is there."""
    environments = known()
    for core in reversed(CELLS):
        environment = environments[f"core-{core}"]
        if interpreter(environment):
            return environment
    raise InstallError("No Python from 3.10 to 3.14 is there.")


def main(arguments: Sequence[str]) -> int:
    """Make the environments that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="name them all, as JSON")
    options = parser.parse_args(arguments)
    environments = known()
    link_collection()
    if options.list:
        found = {name: interpreter(environment) for name, environment in environments.items()}
        print(json.dumps(found, indent=2))
        return 0
    unknown = sorted(set(options.names) - set(environments) - {"clients"})
    if unknown:
        parser.error(f"no environment is called {', '.join(unknown)}")
    names = [name for name in options.names if name != "clients"]
    if "clients" in options.names:
        names += [client.name for client in clients()]
    try:
        for name in names:
            ensure(environments[name])
    except InstallError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
