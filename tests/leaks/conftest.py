# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts at the end what the tests of leaks and signals did."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from .lab import TOTALS, lab

__all__ = ["lab"]


def pytest_sessionfinish(session: Any) -> None:
    """Hand what a worker of pytest-xdist did to the one that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["leaks"] = asdict(TOTALS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """Add what a worker did; one that died says nothing."""
    told = getattr(node, "workeroutput", {}).get("leaks", {})
    for name, number in told.items():
        setattr(TOTALS, name, getattr(TOTALS, name) + number)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was searched."""
    terminalreporter.write_line(
        f"leaks: {TOTALS.runs} runs of Ansible, {TOTALS.searches} searches,"
        f" {TOTALS.files} files read ({TOTALS.bytes / 1e6:.1f} MB)"
    )
