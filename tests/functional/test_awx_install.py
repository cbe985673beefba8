# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that installs the kit, over stand-ins for the modules of awx.awx.

They take whatever they are given and note it: what is proved is that every task can be filled in on
each ansible-core, and that playbook and file for import install the same.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.awx_injection import load

from .conftest import BIN, LONGEST, ROOT, Ansible, Run

ROLE = ROOT / "roles" / "s3_awx"
KIT = load(ROLE / "vars/main/kit.yml")
TYPES = load(ROLE / "vars/main/credential_types.yml")["s3_awx__credential_types"]
IMPORT = json.loads((ROLE / "files" / "import.json").read_text())
STAND_IN = """
import json, os
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        with open(os.environ["NOTED"], "r+") as file:
            number = len(file.readlines()) + 1
            said = {"module": self._task.action.rpartition(".")[2], "args": self._task.args}
            file.write(json.dumps({**said, "id": number}, default=str) + "\\n")
        refused = (self._task.args.get("notification_configuration") or {}).get("refused")
        answer = {"failed": True, "msg": refused} if refused else {"id": number}
        return {**super().run(tmp, task_vars), "changed": False, **answer}
"""


class Installation:
    """Runs of the playbook, and what each asked the modules for."""

    def __init__(self, folder: Path) -> None:
        self.ansible = Ansible(folder)
        self.noted = folder / "noted.jsonl"
        plugins = folder / "collections/ansible_collections/awx/awx/plugins/action"
        plugins.mkdir(parents=True)
        tasks = (ROLE / "tasks" / "install.yml").read_text()
        for name in set(re.findall(r"^  awx\.awx\.(\w+):", tasks, re.MULTILINE)):
            (plugins / f"{name}.py").write_text(STAND_IN)
        paths = [self.ansible.environment["ANSIBLE_COLLECTIONS_PATH"], folder / "collections"]
        self.ansible.environment.update(
            ANSIBLE_COLLECTIONS_PATH=":".join(map(str, paths)), NOTED=str(self.noted)
        )

    def run(self, **variables: Any) -> Run:
        """Install the kit."""
        self.noted.write_text("")
        given = json.dumps({"s3_awx_project_url": "https://git.example.org/keys.git", **variables})
        command = [str(BIN / "ansible-playbook"), "objectstore.credentials.awx_install"]
        command += ["-e", given]
        done = subprocess.run(
            command,
            env=self.ansible.environment,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr, {})

    def asked(self, module: str) -> list[dict[str, Any]]:
        """Return the arguments of a module's tasks, in their order."""
        lines = [json.loads(line) for line in self.noted.read_text().splitlines()]
        return [line["args"] for line in lines if line["module"] == module]

    def id_of(self, module: str, name: str) -> str:
        """Return the number that AWX gave to what was made."""
        lines = [json.loads(line) for line in self.noted.read_text().splitlines()]
        (found,) = [e for e in lines if e["module"] == module and e["args"]["name"] == name]
        return str(found["id"])


@pytest.fixture
def kit(tmp_path: Path) -> Installation:
    """The playbook, not yet run."""
    return Installation(tmp_path)


