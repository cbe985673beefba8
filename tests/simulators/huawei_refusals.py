# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated IAM refuses, and the shapes in which clouds and releases say so."""

from __future__ import annotations

from typing import Any

from .base import Response

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
}
#: The code that the IAM form shows where the Keystone form shows none.
_CODES = {400: "IAM.0007", 401: "IAM.0001", 403: "IAM.0002", 404: "IAM.0004", 409: "IAM.0005"}


class Refusal(Exception):  # noqa: N818  # an answer of the platform, no defect of ours
    """A request is refused. family: whose documented shape it has: keystone, iam, gateway, v5."""

    def __init__(self, status: int, message: str, code: str = "", family: str = "keystone") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.family = family


def gateway(message: str, code: str = "APIGW.0301", status: int = 401) -> Refusal:
    """Return a refusal of the API gateway in front of IAM."""
    return Refusal(status, message, code, "gateway")


def iam(status: int, code: str, message: str) -> Refusal:
    """Return a refusal with one of IAM's own codes."""
    return Refusal(status, message, code, "iam")


def v5(status: int, code: str, message: str) -> Refusal:
    """Return a refusal of the v5 API."""
    return Refusal(status, message, code, "v5")


def forbidden(action: str) -> Refusal:
    """Return the refusal for a missing right."""
    return Refusal(
        403, f"You are not authorized to perform the requested action: identity:{action}."
    )


def rendered(refusal: Refusal, shape: str, prefix: str, request_id: str) -> Response:
    """Return the response in a shape: documented, mainland, keystone, iam or gateway.

    prefix: APIGW, or APIG on older clouds.
    """
    family, code = refusal.family, refusal.code
    if family == "gateway":
        code = code.replace("APIGW", prefix)
    elif family in ("keystone", "iam") and shape not in ("documented", "mainland"):
        family = shape
    body: dict[str, Any]
    if family == "keystone":
        error: dict[str, Any] = {
            "message": refusal.message,
            "code": refusal.status,
            "title": _TITLES.get(refusal.status, "Error"),
        }
        if shape == "mainland":
            error.update({"error_msg": None, "error_code": None})
        body = {"error": error}
    else:
        code = code or _CODES.get(refusal.status, "IAM.0006")
        body = {"error_msg": refusal.message, "error_code": code}
        if family != "iam":
            body["request_id"] = request_id
        if family == "v5" and refusal.status == 403:
            body["encoded_authorization_message"] = "XBtrTcA3xKr9d2lvbl9tZXNzYWdl"
    return Response(refusal.status, body)
