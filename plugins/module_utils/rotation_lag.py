# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings that lag: what the record says that we did a moment ago may not be shown yet.

Without a second look a key just made would seem gone (and be rotated again), and one just disabled
would seem to have been enabled by somebody else. Older contradictions are what they seem.

Nor does a listing of all accounts show what another run has done to one of them since.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from .model import ACTIVE, INACTIVE, AccessKey, Account
from .record import HeldKey, Record
from .rotation_desk import Desk


def caught_up(
    record: Record, keys: Sequence[AccessKey], account: Account, desk: Desk
) -> list[AccessKey]:
    """Return what a listing will show of what was done within the platform's lag. Sends nothing.

    The same as it shows now, where nothing was done so recently or everything is shown already.
    """
    since = desk.now() - dt.timedelta(seconds=desk.facts.listing_lag)
    shown = {key.access_key: key for key in keys}

    def is_recent(moment: dt.datetime | None) -> bool:
        return moment is not None and moment > since

    current = record.current
    # Made just now, or enabled just now by a rollback.
    if current is not None and is_recent(current.promoted_at) and not current.disabled_at:
        name = current.access_key or ""
        made = AccessKey(name, account, created_at=current.created_at)
        shown[name] = dataclasses.replace(shown.get(name, made), status=ACTIVE)
    for key in record.retiring:
        name = key.access_key or ""
        if name in shown and is_recent(key.deleted_at):
            del shown[name]
        elif name in shown and is_recent(key.disabled_at):
            shown[name] = dataclasses.replace(shown[name], status=INACTIVE)
    return list(shown.values())


def is_behind(record: Record, keys: Sequence[AccessKey], account: Account, desk: Desk) -> bool:
    """Tell whether a listing contradicts what was done within the platform's lag. Sends nothing."""
    if not desk.facts.listing_lag:
        return False
    then = {key.access_key: key.status for key in caught_up(record, keys, account, desk)}
    return then != {key.access_key: key.status for key in keys}


def is_outdated(record: Record, keys: Sequence[AccessKey], desk: Desk) -> bool:
    """Tell whether a listing from the beginning of the run may be older than the record.

    It is when it contradicts the record, which another run may have written since: then only a
    new look says what is there. Sends nothing.
    """
    status = {key.access_key: key.status for key in keys}
    current = record.current
    if current is not None and current.access_key and status.get(current.access_key) != ACTIVE:
        return True
    if not desk.facts.overlap:
        return False
    return any(status.get(key.access_key or "") != _expected(key) for key in record.retiring)


def _expected(key: HeldKey) -> str | None:
    if key.deleted_at is not None:
        return None
    return ACTIVE if key.disabled_at is None else INACTIVE
