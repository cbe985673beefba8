# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets in every file of a folder, in every form in which they may stand there."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import xml.sax.saxutils
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import yaml

#: Shorter forms turn up by chance.
SHORTEST = 6
_BASE64 = {"base64": base64.b64encode, "base64url": base64.urlsafe_b64encode}
#: Letters and digits that no escaping changes, however often it is done; so many are no chance.
_PLAIN = re.compile(r"[A-Za-z0-9]{12,}")


@dataclass(frozen=True)
class Leak:
    """A secret in a file."""

    file: str
    #: Which secret it is, never the secret itself.
    secret: str
    #: How it was written.
    form: str
    near: str

    def __str__(self) -> str:
        return f"{self.secret} as {self.form} in {self.file}: ...{self.near}"


@dataclass
class Found:
    """What a search came to."""

    files: int
    bytes: int
    forms: int
    leaks: list[Leak]


def forms_of(secret: str) -> dict[bytes, str]:
    """Return every form of a secret, each with its name; the secret itself goes first."""
    raw = secret.encode("utf-8", "surrogatepass")
    once = json.dumps(secret)[1:-1]
    ascii_free = json.dumps(secret, ensure_ascii=False)[1:-1]
    texts = {
        "plain": secret,
        "JSON": once,
        "JSON, not ASCII": ascii_free,
        "JSON, not ASCII, in JSON": json.dumps(ascii_free, ensure_ascii=False)[1:-1],
        "JSON in JSON": json.dumps(once)[1:-1],
        "JSON in JSON in JSON": json.dumps(json.dumps(once)[1:-1])[1:-1],
        "JSON for web pages": once.replace("/", "\\/"),
        "JSON for scripts": "".join(
            f"\\u{ord(each):04x}" if each in "<>&'" else each for each in once
        ),
        "repr": repr(secret)[1:-1],
        "repr of JSON": repr(once)[1:-1],
        "YAML": secret.replace("'", "''"),
        "YAML in quotes": yaml.dump(secret, default_style='"', width=10**6).strip()[1:-1],
        "URL": quote(secret, safe=""),
        "URL with slashes": quote(secret),
        "form": quote_plus(secret),
        "HTML": html.escape(secret),
        "XML": xml.sax.saxutils.escape(secret),
        "XML attribute": xml.sax.saxutils.quoteattr(secret)[1:-1],
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
    }
    # Whatever encodes, folds or cuts the rest: what needs no escape is found all the same.
    pieces = _PLAIN.findall(secret)
    texts.update({f"a piece, number {number}": text for number, text in enumerate(pieces)})
    found: dict[bytes, str] = {}
    for name, text in texts.items():
        found.setdefault(text.encode("utf-8", "surrogatepass"), name)
    urls = [key for key, name in found.items() if name in ("URL", "URL with slashes", "form")]
    for key in urls:
        lower = re.sub(rb"%..", lambda match: match.group().lower(), key)
        found.setdefault(lower, f"{found[key]}, lower")
    found.setdefault(secret.encode("utf-16-le", "surrogatepass"), "UTF-16")
    for text in (secret, *pieces):
        encoded = text.encode("utf-8", "surrogatepass")
        for offset in range(3):
            # In a longer text, as "user:password": without what is shared with the neighbours.
            first, end = (0, 2, 3)[offset], (offset + len(encoded)) * 8 // 6
            for name, encode in _BASE64.items():
                form = encode(b"\0" * offset + encoded)[first:end]
                found.setdefault(form, f"{name} at {offset}" + " of a piece" * (text != secret))
    return {form: name for form, name in found.items() if len(form) >= SHORTEST}


def search(
    folders: Iterable[Path], secrets: Mapping[str, str], leave_out: Iterable[Path] = ()
) -> Found:
    """Read every file below the folders, names included. leave_out: files and folders."""
    forms = [
        (form, name, what)
        for secret, what in secrets.items()
        for form, name in forms_of(secret).items()
    ]
    assert len(secrets) > 3, "without secrets a search proves nothing"
    out = [str(path) for path in leave_out]
    found = Found(0, 0, len(forms), [])
    for folder in folders:
        for place, _folders, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                if _is_below(path, out) or not os.path.isfile(path):
                    continue
                with open(path, "rb") as handle:
                    content = os.fsencode(name) + b"\n" + handle.read()
                found.files += 1
                found.bytes += len(content)
                found.leaks += _in(content, os.path.relpath(path, folder), forms)
    return found


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path == each or path.startswith(each + os.sep) for each in folders)


def _in(content: bytes, name: str, forms: list[tuple[bytes, str, str]]) -> list[Leak]:
    leaks = []
    for form, kind, what in forms:
        at = content.find(form)
        if at >= 0:
            near = content[max(0, at - 60) : at].decode("utf-8", "replace").replace("\n", " ")
            leaks.append(Leak(name, what, kind, near))
    return leaks
