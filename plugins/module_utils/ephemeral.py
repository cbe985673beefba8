# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folders go with the container that a run is in: no place for the only copy of a key.

Told by what the kernel says of mounts, and not by a guess: a path is ephemeral when it lies on the
container's own root, in memory, or in a folder that a controller makes for one job. A marker alone
proves nothing, because images become virtual machines with their markers in them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .errors import CredentialsError

#: The option of whatever writes files that have to stay.
EPHEMERAL: dict[str, dict[str, Any]] = {"allow_ephemeral": {"type": "bool"}}
#: Says the same for all tasks of a job, where none says it for itself.
ALLOW_VARIABLE = "S3_ALLOW_EPHEMERAL"

#: Filesystems that container engines make the root of a container from.
_LAYERED = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
#: Written by podman and CRI-O when a container starts, into its /run; no image holds it.
_MARKER = "/run/.containerenv"
#: What a controller's node mounts into a job: AWX's private data directory, a pod's empty volume.
_OF_ONE_JOB = re.compile(r"(^|/)awx_\d+_[^/]+|kubernetes\.io~empty-dir(/|$)")
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """A line of /proc/self/mountinfo: what of a filesystem is seen where."""

    point: str
    root: str
    kind: str


class Surroundings:
    """Where a run is: its mounts, and whether podman's marker is there. Reads only."""

    def __init__(
        self,
        mountinfo: Optional[str] = None,
        has_marker: Optional[bool] = None,
    ) -> None:
        self.mounts = list(_mounts(_read() if mountinfo is None else mountinfo))
        root = next((each for each in reversed(self.mounts) if each.point == "/"), None)
        is_marked = os.path.exists(_MARKER) if has_marker is None else has_marker
        self.in_container = is_marked or (root is not None and root.kind in _LAYERED)

    def why_ephemeral(self, path: str) -> Optional[str]:
        """Say why a path goes with the container; None where it stays, or nobody can tell."""
        real = os.path.realpath(os.path.expanduser(path))
        mount = self._mount_of(real)
        if mount is None:
            return None
        if _OF_ONE_JOB.search(mount.root):
            return f"{mount.point} is made for one job and removed with it"
        if not self.in_container:
            return None
        if mount.point == "/":
            return "it lies on the container's own filesystem, and no volume is mounted there"
        if mount.kind in _IN_MEMORY:
            return f"{mount.point} is kept in the memory of the container"
        return None

    def _mount_of(self, path: str) -> Optional[Mount]:
        """Return the mount that a path lies on: the deepest one, and of several the last."""
        found: Optional[Mount] = None
        for mount in self.mounts:
            inside = mount.point == "/" or f"{path}/".startswith(f"{mount.point}/")
            if inside and (found is None or len(mount.point) >= len(found.point)):
                found = mount
        return found


def is_ephemeral_allowed(
    params: Mapping[str, Any], environ: Optional[Mapping[str, str]] = None
) -> bool:
    """Tell what allow_ephemeral says, or else the environment. Raises invalid_option."""
    given = params.get("allow_ephemeral")
    if given is not None:
        return bool(given)
    word = (os.environ if environ is None else environ).get(ALLOW_VARIABLE, "").strip().lower()
    if word not in ("", "true", "false", "yes", "no", "1", "0"):
        raise CredentialsError("invalid_option", f"{ALLOW_VARIABLE}: {word!r} is no true or false.")
    return word in ("true", "yes", "1")


def refuse_unless_allowed(option: str, path: Optional[str], params: Mapping[str, Any]) -> None:
    """Refuse a path that will vanish, unless a task or its job insists. None: there are no files.

    Raises custody_refused and invalid_option. Reads only.
    """
    if path:
        refuse_ephemeral(option, path, allowed=is_ephemeral_allowed(params))


def refuse_ephemeral(
    option: str, path: str, surroundings: Optional[Surroundings] = None, allowed: bool = False
) -> None:
    """Raise custody_refused for a path that will vanish, naming what to use. Reads only."""
    why = None if allowed else (surroundings or Surroundings()).why_ephemeral(path)
    if why is None:
        return
    instead = (
        "Use vault_kv2 or aws_secretsmanager"
        if option.endswith(".path")
        else "Name a folder that outlives the container"
    )
    raise CredentialsError(
        "custody_refused",
        f"{option}: {path} vanishes with this container: {why}. Nothing was touched.",
        next_step=f"{instead}; or mount a volume there (a path exposed to jobs, a volume of the"
        " container group's pod, --container-options of ansible-navigator); or set"
        f" allow_ephemeral: true ({ALLOW_VARIABLE}=true for a whole job) if it is kept in another"
        " way.",
    )


def _read() -> str:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as lines:
            return lines.read(4 * 1024 * 1024)
    except OSError:
        return ""  # Not Linux: no container of these.


def _mounts(text: str) -> Iterable[Mount]:
    for line in text.splitlines():
        left, there, right = line.partition(" - ")
        fields = left.split(" ")
        if there and len(fields) >= 6:
            point, root = (_ESCAPE.sub(_unescaped, fields[at]) for at in (4, 3))
            yield Mount(point, root, right.split(" ")[0])


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 8))
