# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object Storage Extension: operations on keys, by both flavors, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ose_lab import (
    FRONT,
    Lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

MakeLab = Callable[..., Lab]


@pytest.fixture
def lab(server: SimulatorServer) -> Iterator[MakeLab]:
    """Return a function that makes a lab with the modes given."""
    made: list[Lab] = []

    def make(**modes: Any) -> Lab:
        made.append(Lab(server, modes))
        return made[-1]

    yield make
    for one in made:
        for client in one.clients:
            client.close()


# --- enable and disable ----------------------------------------------------------------------


@pytest.mark.parametrize("modes", [{}, {"owner_required": True}, {"adapter": "scality"}, FRONT])
def test_a_key_is_disabled_and_enabled_again(lab: MakeLab, modes: dict[str, Any]) -> None:
    """Only the owner is looked up; what was read is sent back with nothing but active changed."""
    it = lab(**modes)
    off = it.switch("inactive")
    assert (off.action, off.account, off.account_id) == ("disabled", "alice", it.alice)
    assert it.truth() == "inactive"
    assert it.sim.secret_of(it.key) is None
    assert it.switch("inactive").action == "unchanged"
    assert it.switch("active").action == "enabled"
    assert it.truth() == "active"
    assert it.sim.writes == 2


def test_the_whole_object_is_sent_back_with_the_owner(lab: MakeLab) -> None:
    it = lab()
    platform = it.connected()
    key = it.find(platform)
    platform.set_access_key(key, "inactive")
    [(target, body)] = it.sent("PATCH")
    assert target == f"/api/v1/s3credentials/{it.key}?tenant_id=acme&user_id={it.alice}"
    assert body == {**key.raw, "active": False}
    assert body["secret_key"] == it.sim.keys[it.key].secret
    assert key.raw["active"] is True, "what was read is not changed"
    assert "sends" not in key.details


@pytest.mark.parametrize("secret", ["not_available", "absent"])
def test_a_placeholder_stands_for_a_secret_that_is_not_shown(lab: MakeLab, secret: str) -> None:
    it = lab(secret=secret)
    result = it.switch("inactive")
    assert it.truth() == "inactive"
    assert it.sent("PATCH")[0][1]["secret_key"] == "Not Available"
    assert result.details["sends"].startswith("a placeholder in place of the secret key")


@pytest.mark.parametrize("how", ["not_implemented", "unlisted", "get_owner_required"])
def test_a_read_that_is_not_implemented_is_replaced_by_a_query_and_said(
    lab: MakeLab, how: str
) -> None:
    it = lab(**{how: True if how == "get_owner_required" else ("getCredential",)})
    result = it.switch("inactive", check_mode=True)
    assert "the object as queryCredentials shows it" in result.details["sends"]
    assert it.sim.writes == 0
    it.switch("inactive")
    assert it.truth() == "inactive"
    assert it.sent("PATCH")[0][1]["secret_key"] == it.sim.keys[it.key].secret


def test_without_any_read_of_one_key_the_user_must_be_named(lab: MakeLab) -> None:
    it = lab(not_implemented=("getCredential", "queryCredentials"))
    platform = it.connected()
    error = raised(it.find, platform)
    assert (error.kind, error.next_step) == ("unsupported", "Name the user whose key it is.")
    key = it.find(platform, user="alice")
    assert "the object as listCredentials shows it" in key.details["sends"]
    assert platform.set_access_key(key, "inactive").status == "inactive"


def test_a_key_that_was_not_read_is_read_before_it_is_sent(lab: MakeLab) -> None:
    it = lab()
    platform = it.connected()
    bare = type(it.find(platform))(it.key, it.find(platform).account)
    platform.set_access_key(bare, "inactive")
    assert it.sent("PATCH")[0][1]["secret_key"] == it.sim.keys[it.key].secret


