# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a turn knows of an account beyond what the platform shows, told to the platform.

Some platforms list keys without their access keys, or tell a key's end and not when it was made:
there only the record knows which key is whose, and how long keys of this account live.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from .model import Account
from .record import Pending, Record

if TYPE_CHECKING:
    from .rotation_case import Case


def known_to(account: Account, record: Record | None) -> Account:
    """Return the account with the access keys that its record names. Sends nothing."""
    if record is None:
        return account
    names = {*record.known_access_keys(), *record.suspects, *record.revoked}
    if record.pending is not None:
        names |= {*record.pending.keys_before, *record.pending.replaces}
    if record.intent is not None:
        names.add(record.intent.access_key)
    # What it holds comes first: a key goes by the first name that fits it.
    held = sorted(record.known_access_keys())
    return dataclasses.replace(account, known_keys=(*held, *sorted(names - set(held))))


def knowing(case: Case) -> Account:
    """Return the account with the access keys that record and operator name. Sends nothing."""
    if not case.desk.facts.hides_access_key:
        return case.account
    account, policy = known_to(case.account, case.record), case.policy
    named = {*policy.replaces, *policy.compromised}
    if policy.import_pair is not None:
        named.add(policy.import_pair.access_key)
    names = (*account.known_keys, *sorted(named - set(account.known_keys)))
    return dataclasses.replace(account, known_keys=names)


def call_by_own_names(case: Case) -> None:
    """Let the policy call keys by the names that they go by; it may have others. Reads only."""
    policy = case.policy
    named = {*policy.replaces, *policy.compromised}
    if not case.desk.facts.hides_access_key or not named:
        return
    names = {other: key.access_key for key in case.keys for other in key.also if other in named}
    case.policy = dataclasses.replace(
        policy,
        replaces=tuple(dict.fromkeys(names.get(name, name) for name in policy.replaces)),
        compromised=policy.compromised
        | {names[name] for name in policy.compromised if name in names},
    )


def successor(case: Case, pending: Pending) -> Account:
    """Return the account with the lifetime that its new key is to have. Sends nothing.

    That of the key which it replaces, where the record knows it. Where only the end of that key is
    known, what is left of its life, and max_age at least: so long the rule lets a key live, and
    what is left may be too short for anything.
    """
    replaced = next(iter(pending.replaces), None)
    current = case.record.current
    if current is not None and replaced is None:
        replaced = current.access_key
    made = ends = None
    if current is not None and current.access_key == replaced:
        made, ends = current.created_at, current.expires_at
    shown = case.shown(replaced) if case.sees_keys else None
    if shown is not None:
        made, ends = made or shown.created_at, shown.expires_at
    if ends is None:
        return case.account
    if made is not None and ends > made:
        lifetime = ends - made
    else:
        lifetime = max(ends - case.desk.now(), case.policy.max_age, dt.timedelta())
    return dataclasses.replace(case.account, key_lifetime=lifetime)
