# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The escrow keeps what no secret store took, and gives it back to whoever may have it."""

from __future__ import annotations

import dataclasses
import json
import stat
from pathlib import Path

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.escrow import (
    Escrow,
    PassphraseSeal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import durable_files
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_format import (
    decrypt,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ansible_vault_lab import (  # noqa: E501 - the package is this deep
    PASSWORD,
    store_at,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.failing_os import (
    failing,
    os_of,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

PLACE = Place("echo", "lab", "app/0001")
PAIR = Pair("AKIDMADEUP0000000001", "Made0Up0Secret0Key0/+=ü\n01")
LOGIN = "made-up-login-password"


def escrow_at(path: Path, passphrase: str = LOGIN) -> Escrow:
    """Return an escrow sealed by a passphrase."""
    return Escrow(str(path), PassphraseSeal(passphrase, "the login's secret"))


def test_pair_is_taken_as_it_was_put(tmp_path: Path) -> None:
    path = Path(escrow_at(tmp_path / "deep" / "escrow").put(PLACE, PAIR, "attempt-1"))
    again = escrow_at(tmp_path / "deep" / "escrow")
    assert again.take(PLACE, "attempt-1") == PAIR
    assert path.parent == tmp_path / "deep" / "escrow"
    assert path.name.startswith("app%2f0001-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_file_is_one_of_ansible_vault_and_shows_nothing(tmp_path: Path) -> None:
    text = Path(escrow_at(tmp_path).put(PLACE, PAIR, "attempt-1")).read_text()
    assert text.startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert "AKIDMADEUP" not in text
    document = json.loads(decrypt(text, LOGIN.encode()) or "")
    assert document["secret_key"] == PAIR.secret_key
    assert (document["account"], document["attempt"]) == ("app/0001", "attempt-1")


def test_nothing_is_taken_where_nothing_was_put(tmp_path: Path) -> None:
    escrow = escrow_at(tmp_path / "escrow")
    assert escrow.take(PLACE, "attempt-1") is None
    escrow.put(PLACE, PAIR, "attempt-1")
    assert escrow.take(PLACE, "attempt-2") is None
    assert escrow.take(dataclasses.replace(PLACE, endpoint="lab2"), "attempt-1") is None
    assert escrow.take(dataclasses.replace(PLACE, account="app-0001"), "attempt-1") is None


def test_removing_is_repeatable(tmp_path: Path) -> None:
    escrow = escrow_at(tmp_path)
    escrow.put(PLACE, PAIR, "attempt-1")
    escrow.put(PLACE, PAIR, "attempt-2")
    for _turn in range(2):
        escrow.remove(PLACE, "attempt-1")
        assert escrow.take(PLACE, "attempt-1") is None
    assert escrow.take(PLACE, "attempt-2") == PAIR
    escrow_at(tmp_path / "none").remove(PLACE, "attempt-1")


def test_putting_again_replaces(tmp_path: Path) -> None:
    escrow = escrow_at(tmp_path)
    escrow.put(PLACE, Pair("AKIDOLD", "old"), "attempt-1")
    escrow.put(PLACE, PAIR, "attempt-1")
    assert escrow.take(PLACE, "attempt-1") == PAIR
    assert len(list(tmp_path.iterdir())) == 1


def test_another_passphrase_does_not_open_it(tmp_path: Path) -> None:
    escrow_at(tmp_path).put(PLACE, PAIR, "attempt-1")
    failure = raised(escrow_at(tmp_path, "another").take, PLACE, "attempt-1")
    assert failure.kind == "store_unreadable"
    assert "the login's secret" in failure.message
    assert LOGIN not in everything_in(failure)


@pytest.mark.parametrize("text", ["", "hello", "$ANSIBLE_VAULT;1.1;AES256\n3031\n"])
def test_spoiled_file_is_unreadable(tmp_path: Path, text: str) -> None:
    escrow = escrow_at(tmp_path)
    Path(escrow.put(PLACE, PAIR, "attempt-1")).write_text(text)
    assert raised(escrow.take, PLACE, "attempt-1").kind == "store_unreadable"


@pytest.mark.parametrize(
    "change",
    [
        {"account": "app-0002"},
        {"attempt": "attempt-2"},
        {"secret_key": ""},
        {"access_key": None},
        {"format": 2},
    ],
)
def test_file_with_something_else_in_it_is_unreadable(
    tmp_path: Path, change: dict[str, object]
) -> None:
    escrow = escrow_at(tmp_path)
    path = Path(escrow.put(PLACE, PAIR, "attempt-1"))
    document = json.loads(decrypt(path.read_text(), LOGIN.encode()) or "")
    path.write_text(PassphraseSeal(LOGIN, "x").seal(json.dumps({**document, **change})))
    assert raised(escrow.take, PLACE, "attempt-1").kind == "store_unreadable"


def test_store_that_can_seal_is_preferred_and_the_login_still_opens(tmp_path: Path) -> None:
    store = store_at(tmp_path / "secrets")
    sealed = Path(Escrow.of(str(tmp_path / "e"), store, LOGIN).put(PLACE, PAIR, "attempt-1"))
    assert decrypt(sealed.read_text(), PASSWORD.encode())
    auditor = store_at(tmp_path / "secrets", vault_password=None)
    by_login = Escrow.of(str(tmp_path / "e"), auditor, LOGIN)
    assert raised(by_login.take, PLACE, "attempt-1").kind == "store_unreadable"
    by_login.put(PLACE, PAIR, "attempt-1")
    assert Escrow.of(str(tmp_path / "e"), store, LOGIN).take(PLACE, "attempt-1") == PAIR


@pytest.mark.parametrize("number", [13, 28, 30])
def test_full_or_forbidden_directory_refuses(tmp_path: Path, number: int) -> None:
    escrow = escrow_at(tmp_path)
    with os_of(durable_files, write=failing(number)):
        failure = raised(escrow.put, PLACE, PAIR, "attempt-1")
    assert (failure.kind, failure.landed) == ("store_refused", False)
    assert str(tmp_path) in failure.message
    assert not list(tmp_path.iterdir())


def test_empty_passphrase_is_refused() -> None:
    assert raised(PassphraseSeal, "", "api_password").kind == "invalid_option"
