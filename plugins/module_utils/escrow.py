# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The escrow: encrypted files for pairs that their secret store did not take.

The last resort of a platform that has already ended the old key. One file for each attempt, 0600,
which C(ansible-vault view) shows to a person who has the passphrase, and the next run takes back.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Protocol

from .errors import CredentialsError, missing
from .model import Pair
from .record_document import unreadable
from .stores.base import Place, SecretStore
from .stores.durable_files import Tree, trouble
from .stores.file_names import escape
from .stores.vault_format import decrypt, encrypt

#: Beside the journal, or in the home of whoever runs the job.
_FOLDER = "escrow"
_HOME = "~/.local/state/objectstore.credentials/escrow"
_FORMAT = 1
_ENDING = ".vault"
#: What a person may know a file by, before its hash.
_SHOWN = 80
#: How much of the hash.
_DIGITS = 32


def escrow_folder(journal: str | None) -> str:
    """Return the directory of the escrow files of runs with this journal, or without any."""
    return os.path.join(journal, _FOLDER) if journal else os.path.expanduser(_HOME)


def escrow_files(journal: str | None) -> list[str]:
    """Return the paths of escrow files that no run has taken back yet. Reads only."""
    tree = Tree(os.path.abspath(escrow_folder(journal)))
    return sorted(tree.path(name) for name in tree.names() if name.endswith(_ENDING))


def escrow_file(journal: str | None, place: Place, attempt: str) -> str | None:
    """Return the path of an attempt's escrow file, None where there is none. Reads only."""
    tree, name = Tree(os.path.abspath(escrow_folder(journal))), _file_name(place, attempt)
    return tree.path(name) if tree.modified(name) is not None else None


class Seal(Protocol):
    """What encrypts a file: a secret store that can_seal, or a passphrase."""

    def seal(self, text: str) -> str:
        """Return a text as a whole file of ansible-vault."""

    def unseal(self, text: str) -> str:
        """Return what such a file holds. Raises store_unreadable."""


class PassphraseSeal:
    """Encrypts with a passphrase. what: names it in messages."""

    def __init__(self, passphrase: str, what: str) -> None:
        if not passphrase:
            raise CredentialsError("invalid_option", f"{what} is empty.")
        self._passphrase = passphrase.encode()
        self._what = what

    def seal(self, text: str) -> str:
        """Return a text as a whole file of ansible-vault."""
        return encrypt(text, self._passphrase) + "\n"

    def unseal(self, text: str) -> str:
        """Return what such a file holds. Raises store_unreadable."""
        plain = decrypt(text, self._passphrase)
        if plain is None:
            raise CredentialsError(
                "store_unreadable", f"The file cannot be decrypted with {self._what}."
            )
        return plain


class Escrow:
    """A directory of such files.

    seals: the first one encrypts, the first one that can decrypts: the login of one run may be the
    vault password of the next.
    """

    def __init__(self, directory: str, *seals: Seal) -> None:
        if not seals:
            raise missing("seals")
        self._tree = Tree(os.path.abspath(os.path.expanduser(directory)))
        self._seals = seals
        self._names: list[str] | None = None

    @classmethod
    def of(cls, directory: str, store: SecretStore, login: str | None) -> Escrow:
        """Return the escrow of a run: sealed by its store where that can, else by its login."""
        seals: list[Seal] = [store] if store.can_seal else []
        if login:
            seals.append(PassphraseSeal(login, "the secret of the platform's login"))
        return cls(directory, *seals)

    def put(self, place: Place, pair: Pair, attempt: str) -> str:
        """Keep a pair and return the path of its file; repeating it replaces the file.

        Makes the directory, with those above it. Raises store_refused or store_unavailable.
        """
        document = {
            "format": _FORMAT,
            "platform": place.platform,
            "endpoint": place.endpoint,
            "account": place.account,
            "attempt": attempt,
            "access_key": pair.access_key,
            "secret_key": pair.secret_key,
        }
        name = _file_name(place, attempt)
        # ASCII: a pair is kept, whatever characters the platform made it of.
        sealed = self._seals[0].seal(json.dumps(document, indent=2) + "\n")
        self._make_directory()
        self._tree.write(sealed.encode(), name)
        return self._tree.path(name)

    def take(self, place: Place, attempt: str) -> Pair | None:
        """Return the pair of an attempt, or None where none was put. Reads only.

        Raises store_unreadable for a file that is there and cannot be read or decrypted.
        """
        name = _file_name(place, attempt)
        document = self._document(name)
        if document is None:
            return None
        where = f"The escrow file {self._tree.path(name)}"
        mine = (place.platform, place.endpoint, place.account, attempt)
        if tuple(document.get(n) for n in ("platform", "endpoint", "account", "attempt")) != mine:
            raise unreadable(where, "it belongs to another account or attempt")
        pair = Pair(str(document.get("access_key") or ""), str(document.get("secret_key") or ""))
        if not pair.access_key or not pair.secret_key:
            raise unreadable(where, "it holds no pair")
        return pair

    def attempts(self, place: Place) -> list[str]:
        """Return the attempts of an account whose pairs lie here. Reads only.

        Raises store_unreadable for a file that may be one of them and cannot be read.
        """
        first = _first_of(place)
        if self._names is None:
            # One look for all accounts; what this run puts here itself, it knows.
            self._names = list(self._tree.names()) if self._tree.has_base() else []
        found = []
        for name in self._names:
            if name.startswith(first) and len(name) == len(first) + _DIGITS + len(_ENDING):
                document = self._document(name) or {}
                attempt = str(document.get("attempt"))
                if name == _file_name(place, attempt):
                    found.append(attempt)
        return found

    def remove(self, place: Place, attempt: str) -> None:
        """Remove an attempt's file, once its pair is stored. Repeatable."""
        self._tree.remove(_file_name(place, attempt))

    def _document(self, name: str) -> dict[str, object] | None:
        data = self._tree.read(name)
        if data is None:
            return None
        where = f"The escrow file {self._tree.path(name)}"
        try:
            document = json.loads(self._unsealed(data.decode(), where))
        except ValueError:
            raise unreadable(where, "it holds no document") from None
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise unreadable(where, f"it holds no document of format {_FORMAT}")
        return document

    def _unsealed(self, text: str, where: str) -> str:
        failures = []
        for seal in self._seals:
            try:
                return seal.unseal(text)
            except CredentialsError as exc:
                if exc.kind != "store_unreadable":
                    raise
                failures.append(exc.message.rstrip("."))
        raise unreadable(
            where,
            "; ".join(failures),
            "Give the vault password or the login that the run had which wrote it.",
        )

    def _make_directory(self) -> None:
        try:
            os.makedirs(os.path.dirname(self._tree.base), 0o700, exist_ok=True)
        except OSError as exc:
            raise trouble(exc, self._tree.base, "made") from None


def _file_name(place: Place, attempt: str) -> str:
    names = (place.platform, place.endpoint, place.account, attempt)
    digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()[:_DIGITS]
    return f"{_first_of(place)}{digest}{_ENDING}"


def _first_of(place: Place) -> str:
    return f"{escape(place.account)[:_SHOWN].rstrip('.')}-"
