# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of a report: made from what ran, merged from slices, its sums counted anew."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from .clock import iso
from .errors import CredentialsError
from .fleet_report_findings import findings_of
from .fleet_report_hosts import has_succeeded, host_of, place_of
from .fleet_report_journal import Evidence
from .fleet_report_lines import line_of
from .fleet_report_rows import rows_of
from .fleet_report_summary import endpoints_of, histogram_of, status_of, summary_of
from .fleet_report_values import mapping, mappings, strict_json
from .report import without_secrets

FORMAT = 1
KIND = "objectstore.credentials rotation report"
#: Says of an entry that it is for a host that no report to merge tells of.
UNLESS_MERGED = "unless_merged"
Document = dict[str, Any]


class Pool:
    """Hosts, accounts and chains of several runs: the later look at each of them wins."""

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._accounts: dict[tuple[str, ...], dict[str, Any]] = {}
        self._journals: dict[str, dict[str, Any]] = {}

    def add_host(self, host: dict[str, Any]) -> None:
        """Take a host; an earlier run of the same endpoint and shard gives way."""
        place = place_of(host)
        known = self._hosts.get(place)
        if known is None:
            self._hosts[place] = host
            return
        later, earlier = _later(known, host)
        dates = [date for date in (known["last_success"], host["last_success"]) if date]
        if later["failure"] is not None and not later["title"]:
            later = {**later, "title": earlier["title"], "facts": earlier["facts"]}
        self._hosts[place] = {**later, "last_success": max(dates, default=None)}

    def add_account(self, line: dict[str, Any]) -> None:
        """Take an account; of two looks at one the later wins, and the evidence of both stays."""
        name = _identity(line)
        known = self._accounts.get(name)
        if known is None:
            self._accounts[name] = line
            return
        later, _earlier = _later(known, line)
        both = {(t["chain"], t["seq"]): t for t in [*known["transitions"], *line["transitions"]]}
        moves = sorted(both.values(), key=lambda t: (str(t["at"]), str(t["chain"]), t["seq"] or 0))
        self._accounts[name] = {**later, "transitions": moves}

    def add_journal(self, chain: dict[str, Any]) -> None:
        """Take what was found of a chain; what is longer was seen later."""
        known = self._journals.get(chain["chain"])
        if known is None or (chain["lines"] or 0) >= (known["lines"] or 0):
            self._journals[chain["chain"]] = chain

    def add_document(self, document: Mapping[str, Any]) -> None:
        """Take an earlier report apart again."""
        for host in document["hosts"]:
            self.add_host({**host, "seen_at": host["seen_at"] or document["made_at"]})
        for line in document["accounts"]:
            self.add_account(line)
        for chain in document["journals"]:
            self.add_journal(chain)

    def document(self, about: Mapping[str, Any], last_success: Mapping[Any, str]) -> Document:
        """Return the report of all that was taken.

        about: title, reason, change, made_at, max_age_days. last_success: of each place, as an
        earlier report had it; a run that failed must not forget when the last one succeeded.
        """
        hosts = [self._hosts[place] for place in sorted(self._hosts)]
        for host in hosts:
            dates = (host["last_success"], last_success.get(place_of(host)))
            host["last_success"] = max(filter(None, dates), default=None)
        lines = [self._accounts[name] for name in sorted(self._accounts)]
        journals = [self._journals[chain] for chain in sorted(self._journals)]
        findings = findings_of(hosts, lines, journals)
        summary = summary_of(hosts, lines, journals, findings)
        moments = [host[name] for host in hosts for name in ("started_at", "ended_at")]
        known = [moment for moment in moments if moment]
        is_dry_run = bool(hosts) and all(host["check_mode"] for host in hosts)
        return {
            "format": FORMAT,
            "kind": KIND,
            **about,
            "from": min(known, default=None),
            "until": max(known, default=None),
            "is_dry_run": is_dry_run,
            **status_of(summary, findings, is_dry_run),
            "summary": summary,
            "findings": findings,
            "histogram": histogram_of(lines),
            "endpoints": endpoints_of(hosts, lines),
            "hosts": hosts,
            "journals": journals,
            "accounts": lines,
        }


def document_of(params: Mapping[str, Any], now: dt.datetime, last_success: Any) -> Document:
    """Return the report that the options ask for. Reads files; writes none.

    Raises invalid_option for a report to merge that is none, store_refused for a journal that
    cannot be read. What a host's own run left unreadable becomes a finding instead.
    """
    made_at = iso(now) or ""
    max_age: dt.timedelta = params["max_age"]
    pool = Pool()
    reports = [_earlier_report(path) for path in params.get("merge") or ()]
    for report in reports:
        pool.add_document(report)
    told = {str(host["host"]) for report in reports for host in report["hosts"]}
    given = [
        entry
        for entry in mappings(params.get("endpoints"))
        if not (entry.get(UNLESS_MERGED) and entry.get("host") in told)
    ]
    evidence = Evidence.of(params.get("journal"), given)
    for entry in given:
        host = host_of(entry, made_at)
        lines = [line_of(row, host, max_age) for row in rows_of(entry, host)]
        succeeded = has_succeeded(host, {line["action"] for line in lines})
        host["succeeded"] = succeeded
        if not lines and not (host["started_at"] or host["ended_at"]):
            # It told no time, and nothing was seen: two reports of it are alike.
            host["seen_at"] = None
        if succeeded:
            host["last_success"] = max(filter(None, (host["last_success"], host["seen_at"])))
        pool.add_host(host)
        for line in lines:
            where = (line["platform"], line["endpoint"], str(line["account"]))
            line["transitions"] = evidence.transitions.get(where, [])
            pool.add_account(line)
    for chain in evidence.chains:
        pool.add_journal(chain)
    about = {
        "title": params.get("title") or _first(reports, "title") or "S3 access key rotation",
        "made_at": made_at,
        "reason": params.get("reason") or _first(reports, "reason"),
        "change": params.get("change") or _first(reports, "change"),
        "max_age_days": max_age.days,
    }
    document: Document = without_secrets(pool.document(about, last_success))
    return document


def _earlier_report(path: str) -> Mapping[str, Any]:
    """Return an earlier report of this form. Raises invalid_option."""
    name = os.path.abspath(os.path.expanduser(path))
    why = None
    try:
        with open(name, encoding="utf-8") as file:
            report = strict_json(file.read())
    except OSError as exc:
        why = exc.strerror or "it cannot be read"
    except ValueError:
        why = "it is no JSON"
    if why is None and (mapping(report).get("kind"), mapping(report).get("format")) != (
        *(KIND, FORMAT),
    ):
        why = "it is no report of this form"
    if why is not None:
        raise CredentialsError(
            "invalid_option",
            f"merge: {name} cannot be merged: {why}. Nothing was written.",
            next_step="Name the .json files that s3_rotation_report wrote.",
        )
    return mapping(report)


def _later(known: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two looks at the same thing, the later first; of two at one time the new one."""
    is_older = _when(new) < _when(known)
    return (known, new) if is_older else (new, known)


def _when(look: Mapping[str, Any]) -> str:
    """Return when something was seen, for comparing; without a date it is now."""
    return str(look["seen_at"] or "~")


def _identity(line: Mapping[str, Any]) -> tuple[str, ...]:
    name = line["account"] or line["account_id"]
    if name is None:
        return (line["platform"], line["endpoint"], "", str(line["access_key"]), str(line["why"]))
    return (line["platform"], line["endpoint"], name)


def _first(reports: Iterable[Mapping[str, Any]], name: str) -> Optional[str]:
    return next((str(report[name]) for report in reports if report.get(name)), None)
