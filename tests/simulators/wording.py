# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One answer in the many ways that HTTP has of saying it: servers and proxies use all of them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
_PIECE = 7


@dataclass(frozen=True)
class Wording:
    """How an answer is said; by default as this package's servers say it."""

    #: HTTP/1.0: the end of the connection is the end of the body, which has no length.
    is_old: bool = False
    #: Chunks with extensions, and a trailer after the last.
    is_chunked: bool = False
    #: Names of headers as HTTP/2 has them, which proxies pass on.
    is_lower: bool = False
    #: Packed without having been asked; said of an answer without a body as well.
    is_packed: bool = False
    #: Texts begin with a byte-order mark.
    is_marked: bool = False

    @property
    def version(self) -> str:
        """The protocol's version."""
        return "HTTP/1.0" if self.is_old else "HTTP/1.1"

    def name(self, header: str) -> str:
        """Return a header's name."""
        return header.lower() if self.is_lower else header

    def said(self, payload: bytes) -> tuple[bytes, dict[str, str]]:
        """Return a body as it is sent, and the headers that say how."""
        headers = {}
        if self.is_marked and payload[:1] in (b"{", b"[", b"<"):
            payload = _BOM + payload
        if self.is_packed:
            headers["Content-Encoding"] = "gzip"
            payload = gzip.compress(payload) if payload else b""
        if self.is_chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif not self.is_old:
            headers["Content-Length"] = str(len(payload))
        return payload, headers

    def sent(self, payload: bytes) -> bytes:
        """Return what goes over the wire for a body."""
        if not self.is_chunked:
            return payload
        pieces = (payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE))
        chunks = b"".join(b"%X;made=up\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        return chunks + b"0\r\nX-Trailer: made up\r\n\r\n"


USUAL = Wording()
WORDINGS = {
    "chunks": Wording(is_chunked=True, is_lower=True),
    "http10": Wording(is_old=True),
    "packed": Wording(is_packed=True),
    "packed_chunks": Wording(is_packed=True, is_chunked=True),
    "marked": Wording(is_marked=True, is_lower=True),
}
