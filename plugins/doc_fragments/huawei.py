# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scope options of platform huawei."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/platforms/huawei.py, SCOPE."""

    DOCUMENTATION = r"""
options:
  domain:
    description:
      - On platform V(huawei) the account that the login belongs to (a domain, in the words of the
        API), by its name, or as V(id:...) by its id. The console shows both under My Credentials.
      - A login with O(api_username) and O(api_password) needs it. Where an access key or a token
        logs in it may be left out; when given, a login of another account is refused before
        anything else is done.
    type: str
  api_version:
    description:
      - On platform V(huawei) the API for access keys, V(v3.0) or V(v5). The default is V(v3.0).
      - V(v5) is there on Huawei Cloud itself only, not on clouds with the same software, and it
        knows no descriptions.
    type: str
"""
