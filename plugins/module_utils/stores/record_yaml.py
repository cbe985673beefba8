# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as YAML in one fixed form, which a small reader reads ten times as fast as PyYAML.

The form: block style, two spaces, texts in double quotes, secrets as !vault literals at the end of
their mapping, texts that Ansible would take for templates as !unsafe. What is not exactly of that
form, because a person or a tool has changed it, is read by PyYAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional

from ..record import Secret
from .vault_format import MARK

#: Makes a secret of an encrypted text.
MakeSecret = Callable[[str], Secret]

_PLAIN_KEY = re.compile(r"[a-z_][a-z0-9_]*")
#: What YAML takes for something else than the text.
_WORDS: dict[str, Any] = {"null": None, "true": True, "false": False}
_NO_PLAIN_KEYS = frozenset({*_WORDS, "yes", "no", "on", "off", "y", "n"})
#: Most that a key in quotes may have; YAML looks no further for its colon.
_LONGEST_KEY = 1000
_SIMPLE = re.compile(r"[ !#-\[\]-~]*")
#: Neither printable in YAML nor safe in a line: controls, line separators, byte order marks.
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TEMPLATE = re.compile(r"\{[{%#]")

#: Most lines: a plain key and a text without a backslash.
_TEXT_ENTRY = re.compile(r'([a-z_][a-z0-9_]*): "([ !#-\[\]-~]*)"')
_ENTRY = re.compile(r'([a-z_][a-z0-9_]*|"(?:[^"\\]|\\.)*"):(?: (.+))?')
#: A line of a comment or a ciphertext.
_LINE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_VAULT = "!vault |"
_UNSAFE = "!unsafe "


class OtherFormError(Exception):
    """The text is not of the fixed form: the other reader's turn."""


# --- writing -----------------------------------------------------------------------------------


def write_yaml(document: Mapping[str, Any], comment: str) -> str:
    """Return a document as YAML; every Secret in it must be sealed as a text.

    comment: the first line. Raises ValueError for what no YAML can hold.
    """
    lines = [f"# {comment}"]
    _write_entries(lines, "", document)
    lines.append("")
    return "\n".join(lines)


def _write_entries(lines: list[str], indent: str, document: Mapping[str, Any]) -> None:
    # State first: whoever opens the file sees it before the ciphertexts.
    last = []
    for name, value in document.items():
        if isinstance(value, Secret):
            last.append(name)
        else:
            _write_value(lines, indent, f"{indent}{_key(name)}:", value)
    for name in last:
        _write_value(lines, indent, f"{indent}{_key(name)}:", document[name])


def _write_value(lines: list[str], indent: str, start: str, value: Any) -> None:
    """Add a value; start: the line so far, its key or its dash."""
    if isinstance(value, str):
        lines.append(f"{start} {_text(value)}")
    elif isinstance(value, Secret):
        lines.append(f"{start} {_VAULT}")
        lines += [f"{indent}  {line}" for line in str(value.sealed).split("\n")]
    elif isinstance(value, Mapping) and value:
        inner = indent + "  "
        if start.endswith("-"):
            # The first entry stands beside the dash.
            first = len(lines)
            _write_entries(lines, inner, value)
            lines[first] = f"{start} {lines[first][len(inner) :]}"
        else:
            lines.append(start)
            _write_entries(lines, inner, value)
    elif isinstance(value, (list, tuple)) and value and not _is_nested(value):
        lines.append(start)
        for each in value:
            _write_value(lines, indent + "  ", f"{indent}  -", each)
    else:
        lines.append(f"{start} {_flow(value)}")


def _is_nested(values: Sequence[Any]) -> bool:
    """Tell whether a list holds lists: written in one line."""
    return any(isinstance(each, (list, tuple)) for each in values)


