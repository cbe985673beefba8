# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to the key before: possible until it is deleted, and never to a compromised one."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence

from .errors import NO_RECORD_HERE, missing
from .model import ACTIVE
from .record import HeldKey, Hold, Pending
from .rotation_case import Case
from .rotation_issue import forget_pending
from .rotation_promote import promote, verify


def roll_back(case: Case) -> None:
    """Make a retiring key the current one again: intend, enable, verify, promote, hold."""
    if _is_rolled_back(case):
        case.did("unchanged", "it is rolled back already")
        return
    target = _target(case)
    now, policy = case.desk.now(), case.policy
    why = policy.reason or "rolled back"
    pending = Pending(
        rotation_id=f"rollback-{now:%Y%m%dT%H%M%SZ}-{target.access_key}",
        started_at=now,
        run=case.desk.run,
        attempt=secrets.token_hex(6),
        step="kept",
        why=why,
        purpose="rollback",
        keys_before=case.desk.platform.noted(case.keys),
        endpoints=case.desk.endpoints if len(case.desk.endpoints) > 1 else (),
        access_key=target.access_key,
        secret=target.secret,
        created_at=target.created_at,
        expires_at=target.expires_at,
        slot=target.slot,
        settle=policy.settle.total_seconds(),
    )
    enabled = dataclasses.replace(target, disabled_at=None, disabled_in=None)
    case.save(
        dataclasses.replace(
            case.record.with_retiring(enabled),
            pending=pending,
            held=Hold(now, why, policy.hold_until),
        ),
        "rollback_intended",
        access_key=target.access_key,
        previous_access_key=case.record.current.access_key if case.record.current else None,
        why=why,
    )
    finish_rollback(case)


def finish_rollback(case: Case) -> None:
    """Enable the key if it is disabled, have it accepted, and promote it."""
    pending = case.record.pending
    if pending is None:
        raise missing("pending")
    access_key = pending.access_key or ""
    if access_key in case.policy.compromised:
        forget_pending(case, "rollback_failed", "the key is compromised")
        case.did("resumed", f"the rollback to {access_key} was given up: it is compromised")
        return
    case.look()
    shown = case.shown(access_key)
    if shown is None or shown.absent_at:
        forget_pending(case, "rollback_failed", "the key is gone")
        raise case.fail(
            "not_found",
            f"{access_key} of {case.account.name} is gone: there is nothing to roll back to.",
        )
    if shown.status != ACTIVE:
        case.change_key("enable", access_key, "rollback")
        case.save(dataclasses.replace(case.record, intent=None), "enabled", access_key=access_key)
    verify(case)
    promote(case)


def _is_rolled_back(case: Case) -> bool:
    """Tell whether the current key is what an earlier rollback went back to."""
    record, wanted = case.record, case.policy.access_key
    current = record.current
    if current is None or (wanted is not None and wanted != current.access_key):
        return False
    last = record.rotations[-1].outcome if record.rotations else ""
    return wanted is not None or (record.held is not None and last == "rolled_back")


def _instead(candidates: Sequence[HeldKey]) -> str:
    """Say what helps where there is no pair to go back to."""
    alive = [
        str(key.access_key)
        for key in candidates
        if key.compromised is None and key.disabled_at is None and key.deleted_at is None
    ]
    step = "For another new pair name the account with force: true."
    if alive:
        return f"Clients that still have {', '.join(alive)} can go on with it for now. {step}"
    return step


def _target(case: Case) -> HeldKey:
    """Return the key to go back to: the one named, or the newest retiring one. Raises why not."""
    record, wanted = case.record, case.policy.access_key
    if not record.is_managed:
        raise case.fail(
            "not_found",
            f"{case.account.name} is not managed: the record has no current key.",
            next_step=NO_RECORD_HERE,
        )
    if not case.desk.facts.overlap:
        raise case.fail(
            "unsupported",
            f"{case.desk.platform.title} replaces keys in place: the one before is dead, and"
            " nothing brings it back.",
            next_step="Rotate again, or correct the consumers.",
        )
    candidates = [key for key in record.retiring if wanted in (None, key.access_key)]
    possible = [
        key
        for key in candidates
        if key.secret is not None and key.compromised is None and key.deleted_at is None
    ]
    if possible:
        return possible[-1]
    reasons = []
    if wanted is not None and not candidates:
        others = ", ".join(str(key.access_key) for key in record.retiring) or "none"
        reasons.append(f"{wanted} is not retiring; retiring are: {others}")
    for key in candidates:
        if key.compromised is not None:
            reasons.append(f"{key.access_key} is compromised")
        elif key.deleted_at is not None:
            reasons.append(f"{key.access_key} is deleted")
        else:
            reasons.append(f"the secret of {key.access_key} was never known")
    raise case.fail(
        "not_found",
        f"{case.account.name} has no key to roll back to: "
        + ("; ".join(reasons) or "none is retiring")
        + ".",
        next_step=_instead(candidates),
    )
