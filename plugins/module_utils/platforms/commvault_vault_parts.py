# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vault as a task describes it, and what the names in that description turned out to be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import CredentialsError
from ..options import parse_duration
from .commvault_answers import Body
from .commvault_lookups import Entity, Members

#: Commvault's codes for the type of an entity.
_USER_TYPE, _GROUP_TYPE = 13, 15


@dataclass(frozen=True)
class Wanted:
    """The vault that there shall be; each part of it as the operator wrote it, name or id:."""

    name: str
    plan: str
    endpoint_clients: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    rotate_keys: bool = False
    key_delivery: Optional[str] = None
    allow_disruption: bool = False
    wait: bool = True
    wait_timeout: dt.timedelta = dt.timedelta(minutes=30)

    @classmethod
    def parse(cls, params: Mapping[str, Any]) -> Wanted:
        """Read the options of s3_vault. Raises invalid_option."""
        for option in ("name", "plan"):
            if not str(params[option]).strip():
                raise CredentialsError("invalid_option", f"{option} is empty.")
        return cls(
            name=params["name"],
            plan=params["plan"],
            endpoint_clients=tuple(params["endpoint_clients"] or ()),
            owners=tuple(params["owners"] or ()),
            user_groups=tuple(params["user_groups"] or ()),
            rotate_keys=params["rotate_keys"],
            key_delivery=params["key_delivery"],
            allow_disruption=params["allow_disruption"],
            wait=params["wait"],
            wait_timeout=parse_duration(params["wait_timeout"], "wait_timeout"),
        )


@dataclass
class Parts:
    """What the names in the task turned out to be."""

    plan: Entity
    clients: tuple[Entity, ...]
    owners: tuple[Entity, ...]
    groups: tuple[Entity, ...]
    members: tuple[Members, ...] = ()

    def body(self, wanted: Wanted) -> Body:
        """Return the body of the create call, as the vendor documents it."""
        body: Body = {
            "bucket": {"clientName": wanted.name},
            "plan": {"planId": self.plan.id, "planName": self.plan.name},
            "rotateKeys": wanted.rotate_keys,
        }
        if self.clients:
            body["cvs3Endpoints"] = [
                {"clientId": client.id, "clientName": client.name} for client in self.clients
            ]
        if self.owners:
            body["owners"] = [{"userId": user.id, "__type__": _USER_TYPE} for user in self.owners]
        if self.groups:
            body["userGroups"] = [
                {"userGroupId": group.id, "__type__": _GROUP_TYPE} for group in self.groups
            ]
        return body

    def hit(self) -> list[str]:
        """Return the users whose keys a rotation ends, as far as they are known."""
        names = {user.name for user in self.owners}
        names.update(name for group in self.members for name in group.users)
        return sorted(names)

    def unread(self) -> list[str]:
        """Return why more users than those may be hit."""
        return [
            f"the members of group {group.group.name} are not all known: {group.unread}"
            for group in self.members
            if group.unread
        ]
