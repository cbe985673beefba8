# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access keys of the simulated StorageGRID: listed, shown, made, deleted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Callable, Optional

from .base import BadBody, Request, SimulatorClock
from .storagegrid_world import Key, Refusal, User, World

_CONNECTION = "b1e721a5-1d23-4ee8-82ce-2b529c592961"
#: A key's end lies at least a minute and at most five years ahead.
_SOONEST, _LATEST = dt.timedelta(minutes=1), dt.timedelta(days=5 * 365 + 2)


class Keys:
    """Answers what is asked below s3-access-keys of one user. commit: notes a change."""

    def __init__(
        self,
        world: World,
        clock: SimulatorClock,
        modes: Mapping[str, Any],
        commit: Callable[[str], None],
    ) -> None:
        self._world = world
        self._clock = clock
        self._modes = modes
        self._commit = commit

    def answer(self, request: Request, owner: User, rest: list[str]) -> tuple[int, Any]:
        """Return status and data; rest: what follows s3-access-keys in the path."""
        if len(rest) > 1:
            raise Refusal(404, "The requested resource was not found.", "error.404")
        if rest:
            return self._one(request, owner, rest[0])
        if request.method == "GET":
            clones = self._wants_clones(request)
            return 200, [self._row(key, clones) for key in self._shown(owner)]
        if request.method == "POST":
            return 201, self._create(request, owner)
        # A real grid might delete every key of the user here; nobody has tried.
        raise Refusal(405, "Method Not Allowed", "error.405")

    def _one(self, request: Request, owner: User, name: str) -> tuple[int, Any]:
        by_identifier = request.method == "DELETE" or self._modes["gets_by"] == "both"
        for key in self._shown(owner, also_ended=request.method == "DELETE"):
            if key.access_key == name or (by_identifier and key.identifier == name):
                break
        else:
            raise Refusal(404, "The S3 access key was not found.", "error.404")
        if request.method == "GET":
            return 200, self._row(key)
        if request.method != "DELETE":
            raise Refusal(405, "Method Not Allowed", "error.405")
        if key.shown_for is not None:
            raise Refusal(404, "The S3 access key was not found.", "error.404")
        self._world.delete_key(key, self._modes["reads_showing_deleted"])
        self._commit(f"delete {key.access_key} of {owner.unique_name}")
        return 204, None

    def _wants_clones(self, request: Request) -> bool:
        if {name for name, _unused in request.query} - {"includeCloneStatus"}:
            raise Refusal(400, "Invalid query parameter.", "error.400", "query")
        return request.arg("includeCloneStatus") == "true"

    def _shown(self, owner: User, also_ended: bool = False) -> list[Key]:
        now = self._clock.now()
        lists_ended = also_ended or self._modes["expired_keys"] == "listed"
        mine = [key for key in list(self._world.keys.values()) if key.user is owner]
        return [
            key
            for key in mine
            if (lists_ended or not key.has_ended(now)) and self._world.shown(key)
        ]

    def _create(self, request: Request, owner: User) -> dict[str, Any]:
        body = request.json() if request.body else {}
        if not isinstance(body, dict):
            raise BadBody
        if set(body) - {"expires"}:
            raise Refusal(422, "Unknown property.", "error.422", "body")
        key = self._world.add_key(owner, self._clock.now(), self._end(body.get("expires")))
        self._commit(f"create {key.access_key} of {owner.unique_name}")
        return {**self._row(key), "accessKey": key.access_key, "secretAccessKey": key.secret}

    def _end(self, text: Any) -> Optional[dt.datetime]:
        if text is None:
            return None
        try:
            moment = dt.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
        except ValueError:
            moment = None
        if not isinstance(text, str) or moment is None or moment.tzinfo is None:
            raise Refusal(422, "expires is no date-time.", "error.422", "expires")
        ahead = moment - self._clock.now()
        if not _SOONEST <= ahead <= _LATEST:
            raise Refusal(422, "expires: 1 minute to 5 years ahead.", "error.422", "expires")
        return moment.astimezone(dt.timezone.utc)

    def _row(self, key: Key, clones: bool = False) -> dict[str, Any]:
        tenant: Any = self._world.tenant
        if self._modes["account_id_as"] == "number":
            tenant = int(float(tenant))
        row = {
            "id": key.identifier,
            "accountId": tenant,
            "displayName": "*" * 16 + key.access_key[-4:],
            "userURN": self._world.urn(key.user),
            "userUUID": key.user.id,
            "expires": key.expires.strftime("%Y-%m-%dT%H:%M:%S.000Z") if key.expires else None,
        }
        if clones and self._modes["federation"]:
            done = _CONNECTION in key.clones
            row["cloneStatus"] = {
                _CONNECTION: {
                    "succeeded": done,
                    "time": "2026-01-01T01:00:00.000Z",
                    "error": None if done else "The key has not been cloned.",
                }
            }
        return row
