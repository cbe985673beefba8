# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What signed requests prove of a pair, for one account."""

from __future__ import annotations

from typing import Any

from .errors import CredentialsError
from .model import Pair
from .rotation_case import Case
from .verify import Verdict


def can_ask(case: Case) -> bool:
    """Tell whether there is an S3 service that can be asked about a pair."""
    verifier = case.desk.verifier
    return verifier.enabled and bool(verifier.options.s3_url or case.policy.s3_url)


def prove_probe(case: Case) -> None:
    """Have the probe refuse a made-up key before anything depends on it. Reads only."""
    if case.desk.verifier.enabled:
        case.desk.verifier.prove(**_where(case))


def accepted(case: Case, pair: Pair) -> Verdict:
    """Wait until the S3 service accepts a pair several times in a row. Reads only."""
    return case.desk.verifier.accept(pair, **_where(case))


def is_refused(case: Case, pair: Pair | None, was_accepted: bool = False) -> bool | None:
    """Ask the S3 service whether it refuses a pair; None: nobody can tell. Reads only.

    was_accepted: the service took this pair before, so that an answer which it also gives to keys
    that do not exist is a refusal.
    """
    if pair is None or not can_ask(case):
        return None
    verdict = case.desk.verifier.probe(pair, **_where(case))
    if verdict.is_refusal or (was_accepted and verdict.as_for_unknown):
        return True
    return False if verdict.works else None


def is_forgotten(case: Case, access_key: str | None) -> bool:
    """Tell whether the S3 service says, without the secret key, that an access key is unknown.

    False: it does not say so in that way. Reads only.
    """
    if access_key is None or not can_ask(case):
        return False
    return case.desk.verifier.has_forgotten(access_key, **_where(case))


def is_foreseen_dead(case: Case, access_key: str | None) -> bool:
    """Tell whether a rehearsal ended a key itself, so that no secret need be opened to ask."""
    foresees = getattr(case.desk.verifier, "foresees_refusal", None)
    return foresees is not None and can_ask(case) and bool(foresees(access_key))


def unproven(case: Case, verdict: Verdict, what: str, alive: str | None) -> CredentialsError:
    """Return the error for a pair that was not accepted; what: begins its message."""
    return case.fail(
        "verification_failed" if verdict.is_refusal else "verification_unreachable",
        f"{what}: {verdict.message}",
        next_step=verdict.next_step,
        alive=alive,
        landed=alive is not None,
    )


def _where(case: Case) -> dict[str, Any]:
    return {"bucket": case.policy.bucket, "s3_url": case.policy.s3_url}
