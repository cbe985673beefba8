# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers: what is sent, what is made of what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.urls import path, query_of
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.conftest import MakeClient
from ansible_collections.objectstore.credentials.tests.unit.support import (
    CANARY,
    Echo,
    everything_in,
    raised,
)


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (("users",), "/users"),
        (("users", 42), "/users/42"),
        (("users", "a/b"), "/users/a%2Fb"),
        (("users", "../admin"), "/users/..%2Fadmin"),
        (("users", "a b?c#d%e"), "/users/a%20b%3Fc%23d%25e"),
        (("users", "ü&="), "/users/%C3%BC%26%3D"),
    ],
)
def test_path_encodes_each_segment_whole(segments: tuple[Any, ...], expected: str) -> None:
    assert path(*segments) == expected


@pytest.mark.parametrize("segment", ["", ".", "..", "half \ud800"])
def test_path_refuses_what_a_url_cannot_carry(segment: str) -> None:
    error = raised(path, "users", segment)
    assert error.kind == "unsupported"
    # One such name in a listing must not stop the other accounts.
    assert not error.stops_endpoint


def test_query_refuses_what_a_url_cannot_carry() -> None:
    error = raised(query_of, [("name", "half \ud800")])
    assert error.kind == "unsupported"
    assert "\\ud800" in error.message


def test_query_is_encoded_and_nothing_is_left_out_silently(client: Client, echo: Echo) -> None:
    client.request("GET", "/x", query={"name": "a b&c", "full": True, "none": None, "n": 0})
    assert echo.seen[0].target == "/x?name=a%20b%26c&full=true&n=0"
    client.request("GET", "/x?first=1", query=[("name", "a"), ("name", "b")])
    assert echo.seen[1].target == "/x?first=1&name=a&name=b"


def test_bytes_are_sent_as_they_are(client: Client, echo: Echo) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    client.request("POST", "/x", body=b"Action=GetUser&Name=a%20b", headers=form)
    assert echo.seen[0].body == b"Action=GetUser&Name=a%20b"
    assert echo.seen[0].headers["Content-Type"] == form["Content-Type"]


def test_body_is_sent_as_json(client: Client, echo: Echo) -> None:
    client.request("POST", "/x", body={"name": "ü"})
    sent = echo.seen[0]
    assert json.loads(sent.body) == {"name": "ü"}
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Accept"] == "application/json"


def test_body_left_out_sends_no_content_type(client: Client, echo: Echo) -> None:
    client.request("DELETE", "/x")
    assert echo.seen[0].body == b""
    assert "Content-Type" not in echo.seen[0].headers


def test_headers_given_win(client: Client, echo: Echo) -> None:
    client.request("PUT", "/x", body={}, headers={"Accept": "a/b", "Content-Type": "c/d"})
    assert echo.seen[0].headers["Accept"] == "a/b"
    assert echo.seen[0].headers["Content-Type"] == "c/d"


def test_base_path_of_api_url_is_kept(
    make_client: MakeClient, echo: Echo, server: SimulatorServer
) -> None:
    make_client(url=server.url + "/base").request("GET", "/x")
    assert echo.seen[0].target == "/base/x"


def test_full_url_is_used_as_it_is(client: Client, echo: Echo, server: SimulatorServer) -> None:
    client.request("GET", server.url + "/elsewhere")
    assert echo.seen[0].target == "/elsewhere"


@pytest.mark.parametrize("status", [200, 201, 204, 400, 403, 404, 409, 500, 501])
def test_statuses_are_data(client: Client, echo: Echo, status: int) -> None:
    echo.script("/x", Response(status, None if status == 204 else {"a": 1}))
    answer = client.request("POST", "/x")
    assert answer.status == status
    assert answer.ok is (status < 300)
    assert len(echo.seen) == 1


def test_answer_headers_ignore_case(client: Client, echo: Echo) -> None:
    echo.script("/x", Response(200, {}, {"X-Thing": "1"}))
    assert client.request("GET", "/x").headers["x-thing"] == "1"


def test_requests_and_writes_are_counted(client: Client) -> None:
    client.request("GET", "/x")
    client.request("POST", "/login", effect="login")
    client.request("POST", "/x")
    assert (client.requests_sent, client.writes_sent) == (3, 1)


