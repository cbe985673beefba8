# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a table: a line per access key, so that a spreadsheet can sort and count them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from .fleet_report_text import cell

#: The columns, in this order; new ones come at the end.
COLUMNS = (
    *("platform", "endpoint", "account", "account_id", "application", "owner", "contact"),
    *("state", "managed", "enabled", "compliance", "overdue_days", "limit_days", "due_at"),
    *("access_key", "held", "status", "created_at", "age_days", "last_used", "expires_at"),
    *("overlap_since", "overlap_days", "never_used_since_created", "acknowledged", "verified"),
    *("exception_until", "exception_expired", "exception_reason", "exception_approver"),
    *("action", "why", "failure_kind", "failure_message", "alive", "next_step", "seen_at"),
)
_OF_A_KEY = ("access_key", "held", "status", "created_at", "age_days", "last_used", "expires_at")


def csv_of(document: Mapping[str, Any]) -> str:
    """Return the accounts as CSV (RFC 4180, UTF-8), no cell of which is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in document["accounts"]:
        for row in _rows(line):
            writer.writerow([cell(row.get(name)) for name in COLUMNS])
    return text.getvalue()


def _rows(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each key of an account; one without keys has one too."""
    overlap, failure = line["overlap"] or {}, line["failure"] or {}
    exception = line["exception"] or {}
    common = {
        **{name: line.get(name) for name in COLUMNS},
        **{f"overlap_{name}": overlap.get(name) for name in ("since", "days")},
        **{
            f"exception_{name}": exception.get(name)
            for name in ("until", "expired", "reason", "approver")
        },
        "failure_kind": failure.get("kind"),
        "failure_message": failure.get("message"),
        "alive": failure.get("alive"),
        "next_step": failure.get("next_step"),
    }
    if not line["access_keys"]:
        yield common
    for key in line["access_keys"]:
        yield {**common, **{name: key.get(name) for name in _OF_A_KEY}}
