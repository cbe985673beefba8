# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer means for a pair, given what the same service answers to one that is made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from .verify_reading import (
    ACCEPTED,
    FORBIDDEN,
    SKEWED,
    UNKNOWN_KEY,
    UNREACHABLE,
    WRONG_SIGNATURE,
    Reading,
)


@dataclass(frozen=True)
class Verdict:
    """What a signed request told about a pair; message: one sentence without a secret."""

    outcome: str
    message: str
    #: The S3 error code, where there was one.
    code: Optional[str] = None
    http_status: Optional[int] = None
    #: Seconds that the service's clock is ahead of this machine's, where it refused for that.
    ahead: Optional[float] = None
    #: What to do, where more can be told than that the service is to be looked at.
    next_step: Optional[str] = None
    #: The very answer that a made-up key gets here: it tells neither way.
    as_for_unknown: bool = False
    #: Asking again within the time-out can bring another answer.
    passing: bool = field(default=False, compare=False)
    retry_after: Optional[str] = field(default=None, compare=False, repr=False)

    @property
    def works(self) -> bool:
        """Whether the service knows the pair and took its signature."""
        return self.outcome in (ACCEPTED, FORBIDDEN)

    @property
    def is_refusal(self) -> bool:
        """Whether the pair is definitely refused."""
        return self.outcome in (UNKNOWN_KEY, WRONG_SIGNATURE)

    @property
    def is_unclear(self) -> bool:
        """Whether nobody knows whether the pair works."""
        return not (self.works or self.is_refusal)


def judge(where: str, reading: Reading, unknown_code: str | None) -> Verdict:
    """Return the verdict on an answer, not yet redacted.

    where: names the service. unknown_code: what it answers to keys that do not exist.
    """
    outcome, what = reading.outcome or UNREACHABLE, reading.what
    passing = reading.passing or outcome == UNKNOWN_KEY
    as_for_unknown = unknown_code is not None and reading.code == unknown_code
    if outcome == FORBIDDEN and as_for_unknown:
        outcome, passing = UNREACHABLE, True
        message = (
            f"{where} gives keys that do not exist the same answer, so nobody can tell whether"
            f" it took the pair: {what}. Let the account list what verify.bucket names"
        )
    elif outcome == FORBIDDEN:
        message = f"{where} took the pair's signature, but does not list for it: {what}"
    elif outcome == WRONG_SIGNATURE and as_for_unknown:
        outcome, passing = UNKNOWN_KEY, True
        message = f"{where} refuses the pair, be it for its access or its secret key: {what}"
    elif outcome == UNKNOWN_KEY:
        message = f"{where} does not know the access key: {what}"
    elif outcome == WRONG_SIGNATURE:
        message = f"{where} knows the access key and refuses its secret key: {what}"
    elif outcome == SKEWED:
        message = f"{where} refuses the request for its date: {_clocks(reading.ahead)}"
    else:
        message = f"{where} said nothing about the pair: {what}"
    return Verdict(
        outcome,
        f"{message}.",
        reading.code,
        reading.http_status,
        reading.ahead,
        reading.next_step,
        as_for_unknown,
        passing,
        reading.retry_after,
    )


def _clocks(ahead: float | None) -> str:
    if ahead is None:
        return "its clock and this machine's differ, and it does not say by how much"
    side = "ahead of" if ahead > 0 else "behind"
    return f"its clock is {abs(ahead):.0f} s {side} this machine's"
