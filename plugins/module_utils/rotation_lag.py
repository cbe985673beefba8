# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings that lag: what the record says that we did a moment ago may not be shown yet.

Without a second look a key just made would seem gone (and be rotated again), and one just disabled
would seem to have been enabled by somebody else. Older contradictions are what they seem.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from .model import ACTIVE, AccessKey
from .record import Record
from .rotation_desk import Desk


def is_behind(record: Record, keys: Sequence[AccessKey], desk: Desk) -> bool:
    """Tell whether a listing contradicts what was done within the platform's lag. Sends nothing."""
    lag = desk.facts.listing_lag
    if not lag:
        return False
    since = desk.now() - dt.timedelta(seconds=lag)
    shown = {key.access_key: key.status for key in keys}

    def is_recent(moment: dt.datetime | None) -> bool:
        return moment is not None and moment > since

    current = record.current
    # Made just now, or enabled just now by a rollback.
    if current is not None and is_recent(current.promoted_at) and not current.disabled_at:
        is_shown = shown.get(current.access_key or "") == ACTIVE
        if not is_shown:
            return True
    for key in record.retiring:
        status = shown.get(key.access_key or "")
        if status is not None and is_recent(key.deleted_at):
            return True
        if status == ACTIVE and is_recent(key.disabled_at):
            return True
    return False
