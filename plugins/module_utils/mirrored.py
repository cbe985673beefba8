# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several endpoints that hold one pair for each account, as one platform.

A look shows what is at all of them. A call is made at each, the record's own endpoint last, and
only after every one was reached; repeated with the same pair, it goes where the pair is not yet.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from .errors import CredentialsError
from .http import Client
from .mirrored_view import common, is_as_noted, is_at, joined, merged, noted
from .model import AccessKey, Account, AccountRef, EndpointInfo, Issued, Pair
from .platform import Platform
from .urls import same_url

#: What a failed write says of each endpoint: the change is made; it is not, for it was refused or
#: never arrived; nobody knows; its turn did not come.
WRITTEN, NOT_WRITTEN, UNANSWERED, NOT_REACHED = (
    "written",
    "not written",
    "unanswered",
    "not reached",
)


class Mirrored(Platform):
    """An endpoint and its mirrors, each logged in to by itself. Needs a pair that we choose."""

    def __init__(self, own: Platform, mirrors: Sequence[Platform]) -> None:
        # Not of the class above: the endpoints have checked their options, and know their logins.
        self.name = own.name  # type: ignore[misc]  # whichever platform it is
        self.title = own.title  # type: ignore[misc]  # same
        self.settings, self.client, self.facts = own.settings, own.client, own.facts
        self._own = own
        #: Its own endpoint first, as in a record.
        self._at = {each.settings.endpoint or "": each for each in (own, *mirrors)}
        self._lock = threading.Lock()
        self._written: dict[str, list[str]] = {}

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names of the endpoints, its own first."""
        return tuple(self._at)

    @property
    def clients(self) -> tuple[Client, ...]:
        """The clients of the endpoints, in the same order."""
        return tuple(each.client for each in self._at.values())

    def connect(self) -> EndpointInfo:
        """Reach every endpoint, and refuse those that cannot take one pair. Reads only."""
        infos = {}
        for name, platform in self._at.items():
            with self._speaking(name):
                infos[name] = platform.connect()
                self._require_choice(name, platform)
        self._refuse_twins(infos)
        self.facts = common([platform.facts for platform in self._at.values()])
        own, *mirrors = infos.items()
        scope = dict(own[1].scope)
        for name, info in mirrors:
            scope.update({f"{option}@{name}": value for option, value in info.scope.items()})
        told = [
            {"endpoint": name, "product": info.product, "version": info.version, **info.details}
            for name, info in mirrors
        ]
        return dataclasses.replace(own[1], scope=scope, details={**own[1].details, "mirrors": told})

    def accounts(self) -> Iterator[Account]:
        """Yield every account of its own endpoint, with what the mirrors show. Reads only.

        One that a mirror lacks fails when its keys are looked at; one that only a mirror has is
        none of ours.
        """
        listed: dict[str, dict[str, Account]] = {}
        for name in self._mirrors:
            with self._speaking(name):
                listed[name] = {account.name: account for account in self._at[name].accounts()}
        for account in self._own.accounts():
            found = {name: known.get(account.name) for name, known in listed.items()}
            yield joined(self.endpoints[0], account, found)

    def account(self, ref: AccountRef) -> Account:
        """Return an account of its own endpoint, which every mirror has too, by name. Reads only.

        Raises not_found, naming the endpoint that lacks it.
        """
        own = self._own.account(ref)
        twins = {name: self._twin(name, Account(own.name)) for name in self._mirrors}
        return joined(self.endpoints[0], own, twins)

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return the keys at all endpoints, each saying where it is missing. Reads only."""
        return merged(self._looks(account, last_used), account)

    def find_access_key(self, access_key: str, ref: AccountRef | None = None) -> AccessKey:
        """Return a key that at least one endpoint shows, with its account. Reads only."""
        account = self.account(ref) if ref is not None else self._owner(access_key)
        for key in self.access_keys(account):
            if key.access_key == access_key:
                return key
        raise self.fail(
            "not_found",
            f"{account.name} has no access key {access_key!r} at {' or '.join(self.endpoints)}.",
            account=account.name,
        )

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make the key of this pair at every endpoint that does not show it.

        Repeated after a lost answer with the same pair, it finishes what was begun.
        """
        looks = self._looks(account)
        return self._put(
            account,
            pair,
            looks,
            lambda name: self._at[name].create_access_key(
                self._twin(name, account), label=label, pair=pair
            ),
        )

    def regenerate_access_key(
        self,
        account: Account,
        pair: Pair | None = None,
        slot: int | None = None,
        expected: Sequence[str] | None = None,
    ) -> Issued:
        """Replace the key by this pair at every endpoint that does not show it.

        expected: what an intent noted; conflict, and nothing sent, if an endpoint shows neither
        that nor the pair. Repeated after a lost answer with the same pair, it finishes it.
        """
        looks = self._looks(account)
        chosen = pair.access_key if pair else None
        keys = merged(looks, account)
        if expected is not None and not self.is_as_noted(keys, expected, chosen):
            shown = ", ".join(self.noted(keys)) or "no key"
            raise self.fail(
                "conflict",
                f"{account.name} has {shown} now, no longer {', '.join(expected) or 'none'}:"
                " somebody else changed it. Nothing was sent.",
                account=account.name,
                alive=shown,
                landed=any(key.access_key == chosen for key in keys),
            )

        def send(name: str) -> Issued:
            before = None if expected is None else [key.access_key for key in looks[name]]
            return self._at[name].regenerate_access_key(
                self._twin(name, account), pair=pair, slot=slot, expected=before
            )

        return self._put(account, pair, looks, send)

    def set_access_key(
        self, key: AccessKey, status: str | None = None, description: str | None = None
    ) -> AccessKey:
        """Set a key at every endpoint that shows it. Repeated after a lost answer, no harm."""
        now: dict[str, AccessKey] = {}

        def change(name: str) -> None:
            own = self._key(name, key)
            now[name] = self._at[name].set_access_key(own, status, description)

        self._each(key.account, [n for n in self._order if is_at(key, n)], change)
        looks = {name: [now[name]] if name in now else [] for name in self.endpoints}
        return merged(looks, key.account)[0]

    def delete_access_key(self, key: AccessKey) -> None:
        """End a key at every endpoint; where it is gone already, that is as well.

        Raises not_found where no endpoint has it.
        """
        gone: list[CredentialsError] = []

        def end(name: str) -> None:
            try:
                self._at[name].delete_access_key(self._key(name, key))
            except CredentialsError as exc:
                if exc.kind != "not_found":
                    raise
                gone.append(exc)

        self._each(key.account, self._order, end)
        if len(gone) == len(self._at):
            raise gone[-1]

    def read_pair(self, key: AccessKey) -> Pair | None:
        """Return the pair of a key where its own endpoint's listing shows secrets."""
        return self._own.read_pair(self._key(self.endpoints[0], key))

    def why_not_replace(self, key: AccessKey) -> str | None:
        """Say why a new key cannot be like this one at one of the endpoints."""
        for name, platform in self._at.items():
            why = platform.why_not_replace(self._key(name, key)) if is_at(key, name) else None
            if why:
                return f"at {name}, {why}"
        return None

    def new_pair(self) -> Pair:
        """Return a made-up pair. Sends nothing."""
        return self._own.new_pair()

    def own_pairs(self) -> tuple[Pair, ...]:
        """Return the pairs that the logins at all endpoints sign with."""
        return tuple(pair for each in self._at.values() for pair in each.own_pairs())

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return the account names that a name in a task may stand for."""
        return self._own.names_of(name)

    # --- one view of several endpoints ---------------------------------------------------------

    def noted(self, keys: Sequence[AccessKey]) -> tuple[str, ...]:
        """Return keys as an intent notes them: "key@endpoint" for each that not all show."""
        return noted(keys, self.endpoints)

    def is_as_noted(
        self, keys: Sequence[AccessKey], noted: Sequence[str], chosen: str | None
    ) -> bool:
        """Tell whether each endpoint shows what was noted of it, or the chosen key in addition."""
        return is_as_noted(keys, noted, chosen, self.endpoints, self.facts.overlap)

    def count(self, keys: Sequence[AccessKey]) -> int:
        """Return how many places are taken where most are."""
        return max(sum(is_at(key, name) for key in keys) for name in self.endpoints)

    def written_at(self, account: Account) -> tuple[str, ...]:
        """Return which endpoints this run has changed for an account, in that order."""
        with self._lock:
            return tuple(dict.fromkeys(self._written.get(account.name, ())))

    # --- inside --------------------------------------------------------------------------------

    @property
    def _mirrors(self) -> tuple[str, ...]:
        return self.endpoints[1:]

    @property
    def _order(self) -> tuple[str, ...]:
        """The mirrors, then its own, whose clients go on with what they have until the last."""
        return (*self._mirrors, self.endpoints[0])

    @contextlib.contextmanager
    def _speaking(self, name: str) -> Iterator[None]:
        """Within: an error says of which endpoint it is."""
        try:
            yield
        except CredentialsError as exc:
            exc.at(endpoint=name)
            if name in self._mirrors and not exc.message.startswith("Mirror "):
                exc.message = f"Mirror {name}: {exc.message}"
            raise

    def _require_choice(self, name: str, platform: Platform) -> None:
        facts = platform.facts
        if facts.can_choose_pair and facts.shows_access_key:
            return
        raise platform.fail(
            "unsupported",
            f"{platform.title} at {name} takes no pair from its caller, so it cannot hold the same"
            " pair as another endpoint. Nothing was touched.",
            next_step="Leave mirrors out, and rotate each endpoint by itself; or see the platform's"
            " guide for the release that takes pairs.",
        )

    def _refuse_twins(self, infos: Mapping[str, EndpointInfo]) -> None:
        seen: dict[str, Platform] = {}
        for name, platform in self._at.items():
            for other, known in seen.items():
                scope, others = infos[name].scope, infos[other].scope
                address = same_url(platform.settings.api_url, known.settings.api_url)
                same = scope == others if scope else address and not others
                if same:
                    raise self.fail(
                        "invalid_option",
                        f"mirrors: {name} and {other} are the same place.",
                        next_step="Name another endpoint, or another scope of it.",
                    )
            seen[name] = platform

    def _twin(self, name: str, account: Account) -> Account:
        """Return an account as an endpoint knows it."""
        found = account.twins.get(name)
        if found is not None:
            return found
        with self._speaking(name):
            return self._at[name].account(AccountRef(name=account.name))

    def _key(self, name: str, key: AccessKey) -> AccessKey:
        found = key.raw.get(name)
        if isinstance(found, AccessKey):
            return found
        return AccessKey(key.access_key, self._twin(name, key.account), status=key.status)

    def _owner(self, access_key: str) -> Account:
        error: CredentialsError | None = None
        for name, platform in self._at.items():
            try:
                with self._speaking(name):
                    found = platform.find_access_key(access_key)
            except CredentialsError as exc:
                if exc.kind != "not_found":
                    raise
                error = error or exc
                continue
            return self.account(AccountRef(name=found.account.name))
        raise error or self.fail("not_found", f"There is no access key {access_key!r}.")

    def _looks(self, account: Account, last_used: bool = False) -> dict[str, list[AccessKey]]:
        looks = {}
        for name, platform in self._at.items():
            with self._speaking(name):
                looks[name] = platform.access_keys(self._twin(name, account), last_used=last_used)
        return looks

    def _put(
        self,
        account: Account,
        pair: Pair | None,
        looks: Mapping[str, Sequence[AccessKey]],
        send: Callable[[str], Issued],
    ) -> Issued:
        """Bring a pair to every endpoint that does not show it yet."""
        if pair is None:
            raise self.unsupported("make a key at several endpoints", "no pair was chosen for it")
        there = {
            name: key
            for name, keys in looks.items()
            for key in keys
            if key.access_key == pair.access_key
        }
        issued: dict[str, Issued] = {}

        def put(name: str) -> None:
            issued[name] = send(name)

        self._each(account, [name for name in self._order if name not in there], put, list(there))
        own = issued.get(self.endpoints[0])
        shown = there.get(self.endpoints[0])
        ends = [made.expires_at for made in issued.values()]
        ends += [key.expires_at for key in there.values()]
        return Issued(
            account,
            pair,
            created_at=own.created_at if own else shown.created_at if shown else None,
            expires_at=min((end for end in ends if end is not None), default=None),
            slot=own.slot if own else shown.slot if shown else None,
        )

    def _each(
        self,
        account: Account,
        names: Sequence[str],
        change: Callable[[str], None],
        done: Sequence[str] = (),
    ) -> None:
        """Make a change at each endpoint in turn; an error says what became of it at each."""
        states: dict[str, Any] = dict.fromkeys(names, NOT_REACHED)
        states.update(dict.fromkeys(done, WRITTEN))
        for name in names:
            try:
                with self._speaking(name):
                    change(name)
            except CredentialsError as exc:
                states[name] = NOT_WRITTEN if exc.landed is False else UNANSWERED
                if exc.landed is not False:
                    self._note(account, name)
                elif WRITTEN in states.values():
                    exc.landed = True
                exc.details = {**exc.details, "endpoints": states}
                written = [each for each, state in states.items() if state == WRITTEN]
                if written:
                    exc.message += f" It is done at {' and '.join(written)} already."
                    exc.next_step = f"{exc.next_step} The next run brings it to its end."
                raise
            states[name] = WRITTEN
            self._note(account, name)

    def _note(self, account: Account, name: str) -> None:
        with self._lock:
            self._written.setdefault(account.name, []).append(name)