@pytest.mark.parametrize("flavor", [{}, FRONT])
@pytest.mark.parametrize(
    ("patch", "reads_back"), [("honoured", 1), ("empty", 2), ("ignored", 0), ("echoed", 2)]
)
def test_success_is_believed_only_when_the_platform_shows_it(
    lab: MakeLab, flavor: dict[str, Any], patch: str, reads_back: int
) -> None:
    """An answer is read back, once per kind of change, because it may be an echo."""
    it = lab(**flavor, patch=patch)
    platform = it.connected()
    keys = [it.find(platform, name, user="alice") for name in (it.key, it.other_key)]
    it.server.log.clear()
    statuses = {platform.set_access_key(key, "inactive").status for key in keys}
    assert statuses == ({"inactive"} if patch in ("honoured", "empty") else {"active"})
    assert len(it.sent("GET")) == reads_back


@pytest.mark.parametrize("patch", ["ignored", "echoed"])
def test_a_key_left_active_after_success_is_unsupported(lab: MakeLab, patch: str) -> None:
    it = lab(patch=patch)
    result = it.switch("inactive")
    assert result.action == "failed"
    assert result.failure is not None
    assert result.failure["kind"] == "unsupported"
    assert result.failure["alive"] == f"{it.key} (active)"


@pytest.mark.parametrize("flavor", [{}, FRONT])
def test_a_lost_answer_is_settled_by_a_look(lab: MakeLab, flavor: dict[str, Any]) -> None:
    it = lab(**flavor)
    it.server.faults.add("drop", "after", method="PATCH")
    assert it.switch("inactive").action == "disabled"
    it.server.faults.add("drop", "before", method="PATCH")
    result = it.switch("active")
    assert result.failure is not None
    assert result.failure["kind"] == "outcome_unknown"
    assert it.truth() == "inactive"


def test_reading_back_that_fails_leaves_the_outcome_open(lab: MakeLab) -> None:
    it = lab()
    platform = it.connected()
    key = it.find(platform)
    it.server.faults.add("status", method="GET", status=500, times=9)
    error = raised(platform.set_access_key, key, "inactive")
    assert (error.kind, error.landed) == ("platform_error", None)


@pytest.mark.parametrize(
    ("modes", "kind", "status"),
    [
        ({"unlisted": ("updateCredentialStatus",)}, "unsupported", 501),
        ({"patch_unknown": 404}, "not_found", 404),
        ({"patch_unknown": 400}, "rejected", 400),
        ({**FRONT, "storage": "ECS"}, "unsupported", 400),
        ({**FRONT, "storage": "AMAZON"}, "unsupported", 400),
        (FRONT, "not_found", 404),
    ],
)
def test_a_refused_change_is_explained(
    lab: MakeLab, modes: dict[str, Any], kind: str, status: int
) -> None:
    it = lab(**modes)
    platform = it.connected()
    key = it.find(platform)
    if kind in ("not_found", "rejected"):
        del it.sim.keys[it.key]
    error = raised(platform.set_access_key, key, "inactive")
    assert (error.kind, error.http_status, error.landed) == (kind, status, False)
    assert it.key in error.message
    assert error.account == "alice"


@pytest.mark.parametrize("adapter", ["ceph_ri", "reference"])
def test_what_is_not_implemented_is_known_beforehand(lab: MakeLab, adapter: str) -> None:
    it = lab(adapter=adapter, not_implemented=("updateCredentialStatus", "deleteCredential"))
    error = raised(it.switch, "inactive")
    assert error.kind == "unsupported"
    assert "updateCredentialStatus in not_implemented of /api/info" in error.message
    facts = it.connected().facts
    assert (facts.can_disable, facts.can_delete, facts.can_create) == (False, False, True)
    assert it.sim.writes == 0


def test_a_description_is_unsupported_and_nothing_wanted_changes_nothing(lab: MakeLab) -> None:
    it = lab()
    platform = it.connected()
    key = it.find(platform)
    assert raised(platform.set_access_key, key, None, "text").kind == "unsupported"
    assert platform.set_access_key(key) is key
    assert it.sim.writes == 0


