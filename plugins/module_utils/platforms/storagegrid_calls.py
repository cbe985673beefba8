# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to StorageGRID's Tenant Management API: versions, the envelope, rows, errors.

Vendor's reference: the Swagger page of every Tenant Manager, and docs.netapp.com,
storagegrid-118/tenant/understanding-tenant-management-api.html.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import CredentialsError
from ..http import Answer
from ..listing import Listing
from ..platform import ErrorParts, Platform
from ..transport_bounds import is_markup
from ..urls import path

#: The major versions that this file speaks, the best first; both have the same calls for keys.
_VERSIONS = (4, 3)
_PERMISSION = (
    "Put the login's user into a group with the Root access permission, in access mode read-write,"
    " as the platform's guide shows at its top. Without it a user may only see and change its own"
    " access keys, and for that needs Manage your own S3 credentials."
)
_SSO = (
    "Where single sign-on is enabled nobody logs in by password: fetch a token by single sign-on,"
    " as the vendor's guide shows, and set api_token."
)


class Row:
    """One object of an answer; a field that is missing or of another type is a malformed answer."""

    def __init__(self, values: dict[str, Any], complain: Callable[[str], CredentialsError]) -> None:
        self.values = values
        #: Makes the error for what is wrong with the answer.
        self.complain = complain

    def text(self, name: str) -> str:
        """Return a field that must be a text and not empty."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self.complain(f"no usable {name!r} in it")
        return value

    def optional(self, name: str) -> str | None:
        """Return a text field, or None when it is null, missing, empty or no text."""
        value = self.values.get(name)
        return value if isinstance(value, str) and value else None

    def inner(self, name: str) -> Row:
        """Return an object inside, which must be there."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self.complain(f"no object {name!r} in it")
        return Row(value, self.complain)


class GridCalls(Platform):
    """The requests and the errors of the API; the platform itself adds facts and verbs."""

    _version = _VERSIONS[0]

    def choose_version(self) -> None:
        """Take the best version of the API that this endpoint offers and we speak. Reads only.

        Right after an installation only the newest is enabled; after an upgrade the older ones are,
        until an administrator turns them off.
        """
        doing = "list the versions of the API"
        answer = self.call(
            "GET", "/api/versions", ok=(200, 401, 403, 404, 405), auth=False, doing=doing
        )
        if answer.status != 200:
            # Not to be had without a login here; the first call tells whether the newest is there.
            return
        offered = answer.json_object().get("data")
        numbers = (
            [each for each in offered if isinstance(each, int) and not isinstance(each, bool)]
            if isinstance(offered, list)
            else []
        )
        if not numbers:
            raise answer.malformed("no list of versions in it")
        spoken = [version for version in _VERSIONS if version in numbers]
        if not spoken:
            raise self.fail(
                "unsupported",
                f"{self.settings.api_url} offers the versions {', '.join(map(str, numbers))} of the"
                f" Tenant Management API, and this collection speaks {_VERSIONS[1]} and"
                f" {_VERSIONS[0]}.",
                next_step="Upgrade StorageGRID, or have the grid's administrator enable version"
                f" {_VERSIONS[0]} (PUT /grid/config/management).",
            )
        self._version = spoken[0]

    def send(self, method: str, *segments: Any, doing: str, **how: Any) -> Answer:
        """Send one request below the version's path, each segment encoded; see Platform.call()."""
        where = f"/api/v{self._version}" + path(*segments)
        return self.call(method, where, doing=doing, **how)

    def fetch(self, method: str, *segments: Any, doing: str, **how: Any) -> Row:
        """Send one request and return the object in its answer's envelope."""
        answer = self.send(method, *segments, doing=doing, **how)
        values = answer.json_object().get("data")
        if not isinstance(values, dict):
            raise answer.malformed("no object 'data' in it")
        return Row(values, answer.malformed)

    def fetch_rows(
        self, *segments: Any, doing: str, pages: Listing | None = None, **how: Any
    ) -> list[Row]:
        """Read a listing, or one page of it, which is counted in pages."""
        answer = self.send("GET", *segments, doing=doing, **how)
        rows = answer.json_object().get("data")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise answer.malformed("no list of objects 'data' in it")
        if pages is not None:
            pages.page(len(rows), len(answer.body))
        return [Row(row, answer.malformed) for row in rows]

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read the envelope of an error: the message's key is the code, its texts the words."""
        body = answer.json_or_none()
        if not isinstance(body, dict):
            is_page = answer.status == 404 and is_markup(answer.body)
            return ("malformed_answer" if is_page else None), None, answer.excerpt()
        message = body.get("message")
        first: dict[str, Any] = message if isinstance(message, dict) else {"text": message}
        more = body.get("errors")
        parts = (
            [first, *(each for each in more if isinstance(each, dict))]
            if isinstance(more, list)
            else [first]
        )
        texts = [_words(part) for part in parts]
        code = first.get("key")
        said = "; ".join(dict.fromkeys(text for text in texts if text))
        return None, code if isinstance(code, str) and code else None, said or answer.excerpt()

    def error_of(self, answer: Answer, doing: str = "") -> CredentialsError:
        """Return the error of an answer, with the step that helps."""
        exc = super().error_of(answer, doing)
        if exc.kind == "permission":
            exc.next_step = _PERMISSION
        elif doing == "log in" and answer.status == 400:
            exc.kind, exc.next_step = "authentication", _SSO
        elif doing == "log in" and exc.kind == "authentication":
            exc.next_step = (
                "Check tenant (its account ID), api_username (the part behind user/ of a local"
                " user, or a federated user's sign-in name) and api_password."
            )
        elif doing == "log in" and exc.kind == "not_found":
            exc.kind = "malformed_answer"
            exc.next_step = (
                "Set api_url to the address of the Tenant Manager: an Admin Node, or the port of"
                " a load balancer endpoint of the management interfaces."
            )
        return exc


def _words(part: dict[str, Any]) -> str:
    """Return what one message says, with the field that it is about."""
    said = part.get("text") or part.get("developerMessage")
    context = part.get("context")
    text = said if isinstance(said, str) else ""
    return f"{context}: {text}" if isinstance(context, str) and context and text else text
