# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows: the times at which what cuts clients off may begin. Pure arithmetic.

"sat,sun 22:00-04:00 Europe/Berlin; mon-fri 02:00-03:00": the day is that of the opening; a window
may cross midnight. A time that the clocks skip is the moment of the skip, one that they show twice
is the first of the two.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

from .errors import CredentialsError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(
    r"(?:(?P<days>[a-z][a-z,\s-]*?)\s+)?(?P<opens>\d{1,2}:\d\d)\s*-\s*(?P<closes>\d{1,2}:\d\d)"
    r"(?:\s+(?P<zone>[a-z][\w+/-]*))?",
    re.IGNORECASE | re.ASCII,
)
_UTC = dt.timezone.utc
_DAY = dt.timedelta(days=1)
#: A week, and one more for an opening that falls into skipped time.
_AHEAD = 16
#: Only a window without an end stays open that long.
_ALWAYS = 8 * _DAY
_HOW = "Write it as in sat,sun 22:00-04:00 Europe/Berlin, several separated by semicolons."


@dataclass(frozen=True)
class Opening:
    """One time at which a window is open; the end is not part of it."""

    opens: dt.datetime
    closes: dt.datetime


@dataclass(frozen=True)
class View:
    """A window as it is at one moment."""

    now: dt.datetime
    #: None: it is closed.
    current: Optional[Opening]
    #: None: it never closes.
    following: Optional[Opening]

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self.current is not None

    @property
    def next_opens(self) -> dt.datetime | None:
        """When it opens next; None where it never closes."""
        return self.following.opens if self.following else None

    @property
    def closes(self) -> dt.datetime | None:
        """When it closes, the next one where it is closed; None where it never does."""
        if self.current is not None and self.current.closes - self.current.opens > _ALWAYS:
            return None
        shown = self.current or self.following
        return shown.closes if shown else None

    def has_room(self, needed: dt.timedelta) -> bool:
        """Whether what takes that long, begun now, ends within it."""
        return self.is_open and (self.closes is None or self.now + needed <= self.closes)


@dataclass(frozen=True)
class _Span:
    """One part of a window: days of the week, and minutes from midnight by the zone's clocks."""

    days: frozenset[int]
    opens: int
    closes: int
    zone: dt.tzinfo

    def around(self, now: dt.datetime) -> Iterable[Opening]:
        """Yield its openings from before a moment to two weeks after."""
        today = now.astimezone(self.zone).date()
        for number in range(-2, _AHEAD):
            day = today + number * _DAY
            if day.weekday() in self.days:
                opens, closes = (_instant(day, m, self.zone) for m in (self.opens, self.closes))
                if opens < closes:
                    yield Opening(opens, closes)


@dataclass(frozen=True)
class Window:
    """When what cuts clients off may begin."""

    #: As it was written.
    text: str
    spans: tuple[_Span, ...]

    @classmethod
    def parse(cls, text: str, option: str = "window") -> Window:
        """Read a window. Raises invalid_option, naming the option."""
        parts = [part.strip() for part in str(text).split(";") if part.strip()]
        if not parts:
            raise _wrong(f"{option}: {text!r} names no time.", _HOW)
        return cls(str(text).strip(), tuple(_span(part, option) for part in parts))

    def at(self, now: dt.datetime) -> View:
        """Return how it is at a moment: open since when and until when, and when it opens next."""
        now = now.astimezone(_UTC)
        openings = self._openings(now)
        current = next((each for each in openings if each.opens <= now < each.closes), None)
        following = next((each for each in openings if each.opens > now), None)
        return View(now, current, following)

    @property
    def longest(self) -> dt.timedelta:
        """How long it is open at most."""
        openings = self._openings(dt.datetime(2026, 1, 5, tzinfo=_UTC))
        return max(each.closes - each.opens for each in openings)

    def _openings(self, now: dt.datetime) -> list[Opening]:
        """Return the openings around a moment, those that touch made one."""
        found = sorted(
            (each for span in self.spans for each in span.around(now)), key=lambda each: each.opens
        )
        joined: list[Opening] = []
        for each in found:
            if joined and each.opens <= joined[-1].closes:
                last = joined[-1]
                joined[-1] = Opening(last.opens, max(last.closes, each.closes))
            else:
                joined.append(each)
        return joined


def _instant(day: dt.date, minutes: int, zone: dt.tzinfo) -> dt.datetime:
    """Return when the clocks of a zone show a time, in UTC."""
    wall = dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minutes)
    late = wall.replace(tzinfo=zone).astimezone(_UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late
    # Skipped: the two readings of it lie on either side of the skip.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(_UTC)
    before = early.astimezone(zone).utcoffset()
    low, high = 0, int((late - early).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        moment = early + dt.timedelta(seconds=middle)
        if moment.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return early + dt.timedelta(seconds=high)


def _span(part: str, option: str) -> _Span:
    found = _FORM.fullmatch(part)
    if found is None:
        raise _wrong(f"{option}: {part!r} is no window.", _HOW)
    opens, closes = (_minutes(found[name], part, option) for name in ("opens", "closes"))
    if opens == closes or opens == 24 * 60:
        raise _wrong(
            f"{option}: {part!r} has no length.", "For a whole day write 00:00-24:00 of its day."
        )
    if closes < opens:
        closes += 24 * 60
    return _Span(_days(found["days"] or "daily", part, option), opens, closes, _zone(found, option))


def _minutes(text: str, part: str, option: str) -> int:
    hours, minutes = (int(each) for each in text.split(":"))
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise _wrong(f"{option}: {text} in {part!r} is no time of a day.", _HOW)
    return hours * 60 + minutes


def _days(text: str, part: str, option: str) -> frozenset[int]:
    days: set[int] = set()
    for word in re.split(r"\s*,\s*", text.strip().lower()):
        first, dash, last = (each.strip() for each in word.partition("-"))
        if word == "daily":
            days |= set(range(7))
        elif first in _DAYS and (last in _DAYS or not dash):
            begin = _DAYS.index(first)
            length = (_DAYS.index(last) - begin) % 7 if dash else 0
            days |= {(begin + number) % 7 for number in range(length + 1)}
        else:
            raise _wrong(
                f"{option}: {word!r} in {part!r} is no day.",
                f"Days are {', '.join(_DAYS)}, ranges such as mon-fri, and daily.",
            )
    return frozenset(days)


def _zone(found: re.Match[str], option: str) -> dt.tzinfo:
    name = found["zone"]
    if name is None or name.upper() == "UTC":
        return _UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    if not zoneinfo.available_timezones():
        raise _wrong(
            f"{option}: {name} is not known: this machine has no time zone database.",
            "Install the system's tzdata, or the Python package tzdata, on the machine that runs"
            " the module; or write the times in UTC.",
        )
    raise _wrong(
        f"{option}: there is no time zone {name}.",
        "Write it as in Europe/Berlin, capitals included; UTC when left out.",
    )


def _wrong(message: str, next_step: str) -> CredentialsError:
    return CredentialsError("invalid_option", message, next_step=next_step)
