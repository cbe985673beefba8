# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scope of the Ceph Object Gateway."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/platforms/ceph_rgw.py, SCOPE."""

    DOCUMENTATION = r"""
options:
  tenant:
    description:
      - The tenant whose users are meant; all tenants, and users without one, when left out.
      - With it a user may be named without its tenant. Names in results and records are whole all
        the same, as in C(tenant$user), and C(tenant$user:subuser) for a subuser.
    type: str
"""
