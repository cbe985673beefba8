# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-vault writes: AES256, format 1.1, or 1.2 with the label of the password.

https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html
(format of files encrypted with Ansible Vault)
"""

from __future__ import annotations

import hashlib
import hmac
import os
from binascii import hexlify, unhexlify

from ..errors import CredentialsError

#: The label of a password that has none; a text encrypted with it does not carry it.
DEFAULT_LABEL = "default"
MARK = "$ANSIBLE_VAULT;"
_CIPHER = "AES256"
_ITERATIONS = 10000
_WIDTH = 80


def encrypt(plain: str, password: bytes, label: str = DEFAULT_LABEL) -> str:
    """Return a text encrypted with a fresh salt, in lines, without a newline at the end."""
    salt = os.urandom(32)
    cipher_key, mac_key, counter = _keys(password, salt)
    raw = plain.encode()
    padding = 16 - len(raw) % 16
    sealed = _aes(cipher_key, counter, raw + bytes([padding]) * padding)
    mac = hmac.new(mac_key, sealed, hashlib.sha256).digest()
    body = hexlify(b"\n".join(hexlify(part) for part in (salt, mac, sealed))).decode()
    header = f"{MARK}1.1;{_CIPHER}"
    if label != DEFAULT_LABEL:
        header = f"{MARK}1.2;{_CIPHER};{label}"
    return "\n".join([header, *(body[at : at + _WIDTH] for at in range(0, len(body), _WIDTH))])


def decrypt(text: str, password: bytes) -> str | None:
    """Return the plain text, or None where the password is not the one it was encrypted with.

    Raises store_unreadable for what ansible-vault never wrote.
    """
    salt, mac, sealed = _parts(text)
    cipher_key, mac_key, counter = _keys(password, salt)
    if not hmac.compare_digest(mac, hmac.new(mac_key, sealed, hashlib.sha256).digest()):
        return None
    padded = _aes(cipher_key, counter, sealed)
    padding = padded[-1]
    if not 1 <= padding <= 16 or padded[-padding:] != bytes([padding]) * padding:
        raise _malformed("its padding is wrong")
    try:
        return padded[:-padding].decode()
    except UnicodeDecodeError:
        raise _malformed("what it holds is not UTF-8") from None


def is_encrypted(text: str) -> bool:
    """Tell whether a text looks like one of ansible-vault."""
    return text.lstrip().startswith(MARK)


def label_of(text: str) -> str:
    """Return the label that an encrypted text carries; "default" where it carries none."""
    header = text.lstrip().partition("\n")[0].strip().split(";")
    return ";".join(header[3:]) if len(header) > 3 else DEFAULT_LABEL


def normal(text: str) -> str:
    """Return an encrypted text without indentation, blank lines and a newline at its end."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _parts(text: str) -> tuple[bytes, bytes, bytes]:
    """Return salt, HMAC and ciphertext."""
    header, _newline, body = text.strip().partition("\n")
    fields = header.strip().split(";")
    if len(fields) < 3 or not header.startswith(MARK):
        raise _malformed("it has no header of ansible-vault")
    if fields[1] not in ("1.1", "1.2") or fields[2] != _CIPHER:
        raise _malformed(f"it is of format {fields[1]}, cipher {fields[2]}")
    try:
        salt, mac, sealed = (unhexlify(part) for part in unhexlify("".join(body.split())).split())
    except ValueError:
        raise _malformed("it is cut off or was changed") from None
    if not sealed or len(sealed) % 16:
        raise _malformed("it is cut off or was changed")
    return salt, mac, sealed


def _keys(password: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the keys of cipher and HMAC and the counter's start."""
    try:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
    except ImportError:
        raise _missing() from None
    # Lets other threads run, and takes 60 % of the time of hashlib's own.
    kdf = PBKDF2HMAC(algorithm=SHA256(), length=80, salt=salt, iterations=_ITERATIONS)
    derived = kdf.derive(password)
    return derived[:32], derived[32:64], derived[64:]


def _aes(key: bytes, counter: bytes, data: bytes) -> bytes:
    """Return data encrypted or decrypted: in counter mode the two are the same."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    worker = Cipher(AES(key), CTR(counter)).encryptor()
    return worker.update(data) + worker.finalize()


def _malformed(what: str) -> CredentialsError:
    return CredentialsError(
        "store_unreadable", f"A value that should be encrypted by ansible-vault is not: {what}."
    )


def _missing() -> CredentialsError:
    return CredentialsError(
        "invalid_option",
        "The secret store ansible_vault needs the Python library cryptography, which is not"
        " installed for the interpreter that runs this module.",
        next_step="pip install 'cryptography>=3.4' there, or point ansible_python_interpreter at"
        " the Python that runs Ansible, which has it.",
    )
