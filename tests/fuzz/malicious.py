# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that means harm: every attack is a mode. A second one, elsewhere, counts who comes.

It speaks bytes, because no HTTP library lets its user send what these modes send. How much it could
send before its client hung up is what shows that the client has bounds.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: What a terminal, a page or a template would act on.
ESCAPES = "\x1b[31mRED\x1b]0;owned\x07\x9b31m\x00\u202egnp {{ 7 * 6 }} <script>alert(1)</script>"
#: More than any bound of ours: a client that takes so much has none.
FLOOD = 256 * 1024 * 1024
CHUNK = b" " * 65536
DEEP = 50_000
#: Small, and 64 MiB when unpacked.
_BOMB = gzip.compress(b" " * (64 * 1024 * 1024))


@dataclass
class Heard:
    """One request: its first line, its headers as sent, and how much the answer could send."""

    line: str
    head: str
    sent: int = 0


@dataclass
class Answering:
    """One connection that is answered."""

    connection: socket.socket
    heard: Heard
    elsewhere: str

    def send(self, *parts: bytes) -> None:
        """Send bytes; raises OSError when the client has hung up."""
        for part in parts:
            self.connection.sendall(part)
            self.heard.sent += len(part)

    def reply(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        """Send a whole answer."""
        lines = [f"HTTP/1.1 {status}", *headers]
        if not any(line.lower().startswith(("content-length", "transfer-enc")) for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"), body)

    def json(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        """Send a whole answer that says that it is JSON."""
        self.reply(body, "Content-Type: application/json", *headers, status=status)


Mode = Callable[[Answering], None]
MODES: dict[str, Mode] = {}


def mode(attack: Mode) -> Mode:
    """Make an attack known by its name."""
    MODES[attack.__name__] = attack
    return attack


def flood(answering: Answering, part: bytes = CHUNK) -> None:
    """Send without end."""
    while answering.heard.sent < FLOOD:
        answering.send(part)


@mode
def endless_body(answering: Answering) -> None:
    """A body that never ends, of which no length is said."""
    answering.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    flood(answering)


@mode
def huge_length(answering: Answering) -> None:
    """A body of a length that no memory holds."""
    answering.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999999999\r\n\r\n")
    flood(answering)


@mode
def negative_length(answering: Answering) -> None:
    """A body of less than nothing."""
    answering.reply(b"{}", "Content-Length: -1")


@mode
def two_lengths(answering: Answering) -> None:
    """Two lengths that differ."""
    answering.reply(b'{"a": 1}', "Content-Length: 2", "Content-Length: 8")


@mode
def short_body(answering: Answering) -> None:
    """Less than was said."""
    answering.reply(b'{"records": [', "Content-Length: 9999")


@mode
def endless_headers(answering: Answering) -> None:
    """Headers that never end."""
    answering.send(b"HTTP/1.1 200 OK\r\n")
    flood(answering, b"X-Filler: " + b"x" * 1000 + b"\r\n")


@mode
def endless_header(answering: Answering) -> None:
    """One header that never ends."""
    answering.send(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    flood(answering)


@mode
def endless_status(answering: Answering) -> None:
    """A first line that never ends."""
    answering.send(b"HTTP/1.1 200 ")
    flood(answering)


@mode
def informational(answering: Answering) -> None:
    """Answers that only say that another comes."""
    flood(answering, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@mode
def early_hints(answering: Answering) -> None:
    """Hints without end."""
    flood(answering, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)


@mode
def deep_json(answering: Answering) -> None:
    """A list in a list in a list."""
    answering.json(b"[" * DEEP + b"]" * DEEP)


@mode
def rather_deep_json(answering: Answering) -> None:
    """What Python 3.12 and later read, and cannot write again."""
    answering.json(b'{"records":' * 2_000 + b"[]" + b"}" * 2_000)


@mode
def deep_object(answering: Answering) -> None:
    """An object in an object, never closed."""
    answering.json(b'{"records":' * DEEP)


@mode
def huge_number(answering: Answering) -> None:
    """A number that takes minutes to read."""
    answering.json(b'{"num_records": ' + b"9" * 2_000_000 + b"}")


@mode
def odd_numbers(answering: Answering) -> None:
    """Numbers that are none."""
    answering.json(b'{"num_records": NaN, "records": [Infinity, -Infinity, 1e999]}')


@mode
def doubled_names(answering: Answering) -> None:
    """One name twice, with two values."""
    answering.json(b'{"records": [], "records": {"a": 1}, "error": null, "error": "x"}')


@mode
def lone_surrogates(answering: Answering) -> None:
    """Half a character for a name."""
    answering.json(b'{"records": [{"name": "\\ud800", "svm": {"name": "\\udfff"}}], "\\ud800": 1}')


@mode
def gzip_bomb(answering: Answering) -> None:
    """A few bytes that become many, many times over."""
    answering.json(_BOMB, "Content-Encoding: gzip")


@mode
def bombs_in_bombs(answering: Answering) -> None:
    """Packed again and again."""
    answering.json(gzip.compress(gzip.compress(_BOMB)), "Content-Encoding: gzip, gzip, gzip")


@mode
def many_encodings(answering: Answering) -> None:
    """More ways of packing than anybody unpacks."""
    answering.json(b"{}", "Content-Encoding: " + ", ".join(["gzip"] * 1000))


@mode
def broken_gzip(answering: Answering) -> None:
    """Packed, it says."""
    answering.json(b"\x1f\x8b\x08\x00 no", "Content-Encoding: gzip")


@mode
def huge_chunk(answering: Answering) -> None:
    """A chunk of a size that no memory holds."""
    answering.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
    flood(answering)


@mode
def endless_chunks(answering: Answering) -> None:
    """Chunk after chunk."""
    answering.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    flood(answering, b"10000\r\n" + CHUNK + b"\r\n")


@mode
def endless_chunk_line(answering: Answering) -> None:
    """The size of a chunk never ends."""
    answering.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    flood(answering)


@mode
def broken_chunk(answering: Answering) -> None:
    """A chunk whose size is none."""
    answering.reply(b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked")


@mode
def endless_trailers(answering: Answering) -> None:
    """What follows the last chunk never ends."""
    answering.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    flood(answering, b"X-Trailer: " + b"x" * 1000 + b"\r\n")


@mode
def no_http(answering: Answering) -> None:
    """Another protocol."""
    answering.send(b"SSH-2.0-OpenSSH_9.6\r\n" + b"\x00\xff" * 500)


@mode
def silence(answering: Answering) -> None:
    """Nothing at all, and then the end."""


@mode
def other_charset(answering: Answering) -> None:
    """JSON in a charset that hides its signs."""
    answering.reply(b"+AHsAfQ-", "Content-Type: application/json; charset=utf-7")


@mode
def utf16(answering: Answering) -> None:
    """JSON in UTF-16 with a mark."""
    answering.json(json.dumps({"error": {"message": ESCAPES}}).encode("utf-16"))


@mode
def a_page(answering: Answering) -> None:
    """A page that asks for a login."""
    page = f"<!DOCTYPE html><html><title>{ESCAPES}</title><form action=//x><input></form></html>"
    answering.reply(page.encode(), "Content-Type: text/html")


@mode
def cookies(answering: Answering) -> None:
    """Cookies for other places, in a redirect to the same place."""
    answering.reply(
        b"",
        "Set-Cookie: stolen=yes; Domain=127.0.0.1; Path=/",
        "Location: /again",
        status="302 Found",
    )


def _redirect(name: str, where: str) -> None:
    def attack(answering: Answering) -> None:
        target = where.replace("{elsewhere}", answering.elsewhere)
        answering.reply(b"", f"Location: {target}", status="302 Found")

    attack.__doc__ = f"A redirect to {where}."
    MODES[name] = attack


_redirect("redirect_to_another_port", "http://{elsewhere}/taken")
_redirect("redirect_to_another_scheme", "https://{elsewhere}/taken")
_redirect("redirect_without_a_scheme", "//{elsewhere}/taken")
_redirect("redirect_with_a_login", "http://user:pass@{elsewhere}/taken")
_redirect("redirect_with_a_backslash", "http:\\\\{elsewhere}\\taken")
_redirect("redirect_with_a_tab", "ht\ttp://{elsewhere}/taken")
_redirect("redirect_to_a_file", "file:///etc/passwd")
_redirect("redirect_to_script", "javascript:alert(1)")
_redirect("redirect_with_escapes", "http://\x1b[31m\x9b.invalid/")


def _error(name: str, status: str, body: Callable[[str], object]) -> None:
    def attack(answering: Answering) -> None:
        answering.json(json.dumps(body(ESCAPES)).encode(), status=status)

    attack.__doc__ = f"Escapes in the error texts of HTTP {status}."
    MODES[name] = attack


def _everywhere(text: str) -> object:
    """Put a text wherever one of the platforms reads an error."""
    return {
        "error": {"message": text, "code": text, "title": text, "target": text},
        "error_msg": text,
        "error_code": text,
        "errorMessage": text,
        "errorCode": text,
        "message": text,
        "minorErrorCode": text,
        "errList": [{"errLogMessage": text, "errorCode": text}],
        "errors": [{"text": text, "key": text}],
        "Code": text,
        "RequestId": text,
    }


_error("escapes_in_400", "400 Bad Request", _everywhere)
_error("escapes_in_401", "401 Unauthorized", _everywhere)
_error("escapes_in_403", "403 Forbidden", _everywhere)
_error("escapes_in_404", "404 Not Found", _everywhere)
_error("escapes_in_500", "500 Internal Server Error", _everywhere)
_error("escapes_in_200", "200 OK", _everywhere)


@mode
def escapes_in_xml(answering: Answering) -> None:
    """Escapes in an error in XML, as S3 and IAM send them."""
    said = "\u202egnp\x9b31m {{ 7 * 6 }} &lt;script&gt;"
    body = f"<Error><Code>{said}</Code><Message>{said}</Message></Error>"
    whole = f"<ErrorResponse>{body}</ErrorResponse>" if "Action=" in answering.heard.head else body
    answering.reply(whole.encode(), "Content-Type: application/xml", status="403 Forbidden")


@mode
def xml_bomb(answering: Answering) -> None:
    """Entities of entities."""
    levels = '<!ENTITY e0 "lol">'
    for number in range(1, 10):
        inner = f"&e{number - 1};" * 10
        levels += f'<!ENTITY e{number} "{inner}">'
    body = f"<?xml version='1.0'?><!DOCTYPE Error [{levels}]><Error><Code>&e9;</Code></Error>"
    answering.reply(body.encode(), "Content-Type: application/xml", status="403 Forbidden")


@mode
def deep_xml(answering: Answering) -> None:
    """An element in an element."""
    body = b"<Error>" + b"<a>" * DEEP + b"</a>" * DEEP + b"</Error>"
    answering.reply(body, "Content-Type: application/xml", status="403 Forbidden")


@mode
def escapes_in_the_status(answering: Answering) -> None:
    """Escapes in the reason and in headers."""
    answering.reply(
        b"{}",
        "Retry-After: \x1b[31m9999999999999999",
        "Date: \x1b]0;owned\x07",
        "Content-Type: \x9b31m",
        "Location: \x1b[31m",
        status="400 \x1b[31mRED",
    )


@dataclass
class Malicious:
    """The server. heard: what came so far."""

    attack: str
    elsewhere: str = "127.0.0.1:9"
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        # A client that stopped to read is found out, and no thread stays behind.
        connection.settimeout(30)
        with contextlib.suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(65536)
                if not more:
                    return
                head += more
            text = head.decode("latin-1")
            heard = Heard(text.partition("\r\n")[0], text)
            self.heard.append(heard)
            MODES[self.attack](Answering(connection, heard, self.elsewhere))
            connection.shutdown(socket.SHUT_WR)
            # What is still on its way is taken, lest a reset takes the answer away from the client.
            while connection.recv(65536):
                pass

    def stop(self) -> None:
        """Hang up on everybody."""
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.close()


@contextlib.contextmanager
def attacked(attack: str) -> Iterator[tuple[Malicious, Malicious]]:
    """Serve an attack, and elsewhere a place where nobody is to come."""
    elsewhere = Malicious("silence")
    server = Malicious(attack, f"127.0.0.1:{elsewhere.port}")
    try:
        yield server, elsewhere
    finally:
        server.stop()
        elsewhere.stop()
