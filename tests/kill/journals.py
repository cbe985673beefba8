# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal against the record's history: every line once, none lost, every chain whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.journal_chains import (
    verify_journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record

if TYPE_CHECKING:
    from .promise import Trial
    from .world import World


def lines(directory: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every whole line of every chain; a torn last line of a file is left out."""
    for path in sorted(directory.rglob("*")):
        if not path.is_file():
            continue
        for text in path.read_bytes().split(b"\n"):
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield path, line


def problems(world: World, trial: Trial) -> list[str]:
    """Return what is wrong with the journal."""
    directory = world.directory / "journal"
    found = [
        f"chain {report.chain} is {report.state}: {report.message}"
        for report in (verify_journal(str(directory)) if directory.is_dir() else ())
        if report.state not in ("intact", "torn")
    ]
    events = [line for _unused, line in lines(directory)]
    if trial.has_slept:
        events = _without_twins(events)
    written = Counter(str(line.get("id")) for line in events)
    doubled = [name for name, count in written.items() if count > 1]
    if doubled:
        found.append(f"{len(doubled)} lines stand twice: {doubled[:3]}")
    if not trial.runs[-1].is_good:
        return found
    return found + untold(trial, events)


def _without_twins(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out late lines whose own run has written them after all; nobody can call it back."""
    own = {str(line.get("id")) for line in events if not line.get("late")}
    return [line for line in events if not (line.get("late") and str(line.get("id")) in own)]


def untold(trial: Trial, events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the records tell and the journal does not, or not yet."""
    written = {str(line.get("id")) for line in events}
    wanted: dict[str, Mapping[str, Any]] = {}
    for moment in trial.moments:
        record = trial.record(moment)
        for line in record.outbox if record else ():
            wanted[str(line.get("id"))] = line
    missing = [line for name, line in wanted.items() if name not in written]
    found = [f"{len(missing)} lines are missing: {missing}"] if missing else []
    return found + _untold(trial, events)


def _untold(trial: Trial, events: Sequence[Mapping[str, Any]]) -> list[str]:
    transitions = Transitions()
    for moment in trial.world.moments:
        transitions.follow(trial.record(moment))
    return transitions.untold(Told(events))


class Told:
    """How often the journal tells of each access key that it became current, or was disabled."""

    def __init__(self, events: Sequence[Mapping[str, Any]]) -> None:
        self.became = Counter(
            str(line.get("access_key"))
            for line in events
            if line.get("event") in ("promoted", "delivered", "adopted")
        )
        self.disabled = Counter(
            str(line.get("access_key"))
            for line in events
            if line.get("event") == "disabled"
            or (line.get("event") == "disable_settled" and line.get("status") == "inactive")
        )


class Transitions:
    """The transitions of one account's record, counted as it is followed."""

    def __init__(self) -> None:
        self.became: Counter[str] = Counter()
        self.disabled: Counter[str] = Counter()
        self._current: Optional[str] = None
        self._off: frozenset[str] = frozenset()

    def follow(self, record: Optional[Record]) -> None:
        """Count what is new in the record."""
        current = record.current.access_key if record and record.current else None
        if current and current != self._current:
            self.became[current] += 1
        off = frozenset(
            key.access_key
            for key in (record.retiring if record else ())
            if key.disabled_at and key.access_key
        )
        self.disabled.update(off - self._off)
        self._current, self._off = current, off

    def untold(self, told: Told) -> list[str]:
        """Return the transitions that do not stand in the journal exactly once."""
        found = [
            f"{key} became current {count} times, and the journal tells {told.became[key]} of it"
            for key, count in self.became.items()
            if told.became[key] != count
        ]
        return found + [
            f"{key} was disabled {count} times, and the journal tells {told.disabled[key]} of it"
            for key, count in self.disabled.items()
            if told.disabled[key] != count
        ]
