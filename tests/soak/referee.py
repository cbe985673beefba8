# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the soak, held against what happened: the platforms and their S3 service judge."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.tests.kill import promise
from ansible_collections.objectstore.credentials.tests.kill.case import Ran, Run, Scenario
from ansible_collections.objectstore.credentials.tests.kill.promise import Violation
from ansible_collections.objectstore.credentials.tests.kill.virtual import BIRTH, DAY

from .life import Life
from .site import LifeTrial, Site

_SCENARIO = Scenario("soak", Run({}))
#: What a row says of an account for which nothing could be done.
_NOT_SERVED = {"failed", "busy", "skipped", "unmanaged", "drifted"}
#: Days by which a day's run may come late.
_SLACK = 2.5
#: Good runs and an operator's help after which an account that fails on is stuck.
_PATIENCE = 12
#: More than any record ever needs.
_LARGEST_RECORD, _MOST_RETIRING, _MOST_SUSPECTS = 65536, 12, 24


@dataclass(frozen=True)
class Periods:
    """The days of one account's policy, as the soak reads it."""

    max_age: float
    grace: float
    soak: float
    #: Days of the week on which it may be cut off, Monday first; None: on all.
    days: Optional[tuple[int, ...]] = None
    #: Until when it is excepted, in seconds since the beginning.
    excepted_until: float = 0.0


@dataclass
class Finding:
    """A broken rule, and the account's story."""

    site: str
    account: str
    at: float
    violation: Violation
    story: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.site} {self.account}, day {self.at / DAY:.2f}: {self.violation}"


