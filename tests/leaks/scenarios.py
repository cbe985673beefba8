# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to be searched: every playbook, module and state, platform, store, consumer, way.

A test says what it covers; that its runs did so is read from their job events, and that nothing is
left over is a test of its own (test_coverage.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, TypeVar

import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_options import SPEC
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import STORES

ROOT = Path(__file__).resolve().parents[2]
WAYS = (
    "check mode",
    "diff",
    "a task that fails",
    "an emergency",
    "a killed run",
    "a fact cache",
    "without pipelining",
    "no_log left out",
)
#: What a test said that it covers, by the test's name.
DECLARED: dict[str, frozenset[str]] = {}
Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass
class Row:
    """What was searched in one scenario."""

    name: str
    runs: int = 0
    searches: int = 0
    files: int = 0
    bytes: int = 0
    processes: int = 0
    #: Places that the documentation names as Ansible's own, and that were asked for.
    known: int = 0
    leaks: int = 0


@dataclass
class Table:
    """What all scenarios together did."""

    rows: list[Row] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the table, its sum last."""
        words = ("runs", "files", "processes", "known", "leaks")
        yield f"{'':60}" + "".join(f"{word:>10}" for word in (*words[:2], "MB", *words[2:]))
        total = Row("all of them")
        for row in sorted(self.rows, key=lambda each: each.name):
            for word in ("runs", "searches", "files", "bytes", "processes", "known", "leaks"):
                setattr(total, word, getattr(total, word) + getattr(row, word))
            if row.searches:
                yield _line(row)
        yield _line(total)


def _line(row: Row) -> str:
    numbers = (row.runs, row.files, f"{row.bytes / 1e6:.1f}", row.processes, row.known, row.leaks)
    return f"{row.name:60.60}" + "".join(f"{number:>10}" for number in numbers)


def covers(*names: str) -> Callable[[Test], Test]:
    """Say what a test covers; the fixture lab holds it against what its runs did."""

    def note(test: Test) -> Test:
        DECLARED[test.__name__] = frozenset(names)
        return test

    return note


def everything() -> set[str]:
    """Return all that has to be covered, from the collection's own files. Reads only."""
    consumers = yaml.safe_load((ROOT / "roles/s3_consumer/meta/argument_specs.yml").read_text())
    return {
        *(f"playbook {path.stem}" for path in (ROOT / "playbooks").glob("*.yml")),
        *_modules(),
        *(f"module s3_access_key_rotate: {state}" for state in SPEC.options["state"]["choices"]),
        *(f"lookup {path.stem}" for path in _plugins("lookup")),
        *(f"inventory {path.stem}" for path in _plugins("inventory")),
        *(f"consumer {name}" for name in consumers["argument_specs"]),
        *(f"platform {name}" for name in PLATFORMS),
        *(f"store {name}" for name in STORES),
        "mirrors",
        *(f"way: {way}" for way in WAYS),
    }


def _plugins(kind: str) -> list[Path]:
    return sorted((ROOT / "plugins" / kind).glob("[!_]*.py"))


def _modules() -> Iterator[str]:
    for path in _plugins("modules"):
        yield f"module {path.stem}"
        _head, _quote, rest = path.read_text().partition('DOCUMENTATION = r"""')
        options = yaml.safe_load(rest.partition('"""')[0]).get("options") or {}
        for option in ("state", "status"):
            for state in options.get(option, {}).get("choices", ()):
                yield f"module {path.stem}: {state}"
