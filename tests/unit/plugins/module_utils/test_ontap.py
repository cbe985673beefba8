# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONTAP's verbs against the simulated cluster: reading, finding, errors."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    Account,
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.ontap import (
    SVM,
    OntapSimulator,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ontap_lab import (
    OWN,
    Lab,
    lab,
    read,
)
from ansible_collections.objectstore.credentials.tests.unit.support import everything_in, raised

__all__ = ["lab"]

DAY = dt.timedelta(days=1)


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("next_link", ["everywhere", "hal", "header"])
@pytest.mark.parametrize("empty_last_page", [False, True])
@pytest.mark.parametrize("page_size", [0, 1, 3])
def test_all_pages_are_read(
    lab: Lab, next_link: str, empty_last_page: bool, page_size: int
) -> None:
    lab.use(accounts=7, next_link=next_link, empty_last_page=empty_last_page, page_size=page_size)
    names = [account.name for account in lab.open().accounts()]
    assert names == [f"app-{n:04d}" for n in range(1, 8)] + ["root"]


def test_a_next_page_that_leads_in_a_circle_ends_as_malformed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.use(accounts=3, page_size=1)
    handle = OntapSimulator.handle

    def circle(self: OntapSimulator, request: Any) -> Any:
        answer = handle(self, request)
        links = answer.body.get("_links", {}) if isinstance(answer.body, dict) else {}
        if "next" in links:
            links["next"]["href"] = request.target
        return answer

    monkeypatch.setattr(OntapSimulator, "handle", circle)
    platform = lab.open()
    exc = raised(lambda: list(platform.accounts()))
    assert exc.kind == "malformed_answer"
    assert "next page" in exc.message
    assert lab.server.requests < 10


@pytest.mark.parametrize("rows_of_each_page", [0, 2])
def test_ever_new_next_pages_that_bring_nothing_new_end_as_malformed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, rows_of_each_page: int
) -> None:
    lab.use(accounts=3)
    handle = OntapSimulator.handle

    def endless(self: OntapSimulator, request: Any) -> Any:
        if not request.path.endswith("/users"):
            return handle(self, request)
        link = {"href": f"{request.path}?start.name=x{lab.server.requests}"}
        rows = [{"name": f"app-{n}"} for n in range(rows_of_each_page)]
        # An end after all, so that this test fails instead of going on for ever.
        links = {"next": link} if lab.server.requests < 50 else {}
        return Response(200, {"records": rows, "_links": links})

    monkeypatch.setattr(OntapSimulator, "handle", endless)
    seen: list[str] = []
    exc = raised(lambda: seen.extend(account.name for account in lab.open().accounts()))
    assert exc.kind == "malformed_answer"
    assert lab.server.requests < 20
    assert len(seen) == rows_of_each_page


def test_a_row_that_comes_twice_is_one_user(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.use(accounts=3, page_size=2)
    handle = OntapSimulator.handle

    def twice(self: OntapSimulator, request: Any) -> Any:
        answer = handle(self, request)
        if request.path.endswith("/users"):
            answer.body["records"] *= 2
        return answer

    monkeypatch.setattr(OntapSimulator, "handle", twice)
    assert len([account.name for account in lab.open().accounts()]) == 4


@pytest.mark.parametrize("href", ["http://[bad", "//[::1", "/elsewhere", "/api/x\ud800"])
def test_a_link_that_is_none_is_malformed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, href: str
) -> None:
    lab.use(accounts=1)
    handle = OntapSimulator.handle

    def broken(self: OntapSimulator, request: Any) -> Any:
        answer = handle(self, request)
        if request.path.endswith("/users"):
            answer.body["_links"] = {"next": {"href": href}}
        return answer

    monkeypatch.setattr(OntapSimulator, "handle", broken)
    exc = raised(lambda: list(lab.open().accounts()))
    assert exc.kind == "malformed_answer"


