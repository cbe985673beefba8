# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms that the matrix runs over: one for each class of platform facts, and each platform."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.model import Facts
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator
from ansible_collections.objectstore.credentials.tests.simulators.hands import Hands
from ansible_collections.objectstore.credentials.tests.simulators.s3 import PROFILES, S3Simulator

from .virtual import WorldClock

BUCKET = "kill-matrix"
#: Ports of no socket: the wire tells a world's services apart by them.
API_PORT, S3_PORT, STORE_PORT = 7001, 7002, 7003
#: Those of a mirror.
FAR_API_PORT, FAR_S3_PORT = 7004, 7005


@dataclass(frozen=True)
class Form:
    """One platform in one form."""

    label: str
    platform: str
    variant: str
    #: What the matrix knows it by.
    facts_class: str
    #: Modes beside those of the variant.
    modes: Mapping[str, Any] = field(default_factory=dict)
    #: Modes of the data plane: a pair is known, or refused, with a delay.
    data_modes: Mapping[str, Any] = field(default_factory=dict)
    #: A colleague's key beside ours: there is room for it.
    has_room: bool = False
    #: Another endpoint is to hold the same pairs.
    is_mirrored: bool = False
    #: The class of its worlds, where it is a real system and no simulator.
    world_class: Optional[type[Any]] = None

    def mirror(self, clock: WorldClock) -> Optional[Simulator]:
        """Return the platform behind the mirror, with no accounts yet; None without one."""
        if not self.is_mirrored:
            return None
        simulator_class = fleet.platforms()[self.platform].another()
        return simulator_class(clock, **simulator_class.VARIANTS[self.variant].modes)

    def alike(self, simulator: Any, mirror: Any, name: str) -> None:
        """Give the mirror an account with the very keys that it has at the endpoint."""
        account_id = mirror.add_account(name, 0)
        mirror.svm.users[account_id].slots = copy.deepcopy(simulator.svm.users[name].slots)
        for key in mirror.svm.users[account_id].slots.values():
            mirror.owners[key.access_key] = mirror.svm.users[account_id]

    def simulator(self, clock: WorldClock) -> Simulator:
        """Return a new world of this form."""
        simulator_class = fleet.platforms()[self.platform]
        modes = {**simulator_class.VARIANTS[self.variant].modes, **self.modes}
        return simulator_class(clock, **modes)

    def plant(self, simulator: Any, account_id: str) -> None:
        """Give an account one more key behind the API's back; only where there is room for it."""
        hands = simulator.hands()
        hands.put_key(hands.user(account_id))

    def data_plane(self, simulator: Simulator) -> S3Simulator:
        """Return the S3 service of a world."""
        plane = S3Simulator(simulator, **{**PROFILES.get(self.platform, {}), **self.data_modes})
        plane.add_bucket(BUCKET)
        return plane

    def options(self, simulator: Simulator) -> dict[str, Any]:
        """Return the module's options that reach it."""
        return {**self._connection(simulator, API_PORT), "endpoint": "lab", "parallelism": 1}

    def mirrors(self, simulator: Simulator) -> list[dict[str, Any]]:
        """Return the option mirrors."""
        if not self.is_mirrored:
            return []
        reached = self._connection(simulator, FAR_API_PORT)
        return [{**reached, "endpoint": "far", "s3_url": f"http://127.0.0.1:{FAR_S3_PORT}"}]

    def _connection(self, simulator: Simulator, port: int) -> dict[str, Any]:
        url = f"http://127.0.0.1:{port}"
        given = type(simulator).VARIANTS[self.variant].options
        return {
            **{k: v.replace("{url}", url) if isinstance(v, str) else v for k, v in given.items()},
            "api_url": url + simulator.BASE_PATH,
        }

    def verify(self) -> dict[str, Any]:
        """Return the option verify."""
        profile = PROFILES.get(self.platform, {})
        options: dict[str, Any] = {
            "s3_url": f"http://127.0.0.1:{S3_PORT}{profile.get('base_path', '')}"
        }
        if "ListBuckets" in profile.get("unsupported", ()):
            options["bucket"] = BUCKET
        return options

    @property
    def mails_pairs(self) -> bool:
        """Whether pairs go out by e-mail."""
        return self.variant == "email"

    @property
    def facts(self) -> Facts:
        """The facts before the endpoint has told its own."""
        return PLATFORMS[self.platform].FACTS


