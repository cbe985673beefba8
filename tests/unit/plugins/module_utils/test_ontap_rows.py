# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP's wire forms: releases, durations, filters, links, odd rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Answer
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    ontap_rows as rows,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.tests.unit.support import raised

DAY = dt.timedelta(days=1)


def answer(body: Any, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    """Return an answer with a JSON body."""
    url = "https://cluster.example.com/api/x"
    return Answer(method, url, 200, headers or {}, json.dumps(body).encode(), Redactor())


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("9.7", (9, 7, 0)),
        ("9.14.1", (9, 14, 1)),
        ("9.14.1P3", (9, 14, 1)),
        ("NetApp Release 9.16.1: Tue Sep 02 10:00:00 UTC 2025", (9, 16, 1)),
        ("latest", None),
        ("", None),
        ("9", None),
    ],
)
def test_a_release_is_read(text: str, release: rows.Release | None) -> None:
    assert rows.parse_release(text) == release


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ({"generation": 9, "major": 15, "minor": 1}, (9, 15, 1)),
        ({"full": "NetApp Release 9.8P1"}, (9, 8, 0)),
        ({"generation": "9"}, None),
        (None, None),
        ("9.15.1", None),
    ],
)
def test_a_version_object_is_read(version: Any, release: rows.Release | None) -> None:
    assert rows.release_of(version) == release


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P90D", 90 * DAY),
        ("P2W", 14 * DAY),
        ("PT3H5M", dt.timedelta(hours=3, minutes=5)),
        ("P6DT1H5M", dt.timedelta(days=6, hours=1, minutes=5)),
        ("P2DT6H3M10S", dt.timedelta(days=2, hours=6, minutes=3, seconds=10)),
        ("PT0S", dt.timedelta()),
        ("0", dt.timedelta()),
        ("P1Y", None),
        ("P3M", None),
        ("P", None),
        ("PT", None),
        ("P1DT", None),
        ("90d", None),
        ("", None),
        (None, None),
        ("P999999999W", None),
    ],
)
def test_an_iso_duration_is_read(text: Any, duration: dt.timedelta | None) -> None:
    assert rows.iso_duration(text) == duration


@pytest.mark.parametrize("text", ["P90D", "PT3H5M", "P6DT1H5M", "P2DT6H3M10S", "PT0S", "PT59S"])
def test_a_duration_goes_out_as_it_came_in(text: str) -> None:
    duration = rows.iso_duration(text)
    assert duration is not None
    assert rows.to_iso_duration(duration) == text


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [
        ("90d", 90 * DAY),
        ("P90D", 90 * DAY),
        ("p2w", 14 * DAY),
        ("1h30m", dt.timedelta(minutes=90)),
        ("0s", dt.timedelta()),
        ("PT0S", dt.timedelta()),
        ("1095d", 1095 * DAY),
    ],
)
def test_a_lifetime_is_read_in_both_forms(text: str, lifetime: dt.timedelta) -> None:
    assert rows.parse_lifetime(text, "key_time_to_live") == lifetime


@pytest.mark.parametrize("text", ["90", "P1Y", "soon", "", "1096d", "P1095DT1S", "-1d"])
def test_what_is_no_lifetime_names_the_option(text: str) -> None:
    exc = raised(rows.parse_lifetime, text, "key_time_to_live")
    assert exc.kind == "invalid_option"
    assert "key_time_to_live" in exc.message


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("svm1", "svm1"),
        ("svm.one", "svm.one"),
        ("a..b", '"a..b"'),
        ("a*", '"a*"'),
        ("a|b", '"a|b"'),
        ("!a", '"!a"'),
        ("<a", '"<a"'),
    ],
)
def test_operators_of_the_query_language_are_quoted(value: str, quoted: str) -> None:
    assert rows.quoted_filter(value) == quoted


@pytest.mark.parametrize(
    ("headers", "body", "href"),
    [
        ({}, {"_links": {"next": {"href": "/api/x?start=1"}}}, "/api/x?start=1"),
        ({"Link": '</api/x?start=1>; rel="next"'}, {}, "/api/x?start=1"),
        ({"Link": '</a>; rel="self", </api/b>; title="t"; rel=next'}, {}, "/api/b"),
        ({"Link": '</a>; rel="prev"'}, {"_links": {"self": {"href": "/a"}}}, None),
        ({}, {"_links": {"next": {}}}, None),
        ({}, {"_links": []}, None),
    ],
)
def test_the_next_page_is_found(
    headers: dict[str, str], body: dict[str, Any], href: str | None
) -> None:
    assert rows.next_href(answer(body, headers), body) == href


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ({"error": {"code": "4", "message": "entry doesn't exist"}}, ("4", "entry doesn't exist")),
        ({"error": {"code": 4, "message": "m", "target": "uuid"}}, ("4", "m (uuid)")),
        ({"error": "4"}, (None, "")),
        ({"error": {"message": "m"}}, (None, "")),
        ([], (None, "")),
        (None, (None, "")),
    ],
)
def test_an_error_body_is_read(body: Any, parts: tuple[str | None, str]) -> None:
    assert rows.error_parts(body) == parts


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"name": ""},
        {"name": 7},
        {"name": "a", "access_key": 7},
        {"name": "a", "access_key": {"a": 1}},
        {"name": "a", "keys": ["x"]},
        {"name": "a", "keys": [{"access_key": "K"}]},
        {"name": "a", "keys": [{"id": 3, "access_key": "K"}]},
    ],
)
def test_a_row_of_another_shape_is_malformed(row: dict[str, Any]) -> None:
    assert raised(rows.account_of, answer(row), row).kind == "malformed_answer"


