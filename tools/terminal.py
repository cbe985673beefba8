# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A story on a terminal: colours and a line of progress where there is one, else plain text."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_ASCII = str.maketrans({"→": ">", "✓": "+", "✗": "x", "·": "-", "—": "-", "─": "-", "…": "."})
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[mK]|\r")


class Terminal:
    """Prints to standard output, and keeps what was printed."""

    def __init__(self) -> None:
        stream = sys.stdout
        self.is_live = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.has_colours = (self.is_live and "NO_COLOR" not in os.environ) or bool(
            os.environ.get("FORCE_COLOR")
        )
        self.is_plain_ascii = "utf" not in (stream.encoding or "").lower()
        self.width = min(100, shutil.get_terminal_size((100, 24)).columns)
        self.transcript = ""

    def style(self, text: str, *names: str) -> str:
        """Return the text in colours, where there are colours."""
        if not self.has_colours or not names:
            return text
        return f"\x1b[{';'.join(_STYLES[name] for name in names)}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """Print a line."""
        if self.is_plain_ascii:
            text = text.translate(_ASCII)
        self._clear()
        self.transcript += text + "\n"
        print(text, flush=True)

    def heading(self, text: str) -> None:
        """Print a heading."""
        self.line()
        self.line(self.style(text, "bold"))

    def progress(self, text: str) -> None:
        """Show what goes on, on a line that the next one replaces; nothing where output is kept."""
        if self.is_live:
            print(f"\r\x1b[K  {text[: self.width - 3]}", end="", flush=True)

    def _clear(self) -> None:
        if self.is_live:
            print("\r\x1b[K", end="")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], indent: int = 2) -> None:
        """Print columns, as wide as their widest cell; cells may be coloured."""
        lines = [[self.style(cell, "dim") for cell in header], *rows]
        widths = [max(_length(line[at]) for line in lines) for at in range(len(header))]
        for line in lines:
            cells = [cell + " " * (widths[at] - _length(cell)) for at, cell in enumerate(line)]
            self.line(" " * indent + "  ".join(cells).rstrip())


def _length(text: str) -> int:
    return len(_ESCAPES.sub("", text))
