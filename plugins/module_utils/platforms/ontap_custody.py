# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP S3 users whose keys are kept in a secret store: keys made as a rotation makes them, and
keys that records hold refused to whatever would end them past their record.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from ..custody import Custody, held_by_record, holds_any
from ..errors import CredentialsError, missing
from ..model import AccessKey, Account, AccountRef, Issued, Pair
from ..record import Record
from ..record_summary import CURRENT, RETIRING, UNKNOWN, held_as
from ..rehearsal import is_made_up
from ..results import AccountResult
from ..rotation import turn
from ..rotation_case import Case
from ..rotation_policy import Policy
from ..rotation_results import result_of
from . import ontap_writes as writes
from .ontap import Ontap
from .ontap_plans import Plan, Wanted
from .ontap_shown import rows_of, state_of

#: Stands in a diff for an access key that check mode cannot know.
NEW_KEY = "(a new one)"


class UserMaker:
    """The platform as a rotation sees it where the user itself may not be there yet.

    Issuing a key to a user that is missing creates it, with the comment that is wanted.
    """

    def __init__(
        self, platform: Ontap, comment: str | None, pair: Pair | None, lifetime: dt.timedelta | None
    ) -> None:
        self._platform = platform
        self._comment = comment
        self._pair = pair
        self._lifetime = lifetime

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)

    def new_pair(self) -> Pair:
        """Return the pair that the caller brought, or one made up."""
        return self._pair or self._platform.new_pair()

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return the user's keys; none where there is no such user. Reads only."""
        user = self._user(account)
        return list(user.listed_keys or ()) if user is not None else []

    def create_access_key(
        self, account: Account, label: str | None = None, pair: Pair | None = None
    ) -> Issued:
        """Make a key beside the other, or the user with its first one."""
        user = self._user(account)
        if user is None:
            return self._create(account, pair)
        slot = self._platform.free_slot(user)
        return writes.make_key(self._platform, user, slot, pair, self._lifetime)

    def regenerate_access_key(
        self,
        account: Account,
        pair: Pair | None = None,
        slot: int | None = None,
        expected: Sequence[str] | None = None,
    ) -> Issued:
        """Replace the user's key, or make the user with its first one."""
        user = self._user(account)
        if user is None and not expected:
            return self._create(account, pair)
        self._platform.require_keys(user or Account(account.name), expected)
        if user is None:
            raise missing("user")  # require_keys() has refused already
        slot = self._platform.slot_to_replace(user, slot)
        return writes.make_key(self._platform, user, slot, pair, self._lifetime)

    def _create(self, account: Account, pair: Pair | None) -> Issued:
        return writes.create_user(
            self._platform, account.name, comment=self._comment, pair=pair, lifetime=self._lifetime
        )

    def _user(self, account: Account) -> Account | None:
        try:
            return self._platform.account(AccountRef(name=account.name))
        except CredentialsError as exc:
            if exc.kind == "not_found":
                return None
            raise


