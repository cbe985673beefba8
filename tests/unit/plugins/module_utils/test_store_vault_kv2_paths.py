# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names become path segments of a KV mount and are read back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2_paths import (  # noqa: E501  # one name
    Paths,
    escape,
    unescape,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.vault_kv2_spec import (
    DEFAULT_TEMPLATE,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised


@given(st.text())
def test_name_is_read_back_and_is_one_safe_segment(name: str) -> None:
    segment = escape(name)
    assert unescape(segment) == name
    assert re.fullmatch(r"[A-Za-z0-9~@.-][A-Za-z0-9~@._-]*", segment)
    assert ".." not in segment
    assert not segment.startswith(".")


@given(st.text(alphabet="aA~0_.@-/F%", max_size=8), st.text(alphabet="aA~0_.@-/F%", max_size=8))
def test_two_names_are_two_segments(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) is (one == other)


@pytest.mark.parametrize("segment", ["a b", "_runs", "a~2f", "a~41", "~zz", "a~", "..", "", "ü"])
def test_segment_that_escape_never_made_is_no_name(segment: str) -> None:
    assert unescape(segment) is None


@pytest.mark.parametrize("name", ["app-0001", "svc.backup@example.com", "S3_user", "a.b.c"])
def test_common_name_is_left_as_it_is(name: str) -> None:
    assert escape(name) == name


@pytest.mark.parametrize(
    ("template", "base", "record"),
    [
        (DEFAULT_TEMPLATE, "objectstore/", "objectstore/p/e/a"),
        ("/a/b/{endpoint}/x/{platform}/{account}/", "a/b/", "a/b/e/x/p/a"),
        ("{platform}/{endpoint}/{account}", "", "p/e/a"),
    ],
)
def test_template(template: str, base: str, record: str) -> None:
    paths = Paths(template)
    assert paths.record(Place("p", "e", "a")) == record
    assert (paths.base, paths.note("n"), paths.heartbeat("r")) == (
        base,
        f"{base}_notes/n",
        f"{base}_runs/r",
    )
    assert paths.record(Place("_runs", "_notes", "_probe")).count("~5F") == 3


@pytest.mark.parametrize(
    "template",
    [
        "",
        "{account}",
        "objectstore/{platform}/{endpoint}",
        "objectstore/{platform}/{account}/{endpoint}",
        "objectstore/{platform}-{endpoint}/{account}",
        "objectstore/{platform}/{endpoint}/{endpoint}/{account}",
        "../{platform}/{endpoint}/{account}",
        "a..b/{platform}/{endpoint}/{account}",
        "_runs/{platform}/{endpoint}/{account}",
        "a b/{platform}/{endpoint}/{account}",
        "a//{platform}/{endpoint}/{account}",
        "a/{user}/{platform}/{endpoint}/{account}",
    ],
)
def test_template_that_could_mix_accounts_up_is_refused(template: str) -> None:
    failure = raised(Paths, template)
    assert failure.kind == "invalid_option"
    assert "secret_store.path" in failure.message


def test_path_has_a_bound() -> None:
    failure = raised(Paths(DEFAULT_TEMPLATE).record, Place("p", "e", "☃" * 200))
    assert (failure.kind, failure.landed) == ("store_refused", False)
