# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role as a job template drives it: answers are texts, the store comes from a credential."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .fleet_lab import SMALL, Fleet, add_consumer

pytestmark = pytest.mark.fleet
ACCOUNTS = 2
IN_PLACE = {"one": ("ontap", "9.14.1"), "two": ("ontap", "9.14.1")}


class Estate(Fleet):
    """Endpoints whose inventory names no secret store: a job's credential does."""

    def __init__(self, folder: Path, wanted: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(folder, wanted, ACCOUNTS)
        self.store: dict[str, str] = self.variables.pop("s3_rotate_secret_store")


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    """Running endpoints."""
    made = Estate(tmp_path, SMALL)
    yield made
    made.stop()


@pytest.fixture
def in_place(tmp_path: Path) -> Iterator[Estate]:
    """Running endpoints whose old keys die at once, and a consumer of their pairs."""
    made = Estate(tmp_path, IN_PLACE)
    add_consumer(made)
    yield made
    made.stop()


def credential(fleet: Estate) -> dict[str, str]:
    """Return the environment that a credential of a job makes."""
    store = fleet.store
    return {
        "S3_SECRET_STORE_TYPE": "ansible_vault",
        "S3_ANSIBLE_VAULT_PATH": store["path"],
        "S3_ANSIBLE_VAULT_VAULT_PASSWORD_FILE": store["vault_password_file"],
        "S3_ANSIBLE_VAULT_VAULT_ID": "",
        "ANSIBLE_SHOW_CUSTOM_STATS": "true",
    }


def handed_on(output: str) -> dict[str, Any]:
    """Return what set_stats left for AWX."""
    found = re.search(r"^\s*RUN: (\{.*\})$", output, re.MULTILINE)
    assert found, output
    return dict(json.loads(found[1]))


def plan_in(stats: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a workflow hands to the job that runs the plan."""
    return {name: value for name, value in stats.items() if name.startswith("s3_rotate_plan")}


def test_a_plan_is_approved_and_obeyed_by_the_next_job_of_a_workflow(estate: Estate) -> None:
    environment = credential(estate)
    before = estate.all_writes()

    plan = estate.run(
        "rotate",
        environment=environment,
        variables={
            "awx_job_id": 7,
            "s3_rotate_dry_run": "yes",
            "s3_rotate_run_max_age": "",
            "s3_rotate_write_plan": str(estate.folder / "plan.json"),
        },
    )

    assert plan.code == 0, plan.output
    assert estate.all_writes() == before
    stats = handed_on(plan.output)
    assert {row["endpoint"] for row in stats["s3_rotation"]["accounts"]} == set(estate.endpoints)
    assert stats["s3_rotation"]["rehearsed"] is True
    workflow = plan_in(stats)
    assert set(workflow) == {"s3_rotate_plan_hash", "s3_rotate_plan_text"}

    wrong = {**workflow, "s3_rotate_plan_hash": "0" * 64, "awx_job_id": 8}
    refused = estate.run("rotate", environment=environment, variables=wrong)
    assert refused.code == 2
    assert estate.all_writes() == before

    rotated = estate.run(
        "rotate",
        environment=environment,
        variables={
            **workflow,
            "s3_rotate_stats": True,
            "s3_rotate_dry_run": "no",
            "s3_rotate_change": "",
        },
    )

    assert rotated.code == 0, rotated.output
    for name in estate.endpoints:
        assert set(estate.actions(name).values()) == {"rotated"}
    done = handed_on(rotated.output)["s3_rotation"]
    assert {row["action"] for row in done["accounts"]} == {"rotated"}
    assert done["rehearsed"] is False
    assert not any(secret in rotated.output for secret in estate.secrets())


def test_a_plan_that_came_as_text_binds_the_batches_of_keys_in_place(in_place: Estate) -> None:
    environment = credential(in_place)
    path = str(in_place.folder / "plan.json")
    plan = in_place.run(
        "rotate",
        environment=environment,
        variables={"awx_job_id": 7, "s3_rotate_dry_run": "yes", "s3_rotate_write_plan": path},
    )
    workflow = plan_in(handed_on(plan.output))

    done = in_place.run("rotate", environment=environment, variables=workflow)

    assert done.code == 0, done.output
    assert in_place.all_writes() == dict.fromkeys(IN_PLACE, ACCOUNTS)
    told = {path.stem for path in in_place.folder.glob("told-*")}
    assert told == {f"told-{host}-app-000{n}" for host in IN_PLACE for n in (1, 2)}


def test_a_plan_that_is_too_long_for_a_text_goes_by_its_path(estate: Estate) -> None:
    environment = credential(estate)
    path = str(estate.folder / "plan.json")

    plan = estate.run(
        "rotate",
        environment=environment,
        variables={
            "awx_job_id": 7,
            "s3_rotate_dry_run": "yes",
            "s3_rotate_write_plan": path,
            "s3_rotate__most_text": 10,
        },
    )

    workflow = plan_in(handed_on(plan.output))
    assert workflow == {
        "s3_rotate_plan": path,
        "s3_rotate_plan_hash": json.loads(Path(path).read_text())["sha256"],
    }
    required = {**workflow, "s3_rotate_plan_required": True}
    done = estate.run("rotate", environment=environment, variables=required)
    assert done.code == 0, done.output
    for name in estate.endpoints:
        assert set(estate.actions(name).values()) == {"rotated"}


def test_answers_of_several_lines_name_accounts_and_keys(estate: Estate) -> None:
    environment = credential(estate)
    explicit = {"s3_rotate_acknowledge": "explicit"}
    assert estate.run("rotate", environment=environment, variables=explicit).code == 0
    rows = estate.rows("osis")
    lines = "\n".join(f"  {name}   {row['access_key']} " for name, row in rows.items())

    said = estate.run(
        "acknowledge",
        "--limit",
        "osis",
        environment=environment,
        variables={**explicit, "s3_rotate_users": lines + "\n"},
    )

    assert said.code == 0, said.output
    assert set(estate.actions("osis").values()) == {"acknowledged"}

    leaked = rows["app-0001"]["access_key"]
    emergency = estate.run(
        "emergency",
        environment=environment,
        variables={"s3_rotate_compromised": f"{leaked}\n", "s3_rotate_reason": "INC0042"},
    )

    assert emergency.code == 0, emergency.output
    assert estate.endpoints["osis"].simulator.secret_of(leaked) is None


def test_a_list_that_was_typed_otherwise_than_in_json_is_refused_by_name(estate: Estate) -> None:
    answers = {"s3_rotate_reason": "INC0042", "s3_rotate_users": "[{name: app-0001}]"}
    before = estate.all_writes()

    refused = estate.run(
        "repair", "--limit", "osis", environment=credential(estate), variables=answers
    )

    assert refused.code == 2
    assert "users is a text that looks like a list" in refused.output
    assert estate.all_writes() == before

    answers["s3_rotate_users"] = ' [{"name": "app-0001"}]\n'
    done = estate.run(
        "repair", "--limit", "osis", environment=credential(estate), variables=answers
    )

    assert done.code == 0, done.output
    assert estate.actions("osis") == {"app-0001": "rotated"}


def test_an_emergency_in_place_is_allowed_by_its_survey(in_place: Estate) -> None:
    environment = credential(in_place)
    # Nobody is told, and no endpoint may end a key that works.
    in_place.variables.update(s3_rotate_consumers=[], s3_rotate_allow_disruption=False)
    allowed = {"s3_rotate_allow_disruption": True}
    assert in_place.run("rotate", environment=environment, variables=allowed).code == 0
    leaked = in_place.rows("one")["app-0001"]["access_key"]
    answers = {
        "s3_rotate_compromised": f"{leaked}\n",
        "s3_rotate_reason": "INC0042",
        "s3_rotate_replaces": "",
        "s3_rotate_cut_first": "no",
        "s3_rotate_dry_run": "no",
    }

    refused = in_place.run(
        "emergency",
        environment=environment,
        variables={**answers, "s3_rotate_run_allow_disruption": "no"},
    )
    assert refused.code == 2
    assert leaked in in_place.keys("one")

    done = in_place.run(
        "emergency",
        environment=environment,
        variables={**answers, "s3_rotate_run_allow_disruption": "yes"},
    )
    assert done.code == 0, done.output
    assert leaked not in in_place.keys("one")


def test_one_report_of_the_slices_names_the_endpoint_that_none_of_them_had(
    estate: Estate,
) -> None:
    environment = credential(estate)
    project = Path(__file__).resolve().parents[2] / "roles/s3_awx/files/project"
    job = {"s3_rotate_report_dir": str(estate.folder / "evidence"), "awx_job_id": 9}

    nothing = estate.run(str(project / "report.yml"), environment=environment, variables=job)
    assert nothing.code == 2
    assert "has no report of the last 1d" in nothing.output

    for number, host in enumerate(("osis", "cloud")):
        part = {
            "s3_hosts": host,
            "awx_job_id": number,
            "s3_rotate_report_dir": job["s3_rotate_report_dir"],
        }
        done = estate.run(str(project / "audit.yml"), environment=environment, variables=part)
        assert done.code == 0, done.output
    merged = estate.run(str(project / "report.yml"), environment=environment, variables=job)
    assert merged.code == 0, merged.output
    assert handed_on(merged.output)["s3_rotation"]["line"].startswith("2 of 3 endpoints")
    # Jobs run side by side over one folder: what each has of its own goes with it.
    assert list((estate.folder / "evidence" / "parts").iterdir()) == []
    report = json.loads((estate.folder / "evidence" / "report.json").read_text())
    failed = [host["host"] for host in report["hosts"] if host["failure"]]
    assert failed == ["cluster"]
