# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the chains of a journal are as they were written, by themselves and against their heads.

A chain by itself shows a changed, inserted, deleted or swapped line. Only its head, kept elsewhere,
shows a chain that was cut, written anew as a whole, or taken away.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Optional

from .errors import CredentialsError
from .journal_files import chains_below, open_chain
from .journal_heads import heads_of
from .journal_lines import BEGINNING, SUFFIX, read_line
from .stores.file_names import escape

INTACT, TORN, BROKEN, CUT = "intact", "torn", "broken", "cut"
MISSING, UNKNOWN = "missing", "unknown"
#: No line is longer; a longer one is not read into memory.
LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class ChainReport:
    """What was found of one chain.

    state: "intact"; "torn": only the last line was not written whole, as a kill leaves it;
    "broken": a line is not as it was written; "cut": lines at the end are gone; "missing": the
    file is gone; "unknown": intact in itself, but no head of it is kept. at_line: where.
    """

    chain: str
    file: str
    lines: int
    head: str
    state: str
    at_line: Optional[int]
    message: str

    @property
    def is_sound(self) -> bool:
        """Whether nothing in it was changed since it was written, as far as can be told."""
        return self.state in (INTACT, TORN, UNKNOWN)

    def as_dict(self) -> dict[str, Any]:
        """Return the documented form."""
        return asdict(self)


def verify_journal(
    path: str,
    heads: Mapping[str, Any] | None = None,
    platform: str | None = None,
    endpoint: str | None = None,
) -> list[ChainReport]:
    """Check every chain of a journal, or those of a platform or endpoint. Reads only.

    heads: the document of merge_heads, as the secret store keeps it; None: chains are only checked
    by themselves. Raises invalid_option when there is no such directory, store_refused when it
    cannot be read.
    """
    base = os.path.abspath(os.path.expanduser(path))
    if not os.path.isdir(base) or os.path.islink(base):
        raise CredentialsError(
            "invalid_option",
            f"journal: {base} is not a directory on the machine that runs the module.",
            next_step="Name the directory that the rotating runs were given as their journal.",
        )
    parts = [escape(platform)] if platform else []
    parts += [escape(endpoint)] if platform and endpoint else []
    kept = heads_of(heads)
    start = "".join(f"{part}/" for part in parts)
    wanted = {chain for chain in kept if chain.startswith(start)}
    found = set(chains_below(base, *parts))
    return [
        check_chain(base, chain, kept.get(chain), heads is not None)
        for chain in sorted(wanted | found)
    ]


def check_chain(
    base: str, chain: str, kept: Mapping[str, Any] | None, has_heads: bool
) -> ChainReport:
    """Check one chain below a journal's directory. Reads only.

    kept: its head {lines, head} as somebody else keeps it; has_heads: whether anybody keeps heads.
    Raises store_refused.
    """
    path = os.path.join(base, *chain.split("/")) + SUFFIX
    read = _Read()

    def report(state: str, message: str, at_line: int | None = None) -> ChainReport:
        return ChainReport(chain, path, read.lines, read.head, state, at_line, message)

    try:
        handle = open_chain(base, chain)
    except CredentialsError as exc:
        if exc.code not in ("ELOOP", "ENOTDIR"):
            raise
        return report(BROKEN, "something else stands in place of its file")
    if handle is None:
        return report(MISSING, "its head is kept, and its file is gone")
    with handle:
        read.through(handle, chain, kept)
    return report(*_verdict(read, kept, has_heads))


class _Wrong:
    """Why a line is not the one that belongs there."""

    def __init__(self, why: str) -> None:
        self.why = why


class _Read:
    """How far a chain's lines follow each other, and what ends that."""

    def __init__(self) -> None:
        self.lines = 0
        self.head = BEGINNING
        #: The hash of the line that is the last one by the head that is kept.
        self.at_kept: str | None = None
        self.is_torn = False
        #: What is wrong with the next line; None: there is none, or only half of one.
        self.wrong: str | None = None

    def through(self, handle: BinaryIO, chain: str, kept: Mapping[str, Any] | None) -> None:
        """Read to the end, or to the first line that does not belong there."""
        while True:
            line = handle.readline(LONGEST_LINE)
            if not line:
                return
            if not line.endswith(b"\n") and not handle.read(1):
                self.is_torn = True
                return
            found = _what_is_wrong(line, chain, self.lines + 1, self.head)
            if isinstance(found, _Wrong):
                self.wrong = found.why
                return
            self.lines, self.head = self.lines + 1, found
            if kept and self.lines == kept["lines"]:
                self.at_kept = found


def _verdict(
    read: _Read, kept: Mapping[str, Any] | None, has_heads: bool
) -> tuple[str, str, int | None]:
    """Return the state of a chain, why, and at which line."""
    after = read.lines + 1
    if read.wrong is not None:
        return BROKEN, read.wrong, after
    if kept and read.lines < kept["lines"]:
        gone = kept["lines"] - read.lines
        return CUT, f"{gone} lines at its end are gone: there were {kept['lines']}", after
    if kept and read.at_kept != kept["head"]:
        why = f"it was written anew: line {kept['lines']} has not the hash that is kept"
        return BROKEN, why, kept["lines"]
    if read.is_torn:
        return TORN, "its last line was not written whole, as a kill leaves it", after
    if has_heads and not kept and read.lines:
        return UNKNOWN, "it is intact in itself, and no head of it is kept", None
    more = read.lines - kept["lines"] if kept else 0
    return INTACT, f"{more} lines are younger than the head that is kept" if more else "", None


def _what_is_wrong(line: bytes, chain: str, number: int, before: str) -> str | _Wrong:
    """Return a line's hash, or what is wrong with it."""
    read = read_line(line[:-1]) if line.endswith(b"\n") else None
    if read is None:
        return _Wrong(f"line {number} is not as it was written")
    fields, digest = read
    if fields.get("prev") != before:
        return _Wrong(f"line {number} does not follow the one before it")
    if fields.get("seq") != number:
        return _Wrong(f"line {number} says that it is line {fields.get('seq')}")
    if fields.get("chain") != chain:
        return _Wrong(f"line {number} belongs to another chain")
    return digest
