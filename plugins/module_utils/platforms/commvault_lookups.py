# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a vault is made of: find plans, clients, users and user groups by exact name or id:."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import CredentialsError
from ..model import AccountRef
from ..options import split_hint
from ..urls import path
from . import commvault_answers as answers
from .commvault import Commvault
from .commvault_answers import Body

#: As the vendor's own tool asks for the plans that a vault can use: there is no plan type of its
#: own, but Server plans whose storage pool is of type 1 or 4.
_USABLE_PLANS = (
    ("subType", "Server"),
    ("fq", "plans.storage.copy.storagePoolType:in:1,4"),
    ("fl", "plans.plan.planId,plans.plan.planName"),
)


@dataclass(frozen=True)
class Entity:
    """A plan, client, user or user group: its number and its name."""

    id: int
    name: str
    #: Other names under which operators know it (a client's display name).
    aliases: tuple[str, ...] = ()
    #: Of users: the e-mail address; "" means that there is none, None that it is not told.
    email: Optional[str] = None

    def as_dict(self) -> dict[str, Any]:
        """Return what is shown to the user."""
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True)
class Members:
    """Who is in a user group, as far as this login can read it."""

    group: Entity
    users: tuple[str, ...]
    #: Why the list may be incomplete, or None.
    unread: Optional[str] = None


def find_plan(platform: Commvault, text: str) -> tuple[Entity, Optional[str]]:
    """Return the plan, and a warning when it is none that the vendor's tool offers. Reads only."""
    usable = _plans(platform, _USABLE_PLANS)
    found = _matching(usable, text)
    if found:
        return _one(platform, "plan", text, found, usable), None
    every = _plans(platform, ())
    plan = _one(platform, "plan", text, _matching(every, text), every)
    return plan, (
        f"Plan {plan.name} is not among those that can hold a vault (Server plans with a storage"
        " pool of type 1 or 4), as far as the list tells. Commvault decides."
    )


def find_clients(platform: Commvault, texts: Sequence[str]) -> tuple[Entity, ...]:
    """Return the clients of these names, display names or identifiers. Reads only."""
    found: list[Entity] = []
    for text in texts:
        ref = AccountRef.parse(text)
        query = {"fq": f"name:eq:{ref.name}"} if ref.name else None
        rows = _clients(platform, query)
        matching = _matching(rows, text)
        if not matching and query:
            rows = _clients(platform, None)
            matching = _matching(rows, text)
        found.append(_one(platform, "client", text, matching, rows, texts))
    return _distinct(found)


def find_users(platform: Commvault, texts: Sequence[str]) -> tuple[Entity, ...]:
    """Return the users of these names or identifiers. Reads only."""
    found = []
    for text in texts:
        try:
            account = platform.account(AccountRef.parse(text))
        except CredentialsError as exc:
            if exc.kind == "not_found":
                exc.message += split_hint(list(texts), text)
            raise
        email = account.details.get("email")
        found.append(Entity(int(account.id or 0), account.name, email=email))
    return _distinct(found)


def find_groups(platform: Commvault, texts: Sequence[str]) -> tuple[Entity, ...]:
    """Return the user groups of these names or identifiers. Reads only."""
    if not texts:
        return ()
    query = {"includeSystemCreated": True, "level": 10}
    _body, groups = platform.listing(
        "/V4/UserGroup", "userGroups", "list the user groups", _group, query
    )
    found = [
        _one(platform, "user group", text, _matching(groups, text), groups, texts) for text in texts
    ]
    return _distinct(found)


def members_of(platform: Commvault, group: Entity) -> Members:
    """Return the users of a group, as far as they can be read. Reads only."""
    try:
        body = platform.get(path("V4", "UserGroup", group.id), f"read user group {group.name}")
    except CredentialsError as exc:
        if exc.stops_endpoint and exc.kind != "permission":
            raise
        return Members(group, (), exc.message)
    rows = body.get("users")
    if not isinstance(rows, list):
        return Members(group, (), "the answer has no list of users")
    names = tuple(
        sorted(str(row["name"]) for row in rows if isinstance(row, dict) and "name" in row)
    )
    if len(names) < len(rows):
        return Members(group, names, "some of its users come without a name")
    outside = body.get("associatedExternalGroups")
    if outside:
        return Members(group, names, "it also has the members of external groups")
    return Members(group, names)


def _plans(platform: Commvault, query: Sequence[tuple[str, str]]) -> list[Entity]:
    return platform.listing("/V2/Plan", "plans", "list the plans", _plan, query)[1]


def _plan(row: Body) -> Entity:
    return Entity(*answers.identity(answers.inner(row, "plan"), "planId", "planName"))


def _group(row: Body) -> Entity:
    return Entity(*answers.identity(row, "id", "name"))


def _clients(platform: Commvault, query: Optional[dict[str, str]]) -> list[Entity]:
    return platform.listing("/Client", "clientProperties", "list the clients", _client, query)[1]


def _client(properties: Body) -> Entity:
    row = answers.inner(properties, "client", "clientEntity")
    number, name = answers.identity(row, "clientId", "clientName")
    shown = row.get("displayName")
    return Entity(number, name, aliases=(shown,) if isinstance(shown, str) else ())


def _matching(entities: Iterable[Entity], text: str) -> list[Entity]:
    """Return the entities that a name or identifier means; a name before a display name."""
    ref = AccountRef.parse(text)
    known = list({entity.id: entity for entity in entities}.values())
    if ref.id is not None:
        return [entity for entity in known if str(entity.id) == ref.id]
    named = [entity for entity in known if entity.name == ref.name]
    return named or [entity for entity in known if ref.name in entity.aliases]


def _one(
    platform: Commvault,
    what: str,
    text: str,
    found: Sequence[Entity],
    known: Iterable[Entity],
    texts: Sequence[str] = (),
) -> Entity:
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"id:{entity.id} ({entity.name})" for entity in found[:10])
        raise platform.fail("ambiguous", f"{len(found)} {what}s answer to {text!r}: {names}.")
    near = [e.name for e in known if text.lower() in (e.name.lower(), *map(str.lower, e.aliases))]
    hint = f" Names are compared exactly; there is {near[0]!r}." if near else ""
    raise platform.fail(
        "not_found", f"There is no {what} {text!r}.{hint}{split_hint(list(texts), text)}"
    )


def _distinct(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Drop what was named twice, by name and by identifier."""
    return tuple({entity.id: entity for entity in entities}.values())
