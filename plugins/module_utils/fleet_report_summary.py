# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sums of a report: population, compliance, ages, overlaps, and how each endpoint ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from .fleet_report_hosts import EXCLUDED, RESERVED, SUSPENDED
from .fleet_report_lines import (
    COMPLIANT,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    has_changed,
    has_failed,
)
from .visible import visible

Rows = Sequence[Mapping[str, Any]]
#: Days at which the bars of the picture of ages begin.
AGES = (0, 15, 30, 45, 60, 75, 90, 120, 180, 365)
#: How many endpoints the status line names; it goes into notifications.
_MOST_NAMED = 5
#: How many accounts are told of where a run ends, and how much of each.
_MOST_TOLD, _LONGEST_TOLD = 20, 200


def summary_of(hosts: Rows, lines: Rows, journals: Rows, findings: Rows) -> dict[str, Any]:
    """Return the figures of the whole report."""
    verdicts = Counter(line["compliance"] for line in lines)
    applicable = len(lines) - verdicts[NOT_APPLICABLE]
    left_out = [row for host in hosts for row in host["left_out"]]
    kinds = Counter(row["kind"] for row in left_out)
    exceptions = [line["exception"] for line in lines if line["exception"]]
    checks = [check for host in hosts for check in host["journal_checks"]]
    chains = {chain["chain"]: chain["is_sound"] for chain in checks}
    chains.update({chain["chain"]: chain["is_sound"] for chain in journals})
    levels = Counter(finding["level"] for finding in findings)
    ends = endpoints_of(hosts, lines)
    return {
        "endpoints": len({(host["platform"], host["endpoint"]) for host in hosts}),
        "endpoints_finished": sum(row["finished"] for row in ends),
        "endpoints_unfinished": [row["endpoint"] for row in ends if not row["finished"]],
        "accounts": len(lines),
        "managed": sum(line["managed"] is True for line in lines),
        "unmanaged": sum(line["state"] == "unmanaged" for line in lines),
        "decommissioned": sum(line["state"] == "decommissioned" for line in lines),
        "left": sum(line["state"] == "left" for line in lines),
        "left_out": sum(host["left_out_total"] for host in hosts),
        "suspended": kinds[SUSPENDED],
        "excluded": kinds[EXCLUDED],
        "reserved": kinds[RESERVED],
        "exceptions_valid": sum(not each["expired"] for each in exceptions),
        "exceptions_expired": sum(bool(each["expired"]) for each in exceptions),
        "compliant": verdicts[COMPLIANT],
        "non_compliant": verdicts[NON_COMPLIANT],
        "insufficient_data": verdicts[INSUFFICIENT_DATA],
        "not_applicable": verdicts[NOT_APPLICABLE],
        "compliant_percent": _percent(verdicts[COMPLIANT], applicable),
        "overdue": sum(line["is_overdue"] for line in lines),
        "due": sum(line["is_due"] for line in lines),
        "failed": sum(has_failed(line) for line in lines),
        "changed": sum(has_changed(line) for line in lines),
        "actions": dict(sorted(Counter(line["action"] for line in lines).items())),
        "access_keys": sum(len(line["access_keys"]) for line in lines),
        "oldest_key": _oldest(lines),
        **_overlaps(lines),
        "policies": _policies(lines),
        "journal_chains": len(chains),
        "journal_unsound": sum(not is_sound for is_sound in chains.values()),
        "transitions": sum(len(line["transitions"]) for line in lines),
        "findings": {level: levels[level] for level in ("act", "look", "note")},
    }


