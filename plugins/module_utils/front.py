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
from .errors import CredentialsError
from .http import Client
from .options import CONNECTION, ArgumentSpec
from .platform import Platform
from .redaction import Redactor
from .results import Outcome
from .settings import resolve

Platforms = Mapping[str, type[Platform]]


class Job:
    """What an operation gets: the options, the platform (not yet connected), the clock, the mode."""

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
    """Parse the options, do the operation, and leave with its result. Never leaves with a traceback."""
    full = connection_spec(platforms) | spec
    module = AnsibleModule(supports_check_mode=True, **full.for_module())
    redactor = Redactor()
    with _errors_become_failures(module, redactor):
        platform_class = platforms[module.params["platform"]]
        for option in foreign_options(module.params, platforms):
            raise CredentialsError(
                "invalid_option",
                f"{option} is not an option of platform {platform_class.name}.",
                next_step=f"Leave {option} out, or set the platform that knows it.",
                platform=platform_class.name,
            )
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
        result = outcome.as_dict(diff=module._diff)
    if outcome.failures:
        module.fail_json(**redactor.redact_all(result))
    module.exit_json(**result)


def connection_spec(platforms: Platforms) -> ArgumentSpec:
    """Return the options of every module: the platform, the connection, the platforms' scopes."""
    choices = sorted(platforms)
    platform: dict[str, Any] = {"type": "str", "choices": choices}
    if len(choices) == 1:
        platform["default"] = choices[0]
    else:
        platform["required"] = True
    options: dict[str, dict[str, Any]] = {"platform": platform, **CONNECTION}
    for known in platforms.values():
        for name, scope in known.SCOPE.items():
            # Choices are the union, and a default stays with its platform: see foreign_options().
            merged = {**scope, **options.get(name, {})}
            merged.pop("default", None)
            if "choices" in scope:
                merged["choices"] = sorted({*merged.get("choices", ()), *scope["choices"]})
            options[name] = merged
    return ArgumentSpec(options)


def foreign_options(params: Mapping[str, Any], platforms: Platforms) -> Iterator[str]:
    """Yield the scope options given that the chosen platform does not have."""
    own = platforms[params["platform"]].SCOPE
    scopes = {name for known in platforms.values() for name in known.SCOPE}
    for name in sorted(scopes - set(own)):
        if params.get(name) is not None:
            yield name


@contextlib.contextmanager
def _errors_become_failures(module: AnsibleModule, redactor: Redactor) -> Iterator[None]:
    try:
        yield
    except CredentialsError as exc:
        _fail(module, redactor, exc)
    except Exception as exc:  # the last line before a user would see a traceback
        where = ""
        step: Any | None = exc.__traceback__
        while step is not None:
            where = f"{step.tb_frame.f_code.co_filename.rpartition('/')[2]}:{step.tb_lineno}"
            step = step.tb_next
        _fail(
            module,
            redactor,
            CredentialsError(
                "internal", f"Unexpected {exc.__class__.__name__} at {where}: {exc}", landed=None
            ),
        )


def _fail(module: AnsibleModule, redactor: Redactor, exc: CredentialsError) -> None:
    failure = exc.at(
        platform=module.params.get("platform"), endpoint=module.params.get("endpoint")
    ).failure()
    module.fail_json(
        **redactor.redact_all(
            {
                "msg": f"{exc.message} {exc.next_step}".strip(),
                "failure": failure,
                "changed": exc.landed is True,
                "accounts": [],
                "totals": {},
            }
        )
    )
