# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enable or disable access keys, set descriptions: the state logic of s3_credential_status."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .bulk import UNSEEN, each, each_group
from .clock import iso
from .custody import Custody, held_by_record
from .errors import KINDS, CredentialsError, missing
from .model import ACTIVE, INACTIVE, AccessKey, AccountRef
from .pacing import waits
from .platform import Platform
from .progress import Progress
from .record_summary import CURRENT, PENDING, RETIRING, UNKNOWN, held_as
from .results import AccountResult, Outcome, skipped
from .rotation_case import Case
from .shard import WHOLE, Shard


@dataclass(frozen=True)
class Wanted:
    """The state that the access keys shall have; None leaves a side of it alone."""

    access_keys: Sequence[str]
    user: str | None
    status: str | None
    description: str | None
    allow_disruption: bool
    strict: bool = False


def set_credential_status(
    platform: Platform,
    wanted: Wanted,
    *,
    check_mode: bool,
    parallelism: int,
    progress: Progress = UNSEEN,
    shard: Shard = WHOLE,
    custody: Custody | None = None,
) -> Outcome:
    """Bring the access keys to the wanted state; one result per key, in the order given.

    Keys of accounts of other shards are left out and counted. custody: the status of a key that a
    record holds is changed through that record, and of its current and pending keys not ended.

    Looks at every key before it writes the first, and works on the keys of one account one after
    the other, so that two of them cannot each count on the other staying active.
    """
    _refuse_what_cannot_be(platform, wanted)
    info = platform.connect()
    _refuse_what_cannot_be(platform, wanted)
    if custody is not None:
        custody.scope = info.scope
    progress.begin(None, "looking up access keys")
    found, everywhere = _looked_up(platform, wanted, parallelism)
    looked = [r for r in everywhere if r.stops_endpoint or shard.holds(_belonging(r))]
    elsewhere = len(everywhere) - len(looked)
    totals = {"other_shards": elsewhere} if elsewhere else {}
    if any(r.stops_endpoint or (wanted.strict and r.has_failed) for r in looked):
        return Outcome([r if r.action != "unchanged" else skipped(r) for r in looked], {}, totals)
    progress.begin(len(found), "access keys")
    changed = each_group(
        _by_account(found, [result.access_key or "" for result in looked]),
        _Change(platform, wanted, check_mode, custody),
        _identified,
        parallelism=parallelism,
        strict=wanted.strict,
        progress=progress,
    )
    progress.end()
    by_key = {result.access_key: result for result in changed}
    return Outcome([by_key.get(result.access_key, result) for result in looked], {}, totals)


def _looked_up(
    platform: Platform, wanted: Wanted, parallelism: int
) -> tuple[dict[str, AccessKey], list[AccountResult]]:
    """Return the keys that were found, and what became of each look, in order. Reads only."""
    ref = AccountRef.parse(wanted.user) if wanted.user else None
    found: dict[str, AccessKey] = {}

    def look(access_key: str) -> AccountResult:
        try:
            found[access_key] = platform.find_access_key(access_key, ref)
        except CredentialsError as exc:
            if exc.kind == "not_found" and exc.next_step == KINDS["not_found"].next_step:
                exc.next_step = "Check it, and list the keys with s3_credential_info."
            raise
        return _identified(found[access_key])

    looked = each(
        list(dict.fromkeys(wanted.access_keys)),
        look,
        lambda name: AccountResult(account=wanted.user, action="skipped", access_key=name),
        parallelism=parallelism,
        strict=wanted.strict,
    )
    return found, looked


def _belonging(result: AccountResult) -> str:
    """Return what a shard goes by: the account, or the key itself where nobody has it."""
    return (not result.has_failed and result.account) or result.access_key or ""


def _identified(key: AccessKey) -> AccountResult:
    return AccountResult(
        account=key.account.name,
        account_id=key.account.id,
        action="unchanged",
        access_key=key.access_key,
        created_at=iso(key.created_at),
    )


def _refuse_what_cannot_be(platform: Platform, wanted: Wanted) -> None:
    """Raise unsupported for the whole call; asked before and after the facts are refined."""
    facts = platform.facts
    if wanted.status is not None and not facts.can_disable:
        raise platform.unsupported("disable or enable an access key", facts.cannot_disable_because)
    if wanted.description is not None and not facts.has_description:
        raise platform.unsupported(
            "describe an access key",
            facts.cannot_describe_because or "its keys have no description",
        )


def _by_account(found: dict[str, AccessKey], names: Sequence[str]) -> list[list[AccessKey]]:
    groups: dict[object, list[AccessKey]] = {}
    for name in names:
        if name in found:
            key = found[name]
            groups.setdefault((key.account.id, key.account.name), []).append(key)
    return list(groups.values())


