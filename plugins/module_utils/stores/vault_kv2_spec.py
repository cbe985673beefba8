# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a KV v2 server: all that a task with another store needs to know."""

from __future__ import annotations

from typing import Any

METHODS = ("token", "approle", "kubernetes", "jwt")
#: Where records are, unless the option path says otherwise.
DEFAULT_TEMPLATE = "objectstore/{platform}/{endpoint}/{account}"
OPTIONS: dict[str, dict[str, Any]] = {
    "url": {"type": "str"},
    "auth_method": {"type": "str", "choices": list(METHODS)},
    "auth_mount": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "role_id": {"type": "str"},
    "secret_id": {"type": "str", "no_log": True},
    "role": {"type": "str"},
    "jwt": {"type": "str", "no_log": True},
    "jwt_path": {"type": "path"},
    "namespace": {"type": "str"},
    "mount": {"type": "str", "default": "secret"},
    "path": {"type": "str", "default": DEFAULT_TEMPLATE},
    "custom_metadata": {"type": "bool", "default": True},
    "lease": {"type": "str", "default": "60s"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "timeout": {"type": "str", "default": "30s"},
    "proxy": {"type": "str"},
}
