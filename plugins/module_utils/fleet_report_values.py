# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of other results as they may come: of any type, or not at all."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from .clock import iso, parse_time


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a dictionary; an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return a list; an empty one in place of anything else."""
    return value if isinstance(value, (list, tuple)) else []


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the dictionaries of a list."""
    return [each for each in sequence(value) if isinstance(each, Mapping)]


def text(value: Any) -> Optional[str]:
    """Return a text, None for an empty one."""
    return None if value is None or value == "" else str(value)


def number(value: Any) -> Optional[int]:
    """Return a number, or how long a list is."""
    if isinstance(value, (list, tuple)):
        return len(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def time_text(value: Any) -> Optional[str]:
    """Return a moment as a report has it, None for what is none."""
    return iso(value if isinstance(value, dt.datetime) else parse_time(value))


def strict_json(line: str) -> Any:
    """Return what a JSON text says. Raises ValueError also for numbers that no other reader takes.

    Python reads and writes NaN and Infinity; the page's script and every other reader fail at them.
    """
    try:
        return json.loads(line, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is out of bounds")
    return value
