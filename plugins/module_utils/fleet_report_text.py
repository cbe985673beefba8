# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of strangers made harmless: what an account is called must not act on who reads it."""

from __future__ import annotations

import re
from typing import Any

from .visible import visible

#: What makes a spreadsheet take a cell for a formula, the full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: Where semicolons part the cells, as in half of Europe, another cell begins behind each.
_AFTER_SEMICOLON = re.compile(f"(;[ \"'\xa0]*)(?=[{re.escape(''.join(_FORMULA))}])")
#: The longest text in a cell (a spreadsheet's own limit is 32,767).
LONGEST_CELL = 30_000


def cell(value: Any) -> str:
    """Return a value as a cell of CSV that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raw = str(value)
    text = visible(_AFTER_SEMICOLON.sub(r"\1'", raw), LONGEST_CELL)
    # A spreadsheet may trim blanks first.
    is_formula = raw.lstrip(" \xa0").startswith(_FORMULA)
    return f"'{text}" if is_formula else text


def label(value: Any) -> str:
    """Return a value of a Prometheus label, escaped, without its quotes."""
    lines = [visible(line).replace("\\", "\\\\") for line in str(value).split("\n")]
    return "\\n".join(lines).replace('"', '\\"')
