# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of a key that is replaced in place: the old pair dies at once."""

from __future__ import annotations

import dataclasses

from .copies import copied
from .errors import missing
from .model import Issued
from .record import HeldKey, Record
from .rotation_case import Case
from .rotation_issue import keep_in_place
from .rotation_proof import accepted, is_forgotten, unproven
from .rotation_retire import is_dead


def keep_replaced(case: Case, issued: Issued, recovered: bool) -> None:
    """Keep and promote what was issued, verify it, and forget the old pair once it is dead."""
    pending = case.record.pending
    if pending is None:
        raise missing("pending")
    keep_in_place(case, issued, recovered)
    if issued.pair is None:
        case.did("delivered", "the platform delivers the pair by e-mail")
    else:
        case.did("recovered" if recovered else "rotated", pending.why)
    _check_delivery(case, issued)
    settle_replaced(case)


def settle_replaced(case: Case) -> None:
    """Verify the current key, look that it is ours, drop what is proven dead; one write."""
    desk, record = case.desk, case.record
    current = record.current
    if current is None:
        raise missing("current")
    verified_at = current.verified_at
    pair = current.pair()
    if desk.verifier.enabled and pair is not None:
        verdict = accepted(case, pair)
        if not verdict.works:
            what = f"The new key {pair.access_key} of {case.account.name} is stored, not verified"
            alive = f"{pair.access_key} (stored, unverified); the old one is dead"
            raise unproven(case, verdict, what, alive)
        verified_at = desk.now()
    _require_ours(case, current)
    current = _as_shown(case, current)
    dead = [key for key in record.retiring if _is_proven_dead(case, key)]
    settled = copied(record, current=copied(current, verified_at=verified_at))
    for key in dead:
        if key.compromised is None and key.access_key in case.policy.compromised:
            # Ended by what was under way before anybody called it compromised: remembered as such.
            marked = dataclasses.replace(key, compromised=case.policy.reason)
            settled = settled.with_retiring(marked)
        settled = settled.without_retiring(key.access_key)
    if case.desk.escrow is not None and current.attempt is not None:
        # The store has the pair after all.
        case.desk.escrow.remove(case.place, current.attempt)
    if _says_the_same(settled, record):
        return
    case.save(
        settled,
        "verified" if verified_at else "looked_at",
        access_key=current.access_key,
        destroyed=", ".join(str(key.access_key) for key in dead),
    )
    if dead:
        case.destroy_old_versions()


def _is_proven_dead(case: Case, key: HeldKey) -> bool:
    """Tell whether a replaced pair works nowhere; its secret is opened only if it must be."""
    if key.secret is not None and is_forgotten(case, key.access_key):
        return True
    return bool(is_dead(case, key))


def _as_shown(case: Case, current: HeldKey) -> HeldKey:
    """Return the current key with what a look tells of its expiry; not every answer repeats it."""
    shown = case.shown(current.access_key) if case.sees_keys else None
    if shown is None or current.expires_at is not None:
        return current
    return copied(current, expires_at=shown.expires_at)


def _require_ours(case: Case, current: HeldKey) -> None:
    """Look at the account again: the key must be the one that we made."""
    if not case.sees_keys:
        return
    case.look()
    is_there = case.is_whole(current.access_key)
    if not is_there and (case.keys or case.desk.facts.listing_is_proof):
        shown = ", ".join(case.desk.platform.noted(case.keys)) or "no key"
        raise case.fail(
            "drifted",
            f"{case.account.name} shows {shown} right after its rotation to {current.access_key}:"
            " somebody else changed it at the same moment.",
            alive=shown,
            landed=True,
            next_step="Find out who rotates this account too; then run with force: true.",
        )


def _check_delivery(case: Case, issued: Issued) -> None:
    """Stop the endpoint at the first answer that contradicts key_delivery."""
    if "email" not in case.desk.facts.secret_comes_back:
        return
    wanted, got = case.policy.key_delivery, "inline" if issued.pair else "email"
    if wanted == got:
        return
    case.stops_endpoint = True
    if issued.pair is not None:
        case.details["key_delivery"] = "this build returns pairs: key_delivery: inline keeps them"
        return
    raise case.fail(
        "delivery_mismatch",
        f"The key of {case.account.name} was rotated, and the answer holds no pair: this build"
        " delivers it to the user's e-mail address. The record says delivered.",
        alive="the pair in the user's mail; the old one is dead",
        landed=True,
        next_step="Set key_delivery: email, or use a build that returns pairs. The user has the new"
        " pair by e-mail.",
    )


def _says_the_same(one: Record, other: Record) -> bool:
    return one.current == other.current and one.retiring == other.retiring
