# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cell for each platform and form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .cells import FORMS, Cell, open_cell


@pytest.fixture(params=FORMS, ids=lambda form: f"{form[0]} {form[1]}")
def cell(request: Any) -> Iterator[Cell]:
    """A platform in one of its forms, with three accounts that have a key each."""
    with open_cell(request.param) as opened:
        yield opened
