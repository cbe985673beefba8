# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of strangers made harmless: what an account is called must not act on who reads it."""

from __future__ import annotations

import re
from typing import Any

#: Controls (ANSI escapes begin with one), bidi marks, invisible characters, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
#: What makes a spreadsheet take a cell for a formula, the full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: The longest text in a page, and in a cell (a spreadsheet's own limit is 32,767).
LONGEST_SHOWN, LONGEST_CELL = 300, 30_000


def visible(value: Any, most: int = LONGEST_SHOWN) -> str:
    """Return a text with every character that cannot be seen written out, cut where too long."""
    text = "" if value is None else str(value)
    if len(text) <= most and text.isascii() and text.isprintable():
        return text
    # Cut before, for a huge text, and again after, for one of which each character grows.
    text = _INVISIBLE.sub(_written_out, text[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def cell(value: Any) -> str:
    """Return a value as a cell of CSV that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raw = str(value)
    text = visible(raw, LONGEST_CELL)
    # A spreadsheet may trim blanks first.
    is_formula = raw.lstrip(" \xa0").startswith(_FORMULA)
    return f"'{text}" if is_formula else text


def label(value: Any) -> str:
    """Return a value of a Prometheus label, escaped, without its quotes."""
    lines = [visible(line).replace("\\", "\\\\") for line in str(value).split("\n")]
    return "\\n".join(lines).replace('"', '\\"')


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
