# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings that bring new rows on every page, for ever: every platform gives up, and says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import listing
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault_vault_list import (  # noqa: E501
    find_vault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ose import Ose
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ose_osis import (
    OsisApi,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import CaseInsensitive
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract.cells import (  # noqa: E501
    FORMS,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

from .endless import OF_KEYS, EndlessWire
from .wire import Seat, seated

#: What asks for a page of users, and of tenants, whatever the API.
USERS = (
    r"GET .*(/users\?|/user\?list|/V4/User\?|/org/users|/v3/users|/tenants/[^/]+/users\?)"
    r"|Action=ListUsers"
)


@contextmanager
def endless(form: tuple[str, str], where: str, **how: Any) -> Iterator[tuple[Seat, Any]]:
    """Give a platform that is connected, and whose listings do not end from now on."""
    with seated(form) as seat:
        seat.platform.connect()
        if "empty_pages" in seat.simulator.modes:
            seat.simulator.modes["empty_pages"] = False
        wire = EndlessWire(seat.wire.fixed, seat.simulator, where, **how)
        seat.client._transport = wire
        yield seat, wire


def gives_up(work: Any) -> CredentialsError:
    """Return the error with which it ends."""
    with pytest.raises(CredentialsError) as caught:
        work()
    error = caught.value
    assert error.kind == "malformed_answer", error.message
    assert "does not end" in error.message
    assert error.endpoint == "lab"
    assert error.landed is False
    return error


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_users_without_an_end_are_given_up(
    form: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 55)
    with endless(form, USERS) as (seat, wire):
        error = gives_up(lambda: list(seat.platform.accounts()))
        assert "list the users" in error.message
        assert "api_url" in error.next_step
        assert wire.pages <= 6


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_pages_of_one_row_are_given_up(
    form: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_PAGES", 7)
    with endless(form, USERS, rows=1) as (seat, wire):
        gives_up(lambda: list(seat.platform.accounts()))
        assert wire.pages == 8


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_long_rows_are_given_up(form: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_BYTES", 4_000)
    with endless(form, USERS) as (seat, _wire):
        gives_up(lambda: list(seat.platform.accounts()))


#: The forms whose listing of an account's keys comes in pages, and what asks for one.
PAGED_KEYS = {
    ("aws", "access key"): "Action=ListAccessKeys",
    ("huawei", "v5"): r"/access-keys\?",
    ("ose", "front"): r"/credentials\?",
    ("ose", "osis"): r"/s3credentials\?",
}


@pytest.mark.parametrize("form", PAGED_KEYS, ids="-".join)
def test_keys_without_an_end_are_given_up(
    form: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 55)
    with endless(form, PAGED_KEYS[form], names=OF_KEYS) as (seat, wire):
        account = seat.platform.account(AccountRef(name="app-0001"))
        error = gives_up(lambda: seat.platform.access_keys(account))
        assert "list the access keys" in error.message
        assert error.account in (None, "app-0001")
        assert wire.pages == 6


def test_owner_sought_among_keys_without_an_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 55)
    with endless(("ose", "front"), PAGED_KEYS["ose", "front"], names=OF_KEYS) as (seat, _wire):
        error = gives_up(lambda: seat.platform.find_access_key("AKNOBODY000000000001"))
        assert "list the access keys" in error.message


def test_tenants_without_an_end_are_given_up_though_each_has_few_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 55)
    with endless(("ose", "osis"), r"/tenants\?") as (seat, wire):
        assert isinstance(seat.platform, Ose)
        assert isinstance(seat.platform.api, OsisApi)
        seat.platform.api.tenant = None
        real = wire.send
        rows = [{"user_id": f"u{number}", "username": f"u{number}"} for number in range(10)]
        listed = []

        def send(method: str, url: str, headers: Any, body: bytes) -> Any:
            if "/users?" not in url:
                return real(method, url, headers, body)
            listed.append(url)
            page = {"items": rows, "page_info": {"total": len(rows), "limit": 100}}
            return 200, CaseInsensitive(), json.dumps(page).encode()

        monkeypatch.setattr(wire, "send", send)
        gives_up(lambda: list(seat.platform.accounts()))
        # Ten tenants on a page, ten users each: the page of the fifth is one too many.
        assert len(listed) == 5


def test_vaults_without_an_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 550)
    form = next(each for each in FORMS if each[0] == "commvault")
    with endless(form, "/CVS3Stores", rows=100) as (seat, _wire):
        platform = seat.platform
        assert isinstance(platform, Commvault)
        error = gives_up(lambda: find_vault(platform, "nobody's"))
        assert "list the vaults" in error.message


def drip(seat: Seat, wire: Any, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let every answer take so long, and ten minutes be the most for a listing."""
    monkeypatch.setattr(listing, "MOST_SECONDS", 600)
    monkeypatch.setattr(listing, "MOST_SLOW_ANSWERS", 20)
    real = wire.send

    def send(method: str, url: str, headers: Any, body: bytes) -> Any:
        seat.client.clock.sleep(seconds)
        return real(method, url, headers, body)

    monkeypatch.setattr(wire, "send", send)


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_users_that_drip_are_given_up(
    form: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with endless(form, USERS, rows=1) as (seat, wire):
        drip(seat, wire, monkeypatch, 100)
        with pytest.raises(CredentialsError) as caught:
            list(seat.platform.accounts())
        assert wire.pages <= 7
    error = caught.value
    assert error.kind == "timeout"
    assert "takes too long (list the users)" in error.message
    assert "10m is the most" in error.message
    assert error.endpoint == "lab"
    assert "timeout" in str(error.next_step)


@pytest.mark.parametrize("form", PAGED_KEYS, ids="-".join)
def test_keys_that_drip_are_given_up(
    form: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with endless(form, PAGED_KEYS[form], names=OF_KEYS, rows=1) as (seat, wire):
        account = seat.platform.account(AccountRef(name="app-0001"))
        drip(seat, wire, monkeypatch, 100)
        with pytest.raises(CredentialsError, match="takes too long"):
            seat.platform.access_keys(account)
        assert wire.pages <= 7


def test_ten_thousand_accounts_at_one_request_a_second_pass() -> None:
    clock = RecordingClock()
    pages = listing.Listing(CredentialsError, "list the users", clock, slowest=30)
    pages.page(10_000, 1)
    for _account in range(100):
        # By hundreds: this clock adds up all that was slept.
        clock.sleep(100)
        pages.more(100, 1)


def test_what_the_operator_makes_it_wait_is_not_counted() -> None:
    with seated(FORMS[0]) as seat:
        client = seat.client
        object.__setattr__(seat.platform.settings, "requests_per_second", 0.1)
        pages = seat.platform.begin_listing("list the users")
        for _account in range(100):
            client.requests_sent += 100
            client.clock.sleep(1_000)
            pages.more(100, 1)
        client.clock.sleep(12 * 3600 + 1)
        with pytest.raises(CredentialsError, match="takes too long"):
            pages.more(100, 1)


def test_answers_that_may_be_slower_make_a_listing_that_may_be_longer() -> None:
    clock = RecordingClock()
    pages = listing.Listing(CredentialsError, "list the users", clock, slowest=60)
    clock.sleep(24 * 3600)
    pages.page(1, 1)
    clock.sleep(1)
    with pytest.raises(CredentialsError, match="1d is the most"):
        pages.page(1, 1)


def test_bound_lets_a_million_accounts_with_two_keys_each_pass() -> None:
    pages = listing.Listing(CredentialsError, "list the users", RecordingClock())
    for _page in range(10_000):
        pages.page(100, 100 * 1024)
        pages.more(100, 100 * 100)
    with pytest.raises(CredentialsError, match="does not end"):
        pages.more(1, 0)
