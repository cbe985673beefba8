# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret store of one call: opened where it is named, closed, asked about keys."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.custody import (
    Custody,
    holds_any,
    in_custody,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    KeyIntent,
    Pending,
    Record,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_summary import (
    CURRENT,
    PENDING,
    RETIRING,
    UNKNOWN,
    held_as,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.unit.memory_platform import Memory
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ansible_vault_lab import (  # noqa: E501 - the package is this deep
    PASSWORD,
    store_at,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.timezone.utc)
FULL = Record(
    "memory",
    ("lab",),
    "app",
    current=HeldKey("AKNEW"),
    pending=Pending("r1", NOW, "run-1", "a1", access_key="AKNEXT"),
    retiring=(HeldKey("AKOLD"),),
)


class Call:
    """What the front would hand over."""

    def __init__(self, secret_store: Any, check_mode: bool = False, endpoint: str = "lab") -> None:
        self.params: dict[str, Any] = {"secret_store": secret_store}
        self.platform: Platform = Memory(check_mode=check_mode)
        settings = dataclasses.replace(self.platform.settings, endpoint=endpoint)
        self.platform.settings = settings
        self.clock = self.platform.client.clock
        self.check_mode = check_mode
        self.parallelism = 2

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return none: the password is an option here."""
        return []


def files(path: Path) -> dict[str, Any]:
    """Return the options of a secret store of files."""
    return {"type": "ansible_vault", "path": str(path), "vault_password": PASSWORD}


def keep(path: Path, record: Record) -> None:
    """Store a record."""
    store_at(path).write(Place("memory", "lab", record.account), record, None)


def test_keys_are_told_apart() -> None:
    names = ["AKNEW", "AKNEXT", "AKOLD", "AKWHO", None]
    expected = [CURRENT, PENDING, RETIRING, UNKNOWN, UNKNOWN]
    assert [held_as(FULL, name) for name in names] == expected
    assert held_as(None, "AKNEW") == UNKNOWN


def test_key_that_a_rollback_enables_belongs_to_it() -> None:
    back = dataclasses.replace(
        FULL,
        pending=Pending("r2", NOW, "run-1", "a1", purpose="rollback", access_key="AKOLD"),
    )
    assert held_as(back, "AKOLD") == PENDING


@pytest.mark.parametrize("part", ["current", "pending", "retiring"])
def test_record_holds_something_while_it_has_any_of_these(part: str) -> None:
    empty = Record("memory", ("lab",), "app")
    assert holds_any(dataclasses.replace(empty, **{part: getattr(FULL, part)}))
    assert not holds_any(empty)
    assert not holds_any(None)


def test_without_a_store_there_is_no_custody() -> None:
    seen: list[Optional[Custody]] = []

    def work(custody: Optional[Custody]) -> Outcome:
        seen.append(custody)
        return Outcome()

    in_custody(Call(None), work)
    assert seen == [None]


def test_endpoint_without_a_name_is_refused(tmp_path: Path) -> None:
    exc = raised(in_custody, Call(files(tmp_path), endpoint=""), lambda _custody: Outcome())
    assert (exc.kind, "endpoint is missing" in exc.message) == ("invalid_option", True)


@pytest.mark.parametrize("fails", [False, True])
def test_store_is_closed_whatever_happens(tmp_path: Path, fails: bool) -> None:
    closed: list[bool] = []

    def work(custody: Optional[Custody]) -> Outcome:
        assert custody is not None
        custody.store.close = lambda: closed.append(True)  # type: ignore[method-assign]  # to see it
        custody.store.warnings.append("look here")
        if fails:
            raise CredentialsError("rejected", "no")
        return Outcome(warnings=["mine"])

    call = Call(files(tmp_path))
    if fails:
        assert raised(in_custody, call, work).kind == "rejected"
    else:
        assert in_custody(call, work).warnings == ["mine", "look here"]
    assert closed == [True]


@pytest.mark.parametrize(("check_mode", "reads_only"), [(True, False), (False, True)])
def test_what_only_reads_cannot_write(tmp_path: Path, check_mode: bool, reads_only: bool) -> None:
    keep(tmp_path, FULL)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def work(custody: Optional[Custody]) -> Outcome:
        assert custody is not None
        with custody.turn(Account("app")) as case:
            case.save(dataclasses.replace(case.record, retiring=()))
            assert case.record.retiring == ()
        exc = raised(custody.store.write, Place("memory", "lab", "app"), FULL, None)
        assert exc.kind == "check_mode_write"
        return Outcome()

    in_custody(Call(files(tmp_path), check_mode), work, reads_only=reads_only)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def custody_at(path: Path, run: str = "run-2") -> Custody:
    """Return the custody of a run of its own."""
    return Custody(Call(None).platform, store_at(path, run), run)


def test_turn_keeps_others_out(tmp_path: Path) -> None:
    keep(tmp_path, FULL)
    with custody_at(tmp_path).turn(Account("app")):
        other = custody_at(tmp_path, "run-3").turn(Account("app"))
        with pytest.raises(CredentialsError) as caught:
            other.__enter__()
    assert caught.value.kind == "busy"
    with contextlib.ExitStack() as stack:
        assert stack.enter_context(custody_at(tmp_path).turn(Account("app"))).record.current


def test_turn_settles_what_a_run_before_left_unanswered(tmp_path: Path) -> None:
    intent = KeyIntent("disable", "AKOLD", NOW, "run-1")
    keep(tmp_path, dataclasses.replace(FULL, intent=intent))
    custody = custody_at(tmp_path)
    with custody.turn(Account("app")) as case:
        assert case.record.intent is None


@pytest.mark.parametrize("way", ["record", "turn"])
def test_record_of_another_scope_is_drift(tmp_path: Path, way: str) -> None:
    keep(tmp_path, dataclasses.replace(FULL, scope={"part": "one"}))
    custody = custody_at(tmp_path)
    custody.scope = {"part": "two"}
    if way == "record":
        exc = raised(custody.record, Account("app"))
    else:
        exc = raised(custody.turn(Account("app")).__enter__)
    assert (exc.kind, "part one" in exc.message) == ("drifted", True)


def test_accounts_with_held_keys_are_found_among_names(tmp_path: Path) -> None:
    custody = custody_at(tmp_path)
    assert not custody.has_records()
    keep(tmp_path, FULL)
    keep(tmp_path, Record("memory", ("lab",), "empty"))
    assert custody.held_among(["nobody", "app", "empty"]) == ["app"]
    assert custody.has_records()
