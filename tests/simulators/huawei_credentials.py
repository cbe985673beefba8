# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access keys of the simulated IAM by v3.0 (OS-CREDENTIAL) and by v5, over one world."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional

from .base import BadBody, Request, Response, SimulatorClock
from .huawei_gate import Gate
from .huawei_refusals import Refusal, forbidden, gateway, iam, v5
from .huawei_world import MAX_KEYS, Key, User, World

_LONGEST_DESCRIPTION = 255


class Credentials:
    """Answers the ten calls for access keys. commit: notes a change."""

    def __init__(
        self,
        world: World,
        gate: Gate,
        clock: SimulatorClock,
        modes: Mapping[str, Any],
        commit: Callable[[str], None],
    ) -> None:
        self._world = world
        self._gate = gate
        self._clock = clock
        self._modes = modes
        self._commit = commit

    def handle_v3(self, request: Request) -> Optional[Response]:
        """Answer a request below /v3.0/OS-CREDENTIAL/credentials, or None for another method."""
        caller = self._gate.caller(request)
        rest = request.segments[3:]
        if not rest:
            if request.method == "GET":
                return self._list(request, caller)
            return self._create(request, caller) if request.method == "POST" else None
        if len(rest) > 1 or request.method not in ("GET", "PUT", "DELETE"):
            return None
        key = self._found(rest[0], caller, request.method)
        if request.method == "GET":
            return Response(200, {"credential": self._row(key, shown=True)})
        if request.method == "PUT":
            return self._update(request, key)
        self._end(key)
        return Response(204)

    # --- v3.0 ----------------------------------------------------------------------------------

    def _list(self, request: Request, caller: User) -> Response:
        user_id = request.arg("user_id")
        if self._modes["ignore_filters"] and caller.admin:
            keys = [key for key in self._world.keys.values() if not key.user.hidden]
        else:
            owner = self._owner(caller, user_id or caller.id, "list_credentials")
            keys = [key for key in self._world.keys.values() if key.user is owner]
        rows = [self._row(key) for key in keys if self._world.shown(key)]
        return Response(200, {"credentials": rows})

    def _create(self, request: Request, caller: User) -> Response:
        wanted = _credential(request, {"user_id", "description"})
        if not isinstance(wanted.get("user_id"), str):
            raise iam(400, "IAM.0072", "'user_id' is a required property")
        self._check_description(wanted)
        owner = self._owner(caller, wanted["user_id"], "create_credential")
        if len(self._world.keys_of(owner)) >= MAX_KEYS:
            raise Refusal(400, "akSkNumExceed")
        key = self._make(owner, wanted.get("description", ""))
        row = {**self._row(key), "secret": key.secret}
        row.setdefault("description", key.description)
        return Response(self._modes["create_status"], {"credential": row})

    def _update(self, request: Request, key: Key) -> Response:
        wanted = _credential(request, {"status", "description"})
        if not wanted:
            raise iam(400, "IAM.0011", "The request body is invalid")
        if "status" in wanted and wanted["status"] not in ("active", "inactive"):
            raise iam(400, "IAM.0073", f"Invalid value {wanted['status']!r} of 'status'")
        self._check_description(wanted)
        key.status = wanted.get("status", key.status)
        if wanted.get("description") or self._modes["clears_description"]:
            key.description = wanted.get("description", key.description)
        self._changed(f"update {key.access}", key.user)
        row = self._row(key)
        if self._modes["answers_description"]:
            row["description"] = key.description
        else:
            row.pop("description", None)
        return Response(200, {"credential": row})

    def _row(self, key: Key, shown: bool = False) -> dict[str, Any]:
        row = {
            "user_id": key.user.id,
            "access": key.access,
            "status": key.status,
            "create_time": _fine(key.created),
        }
        if key.description or self._modes["shows_empty_description"]:
            row["description"] = key.description
        if shown and self._modes["tells_last_used"]:
            row.update(self._last_use(key))
        return row

    def _last_use(self, key: Key) -> dict[str, Any]:
        if key.last_used is not None:
            return {"last_use_time": _fine(key.last_used)}
        marks: dict[str, dict[str, Any]] = {
            "missing": {},
            "empty": {"last_use_time": ""},
            "null": {"last_use_time": None},
            "created": {"last_use_time": _fine(key.created)},
        }
        return marks[self._modes["never_used"]]

    def _found(self, access: str, caller: User, method: str) -> Key:
        key = self._world.keys.get(access)
        reads = method == "GET"
        if key is None or not (self._world.shown(key) if reads else key.shown_for is None):
            raise Refusal(404, f"Could not find credential: {access}.")
        if key.user is not caller and not caller.admin:
            actions = {"GET": "get_credential", "PUT": "update_credential"}
            raise forbidden(actions.get(method, "delete_credential"))
        return key

    def _owner(self, caller: User, user_id: str, action: str) -> User:
        if user_id != caller.id and not caller.admin:
            raise forbidden(action)
        owner = self._world.users.get(user_id)
        if owner is None:
            raise Refusal(404, f"Could not find user: {user_id}.")
        return owner

    def _check_description(self, wanted: Mapping[str, Any]) -> None:
        text = wanted.get("description", "")
        if not isinstance(text, str) or len(text) > _LONGEST_DESCRIPTION:
            raise iam(400, "IAM.0073", "Invalid value of 'description'")

    # --- v5 ------------------------------------------------------------------------------------

    def handle_v5(self, request: Request) -> Optional[Response]:
        """Answer a request below /v5/users, or None when the path is no known one."""
        caller = self._gate.caller(request)
        method, rest = request.method, request.segments[2:]
        if not rest:
            return self._users_v5(request, caller) if method == "GET" else None
        if len(rest) == 1 or rest[1] != "access-keys" or len(rest) > 4:
            return None
        owner = self._owner_v5(caller, rest[0])
        if len(rest) == 2:
            if method == "GET":
                keys = [key for key in self._world.keys.values() if key.user is owner]
                rows = [_row_v5(key) for key in keys if self._world.shown(key)]
                return self._page_v5(request, "access_keys", rows)
            return self._create_v5(request, owner) if method == "POST" else None
        key = self._world.keys.get(rest[2])
        if key is None or key.user is not owner or key.shown_for is not None:
            raise v5(404, "PAP5.0016", f"The access key {rest[2]} does not exist.")
        if len(rest) == 4:
            if rest[3] != "last-used" or method != "GET":
                return None
            used = {} if key.last_used is None else {"last_used_at": _coarse(key.last_used)}
            return Response(200, {"access_key_last_used": used})
        if method == "PUT":
            return self._update_v5(request, key)
        if method != "DELETE":
            return None
        self._end(key)
        return Response(204)

    def _users_v5(self, request: Request, caller: User) -> Response:
        if not caller.admin:
            raise _forbidden_v5("iam:users:listUsersV5")
        users = [user for user in self._world.users.values() if not user.hidden]
        access = request.arg("access_key_id")
        if access is not None and not self._modes["ignore_filters"]:
            key = self._world.keys.get(access)
            users = [user for user in users if key is not None and key.user is user]
        rows = [
            {
                "user_id": user.id,
                "user_name": user.name,
                "is_root_user": False,
                "created_at": "2024-01-01T00:00:00.000Z",
                "urn": f"iam::{self._world.domain_id}:user:{user.name}",
                "enabled": user.enabled,
                "description": user.description,
            }
            for user in users
        ]
        return self._page_v5(request, "users", rows)

    def _create_v5(self, request: Request, owner: User) -> Response:
        if request.body.strip():
            raise v5(400, "PAP5.0011", "The request body must be empty.")
        if len(self._world.keys_of(owner)) >= MAX_KEYS:
            status = self._modes["v5_limit_status"]
            raise v5(status, "PAP5.0029", "The number of access keys exceeds the quota.")
        key = self._make(owner, "")
        row = {**_row_v5(key), "secret_access_key": key.secret}
        return Response(self._modes["create_status"], {"access_key": row})

    def _update_v5(self, request: Request, key: Key) -> Response:
        try:
            wanted = request.json()
        except BadBody:
            wanted = None
        is_json = request.is_of("application/json")
        if not is_json or not isinstance(wanted, dict) or set(wanted) != {"status"}:
            raise v5(400, "PAP5.0011", "The request body is invalid.")
        if wanted["status"] not in ("active", "inactive"):
            raise v5(400, "PAP5.0011", "The value of status is invalid.")
        key.status = wanted["status"]
        self._changed(f"update {key.access}", key.user)
        return Response(200, {"access_key": _row_v5(key)})

    def _owner_v5(self, caller: User, user_id: str) -> User:
        if user_id != caller.id and not caller.admin:
            raise _forbidden_v5("iam:credentials")
        owner = self._world.users.get(user_id)
        if owner is None:
            raise v5(404, "PAP5.0016", f"The user {user_id} does not exist.")
        return owner

    def _page_v5(self, request: Request, name: str, rows: Sequence[dict[str, Any]]) -> Response:
        limit = request.arg("limit") or "100"
        if not limit.isdigit() or not 1 <= int(limit) <= 200:
            raise v5(400, "PAP5.0011", "The value of limit is invalid.")
        size = min(int(limit), self._modes["page_size"] or 200)
        marker = request.arg("marker")
        start = 0
        if marker is not None:
            try:
                start = int(base64.urlsafe_b64decode(marker))
            except ValueError:
                raise v5(400, "PAP5.0011", "The value of marker is invalid.") from None
        page = rows[start : start + size]
        info: dict[str, Any] = {"current_count": len(page)}
        if start + size < len(rows):
            info["next_marker"] = base64.urlsafe_b64encode(b"%08d" % (start + size)).decode()
        return Response(200, {name: list(page), "page_info": info})

    # --- both ------------------------------------------------------------------------------------

    def _make(self, owner: User, description: str) -> Key:
        key = self._world.add_key(owner, self._clock.now(), description)
        self._changed(f"create {key.access}", owner)
        return key

    def _end(self, key: Key) -> None:
        self._world.delete_key(key, self._modes["reads_showing_deleted"])
        self._changed(f"delete {key.access}", key.user)

    def _changed(self, what: str, owner: User) -> None:
        delay = self._modes["drops_tokens_after"]
        if delay is not None:
            everybody = list(self._world.users.values())
            for user in everybody if self._modes["drops_all_tokens"] else [owner]:
                self._world.drop_tokens(user, self._clock.now() + dt.timedelta(seconds=delay))
        self._commit(what)


def unknown_call() -> Refusal:
    """Return the gateway's refusal of a call that it does not know."""
    return gateway("The API does not exist or has not been published", "APIGW.0101", 404)


def _credential(request: Request, known: set[str]) -> dict[str, Any]:
    try:
        body = request.json()
    except BadBody:
        body = None
    wanted = body.get("credential") if isinstance(body, dict) and len(body) == 1 else None
    if not request.is_of("application/json") or not isinstance(wanted, dict) or set(wanted) - known:
        raise iam(400, "IAM.0011", "The request body is invalid")
    return wanted


def _forbidden_v5(action: str) -> Refusal:
    return v5(403, "PAP5.0012", f"You are not authorized to perform the action {action}.")


def _row_v5(key: Key) -> dict[str, Any]:
    return {
        "user_id": key.user.id,
        "access_key_id": key.access,
        "created_at": _coarse(key.created),
        "status": key.status,
    }


def _fine(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _coarse(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
