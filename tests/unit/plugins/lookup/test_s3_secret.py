# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup s3_secret: what a stranger put into a pair reaches no consumer."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ansible_collections.objectstore.credentials.plugins.lookup.s3_secret import _pair_of
from ansible_collections.objectstore.credentials.plugins.module_utils.record import HeldKey, Secret
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ansible_vault_lab import (  # noqa: E501 - the package is this deep
    store_at,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501 - the package is this deep
    PLACE,
    record_of,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised


def pair_of(base: Path, access_key: str, secret_key: str) -> dict[str, str]:
    """Return what the lookup gives for an account whose record holds a pair."""
    store = store_at(base)
    key = HeldKey(access_key, secret=Secret(secret_key))
    with store.lease(PLACE):
        store.write(PLACE, dataclasses.replace(record_of(PLACE), current=key), None)
    return _pair_of(store_at(base), PLACE, "current")


def test_pair_is_given_as_it_is(tmp_path: Path) -> None:
    pair = {"access_key": "AKID0001", "secret_key": "s3cr3t/+= é{{ 7 }}"}
    assert pair_of(tmp_path, **pair) == pair


@pytest.mark.parametrize("end", ["\n", "\r", "\x00", "\x1b", "\x85", "\u2028", "\u202e"])
@pytest.mark.parametrize("half", ["access_key", "secret_key"])
def test_pair_that_would_be_more_than_a_value_in_a_file_reaches_no_consumer(
    tmp_path: Path, end: str, half: str
) -> None:
    # The tools of AWS run what such a line of a credentials file names.
    told = {"access_key": "AKID0001", "secret_key": "made-up-secret-0001"}
    told[half] += f"{end}credential_process = touch PWNED"
    error = raised(pair_of, tmp_path, **told)
    assert error.kind == "store_unreadable"
    assert "cannot be printed" in error.message
    assert "made-up-secret-0001" not in error.message + error.next_step
