# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that make a new key: intend, issue, keep. Nothing is sent before its intent is stored,
and nothing follows the answer before the pair is stored.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import secrets

from .errors import CredentialsError, missing
from .model import AccessKey, Issued, Pair
from .record import HeldKey, Pending, Record, Secret
from .rotation_case import Case, held_here, names
from .rotation_known import successor
from .rotation_room import require_free_slot

#: Seconds to go on trying to store a pair that exists nowhere else.
KEEP_FOR = 120.0
_BETWEEN_TRIES = 5.0
#: What we append to an operator's description: the attempt that made the key.
_LABEL = re.compile(r"(?<!\s)\s*\[s3-rotation [0-9a-f]+\]$")
_LONGEST_DESCRIPTION = 200


@dataclasses.dataclass(frozen=True)
class Order:
    """One rotation to be done: why, what it replaces, and under which name it is remembered."""

    why: str
    rotation_id: str
    #: Access keys outside of the record that the operator named, or that are taken over.
    replaces: tuple[str, ...] = ()
    compromised: str | None = None
    #: What a lost answer left, the old key being dead: a new one ends nothing that works.
    repairs: str = ""


def refuse_unlike(case: Case, order: Order) -> None:
    """Raise unsupported where the new key could not be like the one that it replaces."""
    current = case.record.current
    replaced = (current.access_key if current else None, *order.replaces)
    for key in case.keys if case.sees_keys else ():
        reason = case.desk.platform.why_not_replace(key) if key.access_key in replaced else None
        if reason:
            raise case.fail(
                "unsupported",
                f"{key.access_key} of {case.account.name} cannot be replaced: {reason}.",
                alive=names(case.keys),
            )


def label_of(attempt: str) -> str:
    """Return what marks a key as made by an attempt."""
    return f"[s3-rotation {attempt}]"


def intend(case: Case, order: Order) -> None:
    """Store what is about to be done, and the pair where the caller may choose it."""
    desk = case.desk
    facts = desk.facts
    if facts.overlap:
        case.look()
        require_free_slot(case, is_emergency=order.compromised is not None)
    pair = desk.platform.new_pair() if facts.can_choose_pair else None
    if pair:
        desk.platform.client.redactor.learn(pair.secret_key)
    if case.sees_keys:
        before = desk.platform.noted(case.keys)
    else:
        current = case.record.current
        before = (current.access_key,) if current and current.access_key else ()
    pending = Pending(
        rotation_id=order.rotation_id,
        started_at=desk.now(),
        run=desk.run,
        attempt=secrets.token_hex(6),
        why=order.why,
        keys_before=before,
        endpoints=desk.endpoints if len(desk.endpoints) > 1 else (),
        replaces=order.replaces,
        repairs=order.repairs,
        access_key=pair.access_key if pair else None,
        secret=Secret(pair.secret_key) if pair else None,
        compromised=order.compromised,
        settle=case.policy.settle.total_seconds(),
    )
    case.save(
        dataclasses.replace(case.record, pending=pending),
        "intended",
        rotation_id=order.rotation_id,
        attempt=pending.attempt,
        why=order.why,
        access_key=pending.access_key,
        previous_access_key=", ".join(before),
    )


def issue(case: Case) -> Issued:
    """Send the call that makes the key. Raises what went wrong; the intent stays if it may land."""
    desk, pending = case.desk, _pending(case)
    try:
        if desk.facts.overlap:
            label = _label_for(case, pending) if desk.facts.label == "description" else None
            account = successor(case, pending)
            issued = desk.platform.create_access_key(account, label=label, pair=pending.pair())
        else:
            expected = pending.keys_before if case.sees_keys else None
            replace = desk.platform.regenerate_access_key
            issued = replace(case.account, pair=pending.pair(), expected=expected)
    except CredentialsError as exc:
        if exc.landed is not False:
            case.forget_keys()
        elif pending.repairs:  # the next run has to go on
            exc.next_step = f"No stored pair works until a run succeeds. {exc.next_step}"
        elif exc.kind != "busy":
            forget_pending(case, "issue_refused", exc.kind)
        else:  # not sent: we clear it, unless the account is another's now
            with contextlib.suppress(CredentialsError):
                forget_pending(case, "not_sent", exc.message)
        raise
    case.forget_keys()
    if issued.pair is not None:
        desk.platform.client.redactor.learn(issued.pair.secret_key)
    return issued


