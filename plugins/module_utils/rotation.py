# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of one account, in order. Pure: it knows platform, store, verifier and clock.

Every step is a function of the platform's keys, the record and the clock, so any run picks up
where any other was killed. Every write to the platform is preceded by its intent in the record.
"""

from __future__ import annotations

from typing import Callable

from .errors import CredentialsError
from .record import Pending
from .rotation_case import Case
from .rotation_custody import (
    check_drift,
    check_endpoints,
    check_identity,
    enrol,
    new_rotation_id,
    take_custody,
)
from .rotation_disruption import WaitsForWindow, refuse_unless_allowed, wait_for_window
from .rotation_end import acknowledge, decommission
from .rotation_escrow import take_late
from .rotation_issue import (
    Order,
    intend,
    issue,
    keep,
    refuse_unlike,
)
from .rotation_known import call_by_own_names
from .rotation_policy import has_done
from .rotation_promote import announce, promote, verify
from .rotation_proof import prove_probe
from .rotation_replace import keep_replaced
from .rotation_resume import (
    finish_open,
    settle_intent,
    settle_unanswered,
    verify_unverified,
)
from .rotation_retire import bury_deleted, cut, mark_compromised, retire, revoke_compromised
from .rotation_rollback import roll_back
from .rotation_room import require_free_slot

#: What a platform says when it will not end one old key: nothing that concerns other keys.
_OF_ONE_KEY = frozenset({"unsupported", "immutable", "rejected", "conflict"})


def bring_to_policy(case: Case) -> None:
    """Finish what is open, take custody of what nobody manages, retire old keys, rotate."""
    if case.record.decommission is not None:
        decommission(case)
        return
    order = take_custody(case)
    if case.before_is_managed:
        check_drift(case)
        enrol(case)
        verify_unverified(case)
        mark_compromised(case)
        _retire_old(case)
        order = _order_if_due(case)
    if order is not None and case.policy.may_rotate:
        rotate(case, order)
    announce(case)
    if case.old_key_trouble is not None:
        raise case.old_key_trouble


def rotate(case: Case, order: Order) -> None:
    """Replace the current key: the whole of a rotation, in its order."""
    refuse_unless_allowed(case, order)
    refuse_unlike(case, order)
    wait_for_window(case, order)
    prove_probe(case)
    if not case.desk.facts.overlap:
        _replace_in_place(case, order)
        return
    intend(case, order)
    issued = issue(case)
    keep(case, issued)
    verify(case)
    promote(case)
    revoke_compromised(case)
    bury_deleted(case)


def _replace_in_place(case: Case, order: Order) -> None:
    """The same where the old pair dies at once: what was issued is kept and promoted in one write.

    A lost answer is settled here and now, for the account may be without a working key.
    """
    intend(case, order)
    try:
        issued = issue(case)
    except CredentialsError as exc:
        if exc.landed is False:
            raise
        if _settled(case, exc) is not None:
            exc.message += " It did not happen: the old key goes on working."
            exc.landed = False
            raise exc from None
        return
    keep_replaced(case, issued, recovered=False)


def _settled(case: Case, lost: CredentialsError) -> Pending | None:
    """Find out what became of a call; where that fails, what is known of the call is said, too."""
    try:
        return settle_unanswered(case)
    except CredentialsError as exc:
        exc.details = {**lost.details, **exc.details}
        raise


def _retire_old(case: Case) -> None:
    """Retire what the policy lets retire; an old key that will not end holds no rotation back."""
    try:
        retire(case)
    except CredentialsError as exc:
        if exc.landed is not False or exc.kind not in _OF_ONE_KEY:
            raise
        case.old_key_trouble = exc


def _order_if_due(case: Case) -> Order | None:
    """Return the rotation that is due, or None.

    No new one while the last is unacknowledged, unless the platform ended its key: nobody can be
    told of that one.
    """
    record, policy = case.record, case.policy
    why = _why_due(case)
    if why is None:
        return None
    emergency = why.startswith("compromised")
    current = record.current
    unacknowledged = current is not None and current.acknowledged_at is None
    waits = unacknowledged and not case.has_lost_current
    if (case.has_promoted or waits) and not emergency:
        return None
    named = policy.rotation_id
    return Order(
        why=why,
        rotation_id=new_rotation_id(case) if named is None or has_done(record, named) else named,
        replaces=policy.replaces,
        compromised=(policy.reason or why) if emergency else None,
    )


def _why_due(case: Case) -> str | None:
    current, facts = case.record.current, case.desk.facts
    if current is None:
        return None
    why = case.policy.why_due(case.record, facts, case.desk.now())
    is_gone = case.sees_keys and current.access_key and case.shown(current.access_key) is None
    if why is None and is_gone and facts.listing_is_proof and not case.unknown_keys():
        return "its key is gone from the platform"
    new = [each for each in case.desk.endpoints if each not in case.record.endpoints]
    return f"{' and '.join(new)} does not hold it yet" if why is None and new else why


def _cut_first(case: Case) -> None:
    """End a compromised current key before anything else, if there is room for its successor."""
    current, policy = case.record.current, case.policy
    if not policy.cut_first or current is None or current.access_key not in policy.compromised:
        return
    if case.desk.facts.overlap and case.record.pending is None:
        case.look()
        # Deleting it makes room; disabling does not.
        freed = 0 if case.desk.facts.can_disable else 1
        require_free_slot(case, freed, is_emergency=True)
    if case.desk.facts.overlap:
        cut(case, policy.reason)


def _retire_only(case: Case) -> None:
    check_drift(case)
    retire(case)


#: What each state of the module does with one account.
STATES: dict[str, Callable[[Case], None]] = {
    "rotated": bring_to_policy,
    "acknowledged": acknowledge,
    "retired": _retire_only,
    "rolled_back": roll_back,
    "decommissioned": decommission,
}


def turn(case: Case) -> None:
    """Do for one account what its policy's state asks for, after finishing what is open."""
    try:
        call_by_own_names(case)
        if case.has_record:
            check_identity(case)
            check_endpoints(case)
            settle_intent(case)
            _cut_first(case)
            finish_open(case)
            take_late(case)
        STATES[case.policy.state](case)
    except WaitsForWindow as waits:
        case.did("skipped", str(waits))
