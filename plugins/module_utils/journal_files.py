# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a journal: append-only, private, on disk before anyone relies on them.

No symbolic link is followed at or below the journal's directory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from .errors import CredentialsError, missing
from .journal_lines import SUFFIX

#: What a journal must have room for when a run begins: some hundred lines.
_ROOM = b" " * 65536
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: O_NONBLOCK: a pipe in a file's place must not hold the reader.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


def refused(path: str, act: str, exc: OSError) -> CredentialsError:
    """Return the error of a journal that cannot be read or written."""
    why = exc.strerror or exc.__class__.__name__
    if exc.errno in (errno.ELOOP, errno.ENOTDIR):
        why = "a symbolic link or a file stands where a directory or file of the journal belongs"
    elif exc.errno == errno.EEXIST:
        why = "another run of the same name has it already"
    return CredentialsError(
        "store_refused",
        f"The journal {path} cannot be {act}: {why}.",
        next_step="Make room for the journal, or name a directory that the user of the module may"
        " write with the journal option, then run again: what is missing in it is written then.",
        step="journal",
        code=errno.errorcode.get(exc.errno or 0),
    )


class ChainFile:
    """One chain's file, made when it is opened, written by this process alone."""

    def __init__(self, base: str, chain: str) -> None:
        self.path = os.path.join(base, *chain.split("/")) + SUFFIX
        self._base = base
        self._parts = chain.split("/")
        self._file: int | None = None
        #: Bytes of whole lines.
        self._size = 0
        self._is_torn = False

    def open(self) -> None:
        """Make the directories and the file where not done yet. Raises store_refused."""
        if self._file is not None:
            return
        folders: list[int] = []
        try:
            folders.append(_made_base(self._base))
            for part in self._parts[:-1]:
                folders.append(_made_folder(part, folders[-1]))
            _require_room(folders[-1])
            self._file = os.open(self._parts[-1] + SUFFIX, _NEW, 0o600, dir_fd=folders[-1])
            # The file's name must be on disk as well.
            os.fsync(folders[-1])
        except OSError as exc:
            raise refused(self.path, "made", exc) from None
        finally:
            for folder in folders:
                os.close(folder)

    def append(self, data: bytes) -> None:
        """Write whole lines and force them to disk; on any failure leave the file as it was.

        Raises store_refused.
        """
        self.open()
        if self._file is None:
            raise missing("self._file")
        if self._is_torn:
            self._cut_back()
        if self._is_torn:
            raise refused(self.path, "mended", OSError(errno.EIO, "a line is torn"))
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError as exc:
            self._cut_back()
            raise refused(self.path, "written", exc) from None
        except BaseException:
            # A signal's handler may raise anywhere.
            self._cut_back()
            raise
        self._size += len(data)

    def close(self) -> None:
        """Close the file; one that nothing was written to is taken away again."""
        if self._file is None:
            return
        os.close(self._file)
        self._file = None
        if not self._size:
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def _cut_back(self) -> None:
        """Take back what was not written whole: later lines must not follow half a line."""
        if self._file is None:
            raise missing("self._file")
        try:
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)
            self._is_torn = False
        except OSError:
            self._is_torn = True


def chains_below(base: str, *parts: str) -> Iterator[str]:
    """Yield the names of the chains in a journal's directory, sorted. Reads only.

    parts: only those of a platform, or of a platform and an endpoint (escaped).
    """
    depth = len(parts)
    for name in _names(os.path.join(base, *parts)):
        if depth == 2 and name.endswith(SUFFIX):
            yield "/".join((*parts, name[: -len(SUFFIX)]))
        elif depth < 2:
            yield from chains_below(base, *parts, name)


def open_chain(base: str, chain: str) -> BinaryIO | None:
    """Return a chain's file to read, None where there is none. Raises store_refused."""
    parts = chain.split("/")
    path = os.path.join(base, *parts) + SUFFIX
    folders: list[int] = []
    try:
        folders.append(os.open(base, _FOLDER))
        for part in parts[:-1]:
            folders.append(os.open(part, _FOLDER, dir_fd=folders[-1]))
        file = os.open(parts[-1] + SUFFIX, _READ, dir_fd=folders[-1])
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OSError(errno.ENOTDIR, "no file")
        return os.fdopen(file, "rb")
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise refused(path, "read", exc) from None
    finally:
        for folder in folders:
            os.close(folder)


def _names(path: str) -> list[str]:
    try:
        folder = os.open(path, _FOLDER)
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return []  # a file that somebody put beside the directories
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            return []
        raise refused(path, "read", exc) from None
    try:
        return sorted(os.listdir(folder))
    finally:
        os.close(folder)


def _require_room(folder: int) -> None:
    """Write something into a file without a name, where there are such, and let it go."""
    flags = getattr(os, "O_TMPFILE", None)
    try:
        file = None if flags is None else os.open(".", flags | os.O_WRONLY, 0o600, dir_fd=folder)
    except OSError:
        return  # not on this file system: the first line finds it out
    if file is None:
        return
    try:
        left = memoryview(_ROOM)
        while left:
            left = left[os.write(file, left) :]
    finally:
        os.close(file)


def _made_base(base: str) -> int:
    """Open the journal's directory, making it but none above it: a slip is no new journal."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(base, 0o700)
    return os.open(base, _FOLDER)


def _made_folder(name: str, parent: int) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
        os.fsync(parent)
    return os.open(name, _FOLDER, dir_fd=parent)
