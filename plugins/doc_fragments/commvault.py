# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scope of Commvault."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/platforms/commvault.py, SCOPE."""

    DOCUMENTATION = r"""
options:
  domain:
    description:
      - The directory domain of the login, when O(api_username) is no local user of the CommCell.
      - A user named without a backslash then also means C(domain\user), written as Commvault shows
        it; where both exist, the name is ambiguous and V(id:42) tells them apart.
    type: str
"""
