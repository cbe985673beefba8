# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Secrets Manager behind a server that means harm: boto3 alone would read for ever."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import (
    listing,
    transport_bounds,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import (
    aws_secretsmanager_bounds as bounds,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager import (  # noqa: E501  # one name
    AwsSecretsManager,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501
    PLACE,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

from .malicious import MODES, Malicious, attacked
from .rules import Refused, value_or_refusal
from .test_malicious import IN_BETWEEN, MOST_REQUESTS, weighed

SECRETS = ["Made0Up0Secret0Of0The0Login/+=1", "made-up-session-token"]


def store_at(url: str, **changed: Any) -> AwsSecretsManager:
    """Return a store whose region is elsewhere."""
    options = {
        "endpoint_url": url,
        "region": "eu-central-1",
        "aws_access_key_id": "AKIAMADEUP0000000001",
        "aws_secret_access_key": SECRETS[0],
        "aws_session_token": SECRETS[1],
        "timeout": "2s",
        **changed,
    }
    context = StoreContext(clock=RecordingClock(), redactor=Redactor(), run="run-1", environ={})
    return AwsSecretsManager(options, context)


@contextmanager
def under_attack(attack: str, **changed: Any) -> Iterator[tuple[AwsSecretsManager, Malicious]]:
    """Give a store whose service means harm; it may take no more than it must."""
    with attacked(attack) as (server, elsewhere):
        store = store_at(server.url, **changed)
        try:
            yield store, server
        finally:
            value_or_refusal(store.close)
        assert 0 < len(server.heard) <= MOST_REQUESTS
        for heard in server.heard:
            assert heard.sent <= bounds.LARGEST_ANSWER + IN_BETWEEN, (heard.line, heard.sent)
        assert elsewhere.heard == [], "a login may have been carried elsewhere"


@pytest.mark.parametrize("attack", sorted(MODES))
def test_secret_store_under_attack_never_says_that_there_is_no_record(attack: str) -> None:
    with under_attack(attack) as (store, _server):
        found = value_or_refusal(store.read, PLACE, secrets=SECRETS)
        assert isinstance(found, Refused)


@pytest.mark.parametrize("attack", ["endless_body", "endless_chunks", "endless_header"])
def test_memory_has_a_bound_under_attack(attack: str) -> None:
    with under_attack(attack) as (store, _server):
        found, most = weighed(lambda: value_or_refusal(store.read, PLACE, secrets=SECRETS))
        assert isinstance(found, Refused)
        assert found.error.kind == "store_unavailable"
        # boto3 itself, and the answer in pieces and as a whole.
        assert most < 6 * bounds.LARGEST_ANSWER


def test_answer_without_an_end_is_named_as_such() -> None:
    with under_attack("endless_body") as (store, _server):
        found = value_or_refusal(store.read, PLACE, secrets=SECRETS)
        assert isinstance(found, Refused)
        assert "the answer does not end" in found.error.message


def test_login_by_a_role_has_the_same_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    with attacked("endless_body") as (server, _elsewhere):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        store = store_at(server.url, role_arn="arn:aws:iam::000000000001:role/rotator")
        try:
            found = value_or_refusal(store.read, PLACE, secrets=SECRETS)
        finally:
            store.close()
        assert isinstance(found, Refused)
        assert "Action=AssumeRole" in server.heard[0].head or "POST / " in server.heard[0].line
        for heard in server.heard:
            assert heard.sent <= bounds.LARGEST_ANSWER + IN_BETWEEN


def test_bounds_hold_through_a_proxy() -> None:
    with attacked("endless_body") as (server, _elsewhere):
        store = store_at("http://192.0.2.1", proxy=server.url)
        try:
            found = value_or_refusal(store.read, PLACE, secrets=SECRETS)
        finally:
            store.close()
        assert isinstance(found, Refused)
        assert server.heard
        for heard in server.heard:
            assert heard.sent <= bounds.LARGEST_ANSWER + IN_BETWEEN


def test_secrets_without_an_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 250)
    store = store_at("http://127.0.0.1:9")
    number = itertools.count()

    def call(operation: str, **_parameters: Any) -> dict[str, Any]:
        assert operation == "ListSecrets"
        names = [f"objectstore/echo/lab/app-{next(number):06d}" for _row in range(100)]
        return {"SecretList": [{"Name": name} for name in names], "NextToken": f"t{next(number)}"}

    monkeypatch.setattr(store._api, "call", call)
    found = value_or_refusal(lambda: list(store.places("echo", "lab")), secrets=SECRETS)
    assert isinstance(found, Refused)
    assert found.error.kind == "store_unavailable"
    assert "does not end (ListSecrets)" in found.error.message
    assert "endpoint_url" in found.error.next_step


def test_answer_that_drips_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(0, 25)
    clock = SimpleNamespace(monotonic=lambda: next(seconds))
    monkeypatch.setattr(transport_bounds, "time", clock)
    with under_attack("endless_body") as (store, _server):
        found = value_or_refusal(store.read, PLACE, secrets=SECRETS)
        assert isinstance(found, Refused)
        assert "not complete within 60 s" in found.error.message
