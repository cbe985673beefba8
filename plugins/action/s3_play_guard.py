# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens on the controller for s3_play_guard: all of it."""

from __future__ import annotations

from typing import Any, Optional

from ansible.plugins.action import ActionBase

#: A host that has ended a task waits for the others. "debug" is linear with a prompt.
_IN_STEP = ("linear", "debug")


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """Looks at the play that this task stands in. Changes nothing."""

    TRANSFERS_FILES = False
    _VALID_ARGS: frozenset[str] = frozenset()
    _requires_connection = False

    def run(
        self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        """Return ok, or a failure that says which line of the play to remove."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        strategy = str(self._task.get_play().strategy)
        result.update(changed=False, strategy=strategy)
        if not strategy.rpartition(".")[2].endswith(_IN_STEP):
            result.update(
                failed=True,
                msg=f"strategy: {strategy} lets endpoints run ahead of each other, so that keys"
                " would be rotated at one before another was looked at. Nothing was touched. Use"
                " strategy: linear.",
            )
        elif len(variables.get("ansible_play_batch", ())) < len(
            # Hosts that failed earlier in the play are in neither.
            variables.get("ansible_play_hosts", ())
        ):
            result.update(
                failed=True,
                msg="serial cuts the endpoints into batches, so that keys would be rotated in the"
                " first before the others were looked at. Nothing was touched. Leave serial out;"
                " forks (-f) sets how many endpoints work at a time.",
            )
        return result
