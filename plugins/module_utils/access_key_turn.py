# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account of a list: what its rehearsal found, and what follows from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .model import Account
from .record import Record
from .results import AccountResult
from .rotation_case import Case
from .rotation_desk import Desk
from .rotation_policy import Policy
from .stores.base import Stored

#: Actions that end a working state and begin a new one: they count against max_rotations.
ROTATIONS = ("rotated", "delivered", "recovered")


@dataclass(frozen=True)
class Turn:
    """One account to be done: its policy, its record as it was read, and what the rehearsal did."""

    account: Account
    policy: Policy
    stored: Optional[Stored] = None
    planned: Optional[AccountResult] = None
    #: A rotation or a call of an earlier run is unfinished: it comes first, whatever fails.
    is_open: bool = False
    #: The rehearsal would have written something, whatever came of it in the end.
    acts: bool = False
    #: A key of it is compromised: nothing holds its rotation back.
    is_emergency: bool = False
    #: The key that this very run logs in with: it comes last.
    is_own: bool = False
    #: No approved plan permits what it would do: nothing of it is begun.
    is_barred: bool = False
    #: What an auditor asks of it, as the rehearsal found it.
    audit: Mapping[str, Any] = field(default_factory=dict)


def seen(turn_: Turn, stored: Stored | None) -> Account:
    """Return the account; what was listed before somebody else's turn is not to be trusted."""
    if is_same(turn_, stored):
        return turn_.account
    return dataclasses.replace(turn_.account, listed_keys=None)


def is_same(turn_: Turn, stored: Stored | None) -> bool:
    """Tell whether a record is the one that was rehearsed."""
    before: Record | None = turn_.stored.record if turn_.stored else None
    now = stored.record if stored else None
    return (before.nonce if before else None) == (now.nonce if now else None)


def is_quiet(turn_: Turn, desk: Desk) -> bool:
    """Tell whether an account needs no real turn: nothing was written, no line is missing."""
    if turn_.is_barred:
        return True
    record = turn_.stored.record if turn_.stored else None
    if record is not None and desk.journal.missing(record.outbox):
        return False
    if turn_.planned is not None and turn_.planned.action == "skipped":
        # Its rotation is left to a later run; what is open or past is not.
        return not (turn_.is_open or (record is not None and record.retiring))
    return not turn_.acts


def stops_all(planned: AccountResult, strict: bool) -> bool:
    """Tell whether a rehearsal found what concerns every account; an S3 service can wait."""
    kind = (planned.failure or {}).get("kind") or ""
    if strict and planned.has_failed:
        return True
    return planned.stops_endpoint and not kind.startswith("verification")


def rotates(turn_: Turn) -> bool:
    return turn_.planned is not None and turn_.planned.action in ROTATIONS


def is_emergency(case: Case) -> bool:
    before = case.before
    known = before.known_access_keys() if before else frozenset()
    shown = {key.access_key for key in case.first_seen or case.account.listed_keys or ()}
    marked = before is not None and before.current is not None and before.current.compromised
    return bool(case.policy.compromised & (known | shown)) or bool(marked)


def own_policy(policy: Policy) -> Policy:
    """Return the policy of the key that this run logs in with: only a login acknowledges it."""
    return dataclasses.replace(policy, acknowledge="explicit")
