# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent again, how often, after which wait; and what never is."""

from __future__ import annotations

import datetime as dt
import email.utils
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.auth import LoginAuth
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.pacing import ATTEMPTS
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.conftest import MakeClient
from ansible_collections.objectstore.credentials.tests.unit.support import (
    Echo,
    RecordingClock,
    raised,
)

RETRIED = [429, 502, 503, 504]
#: Seconds that no test takes, on however slow a machine.
HANGS = 600.0


@pytest.mark.parametrize("status", RETRIED)
def test_read_is_repeated_after_status(
    client: Client, server: SimulatorServer, clock: RecordingClock, status: int
) -> None:
    server.faults.add("status", status=status, times=2)
    assert client.request("GET", "/x").status == 200
    assert server.requests == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize("status", RETRIED)
def test_read_gives_the_last_answer_when_tries_run_out(
    client: Client, server: SimulatorServer, clock: RecordingClock, status: int
) -> None:
    server.faults.add("status", status=status, times=0)
    assert client.request("GET", "/x").status == status
    assert server.requests == ATTEMPTS
    assert len(clock.slept) == ATTEMPTS - 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 500, 501])
def test_read_is_not_repeated_after_status(
    client: Client, server: SimulatorServer, clock: RecordingClock, status: int
) -> None:
    server.faults.add("status", status=status, times=0)
    assert client.request("GET", "/x").status == status
    assert (server.requests, clock.slept) == (1, [])


@pytest.mark.parametrize("status", [*RETRIED, 500])
def test_write_is_not_repeated_after_status(
    client: Client, server: SimulatorServer, clock: RecordingClock, status: int
) -> None:
    server.faults.add("status", status=status, times=0)
    assert client.request("POST", "/x").status == status
    assert (server.requests, clock.slept) == (1, [])


def test_repeatable_write_is_repeated_after_a_429_only(
    client: Client, server: SimulatorServer, echo: Echo
) -> None:
    server.faults.add("status", status=429, times=1)
    assert client.request("PUT", "/x", repeatable=True).status == 200
    assert (server.requests, echo.writes) == (2, 1)
    server.faults.add("status", status=503, times=1)
    assert client.request("PUT", "/x", repeatable=True).status == 503
    assert (server.requests, echo.writes) == (3, 1)


def test_repeatable_write_is_repeated_where_the_platform_promises_nothing_done(
    client: Client, server: SimulatorServer, echo: Echo
) -> None:
    client.promises_nothing_done = lambda answer: answer.status in (429, 503)
    server.faults.add("status", status=503, times=1)
    assert client.request("PUT", "/x", repeatable=True).status == 200
    assert (server.requests, echo.writes) == (2, 1)


def test_answer_of_any_status_may_ask_to_come_later(
    client: Client, server: SimulatorServer, echo: Echo
) -> None:
    server.faults.add("status", status=400, times=1)
    assert client.request("GET", "/x").status == 400
    client.promises_nothing_done = lambda answer: answer.status == 400
    ways: list[dict[str, Any]] = [{}, {"repeatable": True}]
    for more in ways:
        server.faults.add("status", status=400, times=1)
        assert client.request("GET" if not more else "PUT", "/x", **more).status == 200
    server.faults.add("status", status=400, times=1)
    assert client.request("POST", "/x").status == 400
    assert (server.requests, echo.writes) == (6, 1)


@pytest.mark.parametrize(("status", "requests"), [(429, 2), (502, 1), (503, 1), (504, 1)])
def test_login_is_repeated_after_a_429_only(
    client: Client, server: SimulatorServer, status: int, requests: int
) -> None:
    server.faults.add("status", status=status, times=1)
    client.request("POST", "/login", effect="login")
    assert server.requests == requests


def test_side_effect_is_not_repeated(make_client: MakeClient, server: SimulatorServer) -> None:
    client = make_client(allow_side_effects=True)
    server.faults.add("status", status=503, times=1)
    assert client.request("GET", "/x", effect="touch").status == 503
    assert server.requests == 1


def test_side_effect_whose_answer_is_lost_may_have_happened(
    make_client: MakeClient, server: SimulatorServer
) -> None:
    client = make_client(allow_side_effects=True)
    server.faults.add("drop", times=0)
    error = raised(client.request, "GET", "/x", effect="touch")
    assert (error.kind, error.landed) == ("outcome_unknown", None)
    assert server.requests == 1


