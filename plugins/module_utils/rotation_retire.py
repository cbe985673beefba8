# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an old key: disabled after its grace, deleted after its soak, proven dead, forgotten.

Only keys that the record holds as retiring come here, and while the current key is seen active.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from .errors import CredentialsError, missing
from .model import ACTIVE
from .record import HeldKey
from .rotation_case import Case
from .rotation_delete import is_disabled
from .rotation_proof import can_ask, is_foreseen_dead, is_refused


def mark_compromised(case: Case) -> None:
    """Store which retiring keys the operator calls compromised: they have no grace any more."""
    for key in case.record.retiring:
        if key.access_key in case.policy.compromised and key.compromised is None:
            marked = dataclasses.replace(key, compromised=case.policy.reason)
            case.save(
                case.record.with_retiring(marked),
                "compromised",
                access_key=key.access_key,
                why=case.policy.reason,
            )


def retire(case: Case) -> None:
    """Do what is due for every retiring key; without the policy's leave, for compromised ones."""
    for key in case.record.retiring:
        if not (case.policy.retire or key.compromised):
            continue
        if not case.sees_keys or not case.desk.facts.overlap:
            bury(case, key)
            continue
        shown = case.shown(key.access_key)
        if shown is None:
            bury(case, key)
        elif shown.status != ACTIVE and key.disabled_at is None:
            _note_disabled(case, key, "seen disabled")
        elif shown.status != ACTIVE:
            _delete_after_soak(case, key)
        else:
            _end_after_grace(case, key)


def reclaim(case: Case) -> bool:
    """Delete one retiring key that is past its grace and its soak; tell whether there was one."""
    facts, now, soak = case.desk.facts, case.desk.now(), case.policy.soak_period
    for key in case.record.retiring:
        shown, ready = case.shown(key.access_key), _ready_at(case, key)
        if shown is None or ready is None or not facts.can_delete:
            continue
        if shown.status != ACTIVE:
            is_past = key.disabled_at is not None and now >= key.disabled_at + soak
            is_past = is_past and key.disabled_in != case.desk.run
        else:
            is_past = not facts.can_disable and now >= ready + soak
        if is_past and _is_current_active(case):
            _delete(case, key)
            return True
    return False


def cut(case: Case, reason: str) -> None:
    """End the compromised current key before its successor is made (cut_first)."""
    record, facts = case.record, case.desk.facts
    current = record.current
    if current is None or current.access_key is None:
        return
    case.look()
    shown = case.shown(current.access_key)
    if shown is None or shown.status != ACTIVE:
        return
    marked = dataclasses.replace(current, compromised=reason)
    case.save(
        dataclasses.replace(record, current=marked),
        "compromised",
        access_key=current.access_key,
        why=reason,
    )
    if not (facts.can_disable or facts.can_delete):
        raise case.fail(
            "unsupported",
            f"{case.desk.platform.title} can neither disable nor delete {current.access_key}.",
            next_step="Leave cut_first out, and end the key at the platform by hand.",
        )
    action = "disable" if is_disabled(case, current.access_key, "emergency") else "delete"
    if action == "delete":
        case.change_key(action, current.access_key, "emergency")
    now, run = case.desk.now(), case.desk.run
    off = dataclasses.replace(marked, deleted_at=now)
    if action == "disable":
        off = dataclasses.replace(marked, disabled_at=now, disabled_in=run)
    case.save(
        dataclasses.replace(case.record, current=off, intent=None),
        f"{action}d",
        access_key=current.access_key,
        why=reason,
    )


def revoke_compromised(case: Case) -> None:
    """End every retiring key that is compromised and still active."""
    for key in case.record.retiring:
        shown = case.shown(key.access_key) if key.compromised else None
        if shown is not None and shown.status == ACTIVE:
            revoke(case, key.access_key or "")


