# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that merge, scope options by platform, durations."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.options import (
    COMMON,
    CONNECTION,
    SECRET_OPTIONS,
    ArgumentSpec,
    check_scope,
    connection_spec,
    mark_listed,
    parse_duration,
    split_hint,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

SCOPES: dict[str, dict[str, dict[str, Any]]] = {
    "alpha": {
        "zone": {"type": "str", "default": "z1"},
        "release": {"type": "str", "choices": ["1", "2"]},
    },
    "beta": {
        "release": {"type": "str", "choices": ["2", "3"]},
        "flavour": {"type": "str", "choices": ["sweet"]},
    },
    "gamma": {"flavour": {"type": "str"}},
}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("45m", 2700),
        ("12h", 43200),
        ("90d", 7776000),
        ("2w", 1209600),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        (" 7D ", 604800),
        ("0s", 0),
    ],
)
def test_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text, "max_age") == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", "90", "d", "-5d", "1.5h", "five days", "90 days", "5x", "9d,", None, True, "9999999999d"],
)
def test_duration_that_is_none_names_the_option(text: Any) -> None:
    error = raised(parse_duration, text, "max_age")
    assert error.kind == "invalid_option"
    assert "max_age" in error.message


def test_duration_of_a_bare_number_proposes_units() -> None:
    assert "write 90s, 90m, 90h or 90d" in raised(parse_duration, 90, "max_age").message


def test_duration_too_long_is_refused() -> None:
    assert "too long" in raised(parse_duration, "999999999w", "max_age").message


def test_specs_merge_and_the_right_one_wins() -> None:
    left = ArgumentSpec(
        {"a": {"type": "str"}, "b": {"type": "int"}},
        mutually_exclusive=(("a", "b"),),
        required_together=(("a", "b"),),
        required_one_of=(("a", "b"),),
        required_by={"a": ("b",)},
        required_if=(("a", 1, ("b",)),),
    )
    right = ArgumentSpec(
        {"b": {"type": "bool"}, "c": {"type": "str"}},
        mutually_exclusive=(("b", "c"),),
        required_by={"c": ("b",)},
    )
    merged = (left | right).for_module()
    assert merged["argument_spec"] == {
        "a": {"type": "str"},
        "b": {"type": "bool"},
        "c": {"type": "str"},
    }
    assert merged["mutually_exclusive"] == [("a", "b"), ("b", "c")]
    assert merged["required_together"] == [("a", "b")]
    assert merged["required_one_of"] == [("a", "b")]
    assert merged["required_by"] == {"a": ("b",), "c": ("b",)}
    assert merged["required_if"] == [("a", 1, ("b",))]
    assert left.options["b"] == {"type": "int"}


def test_connection_spec_offers_the_platforms() -> None:
    options = connection_spec(SCOPES).options
    assert options["platform"] == {
        "type": "str",
        "choices": ["alpha", "beta", "gamma"],
        "required": True,
    }
    assert set(CONNECTION) < set(options)


def test_connection_spec_of_one_platform_needs_no_platform() -> None:
    platform = connection_spec({"alpha": SCOPES["alpha"]}).options["platform"]
    assert platform == {"type": "str", "choices": ["alpha"], "default": "alpha"}


def test_connection_spec_unites_choices_and_drops_them_when_one_has_none() -> None:
    options = connection_spec(SCOPES).options
    assert options["release"]["choices"] == ["1", "2", "3"]
    assert "choices" not in options["flavour"]


def test_connection_spec_leaves_defaults_to_the_resolver() -> None:
    options = connection_spec(SCOPES).options
    assert [name for name in options if name != "platform" and "default" in options[name]] == []


def test_secret_options_are_never_logged() -> None:
    for name in SECRET_OPTIONS:
        assert CONNECTION[name]["no_log"] is True


@pytest.mark.parametrize(
    "params", [{}, {"zone": "z9"}, {"zone": None, "flavour": None}, {"release": "2"}]
)
def test_scope_option_of_the_platform_is_accepted(params: dict[str, Any]) -> None:
    check_scope({"platform": "alpha", **params}, SCOPES)


def test_scope_option_of_another_platform_is_refused() -> None:
    error = raised(check_scope, {"platform": "beta", "zone": "z1"}, SCOPES)
    assert error.kind == "invalid_option"
    assert "zone is not an option of platform beta" in error.message


def test_scope_choice_of_another_platform_is_refused() -> None:
    error = raised(check_scope, {"platform": "alpha", "release": "3"}, SCOPES)
    assert "'3' is not one of 1, 2 on platform alpha" in error.message


def test_split_hint_appears_only_beside_other_names() -> None:
    assert "comma" in split_hint(["Miller", " Jane"], "Miller")
    assert split_hint(["Miller"], "Miller") == ""


def test_split_hint_is_not_given_for_a_list_of_the_operators_own() -> None:
    names = mark_listed(["Miller", " Jane", 3])
    assert split_hint([n for n in names if isinstance(n, str)], "Miller") == ""
    assert names == ["Miller", " Jane", 3]


def test_options_of_every_module_do_not_meet_those_of_the_connection() -> None:
    assert not set(COMMON.options) & set(CONNECTION)
