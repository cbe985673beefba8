# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scope of NetApp StorageGRID."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/platforms/storagegrid.py, SCOPE."""

    DOCUMENTATION = r"""
options:
  tenant:
    description:
      - The account ID of the tenant whose users are meant, a number of 20 digits; V(id:) before it
        may be left out. Quote it in YAML, so that it stays a text.
      - A login with O(api_username) and O(api_password) needs it. With O(api_token) it may be left
        out; when given, a token of another tenant is refused before anything else is done.
    type: str
"""
