# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host of a run says of itself: which endpoint, how it ended, whom it left out."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from .clock import iso, parse_time
from .errors import KINDS
from .fleet_report_values import mapping, number, sequence, text, time_text
from .results import FAILED_ACTIONS

#: The only mode whose success is one of the rotation: that of the scheduled run over all.
_ROTATING = "rotate"
#: Why selection left an account out, by the beginning of its words.
EXCLUDED, SUSPENDED, RESERVED = "excluded", "suspended", "reserved"
#: The chains of a host that are shown, those that are not sound first.
_MOST_CHAINS = 50
_UNSOUND = ("broken", "cut", "missing")


def host_of(given: Mapping[str, Any], made_at: str) -> dict[str, Any]:
    """Return what a host says in the form of the report; every name is always there.

    given: an entry of the option endpoints; anything may be missing, as after an early failure.
    """
    journal = mapping(given.get("journal"))
    ended = time_text(given.get("ended_at"))
    failure = _failure(given.get("failure"))
    host: dict[str, Any] = {
        "host": text(given.get("host")),
        "platform": text(given.get("platform")) or "unknown",
        "endpoint": text(given.get("endpoint")) or text(given.get("host")) or "unknown",
        "shard": text(given.get("shard")),
        "title": text(given.get("title")),
        "version": text(given.get("version")),
        "run": text(given.get("run")),
        "mode": text(given.get("mode")) or _ROTATING,
        "check_mode": bool(given.get("check_mode")),
        "started_at": time_text(given.get("started_at")),
        "ended_at": ended,
        "seen_at": ended or time_text(given.get("started_at")) or made_at,
        "totals": {k: v for k, v in mapping(given.get("totals")).items() if isinstance(v, int)},
        "facts": mapping(given.get("facts")),
        "failure": failure,
        #: What the file of its accounts lacks.
        "unread": None,
        "warnings": [str(each) for each in sequence(given.get("warnings"))],
        "journal": dict(journal) or None,
        "journal_checks": _chains(given.get("journal_checks")),
        "consumers": [
            {
                "name": text(each.get("name")),
                "accounts": number(each.get("accounts")),
                "failed": bool(each.get("failed")),
                "message": text(each.get("message")),
            }
            for each in sequence(given.get("consumers"))
            if isinstance(each, Mapping)
        ],
        "last_success": time_text(given.get("last_success")),
    }
    host["left_out"] = _left_out(given)
    host["left_out_total"] = max(len(host["left_out"]), host["totals"].get("left_out", 0))
    has_result = bool(host["totals"]) or given.get("report_path") is not None
    host["finished"] = has_result and not (failure and _stops_endpoint(failure))
    return host


def place_of(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what tells hosts apart: platform, endpoint, shard."""
    return (str(row["platform"]), str(row["endpoint"]), str(row.get("shard") or ""))


def name_of(row: Mapping[str, Any]) -> str:
    """Return an endpoint's name for a person, its shard behind it."""
    shard = row.get("shard")
    return f"{row['platform']} {row['endpoint']}" + (f" ({shard})" if shard else "")


def has_succeeded(host: Mapping[str, Any], actions: Iterable[str]) -> bool:
    """Tell whether a run of rotations ended without any failure.

    actions: those of its accounts. A dry run and an audit prove nothing of it.
    """
    if not host["finished"] or host["failure"] or host["check_mode"]:
        return False
    if host["mode"] != _ROTATING:
        return False
    if any(consumer["failed"] for consumer in host["consumers"]):
        return False
    failed = [host["totals"].get(action, 0) for action in FAILED_ACTIONS]
    return not any(failed) and not set(FAILED_ACTIONS).intersection(actions)


def _failure(given: Any) -> Optional[dict[str, Any]]:
    """Return what went wrong; a role tells its step and message around that of the module."""
    told = mapping(given)
    inner = mapping(told.get("failure"))
    around = {name: told[name] for name in told if name != "failure" and told[name]}
    return {**inner, **around} or None


def _stops_endpoint(failure: Mapping[str, Any]) -> bool:
    """Tell whether a failure is the endpoint's: a result carries that of its first account too."""
    kind = KINDS.get(str(failure.get("kind")))
    return not failure.get("account") or kind is None or kind.stops_endpoint


def _left_out(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return who was left out and why, with the exception that a policy grants."""
    at = parse_time(given.get("ended_at")) or parse_time(given.get("started_at"))
    policies = [each for each in sequence(given.get("policies")) if isinstance(each, Mapping)]
    rows = []
    for name, why in sorted(mapping(given.get("left_out")).items()):
        kind = next((k for k in (EXCLUDED, SUSPENDED, RESERVED) if str(why).startswith(k)), "other")
        exception = _granted(policies, str(name))
        rows.append(
            {
                "account": str(name),
                "why": str(why),
                "kind": kind,
                "exception": exception_of(exception, at),
            }
        )
    return rows


def exception_of(given: Any, at: Optional[dt.datetime]) -> Optional[dict[str, Any]]:
    """Return an exception with whether it has ended at a moment; None where there is none."""
    exception = mapping(given)
    if not exception:
        return None
    until = parse_time(str(exception.get("until") or ""))
    expired = exception.get("expired")
    if not isinstance(expired, bool):
        # Without an end that can be read it excuses nothing.
        expired = until is None or (at is not None and until <= at)
    return {
        "reason": text(exception.get("reason")),
        "approver": text(exception.get("approver")),
        "until": iso(until) or text(exception.get("until")),
        "expired": expired,
    }


def _granted(policies: Sequence[Mapping[str, Any]], name: str) -> Any:
    exact = [each for each in policies if each.get("name") == name]
    fitting = [
        each
        for each in policies
        if each.get("match") and fnmatch.fnmatchcase(name, str(each["match"]))
    ]
    return next((each.get("exception") for each in [*exact, *fitting]), None)


def _chains(given: Any) -> list[dict[str, Any]]:
    rows = [dict(each) for each in sequence(given) if isinstance(each, Mapping)]
    rows.sort(key=lambda row: row.get("state") not in _UNSOUND)
    return [
        {
            "chain": text(row.get("chain")),
            "state": text(row.get("state")) or "unknown",
            "lines": number(row.get("lines")),
            "head": text(row.get("head")),
            "message": text(row.get("message")),
            "is_sound": row.get("state") not in _UNSOUND,
        }
        for row in rows[:_MOST_CHAINS]
    ]
