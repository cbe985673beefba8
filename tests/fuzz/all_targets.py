# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All targets, made known once."""

from __future__ import annotations

from . import of_files, of_options, of_platforms, of_records, of_secretsmanager
from .registry import TARGETS

#: Each makes its targets known when it is imported.
GROUPS = (of_files, of_options, of_records, of_secretsmanager)


def load() -> dict[str, object]:
    """Make all targets known, and return them by their names."""
    if not any(": " in name for name in TARGETS):
        of_platforms.load()
    return dict(TARGETS)
