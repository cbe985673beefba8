# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a list of accounts to their policy: the logic of s3_access_key_rotate.

Each account is first rehearsed on stand-ins (see rehearsal); check mode ends there. What has
nothing to do ends there too. The others get a real turn: what is open first, then a canary, then
the rest, until too many have failed.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from .ancestors import STOP
from .bulk import UNSEEN, each
from .errors import CredentialsError
from .journal import Journal, merge_heads
from .model import Account
from .platform import Platform
from .progress import Progress
from .record import Record
from .rehearsal import rehearsed
from .results import AccountResult, Outcome, failed, skipped
from .rotation import turn
from .rotation_case import Case, Desk, Permit
from .rotation_options import RotateOptions
from .rotation_own import check_own_key, is_own_key, log_in_anew
from .rotation_policy import Policy
from .rotation_results import identified, result_of
from .selection import Selected, select
from .stores.base import SecretStore, Stored
from .verify import Verifier

if TYPE_CHECKING:
    from .escrow import Escrow

#: Seconds; a platform whose Date header is further off has dates that cannot be trusted.
MOST_CLOCK_OFFSET = 300.0
#: Actions of a rehearsal that make a real turn unnecessary.
_NOTHING_TO_DO = ("unchanged", "unmanaged", "drifted", "failed", "busy", "skipped")
#: Actions that end a working state and begin a new one: they count against max_rotations.
_ROTATIONS = ("rotated", "delivered", "recovered")
_HEADS = "journal"


@dataclass(frozen=True)
class Turn:
    """One account to be done: its policy, its record as it was read, and what the rehearsal did."""

    account: Account
    policy: Policy
    stored: Optional[Stored] = None
    planned: Optional[AccountResult] = None
    #: A rotation or a call of an earlier run is unfinished: it comes first, whatever fails.
    is_open: bool = False
    #: The key that this very run logs in with: it comes last.
    is_own: bool = False


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
    platform.client.may_write = Permit.check
    info = platform.connect()
    wanted.check(platform.facts)
    _check_clock(platform)
    if not check_mode:
        store.probe()
    desk = Desk(platform, store, verifier, journal, platform.client.clock, run, info.scope, escrow)
    selected = select(platform, wanted.selection, parallelism=parallelism, strict=wanted.strict)
    job = _Job(desk, wanted, parallelism, progress)
    turns = [Turn(account, wanted.policy_for(account, platform)) for account in selected.accounts]
    if wanted.selection.all and store.is_durable:
        turns += job.sweep(selected)
    if wanted.strict and any(result.has_failed for result in selected.missing):
        results = [skipped(identified(turn.account)) for turn in turns]
    else:
        results = job.do(turns, check_mode)
    outcome = Outcome(accounts=selected.missing + job.gone + results)
    outcome.totals = {"accounts": len(outcome.accounts), **selected.totals}
    outcome.extra = {"left_out": selected.left_out, "journal": journal.head, "run": run}
    outcome.warnings = [*selected.warnings, *job.warnings]
    if check_mode:
        outcome.extra["not_known"] = [
            "whether the secret store can be written: only a real run proves it",
            "whether the S3 service will accept the new pairs",
        ]
    else:
        job.keep_heads()
    return outcome


