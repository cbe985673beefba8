# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packed answers, of which a part at a time is unpacked."""

from __future__ import annotations

import gzip
import zlib

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.transport_bounds import (
    unpacked,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_errors import (
    TransportError,
)

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


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"no gzip at all"),
        ("gzip", gzip.compress(TEXT)[:-20]),
        ("br", TEXT),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
    ],
)
def test_body_that_is_packed_otherwise_is_refused(encoding: str, packed: bytes) -> None:
    with pytest.raises(TransportError) as caught:
        list(unpacked(iter([packed]), encoding))
    assert caught.value.kind == "malformed_answer"
    assert not caught.value.passing
    assert caught.value.maybe_sent