def test_read_is_repeated_after_a_lost_connection(
    client: Client, server: SimulatorServer, clock: RecordingClock
) -> None:
    server.faults.add("drop", times=2)
    assert client.request("GET", "/x").status == 200
    assert len(clock.slept) == 2


@pytest.mark.parametrize("action", ["drop", "truncate"])
def test_read_that_never_gets_through_is_unreachable(
    client: Client, server: SimulatorServer, clock: RecordingClock, action: str
) -> None:
    server.faults.add(action, times=0)
    error = raised(client.request, "GET", "/x")
    assert (error.kind, error.landed) == ("unreachable", False)
    assert f"after {ATTEMPTS} tries" in error.message
    assert server.requests == ATTEMPTS


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("action", ["drop", "truncate"])
@pytest.mark.parametrize("repeatable", [False, True])
def test_write_is_never_sent_again_after_a_lost_connection(
    client: Client, server: SimulatorServer, echo: Echo, when: str, action: str, repeatable: bool
) -> None:
    server.faults.add(action, when, times=0)
    error = raised(client.request, "POST", "/x", repeatable=repeatable)
    assert (error.kind, error.landed) == ("outcome_unknown", None)
    assert server.requests == 1
    assert echo.writes == (when == "after")


def test_write_on_a_kept_connection_that_the_server_dropped_is_not_resent(
    client: Client, server: SimulatorServer, echo: Echo
) -> None:
    client.request("GET", "/x")
    server.faults.add("drop", "after", method="POST")
    assert raised(client.request, "POST", "/x").landed is None
    assert echo.writes == 1
    assert client.request("GET", "/x").status == 200


def test_read_times_out_and_is_repeated(
    make_client: MakeClient, slow_server: SimulatorServer, clock: RecordingClock
) -> None:
    client = make_client(url=slow_server.url, read_timeout=0.1)
    slow_server.faults.add("delay", seconds=HANGS)

    def have_patience() -> None:
        object.__setattr__(client.settings, "read_timeout", HANGS)

    clock.every(0.001, have_patience)  # from the first wait on, which comes before the next try
    assert client.request("GET", "/x").status == 200
    assert len(clock.slept) == 1


def test_write_times_out_with_its_outcome_unknown(
    make_client: MakeClient, slow_server: SimulatorServer
) -> None:
    client = make_client(url=slow_server.url, read_timeout=0.1)
    slow_server.faults.add("delay", seconds=HANGS, times=0)
    error = raised(client.request, "POST", "/x")
    assert (error.kind, error.landed) == ("outcome_unknown", None)
    assert "no answer within 0.1 s" in error.message
    assert "s3_credential_info" in error.next_step


def test_login_times_out_without_anything_having_changed(
    make_client: MakeClient, slow_server: SimulatorServer
) -> None:
    client = make_client(url=slow_server.url, read_timeout=0.1)
    slow_server.faults.add("delay", seconds=HANGS, times=0)
    error = raised(client.request, "POST", "/login", effect="login")
    assert (error.kind, error.landed) == ("timeout", False)


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_for(
    client: Client, server: SimulatorServer, clock: RecordingClock, as_date: bool
) -> None:
    moment = clock.now() + dt.timedelta(seconds=17)
    value = email.utils.format_datetime(moment, usegmt=True) if as_date else "17"
    server.faults.add("status", status=429, headers={"Retry-After": value})
    assert client.request("GET", "/x").status == 200
    assert clock.slept[0] == pytest.approx(17, abs=1)


def test_retry_after_as_a_date_is_read_by_the_servers_clock(
    client: Client, server: SimulatorServer, echo: Echo, clock: RecordingClock
) -> None:
    echo.clock.advance(1800)
    moment = echo.clock.now() + dt.timedelta(seconds=17)
    value = email.utils.format_datetime(moment, usegmt=True)
    server.faults.add("status", status=429, headers={"Retry-After": value})
    assert client.request("GET", "/x").status == 200
    assert clock.slept[0] == pytest.approx(17, abs=1)


def test_retry_after_beyond_patience_is_not_waited_for(
    client: Client, server: SimulatorServer, clock: RecordingClock
) -> None:
    server.faults.add("status", status=429, headers={"Retry-After": "3600"}, times=0)
    assert client.request("GET", "/x").status == 429
    assert (server.requests, clock.slept) == (1, [])


