# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes in which the double of a KV v2 server answers and refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .base import BadBody, Request, Response

#: What a request may carry in its query; the real server ignores the rest, the double does not.
QUERY = frozenset({"list", "version", "help"})


class Refusal(Exception):  # noqa: N818  # an answer of the server, no defect of ours
    """A request is refused with these errors."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(f"{status} {errors}")
        self.status = status
        self.errors = list(errors)

    def response(self) -> Response:
        """Return the answer."""
        return Response(self.status, {"errors": self.errors})


def bad(error: str) -> Refusal:
    """Return the refusal of a malformed or forbidden value."""
    return Refusal(400, error)


def nothing() -> Refusal:
    """Return the answer for a path where there is nothing."""
    return Refusal(404)


def no_route(path: str) -> Refusal:
    """Return the answer for a path that no mount serves."""
    return Refusal(404, f'no handler for route "{path}". route entry not found.')


def unsupported() -> Refusal:
    """Return the answer for a method that a path does not have."""
    return Refusal(405, "1 error occurred:\n\t* unsupported operation\n\n")


def denied() -> Refusal:
    """Return the answer for a right that a token lacks."""
    return Refusal(403, "1 error occurred:\n\t* permission denied\n\n")


def envelope(
    request_id: str,
    data: Optional[Mapping[str, Any]] = None,
    auth: Optional[Mapping[str, Any]] = None,
    mount_type: str = "kv",
) -> dict[str, Any]:
    """Return what every answer of the API lies in."""
    return {
        "request_id": request_id,
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "data": None if data is None else dict(data),
        "wrap_info": None,
        "warnings": None,
        "auth": None if auth is None else dict(auth),
        "mount_type": mount_type,
    }


def fields(request: Request, **known: tuple[type, ...]) -> dict[str, Any]:
    """Return the body's fields; a field that the API does not document is refused."""
    if not request.body:
        return {}
    kind = (request.headers.get("Content-Type") or "").partition(";")[0]
    if kind != "application/json":
        raise bad(f"double: a body of type {kind or 'none'}")
    try:
        body = request.json()
    except BadBody:
        raise bad("failed to parse JSON input: invalid character") from None
    if not isinstance(body, dict):
        raise bad("failed to parse JSON input: json: cannot unmarshal into Go value")
    for name, value in body.items():
        if name not in known:
            raise bad(f"double: {name} is no field of {request.method} {request.path}")
        is_flag = isinstance(value, bool) and bool not in known[name]
        if value is not None and (is_flag or not isinstance(value, known[name])):
            raise bad(f"error converting input for field {name!r}: expected another type")
    return body
