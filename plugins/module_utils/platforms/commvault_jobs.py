# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that Commvault runs on its own: follow one to its end, by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..clock import Clock
from ..errors import CredentialsError
from ..urls import path
from . import commvault_answers as answers
from .commvault import Commvault

#: Seconds between two looks: short at first, since a package may be installed already.
_FIRST_LOOK, _LONGEST_PAUSE = 1.0, 15.0
#: A job that was just started may not be listed yet; one that is not after this long is not ours
#: to see.
NOT_LISTED_FOR = 120.0

#: The package that the job installs may restart the services that answer.
_PASSING = ("unreachable", "timeout", "platform_error", "throttled")

#: What a status holds when the job has come to its end; of these only the first is good news.
_COMPLETED = "completed"
_ENDED_BADLY = ("killed", "committed", "failed")


@dataclass(frozen=True)
class JobState:
    """A job as it was last seen; status None: never seen."""

    id: int
    status: Optional[str] = None
    percent: Optional[int] = None
    reason: Optional[str] = None

    @property
    def is_over(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return any(word in self._words for word in (_COMPLETED, *_ENDED_BADLY))

    @property
    def is_good(self) -> bool:
        """Whether it completed without errors; warnings are no errors."""
        return self._words.startswith(_COMPLETED) and "error" not in self._words

    @property
    def _words(self) -> str:
        return (self.status or "").lower()

    def as_dict(self) -> dict[str, Any]:
        """Return what is shown to the user."""
        return {
            "id": self.id,
            "status": self.status,
            "percent": self.percent,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        seen = "was never listed" if self.status is None else f"is {self.status!r}"
        percent = f", {self.percent}% done" if self.percent is not None and not self.is_over else ""
        return f"{seen}{percent}" + (f": {self.reason}" if self.reason else "")


def look(platform: Commvault, number: int) -> JobState:
    """Return the state of a job (GET Job/{id}). Reads only. A job not listed yet is no error."""
    try:
        body = platform.get(path("Job", number), f"look at job {number}")
    except CredentialsError as exc:
        if exc.kind != "not_found":
            raise
        return JobState(number)
    rows = body.get("jobs")
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    summary = answers.inner(first, "jobSummary")
    if not summary.get("status"):
        return JobState(number)
    percent = summary.get("percentComplete")
    reason = str(summary.get("pendingReason") or "").strip()
    return JobState(
        number,
        str(summary["status"]),
        percent if isinstance(percent, int) else None,
        platform.client.redactor.redact(" ".join(reason.split())) or None,
    )


def wait_for(platform: Commvault, number: int, seconds: float) -> tuple[JobState, bool]:
    """Follow a job until it is over, at most this long; return it and whether it is over.

    Reads only; the job is never killed, it goes on when the time is up.
    """
    clock: Clock = platform.client.clock
    started = clock.monotonic()
    pause = _FIRST_LOOK
    state = JobState(number)
    while True:
        trouble: Optional[CredentialsError] = None
        try:
            state = look(platform, number)
        except CredentialsError as exc:
            if exc.kind not in _PASSING:
                raise
            trouble = exc
        if state.is_over:
            return state, True
        waited = clock.monotonic() - started
        left = seconds - waited
        if left <= 0 or (state.status is None and waited >= NOT_LISTED_FOR):
            if trouble is not None:
                raise trouble
            return state, False
        clock.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
