# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of the simulated StorageGRID: one tenant, its users, their keys, the tokens."""

from __future__ import annotations

import datetime as dt
import random
import string
import uuid
from dataclasses import dataclass, field
from typing import Any, Optional


class Refusal(Exception):  # noqa: N818  # an answer of the platform, no defect of ours
    """A request is refused: status, words, the message's key, the field that it is about."""

    def __init__(self, status: int, text: str, key: str, field_name: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.key = key
        self.field = field_name


@dataclass
class User:
    """A user of the tenant. permissions: what its groups give it; none: it may not sign in."""

    id: str
    unique_name: str
    password: Optional[str] = None
    permissions: dict[str, bool] = field(default_factory=dict)
    #: It may not sign in; its keys go on working.
    disabled: bool = False
    #: One of its groups is read-only.
    read_only: bool = False
    #: Stands for an operator of the tests; not one of the accounts.
    hidden: bool = False


@dataclass
class Key:
    """A pair; expires None: never."""

    identifier: str
    access_key: str
    secret: str
    user: User
    created: dt.datetime
    expires: Optional[dt.datetime] = None
    #: Connections to other grids that it was cloned over.
    clones: list[str] = field(default_factory=list)
    #: How many more reads go on showing it after it was deleted; None: it is not deleted.
    shown_for: Optional[int] = None

    def has_ended(self, now: dt.datetime) -> bool:
        """Tell whether its time is over."""
        return self.expires is not None and self.expires <= now


class World:
    """Everything that the simulated tenant knows."""

    def __init__(self, seed: random.Random, tenant: str) -> None:
        self._random = seed
        self.tenant = tenant
        self.users: dict[str, User] = {}
        self.keys: dict[str, Key] = {}
        #: Access key -> identifier of every pair there ever was.
        self.identifiers: dict[str, str] = {}
        #: Token -> user and end; None: it ends only when a test says so.
        self.tokens: dict[str, tuple[User, Optional[dt.datetime]]] = {}
        #: Secrets that no longer open anything; leak checks want them too.
        self.former_secrets: list[str] = []

    def text(self, length: int, more: str = "") -> str:
        """Return a made-up text of letters, digits and more."""
        return "".join(self._random.choices(string.ascii_letters + string.digits + more, k=length))

    def add_user(self, unique_name: str, **fields: Any) -> User:
        """Make a user. Raises ValueError for a taken name and for none."""
        bare = unique_name.rpartition("/")[2] if unique_name != "root" else "root"
        if not bare or self.named(unique_name) is not None:
            raise ValueError(unique_name)
        user = User(
            str(uuid.UUID(int=self._random.getrandbits(128), version=4)), unique_name, **fields
        )
        self.users[user.id] = user
        return user

    def named(self, unique_name: str) -> Optional[User]:
        """Return the user of a unique name."""
        found = (user for user in self.users.values() if user.unique_name == unique_name)
        return next(found, None)

    def signing_in(self, username: str) -> Optional[User]:
        """Return the user that signs in by this name, a local one first."""
        names = (username, f"user/{username}", f"federated-user/{username}")
        return next((user for user in map(self.named, names) if user is not None), None)

    def urn(self, user: User) -> str:
        """Return the uniform resource name of a user."""
        return f"urn:sgws:identity::{self.tenant}:{user.unique_name}"

    def row(self, user: User) -> dict[str, Any]:
        """Return a user as it is shown."""
        federated = user.unique_name.startswith("federated-user/")
        row: dict[str, Any] = {
            "id": user.id,
            "accountId": self.tenant,
            "uniqueName": user.unique_name,
            "fullName": user.unique_name.partition("/")[2] or "Root",
            "memberOf": None if user.unique_name == "root" else [],
            "federated": federated,
            "userURN": self.urn(user),
        }
        if not federated:
            row["disable"] = user.disabled
        return row

    def add_key(
        self, user: User, created: dt.datetime, expires: Optional[dt.datetime] = None
    ) -> Key:
        """Make a pair, as the platform chooses it."""
        upper = string.ascii_uppercase + string.digits
        access_key = "".join(self._random.choices(upper, k=20))
        key = Key(
            self.text(42, "_-") + "==",
            access_key,
            self.text(40, "+/"),
            user,
            created,
            expires,
        )
        self.keys[access_key] = key
        self.identifiers[access_key] = key.identifier
        return key

    def keys_of(self, user: User, now: dt.datetime) -> list[Key]:
        """Return a user's keys that are neither deleted nor at their end, oldest first."""
        return [
            key
            for key in self.keys.values()
            if key.user is user and key.shown_for is None and not key.has_ended(now)
        ]

    def delete_key(self, key: Key, shown_for: int) -> None:
        """Delete a key; so many reads go on showing it."""
        self.former_secrets.append(key.secret)
        key.shown_for = shown_for
        if not shown_for:
            del self.keys[key.access_key]

    def shown(self, key: Key) -> bool:
        """Tell whether a read shows a key, and count the reads of a deleted one."""
        if key.shown_for is None:
            return True
        if key.shown_for <= 0:
            self.keys.pop(key.access_key, None)
            return False
        key.shown_for -= 1
        return True
