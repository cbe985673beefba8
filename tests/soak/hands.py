# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do at a platform behind everybody's back, for each platform in its own way.

None of it goes over the API: it happens between two requests of a run, and no run is told of it.
"""

from __future__ import annotations

from typing import Any, Optional

#: Keys that a user may have where there is a limit.
_MOST_KEYS = {"huawei": 2, "aws": 2}
_WITH_WORLD = ("huawei", "aws", "storagegrid")


class Hands:
    """The hands of a platform's people. What a platform has not returns False or None."""

    def __init__(self, simulator: Any) -> None:
        self.simulator = simulator
        self.platform: str = simulator.name

    def user(self, account_id: str) -> Any:
        """Return the simulator's own user."""
        if self.platform in _WITH_WORLD:
            return self.simulator.world.users[account_id]
        if self.platform == "ontap":
            return self.simulator.svm.users[account_id]
        if self.platform == "commvault":
            return self.simulator.user(account_id)
        return self.simulator.users[account_id]

    def make_key(self, account_id: str) -> Optional[str]:
        """Make one more key where there is room; in place, put another one in its stead."""
        simulator, user = self.simulator, self.user(account_id)
        most = _MOST_KEYS.get(self.platform)
        if most is not None and len(simulator.world.keys_of(user)) >= most:
            return None
        if self.platform in ("huawei", "aws"):
            made = simulator.world.add_key(user, simulator.clock.now()).access
        elif self.platform == "ontap":
            made = self._fill_slot(user)
            if made is None:
                return None
        elif self.platform == "commvault":
            simulator.keys.give(user)
            made = user.access_key
        else:
            key = simulator.make_key(user)
            made = key if isinstance(key, str) else key.access_key
        simulator.commit(f"somebody made {made}")
        return str(made)

    def _fill_slot(self, user: Any) -> Optional[str]:
        simulator = self.simulator
        room = 2 if simulator.version >= (9, 19, 1) else 1
        free = [slot for slot in range(1, room + 1) if slot not in user.slots]
        if not free and room > 1:
            return None
        key = simulator.new_key(None, None)
        user.slots[free[0] if free else 1] = key
        simulator.owners[key.access_key] = user
        return str(key.access_key)

    def delete_key(self, account_id: str, access_key: str) -> bool:
        """Delete a key."""
        simulator, user = self.simulator, self.user(account_id)
        if self.platform == "huawei":
            simulator.world.delete_key(
                simulator.world.keys[access_key], simulator.modes["reads_showing_deleted"]
            )
        elif self.platform == "storagegrid":
            simulator.world.delete_key(simulator.world.keys[access_key], 0)
        elif self.platform == "aws":
            simulator.world.keys[access_key].history.append((simulator.clock.now(), None))
        elif self.platform == "ose":
            del simulator.keys[access_key]
        elif self.platform == "ceph_rgw":
            del user.keys[access_key]
        elif self.platform == "ontap":
            slots = {n: key for n, key in user.slots.items() if key.access_key != access_key}
            user.slots = slots
        else:
            return False
        simulator.commit(f"somebody deleted {access_key}")
        return True

    def disable_key(self, account_id: str, access_key: str) -> bool:
        """Disable a key."""
        simulator, user = self.simulator, self.user(account_id)
        if self.platform == "huawei":
            simulator.world.keys[access_key].status = "inactive"
        elif self.platform == "aws":
            simulator.world.keys[access_key].history.append((simulator.clock.now(), "Inactive"))
        elif self.platform == "ose" and not simulator.modes["not_implemented"]:
            simulator.keys[access_key].active = False
        elif self.platform == "ceph_rgw" and simulator.modes["has_active"]:
            user.keys[access_key].active = False
        else:
            return False
        simulator.commit(f"somebody disabled {access_key}")
        return True

    def suspend(self, account_id: str, is_off: bool = True) -> bool:
        """Suspend a user, or let it in again."""
        user = self.user(account_id)
        word = {
            "huawei": "enabled",
            "commvault": "enabled",
            "ose": "active",
            "ceph_rgw": "suspended",
            "storagegrid": "disabled",
        }.get(self.platform)
        if word is None:
            return False
        setattr(user, word, is_off if word in ("suspended", "disabled") else not is_off)
        self.simulator.commit(f"somebody {'suspended' if is_off else 'let in'} {account_id}")
        return True

    def remove(self, account_id: str) -> bool:
        """Remove a user with its keys."""
        simulator, user = self.simulator, self.user(account_id)
        if self.platform in _WITH_WORLD:
            world = simulator.world
            world.keys = {name: key for name, key in world.keys.items() if key.user is not user}
            del world.users[account_id]
        elif self.platform == "ose":
            gone = [name for name, key in simulator.keys.items() if key.user_id == account_id]
            for name in gone:
                del simulator.keys[name]
            del simulator.users[account_id]
        elif self.platform == "ontap":
            del simulator.svm.users[account_id]
        elif self.platform == "commvault":
            del simulator.directory.users[int(account_id)]
        else:
            del simulator.users[account_id]
        simulator.commit(f"somebody removed {account_id}")
        return True

    def rename(self, account_id: str, name: str) -> bool:
        """Call a user something else, where the name is not all that it is known by."""
        user = self.user(account_id)
        if self.platform in ("huawei", "aws", "commvault"):
            user.name = name
        elif self.platform == "ose":
            user.username = name
        elif self.platform == "storagegrid":
            user.unique_name = f"user/{name}"
        else:
            return False
        self.simulator.commit(f"somebody renamed {account_id}")
        return True

    def describe(self, account_id: str, access_key: str, text: str) -> bool:
        """Write something else into a key's description, or a user's comment."""
        user = self.user(account_id)
        if self.platform == "huawei":
            self.simulator.world.keys[access_key].description = text
        elif self.platform == "ontap":
            user.comment = text
        else:
            return False
        self.simulator.commit(f"somebody described {account_id}")
        return True

    def drop_sessions(self) -> bool:
        """End every login: the next request is answered 401."""
        if self.platform in ("huawei", "storagegrid"):
            self.simulator.world.tokens.clear()
        elif self.platform == "ose":
            self.simulator.tokens.clear()
        else:
            return False
        return True