def test_the_playbook_installs_what_the_file_for_import_holds(kit: Installation) -> None:
    run = kit.run()

    assert run.code == 0, run.output
    for made, known in zip(kit.asked("credential_type"), TYPES, strict=True):
        assert made == known
    templates = kit.asked("job_template")
    assert len(templates) == len(IMPORT["job_templates"])
    for made, known in zip(templates, IMPORT["job_templates"]):
        assert made["extra_vars"] == json.loads(known["extra_vars"])
        assert made.get("survey_spec", {}) == known["related"]["survey_spec"]
        for field in ("name", "description", "playbook", "job_slice_count", "survey_enabled"):
            # ansible-core 2.16 makes texts of numbers, and the module numbers of them again.
            assert str(made[field]) == str(known[field]), field
    (workflow,) = kit.asked("workflow_job_template")
    assert workflow["survey_spec"] == IMPORT["workflow_job_templates"][0]["related"]["survey_spec"]
    (notification,) = kit.asked("notification_template")
    assert notification["messages"] == IMPORT["notification_templates"][0]["messages"]
    nodes = kit.asked("workflow_job_template_node")
    assert [node["identifier"] for node in nodes[: len(nodes) // 2]] == [
        node["identifier"] for node in KIT["s3_awx__workflow"]["nodes"]
    ]
    rules = [each["rrule"] for each in IMPORT["schedules"]]
    new, others = kit.asked("schedule")[: len(rules)], kit.asked("schedule")[len(rules) :]
    assert [each["rrule"] for each in new] == rules
    # New ones are off; what somebody set by hand afterwards stays, here and for credentials.
    assert all(each["state"] == "exists" and not each["enabled"] for each in new)
    assert len(others) == len(rules)
    assert not any("enabled" in each or "rrule" in each for each in others)
    assert not any("credentials" in each for each in templates)
    assert "nobody is told of failures" in " ".join(run.output.split())
    assert kit.asked("role") == []


def test_what_is_chosen_reaches_the_modules(kit: Installation) -> None:
    teams = {"audit": ["auditors"], "retire": ["operators"], "approve": ["security"]}

    run = kit.run(
        s3_awx_slices=4,
        s3_awx_notification_type="slack",
        s3_awx_notification_configuration={"token": "t", "channels": ["#s3"]},
        s3_awx_teams=teams,
        s3_awx_schedules_enabled=True,
        s3_awx_credentials=["Logins", "Vault"],
    )

    assert run.code == 0, run.output
    assert "nobody is told of failures" not in " ".join(run.output.split())
    assert [each["enabled"] for each in kit.asked("schedule")] == [False] * 4 + [True] * 4
    assert all(each["credentials"] == ["Logins", "Vault"] for each in kit.asked("job_template"))
    slices = {each["name"]: each for each in kit.asked("job_template")}
    for entry in KIT["s3_awx__job_templates"]:
        made = slices[entry["name"]]
        is_cut = bool(entry.get("sliced"))
        assert int(made["job_slice_count"]) == (4 if is_cut else 1)
        assert made["extra_vars"].get("s3_allow_no_hosts", False) is is_cut
    message = KIT["s3_awx__message"] + KIT["s3_awx__message_chat"]
    (notification,) = kit.asked("notification_template")
    for outcome in ("success", "error"):
        assert notification["messages"][outcome] == {
            "message": message,
            "body": KIT["s3_awx__body_text"],
        }
    granted = {each["teams"][0]: each for each in kit.asked("role") if each["role"] != "read"}
    assert granted["security"]["role"] == "approval"
    assert granted["operators"]["job_templates"] == ["S3 keys: retire", "S3 keys: retire accounts"]


def test_who_starts_or_approves_the_workflow_reads_what_its_jobs_say(kit: Installation) -> None:
    """AWX shows a job of a workflow only to those who may read its template."""
    run = kit.run(s3_awx_teams={"propose": ["operators"], "approve": ["security", "operators"]})

    assert run.code == 0, run.output
    (read,) = [each for each in kit.asked("role") if each["role"] == "read"]
    assert sorted(read["teams"]) == ["operators", "security"]
    nodes = [node.get("job_template") for node in KIT["s3_awx__workflow"]["nodes"]]
    assert read["job_templates"] == [name for name in nodes if name]
    assert "S3 keys: plan" in read["job_templates"]


def test_what_another_organization_has_by_the_same_name_is_left_to_it(kit: Installation) -> None:
    """AWX's modules look for a name in every organization, and refuse two."""
    run = kit.run(
        s3_awx_new_credentials=[{"name": "Logins", "credential_type": "Vault", "inputs": {}}],
        s3_awx_credentials=["Logins", "Vault of all"],
    )

    assert run.code == 0, run.output
    inventory = kit.id_of("inventory", "S3 endpoints")
    told = kit.id_of("notification_template", "S3 keys")
    logins = kit.id_of("credential", "Logins")
    for made in kit.asked("job_template"):
        assert str(made["inventory"]) == inventory
        assert [str(each) for each in made["notification_templates_error"]] == [told]
        assert [str(each) for each in made["credentials"]] == [logins, "Vault of all"]
    (workflow,) = kit.asked("workflow_job_template")
    for when in ("error", "approvals"):
        assert [str(each) for each in workflow[f"notification_templates_{when}"]] == [told]


def test_a_refused_notification_says_why_and_shows_no_password(kit: Installation) -> None:
    why = "Missing required fields for Notification Configuration: ['mattermost_no_verify_ssl']."

    run = kit.run(
        s3_awx_notification_type="mattermost",
        s3_awx_notification_configuration={"refused": why, "password": "hunter2hunter2"},
    )

    assert run.code == 2
    # Newer ansible-cores show an error of a task that shows nothing; 2.16 keeps it to itself.
    said = " ".join(run.output.split()).partition("AWX refuses s3_awx_notification_config")[2]
    assert "mattermost_no_verify_ssl" in said
    assert "hunter2hunter2" not in run.output
    assert kit.asked("job_template") == []


@pytest.mark.parametrize("teams", [{"auditor": ["auditors"]}, {"audit": "auditors"}])
def test_a_duty_that_there_is_not_grants_nothing_and_is_refused(
    kit: Installation, teams: dict[str, Any]
) -> None:
    run = kit.run(s3_awx_teams=teams)

    assert run.code == 2
    assert "Nothing was installed" in run.output
    assert kit.noted.read_text() == ""


def test_the_project_of_the_example_is_refused(kit: Installation) -> None:
    run = kit.run(s3_awx_project_url="https://git.example.com/s3-keys.git")

    assert run.code == 2
    assert "s3_awx_project_url" in run.output
    assert kit.noted.read_text() == ""
