# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module gives back: one result per account, totals, and the first failure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .errors import CredentialsError, sentences

#: The closed list behind C(accounts[].action).
ACTIONS = (
    "created",
    "updated",
    "enabled",
    "disabled",
    "rotated",
    "deleted",
    "unchanged",
    "listed",
    "skipped",
    "failed",
)
#: Actions that changed nothing.
QUIET_ACTIONS = ("unchanged", "listed", "skipped", "failed")


@dataclass
class AccountResult:
    """What happened, or in check mode would happen, to one account or one of its keys."""

    account: str | None
    action: str
    account_id: str | None = None
    access_key: str | None = None
    previous_access_key: str | None = None
    created_at: str | None = None
    due_at: str | None = None
    why: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    failure: dict[str, Any] | None = None
    #: More names for the returned dictionary (access_keys of the info module, a returned secret).
    extra: dict[str, Any] = field(default_factory=dict)
    #: For diff mode: identifiers and states, never a secret.
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    #: Something changed although the action says failed (a part of it landed, or may have).
    touched: bool = False
    #: Whether this failure concerns every account of the endpoint.
    stops_endpoint: bool = False

    @property
    def changed(self) -> bool:
        """Whether something changed, or in check mode would."""
        return self.touched or self.action not in QUIET_ACTIONS

    def as_dict(self) -> dict[str, Any]:
        """Return the documented form; every name is always there."""
        return {
            "account": self.account,
            "account_id": self.account_id,
            "action": self.action,
            "access_key": self.access_key,
            "previous_access_key": self.previous_access_key,
            "created_at": self.created_at,
            "due_at": self.due_at,
            "why": self.why,
            "details": self.details,
            "failure": self.failure,
            **self.extra,
        }


def failed(exc: CredentialsError, of: AccountResult) -> AccountResult:
    """Return the failed result of what `of` identifies; touched unless nothing happened."""
    exc.at(account=of.account)
    return AccountResult(
        account=of.account if of.account is not None else exc.account,
        account_id=of.account_id,
        action="failed",
        access_key=of.access_key,
        created_at=of.created_at,
        why=exc.message,
        failure=exc.failure(),
        touched=exc.landed is not False,
        stops_endpoint=exc.stops_endpoint,
    )


def skipped(of: AccountResult, why: str = "not started after an earlier failure") -> AccountResult:
    """Return the skipped result of what `of` identifies."""
    return AccountResult(
        account=of.account,
        account_id=of.account_id,
        action="skipped",
        access_key=of.access_key,
        created_at=of.created_at,
        why=why,
    )


@dataclass
class Outcome:
    """The whole result of one module call."""

    accounts: list[AccountResult] = field(default_factory=list)
    #: More names at the top of the returned dictionary.
    extra: dict[str, Any] = field(default_factory=dict)
    #: More counts beside those by action.
    totals: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything changed, or in check mode would."""
        return any(result.changed for result in self.accounts)

    @property
    def failures(self) -> list[AccountResult]:
        """The accounts that failed."""
        return [result for result in self.accounts if result.action == "failed"]

    def place(self, **context: str | None) -> None:
        """Fill platform and endpoint into failures that do not know them yet."""
        for result in self.failures:
            for name, value in context.items():
                if result.failure is not None and result.failure.get(name) is None:
                    result.failure[name] = value

    def as_dict(self, diff: bool = False) -> dict[str, Any]:
        """Return the result for exit_json or, when an account failed, for fail_json."""
        counts = Counter(result.action for result in self.accounts)
        returned: dict[str, Any] = {
            "changed": self.changed,
            "accounts": [result.as_dict() for result in self.accounts],
            "totals": {**dict(sorted(counts.items())), **self.totals},
            **self.extra,
        }
        failures = self.failures
        if failures:
            first = failures[0]
            returned["failure"] = first.failure
            returned["msg"] = self._message(first, len(failures))
        if diff:
            changed = [r for r in self.accounts if r.before != r.after]
            returned["diff"] = [
                {
                    "before_header": _title(result),
                    "after_header": _title(result),
                    "before": result.before,
                    "after": result.after,
                }
                for result in changed
            ]
        return returned

    def _message(self, first: AccountResult, count: int) -> str:
        next_step = (first.failure or {}).get("next_step") or ""
        if len(self.accounts) == 1:
            return sentences(first.why, next_step)
        text = f"{count} of {len(self.accounts)} failed; the first: {_title(first)}: {first.why}"
        return sentences(text, next_step)


def _title(result: AccountResult) -> str:
    parts = [part for part in (result.account, result.access_key) if part]
    return " ".join(parts) or "?"
