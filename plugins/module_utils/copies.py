# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changed copies of frozen dataclasses, of which a rotation makes dozens."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def copied(value: T, **fields: Any) -> T:
    """Return a copy of a frozen dataclass without a __post_init__, with some fields changed.

    dataclasses.replace() sets every field by __init__, which takes ten times as long for a record.
    Raises TypeError for what is no field.
    """
    made = object.__new__(type(value))
    made.__dict__.update(value.__dict__)
    if not fields.keys() <= made.__dict__.keys():
        unknown = sorted(fields.keys() - made.__dict__.keys())
        raise TypeError(f"{type(value).__name__} has no {', '.join(unknown)}")
    made.__dict__.update(fields)
    return made
