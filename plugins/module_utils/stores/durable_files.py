# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private files that are whole or not there, whatever is killed.

A file is written beside its place, forced to disk, renamed into its place, and the directory is
forced to disk. Below the base directory no symbolic link is followed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from ..errors import CredentialsError, missing

#: Larger than any record; a larger file is none of ours.
MOST_BYTES = 16 * 1024 * 1024
TEMPORARY = ".tmp"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Never waits for the other end of a pipe that lies in a record's place.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: What an operator must change; every other errno is a file system that is not well.
_REFUSED = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    *(errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EEXIST, errno.ENOENT),
    *(errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.EMLINK),
}
#: A file system that cannot force a directory to disk does so by itself, or not at all.
_NO_SYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF}


def trouble(
    exc: OSError, path: str, act: str, landed: bool | None = False, kind: str | None = None
) -> CredentialsError:
    """Return the error of a file that could not be read or written."""
    if kind is None:
        kind = "store_refused" if exc.errno in _REFUSED else "store_unavailable"
    why = exc.strerror or exc.__class__.__name__
    next_step = None
    if exc.errno in (errno.ELOOP, errno.ENOTDIR):
        why = "a symbolic link or a file stands where a directory or file of its own belongs"
        next_step = "Look at what is there, and put the directory back; no link is followed."
    elif exc.errno == errno.ENOENT:
        next_step = "Make the directory above it, or correct the path option of the secret store."
    message = f"{path} cannot be {act}: {why}."
    return CredentialsError(kind, message, next_step=next_step, landed=landed)


