# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at a Ceph gateway."""

from __future__ import annotations

from typing import Any, Optional

from .hands import Hands


class CephRgwHands(Hands):
    """Where a key belongs to its user alone."""

    def put_key(self, user: Any) -> Optional[str]:
        """Give a user one more key, as far as there is room."""
        return str(self.simulator.make_key(user))

    def take_key(self, user: Any, access_key: str) -> bool:
        """Take a key away."""
        del user.keys[access_key]
        return True

    def switch_off(self, user: Any, access_key: str) -> bool:
        """Make a key inactive."""
        if not self.simulator.modes["has_active"]:
            return False
        user.keys[access_key].active = False
        return True

    def set_suspended(self, user: Any, is_off: bool) -> bool:
        """Suspend a user, or let it in again."""
        user.suspended = is_off
        return True
