# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the verifier asks: nodes that hear late, lockouts, outages, and the end of its time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Pair
from ansible_collections.objectstore.credentials.plugins.module_utils.verify import (
    ACCEPTED,
    UNKNOWN_KEY,
    UNREACHABLE,
    WRONG_SIGNATURE,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Response
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.verify_lab import (
    GOOD,
    NEW,
    Lab,
    MakeLab,
)
from ansible_collections.objectstore.credentials.tests.unit.simulators.keyring import data_plane
from ansible_collections.objectstore.credentials.tests.unit.support import Echo, raised

WRONG = Pair(GOOD.access_key, "another-Secret/key")


@pytest.fixture
def make_lab(server: SimulatorServer) -> MakeLab:
    """Return a function that makes a lab; keyword arguments are modes of the data plane."""

    def make(**modes: Any) -> Lab:
        return Lab(server, data_plane(**modes))

    return make


def outcomes(server: SimulatorServer, words: Sequence[str]) -> Lab:
    """Return a lab whose service refuses the made-up key and then answers these codes."""
    echo = Echo()
    echo.script("/", *(answer(word) for word in ["InvalidAccessKeyId", *words]))
    return Lab(server, echo)


def answer(code: str) -> Response:
    """Return an answer by its S3 code, or a listing for an empty one."""
    if not code:
        return Response(200, "<ListAllMyBucketsResult></ListAllMyBucketsResult>")
    status = 503 if code == "SlowDown" else 403
    return Response(status, f"<Error><Code>{code}</Code></Error>")


def test_pair_known_everywhere_is_accepted_without_a_wait(make_lab: MakeLab) -> None:
    lab = make_lab(nodes=3)
    assert lab.verifier(successes=3).accept(GOOD).outcome == ACCEPTED
    assert lab.clock.slept == []
    assert lab.sent_by(GOOD) == 3


def test_every_request_has_a_connection_of_its_own(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.verifier(successes=4).accept(GOOD)
    assert len({entry.connection for entry in lab.server.log}) == 5


def test_new_pair_is_waited_for_until_all_nodes_know_it(make_lab: MakeLab) -> None:
    lab = make_lab(propagation=20, nodes=3)
    lab.keyring.put(*_pair(NEW))
    verdict = lab.verifier(successes=4).accept(NEW)
    assert verdict.outcome == ACCEPTED
    # The last of three nodes hears after 20 s; with four in a row each was asked.
    assert sum(lab.clock.slept) >= 20
    assert all(lab.verifier().probe(NEW).works for _unused in range(6))


def test_pair_that_stays_unknown_is_refused_at_the_end(make_lab: MakeLab) -> None:
    lab = make_lab(propagation=90)
    lab.keyring.put(*_pair(NEW))
    verdict = lab.verifier(timeout="30s", interval="2s").accept(NEW)
    assert verdict.outcome == UNKNOWN_KEY
    assert sum(lab.clock.slept) == pytest.approx(30, abs=2.1)
    assert "30 s" in verdict.message
    assert set(lab.clock.slept) == {2.0}


def test_pair_that_some_nodes_take_is_not_refused_at_the_end(make_lab: MakeLab) -> None:
    lab = make_lab(propagation=600, nodes=60)
    lab.keyring.put(*_pair(NEW))
    verdict = lab.verifier(successes=20).accept(NEW)
    assert verdict.outcome == UNREACHABLE
    assert not verdict.works
    assert not verdict.is_refusal
    assert "in a row" in verdict.message


def test_old_pair_that_lingers_is_seen_to_be_honoured(make_lab: MakeLab) -> None:
    lab = make_lab(linger=293)
    verifier = lab.verifier()
    lab.keyring.put(*_pair(NEW))
    lab.keyring.drop(GOOD.access_key)
    assert verifier.probe(GOOD).works
    lab.clock.sleep(294)
    assert verifier.probe(GOOD).is_refusal


def test_wrong_signature_is_sent_once_and_not_again(make_lab: MakeLab) -> None:
    lab = make_lab(wrong_signatures=5)
    verdict = lab.verifier(timeout="10m").accept(WRONG)
    assert verdict.outcome == WRONG_SIGNATURE
    assert lab.sent_by(WRONG) == 1
    assert lab.clock.slept == []


def test_locked_key_is_neither_refused_nor_asked_again(make_lab: MakeLab) -> None:
    lab = make_lab(wrong_signatures=5)
    verifier = lab.verifier()
    for _unused in range(5):
        assert verifier.probe(WRONG).outcome == WRONG_SIGNATURE
    lab.server.log.clear()
    # The pair is right; a consumer with an old secret has had the key locked.
    verdict = verifier.accept(GOOD)
    assert verdict.outcome == UNREACHABLE
    assert verdict.code == "TooManyWrongSignature"
    assert "wrong secret key" in (verdict.next_step or "")
    assert lab.sent_by(GOOD) == 1
    lab.clock.sleep(301)
    assert verifier.accept(GOOD).outcome == ACCEPTED


def test_older_secret_on_another_node_does_not_refuse_the_new_one(server: SimulatorServer) -> None:
    lab = outcomes(server, ["", "SignatureDoesNotMatch", "", ""])
    assert lab.verifier().accept(GOOD).outcome == ACCEPTED
    lab = outcomes(server, ["", "SignatureDoesNotMatch", "SignatureDoesNotMatch", ""])
    assert lab.verifier().accept(GOOD).outcome == WRONG_SIGNATURE
    assert lab.sent_by(GOOD) == 3


def test_accepted_answers_count_only_in_a_row(server: SimulatorServer) -> None:
    lab = outcomes(server, ["", "InvalidAccessKeyId", "", "", "InvalidAccessKeyId"])
    assert lab.verifier(successes=2).accept(GOOD).outcome == ACCEPTED
    assert lab.sent_by(GOOD) == 4


def test_service_that_is_busy_is_asked_again(server: SimulatorServer) -> None:
    lab = outcomes(server, ["SlowDown", "SlowDown", "", ""])
    assert lab.verifier().accept(GOOD).outcome == ACCEPTED
    assert lab.clock.slept == [1.0, 1.0]


def test_retry_after_is_honoured_within_the_time(server: SimulatorServer) -> None:
    echo = Echo()
    lab = Lab(server, echo)
    busy = Response(503, "busy", {"Retry-After": "7"})
    echo.script("/", answer("InvalidAccessKeyId"), busy, answer(""), answer(""))
    assert lab.verifier().accept(GOOD).outcome == ACCEPTED
    assert 7 <= sum(lab.clock.slept) < 8
    echo.script("/", answer("InvalidAccessKeyId"), Response(503, "", {"Retry-After": "100"}))
    lab.clock.slept.clear()
    assert lab.verifier().accept(GOOD).outcome == UNREACHABLE
    assert lab.clock.slept == []


def test_outage_is_unclear_at_the_end_of_the_time(make_lab: MakeLab) -> None:
    lab = make_lab()
    verifier = lab.verifier(timeout="5s")
    verifier.prove()
    lab.server.faults.add(action="drop", times=99)
    verdict = verifier.accept(GOOD)
    assert verdict.outcome == UNREACHABLE
    assert sum(lab.clock.slept) == pytest.approx(5, abs=1.1)
    assert lab.server.url in verdict.message


def test_short_outage_is_survived(make_lab: MakeLab) -> None:
    lab = make_lab()
    verifier = lab.verifier()
    verifier.prove()
    lab.server.faults.add(action="drop", times=3)
    assert verifier.accept(GOOD).outcome == ACCEPTED
    assert len(lab.clock.slept) == 3


def test_answer_cut_off_in_the_middle_is_not_acceptance(make_lab: MakeLab) -> None:
    lab = make_lab()
    verifier = lab.verifier()
    verifier.prove()
    lab.server.faults.add(action="truncate", times=1)
    assert verifier.probe(GOOD).outcome == UNREACHABLE


def test_proof_survives_a_short_outage_and_may_be_repeated_after_a_long_one(
    make_lab: MakeLab,
) -> None:
    lab = make_lab()
    lab.server.faults.add(action="drop", times=2)
    lab.verifier().prove()
    verifier = lab.verifier()
    lab.server.faults.add(action="drop", times=3)
    assert raised(verifier.prove).kind == "verification_unreachable"
    verifier.prove()


def test_page_of_a_proxy_is_not_waited_for(make_lab: MakeLab) -> None:
    lab = make_lab()
    verifier = lab.verifier()
    verifier.prove()
    lab.server.faults.add(action="html", times=9)
    verdict = verifier.accept(GOOD)
    assert verdict.outcome == UNREACHABLE
    assert "an HTML page" in verdict.message
    assert lab.clock.slept == []


def _pair(pair: Pair) -> tuple[str, str]:
    return pair.access_key, pair.secret_key
