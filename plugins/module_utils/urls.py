# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in URLs: each stays what it is, or is refused. And whether two URLs are one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from .errors import CredentialsError

_PORTS = {"https": 443, "http": 80}


def path(*segments: Any) -> str:
    """Join segments to a path, each percent-encoded whole, so that no name becomes another path.

    Raises unsupported for a name that no URL can carry.
    """
    for segment in segments:
        if str(segment) in ("", ".", ".."):
            raise _refused(segment)
    return "/" + "/".join(_quoted(str(segment)) for segment in segments)


def query_of(pairs: Iterable[tuple[str, str]]) -> str:
    """Join names and values to a query or form, each encoded whole. Raises unsupported as path."""
    found = list(pairs)
    try:
        return urlencode(found, quote_via=quote)
    except UnicodeEncodeError as exc:
        raise _refused(exc.object) from None


def same_url(one: str, other: str) -> bool:
    """Tell whether two URLs are the same place, up to case of the host and a trailing slash."""
    try:
        return _place(one.strip()) == _place(other.strip())
    except ValueError:
        return False


def same_origin(one: str, other: str) -> bool:
    """Tell whether two URLs have the same scheme, host and port."""
    try:
        return _place(one)[:3] == _place(other)[:3]
    except ValueError:
        return False


def _place(url: str) -> tuple[str, str, int | None, str]:
    parts = _split(url)
    host, port = (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    return parts.scheme, host, port, parts.path.rstrip("/")


def _split(url: str) -> SplitResult:
    r"""Return the parts of a URL. Raises ValueError for one whose host not everybody agrees on.

    http://evil\@good/ is a URL of good to urlsplit, and urllib3 connects to evil. A user name and a
    password inside a URL would also take the place of the login.
    """
    parts = urlsplit(url)
    if any(c in "@\\" or c.isspace() or not c.isprintable() for c in parts.netloc):
        raise ValueError("a login or a backslash beside the host")
    return parts


def _quoted(name: str) -> str:
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise _refused(name) from None


def _refused(name: Any) -> CredentialsError:
    """Return the error for "", ".", ".." and texts with half a character (a lone surrogate)."""
    return CredentialsError(
        "unsupported",
        f"{str(name)!r} cannot be a name here: a URL cannot carry it.",
        next_step="Rename it at the platform, or leave it out.",
    ).at(step="address")
