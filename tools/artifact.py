# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection's artifact into dist/ and prove it.

Its files are those on the list below and no others; it installs offline; every plugin's
documentation can be read and every platform be spoken to from the installed copy; galaxy-importer
takes it; ansible-builder finds what an execution environment needs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import environments
from environments import ROOT
from run_ansible_test import files

#: What may be in the artifact.
ALLOWED = re.compile(
    r"""
      README\.md | CONTRIBUTING\.md | SECURITY\.md | CHANGELOG\.md | COPYING | requirements\.txt
    | MANIFEST\.json | FILES\.json
    | changelogs/(config|changelog)\.yaml
    | docs/([\w-]+/)*[\w.-]+\.(md|rst|yml)
    | meta/(runtime|execution-environment)\.yml | meta/ee-[a-z]+\.txt
    | plugins/(action|doc_fragments|inventory|lookup|modules|plugin_utils)/\w+\.py
    | plugins/module_utils/(\w+/)*\w+\.py
    | playbooks/[\w.-]+\.yml | roles/\w+/([\w-]+/)*[\w.-]+
    """,
    re.VERBOSE,
)
#: What has to be in it: all that git knows below these.
WHOLE = ("meta/", "playbooks/", "plugins/", "roles/")
MADE_BY_BUILD = {"MANIFEST.json", "FILES.json"}
DOCUMENTED = ("module", "lookup", "inventory", "role")
SCRATCH = ROOT / ".build" / "artifact"


class ArtifactError(Exception):
    """The artifact is not as it has to be."""


def build() -> Path:
    """Build the artifact with the checkout as it is, stray files and all."""
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    command = ("collection", "build", "--force", "--output-path", str(target), str(ROOT))
    _ansible(SCRATCH, "ansible-galaxy", *command)
    (artifact,) = target.glob("objectstore-credentials-*.tar.gz")
    return artifact


def check_files(artifact: Path) -> int:
    """Compare the artifact's files with the list and with git; return how many there are."""
    with tarfile.open(artifact) as archive:
        entries = [member for member in archive.getmembers() if not member.isdir()]
    names = {member.name for member in entries}
    known = set(files())
    complaints = [f"{name}: is not on the list" for name in names if not ALLOWED.fullmatch(name)]
    complaints += [f"{name}: git does not know it" for name in names - known - MADE_BY_BUILD]
    complaints += [
        f"{name}: is missing" for name in known if name.startswith(WHOLE) and name not in names
    ]
    complaints += [f"{entry.name}: is not a plain file" for entry in entries if not entry.isfile()]
    if complaints:
        raise ArtifactError("\n".join(["The artifact's files are wrong:", *sorted(complaints)]))
    return len(names)


def install(artifact: Path) -> Path:
    """Install the artifact into a scratch directory, without a network."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    command = ("collection", "install", "--offline", "-p", str(SCRATCH), str(artifact))
    _ansible(SCRATCH, "ansible-galaxy", *command)
    return SCRATCH


def read_documentation(collections: Path) -> int:
    """Have ansible-doc render every plugin of the installed copy; return how many there are."""
    count = 0
    for kind in DOCUMENTED:
        listed = _ansible(
            collections, "ansible-doc", "-t", kind, "-l", "--json", "objectstore.credentials"
        )
        names = sorted(json.loads(listed or "{}"))
        if names:
            _ansible(collections, "ansible-doc", "-t", kind, *names)
        count += len(names)
    installed = collections / "ansible_collections" / "objectstore" / "credentials" / "plugins"
    modules = len(list((installed / "modules").glob("*.py")))
    if count < modules or not modules:
        raise ArtifactError(f"ansible-doc lists {count} plugins, and there are {modules} modules.")
    return count


def speak(collections: Path) -> int:
    """Run a module of the installed copy for every platform; return how many there are.

    Nobody listens at the port, so the structured failure shows that all of its code was shipped.
    """
    known = collections / "ansible_collections" / "objectstore" / "credentials"
    registry = (known / "plugins" / "module_utils" / "registry.py").read_text()
    platforms = re.findall(r"from \.platforms\.(\w+) import", registry)
    for platform in platforms:
        arguments = {
            "platform": platform,
            "api_url": "http://127.0.0.1:9",
            "api_username": "nobody",
            "all": True,
            "timeout": "2s",
        }
        command = ["ansible", "localhost", "-m", "objectstore.credentials.s3_credential_info"]
        answer = _ansible(collections, *command, "-a", json.dumps(arguments), fails=True)
        failure = re.search(r'"failure": \{.*?"kind": "(\w+)"', answer, re.DOTALL)
        if not failure or failure[1] == "internal" or "Traceback" in answer:
            raise ArtifactError(f"{platform}, from the installed copy, answered:\n{answer}")
    return len(platforms)


def introspect(collections: Path) -> None:
    """Have ansible-builder read what an execution environment needs from the installed copy."""
    asked = _ansible(collections, "ansible-builder", "introspect", str(collections))
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    for requirement in (line for line in lines if not line.startswith("#")):
        if requirement not in asked:
            raise ArtifactError(f"ansible-builder does not find {requirement}:\n{asked}")


def import_into_galaxy(artifact: Path) -> None:
    """Have galaxy-importer check the artifact as a Galaxy server would; warnings count."""
    importer, development = (environments.known()[name] for name in ("importer", "dev"))
    python = environments.ensure(importer)
    variables = environments.run_environment(importer)
    variables["PATH"] += f":{development.path / 'bin'}"  # for its ansible-lint
    done = subprocess.run(
        [python, "-m", "galaxy_importer.main", str(artifact)],
        cwd=SCRATCH,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    if done.returncode or re.search(r"^(ERROR|WARNING)", output, re.MULTILINE):
        raise ArtifactError(f"galaxy-importer complains:\n{output}")


def _ansible(collections: Path, program: str, *arguments: str, fails: bool = False) -> str:
    """Run a program of the development environment and return what it printed."""
    development = environments.known()["dev"]
    environments.ensure(development)
    variables = environments.run_environment(development)
    variables["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    variables["ANSIBLE_LOCALHOST_WARNING"] = "false"
    variables.pop("PYTHONPATH")
    done = subprocess.run(
        [str(development.path / "bin" / program), *arguments],
        cwd=ROOT / ".build",
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if bool(done.returncode) is not fails:
        raise ArtifactError(f"{program} {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    """Build and prove; print what was proven."""
    try:
        artifact = build()
        print(f"{artifact.relative_to(ROOT)}: {check_files(artifact)} files, all on the list")
        collections = install(artifact)
        print(f"installed offline; {read_documentation(collections)} plugins documented")
        print(f"{speak(collections)} platforms answer from the installed copy")
        introspect(collections)
        import_into_galaxy(artifact)
        print("ansible-builder finds the requirements; galaxy-importer takes it")
    except ArtifactError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
