# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One job by each front: ansible, ansible-playbook, ansible-navigator, ansible-runner."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

import ansible_runner  # type: ignore[import-untyped]  # it has no types
import yaml

from .estate import BIN, Estate

#: Where ansible-navigator is, when it is not beside this Python.
NAVIGATOR = Path(os.environ.get("ANSIBLE_NAVIGATOR") or BIN / "ansible-navigator")
FQCN = "objectstore.credentials."
_LONGEST = 1200


@dataclass(frozen=True)
class Step:
    """One call of a module, or of a role, on some of the hosts."""

    name: str
    module: str
    arguments: Mapping[str, Any]
    hosts: str = "s3_endpoints"
    #: What of its result is an outcome, beside those of every module.
    says: str = ""


#: Step -> host -> what came of it.
Outcomes = dict[str, dict[str, Any]]
Passwords = Optional[Mapping[str, str]]
Front = Callable[[Estate, list[Step]], Outcomes]


def outcome(step: Step, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a result what has to be the same everywhere: identifiers are drawn anew."""
    said = str(result.get(step.says, "")) if step.says else ""
    return {
        "changed": bool(result.get("changed")),
        "failed": (result.get("failure") or {}).get("kind") or bool(result.get("failed")),
        "totals": result.get("totals"),
        "actions": {row.get("account"): row.get("action") for row in result.get("accounts") or []},
        "says": said,
    }


def report_of(estate: Estate) -> dict[str, Any]:
    """Return what the role's report says: by endpoint and account, and in all."""
    report = json.loads((estate.folder / "evidence" / "report.json").read_text())
    rows = sorted((row["endpoint"], row["account"], row["action"]) for row in report["accounts"])
    return {"rows": rows, "summary": report["summary"], "status": report["status"]}


def by_adhoc(estate: Estate, steps: list[Step]) -> Outcomes:
    """Type each step as a command of its own."""
    found: Outcomes = {}
    for step in steps:
        # A role has no result; its report tells.
        tree = estate.folder / "home" / f"tree-{step.name}"
        command = ["ansible", step.hosts, "-i", str(estate.inventory), "-m", step.module]
        if step.arguments:
            command += ["-a", json.dumps(step.arguments)]
        _run(
            command,
            estate,
            ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.tree",
            ANSIBLE_CALLBACK_TREE_DIR=str(tree),
            # Commands of one module have none otherwise.
            ANSIBLE_LOAD_CALLBACK_PLUGINS="true",
        )
        if _is_call(step):
            results = {path.name: json.loads(path.read_text()) for path in sorted(tree.iterdir())}
            found[step.name] = {host: outcome(step, result) for host, result in results.items()}
    return found


def by_playbook(estate: Estate, steps: list[Step]) -> Outcomes:
    """Run a playbook of the steps."""
    book = _book(estate, steps)
    _run(["ansible-playbook", "-i", str(estate.inventory), str(book)], estate)
    return _written(estate, steps)


def by_navigator(estate: Estate, steps: list[Step]) -> Outcomes:
    """Run it with ansible-navigator, without an execution environment."""
    book = _book(estate, steps)
    command = [str(NAVIGATOR), "run", str(book), "-i", str(estate.inventory)]
    command += ["--ee", "false", "--mode", "stdout", "--playbook-artifact-enable", "false"]
    command += ["--log-file", str(estate.folder / "home" / "navigator.log")]
    assert NAVIGATOR.exists(), f"{NAVIGATOR} is not there: make env-dev installs it"
    _run(command, estate)
    return _written(estate, steps)


def by_runner(estate: Estate, steps: list[Step]) -> Outcomes:
    """Run it with ansible-runner, as AWX does, and read the job events."""
    book = _book(estate, steps)
    output, events = run_as_awx(estate, book)
    by_name = {step.name: step for step in steps if _is_call(step)}
    found: Outcomes = {name: {} for name in by_name}
    for event in events:
        data = event["event_data"]
        name = data.get("task")
        if name in by_name and "res" in data:
            found[name][data["host"]] = outcome(by_name[name], data["res"])
    assert all(found.values()), output[-3000:]
    return found


FRONTS: dict[str, Front] = {
    "ansible": by_adhoc,
    "ansible-playbook": by_playbook,
    "ansible-navigator": by_navigator,
    "ansible-runner": by_runner,
}


def run_as_awx(
    estate: Estate, book: Path, arguments: str = "", passwords: Passwords = None
) -> tuple[str, list[dict[str, Any]]]:
    """Run a playbook as AWX does: injected environment, arguments, answers to prompts by pattern.

    Returns what it printed and the events of tasks that ended on a host.
    """
    # AWX makes a folder for each job; ansible-runner would go by what it has noted in this one.
    for name in ("cmdline", "passwords", "envvars"):
        (estate.folder / "env" / name).unlink(missing_ok=True)
    done = ansible_runner.run(
        private_data_dir=str(estate.folder),
        playbook=str(book),
        inventory=str(estate.inventory),
        envvars=estate.environment,
        cmdline=arguments or None,
        passwords=dict(passwords or {}),
        quiet=True,
        settings={"suppress_ansible_output": True, "idle_timeout": _LONGEST},
    )
    output = Path(done.config.artifact_dir, "stdout").read_text(errors="replace")
    assert done.status == "successful", output[-4000:]
    return output, list(_ended(Path(done.config.artifact_dir)))


def _ended(artifacts: Path) -> Iterator[dict[str, Any]]:
    def number(path: Path) -> int:
        return int(path.name.partition("-")[0])

    for path in sorted((artifacts / "job_events").glob("[0-9]*.json"), key=number):
        event = json.loads(path.read_text())
        if event.get("event") in ("runner_on_ok", "runner_on_failed"):
            yield event


def _book(estate: Estate, steps: list[Step]) -> Path:
    """Write a play for each step; what came of it goes into a file for each host."""
    plays = [
        {
            "hosts": step.hosts,
            "gather_facts": False,
            "tasks": [
                {
                    "name": step.name,
                    step.module: dict(step.arguments),
                    **({"ignore_errors": True, "register": "result"} if _is_call(step) else {}),
                },
                *([_note(estate, step)] if _is_call(step) else []),
            ],
        }
        for step in steps
    ]
    book = estate.folder / "project" / "job.yml"
    book.write_text(yaml.safe_dump(plays))
    return book


def _is_call(step: Step) -> bool:
    return not step.module.endswith("include_role")


def _note(estate: Estate, step: Step) -> dict[str, Any]:
    place = f"{estate.folder}/home/{step.name}@{{{{ inventory_hostname }}}}.json"
    content = "{{ result | to_json }}"
    return {
        "name": "Note what came of it",
        "ansible.builtin.copy": {"dest": place, "content": content, "mode": "0600"},
    }


def _written(estate: Estate, steps: list[Step]) -> Outcomes:
    found: Outcomes = {}
    for step in steps:
        if not _is_call(step):
            continue
        paths = sorted((estate.folder / "home").glob(f"{step.name}@*.json"))
        found[step.name] = {
            re.sub(r".*@|\.json$", "", path.name): outcome(step, json.loads(path.read_text()))
            for path in paths
        }
    return found


def _run(command: list[str], estate: Estate, **more: str) -> str:
    done = subprocess.run(
        command,
        cwd=estate.folder / "project",
        env={**estate.environment, **more},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_LONGEST,
        check=False,
    )
    # A step that fails on one host is an outcome to compare; nothing at all is none.
    assert "ERROR!" not in done.stderr, done.stderr[-3000:]
    return done.stdout + done.stderr
