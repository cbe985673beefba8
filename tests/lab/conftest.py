# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real systems, where they are installed: one line says what is missing and how to get it."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.tests.lab import ceph


@pytest.fixture(scope="session", autouse=True)
def _ceph_is_here() -> None:
    """Skip what needs Ceph where it is not; REQUIRE_CEPH=1 makes that a failure."""
    if ceph.missing():
        if ceph.is_required():
            pytest.fail(ceph.HOW_TO_GET)
        pytest.skip(ceph.HOW_TO_GET)
