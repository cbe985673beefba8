# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at a platform behind everybody's back: the kill matrix and the soak let them.

None of it goes over the API: it happens between two requests of a run, and no run is told of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from .base import Simulator


class Hands:
    """The hands of a platform's people.

    A simulator names a subclass that knows its insides, as far as there is something to do: what is
    left as it is here does nothing, and says so. What says that it was done is noted as a change.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.simulator: Any = simulator

    # --- what a subclass knows --------------------------------------------------------------------

    def user(self, account_id: str) -> Any:
        """Return the simulator's own user."""
        return self.simulator.users[account_id]

    def put_key(self, user: Any) -> Optional[str]:
        """Give a user one more key; in place, another one in its stead. None: there is no room."""
        return None

    def take_key(self, user: Any, access_key: str) -> bool:
        """Take a key away."""
        return False

    def switch_off(self, user: Any, access_key: str) -> bool:
        """Make a key inactive."""
        return False

    def set_suspended(self, user: Any, is_off: bool) -> bool:
        """Suspend a user, or let it in again."""
        return False

    def take_user(self, account_id: str, user: Any) -> bool:
        """Take a user away, with its keys."""
        del self.simulator.users[account_id]
        return True

    def set_name(self, user: Any, name: str) -> bool:
        """Give a user another name; only where the name is not all that it is known by."""
        return False

    def set_text(self, user: Any, access_key: str, text: str) -> bool:
        """Write a key's description, or a user's comment."""
        return False

    def drop_sessions(self) -> bool:
        """End every login: the next request is answered 401."""
        return False

    # --- what is done -----------------------------------------------------------------------------

    def make_key(self, account_id: str) -> Optional[str]:
        """Make one more key where there is room; in place, put another one in its stead."""
        made = self.put_key(self.user(account_id))
        self._note(made is not None, f"made {made}")
        return made

    def delete_key(self, account_id: str, access_key: str) -> bool:
        """Delete a key."""
        return self._note(self.take_key(self.user(account_id), access_key), f"deleted {access_key}")

    def disable_key(self, account_id: str, access_key: str) -> bool:
        """Disable a key."""
        done = self.switch_off(self.user(account_id), access_key)
        return self._note(done, f"disabled {access_key}")

    def suspend(self, account_id: str, is_off: bool = True) -> bool:
        """Suspend a user, or let it in again."""
        done = self.set_suspended(self.user(account_id), is_off)
        return self._note(done, f"{'suspended' if is_off else 'let in'} {account_id}")

    def remove(self, account_id: str) -> bool:
        """Remove a user with its keys."""
        done = self.take_user(account_id, self.user(account_id))
        return self._note(done, f"removed {account_id}")

    def rename(self, account_id: str, name: str) -> bool:
        """Call a user something else."""
        return self._note(self.set_name(self.user(account_id), name), f"renamed {account_id}")

    def describe(self, account_id: str, access_key: str, text: str) -> bool:
        """Write something else into a key's description, or a user's comment."""
        done = self.set_text(self.user(account_id), access_key, text)
        return self._note(done, f"described {account_id}")

    def _note(self, done: bool, what: str) -> bool:
        if done:
            self.simulator.commit(f"somebody {what}")
        return done


class WorldHands(Hands):
    """Of a simulator whose users and keys are those of its world."""

    #: How many keys a user may have; None: as many as it likes.
    most_keys: Optional[int] = None

    def user(self, account_id: str) -> Any:
        """Return the simulator's own user."""
        return self.simulator.world.users[account_id]

    def put_key(self, user: Any) -> Optional[str]:
        """Give a user one more key, as far as there is room."""
        world = self.simulator.world
        if self.most_keys is not None and len(world.keys_of(user)) >= self.most_keys:
            return None
        return str(world.add_key(user, self.simulator.clock.now()).access)

    def take_user(self, account_id: str, user: Any) -> bool:
        """Take a user away, with its keys."""
        world = self.simulator.world
        world.keys = {name: key for name, key in world.keys.items() if key.user is not user}
        del world.users[account_id]
        return True
