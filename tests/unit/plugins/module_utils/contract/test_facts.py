# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a supported platform are true: what it says that it can do, it does, and no more."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import ACTIVE, INACTIVE
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .cells import CHOSEN, Cell


def test_new_key_works_beside_the_old_one_where_keys_overlap(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform)
    (old,) = cell.truth()
    if not platform.facts.can_create:
        assert raised(platform.create_access_key, account).kind == "unsupported"
        assert cell.simulator.writes == 0
        return
    assert platform.facts.overlap
    issued = platform.create_access_key(account)
    assert issued.pair is not None
    assert issued.account.name == "app-0001"
    assert cell.simulator.secret_of(issued.pair.access_key) == issued.pair.secret_key
    assert cell.simulator.secret_of(old) is not None
    assert set(cell.truth()) == {old, issued.pair.access_key}
    assert cell.simulator.writes == 1


def test_too_many_keys_meet_the_limit(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform)
    most = platform.facts.max_keys
    if not platform.facts.can_create or most is None:
        return
    for _unused in range(most - len(cell.truth())):
        platform.create_access_key(account)
    exc = raised(platform.create_access_key, account)
    assert exc.kind == "limit"
    assert exc.landed is False
    assert len(cell.truth()) == most


def test_label_is_seen_on_the_new_key(cell: Cell) -> None:
    platform = cell.platform()
    if platform.facts.label != "description":
        return
    issued = platform.create_access_key(cell.account(platform), label="rotation 4711")
    assert issued.pair is not None
    shown = platform.find_access_key(issued.pair.access_key)
    assert shown.description == "rotation 4711"


def test_regenerated_key_replaces_the_old_one_at_once(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform)
    (old,) = cell.truth()
    if not platform.facts.can_regenerate:
        assert raised(platform.regenerate_access_key, account).kind == "unsupported"
        assert cell.simulator.writes == 0
        return
    issued = platform.regenerate_access_key(account)
    (new,) = cell.truth()
    assert new != old
    assert cell.simulator.secret_of(old) is None
    if issued.pair is None:
        assert issued.delivery == "email"
        assert "email" in platform.facts.secret_comes_back
    else:
        assert issued.pair.access_key == new
        assert cell.simulator.secret_of(new) == issued.pair.secret_key
    assert cell.simulator.writes == 1


def test_chosen_pair_is_taken_or_refused_beforehand(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform)
    facts = platform.facts
    replace = platform.regenerate_access_key if facts.can_regenerate else platform.create_access_key
    if not facts.can_choose_pair:
        assert raised(replace, account, pair=CHOSEN).kind == "unsupported"
        assert cell.simulator.writes == 0
        return
    issued = replace(account, pair=CHOSEN)
    assert issued.pair == CHOSEN
    assert cell.simulator.secret_of(CHOSEN.access_key) == CHOSEN.secret_key


def test_disabled_key_is_refused_and_works_again_when_enabled(cell: Cell) -> None:
    platform = cell.platform()
    facts = platform.facts
    if not facts.shows_access_key:
        assert not facts.can_disable
        assert facts.cannot_disable_because
        return
    key = cell.key(platform)
    if not facts.can_disable:
        exc = raised(platform.set_access_key, key, INACTIVE)
        assert exc.kind == "unsupported"
        assert facts.cannot_disable_because in exc.message
        assert cell.simulator.writes == 0
        return
    for _unused in range(2):  # repeated, it does no harm
        assert platform.set_access_key(key, INACTIVE).status == INACTIVE
        assert cell.truth()[key.access_key] == INACTIVE
        assert cell.simulator.secret_of(key.access_key) is None
    again = platform.find_access_key(key.access_key)
    assert again.status == INACTIVE
    assert platform.set_access_key(again, ACTIVE).status == ACTIVE
    assert cell.simulator.secret_of(key.access_key) is not None


@pytest.mark.parametrize("text", ["Backup of site A; ticket CHG-31337", 'Ünïcode "quoted" \\', ""])
def test_description_is_set_and_cleared_alone(cell: Cell, text: str) -> None:
    platform = cell.platform()
    facts = platform.facts
    if not facts.shows_access_key:
        assert not facts.has_description
        return
    key = cell.key(platform)
    if not facts.has_description:
        assert raised(platform.set_access_key, key, None, text).kind == "unsupported"
        assert cell.simulator.writes == 0
        return
    platform.set_access_key(key, None, "something else")
    now = platform.set_access_key(key, None, text)
    assert (now.description or "") == text
    assert now.status == ACTIVE
    assert (platform.find_access_key(key.access_key).description or "") == text


def test_deleted_key_is_gone_and_deleting_again_is_harmless(cell: Cell) -> None:
    platform = cell.platform()
    facts = platform.facts
    if not facts.shows_access_key:
        assert not facts.can_delete
        return
    key = cell.key(platform)
    if not facts.can_delete:
        assert raised(platform.delete_access_key, key).kind == "unsupported"
        assert cell.simulator.writes == 0
        return
    platform.delete_access_key(key)
    assert key.access_key not in cell.truth()
    assert cell.simulator.secret_of(key.access_key) is None
    writes = cell.simulator.writes
    with contextlib.suppress(CredentialsError):
        platform.delete_access_key(key)
        return
    assert raised(platform.delete_access_key, key).kind == "not_found"
    assert cell.simulator.writes == writes


def test_last_use_is_told_as_the_facts_say(cell: Cell) -> None:
    platform = cell.platform()
    facts = platform.facts
    assert facts.tells_last_used in ("no", "listed", "per_key")
    if not facts.shows_access_key or facts.listing_has_side_effect:
        return
    account = cell.account(platform)
    platform.access_keys(account)  # what has to be learned once is learned
    before = len(cell.server.log)
    platform.access_keys(account)
    without = len(cell.server.log) - before
    keys = platform.access_keys(account, last_used=True)
    extra = len(cell.server.log) - before - 2 * without
    assert extra == (len(keys) if facts.tells_last_used == "per_key" else 0)
