# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scope of VMware Cloud Director Object Storage Extension."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/platforms/ose.py, SCOPE."""

    DOCUMENTATION = r"""
options:
  flavor:
    description:
      - Which API O(api_url) serves. V(osis) is the adapter of the storage vendor, with one login
        for all tenants; V(ose) is the API that OSE itself serves to tenants, with a login at Cloud
        Director.
      - The default is V(osis).
    type: str
    choices: [osis, ose]
  tenant:
    description:
      - The tenant whose users are meant. With O(flavor=osis) a name, or V(id:) and an identifier
        (V(id:42)), and all tenants when left out. With O(flavor=ose) it is required, as a name or
        as the full identifier (C(organization@site)), without V(id:).
    type: str
  login_url:
    description:
      - Scheme, host and port of Cloud Director, where O(api_username) (C(user@organization)) logs
        in for O(flavor=ose). Not needed with O(api_token), a bearer token of Cloud Director.
    type: str
"""
