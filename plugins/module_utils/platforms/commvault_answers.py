# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Commvault answers: codes that are numbers or words, pairs, and rows of several shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Optional

from ..errors import CredentialsError

Body = dict[str, Any]

#: Success is 0 when a vault is made, 200 when a key comes inline, a word in the published schema.
_SUCCESS = ("", "0", "200", "NO_ERROR")

#: The published words. No numbers are published for them, so a number alone tells no kind.
_KINDS = {
    "INVALID_INPUT": "rejected",
    "VALUE_NOT_FOUND": "not_found",
    "UNKNOWN_EXCEPTION": "platform_error",
    "CONNECTION_PROBLEM": "platform_error",
    "UNKNOWN_SQL_ERROR": "platform_error",
    "INVALID_USER": "rejected",
    "INVALID_OPERATION_TYPE": "unsupported",
    "INTERNAL_SERVER_PROBLEM": "platform_error",
    "INSUFFICIENT_USER_PERMISSION_ON_ENTITY": "permission",
    "INVALID_ENTITY_ID": "not_found",
    "REFRESH_TOKEN_EXPIRED": "authentication",
}
_MESSAGES = ("errorMessage", "errLogMessage", "errorString", "errorMsg")
_VERDICT = frozenset({"errorCode", "errList", "warningCode", "warningMessage", *_MESSAGES})
_INFO = "processinginstructioninfo"


def is_success(code: Any) -> bool:
    """Tell whether an error code says that there was none."""
    return code is None or str(code).strip().upper() in _SUCCESS


def is_code(code: Optional[str]) -> bool:
    """Tell whether an error code is a number or a word, as Commvault's are."""
    return code is None or bool(re.fullmatch(r"-?\w*", code))


def verdict(body: Body) -> Optional[tuple[Optional[str], str]]:
    """Return code and message of the failure that a body reports, or None when it reports none."""
    for part, always in _verdicts(body):
        code = part.get("errorCode")
        if always or not is_success(code):
            message = next((str(part[name]) for name in _MESSAGES if part.get(name)), "no message")
            return None if is_success(code) else str(code).strip(), message
    return None


def _verdicts(body: Body) -> Iterator[tuple[Body, bool]]:
    """Yield the places where a verdict may stand; True: being there at all means failure."""
    yield body, False
    for name in ("response", "error"):
        inside = body.get(name)
        for part in inside if isinstance(inside, list) else [inside]:
            if isinstance(part, dict):
                yield part, False
    listed = body.get("errList")
    for part in listed if isinstance(listed, list) else []:
        if isinstance(part, dict):
            yield part, "errorCode" not in part


def kind_of(code: Optional[str], message: str, status: int) -> Optional[str]:
    """Return the kind of error that a code means; None: what the HTTP status says."""
    if code is not None and code.upper() in _KINDS:
        return _KINDS[code.upper()]
    if status < 300 and code == "5" and "access denied" in message.lower():
        return "authentication"
    return None


def pair_in(body: Body) -> tuple[str, str]:
    """Return access key and secret key from the top of an answer or its response, or two blanks."""
    for part in (body, inner(body, "response")):
        named = {str(name).lower(): value for name, value in part.items()}
        access_key, secret_key = named.get("accesskeyid"), named.get("secretaccesskey")
        if access_key or secret_key:
            return _text(access_key), _text(secret_key)
    return "", ""


def rows(body: Body, name: str) -> list[Body]:
    """Return the rows of a listing; an empty one may lack its list.

    Raises malformed_answer when there is no such list.
    """
    found = body.get(name)
    if found is None and _is_empty(body):
        return []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise _malformed(f"no list {name!r} in the answer")
    return found


def _is_empty(body: Body) -> bool:
    """Tell whether a body without rows means that there are none: a count of 0, or no content.

    A verdict is no content; that it is one of success is known by now.
    """
    for name, value in body.items():
        if name in ("response", "error") and isinstance(value, dict):
            if not set(value) <= _VERDICT:
                return False
        elif name not in _VERDICT and name != _INFO and value not in (0, "0", None):
            return False
    return True


def identity(row: Body, id_name: str, text_name: str) -> tuple[int, str]:
    """Return the identifier and the name of a row, both of which must be there.

    An identifier is a number, also as text. Raises malformed_answer.
    """
    number, name = row.get(id_name), row.get(text_name)
    if isinstance(number, str) and re.fullmatch(r"[0-9]{1,18}", number):
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int) or not isinstance(name, str):
        raise _malformed(f"a row without {id_name} or {text_name}")
    return number, name


def inner(body: Body, *names: str) -> Body:
    """Return the object found by following the names, or an empty one."""
    for name in names:
        found = body.get(name)
        body = found if isinstance(found, dict) else {}
    return body


def as_int(value: Any, default: int = 0) -> int:
    """Return a whole number that may have come as text; the default where there is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        # Overflow: JSON like 1e999 is read as infinity.
        return default


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _malformed(what: str) -> CredentialsError:
    return CredentialsError("malformed_answer", f"Commvault's answer has the wrong shape: {what}.")
