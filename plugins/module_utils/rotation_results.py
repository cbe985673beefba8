# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a turn gives back: the most telling action, dates, and what a diff shows; never a secret."""

from __future__ import annotations

from typing import Any

from .audit import audited, in_record
from .clock import iso
from .errors import CredentialsError
from .model import AccessKey, Account
from .record import Record
from .rehearsal import is_made_up
from .results import AccountResult, failed
from .rotation_case import Case


def identified(account: Account) -> AccountResult:
    """Return a blank result that says which account it is about."""
    return AccountResult(
        account=account.name,
        account_id=account.id,
        action="skipped",
        extra={"acknowledged": None},
    )


def result_of(case: Case, exc: CredentialsError | None = None) -> AccountResult:
    """Return the result of a turn that ended well, or with an error."""
    record, before = case.record, case.before
    current = record.current
    if exc is not None:
        result = failed(exc, identified(case.account))
    else:
        result = identified(case.account)
        result.action, result.why = case.outcome()
    result.touched = case.has_acted
    result.stops_endpoint = result.stops_endpoint or case.stops_endpoint
    result.is_old_key_only = exc is not None and exc is case.old_key_trouble
    result.details = dict(case.details)
    if case.journal_trouble is not None:
        result.trouble = case.journal_trouble.failure()
    if current is not None:
        result.access_key = None if is_made_up(current.access_key) else current.access_key
        result.created_at = iso(current.created_at)
        due_at = case.policy.due_at(current, case.desk.facts, case.account.name)
        result.due_at = iso(due_at)
        if current.origin == "delivered":
            result.details["delivered"] = "by e-mail; the secret store does not have this pair"
        elif current.created_at is None:
            result.details["age"] = "unknown; it counts from the day the key was taken over"
        if current.origin != "delivered" and current.verified_at is None:
            result.details["verified"] = False
        # Of a key that the platform has ended nobody is to be told.
        if current.acknowledged_at is not None or not case.has_lost_current:
            result.extra["acknowledged"] = current.acknowledged_at is not None
    if len(case.desk.endpoints) > 1 and case.has_acted:
        result.details["endpoints"] = list(case.desk.endpoints)
        written = case.desk.platform.written_at(case.account)
        result.details.update({"written_at": list(written)} if written else {})
    result.previous_access_key = _previous(record, before)
    if len(case.done) > (0 if result.is_old_key_only else 1):
        result.details["steps"] = [f"{action}: {why}" for action, why in case.done]
    result.before, result.after = _state(before), _state(record if case.has_record else None)
    return result


def audit_of(case: Case) -> dict[str, Any]:
    """Return what an auditor asks of the account, from what the turn has looked at. Sends nothing.

    Of a rehearsal it is what was there before: nothing of it has happened.
    """
    desk, policy = case.desk, case.policy
    record = case.before
    if not desk.is_rehearsal and case.has_record:
        record = case.record
    fields, _by_record = audited(
        desk.platform,
        case.account,
        _keys_of(case, record) if case.sees_keys else None,
        record,
        max_age=policy.max_age,
        last_used=policy.last_used,
    )
    in_record(desk.platform, record, fields)
    return {**fields, "policy": policy.shown(desk.now())}


def _keys_of(case: Case, record: Record | None) -> list[AccessKey] | None:
    """Return the keys as they were last seen, and those of the record that nobody has seen yet."""
    seen = case.first_seen if case.desk.is_rehearsal else case.last_seen
    if seen is None:
        return list(case.account.listed_keys) if case.account.listed_keys is not None else None
    current = record.current if record is not None else None
    if not case.has_promoted or current is None or current.access_key is None:
        return seen
    if any(key.access_key == current.access_key for key in seen):
        return seen
    made = AccessKey(
        current.access_key,
        case.account,
        created_at=current.created_at,
        expires_at=current.expires_at,
        slot=current.slot,
    )
    return [*seen, made] if case.desk.facts.overlap else [made]


def _previous(record: Record, before: Record | None) -> str | None:
    """Return the key that was current before this turn, or the newest that retires."""
    old = before.current.access_key if before and before.current else None
    now = record.current.access_key if record.current else None
    if old is not None and old != now:
        return old
    return record.retiring[-1].access_key if record.retiring else None


def _state(record: Record | None) -> dict[str, Any]:
    """Return a record as a diff shows it: access keys and states."""
    if record is None:
        return {}
    state: dict[str, Any] = {}
    if record.current is not None:
        state["current"] = record.current.access_key or "delivered by e-mail"
        state["acknowledged"] = record.current.acknowledged_at is not None
    if len(record.endpoints) > 1:
        state["endpoints"] = ", ".join(record.endpoints)
    if record.pending is not None:
        state["pending"] = record.pending.step
    for key in record.retiring:
        word = "disabled" if key.disabled_at else "active"
        state.setdefault("retiring", {})[key.access_key] = word
    if record.decommission is not None:
        state["decommissioned"] = iso(record.decommission.since)
    if record.held is not None:
        state["held"] = iso(record.held.since)
    return state
