# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of an endpoint's accounts: every account in exactly one, the same one for ever."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.shard import WHOLE, Shard

NAMES = [f"app-{number:04d}" for number in range(2000)]


@pytest.mark.parametrize("of", [1, 2, 3, 8])
def test_every_account_is_in_exactly_one_part(of: int) -> None:
    shards = [Shard(number, of) for number in range(1, of + 1)]
    for name in NAMES:
        assert sum(shard.holds(name) for shard in shards) == 1
    sizes = [sum(map(shard.holds, NAMES)) for shard in shards]
    assert min(sizes) > 0.8 * len(NAMES) / of


def test_part_is_the_remainder_of_the_hash_so_that_anybody_can_compute_it() -> None:
    for name in ("app-0001", "Jürgen", "a,b"):
        number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 8 + 1
        assert Shard.parse(f"{number}/8").holds(name)


def test_name_that_is_no_unicode_has_a_part_too() -> None:
    assert sum(Shard(number, 3).holds("a\udcff") for number in (1, 2, 3)) == 1


@pytest.mark.parametrize("text", [None, "", " "])
def test_without_the_option_it_is_everything(text: Any) -> None:
    assert Shard.parse(text) == WHOLE
    assert WHOLE.is_whole
    assert all(map(WHOLE.holds, NAMES))


def test_option_is_read_and_written_alike() -> None:
    assert Shard.parse(" 3/8 ") == Shard(3, 8)
    assert str(Shard(3, 8)) == "3/8"


@pytest.mark.parametrize(
    "text",
    ["0/8", "9/8", "3", "3/", "/8", "3 of 8", "-1/8", "3/0", "1.5/8", "3/8/9", 0.375, "1/1025"],
)
def test_what_is_no_part_names_the_option(text: Any) -> None:
    with pytest.raises(CredentialsError) as caught:
        Shard.parse(text)
    assert caught.value.kind == "invalid_option"
    assert caught.value.message.startswith("shard: ")
    assert "3/8" in caught.value.next_step


def test_pace_is_shared_by_the_parts() -> None:
    assert Shard(3, 8).pace(40) == 5
    assert Shard(3, 8).pace(None) is None
    assert WHOLE.pace(40) == 40
