# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's end of the line to a module: shows progress, hands over vault secrets.

A Unix socket in a folder of mode 0700, because arguments stay behind in temporary files and the
environment shows at -vvv. The other end is plugins/module_utils/liaison.py.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import selectors
import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional

from ..module_utils.threads import leave_signals

#: The longest path that a socket address holds is 104 to 108 bytes, by system.
_LONGEST_PATH = 100
#: A module sends short lines; one that does not is not listened to.
_LONGEST_LINE = 1 << 16
#: Seconds that the end of the module's line waits for the thread.
_PATIENCE = 5.0
VaultSecrets = Iterable[tuple[str, bytes]]


class Liaison:
    """Serves one module while the with block lasts; path is None where that cannot be had.

    The folder goes as soon as the module is connected. show: called with what the module reports.
    vault_secrets: what a module run by this very user may ask for; on systems that do not tell who
    is at the other end, nobody gets any. Nothing that goes wrong here fails the task.
    """

    def __init__(
        self,
        show: Callable[[Mapping[str, Any]], None],
        vault_secrets: VaultSecrets = (),
        folders: Iterable[Optional[str]] = (),
    ) -> None:
        self._show = show
        self._vault_secrets = list(vault_secrets)
        #: Where the socket's folder may be made, the best first.
        self._folders = [folder for folder in (*folders, tempfile.gettempdir(), "/tmp") if folder]  # noqa: S108  # a 0700 folder is made in it
        self._folder: Optional[str] = None
        self._thread: Optional[threading.Thread] = None
        self._selector: Optional[selectors.BaseSelector] = None
        self._wake: Optional[socket.socket] = None
        self._received: dict[socket.socket, bytes] = {}
        self.path: Optional[str] = None

    def __enter__(self) -> Liaison:
        try:
            self._folder = _private_folder(self._folders)
            self._listen(os.path.join(self._folder, "s"))
        except (OSError, AttributeError):
            self._tidy()
        return self

    def __exit__(self, *exc: object) -> None:
        self._tidy()

    def _listen(self, path: str) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        selector = self._selector = selectors.DefaultSelector()
        selector.register(listener, selectors.EVENT_READ)
        self._wake, woken = socket.socketpair()
        selector.register(woken, selectors.EVENT_READ)
        listener.bind(path)
        listener.listen(2)
        self._thread = threading.Thread(target=self._serve, args=(listener, woken), daemon=True)
        self._thread.start()
        self.path = path

    def _tidy(self) -> None:
        """Hang up, end the thread, remove the folder."""
        self.path = None
        if self._wake is not None:
            self._wake.close()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            self._thread = None
        if self._selector is not None:
            with contextlib.suppress(RuntimeError, OSError):
                for key in list(self._selector.get_map().values()):
                    key.fileobj.close()  # type: ignore[union-attr]  # all are sockets
                self._selector.close()
            self._selector = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    # --- in the thread ---------------------------------------------------------------------------

    def _serve(self, listener: socket.socket, woken: socket.socket) -> None:
        leave_signals()
        if self._selector is None:
            raise RuntimeError("self._selector")
        while True:
            ready = [key.fileobj for key, _events in self._selector.select()]
            is_over = woken in ready
            for line in ready:
                # One line that goes wrong must not end the others: a module that finds its line
                # closed starts no further account.
                with contextlib.suppress(Exception):
                    if line is listener:
                        self._admit(listener)
                    elif line is not woken:
                        self._hear(line)
            # Only now: what was sent before the end is heard, and the last report is often that.
            if is_over:
                return

    def _admit(self, listener: socket.socket) -> None:
        line, _address = listener.accept()
        line.settimeout(_PATIENCE)
        if not _is_same_user(line):
            # Said, so that a module of another user does not take it for the controller's end.
            line.sendall(b'{"stranger": 1}\n')
            line.close()
            return
        line.sendall(b'{"hello": 1}\n')
        if self._selector is None:
            raise RuntimeError("self._selector")
        self._received[line] = b""
        self._selector.register(line, selectors.EVENT_READ)
        # There is one module, and an open line needs no name: a process that is killed from here on
        # leaves nothing behind.
        self._selector.unregister(listener)
        listener.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _hear(self, line: Any) -> None:
        if self._selector is None:
            raise RuntimeError("self._selector")
        try:
            more = line.recv(65536)
        except OSError:
            more = b""
        text = self._received[line] + more
        if not more or (len(text) > _LONGEST_LINE and b"\n" not in text):
            self._selector.unregister(line)
            del self._received[line]
            line.close()
            return
        *lines, self._received[line] = text.split(b"\n")
        for each in lines:
            with contextlib.suppress(ValueError):
                self._answer(line, json.loads(each))

    def _answer(self, line: socket.socket, message: Any) -> None:
        if not isinstance(message, dict):
            return
        if message.get("ask") == "vault_secrets":
            secrets = [
                [label, base64.b64encode(secret).decode()] for label, secret in self._vault_secrets
            ]
            line.sendall(json.dumps({"vault_secrets": secrets}).encode() + b"\n")
        elif isinstance(message.get("progress"), dict):
            self._show(message["progress"])


def _private_folder(folders: Iterable[str]) -> str:
    """Make a folder of mode 0700 whose path leaves room for a socket's name."""
    for folder in folders:
        try:
            made = tempfile.mkdtemp(prefix="s3-", dir=folder)
        except OSError:
            continue
        if len(os.fsencode(made)) + len("/s") <= _LONGEST_PATH:
            return made
        os.rmdir(made)
    raise FileNotFoundError("no folder for a socket")


def _is_same_user(line: socket.socket) -> bool:
    """Tell whether the process at the other end is this user's, where the system tells."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return False
    credentials = line.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    _process, user, _group = struct.unpack("3i", credentials)
    return bool(user == os.getuid())


def sentence(progress: Mapping[str, Any]) -> Optional[str]:
    """Return a report as text, or None where it is none: numbers and one word, nothing else."""
    done, total = _count(progress.get("done")), _count(progress.get("total"))
    what = progress.get("what")
    if done is None or not isinstance(what, str) or not what.replace(" ", "").isalpha():
        return None
    if total is None and not done:
        parts = [what[:40]]
    else:
        of = "" if total is None else f" of {total:,}"
        parts = [f"{done:,}{of} {what[:40]}"]
    rate, left = _number(progress.get("rate")), _number(progress.get("left"))
    if rate is not None:
        parts.append(_pace(rate))
    failed = _count(progress.get("failed"))
    if failed:
        parts.append(f"{failed:,} failed")
    spent = _span(_number(progress.get("seconds")) or 0.0)
    if progress.get("over"):
        parts.append(f"{spent} in all")
    else:
        parts.append(f"{spent} so far" if left is None else f"about {_span(max(1, left))} left")
    return ", ".join(parts)


def _count(value: Any) -> Optional[int]:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12
    return value if is_count else None


def _number(value: Any) -> Optional[float]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 10**12 else None


def _pace(rate: float) -> str:
    if rate >= 10:
        return f"{rate:,.0f}/s"
    return f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min"


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