class _Job:
    """One call of the module over a list."""

    def __init__(
        self, desk: Desk, wanted: RotateOptions, parallelism: int, progress: Progress
    ) -> None:
        self.desk = desk
        self.wanted = wanted
        self.progress = progress
        self.warnings: list[str] = []
        #: Results of records whose account the platform does not have any more.
        self.gone: list[AccountResult] = []
        self._reading = parallelism
        settings = desk.platform.settings
        one_at_a_time = not desk.facts.overlap and not settings.is_parallelism_given
        self._writing = 1 if one_at_a_time else parallelism
        self._lock = threading.Lock()
        self._failures = 0

    def do(self, turns: Sequence[Turn], check_mode: bool) -> list[AccountResult]:
        """Rehearse every turn, do those that have something to do, return results in order."""
        rehearsed_turns = self._rehearse(turns, count=check_mode)
        self._defer(rehearsed_turns)
        planned = [turn.planned for turn in rehearsed_turns]
        results = [each for each in planned if each is not None]
        stop = next((each for each in results if each.stops_endpoint), None)
        if check_mode or stop is not None:
            return results
        order = [i for i, each in enumerate(rehearsed_turns) if not _is_quiet(each, self.desk)]
        groups = self._in_order(rehearsed_turns, order)
        self.progress.begin(len(order), "accounts")
        try:
            for group, stopping, strict in groups:
                done = self._real([rehearsed_turns[i] for i in group], stopping, strict)
                for index, result in zip(group, done):
                    results[index] = result
        finally:
            self.progress.end()
        return results

    def sweep(self, selected: Selected) -> list[Turn]:
        """Return turns for records whose account "all" left out; note those that are gone."""
        desk, wanted = self.desk, self.wanted
        listed = {account.name for account in selected.accounts}
        turns = []
        for place in desk.store.places(desk.platform.name, desk.platform.settings.endpoint or ""):
            name = place.account
            if name in listed or not wanted.selection.shard.holds(name):
                continue
            if name in selected.excluded:
                continue
            account = selected.suspended.get(name)
            if account is None:
                self.gone.append(self._left(desk.store.read(place), name))
            else:
                policy = dataclasses.replace(wanted.policy, may_rotate=False)
                turns.append(Turn(account, policy))
        return turns

    def keep_heads(self) -> None:
        """Put the head of this run's chain into the secret store, so that a cut chain shows."""
        store, head = self.desk.store, self.desk.journal.head
        if not head.get("lines") or not store.is_durable:
            return
        for _attempt in range(10):
            found = store.read_note(_HEADS)
            document, version = found if found is not None else (None, None)
            try:
                store.write_note(_HEADS, merge_heads(document, head), version)
                return
            except CredentialsError as exc:
                if exc.kind != "busy":
                    self.warnings.append(f"The journal's head was not stored: {exc.message}")
                    return
        self.warnings.append("The journal's head was not stored: others keep writing theirs.")

    # --- the rehearsal ---------------------------------------------------------------------------

    def _rehearse(self, turns: Sequence[Turn], count: bool) -> list[Turn]:
        found: dict[int, Turn] = {}

        def rehearse(index: int) -> AccountResult:
            turn_, desk = turns[index], rehearsed(self.desk)
            stored = self.desk.store.read(desk.place(turn_.account))
            case = Case(desk, turn_.account, turn_.policy, stored)
            case.lease = None
            record = case.record
            now = Turn(
                turn_.account,
                turn_.policy,
                stored,
                is_open=record.pending is not None or record.intent is not None,
            )
            found[index] = now
            planned = _outcome_of(case)
            if is_own_key(case):
                found[index] = dataclasses.replace(now, is_own=True)
                check_own_key(case, planned)
            return planned

        if count:
            self.progress.begin(len(turns), "accounts")
        results = each(
            range(len(turns)),
            rehearse,
            lambda index: identified(turns[index].account),
            parallelism=self._reading,
            strict=self.wanted.strict,
            progress=self.progress if count else UNSEEN,
        )
        if count:
            self.progress.end()
        return [
            dataclasses.replace(found.get(index, turns[index]), planned=result)
            for index, result in enumerate(results)
        ]

    def _defer(self, turns: list[Turn]) -> None:
        """Leave rotations above max_rotations to a later run; those due longest come first."""
        most = self.wanted.max_rotations
        if most is None:
            return
        rotations = [
            index
            for index, each in enumerate(turns)
            if each.planned is not None and each.planned.action in _ROTATIONS and not each.is_open
        ]
        rotations.sort(key=lambda index: (_due_at(turns[index]), index))
        for index in rotations[most:]:
            turn_ = turns[index]
            assert turn_.planned is not None
            later = skipped(
                identified(turn_.account), f"left to a later run: max_rotations is {most}"
            )
            policy = dataclasses.replace(turn_.policy, may_rotate=False)
            turns[index] = dataclasses.replace(turn_, policy=policy, planned=later)

    # --- the real turns --------------------------------------------------------------------------

    def _in_order(
        self, turns: Sequence[Turn], order: Sequence[int]
    ) -> list[tuple[list[int], Callable[[], Optional[str]], bool]]:
        """Return groups of turns, each with its rule for stopping, and whether it is strict."""
        still_open = [index for index in order if turns[index].is_open]
        own = [index for index in order if turns[index].is_own and index not in still_open]
        fresh = [index for index in order if index not in {*still_open, *own}]
        canary, rest = fresh[: self.wanted.canary], fresh[self.wanted.canary :]
        return [
            (still_open, STOP.reason, False),
            (canary, self._after_failures(1), True),
            (rest, self._after_failures(self.wanted.max_failures), self.wanted.strict),
            (own, self._after_failures(1), True),
        ]

    def _after_failures(self, most: int) -> Callable[[], Optional[str]]:
        def why() -> Optional[str]:
            if self._failures >= most:
                rule = "the canary failed" if most == 1 else f"max_failures is {most}"
                return f"{self._failures} failed, and {rule}"
            return STOP.reason()

        return why

    def _real(
        self, turns: Sequence[Turn], stopping: Callable[[], Optional[str]], strict: bool
    ) -> list[AccountResult]:
        def work(turn_: Turn) -> AccountResult:
            result = self._do_one(turn_)
            if result.has_failed and not turn_.is_open:
                with self._lock:
                    self._failures += 1
            return result

        def identify(turn_: Turn) -> AccountResult:
            return identified(turn_.account)

        return each(
            turns,
            work,
            identify,
            parallelism=self._writing,
            strict=strict,
            progress=self.progress,
            stopping=stopping,
        )

    def _do_one(self, turn_: Turn) -> AccountResult:
        desk = self.desk
        place = desk.place(turn_.account)
        try:
            with desk.store.lease(place) as lease:
                stored = desk.store.read(place)
                case = Case(desk, _seen(turn_, stored), turn_.policy, stored)
                case.lease = lease
                Permit.grant(case)
                try:
                    case.settle_journal()
                    result = _outcome_of(case)
                    if turn_.is_own and not result.has_failed:
                        log_in_anew(case)
                finally:
                    Permit.grant(None)
        except CredentialsError as exc:
            result = failed(exc, identified(turn_.account))
        if self.wanted.return_secret and result.changed and not result.has_failed:
            current = case.record.current
            if current is not None and current.secret is not None:
                result.extra["secret_key"] = current.secret.open()
        return result

    def _left(self, stored: Stored | None, name: str) -> AccountResult:
        record = stored.record if stored else None
        done = record is not None and record.decommission is not None
        return AccountResult(
            account=name,
            account_id=record.account_id if record else None,
            action="unchanged" if done else "skipped",
            access_key=record.current.access_key if record and record.current else None,
            why="its record is a tombstone"
            if done
            else "it has left the platform, or cannot be seen any more; its record is still there",
            details={"left": True},
        )


