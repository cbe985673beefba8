# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room for one more key, where a platform takes only so many for each account."""

from __future__ import annotations

import dataclasses

from .rotation_case import Case, names
from .rotation_disruption import keep_to_window
from .rotation_retire import reclaim


def require_free_slot(case: Case, freed: int = 0, is_emergency: bool = False) -> None:
    """Make sure that there is room for one more key; raise limit, naming the way out.

    Only a retiring key past all its dates, or one that the operator named, is deleted for it; the
    latter within the account's window. Raises WaitsForWindow.
    """
    most = case.desk.facts.max_keys
    count = case.desk.platform.count
    if most is None or count(case.keys) - freed < most or reclaim(case):
        return
    record = case.record
    # Only what the operator named; first what appeared during a call of ours that went unanswered.
    named = sorted(case.policy.replaces, key=lambda each: each not in record.suspects)
    for access_key in named:
        current = record.current
        if current is not None and access_key == current.access_key:
            continue
        if case.shown(access_key) and case.policy.allow_disruption and len(case.keys) > 1:
            if not is_emergency:
                keep_to_window(case)
            case.change_key("delete", access_key, "replace")
            case.save(dataclasses.replace(record, intent=None), "deleted", access_key=access_key)
            return
    raise case.fail(
        "limit",
        f"{case.account.name} has {len(case.keys)} access keys, and the platform has no room for"
        f" another: {names(case.keys)}.",
        next_step=_way_out(case),
        alive=names(case.keys),
    )


def _way_out(case: Case) -> str:
    """Return what makes room for one more key."""
    record = case.record
    suspects = [each for each in record.suspects if case.shown(each)]
    waiting = [key.access_key for key in record.retiring if case.shown(key.access_key)]
    if suspects:
        return (
            f"{', '.join(suspects)} appeared while a call of ours went unanswered, and may be ours"
            " or a colleague's. If nobody has its secret, name it in replaces with"
            " allow_disruption: true: it is deleted to make room."
        )
    if not waiting:
        return (
            "Delete the key that nobody uses at the platform, or name it in replaces with"
            " allow_disruption: true; this collection removes no key that it does not know."
        )
    text = (
        f"{', '.join(str(key) for key in waiting)} is retiring and will make room when its"
        " grace and soak periods have passed."
    )
    if _is_compromised(case):
        text += (
            f" That is too long for an emergency: replaces: [{waiting[0]}] with"
            " allow_disruption: true deletes it now."
        )
    return text


def _is_compromised(case: Case) -> bool:
    current = case.record.current
    return current is not None and bool(
        current.compromised or current.access_key in case.policy.compromised
    )
