# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page says in tables beside the findings: figures, population, chains, standards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

Document = Mapping[str, Any]
Row = tuple[str, int, str]


def figures_of(sums: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the key figures, each with its level and a line of explanation."""
    applicable = sums["accounts"] - sums["not_applicable"]
    share, oldest = sums["compliant_percent"], sums["oldest_key"]
    mean = sums["mean_overlap_days"]
    chains, unsound = sums["journal_chains"], sums["journal_unsound"]
    # That nothing is wrong with accounts which nobody looked at is no good news.
    calm = "good" if sums["accounts"] else ""
    return [
        _figure(
            "Compliant",
            "\u2013" if share is None else f"{share:g}%",
            f"{sums['compliant']:,} of {applicable:,} accounts",
            "good" if share == 100 else "look" if share and share >= 95 else "act",
        ),
        _figure(
            "Overdue",
            f"{sums['overdue']:,}",
            "beyond the limit, without an exception",
            "act" if sums["overdue"] else calm,
        ),
        _figure("Failed", f"{sums['failed']:,}", "in this run", "act" if sums["failed"] else calm),
        _figure("Changed", f"{sums['changed']:,}", "rotated, resumed, retired", ""),
        _figure(
            "Unmanaged",
            f"{sums['unmanaged']:,}",
            "no record knows their keys",
            "look" if sums["unmanaged"] else calm,
        ),
        _figure(
            "Oldest key",
            "\u2013" if oldest is None else f"{oldest['age_days']:,} d",
            "" if oldest is None else f"{oldest['account']} at {oldest['endpoint']}",
            "",
        ),
        _figure(
            "Mean overlap",
            "\u2013" if mean is None else f"{mean:g} d",
            f"{sums['overlaps_open']:,} open, {sums['overlaps_too_long']:,} too long",
            "look" if sums["overlaps_too_long"] else "",
        ),
        _figure(
            "Journal",
            "\u2013" if not chains else "broken" if unsound else "intact",
            f"{chains:,} chains checked" if chains else "none was written",
            "act" if unsound else "good" if chains else "",
        ),
    ]


def population_of(sums: Mapping[str, Any]) -> list[Row]:
    """Return who is in the report and who is not."""
    named = sums["suspended"] + sums["excluded"] + sums["reserved"]
    other = sums["accounts"] - sums["managed"] - sums["unmanaged"]
    other -= sums["decommissioned"] + sums["left"]
    rows: list[tuple[str, int, str]] = [
        ("In this report", sums["accounts"], "the accounts that the runs looked at"),
        ("Under management", sums["managed"], "a record holds the current key"),
        ("Unmanaged", sums["unmanaged"], "the platform shows keys that no record knows"),
        ("Decommissioned", sums["decommissioned"], "keys ended, a tombstone is kept"),
        ("Left the platform", sums["left"], "the record is still there, the account is not"),
        ("State unknown", max(other, 0), "the run could not look, or ran without a secret store"),
        ("Left out", sums["left_out"], "by the platform's state or by exclude; not in the above"),
        ("of them suspended", sums["suspended"], "at the platform; their keys do not work"),
        ("of them excluded", sums["excluded"], "by the operator"),
        ("of them reserved", sums["reserved"], "by the platform for itself"),
        ("of them not named", max(sums["left_out"] - named, 0), "a run names the first hundred"),
        ("With a valid exception", sums["exceptions_valid"], "reason, approver and end are given"),
        ("With an ended exception", sums["exceptions_expired"], "due again"),
    ]
    always = ("In this report", "Under management", "Unmanaged", "Left out")
    return [row for row in rows if row[1] or row[0] in always]


def standards_of(document: Document) -> list[tuple[str, str, str]]:
    """Return the rules that the report answers to, with what it found."""
    sums = document["summary"]
    limits = ", ".join(
        f"{row['max_age_days']} days ({row['accounts']:,} accounts)" for row in sums["policies"]
    )
    unused = sum(f["count"] for f in document["findings"] if f["id"] == "never_used")
    mean = sums["mean_overlap_days"]
    return [
        (
            "CIS AWS Foundations 1.14 (2.12 in v7.0.0)",
            "Access keys are rotated every 90 days or less.",
            f"{sums['compliant']:,} accounts within their limit, {sums['overdue']:,} overdue."
            f" Limits in use: {limits or 'none'}.",
        ),
        (
            "AWS Config and Huawei Cloud Config access-keys-rotated",
            "Per account: no active key older than maxAccessKeyAge (default 90).",
            f"COMPLIANT {sums['compliant']:,}, NON_COMPLIANT {sums['non_compliant']:,},"
            f" INSUFFICIENT_DATA {sums['insufficient_data']:,},"
            f" NOT_APPLICABLE {sums['not_applicable']:,}.",
        ),
        (
            "CIS AWS Foundations 1.13",
            "One active key per user; two only for a short, explained overlap.",
            f"{sums['overlaps_open']:,} overlaps open, {sums['overlaps_too_long']:,} too long; mean"
            f" {'unknown' if mean is None else f'{mean:g} days'}.",
        ),
        (
            "CIS AWS Foundations 1.12",
            "Credentials unused for 45 days are disabled.",
            f"{unused:,} keys of 45 days or more never used since they were made, where the"
            " platform tells.",
        ),
        (
            "PCI DSS v4 8.6.3",
            "Secrets of application accounts are changed at the frequency that a risk analysis"
            " sets, and on suspicion or proof of compromise.",
            f"Frequency: {limits or 'none'}. Exceptions: {sums['exceptions_valid']:,} valid,"
            f" {sums['exceptions_expired']:,} ended. On suspicion: {len(suspicions_of(document)):,}"
            " in these runs.",
        ),
    ]


def suspicions_of(document: Document) -> list[dict[str, Any]]:
    """Return the keys that were named as compromised in these runs, with the reason given."""
    return [
        {
            **{name: line[name] for name in ("platform", "endpoint", "account")},
            "at": move["at"],
            "access_key": move["access_key"],
            "why": move.get("why") or move.get("reason"),
        }
        for line in document["accounts"]
        for move in line["transitions"]
        if move["event"] == "compromised"
    ]


def chains_of(document: Document) -> list[dict[str, Any]]:
    """Return every chain that was checked, by this report or by a run; unsound ones first."""
    rows: dict[str, dict[str, Any]] = {}
    for host in document["hosts"]:
        for check in host["journal_checks"]:
            rows[str(check["chain"])] = {**_NO_RUN, **check}
    for number, chain in enumerate(document["journals"], 1):
        checked = rows.get(chain["chain"])
        # What the secret store's head has shown is not unsaid by a look at the file alone.
        worse = checked if checked is not None and not checked["is_sound"] else {}
        rows[chain["chain"]] = {**chain, **worse, **{name: chain[name] for name in _NO_RUN}}
        rows[chain["chain"]]["number"] = number
    return sorted(rows.values(), key=lambda row: (row["is_sound"], str(row["chain"])))


_NO_RUN: dict[str, Optional[str]] = dict.fromkeys(("run", "who", "job", "reason", "change"))


def left_out_of(document: Document) -> list[dict[str, Any]]:
    """Return the accounts that the runs left out, as far as they named them."""
    return [
        {
            "platform": host["platform"],
            "endpoint": host["endpoint"],
            "account": row["account"],
            "why": row["why"],
            "exception": exception_words(row["exception"]),
        }
        for host in document["hosts"]
        for row in host["left_out"]
    ]


def warnings_of(document: Document) -> list[dict[str, Any]]:
    """Return what the runs warned of."""
    return [
        {"platform": host["platform"], "endpoint": host["endpoint"], "text": text}
        for host in document["hosts"]
        for text in host["warnings"]
    ]


def exception_words(exception: Optional[Mapping[str, Any]]) -> Optional[str]:
    """Return an exception as a sentence."""
    if not exception:
        return None
    end = "ended on" if exception["expired"] else "until"
    return f"{exception['reason']}, approved by {exception['approver']}, {end} {exception['until']}"


def _figure(name: str, value: str, told: str, level: str) -> dict[str, Any]:
    return {"name": name, "value": value, "told": told, "level": level}
