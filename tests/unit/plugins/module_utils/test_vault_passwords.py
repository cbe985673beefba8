# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vault passwords: where they are found, which one encrypts, which ones are tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
    vault_passwords,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    StoreContext,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_format import (
    decrypt,
    encrypt,
    label_of,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_passwords import (  # noqa: E501 - the package is this deep
    Keyring,
)
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    everything_in,
    raised,
)

CONTROLLER = [("default", b"of the controller"), ("prod", b"of production")]


def keyring(
    environ: dict[str, str] | None = None,
    controller: list[tuple[str, bytes]] | None = None,
    **options: Any,
) -> Keyring:
    """Return the passwords of a run."""
    context = StoreContext(
        RecordingClock(),
        Redactor(),
        "run-1",
        environ=environ or {},
        vault_secrets=lambda: controller or [],
    )
    return Keyring(options, context, warnings=[])


def found(ring: Keyring) -> list[tuple[str, bytes]]:
    """Return labels and passwords in their order."""
    return [(password.label, password.secret) for password in ring]


def file(path: Path, text: str, mode: int = 0o600) -> str:
    """Write a password file or script."""
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_options_come_first_then_environment_then_controller(tmp_path: Path) -> None:
    one, two = file(tmp_path / "one", "first\n"), file(tmp_path / "two", " second \n")
    three = file(tmp_path / "three", "third")
    ring = keyring(
        {
            "ANSIBLE_VAULT_PASSWORD_FILE": two,
            "ANSIBLE_VAULT_IDENTITY_LIST": f"dev@{three}, {one} ,ask@prompt",
        },
        CONTROLLER,
        vault_password="given",
        vault_password_file=one,
    )
    assert found(ring) == [
        ("default", b"given"),
        ("default", b"first"),
        ("dev", b"third"),
        ("default", b"first"),
        ("default", b"second"),
        *CONTROLLER,
    ]
    assert ring.for_writing().secret == b"given"


def test_vault_id_chooses_what_encrypts(tmp_path: Path) -> None:
    assert keyring(controller=CONTROLLER, vault_id="prod").for_writing().secret == b"of production"
    ring = keyring(controller=CONTROLLER, vault_id="mine", vault_password="given")
    assert (ring.for_writing().label, ring.for_writing().secret) == ("mine", b"given")
    assert label_of(ring.encrypt("text")) == "mine"
    own = keyring(vault_id="mine", vault_password_file=f"other@{file(tmp_path / 'pw', 'secret')}")
    failure = raised(own.for_writing)
    assert failure.kind == "invalid_option"
    assert "'mine'" in failure.message


def test_label_of_a_file_may_stand_before_it(tmp_path: Path) -> None:
    path = file(tmp_path / "pw", "secret")
    assert found(keyring(vault_password_file=f"prod@{path}")) == [("prod", b"secret")]
    odd = file(tmp_path / "at@home", "odd")
    assert found(keyring(vault_password_file=odd)) == [("default", b"odd")]


def test_script_is_run_and_client_is_told_the_label(tmp_path: Path) -> None:
    script = file(tmp_path / "pw.sh", '#!/bin/sh\necho "from script $*"\n', 0o700)
    client = file(tmp_path / "pw-client.sh", '#!/bin/sh\necho "from client $*"\n', 0o700)
    assert found(keyring(vault_password_file=script)) == [("default", b"from script ")]
    assert found(keyring({"ANSIBLE_VAULT_IDENTITY_LIST": f"prod@{client}"})) == [
        ("prod", b"from client --vault-id prod")
    ]


