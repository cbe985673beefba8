# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows that the calls of one host left, one for each account, the last look counting."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from .fleet_report_hosts import name_of
from .fleet_report_values import mapping, mappings, sequence, strict_json, text
from .results import QUIET_ACTIONS

Row = Mapping[str, Any]
#: What a later call says of an account without taking anything from what an earlier one did.
_MINOR = ("acknowledged", "unchanged")


def rows_of(entry: Mapping[str, Any], host: dict[str, Any]) -> list[Row]:
    """Return the rows of a host's report_path, or the accounts that its result has. Reads only.

    report_path may be a list: the files of one call after the other. A file that is not there, or
    holds what is no line, is noted at the host: the report must come. Where the host says
    is_planned, its rows are those of a rehearsal that no run followed.
    """
    given = entry.get("report_path")
    if given is None:
        rows: list[Row] = mappings(entry.get("accounts"))
    else:
        paths = [given] if isinstance(given, str) else sequence(given)
        rows = _joined(row for path in paths for row in _lines(str(path), host))
    return [_not_begun(row) for row in rows] if entry.get("is_planned") else rows


def _joined(rows: Iterable[Row]) -> list[Row]:
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        place: tuple[Any, ...] = (text(row.get("account")), text(row.get("account_id")))
        if place == (None, None):
            place = (None, len(found))
        before = found.get(place)
        if before is not None and row.get("action") in _MINOR:
            kept = ("action", "why", "previous_access_key", "failure", "details")
            if before.get("action") not in QUIET_ACTIONS:
                told = _told(before, row)
                row = {**row, **{name: before.get(name) for name in kept}, **told}
            row = {**row, **_seen(before, row)}
        found[place] = row
    return list(found.values())


def _told(before: Row, row: Row) -> dict[str, Any]:
    # "announced: ... is not acknowledged yet" was true until the call after it.
    details = mapping(before.get("details"))
    steps = details.get("steps")
    if row.get("action") != "acknowledged" or not isinstance(steps, list):
        return {}
    left = [step for step in steps if not str(step).startswith("announced: ")]
    return {"details": {**details, "steps": [*left, f"acknowledged: {row.get('why')}"]}}


def _seen(before: Row, row: Row) -> dict[str, Any]:
    # A call that works on records alone has not looked at the platform: what another has seen there
    # counts, an old key that works beside the new one above all.
    if row.get("access_keys") or not before.get("access_keys"):
        return {}
    return {name: before[name] for name in ("access_keys", "compliance") if name in before}


def _not_begun(row: Row) -> Row:
    if row.get("action") in QUIET_ACTIONS:
        return row
    why = f"planned, and not begun: {row.get('action')} ({row.get('why')})"
    return {**row, "action": "skipped", "why": why}


def _lines(path: str, host: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    broken = 0
    try:
        with open(os.path.expanduser(path), encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    row = strict_json(line)
                except ValueError:
                    row = None
                if isinstance(row, dict):
                    rows.append(row)
                else:
                    broken += bool(line.strip())
    except OSError as exc:
        _note_missing(host, f"{path}: {exc.strerror}")
    if broken:
        _note_missing(host, f"{path}: {broken} lines are no JSON")
    return rows


def _note_missing(host: dict[str, Any], why: str) -> None:
    host["finished"] = False
    host["unread"] = f"The accounts of {name_of(host)} cannot be read: {why}."
    host["failure"] = host["failure"] or {
        "kind": "invalid_option",
        "message": host["unread"],
        "next_step": "Look at the run of this host; its accounts are not in this report.",
    }