def forget_pending(case: Case, event: str, why: str, **changes: object) -> None:
    """Store that nothing came of the pending rotation; a compromised key stays marked."""
    pending, record = _pending(case), case.record
    current = record.current
    if pending.compromised and current is not None:
        current = dataclasses.replace(current, compromised=pending.compromised)
    if pending.purpose == "rollback":
        # The schedule must not wait for a rollback that did not come about.
        changes.setdefault("held", None)
    record = dataclasses.replace(record, pending=None, current=current, **changes)  # type: ignore[arg-type]  # names of Record
    case.save(
        record.with_outcome(pending.rotation_id, event, case.desk.now()),
        event,
        rotation_id=pending.rotation_id,
        attempt=pending.attempt,
        why=why,
    )


def keep(case: Case, issued: Issued) -> None:
    """Store the new pair beside the old one. If the store refuses, delete the new key again."""
    pending, pair = _pending(case), issued.pair
    if pair is None:
        raise case.fail(
            "delivery_mismatch",
            f"{case.desk.platform.title} made a key for {case.account.name} and gave no pair.",
            landed=True,
        )
    kept = dataclasses.replace(
        pending,
        step="kept",
        access_key=pair.access_key,
        secret=pending.secret or Secret(pair.secret_key),
        slot=issued.slot,
        created_at=issued.made_at(case.desk.now()),
        expires_at=issued.ends_at(case.desk.now()),
    )
    try:
        case.save(
            dataclasses.replace(case.record, pending=kept),
            "kept",
            leased=False,
            rotation_id=pending.rotation_id,
            access_key=pair.access_key,
        )
    except CredentialsError as exc:
        if exc.landed is not False or exc.kind == "busy":
            exc.alive = _alive(case, pair)
            raise
        raise _take_back(case, pair, exc) from None


def keep_in_place(case: Case, issued: Issued, recovered: bool) -> None:
    """Store the new pair as the current one, unverified, in one write; the old one retires.

    The pair exists nowhere else, so storing is tried again until a deadline, and then the pair is
    put into an encrypted escrow file. Raises secret_not_kept.
    """
    pending, desk = _pending(case), case.desk
    pair = issued.pair
    record = promoted_in_place(case, pending, issued, recovered)
    clock, started = desk.clock, desk.clock.monotonic()
    while True:
        try:
            case.save(
                record,
                "promoted" if pair else "delivered",
                leased=False,
                rotation_id=pending.rotation_id,
                access_key=pair.access_key if pair else None,
                previous_access_key=", ".join(pending.keys_before),
                why=pending.why,
                recovered=recovered or None,
            )
            return
        except CredentialsError as exc:
            if pair is not None and _is_stored(case, pair):
                return
            late = clock.monotonic() - started >= KEEP_FOR
            if exc.kind == "busy" or late:
                raise _to_escrow(case, pending, pair, exc) from None
            clock.sleep(_BETWEEN_TRIES)


def _is_stored(case: Case, pair: Pair) -> bool:
    """Look whether a write whose answer was lost has stored the pair after all; go on from it."""
    try:
        stored = case.desk.store.read(case.place)
    except CredentialsError:
        return False
    if stored is None or stored.record.current is None:
        return False
    if stored.record.current.access_key != pair.access_key or stored.record.run != case.run:
        return False
    case.take(stored)
    return True


