# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 data plane's modes: addressing, refusals, locks, delays."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.tests.unit.simulators.keyring import (
    PAIR,
    allowed,
    ask,
    code,
    data_plane,
    keyring_of,
)


def test_addressing_of_either_kind() -> None:
    hosted = "http://demo.localhost:9000"
    simulator = data_plane()
    assert ask(simulator, "PUT", "/a/b", host=hosted, body=b"1").status == 200
    assert ask(simulator, path="/demo/a/b").payload() == b"1"
    simulator.modes["addressing"] = "virtual"
    assert ask(simulator, path="/a/b", host=hosted).payload() == b"1"
    assert ask(simulator).status == 200
    assert code(ask(simulator, path="/demo/a/b")) == "403 VirtualHostDomainRequired"
    simulator.modes["addressing"] = "path"
    assert ask(simulator, path="/demo/a/b", host=hosted).payload() == b"1"


def test_base_path_stands_before_the_bucket() -> None:
    simulator = data_plane(base_path="/S3", unsupported=("ListBuckets",), any_bucket=True)
    assert ask(simulator, "HEAD", "/S3/vault").status == 200
    assert code(ask(simulator, path="/S3/")) == "501 NotImplemented"
    outside = ask(simulator, "HEAD", "/S3x/vault")
    assert outside.status == 404


def test_denied_operation_is_told_apart_from_a_bad_pair() -> None:
    simulator = data_plane(denied=("ListBuckets",))
    assert code(ask(simulator)) == "403 AccessDenied"
    assert code(ask(simulator, pair=(PAIR[0], "wrong"))) == "403 SignatureDoesNotMatch"
    assert ask(simulator, "HEAD", "/demo").status == 200


def test_wrong_signatures_in_a_row_lock_the_access_key() -> None:
    simulator = data_plane(wrong_signatures=2, lockout=300)
    wrong = (PAIR[0], "wrong")
    assert code(ask(simulator, pair=wrong)) == "403 SignatureDoesNotMatch"
    assert ask(simulator).status == 200  # and the count starts anew
    for _unused in range(2):
        assert code(ask(simulator, pair=wrong)) == "403 SignatureDoesNotMatch"
    assert code(ask(simulator, pair=wrong)) == "400 TooManyWrongSignature"
    assert code(ask(simulator)) == "400 TooManyWrongSignature"
    simulator.clock.advance(301)
    assert ask(simulator).status == 200


def test_new_pair_is_honoured_after_its_propagation() -> None:
    simulator = data_plane(propagation=10)
    source = keyring_of(simulator)
    new = ("AKIANEW", "new secret")
    source.put(*new)
    simulator.clock.advance(4)
    source.put("AKIAOTHER", "of no concern")
    simulator.clock.advance(5)
    assert allowed(simulator)
    assert code(ask(simulator, pair=new)) == "403 InvalidAccessKeyId"
    simulator.clock.advance(1.5)
    assert allowed(simulator, new)
    assert not allowed(simulator, ("AKIAOTHER", "of no concern"))


def test_propagation_switched_on_later_spares_what_was_there() -> None:
    simulator = data_plane()
    source = keyring_of(simulator)
    source.put("AKIAOLD", "old secret")
    simulator.modes.update({"propagation": 10})
    source.put("AKIANEW", "new secret")
    assert allowed(simulator, ("AKIAOLD", "old secret"))
    assert not allowed(simulator, ("AKIANEW", "new secret"))
    simulator.modes["propagation"] = 0
    assert allowed(simulator, ("AKIANEW", "new secret"))


def test_reenabled_pair_propagates_anew() -> None:
    simulator = data_plane(propagation=10)
    source = keyring_of(simulator)
    assert allowed(simulator)
    source.drop(PAIR[0])
    assert not allowed(simulator)
    source.put(*PAIR)
    assert not allowed(simulator)
    simulator.clock.advance(11)
    assert allowed(simulator)


def test_ended_pair_lingers() -> None:
    simulator = data_plane(linger=60)
    keyring_of(simulator).drop(PAIR[0])
    simulator.clock.advance(59)
    assert allowed(simulator)
    simulator.clock.advance(2)
    assert code(ask(simulator)) == "403 InvalidAccessKeyId"


def test_both_secrets_work_while_a_replaced_one_lingers() -> None:
    simulator = data_plane(linger=60)
    source = keyring_of(simulator)
    assert allowed(simulator)
    source.put(PAIR[0], "replaced")
    assert allowed(simulator)
    assert allowed(simulator, (PAIR[0], "replaced"))
    simulator.clock.advance(61)
    assert code(ask(simulator)) == "403 SignatureDoesNotMatch"


def test_nodes_hear_of_a_change_one_after_the_other() -> None:
    simulator = data_plane(propagation=9, linger=9, nodes=3)
    source = keyring_of(simulator)
    new = ("AKIANEW", "new secret")
    assert all(allowed(simulator) for _unused in range(3))
    source.put(*new)
    source.drop(PAIR[0])
    for honoured in (0, 1, 2, 3):
        assert sum(allowed(simulator, new) for _unused in range(3)) == honoured
        assert sum(allowed(simulator) for _unused in range(3)) == 3 - honoured
        simulator.clock.advance(3.01)


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(TypeError, match="no mode nonsense"):
        data_plane(nonsense=True)
