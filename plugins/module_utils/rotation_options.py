# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a rotation, checked and turned into one policy for each account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .clock import parse_time
from .errors import CredentialsError
from .model import Account, AccountRef, Facts, Pair
from .options import ArgumentSpec, parse_duration
from .platform import Platform
from .rotation_policy import Policy
from .selection import SPEC as SELECTION
from .selection import Selection

#: Options that are durations, with their defaults.
DURATIONS = {
    "max_age": "90d",
    "rotate_before": "7d",
    "grace_period": "7d",
    "soak_period": "7d",
    "spread": "0s",
    "quiet_period": "1d",
    "settle": "90s",
    "recover_within": "7d",
}

SPEC = SELECTION | ArgumentSpec(
    {
        "state": {
            "type": "str",
            "choices": ["rotated", "acknowledged", "retired", "rolled_back", "decommissioned"],
            "default": "rotated",
        },
        **{name: {"type": "str", "default": text} for name, text in DURATIONS.items()},
        "rotation_id": {"type": "str"},
        "force": {"type": "bool", "default": False},
        "compromised": {"type": "list", "elements": "str", "default": []},
        "reason": {"type": "str"},
        "cut_first": {"type": "bool", "default": False},
        "adopt": {"type": "str", "choices": ["report", "rotate", "import"], "default": "report"},
        "replaces": {"type": "list", "elements": "str", "default": []},
        "max_rotations": {"type": "int"},
        "allow_disruption": {"type": "bool", "default": False},
        "allow_side_effects": {"type": "bool", "default": False},
        "acknowledge": {"type": "str", "choices": ["auto", "explicit"], "default": "auto"},
        "access_key": {"type": "str", "no_log": False},
        "retire": {"type": "bool", "default": True},
        "force_retire": {"type": "str"},
        "last_used": {"type": "bool", "default": False},
        "hold_until": {"type": "str"},
        "canary": {"type": "int", "default": 1},
        "max_failures": {"type": "int", "default": 3},
        "key_delivery": {"type": "str", "choices": ["inline", "email"], "no_log": False},
        "return_secret": {"type": "bool", "default": False, "no_log": False},
        "journal": {"type": "path"},
        "strict": {"type": "bool", "default": False},
    }
)

#: What an entry of users may say for its account alone.
_ENTRY = {
    "name",
    "id",
    "access_key",
    "secret_key",
    "replaces",
    "max_age",
    "grace_period",
    "soak_period",
    "bucket",
    "s3_url",
}


@dataclass(frozen=True)
class RotateOptions:
    """What a task asks for: which accounts, by which policy, with how much care."""

    policy: Policy
    selection: Selection
    overrides: Mapping[AccountRef, Mapping[str, Any]] = field(default_factory=dict)
    canary: int = 1
    max_failures: int = 3
    max_rotations: Optional[int] = None
    strict: bool = False
    return_secret: bool = False
    #: Whether key_delivery was said; some platforms cannot do without it.
    key_delivery: Optional[str] = None

    @classmethod
    def parse(cls, params: Mapping[str, Any], has_store: bool = True) -> RotateOptions:
        """Check the options against each other. Raises invalid_option, naming the option.

        has_store: whether a secret store was given. Sends nothing.
        """
        refs, overrides = _entries(params.get("users") or ())
        selection = Selection.parse({**params, "users": refs})
        _check_combinations(params, selection, has_store)
        periods: dict[str, Any] = {name: parse_duration(params[name], name) for name in DURATIONS}
        hold_until = parse_time(params.get("hold_until"))
        if params.get("hold_until") and hold_until is None:
            raise CredentialsError(
                "invalid_option",
                f"hold_until: {params['hold_until']!r} is no time.",
                next_step="Write it as ISO 8601 in UTC, such as 2026-12-31T00:00:00Z.",
            )
        policy = Policy(
            state=params["state"],
            is_named=not selection.all,
            **periods,
            rotation_id=params.get("rotation_id"),
            force=params["force"],
            compromised=frozenset(params["compromised"]),
            reason=params.get("reason") or "",
            cut_first=params["cut_first"],
            adopt=params["adopt"] if has_store else "rotate",
            replaces=tuple(params["replaces"]),
            allow_disruption=params["allow_disruption"],
            acknowledge=params["acknowledge"],
            access_key=params.get("access_key"),
            retire=params["retire"],
            force_retire=params.get("force_retire"),
            last_used=params["last_used"],
            hold_until=hold_until,
            key_delivery=params.get("key_delivery") or "inline",
        )
        return cls(
            policy,
            selection,
            overrides,
            canary=_at_least(params, "canary", 0),
            max_failures=_at_least(params, "max_failures", 1),
            max_rotations=_at_least(params, "max_rotations", 0),
            strict=params["strict"],
            return_secret=params["return_secret"],
            key_delivery=params.get("key_delivery"),
        )

    @property
    def needs_verification(self) -> bool:
        """Whether pairs may have to be tried out."""
        return self.policy.state in ("rotated", "rolled_back")

    def check(self, facts: Facts) -> None:
        """Check the policies against what the platform can do. Raises invalid_option."""
        if "email" in facts.secret_comes_back and self.key_delivery is None:
            raise CredentialsError(
                "invalid_option",
                "key_delivery is missing: by build, this platform returns a new pair or sends it by"
                " e-mail, and only the operator knows which.",
                next_step="Set key_delivery: inline or email.",
            )
        for policy in (self.policy, *(self._with(each) for each in self.overrides.values())):
            if policy.state == "rotated":
                policy.check(facts)

    def policy_for(self, account: Account, platform: Platform) -> Policy:
        """Return the policy of one account, with what its own entry says."""
        for ref, entry in self._entries_of(account, platform):
            del ref
            return self._with(entry)
        return self.policy

    def _entries_of(
        self, account: Account, platform: Platform
    ) -> list[tuple[AccountRef, Mapping[str, Any]]]:
        if not self.overrides:
            return []
        return [
            (ref, entry)
            for ref, entry in self.overrides.items()
            if (ref.id is not None and ref.id == account.id)
            or (ref.name is not None and account.name in platform.names_of(ref.name))
        ]

    def _with(self, entry: Mapping[str, Any]) -> Policy:
        changes: dict[str, Any] = {
            name: parse_duration(str(entry[name]), f"users: {name}")
            for name in ("max_age", "grace_period", "soak_period")
            if entry.get(name) is not None
        }
        for name in ("bucket", "s3_url", "access_key"):
            if entry.get(name) is not None:
                changes[name] = str(entry[name])
        if entry.get("replaces") is not None:
            given = entry["replaces"]
            changes["replaces"] = (given,) if isinstance(given, str) else tuple(given)
        if entry.get("secret_key"):
            changes["import_pair"] = Pair(str(entry["access_key"]), str(entry["secret_key"]))
        return dataclasses.replace(self.policy, **changes)