def test_storm_of_429_is_bounded_for_many_threads(
    client: Client, server: SimulatorServer, clock: RecordingClock
) -> None:
    server.faults.add("status", status=429, times=0)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: client.request("GET", f"/{n}").status, range(8)))
    assert statuses == [429] * 8
    assert server.requests == 8 * ATTEMPTS
    assert len(set(clock.slept)) > 8 * 2  # jitter keeps them apart


def log_in(client: Client, **fields: Any) -> LoginAuth:
    """Let the client log in at the echo's /login."""

    def login() -> dict[str, str]:
        answer = client.request("POST", "/login", effect="login", auth=False)
        if answer.status != 200:
            raise client.error("authentication", "refused", http_status=answer.status)
        return {"X-Token": answer.json_object()["token"]}

    client.auth = auth = LoginAuth(login, **fields)
    return auth


def test_eight_threads_log_in_once(client: Client, echo: Echo) -> None:
    echo.valid_token = "none yet"
    log_in(client)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: client.request("GET", f"/{n}").status, range(40)))
    assert statuses == [200] * 40
    assert echo.logins == 1


def test_eight_threads_renew_once(client: Client, echo: Echo) -> None:
    echo.valid_token = "none yet"
    log_in(client)
    client.request("GET", "/x")
    echo.valid_token = "expired meanwhile"
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: client.request("GET", f"/{n}").status, range(40)))
    assert statuses == [200] * 40
    assert echo.logins == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_request_refused_with_401_is_sent_again_once(
    client: Client, server: SimulatorServer, echo: Echo, method: str
) -> None:
    log_in(client)
    server.faults.add("status", status=401, path="/x", times=0)
    assert client.request(method, "/x").status == 401
    assert [entry.target for entry in server.log] == ["/login", "/x", "/login", "/x"]
    assert echo.writes == 0


def test_write_refused_with_401_happens_once_after_the_renewal(client: Client, echo: Echo) -> None:
    echo.valid_token = "none yet"
    log_in(client)
    client.request("GET", "/x")
    echo.valid_token = "expired meanwhile"
    assert client.request("POST", "/x").status == 200
    assert echo.writes == 1


def test_renewal_into_a_connection_that_was_closed_is_sent_again(
    client: Client, server: SimulatorServer, echo: Echo
) -> None:
    echo.valid_token = "none yet"
    log_in(client)
    client.request("GET", "/x")
    echo.valid_token = "expired meanwhile"
    server.faults.add("drop", "before", path="/login", times=1)
    assert client.request("GET", "/x").status == 200
    # A first login is sent once: nobody knows whether its password is right.
    log_in(client)
    server.faults.add("drop", "before", path="/login", times=1)
    assert raised(client.request, "GET", "/x").kind == "unreachable"


def test_failed_login_is_not_hammered(client: Client, server: SimulatorServer) -> None:
    server.faults.add("status", status=403, path="/login", times=0)
    log_in(client)
    with ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(lambda n: raised(client.request, "GET", f"/{n}"), range(20)))
    assert {error.kind for error in errors} == {"authentication"}
    assert server.requests == 1


def test_renewals_are_bounded_against_a_server_that_refuses_every_token(
    client: Client, server: SimulatorServer
) -> None:
    log_in(client, renewals=3)
    server.faults.add("status", status=401, path="/x", times=0)
    assert {client.request("GET", "/x").status for _unused in range(10)} == {401}
    assert sum(entry.target == "/login" for entry in server.log) == 4


def test_renewals_of_tokens_that_were_taken_are_not_bounded(
    client: Client, server: SimulatorServer
) -> None:
    log_in(client, renewals=3)
    for number in range(10):
        server.faults.add("status", status=401, path="/x")
        assert client.request("GET", f"/x?{number}").status == 200
    assert sum(entry.target == "/login" for entry in server.log) == 11


def test_pace_counts_every_request(make_client: MakeClient, clock: RecordingClock) -> None:
    client = make_client(requests_per_second=10)
    for _unused in range(6):
        client.request("GET", "/x")
    assert sum(clock.slept) == pytest.approx(0.5)


def test_answer_lost_to_a_proxy_may_land_later(
    make_client: MakeClient, slow_server: SimulatorServer
) -> None:
    slow_server.faults.add("late", seconds=HANGS)
    assert make_client(url=slow_server.url).request("POST", "/x").status == 504
    assert (slow_server.requests, slow_server.simulator.writes) == (1, 0)
    slow_server.land()
    assert slow_server.simulator.writes == 1
