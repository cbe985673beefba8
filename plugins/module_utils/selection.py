# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts: names and identifiers, or all of an endpoint with exclusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .bulk import UNSEEN, each
from .errors import CredentialsError
from .model import Account, AccountRef
from .options import ArgumentSpec, ListedText, split_hint
from .platform import Platform
from .progress import Progress
from .results import AccountResult
from .shard import WHOLE, Shard

#: The options that select accounts, the same in every module that takes many.
SPEC = ArgumentSpec(
    {
        "users": {"type": "list", "elements": "raw", "aliases": ["user"]},
        "all": {"type": "bool", "default": False},
        "exclude": {"type": "list", "elements": "str", "default": []},
    }
)

#: Above this many names one listing is cheaper than a look-up for each.
LOOK_UP_AT_MOST = 10
#: The most accounts that were left out and are named; the others are only counted.
MOST_LEFT_OUT = 100


@dataclass(frozen=True)
class Selection:
    """The accounts that the operator named, or all of them but some; of either only a shard."""

    refs: tuple[AccountRef, ...] = ()
    all: bool = False
    exclude: tuple[AccountRef, ...] = ()
    shard: Shard = WHOLE
    #: Whether the names were given as a list, so that none was split at a comma.
    is_listed: bool = False

    @classmethod
    def parse(cls, params: Mapping[str, Any], may_be_empty: bool = False) -> Selection:
        """Read the options users, all, exclude and shard. Raises invalid_option.

        may_be_empty: something else tells which accounts are meant.
        """
        # Not by the argument spec: there a default of false counts as given.
        users = params.get("users") or ()
        refs = tuple(_ref(entry) for entry in users)
        if refs and params.get("all"):
            raise CredentialsError(
                "invalid_option",
                "users and all contradict each other.",
                next_step="Name accounts in users, or set all: true.",
            )
        if params.get("exclude") and not params.get("all"):
            raise CredentialsError("invalid_option", "exclude only has a meaning with all: true.")
        if not refs and not params.get("all") and not may_be_empty:
            raise CredentialsError(
                "invalid_option",
                "users is empty and all is not true: there is nothing to do.",
                next_step="Name accounts in users, or set all: true.",
            )
        exclude = tuple(AccountRef.parse(entry) for entry in params.get("exclude") or ())
        return cls(
            tuple(dict.fromkeys(refs)),
            bool(params.get("all")),
            exclude,
            Shard.parse(params.get("shard")),
            any(isinstance(entry, ListedText) for entry in users),
        )


def _ref(entry: Any) -> AccountRef:
    if isinstance(entry, dict):
        name, identifier = entry.get("name"), entry.get("id")
        if (name is None) == (identifier is None):
            raise CredentialsError(
                "invalid_option", "users: a dictionary entry needs name or id, and not both."
            )
        unknown = sorted(set(entry) - {"name", "id"})
        if unknown:
            raise CredentialsError(
                "invalid_option", f"users: unknown names in an entry: {', '.join(unknown)}."
            )
        return AccountRef(
            name=None if name is None else str(name),
            id=None if identifier is None else str(identifier),
        )
    if isinstance(entry, (str, int, float)) and not isinstance(entry, bool) and str(entry).strip():
        return AccountRef.parse(str(entry))
    raise CredentialsError(
        "invalid_option",
        "users: an entry is a name, an identifier such as id:42, or a dictionary with name or id.",
    )


@dataclass(frozen=True)
class Selected:
    """The accounts found, the results of those that were not, and what "all" left out and why.

    left_out names the first ones; totals counts all: left_out, and other_shards for accounts that
    belong to other shards. A count of 0 is left away.
    """

    accounts: list[Account]
    missing: list[AccountResult]
    left_out: dict[str, str]
    warnings: tuple[str, ...] = ()
    totals: dict[str, int] = field(default_factory=dict)
    #: Of what "all" left out: the accounts that are reserved or suspended, and the names excluded.
    suspended: dict[str, Account] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()


