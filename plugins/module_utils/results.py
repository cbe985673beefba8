# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module gives back: one result per account, totals, and the first failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Optional

from .errors import CredentialsError, sentences
from .visible import LONGEST_MESSAGE, visible

#: The closed list behind C(accounts[].action).
ACTIONS = (
    "created",
    "updated",
    "enabled",
    "disabled",
    "rotated",
    "deleted",
    "resumed",
    "recovered",
    "announced",
    "acknowledged",
    "rolled_back",
    "adopted",
    "decommissioned",
    "rekeyed",
    "copied",
    "delivered",
    "still_used",
    "still_honoured",
    "unmanaged",
    "drifted",
    "busy",
    "unchanged",
    "listed",
    "skipped",
    "failed",
)
#: Actions that changed nothing, at the platform or in a secret store; announcing tells consumers
#: of a key that is there already. What did change something all the same says touched.
QUIET_ACTIONS = (
    "announced",
    "still_used",
    "still_honoured",
    "unmanaged",
    "drifted",
    "busy",
    "unchanged",
    "listed",
    "skipped",
    "failed",
)
#: Actions that fail the task. Another run at work (busy), a key of nobody's (unmanaged) and an
#: account that was not started (skipped) are no failures.
FAILED_ACTIONS = ("failed", "drifted")
#: The most failures, and the most differences, that a result names beside a report file.
MOST_BESIDE_REPORT = 200


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
    #: More names for the file of report_path alone: what an auditor asks.
    audit: dict[str, Any] = field(default_factory=dict)
    #: For diff mode: identifiers and states, never a secret.
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    #: Something changed although the action says failed (a part of it landed, or may have).
    touched: bool = False
    #: Whether this failure concerns every account of the endpoint.
    stops_endpoint: bool = False
    #: Whether all else was done, and only an old key would not end.
    is_old_key_only: bool = False
    #: What a person must mend although this account is well: the task fails by it.
    trouble: dict[str, Any] | None = None

    @property
    def changed(self) -> bool:
        """Whether something changed, or in check mode would."""
        return self.touched or self.action not in QUIET_ACTIONS

    @property
    def has_failed(self) -> bool:
        """Whether it fails the task."""
        return self.action in FAILED_ACTIONS

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
            "why": None if self.why is None else visible(self.why, LONGEST_MESSAGE),
            "details": self.details,
            "failure": self.failure,
            **self.extra,
        }


def failed(exc: CredentialsError, of: AccountResult) -> AccountResult:
    """Return the failed result of what `of` identifies; touched unless nothing happened.

    An error of kind drifted has its own action, and so has busy, which is no failure.
    """
    exc.at(account=of.account)
    return AccountResult(
        account=of.account if of.account is not None else exc.account,
        account_id=of.account_id,
        action=exc.kind if exc.kind in ("busy", "drifted") else "failed",
        access_key=of.access_key,
        created_at=of.created_at,
        why=exc.message,
        failure=None if exc.kind == "busy" else exc.failure(),
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
    #: Something changed, or in check mode would, that belongs to no account.
    touched: bool = False
    #: The accounts were only rehearsed, and not because of check mode.
    is_preflight: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything changed, or in check mode would."""
        if self.is_preflight:
            return False
        return self.touched or any(result.changed for result in self.accounts)

    @property
    def failures(self) -> list[AccountResult]:
        """The accounts that failed."""
        return [result for result in self.accounts if result.has_failed]

    @property
    def trouble(self) -> dict[str, Any] | None:
        """What fails the task where no account failed: a journal that cannot be written."""
        return next((result.trouble for result in self.accounts if result.trouble), None)

    def place(self, **context: str | None) -> None:
        """Fill platform and endpoint into failures that do not know them yet."""
        for failure in [*(result.failure for result in self.failures), self.trouble]:
            for name, value in context.items():
                if failure is not None and failure.get(name) is None:
                    failure[name] = value

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every account as the file of report_path has it, one at a time."""
        return ({**result.as_dict(), **result.audit} for result in self.accounts)

    def as_dict(
        self, diff: bool = False, report_unchanged: bool = True, report_path: Optional[str] = None
    ) -> dict[str, Any]:
        """Return the result for exit_json or, when an account failed, for fail_json.

        report_unchanged false: unchanged accounts are only counted. report_path: every account
        stands in that file, so that only failures (the first ones) and secrets are returned.
        """
        counts = Counter(result.action for result in self.accounts)
        shown = self._shown(report_unchanged, report_path is not None)
        returned: dict[str, Any] = {
            "changed": self.changed,
            "accounts": [result.as_dict() for result in shown],
            "totals": {**dict(sorted(counts.items())), **self.totals},
            **self.extra,
        }
        if report_path is not None:
            returned["report_path"] = report_path
        failures = self.failures
        if failures:
            first = failures[0]
            returned["failure"] = first.failure
            returned["msg"] = self._message(first, len(failures))
        elif (trouble := self.trouble) is not None:
            returned["failure"] = trouble
            returned["msg"] = sentences(trouble["message"], trouble["next_step"])
        if diff:
            differing = [r for r in self.accounts if r.before != r.after]
            most = len(differing) if report_path is None else MOST_BESIDE_REPORT
            returned["diff"] = [
                {
                    "before_header": _title(result),
                    "after_header": _title(result),
                    "before": result.before,
                    "after": result.after,
                }
                for result in differing[:most]
            ]
        return returned

    def _shown(self, unchanged: bool, has_report: bool) -> list[AccountResult]:
        if not has_report:
            return [r for r in self.accounts if unchanged or r.action != "unchanged" or r.touched]
        named = {id(result) for result in self.failures[:MOST_BESIDE_REPORT]}
        # A secret goes nowhere but into the result.
        return [r for r in self.accounts if id(r) in named or r.extra.get("secret_key")]

    def _message(self, first: AccountResult, count: int) -> str:
        next_step = (first.failure or {}).get("next_step") or ""
        why = visible(first.why, LONGEST_MESSAGE)
        if len(self.accounts) == 1:
            return sentences(why, next_step)
        text = f"{count} of {len(self.accounts)} failed; the first: {_title(first)}: {why}"
        return sentences(text, next_step)


def _title(result: AccountResult) -> str:
    """Return what a person knows it by: Ansible prints it as it is."""
    parts = [visible(part) for part in (result.account, result.access_key) if part]
    return " ".join(parts) or "?"
