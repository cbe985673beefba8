# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible itself leaves behind, as docs/security.md tells it, and how to avoid it."""

from __future__ import annotations

from typing import Any

from .lab import Lab
from .outcome import FQCN

DEBUG = "ansible.builtin.debug"


def canary(lab: Lab, what: str) -> str:
    """Return a secret of one task."""
    secret = f"Can/ary+4CanaryOf{what.title().replace(' ', '')}"
    lab.learn(what, secret)
    return secret


def test_what_ansible_shows(lab: Lab) -> None:
    variables = {name: canary(lab, name) for name in ("item", "environment", "fact", "avoided")}
    tasks: list[dict[str, Any]] = [
        {DEBUG: {"msg": "hello"}, "loop": ["{{ item_ }}"]},
        {
            "ansible.builtin.command": {"cmd": "true"},
            "environment": {"API_PASSWORD": "{{ environment_ }}"},
        },
        {"ansible.builtin.set_fact": {"known": "{{ fact_ }}"}},
        {DEBUG: {"msg": "hello"}, "loop": ["{{ avoided_ }}"], "no_log": True},
        {"ansible.builtin.set_fact": {"other": "{{ avoided_ }}"}, "no_log": True},
    ]
    lab.run(tasks, variables={f"{name}_": secret for name, secret in variables.items()})
    leaks = lab.found().leaks
    assert {leak.secret for leak in leaks} == {"item", "environment", "fact"}
    assert {"ansible.log", "private/artifacts/run-1/stdout"} <= {leak.file for leak in leaks}


def test_arguments_of_a_task_as_the_playbook_has_them(lab: Lab) -> None:
    secret = canary(lab, "literal")
    options = {**lab.plain("cluster"), "all": True}
    task = {"name": "List", FQCN + "s3_credential_info": {**options, "api_password": secret}}
    lab.run([{**task, "ignore_errors": True}])
    # The playbook itself has it, of course.
    lab.assert_leaks_are(r"private/project/book-1\.yml", r"trees/book-1-.*\.xml")
    shown = {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true"}
    lab.run([{**task, "ignore_errors": True}], environment=shown)
    lab.assert_leaks_are(
        r"private/project/book-.\.yml",
        r"trees/book-.-.*\.xml",
        r"private/artifacts/run-2/stdout",
        r"private/artifacts/run-2/job_events/.*\.json",
        r"ansible\.log",
    )
