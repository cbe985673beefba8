# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a rotation, checked and turned into one policy for each account."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .clock import parse_time
from .errors import CredentialsError
from .model import Account, Facts
from .options import ArgumentSpec, parse_duration
from .platform import Platform
from .rotation_policy import Policy
from .rotation_rules import AccountRules, Rule
from .rotation_window import Window
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
    "disruption_time": "5m",
}

SPEC = SELECTION | ArgumentSpec(
    {
        "state": {
            "type": "str",
            "choices": ["rotated", "acknowledged", "retired", "rolled_back", "decommissioned"],
            "default": "rotated",
        },
        "policies": {"type": "list", "elements": "raw", "default": []},
        "mirrors": {"type": "list", "elements": "raw", "default": []},
        **{name: {"type": "str", "default": text} for name, text in DURATIONS.items()},
        "window": {"type": "str"},
        "write_plan": {"type": "path"},
        "plan": {"type": "path"},
        "plan_hash": {"type": "str"},
        "plan_max_age": {"type": "str", "default": "7d"},
        "rotation_id": {"type": "str"},
        "force": {"type": "bool", "default": False},
        "compromised": {"type": "list", "elements": "str", "default": []},
        "reason": {"type": "str"},
        "change": {"type": "str"},
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
        "preflight": {"type": "bool", "default": False},
    }
)


@dataclass(frozen=True)
class RotateOptions:
    """What a task asks for: which accounts, by which policy, with how much care."""

    policy: Policy
    selection: Selection
    rules: AccountRules = field(default_factory=AccountRules)
    canary: int = 1
    max_failures: int = 3
    max_rotations: Optional[int] = None
    strict: bool = False
    return_secret: bool = False
    #: Whether key_delivery was said; some platforms cannot do without it.
    key_delivery: Optional[str] = None
    #: Whether a file gets what an auditor asks of every account.
    is_reported: bool = False
    #: Where a rehearsal is written to, to be approved; the approved one, and its hash.
    write_plan: Optional[str] = None
    plan: Optional[str] = None
    plan_hash: Optional[str] = None
    plan_max_age: dt.timedelta = dt.timedelta(days=7)
    #: Policies that were made, by what was said of their accounts.
    _made: dict[int, Policy] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def parse(cls, params: Mapping[str, Any], has_store: bool = True) -> RotateOptions:
        """Check the options against each other. Raises invalid_option, naming the option.

        has_store: whether a secret store was given. Sends nothing.
        """
        rules = AccountRules.parse(params)
        refs = [_ref(entry) for entry in params.get("users") or ()]
        selection = Selection.parse({**params, "users": refs}, bool(params["compromised"]))
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
            change=params.get("change") or "",
            cut_first=params["cut_first"],
            adopt=params["adopt"] if has_store else "rotate",
            replaces=tuple(params["replaces"]),
            allow_disruption=params["allow_disruption"],
            acknowledge=params["acknowledge"],
            access_key=params.get("access_key"),
            retire=params["retire"],
            window=Window.parse(params["window"]) if params.get("window") else None,
            force_retire=params.get("force_retire"),
            last_used=params["last_used"],
            hold_until=hold_until,
            key_delivery=params.get("key_delivery") or "inline",
        )
        return cls(
            policy,
            selection,
            rules,
            canary=_at_least(params, "canary", 0),
            max_failures=_at_least(params, "max_failures", 1),
            max_rotations=_at_least(params, "max_rotations", 0),
            strict=params["strict"],
            return_secret=params["return_secret"],
            key_delivery=params.get("key_delivery"),
            is_reported=bool(params.get("report_path")),
            write_plan=params.get("write_plan"),
            plan=params.get("plan"),
            plan_hash=params.get("plan_hash"),
            plan_max_age=parse_duration(params["plan_max_age"], "plan_max_age"),
        )

    @property
    def searches(self) -> bool:
        """Whether the accounts are those that have the compromised keys, whoever they are."""
        return not self.selection.refs and not self.selection.all

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
        self._checked(self.policy, facts)
        for rule in self.rules.rules:
            self._with(rule, facts)

    def policy_for(self, account: Account, platform: Platform) -> Policy:
        """Return the policy of one account, with what is said of it alone. Raises invalid_option.

        Accounts of which the same is said share one.
        """
        rule = self.rules.of(account, platform)
        if rule is None:
            return self.policy
        if id(rule) not in self._made:
            self._made[id(rule)] = self._with(rule, platform.facts)
        return self._made[id(rule)]

    def _with(self, rule: Rule, facts: Facts) -> Policy:
        try:
            return self._checked(dataclasses.replace(self.policy, **rule.changes), facts)
        except CredentialsError as exc:
            exc.message = f"{rule.label}: {exc.message}"
            raise

    @staticmethod
    def _checked(policy: Policy, facts: Facts) -> Policy:
        if policy.state == "rotated":
            policy.check(facts)
        return policy


def _ref(entry: Any) -> Any:
    """Return an entry of users as selection reads it."""
    if not isinstance(entry, dict):
        return entry
    return {name: entry[name] for name in ("name", "id") if entry.get(name) is not None}


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
    one_key = not (selection.refs or selection.all) and len(params["compromised"]) == 1
    if params["replaces"] and len(selection.refs) != 1 and not one_key:
        raise _wrong(
            "replaces names keys of one account.",
            "Name one user, or give replaces in the entries of users.",
        )
    if params.get("plan_hash") and not params.get("plan"):
        raise _wrong("plan_hash says which plan was approved.", "Name its file in plan.")
    if params.get("mirrors") and not has_store:
        raise _wrong(
            "mirrors needs secret_store: the pair is stored before any of them gets it.",
            "Give secret_store.",
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
