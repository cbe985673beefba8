# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time: of this machine, and of the platform as its Date header tells it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import secrets
import threading
import time
from collections.abc import Iterable
from typing import Callable
from urllib.parse import urlsplit

from .errors import CredentialsError
from .threads import leave_signals

OFFSET_VARIABLE = "S3_CREDENTIALS_TEST_OFFSET"
#: Seconds; a platform whose Date header is further off has dates that cannot be trusted.
MOST_OFFSET = 300.0
#: Linux leaves the time of a suspended machine out of time.monotonic(), but not out of this.
_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)


class Clock:
    """Wall time in UTC, monotonic time and sleep, all in one place so that tests can move them."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return dt.datetime.fromtimestamp(time.time() + self.offset, dt.timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never jump; those of a suspended machine count."""
        return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            time.sleep(seconds)

    def every(
        self, seconds: float, work: Callable[[], None], name: str = "timer"
    ) -> Callable[[], None]:
        """Call work again and again in the background; return what stops that.

        work must raise nothing. A clock of tests calls it as its own time passes, so that nothing
        depends on how fast the machine is.
        """
        stopped = threading.Event()

        def run() -> None:
            leave_signals()
            while not stopped.wait(seconds):
                work()

        threading.Thread(target=run, name=name, daemon=True).start()
        return stopped.set


def clock_for(urls: Iterable[str | None]) -> Clock:
    """Return the clock, moved by S3_CREDENTIALS_TEST_OFFSET seconds when every URL is loopback."""
    text = os.environ.get(OFFSET_VARIABLE)
    if not text:
        return Clock()
    if not all(is_loopback(url) for url in urls if url):
        return Clock()
    try:
        return Clock(float(text))
    except ValueError:
        raise CredentialsError(
            "invalid_option", f"{OFFSET_VARIABLE} must be a number of seconds, not {text!r}."
        ) from None


def new_run(clock: Clock) -> str:
    """Return a name for a run that no other run has; names sort by when their runs began."""
    return f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine."""
    try:
        host = (urlsplit(url).hostname or "").lower()
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_time(value: object) -> dt.datetime | None:
    """Return a time of a platform (ISO 8601, with Z, an offset or nothing, any fraction) in UTC.

    Nothing, an empty text and what is no time give None: a date that cannot be read is unknown,
    and an age is never invented.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    if text[-1] in "zZ":
        text = text[:-1] + "+00:00"
    if len(text) > 5 and text[-5] in "+-" and text[-3] != ":":
        text = text[:-2] + ":" + text[-2:]
    head, dot, tail = text.partition(".")
    if dot:
        # Python before 3.11 reads only three or six digits of a fraction.
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{(tail[:digits] + '000000')[:6]}{tail[digits:]}"
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.timezone.utc)
    try:
        return moment.astimezone(dt.timezone.utc)
    except OverflowError:
        return None


def iso(moment: dt.datetime | None) -> str | None:
    """Return a time as 2026-01-02T03:04:05Z, or None."""
    if moment is None:
        return None
    # A fifth of the time that strftime() takes.
    return moment.astimezone(dt.timezone.utc).isoformat(timespec="seconds")[:-6] + "Z"
