# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of ansible_vault: a directory."""

from __future__ import annotations

import errno
import inspect
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
    durable_files,
    file_locks,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.file_names import (
    escape,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.failing_os import (
    failing,
    failing_when,
    os_of,
)

from .lab import StoreLab

#: Takes the lease of the account named by its arguments and is killed.
DIES = """
import os, signal, sys
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place, StoreContext)
context = StoreContext(Clock(), Redactor(), "dead-run", environ={})
store = AnsibleVault({"path": sys.argv[1], "vault_password": "made-up-password"}, context)
with store.lease(Place(*sys.argv[2:])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


class AnsibleVaultLab(StoreLab):
    """Files below a temporary directory."""

    store_class = AnsibleVault
    seals = True

    @property
    def base(self) -> Path:
        """Where the files are."""
        return self.folder / "secrets"

    def file(self, place: Place) -> Path:
        """Return the file of a record."""
        account = escape(place.account) + ".yml"
        return self.base / escape(place.platform) / escape(place.endpoint) / account

    def options(self) -> dict[str, Any]:
        """Return the options with the password that all stores of the lab have."""
        return {"path": str(self.base), "vault_password": "made-up-password"}

    def bad_login(self) -> dict[str, Any]:
        """Return another password."""
        return {"vault_password": "another-password"}

    def contents(self) -> dict[str, str]:
        """Return every file and directory below the base."""
        found = {}
        for path in sorted(self.base.rglob("*")):
            text = "" if path.is_dir() else path.read_text(errors="replace")
            # A lock's directory stays behind, empty, and says nothing.
            if path.name != ".locks":
                found[str(path.relative_to(self.base))] = text
        return found

    def versions(self, place: Place) -> list[str]:
        """Return the one version that a file has."""
        return [self.file(place).read_text()]

    def spoil(self, place: Place) -> None:
        """Cut the file off within its first secret."""
        text = self.file(place).read_text()
        self.file(place).write_text(text[: text.index("AES256") + 100])

    def misplace(self, source: Place, target: Place) -> None:
        """Copy a file."""
        self.file(target).parent.mkdir(parents=True, exist_ok=True)
        self.file(target).write_text(self.file(source).read_text())

    def lost_answers(self, count: int = 1) -> AbstractContextManager[Any]:
        """Fail to force the directory to disk after the renaming."""
        left = [count]
        renamed: list[int] = []

        def rename(*args: Any, **more: Any) -> None:
            os.rename(*args, **more)
            renamed.append(1)

        def fsync(file: int) -> None:
            if renamed and left[0]:
                left[0] -= 1
                renamed.clear()
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            os.fsync(file)

        return os_of(durable_files, rename=rename, fsync=fsync)

    def lost_requests(self, count: int = 1) -> AbstractContextManager[Any]:
        """Fail to rename without a word on whether it happened."""
        left = [count]

        def is_lost(*_args: Any, **_more: Any) -> bool:
            left[0] -= 1
            return left[0] >= 0

        return os_of(durable_files, rename=failing_when(is_lost, os.rename, errno.EIO))

    def refused_writes(self) -> AbstractContextManager[Any]:
        """Make the file system read-only."""

        def writes(_path: str, flags: int, *_args: Any, **_more: Any) -> bool:
            return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))

        return os_of(
            durable_files,
            file_locks,
            open=failing_when(writes, os.open, errno.EROFS),
            mkdir=failing(errno.EROFS),
            rename=failing(errno.EROFS),
            unlink=failing(errno.EROFS),
        )

    def unavailable(self) -> AbstractContextManager[Any]:
        """Make the file system one whose server is gone."""
        return os_of(durable_files, file_locks, open=failing(errno.ESTALE))

    def leave_dead_lease(self, place: Place) -> None:
        """Kill a process that holds the lock."""
        words = [str(self.base), place.platform, place.endpoint, place.account]
        # Where this process found the collection.
        root = Path(inspect.getfile(AnsibleVault)).parents[6]
        environ = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", DIES, *words], env=environ, check=False, timeout=240
        )
        assert done.returncode == -9


LAB = AnsibleVaultLab
