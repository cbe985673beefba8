# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packed answers, of which a part at a time is unpacked; answers nested deeper than any."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_bounds import (
    is_markup,
    is_too_deep,
    unpacked,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_errors import (
    TransportError,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.unit.support import Echo, raised

TEXT = b"made up " * 100_000


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        (" GZip ", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
    ],
)
def test_body_is_unpacked_in_parts(encoding: str, packed: bytes) -> None:
    pieces = (packed[at : at + 999] for at in range(0, len(packed), 999))
    parts = list(unpacked(pieces, encoding))
    assert b"".join(parts) == TEXT
    assert max(map(len, parts)) <= 64 * 1024


def test_a_bomb_is_unpacked_no_further_than_it_is_read() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    parts = unpacked(iter([bomb]), "gzip")
    assert len(next(parts)) <= 64 * 1024


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "x-gzip"])
@pytest.mark.parametrize("pieces", [[], [b""]])
def test_no_body_is_no_body_however_it_is_said_to_be_packed(
    encoding: str, pieces: list[bytes]
) -> None:
    # Or a deletion that is answered with HTTP 204 through such a proxy would be one without answer.
    assert b"".join(unpacked(iter(pieces), encoding)) == b""


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"no gzip at all"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-20]),
        ("br", TEXT),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0)),
    ],
)
def test_body_that_is_packed_otherwise_is_refused(encoding: str, packed: bytes) -> None:
    with pytest.raises(TransportError) as caught:
        list(unpacked(iter([packed]), encoding))
    assert caught.value.kind == "malformed_answer"
    assert not caught.value.passing
    assert caught.value.maybe_sent


@pytest.mark.parametrize(
    ("body", "is_it"),
    [
        ("1", False),
        ("[" * 100 + "]" * 100, False),
        ("[" * 103 + "]" * 103, True),
        ('{"a":' * 100 + "1" + "}" * 100, False),
        ('{"a":[1, {"b": 2}, ' * 52 + "1" + "]}" * 52, True),
        ("[" + ",".join(['{"a": [1, 2]}'] * 5000) + "]", False),
    ],
)
def test_depth_of_json_is_told(body: str, is_it: bool) -> None:
    assert is_too_deep(json.loads(body)) is is_it


def test_answer_that_is_nested_deeper_than_any_is_malformed(client: Client, echo: Echo) -> None:
    # The row is of its form but for one field: what shows it would have no end of it.
    deep = b'{"secretKey": ' * 300 + b"1" + b"}" * 300
    echo.script("/", Response(200, b'{"rows": [{"name": "a", "role": ' + deep + b"}]}"))
    answer = client.request("GET", "/")
    assert raised(answer.json).kind == "malformed_answer"
    assert answer.json_or_none() is None


@pytest.mark.parametrize("before", [b"", b"\r\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_page_is_known_by_its_beginning(before: bytes) -> None:
    assert is_markup(before + b"<html>")
    assert not is_markup(before + b'{"a": "<html>"}')
    assert not is_markup(before)
