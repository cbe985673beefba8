# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An auditor's look at the journal: chains by themselves, and against the heads of the store."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.credential_info import (
    check_journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal import (
    Journal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal_heads import (
    merge_heads,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    open_store,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.unit.memory_platform import Memory
from ansible_collections.objectstore.credentials.tests.unit.support import raised


@pytest.fixture
def platform() -> Platform:
    """A platform at the endpoint lab."""
    memory = Memory()
    memory.settings = dataclasses.replace(memory.settings, endpoint="lab")
    return memory


@pytest.fixture
def store_options(tmp_path: Path) -> dict[str, Any]:
    """The options of a secret store of files."""
    (tmp_path / "store").mkdir(mode=0o700)
    return {
        "type": "ansible_vault",
        "path": str(tmp_path / "store"),
        "vault_password": "a-password-for-tests",
    }


def context(check_mode: bool = True) -> StoreContext:
    """Return what a store is opened with."""
    return StoreContext(Clock(), Redactor(), "audit", check_mode=check_mode, environ={})


def write(base: Path, platform: Platform, run: str, lines: int = 2, endpoint: str = "") -> Journal:
    """Write a chain."""
    journal = Journal(
        str(base),
        run=run,
        platform=platform.name,
        endpoint=endpoint or "lab",
        clock=Clock(),
        redactor=Redactor(),
    )
    journal.append([journal.entry("app", "promoted") for _unused in range(lines)])
    journal.close()
    return journal


def looked_at(platform: Platform, path: Path, store: Any = None) -> Outcome:
    """Return an outcome with the journal in it."""
    if store is None:
        return check_journal(Outcome(), platform, str(path), None)
    with contextlib.closing(open_store(store, context())) as opened:
        return check_journal(Outcome(), platform, str(path), opened)


def states(outcome: Outcome) -> dict[str, str]:
    """Return the state of each chain by the name of its run."""
    return {row["chain"].rpartition("-")[2]: row["state"] for row in outcome.extra["journal"]}


def test_nothing_is_told_without_a_journal(platform: Platform) -> None:
    assert check_journal(Outcome(), platform, None, None) == Outcome()


def test_chains_of_the_endpoint_are_checked(platform: Platform, tmp_path: Path) -> None:
    base = tmp_path / "journal"
    write(base, platform, "one")
    write(base, platform, "other", endpoint="elsewhere")
    broken = Path(write(base, platform, "two").head["file"])
    broken.write_bytes(broken.read_bytes().replace(b"promoted", b"PROMOTED", 1))
    outcome = looked_at(platform, base)
    assert states(outcome) == {"two": "broken", "one": "intact"}
    assert outcome.extra["journal"][0]["at_line"] == 1
    assert outcome.totals == {"journal_chains": 2, "journal_unsound": 1}
    (warning,) = outcome.warnings
    assert "broken" in warning


def test_chains_are_compared_with_the_heads_of_the_store(
    platform: Platform, tmp_path: Path, store_options: dict[str, Any]
) -> None:
    base = tmp_path / "journal"
    journals = [write(base, platform, run) for run in ("one", "two", "three")]
    write(base, platform, "four")
    assert set(states(looked_at(platform, base, store_options)).values()) == {"unknown"}
    heads = None
    for journal in journals:
        heads = merge_heads(heads, journal.head)
    assert heads is not None
    store = open_store(store_options, context(check_mode=False))
    store.write_note("journal", heads, None)
    store.close()
    Path(journals[0].head["file"]).unlink()
    cut = Path(journals[1].head["file"])
    cut.write_bytes(cut.read_bytes().splitlines(keepends=True)[0])
    outcome = looked_at(platform, base, store_options)
    assert states(outcome) == {
        "one": "missing",
        "two": "cut",
        "three": "intact",
        "four": "unknown",
    }
    assert [row["state"] for row in outcome.extra["journal"]][2:] != ["cut", "missing"]
    assert outcome.totals == {"journal_chains": 4, "journal_unsound": 2}


def test_sound_chains_beyond_the_most_are_only_counted(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.objectstore.credentials.plugins.module_utils import journal_findings

    monkeypatch.setattr(journal_findings, "MOST_CHAINS", 3)
    for number in range(5):
        write(tmp_path / "journal", platform, f"run{number}", lines=1)
    outcome = looked_at(platform, tmp_path / "journal")
    assert len(outcome.extra["journal"]) == 3
    assert outcome.totals["journal_chains"] == 5


def test_journal_that_is_not_there_is_an_error(platform: Platform, tmp_path: Path) -> None:
    exc = raised(looked_at, platform, tmp_path / "nowhere")
    assert exc.kind == "invalid_option"
