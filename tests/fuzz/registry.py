# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fuzz targets: each a parser with its inputs, and what must hold whatever it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Check = Callable[[Any], None]


@dataclass(frozen=True)
class Target:
    """One parser. check raises where what must hold does not."""

    name: str
    inputs: st.SearchStrategy[Any]
    check: Check
    #: How many inputs it is given in the short form; a cheap one gets more.
    short: int


TARGETS: dict[str, Target] = {}


def add(name: str, inputs: st.SearchStrategy[Any], check: Check, short: int = 40) -> None:
    """Make a target known."""
    assert name not in TARGETS, name
    TARGETS[name] = Target(name, inputs, check, short)


def target(
    name: str, inputs: st.SearchStrategy[T], short: int = 40
) -> Callable[[Callable[[T], None]], Callable[[T], None]]:
    """Make a function a target."""

    def known(check: Callable[[T], None]) -> Callable[[T], None]:
        add(name, inputs, check, short)
        return check

    return known
