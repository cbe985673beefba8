# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's vault credentials, handed over as AWX does it: answers to the prompts of Ansible.

One without a label makes AWX add --ask-vault-pass, one with a label --vault-id LABEL@prompt; the
passwords are ansible-runner's answers to the prompts, found by their patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml

from .estate import ACCOUNTS, VAULT_PASSWORD, Estate
from .fronts import run_as_awx
from .test_fronts import LOOKUP, ROTATE

ONE, OTHER = "the first vault password", "another 'vault' password"
CHECK = {"objectstore.credentials.s3_secret_store": {"open_secrets": True}}


def arguments_and_answers(credentials: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return what AWX makes of vault credentials: label -> password; "" is none."""
    arguments, answers = [], {}
    for label, password in credentials.items():
        arguments.append(f"--vault-id {label}@prompt" if label else "--ask-vault-pass")
        answers[rf"Vault password \({label}\):\s*?$" if label else r"Vault password:\s*?$"] = (
            password
        )
    return " ".join(arguments), answers


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    """Two accounts; the credential of the store says where, and no password."""
    made = Estate(tmp_path / "job", ("ose",), "ansible_vault", vault_password="").start()
    yield made
    made.stop()


@pytest.fixture
def launch(estate: Estate) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that launches the job with vault credentials."""

    def start(credentials: Mapping[str, str], **more: Any) -> list[dict[str, Any]]:
        rotation = {"name": "rotate", ROTATE.module: {**ROTATE.arguments, **more}}
        lookup = {"name": "lookup", LOOKUP.module: dict(LOOKUP.arguments)}
        play = {"hosts": "ose", "gather_facts": False}
        tasks = [rotation, lookup, {"name": "check", **CHECK}]
        book = estate.folder / "project" / "job.yml"
        book.write_text(yaml.safe_dump([{**play, "tasks": tasks}]))
        output, events = run_as_awx(estate, book, *arguments_and_answers(credentials))
        assert not [each for each in credentials.values() if each in output]
        return [event["event_data"]["res"] for event in events]

    return start


def labels(estate: Estate) -> set[str]:
    """Return the heads of all that is encrypted in the store."""
    texts = [path.read_text() for path in (estate.folder / "records").rglob("app-*.yml")]
    assert len(texts) == len(ACCOUNTS)
    return {head for text in texts for head in re.findall(r"\$ANSIBLE_VAULT;\S+", text)}


@pytest.mark.parametrize(
    ("label", "head"),
    [("", "$ANSIBLE_VAULT;1.1;AES256"), ("prod", "$ANSIBLE_VAULT;1.2;AES256;prod")],
    ids=["unlabelled", "labelled"],
)
def test_file_store_reads_and_writes_with_it(
    estate: Estate, launch: Callable[..., list[dict[str, Any]]], label: str, head: str
) -> None:
    rotated, looked_up, _checked = launch({label: ONE})
    assert [row["action"] for row in rotated["accounts"]] == ["rotated"] * len(ACCOUNTS)
    assert str(looked_up["msg"]) == "True"
    assert labels(estate) == {head}
    # The next job reads what this one wrote, and changes nothing.
    again, looked_up, checked = launch({label: ONE})
    assert again["changed"] is False
    assert str(looked_up["msg"]) == "True"
    assert checked["totals"]["secrets_opened"] > 0, checked["totals"]


def test_two_at_once_the_label_of_the_store_decides_which_one_writes(
    estate: Estate, launch: Callable[..., list[dict[str, Any]]]
) -> None:
    launch({"old": ONE})
    estate.environment["S3_ANSIBLE_VAULT_VAULT_ID"] = "new"
    both = {"old": ONE, "new": OTHER}
    rotated, looked_up, checked = launch(both, force=True)
    assert [row["action"] for row in rotated["accounts"]] == ["rotated"] * len(ACCOUNTS)
    assert str(looked_up["msg"]) == "True"
    # The retiring pairs are as they were; the new ones are of the new password.
    assert labels(estate) == {f"$ANSIBLE_VAULT;1.2;AES256;{label}" for label in both}
    assert checked["totals"]["secrets_opened"] == 2 * len(ACCOUNTS), checked["totals"]


def test_credential_of_the_store_comes_before_it(
    tmp_path: Path, launch: Callable[..., list[dict[str, Any]]], estate: Estate
) -> None:
    own = tmp_path / "own-password"
    own.touch(mode=0o600)
    own.write_text(VAULT_PASSWORD)
    estate.environment["S3_ANSIBLE_VAULT_VAULT_PASSWORD_FILE"] = str(own)
    launch({"other": OTHER})
    assert labels(estate) == {"$ANSIBLE_VAULT;1.1;AES256"}
