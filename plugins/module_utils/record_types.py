# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a record's values are of the types that its classes declare."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any, Callable

from .record import Secret

_MOST_LEVELS = 20


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_count(value) or (isinstance(value, float) and 0 <= value < float("inf"))


def _is_flat(value: Any, levels: int = _MOST_LEVELS) -> bool:
    """Tell whether a value can be walked through by whoever writes it: a line nests three deep."""
    if not isinstance(value, (Mapping, list, tuple)):
        return True
    inner = value.values() if isinstance(value, Mapping) else value
    return levels > 0 and all(_is_flat(each, levels - 1) for each in inner)


#: By the declared type; what is none of these is a part, which its own reader has made.
_FITS: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "int": _is_count,
    "float": _is_number,
    "dt.datetime": lambda value: isinstance(value, dt.datetime),
    "Secret": lambda value: isinstance(value, Secret),
    "Mapping[str, str]": lambda value: (
        isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())
    ),
    # A text is walked through as well, and asked whether it holds a key it would search in itself.
    "tuple[str, ...]": lambda value: (
        isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    ),
    "tuple[Mapping[str, Any], ...]": lambda value: all(
        isinstance(each, Mapping) and _is_flat(each) for each in value
    ),
}


@functools.cache
def _declared(part: Any) -> tuple[tuple[str, bool, Callable[[Any], bool]], ...]:
    """Return the fields that have a type of above: name, whether it may be missing, what fits."""
    found = []
    for field in dataclasses.fields(part):
        said = str(field.type)
        is_optional = said.startswith("Optional[")
        fits = _FITS.get(said[len("Optional[") : -1] if is_optional else said)
        if fits is not None:
            found.append((field.name, is_optional, fits))
    return tuple(found)


def check_types(part: Any) -> None:
    """Check a record, or a part of one. Raises ValueError, naming the field."""
    kind: Any = type(part)
    for name, is_optional, fits in _declared(kind):
        value = getattr(part, name)
        if not (is_optional if value is None else fits(value)):
            raise ValueError(f"{name} is of another type")


def listed(values: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """Return the entries of a list that may be missing. Raises ValueError for what is none."""
    value = values.get(name)
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{name} is no list")
    return tuple(value)
