# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role hands every option on, and each of its playbooks can be found."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

from ansible_collections.objectstore.credentials.plugins.plugin_utils.fleet_options import OPTIONS

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "s3_rotate"
#: Needs another call's answer, returns secrets, or would make results too long.
NOT_FOR_A_FLEET = {"access_key", "return_secret", "report_unchanged"}
#: Those of the role; of the others, one installs things in AWX, one is the first play of all these.
PLAYBOOKS = sorted(
    path
    for path in (ROOT / "playbooks").glob("*.yml")
    if path.stem not in ("awx_install", "find_endpoints")
)


def module_options(path: Path, module: str) -> set[str]:
    """Return the options that a task file gives to a module."""
    found: set[str] = set()

    def walk(tasks: list[dict[str, object]]) -> None:
        for task in tasks:
            options = task.get(f"objectstore.credentials.{module}")
            if isinstance(options, dict):
                found.update(options)
            for part in ("block", "rescue"):
                inner = task.get(part)
                if isinstance(inner, list):
                    walk(inner)

    walk(yaml.safe_load(path.read_text()))
    return found


def test_every_option_of_the_module_is_handed_on() -> None:
    given = module_options(ROLE / "tasks" / "call.yml", "s3_access_key_rotate")
    assert given == set(OPTIONS) - NOT_FOR_A_FLEET


def test_an_option_is_the_variable_of_its_name() -> None:
    text = (ROLE / "tasks" / "call.yml").read_text()
    for name, template in re.findall(r"^    (\w+): (.*)$", text, re.MULTILINE):
        used = set(re.findall(r"s3_rotate_(?!_)(\w+)", template))
        assert used <= {name, "consumers", f"run_{name}"}, f"{name} is filled from {used}"


def test_defaults_are_documented_as_they_are() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    known = {name: one for entry in specs.values() for name, one in entry["options"].items()}
    assert set(defaults) <= set(known)
    for name, value in defaults.items():
        if "{{" not in str(value):
            told = [e["options"][name] for e in specs.values() if name in e["options"]]
            assert {str(one.get("default", value)) for one in told} == {str(value)}, name
            assert any("default" in one for one in told), name
    assert {name for name, one in known.items() if "default" in one} <= set(defaults)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_playbook_says_how_it_is_run_and_never_means_all_hosts(path: Path) -> None:
    text = path.read_text()
    guard, play = yaml.safe_load(text)
    assert guard["ansible.builtin.import_playbook"] == "find_endpoints.yml"
    assert play["hosts"] == "{{ s3_hosts | default('s3_endpoints', true) }}"
    assert play["strategy"] == "ansible.builtin.linear"
    assert f"ansible-playbook objectstore.credentials.{path.stem}" in text
    (task,) = play["tasks"]
    entry = task["ansible.builtin.include_role"].get("tasks_from", "main")
    assert (ROLE / "tasks" / f"{entry}.yml").is_file()
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    assert entry in specs


def test_a_plan_binds_every_call_whether_it_came_as_a_file_or_as_text() -> None:
    for path in (ROLE / "tasks").glob("*.yml"):
        for template in re.findall(r"^ +plan: (.*)$", path.read_text(), re.MULTILINE):
            given = template in (
                '"{{ s3_rotate__approved or omit }}"',
                '"{{ s3_rotate__call.plan | default(omit) }}"',
            )
            assert given, f"{path.name} hands on another plan than the approved one: {template}"


def test_no_variable_is_documented_that_nothing_reads() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    parts = [
        *(ROLE / "tasks").glob("*.yml"),
        *(ROLE / "templates").glob("*"),
        ROLE / "vars/main.yml",
    ]
    # What a default is made of counts: verify is made of s3_url.
    text = "".join(path.read_text() for path in [*parts, ROLE / "defaults" / "main.yml"])
    read = set(re.findall(r"\bs3_rotate_(?!_)\w+", re.sub(r"(?m)^s3_rotate_\w+:", "", text)))
    documented = {name for entry in specs.values() for name in entry["options"] or {}}
    assert not documented - read


@pytest.mark.parametrize("name", ["force", "force_retire", "hold_until", "cut_first"])
def test_what_one_playbook_alone_hands_on_is_documented_there(name: str) -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    variable = f"s3_rotate_{name}"
    entries = {entry for entry, spec in specs.items() if variable in (spec["options"] or {})}
    assert len(entries) == 1
    assert re.search(rf"\b{variable}\b", (ROLE / "tasks" / f"{entries.pop()}.yml").read_text())


@pytest.mark.parametrize("inside", ["\u2028", "\x85", "\x0b", "\x1c", " ", "\t"])
def test_one_name_in_the_lines_of_a_survey_is_never_two(inside: str) -> None:
    lines = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["s3_rotate__lines"]
    named = f"app-0001\r\n  a{inside}b \n\nlast"
    found: object = NativeEnvironment().from_string(lines).render(s3_rotate_users=named)
    assert found == ["app-0001", f"a{inside}b", "last"]


@pytest.mark.parametrize("name", ["compromised", "replaces"])
@pytest.mark.parametrize("text", ["AK1 AK2\n", "AK1,AK2", '["AK1", "AK2"]', "['AK1','AK2']"])
def test_keys_of_a_survey_come_apart_however_they_were_typed(name: str, text: str) -> None:
    template = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())[f"s3_rotate__{name}"]
    # As ansible-core does before Jinja reads it: in 2.16 a quote behind a backslash ends the text.
    template = template.replace("\\", "\\\\")
    environment = NativeEnvironment()
    environment.filters["regex_findall"] = lambda text, what: re.findall(what, text)
    found: object = environment.from_string(template).render(**{f"s3_rotate_{name}": text})
    assert found == ["AK1", "AK2"]


def test_endpoints_whose_names_differ_in_case_alone_have_files_of_their_own() -> None:
    template = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["s3_rotate__part"]
    hosts = ["site", "Site", "SITE", "site-1.example.com", "Übersee", "übersee", "../a/b", ".._a_b"]
    environment = NativeEnvironment()
    environment.tests["ansible.builtin.match"] = lambda text, what: bool(re.match(what, text))
    environment.filters["ansible.builtin.regex_replace"] = lambda text, what, by: re.sub(
        what, by, text
    )
    environment.filters["ansible.builtin.hash"] = lambda text, _how: hashlib.sha256(
        text.encode()
    ).hexdigest()
    files = [
        str(
            environment.from_string(template).render(
                s3_rotate__parts_dir="/evidence/parts", inventory_hostname=host
            )
        )
        for host in hosts
    ]
    assert files[0] == "/evidence/parts/site"
    assert files[3] == "/evidence/parts/site-1.example.com"
    assert len({file.lower() for file in files}) == len(hosts)
    assert all(file.count("/") == 3 for file in files)
