# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of s3_access_key_rotate: its options, and everything opened that a rotation needs."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from .access_key_rotate import rotate_access_keys
from .clock import Clock
from .errors import CredentialsError
from .escrow import Escrow
from .journal import Journal
from .options import ArgumentSpec
from .platform import Platform
from .progress import Progress
from .results import Outcome
from .rotation_options import SPEC as ROTATION
from .rotation_options import RotateOptions
from .store_registry import open_store, secret_store_spec
from .stores.base import SecretStore, StoreContext
from .stores.none import NoStore
from .verify import VERIFY_SPEC, Verifier

SPEC = ROTATION | ArgumentSpec(
    {
        "secret_store": secret_store_spec(),
        "verify": {"type": "dict", "options": VERIFY_SPEC},
        "report_unchanged": {"type": "bool", "default": False},
    }
)

#: Beside the journal, or in the home of whoever runs the job.
_ESCROW = "escrow"
_HOME = "~/.local/state/objectstore.credentials/escrow"


class Call(Protocol):
    """What the front gives to an operation."""

    params: dict[str, Any]
    platform: Platform
    clock: Clock
    check_mode: bool
    shard: Any
    progress: Progress

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return the vault passwords that the controller holds."""

    @property
    def parallelism(self) -> int:
        """How many accounts at a time."""


def rotate(call: Call) -> Outcome:
    """Open secret store, verifier and journal, and bring the accounts to their policy."""
    params, platform = call.params, call.platform
    wanted = RotateOptions.parse(params, has_store=params.get("secret_store") is not None)
    run = new_run(call.clock)
    with contextlib.ExitStack() as opened:
        verifier = Verifier(
            params.get("verify"), platform.settings, platform.client.redactor, call.clock
        )
        opened.callback(verifier.close)
        if verifier.enabled and not verifier.options.s3_url and wanted.needs_verification:
            raise CredentialsError(
                "invalid_option",
                "verify.s3_url is missing: new pairs are tried out at the S3 service.",
                next_step="Set verify: {s3_url: https://...}, or verify: {enabled: false}; the"
                " record then says unverified.",
            )
        journal = Journal(
            params.get("journal"),
            run=run,
            platform=platform.name,
            endpoint=platform.settings.endpoint or "",
            shard=params.get("shard"),
            clock=call.clock,
            redactor=platform.client.redactor,
        )
        opened.callback(journal.close)
        store = opened.enter_context(_opened(call, run))
        outcome = rotate_access_keys(
            platform,
            store,
            verifier,
            journal,
            wanted,
            run=run,
            check_mode=call.check_mode,
            parallelism=call.parallelism,
            progress=call.progress,
            escrow=_escrow(params, store, platform),
        )
        outcome.extra["secret_store"] = store.name
        outcome.extra["managed"] = store.is_durable
        outcome.warnings += getattr(store, "warnings", [])
        return outcome


def new_run(clock: Clock) -> str:
    """Return a name for a run that no other run has."""
    return f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


@contextlib.contextmanager
def _opened(call: Call, run: str) -> Iterator[SecretStore]:
    platform = call.platform
    context = StoreContext(
        call.clock,
        platform.client.redactor,
        run,
        check_mode=call.check_mode,
        parallelism=call.parallelism,
        vault_secrets=call.vault_secrets,
    )
    options = call.params.get("secret_store")
    if options is None:
        store: SecretStore = NoStore({}, context)
        store.open()
    else:
        if not platform.settings.endpoint:
            raise CredentialsError(
                "invalid_option",
                "endpoint is missing: records hang on the endpoint's name, not on its URL.",
                next_step="Give the endpoint a name that stays; in a playbook it is the host's.",
            )
        store = open_store(options, context)
    with contextlib.closing(store):
        yield store


def _escrow(params: Mapping[str, Any], store: SecretStore, platform: Platform) -> Escrow | None:
    """Return where a pair goes that exists nowhere else and cannot be stored."""
    settings = platform.settings
    login = settings.api_password or settings.api_secret_key or settings.api_token
    if not store.is_durable or not (store.can_seal or login):
        return None
    journal = params.get("journal")
    folder = os.path.join(journal, _ESCROW) if journal else os.path.expanduser(_HOME)
    return Escrow.of(folder, store, login)
