# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mount of the double: KV version 2, with versions, check-and-set, deletion and metadata.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

import copy
import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .base import Request, SimulatorClock
from .vault_kv2_answers import Refusal, bad, fields, no_route, nothing, unsupported

_DURATION = re.compile(r"(-?)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_DEFAULT_VERSIONS = 10


@dataclass
class Version:
    """One version of a secret; data None: destroyed."""

    created: dt.datetime
    data: Optional[dict[str, Any]]
    deleted: Optional[dt.datetime] = None

    def facts(self) -> dict[str, Any]:
        """Return what the API shows of it."""
        return {
            "created_time": nanoseconds(self.created),
            "deletion_time": nanoseconds(self.deleted) if self.deleted else "",
            "destroyed": self.data is None,
        }


@dataclass
class Kept:
    """One secret with its metadata."""

    created: dt.datetime
    updated: dt.datetime
    versions: dict[int, Version] = field(default_factory=dict)
    current: int = 0
    max_versions: int = 0
    cas_required: bool = False
    delete_after: int = 0
    custom: Optional[dict[str, str]] = None


class KvMount:
    """A mount of KV version 2."""

    kind, version = "kv", "2"

    def __init__(self, path: str, clock: SimulatorClock, commit: Callable[[str], None]) -> None:
        self.path = path
        self.clock = clock
        self.commit = commit
        self.secrets: dict[str, Kept] = {}
        self.max_versions = 0
        self.cas_required = False
        #: Seconds; -1: never, whatever a path says.
        self.delete_after = 0

    def exists(self, inner: str) -> Optional[bool]:
        """Tell whether a write would be an update; None: it always is."""
        verb, _slash, path = inner.partition("/")
        return path in self.secrets if verb in ("data", "metadata") else None

    def handle(self, request: Request, inner: str, is_list: bool) -> Optional[dict[str, Any]]:
        """Answer a request below the mount; None: there is nothing to say."""
        verb, _slash, path = inner.partition("/")
        method = "LIST" if is_list else {"PUT": "POST"}.get(request.method, request.method)
        if inner == "config":
            return self._config(request, method)
        if verb == "metadata" and method == "LIST":
            return self._list(path)
        if verb not in ("data", "metadata", "delete", "undelete", "destroy"):
            raise nothing()
        if not path or path.endswith("/"):
            raise no_route(f"{self.path}/{inner}") if verb == "data" else unsupported()
        if verb in ("delete", "undelete", "destroy"):
            if method != "POST":
                raise unsupported()
            self._change_versions(request, verb, path)
            return None
        work: Any = {
            ("data", "GET"): self._read,
            ("data", "POST"): self._write,
            ("data", "DELETE"): self._delete_latest,
            ("metadata", "GET"): self._read_metadata,
            ("metadata", "POST"): self._write_metadata,
            ("metadata", "DELETE"): self._forget,
        }.get((verb, method))
        if work is None:
            raise unsupported()
        found: Optional[dict[str, Any]] = work(request, path)
        return found

    # --- data ----------------------------------------------------------------------------------

    def _read(self, request: Request, path: str) -> dict[str, Any]:
        kept = self.secrets.get(path)
        asked = request.arg("version") or "0"
        if not asked.isdigit():
            raise bad("error converting input for field 'version': expected a number")
        number = int(asked) or (kept.current if kept else 0)
        version = kept.versions.get(number) if kept else None
        if kept is None or version is None:
            raise nothing()
        found = {
            "data": copy.deepcopy(version.data),
            "metadata": {**version.facts(), "custom_metadata": kept.custom, "version": number},
        }
        if version.data is None or self._is_deleted(version):
            raise Gone({**found, "data": None})
        return found

    def _write(self, request: Request, path: str) -> dict[str, Any]:
        body = fields(request, data=(dict,), options=(dict,))
        options = body.get("options") or {}
        if body.get("data") is None:
            raise bad("no data provided")
        if set(options) - {"cas"}:
            raise bad("double: options may hold only cas")
        kept = self.secrets.get(path)
        current = kept.current if kept else 0
        if "cas" in options:
            if isinstance(options["cas"], bool) or not isinstance(options["cas"], int):
                raise bad("error parsing check-and-set parameter")
            if options["cas"] != current:
                raise bad("check-and-set parameter did not match the current version")
        elif self.cas_required or (kept and kept.cas_required):
            raise bad("check-and-set parameter required for this call")
        now = self.clock.now()
        if kept is None:
            kept = self.secrets[path] = Kept(now, now)
        kept.current += 1
        version = Version(now, copy.deepcopy(body["data"]), self._timer(kept, now))
        kept.versions[kept.current] = version
        kept.updated = now
        keep = kept.max_versions or self.max_versions or _DEFAULT_VERSIONS
        for number in [number for number in kept.versions if number <= kept.current - keep]:
            del kept.versions[number]
        self.commit(f"{self.path}: {path} version {kept.current}")
        return {**version.facts(), "custom_metadata": kept.custom, "version": kept.current}

    def _delete_latest(self, request: Request, path: str) -> None:
        kept = self.secrets.get(path)
        version = kept.versions.get(kept.current) if kept else None
        if version is not None and version.data is not None and not self._is_deleted(version):
            version.deleted = self.clock.now()
            self.commit(f"{self.path}: {path} deleted")

    def _change_versions(self, request: Request, verb: str, path: str) -> None:
        body = fields(request, versions=(list,))
        numbers = body.get("versions") or []
        if not numbers or any(
            isinstance(number, bool) or not isinstance(number, int) for number in numbers
        ):
            raise bad("no version number provided")
        kept = self.secrets.get(path)
        for number in numbers:
            version = kept.versions.get(number) if kept else None
            if kept is None or version is None or version.data is None:
                continue
            now = self.clock.now()
            if verb == "destroy":
                version.data = None
            elif verb == "undelete":
                version.deleted = self._timer(kept, now)
            elif not self._is_deleted(version):
                version.deleted = now
            self.commit(f"{self.path}: {path} version {number} {verb}")

    # --- metadata --------------------------------------------------------------------------------

    def _list(self, path: str) -> dict[str, Any]:
        folder = f"{path.rstrip('/')}/" if path.strip("/") else ""
        names = set()
        for known in self.secrets:
            if known.startswith(folder):
                first, slash, _rest = known[len(folder) :].partition("/")
                names.add(first + slash)
        if not names:
            raise nothing()
        return {"keys": sorted(names)}

    def _read_metadata(self, request: Request, path: str) -> dict[str, Any]:
        kept = self.secrets.get(path)
        if kept is None:
            raise nothing()
        return {
            "cas_required": kept.cas_required,
            "created_time": nanoseconds(kept.created),
            "current_version": kept.current,
            "custom_metadata": kept.custom,
            "delete_version_after": _go(kept.delete_after),
            "max_versions": kept.max_versions,
            "oldest_version": min(kept.versions, default=0),
            "updated_time": nanoseconds(kept.updated),
            "versions": {str(number): each.facts() for number, each in kept.versions.items()},
        }

    def _write_metadata(self, request: Request, path: str) -> None:
        body = fields(
            request,
            max_versions=(int,),
            cas_required=(bool,),
            delete_version_after=(str, int),
            custom_metadata=(dict,),
        )
        after = seconds(body.get("delete_version_after", 0))
        if after < 0:
            raise bad("delete_version_after cannot be negative")
        custom = body.get("custom_metadata")
        if custom is not None:
            _check_custom(custom)
        if not body:
            return
        now = self.clock.now()
        kept = self.secrets.get(path) or Kept(now, now)
        self.secrets[path] = kept
        kept.max_versions = body.get("max_versions", kept.max_versions)
        kept.cas_required = body.get("cas_required", kept.cas_required)
        if "delete_version_after" in body:
            kept.delete_after = after
        if custom is not None:
            kept.custom = {name: str(value) for name, value in custom.items()}
        kept.updated = now
        self.commit(f"{self.path}: {path} metadata")

    def _forget(self, request: Request, path: str) -> None:
        if self.secrets.pop(path, None) is not None:
            self.commit(f"{self.path}: {path} forgotten")

    def _config(self, request: Request, method: str) -> Optional[dict[str, Any]]:
        if method == "GET":
            return {
                "cas_required": self.cas_required,
                "delete_version_after": _go(self.delete_after),
                "max_versions": self.max_versions,
            }
        if method != "POST":
            raise unsupported()
        body = fields(
            request, max_versions=(int,), cas_required=(bool,), delete_version_after=(str, int)
        )
        self.max_versions = body.get("max_versions", self.max_versions)
        self.cas_required = body.get("cas_required", self.cas_required)
        if "delete_version_after" in body:
            self.delete_after = max(-1, seconds(body["delete_version_after"]))
        self.commit(f"{self.path}: config")
        return None

    # --- time ------------------------------------------------------------------------------------

    def _is_deleted(self, version: Version) -> bool:
        return version.deleted is not None and version.deleted <= self.clock.now()

    def _timer(self, kept: Kept, now: dt.datetime) -> Optional[dt.datetime]:
        """Return when a version deletes itself: the shorter of mount and path, 0 being none."""
        lengths = [each for each in (self.delete_after, kept.delete_after) if each > 0]
        if self.delete_after < 0 or not lengths:
            return None
        return now + dt.timedelta(seconds=min(lengths))


class Gone(Refusal):
    """A version that was deleted or destroyed: 404, with its metadata."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(404)
        self.data = data


class KvOne:
    """A mount of KV version 1: it answers for data/x as for any other path."""

    kind, version = "kv", "1"

    def __init__(self, path: str, clock: SimulatorClock, commit: Callable[[str], None]) -> None:
        self.path = path
        self.secrets: dict[str, Any] = {}

    def exists(self, inner: str) -> Optional[bool]:
        """Tell whether there is such a secret."""
        return inner in self.secrets

    def handle(self, request: Request, inner: str, is_list: bool) -> Optional[dict[str, Any]]:
        """Answer that there is nothing; nothing of ours may ever write here."""
        if request.method == "GET":
            raise nothing()
        raise bad("double: version 1 is never to be written to")


def nanoseconds(moment: dt.datetime) -> str:
    """Return a time as Go prints it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z"


def seconds(duration: Any) -> int:
    """Read a Go duration of whole seconds, or a number of seconds."""
    if isinstance(duration, int):
        return duration
    found = _DURATION.fullmatch(duration)
    if duration == "" or found is None:
        raise bad("error converting input for field 'delete_version_after': time: invalid duration")
    sign, hours, minutes, rest = found.groups()
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(rest or 0)
    return -total if sign else total


def _go(length: int) -> str:
    hours, rest = divmod(abs(length), 3600)
    minutes, left = divmod(rest, 60)
    text = (
        f"{hours}h{minutes}m{left}s" if hours else f"{minutes}m{left}s" if minutes else f"{left}s"
    )
    return f"-{text}" if length < 0 else text


def _check_custom(custom: dict[str, Any]) -> None:
    prefix = "custom_metadata validation failed"
    if len(custom) > 64:
        raise bad(f"{prefix}: payload must contain at most 64 keys, provided {len(custom)}")
    for name, value in custom.items():
        if not isinstance(value, (str, int, float)):
            raise bad(f"{prefix}: 1 error(s) decoding: expected type 'string'")
        for text, what, most in ((name, "key", 128), (str(value), "value", 512)):
            if not 0 < len(text.encode()) <= most:
                raise bad(f"{prefix}: length of {what} must be 0 < len <= {most}")
            if not text.isprintable():
                raise bad(f"{prefix}: {what} contains unprintable characters")
