# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module of Ansible as every front needs it: options in, failures out, no secret shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .errors import CredentialsError, sentences
from .invocation import entries, shown
from .redaction import Redactor


class Module(AnsibleModule):  # type: ignore[misc]  # ansible-core has no types
    """Knows how its options were given, and shows no secret of them where Ansible would."""

    params: dict[str, Any]

    def _load_params(self) -> None:
        super()._load_params()
        self.given = dict(self.params)
        for name, value in self.params.items():
            if self._option(name).get("elements") in ("dict", "raw"):
                self.params[name] = self.given[name] = entries(value)

    def _log_invocation(self) -> None:
        params, self.params = self.params, shown(self.params, self.argument_spec)
        try:
            super()._log_invocation()
        finally:
            self.params = params

    def exit_json(self, **result: Any) -> None:
        """Leave, with the arguments as they may be shown."""
        super().exit_json(**{"invocation": self._invocation(), **result})

    def fail_json(self, msg: str, **result: Any) -> None:
        """Leave, with the arguments as they may be shown."""
        super().fail_json(msg, **{"invocation": self._invocation(), **result})

    def _invocation(self) -> dict[str, Any]:
        return {"module_args": shown(self.params, self.argument_spec)}

    def _option(self, name: str) -> Mapping[str, Any]:
        for known, option in self.argument_spec.items():
            if name in (known, *option.get("aliases", ())):
                return dict(option)
        return {}


@contextlib.contextmanager
def errors_become_failures(module: AnsibleModule, redactor: Redactor) -> Iterator[None]:
    try:
        yield
    except CredentialsError as exc:
        _fail(module, redactor, exc)
    except Exception as exc:  # the last line before a user would see a traceback
        _fail(module, redactor, CredentialsError.internal(exc))


def _fail(module: AnsibleModule, redactor: Redactor, exc: CredentialsError) -> None:
    failure = exc.at(
        platform=module.params.get("platform"), endpoint=module.params.get("endpoint")
    ).failure()
    module.fail_json(
        **redactor.redact_all(
            {
                "msg": sentences(exc.message, exc.next_step),
                "failure": failure,
                # Like a result of one account: what may have happened counts as a change.
                "changed": exc.landed is not False and not module.check_mode,
                "accounts": [],
                "totals": {},
            }
        )
    )
