# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of records as files: all that a task with another store needs to know of them."""

from __future__ import annotations

from typing import Any

OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "str", "required": True},
    "vault_password_file": {"type": "path"},
    "vault_password": {"type": "str", "no_log": True},
    "vault_id": {"type": "str"},
}
