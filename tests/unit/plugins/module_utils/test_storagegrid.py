# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StorageGRID: whose keys they are, above all; versions, logins, names, pages."""

from __future__ import annotations

import dataclasses
import json
import urllib.request
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    Account,
    AccountRef,
)
from ansible_collections.objectstore.credentials.tests.simulators.storagegrid import (
    API_TOKEN,
    PASSWORD,
    TENANT,
    TENANT_NAME,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.grid_lab import (
    BY_PASSWORD,
    BY_TOKEN,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

OWN = {"manageOwnS3Credentials": True}


def own_login(name: str = "alone") -> dict[str, Any]:
    """Return the options of a user's own login."""
    return {**BY_PASSWORD, "api_username": name}


# --- an unknown user is never the token's owner ------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "nobody",
        "id:987654",
        "id:00000000-0000-0000-0000-000000000000",
        "id:",
        "",
        "current-user",
        "id:current-user",
        "id:root",
        "id:user",
        "user/",
        "federated-user/",
        ".",
    ],
)
@pytest.mark.parametrize("options", [BY_PASSWORD, own_login()], ids=["root access", "own keys"])
def test_unknown_user_is_never_the_owner_of_the_token(
    lab: Lab, text: str, options: dict[str, Any]
) -> None:
    # What na_sg_org_user_s3_key does: netapp.storagegrid issue 27.
    lab.sim.add_login("alone", OWN)
    platform = lab.ready(**options)
    exc = raised(platform.account, AccountRef.parse(text))
    allowed = {"not_found", "unsupported"}
    assert exc.kind in (allowed if options is BY_PASSWORD else {*allowed, "permission"})
    assert not [target for target in lab.asked() if "keys" in target or "users//" in target]
    assert lab.sim.writes == 0


@pytest.mark.parametrize("nobody", [Account("nobody"), Account("nobody", "")], ids=["None", "''"])
def test_nothing_is_sent_for_an_account_that_was_not_resolved(lab: Lab, nobody: Account) -> None:
    platform = lab.ready()
    sent = len(lab.asked())
    for verb in (platform.create_access_key, platform.access_keys):
        assert raised(verb, nobody).kind == "not_found"
    assert len(lab.asked()) == sent
    assert lab.sim.writes == 0


