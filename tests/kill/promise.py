# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The promise, checked on a world's history: what worked, against what was stored."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional
from urllib.parse import quote

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Facts
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record

from . import journals
from .case import Ran, Scenario
from .world import Moment, World

CURRENT_WORKS = "current works at the end"


@dataclass(frozen=True)
class Violation:
    """A broken rule, by its name, and what was seen."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


@dataclass
class Trial:
    """All that a verdict needs."""

    world: World
    scenario: Scenario
    facts: Facts
    #: How many moments were over when the action began.
    begun: int
    #: The runs of the action, the first one first, the last one good or the last one tried.
    runs: Sequence[Ran]
    #: Access keys that came into being in the unharmed action.
    usual_keys: int
    #: What the operator named as to be replaced.
    replaces: frozenset[str] = frozenset()
    records: dict[bytes, Record] = field(default_factory=dict)
    #: One of two runners stood still for longer than its lease: what it had stored and not yet
    #: written into the journal, the other has written for it, marked as late.
    has_slept: bool = False
    #: Where runners met: all of them, for the story.
    all_runs: Sequence[Ran] = ()
    #: What a mirror has is looked at, instead of what the endpoint itself has.
    is_far: bool = False
    #: Keys that runs of ours made before the action.
    born: frozenset[str] = frozenset()

    def record(self, moment: Moment) -> Optional[Record]:
        """Return the subject's record at a moment."""
        if moment.stored is None:
            return None
        if moment.stored not in self.records:
            self.records[moment.stored] = self.world.keeper.record(moment.stored)
        return self.records[moment.stored]

    @property
    def moments(self) -> list[Moment]:
        """The moments of the action, the one before it first."""
        found = self.world.moments[max(0, self.begun - 1) :]
        if not self.is_far:
            return found
        return [replace(moment, keys=moment.far or {}, foreign={}) for moment in found]


def pairs_of(record: Optional[Record]) -> dict[str, str]:
    """Return every pair in a record."""
    if record is None:
        return {}
    pairs = [key.pair() for key in record.held_keys()]
    if record.pending is not None:
        pairs.append(record.pending.pair())
    return {pair.access_key: pair.secret_key for pair in pairs if pair}


def works(moment: Moment, pairs: dict[str, str]) -> bool:
    """Tell whether one of the pairs is honoured."""
    return any(
        access_key in moment.keys and moment.keys[access_key].secret == secret_key
        for access_key, secret_key in pairs.items()
    )


def judge(trial: Trial) -> list[Violation]:
    """Return every broken rule of a case's action."""
    found = [
        *_ended_well(trial),
        *stored_pair_works(trial),
        *only_known_keys_touched(trial),
        *_few_rotations(trial),
        *no_secret(trial),
        *durable(trial),
        *(Violation("journal", text) for text in journals.problems(trial.world, trial)),
        *_at_the_mirror(trial),
    ]
    unique: dict[str, Violation] = {}
    for violation in found:
        unique.setdefault(violation.rule, violation)
    return list(unique.values())


def judge_so_far(trial: Trial) -> list[Violation]:
    """Return the rules that were broken before the action is at its end."""
    return [
        *_ended_by_itself(trial),
        *stored_pair_works(trial),
        *only_known_keys_touched(trial),
        *_few_rotations(trial),
        *no_secret(trial),
        *durable(trial),
        *_at_the_mirror(trial, is_over=False),
    ]


def _at_the_mirror(trial: Trial, is_over: bool = True) -> Iterator[Violation]:
    """Hold what a mirror has against the same rules, and in the end against the endpoint itself."""
    last = trial.moments[-1]
    if last.far is None or trial.is_far:
        return
    far = replace(trial, is_far=True)
    broken = [
        *stored_pair_works(far),
        *only_known_keys_touched(far),
        *_few_rotations(far),
        # How runs ended is no side's own.
        *(v for v in (_ended_well(far) if is_over else ()) if v.rule == CURRENT_WORKS),
    ]
    for violation in broken:
        yield Violation(f"mirror: {violation.rule}", violation.what)
    if is_over and trial.runs[-1].is_good and set(last.keys) != set(last.far):
        yield Violation(
            "mirror: the same keys at the end", f"{sorted(last.keys)} and {sorted(last.far)}"
        )


