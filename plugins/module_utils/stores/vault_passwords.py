# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vault passwords: where they come from, which one encrypts, and which ones are tried.

In this order: the options of the secret store, Ansible's environment (a list of vault ids, then the
password file), the secrets that the controller holds. The first one encrypts, or the first one that
carries the label of the option vault_id; the others only decrypt, and are asked for only then.
"""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CredentialsError
from .base import StoreContext
from .vault_format import DEFAULT_LABEL, decrypt, encrypt, is_encrypted, label_of

#: Seconds that a script may take to give a password.
_PATIENCE = 60.0
_LIST_VARIABLE = "ANSIBLE_VAULT_IDENTITY_LIST"
_FILE_VARIABLE = "ANSIBLE_VAULT_PASSWORD_FILE"
#: Identities that ask a person, who is not there; the controller has asked.
_PROMPTS = frozenset({"prompt", "prompt_ask_vault_pass"})


@dataclass(frozen=True)
class Password:
    """A vault password, its label, and where it came from, for messages."""

    label: str
    secret: bytes = field(repr=False)
    source: str

    def opens(self, text: str) -> bool:
        """Tell whether a text was encrypted with this password."""
        return decrypt(text, self.secret) is not None


class Keyring:
    """The passwords of a run; thread-safe. warnings: gets what the user should know."""

    def __init__(
        self, options: Mapping[str, Any], context: StoreContext, warnings: list[str]
    ) -> None:
        self._options = options
        self._context = context
        self._label = options.get("vault_id")
        self._new_file, label = context.new_vault
        self._wanted = label or (None if self._new_file else self._label)
        self._warnings = warnings
        self._known: list[Password] = []
        self._coming = self._sources()
        self._lock = threading.RLock()

    # --- what the store uses -----------------------------------------------------------------

    def encrypt(self, plain: str) -> str:
        """Return a text encrypted with the password that encrypts and a fresh salt."""
        password = self.for_writing()
        return encrypt(plain, password.secret, password.label)

    def decrypt(self, text: str, what: str = "a secret key") -> str:
        """Return a text decrypted, the password of its label tried first.

        what: names in messages what it is. Raises store_unreadable where no password fits, and
        invalid_option where there is none.
        """
        return self.opened(text, what)[0]

    def opened(self, text: str, what: str = "a secret key") -> tuple[str, Password]:
        """Return a text decrypted, and the password that did it; else as decrypt()."""
        label = label_of(text)
        tried: list[Password] = []
        for is_label_wanted in (True, False):
            for password in self:
                if (password.label == label) is is_label_wanted:
                    plain = decrypt(text, password.secret)
                    if plain is not None:
                        return plain, password
                    tried.append(password)
        if not tried:
            raise no_password()
        raise CredentialsError(
            "store_unreadable",
            f"{what} cannot be decrypted{_labelled(label)} with {sources_of(tried)}.",
            next_step="Give the vault password that it was encrypted with, by its label if it has"
            " one.",
        )

    def for_writing(self) -> Password:
        """Return the password that encrypts. Raises invalid_option where there is none."""
        for password in self:
            if self._wanted is None or password.label == self._wanted:
                return password
        if self._known:
            raise CredentialsError(
                "invalid_option",
                f"No vault password carries the label of vault_id, {self._wanted!r}; there are"
                f" {sources_of(self._known)}.",
            )
        raise no_password()

    def has_any(self) -> bool:
        """Tell whether there is any password."""
        return next(iter(self), None) is not None

    def __iter__(self) -> Iterator[Password]:
        """Yield the passwords in their order; a source is asked when its turn comes."""
        at = 0
        while True:
            with self._lock:
                if at == len(self._known):
                    password = next(self._coming, None)
                    if password is None:
                        return
                    self._known.append(password)
                password = self._known[at]
            at += 1
            yield password

    def sources(self) -> str:
        """Return where every password came from, for a message."""
        return sources_of(list(self))

    # --- where they come from ----------------------------------------------------------------

    def _sources(self) -> Iterator[Password]:
        for source in (self._of_new, self._of_options, self._of_environment, self._of_controller):
            for password in source():
                text = password.secret.decode("utf-8", "replace")
                self._context.redactor.learn(text)
                yield password

    def _of_new(self) -> Iterator[Password]:
        if self._new_file:
            own, path = _split(self._new_file, DEFAULT_LABEL)
            label = self._wanted or own
            yield self._of_file(path, label, f"new_vault_password_file {path}")

    def _of_options(self) -> Iterator[Password]:
        label = self._label or DEFAULT_LABEL
        given = self._options.get("vault_password")
        if given is not None:
            if not given:
                raise CredentialsError("invalid_option", "vault_password is empty.")
            yield Password(label, given.encode(), "the option vault_password")
        path = self._options.get("vault_password_file")
        if path:
            own, path = _split(path, label)
            yield self._of_file(path, own, f"vault_password_file {path}")

    def _of_environment(self) -> Iterator[Password]:
        environ = self._context.environ
        for identity in environ.get(_LIST_VARIABLE, "").split(","):
            if identity.strip():
                label, path = _split(identity.strip(), DEFAULT_LABEL)
                if path not in _PROMPTS:
                    yield self._of_file(path, label, f"{path} ({_LIST_VARIABLE})")
        path = environ.get(_FILE_VARIABLE, "")
        if path:
            yield self._of_file(path, DEFAULT_LABEL, f"{path} ({_FILE_VARIABLE})")

    def _of_controller(self) -> Iterator[Password]:
        for label, secret in self._context.vault_secrets():
            yield Password(label, secret, f"the controller's vault password {label!r}")

    def _of_file(self, path: str, label: str, source: str) -> Password:
        """Return the password of a file, or of the script that the file is."""
        full = os.path.abspath(os.path.expanduser(path))
        try:
            facts = os.stat(full)
            is_script = stat.S_ISREG(facts.st_mode) and os.access(full, os.X_OK)
            if is_script:
                secret = self._run(full, label, source)
            else:
                with open(full, "rb") as file:
                    secret = file.read().strip()
        except OSError as exc:
            raise CredentialsError(
                "invalid_option", f"The vault password of {source} cannot be read: {exc.strerror}."
            ) from None
        if not is_script and stat.S_IMODE(facts.st_mode) & 0o077:
            self._warnings.append(f"{full} (a vault password) can be read by others; chmod 600 it.")
        if not secret:
            raise CredentialsError("invalid_option", f"The vault password of {source} is empty.")
        if is_encrypted(secret[:40].decode("utf-8", "replace")):
            raise CredentialsError(
                "invalid_option",
                f"The vault password of {source} is itself encrypted with ansible-vault.",
                next_step="Name a file that holds the password, or a script that prints it.",
            )
        return Password(label, secret, source)

    def _run(self, path: str, label: str, source: str) -> bytes:
        """Return what a script prints; one whose name ends in -client is told the label."""
        command = [path]
        if os.path.splitext(os.path.basename(path))[0].endswith("-client"):
            command += ["--vault-id", label]
        try:
            # No AnsibleModule is here to run it. pylint: disable-next=ansible-bad-function
            done = subprocess.run(  # noqa: S603 - the operator's own script, without a shell
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
                env=dict(self._context.environ) or None,
            )
        except subprocess.TimeoutExpired:
            raise CredentialsError(
                "invalid_option",
                f"The vault password of {source}: the script gave none within {_PATIENCE:.0f} s.",
            ) from None
        if done.returncode:
            # What it printed may be a part of the password; what it complained of helps.
            why = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise CredentialsError(
                "invalid_option",
                self._context.redactor.redact(
                    f"The vault password of {source}: the script ended with {done.returncode}"
                    f"{': ' if why else ''}{why}."
                ),
            )
        return done.stdout.strip(b"\r\n")


def sources_of(passwords: list[Password]) -> str:
    """Return where passwords came from, for a message."""
    return ", ".join(dict.fromkeys(password.source for password in passwords)) or "no password"


def no_password() -> CredentialsError:
    """Return the error for a run that has no vault password at all."""
    return CredentialsError(
        "invalid_option",
        "The secret store ansible_vault has no vault password.",
        next_step="Set vault_password_file in secret_store, or ANSIBLE_VAULT_PASSWORD_FILE, or give"
        " the job a vault credential (--vault-id).",
    )


def _split(identity: str, label: str) -> tuple[str, str]:
    """Return label and path of label@path; a file whose own name holds an @ is a path."""
    own, at, path = identity.partition("@")
    if not at or os.path.exists(os.path.expanduser(identity)):
        return label, identity
    return own or label, path


def _labelled(label: str) -> str:
    return "" if label == DEFAULT_LABEL else f" (its label is {label!r})"
