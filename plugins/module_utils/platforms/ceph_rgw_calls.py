# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to a Ceph gateway's Admin Ops API: its users as it shows them, and its errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..errors import CredentialsError
from ..http import Answer
from ..listing import Listing
from ..model import ACTIVE, INACTIVE, AccessKey, Account
from ..platform import ErrorParts, Platform

_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9.]{1,64})\s*</Code>")
#: A gateway gives no more at once.
_PAGE = 1000

#: The gateway's code -> kind, what it says in words (its own message is empty), and what to do.
#: Vendor's page: docs.ceph.com/en/latest/radosgw/adminops/.
_CODES: dict[str, tuple[str, str, str]] = {
    "InvalidAccessKeyId": (
        "authentication",
        "there is no such access key",
        "Check api_access_key: it must be a key of a user of this gateway.",
    ),
    "SignatureDoesNotMatch": (
        "authentication",
        "the signature is wrong",
        "Check api_secret_key. A proxy that changes host or path spoils signatures as well.",
    ),
    "RequestTimeTooSkewed": (
        "clock_skew",
        "the clocks differ by more than a signature may",
        "Set the clocks of this machine and of the gateway right (NTP).",
    ),
    "UserSuspended": (
        "authentication",
        "the login's user is suspended",
        "Enable the login's user (radosgw-admin user enable), or log in as another.",
    ),
    "AccessDenied": (
        "permission",
        "the login lacks the capability",
        "Give the login's user the capabilities users=read,write (read alone to look only):"
        " radosgw-admin caps add --uid=<login> --caps='users=read,write'.",
    ),
    "NoSuchUser": (
        "not_found",
        "there is no such user",
        "Write the user's id, with its tenant where it has one: tenant$user. Display names are no"
        " names.",
    ),
    "KeyExists": (
        "conflict",
        "another user has this access key",
        "Run again: a new pair is made up.",
    ),
    "InvalidArgument": ("rejected", "it does not take these parameters", ""),
    "MethodNotAllowed": ("unsupported", "it has no such operation", ""),
    "NoSuchBucket": (
        "unsupported",
        "it takes the address of the Admin Ops API for a bucket's name",
        "Check that rgw_enable_apis of this gateway holds admin, and that the path of api_url is"
        " its rgw_admin_entry (/admin when left out).",
    ),
    "SlowDown": ("throttled", "it asks for fewer requests", ""),
}


class AdminOps(Platform):
    """The requests and the errors; the platform itself adds facts and verbs."""

    @property
    def users(self) -> str:
        """Where users are, below api_url: a path in api_url stands for the admin entry."""
        return "/user" if urlsplit(self.settings.api_url).path else "/admin/user"

    def listed(self, pages: Listing) -> Iterator[list[str]]:
        """Yield the ids of all users, page by page. Reads only.

        The marker is opaque: another one than was given may be answered by half an answer.
        """
        seen: set[str] = set()
        marker: str | None = None
        while True:
            names, marker, answer = self.page(_PAGE, marker)
            pages.page(len(names), len(answer.body))
            new = [name for name in dict.fromkeys(names) if name not in seen]
            seen.update(new)
            yield new
            if marker is None:
                return
            if not new:
                raise answer.malformed("a page that adds nothing and is not the last")

    def page(self, most: int, marker: str | None = None) -> tuple[list[str], str | None, Answer]:
        """Return a page of ids, the marker of the next one or None, and the answer."""
        answer = self.call(
            "GET",
            self.users,
            query={"list": "", "max-entries": most, "marker": marker},
            doing="list the users",
        )
        body = answer.json_object()
        names = body.get("keys")
        if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
            raise answer.malformed("no list of users in it")
        # A text in the answers of one API, a word of JSON in those of another.
        truncated, following = str(body.get("truncated")).lower(), body.get("marker")
        if truncated not in ("true", "false"):
            raise answer.malformed("no word on whether there are more users")
        if truncated == "false":
            return names, None, answer
        if not isinstance(following, str) or not following:
            raise answer.malformed("more users to come and no marker")
        return names, following, answer

    def user(self, uid: str, doing: str = "") -> User:
        """Return one user with all keys. Reads only. Raises not_found."""
        answer = self.call(
            "GET",
            self.users,
            query={"uid": uid},
            doing=doing or f"show user {uid}",
            account=uid,
        )
        found = User(answer, uid)
        if found.uid != uid:
            raise answer.malformed("another user than the one asked for")
        return found

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read an error: JSON, or XML where the gateway took the request for one of S3."""
        code = _code_of(answer)
        if code is None:
            return None, None, answer.excerpt()
        kind, words, _next_step = _CODES.get(code, (None, "", ""))
        return kind, code, _message_of(answer) or words

    def error_of(self, answer: Answer, doing: str = "") -> CredentialsError:
        """Return the error of an answer, with the request's id and the step that helps."""
        exc = super().error_of(answer, doing)
        request_id = answer.headers.get("x-amz-request-id")
        if request_id:
            exc.details["request_id"] = self.client.redactor.redact(request_id)
        next_step = _CODES.get(exc.code or "", ("", "", ""))[2]
        if next_step:
            exc.next_step = next_step
        return exc


