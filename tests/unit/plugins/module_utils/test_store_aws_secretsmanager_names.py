# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of secrets: every text becomes one, and comes back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager_names import (  # noqa: E501  # one name
    Names,
    escape,
    unescape,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.unit.support import raised

DEFAULT = "objectstore/{platform}/{endpoint}/{account}"
TEMPLATES = (
    DEFAULT,
    "{platform}/{endpoint}/{account}",
    "team.a/s3-{account}/on/{platform}/{endpoint}-keys",
)
PART = st.text(max_size=12) | st.text("ab_-=/.@+0", max_size=12)


@given(PART, PART)
def test_text_becomes_one_part_of_a_name_and_comes_back(one: str, other: str) -> None:
    name = escape(one)
    assert re.fullmatch(r"[A-Za-z0-9_+=.@-]+", name)
    assert unescape(name) == one
    assert (name == escape(other)) is (one == other)
    # Our own names begin with it, and an ARN ends so.
    assert not name.startswith("_")
    assert not re.search(r"-.{6}$", name)


@given(PART)
def test_part_that_was_never_escaped_is_nobody(name: str) -> None:
    text = unescape(name)
    assert text is None or escape(text) == name


@pytest.mark.parametrize("template", TEMPLATES)
@given(PART, PART)
def test_place_is_read_back_from_its_name(template: str, endpoint: str, account: str) -> None:
    names = Names(template)
    place = Place("echo", endpoint, account)
    name = names.of(place)
    assert names.place_of(name) == place
    assert name.startswith(names.before_account("echo", endpoint))
    assert name.startswith(names.head)


@pytest.mark.parametrize("template", TEMPLATES)
@given(st.text(max_size=20))
def test_notes_and_heartbeats_are_no_records(template: str, note: str) -> None:
    names = Names(template)
    for name in (names.of_note(note), names.of_runs(1), names.of_runs(2)):
        assert names.place_of(name) is None
        assert name.startswith(names.head)


@pytest.mark.parametrize(
    "name", ["objectstore/echo/lab", "other/echo/lab/a", "objectstore/echo/lab/a=2f", "x", ""]
)
def test_name_of_something_else_is_no_place(name: str) -> None:
    assert Names(DEFAULT).place_of(name) is None


@pytest.mark.parametrize(
    "template",
    [
        *("", "objectstore", "objectstore/{account}", "{platform}/{endpoint}/{account}/{account}"),
        *("{platform}/{endpoint}{account}", "a//{platform}/{endpoint}/{account}"),
        *("/{platform}/{endpoint}/{account}", "{platform}/{endpoint}/{account}/"),
        *("a b/{platform}/{endpoint}/{account}", "ä/{platform}/{endpoint}/{account}"),
        *("{platform}/{endpoint}/{user}", "{platform}/{endpoint}/{account", "{}/{endpoint}/x"),
    ],
)
def test_wrong_template_is_refused(template: str) -> None:
    failure = raised(Names, template)
    assert failure.kind == "invalid_option"
    assert "secret_store.path" in failure.message
    assert DEFAULT in failure.next_step


def test_name_that_is_too_long_fails_alone() -> None:
    names = Names(DEFAULT)
    assert len(names.of(Place("echo", "lab", "x" * 491))) == 512
    failure = raised(names.of, Place("echo", "lab", "x" * 492))
    assert not failure.stops_endpoint
    assert "513" in failure.message
