# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of a record's secret: whether its lease is free, and a copy of the state for auditors.

Whoever may describe secrets and not read their values sees from the tags which key is current and
how old it is. They are written at an account's creation and at the end of every turn that changed
it, so they are late while a turn is under way or after one that was killed: the truth is the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..clock import iso
from ..record import Record
from .base import Place

PREFIX = "objectstore:"
#: Names the version after which nobody works on the account any more.
FREE = f"{PREFIX}free"
#: What a tag's value may not hold, beside letters and digits of any script.
#: https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html
_NOT_ALLOWED = re.compile(r"[^\w +=.:/@-]")
_LONGEST = 256


def audit_tags(place: Place, record: Record) -> dict[str, str]:
    """Return what an auditor may know without the right to read secrets; never a secret."""
    current = record.current
    tags = {
        "platform": place.platform,
        "endpoint": place.endpoint,
        "account": place.account,
        "state": _state(record),
        "access_key": (current.access_key if current else None) or "",
        "created_at": (iso(current.created_at) if current else None) or "",
        "promoted_at": (iso(current.promoted_at) if current else None) or "",
        "retiring": " ".join(key.access_key or "unknown" for key in record.retiring),
    }
    return {f"{PREFIX}{name}": clean(value) for name, value in tags.items()}


def own_tags(tags: Mapping[str, object] | None) -> dict[str, str]:
    """Return the operator's own tags as texts."""
    return {str(name): str(value) for name, value in (tags or {}).items()}


def clean(text: str) -> str:
    """Return a text as a tag's value, what is not allowed there replaced."""
    return _NOT_ALLOWED.sub("_", text)[:_LONGEST]


def _state(record: Record) -> str:
    if record.decommission is not None:
        return "decommissioned" if record.decommission.done_at else "decommissioning"
    if record.held is not None:
        return "held"
    if record.pending is not None:
        return "rotating"
    return "managed" if record.is_managed else "unmanaged"