MALFORMED = [
    (Response(200, b"", content_type="application/json"), "an empty body"),
    (Response(200, b"{", content_type="application/json"), "broken or cut-off JSON"),
    (Response(200, b"\xff\x00", content_type="application/json"), "broken or cut-off JSON"),
    (Response(200, b"<html>Sign in", content_type="text/html"), "HTML or XML"),
    (Response(200, b"<?xml ?>", content_type="application/json"), "HTML or XML"),
    (Response(200, b"[" * 100_000, content_type="application/json"), "broken or cut-off JSON"),
    (Response(200, b'{"a":' * 50_000, content_type="application/json"), "broken or cut-off JSON"),
    (Response(200, b"[1]", content_type="application/json"), "a JSON list instead of an object"),
    (Response(200, b"null", content_type="application/json"), "a JSON NoneType instead"),
    (Response(200, b'"text"', content_type="application/json"), "a JSON str instead"),
]


@pytest.mark.parametrize(("response", "says"), MALFORMED, ids=[says for _unused, says in MALFORMED])
def test_answer_that_is_no_json_object_says_what_it_is(
    client: Client, echo: Echo, response: Response, says: str
) -> None:
    echo.script("/x", response)
    error = raised(client.request("GET", "/x").json_object)
    assert (error.kind, error.http_status, error.landed) == ("malformed_answer", 200, False)
    assert says in error.message
    assert "api_url" in error.next_step
    assert len(error.message) < 400


@pytest.mark.parametrize(
    ("method", "effect", "status", "landed"),
    [
        ("POST", None, 200, None),
        ("POST", None, 500, None),
        ("POST", None, 404, False),
        ("POST", "login", 200, False),
        ("POST", "read", 200, False),
        ("GET", "touch", 200, None),
        ("GET", None, 200, False),
    ],
)
def test_malformed_answer_tells_whether_a_change_may_have_happened(
    make_client: MakeClient, echo: Echo, method: str, effect: str, status: int, landed: Any
) -> None:
    client = make_client(allow_side_effects=True)
    echo.script("/x", Response(status, "no JSON"))
    answer = client.request(method, "/x", effect=effect)
    assert raised(answer.json).landed is landed


def test_json_or_none_gives_none_for_what_is_no_json(client: Client, echo: Echo) -> None:
    for response, expected in (
        (Response(500, "boom"), None),
        (Response(500, b""), None),
        (Response(500, b"[" * 100_000), None),
        (Response(500, {"error": 1}), {"error": 1}),
    ):
        echo.script("/x", response)
        assert client.request("GET", "/x").json_or_none() == expected


def test_excerpt_is_one_short_printable_line(client: Client, echo: Echo) -> None:
    echo.script("/x", Response(200, b"a\n\tb\x00\x1b[31m" + b"c" * 1000))
    excerpt = client.request("GET", "/x").excerpt(20)
    assert excerpt == "a b??[31mccccccccccc..."


def test_secret_learned_from_an_answer_is_masked_in_its_excerpt(client: Client, echo: Echo) -> None:
    echo.script("/x", Response(200, {"secretKey": CANARY}))
    answer = client.request("GET", "/x")
    assert answer.json()["secretKey"] == CANARY
    assert CANARY not in answer.text
    assert "canary" not in everything_in(answer.malformed("another shape"))


def test_secret_in_the_url_is_masked_in_malformed_answers(client: Client, echo: Echo) -> None:
    client.redactor.learn(CANARY)
    echo.script("/x", Response(200, "no JSON"))
    answer = client.request("GET", "/x", query={"token": CANARY})
    assert "canary" not in everything_in(raised(answer.json))


def test_date_header_tells_the_platforms_clock(client: Client, echo: Echo) -> None:
    assert client.clock_offset is None
    echo.clock.advance(3600)
    client.request("GET", "/x")
    assert client.clock_offset == pytest.approx(3600, abs=2)
    ahead = client.platform_now() - client.clock.now()
    assert ahead.total_seconds() == pytest.approx(3600, abs=2)


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT"])
def test_date_header_that_is_none_is_ignored(client: Client, date: str) -> None:
    client._note_date(date, client.clock.now())
    assert client.clock_offset is None


def test_date_header_without_zone_is_utc(client: Client) -> None:
    client._note_date("Sun, 22 Nov 2026 12:00:00 -0000", client.clock.now())
    assert client.clock_offset is not None


def test_error_is_cut_to_what_a_person_reads(client: Client) -> None:
    assert len(client.error("rejected", "x" * 50_000).message) < 1100


def test_error_is_redacted_in_all_its_texts(client: Client) -> None:
    client.redactor.learn(CANARY)
    error = client.error(
        "rejected",
        f"refused {CANARY}",
        code=CANARY,
        alive=CANARY,
        next_step=f"Try {CANARY}.",
        details={CANARY: [CANARY]},
        http_status=400,
        landed=None,
    )
    assert "canary" not in everything_in(error)
    assert (error.http_status, error.landed) == (400, None)