@pytest.mark.parametrize("modes", [{"immutable": True}, {**FRONT, "reserved_key": True}])
def test_an_immutable_key_is_never_touched(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    name = next(k.access_key for k in it.sim.keys.values() if k.immutable or "immutable" in modes)
    result = it.switch("inactive", name)
    assert result.failure is not None
    assert result.failure["kind"] == "immutable"
    assert not it.sent("PATCH")


def test_a_key_that_ose_keeps_for_itself_does_not_count_as_another_active_one(lab: MakeLab) -> None:
    it = lab(**FRONT, reserved_key=True)
    [own] = [k.access_key for k in it.sim.keys.values() if k.user_id == it.bob and not k.immutable]
    result = it.switch("inactive", own, disrupt=False)
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"
    assert it.switch("inactive", disrupt=False).action == "disabled", "alice has two"


def test_an_adapter_that_marks_every_key_as_immutable_is_not_heeded(lab: MakeLab) -> None:
    it = lab(adapter="scality")
    key = it.find(it.connected())
    assert not key.immutable
    assert "not heeded" in key.details["immutable"]


# --- find ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "modes", [{}, {"ignore_filters": True}, {"username_shown": False}, {"page_size": 1}, FRONT]
)
@pytest.mark.parametrize("user", ["", "alice", "id"])
def test_the_owner_of_a_key_is_found(lab: MakeLab, modes: dict[str, Any], user: str) -> None:
    """Also where the server ignores filters: the access key on the row is checked."""
    it = lab(**modes)
    key = it.find(it.connected(), it.key, f"id:{it.alice}" if user == "id" else user)
    assert (key.access_key, key.account.name, key.account.id) == (it.key, "alice", it.alice)
    assert key.created_at is not None


