# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens on the controller around every module of this collection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Optional

import yaml
from ansible import constants, context
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ..module_utils.store_environment import store_of
from .liaison import Liaison, sentence

#: The options that are dictionaries: Ansible's own refusal of one would not name it.
_DICTIONARIES = ("secret_store", "destination", "verify")


class CredentialsAction(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """Runs the module of the same name.

    Fills endpoint with the inventory host's name, shows the module's progress, hands it the vault
    secrets that the controller holds, says when secrets would travel to another machine, and keeps
    a result that holds secrets off the terminal, the log and the job events: register still gets
    it. A module cannot do any of these by itself.
    """

    _supports_async = True
    #: Whether endpoint is the host's name where it is left out; without it, a module has all.
    fills_endpoint = True

    def run(
        self, tmp: Optional[str] = None, task_vars: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        if self.fills_endpoint and arguments.get("endpoint") is None:
            arguments["endpoint"] = variables.get("inventory_hostname")
        refusal = _read_dictionaries(arguments) or self._secret_without_receiver(arguments)
        if refusal:
            result.update(failed=True, changed=False, msg=refusal)
            return result
        with self._liaison(arguments, variables) as path:
            result.update(
                self._execute_module(
                    module_args=arguments,
                    # AnsibleModule knows the path of a connection's socket; local has none.
                    task_vars={**variables, "ansible_socket": path} if path else variables,
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

    @contextlib.contextmanager
    def _liaison(
        self, arguments: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> Iterator[Optional[str]]:
        """Serve the module while it runs; yields the socket's path, None where there is no use.

        A module on another machine cannot reach it, one that runs on its own has nobody to tell.
        """
        if self._task.async_val or self._connection.transport != "local":
            yield None
            return
        name = f"{self._task.action.rpartition('.')[2]} [{variables.get('inventory_hostname')}]"
        is_shown = not is_one_line()

        def show(progress: Mapping[str, Any]) -> None:
            text = sentence(progress) if is_shown else None
            if text:
                # On standard error, as warnings: what a callback prints may be read by a program.
                self._display.display(f"{name}: {text}", stderr=True)

        secrets = vault_secrets(self._loader) if wants_vault_secrets(arguments) else []
        # Ansible removes its own folder at the end, also if this process is killed.
        with Liaison(show, secrets, [constants.DEFAULT_LOCAL_TMP]) as liaison:
            yield liaison.path

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


def _read_dictionaries(arguments: dict[str, Any]) -> Optional[str]:
    """Make dictionaries of those that were typed; say which one is none, without repeating it."""
    for name in _DICTIONARIES:
        if isinstance(arguments.get(name), str):
            read = dictionary_of(arguments[name])
            if read is None:
                return (
                    f"{name} is no dictionary. Write it as in an inventory, {name}='{{a: b}}', or"
                    f" as {name}='a=b c=d'. Nothing was touched."
                )
            arguments[name] = read
    return None


def dictionary_of(text: str) -> Optional[dict[str, Any]]:
    """Return the dictionary that a text is, as Ansible reads it, or else as an inventory would.

    Of YAML every value is taken as the text that it is: nobody's password is a number.
    """
    try:
        return dict(check_type_dict(text))
    except (TypeError, ValueError):
        pass
    try:
        read = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # makes texts alone
    except yaml.YAMLError:
        return None
    return read if isinstance(read, dict) else None


def holds_secrets(result: Mapping[str, Any]) -> bool:
    """Tell whether a module's result returns a secret key of any account."""
    accounts = result.get("accounts")
    if not isinstance(accounts, list):
        return False
    return any(isinstance(row, dict) and row.get("secret_key") for row in accounts)


def is_one_line() -> bool:
    """Tell whether a line per host was asked for, with -o or by the callback of that name."""
    callback = str(constants.DEFAULT_STDOUT_CALLBACK or "")
    return bool(context.CLIARGS.get("one_line")) or callback.rpartition(".")[2] == "oneline"


def wants_vault_secrets(arguments: Mapping[str, Any]) -> bool:
    """Tell whether a task keeps its secrets in files that are encrypted by ansible-vault."""
    own = store_of(arguments.get("secret_store"))
    return any(_is_of_vault(store) for store in (own, arguments.get("destination")))


def _is_of_vault(store: Any) -> bool:
    if isinstance(store, str):
        store = dictionary_of(store)
    return isinstance(store, Mapping) and store.get("type") == "ansible_vault"


def vault_secrets(loader: Any) -> list[tuple[str, bytes]]:
    """Return the vault secrets that Ansible was started with, each with its label, in its order.

    Ansible has no public way to them; where its insides differ from those of 2.16 to 2.21 there
    are none.
    """
    found = []
    for entry in getattr(getattr(loader, "_vault", None), "secrets", None) or ():
        try:
            label, secret = entry
        except (TypeError, ValueError):
            continue
        password = getattr(secret, "bytes", None)
        if isinstance(password, bytes) and password:
            found.append((str(label), password))
    return found
