# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs come back from escrow: of a call that the store did not take, or that landed too late."""

from __future__ import annotations

import dataclasses

from .model import Issued, Pair
from .record import Pending, Secret
from .rotation_case import Case
from .rotation_proof import is_refused
from .rotation_replace import keep_replaced


def take_from_escrow(case: Case, pending: Pending) -> bool:
    """Store a pair that an earlier run could only put into escrow, if it is the live one."""
    escrow = case.desk.escrow
    if escrow is None or case.desk.facts.overlap or pending.secret is not None:
        return False
    pair = escrow.take(case.place, pending.attempt)
    if pair is None or not _is_live(case, pair):
        return False
    secret = Secret(pair.secret_key)
    case.save(
        dataclasses.replace(
            case.record,
            pending=dataclasses.replace(pending, access_key=pair.access_key, secret=secret),
        ),
        "taken_from_escrow",
        access_key=pair.access_key,
    )
    keep_replaced(case, issued_as_shown(case, case.record.pending or pending), recovered=True)
    return True


def take_late(case: Case) -> None:
    """Take a pair from escrow that became the live one after its successor was stored.

    So it is when a runner stands still between its last look and its call for so long that another
    settles and ends its rotation: the call lands all the same, and the store refuses the pair.
    """
    escrow, current, facts = case.desk.escrow, case.record.current, case.desk.facts
    if escrow is None or facts.overlap or current is None or case.record.pending is not None:
        return
    if case.sees_keys and case.shown(current.access_key) is not None:
        return
    for attempt in escrow.attempts(case.place):
        pair = escrow.take(case.place, attempt)
        if pair is None or attempt == current.attempt or not _is_proven_live(case, pair):
            continue
        pending = Pending(
            rotation_id=case.desk.run,
            started_at=case.desk.now(),
            run=case.desk.run,
            attempt=attempt,
            why=f"{pair.access_key} was made by a call that landed late; its pair lay in escrow",
            keys_before=(current.access_key,) if current.access_key else (),
            settle=case.policy.settle.total_seconds(),
        )
        case.save(dataclasses.replace(case.record, pending=pending), "intended")
        take_from_escrow(case, pending)
        return


def _is_proven_live(case: Case, pair: Pair) -> bool:
    if case.sees_keys:
        return case.shown(pair.access_key) is not None
    current = case.record.current
    if is_refused(case, pair) is not False:
        return False
    return current is not None and is_refused(case, current.pair(), was_accepted=True) is True


def _is_live(case: Case, pair: Pair) -> bool:
    if case.sees_keys:
        return case.shown(pair.access_key) is not None
    return is_refused(case, pair) is not True


def issued_as_shown(case: Case, pending: Pending) -> Issued:
    """Return what a call of ours has made, by the pair that is stored and what the look tells."""
    shown = case.shown(pending.access_key) if case.sees_keys else None
    return Issued(
        case.account,
        pending.pair(),
        created_at=shown.created_at if shown else None,
        expires_at=shown.expires_at if shown else None,
        slot=shown.slot if shown else None,
    )
