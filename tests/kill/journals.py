# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal against the record's history: every line once, none lost, every chain whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    found = []
    wanted: dict[str, dict[str, Any]] = {}
    for moment in trial.moments:
        record = trial.record(moment)
        for line in record.outbox if record else ():
            wanted[str(line.get("id"))] = dict(line)
    written = Counter(str(line.get("id")) for _unused, line in lines(world.directory / "journal"))
    doubled = [name for name, count in written.items() if count > 1]
    if doubled:
        found.append(f"{len(doubled)} lines stand twice: {doubled[:3]}")
    missing = [line for name, line in wanted.items() if name not in written]
    if missing and trial.runs[-1].is_good:
        found.append(f"{len(missing)} lines are missing: {missing[0]}")
    return found
