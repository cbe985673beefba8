# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 access keys of a simulated CommCell: one pair per user, shown never, rotated at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .base import Response

if TYPE_CHECKING:
    from .commvault import Call, CommvaultSimulator
    from .commvault_directory import User

#: As published, in this order; the numbers are made up, since the vendor publishes none.
WORDS = (
    "NO_ERROR",
    "INVALID_INPUT",
    "VALUE_NOT_FOUND",
    "UNKNOWN_EXCEPTION",
    "CONNECTION_PROBLEM",
    "UNKNOWN_SQL_ERROR",
    "INVALID_USER",
    "INVALID_OPERATION_TYPE",
    "INTERNAL_SERVER_PROBLEM",
    "INSUFFICIENT_USER_PERMISSION_ON_ENTITY",
    "INVALID_ENTITY_ID",
    "REFRESH_TOKEN_EXPIRED",
)
_CODES = {"zero": 0, "two_hundred": 200, "absent": None}


class Keys:
    """The pairs, the e-mails that carry them, and the four operations on them."""

    def __init__(self, sim: CommvaultSimulator) -> None:
        self.sim = sim
        #: Every secret key ever issued.
        self.issued: list[str] = []
        self.outbox: list[tuple[str, str, str]] = []
        #: An error word that the next key operations answer with, to try them all.
        self.refuse_with: Optional[str] = None

    def routes(self) -> list[tuple[Any, ...]]:
        """Return method, pattern, handler, and whether no login is needed."""
        return [
            ("PUT", "v4/user/s3accesskey", self.rotate, False),
            ("GET", "v4/user/s3accesskey", self.show, False),
            ("PUT", "v4/user/([^/]+)/s3accesskey", self.rotate, False),
            ("GET", "v4/user/([^/]+)/s3accesskey", self.show, False),
        ]

    def give(self, user: User) -> None:
        """Give a user a new pair; the old one, if any, is dead from now on."""
        user.access_key = "AK" + self.sim.token(18)
        user.secret_key = self.sim.lower_token(12) + "/+" + self.sim.token(26)
        self.issued.append(user.secret_key)

    def rotate_and_mail(self, user: User) -> None:
        """Rotate as the creation of a vault does: the new pair goes out by e-mail alone."""
        self.give(user)
        self._mail(user)
        self.sim.commit(f"key of {user.name} rotated")

    def rotate(self, call: Call, identifier: str = "") -> Response:
        """Answer PUT V4/User/{id}/S3AccessKey and PUT V4/User/S3AccessKey."""
        user, refusal = self._checked(call, identifier)
        if user is None:
            return self._refused(*refusal)
        if call.request.body.strip():
            return self._refused("INVALID_INPUT", "This operation takes no body")
        if self.sim.modes["key_delivery"] == "email" and not user.email:
            return self._refused("INVALID_INPUT", "The user has no e-mail address")
        self.give(user)
        inline = self.sim.modes["key_delivery"] != "email"
        if not inline:
            self._mail(user)
        self.sim.commit(f"key of {user.name} rotated")
        return self._done(user if inline else None)

    def show(self, call: Call, identifier: str = "") -> Response:
        """Answer GET V4/User/{id}/S3AccessKey: sends an e-mail, or in one build shows the pair."""
        user, refusal = self._checked(call, identifier)
        if user is None:
            return self._refused(*refusal)
        if self.sim.modes["key_delivery"] == "inline":
            return self._done(user)
        if not user.email:
            return self._refused("INVALID_INPUT", "The user has no e-mail address")
        self._mail(user)
        self.sim.commit(f"key of {user.name} sent by e-mail")
        return self._done(None)

    def _mail(self, user: User) -> None:
        if user.email:
            self.outbox.append((user.email, user.access_key, user.secret_key))

    def _checked(self, call: Call, identifier: str) -> tuple[Optional[User], tuple[str, str]]:
        if self.refuse_with:
            return None, (self.refuse_with, "Refused for a test")
        if not identifier:
            number = call.caller.user_id
        elif not identifier.isdigit():
            return None, ("INVALID_INPUT", "The user id is not a number")
        else:
            number = int(identifier)
        user = self.sim.directory.users.get(number or 0)
        if user is None:
            return None, ("INVALID_ENTITY_ID", "There is no user of this id")
        if not call.caller.is_admin and call.caller.user_id != user.id:
            message = "User does not have the permission on this entity"
            return None, ("INSUFFICIENT_USER_PERMISSION_ON_ENTITY", message)
        if not user.enabled:
            return None, ("INVALID_USER", "The user is disabled")
        return user, ("", "")

    def _refused(self, word: str, message: str) -> Response:
        code: Any = WORDS.index(word) if self.sim.modes["error_numbers"] else word
        status = self.sim.modes["error_status"]
        return Response(status, {"errorMessage": message, "errorCode": code})

    def _done(self, user: Optional[User]) -> Response:
        mode = self.sim.modes["rotate_code"]
        code = ("NO_ERROR" if user is None else 200) if mode == "documented" else _CODES[mode]
        verdict: dict[str, Any] = {"errorMessage": ""}
        if code is not None:
            verdict["errorCode"] = code
        if user is None:
            return Response(200, verdict)
        status = 200
        if self.sim.modes["mail_fails"]:
            status = self.sim.modes["error_status"]
            verdict = {"errorMessage": "E-mail not sent", "errorCode": "CONNECTION_PROBLEM"}
        pair = {"accessKeyID": user.access_key, "secretAccessKey": user.secret_key}
        if self.sim.modes["keys_under_response"]:
            return Response(status, {"response": {**verdict, **pair}})
        return Response(status, {"response": verdict, **pair})
