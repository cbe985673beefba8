# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of a platform's modules: options in, one platform opened, result or failure out."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any, Callable, Optional

from .ancestors import STOP
from .clock import Clock, clock_for
from .front_job import BareJob
from .front_module import (
    Module,
    errors_become_failures,
    leave,
    options_of,
    result_of,
    watched,
)
from .http import Client
from .invocation import url_passwords
from .liaison import Liaison
from .options import COMMON, ArgumentSpec, check_scope, connection_spec
from .platform import Platform
from .redaction import Redactor
from .report import Report
from .results import Outcome
from .settings import resolve
from .shard import Shard

Platforms = Mapping[str, type[Platform]]
Scopes = Mapping[str, dict[str, dict[str, Any]]]


class Job(BareJob):
    """What an operation gets beside: the platform (not yet connected), its shard, the preflight."""

    def __init__(
        self,
        params: dict[str, Any],
        platform: Platform,
        clock: Clock,
        check_mode: bool,
        liaison: Optional[Liaison] = None,
        is_preflight: bool = False,
    ) -> None:
        # Nothing may be changed in check mode, nor in a preflight.
        may_not_write = check_mode or is_preflight
        super().__init__(params, clock, platform.client.redactor, may_not_write, liaison)
        self.platform = platform
        #: Nothing may be changed, but for a probe of the secret store.
        self.is_preflight = is_preflight and not check_mode
        self.shard = Shard.parse(params.get("shard"))

    @property
    def parallelism(self) -> int:
        """How many accounts at a time."""
        return self.platform.settings.parallelism


def run(
    spec: ArgumentSpec,
    platforms: Platforms,
    operation: Callable[[Job], Outcome],
    scopes: Optional[Scopes] = None,
) -> None:
    """Parse the options, do the operation, leave with its result; never with a traceback.

    scopes: the scope options of the platforms, where no class is to be imported for them.
    """
    if scopes is None:
        scopes = {name: known.SCOPE for name, known in platforms.items()}
    full = connection_spec(scopes) | COMMON | spec
    module = Module(supports_check_mode=True, **full.for_module())
    # An option such as proxy may hold a login, which a message would quote.
    in_urls = set(url_passwords(module.params))
    module.no_log_values.update(in_urls)
    redactor = Redactor()
    redactor.learn(*in_urls)
    with errors_become_failures(module, redactor):
        params = options_of(module, full, redactor)
        is_preflight = bool(params.get("preflight"))
        platform_class = platforms[params["platform"]]
        check_scope(params, scopes)
        shard = Shard.parse(params["shard"])
        settings = resolve(
            params,
            platform_class.name,
            platform_class.SCOPE,
            usual_url=platform_class.usual_url,
        )
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
            check_mode=module.check_mode or is_preflight,
            allow_side_effects=bool(params.get("allow_side_effects")),
        )
        with contextlib.closing(client), watched(module._socket_path) as liaison:
            platform = platform_class(settings, client)
            job = Job(params, platform, clock, module.check_mode, liaison, is_preflight)
            try:
                outcome = operation(job)
            finally:
                job.progress.end()
            stopped = STOP.reason()
        place = {"platform": platform.name, "endpoint": settings.endpoint}
        result = result_of(module, redactor, outcome, report, stopped, place)
    leave(module, outcome, result)
