# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as metrics for Prometheus (text format 0.0.4), for a textfile collector.

They name endpoints and no accounts: a label with ten thousand values helps nobody.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from .clock import iso, parse_time
from .fleet_report_hosts import place_of
from .fleet_report_text import label

PREFIX = "s3_rotation_"
_SUCCESS = f"{PREFIX}last_success_timestamp_seconds"
#: Name, help, and where in an endpoint of the document its value stands.
_OF_ENDPOINTS = (
    ("accounts", "Accounts in the report.", "accounts"),
    ("accounts_managed", "Accounts under management.", "managed"),
    ("accounts_unmanaged", "Accounts that no record knows.", "unmanaged"),
    ("accounts_compliant", "Accounts whose active keys are all within their limit.", "compliant"),
    ("accounts_overdue", "Accounts beyond their limit without a valid exception.", "overdue"),
    ("accounts_changed", "Accounts at which the last run changed something.", "changed"),
    ("failures", "Accounts that failed in the last run.", "failed"),
    ("endpoint_finished", "Whether the last run came to the endpoint's end.", "finished"),
    ("journal_unsound_chains", "Chains of the journal not as written.", "journal_unsound"),
    ("oldest_key_age_seconds", "Age of the oldest active access key.", "oldest_age_seconds"),
)
_SAMPLE = re.compile(
    _SUCCESS + r'\{platform="((?:[^"\\]|\\.)*)",endpoint="((?:[^"\\]|\\.)*)"'
    r',shard="((?:[^"\\]|\\.)*)"\} (\d+)'
)
_ESCAPED = re.compile(r"\\(.)")

Place = tuple[str, str, str]


def prometheus_of(document: Mapping[str, Any], kept: Mapping[Place, str]) -> str:
    """Return the metrics.

    kept: last successes of an earlier file; those of endpoints that are not in this report stay, so
    that an endpoint that fell out of the schedule is noticed.
    """
    lines: list[str] = []
    for name, told, field in _OF_ENDPOINTS:
        lines += _head(name, told)
        for row in document["endpoints"]:
            labels = _labels(platform=row["platform"], endpoint=row["endpoint"])
            lines.append(f"{PREFIX}{name}{labels} {int(row[field])}")
    runs = {place_of(host): host["seen_at"] for host in document["hosts"] if host["seen_at"]}
    lines += _dates("last_run_timestamp_seconds", "When the last run ended.", runs.items())
    successes = dict(kept)
    for host in document["hosts"]:
        if host["last_success"]:
            successes[place_of(host)] = host["last_success"]
    lines += _dates(
        "last_success_timestamp_seconds",
        "When the last run ended without any failure; kept over runs that fail.",
        sorted(successes.items()),
    )
    lines += _head("findings", "Findings of the report by level.")
    for level, count in document["summary"]["findings"].items():
        lines.append(f"{PREFIX}findings{_labels(level=level)} {count}")
    lines += _head("report_timestamp_seconds", "When the report was made.")
    lines.append(f"{PREFIX}report_timestamp_seconds {_seconds(document['made_at'])}")
    return "\n".join(lines) + "\n"


def last_success_in(text: str) -> dict[Place, str]:
    """Return the last successes that a file of metrics names, by platform, endpoint and shard."""
    found: dict[Place, str] = {}
    for platform, endpoint, shard, seconds in _SAMPLE.findall(text):
        moment = _iso(seconds)
        if moment is not None:
            found[(_plain(platform), _plain(endpoint), _plain(shard))] = moment
    return found


def _head(name: str, told: str) -> list[str]:
    return [f"# HELP {PREFIX}{name} {told}", f"# TYPE {PREFIX}{name} gauge"]


def _dates(name: str, told: str, rows: Iterable[tuple[Place, str]]) -> list[str]:
    lines = _head(name, told)
    for (platform, endpoint, shard), date in rows:
        labels = _labels(platform=platform, endpoint=endpoint, shard=shard)
        lines.append(f"{PREFIX}{name}{labels} {_seconds(date)}")
    return lines


def _labels(**values: Any) -> str:
    return "{" + ",".join(f'{name}="{label(value)}"' for name, value in values.items()) + "}"


def _seconds(date: str) -> int:
    moment = parse_time(date)
    return 0 if moment is None else int(moment.timestamp())


def _iso(seconds: str) -> Optional[str]:
    try:
        return iso(dt.datetime.fromtimestamp(int(seconds), dt.timezone.utc))
    except (OverflowError, OSError, ValueError):
        return None


def _plain(escaped: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], escaped)