class _Change:
    """Brings one key to the wanted state; remembers what it disabled, for the last-active rule."""

    def __init__(
        self, platform: Platform, wanted: Wanted, check_mode: bool, custody: Custody | None
    ) -> None:
        self._platform = platform
        self._wanted = wanted
        self._check_mode = check_mode
        self._custody = custody
        self._disabled: set[str] = set()

    def __call__(self, key: AccessKey) -> AccountResult:
        if self._custody is None or self._wanted.status in (None, key.status):
            return self._bring(key, None)
        # A lease for every key, held or not: a rotation may just be taking the account over.
        with self._custody.turn(key.account) as case:
            if not self._check_mode:
                key = self._platform.find_access_key(key.access_key, _ref_of(key))
            case.see([key])
            return self._bring(key, case)

    def _bring(self, key: AccessKey, case: Case | None) -> AccountResult:
        wanted = self._wanted
        status = wanted.status if wanted.status != key.status else None
        described = wanted.description
        description = described if described != (key.description or "") else None
        result = _identified(key)
        result.why = "already as wanted"
        result.before = _state(key)
        result.after = {**result.before}
        result.details = {**key.details, **result.before}
        if status is None and description is None:
            return result
        held = held_as(case.record, key.access_key) if case is not None else UNKNOWN
        self._refuse_immutable(key)
        if case is not None and status is not None:
            _refuse_held(self._platform, case, key, status, held)
        if status == INACTIVE and not self._wanted.allow_disruption:
            if case is not None and held == RETIRING:
                _refuse_unless_current_works(self._platform, case, key)
            else:
                _refuse_the_last_active(self._platform, key, self._disabled)
        if status is not None:
            result.action = "disabled" if status == INACTIVE else "enabled"
            result.after["status"] = status
        else:
            result.action = "updated"
        if description is not None:
            result.after["description"] = description
        if status == INACTIVE:
            # Noted before the call: after a lost answer it must not count as active either.
            self._disabled.add(key.access_key)
        if self._check_mode:
            result.why = "would be changed"
            result.details.update(result.after)
            return result
        now, result.why = key, "changed"
        if case is not None and status is not None and held != UNKNOWN:
            now = _set_through_record(case, key, status)
            result.why, status = "changed, and its record says so", None
        if status is not None or description is not None:
            now = _set_and_see(self._platform, now, status, description)
        result.details.update(now.details, **_state(now))
        return result

    def _refuse_immutable(self, key: AccessKey) -> None:
        if key.immutable:
            raise self._platform.fail(
                "immutable",
                f"{key.access_key} of {key.account.name} is immutable: the platform keeps it for"
                " itself.",
                account=key.account.name,
                alive=f"{key.access_key} ({key.status})",
            )


def _refuse_held(platform: Platform, case: Case, key: AccessKey, status: str, held: str) -> None:
    """Raise held_by_record for a change that would contradict what the record is for."""
    record, name = case.record, key.account.name
    what = next_step = ""
    mark = record.retiring_key(key.access_key)
    if held == CURRENT:
        mark = record.current
    if held == PENDING:
        what = f"{key.access_key} belongs to a rotation of {name} that is not finished."
        next_step = "Run s3_access_key_rotate for this account: it finishes what is open."
    elif held == CURRENT and status == INACTIVE:
        what = f"{key.access_key} is the current key of {name}: whoever reads the record uses it."
        next_step = (
            "Use s3_access_key_rotate: compromised with reason replaces it and revokes it, state:"
            " rolled_back goes back to the key before, state: decommissioned ends the account."
        )
    elif status == ACTIVE and mark is not None and mark.compromised is not None:
        what = f"{key.access_key} of {name} is compromised ({mark.compromised}): it stays off."
        next_step = "Run s3_access_key_rotate for this account: it gets another key."
    elif status == ACTIVE and held == RETIRING and record.decommission is not None:
        what = f"{name} is being decommissioned: {key.access_key} stays off."
        next_step = "If the account shall live on, move its record away first."
    if what:
        alive = f"{key.access_key} ({key.status})"
        raise held_by_record(platform, name, what, next_step, alive)


def _refuse_unless_current_works(platform: Platform, case: Case, key: AccessKey) -> None:
    """An old key ends while the current one is seen active beside it; then nothing is cut off."""
    current = case.record.current
    if current is not None and current.access_key is not None:
        try:
            shown = platform.find_access_key(current.access_key, _ref_of(key))
        except CredentialsError as exc:
            if exc.kind != "not_found":
                raise
        else:
            if shown.status == ACTIVE and not _has_expired(platform, shown):
                return
    raise platform.fail(
        "disruption_refused",
        f"{key.access_key} of {key.account.name} is retiring, but the record's current key"
        f" {current.access_key if current else '(none)'} is not seen active: disabling"
        f" {key.access_key} may cut off every client of that account.",
        account=key.account.name,
        alive=f"{key.access_key} ({key.status})",
    )


