# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of the simulated IAM: one account (domain), its users, their keys and tokens."""

from __future__ import annotations

import datetime as dt
import random
import string
from dataclasses import dataclass, field
from typing import Any, Optional

TOKEN_HOURS = 24
MAX_KEYS = 2
#: Wrong signatures in a row that lock a key, wrong passwords that lock a user; and how long.
MOST_FAILURES = 5
KEY_LOCK = dt.timedelta(minutes=5)
USER_LOCK = dt.timedelta(minutes=15)


@dataclass
class User:
    """An IAM user."""

    id: str
    name: str
    password: Optional[str] = None
    admin: bool = False
    enabled: bool = True
    #: May use the console only, not the API.
    console_only: bool = False
    #: Stands for an operator of the tests; not one of the accounts.
    hidden: bool = False
    description: str = ""
    failures: int = 0
    locked_until: Optional[dt.datetime] = None


@dataclass
class Key:
    """A permanent access key."""

    access: str
    secret: str
    user: User
    created: dt.datetime
    status: str = "active"
    description: str = ""
    last_used: Optional[dt.datetime] = None
    failures: int = 0
    locked_until: Optional[dt.datetime] = None
    #: How many more reads go on showing it after it was deleted; None: it is not deleted.
    shown_for: Optional[int] = None


@dataclass
class Token:
    """A token; scope is "domain" or "project"."""

    value: str
    user: User
    issued: dt.datetime
    scope: str
    methods: list[str] = field(default_factory=lambda: ["password"])
    #: From then on it is refused: a change of its user's keys ends it.
    dropped_at: Optional[dt.datetime] = None

    @property
    def expires(self) -> dt.datetime:
        """When it runs out."""
        return self.issued + dt.timedelta(hours=TOKEN_HOURS)


class World:
    """Everything that the simulated IAM knows."""

    def __init__(self, seed: random.Random) -> None:
        self._random = seed
        self.domain_name = "acme-storage"
        self.domain_id = "d0a1" + "7" * 28
        self.users: dict[str, User] = {}
        self.keys: dict[str, Key] = {}
        self.tokens: dict[str, Token] = {}
        #: Secrets that no longer open anything; leak checks want them too.
        self.former_secrets: list[str] = []

    def hex(self, length: int = 32) -> str:
        """Return a made-up identifier."""
        return "".join(self._random.choices("0123456789abcdef", k=length))

    def text(self, length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        """Return a made-up secret or key."""
        return "".join(self._random.choices(alphabet, k=length))

    def add_user(self, name: str, **fields: Any) -> User:
        """Make a user; the name may be taken."""
        user = User(fields.pop("id", None) or self.hex(), name, **fields)
        self.users[user.id] = user
        return user

    def add_key(
        self, user: User, created: dt.datetime, description: str = "", **fields: Any
    ) -> Key:
        """Make a key, whatever the limit says."""
        upper = string.ascii_uppercase + string.digits
        access = fields.pop("access", None) or self.text(20, upper)
        secret = fields.pop("secret", None) or self.text(40)
        key = Key(access, secret, user, created, description=description, **fields)
        self.keys[access] = key
        return key

    def add_token(self, user: User, issued: dt.datetime, scope: str = "domain") -> Token:
        """Issue a token."""
        token = Token("MIIF" + self.text(200), user, issued, scope)
        self.tokens[token.value] = token
        return token

    def keys_of(self, user: User) -> list[Key]:
        """Return a user's keys that are not deleted, oldest first."""
        return [k for k in self.keys.values() if k.user is user and k.shown_for is None]

    def delete_key(self, key: Key, shown_for: int) -> None:
        """Delete a key; so many reads go on showing it."""
        self.former_secrets.append(key.secret)
        key.shown_for = shown_for
        if not shown_for:
            del self.keys[key.access]

    def shown(self, key: Key) -> bool:
        """Tell whether a read shows a key, and count the reads of a deleted one."""
        if key.shown_for is None:
            return True
        if key.shown_for <= 0:
            self.keys.pop(key.access, None)
            return False
        key.shown_for -= 1
        return True

    def drop_tokens(self, user: User, at: dt.datetime) -> None:
        """End a user's tokens at a time."""
        for token in self.tokens.values():
            if token.user is user and token.dropped_at is None:
                token.dropped_at = at
