# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at a tenant of StorageGRID."""

from __future__ import annotations

from typing import Any, Optional

from .hands import WorldHands


class StorageGridHands(WorldHands):
    """Where a key cannot be made inactive."""

    def put_key(self, user: Any) -> Optional[str]:
        """Give a user one more key, as far as there is room."""
        return str(self.simulator.make_key(user).access_key)

    def take_key(self, user: Any, access_key: str) -> bool:
        """Take a key away."""
        world = self.simulator.world
        world.delete_key(world.keys[access_key], 0)
        return True

    def set_suspended(self, user: Any, is_off: bool) -> bool:
        """Suspend a user, or let it in again."""
        user.disabled = is_off
        return True

    def set_name(self, user: Any, name: str) -> bool:
        """Give a user another name."""
        user.unique_name = f"user/{name}"
        return True

    def drop_sessions(self) -> bool:
        """End every login."""
        self.simulator.world.tokens.clear()
        return True