def _outcome_of(case: Case) -> AccountResult:
    """Do a turn and return its result, whatever it was."""
    try:
        turn(case)
    except CredentialsError as exc:
        return result_of(case, exc)
    except Exception as exc:  # a defect of ours: the others go on, and what was begun is on record
        return result_of(case, CredentialsError.internal(exc))
    return result_of(case)


def _seen(turn_: Turn, stored: Stored | None) -> Account:
    """Return the account; what was listed before somebody else's turn is not to be trusted."""
    before: Record | None = turn_.stored.record if turn_.stored else None
    now = stored.record if stored else None
    same = (before.nonce if before else None) == (now.nonce if now else None)
    return turn_.account if same else dataclasses.replace(turn_.account, listed_keys=None)


def _is_quiet(turn_: Turn, desk: Desk) -> bool:
    planned = turn_.planned
    if planned is None or (planned.action in _NOTHING_TO_DO and not planned.touched):
        outbox = turn_.stored.record.outbox if turn_.stored else ()
        deferred = planned is not None and planned.action == "skipped" and turn_.is_open
        return not deferred and not desk.journal.missing(outbox)
    return False


def _due_at(turn_: Turn) -> str:
    return (turn_.planned.due_at if turn_.planned else None) or ""


def _check_clock(platform: Platform) -> None:
    offset = platform.client.clock_offset or 0.0
    if abs(offset) > MOST_CLOCK_OFFSET:
        raise platform.fail(
            "clock_skew",
            f"The platform's clock is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'}"
            " this machine's: nothing is rotated or retired by dates that cannot be trusted.",
        )
