# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on files, which the kernel gives back when their process ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Mapping
from typing import Any

from ..errors import CredentialsError
from .durable_files import Tree, trouble

_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: Locks of this process: where flock is emulated by locks of processes, as some network file
#: systems do, it would not keep two threads apart. A fork inherits none of them.
_held: set[tuple[int, str]] = set()
_guard = threading.Lock()


class FileLock:
    """A lock on a file below a tree, taken at once or not at all when it is made.

    what: names in the message what is locked. holder: run, pid and host, for the message of others.
    Raises busy where another process or thread holds it, store_refused or store_unavailable.
    """

    def __init__(self, tree: Tree, what: str, holder: Mapping[str, Any], *parts: str) -> None:
        path = os.path.join(tree.real, *parts)
        self._folder = tree.open_folder(*parts[:-1])
        self._name = parts[-1]
        self._key = (os.getpid(), path)
        self._file = -1
        with _guard:
            is_ours = self._key in _held
            _held.add(self._key)
        try:
            if is_ours:
                raise self._busy(what)
            self._take(path, what)
            self._tell(holder)
        except BaseException:
            if not is_ours:
                self._forget()
            os.close(self._folder)
            raise

    def is_held(self) -> bool:
        """Tell whether the lock is ours and the file still the one that others would lock."""
        return self._file >= 0 and self._is_in_place()

    def release(self) -> None:
        """Give the lock back and remove its file. Repeatable."""
        if self._file < 0:
            return
        try:
            # While the lock is held: whoever opened this file before finds it gone and tries anew.
            if self._is_in_place():
                os.unlink(self._name, dir_fd=self._folder)
        except OSError:
            pass  # the file stays and locks nothing
        file, self._file = self._file, -1
        os.close(file)
        os.close(self._folder)
        self._forget()

    def _take(self, path: str, what: str) -> None:
        while True:
            try:
                self._file = os.open(self._name, _LOCK, 0o600, dir_fd=self._folder)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self._busy(what) from None
            except OSError as exc:
                raise trouble(exc, path, "locked") from None
            if self._is_in_place():
                return
            # Its holder removed it between our opening and our locking.
            os.close(self._file)
            self._file = -1

    def _tell(self, holder: Mapping[str, Any]) -> None:
        """Write who holds the lock, for those who find it taken."""
        try:
            if os.fstat(self._file).st_nlink != 1:
                return  # somebody linked a file of theirs to this place, to have it written over
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, (json.dumps(dict(holder)) + "\n").encode(), 0)
        except OSError:
            pass  # the lock holds without it

    def _busy(self, what: str) -> CredentialsError:
        """Return the error that names the holder, and give up the file."""
        who = "another process"
        try:
            file = os.open(self._name, _READ, dir_fd=self._folder)
            try:
                holder = json.loads(os.read(file, 4096))
            finally:
                os.close(file)
            who = f"run {holder['run']} (process {holder['pid']} on {holder['host']})"
        except (OSError, ValueError, KeyError, TypeError):
            pass  # it has just begun, or just ended
        return CredentialsError("busy", f"{what} is locked by {who}.")

    def _is_in_place(self) -> bool:
        try:
            there = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
            ours = os.fstat(self._file)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _forget(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        with _guard:
            _held.discard(self._key)
