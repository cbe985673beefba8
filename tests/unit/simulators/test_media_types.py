# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulators want bodies called what they are, and answer in what was asked for."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators import (
    commvault,
    huawei,
    ose,
    ose_world,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Simulator,
)

JSON = "application/json"
LOGINS: list[tuple[Simulator, str, Any, str]] = [
    (
        commvault.SIMULATOR(),
        "/commandcenter/api/Login",
        {
            "username": commvault.ADMIN,
            "password": base64.b64encode(commvault.PASSWORD.encode()).decode(),
        },
        "token",
    ),
    (
        ose.SIMULATOR(auth="bearer"),
        "/api/v1/auth/login",
        {"username": ose_world.USERNAME, "password": ose_world.PASSWORD},
        "access_token",
    ),
    (
        huawei.SIMULATOR(),
        "/v3/auth/tokens?nocatalog=1",
        {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": huawei.USER_NAME,
                            "password": huawei.PASSWORD,
                            "domain": {"name": huawei.DOMAIN_NAME},
                        }
                    },
                },
                "scope": {"domain": {"name": huawei.DOMAIN_NAME}},
            }
        },
        "token",
    ),
]


@pytest.mark.parametrize(
    ("sent", "is_taken"),
    [
        ({"Content-Type": JSON, "Accept": JSON}, True),
        ({"content-type": "Application/JSON; charset=utf8", "accept": "text/plain, " + JSON}, True),
        ({"Accept": JSON}, False),
        ({"Content-Type": "text/plain", "Accept": JSON}, False),
        ({"Content-Type": "application/x-www-form-urlencoded", "Accept": JSON}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login[0].name)
def test_a_login_is_json_that_says_so(
    login: tuple[Simulator, str, Any, str], sent: dict[str, str], is_taken: bool
) -> None:
    simulator, target, body, token = login
    headers = CaseInsensitive(sent.items())
    answer = simulator.handle(Request("POST", target, headers, json.dumps(body).encode()))
    assert (isinstance(answer.body, dict) and token in answer.body) is is_taken
    assert (answer.status < 300) is is_taken


@pytest.mark.parametrize("accept", [None, "*/*", "application/xml", "text/html"])
def test_commvault_speaks_xml_unless_it_is_asked_for_json(accept: str | None) -> None:
    simulator, target, body, _token = LOGINS[0]
    headers = {"Content-Type": JSON, **({"Accept": accept} if accept else {})}
    request = Request("POST", target, CaseInsensitive(headers.items()), json.dumps(body).encode())
    assert simulator.handle(request).kind() == "application/xml"


def test_osis_has_no_answer_but_json() -> None:
    simulator, target, body, _token = LOGINS[1]
    headers = CaseInsensitive({"Content-Type": JSON, "Accept": "application/xml"}.items())
    answer = simulator.handle(Request("POST", target, headers, json.dumps(body).encode()))
    assert answer.status == 406
