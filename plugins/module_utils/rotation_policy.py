# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a key is due, and what may be done about it: the operator's rules for one account."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any, Optional

from .errors import CredentialsError
from .model import Facts, Pair
from .options import duration_text
from .record import HeldKey, Record
from .rotation_exception import PolicyException
from .rotation_window import Window

DAY = dt.timedelta(days=1)
#: Outcomes after which a rotation_id counts as done.
DONE = ("rotated", "recovered", "delivered")


@dataclass(frozen=True)
class Policy:
    """What the operator asked for, for one account. Durations are time deltas."""

    state: str = "rotated"
    #: Named by the operator, not found by "all".
    is_named: bool = True
    # When
    max_age: dt.timedelta = 90 * DAY
    rotate_before: dt.timedelta = 7 * DAY
    grace_period: dt.timedelta = 7 * DAY
    soak_period: dt.timedelta = 7 * DAY
    spread: dt.timedelta = dt.timedelta()
    rotation_id: Optional[str] = None
    force: bool = False
    # Emergency
    compromised: frozenset[str] = frozenset()
    reason: str = ""
    #: The ticket that this is done for.
    change: str = ""
    cut_first: bool = False
    # Custody
    adopt: str = "report"
    replaces: tuple[str, ...] = ()
    import_pair: Optional[Pair] = None
    # Care
    allow_disruption: bool = False
    acknowledge: str = "auto"
    #: For state acknowledged: the access key that the consumers have.
    access_key: Optional[str] = None
    retire: bool = True
    #: False: finish and retire what there is, begin nothing (max_rotations, accounts that left).
    may_rotate: bool = True
    force_retire: Optional[str] = None
    last_used: bool = False
    quiet_period: dt.timedelta = DAY
    settle: dt.timedelta = dt.timedelta(seconds=90)
    recover_within: dt.timedelta = 7 * DAY
    hold_until: Optional[dt.datetime] = None
    key_delivery: str = "inline"
    # Verification of this account
    bucket: Optional[str] = None
    s3_url: Optional[str] = None
    # Whose it is; passed through to reports
    owner: Optional[str] = None
    contact: Optional[str] = None
    application: Optional[str] = None
    # When it may be cut off, and whether it may keep an old key
    window: Optional[Window] = None
    disruption_time: dt.timedelta = dt.timedelta(minutes=5)
    exception: Optional[PolicyException] = None

    def lead(self, facts: Facts) -> dt.timedelta:
        """Return how long before max_age a rotation must begin, so that nothing outlives it."""
        if not facts.overlap:
            return self.rotate_before
        soak = dt.timedelta() if facts.can_disable else self.soak_period
        return self.rotate_before + self.grace_period + soak

    def check(self, facts: Facts) -> None:
        """Check that the thresholds leave a key some life. Raises invalid_option."""
        if self.window is not None and self.window.longest < self.disruption_time:
            raise CredentialsError(
                "invalid_option",
                f"window ({self.window.text}) is never open for as long as disruption_time"
                f" ({duration_text(self.disruption_time)}): nothing could ever begin in it.",
                next_step="Widen window, or lower disruption_time.",
            )
        lead = self.lead(facts)
        if lead >= self.max_age:
            parts = "rotate_before"
            if facts.overlap:
                parts += " + grace_period" + ("" if facts.can_disable else " + soak_period")
            raise CredentialsError(
                "invalid_option",
                f"max_age ({_days(self.max_age)}) must be longer than {parts} ({_days(lead)}), or"
                " every key would be due as soon as it is made.",
                next_step="Raise max_age, or lower the other periods.",
            )
        if self.spread >= self.max_age - lead:
            raise CredentialsError(
                "invalid_option",
                f"spread ({_days(self.spread)}) must be shorter than {_days(self.max_age - lead)},"
                " the time that a key lives before it is due.",
            )

    def shown(self, now: dt.datetime) -> dict[str, Any]:
        """Return what a report says of it."""
        return {
            "max_age": duration_text(self.max_age),
            "grace_period": duration_text(self.grace_period),
            "soak_period": duration_text(self.soak_period),
            "owner": self.owner,
            "contact": self.contact,
            "application": self.application,
            "window": self.window.text if self.window else None,
            "exception": self.exception.shown(now) if self.exception else None,
        }

    def is_excepted(self, now: dt.datetime) -> bool:
        """Tell whether an exception spares the account what nobody asks for by name or force."""
        asked = self.force or self.rotation_id is not None
        return self.exception is not None and self.exception.is_valid(now) and not asked

    def due_at(self, key: HeldKey, facts: Facts, account: str) -> dt.datetime | None:
        """Return when a key falls due by its age or expiry; None where neither is known."""
        moments = []
        # Of an imported key nobody may know the age: it is at least what it is here.
        since = key.created_at or key.promoted_at
        if self.exception is not None and self.exception.covers(since):
            moments.append(self.exception.until)
        elif since is not None:
            early = self.spread * share_of(account)
            moments.append(_moved(since, self.max_age - self.lead(facts) - early))
        if key.expires_at is not None:
            lead = self.lead(facts)
            if key.created_at is not None:
                # A lifetime shorter than the lead would make the key due for ever.
                lead = min(lead, (key.expires_at - key.created_at) / 2)
            moments.append(_moved(key.expires_at, -lead))
        return min(moments) if moments else None

    def why_due(self, record: Record, facts: Facts, now: dt.datetime) -> str | None:
        """Say why the current key must be replaced, or return None."""
        current = record.current
        if current is None:
            return None
        if current.access_key in self.compromised:
            return f"compromised: {self.reason}"
        if current.compromised is not None:
            return f"compromised: {current.compromised}"
        if self.rotation_id is not None and not has_done(record, self.rotation_id):
            return f"rotation_id {self.rotation_id}"
        # An identifier that is done leaves what is due by itself, and nothing else.
        if self.force and self.rotation_id is None:
            return "force"
        held = record.held
        if held is not None and (held.until is None or now < held.until):
            return None
        if current.expires_at is not None and current.expires_at <= now:
            return f"expired on {current.expires_at:%Y-%m-%d}"
        due_at = self.due_at(current, facts, record.account)
        if due_at is None or now < due_at:
            return None
        since = current.created_at or current.promoted_at
        if self.exception is not None and due_at == self.exception.until:
            return f"its exception ended on {due_at:%Y-%m-%d}"
        at_least = "" if current.created_at is not None else "at least "
        age = "of unknown age" if since is None else f"{at_least}{(now - since).days} days old"
        return f"{age}, due since {due_at:%Y-%m-%d}"


def has_done(record: Record, rotation_id: str) -> bool:
    """Tell whether a rotation of this identifier has been done."""
    return any(past.rotation_id == rotation_id for past in record.rotations if past.outcome in DONE)


def share_of(account: str) -> float:
    """Return a number from 0 up to 1 that is always the same for an account."""
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _days(period: dt.timedelta) -> str:
    return f"{period.days}d" if period >= DAY or not period else f"{period}"


def _moved(moment: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """Return a platform's date moved by so much, or itself at the ends of all time."""
    try:
        return moment + by
    except OverflowError:
        return moment
