# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states beside rotated: acknowledged, retired by itself, decommissioned."""

from __future__ import annotations

import dataclasses

from .errors import NO_RECORD_HERE, missing
from .model import ACTIVE
from .record import Decommission, HeldKey
from .rotation_case import Case, names
from .rotation_delete import is_disabled
from .rotation_disruption import keep_to_window
from .rotation_retire import bury


def acknowledge(case: Case) -> None:
    """Store that the consumers have this very access key; any other is refused."""
    current, wanted = case.record.current, case.policy.access_key
    if current is None:
        raise case.fail(
            "not_found",
            f"{case.account.name} is not managed: there is nothing to acknowledge.",
            next_step=NO_RECORD_HERE,
        )
    if wanted != current.access_key:
        raise case.fail(
            "conflict",
            f"The acknowledgement for {wanted} was refused: the current key of"
            f" {case.account.name} is {current.access_key}.",
            next_step="Give the consumers the current pair (lookup s3_secret), then acknowledge"
            " that one.",
            alive=current.access_key,
        )
    if current.acknowledged_at is not None:
        case.did("unchanged", f"{wanted} was acknowledged on {current.acknowledged_at:%Y-%m-%d}")
        return
    now = case.desk.now()
    case.save(
        dataclasses.replace(case.record, current=dataclasses.replace(current, acknowledged_at=now)),
        "acknowledged",
        access_key=wanted,
    )
    case.did("acknowledged", f"the consumers have {wanted}")


def decommission(case: Case) -> None:
    """End the account's keys for good: off, after the soak deleted, at last a tombstone."""
    if not case.has_record:
        raise case.fail(
            "not_found",
            f"{case.account.name} is not managed: there is nothing to decommission.",
            next_step=NO_RECORD_HERE,
        )
    if case.record.decommission is None:
        _begin(case)
    elif case.record.decommission.done_at is not None:
        case.did("unchanged", "it is decommissioned")
        return
    case.look()
    for key in case.record.retiring:
        _end(case, key)
    if case.record.retiring:
        return
    record, now = case.record, case.desk.now()
    if record.decommission is None:
        raise missing("record.decommission")
    case.save(
        dataclasses.replace(
            record, decommission=dataclasses.replace(record.decommission, done_at=now)
        ),
        "decommissioned",
        why=record.decommission.reason,
    )
    case.destroy_old_versions()
    others = case.unknown_keys()
    if others:
        case.details["unknown_keys"] = names(others)
    left = f"; {names(others)} were never in the record, and work on" if others else ""
    case.did("decommissioned", f"its keys are gone and their secrets destroyed{left}")


def _begin(case: Case) -> None:
    facts, policy, record = case.desk.facts, case.policy, case.record
    held = [key.access_key or "a delivered key" for key in record.held_keys()]
    if not facts.shows_access_key or not (facts.can_disable or facts.can_delete):
        raise case.fail(
            "unsupported",
            f"{case.desk.platform.title} can neither disable nor delete an access key.",
            next_step="Remove the user at the platform, then move the record away.",
        )
    if not policy.allow_disruption:
        raise case.fail(
            "disruption_refused",
            f"Decommissioning {case.account.name} ends {', '.join(held) or 'its keys'}: every"
            " client of the account is cut off.",
        )
    keep_to_window(case)
    now = case.desk.now()
    if record.current is not None:
        record = record.with_retiring(record.current.retired(now))
    case.save(
        dataclasses.replace(
            record, current=None, pending=None, decommission=Decommission(now, policy.reason)
        ),
        "decommission_intended",
        access_key=", ".join(held),
        why=policy.reason,
    )
    case.did("disabled", "decommissioning has begun")


def _end(case: Case, key: HeldKey) -> None:
    desk = case.desk
    shown = case.shown(key.access_key)
    if shown is None:
        bury(case, key)
        return
    if shown.status == ACTIVE and is_disabled(case, key.access_key or "", "decommission"):
        seen = dataclasses.replace(key, disabled_at=desk.now(), disabled_in=desk.run)
        case.save(
            dataclasses.replace(case.record.with_retiring(seen), intent=None),
            "disabled",
            access_key=key.access_key,
        )
        case.did("disabled", f"{key.access_key} is disabled")
        return
    if desk.facts.can_disable:
        if key.disabled_at is None:
            seen = dataclasses.replace(key, disabled_at=desk.now(), disabled_in=desk.run)
            case.save(case.record.with_retiring(seen), "disabled", access_key=key.access_key)
            return
        if not desk.facts.can_delete:
            case.did(
                "skipped",
                f"{key.access_key} stays disabled: {desk.platform.title} cannot delete it here."
                " The account is decommissioned once somebody has",
            )
            return
        soaked = desk.now() >= key.disabled_at + case.policy.soak_period
        if not soaked or key.disabled_in == desk.run:
            return
    case.change_key("delete", key.access_key or "", "decommission")
    gone = dataclasses.replace(key, deleted_at=desk.now())
    case.save(
        dataclasses.replace(case.record.with_retiring(gone), intent=None),
        "deleted",
        access_key=key.access_key,
    )
    case.did("deleted", f"{key.access_key} is deleted")
    bury(case, gone)
