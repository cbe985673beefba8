# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List accounts and their access keys with age and compliance: the logic of s3_credential_info."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from .bulk import UNSEEN, each
from .clock import iso
from .custody import Custody, held_as
from .journal_findings import add_findings
from .model import ACTIVE, AccessKey, Account
from .platform import Platform
from .progress import Progress
from .record import Record
from .record_summary import UNMANAGED, age_of, summary_of, with_dates
from .results import AccountResult, Outcome, skipped
from .selection import Selection, select
from .stores.base import SecretStore

#: The vocabulary of AWS Config's rule access-keys-rotated, in the words of this collection.
COMPLIANT, NON_COMPLIANT = "compliant", "non_compliant"
NOT_APPLICABLE, INSUFFICIENT_DATA = "not_applicable", "insufficient_data"
#: Seconds; a platform whose Date header is further off is warned about.
MOST_CLOCK_OFFSET = 300.0


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
) -> Outcome:
    """Return every selected account with its keys, never with a secret. Reads only.

    Where listing keys has a side effect and the client does not allow it, the accounts come without
    keys and a warning says so. custody: the record of each account is read too, and tells what it
    holds and what the platform does not: how old a key is.
    """
    info = platform.connect()
    if custody is not None:
        custody.scope = info.scope
    facts = platform.facts
    selected = select(
        platform, selection, parallelism=parallelism, strict=strict, progress=progress
    )
    may_list = facts.shows_access_key and (
        not facts.listing_has_side_effect
        or (platform.client.allow_side_effects and not platform.client.check_mode)
    )

    def look(account: Account) -> AccountResult:
        keys: Sequence[AccessKey] | None = None
        if may_list:
            asks_each = last_used and facts.tells_last_used == "per_key"
            keys = account.listed_keys
            if keys is None or asks_each:
                keys = platform.access_keys(account, last_used=last_used)
        record = custody.record(account) if custody is not None else None
        result = _result(platform, account, keys, record, max_age, last_used)
        if custody is not None:
            result.extra.update(_of_record(platform, record))
            for row in result.extra["access_keys"]:
                row["held"] = held_as(record, row["access_key"])
        return result

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
    outcome = Outcome(accounts=selected.missing + accounts)
    for result in outcome.accounts:
        if result.action in ("failed", "skipped"):
            result.extra = {**_blank(), **({"managed": None, "record": None} if custody else {})}
    outcome.extra = {
        "platform_info": {
            "platform": platform.name,
            "title": platform.title,
            "product": info.product,
            "version": info.version,
            "facts": dataclasses.asdict(facts),
            "details": info.details,
        },
        "left_out": selected.left_out,
    }
    outcome.totals = {**_totals(outcome.accounts), **selected.totals}
    if custody is not None:
        records = [result.extra["record"] for result in outcome.accounts]
        outcome.totals["managed"] = sum(bool(r.extra["managed"]) for r in outcome.accounts)
        outcome.totals["unmanaged"] = sum(
            r is not None and r["state"] == UNMANAGED for r in records
        )
    outcome.warnings = [*selected.warnings, *_warnings(platform, may_list, last_used)]
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


def _result(
    platform: Platform,
    account: Account,
    keys: Sequence[AccessKey] | None,
    record: Record | None,
    max_age: dt.timedelta,
    last_used: bool,
) -> AccountResult:
    rows = [_row(platform, key, max_age, last_used) for key in with_dates(keys or (), record)]
    result = AccountResult(
        account=account.name, account_id=account.id, action="listed", details=account.details
    )
    if keys is None:
        result.why = (
            "this platform shows no access keys"
            if not platform.facts.shows_access_key
            else "its keys were not listed: that has a side effect here"
        )
    result.extra = {
        "enabled": account.enabled,
        "access_keys": rows,
        "compliance": _worst(rows, keys is None),
    }
    if keys is None and record is not None and record.current is not None:
        held = record.current
        key = AccessKey(
            held.access_key or "",
            account,
            created_at=held.created_at,
            expires_at=held.expires_at,
        )
        row = _row(platform, key, max_age, last_used)
        result.extra["compliance"] = row["compliance"]
        result.why = f"{result.why}; by its record: {row['why']}"
    return result


def _of_record(platform: Platform, record: Record | None) -> dict[str, Any]:
    return {
        "managed": record is not None and record.is_managed,
        "record": summary_of(record, platform.client.platform_now()),
    }


def _blank() -> dict[str, Any]:
    return {"enabled": None, "access_keys": [], "compliance": INSUFFICIENT_DATA}


def _row(
    platform: Platform, key: AccessKey, max_age: dt.timedelta, last_used: bool
) -> dict[str, Any]:
    now = platform.client.platform_now()
    age = age_of(key.created_at, now)
    expired = key.expires_at is not None and key.expires_at <= now
    compliance, why = _compliance(key, age, expired, max_age)
    return {
        "access_key": key.access_key,
        "status": key.status,
        "created_at": iso(key.created_at),
        "age": "unknown" if age is None else f"{age.days}d",
        "age_days": None if age is None else age.days,
        "last_used": _last_used(platform, key, last_used),
        "expires_at": iso(key.expires_at),
        "expired": expired,
        "description": key.description,
        "immutable": key.immutable,
        "slot": key.slot,
        "compliance": compliance,
        "why": why,
        "details": key.details,
    }


def _last_used(platform: Platform, key: AccessKey, asked: bool) -> str:
    if key.last_used_at is not None:
        return iso(key.last_used_at) or "unknown"
    told = platform.facts.tells_last_used
    return "never" if told == "listed" or (told == "per_key" and asked) else "unknown"


def _compliance(
    key: AccessKey, age: dt.timedelta | None, expired: bool, max_age: dt.timedelta
) -> tuple[str, str]:
    if key.status != ACTIVE:
        return NOT_APPLICABLE, "inactive"
    if expired:
        return NOT_APPLICABLE, "expired"
    if age is None:
        return INSUFFICIENT_DATA, "the platform tells no creation date"
    if age > max_age:
        return NON_COMPLIANT, f"{age.days} days old; the limit is {_days(max_age)}"
    return COMPLIANT, f"{age.days} days old; the limit is {_days(max_age)}"


def _days(limit: dt.timedelta) -> str:
    return f"{limit.days} days" if limit >= dt.timedelta(days=1) else f"{limit}"


def _worst(rows: Sequence[dict[str, Any]], unlisted: bool) -> str:
    if unlisted:
        return INSUFFICIENT_DATA
    seen = {row["compliance"] for row in rows}
    for verdict in (NON_COMPLIANT, INSUFFICIENT_DATA, COMPLIANT):
        if verdict in seen:
            return verdict
    return NOT_APPLICABLE


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


def _warnings(platform: Platform, may_list: bool, last_used: bool) -> list[str]:
    facts = platform.facts
    warnings = []
    offset = platform.client.clock_offset or 0.0
    if abs(offset) > MOST_CLOCK_OFFSET:
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
