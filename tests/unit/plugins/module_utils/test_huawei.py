# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei's verbs that read, by v3.0 and by v5, and the whole life of a key."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccountRef,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.huawei_lab import (
    SIGNED,
    V5,
    VARIANTS,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

EACH_API = pytest.mark.parametrize("options", [SIGNED, V5], ids=["v3.0", "v5"])


# --- reaching it -------------------------------------------------------------------------------


@pytest.mark.parametrize("label", VARIANTS)
def test_connect_tells_the_account_that_the_login_belongs_to(lab: Lab, label: str) -> None:
    info = lab.variant(label).connect()
    assert info.details == {"domain": "acme-storage", "domain_id": lab.sim.world.domain_id}
    assert info.version == ("v5" if label == "v5" else "v3.0")


@pytest.mark.parametrize("label", VARIANTS)
def test_a_key_can_be_followed_through_its_whole_life(lab: Lab, label: str) -> None:
    platform = lab.variant(label)
    account = lab.account()
    platform.connect()
    issued = platform.create_access_key(account)
    assert issued.pair is not None
    access_key = issued.pair.access_key
    assert lab.sim.secret_of(access_key) == issued.pair.secret_key
    assert issued.created_at is not None
    assert len(platform.access_keys(account)) == 2

    key = platform.find_access_key(access_key)
    assert (key.account.name, key.account.id, key.status) == ("backup", account.id, "active")
    assert platform.set_access_key(key, status="inactive").status == "inactive"
    assert lab.sim.secret_of(access_key) is None
    assert platform.find_access_key(access_key).status == "inactive"
    assert platform.set_access_key(key, status="active").status == "active"

    platform.delete_access_key(key)
    assert access_key not in lab.sim.keys_of(account.id or "")
    assert raised(platform.find_access_key, access_key).kind == "not_found"
    assert raised(platform.delete_access_key, key).kind == "not_found"


# --- accounts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("label", VARIANTS)
def test_accounts_come_whole_and_once_whatever_the_paging(lab: Lab, label: str) -> None:
    platform = lab.variant(label)
    lab.sim.seed(7)
    lab.account("gone", enabled=False)
    platform.connect()
    found = list(platform.accounts())
    assert sorted(a.name for a in found) == [*(f"app-{n:04d}" for n in range(1, 8)), "gone"]
    assert [a.name for a in found if a.enabled is False] == ["gone"]


def test_accounts_with_ignored_filters_come_once(lab: Lab) -> None:
    lab.use(ignore_filters=True, page_size=2)
    lab.sim.seed(5)
    assert len(list(lab.open().accounts())) == 5


def test_accounts_come_once_where_the_listing_has_disabled_users_unasked(lab: Lab) -> None:
    lab.use(lists_enabled_only=False)
    lab.sim.seed(2)
    lab.account("gone", enabled=False)
    platform = lab.open()
    assert [a.name for a in platform.accounts()] == ["app-0001", "app-0002", "gone"]
    assert platform.account(AccountRef(name="gone")).enabled is False


def test_accounts_show_the_login_too_where_the_cloud_does(lab: Lab) -> None:
    lab.use(lists_login=True)
    assert [account.name for account in lab.open().accounts()] == ["iam-rotator"]


def test_account_by_name_is_compared_on_the_row(lab: Lab) -> None:
    lab.use(ignore_filters=True)
    lab.account("backup-2")
    wanted = lab.account("backup")
    lab.account("Backup")
    platform = lab.open()
    assert platform.account(AccountRef(name="backup")).id == wanted.id
    assert raised(platform.account, AccountRef(name="back")).kind == "not_found"


def test_account_by_name_finds_a_disabled_user(lab: Lab) -> None:
    wanted = lab.account(enabled=False)
    found = lab.open().account(AccountRef(name="backup"))
    assert (found.id, found.enabled) == (wanted.id, False)


def test_account_with_a_name_that_two_have_is_ambiguous_and_names_both(lab: Lab) -> None:
    one, other = lab.account(), lab.account()
    exc = raised(lab.open().account, AccountRef(name="backup"))
    assert exc.kind == "ambiguous"
    assert f"id:{one.id}" in exc.message
    assert f"id:{other.id}" in exc.message
    assert lab.open().account(AccountRef(id=one.id)).id == one.id


def test_account_by_id_is_looked_up_by_one_request(lab: Lab) -> None:
    wanted = lab.account()
    assert lab.open().account(AccountRef(id=wanted.id)).name == "backup"
    assert lab.asked() == [f"/v3/users/{wanted.id}"]
    exc = raised(lab.open().account, AccountRef(id="0" * 32))
    assert (exc.kind, exc.http_status) == ("not_found", 404)


def test_account_names_never_become_another_path(lab: Lab) -> None:
    platform = lab.open()
    name = "a/b c~%?#&=é"
    wanted = lab.account(name)
    assert platform.account(AccountRef(name=name)).id == wanted.id
    assert raised(platform.account, AccountRef(id="../users")).kind == "not_found"
    assert lab.asked()[-1] == "/v3/users/..%2Fusers"


