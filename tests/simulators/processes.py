# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers in processes of their own: on loopback only, and gone with whoever started them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Optional

#: Seconds until a server must listen.
LONGEST = 120.0
#: Sockets that keep the ports of free_ports() for this process.
_KEPT: list[socket.socket] = []


def end_with_parent() -> None:
    """Let a program end with the process that started it, whatever ends that (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def free_ports(count: int) -> Sequence[int]:
    """Return ports for servers that set SO_REUSEADDR; nobody else is given them meanwhile.

    A server takes seconds to listen, and others on this machine ask for ports all the time. So they
    stay bound here, without listening, until this process ends: a server with SO_REUSEADDR can bind
    them all the same (Linux), while the system hands them out to nobody.
    """
    sockets = [socket.socket() for _unused in range(count)]
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind(("127.0.0.1", 0))
    _KEPT.extend(sockets)
    return [int(each.getsockname()[1]) for each in sockets]


def start(
    command: Sequence[str], port: int, environment: Optional[Mapping[str, str]] = None
) -> subprocess.Popen[bytes]:
    """Start a server and return when it listens. environment: besides this process's own.

    Raises OSError where it does not listen in time.
    """
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    deadline = time.monotonic() + LONGEST
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    process.wait()
    raise OSError(f"{command[-1]}: nothing listens on port {port}")


@contextmanager
def running(
    command: Sequence[str], port: int, environment: Optional[Mapping[str, str]] = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server while the with block lasts."""
    process = start(command, port, environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(LONGEST)
