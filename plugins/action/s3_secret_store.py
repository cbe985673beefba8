# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module s3_secret_store on the controller."""

from __future__ import annotations

from ansible_collections.objectstore.credentials.plugins.plugin_utils.action import (
    CredentialsAction,
)


class ActionModule(CredentialsAction):
    """See CredentialsAction; a call without endpoint is for the records of all endpoints."""

    fills_endpoint = False