class Referee:
    """Judges one site."""

    def __init__(self, site: Site, periods: Mapping[str, Periods]) -> None:
        self.site = site
        self.periods = periods
        self.findings: list[Finding] = []
        self._failing: dict[str, int] = {}
        #: Accounts that a good run has seen to today.
        self._served: set[str] = set()

    def blame(self, violation: Violation, life: Optional[Life] = None) -> None:
        """Note a broken rule, once for each account."""
        name = life.name if life else ""
        known = {(each.account, each.violation.rule) for each in self.findings}
        if (name, violation.rule) in known:
            return
        story = list(life.story) if life else []
        at = self.site.memory.seconds
        self.findings.append(Finding(self.site.form.label, name, at, violation, story))

    # --- after every run ------------------------------------------------------------------------

    def judge(self, runs: Sequence[Ran] = ()) -> None:
        """Hold every account's moments since the last time against the promise."""
        for run in runs:
            self._ended_by_itself(run)
            self._keeps_silent(run)
        for life in self.site.lives.values():
            if len(life.moments) > 1:
                for violation in self._broken(life, runs):
                    self.blame(violation, life)
            self._lift(life)
            life.forget()
            if runs:
                life.known_before = set()
        if runs and self.site.lives:
            trial = self._trial(next(iter(self.site.lives.values())), runs)
            for violation in promise.durable(trial):
                self.blame(violation)

    def _trial(self, life: Life, runs: Sequence[Ran]) -> LifeTrial:
        return LifeTrial(
            self.site,
            _SCENARIO,
            self.site.facts,
            0,
            runs,
            0,
            frozenset(life.given_up | life.known_before),
            life.records,
            born=frozenset(life.born),
            life=life,
        )

    def _ended_by_itself(self, run: Ran) -> None:
        if run.how in ("crashed", "hung"):
            self.blame(Violation(run.how, f"{promise.told(run)[-1500:]}; {run.steps[-3:]}"))
        for failure in run.failures:
            if failure.get("kind") == "internal":
                life = self.site.lives.get(str(failure.get("account")))
                self.blame(Violation("internal error", str(failure)), life)

    def _keeps_silent(self, run: Ran) -> None:
        text = json.dumps(run.result)
        for side in (self.site.simulator, self.site.mirror):
            for secret in side.secrets() if side is not None else ():
                if len(secret) > 15 and secret in text:
                    self.blame(Violation("no secret in clear", f"{secret[:4]}... is in a result"))
                    return

    def _broken(self, life: Life, runs: Sequence[Ran]) -> Iterator[Violation]:
        trial = self._trial(life, runs)
        far = dataclasses.replace(trial, is_far=True) if self.site.mirror is not None else None
        for side in filter(None, (trial, far)):
            yield from promise.only_known_keys_touched(side)
            if not (life.excuse or life.may_cut or life.is_suspended or life.is_over):
                managed = dataclasses.replace(side, begun=self._managed_from(life))
                if managed.moments:
                    yield from promise.stored_pair_works(managed)
        record = self.site.record(life)
        if record is None:
            return
        if self.site.facts.overlap:
            yield from self._early(life)
            taken = record.known_access_keys() & self.site.planted - life.given_up
            if taken:
                yield Violation("a colleague's key is not taken for ours", f"{sorted(taken)}")
        size = len(life.moments[-1].stored or b"")
        if (
            size > _LARGEST_RECORD
            # What can never be deleted stays in the record, to be rolled back to.
            or (self.site.facts.can_delete and len(record.retiring) > _MOST_RETIRING)
            or len(record.suspects) > _MOST_SUSPECTS
        ):
            yield Violation(
                "a record stays small",
                f"{size} bytes, {len(record.retiring)} retiring, {len(record.suspects)} suspects",
            )

    def _managed_from(self, life: Life) -> int:
        """Return the first moment at which the account was managed: before, nothing is promised."""
        for number, moment in enumerate(life.moments):
            record = self.site.record_of(life, moment.stored)
            if record is not None and record.is_managed:
                return number
        return len(life.moments)

    def _early(self, life: Life) -> Iterator[Violation]:
        """An old key works until its consumers have the new one, and for the grace period more."""
        if life.excuse or life.may_cut or life.is_over:
            return
        grace = dt.timedelta(days=self.periods[life.name].grace)
        for before, after in zip(life.moments, life.moments[1:]):
            record = self.site.record_of(life, before.stored)
            current = record.current if record else None
            if record is None or current is None:
                continue
            for old in record.retiring:
                name = old.access_key or ""
                was, now = before.keys.get(name), after.keys.get(name)
                if was is None or was.status != "active" or (now and now.status == "active"):
                    continue
                if old.compromised or name in life.given_up:
                    continue
                at = BIRTH + dt.timedelta(seconds=after.at)
                if current.acknowledged_at is None or at < current.acknowledged_at + grace:
                    yield Violation(
                        "an old key works until its grace is over",
                        f"{name} was ended, {current.access_key} was acknowledged at"
                        f" {current.acknowledged_at}",
                    )

    def _lift(self, life: Life) -> None:
        """Take an account under management again, once it was rotated after that."""
        record = self.site.record(life)
        if not life.excuse or life.is_suspended or record is None or record.pending is not None:
            return
        current = record.current
        made = life.alive.get(current.access_key or "", -1.0) if current else -1.0
        if made > life.excused_since and self.works(life, record):
            life.tell(self.site.memory.seconds, f"under management again after: {life.excuse}")
            life.excuse = ""

    def works(self, life: Life, record: Record) -> bool:
        """Tell whether the current pair works right now, everywhere."""
        pair = record.current.pair() if record.current else None
        if pair is None:
            return False
        sides = (self.site.simulator, self.site.mirror)
        return all(
            side.secret_of(pair.access_key) == pair.secret_key for side in sides if side is not None
        )

    # --- after a run that nothing happened to ----------------------------------------------------

    def rows(self, run: Ran) -> None:
        """Hold what an unharmed run says against what is true."""
        now = self.site.memory.seconds
        if run.how == "done" and not run.result.get("accounts") and run.result.get("failure"):
            self.blame(Violation("an unharmed run begins", promise.told(run)))
        for row in run.result.get("accounts", []):
            life = self.site.lives.get(str(row.get("account")))
            if life is None or life.is_gone:
                continue
            life.row = row
            self.site.count[f"row: {row['action']}"] += row["action"] != "unchanged"
            has_failed = bool(row.get("failure"))
            if has_failed:
                failure = row["failure"]
                advice = f"{failure.get('next_step')}"
                life.advice |= {word for word in ("force", "replaces") if word in advice}
                life.tell(now, f"failed: {failure.get('kind')}: {failure.get('message')} {advice}")
            elif row["action"] not in _NOT_SERVED:
                life.advice.clear()
            self._count_failing(life, row, has_failed)
            if has_failed or row["action"] in _NOT_SERVED:
                continue
            if not life.excuse and not life.is_suspended:
                self._served.add(life.name)
                self._check_current(life)

    def fails_on(self, life: Life) -> bool:
        """Tell whether an account has failed for so long that nobody overlooks it."""
        return self._failing.get(life.name, 0) > _PATIENCE // 2

    def _count_failing(self, life: Life, row: Mapping[str, Any], has_failed: bool) -> None:
        # A colleague's key may take the room that a new one needs.
        is_full = has_failed and row["failure"].get("kind") == "limit"
        is_theirs = is_full and bool(self.site.planted & set(life.alive))
        if not has_failed or life.excuse or life.is_suspended or life.is_over or is_theirs:
            self._failing.pop(life.name, None)
            return
        self._failing[life.name] = self._failing.get(life.name, 0) + 1
        if self._failing[life.name] > _PATIENCE:
            failure = row["failure"]
            self.blame(Violation("stuck", f"{failure.get('kind')}: {failure.get('message')}"), life)

    def _check_current(self, life: Life) -> None:
        record = self.site.record(life)
        current = record.current if record else None
        if record is None or current is None or life.is_over or life.may_cut:
            return
        if current.origin in ("issued", "imported") and not self.works(life, record):
            self.blame(
                Violation(
                    promise.CURRENT_WORKS,
                    f"a good run said {life.row['action']}, and {current.access_key} does not work",
                ),
                life,
            )

    # --- after every day -------------------------------------------------------------------------

    def day_over(self) -> None:
        """Count the days on which nothing could be done; hold keys' ages against policies."""
        now = self.site.memory.seconds
        for life in self.site.living():
            periods = self.periods[life.name]
            record = self.site.record(life)
            known = record.known_access_keys() if record else ()
            life.strangers |= {key for key in life.alive if key not in known}
            if life.name not in self._served or self._waits(life, record, periods, now):
                life.lost_days += 1.0
            is_off = life.is_suspended or life.is_over or life.excuse or life.may_cut
            is_managed = record is not None and record.is_managed
            how = "excused" if is_off else "under the promise" if is_managed else "unmanaged"
            self.site.count[f"account-days {how}"] += 1
            if record is None or life.is_suspended or life.is_over or life.excuse:
                continue
            for violation in self._too_old(life, record, periods, now):
                self.blame(violation, life)
        self._served.clear()

    def _waits(self, life: Life, record: Optional[Record], periods: Periods, now: float) -> bool:
        today = (BIRTH + dt.timedelta(seconds=now)).weekday()
        current = record.current if record else None
        return (
            record is None
            or current is None
            or current.acknowledged_at is None
            or record.held is not None
            or now < periods.excepted_until
            or (periods.days is not None and today not in periods.days)
        )

    def _too_old(
        self, life: Life, record: Record, periods: Periods, now: float
    ) -> Iterator[Violation]:
        facts, keys = self.site.facts, life.moments[-1].keys
        known = record.known_access_keys()
        for key, at in life.alive.items():
            lost = life.lost_days - life.lost_before.get(key, 0.0)
            days = (now - at) / DAY - lost
            is_ours = key in life.born and key in known and key not in life.strangers
            is_old = days > periods.max_age + _SLACK
            if is_ours and is_old and keys[key].status == "active":
                yield Violation(
                    "no key is older than max_age",
                    f"{key} is {(now - at) / DAY:.1f} days old, {lost:.0f} of them lost",
                )
        for key, (at, lost_before) in life.retiring.items():
            lost = life.lost_days - lost_before
            days = (now - at) / DAY - lost
            if key not in keys:
                continue
            may_work = periods.grace + (0.0 if facts.can_disable else periods.soak)
            may_be = periods.grace + periods.soak + 1.0
            is_late = keys[key].status == "active" and days > may_work + _SLACK
            if is_late or (facts.can_delete and days > may_be + _SLACK):
                yield Violation(
                    "no old key outlives its dates",
                    f"{key} is {keys[key].status}, retiring for {(now - at) / DAY:.1f} days,"
                    f" {lost:.0f} of them lost",
                )

    def state(self) -> tuple[Any, ...]:
        """Return all that a run with nothing to do leaves as it is."""
        keys = {life.name: dict(life.moments[-1].keys) for life in self.site.living()}
        return (keys, self.site.keeper.state(self.site), self.site.journal_state())
