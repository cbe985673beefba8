# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where records lie inside a KV mount: the path template, and names that become path segments.

A name is escaped with ~ and two hexadecimal digits per byte: unlike %, it is never decoded on the
way, neither by a proxy nor by a web console. No name becomes another path, and each is read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Callable

from ..errors import CredentialsError
from .base import Place
from .vault_kv2_spec import DEFAULT_TEMPLATE

#: Vault stores a path as a key of its storage; the longest key of any storage is far above.
_LONGEST = 1500

_PLACEHOLDERS = ("platform", "endpoint", "account")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._@")
_FIXED_SEGMENT = re.compile(r"[A-Za-z0-9-][A-Za-z0-9._@-]*")
_ESCAPED = re.compile(r"~([0-9A-F]{2})")


def escape(name: str) -> str:
    """Return a name as one path segment that begins with neither . nor _, the empty name as ~."""
    parts: list[str] = []
    before = ord(".")
    for byte in name.encode("utf-8", "surrogatepass"):
        is_plain = byte in _PLAIN
        # Storages refuse "..", and what begins with _ is ours.
        if (byte == ord(".") and before == ord(".")) or (byte == ord("_") and not parts):
            is_plain = False
        parts.append(chr(byte) if is_plain else f"~{byte:02X}")
        before = byte
    return "".join(parts) or "~"


def unescape(segment: str) -> str | None:
    """Return the name of a path segment, or None where escape() made no such segment."""
    if segment == "~":
        return ""
    try:
        raw = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), segment).encode("latin-1")
        name = raw.decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None
    return name if escape(name) == segment else None


class Paths:
    """The paths inside a mount that belong to this collection."""

    def __init__(self, template: str) -> None:
        self._segments = template.strip().strip("/").split("/")
        _check(template, self._segments)
        fixed = []
        for segment in self._segments:
            if segment.startswith("{"):
                break
            fixed.append(segment)
        #: What stands before the first placeholder, with a slash behind it.
        self.base = "".join(f"{segment}/" for segment in fixed)
        #: Below which the heartbeats lie.
        self.runs = f"{self.base}_runs"

    def record(self, place: Place) -> str:
        """Return the path of a record."""
        return _short(f"{self.folder(place.platform, place.endpoint)}/{escape(place.account)}")

    def folder(self, platform: str, endpoint: str) -> str:
        """Return the path below which the records of an endpoint lie, as plain names."""
        names = {"{platform}": escape(platform), "{endpoint}": escape(endpoint)}
        return "/".join(names.get(segment, segment) for segment in self._segments[:-1])

    def places(
        self, platform: str | None, endpoint: str | None, entries: Callable[[str], list[str]]
    ) -> Iterator[Place]:
        """Yield the places of records, by what is listed; None: of all platforms or endpoints.

        entries: returns what is right below a folder, folders with a slash at the end.
        """
        wanted = {"{platform}": platform, "{endpoint}": endpoint}
        folders: list[tuple[str, dict[str, str]]] = [("", {})]
        for segment in self._segments[:-1]:
            below: list[tuple[str, dict[str, str]]] = []
            for folder, names in folders:
                if segment not in wanted:
                    below.append((f"{folder}{segment}/", names))
                    continue
                known = wanted[segment]
                listed = [escape(known)] if known is not None else _folders(entries(folder[:-1]))
                for name in listed:
                    real = unescape(name)
                    if real is not None:
                        below.append((f"{folder}{name}/", {**names, segment: real}))
            folders = below
        for folder, names in folders:
            for name in entries(folder[:-1]):
                account = None if name.endswith("/") else unescape(name)
                if account is not None:
                    yield Place(names["{platform}"], names["{endpoint}"], account)

    def note(self, name: str) -> str:
        """Return the path of a document of our own."""
        return _short(f"{self.base}_notes/{escape(name)}")

    def heartbeat(self, name: str) -> str:
        """Return the path of a run's heartbeat."""
        return _short(f"{self.runs}/{escape(name)}")

    def probe(self, name: str) -> str:
        """Return the path of what proves that records can be written."""
        return _short(f"{self.base}_probe/{escape(name)}")


def _folders(entries: list[str]) -> list[str]:
    """Return the names of folders among entries, but for our own."""
    return [name[:-1] for name in entries if name.endswith("/") and not name.startswith("_")]


def _check(template: str, segments: list[str]) -> None:
    placeholders = ["{" + name + "}" for name in _PLACEHOLDERS]
    for segment in segments:
        is_fixed = _FIXED_SEGMENT.fullmatch(segment) and ".." not in segment
        if segment not in placeholders and not is_fixed:
            raise _bad(template, f"the segment {segment!r} is neither a placeholder nor plain")
    for placeholder in placeholders:
        if segments.count(placeholder) != 1:
            raise _bad(template, f"{placeholder} must stand in it once, as a segment of its own")
    if segments[-1] != "{account}":
        raise _bad(template, "{account} must be its last segment")


def _bad(template: str, what: str) -> CredentialsError:
    return CredentialsError(
        "invalid_option",
        f"secret_store.path: {template!r} cannot be used: {what}.",
        next_step=f"Write it like {DEFAULT_TEMPLATE}, without the mount and without data/.",
    )


def _short(path: str) -> str:
    if len(path) > _LONGEST:
        raise CredentialsError(
            "store_refused",
            f"the path of {path[:60]}... would be {len(path)} characters long, and no more than"
            f" {_LONGEST} are used.",
            next_step="Shorten the endpoint's name or the path template.",
        )
    return path
