# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats of runs as secrets of a KV version 2 mount, renewed by check-and-set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import parse_time
from ..errors import CredentialsError
from ..record_document import unreadable
from .heartbeat import Heartbeats
from .vault_kv2_paths import Paths, unescape
from .vault_kv2_server import KvServer

#: A heartbeat that has not beaten for so long belongs to nobody any more.
_FORGOTTEN_DAYS = 7
#: How many a run looks at, so that its start stays quick.
_MOST_LOOKS = 10


class KvHeartbeats(Heartbeats):
    """One secret per run, below _runs."""

    def __init__(self, server: KvServer, paths: Paths) -> None:
        self._server = server
        self._paths = paths

    def put(self, run: str, beat: Mapping[str, Any], expected: Any) -> Any:
        """Write a heartbeat if it is unchanged since; one try, because the next beat comes soon."""
        path = self._paths.heartbeat(run)
        return self._server.write(path, beat, expected or 0, patient=False)["version"]

    def get(self, run: str) -> tuple[Mapping[str, Any], Any] | None:
        """Return a heartbeat and its version, None where data and metadata both know of none."""
        path = self._paths.heartbeat(run)
        found = self._server.read(path)
        if found is not None:
            return found[0], found[1]["version"]
        if self._server.is_absent(path):
            return None
        raise unreadable(path, "its metadata tell of versions, its data of none")

    def remove(self, run: str) -> None:
        """Delete a heartbeat with all its versions."""
        self._server.forget(self._paths.heartbeat(run))

    def sweep(self) -> None:
        """Delete heartbeats of runs that were killed long ago, by the server's clock; best effort.

        Without this, a run that was killed before it wrote any record would leave its own for ever.
        """
        try:
            for name in self._server.names(self._paths.runs)[:_MOST_LOOKS]:
                run = unescape(name)
                found = None if run is None else self._server.read(self._paths.heartbeat(run))
                written = parse_time(found[1].get("created_time")) if found else None
                now = self._server.now()
                if run is None or written is None or now is None:
                    continue
                if (now - written).days >= _FORGOTTEN_DAYS:
                    self.remove(run)
        except CredentialsError:
            return  # whoever meets such a run watches its heartbeat and removes it