def _set_through_record(case: Case, key: AccessKey, status: str) -> AccessKey:
    """Enable or disable a key that the record holds: its intent before, what came of it after.

    So the soak of a disabled key counts from here, and the grace period of an enabled one anew.
    """
    access_key, desk = key.access_key, case.desk
    action = "disable" if status == INACTIVE else "enable"
    try:
        now = case.change_key(action, access_key, "operator")
    except CredentialsError as exc:
        if exc.landed is not False:
            exc.next_step = (
                "Its intent is on record. Run the same task again, or s3_access_key_rotate: either"
                " finds out what became of it."
            )
        raise
    record, moment = case.record, desk.now()
    old = record.retiring_key(access_key)
    if old is None:
        if record.current is None:
            raise missing("record.current")
        current = dataclasses.replace(record.current, disabled_at=None, disabled_in=None)
        record = dataclasses.replace(record, current=current)
    elif status == INACTIVE:
        seen = dataclasses.replace(old, disabled_at=moment, disabled_in=desk.run)
        record = record.with_retiring(seen)
    else:
        again = dataclasses.replace(
            old, disabled_at=None, disabled_in=None, honoured_at=None, retiring_since=moment
        )
        record = record.with_retiring(again)
    try:
        case.save(dataclasses.replace(record, intent=None), f"{action}d", access_key=access_key)
    except CredentialsError as exc:
        exc.message = (
            f"{access_key} was {action}d, and its record does not say so yet: {exc.message}"
        )
        exc.landed = True
        raise
    return now or key


def _set_and_see(
    platform: Platform, key: AccessKey, status: str | None, description: str | None
) -> AccessKey:
    """Write, and believe only what the platform then shows."""
    try:
        now = platform.set_access_key(key, status, description)
    except CredentialsError as exc:
        if exc.landed is False:
            raise
        # The answer was lost: a look tells whether the change happened, where it is shown at once.
        try:
            for wait in waits(platform.facts.listing_lag):
                now = platform.find_access_key(key.access_key, _ref_of(key))
                if _is(now, status, description):
                    break
                platform.client.clock.sleep(wait)
        except CredentialsError:
            raise exc from None
        if not _is(now, status, description):
            exc.alive = f"{now.access_key} ({now.status})"
            exc.next_step = (
                "The change may still take effect. Wait a minute, then run the same task again."
            )
            raise exc from None
    if not _is(now, status, description):
        raise platform.fail(
            "unsupported",
            f"{platform.title} answered success, but {key.access_key} is still {now.status}"
            + (f" with description {now.description!r}" if description is not None else "")
            + ".",
            account=key.account.name,
            alive=f"{now.access_key} ({now.status})",
            landed=None,
        )
    return now


def _is(key: AccessKey, status: str | None, description: str | None) -> bool:
    right_status = status is None or key.status == status
    return right_status and (description is None or (key.description or "") == description)


def _refuse_the_last_active(platform: Platform, key: AccessKey, disabled_here: set[str]) -> None:
    client = platform.client
    may_list = client.allow_side_effects and not client.check_mode
    if platform.facts.listing_has_side_effect and not may_list:
        others: list[AccessKey] = []
        unknown = " (its other keys cannot be listed here without side effects)"
    else:
        others = platform.access_keys(key.account)
        unknown = ""
    others = [
        other
        for other in others
        if other.access_key != key.access_key
        and other.status == ACTIVE
        # What the platform keeps for itself serves no client of the account.
        and not other.immutable
        and not _has_expired(platform, other)
        and other.access_key not in disabled_here
    ]
    if not others:
        raise platform.fail(
            "disruption_refused",
            f"{key.access_key} is the last active access key of account {key.account.name}"
            f"{unknown}: disabling it cuts off every client of that account.",
            account=key.account.name,
            alive=f"{key.access_key} ({key.status})",
        )


def _has_expired(platform: Platform, key: AccessKey) -> bool:
    # By either clock: a key that may have expired is not one to count on.
    client = platform.client
    return key.expires_at is not None and key.expires_at <= max(
        client.platform_now(), client.clock.now()
    )


def _ref_of(key: AccessKey) -> AccountRef:
    return AccountRef(id=key.account.id) if key.account.id else AccountRef(name=key.account.name)


def _state(key: AccessKey) -> dict[str, Any]:
    state: dict[str, Any] = {"status": key.status}
    if key.description is not None:
        state["description"] = key.description
    return state
