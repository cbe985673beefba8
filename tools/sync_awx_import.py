# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kit for AWX as a file that `awx import` reads, for those who do not run the playbook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def import_file(
    types: list[dict[str, Any]], kit: Mapping[str, Any], names: Mapping[str, Any]
) -> str:
    """Return the kit as `awx export` would write it. names: the defaults of the role."""
    organization = {"name": names["s3_awx_organization"], "type": "organization"}

    def key(kind: str, name: str, **more: Any) -> dict[str, Any]:
        return {"organization": organization, "name": name, "type": kind, **more}

    project = key("project", names["s3_awx_project"])
    inventory = key("inventory", names["s3_awx_inventory"])
    notified = names["s3_awx_notification"]
    book = {
        "credential_types": [
            {
                **each,
                "natural_key": {"name": each["name"], "kind": "cloud", "type": "credential_type"},
            }
            for each in types
        ],
        "notification_templates": [
            {
                "name": notified,
                "description": "Names the accounts and what became of each",
                "organization": organization,
                "notification_type": "webhook",
                "notification_configuration": names["s3_awx_notification_configuration"],
                "messages": {
                    when: {"message": kit["s3_awx__message"], "body": kit["s3_awx__body_webhook"]}
                    for when in ("success", "error")
                },
                "natural_key": key("notification_template", notified),
            }
        ],
        "projects": [
            {
                "name": names["s3_awx_project"],
                "description": "Wrapper playbooks and the file of the fleet",
                "organization": organization,
                "scm_type": "git",
                "scm_url": names["s3_awx_project_url"],
                "scm_update_on_launch": True,
                "natural_key": project,
            }
        ],
        "inventory": [
            {
                "name": names["s3_awx_inventory"],
                "description": "One host is one endpoint, or one shard of one",
                "organization": organization,
                "kind": "",
                "natural_key": inventory,
            }
        ],
        "inventory_sources": [
            {
                "name": names["s3_awx_inventory_source"],
                "source": "scm",
                "source_path": names["s3_awx_inventory_path"],
                "source_project": project,
                "overwrite": True,
                "overwrite_vars": True,
                "update_on_launch": True,
                "inventory": inventory,
                # Without the organization, or a second import makes it again and is refused.
                "natural_key": {
                    "name": names["s3_awx_inventory_source"],
                    "inventory": inventory,
                    "type": "inventory_source",
                },
            }
        ],
        "job_templates": [
            {
                **job_template(each, names),
                "inventory": inventory,
                "project": project,
                "related": {
                    "survey_spec": survey(each, kit),
                    **{
                        f"notification_templates_{when}": [key("notification_template", notified)]
                        for when in each.get("notify", ())
                    },
                },
                "natural_key": key("job_template", each["name"]),
            }
            for each in kit["s3_awx__job_templates"]
        ],
        "workflow_job_templates": [_workflow(kit["s3_awx__workflow"], kit, key, notified)],
        "schedules": [
            {
                "name": each["name"],
                "description": each["description"],
                "rrule": each["rrule"],
                "enabled": False,
                "extra_data": {},
                "unified_job_template": key(each["type"], each["of"]),
                "natural_key": {
                    "unified_job_template": key(each["type"], each["of"]),
                    "name": each["name"],
                    "type": "schedule",
                },
            }
            for each in kit["s3_awx__schedules"]
        ],
    }
    return json.dumps(book, indent=2, ensure_ascii=True) + "\n"


def job_template(entry: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain fields of a job template."""
    return {
        "name": entry["name"],
        "description": entry["description"],
        "job_type": "run",
        "playbook": entry["playbook"],
        "job_slice_count": names["s3_awx_slices"] if entry.get("sliced") else 1,
        "survey_enabled": bool(entry.get("survey")),
        "ask_credential_on_launch": True,
        "allow_simultaneous": False,
        "extra_vars": json.dumps(
            {"s3_rotate_report_dir": names["s3_awx_report_dir"], **entry.get("extra_vars", {})}
        ),
    }


def survey(entry: Mapping[str, Any], kit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the survey of a template; empty where it has none."""
    questions = [kit["s3_awx__questions"][name] for name in entry.get("survey", ())]
    return {"name": "", "description": "", "spec": questions} if questions else {}


def _workflow(
    entry: Mapping[str, Any], kit: Mapping[str, Any], key: Any, notified: str
) -> dict[str, Any]:
    workflow = key("workflow_job_template", entry["name"])

    def node_key(identifier: str) -> dict[str, Any]:
        return {
            "workflow_job_template": workflow,
            "identifier": identifier,
            "type": "workflow_job_template_node",
        }

    nodes = []
    for node in entry["nodes"]:
        related: dict[str, Any] = {
            f"{how}_nodes": [node_key(each) for each in node.get(how, ())]
            for how in ("success", "failure", "always")
        }
        made: dict[str, Any] = {
            "identifier": node["identifier"],
            "all_parents_must_converge": False,
            "natural_key": node_key(node["identifier"]),
        }
        if "approval" in node:
            related["create_approval_template"] = dict(node["approval"])
        else:
            made["unified_job_template"] = key("job_template", node["job_template"])
            made["extra_data"] = node.get("extra_data", {})
        nodes.append({**made, "related": related})
    told = [key("notification_template", notified)]
    return {
        "name": entry["name"],
        "description": entry["description"],
        "organization": workflow["organization"],
        "survey_enabled": True,
        "allow_simultaneous": False,
        "extra_vars": "{}",
        "related": {
            "workflow_nodes": nodes,
            "survey_spec": survey(entry, kit),
            "notification_templates_error": told,
            "notification_templates_approvals": told,
        },
        "natural_key": workflow,
    }