def select(
    platform: Platform,
    selection: Selection,
    *,
    parallelism: int,
    strict: bool = False,
    progress: Progress = UNSEEN,
) -> Selected:
    """Find the accounts. Reads only. Under "all", reserved and suspended accounts are left out.

    What belongs to another shard is left out, named or not; a name that is nobody's fails in the
    one shard that it would belong to. progress is told that the search begins, not that it ends.
    """
    progress.begin(None, "looking up accounts")
    if selection.all:
        return _select_all(platform, selection)
    many = len(selection.refs) > LOOK_UP_AT_MOST
    find = _Listing(platform).find if many else platform.account
    found: dict[AccountRef, Account] = {}
    kind = ListedText if selection.is_listed else str
    names = [kind(ref) for ref in selection.refs]

    def look(ref: AccountRef) -> AccountResult:
        try:
            found[ref] = find(ref)
        except CredentialsError as exc:
            if exc.kind == "not_found":
                exc.message += split_hint(names, str(ref))
            raise
        return AccountResult(account=str(ref), action="unchanged")

    results = each(
        selection.refs,
        look,
        lambda ref: AccountResult(account=str(ref), action="skipped"),
        parallelism=parallelism,
        strict=strict,
    )
    # Two names of one account (its name and its identifier) are one account.
    ordered = [found[ref] for ref in selection.refs if ref in found]
    accounts = {(account.id, account.name): account for account in ordered}
    missing = [result for result in results if result.action != "unchanged"]
    here = [account for account in accounts.values() if selection.shard.holds(account.name)]
    ours = [result for result in missing if _is_for(selection.shard, result)]
    elsewhere = len(accounts) - len(here) + len(missing) - len(ours)
    return Selected(here, ours, {}, totals=_counts(other_shards=elsewhere))


def _is_for(shard: Shard, missing: AccountResult) -> bool:
    """Tell whether a shard reports a name that was not found; trouble of the endpoint is all's."""
    kind = (missing.failure or {}).get("kind")
    return kind not in ("not_found", "ambiguous") or shard.holds(missing.account or "")


def _counts(**counts: int) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _select_all(platform: Platform, selection: Selection) -> Selected:
    excluded_names = {
        name
        for ref in selection.exclude
        if ref.name is not None
        for name in platform.names_of(ref.name)
    }
    excluded_ids = {ref.id for ref in selection.exclude if ref.id is not None}
    accounts: list[Account] = []
    left_out: dict[str, str] = {}
    suspended: dict[str, Account] = {}
    excluded: set[str] = set()
    here = elsewhere = 0
    seen: set[AccountRef] = set()
    for account in platform.accounts():
        seen |= {AccountRef(name=account.name), AccountRef(id=account.id)}
        if not selection.shard.holds(account.name):
            elsewhere += 1
            continue
        here += 1
        why = None
        if account.name in excluded_names or (
            account.id is not None and account.id in excluded_ids
        ):
            why = "excluded"
        elif account.reserved:
            why = "reserved by the platform; name it to include it"
        elif account.enabled is False:
            why = "suspended; name it to include it"
        if why is None:
            accounts.append(account)
            continue
        if len(left_out) < MOST_LEFT_OUT:
            left_out[account.name] = why
        if why == "excluded":
            excluded.add(account.name)
        else:
            suspended[account.name] = account
    nobody = [
        str(ref)
        for ref in selection.exclude
        if not seen & {ref, *(AccountRef(name=name) for name in platform.names_of(ref.name or ""))}
    ]
    warnings = (
        (f"exclude names nobody here: {', '.join(nobody)}. Names are compared exactly.",)
        if nobody
        else ()
    )
    counts = _counts(left_out=here - len(accounts), other_shards=elsewhere)
    return Selected(accounts, [], left_out, warnings, counts, suspended, frozenset(excluded))


class _Listing:
    """All accounts of an endpoint, listed once, looked up many times."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._by_name: dict[str, list[Account]] = {}
        self._by_id: dict[str, list[Account]] = {}
        for account in platform.accounts():
            self._by_name.setdefault(account.name, []).append(account)
            if account.id is not None:
                self._by_id.setdefault(account.id, []).append(account)

    def find(self, ref: AccountRef) -> Account:
        found: Sequence[Account]
        if ref.id is not None:
            found = self._by_id.get(ref.id, [])
        else:
            names = self._platform.names_of(ref.name or "")
            found = [account for name in names for account in self._by_name.get(name, [])]
        return self._platform.only(found, ref)
