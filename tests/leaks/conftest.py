# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts at the end what the tests of leaks and signals did."""

from __future__ import annotations

from typing import Any

from .lab import TOTALS, lab

__all__ = ["lab"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was searched."""
    terminalreporter.write_line(
        f"leaks: {TOTALS.runs} runs of Ansible, {TOTALS.searches} searches,"
        f" {TOTALS.files} files read ({TOTALS.bytes / 1e6:.1f} MB)"
    )
