# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire between a runner and its world: every step a runner takes asks the world first.

One packet each way over a socket pair. The world answers a step with its outcome, or lets the
runner die: the runner then sends itself SIGKILL, so that nothing of it is tidied up.
"""

from __future__ import annotations

import marshal
import os
import signal
import socket
import threading
from typing import Any, Callable, NoReturn

#: The largest packet; a journal or a listing of a matrix's small worlds is far below.
_LARGEST = 1 << 20

#: What a runner says; SENT: a request that it sent itself was answered, or not.
HTTP, STEP, SLEEP, DONE, SENT = "http", "step", "sleep", "done", "sent"
#: What the world answers; SEND: send it yourself to a real system, and say so when it is answered.
GO, DIE, ANSWER, LOST, FAIL, SEND = "go", "die", "answer", "lost", "fail", "send"


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the world's end and the runner's."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)
    return ends


def send(end: socket.socket, *message: Any) -> None:
    """Send one message."""
    end.sendall(marshal.dumps(message))


def receive(end: socket.socket) -> tuple[Any, ...]:
    """Return one message; an empty tuple when the other side is gone."""
    try:
        packet = end.recv(_LARGEST)
    except ConnectionError:
        return ()
    return tuple(marshal.loads(packet)) if packet else ()  # noqa: S302  # our own other half


class Line:
    """The runner's side: in another process than the world."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = threading.RLock()

    def ask(self, *message: Any) -> tuple[Any, ...]:
        """Say what is about to happen and return the world's answer; die if that is the answer."""
        with self._lock:
            send(self._end, *message)
            answer = receive(self._end)
        if not answer or answer == (DIE,):
            self.die()
        return answer

    def die(self) -> NoReturn:
        """End the runner here and now."""
        die()


class ShortLine(Line):
    """The runner's side within the world's own process, for runs that nothing happens to."""

    def __init__(self, answer: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
        self._answer = answer
        self._lock = threading.RLock()

    def ask(self, *message: Any) -> tuple[Any, ...]:
        """Return the world's answer."""
        with self._lock:
            answer = self._answer(message)
        if answer == (DIE,):
            self.die()
        return answer


class ParkingLine(ShortLine):
    """The runner's side in a thread of the world's process: where it dies, it stands still.

    None of its code runs again, no finally, no exit handler; hooks.bury() lets go of its files.
    """

    def __init__(self, answer: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
        super().__init__(answer)
        #: Set when the runner is done or dead.
        self.is_over = threading.Event()
        self.is_dead = False

    def die(self) -> NoReturn:
        """Stand still for ever."""
        self.is_dead = True
        self.is_over.set()
        while True:
            threading.Event().wait()


def die() -> NoReturn:
    """End this process as a SIGKILL from outside would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable: SIGKILL cannot be survived")
