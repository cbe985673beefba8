# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a list of accounts to their policy: the logic of s3_access_key_rotate.

Each account is first rehearsed on stand-ins (see rehearsal); check mode ends there. What has
nothing to do ends there too. The others get a real turn (see access_key_turns).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from .access_key_search import find_owners
from .access_key_turn import Turn
from .access_key_turns import Turns
from .audit import in_record, unknown
from .bulk import UNSEEN
from .clock import MOST_OFFSET
from .errors import CredentialsError
from .journal import Journal
from .journal_heads import keep_heads
from .model import Account
from .platform import Platform
from .progress import Progress
from .report import Report
from .results import AccountResult, Outcome, failed, skipped
from .rotation_desk import Desk
from .rotation_options import RotateOptions
from .rotation_permit import Permit
from .rotation_plan import Approval, Plan, call_of, document_of, text_of
from .rotation_results import identified
from .selection import Selected, select
from .stores.base import SecretStore, Stored
from .verify import Verifier

if TYPE_CHECKING:
    from .escrow import Escrow

#: What a rehearsal cannot know, unless it is the preflight of a real run.
STORE_NOT_PROVEN = "whether the secret store can be written"
_PAIRS_NOT_TRIED = "whether the S3 service will accept the new pairs"


def rotate_access_keys(
    platform: Platform,
    store: SecretStore,
    verifier: Verifier,
    journal: Journal,
    wanted: RotateOptions,
    *,
    run: str,
    check_mode: bool,
    parallelism: int,
    progress: Progress = UNSEEN,
    escrow: Escrow | None = None,
) -> Outcome:
    """Do what the options ask for, account by account, and return what became of each.

    parallelism: for reading; where keys are replaced in place, turns go one at a time unless the
    operator set it. Raises what concerns the whole endpoint or store, before anything is touched.
    """
    for client in platform.clients:
        client.may_write = Permit.check
    approval, plan_file = _plans(platform, wanted, check_mode)
    info = platform.connect()
    wanted.check(platform.facts)
    _check_clock(platform)
    desk = Desk(platform, store, verifier, journal, platform.client.clock, run, info.scope, escrow)
    selected = _selected(desk, wanted, parallelism, progress)
    turns = [Turn(account, wanted.policy_for(account, platform)) for account in selected.accounts]
    swept, gone = _swept(desk, wanted, selected)
    turns += swept
    job = Turns(desk, wanted, parallelism, progress, approval)
    if wanted.strict and any(result.has_failed for result in selected.missing):
        results = [skipped(identified(turn.account)) for turn in turns]
    else:
        results = job.do(turns, check_mode)
    # Whose a key is cannot be told while an account cannot be looked at; that has its own failure.
    looked_at_all = job.looked_at == len(turns) and not selected.missing and not wanted.searches
    nobody = _nobody(wanted, job.found_compromised) if looked_at_all else []
    outcome = Outcome(accounts=[*selected.missing, *gone, *results, *nobody])
    outcome.totals = {"accounts": len(turns) + len(selected.missing), **selected.totals}
    outcome.extra = {
        "platform_info": platform.described(info),
        "left_out": selected.left_out,
        **_about_run(desk, wanted),
    }
    _fill(outcome, wanted, desk.now())
    outcome.warnings = [*selected.warnings, *_idle(wanted, selected, platform)]
    if approval is not None:
        outcome.extra["plan"] = {"path": approval.plan.path, "sha256": approval.plan.sha256}
        outcome.warnings += _about_plan(approval, [turn.account.name for turn in turns])
    if plan_file is not None:
        plannable = [job.in_window.get(index, result) for index, result in enumerate(results)]
        _write_plan(plan_file, outcome, plannable, desk, wanted)
    if check_mode:
        outcome.extra["to_do"] = job.to_do
        outcome.extra["not_known"] = [STORE_NOT_PROVEN, _PAIRS_NOT_TRIED]
    else:
        outcome.warnings += _keep_head(store, journal)
    return outcome


