# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HashiCorp Vault and OpenBao as the secret store: one secret of a KV version 2 mount per account.

The record is the data of the secret's latest version, written by check-and-set; the server encrypts
it. Custom metadata are a copy for auditors (vault_kv2_auditor.py), and the lease is by heartbeat
(heartbeat.py). https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Optional

from ..clock import parse_time
from ..errors import CredentialsError, missing
from ..listing import Listing
from ..record import Record, Secret
from ..record_document import from_document, to_document, unreadable
from .base import CheckModeLease, Lease, Place, SecretStore, StoreContext, Stored
from .heartbeat import HeartbeatKeeper
from .heartbeat_watch import HeartbeatWatch, run_of
from .vault_kv2_auditor import audit_copy, merged
from .vault_kv2_beats import KvHeartbeats
from .vault_kv2_options import resolve_kv
from .vault_kv2_paths import Paths
from .vault_kv2_server import KvServer
from .vault_kv2_spec import OPTIONS

#: A record that the lease read is handed to the turn's own first read, for so many seconds.
_FRESH = 1.0
#: A mount that deletes versions sooner than this would delete the pairs of working keys.
_SHORTEST_LIFE_DAYS = 400
_TRIES, _BETWEEN_TRIES = 3, 2.0
_NO_END = "Check that secret_store.url leads to the server itself: something makes folders up."


