# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The things that a platform deals in: accounts, access keys, pairs, and the facts about itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACTIVE = "active"
INACTIVE = "inactive"
#: How far from now a key that was just made can have been made: clocks, and zones left out.
_JUST_MADE = dt.timedelta(days=1)


@dataclass(frozen=True)
class AccountRef:
    """What an operator wrote to name an account: a bare word is a name, id:42 an identifier."""

    name: str | None = None
    id: str | None = None

    @classmethod
    def parse(cls, text: str) -> AccountRef:
        """Read "backup" or "id:42"."""
        if text.startswith("id:"):
            return cls(id=text[3:])
        return cls(name=text)

    def __str__(self) -> str:
        return self.name if self.name is not None else f"id:{self.id}"


@dataclass(frozen=True)
class Account:
    """One S3 user at an endpoint, the unit that is rotated."""

    name: str
    id: str | None = None
    #: False: suspended. None: the platform does not say.
    enabled: bool | None = None
    #: Reserved by the platform (ONTAP's root): left out under "all" unless it is named.
    reserved: bool = False
    #: The platform's own facts about it, free of secrets, shown to the user.
    details: dict[str, Any] = field(default_factory=dict)
    #: What the platform file needs to address it again (a tenant, say); never shown.
    address: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    #: Its keys, where the listing of accounts shows them already; None: ask access_keys().
    listed_keys: tuple[AccessKey, ...] | None = field(default=None, repr=False, compare=False)
    #: Access keys of it that a record or the operator knows, for a platform that lists keys without
    #: them (facts.hides_access_key): each key goes by the first that fits. Others leave it alone.
    known_keys: tuple[str, ...] = field(default=(), repr=False, compare=False)
    #: How long its next key is to live, because the one that it replaces has an end; None: for
    #: ever, or the platform keeps to what it shows. Only for a platform whose keys may have one.
    key_lifetime: dt.timedelta | None = field(default=None, repr=False, compare=False)
    #: The same account at each of several endpoints that hold one pair, by their names.
    twins: Mapping[str, Account] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class AccessKey:
    """The public half of a pair, as the platform shows it. Holds no secret that is shown."""

    access_key: str
    account: Account
    status: str = ACTIVE
    created_at: dt.datetime | None = None
    last_used_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    #: None: the platform has no descriptions. "": empty.
    description: str | None = None
    #: Kept by the platform for itself; never touched.
    immutable: bool = False
    #: Which of several places it sits in (ONTAP 9.19.1: 1 or 2).
    slot: int | None = None
    #: Other names that account.known_keys has for it.
    also: tuple[str, ...] = field(default=(), repr=False, compare=False)
    #: Where several endpoints are to hold one pair: those that do not show it.
    absent_at: tuple[str, ...] = ()
    #: The platform's own facts about it, free of secrets, shown to the user.
    details: dict[str, Any] = field(default_factory=dict)
    #: The object as it was read, for platforms that want it sent back whole. May hold a secret.
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Pair:
    """Access key and secret key."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Issued:
    """What a platform answered when a key was made: the pair, or that it goes out by e-mail.

    pair is None when the platform made a key and delivers it elsewhere (delivery "email").
    """

    account: Account
    pair: Pair | None
    delivery: str = "inline"
    created_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    slot: int | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def made_at(self, now: dt.datetime) -> dt.datetime:
        """Return when the key was made: what the platform says, where it can be true, or now.

        The year 1 is how Go and .NET write that they do not know; a key of that age is due at once,
        and so is the next one.
        """
        said = self.created_at
        return said if said is not None and abs(said - now) <= _JUST_MADE else now

    def ends_at(self, now: dt.datetime) -> dt.datetime | None:
        """Return when the key ends; None: never, and where the end lies before its beginning."""
        said = self.expires_at
        return None if said is None or now - said > _JUST_MADE else said


@dataclass(frozen=True)
class Facts:
    """What a platform can do (DESIGN section 4). The engine branches on these, never on a name.

    Class attributes of a platform hold the facts of its newest or best-known form; connect()
    replaces them by what this very endpoint reports.
    """

    #: The old and the new key work side by side.
    overlap: bool
    can_disable: bool
    can_delete: bool
    #: A key can be made by create_access_key (an in-place platform replaces instead).
    can_create: bool
    #: A key can be replaced in place by regenerate_access_key.
    can_regenerate: bool
    #: The caller may bring its own pair.
    can_choose_pair: bool
    #: What proves a new key ours: "description", "access_key" (the one chosen), or None.
    label: str | None
    has_description: bool
    #: Access keys can be listed; where not, the record and a signed request decide.
    shows_access_key: bool
    tells_created: bool
    #: "no", "listed" (comes with the list) or "per_key" (one more request for each key).
    tells_last_used: str
    #: Keys per account; None: no limit known.
    max_keys: int | None
    #: Where the secret comes back: of "create", "regenerate", "list", "email".
    secret_comes_back: tuple[str, ...]
    #: An empty list means that there is nothing (not so where errors come as an empty page).
    listing_is_proof: bool = True
    #: Seconds for which a listing may not show yet what was changed; 0: it always does.
    listing_lag: float = 0.0
    #: Listing keys may itself make a key.
    listing_has_side_effect: bool = False
    #: A listing shows another identifier of a key in place of its access key. The platform names
    #: a key by it, unless account.known_keys has its access key.
    hides_access_key: bool = False
    cannot_disable_because: str = ""
    cannot_describe_because: str = ""

    def shown(self) -> dict[str, Any]:
        """Return what an operator decides by; the rest is how the engine gets along.

        The reasons are there only where something cannot be done.
        """
        told = {name: getattr(self, name) for name in _SHOWN}
        reasons = {name: getattr(self, name) for name in _REASONS if getattr(self, name)}
        return {**told, "secret_comes_back": list(self.secret_comes_back), **reasons}


#: Of the facts, those that results tell.
_SHOWN = (
    *("overlap", "can_disable", "can_delete", "can_choose_pair", "label", "tells_created"),
    *("tells_last_used", "max_keys", "secret_comes_back", "shows_access_key"),
    *("listing_is_proof", "listing_has_side_effect"),
)
_REASONS = ("cannot_disable_because", "cannot_describe_because")


@dataclass(frozen=True)
class EndpointInfo:
    """What the endpoint says about itself, free of secrets."""

    product: str
    version: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    #: Immutable identifiers of the scope, {"svm": uuid}; empty where the platform tells none.
    scope: dict[str, str] = field(default_factory=dict)
