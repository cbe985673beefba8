# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Huawei's verbs that change something, and answers of the wrong shape."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
    AccountRef,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.huawei import (
    Huawei,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.huawei_lab import (
    SIGNED,
    V5,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

EACH_API = pytest.mark.parametrize("options", [SIGNED, V5], ids=["v3.0", "v5"])


def only_key(platform: Huawei, account: Account) -> AccessKey:
    """Return the one key of an account."""
    (key,) = platform.access_keys(account)
    return key


# --- keys: writing -----------------------------------------------------------------------------


def test_create_access_key_carries_the_label_and_the_limit_is_told(lab: Lab) -> None:
    account = lab.account()
    platform = lab.open()
    issued = platform.create_access_key(account, label="rotation 7")
    assert issued.pair is not None
    assert platform.find_access_key(issued.pair.access_key).description == "rotation 7"
    exc = raised(platform.create_access_key, account)
    assert (exc.kind, exc.code, exc.landed) == ("limit", "akSkNumExceed", False)
    assert "two access keys" in exc.next_step
    assert "Delete one" in exc.next_step


@EACH_API
@pytest.mark.parametrize("status", [201, 200])
def test_a_pair_that_was_made_is_kept_whichever_way_success_is_said(
    lab: Lab, options: dict[str, Any], status: int
) -> None:
    lab.use(create_status=status)
    account = lab.account(access_keys=0)
    issued = lab.open(**options).create_access_key(account)
    assert issued.pair is not None
    assert lab.sim.secret_of(issued.pair.access_key) == issued.pair.secret_key


@pytest.mark.parametrize("status", [409, 400])
def test_create_access_key_of_v5_above_the_limit_is_a_limit(lab: Lab, status: int) -> None:
    lab.use(v5_limit_status=status)
    assert raised(lab.open(**V5).create_access_key, lab.account(access_keys=2)).kind == "limit"


def test_create_access_key_is_never_sent_twice(lab: Lab) -> None:
    platform = lab.open()
    account = lab.account(access_keys=0)
    lab.server.faults.add("drop", "after", method="POST")
    exc = raised(platform.create_access_key, account)
    assert (exc.kind, exc.landed) == ("outcome_unknown", None)
    assert len(lab.sim.keys_of(account.id or "")) == 1
    lab.server.faults.add("status", method="POST", status=429)
    assert raised(platform.create_access_key, account).kind == "throttled"
    assert len(lab.asked("POST")) == 2


def test_create_access_key_without_a_secret_in_the_answer_may_have_happened(lab: Lab) -> None:
    answer = {"credential": {"access": "AK", "user_id": "u", "status": "active"}}
    lab.server.faults.add("status", method="POST", status=201, body=answer)
    exc = raised(lab.open().create_access_key, lab.account())
    assert (exc.kind, exc.landed) == ("malformed_answer", None)


@EACH_API
def test_create_access_key_takes_no_pair(lab: Lab, options: dict[str, Any]) -> None:
    platform = lab.open(**options)
    exc = raised(platform.create_access_key, lab.account(), pair=Pair("A", "S"))
    assert exc.kind == "unsupported"
    assert lab.asked() == []


@pytest.mark.parametrize("shown", [True, False], ids=["shown", "not shown"])
def test_set_access_key_sets_status_and_description_alone_or_together(
    lab: Lab, shown: bool
) -> None:
    lab.use(answers_description=shown, shows_empty_description=shown)
    platform = lab.open()
    key = only_key(platform, lab.account())
    steps: list[tuple[dict[str, str], tuple[str, str]]] = [
        ({"description": "nightly"}, ("active", "nightly")),
        ({"status": "inactive"}, ("inactive", "nightly")),
        ({"status": "active", "description": "weekly"}, ("active", "weekly")),
        ({"description": ""}, ("active", "")),
    ]
    for wanted, expected in steps:
        lab.server.log.clear()
        key = platform.set_access_key(key, **wanted)
        assert (key.status, key.description) == expected
        again = "description" in wanted and not shown
        assert [entry.method for entry in lab.server.log] == ["PUT", "GET"][: 1 + again]
    assert lab.sim.world.keys[key.access_key].description == ""


def test_set_access_key_believes_only_what_is_shown(lab: Lab) -> None:
    lab.use(clears_description=False)
    platform = lab.open()
    key = only_key(platform, lab.account())
    key = platform.set_access_key(key, description="stays")
    assert platform.set_access_key(key, description="").description == "stays"


def test_set_access_key_with_nothing_to_set_sends_nothing(lab: Lab) -> None:
    platform = lab.open()
    key = only_key(platform, lab.account())
    lab.server.log.clear()
    assert platform.set_access_key(key) is key
    assert lab.asked() == []


def test_set_access_key_whose_look_afterwards_fails_does_not_say_nothing_happened(
    lab: Lab,
) -> None:
    platform = lab.open()
    key = only_key(platform, lab.account())
    lab.server.faults.add("status", method="GET", status=403, times=0)
    exc = raised(platform.set_access_key, key, description="new")
    assert (exc.kind, exc.landed) == ("permission", None)


@EACH_API
def test_set_access_key_is_sent_again_after_a_throttle(lab: Lab, options: dict[str, Any]) -> None:
    platform = lab.open(**options)
    key = only_key(platform, lab.account())
    lab.server.faults.add("status", method="PUT", status=429)
    assert platform.set_access_key(key, status="inactive").status == "inactive"
    assert len(lab.asked("PUT")) == 2
    lab.server.faults.add("status", method="PUT", status=503)
    assert raised(platform.set_access_key, key, status="active").landed is None
    assert len(lab.asked("PUT")) == 3


@EACH_API
def test_set_access_key_reads_again_when_the_answer_shows_no_status(
    lab: Lab, options: dict[str, Any]
) -> None:
    platform = lab.open(**options)
    key = only_key(platform, lab.account())
    lab.server.faults.add(
        "status",
        "after",
        method="PUT",
        status=200,
        body={
            "credential": {"access": key.access_key},
            "access_key": {"access_key_id": key.access_key},
        },
    )
    assert platform.set_access_key(key, status="inactive").status == "inactive"
    lab.server.faults.add(
        "status",
        "after",
        method="PUT",
        status=200,
        body={
            "credential": {"access": "OTHER", "status": "active"},
            "access_key": {"status": "active"},
        },
    )
    assert platform.set_access_key(key, status="inactive").status == "inactive"


def test_v5_has_no_description_and_says_so(lab: Lab) -> None:
    platform = lab.open(**V5)
    account = lab.account()
    assert platform.facts.has_description is False
    assert platform.facts.label is None
    assert "v3.0" in platform.facts.cannot_describe_because
    assert only_key(platform, account).description is None
    for work in (
        lambda: platform.set_access_key(only_key(platform, account), description="x"),
        lambda: platform.create_access_key(account, label="x"),
    ):
        assert raised(work).kind == "unsupported"
    assert lab.sim.writes == 0


@EACH_API
def test_delete_access_key_is_proven_by_looks(lab: Lab, options: dict[str, Any]) -> None:
    lab.use(reads_showing_deleted=2)
    platform = lab.open(**options)
    platform.delete_access_key(only_key(platform, lab.account()))
    assert lab.clock.slept == [0.5, 0.5]
    lab.sim.modes["reads_showing_deleted"] = 100
    exc = raised(platform.delete_access_key, only_key(platform, lab.account("second")))
    assert (exc.kind, exc.landed) == ("platform_error", None)
    assert "still shows it" in exc.message


def test_delete_access_key_whose_proof_fails_says_that_it_landed(lab: Lab) -> None:
    platform = lab.open()
    key = only_key(platform, lab.account())
    lab.server.faults.add("status", method="GET", status=403, times=0)
    exc = raised(platform.delete_access_key, key)
    assert (exc.kind, exc.landed) == ("permission", True)


def test_the_key_that_logs_in_is_not_cut_off(lab: Lab) -> None:
    platform = lab.open()
    own = platform.find_access_key(SIGNED["api_access_key"])
    for work in (
        lambda: platform.set_access_key(own, status="inactive"),
        lambda: platform.delete_access_key(own),
    ):
        exc = raised(work)
        assert exc.kind == "disruption_refused"
        assert "another access key" in exc.next_step
    assert lab.sim.writes == 0
    assert platform.set_access_key(own, description="mine").description == "mine"


def test_check_mode_writes_nothing(lab: Lab) -> None:
    account = lab.account()
    platform = lab.open(check_mode=True, **SIGNED)
    platform.connect()
    key = only_key(platform, account)
    for work in (
        lambda: platform.set_access_key(key, status="inactive"),
        lambda: platform.delete_access_key(key),
        lambda: platform.create_access_key(account),
    ):
        assert raised(work).kind == "check_mode_write"
    assert lab.sim.writes == 0


# --- answers of the wrong shape ----------------------------------------------------------------

WRONG = [
    {"credentials": {}},
    {"credentials": ["x"]},
    {"credentials": [{"access": "AK"}]},
    {"credentials": [{"access": 1, "user_id": "ACCOUNT", "status": "active"}]},
    [],
]


@pytest.mark.parametrize("body", WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_listing_of_the_wrong_shape_is_a_malformed_answer(lab: Lab, body: Any) -> None:
    account = Account(name="backup", id="ACCOUNT")
    lab.server.faults.add("status", status=200, body=body)
    exc = raised(lab.open().access_keys, account)
    assert (exc.kind, exc.platform, exc.endpoint, exc.account) == (
        *("malformed_answer", "huawei", "lab"),
        "backup",
    )


@pytest.mark.parametrize("options", [SIGNED, V5], ids=["links.next", "next_marker"])
def test_pages_that_lead_in_a_circle_are_a_malformed_answer(
    lab: Lab, options: dict[str, Any]
) -> None:
    body = {
        "users": [],
        "links": {"next": "http://x/v3/users?start=1"},
        "access_keys": [],
        "page_info": {"next_marker": "AAAA"},
    }
    lab.server.faults.add("status", status=200, body=body, times=0)
    platform = lab.open(**options)
    account = Account(name="backup", id="1")
    work: Any = platform.access_keys if options is V5 else lambda _account: [*platform.accounts()]
    assert "circle" in raised(work, account).message


def test_another_object_than_the_one_asked_for_is_a_malformed_answer(lab: Lab) -> None:
    row = {"access": "OTHER", "user_id": "u", "status": "active"}
    lab.server.faults.add("status", status=200, body={"credential": row})
    assert raised(lab.open().find_access_key, "AK").kind == "malformed_answer"
    lab.server.faults.add("status", status=200, body={"user": {"id": "2", "name": "b"}})
    assert raised(lab.open().account, AccountRef(id="1")).kind == "malformed_answer"
    lab.server.faults.add("status", status=200, body={"access_keys": [{"user_id": "2"}]})
    account = Account(name="backup", id="1")
    assert raised(lab.open(**V5).access_keys, account).kind == "malformed_answer"


def test_the_simulator_knows_no_other_call(lab: Lab) -> None:
    platform = lab.open()
    answer = platform.client.request("PATCH", "/v3.0/OS-CREDENTIAL/credentials")
    assert (answer.status, answer.json()["error_code"]) == (404, "APIGW.0101")