def _selected(desk: Desk, wanted: RotateOptions, parallelism: int, progress: Progress) -> Selected:
    """Find the accounts: those that the options select, or those that have the compromised keys."""
    if wanted.searches:
        return find_owners(
            desk,
            wanted.policy.compromised,
            wanted.selection.shard,
            lambda stored, name: _left(desk, wanted, stored, name),
            parallelism=parallelism,
            progress=progress,
        )
    return select(
        desk.platform,
        wanted.selection,
        parallelism=parallelism,
        strict=wanted.strict,
        progress=progress,
    )


def _plans(
    platform: Platform, wanted: RotateOptions, check_mode: bool
) -> tuple[Approval | None, Report | None]:
    """Return what an approved plan permits, and where a new one goes. Raises invalid_option."""
    if wanted.write_plan and not check_mode:
        raise CredentialsError(
            "invalid_option",
            "write_plan writes what a rehearsal would do, and this is a real run.",
            next_step="Run it in check mode (--check); then give the file to a real run as plan.",
        )
    approval = None
    if wanted.plan:
        plan = Plan.read(wanted.plan, wanted.plan_hash)
        plan.check_age(platform.client.clock.now(), wanted.plan_max_age)
        approval = Approval(plan, _call(platform, wanted))
    return approval, Report.prepare(wanted.write_plan, "write_plan")


def _call(platform: Platform, wanted: RotateOptions) -> dict[str, Any]:
    shard = wanted.selection.shard
    return call_of(
        platform.name,
        platform.settings.endpoint,
        None if shard.is_whole else str(shard),
        wanted.policy.state,
    )


def _about_plan(approval: Approval, names: list[str]) -> list[str]:
    absent = approval.absent(names)
    if approval.warning or not absent:
        return [approval.warning] if approval.warning else []
    more = f" and {len(absent) - 10} more" if len(absent) > 10 else ""
    return [f"plan: not in this run's list: {', '.join(absent[:10])}{more}."]


def _write_plan(
    file: Report,
    outcome: Outcome,
    results: list[AccountResult],
    desk: Desk,
    wanted: RotateOptions,
) -> None:
    """Write what a rehearsal would do, unless it found that nothing can be done at all."""
    stop = next((each for each in results if each.stops_endpoint), None)
    if stop is not None:
        outcome.warnings.append(f"write_plan: no plan was written: {stop.why}")
        return
    document = document_of(
        _call(desk.platform, wanted),
        results,
        desk.now(),
        wanted.policy.reason,
        wanted.policy.change,
    )
    try:
        file.write_text(text_of(document))
    except OSError as exc:
        raise CredentialsError(
            "invalid_option", f"write_plan: {file.path} could not be written: {exc.strerror}."
        ) from None
    outcome.extra["plan"] = {"path": file.path, "sha256": document["sha256"]}


def _about_run(desk: Desk, wanted: RotateOptions) -> dict[str, Any]:
    """Return what the result says of this run: its name and chain, why it was made, its mirrors."""
    said = {
        "reason": wanted.policy.reason,
        "change": wanted.policy.change,
        "mirrors": list(desk.endpoints[1:]),
    }
    told = {name: value for name, value in said.items() if value}
    return {"journal": desk.journal.head, "run": desk.run, **told}


def _fill(outcome: Outcome, wanted: RotateOptions, now: dt.datetime) -> None:
    """Give every row the names that rows of accounts that were looked at have."""
    for result in outcome.accounts:
        result.extra.setdefault("acknowledged", None)
        if wanted.is_reported and not result.audit:
            result.audit = {**unknown(has_records=True), "policy": wanted.policy.shown(now)}


