# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of hostile input share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep proxies and logins of the developer out."""
    for name in (
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
        *("NO_PROXY", "no_proxy", "S3_CREDENTIALS_FILE", "S3_CREDENTIALS_TEST_OFFSET"),
    ):
        monkeypatch.delenv(name, raising=False)
