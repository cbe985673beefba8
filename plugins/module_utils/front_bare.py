# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of modules that open no platform: options in, result or failure out.

What front.py does around an operation, without a connection: redaction, check mode, the line to the
controller, the report file. What the action group's defaults name and such a module has no use for
(a login, a scope) is put aside, so that defaults for the whole group fit it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

from .ancestors import STOP
from .clock import clock_for
from .front_job import BareJob
from .front_module import (
    Module,
    errors_become_failures,
    leave,
    options_of,
    result_of,
    watched,
)
from .invocation import url_passwords
from .options import COMMON, ArgumentSpec, connection_spec
from .redaction import Redactor
from .registry import SCOPES
from .report import Report
from .results import Outcome

#: Names of options whose values are URLs that a module without a platform may speak to.
_URLS = ("url", "endpoint_url")


class _BareModule(Module):
    """Takes no notice of options that only modules with a platform have."""

    def _load_params(self) -> None:
        super()._load_params()
        others = {*connection_spec(SCOPES).options, *COMMON.options} - set(self.argument_spec)
        for name in others:
            self.params.pop(name, None)
            self.given.pop(name, None)


def run_bare(spec: ArgumentSpec, operation: Callable[[BareJob], Outcome]) -> None:
    """Parse the options, do the operation, leave with its result; never with a traceback.

    spec: all options, COMMON's only where the module has a use for them.
    """
    module = _BareModule(supports_check_mode=True, **spec.for_module())
    in_urls = set(url_passwords(module.params))
    module.no_log_values.update(in_urls)
    redactor = Redactor()
    redactor.learn(*in_urls)
    with errors_become_failures(module, redactor):
        params = options_of(module, spec, redactor)
        report = Report.prepare(params.get("report_path"))
        clock = clock_for(_urls(params))
        if clock.offset:
            module.warn(f"The clock is moved by {clock.offset:g} s for a test.")
        with watched(module._socket_path) as liaison:
            job = BareJob(params, clock, redactor, module.check_mode, liaison)
            try:
                outcome = operation(job)
            finally:
                job.progress.end()
            stopped = STOP.reason()
        result = result_of(module, redactor, outcome, report, stopped, {})
    leave(module, outcome, result)


def _urls(params: Mapping[str, Any]) -> Iterator[str]:
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from _urls(value)
        elif name in _URLS and isinstance(value, str):
            yield value
