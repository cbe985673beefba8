# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP S3 users and their keys as a result and a diff show them: never a secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..clock import iso
from ..model import AccessKey, Account


def rows_of(keys: Sequence[AccessKey]) -> list[dict[str, Any]]:
    """Return keys as they are shown."""
    return [
        row_of(key.access_key, key.slot, key.details.get("key_time_to_live"), iso(key.expires_at))
        for key in keys
    ]


def row_of(
    access_key: str | None, slot: int | None, lifetime: str | None, expires_at: str | None
) -> dict[str, Any]:
    """Return one key as it is shown."""
    return {
        "access_key": access_key,
        "key_id": slot,
        "key_time_to_live": lifetime,
        "expires_at": expires_at,
    }


def state_of(account: Account | None, keys: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a user as a diff shows it; None: there is none."""
    if account is None:
        return {"state": "absent"}
    return {"state": "present", "comment": account.details["comment"], "access_keys": keys}
