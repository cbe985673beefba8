# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A supported platform behind any server or proxy: whatever way HTTP says it, it is the answer."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccessKey
from ansible_collections.objectstore.credentials.tests.simulators.wording import WORDINGS

from .cells import FORMS, open_cell, write_names, writes_of


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_answers_mean_the_same_however_they_are_said(form: tuple[str, str], wording: str) -> None:
    for write in ("", *write_names(form)):
        with open_cell(form) as cell:
            cell.server.wording = WORDINGS[wording]
            platform = cell.platform()
            assert set(cell.ids) <= {account.name for account in platform.accounts()}
            if not write:
                continue
            result = writes_of(cell, platform)[write]()
            assert cell.simulator.writes == 1
            if isinstance(result, AccessKey):
                assert cell.truth()[result.access_key] == result.status
