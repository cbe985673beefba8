# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redirects, check mode, side effects: what is never sent, and never sent elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import redaction
from ansible_collections.objectstore.credentials.plugins.module_utils.auth import Auth, HeaderAuth
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.conftest import MakeClient
from ansible_collections.objectstore.credentials.tests.unit.support import (
    CANARY,
    Echo,
    everything_in,
    raised,
)

STATUSES = [301, 302, 303, 307, 308]


@pytest.fixture
def elsewhere() -> Iterator[SimulatorServer]:
    """Another server, which must never see a login."""
    with SimulatorServer(Echo()) as other:
        yield other


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("absolute", [False, True])
def test_redirect_of_a_read_on_the_same_host_is_followed(
    client: Client, echo: Echo, server: SimulatorServer, status: int, absolute: bool
) -> None:
    target = (server.url if absolute else "") + "/new?a=1"
    echo.script("/old", Response(status, None, {"Location": target}))
    client.auth = HeaderAuth("X-Token", "abc")
    assert client.request("GET", "/old").json()["target"] == "/new?a=1"
    assert [request.headers["X-Token"] for request in echo.seen] == ["abc", "abc"]


def test_redirect_is_signed_anew(client: Client, echo: Echo) -> None:
    class Signing(Auth):
        def headers(self, method, url, headers, body):  # type: ignore[no-untyped-def]  # as Auth's
            return {"X-Signed": url.rpartition("/")[2]}

    echo.script("/old", Response(302, None, {"Location": "/new"}))
    client.auth = Signing()
    client.request("GET", "/old")
    assert [request.headers["X-Signed"] for request in echo.seen] == ["old", "new"]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", ["port", "scheme", "host"])
def test_redirect_elsewhere_is_refused_and_carries_nothing(
    client: Client, echo: Echo, elsewhere: SimulatorServer, status: int, kind: str
) -> None:
    target = {
        "port": elsewhere.url,
        "scheme": client.settings.api_url.replace("http:", "https:"),
        "host": client.settings.api_url.replace("127.0.0.1", "localhost"),
    }[kind]
    echo.script("/old", Response(status, None, {"Location": f"{target}/new"}))
    client.auth = HeaderAuth("Authorization", CANARY)
    error = raised(client.request, "GET", "/old")
    assert (error.kind, error.http_status, error.landed) == ("malformed_answer", status, False)
    assert "It was not followed" in error.message
    assert "api_url" in error.next_step
    assert elsewhere.requests == 0
    assert len(echo.seen) == 1


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("effect", ["write", "login"])
def test_redirect_of_a_write_is_never_followed(
    client: Client, echo: Echo, status: int, effect: str
) -> None:
    echo.script("/old", Response(status, None, {"Location": "/new"}))
    error = raised(client.request, "POST", "/old", body={"a": 1}, effect=effect)
    assert error.kind == "malformed_answer"
    assert [request.path for request in echo.seen] == ["/old"]
    assert echo.writes == 0


@pytest.mark.parametrize("place", ["{evil}\\@{own}", "{evil}\\@{own}:80", "u:p@{own}", "@{own}"])
def test_login_goes_to_no_address_that_libraries_read_in_two_ways(
    client: Client, echo: Echo, elsewhere: SimulatorServer, place: str
) -> None:
    own, evil = (url.partition("//")[2] for url in (client.settings.api_url, elsewhere.url))
    link = "http://" + place.format(own=own, evil=evil)
    client.auth = HeaderAuth("Authorization", CANARY)
    error = raised(client.request, "GET", f"{link}/next")
    assert (error.kind, error.landed) == ("malformed_answer", False)
    assert "was not sent" in error.message
    echo.script("/old", Response(302, None, {"Location": f"{link}/next"}))
    assert raised(client.request, "GET", "/old").kind == "malformed_answer"
    assert elsewhere.requests == 0
    assert [request.path for request in echo.seen] == ["/old"]


@pytest.mark.parametrize("location", ["", "/old", "http://[", "javascript:alert(1)", "//evil/x"])
def test_redirect_to_nowhere_is_refused(client: Client, echo: Echo, location: str) -> None:
    echo.script("/old", Response(302, None, {"Location": location} if location else {}))
    assert raised(client.request, "GET", "/old").kind == "malformed_answer"
    assert len(echo.seen) == 1


def test_redirects_in_a_circle_end(client: Client, echo: Echo) -> None:
    echo.script("/a", Response(302, None, {"Location": "/b"}))
    echo.script("/b", Response(302, None, {"Location": "/a"}))
    error = raised(client.request, "GET", "/a")
    assert error.kind == "malformed_answer"
    assert "circle" in error.message
    assert len(echo.seen) == 4


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_check_mode_sends_no_write(make_client: MakeClient, echo: Echo, method: str) -> None:
    client = make_client(check_mode=True)
    error = raised(client.request, method, "/x?secret=1", body={"a": 1})
    assert (error.kind, error.landed) == ("check_mode_write", False)
    assert f"{method} /x" in error.message
    assert "secret" not in error.message
    assert (echo.seen, client.requests_sent, client.writes_sent) == ([], 0, 0)


