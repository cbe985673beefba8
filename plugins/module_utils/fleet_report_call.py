# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of s3_rotation_report: its options, the report that they ask for, and what is returned.

What it writes are the files that the operator names, in check mode too.
"""

from __future__ import annotations

from typing import Any

from .clock import Clock
from .errors import CredentialsError
from .fleet_report import UNLESS_MERGED, document_of
from .fleet_report_files import ENDINGS, ReportFiles
from .fleet_report_summary import told_of
from .options import ArgumentSpec, parse_duration
from .report import Report
from .rotation_plan import Plan, merge, text_of

SPEC = ArgumentSpec(
    {
        "path": {"type": "path", "required": True},
        "name": {"type": "str", "default": "report"},
        "formats": {
            "type": "list",
            "elements": "str",
            "choices": list(ENDINGS),
            "default": list(ENDINGS),
        },
        "prometheus_path": {"type": "path"},
        "endpoints": {"type": "list", "elements": "dict", "default": []},
        "missing_hosts": {"type": "list", "elements": "str", "default": []},
        "merge": {"type": "list", "elements": "path", "default": []},
        "journal": {"type": "path"},
        "write_plan": {"type": "path"},
        "title": {"type": "str"},
        "reason": {"type": "str"},
        "change": {"type": "str"},
        "max_age": {"type": "str", "default": "90d"},
    }
)


def write_report(params: dict[str, Any], clock: Clock) -> tuple[dict[str, Any], list[str]]:
    """Write the report and return where it is, its figures, and warnings.

    Raises invalid_option and store_refused.
    """
    max_age = parse_duration(params["max_age"], "max_age")
    is_merge = bool(params["merge"])
    params["endpoints"] += [_missing(name, is_merge) for name in params["missing_hosts"]]
    if not params["endpoints"] and not params["merge"]:
        raise CredentialsError(
            "invalid_option",
            "endpoints and merge are both empty: there is nothing to report on.",
            next_step="Give endpoints a dictionary for each host, or merge earlier .json reports.",
        )
    files = ReportFiles.prepare(params)
    plan_file = Report.prepare(params["write_plan"], "write_plan")
    kept = files.last_success()
    try:
        document = document_of({**params, "max_age": max_age}, clock.now(), kept)
        unread = [str(host["unread"]) for host in document["hosts"] if host["unread"]]
        changed = files.write(document, kept)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
        if not params["merge"]:
            raise
        # Every value of it goes somewhere; to check each beforehand would be to tell it twice.
        raise CredentialsError(
            "invalid_option",
            f"merge: a report is not as s3_rotation_report wrote it ({exc.__class__.__name__})."
            " Nothing was written.",
            next_step="Write the reports that are to be merged anew.",
        ) from None
    findings = [
        {name: finding[name] for name in ("id", "level", "title", "count", "next_step")}
        for finding in document["findings"]
    ]
    result = {
        "changed": changed,
        "paths": files.paths,
        "status": document["status"],
        "status_line": document["status_line"],
        "told": told_of(document["accounts"]),
        "summary": {**document["summary"], "findings": findings},
    }
    if plan_file is not None:
        result["plan"] = _write_plan(plan_file, params["endpoints"])
    return result, unread


def _missing(host: str, is_merge: bool) -> dict[str, Any]:
    """Return the entry of a host that ended before it could say anything."""
    said = (
        (
            f"None of the reports that were merged tells of {host}.",
            "See what became of its job, or of its slice; its accounts are not in this report.",
        )
        if is_merge
        else (
            f"{host} ended before it could say anything: see the output of the run.",
            "Mend what its first failed task says; its accounts are not in this report.",
        )
    )
    failure = dict(zip(("kind", "message", "next_step"), ("internal", *said)))
    return {"host": host, "failure": failure, UNLESS_MERGED: True}


def _write_plan(file: Report, endpoints: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Write one plan of all endpoints' plans; return where it is and its hash, None without any."""
    paths = [each["plan_path"] for each in endpoints if each.get("plan_path")]
    if not paths:
        return None
    document = merge([Plan.read(path) for path in paths])
    try:
        file.write_text(text_of(document))
    except OSError as exc:
        raise CredentialsError(
            "invalid_option", f"write_plan: {file.path} could not be written: {exc.strerror}."
        ) from None
    return {"path": file.path, "sha256": document["sha256"]}
