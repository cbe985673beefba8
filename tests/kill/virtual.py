# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time: one memory that the world moves and every runner reads, so that nothing waits."""

from __future__ import annotations

import datetime as dt
import mmap
import struct
from dataclasses import dataclass
from typing import Callable, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.tests.simulators.base import SimulatorClock

#: When every world begins.
BIRTH = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
HOUR, DAY = 3600.0, 86400.0
_FORM = struct.Struct("dd")


class Memory:
    """Seconds since BIRTH, and by how much the runners' wall clock is off; shared over fork()."""

    def __init__(self, seconds: float = 0.0, wall_error: float = 0.0) -> None:
        self._map = mmap.mmap(-1, mmap.PAGESIZE)
        self._put(seconds, wall_error)

    def copy(self) -> Memory:
        """Return another memory that says the same now."""
        return Memory(self.seconds, self.wall_error)

    @property
    def seconds(self) -> float:
        """True time."""
        return float(_FORM.unpack_from(self._map)[0])

    @property
    def wall_error(self) -> float:
        """What the runners' wall clock adds to it."""
        return float(_FORM.unpack_from(self._map)[1])

    def advance(self, seconds: float) -> None:
        """Let time pass; it never goes back."""
        self._put(self.seconds + max(0.0, seconds), self.wall_error)

    def set_wall_error(self, seconds: float) -> None:
        """Set the runners' wall clock wrong."""
        self._put(self.seconds, seconds)

    def _put(self, seconds: float, wall_error: float) -> None:
        _FORM.pack_into(self._map, 0, seconds, wall_error)


class WorldClock(SimulatorClock):
    """The platforms' clock: true time."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self.memory = memory

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return BIRTH + dt.timedelta(seconds=self.memory.seconds + self.offset)


@dataclass
class _Timer:
    """Something that a runner does again and again."""

    every: float
    work: Callable[[], None]
    due: float


class RunnerClock(Clock):
    """A runner's clock: its sleep asks the world to let the time pass; its timers run meanwhile."""

    def __init__(self, memory: Memory, sleeper: Optional[Callable[[float], object]] = None) -> None:
        super().__init__()
        self.memory = memory
        self._sleeper = sleeper or memory.advance
        self._timers: list[_Timer] = []
        self._is_working = False

    def now(self) -> dt.datetime:
        """Return the time in UTC as this machine has it."""
        return BIRTH + dt.timedelta(seconds=self.memory.seconds + self.memory.wall_error)

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return self.memory.seconds

    def sleep(self, seconds: float) -> None:
        """Wait in virtual time; timers go off on the way."""
        until = self.memory.seconds + seconds
        while (left := until - self.memory.seconds) > 0:
            next_due = min((timer.due for timer in self._timers), default=until)
            is_free = not self._is_working
            self._sleeper(max(0.0, min(left, next_due - self.memory.seconds)) if is_free else left)
            self.run_due()

    def every(
        self, seconds: float, work: Callable[[], None], name: str = "timer"
    ) -> Callable[[], None]:
        """Call work as virtual time passes; return what stops that."""
        timer = _Timer(seconds, work, self.memory.seconds + seconds)
        self._timers.append(timer)

        def stop() -> None:
            if timer in self._timers:
                self._timers.remove(timer)

        return stop

    def run_due(self) -> None:
        """Do what timers are due, as their thread would have in the meantime."""
        if self._is_working:
            return
        self._is_working = True
        try:
            for timer in list(self._timers):
                if timer.due <= self.memory.seconds:
                    timer.due = self.memory.seconds + timer.every
                    timer.work()
        finally:
            self._is_working = False
