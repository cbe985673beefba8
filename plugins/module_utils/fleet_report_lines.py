# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account of the report: its key's age against its policy, its overlap, its compliance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from .clock import iso, parse_time
from .errors import CredentialsError
from .fleet_report_hosts import exception_of
from .fleet_report_values import mapping, sequence, text
from .options import parse_duration
from .results import FAILED_ACTIONS, QUIET_ACTIONS

#: The words of AWS Config's rule access-keys-rotated.
COMPLIANT, NON_COMPLIANT = "COMPLIANT", "NON_COMPLIANT"
NOT_APPLICABLE, INSUFFICIENT_DATA = "NOT_APPLICABLE", "INSUFFICIENT_DATA"
_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(days=7)
#: Beyond grace (and soak, where keys cannot be disabled): a run a week may come so late.
OVERLAP_SLACK = _WEEK


def line_of(
    row: Mapping[str, Any], host: Mapping[str, Any], max_age: dt.timedelta
) -> dict[str, Any]:
    """Return an account in the form of the report; every name is always there.

    row: a line of a file of report_path. host: what ran there, as host_of returns it. max_age: the
    limit where the row names none. Ages are those at the time of the run, never at that of reading.
    """
    at = parse_time(host["seen_at"])
    record, policy = mapping(row.get("record")), mapping(row.get("policy"))
    keys = [dict(each) for each in sequence(row.get("access_keys")) if isinstance(each, Mapping)]
    limit = _duration(policy.get("max_age"), max_age)
    age = _oldest(keys, row, record, at)
    state = _state(row, record)
    has_ended = record.get("state") == "decommissioned" and not any(map(_works, keys))
    compliance = NOT_APPLICABLE if has_ended else _compliance(row, age, limit)
    exception = exception_of(policy.get("exception"), at)
    is_excused = exception is not None and not exception["expired"]
    line: dict[str, Any] = {
        "platform": host["platform"],
        "endpoint": host["endpoint"],
        "shard": host["shard"],
        "account": text(row.get("account")),
        "account_id": text(row.get("account_id")),
        "seen_at": host["seen_at"],
        "run": host["run"],
        "action": text(row.get("action")) or "unknown",
        "why": text(row.get("why")),
        "state": state,
        "managed": _managed(row, state),
        "enabled": row.get("enabled") if isinstance(row.get("enabled"), bool) else None,
        "access_key": text(row.get("access_key")) or text(record.get("access_key")),
        "previous_access_key": text(row.get("previous_access_key")),
        "created_at": text(row.get("created_at")) or text(record.get("created_at")),
        "due_at": text(row.get("due_at")),
        "age_days": None if age is None else age.days,
        "age_seconds": None if age is None else int(age.total_seconds()),
        "limit_days": limit.days,
        "compliance": compliance,
        "policy": {
            name: text(policy.get(name))
            for name in ("max_age", "grace_period", "soak_period", "window")
        },
        "is_overdue": compliance == NON_COMPLIANT and not is_excused,
        "overdue_days": _beyond(age, limit) if compliance == NON_COMPLIANT else None,
        "is_due": _is_before(row.get("due_at"), at),
        "exception": exception,
        "owner": text(policy.get("owner")),
        "contact": text(policy.get("contact")),
        "application": text(policy.get("application")),
        "overlap": _overlap(keys, record, policy, host["facts"], at),
        "past_overlaps_days": _past_overlaps(record),
        "never_used_since_created": _never_used(keys, row, record),
        "acknowledged": _acknowledged(row, record),
        "verified": record.get("verified") if isinstance(record.get("verified"), bool) else None,
        "access_keys": keys,
        "retiring": list(sequence(record.get("retiring"))),
        "pending_since": text(record.get("pending_since")),
        "on_hold": bool(record.get("on_hold")),
        "unknown_keys": _unknown(keys, row),
        "suspects": [str(each) for each in sequence(record.get("suspects"))],
        "details": dict(mapping(row.get("details"))),
        "failure": dict(mapping(row.get("failure"))) or None,
        "transitions": [],
    }
    return line


def has_failed(line: Mapping[str, Any]) -> bool:
    """Tell whether an account failed its run."""
    return line["action"] in FAILED_ACTIONS


def has_changed(line: Mapping[str, Any]) -> bool:
    """Tell whether a run changed something about an account, or a dry run would."""
    return line["action"] not in QUIET_ACTIONS


def beyond_limit(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the access keys of an account that work and are older than its limit."""
    limit = dt.timedelta(days=line["limit_days"])
    return [key for key, age in _ages(line) if age is not None and age > limit]


def without_age(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the access keys of an account that work and whose age nobody knows."""
    return [key for key, age in _ages(line) if age is None]


def _ages(line: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Optional[dt.timedelta]]]:
    at = parse_time(line["seen_at"])
    working = [key for key in line["access_keys"] if _works(key)]
    return [(key, _age(key.get("created_at"), key.get("age_days"), at)) for key in working]


