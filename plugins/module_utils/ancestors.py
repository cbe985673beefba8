# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this module shall go on: nobody asked it to stop, and somebody still waits for it.

A controller killed outright (SIGKILL) leaves its modules running, and nobody receives what they
return. Shells stand between the module and Ansible's worker, so its own parent says nothing: the
processes above it are watched, as they were at its start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable, Optional

#: Seconds between two looks.
_BETWEEN_LOOKS = 0.5


class Ancestors:
    """The chain of parents; on systems without /proc it never changes."""

    def __init__(self) -> None:
        self._chain = _chain()
        self._looked_at = time.monotonic()
        self._lock = threading.Lock()
        self._gone = False

    def why_stop(self) -> Optional[str]:
        """Say that nobody would receive the results any more, or return None. Reads only."""
        return "the controller is gone" if self.are_gone() else None

    def are_gone(self) -> bool:
        """Tell whether one of them has died since the start. Reads only."""
        with self._lock:
            now = time.monotonic()
            if not self._gone and now - self._looked_at >= _BETWEEN_LOOKS:
                self._looked_at = now
                self._gone = _chain() != self._chain
            return self._gone


def _chain() -> list[int]:
    """Return this process and those above it, as far up as they belong to Ansible.

    With pipelining nothing of Ansible stands in the lines of the shells between. What is above the
    controller may go without harm: a shell that is left while the run goes on.
    """
    found: list[int] = []
    is_reached = False
    process = os.getppid()
    while process > 1 and len(found) < 64:
        try:
            with open(f"/proc/{process}/cmdline", "rb") as line:
                if b"ansible" in line.read():
                    is_reached = True
                elif is_reached:
                    break
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
                found.append(process)
                # The command's name stands in parentheses and may hold anything.
                process = int(stat.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return [os.getpid(), *(found if is_reached else ())]


class Stop:
    """Why no further account shall start: a signal, or nobody there who would get the results.

    What has begun is finished all the same. The first reason stays.
    """

    def __init__(self) -> None:
        self._why: Optional[str] = None
        self._watched: list[Callable[[], Optional[str]]] = []
        self._lists = 0

    def ask(self, why: str) -> None:
        """Ask that nothing more starts; why completes the sentence "not started: ..."."""
        self._why = self._why or why

    def watch(self, look: Callable[[], Optional[str]]) -> None:
        """Have reason() also look here, where a text is a reason to stop."""
        self._watched.append(look)

    def forget(self) -> None:
        """Go on, and watch nothing."""
        self._why = None
        self._watched = []

    def reason(self) -> Optional[str]:
        """Return why nothing more shall start, or None to go on. Reads only; any thread may ask."""
        for look in () if self._why else self._watched:
            why = look()
            if why:
                self.ask(why)
        return self._why

    @contextlib.contextmanager
    def asked(self) -> Iterator[None]:
        """Say that a list is being worked on, which asks for a reason before each of its items."""
        self._lists += 1
        try:
            yield
        finally:
            self._lists -= 1

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """Let the first SIGTERM and the first SIGINT ask for a stop while a list is worked on.

        Later ones, and those that come when nothing would heed the question (a login, a long wait
        for a job), do what they used to. Only the main thread can do this.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {
            number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)
        }

        def ask(number: int, frame: Any) -> None:
            signal.signal(number, before[number])
            if self._lists:
                self.ask(f"stopped by {signal.Signals(number).name}")
            else:
                os.kill(os.getpid(), number)

        for number, handler in before.items():
            if handler not in (signal.SIG_IGN, None):
                signal.signal(number, ask)
        try:
            yield
        finally:
            for number, handler in before.items():
                if handler is not None:
                    signal.signal(number, handler)


#: Of this process, as signals are: whatever works on a list asks it before it starts an account.
STOP = Stop()
