# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store of files gets a new vault password, whatever is killed on the way."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.secret_store_call import (
    SPEC,
    look_after,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import durable_files
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .ansible_vault_lab import PASSWORD, file_of, store_at
from .failing_os import os_of

pytestmark = pytest.mark.slow

NEW = "the-new-made-up-password"
PLACES = [
    Place("echo", "lab", "app-1"),
    Place("echo", "lab", "app-2"),
    Place("other", "elsewhere", "app-3"),
]
#: Longer than a file may be named, so that platform and endpoint are read from inside.
LONG = Place("echo", "e" * 300, "a" * 300)


class Call:
    """What the front gives to the operation."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        self.params = {
            **{name: spec.get("default") for name, spec in SPEC.options.items()},
            **params,
        }
        self.clock = Clock()
        self.redactor = Redactor()
        self.check_mode = check_mode
        self.progress = Progress()

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return what the controller was started with."""
        return [("dev", b"a password of the controller"), ("prod", NEW.encode())]


class Vault:
    """A store with a record of two keys at each place, and files of both passwords."""

    def __init__(self, folder: Path) -> None:
        self.base = folder / "secrets"
        self.new = folder / "new.password"
        self.new.write_text(NEW + "\n")
        self.new.chmod(0o600)
        store = store_at(self.base)
        store.probe()
        for place in PLACES:
            store.write(place, record_of(place), None)
        store.close()

    def rekey(self, *, check_mode: bool = False, old: str = PASSWORD, **params: Any) -> Outcome:
        """Call the module's operation."""
        options: dict[str, Any] = {"type": "ansible_vault", "path": str(self.base)}
        options["vault_password"] = old
        given = {"state": "rekeyed", "secret_store": options, "new_vault_password_file": None}
        given["new_vault_password_file"] = str(self.new)
        return look_after(Call({**given, **params}, check_mode))

    def ciphertexts(self) -> list[str]:
        """Return all of them."""
        text = "".join(file_of(self.base, place).read_text() for place in PLACES)
        return re.findall(r"\$ANSIBLE_VAULT[^\n]*\n(?: +[0-9a-f]+\n)+", text)

    def contents(self) -> dict[str, bytes]:
        """Return every file."""
        return {
            str(path): path.read_bytes()
            for path in sorted(self.base.rglob("*"))
            if path.is_file() and ".locks" not in path.parts
        }

    def opens(self, *passwords: str) -> list[bool]:
        """Tell of each place whether one of the passwords opens all its secrets."""
        found = []
        for place in PLACES:
            found.append(any(self._opens(place, password) for password in passwords))
        return found

    def _opens(self, place: Place, password: str) -> bool:
        store = store_at(self.base, opened=False, vault_password=password)
        stored = store.read(place)
        assert stored is not None
        try:
            secrets = [secret.open() for secret in stored.record.secrets()]
        except CredentialsError as exc:
            if exc.kind != "store_unreadable":
                raise
            return False
        return secrets == [f"current-{place.account}/+=", f"retiring-{place.account}/+="]


