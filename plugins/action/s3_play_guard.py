# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens on the controller for s3_play_guard: all of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Optional

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ..plugin_utils import fleet_scope
from ..plugin_utils.fleet_options import ALIASES, ROLE_VARIABLES

_PREFIX = "s3_rotate_"
#: What the role itself hands to consumers, and what only a fleet's file has as a word of its own.
_HANDED = ("accounts", "account", "scope", "reference", "consumer")
_OF_VERIFY = ("bucket", "region", "addressing_style")
#: Far enough from all of them, a name may be a variable of the operator's own.
_NEAR = 0.85
#: A host that has ended a task waits for the others. "debug" is linear with a prompt.
_IN_STEP = ("linear", "debug")


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """Looks at the play that this task stands in. Changes nothing."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("refuse", "scope", "may_be_none"))
    _requires_connection = False

    def run(
        self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        """Return ok, or a failure that says which line of the play to remove."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        strategy = str(self._task.get_play().strategy)
        result.update(changed=False, strategy=strategy)
        if self._task.args.get("scope"):
            # Before the play that it is about, so that nothing else is known yet.
            may_be_none = boolean(self._task.args.get("may_be_none", False))
            here, said = fleet_scope.wrong(self._task.args["scope"], variables, may_be_none)
            result.update(hosts=here, **({"failed": True, "msg": said} if said else {}))
            doubt = fleet_scope.doubt(self._task.args["scope"], variables)
            if may_be_none and doubt and not said:
                result["warnings"] = [doubt]
        elif not strategy.rpartition(".")[2].endswith(_IN_STEP):
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
        else:
            wrong = [misspelt(variables), *_asked_for(self._task.args.get("refuse"))]
            if any(wrong):
                said = " ".join(filter(None, wrong))
                result.update(failed=True, msg=f"{said} Nothing was touched.")
        return result


def _asked_for(refuse: Any) -> list[str]:
    """Return why the play itself wants to be refused."""
    return [str(each["why"]) for each in refuse or () if boolean(each["when"])]


def misspelt(variables: Iterable[str]) -> Optional[str]:
    """Say which variable was meant to be one of the role's; None where there is none.

    Ansible ignores what nobody reads, and a run without the limit that it was to have, or without
    the account that it was to be for, rotates all there is.
    """
    known = {*ROLE_VARIABLES, *_HANDED}
    for name in sorted(variables):
        word = name.removeprefix(_PREFIX)
        if not name.startswith(_PREFIX) or word.startswith("_") or word in known:
            continue
        if word in _OF_VERIFY:
            return f"{name} is no variable of the role: it stands in s3_rotate_verify."
        near = (
            [ALIASES[word]] if word in ALIASES else difflib.get_close_matches(word, known, 1, _NEAR)
        )
        if near:
            return (
                f"{name} is no variable of the role, {_PREFIX}{near[0]} is; a variable of your own"
                " needs another name."
            )
    return None
