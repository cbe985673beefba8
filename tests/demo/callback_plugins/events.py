# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the demo what each task did: one line of JSON on standard output per result."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: events
type: stdout
short_description: One line of JSON per result
description:
  - One more at the start of each task.
  - For tools/demo.py, which reads these lines and tells the story.
"""

MARK = "event "
KEPT = (
    *("accounts", "totals", "platform_info", "diff", "msg", "failure", "censored", "warnings"),
    *("journal", "run", "changed"),
)


def _parts(result: Any) -> tuple[Any, Any, Any]:
    if hasattr(result, "result"):  # ansible-core 2.19 and later
        return result.result, result.host, result.task
    return result._result, result._host, result._task


def _print(outcome: str, host: Any, task: Any, told: dict[str, Any]) -> None:
    event = {
        "outcome": outcome,
        "host": host.get_name(),
        "task": task.get_name(),
        "module": task.action,
        "changed": bool(told.get("changed")),
        "result": {name: told[name] for name in KEPT if name in told},
    }
    print(MARK + json.dumps(event, default=str), flush=True)


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no types
    """See the file's first line."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "events"

    def _tell(self, outcome: str, result: Any) -> None:
        told, host, task = _parts(result)
        _print(outcome, host, task, told)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task begins at a host."""
        _print("start", host, task, {})

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task went well."""
        self._tell("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._tell("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host could not be reached."""
        self._tell("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task was left out."""
        self._tell("skipped", result)
