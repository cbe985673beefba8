# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heads of the chains get into a secret store beside those of other runs, or it is said."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_heads import (
    HEADS,
    keep_heads,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import SecretStore
from ansible_collections.objectstore.credentials.tests.unit.support import raised

MINE = {"chain": "echo/lab/20261101-000000-aa", "lines": 3, "head": "a" * 64}
OTHERS = {"chain": "echo/lab/20261102-000000-bb", "lines": 2, "head": "b" * 64}


class Notes:
    """A store with notes alone; the first so many writes find that another run was faster."""

    def __init__(self, busy: int = 0, kind: str = "busy") -> None:
        self.notes: dict[str, tuple[dict[str, Any], Any]] = {}
        self.busy = busy
        self.kind = kind
        self.tries = 0

    def read_note(self, name: str) -> Any:
        """Return a note and its version."""
        return self.notes.get(name)

    def write_note(self, name: str, document: dict[str, Any], version: Any) -> None:
        """Keep a note, unless it is somebody else's turn."""
        self.tries += 1
        if self.tries <= self.busy:
            raise CredentialsError(self.kind, "somebody else")
        assert version == (self.notes[name][1] if name in self.notes else None)
        self.notes[name] = (document, (version or 0) + 1)

    @property
    def chains(self) -> dict[str, Any]:
        """What is kept."""
        return dict(self.notes[HEADS][0]["chains"])

    def keep(self, *heads: dict[str, Any], check_mode: bool = False) -> int:
        """Have these heads kept here."""
        return keep_heads(cast(SecretStore, self), heads, check_mode)


def test_heads_are_kept_beside_those_of_other_runs() -> None:
    store = Notes()
    assert store.keep(MINE) == 1
    assert store.keep(OTHERS, MINE) == 1
    assert store.chains == {
        head["chain"]: {"lines": head["lines"], "head": head["head"]} for head in (MINE, OTHERS)
    }


def test_heads_that_are_there_are_not_written_again() -> None:
    store = Notes()
    store.keep(MINE)
    assert store.keep(MINE) == 0
    assert store.keep() == 0
    assert store.tries == 1


def test_check_mode_counts_and_writes_nothing() -> None:
    store = Notes()
    assert store.keep(MINE, OTHERS, check_mode=True) == 2
    assert store.tries == 0


def test_another_run_that_was_faster_is_waited_for() -> None:
    store = Notes(busy=9)
    assert store.keep(MINE) == 1
    assert list(store.chains) == [MINE["chain"]]


@pytest.mark.parametrize(("kind", "tries"), [("busy", 10), ("store_refused", 1)])
def test_note_that_cannot_be_written_is_an_error(kind: str, tries: int) -> None:
    store = Notes(busy=99, kind=kind)
    assert raised(store.keep, MINE).kind == kind
    assert store.tries == tries
