# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two URLs are one place."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.urls import (
    same_origin,
    same_url,
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.b", "https://A.B:443/", True),
        ("http://a.b:80/x", "http://a.b/x/", True),
        ("http://a.b", "https://a.b", False),
        ("https://a.b:8443", "https://a.b", False),
        ("https://a.b/x", "https://a.b/y", False),
        ("https://a.b/X", "https://a.b/x", False),
        ("https://[", "https://[", False),
        ("https://a:b", "https://a:b", False),
        ("https://evil.example\\@a.b", "https://a.b", False),
        ("https://user:pass@a.b", "https://a.b", False),
    ],
)
def test_same_url(one: str, other: str, same: bool) -> None:
    assert same_url(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.b/x", "https://A.B:443/y?z", True),
        ("http://a.b", "https://a.b", False),
        ("https://a.b:8443/x", "https://a.b/x", False),
        ("https://evil.example\\@a.b/", "https://a.b/", False),
        ("https://user:pass@a.b/", "https://a.b/", False),
        ("https://a:b", "https://a:b", False),
    ],
)
def test_same_origin(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same
