# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that ends while another has listed the accounts and not yet read their records."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import access_key_rotate

from .conftest import OpenLab
from .lab import (
    CHOSEN,
    IN_PLACE,
    LABELLED,
    OWN_PAIR,
    TWO_SLOTS,
    UNLABELLED,
    Form,
    Lab,
)

FORMS = [OWN_PAIR, TWO_SLOTS, CHOSEN, IN_PLACE, LABELLED, UNLABELLED]
USUAL: dict[str, Any] = {"all": True, "adopt": "rotate"}


def run_within_a_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next run find, as soon as it has its list, that another one comes and goes."""
    selected = access_key_rotate._selected

    def then_the_other_runs(*given: Any, **named: Any) -> Any:
        found = selected(*given, **named)
        monkeypatch.setattr(access_key_rotate, "_selected", selected)
        other = lab.run(**USUAL)
        assert [each.why for each in other.accounts if each.has_failed] == []
        return found

    monkeypatch.setattr(access_key_rotate, "_selected", then_the_other_runs)


@pytest.mark.parametrize("is_verified", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_what_the_other_run_rotated_is_left_alone(
    lab_of: OpenLab, monkeypatch: pytest.MonkeyPatch, form: Form, is_verified: bool
) -> None:
    lab = lab_of(form, accounts=2)
    lab.verify = {**lab.verify, "enabled": is_verified}
    lab.run(**USUAL)
    for days in (8, 8, 80):
        lab.later(days)
        before = lab.writes
        run_within_a_run(lab, monkeypatch)
        outcome = lab.run(**USUAL)
        assert [each.action for each in outcome.accounts] == ["unchanged"] * 2
    # A key for each, and what is deleted in place of it.
    assert lab.writes - before == 2
    assert lab.stored_pair_works("app-0001")
    assert lab.stored_pair_works("app-0002")
