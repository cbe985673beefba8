# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of Ansible came to, as its job events tell it, and which scenarios it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

FQCN = "objectstore.credentials."
_CONSUMERS = "roles/s3_consumer/tasks/"
_PLAYBOOK = "credentials/playbooks/"
_DID = ("rotated", "adopted", "resumed", "recovered")


@dataclass
class Outcome:
    """What one run came to."""

    status: str
    code: Optional[int]
    output: str
    #: Of every task that ended: outcome, task and result, as the job events have them.
    events: list[dict[str, Any]]

    def results(self, task: str) -> list[dict[str, Any]]:
        """Return the results of a task, by its name."""
        return [
            each["event_data"]["res"]
            for each in self.events
            if each["event_data"].get("task") == task and "res" in each["event_data"]
        ]

    def failed(self, task: str) -> list[bool]:
        """Return whether each run of a task failed."""
        return [
            each["event"] == "runner_on_failed"
            for each in self.events
            if each["event_data"].get("task") == task and "res" in each["event_data"]
        ]


def events_of(artifacts: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of tasks that ran on a host, in their order."""

    def number(path: Path) -> int:
        head = path.name.partition("-")[0]
        return int(head) if head.isdigit() else -1

    for path in sorted((artifacts / "job_events").glob("*.json"), key=number):
        event = json.loads(path.read_text())
        if event.get("event", "").startswith("runner_"):
            yield event


def scenarios_in(done: Outcome) -> Iterator[str]:
    """Yield what a run shows to have happened: modules with their states, platforms, stores, ways.

    As they are called in scenarios.py. A task that failed before it began shows no platform.
    """
    for event in done.events:
        data = event["event_data"]
        if event["event"] == "runner_on_failed":
            yield "way: a task that fails"
        place = str(data.get("task_path", ""))
        if _CONSUMERS in place and event["event"] == "runner_on_ok":
            name = place.rpartition("/")[2].partition(".yml")[0]
            yield f"consumer {'files' if name == 'file' else name}"
        if _PLAYBOOK in place and event["event"] == "runner_on_ok":
            # Of a playbook that others import, no command names it.
            yield f"playbook {place.rpartition(_PLAYBOOK)[2].partition('.yml')[0]}"
        action = str(data.get("task_action", ""))
        if action.startswith(FQCN) and event["event"] in ("runner_on_ok", "runner_on_failed"):
            yield from _of_module(action.removeprefix(FQCN), data.get("res") or {})


def _of_module(module: str, result: Mapping[str, Any]) -> Iterator[str]:
    arguments = (result.get("invocation") or {}).get("module_args") or {}
    yield f"module {module}"
    state = arguments.get("state") or arguments.get("status")
    if state and result.get("failed") is not True:
        yield f"module {module}: {state}"
    # With report_path a result holds no rows of what went well.
    if any((result.get("totals") or {}).get(action) for action in _DID):
        yield f"platform {arguments.get('platform')}"
        if arguments.get("mirrors"):
            yield "mirrors"
        store = (arguments.get("secret_store") or {}).get("type")
        if store:
            yield f"store {store}"
        if arguments.get("compromised"):
            yield "way: an emergency"
