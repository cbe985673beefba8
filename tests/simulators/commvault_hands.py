# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at a CommCell."""

from __future__ import annotations

from typing import Any, Optional

from .hands import Hands


class CommvaultHands(Hands):
    """Where a user has one key, which only another replaces."""

    def user(self, account_id: str) -> Any:
        """Return the simulator's own user."""
        return self.simulator.user(account_id)

    def put_key(self, user: Any) -> Optional[str]:
        """Put another key in the place of the one that is there."""
        self.simulator.keys.give(user)
        return str(user.access_key)

    def set_suspended(self, user: Any, is_off: bool) -> bool:
        """Suspend a user, or let it in again."""
        user.enabled = not is_off
        return True

    def take_user(self, account_id: str, user: Any) -> bool:
        """Take a user away, with its keys."""
        del self.simulator.directory.users[int(account_id)]
        return True

    def set_name(self, user: Any, name: str) -> bool:
        """Give a user another name."""
        user.name = name
        return True
