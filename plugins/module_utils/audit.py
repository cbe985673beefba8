# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an auditor asks of one account: its keys, their age, and whether they comply.

From what somebody has looked at already; nothing here sends a request.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from .clock import iso
from .model import ACTIVE, AccessKey, Account
from .platform import Platform
from .record import HeldKey, Record
from .record_summary import age_of, held_as, summary_of, with_dates

#: The vocabulary of AWS Config's rule access-keys-rotated, in the words of this collection.
COMPLIANT, NON_COMPLIANT = "compliant", "non_compliant"
NOT_APPLICABLE, INSUFFICIENT_DATA = "not_applicable", "insufficient_data"


def audited(
    platform: Platform,
    account: Account,
    keys: Sequence[AccessKey] | None,
    record: Record | None,
    *,
    max_age: dt.timedelta,
    last_used: bool = False,
) -> tuple[dict[str, Any], str | None]:
    """Return what is to be said of an account, and why where only its record tells. Sends nothing.

    keys: as somebody has seen them; None: nobody could, and the record stands for them.
    """
    rows = [_row(platform, key, max_age, last_used) for key in with_dates(keys or (), record)]
    fields: dict[str, Any] = {
        "enabled": account.enabled,
        "access_keys": rows,
        "compliance": _worst(rows, keys is None),
    }
    current = record.current if record is not None else None
    if keys is not None or current is None:
        return fields, None
    # Side by side an old key works until it is ended; in place it died with the call.
    old = record.retiring if record is not None and platform.facts.overlap else ()
    held = [current, *(key for key in old if key.disabled_at is None and key.deleted_at is None)]
    rows = [_row(platform, _as_shown(key, account), max_age, last_used) for key in held]
    fields["compliance"] = _worst(rows, False)
    row = next(row for row in rows if row["compliance"] == fields["compliance"])
    return fields, f"by its record: {row['why']}"


def _as_shown(key: HeldKey, account: Account) -> AccessKey:
    return AccessKey(
        key.access_key or "", account, created_at=key.created_at, expires_at=key.expires_at
    )


def in_record(platform: Platform, record: Record | None, fields: dict[str, Any]) -> None:
    """Add to what is said of an account what its record says. Sends nothing."""
    fields["managed"] = record is not None and record.is_managed
    fields["record"] = summary_of(record, platform.client.platform_now())
    for row in fields["access_keys"]:
        row["held"] = held_as(record, row["access_key"])


def unknown(has_records: bool) -> dict[str, Any]:
    """Return what is said of an account that nobody could look at."""
    fields: dict[str, Any] = {
        "enabled": None,
        "access_keys": [],
        "compliance": INSUFFICIENT_DATA,
    }
    return {**fields, "managed": None, "record": None} if has_records else fields


def _row(
    platform: Platform, key: AccessKey, max_age: dt.timedelta, last_used: bool
) -> dict[str, Any]:
    now = platform.client.platform_now()
    age = age_of(key.created_at, now)
    expired = key.expires_at is not None and key.expires_at <= now
    compliance, why = _compliance(key, age, expired, max_age)
    return {
        "access_key": key.access_key,
        "status": key.status,
        "created_at": iso(key.created_at),
        "age": "unknown" if age is None else f"{age.days}d",
        "age_days": None if age is None else age.days,
        "last_used": _last_used(platform, key, last_used),
        "expires_at": iso(key.expires_at),
        "expired": expired,
        "description": key.description,
        "immutable": key.immutable,
        "slot": key.slot,
        "compliance": compliance,
        "why": why,
        "details": key.details,
    }


def _last_used(platform: Platform, key: AccessKey, asked: bool) -> str:
    if key.last_used_at is not None:
        return iso(key.last_used_at) or "unknown"
    told = platform.facts.tells_last_used
    return "never" if told == "listed" or (told == "per_key" and asked) else "unknown"


def _compliance(
    key: AccessKey, age: dt.timedelta | None, expired: bool, max_age: dt.timedelta
) -> tuple[str, str]:
    if key.status != ACTIVE:
        return NOT_APPLICABLE, "inactive"
    if expired:
        return NOT_APPLICABLE, "expired"
    if age is None:
        return INSUFFICIENT_DATA, "the platform tells no creation date"
    if age > max_age:
        return NON_COMPLIANT, f"{age.days} days old; the limit is {_days(max_age)}"
    return COMPLIANT, f"{age.days} days old; the limit is {_days(max_age)}"


def _days(limit: dt.timedelta) -> str:
    return f"{limit.days} days" if limit >= dt.timedelta(days=1) else f"{limit}"


def _worst(rows: Sequence[dict[str, Any]], unlisted: bool) -> str:
    if unlisted:
        return INSUFFICIENT_DATA
    seen = {row["compliance"] for row in rows}
    for verdict in (NON_COMPLIANT, INSUFFICIENT_DATA, COMPLIANT):
        if verdict in seen:
            return verdict
    return NOT_APPLICABLE
