# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two worlds are the same: all that can ever decide what comes next, written as one digest.

Access keys, secrets, nonces and other random words are numbered in the order in which they come,
so that only who is who counts; times count as how long ago they are, to five seconds, which is far
below any wait of the protocol. What lies behind every world alike (code, options) is left out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import re
import secrets
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Secret
from ansible_collections.objectstore.credentials.plugins.module_utils.record_document import (
    to_document,
)

from .virtual import BIRTH

if TYPE_CHECKING:
    from .world import World

#: Times closer than this are one: recent ones, and those of more than an hour ago.
BLUR, LONG_BLUR = 5.0, 60.0
#: Attributes that decide nothing: counters for tests, and what leads to code or to a clock.
_NOTHING = frozenset(
    {
        *(
            "clock",
            "_clock",
            "commit",
            "commits",
            "lock",
            "_lock",
            "random",
            "_random",
            "observers",
        ),
        *("observers", "former_secrets", "_seen_secrets", "_routes", "_born", "_turn"),
        # moto's own times, by the real clock.
        *("createdate", "created_date", "last_changed_date", "last_accessed_date"),
    }
)
_CODE = (types.FunctionType, types.MethodType, types.ModuleType, type, random.Random)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?")
_WORD = re.compile(r"[A-Za-z0-9+=_-]{8,}")


def digest(world: World, *more: Any) -> str:
    """Return the digest of a world's state, and of whatever else decides what comes."""
    if not world.is_repeatable:
        return secrets.token_hex()
    memory, plane = world.memory, world.data_plane
    state = {
        "simulator": world.simulator,
        "plane": world.data_plane,
        "mirror": (world.mirror, world.far_plane),
        "node": plane._turn % max(1, int(plane.modes["nodes"])),
        "double": world.store_double,
        "store": {
            path: _opened(world, path, content)
            for path, content in sorted(world.store_files().items())
        },
        "journal": sorted(
            (path.count("/"), content.count(b"\n"), content.endswith(b"\n"))
            for path, content in world.journal_state().items()
        ),
        "clock": memory.wall_error,
        "coming": [
            (each.due - memory.seconds, each.port, each.request.method, each.request.body)
            for each in world.landings
        ],
        "trouble": (world.store_is_dead, world.storm),
        "more": more,
    }
    text = "\n".join(_Writer().lines(state))
    now = BIRTH + dt.timedelta(seconds=memory.seconds)
    text = _TIME.sub(lambda found: _ago(found[0], now), text)
    numbers: dict[str, str] = {}
    text = _WORD.sub(lambda found: _numbered(found[0], numbers), text)
    return hashlib.sha256(text.encode()).hexdigest()


def _ago(text: str, now: dt.datetime) -> str:
    then = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    then = then if then.tzinfo else then.replace(tzinfo=dt.timezone.utc)
    seconds = (now - then).total_seconds()
    if abs(seconds) > 3600.0:
        return f"<{round(seconds / LONG_BLUR)} min>"
    return f"<{round(seconds / BLUR)}>"


def _numbered(word: str, numbers: dict[str, str]) -> str:
    if word.isalpha() or word.startswith("app-"):
        return word
    return numbers.setdefault(word, f"#{len(numbers)}")


def _opened(world: World, path: str, content: bytes) -> Any:
    """Return what a file of the store says, its secrets in clear: they are random words, too."""
    if not path.endswith(".yml"):
        return content
    try:
        record = world.keeper.record(content)
    except Exception:
        return content  # half of one
    document = to_document(record)
    return json.dumps(document, default=lambda v: v.open() if isinstance(v, Secret) else str(v))


class _Writer:
    """Writes whatever a simulator is made of, each object once."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._lines: list[str] = []

    def lines(self, value: Any) -> list[str]:
        """Return it as lines."""
        self._write("", value)
        return self._lines

    def _write(self, name: str, value: Any) -> None:
        if value is None or isinstance(value, (str, int, bool)):
            self._lines.append(f"{name}={value}")
        elif isinstance(value, float):
            self._lines.append(f"{name}={round(value / BLUR)}")
        elif isinstance(value, bytes):
            self._lines.append(f"{name}={value.decode('utf-8', 'replace')}")
        elif isinstance(value, dt.datetime):
            self._lines.append(f"{name}={value.isoformat()}")
        elif not isinstance(value, _CODE):
            self._write_parts(name, value)

    def _write_parts(self, name: str, value: Any) -> None:
        known = self._numbers.get(id(value))
        if known is not None:
            self._lines.append(f"{name}=&{known}")
            return
        self._numbers[id(value)] = len(self._numbers)
        self._lines.append(f"{name}:{type(value).__name__}")
        if isinstance(value, (list, tuple)):
            for each in value:
                self._write("-", each)
        elif isinstance(value, (set, frozenset)):
            for each in sorted(value, key=str):
                self._write("-", each)
        elif isinstance(value, Mapping):
            for key, each in value.items():
                if key not in _NOTHING:
                    self._write(str(key), each)
        if is_dataclass(value):
            for field in fields(value):
                if field.name not in _NOTHING:
                    self._write(field.name, getattr(value, field.name))
        else:
            for key, each in getattr(value, "__dict__", {}).items():
                if key not in _NOTHING:
                    self._write(key, each)
        self._lines.append(".")
