# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring ONTAP S3 users to a wanted state: the logic of ontap_s3_user.

Every user is looked at, planned and checked before the first is touched. What a call would make or
end without having been told so refuses the whole call.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..bulk import UNSEEN, each
from ..clock import iso
from ..errors import CredentialsError
from ..model import Account, AccountRef, Issued
from ..options import split_hint
from ..progress import Progress
from ..results import AccountResult, Outcome, failed, skipped
from ..selection import LOOK_UP_AT_MOST
from ..shard import WHOLE, Shard
from . import ontap_rows as rows
from . import ontap_writes as writes
from .ontap import Ontap
from .ontap_custody import NEW_KEY, Keeping
from .ontap_plans import Plan, Wanted, check, plan_for, refusal
from .ontap_shown import row_of, rows_of, state_of


def set_users(
    platform: Ontap,
    wanted: Wanted,
    *,
    check_mode: bool,
    parallelism: int,
    progress: Progress = UNSEEN,
    shard: Shard = WHOLE,
    keeping: Keeping | None = None,
) -> Outcome:
    """Bring the users to the wanted state; one result per user, in the order given.

    Users of other shards are left out and counted. keeping: keys are made into the records of a
    secret store, and what those hold is not ended.

    Creates, changes or deletes users, regenerates or deletes their keys, at most one write per user
    and kind of change. In check mode it only reads, and says what it would do. Raises
    invalid_option and unsupported for the call as a whole.
    """
    check(wanted)
    names = tuple(name for name in wanted.names if shard.holds(name))
    elsewhere = len(wanted.names) - len(names)
    totals = {"other_shards": elsewhere} if elsewhere else {}
    wanted = dataclasses.replace(wanted, names=names)
    platform.connect()
    _check_release(platform, wanted)
    if keeping is not None:
        keeping.connected()
    job = _Job(platform, wanted, check_mode, keeping)
    results = job.look(parallelism)
    stopped = any(r.stops_endpoint or (wanted.strict and r.action == "failed") for r in results)
    refused = {} if stopped else job.refusals()
    if stopped or refused:
        return Outcome([job.untouched(result, refused) for result in results], {}, totals)
    todo = [result.account or "" for result in results if result.action == "unchanged"]
    if keeping is not None and not check_mode and job.will_keep():
        keeping.prove_writable()
    progress.begin(len(todo), "users")
    changed = each(
        todo,
        job.change,
        _blank,
        parallelism=parallelism,
        strict=wanted.strict,
        progress=progress,
    )
    progress.end()
    changed = job.prove_comments(changed)
    by_name = {result.account: result for result in changed}
    return Outcome([by_name.get(result.account, result) for result in results], {}, totals)


def _check_release(platform: Ontap, wanted: Wanted) -> None:
    """Raise for what this release or this S3 service does not permit."""
    platform.require_choice(wanted.pair)
    platform.require_slot(wanted.key_id)
    if wanted.delete_keys and not platform.facts.can_delete:
        raise platform.unsupported(
            "delete the key of a user", f"it can from 9.14.1 on, and this is {platform.dotted}"
        )
    lifetime, most = wanted.lifetime, platform.longest_lifetime
    if lifetime is None:
        return
    if platform.release < rows.LIFETIME:
        raise platform.unsupported(
            "give a key a lifetime", f"it can from 9.14.1 on, and this is {platform.dotted}"
        )
    if most and not rows.NEVER_EXPIRES < lifetime <= most:
        code = "92406196" if lifetime else "92406197"
        raise platform.fail(
            "invalid_option",
            "key_time_to_live: the S3 service of this SVM permits no more than"
            f" {rows.to_iso_duration(most)} (max_key_time_to_live), and"
            f" {rows.to_iso_duration(lifetime) if lifetime else 'a key that never expires'}"
            " is more.",
            next_step=rows.NEXT_STEP_BY_CODE[code],
            code=code,
        )


def _blank(name: str) -> AccountResult:
    return AccountResult(account=name, action="unchanged")


