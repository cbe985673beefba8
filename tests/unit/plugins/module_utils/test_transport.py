# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets: the pool, bounds, and plain words for what goes wrong on the way."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import transport
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.transport import Transport
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_errors import (
    TransportError,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.conftest import MakeClient
from ansible_collections.objectstore.credentials.tests.unit.support import (
    CANARY,
    Echo,
    RecordingClock,
    everything_in,
    raised,
    settings_for,
)


class OddServer:
    """A socket that does one odd thing to every connection."""

    def __init__(self, do: Callable[[socket.socket], None]) -> None:
        self._do = do
        self._kept: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _unused = self._listener.accept()
            except OSError:
                return
            self._kept.append(connection)
            self._do(connection)

    def close(self) -> None:
        """Close the listener and all connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._kept:
            connection.close()


def read_head(connection: socket.socket) -> None:
    """Read a request without a body to its end: closing on unread bytes resets a connection."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        more = connection.recv(4096)
        if not more:
            return
        read += more


@pytest.fixture
def odd_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Return a function that starts an odd server and returns its host and port."""
    started: list[OddServer] = []

    def start(do: Callable[[socket.socket], None]) -> str:
        started.append(OddServer(do))
        return f"127.0.0.1:{started[-1].port}"

    yield start
    for server in started:
        server.close()


@pytest.fixture
def refused_port() -> Iterator[int]:
    """A port that nobody listens on, nor will: it is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def test_connections_are_kept(client: Client, server: SimulatorServer) -> None:
    for _unused in range(20):
        client.request("GET", "/x")
    assert (server.requests, server.connections) == (20, 1)


@pytest.mark.parametrize("parallelism", [1, 3, 8])
def test_connections_are_no_more_than_parallelism(
    make_client: MakeClient, slow_server: SimulatorServer, parallelism: int
) -> None:
    slow_server.latency = 0.002
    client = make_client(url=slow_server.url, parallelism=parallelism)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: client.request("GET", f"/{n}"), range(64)))
    assert slow_server.requests == 64
    assert slow_server.connections <= parallelism
    assert (slow_server.connections > 1) is (parallelism > 1)


def test_connection_is_kept_after_error_statuses_and_odd_bodies(
    client: Client, server: SimulatorServer, echo: Echo
) -> None:
    for status in (200, 204, 400, 404, 500):
        echo.script(f"/{status}", Response(status, None if status == 204 else b"\x00 no JSON"))
        client.request("GET", f"/{status}")
        client.request("HEAD", f"/{status}")
    assert server.connections == 1


