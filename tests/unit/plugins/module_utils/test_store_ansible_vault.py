# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret store ansible_vault: what its files look like, and which of them it believes."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    CredentialsError,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
    durable_files,
    vault_passwords,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.file_lease import (
    note_lock_name,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_format import (
    decrypt,
    encrypt,
    label_of,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ansible_vault_lab import (  # noqa: E501 - the package is this deep
    PASSWORD,
    file_of,
    store_at,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.failing_os import (
    os_of,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501 - the package is this deep
    OTHER,
    PLACE,
    pending_of,
    record_of,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock, raised


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Where the store is; not made yet."""
    return tmp_path / "secrets"


@pytest.fixture
def opened_secrets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ciphertexts that were decrypted, or tried."""
    tried: list[str] = []

    def noting(text: str, password: bytes) -> str | None:
        tried.append(text)
        return decrypt(text, password)

    monkeypatch.setattr(vault_passwords, "decrypt", noting)
    return tried


@pytest.fixture
def made_ciphertexts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ciphertexts that were made."""
    made: list[str] = []

    def noting(plain: str, password: bytes, label: str) -> str:
        made.append(encrypt(plain, password, label))
        return made[-1]

    monkeypatch.setattr(vault_passwords, "encrypt", noting)
    return made


# --- the file ----------------------------------------------------------------------------------


def test_file_shows_the_state_and_hides_the_secret(base: Path) -> None:
    store_at(base).write(PLACE, record_of(pending=pending_of()), None)
    text = file_of(base, PLACE).read_text()
    assert text.startswith("# S3 access keys of one account, kept by the Ansible collection")
    for shown in (
        'account: "app-0001"\n',
        '  access_key: "AKIDMADEUP0000000001"\n',
        '  created_at: "2026-01-02T03:04:05Z"\n',
        "  secret_key: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n",
        "retiring: []\n",
    ):
        assert shown in text
    assert "Made0Up0" not in text
    assert "Pending0" not in text


def test_files_and_directories_are_private(base: Path) -> None:
    old = os.umask(0)
    try:
        store = store_at(base)
        store.probe()
        store.write(PLACE, record_of(), None)
        store.write_note("heads", {"a": 1}, None)
    finally:
        os.umask(old)
    modes = {
        str(path.relative_to(base)): stat.S_IMODE(path.stat().st_mode)
        for path in [base, *base.rglob("*")]
    }
    assert modes == {
        ".": 0o700,
        ".locks": 0o700,
        ".notes": 0o700,
        ".notes/heads.yml": 0o600,
        ".objectstore.credentials.yml": 0o600,
        "echo": 0o700,
        "echo/lab": 0o700,
        "echo/lab/app-0001.yml": 0o600,
    }


def test_unchanged_secret_keeps_its_ciphertext(base: Path, made_ciphertexts: list[str]) -> None:
    store_at(base).write(PLACE, record_of(pending=pending_of()), None)
    assert len(made_ciphertexts) == 2
    store = store_at(base, "run-2")
    found = store.read(PLACE)
    assert found is not None
    assert found.record.current is not None
    assert found.record.pending is not None
    # Promotion: the new key becomes current, the old one retiring.
    record = dataclasses.replace(
        found.record,
        current=HeldKey(found.record.pending.access_key, found.record.pending.secret),
        retiring=(found.record.current,),
        pending=None,
    )
    stored = store.write(PLACE, record, found.version)
    store.write(PLACE, stored.record, stored.version)
    assert len(made_ciphertexts) == 2
    text = file_of(base, PLACE).read_text().replace("\n    ", "\n").replace("\n  ", "\n")
    assert [each.replace("\n", "") in text.replace("\n", "") for each in made_ciphertexts] == [
        True,
        True,
    ]


def test_secret_of_another_store_is_encrypted_anew(base: Path, tmp_path: Path) -> None:
    store_at(base).write(PLACE, record_of(), None)
    found = store_at(base, "run-2").read(PLACE)
    assert found is not None
    moved = store_at(tmp_path / "other", vault_password="other-password")
    moved.write(PLACE, found.record, None)
    again = store_at(tmp_path / "other", vault_password="other-password").read(PLACE)
    assert again is not None
    assert again.record.secrets()[0].open() == "Made0Up0Secret0Key0/+=01"


def test_reading_opens_no_secret_until_it_is_asked_for(
    base: Path, opened_secrets: list[str]
) -> None:
    store_at(base).write(PLACE, record_of(), None)
    store = store_at(base, "run-2", opened=False)
    stored = store.read(PLACE)
    assert stored is not None
    assert not opened_secrets
    secret = stored.record.secrets()[0]
    assert [secret.open(), secret.open()] == ["Made0Up0Secret0Key0/+=01"] * 2
    assert len(opened_secrets) == 1


def test_opened_secret_is_learned_by_the_redactor(base: Path) -> None:
    store_at(base).write(PLACE, record_of(), None)
    store = store_at(base, "run-2")
    stored = store.read(PLACE)
    assert stored is not None
    stored.record.secrets()[0].open()
    assert "Made0Up0" not in store.context.redactor.redact("it is Made0Up0Secret0Key0/+=01")


def test_auditor_needs_no_password(base: Path) -> None:
    writer = store_at(base)
    writer.probe()
    writer.write(PLACE, record_of(), None)
    auditor = store_at(base, vault_password=None)
    stored = auditor.read(PLACE)
    assert stored is not None
    assert stored.record.account_id == "42"
    assert list(auditor.places("echo", "lab")) == [PLACE]
    assert not auditor.can_seal
    for act in (stored.record.secrets()[0].open, auditor.probe):
        assert raised(act).kind == "invalid_option"
    # What is sealed already can be written without a password; a new secret cannot.
    auditor.write(PLACE, stored.record, stored.version)
    assert raised(auditor.write, OTHER, record_of(OTHER), None).kind == "invalid_option"
    assert raised(store_at(base, vault_password=None, check_mode=True).probe).kind == (
        "invalid_option"
    )


def test_file_that_a_person_reformatted_is_read_and_written_back(base: Path) -> None:
    store_at(base).write(PLACE, record_of(), None)
    file = file_of(base, PLACE)
    text = file.read_text()
    file.write_text("---\n" + text.replace('"app-0001"', "app-0001").replace("pending: null\n", ""))
    store = store_at(base, "run-2")
    stored = store.read(PLACE)
    assert stored is not None
    assert stored.record.secrets()[0].open() == "Made0Up0Secret0Key0/+=01"
    store.write(PLACE, stored.record, stored.version)
    assert file.read_text().startswith("# S3 access keys")


def test_label_of_the_password_stands_in_the_file(base: Path) -> None:
    store_at(base, vault_id="prod").write(PLACE, record_of(), None)
    text = file_of(base, PLACE).read_text()
    assert "$ANSIBLE_VAULT;1.2;AES256;prod\n" in text


# --- files that are not believed ---------------------------------------------------------------


def spoiled(base: Path, how: str) -> None:
    """Put something else in the place of the record."""
    file = file_of(base, PLACE)
    text = file.read_text()
    file.unlink()
    if how == "a directory":
        file.mkdir()
    elif how == "a pipe":
        os.mkfifo(file)
    elif how == "a link to a record":
        (file.parent / "real").write_text(text)
        file.symlink_to("real")
    elif how == "a dangling link":
        file.symlink_to("nowhere")
    elif how == "too large":
        with file.open("wb") as handle:
            handle.truncate(durable_files.MOST_BYTES + 1)
    else:
        changes: dict[str, bytes] = {
            "empty": b"",
            "newlines": b"\n\n",
            "binary": bytes(range(256)),
            "not UTF-8": text.replace("app-0001", "\u00e4pp").encode("latin-1"),
            "a list": b"[1, 2]\n",
            "a text": b"hello\n",
            "no YAML": b"a: [1\n",
            "doubled": (text + text).encode(),
            "a newer format": text.replace("format: 1", "format: 2").encode(),
            "an encrypted whole": encrypt(text, PASSWORD.encode()).encode(),
            "an encrypted name": text.replace(
                '"AKIDMADEUP0000000001"', "!vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    3031"
            ).encode(),
            "an unknown name": text.replace("pending: null", "pendant: null").encode(),
            "no time": text.replace("2026-01-02T03:04:05Z", "yesterday").encode(),
        }
        file.write_bytes(changes[how])


HOW = (
    *("a directory", "a pipe", "a link to a record", "a dangling link", "too large", "empty"),
    *("newlines", "binary", "not UTF-8", "a list", "a text", "no YAML", "doubled"),
    *("a newer format", "an encrypted whole", "an encrypted name", "an unknown name", "no time"),
)


@pytest.mark.parametrize("how", HOW)
def test_what_is_there_and_no_record_is_never_none(base: Path, how: str) -> None:
    store = store_at(base)
    stored = store.write(PLACE, record_of(), None)
    spoiled(base, how)
    failure = raised(store.read, PLACE)
    assert failure.kind == "store_unreadable"
    assert "app-0001.yml" in failure.message
    assert raised(store.write, PLACE, record_of(), None).landed is False
    assert raised(store.write, PLACE, stored.record, stored.version).landed is False


def test_file_that_is_cut_off_anywhere_is_unreadable(base: Path) -> None:
    store = store_at(base)
    store.write(PLACE, record_of(pending=pending_of()), None)
    file = file_of(base, PLACE)
    data = file.read_bytes()
    nonce = len('nonce: "') + 32 + len('"\n')
    # At every line, and at every byte of the last ones.
    ends = [at + 1 for at, byte in enumerate(data[:-1]) if byte == 10]
    for end in [*ends, *range(len(data) - nonce - 12, len(data) - 1)]:
        file.write_bytes(data[:end])
        assert raised(store.read, PLACE).kind == "store_unreadable"


@pytest.mark.parametrize("folder", ["echo", "echo/lab"])
def test_symbolic_link_in_the_way_is_refused(base: Path, tmp_path: Path, folder: str) -> None:
    store = store_at(base)
    stored = store.write(PLACE, record_of(), None)
    (base / folder).rename(tmp_path / "elsewhere")
    (base / folder).symlink_to(tmp_path / "elsewhere")
    for act in (
        lambda: store.read(PLACE),
        lambda: store.write(PLACE, stored.record, stored.version),
        lambda: store.write(OTHER, record_of(OTHER), None),
        lambda: list(store.places("echo", "lab")),
    ):
        failure = raised(act)
        assert failure.kind == "store_refused"
        assert failure.landed is False
        assert str(base / folder) in failure.message


def test_base_may_be_a_symbolic_link(base: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    base.symlink_to(tmp_path / "real")
    store_at(base).write(PLACE, record_of(), None)
    assert store_at(tmp_path / "real").read(PLACE) is not None


def test_base_that_was_replaced_is_not_taken_for_an_empty_store(base: Path, tmp_path: Path) -> None:
    store = store_at(base)
    store.write(PLACE, record_of(), None)
    store.read(PLACE)
    base.rename(tmp_path / "away")
    gone = raised(store.read, PLACE)
    base.mkdir()
    replaced = raised(store.read, PLACE)
    assert {gone.kind, replaced.kind} == {"store_unavailable"}
    assert "is gone" in gone.message
    assert "another directory" in replaced.message


def test_base_that_others_make_meanwhile_is_not_taken_for_one_that_is_gone(base: Path) -> None:
    store = store_at(base)

    def too_early(*given: Any, **named: Any) -> int:
        # Another run makes the directory, and another thread of this one is the first to see it.
        base.mkdir(exist_ok=True)
        with os_of(durable_files, open=os.open):
            assert store.read(PLACE) is None
        raise FileNotFoundError(errno.ENOENT, "not yet")

    with os_of(durable_files, open=too_early):
        assert store.read(PLACE) is None
    assert store.read(PLACE) is None


def test_wrong_path_is_not_made(tmp_path: Path) -> None:
    store = store_at(tmp_path / "typo" / "secrets")
    failure = raised(store.probe)
    assert failure.kind == "store_refused"
    assert "path option" in failure.next_step
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("path", [None, "", "a\0b"])
def test_path_is_required(path: Any) -> None:
    context = StoreContext(RecordingClock(), Redactor(), "run-1")
    assert raised(AnsibleVault, {"path": path}, context).kind == "invalid_option"


def test_home_in_the_path_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    store_at(Path("~/secrets")).write(PLACE, record_of(), None)
    assert file_of(tmp_path / "secrets", PLACE).exists()


def test_files_that_others_can_read_are_warned_of_once(base: Path) -> None:
    store = store_at(base)
    for place in (PLACE, OTHER):
        store.write(place, record_of(place), None)
        file_of(base, place).chmod(0o644)
    base.chmod(0o755)
    reader = store_at(base)
    assert reader.read(PLACE)
    assert reader.read(OTHER)
    assert sorted("chmod 700" in warning for warning in reader.warnings) == [False, True]


# --- the password ------------------------------------------------------------------------------


def test_password_is_proven_by_the_check_file(base: Path) -> None:
    store_at(base).probe()
    failure = raised(store_at, base, vault_password="another")
    assert failure.kind == "store_refused"
    assert "differs from the one this store was written with" in failure.message
    assert "the option vault_password" in failure.message
    store_at(base)


def test_password_is_proven_by_a_record_where_there_is_no_check_file(base: Path) -> None:
    store = store_at(base)
    store.write(OTHER, Record("echo", ("lab",), OTHER.account), None)
    store.write(PLACE, record_of(), None)
    failure = raised(store_at, base, vault_password="another")
    assert failure.kind == "store_refused"
    assert "app-0001.yml" in failure.message
    store_at(base)


def test_check_file_that_is_spoiled_is_no_proof(base: Path) -> None:
    store_at(base).probe()
    (base / ".objectstore.credentials.yml").write_text("checks: []\n")
    assert raised(store_at, base).kind == "store_unreadable"


def test_new_password_beside_the_old_one_is_added_to_the_check_file(
    base: Path, tmp_path: Path
) -> None:
    store = store_at(base)
    store.probe()
    store.write(PLACE, record_of(), None)
    old = tmp_path / "old"
    old.write_text(PASSWORD)
    old.chmod(0o600)
    both: dict[str, Any] = {"vault_password": "new-password", "vault_password_file": str(old)}
    changed = store_at(base, **both)
    changed.probe()
    changed.probe()
    stored = changed.read(PLACE)
    assert stored is not None
    changed.write(PLACE, dataclasses.replace(stored.record, pending=pending_of()), stored.version)
    assert (base / ".objectstore.credentials.yml").read_text().count("!vault") == 2
    # Each password is one that the store was written with; a secret says itself which it needs.
    new = store_at(base, vault_password="new-password").read(PLACE)
    assert new is not None
    secrets = new.record.secrets()
    assert raised(secrets[0].open).kind == "store_unreadable"
    assert secrets[1].open() == "Pending0Secret0Key0/+=02"
    assert raised(store_at, base, vault_password="neither").kind == "store_refused"


def test_environment_and_controller_give_the_password(base: Path, tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    store_at(base).write(PLACE, record_of(), None)
    environ = {"ANSIBLE_VAULT_IDENTITY_LIST": f"prod@{file}"}
    stored = store_at(base, vault_password=None, environ=environ).read(PLACE)
    assert stored is not None
    assert stored.record.secrets()[0].open() == "Made0Up0Secret0Key0/+=01"


def test_sealed_text_is_a_file_of_ansible_vault(base: Path) -> None:
    store = store_at(base, vault_id="prod")
    sealed = store.seal("a pair\n")
    assert store.can_seal
    assert label_of(sealed) == "prod"
    assert sealed.endswith("\n")
    assert decrypt(sealed, PASSWORD.encode()) == store.unseal(sealed) == "a pair\n"
    assert raised(store_at(base, vault_password="another").unseal, sealed).kind == (
        "store_unreadable"
    )


# --- the directory -----------------------------------------------------------------------------


def test_foreign_files_are_no_places(base: Path) -> None:
    store = store_at(base)
    store.write(PLACE, record_of(), None)
    folder = file_of(base, PLACE).parent
    for name in ("README.md", ".app-0002.yml.tmp", "App.yml", "app-0003.yml.bak", "app-0003.yaml"):
        (folder / name).write_text("x")
    assert list(store.places("echo", "lab")) == [PLACE]
    assert len(store.warnings) == 1
    assert "App.yml" in store.warnings[0]


def test_what_lies_beside_the_directories_of_platforms_keeps_no_run_from_beginning(
    base: Path,
) -> None:
    # As a file system of its own has it, or a clone of a repository.
    for folder in ("lost+found", ".git", "echo"):
        (base / folder / "lab").mkdir(parents=True)
    for file in ("README.md", "echo/README.md", "lost+found/lab/app.yml"):
        (base / file).write_text("hello")
    store = store_at(base)
    store.probe()
    store.write(PLACE, record_of(), None)

    def forbidding(name: str, *given: Any, **named: Any) -> int:
        if name == "lost+found":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return os.open(name, *given, **named)

    # Root may read it all the same.
    with os_of(durable_files, open=forbidding):
        assert list(store.places(None, None)) == [PLACE]
        (base / ".objectstore.credentials.yml").unlink()
        store_at(base)


def test_record_that_is_too_deep_is_unreadable(base: Path) -> None:
    store = store_at(base)
    store.write(PLACE, record_of(), None)
    file = file_of(base, PLACE)
    whole = file.read_text()
    # How deep libyaml goes, and what goes through the document after it, depends on the stack.
    for depth in range(100, 1000, 20):
        file.write_text(whole + "outbox: " + "[" * depth + "]" * depth + "\n")
        assert raised(store.read, PLACE).kind == "store_unreadable"


def test_record_of_aliases_that_would_fill_the_memory_is_unreadable(base: Path) -> None:
    store = store_at(base)
    store.write(PLACE, record_of(), None)
    file = file_of(base, PLACE)
    lines = ["outbox:", "- a0: &a0 {k: [x, x]}"]
    for depth in range(1, 12):
        inner = ", ".join(f"k{number}: *a{depth - 1}" for number in range(10))
        lines.append(f"  a{depth}: &a{depth} {{{inner}}}")
    file.write_text(file.read_text() + "\n".join(lines) + "\n")
    error = raised(store.read, PLACE)
    assert error.kind == "store_unreadable"
    assert "more than any record" in error.message


def test_long_name_is_listed_by_what_its_file_says(base: Path) -> None:
    store = store_at(base)
    places = [Place("echo", "lab", "x" * 300), Place("echo", "lab", "x" * 299 + "Y")]
    for place in places:
        store.write(place, record_of(place), None)
    assert set(store.places("echo", "lab")) == set(places)
    files = sorted(file_of(base, PLACE).parent.iterdir())
    files[0].write_text("broken: [")
    assert len(list(store.places("echo", "lab"))) == 1
    assert "its name tells no account" in store.warnings[0]


def test_leftovers_of_killed_writers_are_swept_when_they_are_old(base: Path) -> None:
    store = store_at(base)
    store.write(PLACE, record_of(), None)
    folder = file_of(base, PLACE).parent
    old, new = folder / ".app-0008.yml.tmp", folder / ".app-0009.yml.tmp"
    for file in (old, new):
        file.write_text("half a rec")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    assert list(store.places("echo", "lab")) == [PLACE]
    assert old.exists()  # listing only reads
    store.write(OTHER, record_of(OTHER), None)
    assert (old.exists(), new.exists()) == (False, True)


def test_leftover_of_the_same_account_is_no_obstacle(base: Path) -> None:
    store = store_at(base)
    stored = store.write(PLACE, record_of(), None)
    leftover = file_of(base, PLACE).parent / ".app-0001.yml.tmp"
    leftover.write_text("half a rec")
    store.write(PLACE, stored.record, stored.version)
    assert not leftover.exists()


def test_reading_looks_at_one_file_however_many_there_are(base: Path) -> None:
    store = store_at(base)
    counts = []
    for number in (1, 60):
        for each in range(number):
            place = Place("echo", "lab", f"app-{each + 1:04d}")
            if store.read(place) is None:
                store.write(place, record_of(place), None)
        store.probe()
        calls: list[str] = []

        def counting(name: str, calls: list[str]) -> Any:
            def call(*args: Any, **more: Any) -> Any:
                calls.append(name)
                return getattr(os, name)(*args, **more)

            return call

        acts = {name: counting(name, calls) for name in ("open", "read", "scandir", "stat")}
        with os_of(durable_files, **acts):
            fresh = store_at(base)
            fresh.probe()
            assert fresh.read(PLACE) is not None
        counts.append(len(calls))
        assert "scandir" not in calls
    assert counts[0] == counts[1]


def test_record_with_a_text_that_no_file_can_hold_is_refused(base: Path) -> None:
    store = store_at(base)
    for record in (record_of(account_id="\ud800"), record_of(secret="\udfff" * 20)):
        failure = raised(store.write, PLACE, record, None)
        assert (failure.kind, failure.landed) == ("store_refused", False)
    assert store.read(PLACE) is None


def test_secret_in_clear_in_a_file_is_encrypted_by_the_next_write(base: Path) -> None:
    store = store_at(base)
    stored = store.write(PLACE, record_of(current=HeldKey("AKIDMADEUP0000000001")), None)
    file = file_of(base, PLACE)
    file.write_text(
        file.read_text().replace("  origin:", '  secret_key: "written-by-a-person"\n  origin:')
    )
    found = store.read(PLACE)
    assert found is not None
    assert [secret.open() for secret in found.record.secrets()] == ["written-by-a-person"]
    assert found.version == stored.version
    store.write(PLACE, found.record, found.version)
    assert "written-by-a-person" not in file.read_text()
    again = store_at(base, "run-2").read(PLACE)
    assert again is not None
    assert isinstance(again.record.secrets()[0], Secret)
    assert again.record.secrets()[0].open() == "written-by-a-person"


def test_lock_that_every_run_takes_for_a_moment_is_waited_for(base: Path) -> None:
    """Many endpoints of one playbook begin at once, and share one store."""
    store, other = store_at(base), store_at(base, run="run-2")
    store.probe()
    clock = other.context.clock
    assert isinstance(clock, RecordingClock)
    acts: tuple[Callable[[], object], ...] = (
        other.probe,
        lambda: other.write_note("journal", {"format": 1}, None),
    )
    locks = (".probe", note_lock_name("journal"))
    for act, lock in zip(acts, locks):
        with store._lock(lock, "it"):
            failure = raised(act)
        assert (failure.kind, 30 <= clock.monotonic() < 31) == ("busy", True)
        clock.slept.clear()
        act()
        assert clock.slept == []


def test_lock_of_an_account_is_never_waited_for(base: Path) -> None:
    store, other = store_at(base), store_at(base, run="run-2")
    clock = other.context.clock
    assert isinstance(clock, RecordingClock)
    with store.lease(PLACE), pytest.raises(CredentialsError) as failure, other.lease(PLACE):
        pass
    assert (failure.value.kind, clock.slept) == ("busy", [])
