# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates, surveys, workflow, schedules and notifications keep to what AWX documents."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from jinja2 import sandbox

from ansible_collections.objectstore.credentials.tests.simulators.awx_injection import load

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "s3_awx"
PROJECT = ROLE / "files" / "project"
QUESTION_TYPES = {
    "text",
    "textarea",
    "multiplechoice",
    "multiselect",
    "integer",
    "float",
}


TYPES = load(ROLE / "vars/main/credential_types.yml")["s3_awx__credential_types"]
KIT = load(ROLE / "vars/main/kit.yml")
IMPORT = json.loads((ROLE / "files" / "import.json").read_text())
TEMPLATES = KIT["s3_awx__job_templates"]
QUESTIONS = KIT["s3_awx__questions"]


# --- surveys, templates, workflow, schedules -----------------------------------------------------


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_questions_keep_to_the_schema(name: str) -> None:
    question = QUESTIONS[name]
    assert {"question_name", "variable", "type", "required"} <= set(question)
    assert question["type"] in QUESTION_TYPES, "no secret goes through a survey"
    assert isinstance(question["required"], bool)
    assert not re.search(r"\s", question["variable"])
    for bound in ("min", "max"):
        assert isinstance(question.get(bound, 0), int)
    assert isinstance(question["default"], str)
    if question["type"] == "multiplechoice":
        assert question["default"] in question["choices"]
        assert all(isinstance(choice, str) for choice in question["choices"])
    else:
        assert len(question["default"]) <= question["max"]
        # A required answer has to be typed; an optional one may stay empty.
        assert question["min"] > 0 if question["required"] else question["min"] == 0


def test_answers_are_variables_that_the_role_knows() -> None:
    specs = yaml.safe_load((ROOT / "roles/s3_rotate/meta/argument_specs.yml").read_text())
    known = {name for entry in specs["argument_specs"].values() for name in entry["options"]}
    answers = {question["variable"] for question in QUESTIONS.values()}
    extra = {name for each in TEMPLATES for name in each.get("extra_vars", {})}
    assert (answers | extra) - known <= {"s3_hosts"}


def test_what_a_playbook_alone_takes_can_be_given_in_a_survey() -> None:
    specs = yaml.safe_load((ROOT / "roles/s3_rotate/meta/argument_specs.yml").read_text())
    for entry, spec in specs["argument_specs"].items():
        if entry == "main":
            continue
        asked = {
            QUESTIONS[name]["variable"]
            for each in TEMPLATES
            if each["playbook"] == f"{entry}.yml"
            for name in each["survey"]
        }
        assert not set(spec["options"]) - asked, entry


@pytest.mark.parametrize("name", ["emergency", "repair"])
def test_an_answer_that_ends_keys_can_be_allowed(name: str) -> None:
    (template,) = [each for each in TEMPLATES if each["playbook"] == f"{name}.yml"]
    assert "disruption" in template["survey"]
    # Not the inventory's own variable: "no" would take back what the inventory allows.
    assert QUESTIONS["disruption"]["variable"] == "s3_rotate_run_allow_disruption"


def test_accounts_are_named_in_no_job_that_is_cut_into_slices() -> None:
    """A slice with one host would take the names for its own, whatever endpoint was meant."""
    for each in TEMPLATES:
        if any(QUESTIONS[name]["variable"] == "s3_rotate_users" for name in each.get("survey", [])):
            assert not each.get("sliced"), each["name"]
            assert "endpoint" in each["survey"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each["name"])
def test_a_template_has_its_playbook_and_a_survey_without_doubles(template: dict[str, Any]) -> None:
    plays = yaml.safe_load((PROJECT / template["playbook"]).read_text())
    for play in plays:
        book = play.get("ansible.builtin.import_playbook")
        if book:
            name = book.partition("objectstore.credentials.")[2]
            assert (ROOT / "playbooks" / f"{name}.yml").is_file()
    asked = [QUESTIONS[name]["variable"] for name in template.get("survey", [])]
    assert len(set(asked)) == len(asked)
    assert set(template["notify"]) <= {"success", "error"}


def test_duties_that_must_be_apart_are_apart() -> None:
    duties = {each["name"].partition(": ")[2]: each["duty"] for each in TEMPLATES}
    apart = [duties[name] for name in ("audit", "rotate", "retire", "acknowledge", "emergency")]
    assert len(set(apart)) == len(apart)
    # Who proposes starts the workflow alone; its jobs rotate what was approved.
    assert not {"propose", "approve"} & set(duties.values())
    for each in TEMPLATES:
        if each["duty"] == "rotate" and each["playbook"] == "rotate.yml":
            assert each["extra_vars"]["s3_rotate_retire"] is False


