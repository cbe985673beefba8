# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the page: drawn as SVG by ourselves, each with a title and a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .visible import visible

#: The parts of a column from the ground up, and what they mean.
LEGEND = (
    ("compliant", "within the limit"),
    ("excused", "beyond it, with a valid exception"),
    ("overdue", "overdue"),
    ("unknown", "age unknown"),
)
_WIDTH, _HEIGHT, _GROUND, _TOP = 560, 250, 205, 18
_ROW, _LABELS, _MOST_NAME = 22, 190, 25
_DISC = "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z"
_ICONS = {
    "good": _DISC + "m-1.5 14.5-4-4 1.6-1.6 2.4 2.4 5.4-5.4 1.6 1.6z",
    "look": _DISC + "m-1.2 5h2.4v6.5h-2.4zm0 8.3h2.4v2.4h-2.4z",
    "act": "M12 2 1 21h22zm-1.2 6.5h2.4v6h-2.4zm0 7.7h2.4v2.3h-2.4z",
}


def icon_of(status: str) -> str:
    """Return the sign of a status; the words beside it say the same."""
    return f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{_ICONS[status]}"/></svg>'


def histogram_svg(bars: Sequence[Mapping[str, Any]]) -> str:
    """Return the ages as bars, whose parts tell what is said of the accounts."""
    words = [word for word, _told in LEGEND]
    sums = [sum(column[word] for word in words) for column in bars]
    most = max([*sums, 1])
    step = _WIDTH / len(bars)
    parts = []
    for place, (column, total) in enumerate(zip(bars, sums)):
        left, bottom = place * step + step * 0.12, float(_GROUND)
        for word in words:
            if column[word]:
                # What is there must be seen, however little of the whole it is.
                height = max(column[word] / most * (_GROUND - _TOP), 2)
                bottom -= height
                parts.append(
                    f'<rect class="{word}" x="{left:.1f}" y="{max(bottom, _TOP):.1f}"'
                    f' width="{step * 0.76:.1f}" height="{height:.1f}"/>'
                )
        middle = left + step * 0.38
        if total:
            parts.append(_words(middle, max(bottom, _TOP) - 5, f"{total:,}", "middle"))
        # A column's lower bound stands at its left edge, as on a scale.
        at = _WIDTH if column["from"] is None else place * step
        anchor = "end" if column["from"] is None else "middle" if place else "start"
        parts.append(_words(at, _GROUND + 16, _bound(column), anchor, "soft"))
    parts.append(f'<path class="axis" d="M0 {_GROUND}H{_WIDTH}"/>')
    parts.append(_words(_WIDTH / 2, _HEIGHT - 8, "days", "middle", "soft"))
    told = "; ".join(
        f"{column['name']}: "
        + ", ".join(f"{column[word]:,} {meaning}" for word, meaning in LEGEND if column[word])
        for column, total in zip(bars, sums)
        if total
    )
    return _svg("ages", "How old the keys are", told or "No accounts.", _HEIGHT, parts)


def overdue_svg(lines: Sequence[Mapping[str, Any]], most: int = 12) -> str:
    """Return the oldest overdue accounts as bars beside their limit; nothing when there is none."""
    late = [line for line in lines if line["is_overdue"] and line["age_days"] is not None]
    late.sort(key=lambda line: (-line["age_days"], str(line["account"])))
    late = late[:most]
    if not late:
        return ""
    longest = max(line["age_days"] for line in late) or 1
    room = _WIDTH - _LABELS - 60
    parts, told = [], []
    for place, line in enumerate(late):
        top = place * _ROW + 4
        days, limit = line["age_days"], line["limit_days"]
        width, mark = days / longest * room, _LABELS + min(limit / longest, 1) * room
        name = visible(line["account"], _MOST_NAME)
        parts += [
            _words(_LABELS - 8, top + 12, name, "end"),
            f'<rect class="overdue" x="{_LABELS}" y="{top}" width="{width:.1f}" height="15"/>',
            f'<path class="limit" d="M{mark:.1f} {top - 2}v19"/>',
            _words(_LABELS + width + 6, top + 12, f"{days:,} d", "start"),
        ]
        told.append(f"{visible(line['account'], 100)}: {days} days, the limit is {limit}")
    height = len(late) * _ROW + 26
    parts.append(_words(_LABELS, height - 6, "dashed: the limit", "start", "soft"))
    return _svg("late", "The oldest overdue accounts", "; ".join(told), height, parts)


def _bound(column: Mapping[str, Any]) -> str:
    return "unknown" if column["from"] is None else str(column["from"])


def _words(x: float, y: float, text: str, anchor: str, name: str = "") -> str:
    style = f' class="{name}"' if name else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _svg(name: str, title: str, told: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-labelledby="{name}-title {name}-told"><title id="{name}-title">{escape(title)}'
        f'</title><desc id="{name}-told">{escape(told)}</desc>{"".join(parts)}</svg>'
    )
