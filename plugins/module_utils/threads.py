# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads that leave signals to the main thread.

The kernel gives a process's signal to whichever thread runs first, but only the main thread runs
Python's handlers: where it waits for a module or a result, and another thread has the signal, it
waits on, and Ctrl-C is heeded when all is done.
"""

from __future__ import annotations

import signal

_LEFT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def leave_signals() -> None:
    """Let the thread that calls this get no signal that asks the process to stop."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT)
