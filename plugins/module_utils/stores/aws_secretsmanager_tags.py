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

from ..record import Record
from .vault_kv2_auditor import audit_copy

PREFIX = "objectstore:"
#: Names the version after which nobody works on the account any more.
FREE = f"{PREFIX}free"
#: Those of the copy that come and go: they are emptied, because to remove them takes a request.
_PASSING = (
    *("access_key", "created_at", "promoted_at", "acknowledged_at", "expires_at"),
    *("retiring", "held_until"),
)
#: What a tag's value may not hold, beside letters and digits of any script.
#: https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html
_NOT_ALLOWED = re.compile(r"[^\w +=.:/@-]")
_LONGEST = 256


def audit_tags(record: Record) -> dict[str, str]:
    """Return what an auditor may know without the right to read secrets; never a secret."""
    copy = {**dict.fromkeys(_PASSING, ""), **audit_copy(record)}
    return {f"{PREFIX}{name}": clean(value) for name, value in copy.items()}


def own_tags(tags: Mapping[str, object] | None) -> dict[str, str]:
    """Return the operator's own tags as texts."""
    return {str(name): str(value) for name, value in (tags or {}).items()}


def clean(text: str) -> str:
    """Return a text as a tag's value, what is not allowed there replaced."""
    return _NOT_ALLOWED.sub("_", text.replace(",", " "))[:_LONGEST]