def test_connection_that_was_long_idle_is_not_used_again(
    client: Client, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server may be closing it: a change sent just then would be one whose outcome is unknown.
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for idle, connections in ((0, 1), (3.9, 1), (4.1, 2), (3.9, 2)):
        now[0] += idle
        client.request("POST", "/x")
        assert server.connections == connections


def test_closing_closes_the_connections_and_is_harmless_twice(
    client: Client, server: SimulatorServer
) -> None:
    client.request("GET", "/x")
    client.close()
    client.close()
    client.request("GET", "/x")
    assert server.connections == 2


def test_endless_answer_is_cut_off(
    client: Client, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1024 * 1024)
    server.faults.add("endless", times=0)
    error = raised(client.request, "GET", "/x")
    assert (error.kind, error.landed) == ("malformed_answer", False)
    assert "larger than 1 MiB" in error.message
    assert server.requests == 1


def test_endless_answer_to_a_write_leaves_its_outcome_unknown(
    client: Client, server: SimulatorServer, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1024 * 1024)
    server.faults.add("endless", "after", times=0)
    error = raised(client.request, "POST", "/x")
    assert (error.kind, error.landed) == ("outcome_unknown", None)
    assert echo.writes == 1


def test_endless_body_of_a_redirect_is_cut_off(
    make_client: MakeClient,
    odd_server: Callable[[Callable[[socket.socket], None]], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 100_000)
    head = b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 999999999\r\n\r\n"

    def flood(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(head + b"x" * 200_000)

    error = raised(make_client(url=f"http://{odd_server(flood)}").request, "GET", "/old")
    assert "larger than" in error.message


def test_answer_at_the_bound_is_read(
    client: Client, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 200_000)
    echo.script("/x", Response(200, b"x" * 200_000))
    assert len(client.request("GET", "/x").body) == 200_000


def test_host_unknown_names_dns(make_client: MakeClient, clock: RecordingClock) -> None:
    client = make_client(url="http://no-such-host.invalid")
    error = raised(client.request, "GET", "/x")
    assert error.kind == "unreachable"
    assert "DNS" in error.message
    assert "api_url" in error.next_step
    assert clock.slept == []


def test_connection_refused_is_tried_again_for_reads_only(
    make_client: MakeClient, clock: RecordingClock, refused_port: int
) -> None:
    client = make_client(url=f"http://127.0.0.1:{refused_port}")
    error = raised(client.request, "POST", "/x")
    assert (error.kind, error.landed, clock.slept) == ("unreachable", False, [])
    assert "the connection was refused" in error.message
    error = raised(client.request, "GET", "/x")
    assert "after 4 tries" in error.message
    assert "service runs" in error.next_step


def test_connect_times_out(make_client: MakeClient) -> None:
    # A full backlog drops packets as a firewall would.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _unused in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        client = make_client(url=f"http://127.0.0.1:{address[1]}", connect_timeout=0.1)
        error = raised(client.request, "POST", "/x")
        for filler in fillers:
            filler.close()
    assert (error.kind, error.landed) == ("timeout", False)
    assert "no connection within 0.1 s" in error.message
    assert "firewall" in error.next_step


def test_connection_closed_at_once_is_unreachable(
    make_client: MakeClient, odd_server: Callable[[Callable[[socket.socket], None]], str]
) -> None:
    client = make_client(url=f"http://{odd_server(socket.socket.close)}")
    error = raised(client.request, "GET", "/x")
    assert error.kind == "unreachable"
    assert "closed before the answer was complete" in error.message


def test_other_protocol_is_unreachable_and_names_the_schemes(
    make_client: MakeClient, odd_server: Callable[[Callable[[socket.socket], None]], str]
) -> None:
    host = odd_server(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"))
    error = raised(make_client(url=f"http://{host}").request, "GET", "/x")
    assert error.kind == "unreachable"
    assert "https:// or http://" in error.next_step


def test_proxy_that_refuses_connections_is_named(
    make_client: MakeClient, server: SimulatorServer, refused_port: int
) -> None:
    client = make_client(proxy=f"http://me:{'hunter2-canary'}@127.0.0.1:{refused_port}")
    error = raised(client.request, "GET", "/x")
    assert (error.kind, error.landed) == ("unreachable", False)
    assert "the proxy refused" in error.message
    assert "proxy option" in error.next_step
    assert "canary" not in everything_in(error)
    assert server.requests == 0


def test_proxy_that_wants_a_login_is_named(
    make_client: MakeClient, odd_server: Callable[[Callable[[socket.socket], None]], str]
) -> None:
    def refuse(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        connection.close()

    client = make_client(url="https://storage.example.com", proxy=f"http://{odd_server(refuse)}")
    error = raised(client.request, "GET", "/x")
    assert error.kind == "unreachable"
    assert "407" in error.message


def test_proxy_given_is_used(make_client: MakeClient, server: SimulatorServer) -> None:
    client = make_client(url="http://storage.example.com", proxy=server.url)
    assert client.request("GET", "/x").status == 200
    assert server.log[0].target == "http://storage.example.com/x"


@pytest.mark.parametrize("proxy", ["http://[::1", "://::", "socks5://127.0.0.1:1", "nonsense://x"])
def test_proxy_that_is_no_url_is_an_invalid_option(make_client: MakeClient, proxy: str) -> None:
    error = raised(make_client(proxy=proxy).request, "GET", "/x")
    assert error.kind in ("invalid_option", "unreachable")
    assert "proxy" in error.message + error.next_step


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_proxy_of_the_environment_is_ignored(
    client: Client, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert client.request("GET", "/x").status == 200
    assert server.log[0].target == "/x"


def test_proxy_of_the_environment_is_used_when_asked_for(
    make_client: MakeClient, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    client = make_client(url="http://storage.example.com", proxy="environment")
    client.request("GET", "/x")
    assert server.log[0].target == "http://storage.example.com/x"
    monkeypatch.setenv("no_proxy", "storage.invalid")
    direct = make_client(url="http://storage.invalid", proxy="environment")
    assert "DNS" in raised(direct.request, "GET", "/x").message


def test_netrc_is_ignored(
    client: Client, echo: Echo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login other password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    client.request("GET", "/x")
    assert "Authorization" not in echo.seen[0].headers


def test_cookies_of_the_server_are_not_kept(client: Client, echo: Echo) -> None:
    echo.script("/x", Response(200, {}, {"Set-Cookie": "session=abc; Path=/"}))
    client.request("GET", "/x")
    client.request("GET", "/x")
    assert "Cookie" not in echo.seen[1].headers


@pytest.mark.parametrize("value", [f"{CANARY}€", f"{CANARY}\nX: y", f"{CANARY}\r"])
def test_token_that_a_header_cannot_hold_is_an_invalid_option(
    client: Client, server: SimulatorServer, value: str
) -> None:
    client.redactor.learn(value)
    error = raised(client.request, "GET", "/x", headers={"X-Token": value})
    assert error.kind == "invalid_option"
    assert "header" in error.message
    assert "canary" not in everything_in(error)
    assert server.requests == 0


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "exa_mple..com", ".example.com"])
def test_host_that_cannot_be_one_is_refused_without_a_traceback(
    make_client: MakeClient, host: str
) -> None:
    error = raised(make_client(url=f"http://{host}").request, "GET", "/x")
    assert error.kind in ("invalid_option", "unreachable")
    assert error.landed is False


def test_account_named_like_a_failure_is_not_taken_for_one(
    make_client: MakeClient, refused_port: int
) -> None:
    client = make_client(url=f"http://127.0.0.1:{refused_port}")
    error = raised(client.request, "GET", "/users/expired self-signed Name or service not known")
    assert (error.kind, "refused" in error.message) == ("unreachable", True)


def test_requests_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "requests", None)
    error = raised(Transport, settings_for("http://127.0.0.1"))
    assert error.kind == "invalid_option"
    assert "pip install requests" in error.next_step


def test_errors_carry_no_chain_that_a_traceback_would_print(
    make_client: MakeClient, refused_port: int
) -> None:
    client = make_client(url=f"http://127.0.0.1:{refused_port}")
    error = raised(client.request, "GET", "/x")
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_process_environment_is_left_alone(client: Client) -> None:
    before = dict(os.environ)
    client.request("GET", "/x")
    assert dict(os.environ) == before


def test_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LONGEST_ANSWER", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection = listener.accept()[0]
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            # Until the other side has gone; then for another reason than the one that is tested.
            for _number in range(3000):
                connection.sendall(b"x" * 600)
                time.sleep(0.02)

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    sender = transport.Transport(settings_for(url, read_timeout=0.1))
    with pytest.raises(TransportError) as caught:
        sender.send("GET", url, {}, b"")
    assert caught.value.kind == "timeout"
    assert caught.value.maybe_sent
    sender.close()
    listener.close()
    thread.join(60)
    assert not thread.is_alive()