def _idle(wanted: RotateOptions, selected: Selected, platform: Platform) -> list[str]:
    """Return a warning about policies that name nobody; what was not listed proves nothing."""
    if not wanted.selection.all:
        return []
    left_out = selected.suspended.values()
    names = [each.name for each in (*selected.accounts, *left_out)]
    ids = [each.id for each in (*selected.accounts, *left_out)]
    excluded = [ref.id for ref in wanted.selection.exclude]
    warning = wanted.rules.idle(
        [*names, *selected.excluded], [*ids, *excluded], platform, wanted.selection.shard
    )
    return [warning] if warning else []


def _swept(
    desk: Desk, wanted: RotateOptions, selected: Selected
) -> tuple[list[Turn], list[AccountResult]]:
    """Return turns for records whose account "all" left out, and results where it is gone."""
    turns: list[Turn] = []
    gone: list[AccountResult] = []
    if not (wanted.selection.all and desk.store.is_durable):
        return turns, gone
    listed = {account.name for account in selected.accounts}
    for place in desk.store.places(desk.platform.name, desk.platform.settings.endpoint or ""):
        name = place.account
        if name in listed or name in selected.excluded or not wanted.selection.shard.holds(name):
            continue
        account = selected.suspended.get(name)
        if account is not None:
            policy = dataclasses.replace(
                wanted.policy_for(account, desk.platform),
                may_rotate=False,
                adopt="report",
                force=False,
                rotation_id=None,
                compromised=frozenset(),
            )
            turns.append(Turn(account, policy))
            continue
        try:
            gone.append(_left(desk, wanted, desk.store.read(place), name))
        except CredentialsError as exc:
            gone.append(failed(exc, AccountResult(account=name, action="skipped")))
    return turns, gone


def _left(desk: Desk, wanted: RotateOptions, stored: Stored | None, name: str) -> AccountResult:
    record = stored.record if stored else None
    is_tombstone = record is not None and record.decommission is not None
    result = AccountResult(
        account=name,
        account_id=record.account_id if record else None,
        action="unchanged" if is_tombstone else "skipped",
        access_key=record.current.access_key if record and record.current else None,
        why="its record is a tombstone"
        if is_tombstone
        else "it has left the platform, or cannot be seen any more; its record is still there",
        details={"left": True},
    )
    if wanted.is_reported:
        policy = wanted.policy_for(Account(name, result.account_id), desk.platform)
        result.audit = {**unknown(has_records=True), "policy": policy.shown(desk.now())}
        in_record(desk.platform, record, result.audit)
    return result


def _nobody(wanted: RotateOptions, found: set[str]) -> list[AccountResult]:
    """Return failures for compromised keys that belong to no account of the list."""
    missing = sorted(wanted.policy.compromised - found)
    return [
        failed(
            CredentialsError(
                "not_found",
                f"compromised: {access_key} belongs to none of these accounts; it was not revoked.",
                next_step="Name its account in users, or set all: true; s3_credential_info shows"
                " whose it is.",
            ),
            AccountResult(account=None, action="skipped", access_key=access_key),
        )
        for access_key in missing
    ]


def _keep_head(store: SecretStore, journal: Journal) -> list[str]:
    """Put the head of this run's chain into the secret store; return a warning if that failed."""
    head = journal.head
    if not head.get("lines") or not store.is_durable:
        return []
    try:
        keep_heads(store, [head])
    except CredentialsError as exc:
        why = "other runs keep writing theirs" if exc.kind == "busy" else exc.message
        return [f"The head of the journal's chain was not put into the secret store: {why}"]
    return []


def _check_clock(platform: Platform) -> None:
    offsets = [client.clock_offset or 0.0 for client in platform.clients]
    offset = max(offsets, key=abs)
    if abs(offset) > MOST_OFFSET:
        raise platform.fail(
            "clock_skew",
            f"The clock of {platform.endpoints[offsets.index(offset)] or 'the platform'} is"
            f" {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'}"
            " this machine's: nothing is rotated or retired by dates that cannot be trusted.",
        )