def status_of(summary: Mapping[str, Any], findings: Rows, is_dry_run: bool) -> dict[str, str]:
    """Return the state of the whole in one word and in one sentence."""
    finished, endpoints = summary["endpoints_finished"], summary["endpoints"]
    parts = [f"{finished} of {endpoints} {_plural('endpoint', endpoints)} finished"]
    changed, count = summary["changed"], summary["accounts"]
    if changed:
        # Who rotated forty keys should not have to read from silence that it went well.
        verb = "would change" if is_dry_run else "changed"
        parts.append(f"{changed:,} of {count:,} {_plural('account', count)} {verb}")
    counts = (
        (summary["failed"], "failed"),
        (summary["overdue"], "overdue"),
        (summary["unmanaged"], "not under management"),
    )
    said = [f"{n:,} {_plural('account', n)} {what}" for n, what in counts if n]
    if not count and finished < endpoints:
        said = ["no account was looked at"]
    all_of_them = [] if changed else [f"{count:,} {_plural('account', count)}"]
    parts += said or [*all_of_them, "none failed or overdue"]
    unfinished = summary["endpoints_unfinished"]
    if unfinished:
        more = len(unfinished) - _MOST_NAMED
        names = ", ".join(unfinished[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        parts.append(f"not finished: {names}")
    if summary["journal_unsound"]:
        parts.append("the journal is not as it was written")
    levels = {finding["level"] for finding in findings}
    status = "act" if "act" in levels else "look" if "look" in levels else "good"
    return {"status": status, "status_line": ", ".join(parts)}


def told_of(lines: Rows) -> list[str]:
    """Return what failed and what changed, an account a line, failures first: for a terminal."""
    worth = [line for line in lines if has_failed(line)]
    worth += [line for line in lines if has_changed(line) and not has_failed(line)]
    told = []
    for line in worth[:_MOST_TOLD]:
        key = f" {line['access_key']}" if line["access_key"] else ""
        steps = line["details"].get("steps")
        done = f"{line['action']}: {line['why']}" if line["why"] else line["action"]
        if isinstance(steps, list) and not has_failed(line):
            # Such as a rotation that also revoked the key before.
            done = "; ".join(map(str, steps))
        text = f"{line['endpoint']}: {line['account']}{key}: {done}"
        told.append(visible(text, _LONGEST_TOLD))
    if len(worth) > _MOST_TOLD:
        told.append(f"and {len(worth) - _MOST_TOLD:,} more accounts: see the report")
    return told


def histogram_of(lines: Rows) -> list[dict[str, Any]]:
    """Return how many accounts have an oldest key of which age, and what is said of them."""
    bars: list[dict[str, Any]] = []
    for begin, end in zip(AGES, (*AGES[1:], None)):
        name = f"{begin} to {end} days" if end else f"over {begin} days"
        bars.append({"name": name, "from": begin, "to": end, **_NO_VERDICTS})
    bars.append({"name": "unknown", "from": None, "to": None, **_NO_VERDICTS})
    for line in lines:
        if line["compliance"] == NOT_APPLICABLE:
            continue
        age = line["age_days"]
        place = len(AGES) if age is None else sum(age >= begin for begin in AGES) - 1
        bars[place][_verdict(line)] += 1
    return bars


_NO_VERDICTS = {"compliant": 0, "excused": 0, "overdue": 0, "unknown": 0}


def _verdict(line: Mapping[str, Any]) -> str:
    if line["is_overdue"]:
        return "overdue"
    if line["compliance"] == NON_COMPLIANT:
        return "excused"
    return "compliant" if line["compliance"] == COMPLIANT else "unknown"


def endpoints_of(hosts: Rows, lines: Rows) -> list[dict[str, Any]]:
    """Return a row per endpoint, its shards together."""
    shards: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for host in hosts:
        shards.setdefault((host["platform"], host["endpoint"]), []).append(host)
    accounts: dict[tuple[str, str], list[Mapping[str, Any]]] = {place: [] for place in shards}
    for line in lines:
        accounts.setdefault((line["platform"], line["endpoint"]), []).append(line)
    return [_endpoint(shards.get(place, []), accounts[place], place) for place in sorted(accounts)]


def _endpoint(hosts: Rows, lines: Rows, place: tuple[str, str]) -> dict[str, Any]:
    finished = sum(host["finished"] for host in hosts)
    # An endpoint has succeeded when the last of its shards has.
    successes = [host["last_success"] for host in hosts]
    runs = [host["seen_at"] for host in hosts if host["started_at"] or host["ended_at"]]
    return {
        "platform": place[0],
        "endpoint": place[1],
        "title": _one(hosts, "title"),
        "version": _one(hosts, "version"),
        "shards": len(hosts),
        "shards_finished": finished,
        "finished": bool(hosts) and finished == len(hosts),
        "modes": sorted({host["mode"] for host in hosts}),
        "facts": next((host["facts"] for host in hosts if host["facts"]), {}),
        "accounts": len(lines),
        "managed": sum(line["managed"] is True for line in lines),
        "unmanaged": sum(line["state"] == "unmanaged" for line in lines),
        "compliant": sum(line["compliance"] == COMPLIANT for line in lines),
        "non_compliant": sum(line["compliance"] == NON_COMPLIANT for line in lines),
        "overdue": sum(line["is_overdue"] for line in lines),
        "failed": sum(has_failed(line) for line in lines),
        "changed": sum(has_changed(line) for line in lines),
        "left_out": sum(host["left_out_total"] for host in hosts),
        "oldest_age_days": max((line["age_days"] or 0 for line in lines), default=0),
        "oldest_age_seconds": max((line["age_seconds"] or 0 for line in lines), default=0),
        "journal_unsound": sum(
            not check["is_sound"] for host in hosts for check in host["journal_checks"]
        ),
        "last_run": max(runs, default=None),
        "last_success": min(successes) if successes and all(successes) else None,
    }


def _one(hosts: Rows, name: str) -> Optional[str]:
    return next((host[name] for host in hosts if host[name]), None)


def _percent(part: int, whole: int) -> Optional[float]:
    """Return a share rounded down: what is not complete never reads as 100."""
    return None if not whole else part * 1000 // whole / 10


def _oldest(lines: Rows) -> Optional[dict[str, Any]]:
    known = [line for line in lines if line["age_days"] is not None]
    if not known:
        return None
    line = max(known, key=lambda each: each["age_seconds"] or 0)
    names = ("platform", "endpoint", "account", "access_key", "age_days")
    return {name: line[name] for name in names}


def _overlaps(lines: Rows) -> dict[str, Any]:
    still = [line["overlap"] for line in lines if line["overlap"]]
    days = [float(each["days"]) for each in still if each["days"] is not None]
    days += [lasted for line in lines for lasted in line["past_overlaps_days"]]
    return {
        "overlaps_open": len(still),
        "overlaps_too_long": sum(each["too_long"] for each in still),
        "overlaps_measured": len(days),
        "mean_overlap_days": round(sum(days) / len(days), 1) if days else None,
    }


def _policies(lines: Rows) -> list[dict[str, int]]:
    """Return how many accounts have which limit: the frequencies that a risk analysis has set."""
    limits = Counter(line["limit_days"] for line in lines)
    return [{"max_age_days": days, "accounts": limits[days]} for days in sorted(limits)]


def _plural(word: str, count: int) -> str:
    return word if count == 1 else word + "s"
