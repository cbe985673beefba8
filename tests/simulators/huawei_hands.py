# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at Huawei Cloud IAM."""

from __future__ import annotations

from typing import Any

from .hands import WorldHands


class HuaweiHands(WorldHands):
    """Where a user has two keys at most."""

    most_keys = 2

    def take_key(self, user: Any, access_key: str) -> bool:
        """Take a key away."""
        world = self.simulator.world
        world.delete_key(world.keys[access_key], self.simulator.modes["reads_showing_deleted"])
        return True

    def switch_off(self, user: Any, access_key: str) -> bool:
        """Make a key inactive."""
        self.simulator.world.keys[access_key].status = "inactive"
        return True

    def set_suspended(self, user: Any, is_off: bool) -> bool:
        """Suspend a user, or let it in again."""
        user.enabled = not is_off
        return True

    def set_name(self, user: Any, name: str) -> bool:
        """Give a user another name."""
        user.name = name
        return True

    def set_text(self, user: Any, access_key: str, text: str) -> bool:
        """Write a key's description."""
        self.simulator.world.keys[access_key].description = text
        return True

    def drop_sessions(self) -> bool:
        """End every login."""
        self.simulator.world.tokens.clear()
        return True
