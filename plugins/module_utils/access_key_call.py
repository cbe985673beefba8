# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of s3_access_key_rotate: its options, and everything opened that a rotation needs."""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

from .access_key_rotate import STORE_NOT_PROVEN, rotate_access_keys
from .clock import new_run
from .custody import CUSTODY, escrow_of, opened_store
from .custody import Call as StoreCall
from .ephemeral import refuse_unless_allowed
from .errors import CredentialsError
from .journal import Journal
from .mirrored_open import open_site
from .options import ArgumentSpec
from .platform import Platform
from .progress import Progress
from .results import Outcome
from .rotation_options import SPEC as ROTATION
from .rotation_options import RotateOptions
from .verify import VERIFY_SPEC, Verifier

__all__ = ["SPEC", "Call", "new_run", "rotate"]

SPEC = (
    ROTATION
    | CUSTODY
    | ArgumentSpec(
        {
            "verify": {"type": "dict", "options": VERIFY_SPEC},
            "report_unchanged": {"type": "bool", "default": False},
        }
    )
)


class Call(StoreCall, Protocol):
    """What the front gives to an operation."""

    shard: Any
    progress: Progress
    #: Nothing may be changed, but for a probe of the secret store.
    is_preflight: bool


def rotate(call: Call) -> Outcome:
    """Open secret store, verifier and journal, and bring the accounts to their policy."""
    params = call.params
    wanted = RotateOptions.parse(params, has_store=params.get("secret_store") is not None)
    run = new_run(call.clock)
    with contextlib.ExitStack() as opened:
        site = opened.enter_context(open_site(params, call.platform, call.clock))
        platform, verifier = site.platform, site.verifier
        _refuse_untried(verifier, wanted)
        journal = _journal_of(call, platform, run, wanted)
        opened.callback(journal.close)
        refuse_unless_allowed("journal", params.get("journal"), params)
        if call.is_preflight:
            with opened_store(call, run, check_mode=False) as proven:
                proven.probe()
        store = opened.enter_context(opened_store(call, run, check_mode=call.check_mode))
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
            escrow=escrow_of(params, store, platform),
        )
        if call.is_preflight:
            outcome.is_preflight = True
            outcome.extra["not_known"].remove(STORE_NOT_PROVEN)
        outcome.extra["secret_store"] = store.name
        outcome.extra["managed"] = store.is_durable
        outcome.warnings += [*site.warnings, *store.warnings]
        return outcome


def _refuse_untried(verifier: Verifier, wanted: RotateOptions) -> None:
    """Raise invalid_option where pairs are to be tried out and nobody said at which service."""
    if verifier.enabled and not verifier.options.s3_url and wanted.needs_verification:
        raise CredentialsError(
            "invalid_option",
            "verify.s3_url is missing: new pairs are tried out at the S3 service.",
            next_step="Set verify: {s3_url: https://...}, or verify: {enabled: false}; the"
            " record then says unverified.",
        )


def _journal_of(call: Call, platform: Platform, run: str, wanted: RotateOptions) -> Journal:
    """Return the chain of this run, which begins with its first line. Writes nothing."""
    return Journal(
        call.params.get("journal"),
        run=run,
        platform=platform.name,
        endpoint=platform.settings.endpoint or "",
        shard=call.params.get("shard"),
        clock=call.clock,
        redactor=platform.client.redactor,
        reason=wanted.policy.reason,
        change=wanted.policy.change,
    )
