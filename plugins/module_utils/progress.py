# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long list is: told to whoever watches, now and then, without slowing the work."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, Callable, Optional

from .clock import Clock
from .results import AccountResult
from .threads import leave_signals

#: Seconds before the first report and between two; short runs report nothing.
INTERVAL = 5.0
#: Seconds after which a report is repeated although nothing has moved: long waits are no deaths.
UNMOVED_INTERVAL = 30.0
#: Reports that the present pace is measured over.
_WINDOW = 7

Send = Callable[[Mapping[str, Any]], None]


class Progress:
    """Counts results and reports them every few seconds, from a thread of its own.

    A report holds numbers and the word for what is counted, and so can hold no secret:
    C({what, done, total, failed, seconds, rate, left, over}); total, rate and left may be null.
    Without a receiver it does nothing.
    """

    def __init__(
        self, send: Optional[Send] = None, clock: Optional[Clock] = None, interval: float = INTERVAL
    ) -> None:
        self._send = send
        self._clock = clock or Clock()
        self._interval = interval
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._what, self._total = "accounts", None  # type: str, Optional[int]
        self._done = self._failed = 0
        self._began = 0.0
        #: When and how much at the last reports, for the pace.
        self._seen: deque[tuple[float, int]] = deque(maxlen=_WINDOW)
        self._told: tuple[float, int] = (0.0, -1)
        self._has_told = False

    def begin(self, total: Optional[int], what: str = "accounts") -> None:
        """Start to count towards a total (None: not known yet). Begun again, it starts anew."""
        if self._send is None:
            return
        self.end()
        with self._lock:
            self._what, self._total = what, total
            self._done = self._failed = 0
            self._began = self._clock.monotonic()
            self._seen.clear()
            self._seen.append((self._began, 0))
            self._told = (self._began, -1)
            self._has_told = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell_now_and_then, daemon=True)
        self._thread.start()

    def done(self, result: AccountResult) -> None:
        """Count one more."""
        with self._lock:
            self._done += 1
            self._failed += result.has_failed

    def end(self) -> None:
        """Stop counting; say so if anything was reported before. May be repeated."""
        if self._thread is None:
            return
        self._ended.set()
        self._thread.join()
        self._thread = None
        if self._has_told and self._total is not None:
            self.report(over=True)

    def _tell_now_and_then(self) -> None:
        leave_signals()
        while not self._ended.wait(self._interval):
            at, done = self._told
            if done != self._done or self._clock.monotonic() - at >= UNMOVED_INTERVAL:
                self.report()

    def report(self, over: bool = False) -> None:
        """Send how far it is."""
        if self._send is None:
            return
        with self._lock:
            now = self._clock.monotonic()
            # What is over was done in this time; what goes on is judged by the last reports.
            since, before = self._seen[0]
            if over:
                since, before = self._began, 0
            rate = (self._done - before) / (now - since) if now > since else 0.0
            left = None
            if self._total is not None and rate > 0 and not over:
                left = max(0.0, (self._total - self._done) / rate)
            message = {
                "what": self._what,
                "done": self._done,
                "total": self._total,
                "failed": self._failed,
                "seconds": round(now - self._began, 3),
                "rate": round(rate, 3) if rate > 0 else None,
                "left": left if left is None else round(left, 3),
                "over": over,
            }
            self._seen.append((now, self._done))
            self._told = (now, self._done)
            self._has_told = True
        self._send(message)
