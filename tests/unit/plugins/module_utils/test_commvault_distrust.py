# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault: numbers that come as text, and numbers that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms import (
    commvault_answers as answers,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault_lookups import (  # noqa: E501  # the import's own length
    find_clients,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils import (
    commvault_cell,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES


@pytest.mark.parametrize(
    ("shown", "number"),
    [("42", 42), (42, 42), ("1e999", -1), ("", -1), (None, -1), ([], -1)]
    + [(json.loads(text), -1) for text in ("1e999", "-1e999", "NaN")],
    ids=repr,
)
def test_a_number_that_is_none_is_the_default(shown: Any, number: int) -> None:
    assert answers.as_int(shown, -1) == number


def test_an_endless_lock_is_a_refused_login(platform: Commvault, server: SimulatorServer) -> None:
    body = b'{"isAccountLocked": true, "remainingLockTime": 1e999}'
    server.faults.add("status", path="/Login", status=200, body=body)
    error = raised(platform.connect)
    assert (error.kind, "is locked." in error.message) == ("authentication", True)


def test_counts_and_identifiers_may_be_text(platform: Commvault, server: SimulatorServer) -> None:
    body = {"users": [{"id": "42", "name": "bob"}], "numberOfUsers": "1"}
    server.faults.add("status", path="/V4/User[?]", status=200, body=body, times=2)
    assert platform.connect().details == {"users": 1}
    assert [(a.id, a.name) for a in platform.accounts()] == [("42", "bob")]
    server.faults.add("status", path="/V4/User/42", status=200, body=body["users"][0])
    assert platform.account(AccountRef(id="42")).name == "bob"
    server.faults.add("status", path="/V4/User[?]", status=200, body={"numberOfUsers": "0"})
    assert list(platform.accounts()) == []


def test_a_client_with_a_number_as_text_is_found(
    platform: Commvault, server: SimulatorServer
) -> None:
    entity = {"clientId": "7", "clientName": "proxy7"}
    body = {"clientProperties": [{"client": {"clientEntity": entity}}]}
    server.faults.add("status", path="/Client", status=200, body=body, times=2)
    for text in ("proxy7", "id:7"):
        [found] = find_clients(platform, [text])
        assert (found.id, found.name) == (7, "proxy7")


@pytest.mark.parametrize("number", ["", "-1", "4 2", "0x2a", "٤٢", "9" * 5000, 4.2, True, None])
def test_an_identifier_that_is_no_number_is_malformed(
    platform: Commvault, server: SimulatorServer, number: Any
) -> None:
    body = {"users": [{"id": number, "name": "bob"}]}
    server.faults.add("status", path="/V4/User", status=200, body=body)
    assert raised(lambda: list(platform.accounts())).kind == "malformed_answer"
