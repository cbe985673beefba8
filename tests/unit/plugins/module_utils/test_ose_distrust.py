# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object Storage Extension: answers of another type, and users of nobody knows which tenant."""

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
from ansible_collections.objectstore.credentials.tests.unit.support import raised

MakeLab = Callable[..., Lab]
FLAVORS = pytest.mark.parametrize("modes", [{}, FRONT], ids=["osis", "front"])


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


def row_of(it: Lab, **changed: Any) -> dict[str, Any]:
    """Return the row of alice's first key as the platform shows it, with changes."""
    return {**it.find(it.connected(), user="alice").raw, **changed}


def answer(it: Lab, body: Any, path: str = "", **more: Any) -> None:
    """Answer every read of alice's first key with this body."""
    fields = {"method": "GET", "status": 200, "times": 0, **more}
    it.server.faults.add("status", path=path or f"/{it.key}", body=body, **fields)


@FLAVORS
@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("false", "inactive"),
        ("False", "inactive"),
        (False, "inactive"),
        ("TRUE", "active"),
        (True, "active"),
        (None, "active"),
    ],
)
def test_true_and_false_may_come_as_text(
    lab: MakeLab, modes: dict[str, Any], shown: Any, status: str
) -> None:
    it = lab(**modes)
    answer(it, row_of(it, active=shown))
    assert it.find(it.connected(), user="alice").status == status


@FLAVORS
@pytest.mark.parametrize("name", ["active", "immutable"])
@pytest.mark.parametrize("shown", ["", "no", "disabled", 0, 1, [], {}])
def test_what_is_neither_true_nor_false_is_malformed(
    lab: MakeLab, modes: dict[str, Any], name: str, shown: Any
) -> None:
    it = lab(**modes)
    answer(it, row_of(it, **{name: shown}))
    error = raised(it.find, it.connected(), user="alice")
    assert error.kind == "malformed_answer"
    assert it.key in error.message
    assert repr(name) in error.message


@FLAVORS
@pytest.mark.parametrize(
    "page",
    [
        *({}, {"status": "UP"}, {"items": {}}, {"items": None, "INFO": {"total": 2}}),
        {"items": [], "INFO": {"offset": 0, "limit": 100, "total": "2"}},
    ],
    ids=str,
)
def test_a_page_that_is_none_is_no_proof_that_there_are_no_keys(
    lab: MakeLab, modes: dict[str, Any], page: dict[str, Any]
) -> None:
    it = lab(**modes)
    platform = it.connected()
    alice = platform.account(AccountRef(name="alice"))
    info = "pageInfo" if modes else "page_info"
    body = {name.replace("INFO", info): value for name, value in page.items()}
    it.server.faults.add("status", status=200, body=body, path="credentials")
    assert raised(platform.access_keys, alice).kind == "malformed_answer"


