# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in URLs: each stays what it is, or is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from .errors import CredentialsError


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
