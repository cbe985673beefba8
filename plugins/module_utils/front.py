# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file here that knows Ansible: options in, one platform opened, result or failure out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .clock import Clock, clock_for
from .errors import CredentialsError, sentences
from .http import Client
from .options import ArgumentSpec, check_scope, connection_spec
from .platform import Platform
from .redaction import Redactor, passwords_in_url
from .results import Outcome
from .settings import resolve

Platforms = Mapping[str, type[Platform]]


class Job:
    """What an operation gets: options, the platform (not yet connected), the clock, the mode."""

    def __init__(
        self, params: dict[str, Any], platform: Platform, clock: Clock, check_mode: bool
    ) -> None:
        self.params = params
        self.platform = platform
        self.clock = clock
        self.check_mode = check_mode

    @property
    def parallelism(self) -> int:
        """How many accounts at a time."""
        return self.platform.settings.parallelism


def run(spec: ArgumentSpec, platforms: Platforms, operation: Callable[[Job], Outcome]) -> None:
    """Parse the options, do the operation, leave with its result; never with a traceback."""
    scopes = {name: known.SCOPE for name, known in platforms.items()}
    full = connection_spec(scopes) | spec
    module = AnsibleModule(supports_check_mode=True, **full.for_module())
    for value in module.params.values():
        # Ansible shows the arguments at -vvv; an option such as proxy may hold a login.
        module.no_log_values.update(passwords_in_url(value))
    redactor = Redactor()
    with _errors_become_failures(module, redactor):
        platform_class = platforms[module.params["platform"]]
        check_scope(module.params, scopes)
        settings = resolve(module.params, platform_class.name, platform_class.SCOPE)
        for warning in settings.warnings:
            module.warn(redactor.redact(warning))
        clock = clock_for([settings.api_url, settings.scope.get("login_url")])
        if clock.offset:
            module.warn(f"The clock is moved by {clock.offset:g} s for a test.")
        client = Client(
            settings,
            redactor,
            clock,
            check_mode=module.check_mode,
            allow_side_effects=bool(module.params.get("allow_side_effects")),
        )
        try:
            platform = platform_class(settings, client)
            outcome = operation(Job(module.params, platform, clock, module.check_mode))
        finally:
            client.close()
        for warning in outcome.warnings:
            module.warn(redactor.redact(warning))
        # Only what failed is redacted: a secret that return_secret asked for must not be masked,
        # least of all when another account of the list failed.
        outcome.place(platform=platform.name, endpoint=settings.endpoint)
        for bad in outcome.failures:
            bad.why = redactor.redact(bad.why)
            bad.failure = redactor.redact_all(bad.failure)
        for row in outcome.accounts:
            row.details = redactor.redact_all(row.details)
        outcome.extra = redactor.redact_all(outcome.extra)
        _unmask(module, outcome)
        result = outcome.as_dict(diff=module._diff)
    if outcome.failures:
        module.fail_json(**result)
    module.exit_json(**result)


def _unmask(module: AnsibleModule, outcome: Outcome) -> None:
    """Keep Ansible from masking a short password inside a secret that was asked for."""
    returned = [row.extra.get("secret_key") or "" for row in outcome.accounts]
    module.no_log_values = {
        text for text in module.no_log_values if not any(text in secret for secret in returned)
    }


@contextlib.contextmanager
def _errors_become_failures(module: AnsibleModule, redactor: Redactor) -> Iterator[None]:
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
