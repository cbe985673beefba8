# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve a simulator over HTTP or TLS on loopback: kept connections, faults, a log, remote control.

Remote control, for tests and demos in another process (never part of a real API):
GET /_simulator/state, GET /_simulator/log, GET /_simulator/access_keys, GET /_simulator/secrets,
POST /_simulator/faults (a fault's fields), DELETE /_simulator/faults,
POST /_simulator/clock {"advance": seconds}, POST /_simulator/modes {name: value},
DELETE /_simulator/log.
"""

from __future__ import annotations

import contextlib
import email.utils
import itertools
import json
import socket
import ssl
import threading
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Optional

from .base import CaseInsensitive, Request, Response, Simulator
from .faults import Fault, FaultPlan, Landing
from .wording import USUAL

CONTROL = "/_simulator/"


@dataclass
class Logged:
    """One request in the log. writes: changes that the platform made because of it."""

    method: str
    target: str
    status: int
    writes: int
    connection: int
    headers: dict[str, str]
    body: str
    #: Its place among all requests to the servers of this process.
    number: int = 0


#: What numbers are drawn from; itertools.count needs no lock.
_NUMBERS = itertools.count(1)


class SimulatorServer:
    """A running simulator. Use as a context manager, or start() and stop()."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        port: int = 0,
        latency: float = 0.0,
        certificate: Optional[tuple[str, str]] = None,
        client_ca: Optional[str] = None,
        keep_log: bool = True,
    ) -> None:
        self.simulator = simulator
        self.latency = latency
        self.faults = FaultPlan()
        #: How answers are said on the wire.
        self.wording = USUAL
        self.log: list[Logged] = []
        self.keep_log = keep_log
        self.requests = 0
        self.connections = 0
        #: The methods of the requests that are being answered.
        self.under_way: list[str] = []
        self._lock = threading.Lock()
        self._landings: list[Landing] = []
        self._certificate = certificate
        self._http = _Server(("127.0.0.1", port), _handler_for(self))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            if client_ca:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client_ca)
            self._http.tls = context
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.005,), daemon=True)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> SimulatorServer:
        """Start serving in the background."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and close the port; late landings still under way are forgotten."""
        self.faults.clear()
        for landing in self._landings:
            landing.forget()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def __enter__(self) -> SimulatorServer:
        return self.start()

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        exc: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    def begin_anew(self, simulator: Simulator) -> None:
        """Serve another world, without faults, with nothing counted yet.

        What is still being answered stays with the world that it was asked of, and is not counted.
        """
        self.faults.clear()
        with self._lock:
            self.simulator = simulator
            self.latency = 0.0
            self.wording = USUAL
            self.log.clear()
            self.requests = self.connections = 0

    def land(self) -> None:
        """Let happen now what was to happen late; return when it has."""
        for landing in self._landings:
            landing.at_once()

    def note_connection(self) -> int:
        """Count a connection and return its number."""
        with self._lock:
            self.connections += 1
            return self.connections

    def answer(
        self, request: Request, connection: int
    ) -> tuple[Optional[Response], Optional[Fault]]:
        """Return the response (None: close the connection) and the fault that spoils it."""
        simulator = self.simulator
        method, target = simulator.seen_as(request)
        with self._lock:
            self.under_way.append(method)
        try:
            return self._answer(simulator, request, connection, method, target)
        finally:
            with self._lock:
                self.under_way.remove(method)

    def _answer(
        self, simulator: Simulator, request: Request, connection: int, method: str, target: str
    ) -> tuple[Optional[Response], Optional[Fault]]:
        if self.latency:
            time.sleep(self.latency)
        fault = self.faults.take(method, target)
        after: Optional[Fault] = None
        if fault and fault.action == "delay":
            if fault.when == "before":
                self.faults.delay(fault)
            else:
                after = fault
            fault = None
        response: Optional[Response]
        writes = 0
        if fault and fault.action == "late":
            landing = Landing(fault.seconds, lambda: self._handled(simulator, request))
            self._landings.append(landing)
            landing.start()
            response = Response(504, "gateway time-out") if fault.status else None
        elif fault and fault.when == "before":
            response = _spoilt(fault)
        else:
            response, writes = self._handled(simulator, request)
            if after:
                self.faults.delay(after)
            if fault and fault.action not in ("truncate", "endless"):
                response = _spoilt(fault)
        with self._lock:
            is_counted = self.simulator is simulator
            self.requests += is_counted
            if is_counted and self.keep_log:
                self.log.append(
                    Logged(
                        method,
                        target,
                        response.status if response else 0,
                        writes,
                        connection,
                        dict(request.headers.items()),
                        request.body.decode("utf-8", "replace"),
                        next(_NUMBERS),
                    )
                )
        return response, fault

    def _handled(self, simulator: Simulator, request: Request) -> tuple[Response, int]:
        with simulator.lock:
            before = simulator.writes
            response = simulator.handle(request)
            return response, simulator.writes - before

    def control(self, request: Request) -> Response:
        """Answer a request of the remote control."""
        verb = (request.method, request.path[len(CONTROL) :])
        if verb == ("GET", "state"):
            return Response(
                200,
                {
                    "name": self.simulator.name,
                    "requests": self.requests,
                    "under_way": self.under_way,
                    "connections": self.connections,
                    "writes": self.simulator.writes,
                    "commits": [commit.what for commit in self.simulator.commits],
                    "modes": self.simulator.modes,
                },
            )
        if verb == ("GET", "access_keys"):
            return Response(200, self.simulator.access_keys())
        if verb == ("GET", "secrets"):
            return Response(200, self.simulator.secrets())
        if verb == ("GET", "log"):
            return Response(200, [asdict(entry) for entry in self.log])
        if verb == ("DELETE", "log"):
            self.log.clear()
            return Response(204)
        if verb == ("POST", "faults"):
            self.faults.add(**json.loads(request.body))
            return Response(204)
        if verb == ("DELETE", "faults"):
            self.faults.clear()
            return Response(204)
        if verb == ("POST", "clock"):
            self.simulator.clock.advance(float(json.loads(request.body)["advance"]))
            return Response(204)
        if verb == ("POST", "modes"):
            self.simulator.modes.update(json.loads(request.body))
            return Response(204)
        return Response(404, {"error": "no such control"})


