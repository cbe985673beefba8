# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMware Cloud Director Object Storage Extension, simulated: OSIS adapters, or the front API."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    Request,
    Response,
    Variant,
)
from ansible_collections.objectstore.credentials.tests.simulators.ose_front import FrontApi
from ansible_collections.objectstore.credentials.tests.simulators.ose_hands import OseHands
from ansible_collections.objectstore.credentials.tests.simulators.ose_osis import OsisApi
from ansible_collections.objectstore.credentials.tests.simulators.ose_world import (
    PASSWORD,
    TENANT,
    USERNAME,
    OseWorld,
)

_ADMIN = {"api_username": USERNAME, "api_password": PASSWORD}
_DIRECTOR = {
    "flavor": "ose",
    "tenant": TENANT,
    "login_url": "{url}",
    "api_username": f"{USERNAME}@{TENANT}",
    "api_password": PASSWORD,
}


class OseSimulator(OseWorld):
    """One adapter, or one OSE with its Cloud Director at the same address."""

    HANDS = OseHands
    VARIANTS: Mapping[str, Variant] = {
        "osis": Variant({}, _ADMIN),
        "osis-bearer": Variant(
            {"auth": "bearer", "prefix": "/osis", "create_status": 200, "owner_required": True},
            {**_ADMIN, "tenant": f"id:{TENANT}"},
        ),
        "osis-no-reads": Variant(
            {"not_implemented": ("getCredential",), "secret": "not_available"}, _ADMIN
        ),
        "osis-ceph": Variant({"adapter": "ceph_ri"}, _ADMIN),
        "osis-scality": Variant({"adapter": "scality"}, _ADMIN),
        "front": Variant({"flavor": "ose"}, _DIRECTOR),
    }

    def handle(self, request: Request) -> Response:
        """Answer one request by the API that the mode flavor tells."""
        api = FrontApi(self) if self.modes["flavor"] == "ose" else OsisApi(self)
        return api.handle(request)


SIMULATOR = OseSimulator