def test_a_next_page_elsewhere_never_gets_the_login(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.use(accounts=3, page_size=2)
    handle = OntapSimulator.handle

    def elsewhere(self: OntapSimulator, request: Any) -> Any:
        answer = handle(self, request)
        links = answer.body.get("_links", {}) if isinstance(answer.body, dict) else {}
        if "next" in links:
            links["next"]["href"] = "http://127.0.0.1:9" + links["next"]["href"]
        return answer

    monkeypatch.setattr(OntapSimulator, "handle", elsewhere)
    # Path and query are followed at the endpoint; nothing listens on port 9.
    assert len(list(lab.open().accounts())) == 4


def test_root_is_reserved_and_may_have_no_key(lab: Lab) -> None:
    lab.use()
    platform = lab.open()
    root = read(platform, "root")
    assert root.reserved
    assert root.listed_keys == ()
    lab.use(root_has_keys=True)
    assert len(platform.access_keys(root)) == 1


@pytest.mark.parametrize("name", ["a..b", "..x", "user@domain.example", "a+b=c,d", "-"])
def test_a_name_is_read_by_path_whatever_it_holds(lab: Lab, name: str) -> None:
    lab.use(accounts=3)
    lab.sim.add_account(name)
    assert read(lab.open(), name).name == name


@pytest.mark.parametrize("name", ["app-000", "APP-0001", "app-0001/../root", "app-*", "a b"])
def test_another_name_is_not_found(lab: Lab, name: str) -> None:
    lab.use(accounts=2)
    exc = raised(read, lab.open(), name)
    assert exc.kind == "not_found"
    assert repr(name) in exc.message
    assert SVM in exc.message
    assert exc.account == name


def test_a_user_found_in_other_case_is_not_taken_but_named(lab: Lab) -> None:
    lab.use(accounts=1, names="no_case_in_path")
    exc = raised(read, lab.open(), "App-0001")
    assert exc.kind == "not_found"
    assert "There is 'app-0001'" in exc.message


def test_an_identifier_is_not_found_with_a_hint(lab: Lab) -> None:
    exc = raised(lab.open().account, AccountRef(id="42"))
    assert exc.kind == "not_found"
    assert "name" in exc.next_step


@pytest.mark.parametrize("offset", ["Z", "+05:30"])
@pytest.mark.parametrize("version", ["9.14.1", "9.16.1", "9.19.1"])
def test_created_is_expiry_minus_lifetime_where_both_are_known(
    lab: Lab, version: str, offset: str
) -> None:
    lab.use(version, accounts=1, expiry_offset=offset)
    before = lab.sim.clock.now().replace(microsecond=0)
    lab.live("app-0001", 90 * DAY)
    (key,) = lab.open().access_keys(Account("app-0001"))
    assert key.expires_at is not None
    assert key.created_at is not None
    assert dt.timedelta() <= key.created_at - before < dt.timedelta(seconds=5)
    assert key.expires_at - key.created_at == 90 * DAY
    assert key.details == {"key_time_to_live": "P90D"}


def test_without_a_lifetime_created_and_expiry_are_unknown(lab: Lab) -> None:
    lab.use(accounts=1)
    (key,) = lab.open().access_keys(Account("app-0001"))
    assert (key.created_at, key.expires_at, key.details) == (None, None, {})


def test_two_keys_are_listed_by_slot(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1)
    lab.sim.add_account("two", 2)
    del lab.sim.svm.users["app-0001"].slots[1]
    second = lab.live("app-0001", DAY, slot=2)
    platform = lab.open()
    rows = {
        a.name: [(k.slot, k.access_key) for k in a.listed_keys or ()] for a in platform.accounts()
    }
    assert rows["two"] == list(enumerate(lab.keys("two"), 1))
    assert rows["app-0001"] == [(2, second)]
    assert rows["root"] == []


def test_a_listing_asks_only_for_fields_of_the_release(lab: Lab) -> None:
    # The simulator refuses unknown fields, so that reading at all proves it.
    for version in ("9.7", "9.13.1", "9.14.1", "9.15.1", "9.16.1", "9.18.1", "9.19.1"):
        lab.use(version, accounts=1)
        assert len(list(lab.open().accounts())) == 2


# --- finding -----------------------------------------------------------------------------------


def test_many_keys_are_found_with_one_listing(lab: Lab) -> None:
    lab.use(accounts=5)
    platform = lab.open()
    platform.connect()
    asked = lab.server.requests
    for number in range(1, 6):
        name = f"app-{number:04d}"
        assert platform.find_access_key(lab.keys(name)[0]).account.name == name
    assert lab.server.requests - asked == 1 + 5


def test_a_key_replaced_since_the_listing_is_not_found(lab: Lab) -> None:
    lab.use(accounts=2)
    platform = lab.open()
    old = lab.keys("app-0001")[0]
    assert platform.find_access_key(old).access_key == old
    lab.live("app-0001", DAY)
    assert raised(platform.find_access_key, old).kind == "not_found"


def test_a_key_that_appeared_is_found_once_the_listing_is_old(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    assert raised(platform.find_access_key, "NOSUCHKEY").kind == "not_found"
    new = lab.live("app-0001", DAY)
    lab.clock.sleep(60)
    assert platform.find_access_key(new).account.name == "app-0001"


def test_a_key_made_here_is_found_at_once(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    platform.find_access_key(lab.keys("app-0001")[0])
    issued = platform.regenerate_access_key(Account("app-0001"))
    assert issued.pair is not None
    assert platform.find_access_key(issued.pair.access_key).account.name == "app-0001"


def test_a_key_is_not_found_within_another_user(lab: Lab) -> None:
    lab.use(accounts=2)
    exc = raised(lab.open().find_access_key, lab.keys("app-0001")[0], AccountRef(name="app-0002"))
    assert exc.kind == "not_found"
    assert exc.account == "app-0002"


# --- errors ------------------------------------------------------------------------------------


def test_too_many_requests_is_waited_for_also_by_a_write(lab: Lab) -> None:
    lab.use(accounts=1, throttle_seconds=7)
    platform = lab.open()
    platform.connect()
    account = read(platform, "app-0001")
    lab.sim.modes["throttle"] = 1
    assert platform.regenerate_access_key(account).pair
    lab.sim.modes["throttle"] = 0
    lab.server.faults.add(
        "status",
        method="PATCH",
        status=503,
        body={"error": {"code": "262160", "message": "busy"}},
        headers={"Retry-After": "3"},
    )
    assert platform.regenerate_access_key(account).pair
    assert [round(s) for s in lab.clock.slept] == [7, 3]
    assert lab.sim.writes == 2


def test_a_limit_or_an_unexplained_503_is_not_repeated_by_a_write(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    account = read(platform, "app-0001")
    for status, body in ((429, {"error": {"code": "7", "message": "limit"}}), (503, "busy")):
        lab.server.faults.add("status", method="PATCH", status=status, body=body)
        exc = raised(platform.regenerate_access_key, account)
        assert exc.kind == ("limit" if status == 429 else "platform_error")
        assert lab.server.log[-1].status == (429 if status == 429 else 200)
    assert lab.sim.writes == 0


@pytest.mark.parametrize(
    ("modes", "kind", "code"),
    [
        ({"role": "readonly"}, "permission", "6"),
        ({"writes_fail": "92406096"}, "permission", "92406096"),
        ({"writes_fail": "92406097"}, "platform_error", "92406097"),
    ],
)
def test_refused_writes_are_read_by_their_code(
    lab: Lab, modes: dict[str, Any], kind: str, code: str
) -> None:
    lab.use(accounts=1, **modes)
    exc = raised(lab.open().regenerate_access_key, Account("app-0001"))
    assert (exc.kind, exc.code) == (kind, code)
    assert lab.sim.writes == 0


def test_an_access_key_of_another_user_is_a_conflict(lab: Lab) -> None:
    lab.use(accounts=2)
    taken = lab.keys("app-0002")[0]
    exc = raised(
        lab.open().regenerate_access_key, Account("app-0001"), Pair(taken, OWN["secret_key"])
    )
    assert (exc.kind, exc.code, exc.landed) == ("conflict", "92406200", False)
    assert OWN["secret_key"] not in everything_in(exc)


def test_deleting_the_key_of_root_is_refused_under_snapmirror(lab: Lab) -> None:
    lab.use(root_has_keys=True, root_in_snapmirror=True)
    platform = lab.open()
    (key,) = platform.access_keys(Account("root"))
    exc = raised(platform.delete_access_key, key)
    assert (exc.kind, exc.code, exc.landed) == ("conflict", "92406080", False)
    assert "SnapMirror" in exc.next_step


def test_keys_have_neither_switch_nor_description(lab: Lab) -> None:
    lab.use(accounts=1)
    platform = lab.open()
    (key,) = platform.access_keys(Account("app-0001"))
    exc = raised(platform.set_access_key, key, status="inactive")
    assert exc.kind == "unsupported"
    assert "no switch" in exc.message


def test_check_mode_sends_no_write(lab: Lab) -> None:
    lab.use("9.19.1", accounts=1)
    platform = lab.open(check_mode=True)
    (key,) = platform.access_keys(Account("app-0001"))
    account = key.account
    for exc in (
        raised(platform.regenerate_access_key, account),
        raised(platform.create_access_key, account),
        raised(platform.delete_access_key, key),
    ):
        assert exc.kind == "check_mode_write"
        assert exc.landed is False
    assert lab.writes() == []