@pytest.mark.parametrize(
    ("text", "mode", "expected"),
    [
        ("", 0o600, "is empty"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3031\n", 0o600, "itself encrypted"),
        ("#!/bin/sh\necho the keyring is locked >&2; exit 3\n", 0o700, "ended with 3: the keyring"),
        ("#!/bin/sh\nexit 0\n", 0o700, "is empty"),
        ("#!/no/such/shell\n", 0o700, "cannot be read"),
    ],
)
def test_source_that_gives_no_password_is_named(
    tmp_path: Path, text: str, mode: int, expected: str
) -> None:
    path = file(tmp_path / "pw", text, mode)
    failure = raised(found, keyring(vault_password_file=path))
    assert failure.kind == "invalid_option"
    assert expected in failure.message
    assert path in failure.message


def test_missing_file_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    for ring in (
        keyring(vault_password_file=path),
        keyring({"ANSIBLE_VAULT_PASSWORD_FILE": path}),
    ):
        failure = raised(found, ring)
        assert failure.kind == "invalid_option"
        assert path in failure.message


def test_empty_password_is_refused() -> None:
    assert raised(found, keyring(vault_password="")).kind == "invalid_option"


def test_file_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    warnings: list[str] = []
    context = StoreContext(RecordingClock(), Redactor(), "run-1", environ={})
    options = {"vault_password_file": file(tmp_path / "pw", "secret", 0o644)}
    assert Keyring(options, context, warnings).has_any()
    assert len(warnings) == 1
    assert "chmod 600" in warnings[0]


def test_text_is_decrypted_by_whichever_password_fits() -> None:
    ring = keyring(controller=CONTROLLER, vault_password="given")
    for password in (b"given", b"of the controller", b"of production"):
        for label in ("default", "prod", "elsewhere"):
            assert ring.decrypt(encrypt("a text", password, label)) == "a text"


def test_password_of_the_label_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []

    def noting(text: str, password: bytes) -> str | None:
        tried.append(password)
        return decrypt(text, password)

    monkeypatch.setattr(vault_passwords, "decrypt", noting)
    ring = keyring(controller=[("dev", b"one"), ("prod", b"two")])
    assert ring.decrypt(encrypt("a text", b"two", "prod")) == "a text"
    assert ring.decrypt(encrypt("a text", b"one", "prod")) == "a text"
    assert tried == [b"two", b"two", b"one"]


def test_later_sources_are_asked_only_when_needed() -> None:
    asked: list[int] = []

    def secrets() -> list[tuple[str, bytes]]:
        asked.append(1)
        return CONTROLLER

    context = StoreContext(RecordingClock(), Redactor(), "run-1", environ={}, vault_secrets=secrets)
    ring = Keyring({"vault_password": "given"}, context, [])
    assert ring.decrypt(ring.encrypt("a text")) == "a text"
    assert not asked
    assert ring.decrypt(encrypt("a text", b"of production")) == "a text"
    assert ring.decrypt(encrypt("a text", b"of production")) == "a text"
    assert asked == [1]


def test_no_fitting_password_names_what_was_tried_and_no_secret() -> None:
    ring = keyring(controller=CONTROLLER, vault_password="given-secret-word")
    failure = raised(ring.decrypt, encrypt("a text", b"lost", "old"))
    assert failure.kind == "store_unreadable"
    assert "the option vault_password" in failure.message
    assert "'old'" in failure.message
    for secret in ("given-secret-word", "of the controller", "of production"):
        assert secret not in everything_in(failure)


def test_no_password_at_all_says_where_to_give_one() -> None:
    for act in (keyring().for_writing, lambda: keyring().decrypt(encrypt("a text", b"x"))):
        failure = raised(act)
        assert failure.kind == "invalid_option"
        assert "vault_password_file" in failure.next_step
    assert not keyring().has_any()


def test_passwords_are_learned_by_the_redactor() -> None:
    redactor = Redactor()
    context = StoreContext(RecordingClock(), redactor, "run-1", environ={})
    ring = Keyring({"vault_password": "a-long-password"}, context, [])
    assert ring.has_any()
    assert "a-long-password" not in redactor.redact("it is a-long-password")
    assert "a-long-password" not in repr(list(ring))