def usual_form(platform: str) -> Form:
    """Return the form of a platform that none is written down for: its usual variant."""
    facts, simulator = PLATFORMS[platform].FACTS, fleet.platforms()[platform]
    variant, _unused = fleet.variant_of(simulator, None)
    kind = "overlap" if facts.overlap else "in place"
    has_hands = simulator.HANDS.put_key is not Hands.put_key
    has_room = facts.overlap and facts.max_keys is None and has_hands
    return Form(platform, platform, variant, kind, has_room=has_room)


FORMS = {
    form.label: form
    for form in (
        Form("huawei-v3.0", "huawei", "v3.0 access key", "overlap, labelled"),
        Form("huawei-v5", "huawei", "v5", "overlap, unlabelled, two keys"),
        Form(
            "huawei-v3.0-slow",
            "huawei",
            "v3.0 access key",
            "overlap, labelled; lists and gateways that lag",
            {"reads_showing_deleted": 2},
            {"propagation": 20, "linger": 40, "nodes": 3},
        ),
        Form("aws", "aws", "access key", "overlap, unlabelled, two keys; the query protocol"),
        Form(
            "aws-slow",
            "aws",
            "slow",
            "overlap, unlabelled, two keys; lists and gateways that lag",
            {},
            {"propagation": 10, "linger": 10, "nodes": 3},
        ),
        Form("osis", "ose", "osis", "overlap, unlabelled", has_room=True),
        Form(
            "osis-no-delete",
            "ose",
            "osis",
            "overlap, no delete",
            {"not_implemented": ("deleteCredential",)},
            has_room=True,
        ),
        Form("osis-no-disable", "ose", "osis-ceph", "overlap, no disable", has_room=True),
        Form("osis-scality", "ose", "osis-scality", "overlap, advisory listing", has_room=True),
        Form("ose-front", "ose", "front", "overlap, front API", has_room=True),
        Form("storagegrid", "storagegrid", "v4", "overlap, hidden access keys", has_room=True),
        Form("ontap-9.14", "ontap", "9.14.1, login of the SVM", "in place"),
        Form(
            "ontap-9.14-slow",
            "ontap",
            "9.14.1, login of the SVM",
            "in place; gateways that lag",
            {},
            {"propagation": 20, "linger": 40, "nodes": 3},
        ),
        Form("ontap-9.16.1", "ontap", "9.16.1", "in place, chosen pair"),
        Form("ontap-9.19.1", "ontap", "9.19.1", "two slots, chosen pair"),
        Form(
            "ontap-9.16.1-mirror",
            "ontap",
            "9.16.1",
            "in place, chosen pair, at two endpoints",
            is_mirrored=True,
        ),
        Form(
            "ontap-9.19.1-mirror",
            "ontap",
            "9.19.1",
            "two slots, chosen pair, at two endpoints",
            is_mirrored=True,
        ),
        Form(
            "ceph-16",
            "ceph_rgw",
            "16.2",
            "overlap, chosen pair, no disable",
            {"lists_login": False},
            has_room=True,
        ),
        Form(
            "ceph",
            "ceph_rgw",
            "with active",
            "overlap, chosen pair",
            {"lists_login": False},
            has_room=True,
        ),
        Form("commvault-inline", "commvault", "inline", "in place, invisible"),
        Form("commvault-email", "commvault", "email", "in place, e-mail"),
    )
}
for _name in sorted(set(PLATFORMS) - {form.platform for form in FORMS.values()}):
    FORMS[_name] = usual_form(_name)
