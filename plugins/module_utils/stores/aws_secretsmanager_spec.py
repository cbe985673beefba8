# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of AWS Secrets Manager: all that a task with another store needs to know."""

from __future__ import annotations

from typing import Any

DEFAULT_TIMEOUT = "10s"
OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "str", "default": "objectstore/{platform}/{endpoint}/{account}"},
    "region": {"type": "str"},
    "profile": {"type": "str"},
    "aws_access_key_id": {"type": "str", "no_log": False},
    "aws_secret_access_key": {"type": "str", "no_log": True},
    "aws_session_token": {"type": "str", "no_log": True},
    "role_arn": {"type": "str"},
    "kms_key_id": {"type": "str", "no_log": False},
    "tags": {"type": "dict"},
    "audit_tags": {"type": "bool", "default": True},
    "endpoint_url": {"type": "str"},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "proxy": {"type": "str"},
    "timeout": {"type": "str", "default": DEFAULT_TIMEOUT},
    "lease": {"type": "str", "default": "60s"},
}