@FLAVORS
def test_a_page_of_nothing_is_an_empty_list(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    platform = it.connected()
    alice = platform.account(AccountRef(name="alice"))
    info = "pageInfo" if modes else "page_info"
    numbers = {"offset": 0, "limit": 100, "total": 0}
    pages: list[dict[str, Any]] = [{"items": None, info: numbers}, {"items": [], info: None}]
    for body in (*pages, {"items": []}):
        it.server.faults.add("status", status=200, body=body, path="credentials", times=2)
        assert platform.access_keys(alice) == []
        it.server.faults.clear()


@FLAVORS
def test_immutable_as_text_is_heeded(lab: MakeLab, modes: dict[str, Any]) -> None:
    it = lab(**modes)
    answer(it, row_of(it, immutable="true"))
    assert it.find(it.connected(), user="alice").immutable is True
    assert it.find(it.connected(), it.other_key, user="alice").immutable is False


def test_a_key_inactive_by_text_does_not_count_as_another_active_one(lab: MakeLab) -> None:
    it = lab()
    other = it.find(it.connected(), it.other_key, user="alice").raw
    rows = [row_of(it), {**other, "active": "false"}]
    page = {"items": rows, "page_info": {"total": 2, "limit": 100}}
    answer(it, page, path=f"/users/{it.alice}/s3credentials")
    result = it.switch("inactive", disrupt=False)
    assert (result.action, it.truth()) == ("failed", "active")
    assert result.failure is not None
    assert result.failure["kind"] == "disruption_refused"


@FLAVORS
def test_a_malformed_answer_to_a_change_leaves_the_outcome_open(
    lab: MakeLab, modes: dict[str, Any]
) -> None:
    it = lab(**modes)
    platform = it.connected()
    key = it.find(platform, user="alice")
    it.server.faults.add(
        "status", when="after", method="PATCH", status=200, body={**key.raw, "active": "off"}
    )
    error = raised(platform.set_access_key, key, "inactive")
    assert (error.kind, error.landed) == ("malformed_answer", None)
    assert it.truth() == "inactive"


def test_a_key_made_for_another_user_is_not_taken_for_one_of_this(lab: MakeLab) -> None:
    it = lab()
    platform = it.connected()
    alice = platform.account(AccountRef(name="alice"))
    made = row_of(it, user_id=it.bob, access_key="AKOTHER")
    it.server.faults.add("status", when="after", method="POST", status=201, body=made)
    error = raised(platform.create_access_key, alice)
    assert (error.kind, error.landed) == ("malformed_answer", None)
    assert "AKOTHER" in error.message
    assert str(made["secret_key"]) not in error.message


# --- tenants ---------------------------------------------------------------------------------


@pytest.mark.parametrize("read_user", [200, 501])
@pytest.mark.parametrize("named", [True, False])
def test_a_key_without_its_tenant_is_found_in_the_tenant_of_its_user_only(
    lab: MakeLab, read_user: int, named: bool
) -> None:
    it = lab(get_ignores_owner=True)
    it.sim.add_tenant("umbrella", "Umbrella")
    row = row_of(it, tenant_id=None)
    if not named:
        row.pop("username", None)
    answer(it, row)
    if read_user != 200:
        answer(it, None, path=f"/users/{it.alice}$", status=read_user)
    platform = it.connected(scope={"tenant": "Acme Inc"})
    assert it.find(platform).account.address == {"tenant_id": "acme"}
    error = raised(it.find, it.connected(scope={"tenant": "Umbrella"}))
    assert error.kind == "not_found"
    assert "in tenant umbrella" in error.message


def test_a_user_shown_in_another_tenant_than_asked_for_is_not_believed(lab: MakeLab) -> None:
    it = lab()
    it.sim.add_tenant("umbrella", "Umbrella")
    answer(it, row_of(it, tenant_id=None))
    answer(it, {"user_id": it.alice, "tenant_id": "acme"}, path=f"/users/{it.alice}$")
    assert raised(it.find, it.connected(scope={"tenant": "Umbrella"})).kind == "not_found"


def test_a_query_that_names_no_tenant_gives_way_to_the_list_of_the_tenant(lab: MakeLab) -> None:
    it = lab()
    it.sim.add_tenant("umbrella", "Umbrella")
    row = {"user_id": it.alice, "username": "alice"}
    page = {"items": [row], "page_info": {"total": 1, "limit": 100}}
    answer(it, page, path="/users/query")
    alice = AccountRef(name="alice")
    found = it.connected(scope={"tenant": "Acme Inc"}).account(alice)
    assert (found.id, found.address) == (it.alice, {"tenant_id": "acme"})
    other = it.connected(scope={"tenant": "Umbrella"})
    assert raised(other.account, alice).kind == "not_found"


def test_a_name_is_no_identifier_of_a_tenant(lab: MakeLab) -> None:
    """A tenant may bear the identifier of another as its name."""
    it = lab()
    error = raised(it.connected, scope={"tenant": "acme"})
    assert (error.kind, "id:acme" in error.next_step) == ("not_found", True)
    assert raised(it.connected, scope={"tenant": "id:Acme Inc"}).kind == "not_found"
    it.sim.add_tenant("second", "acme")
    assert it.connected(scope={"tenant": "acme"}).connect().details["tenant_id"] == "second"
    assert it.connected(scope={"tenant": "id:acme"}).connect().details["tenant_id"] == "acme"
