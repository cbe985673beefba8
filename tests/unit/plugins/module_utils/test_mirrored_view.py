# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several endpoints show of one account, as one view."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.mirrored_view import (
    common,
    is_as_noted,
    joined,
    merged,
    noted,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    ACTIVE,
    INACTIVE,
    AccessKey,
    Account,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS

APP = Account("app")
BOTH = ("near", "far")
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def key(name: str, status: str = ACTIVE, day: Optional[int] = None) -> AccessKey:
    """Return a key; day: when it expires, and was last used."""
    moment = None if day is None else DAY.replace(day=day)
    return AccessKey(name, APP, status=status, expires_at=moment, last_used_at=moment)


def look(near: str, far: str) -> list[AccessKey]:
    """Return the view of two looks, each some access keys of one letter."""
    return merged({"near": [key(k) for k in near], "far": [key(k) for k in far]}, APP)


@pytest.mark.parametrize(
    ("near", "far", "labels"),
    [
        ("", "", ()),
        ("A", "A", ("A",)),
        ("A", "", ("A@near",)),
        ("A", "B", ("A@near", "B@far")),
        ("AB", "A", ("A", "B@near")),
    ],
)
def test_key_that_not_all_show_is_noted_where_it_is(
    near: str, far: str, labels: tuple[str, ...]
) -> None:
    assert noted(look(near, far), BOTH) == labels


@pytest.mark.parametrize(
    ("before", "now", "in_place", "side_by_side"),
    [
        # Nothing landed; it landed at one; at both.
        (("A", "A"), ("A", "A"), True, True),
        (("A", "A"), ("A", "P"), True, False),
        (("A", "A"), ("A", "AP"), False, True),
        (("A", "A"), ("P", "P"), True, False),
        (("A", "A"), ("AP", "AP"), False, True),
        # Somebody else was there.
        (("A", "A"), ("B", "P"), False, False),
        (("A", "A"), ("", "P"), False, False),
        (("A", "A"), ("", "A"), False, False),
        (("A", "A"), ("A", "BP"), False, False),
        # They differed before, each by itself.
        (("A", "B"), ("A", "B"), True, True),
        (("A", "B"), ("B", "A"), False, False),
        (("A", "B"), ("A", "P"), True, False),
        (("A", ""), ("A", "P"), True, True),
        (("", ""), ("", "P"), True, True),
    ],
)
def test_each_endpoint_is_held_against_what_was_noted_of_it(
    before: tuple[str, str], now: tuple[str, str], in_place: bool, side_by_side: bool
) -> None:
    labels = noted(look(*before), BOTH)
    assert is_as_noted(look(*now), labels, "P", BOTH, overlap=False) is in_place
    assert is_as_noted(look(*now), labels, "P", BOTH, overlap=True) is side_by_side


def test_view_has_the_nearest_expiry_and_the_latest_use() -> None:
    (one,) = merged({"near": [key("A", day=9)], "far": [key("A", day=5)]}, APP)
    assert one.expires_at is not None
    assert one.expires_at.day == 5
    assert one.last_used_at is not None
    assert one.last_used_at.day == 9
    assert one.absent_at == ()


def test_key_that_works_anywhere_is_active_and_missing_where_it_does_not() -> None:
    (one,) = merged({"near": [key("A", INACTIVE)], "far": [key("A")]}, APP)
    assert (one.status, one.absent_at) == (ACTIVE, ("near",))
    (one,) = merged({"near": [key("A", INACTIVE)], "far": []}, APP)
    assert (one.status, one.absent_at) == (INACTIVE, ("far",))


def test_account_is_suspended_where_one_is_and_its_keys_are_known_where_all_are() -> None:
    near = Account("app", enabled=True, listed_keys=(key("A"),))
    far = Account("app", enabled=False, listed_keys=(key("A"),))
    both = joined("near", near, {"far": far})
    assert both.enabled is False
    assert both.listed_keys is not None
    assert [each.access_key for each in both.listed_keys] == ["A"]
    assert joined("near", near, {"far": None}).listed_keys is None
    assert joined("near", near, {"far": Account("app")}).listed_keys is None


def test_facts_are_those_of_all() -> None:
    ontap = PLATFORMS["ontap"].FACTS
    two = dataclasses.replace(ontap, overlap=True, can_create=True, max_keys=2)
    assert common([two, ontap]) == ontap
    assert common([two, two]) == two
    assert common([dataclasses.replace(two, max_keys=None), two]).max_keys == 2
    assert common([two, dataclasses.replace(two, can_choose_pair=False)]).can_choose_pair is False
