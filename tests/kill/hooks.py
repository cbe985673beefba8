# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runner is made to tell the world: its requests and its file operations.

The patches are made once, before any fork, and sleep while no runner is connected.
"""

from __future__ import annotations

import builtins
import io
import os
import threading
from collections.abc import Mapping
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from botocore import httpsession
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from requests.structures import CaseInsensitiveDict

from ansible_collections.objectstore.credentials.plugins.module_utils import transport
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import file_locks
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_errors import (
    TransportError,
    closed,
)

from . import wire

Original = Callable[..., Any]
#: The system's own functions, for what the world does itself.
SYSTEM = {
    name: getattr(os, name)
    for name in (
        *("open", "close", "write", "unlink", "remove", "rmdir", "mkdir", "truncate", "link"),
        *("symlink", "chmod", "fsync", "fdatasync", "ftruncate", "rename", "replace"),
    )
}


class _Connection:
    """The runner's end of the wire, and where its files are."""

    def __init__(self) -> None:
        self.line: Optional[wire.Line] = None
        self.roots: list[str] = []
        #: Called before each request: what a background thread would have done by now.
        self.meanwhile: Callable[[], None] = lambda: None
        #: Open file -> its path below a root.
        self.watched: dict[int, str] = {}

    def announce(self, label: str) -> None:
        """Tell the world of a step; raise the error that it answers."""
        if self.line is None:
            return
        answer = self.line.ask(wire.STEP, label)
        if answer[0] == wire.FAIL:
            raise OSError(answer[1], os.strerror(answer[1]))

    def inside(self, path: Any, holder: Optional[int] = None) -> str:
        """Return a path as "store/..." when it is below a root, or nothing."""
        if self.line is None:
            return ""
        if isinstance(path, int):
            return self.watched.get(path, "")
        try:
            text = os.fsdecode(path)
        except TypeError:
            return ""
        if holder is not None:
            where = self.watched.get(holder)
            return os.path.normpath(os.path.join(where, text)) if where else ""
        text = os.path.abspath(text)
        for root in self.roots:
            if text == root or text.startswith(root + os.sep):
                return os.path.basename(root) + text[len(root) :]
        return ""


_HERE = _Connection()


def connect(line: wire.Line, roots: list[str], meanwhile: Callable[[], None]) -> None:
    """From now on, tell every request of the client layer and every change below the roots."""
    _HERE.line = line
    _HERE.meanwhile = meanwhile
    _HERE.roots = [os.path.realpath(root) for root in roots]
    _HERE.watched.clear()


def disconnect() -> None:
    """Tell nothing any more."""
    _HERE.line = None


def bury(directory: str) -> None:
    """Close what a runner that stands still has open below a directory: so its locks fall."""
    disconnect()
    for name in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # what listed the directory
        if path.startswith(directory + os.sep):
            SYSTEM["close"](int(name))
    # The one thing that a process remembers beyond a run.
    held = file_locks._held
    held -= {each for each in held if each[1].startswith(directory + os.sep)}


def patch() -> None:
    """Put the patches in place, once.

    pytest imports this file by a shorter name for the tests beside it; each patches for itself.
    """
    done: frozenset[str] = getattr(transport.Transport, "patched_by_kill", frozenset())
    if __name__ in done:
        return
    marks = done | {__name__}
    transport.Transport.patched_by_kill = marks  # type: ignore[attr-defined]  # a mark of ours
    _patch_transport()
    _patch_botocore()
    _patch_files()


# --- requests ----------------------------------------------------------------------------------


