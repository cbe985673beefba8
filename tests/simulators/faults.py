# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of servers and networks, before and after the change was made."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

#: What can go wrong. Each comes "before" (the platform never sees the request) or "after" (the
#: change is made, and then the answer is spoilt).
ACTIONS = {
    "status": "answer with this status, headers and body",
    "drop": "close the connection without an answer",
    "garbage": "answer 200 with bytes that are no JSON",
    "html": "answer 200 with a web page",
    "truncate": "send half of the answer, then close the connection",
    "delay": "wait, then go on as usual",
    "late": "answer 504 (status 0: close the connection); the change happens later",
    "endless": "answer with a body that does not end within any bound",
}


@dataclass
class Fault:
    """One fault: which requests it hits, when, and what it does. times 0: for ever."""

    action: str
    when: str = "before"
    method: Optional[str] = None
    #: A regular expression searched in path and query as sent, without regard to case.
    path: Optional[str] = None
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 0.0
    times: int = 1
    #: Let this many matching requests pass first.
    skip: int = 0

    def __post_init__(self) -> None:
        if self.action not in ACTIONS or self.when not in ("before", "after"):
            raise ValueError(f"no such fault: {self.action} {self.when}")

    def hits(self, method: str, target: str) -> bool:
        """Tell whether it concerns a request."""
        if self.method and self.method != method:
            return False
        return not self.path or bool(re.search(self.path, target, re.IGNORECASE))


class FaultPlan:
    """The faults waiting at one server."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._cleared = threading.Event()

    def add(self, action: str, when: str = "before", **fields: Any) -> Fault:
        """Plan a fault and return it."""
        fault = Fault(action, when, **fields)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def delay(self, fault: Fault) -> None:
        """Wait as long as a fault says; one that is still planned ends when all are forgotten.

        So a test plans what hangs (times=0) for longer than any machine is slow, and ends it.
        """
        with self._lock:
            end = self._cleared if fault in self._faults else threading.Event()
        end.wait(fault.seconds)

    def take(self, method: str, target: str) -> Optional[Fault]:
        """Return the fault that hits this request, if any, and count it as used."""
        with self._lock:
            for fault in self._faults:
                if not fault.hits(method, target):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times:
                    fault.times -= 1
                    if not fault.times:
                        self._faults.remove(fault)
                return fault
        return None


class Landing(threading.Thread):
    """What a request does, later than its answer."""

    def __init__(self, seconds: float, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._seconds = seconds
        self._work: Optional[Callable[[], object]] = work
        self._is_time = threading.Event()

    def run(self) -> None:
        self._is_time.wait(self._seconds)
        if self._work:
            self._work()

    def at_once(self) -> None:
        """Do it now; return when it is done."""
        self._is_time.set()
        self.join()

    def forget(self) -> None:
        """Let it never happen, unless it has."""
        self._work = None
        self._is_time.set()
