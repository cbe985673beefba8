# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finish what an earlier run, or a lost answer, left open. Nothing is guessed: what no step of ours
explains is named and left alone.
"""

from __future__ import annotations

import dataclasses

from .clock import iso
from .errors import CredentialsError, missing
from .model import ACTIVE, AccessKey, Issued
from .record import HeldKey, KeyIntent, Pending, Record
from .rotation_case import Case
from .rotation_disruption import refuse_unless_allowed, wait_for_window
from .rotation_escrow import issued_as_shown, take_from_escrow
from .rotation_issue import (
    Order,
    forget_pending,
    intend,
    issue,
    keep,
    label_of,
)
from .rotation_promote import finish_withdrawal, promote, verify, verify_current
from .rotation_proof import can_ask, is_refused
from .rotation_replace import keep_replaced, settle_replaced
from .rotation_retire import revoke_compromised
from .rotation_rollback import finish_rollback

#: Seconds between the two looks that must agree.
_BETWEEN_LOOKS = 2.0
#: Labels of unanswered calls that are remembered.
_MOST_LABELS = 10


def finish_open(case: Case) -> None:
    """Bring an open rotation to its end, and end what earlier ones left behind."""
    pending = case.record.pending
    if pending is None:
        _retire_strays(case)
        return
    if pending.step == "withdrawn":
        finish_withdrawal(case)
        case.did("resumed", "the key that was refused is gone")
    elif pending.step == "kept":
        _complete(case, pending)
    else:
        settle_unanswered(case)


def _complete(case: Case, pending: Pending) -> None:
    """Verify and promote a pair that is stored already."""
    if pending.purpose == "rollback":
        finish_rollback(case)
        return
    verify(case)
    promote(case)
    case.rename("rotated", "resumed")
    revoke_compromised(case)


def settle_intent(case: Case) -> None:
    """Wait until an unanswered disable, enable or delete can no longer land; look twice."""
    intent = case.record.intent
    if intent is None:
        return
    case.wait_settled(intent)
    look_twice(case)
    shown = case.shown(intent.access_key)
    case.save(
        dataclasses.replace(_with_seen(case, intent), intent=None),
        f"{intent.action}_settled",
        access_key=intent.access_key,
        status=shown.status if shown else "gone",
    )
    case.did("resumed", f"an interrupted {intent.action} of {intent.access_key}")


def _with_seen(case: Case, intent: KeyIntent) -> Record:
    """Return the record with what the look tells of a key whose change was not answered."""
    record, shown, now = case.record, case.shown(intent.access_key), case.desk.now()
    held = (each for each in record.held_keys() if each.access_key == intent.access_key)
    key = next(held, None)
    if key is None:
        return record
    if intent.action == "delete" and shown is None:
        seen = dataclasses.replace(key, deleted_at=now)
    elif intent.action == "disable" and shown is not None and shown.status != ACTIVE:
        seen = dataclasses.replace(key, disabled_at=now, disabled_in=case.desk.run)
    else:
        return record
    if record.current is key:
        return dataclasses.replace(record, current=seen)
    return record.with_retiring(seen)


def verify_unverified(case: Case) -> None:
    """Verify a current key whose verification an earlier run did not finish.

    A key that is about to be replaced whatever the answer is must not stand in the way.
    """
    current, policy = case.record.current, case.policy
    if current is None or current.verified_at is not None or current.secret is None:
        return
    if not can_ask(case) or (case.sees_keys and case.shown(current.access_key) is None):
        return
    try:
        if case.desk.facts.overlap:
            verify_current(case)
        else:
            settle_replaced(case)
            case.did("resumed", f"{current.access_key} is verified now")
    except CredentialsError as exc:
        goes = current.compromised or current.access_key in policy.compromised
        if not goes and not (policy.force and policy.is_named):
            raise
        case.details["unverified"] = exc.message


def _retire_strays(case: Case) -> None:
    """Delete keys that carry a label of ours whose making was never answered."""
    for attempt in case.record.lost_labels:
        stray = _labelled(case.keys, attempt)
        if stray is None or case.record.holds(stray.access_key):
            continue
        case.change_key("delete", stray.access_key, "stray")
        _forget_label(case, attempt, stray)


def _forget_label(case: Case, attempt: str, stray: AccessKey) -> None:
    kept = tuple(each for each in case.record.lost_labels if each != attempt)
    case.save(
        dataclasses.replace(case.record, lost_labels=kept, intent=None),
        "stray_deleted",
        access_key=stray.access_key,
        attempt=attempt,
    )
    case.did("deleted", f"{stray.access_key} was left by an interrupted run")


def settle_unanswered(case: Case) -> Pending | None:
    """Find out what became of a call without an answer, and go on from there.

    Returns the pending rotation that came to nothing, so that the turn may begin it anew; None when
    it was brought to an end. Raises drifted for what no step of ours explains.
    """
    pending, facts = case.record.pending, case.desk.facts
    if pending is None:
        raise missing("pending")
    case.wait_settled(pending)
    look_twice(case)
    if take_from_escrow(case, pending):
        return None
    if pending.secret is not None:
        return _settle_chosen(case, pending)
    if facts.overlap:
        return _settle_made(case, pending)
    if case.sees_keys:
        return _settle_replaced(case, pending)
    return _settle_unseen(case, pending)


def look_twice(case: Case) -> None:
    """Look at the keys until two looks in a row agree. Raises conflict when they do not."""
    if not case.sees_keys:
        return
    last = None
    for attempt in range(4):
        if attempt:
            case.desk.clock.sleep(_BETWEEN_LOOKS)
        now = sorted((key.access_key, key.status, key.absent_at) for key in case.look())
        if now == last:
            return
        last = now
    raise case.fail(
        "conflict", f"The keys of {case.account.name} change while we look at them. Run again."
    )


def _nothing_happened(case: Case, pending: Pending, **changes: object) -> Pending:
    forget_pending(case, "nothing_happened", "the call did not land", **changes)
    case.did("resumed", "an interrupted rotation had changed nothing")
    return pending


def _given_up(case: Case, pending: Pending) -> Pending:
    """Leave a chosen pair for another one; where it did land at one of several, it retires."""
    if case.shown(pending.access_key) is None:
        return _nothing_happened(case, pending)
    left = HeldKey(pending.access_key, pending.secret, retiring_since=case.desk.now())
    retiring = case.record.with_retiring(left).retiring
    forget_pending(case, "given_up", "not all endpoints have it", retiring=retiring)
    case.did("resumed", f"{pending.access_key} was given up: not all endpoints have it")
    return pending


def _settle_chosen(case: Case, pending: Pending) -> Pending | None:
    """The pair was stored before the call: the platform shows it, or it is sent again."""
    platform = case.desk.platform
    if not case.is_whole(pending.access_key):
        if not platform.is_as_noted(case.keys, pending.keys_before, pending.access_key):
            if not (case.policy.force and case.policy.is_named):
                raise _drifted(case, pending, platform.noted(case.keys))
            # A key more ends nothing: what landed at one of several goes to the others as well.
            if not (case.desk.facts.overlap and case.shown(pending.access_key)):
                return _given_up(case, pending)
        order = Order(pending.why, pending.rotation_id, compromised=pending.compromised)
        refuse_unless_allowed(case, order)
        wait_for_window(case, order)
        again = dataclasses.replace(pending, started_at=case.desk.now(), run=case.desk.run)
        case.save(
            dataclasses.replace(case.record, pending=again),
            "intended_again",
            rotation_id=pending.rotation_id,
            access_key=pending.access_key,
        )
        issued = issue(case)
    else:
        issued = issued_as_shown(case, pending)
    if case.desk.facts.overlap:
        keep(case, issued)
        _complete(case, case.record.pending or pending)
    else:
        keep_replaced(case, issued, recovered=False)
        case.rename("rotated", "resumed")
    return None


def _settle_made(case: Case, pending: Pending) -> Pending:
    """A key may have been made whose secret nobody has: found by its label, or left alone."""
    if case.desk.facts.label == "description":
        ours = _labelled(case.keys, pending.attempt)
        labels = (*case.record.lost_labels, pending.attempt)[-_MOST_LABELS:]
        if ours is None:
            return _nothing_happened(case, pending, lost_labels=labels)
        case.change_key("delete", ours.access_key, "stray")
        forget_pending(
            case, "stray_deleted", f"{ours.access_key} was made, and its secret lost", intent=None
        )
        case.did("resumed", f"{ours.access_key}, whose secret was lost, is deleted")
        case.details["deleted_stray"] = ours.access_key
        return pending
    record = case.record
    known = {*record.known_access_keys(), *pending.keys_before, *record.suspects}
    found = [key.access_key for key in case.keys if key.access_key not in known]
    if not found:
        return _nothing_happened(case, pending)
    # It may be a colleague's: it is named, and never touched.
    case.details["suspect"] = named = ", ".join(found)
    why = f"{named} is new, and may be a colleague's"
    forget_pending(case, "nothing_happened", why, suspects=(*record.suspects, *found))
    case.did("resumed", f"an interrupted rotation left nothing that is surely its own: {why}")
    return pending


def _settle_replaced(case: Case, pending: Pending) -> Pending | None:
    """In place, visible: the access key tells whether the call landed; its secret is lost then."""
    shown = tuple(sorted(key.access_key for key in case.keys))
    if shown == tuple(sorted(pending.keys_before)) and not pending.repairs:
        return _nothing_happened(case, pending)
    _replace_again(case, pending, ", ".join(shown) or "no key")
    return None


def _settle_unseen(case: Case, pending: Pending) -> Pending | None:
    """No access key to be seen: the old pair decides by a signed request."""
    current = case.record.current
    refused = (
        is_refused(case, current.pair(), current.verified_at is not None)
        if current is not None
        else None
    )
    if refused is False:
        return _nothing_happened(case, pending)
    if refused is None and not (case.policy.force and case.policy.is_named):
        raise case.fail(
            "outcome_unknown",
            f"A rotation of {case.account.name} was interrupted on {iso(pending.started_at)}, and"
            " nothing can tell whether it happened: there is no old pair that could be asked, or"
            " the S3 service does not answer.",
            next_step="Name the account with force: true to rotate it again, or correct verify.",
            landed=None,
        )
    if case.policy.key_delivery == "email" and not case.policy.force:
        # It went to the user by e-mail; rotating again would end what the user has.
        keep_replaced(case, Issued(case.account, None, delivery="email"), recovered=False)
        return None
    _replace_again(case, pending, "a pair that nobody has")
    return None


def _replace_again(case: Case, pending: Pending, found: str) -> None:
    """Replace once more a key whose secret was lost, unless the record may be an old copy."""
    record, now = case.record, case.desk.now()
    if case.policy.state != "rotated":
        # A repair ends nothing that a stored pair opens, so it needs no allow_disruption; but who
        # asks for another state does not ask for a rotation.
        raise case.fail(
            "disruption_refused",
            f"A rotation of {case.account.name} was interrupted, and its new secret is lost:"
            f" another one must end {found}.",
            next_step="Run with state: rotated, which repairs it.",
            alive=found,
        )
    forced = case.policy.force and case.policy.is_named
    age = now - pending.started_at
    later = [past for past in record.rotations if past.at > pending.started_at]
    known_later = case.desk.journal.knows_later(case.account.name, pending.started_at)
    if not forced and (age > case.policy.recover_within or later or known_later):
        why = (
            f"it began on {iso(pending.started_at)}, longer ago than recover_within"
            if age > case.policy.recover_within
            else "later rotations of it are known"
        )
        noted = f"noted {', '.join(pending.keys_before) or 'nothing'}"
        did = f"lost the secret of {pending.repairs}" if pending.repairs else noted
        raise case.fail(
            "drifted",
            f"{case.account.name} has {found} where an interrupted rotation {did}, and {why}: this"
            " record may be an old copy.",
            alive=found,
            next_step="If the record was restored from a backup, restore a newer one. If the key"
            " may be replaced, name the account with force: true.",
        )
    case.details["overwritten"] = found
    # One write: a record without the pending rotation could not explain what the platform shows.
    order = Order(
        pending.why, pending.rotation_id, pending.replaces, pending.compromised, repairs=found
    )
    intend(case, order)
    keep_replaced(case, issue(case), recovered=True)


def _labelled(keys: list[AccessKey], attempt: str) -> AccessKey | None:
    return next((key for key in keys if label_of(attempt) in (key.description or "")), None)


def _drifted(case: Case, pending: Pending, shown: tuple[str, ...]) -> Exception:
    return case.fail(
        "drifted",
        f"{case.account.name} shows {', '.join(shown) or 'no key'}, which is neither what an"
        f" interrupted rotation noted ({', '.join(pending.keys_before) or 'no key'}) nor the pair"
        f" that it chose ({pending.access_key}).",
        alive=", ".join(shown),
        next_step="Find out who changed it; then name the account with force: true.",
    )