class User:
    """A user as the gateway shows it; a field of another type is a malformed answer."""

    def __init__(self, answer: Answer, asked: str | None = None) -> None:
        self.answer = answer
        self.row = answer.json_object()
        name = self._text("user_id")
        self.tenant = self._optional("tenant")
        #: The id as every call wants it.
        self.uid = self._optional("full_user_id") or (
            f"{self.tenant}${name}" if self.tenant else name
        )
        # Releases before full_user_id show no namespace: tenant$namespace$user.
        parts = (asked or "").split("$")
        if len(parts) == 3 and (parts[0], parts[2]) == (self.tenant, name):
            self.uid = asked or ""

    def _text(self, name: str) -> str:
        value = self.row.get(name)
        if not isinstance(value, str) or not value:
            raise self.answer.malformed(f"no usable {name!r} in it")
        return value

    def _optional(self, name: str) -> str:
        value = self.row.get(name)
        return value if isinstance(value, str) else ""

    @property
    def key_rows(self) -> list[dict[str, Any]]:
        """The S3 keys as they were read."""
        rows = self.row.get("keys")
        if rows is None:
            return []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.answer.malformed("keys that are no objects")
        return rows

    @property
    def hides_keys(self) -> bool:
        """Whether the login may see the user, but not its keys."""
        return "keys" not in self.row

    def subusers(self) -> list[str]:
        """Return the names of the subusers that have an S3 key, or are there as such."""
        names = [self._subuser_of(row) for row in self.key_rows]
        rows = self.row.get("subusers") or []
        if not isinstance(rows, list):
            raise self.answer.malformed("subusers that are no list")
        for row in rows:
            name = row.get("id") if isinstance(row, dict) else None
            if not isinstance(name, str):
                raise self.answer.malformed("a subuser without an id")
            names.append(name.removeprefix(f"{self.uid}:"))
        return [name for name in dict.fromkeys(names) if name]

    def _subuser_of(self, row: dict[str, Any]) -> str:
        owner = row.get("user")
        if owner == self.uid:
            return ""
        if isinstance(owner, str) and owner.startswith(f"{self.uid}:"):
            return owner[len(self.uid) + 1 :]
        # Left out, the key would look as if it were gone.
        raise self.answer.malformed("a key that belongs to somebody else")

    def account(self, subuser: str = "") -> Account:
        """Return the user, or one of its subusers, as an account with its keys."""
        suspended = self.row.get("suspended")
        details = {
            "tenant": self.tenant,
            "display_name": self._optional("display_name"),
            "subuser_of": self.uid if subuser else "",
        }
        return Account(
            name=f"{self.uid}:{subuser}" if subuser else self.uid,
            enabled=not suspended if suspended in (0, 1) else None,
            details={name: value for name, value in details.items() if value},
            address={"uid": self.uid, "subuser": subuser},
        )

    def keys_of(self, account: Account) -> list[AccessKey]:
        """Return the keys that belong to the user itself, or to the subuser."""
        wanted = account.address["subuser"]
        return [self._key(row, account) for row in self.key_rows if self._subuser_of(row) == wanted]

    def owner_of(self, access_key: str) -> Account | None:
        """Return whose an access key is: the user's or a subuser's; None: neither has it."""
        for row in self.key_rows:
            if row.get("access_key") == access_key:
                return self.account(self._subuser_of(row))
        return None

    def _key(self, row: dict[str, Any], account: Account) -> AccessKey:
        return key_of(row, account, self.answer)


def key_of(row: dict[str, Any], account: Account, answer: Answer) -> AccessKey:
    """Return a key; releases that cannot disable one show no word on it."""
    access_key, active = row.get("access_key"), row.get("active", True)
    if not isinstance(access_key, str) or not access_key:
        raise answer.malformed("a key without its access key")
    if not isinstance(active, bool):
        raise answer.malformed("a key that is neither active nor inactive")
    return AccessKey(access_key, account, status=ACTIVE if active else INACTIVE, raw=row)


def _code_of(answer: Answer) -> str | None:
    body = answer.json_or_none()
    if isinstance(body, dict):
        code = body.get("Code")
        return code if isinstance(code, str) and code else None
    found = _CODE.search(answer.body[:4096])
    return found[1].decode() if found else None


def _message_of(answer: Answer) -> str:
    body = answer.json_or_none()
    message = body.get("Message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else ""