class _Job:
    """One call: what was seen, what is planned, and the doing of it."""

    def __init__(
        self, platform: Ontap, wanted: Wanted, check_mode: bool, keeping: Keeping | None
    ) -> None:
        self._platform = platform
        self._wanted = wanted
        self._check_mode = check_mode
        self._keeping = keeping
        self._held: dict[str, CredentialsError] = {}
        self._names = wanted.names
        self._seen: dict[str, Account | None] = {}
        self._plans: dict[str, Plan] = {}
        #: Whether plans were made from a listing, which grows old while a long list is worked on.
        self._from_listing = len(wanted.names) > LOOK_UP_AT_MOST
        self._listed: dict[str, Account] | None = None
        #: Users whose comment was answered with success and not looked at yet.
        self._believed: set[str] = set()

    # --- before anything is touched -------------------------------------------------------------

    def look(self, parallelism: int) -> list[AccountResult]:
        """Read every user and plan for it; a result per user, failed where that cannot be."""
        if self._from_listing:
            self._listing()
        results = each(
            self._names, self._look_at, _blank, parallelism=parallelism, strict=self._wanted.strict
        )
        for name in self._names:
            if self._check_mode and self._plans.get(name) and self._plans[name].create:
                self._refuse_twin(name, results)
        return results

    def _look_at(self, name: str) -> AccountResult:
        self._seen[name] = seen = self._read(name, fresh=False)
        try:
            self._plans[name] = self._plan(name, seen)
        except CredentialsError as exc:
            if exc.kind != "held_by_record":
                raise
            self._held[name] = exc
        return _blank(name)

    def _read(self, name: str, fresh: bool) -> Account | None:
        if self._from_listing and not fresh:
            return self._listing().get(name)
        try:
            return self._platform.account(AccountRef(name=name))
        except CredentialsError as exc:
            if exc.kind == "not_found":
                return None
            raise

    def _listing(self) -> dict[str, Account]:
        if self._listed is None:
            self._listed = {account.name: account for account in self._platform.accounts()}
        return self._listed

    def _plan(self, name: str, seen: Account | None) -> Plan:
        try:
            plan = plan_for(self._platform, self._wanted, name, seen)
            return plan if self._keeping is None else self._keeping.planned(plan)
        except CredentialsError as exc:
            if exc.kind == "not_found":
                exc.message += split_hint(list(self._names), name)
            raise

    def _refuse_twin(self, name: str, results: list[AccountResult]) -> None:
        """Foresee that a name is taken in other case; without check mode ONTAP says so itself."""
        for other in self._listing():
            if other != name and other.casefold() == name.casefold():
                exc = self._platform.fail(
                    "conflict",
                    f"There is a user {other!r}, and ONTAP compares names without regard to case:"
                    f" {name!r} could not be created beside it.",
                    account=name,
                    next_step="Write the name as it is, or choose another.",
                    code="1",
                )
                results[self._names.index(name)] = failed(exc, _blank(name))
                del self._plans[name]
                return

    def refusals(self) -> dict[str, CredentialsError]:
        """Return the users for which the call would make or end a key without having been told."""
        found = dict(self._held)
        for name, plan in self._plans.items():
            exc = refusal(self._platform, self._wanted, plan)
            if exc:
                found[name] = exc
        return found

    def untouched(
        self, result: AccountResult, refused: dict[str, CredentialsError]
    ) -> AccountResult:
        """Return the result of a user in a call that stopped before anything was touched."""
        name = result.account or ""
        if name in refused:
            return failed(refused[name], _blank(name))
        if result.action != "unchanged":
            return result
        plan = self._plans.get(name)
        if plan and plan.action == "unchanged":
            return self._result(plan, plan.before)
        return skipped(
            result, "nothing was touched: another user of this call failed or was refused"
        )

    # --- the change -----------------------------------------------------------------------------

    def will_keep(self) -> bool:
        """Tell whether a pair will be put into the secret store."""
        return any(plan.makes for plan in self._plans.values())

    def change(self, name: str) -> AccountResult:
        """Carry out the plan of one user, or in check mode say what it is."""
        plan = self._plans[name]
        if plan.action == "unchanged":
            return self._result(plan, plan.before)
        keeping = self._keeping
        if self._check_mode and not (keeping and plan.makes):
            return self._predicted(plan)
        ends_something = plan.delete_user or plan.delete_key or plan.make_key
        if self._from_listing and not (plan.create or self._check_mode) and ends_something:
            # The listing may be old by now: what is ended or overwritten is looked at once more.
            plan = self._plan(name, self._read(name, fresh=True))
            exc = refusal(self._platform, self._wanted, plan)
            if exc:
                raise exc
        if keeping is None or not (plan.makes or plan.delete_user or plan.delete_key):
            return self._carry_out(plan)
        if plan.makes:
            return keeping.make(plan)
        with keeping.guarding(plan):
            return self._carry_out(plan)

    def _carry_out(self, plan: Plan) -> AccountResult:
        wanted, platform = self._wanted, self._platform
        if plan.action == "unchanged":
            return self._result(plan, plan.before)
        if plan.delete_user:
            try:
                writes.delete_user(platform, plan.name)
            except CredentialsError as exc:
                if exc.kind != "not_found":
                    raise
            return self._result(plan, None)
        if plan.create or plan.before is None:
            issued = writes.create_user(
                platform,
                plan.name,
                comment=wanted.comment,
                pair=wanted.pair,
                lifetime=wanted.lifetime,
            )
            made = Account(name=plan.name, details={"comment": wanted.comment or ""})
            return self._received(plan, made, issued)
        now = plan.before
        made_key: Issued | None = None
        if plan.comment is not None:
            # First and in a call of its own: with regenerate_keys in it, ONTAP may answer that the
            # keys are new and the comment is not, without telling the keys.
            alone = not (plan.delete_key or plan.make_key)
            believe = alone and self._from_listing
            now = writes.set_comment(platform, now, plan.comment, look=not believe)
            if believe:
                self._believed.add(plan.name)
        try:
            if plan.delete_key:
                now = writes.delete_key(platform, plan.delete_key)
            elif plan.make_key:
                made_key = writes.make_key(platform, now, plan.slot, wanted.pair, wanted.lifetime)
        except CredentialsError as exc:
            if plan.comment is not None and exc.landed is False:
                exc.landed = True
                exc.message = f"The comment was set; then: {exc.message}"
            raise
        return self._received(plan, now, made_key) if made_key else self._result(plan, now)

    def prove_comments(self, results: list[AccountResult]) -> list[AccountResult]:
        """Read back the comments that change() set without a look: one listing for all of them."""
        believed = self._believed
        if not believed:
            return results
        try:
            shown = {account.name: account for account in self._platform.accounts()}
        except Exception as exc:  # secrets of keys made in this call must come through
            why = exc if isinstance(exc, CredentialsError) else CredentialsError.internal(exc)
            why.message = f"The comments were set, but not read back: {why.message}"
            why.landed = True
            return [failed(why.again(), r) if r.account in believed else r for r in results]
        return [
            self._proven(r, shown.get(r.account or "")) if r.account in believed else r
            for r in results
        ]

    def _proven(self, result: AccountResult, now: Account | None) -> AccountResult:
        wanted = self._wanted.comment
        if now is None or wanted is None or now.details["comment"] == wanted:
            return result
        return failed(writes.comment_not_set(self._platform, now), result)

    # --- results --------------------------------------------------------------------------------

    def _predicted(self, plan: Plan) -> AccountResult:
        before = plan.before
        if plan.delete_user:
            return self._result(plan, None)
        comment = self._wanted.comment if plan.create else plan.comment
        if comment is None:
            comment = before.details["comment"] if before else ""
        keys = list(before.listed_keys or ()) if before else []
        if plan.delete_key:
            keys = [key for key in keys if key.access_key != plan.delete_key.access_key]
        after = Account(name=plan.name, details={"comment": comment}, listed_keys=tuple(keys))
        return self._result(plan, after)

    def _received(self, plan: Plan, now: Account, issued: Issued) -> AccountResult:
        """Return the result of a key that was made. Never raises: its pair must come through."""
        try:
            return self._result(plan, now, issued)
        except Exception as exc:  # a defect in the telling must not lose what was received
            why = f"{plan.why}; {CredentialsError.internal(exc).message}"
            result = AccountResult(account=plan.name, action=plan.action, why=why)
            result.access_key = issued.pair.access_key if issued.pair else None
            if self._wanted.return_secret:
                result.extra["secret_key"] = self._secret(issued)
            return result

    def _secret(self, issued: Issued | None) -> str | None:
        """Return the secret key that only ONTAP knew so far."""
        given = self._wanted.pair is not None
        return issued.pair.secret_key if issued and issued.pair and not given else None

    def _result(
        self, plan: Plan, now: Account | None, issued: Issued | None = None
    ) -> AccountResult:
        """Return the result of a plan; now: the user afterwards, None when it is gone."""
        wanted, before = self._wanted, plan.before
        result = AccountResult(account=plan.name, action=plan.action, why=plan.why)
        result.before = state_of(before, rows_of(before.listed_keys or ()) if before else [])
        keys = rows_of(now.listed_keys or ()) if now else []
        if plan.makes:
            shown = self._new_row(plan, issued)
            keys = [
                row for row in keys if plan.slot is not None and (row["key_id"] or 1) != plan.slot
            ]
            keys = sorted([*keys, shown], key=lambda row: row["key_id"] or 0)
            result.access_key = shown["access_key"]
            result.created_at = iso(issued.created_at) if issued else None
        elif now and now.listed_keys:
            first = now.listed_keys[0]
            result.access_key, result.created_at = first.access_key, iso(first.created_at)
        ended = plan.replaces or plan.delete_key
        result.previous_access_key = ended.access_key if ended else None
        result.details = {
            "comment": now.details["comment"] if now else None,
            "access_keys": keys,
        }
        result.after = state_of(
            now, [{**row, "access_key": row["access_key"] or NEW_KEY} for row in keys]
        )
        if wanted.return_secret:
            result.extra["secret_key"] = self._secret(issued)
        return result

    def _new_row(self, plan: Plan, issued: Issued | None) -> dict[str, Any]:
        wanted = self._wanted
        chosen = wanted.pair.access_key if wanted.pair else None
        if issued is None or issued.pair is None:
            lifetime = wanted.lifetime
            if lifetime is None and self._platform.release >= rows.LIFETIME:
                before = plan.before or Account(plan.name)
                lifetime = writes.kept_lifetime(self._platform, before, plan.slot)
            text = rows.to_iso_duration(lifetime) if lifetime else None
            return row_of(chosen, plan.slot, text, None)
        return row_of(
            issued.pair.access_key,
            issued.slot,
            issued.details.get("key_time_to_live"),
            iso(issued.expires_at),
        )
