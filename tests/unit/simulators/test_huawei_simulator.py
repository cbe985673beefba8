# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Huawei IAM by itself: it is strict, and checks signatures on its own."""

from __future__ import annotations

import json
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import huawei, huawei_gate
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Response,
)

KEYS = "/v3.0/OS-CREDENTIAL/credentials"
HOST = "iam.example.com"


def request(
    method: str,
    target: str,
    body: Optional[bytes] = None,
    signed: Optional[list[str]] = None,
    key: Optional[tuple[str, str]] = (huawei.ACCESS_KEY, huawei.SECRET_KEY),
    **headers: str,
) -> Request:
    """Return a request, signed with a key over the headers named or over all."""
    sent = {name.replace("_", "-"): value for name, value in {"Host": HOST, **headers}.items()}
    made = Request(method, target, CaseInsensitive(sent.items()), body or b"")
    if key:
        names = signed or sorted(name.lower() for name in sent)
        signature = huawei_gate._signature(made, names, key[1])
        sent["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={key[0]}, SignedHeaders={';'.join(names)},"
            f" Signature={signature}"
        )
        made.headers = CaseInsensitive(sent.items())
    return made


def now(sim: huawei.HuaweiSimulator) -> str:
    """Return the simulator's time as a signature has it."""
    return sim.clock.now().strftime("%Y%m%dT%H%M%SZ")


def ask(
    sim: huawei.HuaweiSimulator, method: str, target: str, body: Any = None, **more: Any
) -> Response:
    """Send a well-signed request to a simulator."""
    payload = b"" if body is None else json.dumps(body).encode()
    kind: dict[str, Any] = {} if body is None else {"Content_Type": "application/json"}
    return sim.handle(request(method, target, payload, X_Sdk_Date=now(sim), **kind, **more))


def code(response: Response) -> str:
    """Return what a refusal says."""
    body = response.body
    said = body.get("error_code") or body["error"]["message"]
    return f"{response.status} {said}"


def test_the_check_of_signatures_knows_the_known_answers() -> None:
    made = request(
        "PUT",
        f"{KEYS}/AKEXAMPLE",
        json.dumps({"credential": {"status": "inactive"}}).encode(),
        key=("AK0", "SK0"),
        Content_Type="application/json;charset=utf-8",
        X_Domain_Id="d0",
        X_Sdk_Date="20260102T030405Z",
    )
    known = "c97f59324a2174f79b2613ec7d66b435060eff969508f73eb98bf85279578a03"
    assert made.headers["Authorization"].endswith(f"Signature={known}")
    date = "20260102T030405Z"
    made = request("GET", f"{KEYS}?user_id=u%201%2Fx~", key=("AK0", "SK0"), X_Sdk_Date=date)
    known = "abb4f02b03579347ce4f2817eb43adb74a532199ad4f2cd645320ca7ccf4a36d"
    assert made.headers["Authorization"].endswith(f"Signature={known}")


@pytest.mark.parametrize(
    ("signed", "headers"),
    [
        (["host"], {}),
        (["x-sdk-date"], {}),
        (["x-sdk-date", "host"], {}),
        (["host", "x-sdk-date"], {"X_Domain_Id": huawei.DOMAIN_ID}),
        (["host", "x-missing", "x-sdk-date"], {}),
    ],
    ids=["no date", "no host", "unsorted", "an unsigned X header", "a header not sent"],
)
def test_headers_that_matter_must_be_signed(signed: list[str], headers: dict[str, Any]) -> None:
    sim = huawei.HuaweiSimulator()
    made = request("GET", KEYS, signed=signed, X_Sdk_Date=now(sim), **headers)
    refused = sim.handle(made)
    assert code(refused) == "401 APIGW.0301"
    assert "SignedHeaders" in refused.body["error_msg"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "SDK-HMAC-SHA256 Access=AK"),
        ("Authorization", "Basic QUs6U0s="),
        ("X-Sdk-Date", "Fri, 02 Jan 2026 03:04:05 GMT"),
    ],
)
def test_a_login_of_another_form_is_refused(name: str, value: str) -> None:
    sim = huawei.HuaweiSimulator()
    made = request("GET", KEYS, X_Sdk_Date=now(sim))
    made.headers = CaseInsensitive({**dict(made.headers.items()), name: value}.items())
    assert code(sim.handle(made)) == "401 APIGW.0301"


def test_a_changed_request_is_refused_and_five_of_them_lock_the_key() -> None:
    sim = huawei.HuaweiSimulator()
    made = request("GET", KEYS, X_Sdk_Date=now(sim))
    made.target = f"{KEYS}?user_id=another"
    for _try in range(5):
        assert "verify aksk signature fail" in sim.handle(made).body["error_msg"]
    assert "reach the limit" in ask(sim, "GET", KEYS).body["error_msg"]
    sim.clock.advance(301)
    assert ask(sim, "GET", KEYS).status == 200
    free = huawei.HuaweiSimulator(locks_access_keys=False)
    for _try in range(6):
        assert "verify aksk signature fail" in free.handle(made).body["error_msg"]


