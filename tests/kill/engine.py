# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine itself, as the module s3_access_key_rotate calls it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.access_key_rotate import (
    rotate_access_keys,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.journal import Journal
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_options import (
    SPEC,
    RotateOptions,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import Verifier

from .runner import Runtime

#: What a run imports when it first needs it: a fork would do so each time.
_LAZY = (
    "botocore.auth",
    "botocore.awsrequest",
    "botocore.credentials",
    "cryptography.hazmat.primitives.ciphers",
    "cryptography.hazmat.backends.openssl.backend",
    "cryptography.hazmat.primitives.ciphers.algorithms",
    "cryptography.hazmat.primitives.ciphers.modes",
    "concurrent.futures.thread",
    "encodings.idna",
)


def warm_up() -> None:
    """Import what every run needs."""
    for name in _LAZY:
        import_module(name)


def options_of(runtime: Runtime) -> dict[str, Any]:
    """Return every option as the module would have it after parsing."""
    known = {name: spec.get("default") for name, spec in SPEC.options.items()}
    given = {name: value for name, value in runtime.wanted.items() if name in known}
    return {**known, **given}


def rotate(runtime: Runtime) -> dict[str, Any]:
    """Do what a task of s3_access_key_rotate does, and return its result."""
    settings, clock, redactor = runtime.settings, runtime.clock, runtime.redactor
    wanted = RotateOptions.parse(options_of(runtime))
    verify = {"enabled": False} if runtime.wanted.get("unverified") else runtime.verify
    verifier = Verifier(verify, settings, redactor, clock)
    journal = Journal(
        runtime.journal_path,
        run=runtime.run,
        platform=runtime.platform.name,
        endpoint=settings.endpoint or "",
        clock=clock,
        redactor=redactor,
        environ={},
    )
    try:
        outcome = rotate_access_keys(
            runtime.platform,
            runtime.store,
            verifier,
            journal,
            wanted,
            run=runtime.run,
            check_mode=bool(runtime.wanted.get("check_mode")),
            parallelism=settings.parallelism,
        )
    finally:
        journal.close()
        verifier.close()
        runtime.store.close()
        runtime.client.close()
    for row in outcome.accounts:
        row.details = redactor.redact_all(row.details)
    outcome.extra = redactor.redact_all(outcome.extra)
    result = outcome.as_dict(diff=True)
    return {**result, "warnings": [redactor.redact(text) for text in outcome.warnings]}
