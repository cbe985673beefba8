# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret keys as ciphertexts of ansible-vault: sealed once, opened when needed, sealed anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import CredentialsError
from ..record import Secret
from ..record_document import unreadable
from ..redaction import Redactor
from .record_yaml import read_yaml
from .vault_format import label_of
from .vault_passwords import Keyring, Password


class _Sealed(str):
    """An encrypted text, and the passwords that encrypted it."""

    keyring: Keyring


class Seals:
    """Seals and opens the secrets of one store."""

    def __init__(self, keyring: Keyring, redactor: Redactor) -> None:
        self._keyring = keyring
        self._redactor = redactor
        #: What was opened by ciphertext: each try of a password takes 5 ms.
        self._opened: dict[str, tuple[str, Password]] = {}

    def new(self, plain: str) -> Secret:
        """Return a secret encrypted with the password that encrypts."""
        return Secret(plain, self._sealed(self._keyring.encrypt(plain)), self._open)

    def of(self, text: str) -> Secret:
        """Return the secret that a ciphertext stands for. Decrypts nothing."""
        return Secret(None, self._sealed(text), self._open)

    def read(self, data: bytes, where: str) -> tuple[Any, list[Secret]]:
        """Return what a file holds, and every secret in it. Decrypts nothing.

        where: for messages. Raises store_unreadable.
        """
        made: list[Secret] = []

        def make(text: str) -> Secret:
            made.append(self.of(text))
            return made[-1]

        try:
            return read_yaml(data.decode(), make), made
        except UnicodeDecodeError:
            raise unreadable(where, "it is not UTF-8") from None
        except ValueError as exc:
            raise unreadable(where, str(exc)) from None

    def seal_once(self, secret: Secret) -> None:
        """Encrypt a secret, unless these passwords have: a key that moves keeps its ciphertext."""
        if not isinstance(secret.sealed, _Sealed) or secret.sealed.keyring is not self._keyring:
            secret.sealed = self._sealed(self._keyring.encrypt(secret.open()))

    def opens(self, secret: Any) -> bool:
        """Tell whether a secret can be decrypted."""
        try:
            secret.open()
        except CredentialsError as exc:
            if exc.kind != "store_unreadable":
                raise
            return False
        return True

    def opened_with(self, secret: Secret) -> str:
        """Decrypt a secret, and return where the password came from. Raises store_unreadable."""
        return self._open_once(secret)[1].source

    def is_newest(self, secret: Any) -> bool:
        """Tell whether a secret is encrypted with the password that encrypts, under its label.

        Raises store_unreadable where no password opens it.
        """
        newest = self._keyring.for_writing()
        password = self._open_once(secret)[1]
        return password == newest and label_of(str(secret.sealed)) == newest.label

    def renew(self, secrets: Iterable[Secret]) -> int:
        """See to it that these secrets are encrypted with the password that encrypts.

        Returns how many were not; those get a fresh salt. Raises store_unreadable.
        """
        old = [secret for secret in secrets if not self.is_newest(secret)]
        for secret in old:
            plain = self._open_once(secret)[0]
            secret.sealed = self._sealed(self._keyring.encrypt(plain))
        return len(old)

    def _open_once(self, secret: Secret) -> tuple[str, Password]:
        text = str(secret.sealed)
        if text not in self._opened:
            self._opened[text] = self._keyring.opened(text)
            self._redactor.learn(self._opened[text][0])
        return self._opened[text]

    def _sealed(self, text: str) -> _Sealed:
        sealed = _Sealed(text)
        sealed.keyring = self._keyring
        return sealed

    def _open(self, sealed: Any) -> str:
        plain = self._keyring.decrypt(str(sealed))
        self._redactor.learn(plain)
        return plain
