# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast and how often: a pace per endpoint, and the waits between retries."""

from __future__ import annotations

import datetime as dt
import email.utils
import functools
import random
import threading
from collections.abc import Iterator

from .clock import Clock

#: Tries of one read, the first included.
ATTEMPTS = 4
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 10.0
#: Between two looks at what may not be shown yet.
_LONGEST_LOOK = 5.0
#: A server that asks for a longer wait is not waited for: the run would look dead.
LONGEST_RETRY_AFTER = 120.0


def waits(lag: float) -> Iterator[float]:
    """Yield the seconds to wait after each look, until what was changed must be shown.

    At least one look; the last one comes when the lag is over, and nothing follows it.
    """
    wait = 1.0
    while lag > 0:
        yield min(wait, lag)
        lag -= wait
        wait = min(wait + 1, _LONGEST_LOOK)
    yield 0.0


class Pace:
    """Spaces requests evenly, for all threads together. None: as fast as it goes."""

    def __init__(self, requests_per_second: float | None, clock: Clock) -> None:
        self._interval = 1.0 / requests_per_second if requests_per_second else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for this request's turn."""
        if not self._interval:
            return
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        self._clock.sleep(turn - now)


def retry_wait(attempt: int, retry_after: str | None, now: dt.datetime) -> float | None:
    """Return the seconds to wait after the given attempt (1, 2, ...), or None to give up.

    A Retry-After in seconds or as a date (RFC 9110 section 10.2.3) is honoured up to two minutes;
    otherwise the wait doubles, with jitter. now: by the server's clock, which wrote the date.
    """
    if attempt >= ATTEMPTS:
        return None
    asked = _retry_after(retry_after, now)
    if asked is not None:
        if asked > LONGEST_RETRY_AFTER:
            return None
        # A little jitter above what was asked keeps many threads from coming back at one instant.
        return asked + random.uniform(0, 0.25)
    ceiling = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1))
    return random.uniform(ceiling / 4, ceiling)


def _retry_after(value: str | None, now: dt.datetime) -> float | None:
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    moment = parse_http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


@functools.lru_cache(maxsize=256)
def parse_http_date(text: str) -> dt.datetime | None:
    """Return the time of a Date or Retry-After header, or None when it is no date.

    Remembered: all answers of one second carry the same.
    """
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    # "-0000" means UTC of unknown place, and comes without a zone.
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
