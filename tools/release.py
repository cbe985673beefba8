# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make what is published of a version, in dist/: artifact, offline bundle, sums, and signature.

release.py --key FINGERPRINT    signed by a secret key of the maintainer's own keyring
release.py --rehearse           the artifact as it is now, signed by a key that is made for the day

The signature is a detached one of MANIFEST.json, which holds the sums of all files: what
ansible-galaxy verifies. It is verified here as docs/threat-model.md tells users to, and once more
over a file that was changed, which has to be found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import artifact
import bundle
import yaml
from environments import ROOT

DIST = ROOT / "dist"
SCRATCH = ROOT / ".build" / "release"
PUBLIC_KEY = "release-key.asc"
NAME = "objectstore.credentials"


class ReleaseError(Exception):
    """There is nothing to publish."""


def run(*command: str, env: Mapping[str, str] | None = None) -> str:
    """Run a command in dist/ and return what it printed. Raises ReleaseError."""
    done = subprocess.run(
        command,
        cwd=DIST,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def check_ready(version: str) -> None:
    """See that git and the changelog have all of this version. Raises ReleaseError."""
    changed = run("git", "-C", str(ROOT), "status", "--porcelain")
    if changed:
        raise ReleaseError(f"Commit or remove these first:\n{changed}")
    changes = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())
    if version not in changes["releases"]:
        raise ReleaseError(
            f"changelogs/changelog.yaml has no {version}: run antsibull-changelog release."
        )
    left = sorted(path.name for path in (ROOT / "changelogs" / "fragments").glob("*.yml"))
    if left:
        raise ReleaseError(f"These changes are in no release yet: {', '.join(left)}.")


def throwaway_key() -> tuple[str, dict[str, str]]:
    """Make a key that lives for a day in a keyring of its own; return it and where it is."""
    home = SCRATCH / "gnupg"
    home.mkdir(parents=True, mode=0o700)
    gpg = {"GNUPGHOME": str(home)}
    who = "Rehearsal <rehearsal@example.com>"
    quiet = ("gpg", "--batch", "--quiet", "--passphrase", "")
    run(*quiet, "--quick-generate-key", who, "ed25519", "sign", "1d", env=gpg)
    listed = run("gpg", "--batch", "--with-colons", "--list-secret-keys", env=gpg)
    fingerprints = [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")]
    return fingerprints[0], gpg


def sign(built: Path, key: str, gpg: Mapping[str, str]) -> None:
    """Put MANIFEST.json, its signature, the public key and the sums beside the artifact."""
    with tarfile.open(built) as archive:
        manifest = archive.extractfile("MANIFEST.json")
        assert manifest is not None  # a file: ansible-galaxy wrote it
        (DIST / "MANIFEST.json").write_bytes(manifest.read())
    by_key = ("gpg", "--batch", "--yes", "--armor", "--local-user", key)
    run(*by_key, "--detach-sign", "MANIFEST.json", env=gpg)
    run("gpg", "--batch", "--yes", "--armor", "--output", PUBLIC_KEY, "--export", key, env=gpg)
    (DIST / "SHA256SUMS").write_text(bundle.sums(DIST))


def prove(built: Path) -> None:
    """Verify as a user would who has nothing but dist/ and knows the key. Raises ReleaseError."""
    home = SCRATCH / "user"
    home.mkdir(parents=True, mode=0o700)
    collections, keyring = str(SCRATCH / "collections"), str(SCRATCH / "release-keyring.gpg")
    user = {"GNUPGHOME": str(home), "ANSIBLE_HOME": str(home), "PYTHONPATH": ""}
    user["ANSIBLE_COLLECTIONS_PATH"] = collections
    by_key = ("gpg", "--batch", "--no-default-keyring", "--keyring", keyring)
    galaxy = (str(Path(sys.executable).parent / "ansible-galaxy"), "collection")
    signature = ("--keyring", keyring, "--signature", (DIST / "MANIFEST.json.asc").as_uri())
    verify = (*galaxy, "verify", NAME, "--offline", *signature)
    run(*by_key, "--import", PUBLIC_KEY, env=user)
    run(*by_key, "--verify", "MANIFEST.json.asc", "MANIFEST.json", env=user)
    run("sha256sum", "--check", "--quiet", "SHA256SUMS")
    run(*galaxy, "install", "--offline", "-p", collections, str(built), env=user)
    run(*verify, env=user)
    installed = Path(collections, "ansible_collections", *NAME.split("."))
    with (installed / "plugins" / "module_utils" / "errors.py").open("a") as changed:
        changed.write("# changed\n")
    try:
        run(*verify, env=user)
    except ReleaseError:
        return
    raise ReleaseError("ansible-galaxy did not find a file that was changed after the release.")


def main() -> int:
    """Make the release; print what is to be published."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--key", help="fingerprint of the maintainer's key")
    which.add_argument("--rehearse", action="store_true", help="sign with a key made for the day")
    arguments = parser.parse_args()
    if not shutil.which("gpg"):
        print("No gpg here: nothing can be signed.", file=sys.stderr)
        return 0 if arguments.rehearse else 1
    shutil.rmtree(SCRATCH, ignore_errors=True)
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    try:
        DIST.mkdir(exist_ok=True)
        if not arguments.rehearse:
            check_ready(version)
        built = artifact.build()
        if not arguments.rehearse:
            print(bundle.make(argparse.Namespace(python_version=None, platform=[])))
        key, gpg = throwaway_key() if arguments.rehearse else (arguments.key, {})
        sign(built, key, gpg)
        prove(built)
    except (ReleaseError, artifact.ArtifactError, bundle.BundleError) as exc:
        print(exc, file=sys.stderr)
        return 1
    finally:
        # gpg leaves an agent at work in every directory that it was given.
        for home in SCRATCH.glob("*/private-keys-v1.d"):
            run("gpgconf", "--homedir", str(home.parent), "--kill", "all")
    published = sorted(path.name for path in DIST.iterdir())
    print(f"{version}, signed and verified; to be published from dist/: {', '.join(published)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
