# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Without a secret store: only by force, only what is returned, and nothing is under management."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError

from .conftest import OpenLab
from .lab import CHOSEN, IN_PLACE, LABELLED, TWO_SLOTS, UNLABELLED, UNSEEN, Form, Lab

ASKED: dict[str, Any] = {"force": True, "return_secret": True}
FORMS = [LABELLED, UNLABELLED, IN_PLACE, CHOSEN, TWO_SLOTS, UNSEEN]


def without_store(lab: Lab) -> Lab:
    """Take the secret store away."""
    lab.has_store = lab.watch.has_store = False
    return lab


@pytest.mark.parametrize("form", FORMS)
def test_new_pair_is_returned_and_works(lab_of: OpenLab, form: Form) -> None:
    lab = without_store(lab_of(form))
    old = lab.only()
    result = lab.one(**ASKED)
    assert result.action == "rotated", result.why
    secret = result.extra["secret_key"]
    assert lab.simulator.secret_of(result.access_key) == secret
    if lab.facts.overlap:
        # Nobody's record says that the old one is ours: it stays.
        assert lab.truth() == {old: "active", result.access_key: "active"}
    assert not any(path.startswith("records") for path in lab.files())


@pytest.mark.parametrize(
    "params", [{}, {"force": True}, {"return_secret": True}, {"return_secret": True, "all": True}]
)
def test_nothing_is_made_that_nobody_would_keep(lab_of: OpenLab, params: dict[str, Any]) -> None:
    lab = without_store(lab_of(UNLABELLED))
    with pytest.raises(CredentialsError) as caught:
        lab.run(**params)
    assert caught.value.kind in ("custody_refused", "invalid_option")
    assert lab.log == []


@pytest.mark.parametrize("state", ["acknowledged", "retired", "rolled_back", "decommissioned"])
def test_states_of_a_record_need_a_store(lab_of: OpenLab, state: str) -> None:
    lab = without_store(lab_of(UNLABELLED))
    with pytest.raises(CredentialsError) as caught:
        lab.run(**ASKED, state=state, access_key="AKEY")
    assert "secret_store" in caught.value.message


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_secret_is_returned_also_when_the_verification_fails(lab_of: OpenLab, form: Form) -> None:
    lab = without_store(lab_of(form))
    lab.s3.faults.add("drop", times=0, skip=1)
    result = lab.one(**ASKED)
    assert result.failure is not None
    # It is nowhere else.
    secret = result.extra["secret_key"]
    assert lab.simulator.secret_of(result.access_key) == secret
    assert secret not in str(result.failure)


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS, IN_PLACE])
def test_secret_of_a_store_is_returned_only_when_asked_for(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    result = lab.one(adopt="rotate")
    secret = lab.simulator.secret_of(lab.current())
    assert "secret_key" not in result.extra
    assert secret not in str(result.as_dict())
    lab.later(30)
    lab.one()
    result = lab.one(**ASKED)
    assert result.extra["secret_key"] == lab.simulator.secret_of(lab.current())
    assert "secret_key" not in lab.one(return_secret=True).extra


def test_check_mode_returns_no_made_up_secret(lab_of: OpenLab) -> None:
    for form in (UNLABELLED, CHOSEN):
        lab = without_store(lab_of(form))
        result = lab.one(check_mode=True, **ASKED)
        assert result.action == "rotated"
        assert not result.extra.get("secret_key")
        assert lab.writes == 0
