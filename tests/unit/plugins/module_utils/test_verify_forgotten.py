# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An old access key that a service has forgotten, told without opening its secret key."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import (
    FEW_PAIRS,
    Verifier,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.s3_xml import bucket_list
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.verify_lab import (
    GOOD,
    NEW,
    Lab,
)
from ansible_collections.objectstore.credentials.tests.unit.simulators.keyring import data_plane
from ansible_collections.objectstore.credentials.tests.unit.support import Echo

OLD = Pair("AKIAOLD4QW8ER7TY6UIO", "old+Secret/key-of-forty-characters-1234")
#: What a service says of a wrong secret key.
_WRONG = "SignatureDoesNotMatch"


def many(lab: Lab) -> Verifier:
    """Return a verifier that has accepted a pair and seen many old ones refused."""
    verifier = lab.verifier()
    assert verifier.accept(GOOD).works
    for _unused in range(FEW_PAIRS):
        assert verifier.probe(OLD).is_refusal
    return verifier


@pytest.fixture
def lab(server: SimulatorServer) -> Lab:
    """A plain data plane."""
    return Lab(server, data_plane())


def test_unknown_access_key_is_forgotten(lab: Lab) -> None:
    assert many(lab).has_forgotten(OLD.access_key)


def test_access_key_that_is_honoured_is_not_forgotten(lab: Lab) -> None:
    lab.keyring.put(NEW.access_key, NEW.secret_key)
    assert not many(lab).has_forgotten(NEW.access_key)


def test_access_key_that_lingers_at_the_service_is_not_forgotten(lab: Lab) -> None:
    lab.keyring.put(NEW.access_key, NEW.secret_key)
    lab.s3.modes["linger"] = 3600
    verifier = many(lab)
    lab.keyring.drop(NEW.access_key)
    assert not verifier.has_forgotten(NEW.access_key)
    lab.clock.sleep(3601)
    assert verifier.has_forgotten(NEW.access_key)


def test_living_key_is_tried_with_a_wrong_secret_once_in_a_long_list(lab: Lab) -> None:
    verifier = many(lab)
    before = lab.sent_by(GOOD)
    for _unused in range(5):
        assert verifier.has_forgotten(OLD.access_key)
    assert lab.sent_by(GOOD) - before == 1


def test_nothing_is_sent_in_a_short_list(lab: Lab) -> None:
    verifier = lab.verifier()
    assert verifier.accept(GOOD).works
    for _unused in range(FEW_PAIRS - 1):
        verifier.probe(OLD)
    sent = len(lab.sent())
    assert not verifier.has_forgotten(OLD.access_key)
    assert len(lab.sent()) == sent


def test_nothing_is_sent_where_no_pair_was_accepted(lab: Lab) -> None:
    verifier = lab.verifier()
    for _unused in range(FEW_PAIRS):
        verifier.probe(OLD)
    sent = len(lab.sent())
    assert not verifier.has_forgotten(OLD.access_key)
    assert len(lab.sent()) == sent


class _Service(Echo):
    """Lists for one pair, and refuses every other signature with codes of its own."""

    def __init__(self, unknown: str, wrong: str) -> None:
        super().__init__()
        self._codes = (unknown, wrong)
        self._accepted = 2
        self.script("/", bucket_list(["demo"], "2026-01-01T00:00:00Z"))

    def handle(self, request: Any) -> Response:
        """Answer: the made-up key first, then so many accepted ones, then by access key."""
        names_living = f"Credential={GOOD.access_key}/" in request.headers.get("Authorization", "")
        if names_living and self._accepted:
            self._accepted -= 1
            return super().handle(request)
        code = self._codes[names_living]
        body = f"<Error><Code>{code}</Code><Message>so it is</Message></Error>"
        return Response(403, body, content_type="application/xml")


@pytest.mark.parametrize(
    ("unknown", "wrong", "is_told"),
    [
        ("InvalidAccessKeyId", _WRONG, True),
        # The same answer to both proves nothing of a key.
        ("InvalidAccessKeyId", "InvalidAccessKeyId", False),
        (_WRONG, _WRONG, False),
        ("AccessDenied", _WRONG, False),
        # Whatever this is, it is no word for a wrong secret key.
        ("InvalidAccessKeyId", "InternalError", False),
    ],
)
def test_it_is_told_only_where_a_wrong_secret_key_is_answered_otherwise(
    server: SimulatorServer, unknown: str, wrong: str, is_told: bool
) -> None:
    verifier = Lab(server, _Service(unknown, wrong)).verifier()
    assert verifier.accept(GOOD).works
    for _unused in range(FEW_PAIRS):
        verifier.probe(OLD)
    assert verifier.has_forgotten(OLD.access_key) is is_told
