# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from .errors import CredentialsError
from .fleet_report_concerns import CONCERNS, words_about
from .fleet_report_journal import words_of
from .fleet_report_pictures import LEGEND, histogram_svg, icon_of, overdue_svg
from .fleet_report_script import SCRIPT
from .fleet_report_style import STYLE
from .fleet_report_tables import (
    chains_of,
    exception_words,
    figures_of,
    left_out_of,
    population_of,
    standards_of,
    suspicions_of,
    warnings_of,
)
from .fleet_report_template import TEMPLATE
from .visible import visible

#: Entries of one list that stand in the page itself; the files beside it have them all.
MOST_LISTED = 100
_LEVELS = {"act": "Act", "look": "Look", "note": "Note"}
_COLUMNS = (
    ("account", "Account"),
    ("endpoint", "Endpoint"),
    ("state", "State"),
    ("compliance", "Compliance"),
    ("age", "Oldest key"),
    ("key", "Current key"),
    ("action", "This run"),
)
_MARKUP_IN_JSON = re.compile("[<>&\u2028\u2029]")


def page_of(document: Mapping[str, Any]) -> str:
    """Return the page. Raises unsupported without Jinja2."""
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError:
        raise CredentialsError(
            "unsupported",
            "The page needs Jinja2, which this Python does not have.",
            next_step="Install jinja2, or leave html out of formats.",
        ) from None

    environment = _environment(jinja2, Markup)
    chains = chains_of(document)
    data, filters = _data_of(document, {row["chain"]: row.get("number") for row in chains})
    raw: dict[str, str] = {
        "style": STYLE,
        "script": SCRIPT,
        "data": _inert(data),
        "icon": icon_of(document["status"]),
        "histogram": histogram_svg(document["histogram"]),
        "overdue_picture": overdue_svg(document["accounts"]),
        "policy": _policy(),
    }
    try:
        page: str = environment.from_string(TEMPLATE).render(
            report=document,
            sums=document["summary"],
            figures=figures_of(document["summary"]),
            legend=LEGEND,
            levels=_LEVELS,
            most=MOST_LISTED,
            filters=filters,
            warnings=warnings_of(document),
            columns=_COLUMNS,
            population=population_of(document["summary"]),
            left_out=left_out_of(document),
            chains=[{**row, "number": row.get("number")} for row in chains],
            suspicions=suspicions_of(document),
            standards=standards_of(document),
            **{name: Markup(text) for name, text in raw.items()},  # noqa: S704
        )
    except jinja2.UndefinedError as exc:
        # As whatever else misses a part of an earlier report says it.
        raise LookupError(str(exc)) from None
    return page


def _environment(jinja2: Any, markup: type[str]) -> Any:
    """Return what fills the template: everything is escaped, and nothing may be missing."""

    def seen(value: Any) -> Any:
        """Write out what cannot be seen, of every value that goes into the page."""
        if isinstance(value, markup):
            return value
        return "" if value is None else visible(value, 2000)

    environment = jinja2.Environment(
        autoescape=True,
        finalize=seen,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["count_of"] = _count_of
    return environment


def _policy() -> str:
    """Return the page's Content-Security-Policy: its own script and style and nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(SCRIPT)}'; style-src '{_hash(STYLE)}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


class _Strings:
    """Texts that the data names by their number, each of them once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int | None:
        """Return the number of a text, None for none."""
        if value is None or value == "":
            return None
        text = visible(value)
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]


def _data_of(
    document: Mapping[str, Any], runs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return the accounts as the script takes them, and the findings that it can filter by."""
    words = [[*words_about(line)] for line in document["accounts"]]
    present = {word for each in words for word in each}
    titles = {"failed": "Failed", **{row[0]: row[2] for row in CONCERNS}}
    filters = [word for word in titles if word in present]
    bits = {word: bit for bit, word in enumerate(filters)}
    strings = _Strings()
    rows = [
        _row(line, strings, sorted(bits[word] for word in each), runs)
        for line, each in zip(document["accounts"], words)
    ]
    endpoints = sorted({_place(line) for line in document["accounts"]})
    data = {
        "words": filters,
        "titles": [titles[word] for word in filters],
        "endpoints": [strings.number(name) for name in endpoints],
        "rows": rows,
        "strings": strings.texts,
    }
    return data, filters


def _row(
    line: Mapping[str, Any], strings: _Strings, bits: list[int], runs: Mapping[str, Any]
) -> list[Any]:
    """Return an account; the columns are those of the script."""
    s = strings.number
    return [
        s(line["account"]),
        s(line["account_id"]),
        s(_place(line)),
        s(line["state"]),
        s(line["compliance"]),
        line["age_days"],
        line["limit_days"],
        s(line["due_at"]),
        s(line["access_key"]),
        s(line["previous_access_key"]),
        s(line["action"]),
        s(line["why"]),
        s(line["owner"]),
        s(line["application"]),
        s(line["contact"]),
        bits,
        [[s(name), s(told)] for name, told in _more(line) if told],
        [
            [
                s(key.get("access_key")),
                s(key.get("held") or "unknown"),
                s(key.get("status")),
                s(key.get("created_at")),
                key.get("age_days") if isinstance(key.get("age_days"), int) else None,
                s(key.get("last_used")),
            ]
            for key in line["access_keys"]
        ],
        [
            [
                s(move["at"]),
                s(words_of(move)),
                s(move["access_key"]),
                s(move["previous_access_key"]),
                s(move.get("why")),
                (runs.get(move["chain"]) or 0) - 1,
                move["seq"],
                str(move["hash"])[:16],
            ]
            for move in line["transitions"]
        ],
    ]


def _more(line: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what is said of an account in its details."""
    overlap, failure = line["overlap"] or {}, line["failure"] or {}
    two = (
        f"two keys since {overlap['since'] or 'an unknown day'}; {overlap['allowed_days']} days are"
        " allowed"
        if overlap
        else None
    )
    window = line["details"].get("window")
    policy = ", ".join(
        f"{name.replace('_', ' ')} {told}" for name, told in line["policy"].items() if told
    )
    return [
        ("Policy", policy),
        ("Due", _moment(line["due_at"])),
        ("Overlap", two),
        ("Exception", exception_words(line["exception"])),
        ("Next window", window.get("next_opens") if isinstance(window, Mapping) else None),
        ("Failure", failure.get("message")),
        ("Alive", failure.get("alive")),
        ("What to do", failure.get("next_step")),
        ("Unexplained keys", ", ".join([*line["unknown_keys"], *line["suspects"]])),
        ("Seen", _moment(line["seen_at"])),
    ]


def _inert(data: Any) -> str:
    """Return data as JSON in which nothing can be taken for the end of its element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return _MARKUP_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _place(line: Mapping[str, Any]) -> str:
    return f"{line['platform']} {line['endpoint']}"


def _moment(iso: Any) -> str:
    return str(iso or "")[:16].replace("T", " ")


def _count_of(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
