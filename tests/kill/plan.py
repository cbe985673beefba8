# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong at which step of a run: kills, lost answers, late landings, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import wire


@dataclass(frozen=True)
class Action:
    """One thing that goes wrong."""

    name: str
    #: An HTTP status or an error number of the operating system.
    number: int = 0
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def kills(self) -> bool:
        """Whether the runner dies of it."""
        return self.name.startswith("kill")

    def __str__(self) -> str:
        parts = [self.name]
        if self.number:
            parts.append(str(self.number))
        if self.seconds:
            parts.append(f"{self.seconds:g}s")
        return " ".join(parts)

    @classmethod
    def parse(cls, text: str) -> Action:
        """Read what str() wrote."""
        name, number, seconds = [], 0, 0.0
        for word in text.split():
            if word.isdigit():
                number = int(word)
            elif word.endswith("s") and word[:-1].replace(".", "").isdigit():
                seconds = float(word[:-1])
            else:
                name.append(word)
        return cls(" ".join(name), number, seconds)


#: Step number -> what goes wrong there; BETWEEN: after the run.
Plan = Mapping[int, Action]
BETWEEN = -1

KILL_BEFORE, KILL_AFTER, KILL_HALF = (
    Action("kill before"),
    Action("kill after"),
    Action("kill half"),
)


#: What may lie between an interrupted run and the next.
GAPS = (
    Action("passes"),
    Action("passes", seconds=120.0),
    Action("passes", seconds=6 * 3600.0),
    Action("passes", seconds=6 * 86400.0),
    Action("clock ahead", seconds=200.0),
    Action("clock behind", seconds=200.0),
    Action("clock ahead", seconds=86400.0),
)


def kills(kind: str, label: str) -> tuple[Action, ...]:
    """Return the kills that a step of this kind has."""
    if kind == wire.HTTP:
        return (KILL_BEFORE, KILL_AFTER)
    if label.startswith("write "):
        return (KILL_BEFORE, KILL_HALF)
    return (KILL_BEFORE,)


def faults(kind: str, label: str) -> tuple[Action, ...]:
    """Return what else can go wrong at a step of this kind."""
    label = label.removeprefix("far ")
    if kind == wire.HTTP:
        common: tuple[Action, ...] = (
            Action("lost after"),
            Action("lost before"),
            Action("status before", 500),
            Action("status after", 500),
            Action("status before", 503),
            Action("status after", 503),
            Action("status after", 504),
            Action("status before", 429, headers={"Retry-After": "2"}),
            Action("garbage after"),
            Action("storm", 4),
        )
        if label.startswith("store "):
            dies = (Action("status before", 403), Action("store dies"), Action("store dies after"))
            common = (*common, *dies)
        if label.startswith("GET "):
            return (*common, Action("stale"))
        if label.startswith(("HEAD ", "s3 ", "store GET", "store LIST")):
            return common
        return (*common, *(Action("late", seconds=seconds) for seconds in (1.0, 40.0, 85.0)))
    if label.split(" ")[0] in ("write", "fsync", "open", "rename", "replace", "mkdir", "link"):
        return (Action("error", 28), Action("error", 5), Action("store dies"))
    return ()