def record_of(place: Place) -> Record:
    """Return a record with a current and a retiring key."""
    old = HeldKey("AKIDOLD", Secret(f"retiring-{place.account}/+="))
    new = HeldKey("AKIDNEW", Secret(f"current-{place.account}/+="))
    return Record(place.platform, (place.endpoint,), place.account, current=new, retiring=(old,))


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """A store whose password is to be changed."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST"):
        monkeypatch.delenv(name, raising=False)
    return Vault(tmp_path)


def actions(outcome: Outcome) -> dict[Optional[str], str]:
    """Return what was done to each account."""
    return {row.account: row.action for row in outcome.accounts}


def test_every_secret_is_opened_by_the_new_password_alone(vault: Vault) -> None:
    outcome = vault.rekey()
    assert actions(outcome) == {"app-1": "rekeyed", "app-2": "rekeyed", "app-3": "rekeyed"}
    assert (outcome.changed, outcome.totals["secrets"]) == (True, 6)
    assert vault.opens(NEW) == [True, True, True]
    assert vault.opens(PASSWORD) == [False, False, False]
    assert "/+=" not in str(outcome.as_dict(diff=True))


def test_old_password_opens_the_store_no_more(vault: Vault) -> None:
    assert vault.rekey().extra["old_passwords"] == "refused"
    assert raised(store_at, vault.base).kind == "store_refused"
    store_at(vault.base, vault_password=NEW).probe()


def test_part_of_the_store_leaves_the_old_password_accepted(vault: Vault) -> None:
    outcome = vault.rekey(platform="other")
    assert actions(outcome) == {"app-3": "rekeyed"}
    assert outcome.extra["old_passwords"] == "accepted"
    store_at(vault.base)
    store_at(vault.base, vault_password=NEW)


def test_salts_are_fresh(vault: Vault) -> None:
    before = vault.ciphertexts()
    vault.rekey()
    salts = [text.split("\n")[1].strip()[:60] for text in before + vault.ciphertexts()]
    assert len(set(salts)) == len(salts) == 12


def test_second_run_changes_nothing(vault: Vault) -> None:
    vault.rekey()
    before = vault.contents()
    outcome = vault.rekey()
    assert set(actions(outcome).values()) == {"unchanged"}
    assert not outcome.changed
    assert vault.contents() == before
    # Nor does it need the old password any more.
    assert not vault.rekey(old=NEW).changed


def test_check_mode_counts_and_writes_nothing(vault: Vault) -> None:
    before = vault.contents()
    outcome = vault.rekey(check_mode=True)
    assert (outcome.changed, outcome.totals["secrets"]) == (True, 6)
    assert vault.contents() == before


def test_new_password_may_be_one_that_the_controller_holds(vault: Vault) -> None:
    outcome = vault.rekey(new_vault_password_file=None, new_vault_id="prod")
    assert set(actions(outcome).values()) == {"rekeyed"}
    assert all(";prod\n" in text for text in vault.ciphertexts())
    assert vault.opens(NEW) == [True, True, True]


def test_unknown_label_is_refused_before_anything(vault: Vault) -> None:
    before = vault.contents()
    outcome_or_error = raised_or_failed(vault, new_vault_password_file=None, new_vault_id="nobody")
    assert "nobody" in outcome_or_error
    assert vault.contents() == before


def raised_or_failed(vault: Vault, **params: Any) -> str:
    """Return the message of a call that fails as a whole or for each record."""
    try:
        outcome = vault.rekey(**params)
    except CredentialsError as exc:
        return exc.message
    assert outcome.failures
    return str(outcome.failures[0].why)


def test_label_of_the_new_password_stands_in_the_files(vault: Vault) -> None:
    vault.rekey(new_vault_id="y2027")
    assert all(";y2027\n" in text for text in vault.ciphertexts())
    vault.new.write_text(NEW)
    assert not vault.rekey(new_vault_id="y2027").changed


def test_secret_that_no_password_opens_fails_alone_and_keeps_the_old_one_accepted(
    vault: Vault,
) -> None:
    stranger = store_at(vault.base, opened=False, vault_password="somebody-elses")
    place = Place("echo", "lab", "app-4")
    stranger.write(place, record_of(place), None)
    outcome = vault.rekey()
    assert actions(outcome)["app-4"] == "failed"
    assert vault.opens(NEW) == [True, True, True]
    assert outcome.extra["old_passwords"] == "accepted"
    store_at(vault.base)
    assert any("keep it at hand" in text for text in outcome.warnings)


def test_record_that_another_run_works_on_is_left_and_comes_later(vault: Vault) -> None:
    other = store_at(vault.base, run="other-run")
    with other.lease(PLACES[1]):
        outcome = vault.rekey()
        assert actions(outcome)["app-2"] == "busy"
    assert outcome.extra["old_passwords"] == "accepted"
    assert actions(vault.rekey())["app-2"] == "rekeyed"
    assert raised(store_at, vault.base).kind == "store_refused"


def test_names_that_are_too_long_for_a_file_are_found(vault: Vault) -> None:
    store = store_at(vault.base)
    store.write(LONG, record_of(LONG), None)
    assert actions(vault.rekey())[LONG.account] == "rekeyed"
    assert raised(store_at, vault.base).kind == "store_refused"


def rekey_and_be_killed(vault: Vault, number: int, renamed: bool) -> bool:
    """Run a rekey in a process that is killed at its number-th renaming of a file."""
    process = os.fork()
    if process == 0:
        try:
            rename, seen = os.rename, []

            def deadly(*args: Any, **more: Any) -> None:
                seen.append(1)
                if len(seen) == number and not renamed:
                    os.kill(os.getpid(), signal.SIGKILL)
                rename(*args, **more)
                if len(seen) == number:
                    os.kill(os.getpid(), signal.SIGKILL)

            with os_of(durable_files, rename=deadly):
                vault.rekey(parallelism=1)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


@pytest.mark.parametrize("renamed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
def test_kill_at_each_file_leaves_every_secret_readable(
    vault: Vault, number: int, renamed: bool
) -> None:
    was_killed = rekey_and_be_killed(vault, number, renamed)
    # The probe, the check file, three records, and the check file again.
    assert was_killed
    assert vault.opens(PASSWORD, NEW) == [True, True, True]
    outcome = vault.rekey(parallelism=1)
    assert not outcome.failures
    assert vault.opens(NEW) == [True, True, True]
    assert raised(store_at, vault.base).kind == "store_refused"
    before = vault.contents()
    assert not vault.rekey().changed
    assert vault.contents() == before
