# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of accounts and endpoints as file names: no two alike, none a path, readable back.

Lowercase letters, digits, "_", "-" and "." stay. A capital becomes "+" and its lowercase letter,
because "App" and "app" are one file where a file system ignores case. Everything else, a dot or
dash at the beginning and a dot at the end become %xx for each byte of UTF-8. What gets too long is
cut and ends in "~" and a hash: it cannot be read back, so the name is read from inside the file.
"""

from __future__ import annotations

import functools
import hashlib
import re

#: Most file systems allow 255 bytes; "." before and ".yml.tmp" behind must fit in.
LONGEST = 200
_HASH = 40
#: An empty name; no other escape is a lone percent sign.
_EMPTY = "%"
_SAFE = re.compile(r"(?![.-])[a-z0-9_.-]{1,200}(?<!\.)")
_PLATFORM = re.compile(r"[a-z][a-z0-9_]*")
_ESCAPED = re.compile(r"\+[a-z]|(?:%[0-9a-f]{2})+|[a-z0-9_.-]")


@functools.lru_cache(maxsize=4096)
def escape(name: str) -> str:
    """Return the file name that stands for a name."""
    if _SAFE.fullmatch(name):
        return name
    if not name:
        return _EMPTY
    parts = []
    last = len(name) - 1
    for index, character in enumerate(name):
        if character in ".-" and (index == 0 or (index == last and character == ".")):
            parts.append(f"%{ord(character):02x}")
        elif character in _PLAIN:
            parts.append(character)
        elif "A" <= character <= "Z":
            parts.append("+" + character.lower())
        else:
            raw = character.encode("utf-8", "surrogatepass")
            parts.append("".join(f"%{byte:02x}" for byte in raw))
    escaped = "".join(parts)
    if len(escaped) <= LONGEST:
        return escaped
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    return f"{escaped[: LONGEST - _HASH - 1]}~{digest}"


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-")


def is_hashed(file_name: str) -> bool:
    """Tell whether a file name is one that cannot be read back."""
    return "~" in file_name


def is_platform(file_name: str) -> bool:
    """Tell whether a file name can stand for a platform: for a word of the option of that name."""
    return _PLATFORM.fullmatch(file_name) is not None


def unescape(file_name: str) -> str | None:
    """Return the name that a file name stands for; None if escape() never made it, or hashed it."""
    if file_name == _EMPTY:
        return ""
    parts = []
    at = 0
    while at < len(file_name):
        found = _ESCAPED.match(file_name, at)
        if found is None:
            return None
        text = found.group()
        at = found.end()
        if text[0] == "+":
            parts.append(text[1].upper())
        elif text[0] == "%":
            try:
                raw = bytes.fromhex(text.replace("%", ""))
                parts.append(raw.decode("utf-8", "surrogatepass"))
            except ValueError:
                return None
        else:
            parts.append(text)
    name = "".join(parts)
    # "%61" reads as "a", but is not how "a" is written: another file is a's.
    return name if escape(name) == file_name else None