def _patch_transport() -> None:
    original: Original = transport.Transport.send

    def send(
        self: Any, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        if _HERE.line is None:
            result: tuple[int, Mapping[str, str], bytes] = original(
                self, method, url, headers, body
            )
            return result
        _HERE.meanwhile()
        return exchange(
            _HERE.line,
            method,
            url,
            headers,
            body,
            lambda: original(self, method, url, headers, body),
        )

    transport.Transport.send = send  # type: ignore[method-assign]  # the point of this file


def _patch_botocore() -> None:
    original: Original = httpsession.URLLib3Session.send

    def send(self: Any, request: Any) -> Any:
        if _HERE.line is None:
            return original(self, request)
        _HERE.meanwhile()
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        try:
            status, headers, content = exchange(
                _HERE.line, request.method, request.url, request.headers, body
            )
        except TransportError as exc:
            if exc.maybe_sent:
                raise ConnectionClosedError(endpoint_url=request.url) from None
            raise EndpointConnectionError(endpoint_url=request.url) from None
        response = AWSResponse(request.url, status, headers, None)
        response._content = content
        return response

    httpsession.URLLib3Session.send = send


Answered = tuple[int, Mapping[str, str], bytes]


def exchange(
    line: wire.Line,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    really: Optional[Callable[[], Answered]] = None,
) -> Answered:
    """Send one request over the wire; raise TransportError as the sockets would.

    really: sends it to where it is addressed, for a world that says so.
    """
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {str(name): _text(value) for name, value in headers.items()}
    sent.setdefault("Host", parts.netloc)
    if body:
        sent.setdefault("Content-Length", str(len(body)))
    answer = line.ask(wire.HTTP, parts.port, method, target, sent, bytes(body or b""))
    if answer[0] == wire.SEND and really is not None:
        return _sent(line, really, answer[1])
    if answer[0] == wire.LOST:
        if answer[1]:
            raise closed()
        raise TransportError(
            "unreachable", "the connection was refused", passing=True, maybe_sent=False
        )
    _unused, status, received, content = answer
    return status, CaseInsensitiveDict(received), content


def _sent(line: wire.Line, really: Callable[[], Answered], dies_after: float) -> Answered:
    """Send a request to a real system. dies_after: SIGKILL comes so many seconds after it began."""
    if dies_after:
        threading.Timer(dies_after, wire.die).start()
    try:
        answered = really()
    except TransportError:
        line.ask(wire.SENT, 0)
        raise
    line.ask(wire.SENT, answered[0])
    return answered


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


# --- files -------------------------------------------------------------------------------------


def _patch_files() -> None:
    inside, announce, watched = _HERE.inside, _HERE.announce, _HERE.watched

    def around(name: str, describe: Callable[..., str]) -> None:
        original: Original = SYSTEM[name]

        def call(*args: Any, **kwargs: Any) -> Any:
            if _HERE.line is not None:
                where = describe(*args, **kwargs)
                if where:
                    announce(f"{name} {where}")
            return original(*args, **kwargs)

        setattr(os, name, call)

    def open_(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        where = inside(path, kwargs.get("dir_fd"))
        if where and flags & (os.O_CREAT | os.O_TRUNC):
            announce(f"open {where}")
        number: int = SYSTEM["open"](path, flags, *args, **kwargs)
        # A number may be that of a file that was closed where no patch sees it.
        watched.pop(number, None)
        if where:
            watched[number] = where
        return number

    def close(number: int) -> None:
        watched.pop(number, None)
        SYSTEM["close"](number)

    def write(number: int, data: Any) -> int:
        where = watched.get(number) if _HERE.line is not None else None
        if where and _HERE.line is not None:
            answer = _HERE.line.ask(wire.STEP, f"write {where}")
            if answer[0] == wire.FAIL:
                raise OSError(answer[1], os.strerror(answer[1]))
            if answer[0] == wire.DIE:  # in the middle of it
                SYSTEM["write"](number, bytes(data)[: len(data) // 2])
                _HERE.line.die()
        written: int = SYSTEM["write"](number, data)
        return written

    def by_path(path: Any, *rest: Any, dir_fd: Optional[int] = None, **more: Any) -> str:
        return inside(path, dir_fd)

    def by_number(number: Any, *rest: Any) -> str:
        if not isinstance(number, int):
            number = number.fileno()
        return watched.get(number, "")

    def target(
        source: Any,
        destination: Any,
        *rest: Any,
        src_dir_fd: Optional[int] = None,
        dst_dir_fd: Optional[int] = None,
        **more: Any,
    ) -> str:
        return inside(destination, dst_dir_fd)

    for name in ("unlink", "remove", "rmdir", "mkdir", "truncate", "chmod"):
        around(name, by_path)
    for name in ("fsync", "fdatasync", "ftruncate"):
        around(name, by_number)
    for name in ("rename", "replace", "link", "symlink"):
        around(name, target)
    for name, patched in (("open", open_), ("close", close), ("write", write)):
        setattr(os, name, patched)
    _patch_builtin_open()


def _patch_builtin_open() -> None:
    """Follow files opened by open(): their opening is a step, and so is their being flushed."""
    original: Original = io.open

    def open_(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if _HERE.line is not None and any(letter in mode for letter in "wax+"):
            where = _HERE.inside(file)
            if where:
                _HERE.announce(f"{'write' if isinstance(file, int) else 'open'} {where}")
        return original(file, mode, *args, **kwargs)

    for module in (io, builtins):
        module.open = open_  # type: ignore[attr-defined]  # the point of this file