def bury_deleted(case: Case) -> None:
    """Forget the retiring keys that were deleted by ourselves, once they are proven dead."""
    for key in case.record.retiring:
        if key.deleted_at is not None and case.shown(key.access_key) is None:
            bury(case, key)


def revoke(case: Case, access_key: str) -> None:
    """End a compromised key now: disable it, or delete it where keys cannot be disabled."""
    key = case.record.retiring_key(access_key)
    if key is None or case.shown(access_key) is None:
        return
    if _disable(case, key):
        _report_if_honoured(case, case.record.retiring_key(access_key) or key)
    elif case.desk.facts.can_delete:
        _delete(case, key)
    else:
        raise case.fail(
            "unsupported",
            f"{access_key} is compromised, and {case.desk.platform.title} can neither disable nor"
            " delete it.",
            alive=f"{access_key} (active)",
        )


def _end_after_grace(case: Case, key: HeldKey) -> None:
    """Disable an active key after its grace; where that cannot be, delete it a soak later."""
    facts, policy, now = case.desk.facts, case.policy, case.desk.now()
    if key.disabled_at is not None and key.compromised is None and policy.force_retire is None:
        # Somebody enabled it again, and needs it: its grace begins anew.
        case.save(
            case.record.with_retiring(
                dataclasses.replace(key, disabled_at=None, disabled_in=None, retiring_since=now)
            ),
            "enabled_again",
            access_key=key.access_key,
        )
        case.did("still_used", f"{key.access_key} was enabled again by somebody else")
        return
    ready = _ready_at(case, key)
    if ready is None:
        return
    if not facts.can_disable and key.compromised is None:
        ready += policy.soak_period
    if now < ready:
        return
    if not (facts.can_disable or facts.can_delete):
        case.details["not_retired"] = (
            f"{key.access_key}: {case.desk.platform.title} can neither disable nor delete it"
        )
        return
    if not _is_current_active(case):
        return
    if key.compromised is None and policy.force_retire is None and _is_used(case, key):
        return
    if not facts.can_disable:
        _delete(case, key)
    elif not _disable(case, key):
        _end_after_grace(case, key)


def _ready_at(case: Case, key: HeldKey) -> dt.datetime | None:
    """Return when the key's grace is over; None while nobody has acknowledged the new one."""
    if key.compromised is not None:
        return case.desk.now()
    current = case.record.current
    if current is None or current.acknowledged_at is None or key.retiring_since is None:
        return None
    return max(current.acknowledged_at, key.retiring_since) + case.policy.grace_period


def _is_current_active(case: Case) -> bool:
    """Look again: old keys end only while the current one is seen active beside them."""
    case.look()
    current = case.record.current
    shown = case.shown(current.access_key) if current else None
    if shown is not None and shown.status == ACTIVE and not shown.absent_at:
        return True
    case.details["not_retired"] = "the current key is not seen active"
    return False


def _is_used(case: Case, key: HeldKey) -> bool:
    """Tell whether somebody has used the old key since the new one was acknowledged."""
    facts, policy, current = case.desk.facts, case.policy, case.record.current
    if facts.tells_last_used == "no" or (
        facts.tells_last_used == "per_key" and not policy.last_used
    ):
        return False
    if facts.tells_last_used == "per_key":
        case.look(last_used=True)
    shown = case.shown(key.access_key)
    used_at = shown.last_used_at if shown else None
    since = current.acknowledged_at if current else None
    if used_at is None or since is None or used_at <= since:
        return False
    if case.desk.now() - used_at >= policy.quiet_period:
        return False
    case.details["last_used"] = used_at.isoformat()
    case.did("still_used", f"{key.access_key} was used on {used_at:%Y-%m-%d %H:%M} UTC")
    return True


def _disable(case: Case, key: HeldKey) -> bool:
    """Disable a key and note it; False where keys cannot be disabled here."""
    if not is_disabled(case, key.access_key or "", "retire"):
        return False
    _note_disabled(case, key, case.policy.force_retire or "grace period over")
    case.did("disabled", f"{key.access_key} is disabled")
    return True


