# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other rotators do wrong, each a test that this one does not."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError

from .conftest import OpenLab
from .lab import (
    CHOSEN,
    FRONT,
    HIDDEN,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
)
from .lab_store import is_intended


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, TWO_SLOTS, UNSEEN])
def test_dry_run_regenerates_nothing(lab_of: OpenLab, form: Form) -> None:
    """A module for ONTAP regenerates before its check-mode guard, and cuts the client off."""
    lab = lab_of(form)
    lab.managed()
    key = lab.only()
    for params in ({"force": True}, {"compromised": [key], "reason": "a drill"}):
        assert lab.one(check_mode=True, **params).changed
        assert lab.truth() == {key: "active"}
    assert not [entry for entry in lab.log if entry.writes]


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN, UNSEEN])
def test_one_rotation_sends_one_regeneration_and_keeps_its_secret(
    lab_of: OpenLab, form: Form
) -> None:
    """The same module regenerates twice, and returns the secret of the first, which is dead."""
    lab = lab_of(form)
    lab.managed()
    lab.one(force=True)
    assert len([entry for entry in lab.log if entry.writes]) == 1
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, FRONT, HIDDEN, IN_PLACE, UNSEEN, TWO_SLOTS])
def test_unknown_account_is_nobodys_and_never_the_callers(lab_of: OpenLab, form: Form) -> None:
    """A module for StorageGRID makes the key for the caller when the named user is not found."""
    lab = lab_of(form)
    keys = lab.simulator.access_keys()
    result = lab.one(users=["nobody"], adopt="rotate", force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    assert sorted(lab.simulator.access_keys()) == sorted(keys)


@pytest.mark.parametrize("form", [LABELLED, TWO_KEYS, TWO_SLOTS])
def test_full_account_is_a_failure_and_never_green(lab_of: OpenLab, form: Form) -> None:
    """A module for FlashBlade only warns at the limit: a rotation without a key is green."""
    lab = lab_of(form)
    lab.managed()
    lab.make_key()
    outcome = lab.run(force=True)
    assert not outcome.changed
    assert outcome.failures
    failure = outcome.failures[0].failure
    assert failure is not None
    assert failure["kind"] == "limit"


@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE, FRONT])
def test_second_key_of_an_account_makes_nothing_flap(lab_of: OpenLab, form: Form) -> None:
    """A module for RGW looks at the first key only; a second one makes it flap."""
    lab = lab_of(form)
    lab.managed()
    lab.make_key()
    for _unused in range(3):
        assert not lab.run().changed


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, FRONT])
def test_force_enables_no_key_that_somebody_disabled(lab_of: OpenLab, form: Form) -> None:
    """A module for MinIO enables a disabled user again when forced."""
    lab = lab_of(form)
    old = lab.managed()
    lab.set_key(old, "inactive")
    lab.one(force=True)
    assert lab.truth()[old] == "inactive"


@pytest.mark.parametrize("form", [LABELLED, TWO_KEYS, UNLABELLED, NO_DISABLE, TWO_SLOTS])
def test_failed_creation_costs_no_key(lab_of: OpenLab, form: Form) -> None:
    """A module for IAM deletes the oldest key first; if creating fails, it is gone for nothing."""
    lab = lab_of(form)
    lab.managed()
    lab.one(force=True)
    keys = lab.truth()
    lab.later(8 if lab.facts.can_disable else 1)
    lab.faults.add("status", status=500, when="before", times=0, **lab.call("create"))
    lab.one(force=True)
    assert set(lab.truth()) == set(keys)
    assert lab.stored_pair_works()


@pytest.mark.parametrize("form", [LABELLED, TWO_KEYS, UNLABELLED])
def test_retry_never_ends_the_live_key(lab_of: OpenLab, form: Form) -> None:
    """Rotators that delete the oldest key kill the live one when they are run again."""
    lab = lab_of(form)
    lab.managed()
    for _unused in range(5):
        lab.one(force=True)
        assert lab.stored_pair_works()
        assert lab.truth()[lab.current()] == "active"
        lab.later(1)


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, FRONT])
def test_old_key_is_disabled_only_after_the_new_one_was_proven(lab_of: OpenLab, form: Form) -> None:
    """Some disable the old key before the new one exists or was handed out."""
    lab = lab_of(form)
    old = lab.managed()
    seen = []

    def look(method: str, _url: str) -> None:
        if method in ("PUT", "PATCH"):
            seen.append(lab.stored_pair_works() and lab.current() != old)

    lab.network.before.append(look)
    lab.one(force=True)
    assert seen == []
    lab.later(8)
    lab.one()
    lab.network.before.clear()
    assert seen == [True]


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED])
def test_new_key_that_takes_seconds_to_spread_is_waited_for(lab_of: OpenLab, form: Form) -> None:
    """New keys are not known everywhere for seconds; who does not wait takes them for wrong."""
    lab = lab_of(form)
    lab.managed()
    lab.s3_simulator.modes.update(propagation=15, nodes=2)
    assert lab.one(force=True).action == "rotated"


def test_thresholds_in_the_wrong_order_delete_nothing(lab_of: OpenLab) -> None:
    """A rotator whose deletion comes before its rotation deletes the only key."""
    lab = lab_of(UNLABELLED)
    key = lab.managed()
    with pytest.raises(CredentialsError):
        lab.run(max_age="10d", grace_period="20d")
    assert lab.truth() == {key: "active"}


def test_unchanged_account_returns_no_secret(lab_of: OpenLab) -> None:
    """A module for a secret store returns the whole secret, changed or not."""
    lab = lab_of(UNLABELLED)
    lab.managed()
    for params in ({}, {"return_secret": True}):
        text = str(lab.run(**params).as_dict(diff=True))
        assert not [secret for secret in lab.simulator.secrets() if secret in text]


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, TWO_SLOTS, IN_PLACE])
def test_half_done_state_never_blocks_the_runs_that_follow(lab_of: OpenLab, form: Form) -> None:
    """A pending label that is left behind blocks every later rotation elsewhere."""
    lab = lab_of(form)
    lab.managed()
    for _unused in range(3):
        lab.store_faults.add("kill after", is_intended)
        lab.killed(rotation_id="winter")
        lab.later(0.01)
    assert lab.one(rotation_id="winter").action in ("rotated", "resumed")
    assert lab.stored_pair_works()
