# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a supported platform reads: the right account or none, all keys, and nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.auth import LoginAuth
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .cells import FORMS, Cell, open_cell


def test_every_account_is_listed_once(cell: Cell) -> None:
    platform = cell.platform()
    listed = [account.name for account in platform.accounts() if not account.reserved]
    assert sorted(name for name in listed if name in cell.ids) == sorted(cell.ids)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form[0]} {form[1]}")
def test_many_accounts_are_listed_to_the_last(form: tuple[str, str]) -> None:
    with open_cell(form, accounts=213) as cell:
        listed = [account.name for account in cell.platform().accounts()]
        assert set(cell.ids) <= set(listed)
        assert len(listed) == len(set(listed))


def test_account_is_found_by_name_and_identifier(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform, "app-0002")
    assert account.name == "app-0002"
    if account.id is not None:
        assert platform.account(AccountRef(id=account.id)).name == "app-0002"


@pytest.mark.parametrize("ref", [AccountRef(name="nobody"), AccountRef(id="987654")], ids=str)
def test_unknown_account_is_not_found_and_named(cell: Cell, ref: AccountRef) -> None:
    platform = cell.platform()
    exc = raised(platform.account, ref)
    assert exc.kind == "not_found"
    assert str(ref) in exc.message
    assert exc.platform == cell.name


@pytest.mark.parametrize("wanted", ["app-0003", "nobody", "app-000", "APP-0003x"])
def test_ignored_filter_never_leads_to_another_account(cell: Cell, wanted: str) -> None:
    cell.simulator.modes["ignore_filters"] = True
    platform = cell.platform()
    if wanted in cell.ids:
        assert cell.account(platform, wanted).name == wanted
    else:
        assert raised(platform.account, AccountRef(name=wanted)).kind == "not_found"


def test_two_accounts_of_one_name_are_ambiguous(cell: Cell) -> None:
    try:
        cell.simulator.add_account("app-0001")
    except ValueError:
        return  # names are unique on this platform
    exc = raised(cell.platform().account, AccountRef(name="app-0001"))
    assert exc.kind == "ambiguous"
    assert "id:" in exc.message


def test_keys_are_shown_as_they_are(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform)
    truth = dict(cell.truth())
    keys = platform.access_keys(account)
    if not platform.facts.shows_access_key:
        assert keys == []
        return
    assert {key.access_key: key.status for key in keys if not key.immutable} == truth
    assert {key.account.name for key in keys} == {"app-0001"}
    if platform.facts.tells_created:
        assert all(key.created_at is not None for key in keys)
    if not platform.facts.has_description:
        assert all(key.description is None for key in keys)


def test_keys_that_nobody_knows_are_listed_and_can_be_ended(cell: Cell) -> None:
    platform = cell.platform()
    facts = platform.facts
    if not facts.shows_access_key:
        return
    account = platform.account(AccountRef(name="app-0001"))
    keys = [key for key in platform.access_keys(account) if not key.immutable]
    names = {cell.simulator.name_of(access_key) for access_key in cell.truth()}
    assert {key.access_key for key in keys} == names
    assert facts.hides_access_key == (names != set(cell.truth()))
    if facts.can_delete and not facts.listing_has_side_effect:
        platform.delete_access_key(keys[0])
        assert cell.truth() == {}


def test_access_key_is_found_with_its_account(cell: Cell) -> None:
    platform = cell.platform()
    if not platform.facts.shows_access_key:
        assert raised(platform.find_access_key, "AKIANOWHERE").kind in ("unsupported", "not_found")
        return
    access_key = next(iter(cell.truth("app-0002")))
    assert platform.find_access_key(access_key).account.name == "app-0002"
    ref = AccountRef(name="app-0002")
    assert platform.find_access_key(access_key, ref).access_key == access_key
    other = raised(platform.find_access_key, access_key, AccountRef(name="app-0001"))
    assert other.kind == "not_found"
    assert raised(platform.find_access_key, "AKIANOWHERE").kind == "not_found"


def test_reading_writes_nothing(cell: Cell) -> None:
    platform = cell.platform()
    account = cell.account(platform)
    if not platform.facts.listing_has_side_effect:
        platform.access_keys(account, last_used=True)
    list(platform.accounts())
    assert cell.simulator.writes == 0
    assert platform.client.writes_sent == 0


def test_eight_threads_share_one_login_and_few_connections(cell: Cell) -> None:
    platform = cell.platform(parallelism=4)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _n: cell.account(platform).name, range(16)))
    assert found == ["app-0001"] * 16
    auth = platform.client.auth
    if isinstance(auth, LoginAuth):
        assert auth.logins == 1
    assert cell.server.connections <= 4