def test_check_mode_sends_reads_and_logins(make_client: MakeClient, echo: Echo) -> None:
    client = make_client(check_mode=True)
    assert client.request("GET", "/x").status == 200
    assert client.request("POST", "/session", effect="login").status == 200
    assert client.request("POST", "/search", effect="read").status == 200
    assert len(echo.seen) == 3


def test_get_declared_a_write_is_refused_in_check_mode(make_client: MakeClient) -> None:
    client = make_client(check_mode=True)
    assert raised(client.request, "GET", "/x", effect="write").kind == "check_mode_write"


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("allowed", [False, True])
def test_side_effect_is_sent_only_when_allowed_and_never_in_check_mode(
    make_client: MakeClient, echo: Echo, check_mode: bool, allowed: bool
) -> None:
    client = make_client(check_mode=check_mode, allow_side_effects=allowed)
    if allowed and not check_mode:
        assert client.request("GET", "/x", effect="touch").status == 200
        return
    error = raised(client.request, "GET", "/x", effect="touch")
    assert error.kind == "side_effect_refused"
    assert ("check mode" if check_mode else "allow_side_effects") in error.message
    assert echo.seen == []


@pytest.mark.parametrize("field", ["api_password", "api_token", "api_secret_key"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_secrets_of_the_settings_are_masked_in_every_error(
    make_client: MakeClient, server: SimulatorServer, method: str, field: str
) -> None:
    client = make_client(**{field: CANARY})
    server.faults.add("drop", times=0)
    error = raised(client.request, method, f"/{CANARY}", query={"q": CANARY})
    assert "canary" not in everything_in(error)


def test_password_of_the_proxy_is_masked(make_client: MakeClient) -> None:
    client = make_client(proxy="http://me:hunter2-canary@127.0.0.1:1")
    error = raised(client.request, "GET", "/hunter2-canary")
    assert "canary" not in everything_in(error)


def test_basic_login_is_masked_whole(make_client: MakeClient) -> None:
    client = make_client(api_username="admin", api_password="hunter2-canary")
    assert "YWRtaW46aHVudGVyMi1jYW5hcnk" not in client.redactor.redact(
        "sent Basic YWRtaW46aHVudGVyMi1jYW5hcnk="
    )


def test_full_url_elsewhere_is_not_sent_with_a_login(
    client: Client, elsewhere: SimulatorServer
) -> None:
    client.auth = HeaderAuth("X-Token", "abc")
    exc = raised(client.request, "GET", elsewhere.url + "/next?page=2")
    assert exc.kind == "malformed_answer"
    assert "login" in exc.message
    assert elsewhere.requests == 0


def test_full_url_of_the_endpoint_itself_is_sent(client: Client, server: SimulatorServer) -> None:
    assert client.request("GET", server.url + "/next?page=2").json()["target"] == "/next?page=2"


@pytest.mark.parametrize(
    "body",
    [
        b'{"records": [{"secret_key": "' + CANARY[:20].encode() + b'", "name": "a"',
        b'{"secret_key": "' + CANARY[:20].encode() + b'"} trailing',
        b"<Key><SecretKey>" + CANARY[:20].encode() + b"</SecretKey></Key>",
        ('{"secret_key": "' + CANARY[:20] + '", ').encode("utf-16"),
    ],
    ids=["cut off", "trailing bytes", "XML", "UTF-16"],
)
def test_secret_in_an_answer_that_is_no_whole_json_is_not_shown(
    client: Client, echo: Echo, body: bytes
) -> None:
    echo.script("/odd", Response(200, body))
    answer = client.request("GET", "/odd")
    exc = raised(answer.json)
    assert exc.kind == "malformed_answer"
    assert CANARY[:20] not in exc.message
    assert "not shown" in exc.message
    assert CANARY[:20] not in answer.excerpt()


def test_redirect_with_a_login_in_its_url_is_refused(
    client: Client, echo: Echo, server: SimulatorServer
) -> None:
    target = server.url.replace("//", "//eve:pw@") + "/new"
    echo.script("/old", Response(302, None, {"Location": target}))
    assert raised(client.request, "GET", "/old").kind == "malformed_answer"
    assert [request.path for request in echo.seen] == ["/old"]


def test_server_that_teaches_secrets_without_end_is_asked_no_more(
    client: Client, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "MOST_LEARNED", 2_000)
    for number in range(4):
        echo.script(f"/{number}", Response(200, {"secretKey": f"{number}" * 900}))
    for number in range(3):
        client.request("GET", f"/{number}").json()
    error = raised(client.request, "GET", "/3")
    assert (error.kind, error.landed) == ("malformed_answer", False)
    assert "more secrets than" in error.message
    assert len(echo.seen) == 3


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -2300"]
)
def test_no_date_of_a_server_is_so_late_that_nothing_can_be_added_to_it(
    client: Client, date: str
) -> None:
    client._note_date(date, client.clock.now())
    assert (client.clock_offset or 0.0) > 9 * 365 * 86400, "it must be seen that it is wrong"
    # As whoever stores the pair that this very answer brought does.
    client.clock.sleep(5)
    assert client.platform_now() + dt.timedelta(days=3650) > client.clock.now()
