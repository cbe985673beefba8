# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of the simulated AWS account: users, their keys as they were over time, sessions."""

from __future__ import annotations

import datetime as dt
import random
import string
from dataclasses import dataclass, field
from typing import Optional

ACCOUNT = "123456789012"
MAX_KEYS = 2
_UPPER = string.ascii_uppercase + "234567"


@dataclass
class User:
    """An IAM user."""

    id: str
    name: str
    path: str = "/"
    created: Optional[dt.datetime] = None
    tags: dict[str, str] = field(default_factory=dict)
    #: May do everything.
    admin: bool = False
    #: May do everything with its own keys.
    self_service: bool = False
    #: Stands for an operator of the tests; not one of the accounts.
    hidden: bool = False
    #: When its keys were changed last.
    changed: Optional[dt.datetime] = None

    @property
    def arn(self) -> str:
        """Its name in policies."""
        return f"arn:aws:iam::{ACCOUNT}:user{self.path}{self.name}"


@dataclass
class Key:
    """An access key; what it was from when on: "Active", "Inactive", or None once deleted."""

    access: str
    secret: str
    user: User
    created: dt.datetime
    history: list[tuple[dt.datetime, Optional[str]]] = field(default_factory=list)
    last_used: Optional[dt.datetime] = None

    @property
    def status(self) -> Optional[str]:
        """What it is now."""
        return self.history[-1][1]

    def status_at(self, moment: dt.datetime) -> Optional[str]:
        """Return what it was then."""
        past = [status for since, status in self.history if since <= moment]
        return past[-1] if past else None


@dataclass
class Session:
    """What a role's or a user's temporary key may do, and until when."""

    access: str
    secret: str
    token: str
    expires: dt.datetime
    #: The user whose session it is; None: a role's.
    user: Optional[User]
    arn: str


class World:
    """Everything that the simulated IAM and STS know."""

    def __init__(self, seed: random.Random) -> None:
        self._random = seed
        self.users: dict[str, User] = {}
        #: Deleted ones too: lists that lag still show them.
        self.keys: dict[str, Key] = {}
        self.sessions: dict[str, Session] = {}

    def text(self, length: int, alphabet: str = string.ascii_letters + string.digits + "+/") -> str:
        """Return a made-up identifier or secret."""
        return "".join(self._random.choices(alphabet, k=length))

    def add_user(self, name: str, **fields: object) -> User:
        """Make a user. Raises ValueError for a name that differs from another only in case."""
        if any(name.lower() == user.name.lower() for user in self.users.values()):
            raise ValueError(f"{name} is there already")
        user = User(f"AIDA{self.text(17, _UPPER)}", name, **fields)  # type: ignore[arg-type]  # its fields
        self.users[user.id] = user
        return user

    def user(self, name: str) -> Optional[User]:
        """Return a user by its exact name."""
        return next((user for user in self.users.values() if user.name == name), None)

    def add_key(self, user: User, created: dt.datetime, **fields: str) -> Key:
        """Make a key, whatever the limit says."""
        access = fields.get("access") or f"AKIA{self.text(16, _UPPER)}"
        secret = fields.get("secret") or self.text(40)
        key = Key(access, secret, user, created, [(created, "Active")])
        self.keys[access] = key
        return key

    def add_session(
        self, expires: dt.datetime, arn: str, user: Optional[User] = None, **fields: str
    ) -> Session:
        """Issue a temporary key."""
        session = Session(
            fields.get("access") or f"ASIA{self.text(16, _UPPER)}",
            fields.get("secret") or self.text(40),
            fields.get("token") or f"IQoJb3JpZ2luX2VjE{self.text(300)}==",
            expires,
            user,
            arn,
        )
        self.sessions[session.access] = session
        return session

    def keys_of(self, user: User, at: Optional[dt.datetime] = None) -> list[Key]:
        """Return a user's keys that are not deleted, now or at another time, oldest first."""
        return [
            key
            for key in self.keys.values()
            if key.user is user and (key.status_at(at) if at else key.status) is not None
        ]
