# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several endpoints show of one account, as one view; and what all of them can do. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Optional

from .model import ACTIVE, AccessKey, Account, Facts

_HOW_TOLD = ("no", "per_key", "listed")


def common(facts: Sequence[Facts]) -> Facts:
    """Return what all of several endpoints can do."""
    first = facts[0]
    limits = [each.max_keys for each in facts if each.max_keys is not None]
    return dataclasses.replace(
        first,
        overlap=all(each.overlap for each in facts),
        can_disable=all(each.can_disable for each in facts),
        can_delete=all(each.can_delete for each in facts),
        can_create=all(each.can_create for each in facts),
        can_regenerate=all(each.can_regenerate for each in facts),
        can_choose_pair=all(each.can_choose_pair for each in facts),
        label=first.label if all(each.label == first.label for each in facts) else None,
        tells_created=all(each.tells_created for each in facts),
        tells_last_used=min((each.tells_last_used for each in facts), key=_HOW_TOLD.index),
        max_keys=min(limits) if limits else None,
        listing_is_proof=all(each.listing_is_proof for each in facts),
        listing_has_side_effect=any(each.listing_has_side_effect for each in facts),
    )


def joined(own_name: str, own: Account, twins: Mapping[str, Optional[Account]]) -> Account:
    """Return an account with its twins at the mirrors; None: a mirror's listing lacks it.

    It is suspended where one of them is. Its keys are known where all of theirs are.
    """
    found = {own_name: own, **{name: twin for name, twin in twins.items() if twin is not None}}
    every = list(found.values())
    listed: Optional[tuple[AccessKey, ...]] = None
    if len(found) == 1 + len(twins) and all(each.listed_keys is not None for each in every):
        looks = {name: each.listed_keys or () for name, each in found.items()}
        listed = tuple(merged(looks, own))
    return dataclasses.replace(
        own,
        enabled=False if any(each.enabled is False for each in every) else own.enabled,
        reserved=any(each.reserved for each in every),
        listed_keys=listed,
        twins=found,
    )


def merged(looks: Mapping[str, Sequence[AccessKey]], account: Account) -> list[AccessKey]:
    """Return an account's keys at all endpoints, each once; looks: what each shows, its own first.

    A key that is active at one of them is active, and missing where it is not.
    """
    found: dict[str, dict[str, AccessKey]] = {}
    for name, keys in looks.items():
        for key in keys:
            found.setdefault(key.access_key, {})[name] = key
    return [_merged(at, list(looks), account) for at in found.values()]


def _merged(at: dict[str, AccessKey], endpoints: Sequence[str], account: Account) -> AccessKey:
    every = list(at.values())
    active = {name for name, key in at.items() if key.status == ACTIVE}
    first = next((key for key in every if key.status == ACTIVE), every[0])
    used = [key.last_used_at for key in every if key.last_used_at is not None]
    ends = [key.expires_at for key in every if key.expires_at is not None]
    return dataclasses.replace(
        first,
        account=account,
        last_used_at=max(used) if used else None,
        expires_at=min(ends) if ends else None,
        immutable=any(key.immutable for key in every),
        absent_at=tuple(name for name in endpoints if name not in (active or at)),
        raw=dict(at),
    )


def is_at(key: AccessKey, name: str) -> bool:
    """Tell whether an endpoint shows a key; what was never looked at counts as everywhere."""
    return not key.raw or name in key.raw


def noted(keys: Sequence[AccessKey], endpoints: Sequence[str]) -> tuple[str, ...]:
    """Return keys as an intent notes them: "key@endpoint" for each that not all show."""
    labels: list[str] = []
    for key in keys:
        where = [name for name in endpoints if is_at(key, name)]
        whole = len(where) == len(endpoints)
        labels += [key.access_key] if whole else [f"{key.access_key}@{name}" for name in where]
    return tuple(labels)


def is_as_noted(
    keys: Sequence[AccessKey],
    labels: Sequence[str],
    chosen: str | None,
    endpoints: Sequence[str],
    overlap: bool,
) -> bool:
    """Tell whether each endpoint shows what was noted of it, or that the chosen key landed there.

    overlap: beside what was there before; else in its place.
    """
    for name in endpoints:
        parts = (label.partition("@") for label in labels)
        before = {key for key, _at, where in parts if where in ("", name)}
        now = {key.access_key for key in keys if is_at(key, name)}
        if chosen in now:
            before, now = before if overlap else set(), now - {chosen}
        if now != before:
            return False
    return True
