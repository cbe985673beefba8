# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special about a Ceph gateway: tenants, subusers, pairs of ours, 403 for what is gone."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    ACTIVE,
    INACTIVE,
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ceph_rgw import (
    CephRgw,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import (
    Selection,
    select,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.tests.simulators.ceph_rgw import (
    ACCESS_KEY,
    SIMULATOR,
    CephRgwSimulator,
    Key,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    everything_in,
    raised,
    reset,
)

SIGNED = dict(SIMULATOR.VARIANTS["16.2"].options)
NEWER = dict(SIMULATOR.VARIANTS["with active"].modes)
PAIR = Pair("CHOSENBYTHECALLER001", "Chosen0Secret0Of0The0Caller0000000000001")


class Lab:
    """One simulated gateway, and the platforms opened at it."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self._clients: list[Client] = []
        self.use()

    def use(self, **modes: Any) -> CephRgwSimulator:
        """Give the server a new gateway with these modes."""
        self.sim = CephRgwSimulator(**modes)
        reset(self.server, self.sim)
        return self.sim

    def open(self, connect: bool = True, **options: Any) -> CephRgw:
        """Return a platform with these options beside the login."""
        given = {"api_url": self.server.url, "endpoint": "lab", **SIGNED, **options}
        settings = resolve(given, "ceph_rgw", CephRgw.SCOPE, {})
        client = Client(settings, Redactor(), RecordingClock())
        self._clients.append(client)
        platform = CephRgw(settings, client)
        if connect:
            platform.connect()
        return platform

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[Lab]:
    """A simulated gateway with nobody in it."""
    opened = Lab(server)
    yield opened
    opened.close()


def named(platform: CephRgw, name: str) -> Any:
    """Return one account."""
    return platform.account(AccountRef(name=name))


# --- what this endpoint can do ---------------------------------------------------------------


def test_whether_keys_can_be_disabled_is_seen_and_not_guessed(lab: Lab) -> None:
    platform = lab.open()
    assert not platform.facts.can_disable
    assert "active" in platform.facts.cannot_disable_because
    lab.use(**NEWER)
    assert lab.open().facts.can_disable


def test_login_without_a_key_of_its_own_looks_at_a_listed_user(lab: Lab) -> None:
    sim = lab.use(**NEWER)
    # Such a login is vouched for by another service, and the gateway has no key of it.
    sim.modes["unknown_key"] = "AccessDenied"
    sim._owner = lambda key, real=sim._owner: None if key == ACCESS_KEY else real(key)  # type: ignore[method-assign,misc]
    sim._check_login = lambda request: setattr(sim, "_caps", {"users=read"})  # type: ignore[method-assign]
    sim.add_account("somebody")
    assert lab.open().facts.can_disable


def test_no_key_anywhere_means_that_none_can_be_disabled(lab: Lab) -> None:
    sim = lab.use(**NEWER)
    sim._check_login = lambda request: setattr(sim, "_caps", {"users=read"})  # type: ignore[method-assign]
    sim.operator.keys.clear()
    facts = lab.open().facts
    assert not facts.can_disable
    assert "no key was there" in facts.cannot_disable_because


def test_login_that_sees_users_without_keys_is_told_the_right(lab: Lab) -> None:
    lab.use(hides_keys=True)
    exc = raised(lab.open, True)
    assert exc.kind == "permission"
    assert "users=read" in exc.next_step


@pytest.mark.parametrize("caps", ["", "users=write"])
def test_missing_right_to_read_shows_at_first_contact(lab: Lab, caps: str) -> None:
    lab.use(caps=caps)
    exc = raised(lab.open, True)
    assert (exc.kind, exc.code, exc.http_status) == ("permission", "AccessDenied", 403)
    assert "users=read,write" in exc.next_step


def test_login_that_may_only_read_is_refused_a_key(lab: Lab) -> None:
    lab.use(caps="users=read").add_account("app")
    platform = lab.open()
    exc = raised(platform.create_access_key, named(platform, "app"))
    assert (exc.kind, exc.landed) == ("permission", False)


def test_admin_entry_of_another_name_stands_in_api_url(lab: Lab) -> None:
    platform = lab.open(connect=False, api_url=f"{lab.server.url}/ops")
    exc = raised(platform.connect)
    assert (exc.kind, exc.code) == ("unsupported", "NoSuchBucket")
    assert "rgw_admin_entry" in exc.next_step
    assert lab.server.log[-1].target.startswith("/ops/user?")


def test_clocks_that_differ_are_named(lab: Lab) -> None:
    lab.sim.clock.advance(3600)
    assert raised(lab.open, True).kind == "clock_skew"


def test_missing_botocore_is_said_in_plain_words(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("botocore"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.startswith("botocore")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    exc = raised(lab.open, True)
    assert exc.kind == "invalid_option"
    assert "pip install botocore" in exc.next_step
    assert lab.server.log == []


# --- users, tenants, subusers ----------------------------------------------------------------


def test_tenant_limits_the_list_and_may_be_left_out_of_names(lab: Lab) -> None:
    for name in ("acme$backup", "acme$logs", "other$backup", "backup"):
        lab.sim.add_account(name)
    platform = lab.open(tenant="acme")
    assert {each.name for each in platform.accounts()} == {"acme$backup", "acme$logs"}
    assert named(platform, "backup").name == "acme$backup"
    assert named(platform, "acme$backup").details["tenant"] == "acme"
    assert raised(named, platform, "other$backup").kind == "not_found"
    everybody = lab.open()
    assert {each.name for each in everybody.accounts()} >= {"backup", "other$backup"}
    assert named(everybody, "backup").name == "backup"


def test_tenant_with_a_dollar_is_refused(lab: Lab) -> None:
    assert raised(lab.open, False, tenant="a$b").kind == "invalid_option"


def test_key_of_another_tenant_is_not_found(lab: Lab) -> None:
    lab.sim.add_account("other$backup")
    (access_key,) = lab.sim.keys_of("other$backup")
    assert raised(lab.open(tenant="acme").find_access_key, access_key).kind == "not_found"
    assert lab.open().find_access_key(access_key).account.name == "other$backup"


@pytest.mark.parametrize("modes", [{}, NEWER], ids=["16.2", "newer"])
def test_user_in_a_namespace_is_found_by_its_whole_id(lab: Lab, modes: dict[str, Any]) -> None:
    lab.use(**modes).add_account("acme$oidc$jane")
    assert named(lab.open(), "acme$oidc$jane").name == "acme$oidc$jane"


def test_subuser_is_an_account_with_keys_of_its_own(lab: Lab) -> None:
    lab.sim.add_account("app")
    lab.sim.add_account("app:reader")
    lab.sim.add_account("app:swift", access_keys=0)
    platform = lab.open()
    assert [a.name for a in platform.accounts() if a.name.startswith("app")] == [
        "app",
        "app:reader",
    ]
    subuser, user = named(platform, "app:reader"), named(platform, "app")
    (of_subuser,), (of_user,) = platform.access_keys(subuser), platform.access_keys(user)
    assert {of_subuser.access_key: ACTIVE} == lab.sim.keys_of("app:reader")
    assert {of_user.access_key: ACTIVE} == lab.sim.keys_of("app")
    assert platform.find_access_key(of_subuser.access_key).account.name == "app:reader"
    issued = platform.create_access_key(subuser, pair=PAIR)
    assert issued.pair == PAIR
    assert PAIR.access_key in lab.sim.keys_of("app:reader")
    platform.delete_access_key(of_subuser)
    assert list(lab.sim.keys_of("app:reader")) == [PAIR.access_key]
    assert list(lab.sim.keys_of("app")) == [of_user.access_key]
    # Known as a subuser, though without any key.
    assert platform.access_keys(named(platform, "app:swift")) == []
    assert raised(named, platform, "app:nobody").kind == "not_found"


def test_user_whose_id_looks_like_a_subuser_is_ambiguous(lab: Lab) -> None:
    lab.sim.add_account("app:reader")  # nobody is called app yet, so a user
    assert named(lab.open(), "app:reader").address["subuser"] == ""
    lab.sim.add_account("app")
    lab.sim.users["app"].subusers.append("reader")
    assert raised(named, lab.open(), "app:reader").kind == "ambiguous"


def test_suspended_user_is_left_out_under_all_and_found_by_name(lab: Lab) -> None:
    for name in ("app", "left"):
        lab.sim.add_account(name)
    lab.sim.users["left"].suspended = True
    platform = lab.open()
    selected = select(platform, Selection(all=True), parallelism=1)
    assert "left" not in [account.name for account in selected.accounts]
    assert selected.left_out == {"left": "suspended; name it to include it"}
    assert named(platform, "left").enabled is False


def test_user_that_goes_while_it_is_listed_is_left_out(lab: Lab) -> None:
    lab.sim.add_account("app")
    lab.sim.add_account("gone")
    platform = lab.open()
    body = {"Code": "NoSuchUser", "Message": ""}
    lab.server.faults.add("status", path="uid=gone", status=404, body=body)
    assert sorted(each.name for each in platform.accounts()) == ["app", "rotator"]


def test_key_that_belongs_to_somebody_else_is_never_taken_for_gone(lab: Lab) -> None:
    lab.sim.add_account("app")
    platform = lab.open()
    account = named(platform, "app")
    real = lab.sim._rows
    lab.sim._rows = lambda user: [{**row, "user": "strange"} for row in real(user)]  # type: ignore[method-assign]
    assert raised(platform.access_keys, account).kind == "malformed_answer"


@pytest.mark.parametrize(
    "answer",
    [
        {"keys": ["a"], "truncated": True},
        {"keys": ["a"], "truncated": "perhaps"},
        {"keys": [""], "truncated": False},
        {"truncated": False},
    ],
    ids=str,
)
def test_listing_that_breaks_off_is_malformed(lab: Lab, answer: dict[str, Any]) -> None:
    platform = lab.open()
    lab.server.faults.add("status", path="list", status=200, body=answer)
    assert raised(list, platform.accounts()).kind == "malformed_answer"


def test_listing_that_goes_in_a_circle_ends(lab: Lab) -> None:
    platform = lab.open()
    body = {"keys": ["rotator"], "truncated": "true", "marker": "again"}
    lab.server.faults.add("status", path="list", status=200, body=body, times=0)
    assert raised(list, platform.accounts()).kind == "malformed_answer"


# --- keys --------------------------------------------------------------------------------------


def test_same_pair_sent_again_changes_nothing(lab: Lab) -> None:
    lab.sim.add_account("app")
    platform = lab.open()
    account = named(platform, "app")
    for _unused in range(2):
        assert platform.create_access_key(account, pair=PAIR).pair == PAIR
    assert lab.sim.writes == 1
    assert lab.sim.secret_of(PAIR.access_key) == PAIR.secret_key


def test_access_key_of_another_user_is_a_conflict(lab: Lab) -> None:
    lab.sim.add_account("app")
    lab.sim.add_account("other")
    lab.sim.users["other"].keys[PAIR.access_key] = Key("another secret of somebody else")
    platform = lab.open()
    exc = raised(platform.create_access_key, named(platform, "app"), pair=PAIR)
    assert (exc.kind, exc.code, exc.landed) == ("conflict", "KeyExists", False)


def test_key_that_shows_another_secret_than_ours_is_no_success(lab: Lab) -> None:
    lab.sim.add_account("app")
    platform = lab.open()
    row = {"user": "app", "access_key": PAIR.access_key, "secret_key": "what it made itself"}
    lab.server.faults.add("status", "after", method="PUT", status=200, body=[row])
    exc = raised(platform.create_access_key, named(platform, "app"), pair=PAIR)
    assert (exc.kind, exc.landed) == ("platform_error", True)


def test_secret_in_the_query_is_masked_in_every_error(lab: Lab) -> None:
    lab.sim.add_account("app")
    platform = lab.open()
    account = named(platform, "app")
    odd = Pair("ODDPAIR0000000000001", "odd/Secret+with=signs&more%20of them")
    for fault in ({"action": "html"}, {"action": "drop"}, {"action": "status", "status": 500}):
        lab.server.faults.add(method="PUT", **fault)
        exc = raised(platform.create_access_key, account, pair=odd)
        texts = everything_in(exc)
        assert not [part for part in ("odd/Secret", "odd%2FSecret", "more%") if part in texts]


def test_deleting_what_is_gone_and_an_unknown_login_differ(lab: Lab) -> None:
    lab.sim.add_account("app", access_keys=2)
    platform = lab.open()
    key, other = platform.access_keys(named(platform, "app"))
    platform.delete_access_key(key)
    gone = raised(platform.delete_access_key, key)
    assert (gone.kind, gone.http_status, gone.code) == ("not_found", 403, "InvalidAccessKeyId")
    del lab.sim.operator.keys[ACCESS_KEY]
    assert raised(platform.delete_access_key, other).kind == "authentication"
    assert other.access_key in lab.sim.keys_of("app")


def test_deleting_a_key_of_a_user_that_is_gone_is_not_found(lab: Lab) -> None:
    lab.sim.add_account("app")
    platform = lab.open()
    (key,) = platform.access_keys(named(platform, "app"))
    del lab.sim.users["app"]
    assert raised(platform.delete_access_key, key).kind == "not_found"


def test_delete_that_leaves_the_key_is_no_success(lab: Lab) -> None:
    lab.sim.add_account("app")
    platform = lab.open()
    (key,) = platform.access_keys(named(platform, "app"))
    lab.server.faults.add("status", method="DELETE", status=200)
    exc = raised(platform.delete_access_key, key)
    assert (exc.kind, exc.landed) == ("platform_error", None)


def test_disabling_a_key_that_was_deleted_meanwhile_makes_none(lab: Lab) -> None:
    lab.use(**NEWER).add_account("app")
    platform = lab.open()
    (key,) = platform.access_keys(named(platform, "app"))
    lab.sim.users["app"].keys.clear()
    assert raised(platform.set_access_key, key, INACTIVE).code == "InvalidSecretKey"
    assert lab.sim.keys_of("app") == {}


@pytest.mark.parametrize("modes", [{}, NEWER], ids=["16.2", "newer"])
def test_unknown_access_key_and_missing_right_differ(lab: Lab, modes: dict[str, Any]) -> None:
    lab.use(**modes)
    platform = lab.open()
    assert raised(platform.find_access_key, "AKIANOWHERE").kind == "not_found"
    lab.sim.modes["caps"] = "users=write"
    assert raised(platform.find_access_key, "AKIANOWHERE").kind == "permission"


def test_own_key_is_not_cut_off(lab: Lab) -> None:
    lab.use(**NEWER)
    platform = lab.open()
    own = platform.find_access_key(ACCESS_KEY)
    assert raised(platform.delete_access_key, own).kind == "disruption_refused"
    assert raised(platform.set_access_key, own, INACTIVE).kind == "disruption_refused"
    assert lab.sim.writes == 0


def test_secret_can_be_read_back(lab: Lab) -> None:
    lab.sim.add_account("app")
    platform = lab.open()
    (key,) = platform.access_keys(named(platform, "app"))
    assert platform.read_pair(key) == Pair(key.access_key, lab.sim.secret_of(key.access_key) or "")
    assert (lab.sim.secret_of(key.access_key) or "") not in repr(key)


def test_request_for_fewer_requests_is_heard(lab: Lab) -> None:
    lab.sim.add_account("app")
    lab.sim.modes["slow_down"] = 2
    platform = lab.open()
    account = named(platform, "app")
    lab.sim.modes["slow_down"] = 1
    exc = raised(platform.create_access_key, account)
    # Nothing promises that a key was not made before that answer.
    assert (exc.kind, exc.landed) == ("throttled", None)
    assert lab.sim.writes == 0