class VaultKv2(SecretStore):
    """HashiCorp Vault or OpenBao, KV version 2."""

    name = "vault_kv2"
    title = "HashiCorp Vault or OpenBao (KV version 2)"
    OPTIONS = OPTIONS

    def __init__(self, options: Mapping[str, Any], context: StoreContext) -> None:
        super().__init__(options, context)
        self.settings = resolve_kv(options, context.environ, context.parallelism)
        self.paths = Paths(self.settings.template)
        self.server = KvServer(self.settings, context, self.fail)
        self._beats = beats = KvHeartbeats(self.server, self.paths)
        length = self.settings.lease
        self._keeper = HeartbeatKeeper(beats, context.run, length, self.clock)
        self._watch = HeartbeatWatch(beats, context.run, length, self.clock)
        #: What lease() has just read: the record or None, and when.
        self._fresh: dict[Place, tuple[Optional[Stored], float]] = {}
        self._writes_metadata = self.settings.with_metadata
        for text in self.settings.warnings:
            self.warn(text)

    def open(self) -> None:
        """Log in, and prove that the mount is there and is KV version 2. Stores nothing."""
        self.server.open()

    def probe(self) -> None:
        """Prove each right that a rotation needs, on a secret of its own that is deleted again.

        Raises store_refused also where the mount would delete records by itself before long.
        """
        if self.context.check_mode:
            return
        path = self.paths.probe(secrets.token_hex(8))
        note = {"purpose": "proves that records can be written; nothing secret"}
        try:
            first = self.server.write(path, note, 0)
            self._require_lasting(first)
            self.server.write(path, note, first["version"])
            if self._writes_metadata:
                self._write_copy(path, {"managed_by": "objectstore.credentials"})
            self.server.destroy(path, [first["version"]])
        except CredentialsError as exc:
            if exc.landed is None:
                self._tidy(path)
            raise
        self.server.forget(path)
        self._beats.sweep()

    def read(self, place: Place) -> Stored | None:
        """Return the record, or None where data and metadata both say that there is none."""
        fresh = self._fresh.pop(place, None)
        if fresh is not None and self.clock.monotonic() - fresh[1] <= _FRESH:
            return fresh[0]
        try:
            return self._read(place)
        except CredentialsError as exc:
            exc.at(account=place.account)
            raise

    def write(self, place: Place, record: Record, expected: Any) -> Stored:
        """Write a record if it is unchanged since; within a lease it names this run."""
        self._fresh.pop(place, None)
        token = self._keeper.token_of(self._key(place))
        if token is not None:
            record = dataclasses.replace(record, run=token)
        return super().write(place, record, expected)

    def _write(self, place: Place, record: Record, expected: Any) -> Any:
        path = self.paths.record(place)
        self._learn(record)
        try:
            metadata = self.server.write(path, _plain(to_document(record)), expected or 0)
        except CredentialsError as exc:
            exc.at(account=place.account)
            raise
        self._warn_of_deletion(metadata, path)
        if self._writes_metadata and not record.is_open:
            custom = merged(metadata.get("custom_metadata"), audit_copy(record))
            if custom is not None:
                self._write_copy(path, custom)
        return metadata["version"]

    @contextmanager
    def lease(self, place: Place) -> Iterator[Lease]:
        """Become the only writer of an account for the time of a with block.

        A record that another run left unfinished is written back first, with our run in it, so
        that no late write of that run can land any more.
        """
        try:
            if self.context.check_mode:
                yield CheckModeLease()
                return
            with self._keeper.turn(self._key(place)) as lease:
                stored = self._require_free(place)
                if stored is not None and stored.record.is_open:
                    stored = self.write(place, stored.record, stored.version)
                self._fresh[place] = (stored, self.clock.monotonic())
                yield lease
        except CredentialsError as exc:
            exc.at(account=place.account)
            raise
        finally:
            self._fresh.pop(place, None)

    def places(self, platform: str | None, endpoint: str | None) -> Iterator[Place]:
        """Yield where an endpoint's records are, or several's: a request a folder. Reads only."""
        pages = Listing(
            self.fail, "list the records", self.clock, kind="store_unavailable", next_step=_NO_END
        )

        def entries(folder: str) -> list[str]:
            found = self.server.entries(folder)
            pages.page(len(found), sum(map(len, found)))
            return found

        return self.paths.places(platform, endpoint, entries)

    def where(self) -> dict[str, str]:
        """Return server, mount and path."""
        settings = self.settings
        found = {"type": self.name, "url": settings.url, "namespace": settings.namespace or ""}
        found.update(mount=settings.mount, path=settings.template)
        return {name: value for name, value in found.items() if value}

    def destroy_old_versions(self, place: Place, version: Any) -> None:
        """Destroy every version before this one for good. Repeatable."""
        path = self.paths.record(place)
        metadata = None if version is None else self.server.metadata(path)
        versions = [] if metadata is None else list(metadata["versions"].items())
        old = sorted(
            int(number)
            for number, facts in versions
            if number.isdigit() and int(number) < int(version) and not facts.get("destroyed")
        )
        if old and self.context.check_mode:
            raise self.fail("check_mode_write", f"check mode: no version of {place} was destroyed.")
        if not old:
            return
        for attempt in range(1, _TRIES + 1):
            try:
                self.count_write()
                self.server.destroy(path, old)
                return
            except CredentialsError as exc:
                if exc.landed is not None or attempt == _TRIES:
                    exc.at(account=place.account)
                    raise
            self.clock.sleep(_BETWEEN_TRIES)

    def read_note(self, name: str) -> tuple[dict[str, Any], Any] | None:
        """Return a document of our own that holds no secret, and its version. Reads only."""
        path = self.paths.note(name)
        found = self.server.read(path)
        if found is None:
            if self.server.is_absent(path):
                return None
            raise self._contradiction(path)
        return found[0], found[1]["version"]

    def write_note(self, name: str, document: Mapping[str, Any], expected: Any) -> None:
        """Write such a document if it is unchanged since (None: if there is none). Raises busy."""
        if self.context.check_mode:
            raise self.fail("check_mode_write", f"check mode: the note {name!r} was not written.")
        path = self.paths.note(name)
        lost: Optional[CredentialsError] = None
        for attempt in range(_TRIES):
            if attempt:
                self.clock.sleep(_BETWEEN_TRIES)
            try:
                self.count_write()
                self.server.write(path, document, expected or 0)
                return
            except CredentialsError as exc:
                if exc.landed is False and lost is None:
                    raise
                lost = lost or exc
                found = self._look(name)
                if found is not None and found[0] == document and found[1] == (expected or 0) + 1:
                    return
                if exc.kind == "busy":
                    raise
        if lost is None:
            raise missing("lost")
        raise lost

    def close(self) -> None:
        """End the heartbeat, log out, close the connections."""
        self._keeper.stop()
        self.server.log_out()

    # --- inside --------------------------------------------------------------------------------

    def _key(self, place: Place) -> str:
        return self.paths.record(place)

    def _read(self, place: Place) -> Stored | None:
        path = self.paths.record(place)
        for _look in range(2):
            found = self.server.read(path)
            if found is not None:
                return self._parse(place, path, *found)
            if self.server.is_absent(path):
                return None
            # Data said no, metadata yes: it was written between the two looks.
        raise self._contradiction(path)

    def _contradiction(self, path: str) -> CredentialsError:
        return unreadable(
            f"{self.settings.mount}/{path} in the secret store",
            "its metadata tell of versions, its data of none",
        )

    def _parse(
        self, place: Place, path: str, data: Mapping[str, Any], metadata: Mapping[str, Any]
    ) -> Stored:
        where = f"The record of {place.account} ({self.settings.mount}/{path})"
        record = from_document(data, where)
        self._learn(record)
        self.admit(record, where)
        is_of_place = (record.platform, record.account) == (place.platform, place.account)
        if not is_of_place or place.endpoint not in record.endpoints:
            found = Place(record.platform, ",".join(record.endpoints), record.account)
            raise unreadable(where, f"it is the record of {found}")
        self._warn_of_deletion(metadata, path)
        return Stored(record, metadata["version"])

    def _learn(self, record: Record) -> None:
        self.context.redactor.learn(*(secret.open() for secret in record.secrets()))

    def _require_free(self, place: Place) -> Stored | None:
        """Return the record where no other run works on it. Raises busy where one does."""
        for _look in range(3):
            stored = self._read(place)
            token = stored.record.run if stored is not None else None
            if not token or token.rpartition("#")[0] == self._keeper.name:
                return stored
            if not self._watch.is_over(token, self._key(place)):
                break
            # It may have been written while its run was watched.
            again = self._read(place)
            if again is not None and stored is not None and again.version == stored.version:
                return again
        raise self.fail(
            "busy",
            f"The run {run_of(str(token))} is at work on {place.account}.",
            account=place.account,
        )

    def _look(self, name: str) -> tuple[dict[str, Any], Any] | None:
        try:
            return self.read_note(name)
        except CredentialsError:
            return None

    def _write_copy(self, path: str, custom: Mapping[str, str]) -> None:
        """Write the auditor's copy, best effort: nothing relies on it."""
        try:
            self.server.write_custom_metadata(path, custom)
        except CredentialsError as exc:
            if exc.kind == "store_refused":
                self._writes_metadata = False
                self.warn(f"Custom metadata, the copy for auditors, are not written: {exc.message}")

    def _tidy(self, path: str) -> None:
        try:
            self.server.forget(path)
        except CredentialsError:
            return  # the error that led here says more

    def _require_lasting(self, metadata: Mapping[str, Any]) -> None:
        """Refuse a mount that deletes versions by itself within the life of a key."""
        end = parse_time(metadata.get("deletion_time"))
        created = parse_time(metadata.get("created_time")) or self.clock.now()
        if end is not None and (end - created).days < _SHORTEST_LIFE_DAYS:
            mount = self.settings.mount
            raise self.fail(
                "store_refused",
                f"The mount {mount} deletes each version {_days(end - created)} after it was"
                " written (delete_version_after): the pairs of working keys would be lost.",
                next_step=f"vault write {mount}/config delete_version_after=0s, or use another"
                " mount.",
            )

    def _warn_of_deletion(self, metadata: Mapping[str, Any], path: str) -> None:
        if metadata.get("deletion_time"):
            self.warn(
                f"{self.settings.mount}/{path} will be deleted by the secret store at"
                f" {metadata['deletion_time']} (delete_version_after on the mount or the path)."
            )


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.open()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _days(length: Any) -> str:
    return f"{length.days} days" if length.days else f"{int(length.total_seconds())} s"
