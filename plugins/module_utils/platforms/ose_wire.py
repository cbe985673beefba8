# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both flavors of OSE have in common on the wire: pages, rows, dates, error bodies."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..clock import parse_time
from ..errors import CredentialsError
from ..http import Answer
from ..listing import Listing
from ..model import ACTIVE, INACTIVE, Account, AccountRef
from ..platform import ErrorParts, Platform
from ..transport_bounds import is_too_deep

#: What one adapter shows in place of a secret that it does not have; also sent where a secret must
#: stand and none is known: the operation wants the whole object, and only "active" takes effect.
NOT_AVAILABLE = "Not Available"

#: In milliseconds this is 1973, in seconds the year 5138: what is below counts seconds.
_NO_MILLISECONDS = 1e11

#: The default of every adapter known; what they take at most is published nowhere.
PAGE = 100


def rows(
    platform: Platform,
    where: str,
    identity: str,
    *,
    info: str,
    query: Mapping[str, Any] | None = None,
    effect: str | None = None,
    doing: str,
    account: str | None = None,
    whole: Listing | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a paged listing, each once. Reads only, unless effect says otherwise.

    identity: the property that tells rows apart; info: where total and limit stand. Page sizes and
    totals are not trusted: one adapter ignores the offset and gives the size of the page as total.
    So a full page is followed by another request, any page where no total is told (its size may be
    the server's own), and a page that adds nothing ends the listing.
    whole: counts the rows of several listings together. Raises malformed_answer where there is no
    end.
    """
    pages = platform.begin_listing(doing)
    seen: set[str] = set()
    offset = 0
    while True:
        answer = platform.call(
            "GET",
            where,
            query={**(query or {}), "offset": offset, "limit": PAGE},
            effect=effect,
            doing=doing,
            account=account,
        )
        items, total, limit = _page(platform, answer, info)
        pages.page(len(items), len(answer.body))
        if whole is not None:
            whole.more(len(items), len(answer.body))
        fresh = 0
        for item in items:
            name = text_of(platform, answer, item, identity)
            if name not in seen:
                seen.add(name)
                fresh += 1
                yield item
        offset += len(items)
        if total and not seen:
            # Nothing is not what it counts: taken for proof, it would end what works.
            raise platform.placed(answer.malformed(f"none of the {total} rows that it counts"))
        if not fresh or (total is not None and len(items) < limit and offset >= total):
            return


def _page(
    platform: Platform, answer: Answer, info: str
) -> tuple[list[dict[str, Any]], int | None, int]:
    page = row_of(platform, answer)
    items = page.get("items")
    if "items" not in page and info not in page:
        raise platform.placed(answer.malformed("no page of rows"))
    if items is None:
        items = []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise platform.placed(answer.malformed("a page whose items are no objects"))
    numbers = page.get(info)
    numbers = numbers if isinstance(numbers, dict) else {}
    limit = _number(numbers.get("limit"))
    return items, _number(numbers.get("total")), min(limit, PAGE) if limit else PAGE


def _number(value: Any) -> int | None:
    """Return a count, also one that came as text; None where there is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def row_of(platform: Platform, answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises malformed_answer."""
    try:
        return answer.json_object()
    except CredentialsError as exc:
        raise platform.placed(exc) from None


def text_of(platform: Platform, answer: Answer, row: Mapping[str, Any], name: str) -> str:
    """Return a property that must be there as text. Raises malformed_answer, naming it."""
    value = row.get(name)
    if isinstance(value, str) and value:
        return value
    raise platform.placed(answer.malformed(f"a row without {name}"))


def is_meant(account: Account, ref: AccountRef) -> bool:
    """Tell whether an account is the one that the operator named, compared exactly."""
    return account.id == ref.id if ref.id is not None else account.name == ref.name


def flag_of(platform: Platform, row: Mapping[str, Any], name: str, of: str) -> bool | None:
    """Return a property that is true or false, also as text; None: null or missing.

    Raises malformed_answer for anything else: to guess could end the last key that works.
    """
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in ("true", "false"):
        return word == "true"
    raise platform.fail(
        "malformed_answer", f"{of} has {name!r} {value!r}, which is neither true nor false."
    )


def status_of(platform: Platform, row: Mapping[str, Any], of: str) -> str:
    """Return the status; no C(active), or null, means active (the OSIS specification says so)."""
    return INACTIVE if flag_of(platform, row, "active", of) is False else ACTIVE


def date_of(value: Any) -> dt.datetime | None:
    """Return a date given as ISO 8601 or, by Java's ways, in milliseconds or seconds since 1970."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        seconds = value if value < _NO_MILLISECONDS else value / 1000
        try:
            return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
        except (OverflowError, OSError, ValueError):
            return None
    return parse_time(value)


def read_error(answer: Answer) -> ErrorParts:
    """Read an error body: its kind (None: by status), code and message.

    Shapes: {code, message} (OSIS); {status, code, message} (OSE); {timestamp, status, error, path}
    and perhaps message (Spring); {status, message, error_code}, sent twice in a row by the token
    filter of the adapters; plain text; nothing.
    """
    body = _first_object(answer)
    if body is None:
        text = answer.excerpt()
        if not text and answer.status == 501:
            text = "it does not implement this operation"
        return None, None, text
    code = body.get("code", body.get("error_code"))
    for name in ("message", "error", "error_description", "minorErrorCode"):
        message = body.get(name)
        if isinstance(message, str) and message.strip():
            break
    else:
        message = answer.excerpt()
    if answer.status == 404 and code is None and isinstance(body.get("path"), str):
        message = f"{message} (path {body['path']})"
    coded = None if code is None else str(code)
    # What OSE answers where the storage cannot do it is not published; the words are looked for.
    unable = coded is not None and "NOT_SUPPORTED" in coded.upper()
    return ("unsupported" if unable else None), coded, str(message)


def _first_object(answer: Answer) -> dict[str, Any] | None:
    try:
        text = answer.body.decode("utf-8-sig", "replace").lstrip()
        value, _end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if is_too_deep(value):
        return None
    answer.redactor.learn_from(value)
    return value if isinstance(value, dict) else None


def secret_in(row: Mapping[str, Any]) -> str | None:
    """Return the secret key in a credential of either flavor, or None."""
    secret = row.get("secret_key") or row.get("secretKey")
    return secret if isinstance(secret, str) and secret != NOT_AVAILABLE else None