def test_grid_takes_an_empty_user_for_the_owner_of_the_token(lab: Lab) -> None:
    # The mode that makes the two tests above prove something.
    url = f"{lab.server.url}/api/v4/org/users//s3-access-keys"
    request = urllib.request.Request(
        url,
        b'{"expires": null}',
        {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        made = json.loads(answer.read())["data"]
    assert made["userUUID"] == lab.sim.operator.id
    assert list(lab.sim.keys_of(lab.sim.operator.id)) == [made["accessKey"]]


def test_key_that_was_made_for_somebody_else_is_named_and_not_kept(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    other = lab.sim.add_account("other")
    real = lab.sim.handle

    def handle(request: Any) -> Any:
        request.target = request.target.replace(str(account.id), other)
        return real(request)

    lab.sim.handle = handle  # type: ignore[method-assign]  # a grid that mixes users up
    exc = raised(platform.create_access_key, account)
    (made,) = set(lab.sim.keys_of(other)) - {next(iter(lab.sim.keys_of(other)))}
    assert (exc.kind, exc.landed) == ("platform_error", True)
    assert made in (exc.alive or "")
    assert other in exc.message
    assert raised(platform.access_keys, account).kind == "malformed_answer"
    key = next(iter(lab.sim.keys_of(other)))
    ref = AccountRef(id=account.id)
    assert raised(platform.find_access_key, key, ref).kind != "internal"


# --- the login's own keys ------------------------------------------------------------------------


def test_login_without_root_access_reaches_its_own_keys_and_no_others(lab: Lab) -> None:
    me = lab.sim.add_login("alone", OWN)
    other = lab.account()
    platform = lab.ready(**own_login())
    account = platform.account(AccountRef(name="alone"))
    assert (account.name, account.id) == ("alone", me.id)
    assert platform.account(AccountRef(id=me.id)).name == "alone"
    issued = platform.create_access_key(account)
    assert issued.pair is not None
    assert [key.access_key for key in platform.access_keys(account)] == [issued.pair.access_key]
    platform.delete_access_key(platform.access_keys(account)[0])
    assert lab.sim.keys_of(me.id) == {}
    assert raised(platform.create_access_key, other).kind == "permission"
    assert len(lab.sim.keys_of(str(other.id))) == 1
    mine = [target for target in lab.asked("POST") if "current-user" in target]
    assert len(mine) == 1


def test_login_without_root_access_is_told_who_it_is(lab: Lab) -> None:
    me = lab.sim.add_login("alone", OWN)
    platform = lab.ready(**own_login())
    for read in (lambda: list(platform.accounts()), lambda: platform.account(AccountRef("x"))):
        exc = raised(read)
        assert exc.kind == "permission"
        assert "Root access" in exc.next_step
        assert f"alone (id:{me.id})" in exc.next_step


def test_login_with_root_access_never_goes_by_current_user(lab: Lab) -> None:
    platform = lab.ready()
    me = platform.account(AccountRef(id=lab.sim.operator.id))
    platform.create_access_key(me)
    assert len(lab.sim.keys_of(lab.sim.operator.id)) == 1
    assert not [target for target in lab.asked() if "current-user" in target]


def test_read_only_group_is_named_as_what_forbids(lab: Lab) -> None:
    lab.sim.add_login("reader", {"rootAccess": True}, read_only=True)
    account = lab.account()
    platform = lab.ready(**own_login("reader"))
    assert len(platform.access_keys(account)) == 1
    exc = raised(platform.create_access_key, account)
    assert (exc.kind, exc.landed) == ("permission", False)
    assert "read-write" in exc.next_step


# --- versions and logins -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("enabled", "used"), [((2, 3), "v3"), ((2, 3, 4), "v4"), ((4,), "v4"), ((4, 5), "v4")]
)
def test_newest_version_that_both_speak_is_used(
    lab: Lab, enabled: tuple[int, ...], used: str
) -> None:
    lab.use(api_versions=enabled)
    info = lab.ready().connect()
    assert info.scope == {"tenant": TENANT}
    assert info.details["tenant"] == TENANT_NAME
    assert info.details["root_access"] is True
    assert {target.split("/")[2] for target in lab.asked()} == {"versions", used}


@pytest.mark.parametrize("enabled", [(1, 2), (5, 6)])
def test_versions_that_are_not_spoken_are_named(lab: Lab, enabled: tuple[int, ...]) -> None:
    lab.use(api_versions=enabled)
    exc = raised(lab.open().connect)
    assert exc.kind == "unsupported"
    assert f"{enabled[0]}, {enabled[1]}" in exc.message


def test_versions_that_are_shown_to_nobody_do_not_stand_in_the_way(lab: Lab) -> None:
    lab.use(versions_need_login=True)
    assert lab.ready().connect().version == "11.8.0-20240115.1712.4bdf7a1"


def test_login_sends_account_id_as_text_and_asks_for_no_cookie(lab: Lab) -> None:
    lab.ready(**{**BY_PASSWORD, "tenant": f"id:{TENANT}"})
    (sent,) = [json.loads(e.body) for e in lab.server.log if e.target.endswith("/authorize")]
    assert sent == {
        "accountId": TENANT,
        "username": BY_PASSWORD["api_username"],
        "password": PASSWORD,
        "cookie": False,
        "csrfToken": False,
    }


def test_token_that_ran_out_is_fetched_once_more_and_a_write_is_sent_once(lab: Lab) -> None:
    account, platform = lab.account(), lab.ready()
    lab.sim.clock.advance(17 * 3600)
    platform.create_access_key(account)
    assert len(lab.sim.keys_of(str(account.id))) == 2
    assert len([target for target in lab.asked() if target.endswith("/authorize")]) == 2


def test_token_of_the_operator_is_used_as_it_is(lab: Lab) -> None:
    lab.use(sso=True)
    account = lab.account()
    assert len(lab.ready(**BY_TOKEN).access_keys(account)) == 1
    assert not [target for target in lab.asked() if target.endswith("/authorize")]
    lab.sim.world.tokens.clear()
    exc = raised(lab.open(**BY_TOKEN).connect)
    assert exc.kind == "authentication"


def test_single_sign_on_says_that_a_token_is_needed(lab: Lab) -> None:
    lab.use(sso=True)
    exc = raised(lab.open().connect)
    assert exc.kind == "authentication"
    assert "api_token" in exc.next_step


@pytest.mark.parametrize(
    "wrong",
    [{"api_password": "n0t-it-at-all"}, {"api_username": "nobody"}, {"tenant": "1" * 20}],
    ids=lambda value: next(iter(value)),
)
def test_refused_login_names_what_to_check(lab: Lab, wrong: dict[str, Any]) -> None:
    exc = raised(lab.open(**{**BY_PASSWORD, **wrong}).connect)
    assert exc.kind == "authentication"
    for option in ("tenant", "api_username", "api_password"):
        assert option in exc.next_step


def test_user_that_may_not_sign_in_cannot_log_in_and_keeps_its_keys(lab: Lab) -> None:
    account = lab.account()
    lab.sim.users[str(account.id)].disabled = True
    shown = lab.ready().account(AccountRef(name="backup"))
    assert shown.enabled is None  # its keys work
    assert shown.details["sign_in"] == "denied"
    assert lab.sim.secret_of(next(iter(lab.sim.keys_of(str(account.id))))) is not None


def test_token_of_another_tenant_is_refused(lab: Lab) -> None:
    exc = raised(lab.open(**BY_TOKEN, tenant="1" * 20).connect)
    assert exc.kind == "invalid_option"
    assert TENANT in exc.message


@pytest.mark.parametrize("tenant", [None, TENANT_NAME, "id:x"])
def test_login_by_password_wants_the_number_of_the_tenant(lab: Lab, tenant: str | None) -> None:
    exc = raised(lab.open, **{**BY_PASSWORD, "tenant": tenant})
    assert exc.kind == "invalid_option"
    assert "account ID" in exc.next_step
    assert lab.asked() == []


@pytest.mark.parametrize("more", ["/api", "/api/v4", "/v3"])
def test_path_of_the_api_does_not_belong_into_the_url(lab: Lab, more: str) -> None:
    exc = raised(lab.open, **BY_PASSWORD, api_url=lab.server.url + more)
    assert exc.kind == "invalid_option"


# --- users ----------------------------------------------------------------------------------


def test_local_and_federated_users_of_one_name_are_two(lab: Lab) -> None:
    local, federated = lab.account("ann"), lab.account("federated-user/ann")
    platform = lab.ready()
    assert platform.account(AccountRef(name="ann")).id == local.id
    assert platform.account(AccountRef(name="federated-user/ann")).id == federated.id
    assert platform.account(AccountRef(id=federated.id)).name == "federated-user/ann"
    names = [account.name for account in platform.accounts()]
    assert {"ann", "federated-user/ann", "root"} <= set(names)


def test_prefix_of_a_local_user_is_pointed_out(lab: Lab) -> None:
    lab.account("ann")
    exc = raised(lab.ready().account, AccountRef(name="user/ann"))
    assert exc.kind == "not_found"
    assert "ann" in exc.next_step
    assert "prefix" in exc.next_step


@pytest.mark.parametrize("bare", ["root", "user/x", "federated-user/x"])
def test_local_user_whose_name_reads_like_another_s_keeps_its_prefix(lab: Lab, bare: str) -> None:
    identifier = lab.sim.world.add_user(f"user/{bare}").id
    platform = lab.ready()
    assert platform.account(AccountRef(id=identifier)).name == f"user/{bare}"
    assert platform.account(AccountRef(name=f"user/{bare}")).id == identifier


def test_root_is_reserved_and_found_by_its_name(lab: Lab) -> None:
    platform = lab.ready()
    root = platform.account(AccountRef(name="root"))
    assert (root.id, root.reserved) == (lab.sim.root.id, True)
    assert {a.name: a.reserved for a in platform.accounts()} == {"root": True}


@pytest.mark.parametrize("status", [400, 404, 422])
def test_identifier_that_is_none_is_not_found(lab: Lab, status: int) -> None:
    lab.use(unknown_id_status=status)
    assert raised(lab.ready().account, AccountRef(id="42")).kind == "not_found"


def test_pages_shorter_than_asked_for_lose_nobody(lab: Lab) -> None:
    lab.use(page_size=2)
    for number in range(5):
        lab.account(f"user-{number}")
    names = [account.name for account in lab.ready().accounts()]
    assert sorted(names) == ["root", *(f"user-{number}" for number in range(5))]
    assert len([t for t in lab.asked() if "/org/users?" in t]) == 4


def test_known_keys_and_lifetime_are_no_part_of_who_an_account_is() -> None:
    account = Account("a", "1")
    assert dataclasses.replace(account, known_keys=("X",)) == account