def test_nothing_is_answered_without_a_login() -> None:
    sim = huawei.HuaweiSimulator()
    for target in (KEYS, "/v3/users", "/v3/auth/domains", "/v3/auth/tokens", "/v5/users"):
        assert code(sim.handle(request("GET", target, key=None))) == "401 APIGW.0301"
    assert sim.handle(request("GET", "/v3", key=None)).body["version"]["id"] == "v3.6"


WRONG_BODIES: list[tuple[str, Any, str]] = [
    ("PUT", {}, "400 IAM.0011"),
    ("PUT", {"credential": {}}, "400 IAM.0011"),
    ("PUT", {"credential": {"state": "active"}}, "400 IAM.0011"),
    ("PUT", {"credential": {"status": "paused"}}, "400 IAM.0073"),
    ("PUT", {"credential": {"status": None}}, "400 IAM.0073"),
    ("PUT", {"credential": {"description": 7}}, "400 IAM.0073"),
    ("PUT", {"credential": {"description": "x" * 256}}, "400 IAM.0073"),
    ("POST", {}, "400 IAM.0011"),
    ("POST", {"credential": {}}, "400 IAM.0072"),
    ("POST", {"credential": {"user_id": "nobody"}}, "404 Could not find user: nobody."),
]


@pytest.mark.parametrize(
    ("method", "body", "said"),
    WRONG_BODIES,
    ids=[f"{m} {b}"[:60] for m, b, _unused in WRONG_BODIES],
)
def test_a_body_that_is_not_as_documented_is_refused(method: str, body: Any, said: str) -> None:
    sim = huawei.HuaweiSimulator()
    user_id = sim.add_account("backup")
    (access_key,) = sim.keys_of(user_id)
    target = f"{KEYS}/{access_key}" if method == "PUT" else KEYS
    assert code(ask(sim, method, target, body)) == said
    assert sim.writes == 0


def test_a_body_of_another_type_is_refused() -> None:
    sim = huawei.HuaweiSimulator()
    made = request("POST", KEYS, b'{"credential": {"user_id": "u"}}', X_Sdk_Date=now(sim))
    assert code(sim.handle(made)) == "400 IAM.0011"


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("PUT", "/{ak}", {}),
        ("PUT", "/{ak}", {"status": "paused"}),
        ("PUT", "/{ak}", {"status": "active", "description": "x"}),
        ("POST", "", {"description": "x"}),
        ("GET", "?limit=201", None),
        ("GET", "?limit=0", None),
        ("GET", "?marker=!!!!", None),
    ],
)
def test_what_v5_does_not_take_is_refused(method: str, rest: str, body: Any) -> None:
    sim = huawei.HuaweiSimulator()
    user_id = sim.add_account("backup")
    (access_key,) = sim.keys_of(user_id)
    target = f"/v5/users/{user_id}/access-keys" + rest.format(ak=access_key)
    assert code(ask(sim, method, target, body)) == "400 PAP5.0011"
    assert sim.writes == 0


def test_a_token_of_a_token_is_issued_and_bad_logins_are_refused() -> None:
    sim = huawei.HuaweiSimulator()
    token = sim.issue_token().value

    def log_in(auth: Any) -> Response:
        body = json.dumps(auth).encode()
        kind = "application/json;charset=utf8"
        made = request("POST", "/v3/auth/tokens", body, key=None, Content_Type=kind)
        return sim.handle(made)

    scope = {"domain": {"name": huawei.DOMAIN_NAME}}
    again = {"identity": {"methods": ["token"], "token": {"id": token}}, "scope": scope}
    answer = log_in({"auth": again})
    assert (answer.status, answer.body["token"]["methods"]) == (201, ["token"])
    assert answer.headers["X-Subject-Token"] in sim.secrets()
    assert log_in({}).status == 400
    assert log_in({"auth": {"identity": {"methods": ["totp"]}}}).status == 400
    assert log_in({"auth": {"identity": {"methods": ["password"]}}}).status == 400
    elsewhere = {**again, "scope": {"domain": {"name": "elsewhere"}}}
    assert log_in({"auth": elsewhere}).status == 401


def test_the_data_plane_honours_a_pair_only_while_all_is_well() -> None:
    sim = huawei.HuaweiSimulator()
    user_id = sim.add_account("backup")
    (access_key,) = sim.access_keys()
    secret = sim.secret_of(access_key)
    assert secret in sim.secrets()
    sim.world.users[user_id].enabled = False
    assert sim.secret_of(access_key) is None
    sim.world.users[user_id].enabled = True
    wrong = (access_key, "not-the-secret")
    for _try in range(5):
        sim.handle(request("GET", KEYS, key=wrong, X_Sdk_Date=now(sim)))
    assert sim.secret_of(access_key) is None
    sim.clock.advance(301)
    assert sim.secret_of(access_key) == secret
    assert ask(sim, "DELETE", f"{KEYS}/{access_key}").status == 204
    assert sim.secret_of(access_key) is None
    assert (sim.access_keys(), sim.keys_of(user_id)) == ([], {})
    assert secret in sim.secrets()


def test_every_mode_says_what_it_does() -> None:
    assert all(meaning for _default, meaning in huawei.SIMULATOR.MODES.values())
    with pytest.raises(TypeError, match="no mode"):
        huawei.HuaweiSimulator(unknown=1)