def test_accounts_of_another_domain_are_left_out(lab: Lab) -> None:
    wanted = lab.account()
    platform = lab.open()
    platform.connect()
    platform.domain_id = "another"
    assert list(platform.accounts()) == []
    assert raised(platform.account, AccountRef(id=wanted.id)).kind == "not_found"


# --- keys: reading -----------------------------------------------------------------------------


@EACH_API
def test_access_keys_tell_status_and_creation(lab: Lab, options: dict[str, Any]) -> None:
    account = lab.account(access_keys=2)
    before = dt.datetime.now(dt.timezone.utc) - dt.timedelta(minutes=1)
    keys = lab.open(**options).access_keys(account)
    assert {key.access_key: key.status for key in keys} == lab.sim.keys_of(account.id or "")
    assert all(key.created_at is not None and key.created_at > before for key in keys)
    assert all(key.last_used_at is None for key in keys)


@pytest.mark.parametrize("mark", ["missing", "empty", "null", "created"])
def test_last_used_is_none_for_every_mark_of_a_key_never_used(lab: Lab, mark: str) -> None:
    lab.use(never_used=mark)
    platform = lab.open()
    (key,) = platform.access_keys(lab.account(), last_used=True)
    assert key.last_used_at is None
    lab.sim.clock.advance(60)
    lab.sim.note_use(key.access_key)
    (key,) = platform.access_keys(key.account, last_used=True)
    assert key.last_used_at is not None
    assert key.details == {}


def test_last_used_that_a_region_does_not_tell_is_not_called_never(lab: Lab) -> None:
    lab.use(tells_last_used=False)
    (key,) = lab.open().access_keys(lab.account(), last_used=True)
    assert key.details == {"last_used": "never, or not told by this region"}


def test_last_used_of_v5_is_asked_for_each_key(lab: Lab) -> None:
    account = lab.account(access_keys=2)
    used, unused = lab.sim.keys_of(account.id or "")
    lab.sim.note_use(used)
    found = {k.access_key: k.last_used_at for k in lab.open(**V5).access_keys(account, True)}
    assert found[used] is not None
    assert found[unused] is None
    assert lab.open(**V5).access_keys(account)[0].last_used_at is None


def test_access_keys_of_v5_follow_the_markers(lab: Lab) -> None:
    lab.use(page_size=1)
    account = lab.account(access_keys=2)
    assert len(lab.open(**V5).access_keys(account)) == 2
    assert len(lab.asked()) == 2


def test_access_keys_with_an_ignored_filter_are_only_the_accounts_own(lab: Lab) -> None:
    lab.use(ignore_filters=True)
    account = lab.account()
    lab.account("other", access_keys=2)
    lab.account("third")
    assert [key.access_key for key in lab.open().access_keys(account)] == list(
        lab.sim.keys_of(account.id or "")
    )


def test_access_keys_of_somebody_else_are_no_proof_that_there_are_none(lab: Lab) -> None:
    account = lab.account(access_keys=0)
    assert lab.open().access_keys(account) == []
    lab.account("other")
    lab.sim.modes["ignore_filters"] = True
    exc = raised(lab.open().access_keys, account)
    assert exc.kind == "malformed_answer"
    assert exc.account == "backup"


@EACH_API
def test_find_access_key_of_another_account_is_not_found(lab: Lab, options: dict[str, Any]) -> None:
    account = lab.account()
    lab.account("other")
    (access_key,) = lab.sim.keys_of(account.id or "")
    platform = lab.open(**options)
    for ref in (AccountRef(name="backup"), AccountRef(id=account.id)):
        assert platform.find_access_key(access_key, ref).account.id == account.id
    exc = raised(platform.find_access_key, access_key, AccountRef(name="other"))
    assert (exc.kind, exc.account) == ("not_found", "other")
    assert access_key in exc.message
    assert raised(platform.find_access_key, access_key, AccountRef(name="x")).kind == "not_found"


@EACH_API
def test_find_access_key_that_is_nowhere_is_not_found(lab: Lab, options: dict[str, Any]) -> None:
    lab.account()
    exc = raised(lab.open(**options).find_access_key, "AKNOWHERE")
    assert exc.kind == "not_found"
    assert "AKNOWHERE" in exc.message


def test_find_access_key_of_v5_wants_the_account_where_the_filter_is_ignored(lab: Lab) -> None:
    lab.use(ignore_filters=True)
    account = lab.account()
    lab.account("other")
    (access_key,) = lab.sim.keys_of(account.id or "")
    platform = lab.open(**V5)
    exc = raised(platform.find_access_key, access_key)
    assert exc.kind == "unsupported"
    assert "option user" in exc.next_step
    assert platform.find_access_key(access_key, AccountRef(name="backup")).account.name == "backup"


def test_names_of_many_keys_cost_one_listing_and_not_a_request_each(lab: Lab) -> None:
    lab.sim.seed(40)
    platform = lab.open()
    for access_key in lab.sim.access_keys():
        assert platform.find_access_key(access_key).account.name.startswith("app-")
    users = [target for target in lab.asked() if target.startswith("/v3/users")]
    assert len(users) == 12  # ten single look-ups, and two listings (enabled and disabled)