@pytest.mark.parametrize(
    "modes",
    [{}, {"get_ignores_owner": True}, {"ignore_filters": True}, {"adapter": "scality"}, FRONT],
)
def test_a_key_of_another_user_is_not_found(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    platform = it.connected()
    assert raised(it.find, platform, it.key, "bob").kind == "not_found"
    error = raised(it.find, platform, "no-such-key")
    assert error.kind == "not_found"
    assert "no-such-key" in error.message


def test_a_key_of_another_tenant_is_not_found(lab: MakeLab) -> None:
    it = lab(get_ignores_owner=True)
    it.sim.add_tenant("umbrella", "Umbrella")
    carol = it.sim.add_account("carol", tenant="umbrella")
    [name] = it.sim.keys_of(carol)
    assert it.find(it.connected(), name).account.name == "carol"
    assert raised(it.find, it.connected(scope={"tenant": "id:acme"}), name).kind == "not_found"


def test_names_that_a_filter_cannot_carry_are_found_in_the_list(lab: MakeLab) -> None:
    it = lab()
    odd = it.sim.add_account("x;active==true")
    assert it.connected().account(AccountRef(name="x;active==true")).id == odd


@pytest.mark.parametrize(
    "modes", [{}, {"ignore_filters": True}, {"adapter": "ceph_ri"}, {"adapter": "scality"}]
)
def test_a_name_of_two_users_is_ambiguous(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    twin = it.sim.add_account("alice")
    platform = it.connected()
    error = raised(platform.account, AccountRef(name="alice"))
    assert error.kind == "ambiguous"
    assert twin in error.message
    assert platform.account(AccountRef(id=twin)).id == twin


@pytest.mark.parametrize("modes", [{}, {"adapter": "scality"}, {"ignore_filters": True}, FRONT])
@pytest.mark.parametrize("ref", [AccountRef(name="Alice"), AccountRef(id="42")])
def test_an_unknown_user_is_not_found(lab: MakeLab, modes: dict[str, Any], ref: AccountRef) -> None:
    error = raised(lab(**modes).connected().account, ref)
    assert error.kind == "not_found"
    assert str(ref) in error.message


# --- list ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "modes",
    [
        *({}, {"page_total": "page"}, {"page_size": 7}, {"page_overlap": True}),
        *({"adapter": "scality"}, FRONT, {**FRONT, "page_size": 7}),
        # The server's own size of a page, and nothing that says so.
        *({"page_total": told, "page_size": 7} for told in ("text", "null", "absent")),
        *({**FRONT, "page_total": told, "page_size": 7} for told in ("text", "null", "absent")),
    ],
)
def test_every_user_is_listed_once(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    it.sim.seed(210)
    names = [account.name for account in it.connected().accounts()]
    assert len(names) == 212
    assert set(names) == {user.username for user in it.sim.users.values()}


@pytest.mark.parametrize("modes", [{}, {"offset_ignored": True}, FRONT])
@pytest.mark.parametrize("count", [0, 1, 100, 101])
def test_every_key_is_listed_once(lab: MakeLab, modes: dict[str, Any], count: int) -> None:
    """Where the offset is ignored, what stands behind the first page cannot be had: no loop."""
    it = lab(**modes)
    it.sim.add_account("carol", access_keys=count)
    platform = it.connected()
    keys = platform.access_keys(platform.account(AccountRef(name="carol")))
    reachable = min(count, 100) if "offset_ignored" in modes else count
    assert len({key.access_key for key in keys}) == len(keys) == reachable


@pytest.mark.parametrize("form", ["text", "nanoseconds", "milliseconds", "seconds"])
def test_the_date_of_a_key_is_read_in_every_form(lab: MakeLab, form: str) -> None:
    it = lab(date_as=form)
    now = it.sim.clock.now()
    created = it.find(it.connected()).created_at
    assert created is not None
    assert abs((created - now).total_seconds()) < 60


def test_users_of_all_tenants_are_listed_unless_one_is_named(lab: MakeLab) -> None:
    it = lab()
    it.sim.add_tenant("umbrella", "Umbrella")
    it.sim.add_account("carol", tenant="umbrella")
    for tenant, names in [
        (None, {"alice", "bob", "carol"}),
        ("Umbrella", {"carol"}),
        ("id:umbrella", {"carol"}),
        ("Acme Inc", {"alice", "bob"}),
    ]:
        platform = it.connected(scope={"tenant": tenant})
        assert {account.name for account in platform.accounts()} == names
    assert raised(it.connected, scope={"tenant": "nowhere"}).kind == "not_found"
    it.sim.add_tenant("second", "Umbrella")
    assert raised(it.connected, scope={"tenant": "Umbrella"}).kind == "ambiguous"


@pytest.mark.parametrize(
    ("modes", "shown"), [({"active": "null"}, True), ({"active": "absent"}, True), ({}, False)]
)
def test_a_status_that_is_not_shown_means_active(
    lab: MakeLab, modes: dict[str, Any], shown: bool
) -> None:
    it = lab(**modes)
    platform = it.connected()
    [key] = platform.access_keys(platform.account(AccountRef(name="bob")))
    assert key.status == "active"
    assert ("status_shown" in key.details) is shown


def test_listing_that_makes_keys_is_sent_only_where_it_is_allowed(lab: MakeLab) -> None:
    it = lab(adapter="scality", secret="not_available")
    for options in ({}, {"check_mode": True, "effects": True}):
        platform = it.connected(**options)
        assert platform.facts.listing_has_side_effect
        assert not platform.facts.listing_is_proof
        account = platform.account(AccountRef(name="alice"))
        assert account.enabled is None
        assert raised(platform.access_keys, account).kind == "side_effect_refused"
        assert it.sim.writes == 0
    platform = it.connected(effects=True)
    assert len(platform.access_keys(platform.account(AccountRef(name="alice")))) == 3
    assert it.sim.writes == 1


def test_an_adapter_that_hides_its_errors_says_so_in_the_next_step(lab: MakeLab) -> None:
    it = lab(adapter="scality")
    platform = it.connected()
    it.sim.modes["backend_fails"] = True
    error = raised(it.find, platform)
    assert error.kind == "not_found"
    assert "look at its log" in error.next_step


def test_the_front_api_lists_both_types_with_their_particulars(lab: MakeLab) -> None:
    it = lab(**FRONT, app_key=True)
    key = it.sim.keys[it.key]
    key.clusters, key.last_used = ["backup-cluster"], key.created
    platform = it.connected()
    keys = {k.access_key: k for k in platform.access_keys(platform.account(AccountRef("alice")))}
    assert len(keys) == 3
    first = keys[it.key]
    assert first.details == {"type": "USER", "used_k8s_clusters": ["backup-cluster"]}
    assert first.last_used_at is not None
    app = next(k for k in keys.values() if k.details["type"] == "APP")
    assert (app.details["app_name"], app.details["allowed_buckets"]) == ("backup-app", ["photos"])


def test_the_front_api_lists_all_users_once_to_find_owners(lab: MakeLab) -> None:
    it = lab(**FRONT)
    platform = it.connected()
    it.find(platform)
    listed = len(it.sent("GET"))
    it.find(platform, it.other_key)
    assert len(it.sent("GET")) == listed + 1


def test_a_plain_user_of_the_front_api_sees_only_itself(lab: MakeLab) -> None:
    it = lab(**FRONT, role="TENANT_USER")
    platform = it.connected()
    assert [account.name for account in platform.accounts()] == ["alice"]
    assert it.find(platform).account.name == "alice"
    assert raised(platform.account, AccountRef(name="bob")).kind == "not_found"


def test_names_are_encoded_whole(lab: MakeLab) -> None:
    it = lab(**FRONT)
    name = "a/b ?#%ü@x"
    it.sim.add_account(name)
    platform = it.connected(scope={"tenant": "Acme Inc"})
    account = platform.account(AccountRef(name=name))
    assert len(platform.access_keys(account)) == 1
    assert it.server.log[-1].target.startswith("/api/v1/core/tenants/Acme%20Inc/users/a%2Fb%20%3F")


# --- create and delete -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "modes",
    [
        *({}, {"create_status": 200}, {"adapter": "ceph_ri"}, {"adapter": "scality"}),
        *(FRONT, {**FRONT, "create_status": 200}),
    ],
)
def test_a_key_is_made_and_deleted(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    platform = it.connected()
    account = platform.account(AccountRef(name="alice"))
    issued = platform.create_access_key(account)
    assert issued.pair is not None
    assert it.sim.secret_of(issued.pair.access_key) == issued.pair.secret_key
    key = it.find(platform, issued.pair.access_key, "alice")
    assert issued.pair.secret_key not in repr(key)
    platform.delete_access_key(key)
    assert issued.pair.access_key not in it.sim.keys
    assert it.sim.writes == 2


def test_a_key_whose_secret_is_not_shown_is_partial_and_named(lab: MakeLab) -> None:
    it = lab(create_answer="no_secret", secret="not_available")
    platform = it.connected()
    error = raised(platform.create_access_key, platform.account(AccountRef(name="bob")))
    assert (error.kind, error.landed) == ("partial", True)
    made = list(it.sim.keys_of(it.bob))[-1]
    assert made in error.message
    assert made in error.next_step


def test_a_secret_missing_in_the_answer_is_read(lab: MakeLab) -> None:
    it = lab(create_answer="no_secret")
    platform = it.connected()
    issued = platform.create_access_key(platform.account(AccountRef(name="bob")))
    assert issued.pair is not None
    assert it.sim.secret_of(issued.pair.access_key) == issued.pair.secret_key


@pytest.mark.parametrize("modes", [{"delete": "ignored"}, {**FRONT, "delete": "ignored"}])
def test_a_key_that_outlives_its_deletion_is_reported(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    platform = it.connected()
    error = raised(platform.delete_access_key, it.find(platform))
    assert (error.kind, error.landed) == ("platform_error", None)
    assert error.alive == f"{it.key} (active)"


@pytest.mark.parametrize(
    ("modes", "kind"), [({}, "not_found"), ({"delete": "silent"}, None), (FRONT, "not_found")]
)
def test_deleting_again_says_not_found_or_nothing(
    lab: MakeLab, modes: dict[str, Any], kind: Any
) -> None:
    it = lab(**modes)
    platform = it.connected()
    key = it.find(platform)
    platform.delete_access_key(key)
    if kind:
        assert raised(platform.delete_access_key, key).kind == kind
    else:
        platform.delete_access_key(key)


# --- secrets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("modes", [{}, {"auth": "bearer"}, {"adapter": "scality"}, FRONT])
def test_no_secret_is_in_results_or_errors(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    result = it.switch("inactive")
    platform = it.connected(effects=True)
    keys = platform.access_keys(platform.account(AccountRef(name="alice")))
    it.server.faults.add("status", method="PATCH", status=400, body={"message": it.sim.secrets()})
    error = raised(platform.set_access_key, it.find(platform), "active")
    shown = f"{result.as_dict()} {keys!r} {[k.details for k in keys]} {everything_in(error)}"
    assert it.key in shown
    hidden = [*it.sim.keys_of(it.alice)]
    for secret in [it.sim.keys[name].secret for name in hidden]:
        assert secret not in shown
    for token in it.sim.tokens:
        assert token not in shown