def _spoilt(fault: Fault) -> Optional[Response]:
    if fault.action == "drop":
        return None
    if fault.action == "garbage":
        return Response(200, b'\x00\xff{"half": ', content_type="application/json")
    if fault.action == "html":
        page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
        return Response(200, page, content_type="text/html; charset=utf-8")
    if fault.action in ("truncate", "endless"):
        return Response(200, {"filler": "x" * 200})
    return Response(fault.status, fault.body, dict(fault.headers))


def _let_read(connection: socket.socket) -> None:
    """Wait until the other side has closed, or sent all it has to send.

    Closing on unread bytes resets a connection, and the reset may overtake TLS's alert.
    """
    connection.settimeout(30)
    connection.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    tls: Optional[ssl.SSLContext] = None

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            # The handshake waits for the handler's thread, so that a bad client blocks none.
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that refuses our certificate is a test, not an error."""


def _handler_for(server: SimulatorServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One buffered write per answer: two would wait for each other's acknowledgement (40 ms).
        wbufsize = -1
        timeout = 60

        def setup(self) -> None:
            super().setup()
            self.number = server.note_connection()
            if isinstance(self.connection, ssl.SSLSocket):
                try:
                    self.connection.do_handshake()
                except ssl.SSLError:
                    _let_read(self.connection)
                    raise

        def handle_expect_100(self) -> bool:
            go_on = super().handle_expect_100()
            # botocore waits a second for this line before it sends a body.
            self.wfile.flush()
            return go_on

        def handle_any(self) -> None:
            request = Request(
                self.command, self.path, CaseInsensitive(self.headers.items()), self.read_body()
            )
            if request.path.startswith(CONTROL):
                self.reply(server.control(request), None)
                return
            response, fault = server.answer(request, self.number)
            if response is None:
                self.close_connection = True
                # Without this, closing would send what is left in the buffer.
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
                )
                return
            self.reply(response, fault)

        def read_body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return body

        def reply(self, response: Response, fault: Optional[Fault]) -> None:
            wording = server.wording
            payload, framing = wording.said(response.payload())
            self.protocol_version = wording.version
            self.send_response_only(response.status)
            now = server.simulator.clock.now()
            headers = {"Date": email.utils.format_datetime(now, usegmt=True), **response.headers}
            kind = response.kind()
            if kind:
                headers["Content-Type"] = kind
            endless = fault is not None and fault.action == "endless"
            cut = fault is not None and fault.action == "truncate"
            if endless:
                framing["Content-Length"] = str(10**12)
            if response.status == 204:
                framing.pop("Content-Length", None)
                framing.pop("Transfer-Encoding", None)
            for name, value in {**headers, **framing}.items():
                self.send_header(wording.name(name), value)
            self.end_headers()
            if endless:
                self.flood()
                return
            if self.command != "HEAD" and response.status != 204:
                sent = wording.sent(payload)
                self.wfile.write(sent[: len(sent) // 2] if cut else sent)
            self.wfile.flush()
            if cut or wording.is_old:
                self.close_connection = True

        def flood(self) -> None:
            self.close_connection = True
            try:
                for _unused in range(10_000):
                    self.wfile.write(b" " * 65536)
            except OSError:
                pass

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_LIST = handle_any

        def log_message(self, *args: Any) -> None:
            """Say nothing on standard error; the log is server.log."""

    return Handler
