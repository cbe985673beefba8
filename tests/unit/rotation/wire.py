# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network inside the process: requests reach simulators without sockets, in the lab's own time.

Faults are those of simulators.faults; "late" lands when the lab's clock has come that far, so that
a test says to the second what an unanswered call overtakes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional
from unittest.mock import patch
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from ansible_collections.objectstore.credentials.plugins.module_utils.transport import Transport
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_errors import (
    TransportError,
    closed,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Response,
    Simulator,
    SimulatorClock,
)
from ansible_collections.objectstore.credentials.tests.simulators.faults import Fault, FaultPlan
from ansible_collections.objectstore.credentials.tests.simulators.server import Logged

#: What one request takes, in seconds of the lab.
LATENCY = 0.02
BEGINNING = dt.datetime(2026, 3, 2, 8, 0, 0, tzinfo=dt.timezone.utc)


class FixedClock(SimulatorClock):
    """The platform's clock, which stands still unless somebody moves it."""

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return BEGINNING + dt.timedelta(seconds=self.offset)


class Killed(BaseException):
    """The runner is gone: nothing of it may catch this."""


@dataclass
class Host:
    """One simulated service on the wire; its faults and log are as those of SimulatorServer."""

    simulator: Simulator
    url: str
    faults: FaultPlan = field(default_factory=FaultPlan)
    log: list[Logged] = field(default_factory=list)
    #: Seconds by which its Date header is off.
    date_off: float = 0.0
    is_down: bool = False

    def handled(self, request: Request) -> Response:
        """Let the service answer, and note what it changed."""
        with self.simulator.lock:
            before = self.simulator.writes
            response = self.simulator.handle(request)
            writes = self.simulator.writes - before
        method, target = self.simulator.seen_as(request)
        self.log.append(
            Logged(
                method,
                target,
                response.status,
                writes,
                0,
                dict(request.headers.items()),
                request.body.decode("utf-8", "replace"),
            )
        )
        return response


@dataclass
class _Landing:
    due: float
    host: Host
    request: Request


class Network:
    """All hosts of a lab, and what is still under way to them."""

    def __init__(self, clock: SimulatorClock) -> None:
        self.clock = clock
        self.hosts: dict[str, Host] = {}
        #: Called with method and URL before a request is delivered; may raise Killed.
        self.before: list[Callable[[str, str], None]] = []
        #: The same after it was answered.
        self.after: list[Callable[[str, str], None]] = []
        self._landings: list[_Landing] = []
        self._lock = threading.RLock()

    def host(self, simulator: Simulator) -> Host:
        """Put a service on the wire."""
        url = f"http://127.0.0.1:{7001 + len(self.hosts)}"
        return self.hosts.setdefault(url, Host(simulator, url))

    def pass_time(self, seconds: float) -> None:
        """Move the clock; what is due on the way lands on the way."""
        with self._lock:
            until = self.clock.offset + seconds
            for landing in sorted(self._landings, key=lambda each: each.due):
                if landing.due <= until:
                    self.clock.offset = max(self.clock.offset, landing.due)
                    self.land()
            self.clock.offset = until

    def land(self, everything: bool = False) -> None:
        """Deliver what is due."""
        with self._lock:
            for landing in list(self._landings):
                if everything or landing.due <= self.clock.offset:
                    self._landings.remove(landing)
                    landing.host.handled(landing.request)

    @property
    def is_something_under_way(self) -> bool:
        """Whether a request is still to land."""
        return bool(self._landings)

    def exchange(
        self, method: str, url: str, headers: Mapping[str, Any], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request; raise TransportError as the sockets would."""
        parts = urlsplit(url)
        host = self.hosts[f"{parts.scheme}://127.0.0.1:{parts.port}"]
        self.pass_time(LATENCY)
        sent = {name: v if isinstance(v, str) else v.decode() for name, v in headers.items()}
        sent.setdefault("Host", parts.netloc)
        if body:
            sent.setdefault("Content-Length", str(len(body)))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = Request(method, target, CaseInsensitive(sent.items()), bytes(body or b""))
        seen, where = host.simulator.seen_as(request)
        for hook in self.before:
            hook(seen, f"{host.url}{where}")
        if host.is_down:
            raise TransportError(
                "unreachable", "the connection was refused", passing=True, maybe_sent=False
            )
        response = self._delivered(host, request)
        for hook in self.after:
            hook(seen, f"{host.url}{where}")
        if response is None:
            raise closed()
        payload = response.payload()
        date = self.clock.now() + dt.timedelta(seconds=host.date_off)
        received = {
            "Date": email.utils.format_datetime(date, usegmt=True),
            **response.headers,
            "Content-Length": str(len(payload)),
        }
        kind = response.kind()
        if kind:
            received["Content-Type"] = kind
        return response.status, CaseInsensitiveDict(received), payload

    def _delivered(self, host: Host, request: Request) -> Optional[Response]:
        fault = host.faults.take(*host.simulator.seen_as(request))
        if fault is None:
            return host.handled(request)
        if fault.action == "late":
            self._landings.append(_Landing(self.clock.offset + fault.seconds, host, request))
            return Response(504, "gateway time-out") if fault.status else None
        if fault.action == "delay":
            self.pass_time(fault.seconds)
            return host.handled(request)
        if fault.when == "after":
            host.handled(request)
        return _spoilt(fault)


def _spoilt(fault: Fault) -> Optional[Response]:
    if fault.action == "status":
        return Response(fault.status, fault.body, dict(fault.headers))
    if fault.action == "garbage":
        return Response(200, b'\x00\xff{"half": ', content_type="application/json")
    if fault.action == "html":
        return Response(200, "<!DOCTYPE html><html></html>", content_type="text/html")
    return None


@contextlib.contextmanager
def wired(network: Network) -> Iterator[None]:
    """Within: every request of the client layer and of the verifier goes over this network."""

    def send(
        _transport: Transport, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        return network.exchange(method, url, headers, body)

    with patch.object(Transport, "send", send):
        yield
