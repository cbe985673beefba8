# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module as a person types it at a prompt: one line of name=value, the logins elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import ROOT, Ansible, Run, World, assert_no_secret
from .test_custody import store_of

#: It guards a play, and an ad-hoc command has none.
NOT_TYPED = {"s3_play_guard"}


class Prompt:
    """A terminal at which the logins are set up, and what has been typed there."""

    def __init__(self, ansible: Ansible, worlds: dict[str, World]) -> None:
        self.ansible = ansible
        self.worlds = worlds
        self.typed: set[str] = set()
        self.shown = ""
        store_of(ansible)
        logins = {name: world.secret_options for name, world in worlds.items()}
        self.environment = ansible.credentials_file(logins)

    def __call__(self, module: str, line: str, *flags: str) -> Run:
        """Type one command; it has to succeed."""
        run = self.ansible.typed(module, line, *flags, environment=self.environment)
        self.typed.add(module)
        self.shown += run.output
        assert run.code == 0, run.output
        return run

    def at(self, name: str) -> str:
        """Return the words that say where an endpoint is."""
        plain = self.worlds[name].plain_options
        return f"endpoint={name} " + " ".join(f"{k}={v}" for k, v in plain.items())


@pytest.fixture
def prompt(ansible: Ansible, worlds: dict[str, World]) -> Prompt:
    """A terminal, and four platforms."""
    return Prompt(ansible, worlds)


STORE = (
    """secret_store='{"type": "ansible_vault", "path": "secrets","""
    """ "vault_password_file": "vault.password"}'"""
)
UNVERIFIED = """verify='{"enabled": false}'"""


def test_every_module_can_be_typed(prompt: Prompt, worlds: dict[str, World]) -> None:
    ontap, ose = prompt.at("ontap"), prompt.at("ose")

    # A new user, whose pair is kept.
    made = prompt("ontap_s3_user", f"{ontap} name=media comment='films and more' {STORE}")
    assert made.result["changed"] is True

    # Rotations: rehearsed, done, and done already.
    typed = f"{ose} users=app-0001,app-0002 adopt=rotate max_age=30d {STORE} {UNVERIFIED}"
    typed += " journal=journal"
    assert prompt("s3_access_key_rotate", typed, "--check").result["changed"] is True
    assert worlds["ose"].simulator.writes == 0
    assert prompt("s3_access_key_rotate", f"{typed} report_path=ose.jsonl").result["changed"]
    counted = worlds["ose"].simulator.writes
    again = prompt("s3_access_key_rotate", typed)
    assert again.result["changed"] is False
    assert worlds["ose"].simulator.writes == counted == 2

    # What is there now.
    shown = prompt("s3_credential_info", f"{ose} users=app-0001 {STORE}")
    keys = {key["held"]: key["access_key"] for key in shown.result["accounts"][0]["access_keys"]}
    off = f"{ose} access_key={keys['retiring']} status=inactive allow_disruption=true {STORE}"
    assert prompt("s3_credential_status", off).result["changed"] is True
    assert worlds["ose"].simulator.secret_of(keys["retiring"]) is None
    assert worlds["ose"].simulator.secret_of(keys["current"])

    # The secret store, whole, with its journal.
    checked = prompt("s3_secret_store", f"{STORE} open_secrets=true journal=journal")
    totals = checked.result["totals"]
    assert (totals["accounts"], totals["journal_unsound"]) == (3, 0), totals

    # A report of it.
    where = "platform=ose endpoint=ose report_path=ose.jsonl"
    written = prompt("s3_rotation_report", f"path=report journal=journal endpoints='{where}'")
    report = json.loads(Path(prompt.ansible.folder, written.result["paths"]["json"]).read_text())
    assert {row["account"] for row in report["accounts"]} == {"app-0001", "app-0002"}

    # A vault.
    vault = f"{prompt.at('commvault')} name=films plan=sp1 owners=app-0001"
    assert prompt("s3_vault", vault).result["changed"] is True

    modules = {file.stem for file in (ROOT / "plugins" / "modules").glob("*.py")}
    assert prompt.typed == modules - NOT_TYPED - {"__init__"}
    for world in worlds.values():
        assert_no_secret(prompt.shown, world.secrets())


def test_what_is_typed_wrong_is_named(ansible: Ansible, worlds: dict[str, World]) -> None:
    prompt = Prompt(ansible, worlds)
    line = f"{prompt.at('ose')} users=app-0001 adopt=rotat {STORE} {UNVERIFIED}"
    run = ansible.typed("s3_access_key_rotate", line, environment=prompt.environment)
    assert run.code != 0
    assert "adopt" in run.result["msg"]
    assert "rotate" in run.result["msg"]
    assert "Traceback" not in run.output
    assert worlds["ose"].server.requests == 0
