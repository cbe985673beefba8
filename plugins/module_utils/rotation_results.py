# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a turn gives back: the most telling action, dates, and what a diff shows; never a secret."""

from __future__ import annotations

from typing import Any

from .clock import iso
from .errors import CredentialsError
from .model import Account
from .record import Record
from .rehearsal import is_made_up
from .results import AccountResult, failed
from .rotation_case import Case


def identified(account: Account) -> AccountResult:
    """Return a blank result that says which account it is about."""
    return AccountResult(account=account.name, account_id=account.id, action="skipped")


def result_of(case: Case, exc: CredentialsError | None = None) -> AccountResult:
    """Return the result of a turn that ended well, or with an error."""
    record, before = case.record, case.before
    current = record.current
    if exc is not None:
        result = failed(exc, identified(case.account))
        result.touched = case.has_acted
    else:
        result = identified(case.account)
        result.action, result.why = case.outcome()
        result.touched = case.has_acted
    result.stops_endpoint = result.stops_endpoint or case.stops_endpoint
    result.details = dict(case.details)
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
    result.previous_access_key = _previous(record, before)
    if len(case.done) > 1:
        result.details["steps"] = [f"{action}: {why}" for action, why in case.done]
    result.before, result.after = _state(before), _state(record if case.has_record else None)
    return result


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
