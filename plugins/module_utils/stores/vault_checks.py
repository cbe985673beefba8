# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that proves the vault passwords of a directory of records, before any is used."""

from __future__ import annotations

from typing import Any

from ..errors import CredentialsError
from ..record import Secret
from ..record_document import unreadable
from .durable_files import Tree
from .record_yaml import write_yaml
from .vault_passwords import Keyring
from .vault_seals import Seals

_FILE = ".objectstore.credentials.yml"
#: What the file holds, encrypted with each password that a record may need.
_CONSTANT = "objectstore.credentials"
_COMMENT = "Proves the vault passwords that the records below this directory need."


class CheckFile:
    """Reads and writes that file; whoever writes holds a lock of the whole store."""

    def __init__(self, tree: Tree, seals: Seals, keyring: Keyring) -> None:
        self._tree = tree
        self._seals = seals
        self._keyring = keyring

    @property
    def path(self) -> str:
        """Where it is."""
        return self._tree.path(_FILE)

    def read(self) -> list[Secret] | None:
        """Return what is encrypted in it, None where there is no such file. Reads only."""
        data = self._tree.read(_FILE)
        if data is None:
            return None
        _document, checks = self._seals.read(data, self.path)
        if not checks:
            raise unreadable(self.path, "it holds no encrypted value")
        return checks

    def add(self) -> None:
        """See to it that the password that encrypts is proven, too."""
        password = self._keyring.for_writing()
        checks = self.read() or []
        if not any(password.opens(str(check.sealed)) for check in checks):
            self._write([*checks, self._seals.new(_CONSTANT)])

    def has_old(self) -> bool:
        """Tell whether it lets in another password than the one that encrypts. Reads only."""
        password = self._keyring.for_writing()
        return any(not password.opens(str(check.sealed)) for check in self.read() or ())

    def keep_newest(self) -> None:
        """Let in the password that encrypts, and no other."""
        if self.has_old():
            self._write([self._seals.new(_CONSTANT)])

    def _write(self, checks: list[Any]) -> None:
        comment = f"{_COMMENT} The newest: {self._keyring.for_writing().label}."
        text = write_yaml({"checks": checks}, comment if comment.isascii() else _COMMENT)
        self._tree.write(text.encode(), _FILE)


def wrong_password(path: str, keyring: Keyring) -> CredentialsError:
    """Return the error of a run that has none of the passwords that a file needs."""
    return CredentialsError(
        "store_refused",
        f"The vault password differs from the one this store was written with: {path} cannot be"
        f" decrypted with {keyring.sources()}.",
        next_step="Give the password that the store was written with, or another path.",
    )
