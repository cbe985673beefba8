# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for each secret store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .lab import StoreLab, labs

LABS = labs()


@pytest.fixture(params=sorted(LABS))
def lab(request: Any, tmp_path: Path) -> Iterator[StoreLab]:
    """A secret store with nothing in it."""
    lab = LABS[request.param](tmp_path)
    lab.start()
    try:
        yield lab
    finally:
        lab.close()