def so_far(trial: Trial) -> tuple[Any, ...]:
    """Return what of the past the rules for the rest of an action go by."""
    events = [line for _unused, line in journals.lines(trial.world.directory / "journal")]
    moments = trial.moments
    return (
        sum(run.harmed for run in trial.runs) - _made(trial),
        any(works(moment, pairs_of(trial.record(moment))) for moment in moments),
        sorted({key for moment in moments for key in moment.keys} - set(moments[0].keys)),
        journals.untold(trial, events),
        sorted(trial.replaces),
        sorted(trial.world.planted),
    )


def _made(trial: Trial) -> int:
    pairs = zip(trial.moments, trial.moments[1:])
    return sum(len(set(after.keys) - set(before.keys)) for before, after in pairs)


def _ended_by_itself(trial: Trial) -> Iterator[Violation]:
    for number, run in enumerate(trial.runs, 1):
        if run.how in ("crashed", "hung"):
            yield Violation(run.how, f"run {number} of the action {run.how}: {run.steps[-3:]}")
        for failure in run.failures:
            if failure.get("kind") == "internal":
                yield Violation("internal error", f"run {number}: {failure.get('message')}")


def _ended_well(trial: Trial) -> Iterator[Violation]:
    yield from _ended_by_itself(trial)
    for number, run in enumerate(trial.runs, 1):
        if run.how == "done" and not run.harmed and not run.is_good and number < len(trial.runs):
            yield Violation(
                "repaired by the next run",
                f"run {number}, unharmed: {told(run)}",
            )
    last = trial.runs[-1]
    if not last.is_good:
        yield Violation("stuck", f"after {len(trial.runs)} runs: {told(last)}")
        return
    moment = trial.moments[-1]
    record = trial.record(moment)
    if record is None:
        yield Violation("nothing stored", f"after {len(trial.runs)} runs there is no record")
        return
    if record.pending is not None:
        yield Violation("left pending", f"a good run left {record.pending}")
    if record.intent is not None:
        yield Violation("left intent", f"a good run left {record.intent}")
    if record.current is not None and record.current.origin in ("issued", "imported"):
        pair = record.current.pair()
        if pair is None or not works(moment, {pair.access_key: pair.secret_key}):
            yield Violation(
                CURRENT_WORKS,
                f"current {record.current.access_key} does not work; keys: {_keys(moment)}",
            )


def told(run: Ran) -> str:
    """Return what a run says of itself, in a line."""
    failures = [f"{f.get('kind')}: {f.get('message')}" for f in run.failures]
    trace = run.result.get("traceback", "")
    return "; ".join(failures) or ", ".join(run.actions) or f"{run.how} {trace[-600:]}".strip()


def stored_pair_works(trial: Trial) -> Iterator[Violation]:
    """Overlap: always, once a rotation is complete. In place with a chosen pair: once it was so.

    Side by side, a key that is not promoted yet is taken back where the store refuses its pair,
    also where that was chosen and lies with the intent: what worked before works on.
    """
    if trial.scenario.may_cut:
        return
    moments = trial.moments
    first = trial.record(moments[0])
    is_managed = first is not None and first.current is not None
    if not trial.facts.overlap and not trial.facts.can_choose_pair:
        return
    was_so = is_managed and trial.facts.overlap
    for moment in moments:
        record = trial.record(moment)
        if works(moment, pairs_of(record)):
            is_complete = record is not None and record.current is not None
            was_so = was_so or is_complete or not trial.facts.overlap
        elif was_so:
            yield Violation(
                "a stored pair works at every moment",
                f"at {moment.at:.2f}, {moment.cause}: stored {sorted(pairs_of(record))},"
                f" platform {_keys(moment)}",
            )
            break
    if not trial.facts.overlap:
        return
    for moment in moments:
        record = trial.record(moment)
        if not any(key.secret for key in moment.keys.values()) and any(
            key.secret for key in moments[0].keys.values()
        ):
            yield Violation(
                "some key works at every moment", f"at {moment.at:.2f}, {moment.cause}: none"
            )
            break
        pair = record.current.pair() if record and record.current else None
        if pair and is_managed and not works(moment, {pair.access_key: pair.secret_key}):
            yield Violation(
                "current works at every moment",
                f"at {moment.at:.2f}, {moment.cause}: current {pair.access_key},"
                f" platform {_keys(moment)}",
            )
            break


def _keys(moment: Moment) -> dict[str, str]:
    return {access_key: key.status for access_key, key in moment.keys.items()}


