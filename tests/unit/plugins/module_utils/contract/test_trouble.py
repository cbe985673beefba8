# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A supported platform in trouble: errors are mapped, nothing is sent twice, nothing is guessed."""

from __future__ import annotations

import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_info import (
    list_credentials,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.credential_status import (
    Wanted,
    set_credential_status,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import (
    KINDS,
    CredentialsError,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccessKey
from ansible_collections.objectstore.credentials.plugins.module_utils.options import parse_duration
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import Selection
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .cells import SECRET_OPTIONS, WRITES, Cell, leaks, open_cell, writes_of

MAX_AGE = parse_duration("90d", "max_age")


def test_wrong_login_is_authentication_and_not_hammered(cell: Cell) -> None:
    given = [name for name in SECRET_OPTIONS if name in cell.variant.options]
    assert given, "a form without a secret proves nothing"
    wrong: dict[str, Any] = {given[0]: "Wr0ng-Secret/of+nobody=0123456789abcdefgh"}
    platform = cell.platform(connect=False, **wrong)

    def attempt(_n: int) -> str:
        return raised(lambda: list(platform.accounts())).kind

    exc = raised(platform.connect)
    assert exc.kind == "authentication"
    assert exc.next_step
    assert exc.stops_endpoint
    sent = len(cell.server.log)
    assert sent <= 4
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attempt, range(8))) == {"authentication"}


READ_TROUBLE: list[tuple[dict[str, Any], set[str]]] = [
    ({"action": "html"}, {"malformed_answer"}),
    ({"action": "garbage"}, {"malformed_answer"}),
    ({"action": "truncate"}, {"unreachable", "malformed_answer"}),
    ({"action": "drop"}, {"unreachable"}),
    ({"action": "status", "status": 500}, {"platform_error"}),
    ({"action": "status", "status": 503}, {"platform_error"}),
    ({"action": "status", "status": 403}, {"permission", "authentication"}),
    ({"action": "status", "status": 429, "headers": {"Retry-After": "1"}}, {"throttled"}),
    ({"action": "status", "status": 302, "headers": {"Location": "http://127.0.0.9/"}},
     {"malformed_answer"}),
    ({"action": "status", "status": 200, "body": []}, {"malformed_answer"}),
    ({"action": "status", "status": 200, "body": "[" * 5000}, {"malformed_answer"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "kinds"),
    READ_TROUBLE,
    ids=lambda v: " ".join(map(str, v.values())) if isinstance(v, dict) else "",
)
def test_troubled_read_says_what_is_wrong(
    cell: Cell, fault: dict[str, Any], kinds: set[str]
) -> None:
    platform = cell.platform()
    cell.server.faults.add(times=0, **fault)
    exc = raised(lambda: list(platform.accounts()))
    assert exc.kind in kinds
    assert exc.landed is False
    assert exc.next_step
    assert exc.kind in KINDS
    assert not leaks(f"{exc.failure()}", cell.secrets())


@pytest.mark.parametrize("action", ["status", "drop"])
def test_passing_trouble_of_a_read_is_overcome(cell: Cell, action: str) -> None:
    platform = cell.platform()
    cell.server.faults.add(action, status=429, headers={"Retry-After": "1"}, times=2)
    assert set(cell.ids) <= {account.name for account in platform.accounts()}


WRITE_TROUBLE: list[dict[str, Any]] = [
    {"action": "drop", "when": "before"},
    {"action": "drop", "when": "after"},
    {"action": "status", "when": "before", "status": 500},
    {"action": "status", "when": "after", "status": 500},
    {"action": "status", "when": "after", "status": 502},
    {"action": "status", "when": "before", "status": 503, "headers": {"Retry-After": "1"}},
    {"action": "status", "when": "before", "status": 429, "headers": {"Retry-After": "1"}},
    {"action": "status", "when": "before", "status": 429, "times": 0},
    {"action": "garbage", "when": "before"},
    {"action": "garbage", "when": "after"},
    {"action": "html", "when": "after"},
    {"action": "truncate", "when": "after"},
    {"action": "status", "when": "before", "status": 403},
]


@pytest.mark.parametrize(
    "fault", WRITE_TROUBLE, ids=lambda fault: " ".join(str(v) for v in fault.values())
)
@pytest.mark.parametrize(
    ("form", "write"), WRITES, ids=lambda v: " ".join(v) if isinstance(v, tuple) else v
)
def test_troubled_write_is_never_repeated_and_never_guessed(
    form: tuple[str, str], write: str, fault: dict[str, Any]
) -> None:
    with open_cell(form) as cell:
        platform = cell.platform()
        do = writes_of(cell, platform)[write]
        before = dict(cell.truth())
        method = "POST|PUT|PATCH|DELETE"
        for verb in method.split("|"):
            cell.server.faults.add(method=verb, **fault)
        error: CredentialsError | None = None
        result = None
        try:
            result = do()
        except CredentialsError as exc:
            error = exc
        assert cell.simulator.writes <= 1, cell.simulator.commits
        happened = cell.simulator.writes == 1
        if error is None and isinstance(result, AccessKey):
            # What it returns is what the platform shows; the operation compares it with the wish.
            assert cell.truth()[result.access_key] == result.status
            assert happened or (result.status, result.description or "") == ("active", "")
        elif error is None:
            assert happened
        else:
            assert error.kind in KINDS
            assert error.next_step
            if error.landed is False:
                assert not happened
                assert cell.truth() == before
            if error.landed is True:
                assert happened
            assert not leaks(f"{error.failure()} {error!r}", cell.secrets())


def test_check_mode_sends_no_write(cell: Cell) -> None:
    platform = cell.platform(check_mode=True)
    # A listing that has side effects is not sent in check mode either.
    if platform.facts.listing_has_side_effect:
        account = cell.account(platform)
        writes = {"create": lambda: platform.create_access_key(account)}
    else:
        writes = writes_of(cell, platform)
    assert writes
    for write in writes.values():
        assert raised(write).kind == "check_mode_write"
    assert cell.simulator.writes == 0
    assert cell.unsafe() == []


@pytest.mark.parametrize("status", ["inactive", "active", None])
def test_operations_in_check_mode_write_nothing(cell: Cell, status: str | None) -> None:
    platform = cell.platform(connect=False, check_mode=True)
    list_credentials(platform, Selection(all=True), max_age=MAX_AGE, last_used=True, parallelism=4)
    keys = tuple(cell.truth())
    wanted = Wanted(keys, None, status, None if status else "text", allow_disruption=True)
    try:
        outcome = set_credential_status(platform, wanted, check_mode=True, parallelism=4)
    except CredentialsError as exc:
        refused = exc.kind
    else:
        refused = ""
        assert outcome.changed == (status != "active")
        assert not outcome.failures
    can = platform.facts.can_disable if status else platform.facts.has_description
    assert refused == ("" if can else "unsupported")
    assert cell.simulator.writes == 0
    assert cell.unsafe() == []


def test_no_secret_in_any_result_or_log(cell: Cell, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    platform = cell.platform(connect=False)
    info = list_credentials(
        platform, Selection(all=True), max_age=MAX_AGE, last_used=True, parallelism=4
    )
    texts = [str(info.as_dict(diff=True)), repr(list(platform.accounts())), repr(platform.settings)]
    if platform.facts.shows_access_key:
        keys = tuple(cell.truth())
        texts.append(repr(platform.access_keys(cell.account(platform))))
        wanted = Wanted((*keys, "AKIANOWHERE"), None, "inactive", None, allow_disruption=True)
        try:
            status = set_credential_status(platform, wanted, check_mode=False, parallelism=1)
        except CredentialsError as exc:
            texts.append(f"{exc!r} {exc.failure()}")
        else:
            texts.append(str(status.as_dict(diff=True)))
    if not cell.unsafe():
        for name, write in writes_of(cell, cell.platform()).items():
            with contextlib.suppress(CredentialsError):
                texts.append(f"{name} {write()!r}")
    texts.append(caplog.text)
    assert len(cell.secrets()) > 2
    assert not leaks(texts, cell.secrets())


def test_lost_answer_of_a_status_change_is_settled_by_a_look(cell: Cell) -> None:
    platform = cell.platform()
    if not platform.facts.can_disable:
        return
    (key,) = cell.truth()
    for verb in ("PUT", "PATCH", "POST"):
        cell.server.faults.add("drop", "after", method=verb)
    wanted = Wanted((key,), None, "inactive", None, allow_disruption=True)
    outcome = set_credential_status(platform, wanted, check_mode=False, parallelism=1)
    assert [r.action for r in outcome.accounts] == ["disabled"]
    assert cell.truth()[key] == "inactive"
    assert cell.simulator.writes == 1


def test_last_active_key_is_not_disabled_unasked(cell: Cell) -> None:
    platform = cell.platform()
    if not platform.facts.can_disable or platform.facts.listing_has_side_effect:
        return
    (key,) = cell.truth()
    wanted = Wanted((key,), None, "inactive", None, allow_disruption=False)
    outcome = set_credential_status(platform, wanted, check_mode=False, parallelism=1)
    (failure,) = [r.failure for r in outcome.accounts]
    assert failure is not None
    assert failure["kind"] == "disruption_refused"
    assert "app-0001" in failure["message"]
    assert cell.simulator.writes == 0
    platform.create_access_key(cell.account(platform))
    outcome = set_credential_status(platform, wanted, check_mode=False, parallelism=1)
    assert [r.action for r in outcome.accounts] == ["disabled"]
