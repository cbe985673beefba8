# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object Storage Extension: options, logins, errors."""

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
MINUTE = 60.0


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


# --- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("modes", "scope", "changes", "named"),
    [
        ({}, {}, {"api_password": None}, "api_username and api_password; or api_token"),
        (FRONT, {"tenant": None}, {}, "needs tenant"),
        (FRONT, {"login_url": None}, {}, "needs login_url"),
        (FRONT, {"login_url": "vcd.example.com"}, {}, "needs login_url"),
        (FRONT, {}, {"api_username": "admin"}, "user@organization"),
    ],
)
def test_a_missing_option_is_named_before_anything_is_sent(
    lab: MakeLab, modes: dict[str, Any], scope: dict[str, Any], changes: dict[str, Any], named: str
) -> None:
    it = lab(**modes)
    error = raised(it.open, scope=scope, **changes)
    assert error.kind == "invalid_option"
    assert named in error.message
    assert it.server.requests == 0


def test_the_prefix_is_part_of_the_url(lab: MakeLab) -> None:
    it = lab(prefix="/osis")
    assert it.connected().connect().product == "Reference Store"
    assert all(entry.target.startswith("/osis/api/") for entry in it.server.log)


@pytest.mark.parametrize("flavor", ["osis", "ose"])
def test_a_wrong_url_or_flavor_says_what_to_set(lab: MakeLab, flavor: str) -> None:
    it = lab(prefix="/osis") if flavor == "osis" else lab(**FRONT)
    it.sim.BASE_PATH = ""
    scope = {"flavor": "osis"}
    error = raised(it.connected, scope=scope)
    assert error.kind == "not_found"
    assert "/osis" in error.next_step
    assert "flavor: ose" in error.next_step


def test_the_endpoint_tells_about_itself(lab: MakeLab) -> None:
    info = lab(adapter="scality").open().connect()
    assert (info.product, info.version) == ("Scality RING", "7.4")
    assert info.details["auth_modes"] == ["Basic"]
    assert info.details["s3_url"] == "https://s3.example.com"
    front = lab(**FRONT).open().connect()
    assert (front.details["logged_in_as"], front.details["role"]) == ("osis-admin", "TENANT_ADMIN")


# --- logins ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("modes", "logins"), [({}, 0), ({"auth": "bearer"}, 1), (FRONT, 1)])
def test_one_login_serves_a_whole_call(lab: MakeLab, modes: dict[str, Any], logins: int) -> None:
    it = lab(**modes)
    platform = it.connected()
    platform.connect()
    for account in list(platform.accounts()):
        platform.access_keys(account)
    assert it.sim.logins == logins


@pytest.mark.parametrize(
    ("modes", "logins"),
    [
        ({"auth": "bearer"}, 1),
        ({"auth": "bearer", "refresh": False}, 2),
        ({"auth": "bearer", "double_json": True}, 1),
        (FRONT, 2),
    ],
)
def test_a_token_that_expired_is_renewed_once(
    lab: MakeLab, modes: dict[str, Any], logins: int
) -> None:
    """The refresh token first, the password where that is refused; a write included."""
    it = lab(**modes)
    platform = it.connected()
    key = it.find(platform, user="alice")
    it.sim.clock.advance(16 * MINUTE)
    assert platform.set_access_key(key, "inactive").status == "inactive"
    assert it.sim.logins == logins
    assert it.sim.writes == 1


