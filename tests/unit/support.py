# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unit tests share: a clock that never waits, an echoing server, a client for it."""

from __future__ import annotations

import datetime as dt
import json
import threading
from dataclasses import dataclass
from typing import Any, Callable, Union

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import Settings
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    Request,
    Response,
    Simulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer

#: Made up, and long enough to be found wherever they leak.
CANARY = "canary/Secret+Key=with&every<sign>'7f3a9c\"\\end"

Scripted = Union[Response, Callable[[Request], Response]]


@dataclass(eq=False)
class _Timer:
    at: float
    seconds: float
    work: Callable[[], None]


def _at(timer: _Timer) -> float:
    return timer.at


class RecordingClock(Clock):
    """A clock whose sleep returns at once, moves the time on, and is remembered.

    What is to happen every so often happens inside the sleep, each time when its time has come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self._timers: list[_Timer] = []
        self._is_telling = False
        self._lock = threading.Lock()

    def now(self) -> dt.datetime:
        """Return the time in UTC, the time slept included."""
        return super().now() + dt.timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        """Return the time slept so far."""
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        """Note the wait."""
        if seconds > 0:
            with self._lock:
                self.slept.append(0.0)
                place, end = len(self.slept) - 1, self.monotonic() + seconds
                is_telling, self._is_telling = self._is_telling, True
            if not is_telling:
                try:
                    self._tell_timers(place, end)
                finally:
                    self._is_telling = False
            self.slept[place] = seconds

    def every(
        self, seconds: float, work: Callable[[], None], name: str = "timer"
    ) -> Callable[[], None]:
        """Call work inside sleep(), as often as its time comes; return what stops that."""
        timer = _Timer(self.monotonic() + seconds, seconds, work)
        self._timers.append(timer)

        def stop() -> None:
            if timer in self._timers:
                self._timers.remove(timer)

        return stop

    def _tell_timers(self, place: int, end: float) -> None:
        while True:
            due = min((timer for timer in self._timers if timer.at <= end), key=_at, default=None)
            if due is None:
                return
            self.slept[place] += max(0.0, due.at - self.monotonic())
            due.at += due.seconds
            due.work()


class Echo(Simulator):
    """A platform that answers what it was asked, unless a test scripts an answer for the path.

    A write commits. With token set, requests without it get 401, and POST /login hands it out.
    """

    name = "echo"

    def __init__(self) -> None:
        super().__init__()
        self.scripts: dict[str, list[Scripted]] = {}
        self.seen: list[Request] = []
        self.valid_token: str | None = None
        self.logins = 0

    def script(self, path: str, *answers: Scripted) -> None:
        """Answer requests for a path with these, one after the other; the last one stays."""
        self.scripts[path] = list(answers)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        self.seen.append(request)
        if request.path == "/login":
            self.logins += 1
            self.valid_token = f"made-up-token-{self.logins:04d}"
            return Response(200, {"token": self.valid_token})
        if self.valid_token is not None and request.headers.get("X-Token") != self.valid_token:
            return Response(401, {"error": "token"})
        waiting = self.scripts.get(request.path)
        if waiting:
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            return answer(request) if callable(answer) else answer
        if request.method not in ("GET", "HEAD"):
            self.commit(f"{request.method} {request.path}")
        return Response(200, self.echoed(request))

    def echoed(self, request: Request) -> dict[str, Any]:
        """Return the request as it came."""
        return {
            "method": request.method,
            "target": request.target,
            "headers": dict(request.headers.items()),
            "body": request.body.decode("utf-8", "replace"),
        }


def reset(server: SimulatorServer, simulator: Simulator) -> None:
    """Give a running server another world: starting one for each test would cost 50 ms."""
    server.begin_anew(simulator)


def settings_for(url: str, **changes: Any) -> Settings:
    """Return settings that reach a server of a test."""
    fields: dict[str, Any] = {
        "platform": "echo",
        "endpoint": "lab",
        "api_url": url,
        # A machine that is busy answers late; whoever tests a timeout sets a short one.
        "connect_timeout": 30.0,
        "read_timeout": 30.0,
        **changes,
    }
    return Settings(**fields)


def raised(work: Callable[..., Any], *args: Any, **kwargs: Any) -> CredentialsError:
    """Return the CredentialsError that a call raises; fail when it raises none."""
    try:
        result = work(*args, **kwargs)
    except CredentialsError as exc:
        return exc
    raise AssertionError(f"nothing was raised; returned {result!r}")


def everything_in(exc: CredentialsError) -> str:
    """Return all texts of an error in one, for a search."""
    return json.dumps(exc.failure()) + str(exc) + repr(exc) + repr(exc.args) + repr(exc.__dict__)
