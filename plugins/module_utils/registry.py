# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms there are, made by tools/sync.py.

Static imports, because Ansible ships nothing else with a module.
"""

from __future__ import annotations

from .platform import Platform
from .platforms.aws import Aws
from .platforms.ceph_rgw import CephRgw
from .platforms.commvault import Commvault
from .platforms.huawei import Huawei
from .platforms.ontap import Ontap
from .platforms.ose import Ose
from .platforms.storagegrid import StorageGrid

PLATFORMS: dict[str, type[Platform]] = {
    Aws.name: Aws,
    CephRgw.name: CephRgw,
    Commvault.name: Commvault,
    Huawei.name: Huawei,
    Ontap.name: Ontap,
    Ose.name: Ose,
    StorageGrid.name: StorageGrid,
}
