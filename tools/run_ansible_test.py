# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity, units or integration on the newest ansible-core that can run here.

run_ansible_test.py sanity|units|integration [ARGUMENT...]    arguments go to ansible-test

ansible-test wants a git repository at ansible_collections/<namespace>/<name>, and resolves symbolic
links. So the files that git knows, or would take up, are copied to .build/<command>/ and put into a
repository there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import environments
from environments import ROOT, Environment

COMMANDS: dict[str, tuple[str, ...]] = {
    "sanity": (),
    # ansible-test gives each case a process, which is most of its time. These are thousands of
    # cases of few kinds, which pytest runs on the developers' Python and on 3.9.
    "units": (
        *("--exclude", "tests/unit/plugins/module_utils/contract/"),
        *("--exclude", "tests/unit/rotation/"),
        *("--exclude", "tests/unit/test_architecture.py"),
    ),
    "integration": (),
}
#: What ansible-test looks for before it fetches pip's bootstrap script from a host that mirrors of
#: the package index do not have. Python brings pip along, and pip can bring itself to any version.
GET_PIP = '''\
"""Stands in for get-pip.py: install the pip that is asked for with the one that Python brings."""
import ensurepip
import subprocess
import sys

ensurepip.bootstrap()
wanted = [word for word in sys.argv[1:] if word.startswith("pip==")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", *wanted]))
'''


def files() -> list[str]:
    """Return the files that git knows or would take up, relative to the checkout. Reads only."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = sorted({name for name in done.stdout.decode().split("\0") if name})
    return [name for name in names if (ROOT / name).is_file()]


def copy(target: Path) -> Path:
    """Bring a copy of the checkout up to date and return the collection's directory in it.

    Files that did not change keep their place, so that what caches by file goes on to work.
    """
    collection = target / "ansible_collections" / "objectstore" / "credentials"
    shutil.rmtree(collection, ignore_errors=True)
    for name in files():
        copied = collection / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copied, follow_symlinks=False)
    for git in (["init", "--quiet"], ["add", "--all", "--force"]):
        subprocess.run(["git", *git], cwd=collection, check=True)
    return collection


def prepare_pip(environment: Environment) -> None:
    """Put the stand-in for get-pip where this ansible-test looks for it, if nothing is there."""
    code = "import ansible_test; print(ansible_test.__path__[0])"
    done = subprocess.run(
        [environment.python, "-c", code], capture_output=True, text=True, check=True
    )
    source = Path(done.stdout.strip()) / "_internal" / "python_requirements.py"
    cache = Path.home() / ".ansible" / "test" / "cache"
    for version in re.findall(r"\bpip='([\d.]+)'", source.read_text()):
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            cache.mkdir(parents=True, exist_ok=True)
            script.write_text(GET_PIP)


def main(arguments: Sequence[str]) -> int:
    """Copy the checkout and run one command of ansible-test in the copy."""
    if not arguments or arguments[0] not in COMMANDS:
        sys.exit(__doc__)
    command, *rest = arguments
    environment = environments.newest_core()
    python = environments.ensure(environment)
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    prepare_pip(environment)
    collection = copy(ROOT / ".build" / command)
    variables = environments.run_environment(environment)
    for name in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH"):
        variables.pop(name)
    print(f"ansible-test {command}: {environment.name}, Python {version}", flush=True)
    line = ["ansible-test", command, "--local", "--python", version, "--color", "no"]
    # What is excluded by us and named by the caller is the caller's.
    line += rest or COMMANDS[command]
    return subprocess.run(line, cwd=collection, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
