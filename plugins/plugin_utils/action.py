# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens on the controller around every module of this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase


class CredentialsAction(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """Runs the module of the same name.

    Fills endpoint with the inventory host's name, says when secrets would travel to another
    machine, and keeps a result that holds secrets off the terminal, the log and the job events:
    register still gets it. A module cannot do any of these by itself.
    """

    _supports_async = True

    def run(
        self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        if arguments.get("endpoint") is None:
            arguments["endpoint"] = variables.get("inventory_hostname")
        refusal = self._secret_without_receiver(arguments)
        if refusal:
            result.update(failed=True, changed=False, msg=refusal)
            return result
        result.update(
            self._execute_module(
                module_args=arguments,
                task_vars=variables,
                wrap_async=self._task.async_val and not self._connection.has_native_async,
            )
        )
        if holds_secrets(result):
            result["_ansible_no_log"] = True
            if result.get("failed"):
                self._display.warning(
                    f"{result.get('msg')} The result is hidden because it holds the secrets of"
                    " accounts that did not fail: register and rescue it."
                )
        if self._connection.transport != "local":
            result.setdefault("warnings", []).append(
                f"{self._task.action} ran on {variables.get('inventory_hostname')} over"
                f" {self._connection.transport}: its login travelled there, and the environment and"
                " files of this controller were not seen. Use connection: local or"
                " delegate_to: localhost."
            )
        return result

    def _secret_without_receiver(self, arguments: Mapping[str, Any]) -> Optional[str]:
        """Say why a secret that return_secret asks for would be lost or left lying about."""
        if self._task.check_mode or not boolean(arguments.get("return_secret"), strict=False):
            return None
        if self._task.async_val:
            return (
                "return_secret cannot be used with async: Ansible would keep the secret in a file"
                " and show it. Nothing was touched. Leave async out."
            )
        # A pair of the caller's own is not returned, so that it cannot be lost here.
        if not self._task.register and not arguments.get("secret_key"):
            return (
                "return_secret gives the secret to register and to nothing else, and this task has"
                " no register: the secret would be lost. Nothing was touched. Add register: NAME"
                " (an ad-hoc command has none: use a playbook)."
            )
        return None


def holds_secrets(result: Mapping[str, Any]) -> bool:
    """Tell whether a module's result returns a secret key of any account."""
    accounts = result.get("accounts")
    if not isinstance(accounts, list):
        return False
    return any(isinstance(row, dict) and row.get("secret_key") for row in accounts)
