# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the endpoints of a fleet what they are, many at a time, and change nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils.clock import clock_for, iso
from ..module_utils.errors import CredentialsError, sentences
from ..module_utils.http import Client
from ..module_utils.options import check_scope, connection_spec
from ..module_utils.redaction import Redactor
from ..module_utils.registry import PLATFORMS, SCOPES
from ..module_utils.selection import Selection, select
from ..module_utils.settings import resolve
from ..module_utils.threads import leave_signals

#: Endpoints that are asked at a time.
_AT_A_TIME = 16
_OPTIONS = connection_spec(SCOPES).options

Answer = dict[str, Any]


def connection_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that tell where an endpoint is and how to log in."""
    return {name: value for name, value in options.items() if name in _OPTIONS}


def ask_all(endpoints: Sequence[Mapping[str, Any]]) -> Iterator[Answer]:
    """Yield the answer of each endpoint, in order. Reads only; an endpoint that is down says so.

    endpoints: connection options, every template in them filled in. An answer is what JSON can
    hold: {reachable: true, product, version, accounts, facts, asked_at, warnings}, or
    {reachable: false, failure: {kind, message}, warnings}.
    """
    at_a_time = min(_AT_A_TIME, max(1, len(endpoints)))
    with ThreadPoolExecutor(at_a_time, initializer=leave_signals) as pool:
        yield from pool.map(_ask, endpoints)


def _ask(options: Mapping[str, Any]) -> Answer:
    redactor, warnings = Redactor(), list[str]()
    try:
        answer = _answer(options, redactor, warnings)
    except CredentialsError as exc:
        answer = _no_answer(exc)
    except Exception as exc:  # one endpoint, and be it a defect of ours, must not stop the others
        answer = _no_answer(CredentialsError.internal(exc))
    # What a server says may quote what was sent to it.
    return dict(redactor.redact_all({**answer, "warnings": warnings}))


def _answer(options: Mapping[str, Any], redactor: Redactor, warnings: list[str]) -> Answer:
    parsed = ArgumentSpecValidator(_OPTIONS).validate(dict(options))
    if parsed.error_messages:
        raise CredentialsError("invalid_option", "; ".join(parsed.error_messages))
    params = parsed.validated_parameters
    check_scope(params, SCOPES)
    chosen = PLATFORMS[params["platform"]]
    settings = resolve(params, chosen.name, chosen.SCOPE, usual_url=chosen.usual_url)
    warnings += settings.warnings
    clock = clock_for([settings.api_url, settings.scope.get("login_url")])
    with contextlib.closing(Client(settings, redactor, clock, check_mode=True)) as client:
        platform = chosen(settings, client)
        info = platform.connect()
        accounts = len(select(platform, Selection(all=True), parallelism=1).accounts)
        facts = platform.facts.shown()
    return {
        "reachable": True,
        "product": info.product,
        "version": info.version,
        "accounts": accounts,
        "facts": facts,
        "asked_at": iso(dt.datetime.now(dt.timezone.utc)),
    }


def _no_answer(exc: CredentialsError) -> Answer:
    message = sentences(exc.message, exc.next_step)
    return {"reachable": False, "failure": {"kind": exc.kind, "message": message}}