def promoted_in_place(case: Case, pending: Pending, issued: Issued, recovered: bool) -> Record:
    """Return the record with what was issued as its current key and the old one retiring."""
    record, now, pair = case.record, case.desk.now(), issued.pair
    automatic = case.policy.acknowledge == "auto" or pair is None
    new = HeldKey(
        access_key=pair.access_key if pair else None,
        secret=(pending.secret or Secret(pair.secret_key)) if pair else None,
        origin="issued" if pair else "delivered",
        rotation_id=pending.rotation_id,
        attempt=pending.attempt,
        created_at=issued.made_at(now),
        expires_at=issued.ends_at(now),
        slot=issued.slot,
        promoted_at=now,
        acknowledged_at=now if automatic else None,
    )
    for old in old_keys(case, pending):
        record = record.with_retiring(old.retired(now, pending.compromised))
    record = dataclasses.replace(held_here(case, record), current=new, pending=None, held=None)
    outcome = "delivered" if pair is None else "recovered" if recovered else "rotated"
    return record.with_outcome(pending.rotation_id, outcome, now)


def old_keys(case: Case, pending: Pending) -> list[HeldKey]:
    """Return what a promotion sends into retirement: the current key, and what it takes over."""
    record = case.record
    current = record.current
    # What was delivered elsewhere left nothing here to retire.
    found = [current] if current is not None and current.access_key else []
    before = {noted.partition("@")[0] for noted in pending.keys_before}
    for access_key in pending.replaces:
        # What was there no more when the call was intended has been deleted to make room.
        if not record.holds(access_key) and access_key in before:
            found.append(HeldKey(access_key, None, "adopted"))
    return found


def _pending(case: Case) -> Pending:
    pending = case.record.pending
    if pending is None:
        raise missing("pending")
    return pending


def _label_for(case: Case, pending: Pending) -> str:
    """Return the description of the new key: the operator's words of the old one, and our mark."""
    current = case.record.current
    old = case.shown(current.access_key if current else next(iter(pending.replaces), None))
    words = _LABEL.sub("", (old.description or "") if old else "")[:_LONGEST_DESCRIPTION]
    return f"{words} {label_of(pending.attempt)}".strip()


def _take_back(case: Case, pair: Pair, refusal: CredentialsError) -> CredentialsError:
    """Delete the key whose pair could not be stored; return the error to raise."""
    refusal.at(account=case.account.name)
    try:
        case.look()
        # A listing may lag: what we have just made is deleted by its name.
        key = case.shown(pair.access_key) or AccessKey(pair.access_key, case.account)
        case.desk.platform.delete_access_key(key)
    except CredentialsError as exc:
        refusal.message += (
            f" The new key {pair.access_key} of {case.account.name} could not be deleted again"
            f" ({exc.message}): its secret is lost."
        )
        refusal.next_step = (
            f"Mend the secret store, delete {pair.access_key} at the platform, and run again."
        )
        refusal.alive = _alive(case, pair)
        refusal.landed = True
        return refusal
    refusal.message += f" The new key {pair.access_key} was deleted again; the old one works."
    refusal.landed = False
    return refusal


def _alive(case: Case, pair: Pair) -> str:
    current = case.record.current
    old = f"{current.access_key} (stored), " if current and current.access_key else ""
    return f"{old}{pair.access_key} (its secret key may not be stored)"


def _to_escrow(
    case: Case, pending: Pending, pair: Pair | None, exc: CredentialsError
) -> CredentialsError:
    """Put the pair into an encrypted file beside the store's reach; return the error to raise."""
    if pair is None or pending.secret is not None:
        # Delivered elsewhere, or chosen and stored before: nothing is lost.
        return exc
    where = None
    if case.desk.escrow is not None:
        try:
            where = case.desk.escrow.put(case.place, pair, pending.attempt)
        except CredentialsError as failure:
            case.details["escrow"] = failure.message
    place = (
        f"It lies encrypted in {where}." if where else "It is lost: no escrow file could be made."
    )
    return case.fail(
        "secret_not_kept",
        f"The new secret key of {case.account.name} ({pair.access_key}) could not be stored:"
        f" {exc.message} {place}",
        alive=f"{pair.access_key} (the old one is dead)",
        landed=True,
        next_step=None
        if where
        else "Mend the secret store and run again: the next run makes another key.",
    )
