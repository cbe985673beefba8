# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A changed copy of a record is what dataclasses.replace() makes, only sooner."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import record as records
from ansible_collections.objectstore.credentials.plugins.module_utils.copies import copied

RECORD = records.Record("ontap", ("lab",), "app-0001", serial=3)


def test_copy_has_the_changes_and_leaves_the_original_alone() -> None:
    made = copied(RECORD, serial=4, nonce="n")
    assert made == dataclasses.replace(RECORD, serial=4, nonce="n")
    assert (RECORD.serial, RECORD.nonce) == (3, "")
    assert made.__class__ is records.Record


def test_copy_is_frozen_too() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        copied(RECORD).serial = 5  # type: ignore[misc]  # that is what is tested


def test_what_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Record has no seriall"):
        copied(RECORD, seriall=4)


def test_records_can_be_copied_in_this_way() -> None:
    """A __post_init__ would be left out."""
    for name in ("Record", "HeldKey", "Pending", "KeyIntent", "PastRotation"):
        assert not hasattr(getattr(records, name), "__post_init__")