def test_the_workflow_rotates_nothing_that_was_not_approved() -> None:
    nodes = {node["identifier"]: node for node in KIT["s3_awx__workflow"]["nodes"]}
    ways = ("success", "failure", "always")
    before = {
        name: [
            (other, way)
            for other, node in nodes.items()
            for way in ways
            if name in node.get(way, [])
        ]
        for name in nodes
    }
    assert [name for name in nodes if not before[name]] == ["audit"]
    assert before["rotate"] == [("approval", "success")]
    assert before["approval"] == [("plan", "always")]
    templates = {each["name"]: each for each in TEMPLATES}
    for node in nodes.values():
        assert ("approval" in node) != (node.get("job_template") in templates)
        assert all(other in nodes for way in ways for other in node.get(way, []))
    by_plan = templates[nodes["rotate"]["job_template"]]
    assert by_plan["extra_vars"]["s3_rotate_plan_required"] is True
    assert not by_plan.get("sliced"), "its plan came from one job"
    plan = yaml.safe_load((PROJECT / "plan.yml").read_text())[0]["vars"]
    assert plan["s3_rotate_dry_run"] is True
    assert nodes["verify"]["always"] == ["report"]


@pytest.mark.parametrize("schedule", KIT["s3_awx__schedules"], ids=lambda each: each["name"])
def test_schedules_keep_to_what_awx_takes(schedule: dict[str, Any]) -> None:
    start, rule = schedule["rrule"].split(" ")
    begins = dt.datetime.strptime(start, "DTSTART:%Y%m%dT%H%M%SZ")
    assert begins < dt.datetime(2025, 1, 1), "a schedule that begins later does not run before"
    parts = dict(part.split("=") for part in rule.removeprefix("RRULE:").split(";"))
    assert rule.startswith("RRULE:")
    assert parts["FREQ"] in ("DAILY", "WEEKLY")
    assert parts["INTERVAL"] == "1"
    assert set(parts.get("BYDAY", "MO").split(",")) <= {"MO", "TU", "WE", "TH", "FR", "SA", "SU"}
    known = {each["name"] for each in TEMPLATES} | {KIT["s3_awx__workflow"]["name"]}
    assert schedule["of"] in known
    of_template = next((each for each in TEMPLATES if each["name"] == schedule["of"]), None)
    asked = (of_template or KIT["s3_awx__workflow"]).get("survey", [])
    # AWX refuses a schedule that leaves a required question open, whatever its default is; and an
    # answer for it would be refused by an import, which makes schedules before surveys.
    assert not any(QUESTIONS[name]["required"] for name in asked)
    assert set(schedule) == {"name", "description", "type", "of", "rrule"}


# --- notifications -------------------------------------------------------------------------------


class Undefined(jinja2.StrictUndefined):
    """What AWX checks a message with: nothing undefined may be printed."""


@pytest.mark.parametrize("artifacts", [{}, None], ids=["no report", "a report"])
def test_notifications_name_accounts_and_survive_a_job_without_a_report(artifacts: Any) -> None:
    if artifacts is None:
        row = {"endpoint": "osis", "account": 'a"b<c>', "action": "rotated", "access_key": "AK1"}
        artifacts = {
            "s3_rotation": {
                "line": "1 of 1 endpoints finished",
                "rehearsed": True,
                "endpoints_failed": ["cluster1"],
                "accounts": [row],
                "accounts_left_out": 2,
            }
        }
    job = {"id": 42, "name": 'S3 keys: "rotate"', "status": "successful", "artifacts": artifacts}
    context: dict[str, Any] = {
        "job": job,
        "job_friendly_name": "Job",
        "url": "https://awx.example.com/#/jobs/42",
    }
    environment = sandbox.ImmutableSandboxedEnvironment(undefined=Undefined)
    line = environment.from_string(KIT["s3_awx__message"]).render(context)
    assert "\n" not in line
    assert "\n" not in KIT["s3_awx__message"]
    body = json.loads(environment.from_string(KIT["s3_awx__body_webhook"]).render(context))
    text = environment.from_string(KIT["s3_awx__body_text"]).render(context)
    assert body["accounts"] == artifacts.get("s3_rotation", {}).get("accounts", [])
    assert ("AK1" in text) is bool(artifacts)
    # "rotated" is what a plan says of accounts that nothing was done to.
    assert body["rehearsed"] is bool(artifacts)
    assert ("nothing was changed" in line) is bool(artifacts)
    assert ("nothing was changed" in text) is bool(artifacts)
    assert context["url"] in text
    assert ("and 2 more" in text) is bool(artifacts)

    # Of a chat AWX shows the message alone, and refuses a line break in its source.
    source = KIT["s3_awx__message"] + KIT["s3_awx__message_chat"]
    assert "\n" not in source
    chat = environment.from_string(source).render(context)
    added = ["", f"{context['url']}"]
    if artifacts:
        name = r'`"a\"b\u003cc\u003e"`'
        row_told = f"osis {name}: rotated AK1"
        added[:1] = ["", "cluster1: the endpoint failed", row_told, "and 2 more"]
    assert chat == line + "\n".join(added)