@pytest.mark.parametrize("modes", [{}, {"auth": "bearer"}, {**FRONT}])
def test_a_wrong_password_is_tried_once_and_not_shown(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    error = raised(it.connected, api_password="not-the-password/1")
    assert (error.kind, error.http_status) == ("authentication", 401)
    assert "not-the-password" not in everything_in(error)
    refused = [entry for entry in it.server.log if entry.status == 401]
    assert len(refused) == 1


@pytest.mark.parametrize("modes", [{"auth": "bearer"}, FRONT])
def test_a_token_of_the_operator_needs_no_login(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    options = {"api_token": it.sim.api_token, "api_username": None, "api_password": None}
    platform = it.connected(scope={"login_url": None}, **options)
    assert platform.account(AccountRef(name="bob")).id == it.bob
    assert it.sim.logins == 0
    options["api_token"] = "made-up-token-000"
    error = raised(it.connected, scope={"login_url": None}, **options)
    assert error.kind == "authentication"


def test_a_token_is_of_no_use_where_only_basic_is_offered(lab: MakeLab) -> None:
    it = lab()
    error = raised(it.connected, api_token=it.sim.api_token, api_username=None, api_password=None)
    assert error.kind == "invalid_option"
    assert "basic" in error.message
    assert it.find(it.connected(api_token=it.sim.api_token)).account.name == "alice"


@pytest.mark.parametrize(
    ("modes", "user", "where"),
    [
        ({"director": ("36.0", "39.1")}, "osis-admin@acme", "/cloudapi/1.0.0/sessions"),
        ({}, "osis-admin@System", "/cloudapi/1.0.0/sessions/provider"),
        ({"director": ("30.0", "32.0"), "director_login": "sessions"}, "", "/api/sessions"),
        ({"director_login": "sessions"}, "", "/api/sessions"),
    ],
)
def test_the_login_at_cloud_director_suits_its_release(
    lab: MakeLab, modes: dict[str, Any], user: str, where: str
) -> None:
    it = lab(**FRONT, **modes)
    it.connected(api_username=user or "osis-admin@acme")
    [accepted] = [e for e in it.server.log if e.method == "POST" and e.status == 200]
    assert accepted.target == where
    assert f"version={max(it.sim.modes['director'])}" in accepted.headers["Accept"]
    with_basic = [e.target for e in it.server.log if "Basic" in e.headers.get("Authorization", "")]
    assert all("sessions" in target for target in with_basic)


def test_versions_that_cannot_be_listed_are_guessed(lab: MakeLab) -> None:
    it = lab(**FRONT)
    it.server.faults.add("status", path="/api/versions", status=404)
    assert it.connected().account(AccountRef(name="bob")).id == it.bob


def test_a_session_without_a_token_is_malformed(lab: MakeLab) -> None:
    it = lab(**FRONT)
    it.server.faults.add("status", path="sessions", status=200, body={})
    assert raised(it.connected).kind == "malformed_answer"


@pytest.mark.parametrize(("status", "kind"), [(404, "not_found"), (405, "unsupported")])
def test_a_login_at_an_unknown_path_points_to_the_token(
    lab: MakeLab, status: int, kind: str
) -> None:
    it = lab(auth="bearer")
    it.server.faults.add("status", path="auth/login", status=status)
    error = raised(it.connected)
    assert error.kind == kind
    assert "api_token" in error.next_step


def test_a_login_answer_without_a_token_is_malformed(lab: MakeLab) -> None:
    it = lab(auth="bearer")
    it.server.faults.add("status", path="auth/login", status=200, body={"token": "x"})
    assert raised(it.connected).kind == "malformed_answer"


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("osis", "(HTTP 400, code E_BAD_REQUEST): The specific user"),
        ("spring", "(HTTP 400): The specific user"),
        ("spring_quiet", "(HTTP 400): Bad Request"),
        ("text", "(HTTP 400): HTTP Status 400 - The specific user"),
        ("html", "(HTTP 400): <html>"),
    ],
)
def test_every_shape_of_error_is_read(lab: MakeLab, shape: str, said: str) -> None:
    it = lab(errors=shape)
    platform = it.connected()
    account = platform.account(AccountRef(name="bob"))
    del it.sim.users[it.bob]
    error = raised(platform.create_access_key, account)
    assert (error.kind, error.account, error.landed) == ("rejected", "bob", False)
    assert said in error.message


@pytest.mark.parametrize(
    ("modes", "said"),
    [
        ({}, "HTTP Status 401 - Bad credentials"),
        ({"auth": "bearer"}, "code 1): Authentication failed"),
        ({"auth": "bearer", "double_json": True}, "code 1): Authentication failed"),
        (FRONT, "code VCLOUD_TOKEN_AUTH_ERROR): the token is unknown"),
    ],
)
def test_every_shape_of_401_is_read(lab: MakeLab, modes: dict[str, Any], said: str) -> None:
    it = lab(**modes)
    options: dict[str, Any] = {"api_password": "wrong-password"}
    if modes:
        options = {"api_token": "wrong-token", "api_username": None, "api_password": None}
    error = raised(it.connected, **options)
    assert error.kind == "authentication"
    assert said in error.message


