# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of strangers made harmless to whoever reads them, on a terminal as on a page."""

from __future__ import annotations

import re
from typing import Any

#: Controls (ANSI escapes begin with one), bidi marks, invisible characters, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
#: The longest text in a list or a page, and the longest message.
LONGEST_SHOWN, LONGEST_MESSAGE = 300, 4000


def visible(value: Any, most: int = LONGEST_SHOWN) -> str:
    """Return a text with every character that cannot be seen written out, cut where too long."""
    text = "" if value is None else str(value)
    if len(text) <= most and text.isascii() and text.isprintable():
        return text
    # Cut before, for a huge text, and again after, for one of which each character grows.
    text = _INVISIBLE.sub(_written_out, text[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
