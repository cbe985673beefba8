# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person has to look at, the most urgent first, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .errors import KINDS
from .fleet_report_concerns import ACT, CONCERNS, LOOK, NOTE
from .fleet_report_hosts import EXCLUDED, RESERVED, name_of
from .fleet_report_lines import has_failed

Line = Mapping[str, Any]
Rows = Sequence[Line]

_LEVELS = (ACT, LOOK, NOTE)


def findings_of(hosts: Rows, lines: Rows, journals: Rows) -> list[dict[str, Any]]:
    """Return the findings, the most urgent first; each lists everything that it concerns."""
    found = [
        *_endpoint_failures(hosts),
        *_failures(lines),
        *_journals(hosts, journals),
        *_consumers(hosts),
        *_about_accounts(lines),
        *_left_out(hosts),
    ]
    return sorted(found, key=lambda finding: _LEVELS.index(finding["level"]))


def _endpoint_failures(hosts: Rows) -> Iterator[dict[str, Any]]:
    by_kind: dict[tuple[str, str], list[Line]] = {}
    for host in hosts:
        if not host["finished"]:
            failure = host["failure"] or {}
            kind = str(failure.get("kind") or "")
            step = failure.get("next_step") or (
                KINDS[kind].next_step if kind in KINDS else "Look at the job's output, run again."
            )
            by_kind.setdefault((kind, str(step)), []).append(host)
    for (kind, step), concerned in sorted(by_kind.items()):
        says = any((host["failure"] or {}).get("message") for host in concerned)
        unknown = "each says why" if says else "they told nothing of how they ended"
        meaning = KINDS[kind].meaning if kind in KINDS else unknown
        rows = [
            _row(host, None, (host["failure"] or {}).get("message") or "no result")
            for host in concerned
        ]
        yield _finding("endpoints", ACT, f"Endpoints that did not finish: {meaning}", step, rows)


def _failures(lines: Rows) -> Iterator[dict[str, Any]]:
    by_kind: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if has_failed(line):
            failure = line["failure"] or {}
            kind = str(failure.get("kind") or line["action"])
            step = failure.get("next_step") or (KINDS[kind].next_step if kind in KINDS else "")
            by_kind.setdefault((kind, str(step)), []).append(line)
    for (kind, step), concerned in sorted(by_kind.items()):
        meaning = KINDS[kind].meaning if kind in KINDS else kind
        rows = []
        for line in concerned:
            failure = line["failure"] or {}
            told = failure.get("message") or line["why"] or kind
            alive = f" Alive: {failure['alive']}." if failure.get("alive") else ""
            rows.append(_row(line, line["account"], f"{told}{alive}"))
        yield _finding("failed", ACT, f"Accounts that failed: {meaning}", step, rows)


def _journals(hosts: Rows, journals: Rows) -> Iterator[dict[str, Any]]:
    checks = [(host, check) for host in hosts for check in host["journal_checks"]]
    rows = [
        _row(host, None, f"{check['chain']} is {check['state']}: {check['message']}")
        for host, check in checks
        if not check["is_sound"]
    ]
    known = {check["chain"] for _host, check in checks}
    for chain in journals:
        if not chain["is_sound"] and chain["chain"] not in known:
            place = {"platform": None, "endpoint": None}
            rows.append(
                _row(place, None, f"{chain['chain']} is {chain['state']}: {chain['message']}")
            )
    if rows:
        yield _finding(
            "journal",
            ACT,
            "Chains of the journal that are not as they were written",
            "Keep the files, find out who could write there, and compare them with a backup.",
            rows,
        )


def _consumers(hosts: Rows) -> Iterator[dict[str, Any]]:
    rows = []
    for host in hosts:
        for consumer in host["consumers"]:
            if consumer["failed"]:
                count = (
                    "" if consumer["accounts"] is None else f" ({consumer['accounts']} accounts)"
                )
                told = consumer["message"] or "it failed"
                rows.append(_row(host, None, f"{consumer['name']}{count}: {told}"))
    if rows:
        yield _finding(
            "consumers",
            ACT,
            "Consumers that failed",
            "Mend the consumer; the next run tells it again although nothing is due. Until then the"
            " old key stays alive where the platform has two.",
            rows,
        )


def _about_accounts(lines: Rows) -> Iterator[dict[str, Any]]:
    for word, level, title, step, told in CONCERNS:
        rows = [_row(line, line["account"], text) for line in lines if (text := told(line))]
        if rows:
            yield _finding(word, level, title, step, rows)


def _left_out(hosts: Rows) -> Iterator[dict[str, Any]]:
    for kind, level, title, step in (
        (
            EXCLUDED,
            LOOK,
            "Accounts left out without an exception",
            "Take them out of exclude, or grant an exception with reason, approver and end.",
        ),
        (
            RESERVED,
            NOTE,
            "Accounts that the platform keeps for itself, left out",
            "Make sure that nobody uses keys of theirs; a run takes them when they are named.",
        ),
    ):
        rows = [
            _row(host, row["account"], row["why"])
            for host in hosts
            for row in host["left_out"]
            if row["kind"] == kind and not _is_valid(row["exception"])
        ]
        if rows:
            yield _finding("left_out", level, title, step, rows)
    unnamed = [host for host in hosts if host["left_out_total"] > len(host["left_out"])]
    if unnamed:
        rows = [
            _row(host, None, f"{host['left_out_total'] - len(host['left_out'])} more, not named")
            for host in unnamed
        ]
        yield _finding(
            "left_out",
            NOTE,
            "Accounts left out that the run did not name",
            "A run names the first hundred; s3_credential_info lists them all when they are named.",
            rows,
        )


def _finding(
    word: str, level: str, title: str, step: str, rows: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    concerned = list(rows)
    return {
        "id": word,
        "level": level,
        "title": title,
        "next_step": step,
        "count": len(concerned),
        "concerns": concerned,
    }


def _row(place: Line, account: Any, told: Any) -> dict[str, Any]:
    return {
        "platform": place["platform"],
        "endpoint": place["endpoint"] if not place.get("shard") or account else name_of(place),
        "account": account,
        "text": str(told),
    }


def _is_valid(exception: Any) -> bool:
    return bool(exception) and not exception["expired"]