class Tree:
    """A base directory and the files below it; a file is named by its parts."""

    def __init__(self, base: str, warnings: list[str] | None = None) -> None:
        self.base = base
        #: The same with every symbolic link on the way to it followed.
        self.real = os.path.realpath(base)
        #: Gets what the user should know: files that others can read.
        self.warnings = [] if warnings is None else warnings
        self._identity: tuple[int, int] | None = None
        self._has_warned: set[str] = set()

    def path(self, *parts: str) -> str:
        """Return where a file is."""
        return os.path.join(self.base, *parts)

    # --- reading -----------------------------------------------------------------------------

    def has_base(self) -> bool:
        """Tell whether the base directory exists, and remember which one it is. Reads only."""
        folder = self._open_base()
        if folder is None:
            return False
        os.close(folder)
        return True

    def read(self, *parts: str) -> bytes | None:
        """Return what a file holds, None where there is none. Reads only.

        Raises store_unreadable for what is there and no file that can be read, store_refused or
        store_unavailable for a directory that cannot be.
        """
        path = self.path(*parts)
        folder = self._open_folder(parts[:-1])
        if folder is None:
            return None
        try:
            file = os.open(parts[-1], _READ, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError as exc:
            # This one file is the trouble, unless the file system is.
            kind = "store_unreadable" if exc.errno in _REFUSED else None
            raise trouble(exc, path, "read", kind=kind) from None
        finally:
            os.close(folder)
        try:
            facts = os.fstat(file)
            if not stat.S_ISREG(facts.st_mode):
                raise CredentialsError("store_unreadable", f"{path} is not a file.")
            if facts.st_size > MOST_BYTES:
                raise CredentialsError("store_unreadable", f"{path} is larger than any record.")
            self._warn_if_open(facts.st_mode, path, "600")
            data = os.read(file, facts.st_size + 1)
            while len(data) < facts.st_size:
                more = os.read(file, facts.st_size - len(data))
                if not more:
                    break
                data += more
            return data
        except OSError as exc:
            raise trouble(exc, path, "read") from None
        finally:
            os.close(file)

    def names(self, *folders: str) -> Iterator[str]:
        """Yield the names of what is in a directory, as the file system has them. Reads only."""
        path = self.path(*folders)
        folder = self._open_folder(folders)
        if folder is None:
            return
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    yield entry.name
        except OSError as exc:
            raise trouble(exc, path, "read") from None
        finally:
            os.close(folder)

    def folders(self, *above: str) -> list[str]:
        """Return the names of directories in one, but for hidden ones, sorted. Reads only."""
        folder = self._open_folder(above)
        if folder is None:
            return []
        try:
            with os.scandir(folder) as entries:
                found = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
        except OSError as exc:
            raise trouble(exc, self.path(*above), "read") from None
        finally:
            os.close(folder)
        return sorted(name for name in found if not name.startswith("."))

    # --- writing -----------------------------------------------------------------------------

    def make_base(self) -> None:
        """Make the base directory, and none above it: a wrong path must not look like a new one."""
        if self.has_base():
            return
        try:
            os.mkdir(self.base, 0o700)
        except FileExistsError:
            pass
        except OSError as exc:
            raise trouble(exc, self.base, "made") from None
        self.has_base()

    def write(self, data: bytes, *parts: str) -> None:
        """Put a file in its place, whole, private and forced to disk; directories are made.

        The caller holds the lock that keeps other writers of this file away. Raises store_refused
        or store_unavailable; landed is False until the file may have been renamed.
        """
        path, name = self.path(*parts), parts[-1]
        folder = self.open_folder(*parts[:-1])
        temporary = f".{name}{TEMPORARY}"
        try:
            self._write_beside(folder, temporary, data, path)
            try:
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
                _sync_folder(folder)
            except OSError as exc:
                raise trouble(exc, path, "put in its place", None) from None
        finally:
            os.close(folder)

    def remove(self, *parts: str) -> bool:
        """Remove a file; tell whether there was one."""
        folder = self._open_folder(parts[:-1])
        if folder is None:
            return False
        try:
            os.unlink(parts[-1], dir_fd=folder)
            _sync_folder(folder)
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise trouble(exc, self.path(*parts), "removed", None) from None
        finally:
            os.close(folder)
        return True

    def modified(self, *parts: str) -> float | None:
        """Return when a file was last written, None where there is none. Reads only."""
        try:
            folder = self._open_folder(parts[:-1])
            if folder is None:
                return None
            try:
                return os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mtime
            finally:
                os.close(folder)
        except OSError:
            return None

    def open_folder(self, *folders: str) -> int:
        """Return an open directory, made where it is missing; the caller closes it."""
        folder = self._open_folder(folders, make=True)
        if folder is None:
            raise missing("folder")
        return folder

    # --- inside ------------------------------------------------------------------------------

    def _open_base(self) -> int | None:
        # As it was before this look: while this thread finds nothing, another run may make the
        # directory and another thread see it.
        known = self._identity
        try:
            # The operator may keep the base behind a symbolic link.
            folder = os.open(self.base, _FOLDER & ~os.O_NOFOLLOW)
        except FileNotFoundError:
            if known is None:
                return None
            raise CredentialsError(
                "store_unavailable", f"{self.base} is gone; it was there when this run began."
            ) from None
        except OSError as exc:
            raise trouble(exc, self.base, "opened") from None
        facts = os.fstat(folder)
        identity = (facts.st_dev, facts.st_ino)
        if self._identity is None:
            self._identity = identity
            self._warn_if_open(facts.st_mode, self.base, "700")
            if facts.st_uid not in (0, os.geteuid()):
                # Whoever was first to make a directory of this name in /tmp, say.
                self.warnings.append(
                    f"{self.base} belongs to another user (uid {facts.st_uid}), who can replace"
                    " what is in it; it should be the user's who runs the module."
                )
        elif identity != self._identity:
            os.close(folder)
            raise CredentialsError(
                "store_unavailable",
                f"{self.base} is another directory than when this run began: a file system was"
                " mounted or unmounted there, or the directory was replaced.",
            )
        return folder

    def _open_folder(self, folders: tuple[str, ...], make: bool = False) -> int | None:
        """Return an open directory, None where there is none; make: make what is missing."""
        folder = self._open_base()
        if folder is None and make:
            self.make_base()
            folder = self._open_base()
        if folder is None:
            return None
        for depth, name in enumerate(folders, 1):
            try:
                below = _open_below(folder, name, make)
            except FileNotFoundError as exc:
                if make:
                    raise trouble(exc, self.path(*folders[:depth]), "made") from None
                return None
            except OSError as exc:
                act = "made" if make else "opened"
                raise trouble(exc, self.path(*folders[:depth]), act) from None
            finally:
                os.close(folder)
            folder = below
        return folder

    def _write_beside(self, folder: int, temporary: str, data: bytes, path: str) -> None:
        try:
            try:
                file = os.open(temporary, _NEW, 0o600, dir_fd=folder)
            except FileExistsError:
                # Left by a writer that was killed: whoever lives would hold the lock.
                os.unlink(temporary, dir_fd=folder)
                file = os.open(temporary, _NEW, 0o600, dir_fd=folder)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(file, rest) :]
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as exc:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise trouble(exc, path, "written") from None

    def _warn_if_open(self, mode: int, path: str, wanted: str) -> None:
        """Warn once for files and once for directories: ten thousand lines help nobody."""
        if mode & 0o007 and wanted not in self._has_warned:
            self._has_warned.add(wanted)
            self.warnings.append(f"{path} can be read or changed by others; chmod {wanted} it.")


def _open_below(folder: int, name: str, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
        _sync_folder(folder)
    except FileExistsError:
        pass  # another writer was faster
    return os.open(name, _FOLDER, dir_fd=folder)


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as exc:
        if exc.errno not in _NO_SYNC:
            raise
