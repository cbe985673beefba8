# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a target inputs until they run out, its time is over, or enough has been found."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings

from .registry import Target

#: Inputs of one batch; each batch begins with another seed.
_BATCH = 200
#: Batches that end in a finding before a target is left.
_MOST_FINDINGS = 5
_PATH = "objectstore/credentials/"


@dataclass
class Ran:
    """What a target was given, and what came of it."""

    name: str
    inputs: int = 0
    #: Of the processor: others may be at work here.
    seconds: float = 0.0
    #: Place of the failure -> the smallest input found, and how it failed.
    findings: dict[str, str] = field(default_factory=dict)


def run(target: Target, *, first_seed: int, examples: int, most_seconds: float) -> Ran:
    """Give a target inputs of its own kind, in batches; every batch may find one failure."""
    ran = Ran(target.name)
    began = time.process_time()
    number = failed = 0
    while ran.inputs < examples and time.process_time() - began < most_seconds:
        batch = min(_BATCH, examples - ran.inputs)
        found = _batch(target, first_seed * 1000 + number, batch, ran, began + most_seconds)
        number += 1
        if found is not None:
            ran.findings.setdefault(*found)
            failed += 1
            if failed >= _MOST_FINDINGS:
                break
    ran.seconds = time.process_time() - began
    return ran


def _batch(
    target: Target, number: int, size: int, ran: Ran, until: float
) -> tuple[str, str] | None:
    @seed(number)
    @settings(
        max_examples=size,
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def give(value: object) -> None:
        if time.process_time() > until and not has_failed:
            return
        ran.inputs += 1
        try:
            target.check(value)
        except BaseException:
            # It is made smaller then, whatever that takes.
            has_failed.append(True)
            raise

    has_failed: list[bool] = []
    try:
        give()
    except BaseException as exc:
        if isinstance(exc, (KeyboardInterrupt, SystemExit)):
            raise
        return _place_of(exc), _told(exc)
    return None


def _place_of(exc: BaseException) -> str:
    """Return where it failed: the last line of ours."""
    frames = traceback.extract_tb(exc.__traceback__)
    ours = [frame for frame in frames if _PATH in frame.filename or "/tests/" in frame.filename]
    last = (ours or frames)[-1]
    return f"{type(exc).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}"


def _told(exc: BaseException) -> str:
    said = traceback.format_exception_only(type(exc), exc)
    return "".join(said).strip()[:1500]