class Keeping:
    """The records of the users of one call."""

    def __init__(self, platform: Ontap, wanted: Wanted, custody: Custody) -> None:
        self._platform = platform
        self._wanted = wanted
        self._custody = custody

    def connected(self) -> None:
        """Learn whose records these are. Reads only."""
        self._custody.scope = self._platform.connect().scope

    def prove_writable(self) -> None:
        """Have the secret store written to before anything depends on it."""
        self._custody.store.probe()

    def planned(self, plan: Plan) -> Plan:
        """Return the plan, with the first key of an interrupted run finished. Reads only.

        Raises held_by_record for what would end, or be contradicted by, what a record holds.
        """
        record = self._custody.record(Account(plan.name))
        self._check(plan, record)
        is_idle = plan.action == "unchanged" and plan.before is not None and self._wanted.present
        if is_idle and _is_first_key_open(record):
            why = "its first key, begun by an earlier run"
            return dataclasses.replace(plan, action="resumed", why=why, resumes=True)
        return plan

    @contextlib.contextmanager
    def guarding(self, plan: Plan) -> Iterator[None]:
        """Keep rotations away while something of a user ends that no record holds."""
        with self._custody.turn(plan.before or Account(plan.name)) as case:
            self._check(plan, case.record if case.has_record else None)
            yield

    def make(self, plan: Plan) -> AccountResult:
        """Make a key as a rotation does: intended, made, kept; in check mode say what it would be.

        Sets the comment of a user that is there, then puts the new pair into the user's record as
        the current one; whatever becomes of an answer, that record tells how to go on.
        """
        wanted, platform = self._wanted, self._platform
        account = dataclasses.replace(plan.before or Account(plan.name), listed_keys=None)
        policy = Policy(
            # A user that somebody else has made meanwhile is reported, not taken over.
            adopt="rotate" if plan.make_key else "report",
            force=plan.make_key,
            may_rotate=plan.create or plan.make_key,
            allow_disruption=wanted.allow_disruption,
            retire=False,
        )
        maker = UserMaker(platform, wanted.comment, wanted.pair, wanted.lifetime)
        with self._custody.turn(account, policy, maker) as case:
            self._check(plan, case.record if case.has_record else None)
            self._refuse_other_pair(case)
            is_set = plan.comment is not None and plan.before is not None
            if plan.before and plan.comment is not None and not case.desk.is_rehearsal:
                writes.set_comment(platform, plan.before, plan.comment)
            try:
                turn(case)
                result = self._result(plan, case)
            except CredentialsError as exc:
                result = result_of(case, exc)
            result.touched = result.touched or is_set
            return result

    # --- inside ---------------------------------------------------------------------------------

    def _result(self, plan: Plan, case: Case) -> AccountResult:
        wanted, before = self._wanted, plan.before
        comment = wanted.comment
        if comment is None:
            comment = before.details["comment"] if before else ""
        result = result_of(case)
        current = case.record.current
        keys = list(case.keys)
        rows = rows_of(keys)
        for row in rows:
            if is_made_up(row["access_key"]):
                row["access_key"] = wanted.pair.access_key if wanted.pair else None
        if result.action in ("unchanged", "announced") and plan.make_key:
            shown = current.access_key if current is not None else "its current key"
            result.action = "unchanged"
            result.why = f"not rotated: nobody has acknowledged {shown} yet"
        elif plan.create and result.action in ("rotated", "recovered", "resumed"):
            result.action, result.why = "created", "user created, its pair is in the secret store"
        if result.access_key is None and wanted.pair is not None:
            result.access_key = wanted.pair.access_key
        result.due_at = None
        result.details = {"comment": comment, "access_keys": rows}
        result.before = state_of(before, rows_of(before.listed_keys or ()) if before else [])
        result.after = state_of(
            Account(plan.name, details={"comment": comment}),
            [{**row, "access_key": row["access_key"] or NEW_KEY} for row in rows],
        )
        if wanted.return_secret:
            told = not (wanted.pair or case.desk.is_rehearsal or result.action == "unchanged")
            pair = current.pair() if current is not None and told else None
            result.extra["secret_key"] = pair.secret_key if pair else None
        return result

    def _refuse_other_pair(self, case: Case) -> None:
        """Refuse to finish an interrupted call with a pair that is not the one given now."""
        pending, pair = case.record.pending, self._wanted.pair
        if pair is None or pending is None or pending.access_key in (None, pair.access_key):
            return
        raise self._held(
            case.account.name,
            f"A rotation of {case.account.name} to {pending.access_key} is not finished, and this"
            f" call brings {pair.access_key}.",
            "Run s3_access_key_rotate for this user, or this task without access_key; then again.",
        )

    def _check(self, plan: Plan, record: Record | None) -> None:
        if record is None:
            return
        name, keys = plan.name, [key.access_key for key in record.held_keys()]
        held = ", ".join(key or "a delivered key" for key in keys) or "a rotation under way"
        if plan.delete_user and holds_any(record):
            raise self._held(
                name,
                f"{name}: deleting the user would end what its record holds: {held}.",
                "End its keys with s3_access_key_rotate, state: decommissioned, then delete the"
                " user. Where this release cannot delete keys, move the record away first.",
                held,
            )
        if plan.delete_key is not None:
            self._check_deletion(name, plan.delete_key.access_key, record)
        if plan.create and (keys or record.decommission is not None):
            is_of = f"still holds {held}" if keys else "is that of a user that was decommissioned"
            raise self._held(
                name,
                f"There is no user {name}, and its record {is_of}.",
                "If the user is to begin anew, move its record away: its pairs open nothing.",
            )
        if plan.make_key:
            self._check_new_key(name, record)

    def _check_deletion(self, name: str, access_key: str, record: Record) -> None:
        held = held_as(record, access_key)
        if held == UNKNOWN and record.pending is None:
            return
        next_step = "Run s3_access_key_rotate for this user: it finishes what is open."
        if held == CURRENT:
            next_step = (
                "Replace it with regenerate_keys, or end the user's keys for good with"
                " s3_access_key_rotate, state: decommissioned."
            )
        elif held == RETIRING:
            next_step = (
                "s3_access_key_rotate deletes it when its time has come; force_retire with state:"
                " retired does it now."
            )
        what = f"its record holds it as {held}" if held != UNKNOWN else "a rotation is under way"
        raise self._held(name, f"{access_key} of {name} is not deleted: {what}.", next_step)

    def _check_new_key(self, name: str, record: Record) -> None:
        pair = self._wanted.pair
        if record.decommission is not None:
            raise self._held(
                name,
                f"{name} is decommissioned, or about to be: it gets no new key.",
                "If the user shall live on, move its record away first.",
            )
        if pair is not None and held_as(record, pair.access_key) != UNKNOWN:
            raise self._held(
                name,
                f"The record of {name} holds {pair.access_key} already; a secret key cannot be"
                " changed under its access key without a moment in which no stored pair works.",
                "Give another access_key, or none.",
            )

    def _held(
        self, name: str, what: str, next_step: str, alive: str | None = None
    ) -> CredentialsError:
        return held_by_record(self._platform, name, what, next_step, alive)


def _is_first_key_open(record: Record | None) -> bool:
    """Tell whether a run was killed while it made the very first key: nothing else is at stake.

    What a lost answer left there, and the repair of it replaces, opens nothing either.
    """
    if record is None or record.current is not None or record.decommission is not None:
        return False
    pending = record.pending
    return pending is not None and (not pending.keys_before or bool(pending.repairs))
