# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List accounts and their access keys with age and compliance: the logic of s3_credential_info."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .audit import (
    COMPLIANT,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    audited,
    in_record,
    unknown,
)
from .bulk import UNSEEN, each
from .clock import MOST_OFFSET
from .custody import Call as StoreCall
from .custody import Custody, in_custody
from .journal_findings import add_findings
from .model import ACTIVE, AccessKey, Account
from .options import ArgumentSpec, parse_duration
from .platform import Platform
from .progress import Progress
from .record import Record
from .record_summary import UNMANAGED
from .results import AccountResult, Outcome, skipped
from .rotation_known import known_to
from .rotation_policy import Policy
from .rotation_rules import AccountRules
from .selection import SPEC as SELECTION
from .selection import Selection, select
from .store_registry import secret_store_spec
from .stores.base import SecretStore

SPEC = SELECTION | ArgumentSpec(
    {
        "max_age": {"type": "str", "default": "90d"},
        "policies": {"type": "list", "elements": "raw", "default": []},
        "last_used": {"type": "bool", "default": False},
        "allow_side_effects": {"type": "bool", "default": False},
        "strict": {"type": "bool", "default": False},
        "journal": {"type": "path"},
        "secret_store": secret_store_spec(),
    }
)


class Call(StoreCall, Protocol):
    """What the front gives to an operation."""

    progress: Progress


def audit(call: Call) -> Outcome:
    """List the accounts that the options select, and check the journal. Reads only."""
    params = call.params

    def listed(custody: Custody | None) -> Outcome:
        outcome = list_credentials(
            call.platform,
            Selection.parse(params),
            max_age=parse_duration(params["max_age"], "max_age"),
            last_used=params["last_used"],
            parallelism=call.parallelism,
            strict=params["strict"],
            progress=call.progress,
            custody=custody,
            rules=AccountRules.parse({"policies": params["policies"]}),
        )
        store = custody.store if custody else None
        return check_journal(outcome, call.platform, params["journal"], store)

    return in_custody(call, listed, reads_only=True)


def list_credentials(
    platform: Platform,
    selection: Selection,
    *,
    max_age: dt.timedelta,
    last_used: bool,
    parallelism: int,
    strict: bool = False,
    progress: Progress = UNSEEN,
    custody: Custody | None = None,
    rules: AccountRules | None = None,
) -> Outcome:
    """Return every selected account with its keys, never with a secret. Reads only.

    Where listing keys has a side effect and the client does not allow it, the accounts come without
    keys and a warning says so. custody: the record of each account is read too, and tells what it
    holds and what the platform does not: how old a key is. rules: what is said of single accounts.
    """
    info = platform.connect()
    if custody is not None:
        custody.scope = info.scope
    selected = select(
        platform, selection, parallelism=parallelism, strict=strict, progress=progress
    )
    look = _Look(platform, custody, rules or AccountRules(), max_age, last_used)
    if any(r.stops_endpoint or (strict and r.action == "failed") for r in selected.missing):
        accounts = [skipped(_identified(account)) for account in selected.accounts]
    else:
        progress.begin(len(selected.accounts))
        accounts = each(
            selected.accounts,
            look,
            _identified,
            parallelism=parallelism,
            strict=strict,
            progress=progress,
        )
        progress.end()
    results = selected.missing + accounts
    for result in results:
        look.complete(result)
    outcome = Outcome(accounts=results)
    outcome.extra = {
        "platform_info": platform.described(info),
        "left_out": selected.left_out,
    }
    outcome.totals = {**_totals(results), **selected.totals}
    if custody is not None:
        outcome.totals.update(_totals_of_records(results))
    outcome.warnings = [*selected.warnings, *_warnings(platform, look.may_list, last_used)]
    return outcome


def check_journal(
    outcome: Outcome, platform: Platform, path: str | None, store: SecretStore | None
) -> Outcome:
    """Add to an outcome what is found of the endpoint's chains in a journal. Reads only.

    With a secret store the chains are compared with the heads that it keeps; without, each is only
    checked by itself.
    """
    if path is None:
        return outcome
    return add_findings(outcome, path, store, platform.name, platform.settings.endpoint)


def _identified(account: Account) -> AccountResult:
    return AccountResult(account=account.name, account_id=account.id, action="skipped")


