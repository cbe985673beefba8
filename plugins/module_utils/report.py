# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that the operator asked for: the lines of report_path, the plan of write_plan."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional, TextIO

from .errors import CredentialsError

#: Names whose values never go into the file, though a result may hold them.
SECRET_NAMES = frozenset({"secret_key", "api_secret_key", "password", "token"})
_WRITTEN_NAMES = tuple(f'"{name}"' for name in sorted(SECRET_NAMES))


class Report:
    """A file that is there as a whole or as it was before; only its owner can read it."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(os.path.expanduser(path))

    @classmethod
    def prepare(cls, path: Optional[str], option: str = "report_path") -> Optional[Report]:
        """Return the report that an option names, proven writable; None where there is none.

        Leaves nothing behind, so that a module that is killed leaves nothing either. Raises
        invalid_option.
        """
        if not path:
            return None
        report = cls(path)
        folder = os.path.dirname(report.path)
        what = _what_else(report.path)
        if what:
            raise _refused(option, report.path, f"it is {what}")
        if not os.path.isdir(folder):
            raise _refused(option, report.path, f"the directory {folder} does not exist")
        try:
            handle, trial = report._temporary()
            os.close(handle)
            os.unlink(trial)
        except OSError as exc:
            raise _refused(option, report.path, f"{folder}: {exc.strerror}") from None
        return report

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the file anew, a line for each row, without its secrets. Raises OSError."""
        with self._replaced() as lines:
            for row in rows:
                lines.write(_line(row))

    def write_text(self, text: str, mode: int = 0o600) -> None:
        """Write the file anew from a text that holds no secret. Raises OSError."""
        with self._replaced() as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)

    @contextlib.contextmanager
    def _replaced(self) -> Iterator[TextIO]:
        handle, temporary = self._temporary()
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(os.path.dirname(self.path))

    def _temporary(self) -> tuple[int, str]:
        folder, name = os.path.split(self.path)
        return tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=folder)


def _what_else(path: str) -> Optional[str]:
    """Return what stands in a file's place, None where that is a file or nothing."""
    if os.path.islink(path):
        return "a symbolic link"
    if os.path.isdir(path):
        return "a directory"
    # Root would put a file in the place of /dev/null, and a pipe would be waited for.
    return "no file" if os.path.exists(path) and not os.path.isfile(path) else None


def _sync_folder(folder: str) -> None:
    # Without this the name may be lost with the power; file systems that cannot do it exist.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _line(row: Mapping[str, Any]) -> str:
    text = json.dumps(row)
    # To walk through a row takes longer than to write it, and hardly any row holds such a name.
    if any(name in text for name in _WRITTEN_NAMES):
        text = json.dumps(without_secrets(row))
    return text + "\n"


def without_secrets(value: Any) -> Any:
    """Return a value without what SECRET_NAMES name, however deep."""
    if isinstance(value, Mapping):
        return {
            name: without_secrets(inner)
            for name, inner in value.items()
            if name not in SECRET_NAMES
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(inner) for inner in value]
    return value


def _refused(option: str, path: str, why: str) -> CredentialsError:
    return CredentialsError(
        "invalid_option",
        f"{option}: {path} cannot be written: {why}. Nothing was touched.",
        next_step="Name a file in a directory that is there, on the machine that runs the module.",
    )