@pytest.mark.parametrize(
    ("row", "keys"),
    [
        ({}, []),
        ({"access_key": ""}, []),
        ({"access_key": "A"}, [("A", None)]),
        ({"access_key": "A", "keys": []}, [("A", 1)]),
        (
            {"keys": [{"id": 2, "access_key": "B"}, {"id": 1, "access_key": "A"}]},
            [("A", 1), ("B", 2)],
        ),
        ({"access_key": "A", "keys": [{"id": 1, "access_key": "A"}]}, [("A", 1)]),
        # The vendor's own single-user example contradicts itself: the list is believed.
        ({"access_key": "X", "keys": [{"id": 1, "access_key": "A"}]}, [("A", 1)]),
        ({"access_key": "B", "keys": [{"id": 1}, {"id": 2, "access_key": "B"}]}, [("B", 2)]),
        ({"keys": None, "access_key": "A"}, [("A", None)]),
    ],
)
def test_keys_are_read_from_the_list_and_the_top(
    row: dict[str, Any], keys: list[tuple[str, int | None]]
) -> None:
    account = rows.account_of(answer(row), {"name": "a", **row})
    assert [(key.access_key, key.slot) for key in account.listed_keys or ()] == keys


@pytest.mark.parametrize("expiry", ["soon", 7, "2026-13-45T00:00:00Z"])
def test_an_expiry_that_cannot_be_read_gives_no_creation_date(expiry: Any) -> None:
    row = {"name": "a", "access_key": "A", "key_time_to_live": "P1D", "key_expiry_time": expiry}
    (key,) = rows.account_of(answer(row), row).listed_keys or ()
    assert (key.created_at, key.expires_at) == (None, None)


def test_a_lifetime_that_began_before_all_time_gives_no_creation_date() -> None:
    times = {"key_time_to_live": "P90D", "key_expiry_time": "0001-01-01T00:00:00Z"}
    row = {"name": "a", "access_key": "A", **times}
    (key,) = rows.account_of(answer(row), row).listed_keys or ()
    assert key.created_at is None
    assert key.expires_at is not None


@pytest.mark.parametrize("name", [{}, {"name": None}, {"name": ""}, {"name": "a"}])
def test_a_pair_is_not_thrown_away_for_a_name_left_out(name: dict[str, Any]) -> None:
    body = {"records": [{**name, "access_key": "A", "secret_key": "S"}]}
    assert rows.pair_of(answer(body), "a", None) == (Pair("A", "S"), None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"records": []},
        {"records": "x"},
        {"records": [{"name": "other", "access_key": "A", "secret_key": "S"}]},
        {"records": [{"name": "a", "access_key": "A"}]},
        {"records": [{"name": "a", "access_key": "A", "secret_key": ""}]},
        {"records": [{"name": "a", "access_key": "A", "secret_key": 7}]},
        {"records": [{"access_key": "A", "secret_key": "S"}] * 2},
    ],
)
def test_an_answer_without_the_pair_is_malformed_and_may_have_landed(body: dict[str, Any]) -> None:
    exc = raised(rows.pair_of, answer(body, method="PATCH"), "a", None)
    assert exc.kind == "malformed_answer"
    assert exc.landed is None


def test_the_pair_is_read_with_its_expiry() -> None:
    record = {
        "name": "a",
        "access_key": "A",
        "secret_key": "S",
        "key_expiry_time": "2023-11-13T23:28:03+05:30",
    }
    expected = dt.datetime(2023, 11, 13, 17, 58, 3, tzinfo=dt.timezone.utc)
    for records in (record, [record]):
        assert rows.pair_of(answer({"records": records}), "a", None) == (Pair("A", "S"), expected)


def test_an_own_secret_need_not_come_back() -> None:
    body = {"records": [{"name": "a", "access_key": "A"}]}
    chosen = Pair("A", "mine")
    assert rows.pair_of(answer(body), "a", chosen)[0] == chosen
    assert raised(rows.pair_of, answer(body), "a", Pair("B", "mine")).kind == "malformed_answer"
