# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guides that people rely on at night or in an audit name what exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import KINDS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GUARANTEES = (DOCS / "guarantees.md").read_text()
ON_CALL = (DOCS / "on-call.md").read_text()
SPECS = yaml.safe_load((ROOT / "roles/s3_rotate/meta/argument_specs.yml").read_text())
#: A paragraph is about the kinds, or the situation, at its bold beginning.
PARAGRAPHS = re.findall(r"^\*\*(.+?)\*\*(.*?)(?=^\*\*|^## |\Z)", ON_CALL, re.M | re.S)
COMMANDS = re.findall(r"^ansible-playbook .*?(?<!\\)$", ON_CALL, re.M | re.S)


def test_every_guarantee_names_a_test_that_exists() -> None:
    cited = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUARANTEES)
    assert cited
    for path, name in cited:
        text = (ROOT / path).read_text()
        assert re.search(rf"^(def|class) {name}\b", text, re.M), f"{path} has no {name}"
    for row in re.findall(r"^\| (?!promise|---)(.+) \|$", GUARANTEES, re.M):
        promise, _rest, held_by = row.rpartition(" | ")
        assert "::" in held_by, f"no test is named for: {promise}"
        # A path without a function says nothing that could be looked up.
        assert not re.search(r"`(tests/|test_)[^`:]*`", held_by), promise


def test_molecule_scenarios_that_are_cited_exist() -> None:
    for name in re.findall(r"scenario `(\w+)`", GUARANTEES):
        assert (ROOT / "extensions" / "molecule" / name).is_dir()


def test_every_kind_of_failure_has_its_paragraph_for_whoever_is_called() -> None:
    heads = " ".join(head for head, _text in PARAGRAPHS)
    assert set(re.findall(r"`(\w+)`", heads)) == set(KINDS)


@pytest.mark.parametrize(("head", "text"), PARAGRAPHS, ids=[head for head, _text in PARAGRAPHS])
def test_a_paragraph_says_what_is_dead_where_the_pair_is_and_what_to_do(
    head: str, text: str
) -> None:
    assert "Dead:" in text or "leaked" in head
    assert re.search(r"[Nn]ew\s+pair:|The pair|evidence", text)
    assert len(re.findall(r"^ansible-playbook ", text, re.M)) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
def test_a_command_for_whoever_is_called_is_whole(command: str) -> None:
    book = command.split()[1].rpartition(".")[2]
    assert (ROOT / "playbooks" / f"{book}.yml").is_file()
    given = re.search(r"-e '(\{.*\})'", command)
    names = set(json.loads(given[1])) if given else set()
    entry = SPECS["argument_specs"]["main" if book == "rotate" else book]["options"]
    assert names <= set(entry) | set(SPECS["argument_specs"]["main"]["options"])
    needed = {name for name, spec in entry.items() if spec.get("required")}
    assert needed - {"s3_rotate_platform"} <= names


def test_what_every_playbook_is_for_stands_in_the_guide() -> None:
    guide = (DOCS / "fleet.md").read_text()
    for path in (ROOT / "playbooks").glob("*.yml"):
        assert f"| `{path.stem}` |" in guide


def test_a_library_is_asked_for_in_one_version_wherever_it_is_named() -> None:
    needed = dict(
        re.findall(r"^(\w+)>=([\d.]+)", (ROOT / "meta/ee-requirements.txt").read_text(), re.M)
    )
    said = [
        (path.name, name, version)
        for folder in ("plugins", "docs", "roles")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".py", ".md", ".yml")
        for name, version in re.findall(r"\b(\w+)>=([\d.]*\d)", path.read_text())
        if name in needed
    ]
    assert ("vault_kv2_server.py", "hvac", needed["hvac"]) in said
    assert [row for row in said if row[2] != needed[row[1]]] == []
