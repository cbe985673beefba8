# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report: proven writable before, whole or as they were, compared without a date."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Optional

from .errors import CredentialsError
from .fleet_report import Document
from .fleet_report_csv import csv_of
from .fleet_report_page import page_of
from .fleet_report_prometheus import Place, last_success_in, prometheus_of
from .report import Report

#: Format -> the end of its file's name.
ENDINGS = {"html": ".html", "json": ".json", "csv": ".csv", "prometheus": ".prom"}
#: A collector runs as somebody else; metrics name endpoints and no account.
_MODES = {"prometheus": 0o644}
#: Where the date of a report stands in its file: another date alone is no change.
_DATES = {
    "html": re.compile(r'<time class="made"[^>]*>[^<]*</time>'),
    "json": re.compile(r'"made_at": "[^"]*"'),
    "prometheus": re.compile(r"(?m)^s3_rotation_report_timestamp_seconds \d+$"),
}
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}", re.ASCII)


class ReportFiles:
    """The files that one report is written to."""

    def __init__(self, files: Mapping[str, Report]) -> None:
        self._files = files

    @classmethod
    def prepare(cls, params: Mapping[str, Any]) -> ReportFiles:
        """Return the files that the options name, each proven writable; make their directory.

        Raises invalid_option.
        """
        name = str(params.get("name") or "report")
        if not _NAME.fullmatch(name):
            raise CredentialsError(
                "invalid_option",
                "name is part of a file name: letters, digits, _ . and - only.",
                next_step="Set name to something like report or nightly; path is the directory.",
            )
        folder = _made(str(params["path"]))
        files: dict[str, Report] = {}
        for form in params["formats"]:
            option, path = "path", os.path.join(folder, name + ENDINGS[form])
            if form == "prometheus" and params.get("prometheus_path"):
                option, path = "prometheus_path", str(params["prometheus_path"])
            file = Report.prepare(path, option)
            if file is not None:
                files[form] = file
        return cls(files)

    @property
    def paths(self) -> dict[str, str]:
        """Where each format is."""
        return {form: file.path for form, file in self._files.items()}

    def last_success(self) -> dict[Place, str]:
        """Return the last successes that the files, as they are now, know of. Reads only."""
        metrics = self._old("prometheus")
        if metrics is not None:
            return last_success_in(metrics)
        try:
            hosts = json.loads(self._old("json") or "{}").get("hosts") or []
            return {
                (host["platform"], host["endpoint"], host["shard"] or ""): host["last_success"]
                for host in hosts
                if host["last_success"]
            }
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            return {}  # not ours, or of another form: then nothing is known

    def write(self, document: Document, kept: Mapping[Place, str]) -> bool:
        """Write every file anew; tell whether one differs in more than its date.

        Raises store_refused where a file cannot be written; the others are written all the same.
        """
        makers: dict[str, Callable[[], str]] = {
            "html": lambda: page_of(document),
            "json": lambda: json_of(document),
            "csv": lambda: csv_of(document),
            "prometheus": lambda: prometheus_of(document, kept),
        }
        changed, failed = False, []
        # All of them first: what cannot be told leaves every file as it was.
        texts = {form: makers[form]() for form in self._files}
        for form, file in self._files.items():
            text = texts[form]
            changed = _undated(form, text) != _undated(form, self._old(form)) or changed
            try:
                file.write_text(text, _MODES.get(form, 0o600))
            except OSError as exc:
                failed.append(f"{file.path} ({exc.strerror})")
        if failed:
            raise CredentialsError(
                "store_refused",
                f"The report could not be written: {', '.join(failed)}.",
                next_step="Make room, or name another directory, and write the report again.",
                landed=len(failed) < len(self._files),
            )
        return changed

    def _old(self, form: str) -> Optional[str]:
        if form in self._files:
            try:
                with open(self._files[form].path, encoding="utf-8", newline="") as file:
                    return file.read()
            except (OSError, ValueError):
                return None  # none there, or nothing of ours
        return None


def json_of(document: Document) -> str:
    """Return the report for a machine, in ASCII, a line for each account."""
    parts = []
    for name, value in document.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(json.dumps(row) for row in value)
            parts.append(f"{json.dumps(name)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _undated(form: str, text: Optional[str]) -> Optional[str]:
    date = _DATES.get(form)
    return text if text is None or date is None else date.sub("", text, count=1)


def _made(path: str) -> str:
    """Make a directory for its owner, and none above it: a slip is no new place for reports."""
    folder = os.path.abspath(os.path.expanduser(path))
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
    except OSError as exc:
        raise CredentialsError(
            "invalid_option",
            f"path: the directory {folder} cannot be made: {exc.strerror}.",
            next_step="Make the directory above it, or name one that the user may write to.",
        ) from None
    return folder
