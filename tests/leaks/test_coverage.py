# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook, module and state, platform, store, consumer and way has a scenario."""

from __future__ import annotations

import importlib
from pathlib import Path

from .scenarios import DECLARED, everything

HERE = Path(__file__).parent


def test_nothing_of_the_collection_is_left_out() -> None:
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(f"{__package__}.{path.stem}")
    declared = set().union(*DECLARED.values())
    left_out = everything() - declared
    assert not left_out, f"{sorted(left_out)} has no test that covers it: see scenarios.py"
    assert not declared - everything(), "there is no such thing in the collection"
