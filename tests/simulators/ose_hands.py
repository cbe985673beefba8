# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at Object Storage Extension, or at the platform behind its adapter."""

from __future__ import annotations

from typing import Any, Optional

from .hands import Hands


class OseHands(Hands):
    """Where keys are those of the whole world."""

    def put_key(self, user: Any) -> Optional[str]:
        """Give a user one more key, as far as there is room."""
        return str(self.simulator.make_key(user).access_key)

    def take_key(self, user: Any, access_key: str) -> bool:
        """Take a key away."""
        del self.simulator.keys[access_key]
        return True

    def switch_off(self, user: Any, access_key: str) -> bool:
        """Make a key inactive."""
        if self.simulator.modes["not_implemented"]:
            return False
        self.simulator.keys[access_key].active = False
        return True

    def set_suspended(self, user: Any, is_off: bool) -> bool:
        """Suspend a user, or let it in again."""
        user.active = not is_off
        return True

    def take_user(self, account_id: str, user: Any) -> bool:
        """Take a user away, with its keys."""
        keys = self.simulator.keys
        for access_key in [name for name, key in keys.items() if key.user_id == account_id]:
            del keys[access_key]
        return super().take_user(account_id, user)

    def set_name(self, user: Any, name: str) -> bool:
        """Give a user another name."""
        user.username = name
        return True

    def drop_sessions(self) -> bool:
        """End every login."""
        self.simulator.tokens.clear()
        return True