def _state(row: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    if mapping(row.get("details")).get("left"):
        return "left"
    if record.get("state"):
        return str(record["state"])
    if row.get("action") == "unmanaged" or row.get("managed") is False:
        return "unmanaged"
    return "managed" if row.get("managed") else "unknown"


def _managed(row: Mapping[str, Any], state: str) -> Optional[bool]:
    managed = row.get("managed")
    if isinstance(managed, bool):
        return managed
    if state == "unknown":
        return None
    return state not in ("unmanaged", "decommissioned")


def _oldest(
    keys: Sequence[Mapping[str, Any]],
    row: Mapping[str, Any],
    record: Mapping[str, Any],
    at: Optional[dt.datetime],
) -> Optional[dt.timedelta]:
    """Return the age of the oldest key that works; None where it has none, or nobody knows."""
    working = [key for key in keys if _works(key)]
    if keys:
        ages = [_age(key.get("created_at"), key.get("age_days"), at) for key in working]
        known = [age for age in ages if age is not None]
        return max(known) if known else None
    created = row.get("created_at") or record.get("created_at")
    return _age(created, record.get("age_days"), at)


def _works(key: Mapping[str, Any]) -> bool:
    return key.get("status") != "inactive" and not key.get("expired")


def _age(created_at: Any, days: Any, at: Optional[dt.datetime]) -> Optional[dt.timedelta]:
    created = parse_time(created_at)
    if created is not None and at is not None:
        return max(at - created, dt.timedelta())
    try:
        return dt.timedelta(days=days) if isinstance(days, int) else None
    except OverflowError:
        return None


def _compliance(row: Mapping[str, Any], age: Optional[dt.timedelta], limit: dt.timedelta) -> str:
    told = str(row.get("compliance") or "").upper()
    if told in (COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA):
        return told
    if age is None:
        return INSUFFICIENT_DATA
    return NON_COMPLIANT if age > limit else COMPLIANT


def _overlap(
    keys: Sequence[Mapping[str, Any]],
    record: Mapping[str, Any],
    policy: Mapping[str, Any],
    facts: Mapping[str, Any],
    at: Optional[dt.datetime],
) -> Optional[dict[str, Any]]:
    """Return since when two keys of an account have worked side by side; None: one at most does.

    By the record where it has an old key that nobody has ended, else from the day on which the
    platform says that the second of them was made.
    """
    retiring = [
        key
        for key in sequence(record.get("retiring"))
        if isinstance(key, Mapping) and not key.get("disabled_at") and not key.get("deleted_at")
    ]
    working = [key for key in keys if _works(key)]
    if keys and len(working) < 2:
        return None
    if not keys and not retiring:
        return None
    if not keys and facts.get("overlap") is False:
        return None  # replaced in place: the old one is dead
    moments = [parse_time(key.get("retiring_since")) for key in retiring]
    if not any(moments):
        dates = sorted(filter(None, (parse_time(key.get("created_at")) for key in working)))
        moments = list(dates[1:2])
    since = min(filter(None, moments), default=None)
    allowed = _duration(policy.get("grace_period"), _WEEK) + OVERLAP_SLACK
    if facts.get("can_disable") is False:
        allowed += _duration(policy.get("soak_period"), _WEEK)
    lasted = None if since is None or at is None else max(at - since, dt.timedelta())
    names = [key.get("access_key") for key in (working or retiring)]
    return {
        "since": iso(since),
        "days": None if lasted is None else lasted.days,
        "allowed_days": allowed.days,
        "too_long": lasted is not None and lasted > allowed,
        "access_keys": [str(name) for name in names if name],
    }


def _past_overlaps(record: Mapping[str, Any]) -> list[float]:
    """Return how many days ended overlaps lasted, as far as the record still has the old key."""
    lasted = []
    for key in sequence(record.get("retiring")):
        if not isinstance(key, Mapping):
            continue
        begun = parse_time(key.get("retiring_since"))
        ended = parse_time(key.get("disabled_at")) or parse_time(key.get("deleted_at"))
        if begun and ended and ended >= begun:
            lasted.append(round((ended - begun) / _DAY, 2))
    return lasted


def _never_used(
    keys: Sequence[Mapping[str, Any]], row: Mapping[str, Any], record: Mapping[str, Any]
) -> Optional[bool]:
    """Tell whether the current key was never used since it was made; None: nobody tells."""
    wanted = row.get("access_key") or record.get("access_key")
    current = next((key for key in keys if wanted and key.get("access_key") == wanted), None)
    if current is None:
        current = keys[0] if len(keys) == 1 else None
    used = current.get("last_used") if current is not None else None
    if used in (None, "unknown"):
        return None
    return bool(used == "never")


def _acknowledged(row: Mapping[str, Any], record: Mapping[str, Any]) -> Optional[bool]:
    if not (row.get("access_key") or record.get("access_key")):
        return None  # without a current key it waits for nobody
    told = (row.get("acknowledged"), record.get("acknowledged"))
    return next((bool(each) for each in told if isinstance(each, bool)), None)


def _unknown(keys: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> list[str]:
    """Return the keys of a managed account that its record does not explain."""
    if row.get("managed") is False or row.get("action") == "unmanaged":
        return []
    found = [str(key.get("access_key")) for key in keys if key.get("held") == "unknown"]
    told = mapping(row.get("details")).get("unknown_keys")
    if told and not found:
        found = [str(each) for each in told] if isinstance(told, list) else [str(told)]
    return found


def _duration(text: Any, otherwise: dt.timedelta) -> dt.timedelta:
    if not text:
        return otherwise
    try:
        return parse_duration(text, "policy")
    except CredentialsError:
        return otherwise  # what ran with it has refused or understood it


def _beyond(age: Optional[dt.timedelta], limit: dt.timedelta) -> Optional[int]:
    return None if age is None else max((age - limit).days, 0)


def _is_before(text: Any, at: Optional[dt.datetime]) -> bool:
    moment = parse_time(text)
    return moment is not None and at is not None and moment <= at
