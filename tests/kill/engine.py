# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine itself, as the module s3_access_key_rotate calls it."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils import access_key_call
from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.shard import Shard

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


class Call:
    """What the front would hand over."""

    check_mode: bool

    def __init__(self, runtime: Runtime) -> None:
        wanted = runtime.wanted
        known = {name: spec.get("default") for name, spec in access_key_call.SPEC.options.items()}
        self.params: dict[str, Any] = {
            **known,
            **{name: value for name, value in wanted.items() if name in known},
            "shard": wanted.get("shard"),
            "secret_store": runtime.store_options,
            "verify": {"enabled": False} if wanted.get("unverified") else dict(runtime.verify),
            "journal": runtime.journal_path,
            "mirrors": list(runtime.mirrors),
        }
        self.platform: Platform = runtime.platform
        self.clock: Clock = runtime.clock
        self.check_mode = bool(wanted.get("check_mode"))
        self.is_preflight = False
        self.shard = Shard.parse(wanted.get("shard"))
        self.progress: Any = Progress()
        self.parallelism = runtime.settings.parallelism

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return none: the password is an option here."""
        return []


def rotate(runtime: Runtime) -> dict[str, Any]:
    """Do what a task of s3_access_key_rotate does, and return its result."""
    redactor = runtime.redactor
    # Chance would make a recipe lead elsewhere the next time; names sort in no order, as by chance.
    digest = hashlib.sha256(runtime.run.encode()).hexdigest()
    access_key_call.new_run = lambda clock: f"{clock.now():%Y%m%d-%H%M%S}-{digest[:8]}"
    try:
        outcome = access_key_call.rotate(Call(runtime))
    finally:
        runtime.client.close()
    for row in outcome.accounts:
        row.why = redactor.redact(row.why)
        row.failure = redactor.redact_all(row.failure)
        row.details = redactor.redact_all(row.details)
    outcome.extra = redactor.redact_all(outcome.extra)
    result = outcome.as_dict(diff=True)
    return {**result, "warnings": [redactor.redact(text) for text in outcome.warnings]}
