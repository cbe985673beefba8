# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bound on a listing: a server may bring another page of new rows for as long as it is asked.

That a page repeats what came before is seen by who reads the pages; a listing that never repeats
itself and never ends is seen only by how much it was, and one that drips only by its time: each of
its answers keeps to the bound of an answer.
"""

from __future__ import annotations

import datetime as dt
from typing import Callable

from .clock import Clock
from .errors import CredentialsError
from .options import duration_text

#: A million accounts with two keys each, on pages of a hundred, a kilobyte for every row.
MOST_ROWS = 2_000_000
MOST_PAGES = 20_000
MOST_BYTES = 2 * 1024 * 1024 * 1024
#: Half a day, so that a nightly run has ended before the next one; or, where the operator allows
#: answers to be slower than by default, as many that are as slow as allowed. Ten thousand accounts
#: at one request a second are three hours.
MOST_SECONDS = 12 * 3600
MOST_SLOW_ANSWERS = MOST_SECONDS // 30

_NEXT_STEP = (
    "Check that api_url leads to the platform itself: something on the way seems to make rows up."
    " If there really are so many, have the endpoint show fewer at once (a tenant, an SVM, a path)."
)
_TOO_SLOW = "Look at the load of what was asked, and at what stands before it."
_SLOWER = (
    " Where its answers do take so long, raise timeout; or have the endpoint show fewer at once (a"
    " tenant, an SVM, a path)."
)


class Listing:
    """Counts what the pages of one listing bring. Told once for each page, so a row costs nothing.

    Not to be shared by threads. fail: makes the error (Platform.fail, or a secret store's). It
    begins now, by this clock. slowest: the seconds that the operator allows for an answer. paced:
    tells how many seconds of it requests have waited because the operator wants that.
    """

    def __init__(
        self,
        fail: Callable[..., CredentialsError],
        doing: str,
        clock: Clock,
        *,
        slowest: float = 0.0,
        paced: Callable[[], float] = lambda: 0.0,
        kind: str = "",
        next_step: str = _NEXT_STEP,
    ) -> None:
        self._fail = fail
        self._doing = doing
        self._clock = clock
        self._slowest = slowest
        self._most_seconds = max(MOST_SECONDS, MOST_SLOW_ANSWERS * slowest)
        self._paced = paced
        self._kind = kind
        self._next_step = next_step
        self._began = clock.monotonic()
        self._rows = self._pages = self._bytes = 0

    def page(self, rows: int, size: int) -> None:
        """Count a page of so many rows and bytes.

        Raises kind where it is too much or took too long: malformed_answer and timeout by default.
        """
        self._pages += 1
        self.more(rows, size)

    def more(self, rows: int, size: int) -> None:
        """Count what was asked for because of a page's rows; see page()."""
        self._rows += rows
        self._bytes += size
        if self._rows > MOST_ROWS or self._pages > MOST_PAGES or self._bytes > MOST_BYTES:
            raise self._fail(
                self._kind or "malformed_answer",
                f"This listing does not end ({self._doing}): {self._rows} rows and"
                f" {self._bytes // 1048576} MiB on {self._pages} pages so far, where"
                f" {MOST_ROWS} rows, {MOST_BYTES // 1048576} MiB and {MOST_PAGES} pages are the"
                " most that is read.",
                next_step=self._next_step,
            )
        seconds = self._clock.monotonic() - self._began
        if seconds > self._most_seconds and seconds - self._paced() > self._most_seconds:
            took, most = (
                duration_text(dt.timedelta(seconds=each)) for each in (seconds, self._most_seconds)
            )
            raise self._fail(
                self._kind or "timeout",
                f"This listing takes too long ({self._doing}): {self._rows} rows on {self._pages}"
                f" pages in {took} so far, where {most} is the most that is waited for.",
                next_step=_TOO_SLOW + (_SLOWER if self._slowest else ""),
            )