@pytest.mark.parametrize("front", [False, True])
@pytest.mark.parametrize(
    ("action", "kind"), [("html", "malformed_answer"), ("garbage", "malformed_answer")]
)
@pytest.mark.parametrize("verb", ["connect", "account", "access_keys", "find", "create"])
def test_an_answer_that_is_no_json_is_malformed(
    lab: MakeLab, front: bool, action: str, kind: str, verb: str
) -> None:
    it = lab(**(FRONT if front else {}))
    platform = it.open()
    if verb != "connect":
        platform.connect()
        account = platform.account(AccountRef(name="alice"))
    path = None if not front else "/core/"
    it.server.faults.add(action, path=path, times=9)
    work: dict[str, Callable[[], Any]] = {
        "connect": platform.connect,
        "account": lambda: platform.account(AccountRef(name="bob")),
        "access_keys": lambda: platform.access_keys(account),
        "find": lambda: it.find(platform, user="alice"),
        "create": lambda: platform.create_access_key(account),
    }
    error = raised(work[verb])
    assert (error.kind, error.platform, error.endpoint) == (kind, "ose", "lab")
    assert error.landed is (None if verb == "create" else False)


@pytest.mark.parametrize(
    "body",
    [[], {"items": 5}, {"items": [5]}, {"items": [{}]}, {"items": [{"access_key": ""}]}, "text"],
)
def test_a_page_of_the_wrong_shape_is_malformed(lab: MakeLab, body: Any) -> None:
    it = lab()
    platform = it.connected()
    account = platform.account(AccountRef(name="alice"))
    it.server.faults.add("status", path="/s3credentials", status=200, body=body)
    assert raised(platform.access_keys, account).kind == "malformed_answer"


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "/api/info"), ({"access_key": 5}, "/s3credentials")],
)
def test_an_object_without_what_it_must_have_is_malformed(
    lab: MakeLab, body: Any, path: str
) -> None:
    it = lab()
    it.server.faults.add("status", path=path, status=200, body=body)
    platform = it.open()
    if path == "/api/info":
        assert raised(platform.connect).kind == "malformed_answer"
    else:
        platform.connect()
        account = platform.account(AccountRef(name="bob"))
        assert raised(platform.create_access_key, account).kind == "malformed_answer"


@pytest.mark.parametrize(("status", "kind"), [(403, "permission"), (500, "platform_error")])
@pytest.mark.parametrize("front", [False, True])
def test_a_failing_read_is_mapped_and_not_taken_for_absence(
    lab: MakeLab, status: int, kind: str, front: bool
) -> None:
    it = lab(**(FRONT if front else {}))
    platform = it.connected()
    account = platform.account(AccountRef(name="alice"))
    it.server.faults.add("status", status=status, times=9)
    for work in (
        lambda: it.find(platform, user="alice"),
        lambda: platform.access_keys(account),
        lambda: list(platform.accounts()),
    ):
        error = raised(work)
        assert (error.kind, error.http_status) == (kind, status)


def test_a_query_that_is_refused_gives_way_to_the_list(lab: MakeLab) -> None:
    it = lab()
    platform = it.connected()
    it.server.faults.add("status", path="/users/query", status=400, times=0)
    assert platform.account(AccountRef(name="bob")).id == it.bob


@pytest.mark.parametrize("modes", [{}, {"auth": "bearer"}, {"adapter": "scality"}, FRONT])
def test_check_mode_sends_no_write(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    assert it.switch("inactive", check_mode=True).action == "disabled"
    platform = it.connected(check_mode=True)
    key = it.find(platform)
    for work in (
        lambda: platform.create_access_key(key.account),
        lambda: platform.delete_access_key(key),
        lambda: platform.set_access_key(key, "inactive"),
    ):
        assert raised(work).kind == "check_mode_write"
    assert it.sim.writes == 0
    assert it.truth() == "active"
