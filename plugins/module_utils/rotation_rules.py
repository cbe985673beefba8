# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for single accounts: what the entries of users and of policies say, found by account.

A name or an identifier is found in a dictionary, patterns are tried in their order: ten thousand
entries over ten thousand accounts stay cheap.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .errors import CredentialsError
from .model import Account, AccountRef, Pair
from .options import parse_duration
from .platform import Platform
from .rotation_exception import PolicyException
from .rotation_window import Window
from .shard import Shard

#: Words of an entry that go into the policy as they are.
_TEXTS = ("bucket", "s3_url", "owner", "contact", "application")
_PERIODS = ("max_age", "grace_period", "soak_period")
#: What every entry may say of its account.
_WORDS = frozenset({*_PERIODS, *_TEXTS, "window", "exception"})
#: What an entry may say beside that: whose keys they are is only said where accounts are named.
_OF_POLICIES = frozenset({"name", "id", "match"})
_OF_USERS = frozenset({"name", "id", "access_key", "secret_key", "replaces"})
#: The most entries that a warning names.
_MOST_NAMED = 10


@dataclass(frozen=True)
class Rule:
    """One entry: for whom it is, and what it changes in the policy."""

    #: How messages name it: "policies: entry 3 (match backup-*)".
    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    #: The account that it names; None: it is for those whose name fits the pattern.
    ref: Optional[AccountRef] = None
    pattern: Optional[re.Pattern[str]] = None


class AccountRules:
    """The rules of one call. What users says of an account wins over what policies says."""

    def __init__(self, users: Iterable[Rule] = (), policies: Iterable[Rule] = ()) -> None:
        self._users = tuple(users)
        self._policies = tuple(policies)
        self.rules = (*self._policies, *self._users)
        self._found: Optional[tuple[_Index, _Index]] = None
        self._merged: dict[tuple[int, int], Rule] = {}

    @classmethod
    def parse(cls, params: Mapping[str, Any]) -> AccountRules:
        """Read the options users and policies. Raises invalid_option, naming entry and option."""
        return cls(_of_users(params.get("users") or ()), _of_policies(params.get("policies") or ()))

    def of(self, account: Account, platform: Platform) -> Rule | None:
        """Return what is said of an account, always the same object for the same entries."""
        if not self.rules:
            return None
        if self._found is None:
            names_of = platform.names_of
            self._found = _Index(self._policies, names_of), _Index(self._users, names_of)
        general, own = (index.find(account) for index in self._found)
        if general is None or own is None:
            return own or general
        key = (id(general), id(own))
        if key not in self._merged:
            label = f"{general.label} with {own.label}"
            self._merged[key] = Rule(label, {**general.changes, **own.changes})
        return self._merged[key]

    def idle(
        self, names: Iterable[str], ids: Iterable[str | None], platform: Platform, shard: Shard
    ) -> str | None:
        """Return a warning about entries of policies that name nobody; whose shard it is, tells.

        names, ids: of all accounts of the shard.
        """
        known_names, known_ids = set(names), set(ids)
        nobody = []
        for ref in (rule.ref for rule in self._policies if rule.ref is not None):
            if ref.name is None:
                is_known = not shard.is_whole or ref.id in known_ids
            else:
                meant = [name for name in platform.names_of(ref.name) if shard.holds(name)]
                is_known = not meant or not known_names.isdisjoint(meant)
            if not is_known:
                nobody.append(str(ref))
        if not nobody:
            return None
        more = len(nobody) - _MOST_NAMED
        return f"policies: entries that name nobody here: {', '.join(nobody[:_MOST_NAMED])}" + (
            f" and {more} more." if more > 0 else "."
        )


class _Index:
    """Rules by whom they are for."""

    def __init__(self, rules: Iterable[Rule], names_of: Callable[[str], tuple[str, ...]]) -> None:
        self._by_name: dict[str, Rule] = {}
        self._by_id: dict[str, Rule] = {}
        self._patterns: list[tuple[re.Pattern[str], Rule]] = []
        for rule in rules:
            if rule.pattern is not None:
                self._patterns.append((rule.pattern, rule))
            elif rule.ref is not None and rule.ref.id is not None:
                self._by_id.setdefault(rule.ref.id, rule)
            elif rule.ref is not None:
                for name in names_of(rule.ref.name or ""):
                    self._by_name.setdefault(name, rule)

    def find(self, account: Account) -> Rule | None:
        rule = self._by_id.get(account.id) if account.id is not None else None
        rule = rule or self._by_name.get(account.name)
        if rule is None:
            fitting = (rule for pattern, rule in self._patterns if pattern.match(account.name))
            rule = next(fitting, None)
        return rule


