# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the unit tests."""

from __future__ import annotations

import datetime as dt
import functools
import time
from collections.abc import Iterator
from typing import Any, Callable

import botocore.session
import pytest
from hypothesis import HealthCheck, settings

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.tests.simulators.base import SimulatorClock
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates
from ansible_collections.objectstore.credentials.tests.unit.support import (
    Echo,
    RecordingClock,
    reset,
    settings_for,
)

MakeClient = Callable[..., Client]

# A gate finds the same today as tomorrow, and a busy machine is no defect.
settings.register_profile(
    "gate", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gate")


@pytest.fixture(scope="session", autouse=True)
def _botocore_reads_its_models_once() -> Iterator[None]:
    """Let all sessions share what botocore has read: else half a second of JSON for each client."""
    shared = functools.lru_cache(None)(botocore.session.create_loader)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", shared)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marks mean: ansible-test reads no pytest.ini of ours, and is as strict."""
    config.addinivalue_line("markers", "slow: takes seconds; make quick leaves it out")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's proxies, CA bundles and credentials out of the tests."""
    for name in (
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC"),
        *("S3_CREDENTIALS_FILE", "S3_CREDENTIALS_TEST_OFFSET"),
    ):
        monkeypatch.delenv(name, raising=False)
    # What a test keeps may vanish with the container that tests may run in.
    monkeypatch.setenv("S3_ALLOW_EPHEMERAL", "true")


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test take place at one moment, early in a minute; time passes as the test says.

    Else a test differs where the machine stands still within it, or a minute or a day ends. Not
    far from the true time, by which botocore signs.
    """
    moment = time.time() // 60 * 60 + 0.25

    def now(clock: Clock | SimulatorClock) -> dt.datetime:
        return dt.datetime.fromtimestamp(moment + clock.offset, dt.timezone.utc)

    monkeypatch.setattr(Clock, "now", now)
    monkeypatch.setattr(SimulatorClock, "now", now)


@pytest.fixture(scope="session")
def _running_server() -> Iterator[SimulatorServer]:
    with SimulatorServer(Echo()) as server:
        yield server


@pytest.fixture
def echo() -> Echo:
    """The echoing platform behind the server."""
    return Echo()


@pytest.fixture
def server(_running_server: SimulatorServer, echo: Echo) -> SimulatorServer:
    """A server of the echoing platform, without faults and with an empty log."""
    reset(_running_server, echo)
    return _running_server


@pytest.fixture
def slow_server() -> Iterator[SimulatorServer]:
    """A server of its own, for faults whose end comes after the test's."""
    with SimulatorServer(Echo()) as server:
        yield server


@pytest.fixture
def clock() -> RecordingClock:
    """A clock that never waits."""
    return RecordingClock()


@pytest.fixture
def make_client(server: SimulatorServer, clock: RecordingClock) -> Iterator[MakeClient]:
    """Return a function that makes a client; keyword arguments change its settings."""
    made: list[Client] = []

    def make(
        *, check_mode: bool = False, allow_side_effects: bool = False, url: str = "", **changes: Any
    ) -> Client:
        client = Client(
            settings_for(url or server.url, **changes),
            Redactor(),
            clock,
            check_mode=check_mode,
            allow_side_effects=allow_side_effects,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    """A client of the echoing platform."""
    return make_client()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of every kind that the TLS tests need."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
