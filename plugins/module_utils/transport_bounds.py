# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds on all that comes in answer to one request, what stands around its body included.

The standard library reads on for as long as a server says that its answer is still to come (100
Continue), and urllib3 for as long as trailers follow the last chunk; neither looks at a clock
between two pieces of a line.
"""

# pylint: disable=no-name-in-module  # it takes our http.py for the standard library's

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

from .transport_errors import TransportError

#: Bytes around a body: first lines, headers, sizes of chunks, trailers.
_AROUND = 4 * 1024 * 1024
#: Answers that only say that another comes.
_MOST_ANNOUNCED = 20
#: A list in a list in a list: no answer of any API has a tenth of it.
_DEEPEST = 100
#: Of UTF-8's byte-order mark, which IIS puts before its pages, and white space.
_BLANK = b"\xef\xbb\xbf \t\r\n"
#: Bytes that are unpacked at a time.
_PART = 64 * 1024


def _over(kind: str, why: str) -> TransportError:
    return TransportError(kind, why, passing=False, maybe_sent=True)


class _Watched(io.RawIOBase):
    """What a socket gives, until it was too long or too much."""

    def __init__(self, inner: Any, seconds: float, most: int) -> None:
        self._inner = inner
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._left = most

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> Any:
        """Read what is there. Raises TransportError, which nothing on the way takes for its own."""
        if time.monotonic() > self._until:
            raise _over("timeout", f"the answer was not complete within {self._seconds:g} s")
        if self._left < 0:
            raise _over("malformed_answer", "the answer does not end")
        count = self._inner.readinto(buffer)
        self._left -= count or 0
        return count

    def fileno(self) -> int:
        """Return the socket's number."""
        return int(self._inner.fileno())

    def close(self) -> None:
        """Let the socket go."""
        self._inner.close()
        super().close()


def bounded_response(seconds: float, largest: int) -> type[HTTPResponse]:
    """Return the class of answers that end within so many seconds and bytes of body."""

    class BoundedResponse(HTTPResponse):
        """An answer that ends."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            raw: Any = self.fp
            self._announced = 0
            self.fp = io.BufferedReader(_Watched(raw.detach(), seconds, largest + _AROUND))

        def _read_status(self) -> Any:
            self._announced += 1
            if self._announced > _MOST_ANNOUNCED:
                raise _over("malformed_answer", "the answer is announced again and again")
            return super()._read_status()  # type: ignore[misc]  # begin() calls it

    return BoundedResponse


def unpacked(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield what pieces of a body hold, a bounded part at a time: urllib3 unpacks them whole.

    Nobody asked for it to be packed; some proxies do it all the same, by gzip, and say so of a body
    that is not there as well (HTTP 204, HEAD). Raises TransportError for what is packed otherwise,
    or again and again.
    """
    packing = encoding.strip().lower()
    if packing in ("", "identity"):
        yield from pieces
        return
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise _over("malformed_answer", "the answer is packed in a way that nobody asked for")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    is_empty = True
    try:
        for piece in pieces:
            rest = piece
            is_empty = is_empty and not piece
            while rest and not unpacker.eof:
                yield unpacker.decompress(rest, _PART)
                rest = unpacker.unconsumed_tail
    except zlib.error:
        raise _over("malformed_answer", "the answer cannot be unpacked") from None
    if not unpacker.eof and not is_empty:
        raise _over("malformed_answer", "the packed answer is cut off")


def is_markup(body: bytes) -> bool:
    """Tell whether a body begins like a web page or XML, also after a byte-order mark."""
    return body.lstrip(_BLANK)[:1] == b"<"


def is_too_deep(value: Any) -> bool:
    """Tell whether decoded JSON is nested deeper than what walks through it can follow.

    Python's own limit is not met while it is read (since 3.12), but by whoever comes later, and
    the result of a whole run would be lost when it is written.
    """
    level = [value]
    for _depth in range(_DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True
