# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says at the end what was searched, scenario by scenario."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from .lab import TABLE, lab
from .scenarios import Row

__all__ = ["lab"]


def pytest_sessionfinish(session: Any) -> None:
    """Hand what a worker of pytest-xdist did to the one that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["leaks"] = [asdict(row) for row in TABLE.rows]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """Add what a worker did; one that died says nothing."""
    for row in getattr(node, "workeroutput", {}).get("leaks", []):
        TABLE.rows.append(Row(**row))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was searched, and what was found."""
    for line in TABLE.lines():
        terminalreporter.write_line(line)