def _entries(users: Any) -> tuple[list[Any], dict[AccountRef, Mapping[str, Any]]]:
    """Return the entries as selection reads them, and what the dictionaries among them add."""
    refs: list[Any] = []
    overrides: dict[AccountRef, Mapping[str, Any]] = {}
    for entry in users:
        if not isinstance(entry, dict):
            refs.append(entry)
            continue
        unknown = sorted(set(entry) - _ENTRY)
        if unknown:
            raise CredentialsError(
                "invalid_option",
                f"users: unknown names in an entry: {', '.join(map(str, unknown))}.",
                next_step=f"An entry may hold {', '.join(sorted(_ENTRY))}.",
            )
        if entry.get("secret_key") and not entry.get("access_key"):
            raise CredentialsError(
                "invalid_option", "users: an entry with secret_key needs access_key too."
            )
        refs.append({name: entry[name] for name in ("name", "id") if entry.get(name) is not None})
        more = {name: value for name, value in entry.items() if name not in ("name", "id")}
        if more:
            name, identifier = entry.get("name"), entry.get("id")
            ref = AccountRef(
                None if name is None else str(name), None if identifier is None else str(identifier)
            )
            overrides[ref] = more
    return refs, overrides


def _check_combinations(params: Mapping[str, Any], selection: Selection, has_store: bool) -> None:
    state = params["state"]
    entries = params.get("users") or ()
    if state == "acknowledged":
        own = [entry for entry in entries if isinstance(entry, dict) and entry.get("access_key")]
        alone = params.get("access_key") and len(selection.refs) == 1
        if not alone and (selection.all or len(own) != len(entries)):
            raise _wrong(
                "state: acknowledged needs the access_key that the consumers have.",
                "Give access_key with one user, or users as dictionaries with name and access_key.",
            )
    if state in ("decommissioned", "rolled_back") and selection.all:
        raise _wrong(f"state: {state} is for accounts that are named.", "Name them in users.")
    if params["compromised"] and not params.get("reason"):
        raise _wrong("compromised needs reason.", "Say why, such as a ticket: it goes on record.")
    if params["compromised"] and state != "rotated":
        raise _wrong("compromised only has a meaning with state: rotated.", "Leave state out.")
    if params["cut_first"] and not (params["compromised"] and params["allow_disruption"]):
        raise _wrong(
            "cut_first ends the compromised key before the new one works.",
            "Set compromised and allow_disruption: true with it, or leave it out.",
        )
    if params["replaces"] and len(selection.refs) != 1:
        raise _wrong(
            "replaces names keys of one account.",
            "Name one user, or give replaces in the entries of users.",
        )
    if not has_store:
        if state != "rotated":
            raise _wrong(f"state: {state} needs secret_store: its record says what to do.", None)
        if not (params["force"] and params["return_secret"]):
            raise CredentialsError(
                "custody_refused",
                "Without secret_store a new secret key would be kept nowhere.",
                next_step="Give secret_store; or force: true with return_secret: true, and keep"
                " what is returned.",
            )
        if selection.all:
            raise _wrong("all needs secret_store.", "Name the accounts in users.")


def _at_least(params: Mapping[str, Any], name: str, least: int) -> Any:
    value = params.get(name)
    if value is not None and value < least:
        raise _wrong(f"{name} must be at least {least}.", None)
    return value


def _wrong(message: str, next_step: str | None) -> CredentialsError:
    return CredentialsError("invalid_option", message, next_step=next_step)
