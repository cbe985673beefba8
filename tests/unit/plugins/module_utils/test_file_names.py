# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as file names: no two alike, none a path, readable back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.stores.file_names import (
    LONGEST,
    escape,
    is_hashed,
    unescape,
)

#: Lone surrogates too: a platform's JSON can hold them.
NAMES = st.text(max_size=80)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("backup-01_x.y", "backup-01_x.y"),
        ("Backup", "+backup"),
        ("a/b", "a%2fb"),
        (".", "%2e"),
        ("..", "%2e%2e"),
        (".hidden", "%2ehidden"),
        ("end.", "end%2e"),
        ("-rf", "%2drf"),
        ("a-b", "a-b"),
        ("", "%"),
        ("%", "%25"),
        ("a+b", "a%2bb"),
        ("a~b", "a%7eb"),
        ("\u00fc", "%c3%bc"),
        ("nul\0", "nul%00"),
    ],
)
def test_name_is_escaped(name: str, expected: str) -> None:
    assert escape(name) == expected
    assert unescape(expected) == name


@settings(database=None, deadline=None, max_examples=300)
@given(NAMES)
@example("x" * 200)
@example("x" * 201)
@example("Ü" * 70)
def test_escape_is_one_safe_file_name_and_can_be_read_back(name: str) -> None:
    escaped = escape(name)
    assert 1 <= len(escaped) <= LONGEST
    assert escaped == escaped.lower()
    assert escaped.isascii()
    assert not set(escaped) & set('/\\\0 \n*?:"<>|')
    assert escaped[0] not in ".-"
    assert escaped[-1] != "."
    if not is_hashed(escaped):
        assert unescape(escaped) == name


@settings(database=None, deadline=None, max_examples=300)
@given(NAMES, NAMES)
@example("a" * 300, "a" * 299 + "b")
def test_two_names_never_share_a_file(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


def test_names_that_differ_in_case_only_differ_where_case_is_ignored() -> None:
    assert len({escape(name).lower() for name in ("App", "app", "APP", "aPP")}) == 4


def test_long_name_is_cut_and_told_apart_by_a_hash() -> None:
    names = ["x" * 300, "x" * 301, "X" * 300, "ü" * 300]
    escaped = [escape(name) for name in names]
    assert len(set(escaped)) == 4
    assert all(is_hashed(each) and len(each) == LONGEST for each in escaped)


@pytest.mark.parametrize(
    "file_name", ["App", "%61", "%zz", "a b", "ünïcode", "+", "%2", "%ff", ".x", "x.", "-x", "a~b"]
)
def test_foreign_file_name_stands_for_nothing(file_name: str) -> None:
    assert unescape(file_name) is None
