# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at AWS IAM."""

from __future__ import annotations

from typing import Any

from .hands import WorldHands


class AwsHands(WorldHands):
    """Where a user has two keys at most, and every key its history."""

    most_keys = 2

    def take_key(self, user: Any, access_key: str) -> bool:
        """Take a key away."""
        now = self.simulator.clock.now()
        self.simulator.world.keys[access_key].history.append((now, None))
        return True

    def switch_off(self, user: Any, access_key: str) -> bool:
        """Make a key inactive."""
        now = self.simulator.clock.now()
        self.simulator.world.keys[access_key].history.append((now, "Inactive"))
        return True

    def set_name(self, user: Any, name: str) -> bool:
        """Give a user another name."""
        user.name = name
        return True
