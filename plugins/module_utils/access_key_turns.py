# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The turns of a list: each rehearsed first, then those with something to do, in a safe order.

What is open comes first, then a canary, then the rest, until too many have failed; the key that
this very run logs in with comes last.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from .access_key_turn import (
    ROTATIONS,
    Turn,
    is_emergency,
    is_quiet,
    is_same,
    own_policy,
    rotates,
    seen,
    stops_all,
)
from .ancestors import STOP
from .bulk import each
from .clock import iso
from .errors import CredentialsError, missing
from .progress import Progress
from .rehearsal import rehearsed
from .results import AccountResult, failed, skipped
from .rotation import turn
from .rotation_case import Case
from .rotation_desk import Desk
from .rotation_options import RotateOptions
from .rotation_own import check_own_key, is_own_key, log_in_anew
from .rotation_permit import Permit
from .rotation_plan import Approval
from .rotation_results import audit_of, identified, result_of


@dataclass(frozen=True)
class _Rule:
    """After how many failures of a group, and for which reason, nothing more is begun."""

    most_failures: Optional[int] = None
    why: str = ""


class Turns:
    """The turns of all accounts of one call, in the order that is safest."""

    def __init__(
        self,
        desk: Desk,
        wanted: RotateOptions,
        parallelism: int,
        progress: Progress,
        approval: Approval | None = None,
    ) -> None:
        self.desk = desk
        self.approval = approval
        self.wanted = wanted
        self.progress = progress
        #: Of the compromised keys, those that belong to an account of the list.
        self.found_compromised: set[str] = set()
        #: How many accounts could be looked at for them.
        self.looked_at = 0
        #: What those that wait for their window would do in it, for a plan; by their place.
        self.in_window: dict[int, AccountResult] = {}
        self._reading = parallelism
        settings = desk.platform.settings
        one_at_a_time = not desk.facts.overlap and not settings.is_parallelism_given
        self._writing = 1 if one_at_a_time else parallelism
        self._lock = threading.Lock()
        self._failures = 0
        #: Why nothing more is begun.
        self._stop: Optional[str] = None
        #: How many accounts a real run works on.
        self.to_do = 0

    def do(self, turns: Sequence[Turn], check_mode: bool) -> list[AccountResult]:
        """Rehearse every turn, do those that have something to do, return results in order."""
        with STOP.asked():
            rehearsed_turns = self._rehearse(turns)
            results = self._done(rehearsed_turns, check_mode)
        for turn_, result in zip(rehearsed_turns, results):
            result.audit = result.audit or dict(turn_.audit)
        return results

    def _done(self, rehearsed_turns: list[Turn], check_mode: bool) -> list[AccountResult]:
        self._bar(rehearsed_turns)
        self._defer(rehearsed_turns)
        planned = [turn.planned for turn in rehearsed_turns]
        results = [each for each in planned if each is not None]
        stop = next((each for each in results if stops_all(each, self.wanted.strict)), None)
        if stop is not None:
            return [
                skipped(identified(each.account), f"not started: {stop.why}") if each.acts else done
                for each, done in zip(rehearsed_turns, results)
            ]
        order = [i for i, each in enumerate(rehearsed_turns) if not is_quiet(each, self.desk)]
        self.to_do = len(order)
        if order:
            # Not before: a run that has nothing to do writes nothing. In check mode none does, and
            # what is missing altogether, such as a vault password, is found all the same.
            self.desk.store.probe()
        if check_mode:
            return results
        if order:
            self.desk.journal.prepare()
        groups = self._in_order(rehearsed_turns, order)
        self.progress.begin(len(order), "accounts")
        try:
            for group, rule in groups:
                done = self._real([rehearsed_turns[i] for i in group], rule)
                for index, result in zip(group, done):
                    results[index] = result
        finally:
            self.progress.end()
        return results

    # --- the rehearsal ---------------------------------------------------------------------------

    def _rehearse(self, turns: Sequence[Turn]) -> list[Turn]:
        found: dict[int, Turn] = {}

        def rehearse(index: int) -> AccountResult:
            turn_ = turns[index]
            desk = rehearsed(self.desk, turn_.policy.key_delivery)
            stored = self.desk.store.read(desk.place(turn_.account))
            case = Case(desk, turn_.account, turn_.policy, stored)
            case.lease = None
            record = case.record
            now = Turn(
                turn_.account,
                turn_.policy,
                stored,
                is_open=record.is_open,
            )
            found[index] = now
            self._note_compromised(case)
            planned = _outcome_of(case)
            if self.wanted.write_plan and planned.action == "skipped":
                self.in_window[index] = self._in_window(turn_, case)
            audit = audit_of(case) if self.wanted.is_reported else {}
            is_own = is_own_key(case)
            if is_own:
                found[index] = dataclasses.replace(now, audit=audit)
                check_own_key(case, planned)
            found[index] = dataclasses.replace(
                now,
                audit=audit,
                is_own=is_own,
                acts=case.has_acted,
                is_emergency=is_emergency(case),
                policy=own_policy(now.policy) if is_own else now.policy,
            )
            return planned

        self.progress.begin(len(turns), "accounts looked at")
        results = each(
            range(len(turns)),
            rehearse,
            lambda index: identified(turns[index].account),
            parallelism=self._reading,
            strict=self.wanted.strict,
            progress=self.progress,
        )
        self.progress.end()
        return [
            dataclasses.replace(found.get(index, turns[index]), planned=result)
            for index, result in enumerate(results)
        ]

    def _in_window(self, turn_: Turn, waiting: Case) -> AccountResult:
        """Rehearse once more what waits for its window, as if that were open."""
        account = waiting.account
        if waiting.first_seen is not None:
            account = dataclasses.replace(account, listed_keys=tuple(waiting.first_seen))
        stored = self.desk.store.read(self.desk.place(account))
        policy = dataclasses.replace(turn_.policy, window=None)
        desk = rehearsed(self.desk, policy.key_delivery)
        return _outcome_of(Case(desk, account, policy, stored))

    def _note_compromised(self, case: Case) -> None:
        wanted = case.policy.compromised
        if wanted:
            keys = case.keys if case.sees_keys else ()
            shown = {name for key in keys for name in (key.access_key, *key.also)}
            with self._lock:
                known = case.record.known_access_keys() | shown | set(case.record.revoked)
                self.found_compromised |= wanted & known
                self.looked_at += 1

    def _bar(self, turns: list[Turn]) -> None:
        """Keep out what no approved plan permits; what has nothing to do stays what it is."""
        if self.approval is None:
            return
        for index, turn_ in enumerate(turns):
            record = turn_.stored.record if turn_.stored else None
            if turn_.planned is None:
                raise missing("turn_.planned")
            why = self.approval.why_not(turn_.planned, record)
            if why is not None:
                planned = skipped(identified(turn_.account), why) if turn_.acts else turn_.planned
                turns[index] = dataclasses.replace(turn_, is_barred=True, planned=planned)

    def _defer(self, turns: list[Turn]) -> None:
        """Leave rotations above max_rotations to a later run; those due longest come first."""
        most = self.wanted.max_rotations
        if most is None:
            return
        rotations = [
            index
            for index, each in enumerate(turns)
            if each.planned is not None
            and each.planned.action in ROTATIONS
            and not (each.is_open or each.is_emergency)
        ]
        rotations.sort(key=lambda index: (self._due_at(turns[index]), index))
        for index in rotations[most:]:
            turn_ = turns[index]
            if turn_.planned is None:
                raise missing("turn_.planned")
            later = skipped(
                identified(turn_.account), f"left to a later run: max_rotations is {most}"
            )
            policy = dataclasses.replace(turn_.policy, may_rotate=False)
            # A plan permits the whole of what it says, and no part of it by itself.
            turns[index] = dataclasses.replace(
                turn_, policy=policy, planned=later, is_barred=self.approval is not None
            )

    # --- the real turns --------------------------------------------------------------------------

    def _due_at(self, turn_: Turn) -> str:
        """Return since when the present key is due; what has none yet comes first."""
        current = turn_.stored.record.current if turn_.stored else None
        if current is None:
            return ""
        return iso(turn_.policy.due_at(current, self.desk.facts, turn_.account.name)) or ""

    def _in_order(
        self, turns: Sequence[Turn], order: Sequence[int]
    ) -> list[tuple[list[int], _Rule]]:
        """Return groups of turns, one after the other, each with its rule."""
        own = [index for index in order if turns[index].is_own]
        urgent = [
            index
            for index in order
            if (turns[index].is_open or turns[index].is_emergency) and index not in own
        ]
        first_or_last = {*own, *urgent}
        fresh = [index for index in order if index not in first_or_last]
        # What proves most comes first: a rotation, not the deletion of an old key.
        rotating = [index for index in fresh if rotates(turns[index])]
        canary = (rotating or fresh)[: self.wanted.canary]
        rest = [index for index in fresh if index not in set(canary)]
        return [
            (urgent, _Rule()),
            (canary, _Rule(most_failures=1, why="the canary failed")),
            (rest, _Rule(self.wanted.max_failures, f"max_failures is {self.wanted.max_failures}")),
            (own, _Rule()),
        ]

    def _real(self, turns: Sequence[Turn], rule: _Rule) -> list[AccountResult]:
        def work(turn_: Turn) -> AccountResult:
            result = self._do_one(turn_)
            with self._lock:
                counts = result.has_failed and not result.is_old_key_only
                if counts and rule.most_failures is not None:
                    self._failures += 1
                    if self._failures >= rule.most_failures:
                        self._stop = self._stop or f"{self._failures} failed, and {rule.why}"
                if result.stops_endpoint or (result.has_failed and self.wanted.strict):
                    self._stop = self._stop or (result.trouble or {}).get("message") or result.why
            return result

        def identify(turn_: Turn) -> AccountResult:
            return identified(turn_.account)

        return each(
            turns,
            work,
            identify,
            parallelism=self._writing,
            progress=self.progress,
            stopping=lambda: self._stop or STOP.reason(),
        )

    def _do_one(self, turn_: Turn) -> AccountResult:
        desk = self.desk
        place = desk.place(turn_.account)
        try:
            with desk.store.lease(place) as lease:
                stored = desk.store.read(place)
                if self.approval is not None and not is_same(turn_, stored):
                    return skipped(identified(turn_.account), "another run changed it just now")
                case = Case(desk, seen(turn_, stored), turn_.policy, stored)
                case.lease = lease
                Permit.grant(case)
                try:
                    case.settle_journal()
                    result = _outcome_of(case)
                    if self.wanted.is_reported:
                        result.audit = audit_of(case)
                    if turn_.is_own and not result.has_failed:
                        result.details.update(log_in_anew(case))
                finally:
                    Permit.grant(None)
        except CredentialsError as exc:
            return failed(exc, identified(turn_.account))
        if self.wanted.return_secret:
            _add_secret(case, result)
        if result.action == "unchanged" and turn_.planned and turn_.planned.action == "skipped":
            return turn_.planned
        return result


def _outcome_of(case: Case) -> AccountResult:
    """Do a turn and return its result, whatever it was."""
    try:
        turn(case)
    except CredentialsError as exc:
        return result_of(case, exc)
    except Exception as exc:  # a defect of ours: the others go on, and what was begun is on record
        return result_of(case, CredentialsError.internal(exc))
    return result_of(case)


def _add_secret(case: Case, result: AccountResult) -> None:
    """Add the secret key that this turn made, also where it failed: it may be nowhere else."""
    record, before = case.record, case.before
    old = before.current.access_key if before and before.current else None
    if record.current is not None and record.current.access_key != old:
        secret = record.current.secret
    else:
        secret = record.pending.secret if record.pending else None
        if secret is not None and record.pending is not None:
            result.access_key = record.pending.access_key
    if secret is not None:
        result.extra["secret_key"] = secret.open()
