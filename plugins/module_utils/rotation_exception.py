# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions from the rule of age: who may keep an old key, why, by whose word, and until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .clock import iso, parse_time
from .errors import CredentialsError

_NAMES = ("reason", "approver", "until")


@dataclass(frozen=True)
class PolicyException:
    """Until a moment an account is not due by age."""

    reason: str
    approver: str
    until: dt.datetime

    @classmethod
    def parse(cls, value: Any, option: str = "exception") -> PolicyException:
        """Read an exception. Raises invalid_option, naming what is missing."""
        given = value if isinstance(value, Mapping) else {}
        missing = [name for name in _NAMES if not str(given.get(name) or "").strip()]
        unknown = sorted(str(name) for name in given if name not in _NAMES)
        if missing or unknown:
            what = f"without {', '.join(missing)}" if missing else f"with {', '.join(unknown)}"
            raise CredentialsError(
                "invalid_option",
                f"{option}: it stands there {what}.",
                next_step="An exception is a dictionary with reason, approver and until.",
            )
        until = parse_time(str(given["until"]))
        if until is None:
            raise CredentialsError(
                "invalid_option",
                f"{option}: until: {given['until']!r} is no date.",
                next_step="Write it as ISO 8601 in UTC, such as 2026-12-31, which means its start.",
            )
        return cls(str(given["reason"]), str(given["approver"]), until)

    def is_valid(self, now: dt.datetime) -> bool:
        """Tell whether it has not ended."""
        return now < self.until

    def covers(self, since: dt.datetime | None) -> bool:
        """Tell whether it is about a key of that age: a key made later obeys the rule."""
        return since is None or since < self.until

    def shown(self, now: dt.datetime) -> dict[str, Any]:
        """Return what a report says of it."""
        return {
            "reason": self.reason,
            "approver": self.approver,
            "until": iso(self.until),
            "expired": not self.is_valid(now),
        }
