# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease by heartbeat: what other runs' heartbeats say, and when one counts as dead.

Only the own monotonic clock is used: two machines' clocks are never compared. A heartbeat that
stood still for a whole lease is changed by check-and-set before anything of its run is taken over,
so that no later beat of that run can succeed: a runner that was only paused finds out.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ..clock import Clock, iso
from ..errors import CredentialsError, missing
from .heartbeat import BEATS_PER_LEASE, TICKS_PER_LEASE, Heartbeats

#: Another run's own word for its lease is believed within these bounds, in seconds.
_SHORTEST, _LONGEST = 1.0, 3600.0


def run_of(token: str) -> str:
    """Return the run that a record's token names, for messages."""
    name, has_number, _number = token.rpartition("#")
    return name.rpartition(".")[0] if has_number else token


@dataclass
class _Seen:
    """What is known of another run. One thread watches, the others wait for what it sees."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    version: Any = None
    beat: Mapping[str, Any] = field(default_factory=dict)
    #: When this version was first seen, and until when the run is believed to live.
    since: Optional[float] = None
    alive_until: Optional[float] = None
    has_ended: bool = False
    #: What was asked for while the run was alive and at work on it.
    found_busy: set[Optional[str]] = field(default_factory=set)

    def has_left(self, what: str | None, number: int) -> bool:
        """Tell whether the beat says that a turn on something, begun after a number, is over."""
        beat, working_on = self.beat.get("beat"), self.beat.get("working_on")
        if what is None or not isinstance(beat, int) or not isinstance(working_on, list):
            return False
        return beat > number and what not in working_on


class HeartbeatWatch:
    """Finds out whether other runs live. One watch serves all records of a run."""

    def __init__(self, beats: Heartbeats, run: str, length: float, clock: Clock) -> None:
        self._beats = beats
        self._run = run
        self._length = length
        self._clock = clock
        self._runs: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    def has_ended(self, name: str) -> bool:
        """Tell whether a run's leases are free: it ended, or stood still for a whole lease.

        Takes up to one lease, unless the run was watched before. A run found standing still is
        deposed. Raises what reading the heartbeat raises.
        """
        return self._is_free(name, None, 0)

    def is_over(self, token: str, what: str) -> bool:
        """Tell whether the turn that left this token in something's record is over.

        It is when its run says so, or has ended as has_ended() says, which it takes as long as.
        """
        name, has_number, digits = token.rpartition("#")
        if not has_number or not digits.isdigit():
            return self.has_ended(token)
        return self._is_free(name, what, int(digits))

    def _is_free(self, name: str, what: str | None, number: int) -> bool:
        with self._lock:
            seen = self._runs.setdefault(name, _Seen())
        with seen.lock:
            if seen.has_ended:
                return True
            is_cached = seen.alive_until is not None and (
                self._clock.monotonic() < seen.alive_until
            )
            # Whoever asks again after the same thing wants to know whether it has ended by now.
            if is_cached and (what not in seen.found_busy or seen.has_left(what, number)):
                is_free = seen.has_left(what, number)
            else:
                is_free = self._watch(name, seen, what, number)
            if not is_free:
                seen.found_busy.add(what)
            return is_free

    def _watch(self, name: str, seen: _Seen, what: str | None, number: int) -> bool:
        while True:
            found = self._beats.get(name)
            now = self._clock.monotonic()
            if found is None or found[0].get("deposed_by"):
                seen.has_ended = True
                return True
            is_first = seen.since is None
            length = max(self._length, _bounded(found[0].get("lease")))
            if is_first or seen.version != found[1]:
                seen.beat, seen.version, seen.since = found[0], found[1], now
                if not is_first:
                    seen.alive_until = now + length / BEATS_PER_LEASE
                    return seen.has_left(what, number)
            if seen.has_left(what, number):
                return True
            if seen.since is None:
                raise missing("seen.since")
            left = seen.since + length - now
            if left <= 0:
                seen.has_ended = self._depose(name, seen, length)
                return seen.has_ended
            self._clock.sleep(min(left, length / TICKS_PER_LEASE))

    def _depose(self, name: str, seen: _Seen, length: float) -> bool:
        """Change a heartbeat that stood still, so that its run can never confirm a beat again."""
        marked = {**seen.beat, "deposed_by": self._run, "deposed_at": iso(self._clock.now())}
        try:
            self._beats.put(name, marked, seen.version)
        except CredentialsError as exc:
            if exc.kind != "busy" and exc.landed is False:
                raise
            found = self._beats.get(name)
            if found is not None and not found[0].get("deposed_by"):
                if found[1] == seen.version:
                    raise  # unanswered, and not there: it may land later, so nothing is known
                now = self._clock.monotonic()
                seen.beat, seen.version, seen.since = found[0], found[1], now
                seen.alive_until = now + length / BEATS_PER_LEASE
                return False
        try:
            self._beats.remove(name)
        except CredentialsError:
            return True  # the mark says as much as its absence
        return True


def _bounded(length: Any) -> float:
    """Return another run's word for its lease, or 0 where it makes no sense."""
    if isinstance(length, bool) or not isinstance(length, (int, float)):
        return 0.0
    return float(length) if _SHORTEST <= length <= _LONGEST else 0.0
