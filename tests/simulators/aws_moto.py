# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's server as a process of its own, closer to AWS: IAM, STS and S3 that nobody here wrote.

It checks keys, signatures, policies and the two-key limit, after so many calls that need no login.
Closed here: moto takes an inactive key, and shows every change at once. Run this very file.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from typing import Any, Optional

#: Access key -> what it was from when on: its status, or None once it was deleted.
HISTORY: dict[str, list[tuple[float, Optional[str]]]] = {}
#: Access key -> moto's object, also of deleted ones.
KEYS: dict[str, Any] = {}


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--unchecked", type=int, default=4, help="calls that need no login")
    parser.add_argument("--lag", type=float, default=0, help="seconds that lists of keys lag")
    parser.add_argument(
        "--known-after", type=float, default=0, help="seconds until a new key is accepted"
    )
    parser.add_argument(
        "--hold", default="", help="while this file is there, no key younger than it is accepted"
    )
    options = parser.parse_args()
    # Read by moto when it is imported.
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(options.unchecked)
    _refuse(options.known_after, options.hold)
    _remember()
    _lag(options.lag)
    from moto.server import main as serve

    serve(["-H", "127.0.0.1", "-p", str(options.port)])


def _refuse(known_after: float, hold: str) -> None:
    """Refuse keys that are inactive, or so new that AWS would not know them everywhere."""
    from moto.iam import access_control

    found = access_control.IAMUserAccessKey.__init__

    def init(self: Any, account_id: str, partition: str, access_key_id: str, headers: Any) -> None:
        found(self, account_id, partition, access_key_id, headers)
        past = HISTORY.get(access_key_id, [])
        is_new = bool(past) and time.time() < past[0][0] + known_after
        if past and os.path.exists(hold):
            is_new = is_new or past[0][0] > os.path.getmtime(hold)
        if is_new or KEYS[access_key_id].status != "Active":
            raise access_control.CreateAccessKeyFailure(reason="InvalidId")

    access_control.IAMUserAccessKey.__init__ = init  # type: ignore[method-assign]  # the point


def _remember() -> None:
    """Note what becomes of every key."""
    from moto.iam.models import User

    create, update, delete = User.create_access_key, User.update_access_key, User.delete_access_key

    def created(self: Any, prefix: str, status: str = "Active") -> Any:
        key = create(self, prefix, status)
        KEYS[key.access_key_id] = key
        HISTORY[key.access_key_id] = [(time.time(), status)]
        return key

    def updated(self: Any, access_key_id: str, status: Optional[str] = None) -> Any:
        key = update(self, access_key_id, status)
        HISTORY[access_key_id].append((time.time(), key.status))
        return key

    def deleted(self: Any, access_key_id: str) -> None:
        delete(self, access_key_id)
        HISTORY[access_key_id].append((time.time(), None))

    User.create_access_key = created  # type: ignore[method-assign]  # same
    User.update_access_key = updated  # type: ignore[method-assign]  # same
    User.delete_access_key = deleted  # type: ignore[method-assign]  # same


def _lag(seconds: float) -> None:
    """List keys as they were some seconds ago."""
    from moto.core.responses import ActionResult
    from moto.iam.responses import IamResponse

    def listed(self: Any) -> Any:
        user = self.backend.get_user(self._get_param("UserName"))
        then = time.time() - seconds
        shown = []
        for access_key, key in KEYS.items():
            past = [status for since, status in HISTORY[access_key] if since <= then]
            if key.user_name == user.name and past and past[-1] is not None:
                seen = copy.copy(key)
                seen.status = past[-1]
                shown.append(seen)
        return ActionResult({"UserName": user.name, "AccessKeyMetadata": shown})

    IamResponse.list_access_keys = listed  # type: ignore[method-assign]  # same


if __name__ == "__main__":
    main()