def _note_disabled(case: Case, key: HeldKey, why: str) -> None:
    """Store when the key was first seen disabled: the soak counts from there."""
    desk = case.desk
    seen = dataclasses.replace(key, disabled_at=desk.now(), disabled_in=desk.run)
    case.save(
        dataclasses.replace(case.record.with_retiring(seen), intent=None),
        "disabled",
        access_key=key.access_key,
        why=why,
    )
    if why == "seen disabled":
        case.did("disabled", f"{key.access_key} was found disabled")


def _delete_after_soak(case: Case, key: HeldKey) -> None:
    desk, policy = case.desk, case.policy
    if key.disabled_at is None:
        raise missing("key.disabled_at")
    if key.disabled_in == desk.run or desk.now() < key.disabled_at + policy.soak_period:
        return
    if not desk.facts.can_delete:
        case.details["not_retired"] = (
            f"{key.access_key} stays disabled: {desk.platform.title} cannot delete it here"
        )
        return
    if case.record.decommission is None and not _is_current_active(case):
        return
    shown = case.shown(key.access_key)
    if shown is not None and shown.status == ACTIVE:
        case.did("still_used", f"{key.access_key} was enabled again by somebody else")
        return
    _delete(case, key)


def _delete(case: Case, key: HeldKey) -> None:
    case.change_key("delete", key.access_key or "", "retire")
    gone = dataclasses.replace(key, deleted_at=case.desk.now())
    case.save(
        dataclasses.replace(case.record.with_retiring(gone), intent=None),
        "deleted",
        access_key=key.access_key,
        why=case.policy.force_retire,
    )
    case.did("deleted", f"{key.access_key} is deleted")
    bury(case, gone)


def bury(case: Case, key: HeldKey) -> None:
    """Forget a key that is gone, and destroy its secret, once it is proven dead."""
    dead = is_dead(case, key)
    if dead:
        case.save(
            case.record.without_retiring(key.access_key),
            "secret_destroyed",
            access_key=key.access_key,
        )
        case.destroy_old_versions()
        if not any(action in ("deleted", "rotated", "recovered") for action, _why in case.done):
            case.did("deleted", f"{key.access_key} is gone, its secret is destroyed")
    elif dead is False:
        _report_if_honoured(case, key, known=True)


def is_dead(case: Case, key: HeldKey) -> bool | None:
    """Tell whether a key that is no longer there works nowhere; None: nobody can tell yet."""
    facts = case.desk.facts
    if key.secret is not None and is_foreseen_dead(case, key.access_key):
        return True
    pair = key.pair() if can_ask(case) else None
    refused = is_refused(case, pair, key.verified_at is not None)
    if refused is not None:
        return refused
    if key.secret is not None and can_ask(case):
        return None
    if facts.shows_access_key:
        is_gone = case.shown(key.access_key) is None
        return True if is_gone and (facts.listing_is_proof or key.deleted_at) else None
    if key.retiring_since is None:
        return None
    # Nothing shows it and nothing asks for it: one soak, then the platform is believed.
    return True if case.desk.now() >= key.retiring_since + case.policy.soak_period else None


def _report_if_honoured(case: Case, key: HeldKey, known: bool = False) -> None:
    """Say that the S3 service goes on taking a pair that the platform has ended."""
    try:
        honoured = known or is_refused(case, key.pair(), key.verified_at is not None) is False
    except CredentialsError as exc:
        case.details["not_proven"] = exc.message
        return
    if not honoured:
        return
    if key.honoured_at is None:
        seen = dataclasses.replace(key, honoured_at=case.desk.now())
        case.save(case.record.with_retiring(seen), "still_honoured", access_key=key.access_key)
    # In the turn that deletes it, "deleted" is what the result says first.
    case.details["still_honoured"] = key.access_key
    case.did("still_honoured", f"{key.access_key} is revoked, and the S3 service still takes it")
