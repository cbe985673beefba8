# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record says of its account, for people and programs that audit: never a secret."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from .clock import iso
from .model import AccessKey
from .record import HeldKey, Record

#: What can be said of an account, the most telling first.
DECOMMISSIONED, PENDING, DELIVERED = "decommissioned", "pending", "delivered"
RETIRING, MANAGED, UNMANAGED = "retiring", "managed", "unmanaged"
#: What a record can say of an access key, beside pending and retiring.
CURRENT, UNKNOWN = "current", "unknown"


def state_of(record: Record | None) -> str:
    """Return the state of an account by its record; None: it has none."""
    if record is None:
        return UNMANAGED
    if record.decommission is not None:
        return DECOMMISSIONED
    if record.pending is not None:
        return PENDING
    if record.current is not None and record.current.origin == "delivered":
        return DELIVERED
    if record.retiring:
        return RETIRING
    return MANAGED if record.is_managed else UNMANAGED


def summary_of(record: Record | None, now: dt.datetime) -> dict[str, Any]:
    """Return a record as it is shown. Opens no secret; every name is always there."""
    current = record.current if record is not None else None
    pending = record.pending if record is not None else None
    hold = record.held if record is not None else None
    key = current or HeldKey(None)
    days = age_of(key.created_at, now)
    return {
        "state": state_of(record),
        "access_key": key.access_key,
        "created_at": iso(key.created_at),
        "age": "unknown" if days is None else f"{days.days}d",
        "age_days": None if days is None else days.days,
        "expires_at": iso(key.expires_at),
        "acknowledged": key.acknowledged_at is not None,
        "acknowledged_at": iso(key.acknowledged_at),
        "verified": key.verified_at is not None,
        "verified_at": iso(key.verified_at),
        "retiring": [_retiring(old) for old in (record.retiring if record is not None else ())],
        "pending_since": iso(pending.started_at) if pending else None,
        "on_hold": hold is not None and (hold.until is None or now < hold.until),
        "suspects": list(record.suspects) if record is not None else [],
    }


def with_dates(keys: Iterable[AccessKey], record: Record | None) -> list[AccessKey]:
    """Return keys with the creation dates that only the record knows."""
    if record is None:
        return list(keys)
    known = {key.access_key: key.created_at for key in record.held_keys()}
    if record.pending is not None:
        known.setdefault(record.pending.access_key, record.pending.created_at)
    return [
        dataclasses.replace(key, created_at=known.get(key.access_key))
        if key.created_at is None
        else key
        for key in keys
    ]


def held_as(record: Record | None, access_key: str | None) -> str:
    """Return what a record says of an access key: current, pending, retiring or unknown."""
    if record is None or access_key is None:
        return UNKNOWN
    if record.current is not None and record.current.access_key == access_key:
        return CURRENT
    if record.pending is not None and record.pending.access_key == access_key:
        return PENDING
    return RETIRING if record.retiring_key(access_key) is not None else UNKNOWN


def age_of(created_at: dt.datetime | None, now: dt.datetime) -> dt.timedelta | None:
    """Return how old a key is; None where nobody knows when it was made."""
    return None if created_at is None else max(now - created_at, dt.timedelta())


def _retiring(key: HeldKey) -> dict[str, Any]:
    return {
        "access_key": key.access_key,
        "created_at": iso(key.created_at),
        "retiring_since": iso(key.retiring_since),
        "disabled_at": iso(key.disabled_at),
        "deleted_at": iso(key.deleted_at),
        "honoured_at": iso(key.honoured_at),
        "compromised": key.compromised is not None,
    }