def only_known_keys_touched(trial: Trial) -> Iterator[Violation]:
    """A key is ended only if the record, its label or the operator says that it is ours."""
    moments = trial.moments
    born_here: set[str] = set(trial.born)
    for before, after in zip(moments, moments[1:]):
        if before.foreign != after.foreign:
            changed = {
                key
                for key in {*before.foreign, *after.foreign}
                if before.foreign.get(key) != after.foreign.get(key)
            }
            yield Violation(
                "nothing foreign is touched", f"at {after.at:.2f}, {after.cause}: {sorted(changed)}"
            )
        born_here |= set(after.keys) - set(before.keys)
        record = trial.record(before)
        known = set(record.known_access_keys()) if record else set()
        known |= set(trial.replaces)
        # Its making was answered to this very run: it knows it as its own without the record.
        known |= {key for key, run in trial.world.told.items() if run == after.run}
        if trial.facts.label == "description":
            known |= born_here - trial.world.planted
        if not trial.facts.overlap and record and record.pending:
            known |= {noted.partition("@")[0] for noted in record.pending.keys_before}
        if record and record.pending:
            known |= set(record.pending.replaces)
        if not trial.facts.shows_access_key and record and record.pending:
            # Nobody can know what is replaced there.
            known |= set(before.keys)
        # Some records know a key by what a listing shows of it.
        known |= {key for key in before.keys if trial.world.simulator.name_of(key) in known}
        for access_key, key in before.keys.items():
            now = after.keys.get(access_key)
            ended = now is None or (key.status == "active" and now.status != "active")
            if ended and access_key not in known:
                yield Violation(
                    "only what is known as ours is ended",
                    f"at {after.at:.2f}, {after.cause}: {access_key}; known: {sorted(known)}",
                )


def _few_rotations(trial: Trial) -> Iterator[Violation]:
    made = _made(trial)
    harmed = sum(run.harmed for run in trial.runs)
    if made > trial.usual_keys + harmed:
        yield Violation(
            "one more rotation per interruption",
            f"{made} keys came into being, {trial.usual_keys} without the {harmed} interruptions",
        )


def no_secret(trial: Trial) -> Iterator[Violation]:
    """No secret lies about in clear, nor is in a result."""
    world = trial.world
    secrets = {*world.simulator.secrets(), *(world.mirror.secrets() if world.mirror else ())}
    for record in trial.records.values():
        secrets |= set(pairs_of(record).values())
    texts = world.texts(with_store=not world.keeper.is_clear)
    texts += json.dumps([run.result for run in trial.runs])
    for secret in secrets:
        for form in forms_of(secret):
            if form in texts:
                at = texts.index(form)
                around = texts[max(0, at - 60) : at].replace(form, "***")
                yield Violation("no secret in clear", f"{secret[:4]}... after {around!r}")
                return


def forms_of(secret: str) -> set[str]:
    """Return a secret as it might turn up somewhere."""
    raw = secret.encode()
    return {
        secret,
        base64.b64encode(raw).decode(),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
    }


def durable(trial: Trial) -> Iterator[Violation]:
    """What was stored is on the disk before anything else happens at the platform."""
    of_runs: dict[int, dict[str, str]] = {}
    for step in trial.world.steps:
        verb, _unused, path = step.label.partition(" ")
        # Of two runners at once, each answers for its own files.
        unsynced = of_runs.setdefault(step.run, {})
        if step.kind == "http" and step.changes and unsynced:
            yield Violation(
                "durable before the next call",
                f"run {step.run}, {step.label} was sent with {unsynced} not on the disk",
            )
            return
        if step.kind != "step" or not path.startswith("store") or "lock" in path:
            continue
        if verb in ("write", "rename", "replace", "link"):
            if verb in ("rename", "replace"):
                unsynced.clear()
            unsynced[verb] = path
        elif verb in ("fsync", "fdatasync") or verb in ("unlink", "remove"):
            unsynced.clear()


def idle(
    world: World, run: Ran, before: tuple[Any, ...], after: tuple[Any, ...]
) -> list[Violation]:
    """Return what a run changed that had nothing to do."""
    names = ("the platform", "the secret store", "the journal")
    changed = [name for name, one, other in zip(names, before, after) if one != other]
    found = []
    if changed:
        found.append(
            Violation(
                "a second run changes nothing", f"it changed {' and '.join(changed)}: {told(run)}"
            )
        )
    if not run.is_good:
        found.append(Violation("a second run is good", told(run)))
    if run.result.get("changed"):
        found.append(Violation("a second run says unchanged", ", ".join(run.actions)))
    return found
