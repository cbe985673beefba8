# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease by heartbeat, for stores that other machines write to as well: this run's own part.

A run writes one document, its heartbeat, before its first lease, renews it for all its leases
together, and removes it at its end. Each beat has a number and names what the run works on. A
record carries the token of the turn that wrote it last: the run, and the number of the last beat
before that turn. So a later beat that does not name the record says that the turn is over, without
a write of its own for every turn. heartbeat_watch.py is what others make of it.

A token is only a claim; what keeps two writers apart in the end is the check-and-set on the record.
So a turn that may act on what an earlier one left (an open intent) writes the record first.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable, Optional

from ..clock import Clock, iso
from ..errors import CredentialsError
from .base import Lease

#: A beat is due every third of a lease; one may fail before the leases are unsure.
BEATS_PER_LEASE = 3
#: How often within a lease the keeper looks whether a beat is due, and a watch whether one came.
TICKS_PER_LEASE = 6


class Heartbeats:
    """Where a store keeps heartbeats: one small document per run, without any secret."""

    #: Whether put() is a check-and-set. Where it is not, a run that was once late by a whole lease
    #: counts as deposed for good, because nothing else could tell it.
    is_exact = True

    def put(self, run: str, beat: Mapping[str, Any], expected: Any) -> Any:
        """Write a heartbeat if it is unchanged since (None: there is none); return its version.

        Raises busy where it was changed or is gone; landed None where nobody knows.
        """
        raise NotImplementedError

    def get(self, run: str) -> tuple[Mapping[str, Any], Any] | None:
        """Return a heartbeat and its version, which every put() changes; None: there is none."""
        raise NotImplementedError

    def remove(self, run: str) -> None:
        """Remove a heartbeat. Repeatable."""
        raise NotImplementedError


class HeartbeatKeeper:
    """This run's own heartbeat: written, renewed in the background, and what it makes sure of."""

    def __init__(self, beats: Heartbeats, run: str, length: float, clock: Clock) -> None:
        self._beats = beats
        self.run = run
        #: Of this process alone, also where two call themselves by one run.
        self.name = f"{run}.{secrets.token_hex(4)}"
        #: Seconds of a lease.
        self.length = length
        self._clock = clock
        self._lock = threading.RLock()
        #: What this run works on, and the token of each turn.
        self._turns: dict[str, str] = {}
        self._version: Any = None
        #: The number of the last beat that was composed, confirmed or not.
        self._number = 0
        #: When the last confirmed beat was sent: it landed no earlier.
        self._confirmed: Optional[float] = None
        self._is_deposed = False
        self._has_ended = False
        self._stop_ticking: Optional[Callable[[], None]] = None

    def start(self) -> None:
        """See to it that the heartbeat is confirmed and renewed; turn() does so itself.

        Sends something only when there is no confirmed beat. Raises busy when this run was
        deposed, or the store's own error when the beat could not be confirmed.
        """
        with self._lock:
            if not self.is_sure():
                self._beat()
            if self._is_deposed:
                raise CredentialsError(
                    "busy",
                    f"this run ({self.run}) stood still for longer than its lease, and another run"
                    " took it for dead.",
                    next_step="Run again: what was begun stays in the records.",
                )
            if not self.is_sure():
                raise CredentialsError(
                    "store_unavailable",
                    "the secret store did not confirm this run's heartbeat in time; without it no"
                    " account may be touched.",
                )
            if self._stop_ticking is None:
                self._stop_ticking = self._clock.every(
                    self.length / TICKS_PER_LEASE, self.tick, "heartbeat"
                )

    @contextmanager
    def turn(self, what: str) -> Iterator[HeartbeatLease]:
        """Work on something for the time of a with block.

        Raises busy where another thread of this run works on it, and what start() raises.
        """
        with self._lock:
            self.start()
            if what in self._turns:
                raise CredentialsError(
                    "busy", f"another thread of this run ({self.run}) works on {what} already."
                )
            # Every beat with a higher number than the token's names it, until the turn is over.
            self._turns[what] = token = f"{self.name}#{self._number}"
        lease = HeartbeatLease(self, token)
        try:
            yield lease
        finally:
            lease.end()
            with self._lock:
                del self._turns[what]

    def token_of(self, what: str) -> str | None:
        """Return the token of this run's turn on something, or None."""
        return self._turns.get(what)

    def is_sure(self) -> bool:
        """Tell whether every lease of this run is certainly still its own. Sends nothing."""
        confirmed = self._confirmed
        if confirmed is None or self._is_deposed or self._has_ended:
            return False
        margin = self.length / BEATS_PER_LEASE
        return self._clock.monotonic() - confirmed < self.length - margin

    def tick(self) -> None:
        """Send a beat if one is due. Raises nothing: leases that are not renewed become unsure."""
        with self._lock:
            # A little early rather than one whole tick late.
            due = self.length / BEATS_PER_LEASE - self.length / TICKS_PER_LEASE / 2
            if self._confirmed is None or self._clock.monotonic() - self._confirmed >= due:
                self.beat()

    def beat(self) -> bool:
        """Send one beat and tell whether it is confirmed. Raises nothing."""
        with self._lock:
            try:
                return self._beat()
            except CredentialsError:
                return False

    def stop(self) -> None:
        """End all leases and remove the heartbeat, so that nobody has to wait for it."""
        if self._stop_ticking is not None:
            self._stop_ticking()
        with self._lock:
            was_written = self._number > 0 and not self._is_deposed and not self._has_ended
            self._has_ended = True
            if was_written:
                try:
                    self._beats.remove(self.name)
                except CredentialsError:
                    return  # it goes stale by itself

    def _beat(self) -> bool:
        if self._is_deposed or self._has_ended:
            return False
        sent = self._clock.monotonic()
        self._number += 1
        beat = {
            "run": self.run,
            "beat": self._number,
            "lease": self.length,
            "at": iso(self._clock.now()),
            "working_on": sorted(self._turns),
        }
        for is_last in (False, True):
            try:
                self._version = self._beats.put(self.name, beat, self._version)
                break
            except CredentialsError as exc:
                if exc.kind != "busy" and exc.landed is False:
                    raise
                if self._has_landed(beat):
                    break
                if self._was_deposed():
                    return False
                if is_last or exc.kind != "busy":
                    raise
        stood_still = self._confirmed is not None and sent - self._confirmed >= self.length
        if stood_still and not self._beats.is_exact:
            self._is_deposed = True
            return False
        self._confirmed = sent
        return True

    def _was_deposed(self) -> bool:
        return self._is_deposed

    def _has_landed(self, beat: Mapping[str, Any]) -> bool:
        """Look what became of a beat that was refused or not answered."""
        found = self._beats.get(self.name)
        if found is None:
            # Gone although it was confirmed once: somebody deposed this run and tidied up.
            self._is_deposed = self._confirmed is not None
            return False
        there, version = found
        if there.get("deposed_by"):
            self._is_deposed = True
            return False
        # An earlier beat, given up for lost, landed late: go on from it.
        self._version = version
        return bool(there.get("beat") == beat["beat"])


class HeartbeatLease(Lease):
    """A lease that is as sure as its run's heartbeat, until it is given back."""

    def __init__(self, keeper: HeartbeatKeeper, token: str) -> None:
        self.run = token
        self._keeper = keeper
        self._is_over = False

    def is_sure(self) -> bool:
        """Tell whether the lease is certainly still ours. Sends nothing."""
        return not self._is_over and self._keeper.is_sure()

    def end(self) -> None:
        """Give the lease back."""
        self._is_over = True
