# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated IAM and STS do, action by action. What they change is committed."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Callable, Optional

from .aws_gate import Caller, Refusal
from .aws_world import ACCOUNT, MAX_KEYS, Key, User, World
from .base import SimulatorClock
from .s3_xml import Markup, element

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/rotator-role"
EXTERNAL_ID = "Unique:external-id/4711"
#: What a user may be called.
NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")


class Actions:
    """Answers each action with the elements of its result; None: there are none."""

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

    def do(self, action: str, caller: Caller, asked: Mapping[str, str]) -> Optional[list[Markup]]:
        """Do one action and return its result."""
        verb = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        done: Optional[list[Markup]] = getattr(self, f"_{verb}")(caller, asked)
        return done

    def _get_caller_identity(self, caller: Caller, _asked_: Mapping[str, str]) -> list[Markup]:
        return [
            element("Arn", caller.arn),
            element("UserId", caller.id),
            element("Account", ACCOUNT),
        ]

    def _assume_role(self, caller: Caller, asked: Mapping[str, str]) -> list[Markup]:
        name = asked.get("RoleSessionName", "")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", name):
            raise Refusal(400, "ValidationError", "1 validation error: roleSessionName")
        if asked.get("RoleArn") != ROLE_ARN or asked.get("ExternalId") != EXTERNAL_ID:
            message = (
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource:"
                f" {asked.get('RoleArn')}"
            )
            raise Refusal(403, "AccessDenied", message)
        expires = self._clock.now() + dt.timedelta(minutes=self._modes["session_minutes"])
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/rotator-role/{name}"
        session = self._world.add_session(expires, arn)
        made = element(
            "Credentials",
            element("AccessKeyId", session.access),
            element("SecretAccessKey", session.secret),
            element("SessionToken", session.token),
            element("Expiration", _iso(expires)),
        )
        who = element("Arn", arn), element("AssumedRoleId", f"AROAROLE:{name}")
        return [element("AssumedRoleUser", *who), made]

    def _list_users(self, _caller: Caller, asked: Mapping[str, str]) -> list[Markup]:
        prefix = asked.get("PathPrefix", "/")
        if self._modes["ignore_filters"]:
            prefix = "/"
        shown = [
            user
            for user in sorted(self._world.users.values(), key=lambda user: user.name)
            if user.path.startswith(prefix) and (not user.hidden or self._modes["lists_login"])
        ]
        return self._page(asked, "Users", [_user_row(user, "member") for user in shown])

    def _get_user(self, caller: Caller, asked: Mapping[str, str]) -> list[Markup]:
        name = asked.get("UserName")
        is_nobody = name is None or self._world.user(name) is None
        if caller.user is not None and is_nobody and (not name or self._modes["ignore_filters"]):
            return [_user_row(caller.user, "User")]
        return [_user_row(self._user(asked), "User")]

    def _list_user_tags(self, _caller: Caller, asked: Mapping[str, str]) -> list[Markup]:
        tags = sorted(self._user(asked).tags.items())
        rows = [element("member", element("Key", k), element("Value", v)) for k, v in tags]
        return self._page(asked, "Tags", rows)

    def _list_access_keys(self, _caller: Caller, asked: Mapping[str, str]) -> list[Markup]:
        user = self._user(asked)
        then = self._clock.now() - dt.timedelta(seconds=self._modes["lag"])
        rows = [
            element(
                "member",
                element("UserName", user.name),
                element("AccessKeyId", key.access),
                element("Status", key.status_at(then) or ""),
                element("CreateDate", _iso(key.created)),
            )
            for key in self._world.keys_of(user, then)
        ]
        return self._page(asked, "AccessKeyMetadata", rows)

    def _get_access_key_last_used(self, caller: Caller, asked: Mapping[str, str]) -> list[Markup]:
        key = self._world.keys.get(asked.get("AccessKeyId", ""))
        if key is None or key.status is None:
            if self._modes["unknown_key"] == "denied":
                where = f"access key {asked.get('AccessKeyId')}"
                raise denied(caller, "GetAccessKeyLastUsed", where)
            raise _no_key(asked.get("AccessKeyId", ""))
        used = [element("ServiceName", "N/A"), element("Region", "N/A")]
        if key.last_used is not None:
            when = element("LastUsedDate", _iso(key.last_used))
            used = [when, element("ServiceName", "s3"), element("Region", "eu-central-1")]
        return [element("UserName", key.user.name), element("AccessKeyLastUsed", *used)]

    def _create_access_key(self, caller: Caller, asked: Mapping[str, str]) -> list[Markup]:
        user = self._user(asked) if "UserName" in asked else caller.user
        if user is None:
            raise Refusal(400, "ValidationError", "Must specify userName")
        if len(self._world.keys_of(user)) >= MAX_KEYS:
            message = f"Cannot exceed quota for AccessKeysPerUser: {MAX_KEYS}"
            raise Refusal(409, "LimitExceeded", message)
        key = self._world.add_key(user, self._clock.now())
        self._changed(user, f"create {key.access}")
        row = element(
            "AccessKey",
            element("UserName", user.name),
            element("AccessKeyId", key.access),
            element("Status", "Active"),
            element("SecretAccessKey", key.secret),
            element("CreateDate", _iso(key.created)),
        )
        return [row]

    def _update_access_key(self, _caller: Caller, asked: Mapping[str, str]) -> None:
        if asked.get("Status") not in ("Active", "Inactive"):
            raise Refusal(400, "ValidationError", "1 validation error detected: status")
        key = self._key(asked)
        key.history.append((self._clock.now(), asked["Status"]))
        self._changed(key.user, f"update {key.access}")

    def _delete_access_key(self, _caller: Caller, asked: Mapping[str, str]) -> None:
        key = self._key(asked)
        key.history.append((self._clock.now(), None))
        self._changed(key.user, f"delete {key.access}")

    # --- parts of them -------------------------------------------------------------------------

    def _user(self, asked: Mapping[str, str]) -> User:
        name = asked.get("UserName", "")
        if not NAME.fullmatch(name):
            raise Refusal(
                400,
                "ValidationError",
                "The specified value for userName is invalid. It must contain only alphanumeric"
                " characters and/or the following: +=,.@_-",
            )
        user = self._world.user(name)
        if user is None:
            raise Refusal(404, "NoSuchEntity", f"The user with name {name} cannot be found.")
        return user

    def _key(self, asked: Mapping[str, str]) -> Key:
        user, access = self._user(asked), asked.get("AccessKeyId", "")
        key = self._world.keys.get(access)
        if key is None or key.status is None or key.user is not user:
            raise _no_key(access)
        now = self._clock.now()
        if now < key.history[0][0] + dt.timedelta(seconds=self._modes["takes_old_keys_only"]):
            raise _no_key(access)
        wait = dt.timedelta(seconds=self._modes["unmodifiable"])
        if user.changed is not None and now < user.changed + wait:
            raise Refusal(
                409,
                "EntityTemporarilyUnmodifiable",
                f"The user with name {user.name} is temporarily unmodifiable.",
            )
        return key

    def _page(self, asked: Mapping[str, str], name: str, rows: list[Markup]) -> list[Markup]:
        wanted = asked.get("MaxItems", "100")
        if not wanted.isdigit() or not 1 <= int(wanted) <= 1000:
            raise Refusal(400, "ValidationError", "1 validation error detected: maxItems")
        size = min(int(wanted), self._modes["page_size"] or 1000)
        start, is_empty = 0, self._modes["empty_pages"]
        if "Marker" in asked:
            try:
                start, is_empty = int(base64.urlsafe_b64decode(asked["Marker"])), False
            except ValueError:
                raise Refusal(400, "ValidationError", "Invalid Marker.") from None
        page = [] if is_empty else rows[start : start + size]
        more = is_empty or start + size < len(rows)
        told = [element("IsTruncated", str(more).lower()), element(name, *page)]
        if more:
            following = b"%08d" % (start + len(page))
            told.append(element("Marker", base64.urlsafe_b64encode(following).decode()))
        return told

    def _changed(self, user: User, what: str) -> None:
        user.changed = self._clock.now()
        self._commit(what)


def denied(caller: Caller, action: str, resource: str) -> Refusal:
    """Return the refusal of what no policy allows."""
    return Refusal(
        403,
        "AccessDenied",
        f"User: {caller.arn} is not authorized to perform: iam:{action} on resource: {resource}"
        f" because no identity-based policy allows the iam:{action} action",
    )


def _no_key(access: str) -> Refusal:
    return Refusal(404, "NoSuchEntity", f"The Access Key with id {access} cannot be found.")


def _user_row(user: User, name: str) -> Markup:
    return element(
        name,
        element("Path", user.path),
        element("UserName", user.name),
        element("UserId", user.id),
        element("Arn", user.arn),
        element("CreateDate", _iso(user.created or dt.datetime.now(dt.timezone.utc))),
    )


def _iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
