# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a task's arguments is a list, and what is a name that only looks odd."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.invocation import (
    entries,
    is_list_typed,
)


@pytest.mark.parametrize(
    "text",
    [
        "['a', 'b']",
        "[a, b]",
        " [a] ",
        "[{name: a, max_age: 30d}]",
        "[{'name': 'a'}, 'b[1]']",
        '["a", "b",]',
        "[['a']]",
        "{name: a}",
        "{'name':'a'}",
        '{"name":"a"}',
        "- a\n- b",
        "- name: a\n  max_age: 30d",
    ],
)
def test_typed_list_or_dictionary_is_known(text: str) -> None:
    assert is_list_typed(text)


@pytest.mark.parametrize(
    "text",
    [
        "backup",
        "a,b",
        "[x] jane",
        "jane [x]",
        "[a], [b]",
        "[ops] jane [x]",
        "{4e7f-11}",
        "{urn:a}",
        "- a",
        "a\n- b",
        "",
        ["['a']"],
        None,
    ],
)
def test_odd_name_is_none(text: Any) -> None:
    assert not is_list_typed(text)


def test_only_a_list_of_entries_may_be_a_single_dictionary() -> None:
    assert entries('{"name": "a"}') == [{"name": "a"}]
    assert entries('{"name": "a"}', may_be_one=False) == '{"name": "a"}'
    assert entries('["a"]', may_be_one=False) == ["a"]
    assert entries("[" * 100_000) == "[" * 100_000
