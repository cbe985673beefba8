# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Huawei's refusals mean, in every shape that its clouds and gateways give them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.huawei_lab import (
    SIGNED,
    V5,
    Lab,
    lab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

__all__ = ["lab"]

SHAPES = ["documented", "mainland", "keystone", "iam", "gateway"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prefix", ["APIGW", "APIG"])
def test_every_shape_of_an_error_means_the_same(lab: Lab, shape: str, prefix: str) -> None:
    lab.use(error_shape=shape, gateway_prefix=prefix)
    account = lab.account(access_keys=2)
    platform = lab.open()
    full = raised(platform.create_access_key, account)
    assert (full.kind, full.code) == ("limit", "akSkNumExceed")
    missing = raised(platform.find_access_key, "AKMISSING")
    assert (missing.kind, missing.http_status) == ("not_found", 404)
    assert "Could not find credential: AKMISSING." in missing.message
    own = lab.sim.add_self_service_user("self")
    weak = lab.open(api_access_key=own.access, api_secret_key=own.secret)
    denied = raised(weak.access_keys, account)
    assert (denied.kind, denied.account) == ("permission", "backup")
    assert "identity:list_credentials" in denied.message
    wrong = raised(lab.open(api_access_key=own.access, api_secret_key="x").connect)
    assert (wrong.kind, wrong.code) == ("authentication", f"{prefix}.0301")
    assert "api_secret_key does not belong" in wrong.next_step


@pytest.mark.parametrize("header", ["X-Request-Id", "X-IAM-Trace-Id"])
def test_the_trace_id_is_in_the_details(lab: Lab, header: str) -> None:
    lab.use(trace_header=header)
    details = raised(lab.open().find_access_key, "AKMISSING").failure()["details"]
    assert len(details["request_id"]) == 32


def test_the_trace_id_of_a_body_serves_where_no_header_has_it(lab: Lab) -> None:
    body = {"error_code": "APIGW.0201", "error_msg": "Bad request", "request_id": "abc123"}
    lab.server.faults.add("status", status=400, body=body)
    exc = raised(lab.open().connect)
    assert exc.details == {"request_id": "abc123"}
    assert (exc.kind, exc.code) == ("rejected", "APIGW.0201")


CODES: list[tuple[int, str, str]] = [
    (400, "1100", "rejected"),
    (400, "IAM.0007", "rejected"),
    (400, "IAM.0011", "rejected"),
    (400, "IAM.0072", "rejected"),
    (400, "IAM.0073", "rejected"),
    (400, "IAM.1104", "authentication"),
    (400, "IAM.1105", "authentication"),
    (400, "IAM.1106", "authentication"),
    (400, "IAM.1107", "authentication"),
    (403, "IAM.0001", "authentication"),
    (403, "IAM.0002", "permission"),
    (403, "IAM.0003", "permission"),
    (404, "IAM.0004", "not_found"),
    (409, "IAM.0005", "conflict"),
    (500, "IAM.0006", "platform_error"),
    (429, "IAM.0012", "throttled"),
    (403, "IAM.0061", "authentication"),
    (403, "IAM.0062", "authentication"),
    (403, "IAM.0066", "authentication"),
    (403, "IAM.0067", "authentication"),
    (403, "IAM.0080", "authentication"),
    (403, "IAM.0081", "authentication"),
    (403, "IAM.0082", "authentication"),
    (404, "APIGW.0101", "unsupported"),
    (413, "APIGW.0201", "rejected"),
    (403, "APIG.0301", "authentication"),
    (403, "APIG.0308", "throttled"),
    (403, "PAP5.0012", "permission"),
    (404, "PAP5.0016", "not_found"),
    (400, "PAP5.0011", "rejected"),
]


@pytest.mark.parametrize(("status", "code", "kind"), CODES, ids=[row[1] for row in CODES])
def test_a_code_counts_for_more_than_the_status(
    lab: Lab, status: int, code: str, kind: str
) -> None:
    body = {"error_code": code, "error_msg": "said the platform"}
    lab.server.faults.add("status", status=status, body=body, times=0)
    exc = raised(lab.open().account, AccountRef(id="1"))
    assert (exc.kind, exc.code, exc.http_status) == (kind, code, status)
    assert "said the platform" in exc.message
    assert exc.landed is False


BODIES: list[tuple[int, Any, str, str]] = [
    (500, "gateway in trouble", "platform_error", "gateway in trouble"),
    (404, "<html><body>nothing</body></html>", "malformed_answer", "nothing"),
    (404, "\ufeff<html><body>nothing</body></html>", "malformed_answer", "nothing"),
    (403, [1, 2], "permission", "[1, 2]"),
    (403, {"error": "plain words"}, "permission", "plain words"),
    (400, {"code": 7, "message": "in the other style"}, "rejected", "in the other style"),
    (400, {"error": {"code": "IAM.1107", "message": "AK off"}}, "authentication", "AK off"),
    (400, {}, "rejected", "{}"),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"), BODIES, ids=[str(number) for number in range(len(BODIES))]
)
def test_odd_bodies_of_errors_are_still_told(
    lab: Lab, status: int, body: Any, kind: str, words: str
) -> None:
    lab.server.faults.add("status", status=status, body=body, times=0)
    exc = raised(lab.open().account, AccountRef(id="1"))
    assert exc.kind == kind
    assert words in exc.message


@pytest.mark.parametrize(("shape", "code"), [("iam", "IAM.0012"), ("gateway", "APIGW.0308")])
@pytest.mark.parametrize("retry_after", [0, 7])
def test_a_throttle_is_waited_for_also_by_changes(
    lab: Lab, shape: str, code: str, retry_after: int
) -> None:
    lab.use(throttle_as=shape, throttle_per_minute=3, retry_after=retry_after)
    # All of it in one minute, whichever second this test begins in.
    lab.sim.clock.advance(60 - lab.sim.clock.now().timestamp() % 60)
    account = lab.account()
    platform = lab.open()
    (key,) = platform.access_keys(account)
    platform.access_keys(account)
    platform.access_keys(account)
    exc = raised(platform.set_access_key, key, status="inactive")
    assert (exc.kind, exc.code, exc.landed) == ("throttled", code, False)
    assert "requests_per_second" in exc.next_step
    assert len(lab.asked("PUT")) == 4
    assert len(lab.clock.slept) == 3
    assert not retry_after or all(wait >= retry_after for wait in lab.clock.slept)
    assert lab.sim.writes == 0
    lab.sim.clock.advance(60)
    assert platform.set_access_key(key, status="inactive").status == "inactive"


def test_a_throttle_with_another_status_is_a_promise_as_well(lab: Lab) -> None:
    platform = lab.open()
    (key,) = platform.access_keys(lab.account())
    body = {"error_code": "APIGW.0308", "error_msg": "The throttling threshold has been reached"}
    lab.server.faults.add("status", method="PUT", status=503, body=body)
    assert platform.set_access_key(key, status="inactive").status == "inactive"


def test_a_cloud_without_v5_says_so(lab: Lab) -> None:
    lab.use(v5_available=False)
    account = lab.account()
    (access_key,) = lab.sim.keys_of(account.id or "")
    platform = lab.open(**{**V5, "domain": None})
    platform.connect()
    for exc in (
        raised(platform.access_keys, account),
        raised(platform.find_access_key, access_key),
        raised(platform.create_access_key, account),
    ):
        assert (exc.kind, exc.code) == ("unsupported", "APIGW.0101")
        assert "leave api_version at v3.0" in exc.next_step
    assert lab.open(**SIGNED).find_access_key(access_key).status == "active"


def test_a_platforms_secret_in_an_error_is_masked(lab: Lab) -> None:
    secret = SIGNED["api_secret_key"]
    body = {"error_code": "IAM.0007", "error_msg": f"bad value {secret}", "request_id": secret}
    lab.server.faults.add("status", status=400, body=body)
    exc = raised(lab.open().connect)
    assert secret not in str(exc.failure())
    assert "bad value ********" in exc.message
