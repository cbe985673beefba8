# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the secret store ansible_vault, read and written by Ansible's own commands."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.escrow import (
    Escrow,
    PassphraseSeal,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)

from .conftest import BIN, LONGEST, Ansible

PLACE = Place("echo", "lab", "app-0001")
SECRET = "Made0Up/Secret+Key=\"with'every<sign>\\"
PASSWORDS = {"default": "made-up-password", "prod": "another made-up password"}


class Vault:
    """A store, its password files, and the real ansible-vault."""

    def __init__(self, ansible: Ansible) -> None:
        self.ansible = ansible
        self.base = ansible.folder / "secrets"
        self.files = {}
        for label, password in PASSWORDS.items():
            self.files[label] = ansible.folder / f"{label}.password"
            self.files[label].write_text(password + "\n")
            self.files[label].chmod(0o600)

    def store(self, **options: Any) -> AnsibleVault:
        """Return a store with the first password, unless the options say otherwise."""
        given = {"vault_password_file": str(self.files["default"]), **options}
        context = StoreContext(Clock(), Redactor(), "run-1", environ={})
        store = AnsibleVault({"path": str(self.base), **given}, context)
        store.open()
        return store

    def file(self) -> Path:
        """Return the file of the account."""
        return self.base / "echo" / "lab" / "app-0001.yml"

    def run(self, *words: str, text: Optional[str] = None, label: str = "default") -> str:
        """Run ansible-vault with a password."""
        done = subprocess.run(
            [str(BIN / "ansible-vault"), *words, "--vault-id", f"{label}@{self.files[label]}"],
            input=text,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
            env=self.ansible.environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def vault(ansible: Ansible) -> Vault:
    """A store without records."""
    return Vault(ansible)


def record_of(secret: str = SECRET, **more: Any) -> Record:
    """Return a record with one key."""
    current = HeldKey("AKIDMADEUP0000000001", Secret(secret))
    return Record("echo", ("lab",), "app-0001", current=current, **more)


def sealed_in(path: Path) -> str:
    """Return the ciphertext of the current key."""

    class Loader(yaml.SafeLoader):
        """Reads ciphertexts as they are."""

    Loader.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))  # type: ignore[arg-type]  # a scalar's constructor
    text: str = yaml.load(path.read_text(), Loader)["current"]["secret_key"]  # noqa: S506 - safe
    return text


@pytest.mark.parametrize("label", ["default", "prod"])
def test_our_ciphertext_is_decrypted_by_ansible_vault(vault: Vault, label: str) -> None:
    options = {"vault_password_file": str(vault.files[label]), "vault_id": label}
    vault.store(**options).write(PLACE, record_of(), None)
    single = vault.ansible.folder / "single"
    single.write_text(sealed_in(vault.file()))
    assert vault.run("decrypt", str(single), "--output", "-", label=label) == SECRET


@pytest.mark.parametrize("label", ["default", "prod"])
def test_ciphertext_of_ansible_vault_is_read_by_us(vault: Vault, label: str) -> None:
    store = vault.store()
    store.write(PLACE, record_of(), None)
    theirs = vault.run(
        "encrypt_string", "--stdin-name", "secret_key", text="Theirs/0+Key=", label=label
    )
    text = vault.file().read_text()
    ours = re.search(r"  secret_key: !vault \|\n(    .*\n)+", text)
    assert ours
    changed = text.replace(ours[0], "".join(f"  {line}\n" for line in theirs.splitlines()))
    vault.file().write_text(changed)
    identity = f"prod@{vault.files['prod']}"
    context = StoreContext(
        Clock(), Redactor(), "run-2", environ={"ANSIBLE_VAULT_IDENTITY_LIST": identity}
    )
    both = AnsibleVault(
        {"path": str(vault.base), "vault_password_file": str(vault.files["default"])}, context
    )
    both.open()
    stored = both.read(PLACE)
    assert stored is not None
    assert [secret.open() for secret in stored.record.secrets()] == ["Theirs/0+Key="]
    # Written back, it is the very ciphertext that ansible-vault made.
    both.write(PLACE, stored.record, stored.version)
    lines = [line.strip() for line in theirs.splitlines()[1:]]
    assert sealed_in(vault.file()).split() == lines


def test_include_vars_reads_state_and_secret(vault: Vault) -> None:
    hostile = "{{ lookup('pipe', 'touch owned') }}"
    store = vault.store()
    store.probe()
    store.write(PLACE, record_of(account_id=hostile, suspects=("ü{% raw %}",)), None)
    run = vault.ansible.playbook(
        [
            {"include_vars": {"file": str(vault.file()), "name": "record"}},
            {
                "copy": {
                    "dest": str(vault.ansible.folder / "out.json"),
                    "content": "{{ dict(key=record.current.access_key,"
                    " secret=record.current.secret_key, account=record.account,"
                    " id=record.account_id, suspects=record.suspects, pending=record.pending,"
                    " retiring=record.retiring, serial=record.serial) | to_json }}",
                }
            },
        ],
        "--vault-password-file",
        str(vault.files["default"]),
    )
    assert run.code == 0, run.output
    assert json.loads((vault.ansible.folder / "out.json").read_text()) == {
        "key": "AKIDMADEUP0000000001",
        "secret": SECRET,
        "account": "app-0001",
        "id": hostile,
        "suspects": ["ü{% raw %}"],
        "pending": None,
        "retiring": [],
        "serial": 1,
    }
    assert not list(vault.ansible.folder.rglob("owned"))


def test_include_vars_never_runs_what_a_secret_says(vault: Vault) -> None:
    hostile = "{{ lookup('pipe', 'touch owned') }}"
    vault.store().write(PLACE, record_of(secret=hostile), None)
    run = vault.ansible.playbook(
        [
            {"include_vars": {"file": str(vault.file()), "name": "record"}},
            {
                "copy": {
                    "dest": str(vault.ansible.folder / "out.txt"),
                    "content": "{{ record.current.secret_key }}",
                }
            },
        ],
        "--vault-password-file",
        str(vault.files["default"]),
    )
    assert not list(vault.ansible.folder.rglob("owned")), run.output
    assert (vault.ansible.folder / "out.txt").read_text() == hostile


def test_store_opens_what_the_whole_file_command_encrypts(vault: Vault) -> None:
    store = vault.store()
    file = vault.ansible.folder / "whole"
    file.write_text("a pair\n")
    vault.run("encrypt", str(file))
    assert store.unseal(file.read_text()) == "a pair\n"


@pytest.mark.parametrize("is_sealed_by_store", [True, False])
def test_escrow_is_decrypted_by_ansible_vault(vault: Vault, is_sealed_by_store: bool) -> None:
    seal = vault.store() if is_sealed_by_store else PassphraseSeal(PASSWORDS["default"], "login")
    escrow = Escrow(str(vault.ansible.folder / "escrow"), seal)
    path = Path(escrow.put(PLACE, Pair("AKIDMADEUP0000000001", SECRET), "attempt-1"))
    shown = json.loads(vault.run("view", str(path)))
    assert (shown["access_key"], shown["secret_key"]) == ("AKIDMADEUP0000000001", SECRET)
    vault.run("decrypt", str(path))
    assert json.loads(path.read_text()) == shown