class _Look:
    """What is seen of one account after the other, and held against its policy. Reads only."""

    def __init__(
        self,
        platform: Platform,
        custody: Custody | None,
        rules: AccountRules,
        max_age: dt.timedelta,
        last_used: bool,
    ) -> None:
        facts, client = platform.facts, platform.client
        self._platform = platform
        self._custody = custody
        self._rules = rules
        self._max_age = max_age
        self._last_used = last_used
        self._asks_each = last_used and facts.tells_last_used == "per_key"
        #: Whether keys can be listed, without a side effect or with leave for it.
        self.may_list = facts.shows_access_key and (
            not facts.listing_has_side_effect
            or (client.allow_side_effects and not client.check_mode)
        )

    def __call__(self, account: Account) -> AccountResult:
        """Return an account with its keys, and what its record says."""
        platform = self._platform
        keys: Sequence[AccessKey] | None = None
        record = self._custody.record(account) if self._custody is not None else None
        if self.may_list:
            keys = account.listed_keys
            if keys is None or self._asks_each:
                keys = platform.access_keys(known_to(account, record), last_used=self._last_used)
        changes = self._changes(account)
        limit = changes.get("max_age", self._max_age)
        result = self._result(account, keys, record, limit)
        result.audit["policy"] = self._policy(changes)
        if self._custody is not None:
            in_record(platform, record, result.extra)
        return result

    def complete(self, result: AccountResult) -> None:
        """Say what rule an account falls under of which nothing was seen."""
        if result.action in ("failed", "skipped"):
            result.extra = unknown(self._custody is not None)
            account = Account(result.account or "", result.account_id)
            result.audit["policy"] = self._policy(self._changes(account))
        if self._rules.rules:
            result.extra["policy"] = result.audit["policy"]

    def _changes(self, account: Account) -> Mapping[str, Any]:
        rule = self._rules.of(account, self._platform)
        return rule.changes if rule is not None else {}

    def _policy(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the policy of an account as far as it is known here: periods are a rotation's."""
        policy = dataclasses.replace(Policy(max_age=self._max_age), **changes).shown(
            self._platform.client.platform_now()
        )
        unknown_here = {name for name in ("grace_period", "soak_period") if name not in changes}
        return {name: None if name in unknown_here else value for name, value in policy.items()}

    def _result(
        self,
        account: Account,
        keys: Sequence[AccessKey] | None,
        record: Record | None,
        max_age: dt.timedelta,
    ) -> AccountResult:
        result = AccountResult(
            account=account.name, account_id=account.id, action="listed", details=account.details
        )
        result.extra, by_record = audited(
            self._platform, account, keys, record, max_age=max_age, last_used=self._last_used
        )
        if keys is None:
            result.why = (
                "this platform shows no access keys"
                if not self._platform.facts.shows_access_key
                else "its keys were not listed: that has a side effect here"
            )
            if by_record is not None:
                result.why = f"{result.why}; {by_record}"
        return result


def _totals(results: Sequence[AccountResult]) -> dict[str, int]:
    rows = [row for result in results for row in result.extra["access_keys"]]
    totals = {
        "accounts": len(results),
        "access_keys": len(rows),
        "active": sum(row["status"] == ACTIVE for row in rows),
        "inactive": sum(row["status"] != ACTIVE for row in rows),
    }
    for verdict in (COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA):
        totals[verdict] = sum(result.extra["compliance"] == verdict for result in results)
    return totals


def _totals_of_records(results: Sequence[AccountResult]) -> dict[str, int]:
    states = [(result.extra["record"] or {}).get("state") for result in results]
    return {
        "managed": sum(bool(result.extra["managed"]) for result in results),
        "unmanaged": states.count(UNMANAGED),
    }


def _warnings(platform: Platform, may_list: bool, last_used: bool) -> list[str]:
    facts = platform.facts
    warnings = []
    offset = platform.client.clock_offset or 0.0
    if abs(offset) > MOST_OFFSET:
        warnings.append(
            f"The platform's clock is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'}"
            " this machine's: ages and expiries go by the platform's and may be wrong."
        )
    if facts.shows_access_key and not may_list:
        why = (
            "check mode never does that"
            if platform.client.check_mode
            else "set allow_side_effects: true if you accept that"
        )
        warnings.append(
            f"Access keys were not listed: on this {platform.title} a listing can itself make a"
            f" key; {why}."
        )
    if last_used and facts.tells_last_used == "no":
        warnings.append(f"{platform.title} does not tell when a key was last used.")
    if facts.shows_access_key and not facts.listing_is_proof:
        warnings.append(
            f"This {platform.title} answers errors with empty lists: an account listed without keys"
            " may have some."
        )
    return warnings