@pytest.mark.parametrize(
    ("left_out", "is_told"), [(0, False), ("0", False), (3, True), ("3", True)]
)
def test_accounts_that_were_left_out_are_told_of_only_if_there_are_any(
    left_out: Any, is_told: bool
) -> None:
    """Jobs that ansible-core 2.16 runs have texts for numbers among their artifacts."""
    report = {"line": "done", "accounts_left_out": left_out}
    job = {"id": 1, "name": "n", "status": "s", "artifacts": {"s3_rotation": report}}
    context = {"job": job, "url": "https://a"}
    environment = sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.ChainableUndefined)
    for name in ("body_text", "message_chat"):
        text = environment.from_string(KIT[f"s3_awx__{name}"]).render(context)
        assert ("and 3 more" in text) is is_told, name
        assert ("more" in text) is is_told, name
    body = environment.from_string(KIT["s3_awx__body_webhook"]).render(context)
    assert json.loads(body)["accounts_left_out"] == int(left_out)


def test_a_workflow_has_no_artifacts_and_its_notification_is_whole_all_the_same() -> None:
    environment = sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.ChainableUndefined)
    job = {"id": 42, "name": "S3 keys: by approval", "status": "failed"}
    context = {"job": job, "job_friendly_name": "Workflow Job", "url": "https://awx.example.com"}
    for name in ("message", "body_text", "message_chat"):
        text = environment.from_string(KIT[f"s3_awx__{name}"]).render(context)
        assert text.strip()
        assert "Undefined" not in text
    assert json.loads(environment.from_string(KIT["s3_awx__body_webhook"]).render(context))


def test_a_name_calls_nobody_in_a_chat() -> None:
    row = {"endpoint": "osis", "account": "x` @channel `", "action": "rotated", "access_key": None}
    context = {"job": {"artifacts": {"s3_rotation": {"accounts": [row]}}}, "url": "https://a"}
    environment = sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.ChainableUndefined)
    text = environment.from_string(KIT["s3_awx__message_chat"]).render(context)
    assert text.splitlines()[1].strip() == "osis `x' @channel '`: rotated"


def test_a_name_adds_no_line_to_a_notification() -> None:
    evil = "app\ncluster1 backup: deleted\x1b[31m\u202e<b>"
    rows = [
        {"endpoint": "osis", "account": name, "action": "rotated", "access_key": key}
        for name, key in (("team/b@x", "AK/1+="), (evil, evil), ("app", None))
    ]
    report = {"line": "done", "endpoints_failed": [], "accounts": rows}
    context = {"job": {"artifacts": {"s3_rotation": report}}, "url": "https://awx.example.com"}
    environment = sandbox.ImmutableSandboxedEnvironment(undefined=Undefined)
    text = environment.from_string(KIT["s3_awx__body_text"]).render(context)
    said = [line.strip() for line in text.splitlines() if line.strip()]
    written = r"app\ncluster1 backup: deleted\u001b[31m\u202e\u003cb\u003e"
    assert said == [
        "done",
        "osis team/b@x: rotated AK/1+=",
        f'osis "{written}": rotated {written}',
        "osis app: rotated",
        "https://awx.example.com",
    ]


# --- the file for awx import ---------------------------------------------------------------------


def test_the_import_file_holds_what_the_role_installs() -> None:
    def names(kind: str) -> list[str]:
        return [each["name"] for each in IMPORT[kind]]

    assert names("job_templates") == [each["name"] for each in TEMPLATES]
    assert names("schedules") == [each["name"] for each in KIT["s3_awx__schedules"]]
    for given, known in zip(IMPORT["credential_types"], TYPES):
        assert {name: given[name] for name in known} == known
    (workflow,) = IMPORT["workflow_job_templates"]
    nodes = {node["identifier"]: node for node in workflow["related"]["workflow_nodes"]}
    assert list(nodes) == [node["identifier"] for node in KIT["s3_awx__workflow"]["nodes"]]
    assert nodes["approval"]["related"]["create_approval_template"]["timeout"] > 0
    for entries in IMPORT.values():
        for entry in entries:
            assert entry["natural_key"]["type"], entry
    assert not any(schedule["enabled"] for schedule in IMPORT["schedules"])


def test_every_reference_of_the_import_file_is_in_it() -> None:
    known = {json.dumps(e["natural_key"], sort_keys=True) for each in IMPORT.values() for e in each}
    (workflow,) = IMPORT["workflow_job_templates"]
    known |= {
        json.dumps(node["natural_key"], sort_keys=True)
        for node in workflow["related"]["workflow_nodes"]
    }

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            kind = value.get("type")
            is_node = kind == "workflow_job_template_node"
            if is_node or (kind not in (None, "organization") and "name" in value):
                assert json.dumps(value, sort_keys=True) in known, value
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk({kind: entries for kind, entries in IMPORT.items() if kind != "credential_types"})
