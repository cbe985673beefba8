# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a kept pair to the current one: verify, promote, announce; or withdraw what was refused."""

from __future__ import annotations

import dataclasses

from .errors import missing
from .record import HeldKey
from .rotation_case import Case, held_here
from .rotation_issue import forget_pending, old_keys
from .rotation_proof import accepted, can_ask, unproven


def verify(case: Case) -> None:
    """Have the S3 service accept the kept pair several times; withdraw it if it is refused.

    Raises verification_failed after the refused key is gone, verification_unreachable with the pair
    kept for the next run.
    """
    pending = case.record.pending
    if pending is None:
        raise missing("pending")
    pair = pending.pair()
    if not case.desk.verifier.enabled or pair is None:
        return
    if pending.compromised and case.account.enabled is False:
        # No pair of a suspended account is accepted; the leaked one must be off when it comes back.
        case.details["unverified"] = "the account is suspended: a later run verifies the new key"
        return
    verdict = accepted(case, pair)
    if verdict.works:
        case.verified_at = case.desk.now()
        return
    if verdict.is_refusal:
        _withdraw(case, verdict.message)
    what = f"The new key {pair.access_key} of {case.account.name} is stored, and not verified"
    alive = f"{pair.access_key} (stored, unverified) beside the old one"
    raise unproven(case, verdict, what, alive)


def _withdraw(case: Case, why: str) -> None:
    """Give up a pair that the S3 service refuses; raises verification_failed when that is done."""
    pending, record = case.record.pending, case.record
    if pending is None:
        raise missing("pending")
    if pending.purpose == "rollback":
        forget_pending(case, "rollback_refused", why)
    else:
        case.save(
            dataclasses.replace(record, pending=dataclasses.replace(pending, step="withdrawn")),
            "withdrawn",
            rotation_id=pending.rotation_id,
            access_key=pending.access_key,
            why=why,
        )
        finish_withdrawal(case)
    raise case.fail(
        "verification_failed",
        f"The S3 service refuses the new pair {pending.access_key} of {case.account.name}: {why}"
        " The old key goes on working.",
        landed=pending.purpose != "rollback",
    )


def finish_withdrawal(case: Case) -> None:
    """Delete a key that was refused, and forget it; where it cannot be deleted it retires."""
    pending, facts = case.record.pending, case.desk.facts
    if pending is None:
        raise missing("pending")
    if facts.can_delete:
        case.change_key("delete", pending.access_key or "", "withdraw")
        forget_pending(case, "withdrawn_deleted", "refused", intent=None)
        return
    now = case.desk.now()
    left = HeldKey(
        pending.access_key,
        pending.secret,
        rotation_id=pending.rotation_id,
        created_at=pending.created_at,
        retiring_since=now,
    )
    retiring = case.record.with_retiring(left).retiring
    forget_pending(case, "withdrawn_retired", "refused", intent=None, retiring=retiring)


def promote(case: Case) -> None:
    """Make the kept pair the current one in one write; what it replaces starts to retire."""
    record, pending, now = case.record, case.record.pending, case.desk.now()
    if pending is None:
        raise missing("pending")
    is_rollback = pending.purpose == "rollback"
    old = record.retiring_key(pending.access_key or "") if is_rollback else None
    new = dataclasses.replace(
        old
        or HeldKey(
            pending.access_key,
            pending.secret,
            rotation_id=pending.rotation_id,
            created_at=pending.created_at,
            expires_at=pending.expires_at,
            slot=pending.slot,
        ),
        secret=pending.secret,
        verified_at=case.verified_at,
        promoted_at=now,
        acknowledged_at=now if case.policy.acknowledge == "auto" else None,
        retiring_since=None,
        disabled_at=None,
        disabled_in=None,
        honoured_at=None,
    )
    previous = [key.access_key for key in old_keys(case, pending)]
    for key in old_keys(case, pending):
        record = record.with_retiring(key.retired(now, pending.compromised))
    record = record.without_retiring(pending.access_key)
    record = dataclasses.replace(
        held_here(case, record),
        current=new,
        pending=None,
        held=record.held if is_rollback else None,
        suspects=tuple(each for each in record.suspects if each not in previous),
    )
    outcome = "rolled_back" if is_rollback else "rotated"
    case.save(
        record.with_outcome(pending.rotation_id, outcome, now),
        "promoted",
        rotation_id=pending.rotation_id,
        access_key=new.access_key,
        previous_access_key=", ".join(str(each) for each in previous),
        why=pending.why,
        verified=new.verified_at is not None,
        acknowledged=new.acknowledged_at is not None,
    )
    case.did(outcome, pending.why)


def announce(case: Case) -> None:
    """Say that consumers have not been told of the current key yet. Changes nothing."""
    current = case.record.current
    if current is not None and current.acknowledged_at is None and not case.has_lost_current:
        case.did("announced", f"{current.access_key} is not acknowledged yet")


def verify_current(case: Case) -> None:
    """Verify a current key that never was; store when it was accepted. Raises what it is not."""
    current = case.record.current
    pair = current.pair() if current is not None else None
    if current is None or pair is None or current.verified_at is not None or not can_ask(case):
        return
    verdict = accepted(case, pair)
    if not verdict.works:
        what = f"The current key {pair.access_key} of {case.account.name} is not verified"
        raise unproven(case, verdict, what, f"{pair.access_key} (stored, unverified)")
    case.save(
        dataclasses.replace(
            case.record, current=dataclasses.replace(current, verified_at=case.desk.now())
        ),
        "verified",
        access_key=current.access_key,
    )
    case.did("resumed", f"{current.access_key} is verified now")
