# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms there are, made by tools/sync.py.

A platform's scope options are known at once; its class is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .lazy import LazyClasses
from .platform import Platform

#: Platform -> its scope options, as an argument spec.
SCOPES: dict[str, dict[str, dict[str, Any]]] = {
    "aws": {
        "api_region": {"type": "str"},
        "api_profile": {"type": "str"},
        "api_role_arn": {"type": "str"},
        "api_external_id": {"type": "str"},
        "api_session_name": {"type": "str"},
        "user_path": {"type": "str"},
        "user_tags": {"type": "str"},
    },
    "ceph_rgw": {"tenant": {"type": "str"}},
    "commvault": {"domain": {"type": "str"}},
    "huawei": {"domain": {"type": "str"}, "api_version": {"type": "str", "default": "v3.0"}},
    "ontap": {"svm": {"type": "str"}, "api_version": {"type": "str"}},
    "ose": {
        "flavor": {"type": "str", "choices": ["osis", "ose"], "default": "osis"},
        "tenant": {"type": "str"},
        "login_url": {"type": "str"},
    },
    "storagegrid": {"tenant": {"type": "str"}},
}


def _class_of(name: str) -> type[Platform]:
    if name == "aws":
        from .platforms.aws import Aws

        return Aws
    if name == "ceph_rgw":
        from .platforms.ceph_rgw import CephRgw

        return CephRgw
    if name == "commvault":
        from .platforms.commvault import Commvault

        return Commvault
    if name == "huawei":
        from .platforms.huawei import Huawei

        return Huawei
    if name == "ontap":
        from .platforms.ontap import Ontap

        return Ontap
    if name == "ose":
        from .platforms.ose import Ose

        return Ose
    if name == "storagegrid":
        from .platforms.storagegrid import StorageGrid

        return StorageGrid
    raise KeyError(name)


PLATFORMS: Mapping[str, type[Platform]] = LazyClasses(SCOPES, _class_of)