def _of_policies(entries: Iterable[Any]) -> list[Rule]:
    rules: list[Rule] = []
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        label = f"policies: entry {number}"
        if not isinstance(entry, Mapping):
            raise _wrong(
                f"{label} is no dictionary.", "Write it as {match: backup-*, max_age: 30d}."
            )
        whom = [name for name in ("name", "id", "match") if entry.get(name) not in (None, "")]
        if len(whom) != 1:
            raise _wrong(
                f"{label} has {' and '.join(whom) or 'neither name, id nor match'}.",
                "Give each entry one of name, id and match (a shell pattern such as backup-*).",
            )
        text = str(entry[whom[0]])
        label = f"{label} ({whom[0]} {text})"
        before = seen.setdefault(f"{whom[0]} {text}", number)
        if before != number:
            raise _wrong(f"{label}: entry {before} is for the same.", "Make one entry of both.")
        changes = _changes(entry, label, _OF_POLICIES)
        if whom[0] == "match":
            rules.append(Rule(label, changes, pattern=re.compile(fnmatch.translate(text))))
        else:
            rules.append(Rule(label, changes, AccountRef(**{whom[0]: text})))
    return rules


def _of_users(entries: Iterable[Any]) -> list[Rule]:
    rules: dict[AccountRef, Rule] = {}
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping):
            continue
        names = {name: str(entry[name]) for name in ("name", "id") if entry.get(name) is not None}
        ref = AccountRef(**names)
        label = f"users: entry {number} ({ref})" if names else f"users: entry {number}"
        changes = _changes(entry, label, _OF_USERS)
        if entry.get("access_key") is not None:
            changes["access_key"] = str(entry["access_key"])
        if entry.get("replaces") is not None:
            changes["replaces"] = _access_keys(entry["replaces"], label)
        if entry.get("secret_key"):
            if not entry.get("access_key"):
                raise _wrong(f"{label}: secret_key needs access_key too.", None)
            changes["import_pair"] = Pair(str(entry["access_key"]), str(entry["secret_key"]))
        if changes:
            rules[ref] = Rule(label, changes, ref)
    return list(rules.values())


def _access_keys(given: Any, label: str) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, (list, tuple)) or not all(isinstance(key, str) for key in listed):
        raise _wrong(f"{label}: replaces is no list of access keys.", "Write [KEY1, KEY2].")
    return tuple(listed)


def _changes(entry: Mapping[str, Any], label: str, more: frozenset[str]) -> dict[str, Any]:
    """Return what an entry changes in the policy, by the policy's names."""
    unknown = sorted(str(name) for name in entry if name not in _WORDS | more)
    if unknown:
        raise _wrong(
            f"{label}: unknown names: {', '.join(unknown)}.",
            f"An entry may hold {', '.join(sorted(_WORDS | more))}.",
        )
    changes: dict[str, Any] = {}
    for name in _PERIODS:
        if entry.get(name) is not None:
            changes[name] = _read(label, parse_duration, str(entry[name]), name)
    if entry.get("window") is not None:
        changes["window"] = _read(label, Window.parse, entry["window"], "window")
    if entry.get("exception") is not None:
        changes["exception"] = _read(label, PolicyException.parse, entry["exception"], "exception")
    for name in _TEXTS:
        if entry.get(name) is not None:
            changes[name] = str(entry[name])
    return changes


def _read(label: str, reader: Callable[[Any, str], Any], value: Any, option: str) -> Any:
    """Read a value; what is wrong with it is said of the entry."""
    try:
        return reader(value, option)
    except CredentialsError as exc:
        exc.message = f"{label}: {exc.message}"
        raise


def _wrong(message: str, next_step: str | None) -> CredentialsError:
    return CredentialsError("invalid_option", message, next_step=next_step)
