# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of a platform's modules: options in, one platform opened, result or failure out."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, Optional

from ansible.module_utils.basic import AnsibleModule

from .ancestors import STOP
from .clock import Clock, clock_for
from .front_module import Module, errors_become_failures
from .http import Client
from .invocation import url_passwords
from .liaison import Liaison
from .options import COMMON, ArgumentSpec, check_scope, connection_spec, mark_listed
from .platform import Platform
from .progress import Progress
from .redaction import Redactor
from .report import Report
from .results import Outcome
from .settings import resolve
from .shard import Shard

Platforms = Mapping[str, type[Platform]]
#: Above this many accounts a result is likely to be too long for what keeps it.
MOST_RETURNED = 1000


class Job:
    """What an operation gets: options, the platform (not yet connected), the clock, the mode."""

    def __init__(
        self,
        params: dict[str, Any],
        platform: Platform,
        clock: Clock,
        check_mode: bool,
        liaison: Optional[Liaison] = None,
    ) -> None:
        self.params = params
        self.platform = platform
        self.clock = clock
        self.check_mode = check_mode
        self.shard = Shard.parse(params.get("shard"))
        shown = liaison is not None and params.get("progress", True)
        #: begin(total), then done(result) for each, then end(); shown where somebody watches.
        self.progress = Progress(liaison.tell if liaison and shown else None)
        self._liaison = liaison

    @property
    def parallelism(self) -> int:
        """How many accounts at a time."""
        return self.platform.settings.parallelism

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return the vault passwords that the controller holds, each with its label.

        Asks the controller, which gives them only to a task with secret_store of type
        ansible_vault. None where nobody can be asked: async, another machine, no Ansible above.
        """
        return [] if self._liaison is None else self._liaison.vault_secrets()


def run(spec: ArgumentSpec, platforms: Platforms, operation: Callable[[Job], Outcome]) -> None:
    """Parse the options, do the operation, leave with its result; never with a traceback."""
    scopes = {name: known.SCOPE for name, known in platforms.items()}
    full = connection_spec(scopes) | COMMON | spec
    module = Module(supports_check_mode=True, **full.for_module())
    # An option such as proxy may hold a login, which a message would quote.
    in_urls = set(url_passwords(module.params))
    module.no_log_values.update(in_urls)
    redactor = Redactor()
    redactor.learn(*in_urls)
    params = _options(module, full, redactor)
    with errors_become_failures(module, redactor):
        platform_class = platforms[params["platform"]]
        check_scope(params, scopes)
        shard = Shard.parse(params["shard"])
        settings = resolve(params, platform_class.name, platform_class.SCOPE)
        pace = shard.pace(settings.requests_per_second)
        settings = dataclasses.replace(settings, requests_per_second=pace)
        report = Report.prepare(params["report_path"])
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
            allow_side_effects=bool(params.get("allow_side_effects")),
        )
        with contextlib.closing(client), _watched(module._socket_path) as liaison:
            platform = platform_class(settings, client)
            job = Job(params, platform, clock, module.check_mode, liaison)
            try:
                outcome = operation(job)
            finally:
                job.progress.end()
            stopped = STOP.reason()
        for warning in [*outcome.warnings, *_about_the_list(outcome, stopped, report)]:
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
        place = {"platform": platform.name, "endpoint": settings.endpoint}
        result = outcome.as_dict(
            diff=module._diff,
            report_unchanged=params["report_unchanged"],
            report_path=_written(module, report, ({**place, **row} for row in outcome.rows())),
        )
    if outcome.failures:
        module.fail_json(**result)
    module.exit_json(**result)


def _options(module: Module, spec: ArgumentSpec, redactor: Redactor) -> dict[str, Any]:
    """Return the options as an operation gets them; the pairs of a list are learned.

    The secret keys of a list of pairs are no no_log_values: Ansible would look for each of them in
    each text of the result, which for thousands of accounts takes hours.
    """
    params = dict(module.params)
    for name, value in params.items():
        if not isinstance(value, list):
            continue
        names = (name, *spec.options.get(name, {}).get("aliases", ()))
        if any(isinstance(module.given.get(known), list) for known in names):
            params[name] = mark_listed(value)
        if spec.options.get(name, {}).get("elements") == "raw":
            redactor.learn(*(e.get("secret_key") for e in value if isinstance(e, dict)))
    return params


@contextlib.contextmanager
def _watched(path: Optional[str]) -> Iterator[Optional[Liaison]]:
    """Open the line to the controller; let its end, SIGTERM and SIGINT stop what has not begun."""
    liaison = Liaison.open(path)
    try:
        if liaison is not None:
            STOP.watch(liaison.why_stop)
        with STOP.by_signals():
            yield liaison
    finally:
        STOP.forget()
        if liaison is not None:
            liaison.close()


def _about_the_list(
    outcome: Outcome, stopped: Optional[str], report: Optional[Report]
) -> Iterator[str]:
    """Yield warnings about a list that was cut short, or is too long to be returned."""
    waiting = sum(result.action == "skipped" for result in outcome.accounts)
    if stopped and waiting:
        yield f"{waiting} of {len(outcome.accounts)} accounts were not started: {stopped}."
    if len(outcome.accounts) > MOST_RETURNED and report is None:
        yield (
            f"The result holds {len(outcome.accounts)} accounts: ansible-runner, and so AWX, drops"
            " results above 700,000 characters. Set report_path to a file, which then gets them."
        )


def _written(
    module: AnsibleModule, report: Optional[Report], rows: Iterable[Mapping[str, Any]]
) -> Optional[str]:
    """Write the report and return its path; a report that fails leaves the result complete."""
    if report is None:
        return None
    try:
        report.write(rows)
    except OSError as exc:
        module.warn(
            f"report_path: {report.path} could not be written ({exc.strerror}) and is as it was"
            " before; the accounts stand in the result instead."
        )
        return None
    return report.path


def _unmask(module: AnsibleModule, outcome: Outcome) -> None:
    """Keep Ansible from masking a short password inside a secret that was asked for."""
    returned = [row.extra.get("secret_key") or "" for row in outcome.accounts]
    module.no_log_values = {
        text for text in module.no_log_values if not any(text in secret for secret in returned)
    }
