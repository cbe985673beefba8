# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's end of the line to the controller: progress goes up, vault secrets come down.

The other end is plugins/plugin_utils/liaison.py. Lines of JSON over a Unix socket; a module without
one (async, another machine, no Ansible above) works all the same.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import socket
import threading
from collections.abc import Mapping
from typing import Any, Optional

#: How the name of the plugin's folder begins; a socket elsewhere is some connection plugin's.
FOLDER = "s3-"
#: Seconds that an answer of the controller is waited for.
_PATIENCE = 10.0
#: A longer line is none of the controller's.
_LONGEST_LINE = 1 << 20
LOST = "the controller waits no longer (a task timeout, or its worker has ended)"


class Liaison:
    """An open line. No failure of it ever fails the task: it then says and knows nothing."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._is_lost = False
        self._rest = b""
        self._secrets: Optional[list[tuple[str, bytes]]] = None

    @classmethod
    def open(cls, path: Optional[str]) -> Optional[Liaison]:
        """Connect to the socket of the action plugin; None where there is none, or it refuses.

        A plugin that is gone already, because the task timed out before the module was up, makes a
        line that is lost from the start.
        """
        if not path:
            return None
        try:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except (OSError, AttributeError):
            return None
        line.settimeout(_PATIENCE)
        liaison = cls(line)
        try:
            line.connect(path)
            # Whoever is let in is greeted, and whoever is not is told so.
            is_greeted = "hello" in liaison._receive()
        except (FileNotFoundError, ConnectionError):
            is_greeted, liaison._is_lost = False, True
        except (OSError, ValueError):
            is_greeted = False
        if is_greeted:
            return liaison
        line.close()
        folder = os.path.basename(os.path.dirname(path))
        return liaison if liaison._is_lost and folder.startswith(FOLDER) else None

    def tell(self, progress: Mapping[str, Any]) -> None:
        """Send how far the work is."""
        with self._lock:
            self._send({"progress": dict(progress)})

    def vault_secrets(self) -> list[tuple[str, bytes]]:
        """Return the vault passwords that the controller holds, with their labels, in its order.

        Empty where it holds none or does not hand them to this task. Asked once.
        """
        with self._lock:
            if self._secrets is None:
                self._send({"ask": "vault_secrets"})
                try:
                    told = {} if self._is_lost else self._receive()
                    self._secrets = [
                        (str(label), base64.b64decode(secret))
                        for label, secret in told.get("vault_secrets") or ()
                    ]
                except (OSError, ValueError, TypeError):
                    self._secrets = []
            return list(self._secrets)

    def why_stop(self) -> Optional[str]:
        """Return a reason to start nothing more: the controller's end was closed. Reads only."""
        if not self._is_lost and self._lock.acquire(blocking=False):
            try:
                self._is_lost = _is_closed(self._line)
            finally:
                self._lock.release()
        return LOST if self._is_lost else None

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._line.close()

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._is_lost:
            return
        try:
            self._line.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self._is_lost = True

    def _receive(self) -> dict[str, Any]:
        """Return the next line, {} where it is none. Raises OSError and ValueError."""
        while b"\n" not in self._rest and len(self._rest) < _LONGEST_LINE:
            more = self._line.recv(65536)
            if not more:
                self._is_lost = True
                return {}
            self._rest += more
        text, _newline, self._rest = self._rest.partition(b"\n")
        message = json.loads(text)
        return message if isinstance(message, dict) else {}


def _is_closed(line: socket.socket) -> bool:
    try:
        poll = select.poll()
        poll.register(line, select.POLLIN)
        # Nothing is expected here, so what can be read is the end.
        return bool(poll.poll(0)) and not line.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