def _flow(value: Any) -> str:
    """Return a value in one line, as JSON has it where YAML agrees."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_flow(each) for each in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{_quoted_key(name)}: {_flow(inner)}" for name, inner in value.items())
        return f"{{{', '.join(pairs)}}}"
    raise TypeError(f"a {type(value).__name__} has no place in a record")


def _float(value: float) -> str:
    text = repr(value)
    if "n" in text:
        raise ValueError(f"{text} is no number")
    mantissa, e, exponent = text.partition("e")
    # YAML takes 1e+16 for a text.
    return text if "." in mantissa else f"{mantissa}.0{e}{exponent}"


def _text(value: str) -> str:
    quoted = f'"{value}"' if _SIMPLE.fullmatch(value) else _quoted(value)
    # Names come from platforms: Ansible must not run what they say.
    return f"{_UNSAFE}{quoted}" if "{" in value and _TEMPLATE.search(value) else quoted


def _quoted(value: str) -> str:
    value.encode()  # a lone surrogate has no place in a file
    return f'"{_ESCAPED.sub(_escape, value)}"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _SHORT.get(character) or f"\\u{ord(character):04x}"


def _key(name: str) -> str:
    if _PLAIN_KEY.fullmatch(name) and name not in _NO_PLAIN_KEYS:
        return name
    return _quoted_key(name)


def _quoted_key(name: str) -> str:
    quoted = _quoted(name)
    if len(quoted) > _LONGEST_KEY:
        raise ValueError("a name in it is too long")
    return quoted


# --- reading -----------------------------------------------------------------------------------


def read_yaml(text: str, make_secret: MakeSecret) -> Any:
    """Return the document of a text. Raises ValueError, with a reason that quotes none of it."""
    try:
        return read_canonical(text, make_secret)
    except OtherFormError:
        from .loose_yaml import read_loose  # loads PyYAML, which most runs do not need

        return read_loose(text, make_secret)


def read_canonical(text: str, make_secret: MakeSecret) -> dict[str, Any]:
    """Return the document of a text that is exactly of the fixed form. Raises OtherFormError."""
    lines = text.split("\n")
    if not lines[0].startswith("# ") or lines[-1] or not _LINE.fullmatch(lines[0]):
        raise OtherFormError
    reader = _Reader(lines, make_secret)
    document = reader.mapping("")
    if reader.at != len(reader.lines) - 1 or not document:
        raise OtherFormError
    return document


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: list[str], make_secret: MakeSecret) -> None:
        self.lines = lines
        self.at = 1
        self._make_secret = make_secret

    def mapping(self, indent: str, first: Optional[str] = None) -> dict[str, Any]:
        """Read entries until the indentation ends; first: the entry beside a dash."""
        found: dict[str, Any] = {}
        depth = len(indent)
        lines = self.lines
        line = indent + first if first is not None else lines[self.at]
        self.at -= first is not None
        while line.startswith(indent) and line[depth : depth + 1] not in ("", " ", "-"):
            self.at += 1
            entry = _TEXT_ENTRY.fullmatch(line, depth)
            if entry is not None:
                key, value = entry.groups()
            else:
                entry = _ENTRY.fullmatch(line, depth)
                if entry is None:
                    raise OtherFormError
                key = entry[1]
                value = self.value(indent, entry[2])
                if key[0] == '"':
                    name = self.quoted(key)
                    if _key(name) != key:
                        raise OtherFormError
                    key = name
            if (key in _NO_PLAIN_KEYS and entry[1] == key) or key in found:
                raise OtherFormError
            found[key] = value
            line = lines[self.at]
        return found

    def value(self, indent: str, rest: Optional[str]) -> Any:
        """Read what stands behind a key or a dash, or below it."""
        if rest is None:
            below = indent + "  "
            line = self.lines[self.at]
            inner = self.sequence(below) if line.startswith(below + "- ") else self.mapping(below)
            if not inner:
                raise OtherFormError
            return inner
        if rest[0] == '"':
            return self.quoted(rest)
        if rest in _WORDS:
            return _WORDS[rest]
        if rest == _VAULT:
            return self.secret(indent + "  ")
        if rest.startswith(_UNSAFE + '"'):
            return self.quoted(rest[len(_UNSAFE) :])
        if _INTEGER.fullmatch(rest):
            return int(rest)
        return self.flow(rest)

    def sequence(self, indent: str) -> list[Any]:
        """Read items until the dashes end."""
        found = []
        dash = indent + "- "
        while self.lines[self.at].startswith(dash):
            rest = self.lines[self.at][len(dash) :]
            self.at += 1
            if _ENTRY.fullmatch(rest):
                found.append(self.mapping(indent + "  ", rest))
            elif rest:
                found.append(self.value(indent, rest))
            else:
                raise OtherFormError
        return found

    def secret(self, indent: str) -> Secret:
        """Read the lines of a literal."""
        start, depth = self.at, len(indent)
        while self.lines[self.at].startswith(indent):
            self.at += 1
        lines = [line[depth:] for line in self.lines[start : self.at]]
        if not lines or not lines[0].startswith(MARK) or not all(map(_LINE.fullmatch, lines)):
            raise OtherFormError
        return self._make_secret("\n".join(lines))

    def quoted(self, text: str) -> str:
        """Read a text in quotes."""
        if text[-1] == '"' and len(text) > 1 and _SIMPLE.fullmatch(text, 1, len(text) - 1):
            return text[1:-1]
        return str(self.json(text, _quoted))

    def flow(self, text: str) -> Any:
        """Read a list or mapping in one line, or a number with a fraction."""
        return self.json(text, _flow)

    def json(self, text: str, written: Callable[[Any], str]) -> Any:
        """Read JSON; what would not be written just so is not of the form."""
        try:
            value = json.loads(text)
            if written(value) == text:
                return value
        except (AttributeError, RecursionError, ValueError):
            pass  # no JSON, or no text where a text should be
        raise OtherFormError
