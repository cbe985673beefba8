# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The auditor's copy: what a record says, without its secrets, as custom metadata of its path.

Whoever may read metadata but no data sees states, access keys and dates. It is written after the
data, only when it changes, not in the middle of a rotation, and nothing relies on it.
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#create-update-metadata
"""

from __future__ import annotations

from collections.abc import Mapping

from ..clock import iso
from ..record import Record

#: What the server allows.
_MOST, _LONGEST_VALUE = 64, 512
#: Names of ours; others are the operator's and stay.
_NAMES = (
    *("managed_by", "platform", "endpoint", "account", "account_id", "state", "access_key"),
    *("created_at", "promoted_at", "acknowledged_at", "expires_at", "retiring", "held_until"),
)


def audit_copy(record: Record) -> dict[str, str]:
    """Return what a record says, in values that custom metadata can hold."""
    current = record.current
    values = {
        "managed_by": "objectstore.credentials",
        "platform": record.platform,
        "endpoint": ",".join(record.endpoints),
        "account": record.account,
        "account_id": record.account_id,
        "state": _state(record),
        "access_key": current.access_key if current else None,
        "created_at": iso(current.created_at) if current else None,
        "promoted_at": iso(current.promoted_at) if current else None,
        "acknowledged_at": iso(current.acknowledged_at) if current else None,
        "expires_at": iso(current.expires_at) if current else None,
        "retiring": ",".join(key.access_key for key in record.retiring if key.access_key),
        "held_until": (iso(record.held.until) or "released") if record.held else None,
    }
    return {name: _fitting(value) for name, value in values.items() if value}


def merged(existing: Mapping[str, object] | None, copy: Mapping[str, str]) -> dict[str, str] | None:
    """Return the custom metadata to write, or None where what is there is right already.

    The server replaces all of it at once, and the operator's own entries stay.
    """
    there = {str(name): str(value) for name, value in (existing or {}).items()}
    wanted = {name: value for name, value in there.items() if name not in _NAMES}
    wanted.update(copy)
    return None if wanted == there or len(wanted) > _MOST else wanted


def _state(record: Record) -> str:
    if record.moved_to is not None:
        return record.moved_to.state
    if record.decommission is not None:
        return "decommissioned" if record.decommission.done_at else "decommissioning"
    if record.current is None:
        return "unmanaged"
    if record.held is not None:
        return "held"
    if record.current.acknowledged_at is None:
        return "unacknowledged"
    return "retiring" if record.retiring else "current"


def _fitting(value: str) -> str:
    """Return a value that is printable and short enough in bytes."""
    printable = "".join(c if c.isprintable() else "?" for c in value)
    raw = printable.encode("utf-8", "replace")
    return raw[:_LONGEST_VALUE].decode("utf-8", "ignore")
