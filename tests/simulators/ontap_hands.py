# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at an ONTAP cluster."""

from __future__ import annotations

from typing import Any, Optional

from .hands import Hands

#: The release since which a user has two places for keys.
_TWO_SLOTS = (9, 19, 1)


class OntapHands(Hands):
    """Where a key sits in one of its user's places."""

    def user(self, account_id: str) -> Any:
        """Return the simulator's own user."""
        return self.simulator.svm.users[account_id]

    def put_key(self, user: Any) -> Optional[str]:
        """Fill a place; where there is only one, put another key into it."""
        simulator = self.simulator
        room = 2 if simulator.version >= _TWO_SLOTS else 1
        free = [slot for slot in range(1, room + 1) if slot not in user.slots]
        if not free and room > 1:
            return None
        key = simulator.new_key(None, None)
        user.slots[free[0] if free else 1] = key
        simulator.owners[key.access_key] = user
        return str(key.access_key)

    def take_key(self, user: Any, access_key: str) -> bool:
        """Take a key away."""
        user.slots = {n: key for n, key in user.slots.items() if key.access_key != access_key}
        return True

    def take_user(self, account_id: str, user: Any) -> bool:
        """Take a user away, with its keys."""
        del self.simulator.svm.users[account_id]
        return True

    def set_text(self, user: Any, access_key: str, text: str) -> bool:
        """Write the user's comment; a key has none."""
        user.comment = text
        return True
