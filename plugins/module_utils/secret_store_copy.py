# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move records from one secret store to another, so that one place alone counts at each moment.

Four writes for each record, under the leases of both places:

1. the source is held still: consumers read it, nothing writes it any more;
2. the copy is made and not used yet; it is read back and compared, secrets included;
3. the copy becomes the record;
4. the source becomes a pointer to it, which refuses to be read and written.

A run that is killed in between is finished by the next one, which sees by the marks how far it was.
"""

from __future__ import annotations

import dataclasses
import secrets
import threading
from collections.abc import Mapping
from typing import Any, Optional

from .clock import iso
from .errors import CredentialsError
from .escrow import escrow_file
from .record import Record, Secret
from .record_document import from_document, to_document
from .record_moves import (
    ARRIVED,
    ARRIVING,
    MOVED,
    MOVING,
    Move,
    place_of,
    refusal,
    restriction_of,
)
from .results import AccountResult
from .secret_store_work import Work, gone, result_of
from .stores.base import Lease, Place, SecretStore, Stored

#: What two copies of one state may differ in: who wrote them last, and the marks of the move.
_OWN = ("serial", "nonce", "run", "moved_to", "moved_from")


class Copier:
    """Copies records of one store to another."""

    def __init__(self, work: Work, destination: SecretStore, destroy: bool) -> None:
        self._work = work
        self._source = work.store
        self._destination = destination
        self._destroy = destroy
        self._here, self._there = work.store.where(), destination.where()
        self._lock = threading.Lock()
        self._is_proven = False

    def copy(self, place: Place) -> AccountResult:
        """Copy one record; in check mode only tell what would be done.

        Raises busy, store_moved, conflict where the destination has another record, and what the
        stores raise.
        """
        source, there = self._read(place)
        planned = self._planned(place, source, there)
        if self._work.check_mode:
            return planned
        if planned.action == "unchanged":
            if self._destroy and source is not None:
                # Of a run that was killed in between: the last thing that is left to do.
                self._source.destroy_old_versions(place, source.version)
            return planned
        self._prove()
        with self._source.lease(place) as one, self._destination.lease(place) as other:
            return self._copied(place, _Sure(one, other))

    def _prove(self) -> None:
        """Prove once, before anything is held still, that both stores can be written."""
        with self._lock:
            if not self._is_proven:
                self._source.probe()
                self._destination.probe()
                self._is_proven = True

    # --- what there is -------------------------------------------------------------------------

    def _read(self, place: Place) -> tuple[Stored | None, Stored | None]:
        return self._source.read(place), self._destination.read(place)

    def _planned(self, place: Place, source: Stored | None, there: Stored | None) -> AccountResult:
        if source is None:
            return gone(place)
        if _is_at(source.record.moved_to, MOVED):
            self._check_pointer(place, source.record, there)
            return self._result(place, source.record, self._has_rest(source.record))
        self._check_free(place, source.record, there)
        return self._result(place, source.record, True)

    def _check_free(self, place: Place, record: Record, there: Stored | None) -> None:
        """Refuse what must not be copied, or not over what the destination has."""
        where = f"The record {place} in {place_of(self._here)}"
        if record.moved_from is not None and record.moved_from.state == ARRIVING:
            raise refusal(record.moved_from, where)
        if record.moved_to is not None and dict(record.moved_to.store) != self._there:
            raise refusal(record.moved_to, where)
        pending = record.pending
        if pending is not None:
            path = escrow_file(self._work.journal, place, pending.attempt)
            if path:
                raise CredentialsError(
                    "conflict",
                    f"{where} waits for a pair that lies in the escrow file {path}, which only this"
                    " secret store or the login of the run can open.",
                    next_step="Run s3_access_key_rotate with the present secret store first.",
                )
        if there is None or _may_replace(there.record, self._here):
            return
        if _is_linked(record, there.record) or _is_usable_twin(record, there.record):
            return
        raise CredentialsError(
            "conflict",
            f"{place_of(self._there)} has another record of {place}: {_shown(there.record)}; the"
            f" one to be copied: {_shown(record)}. Nothing was changed.",
            next_step="Find out which of the two has the pair that works (s3_credential_info shows"
            " the platform's keys), and take the other one away.",
        )

    def _check_pointer(self, place: Place, record: Record, there: Stored | None) -> None:
        """Refuse a pointer that leads elsewhere, or to nothing."""
        move = record.moved_to
        where = f"The record {place} in {place_of(self._here)}"
        if move is None or dict(move.store) != self._there:
            raise refusal(move or _nothing(), where)
        if there is None:
            raise CredentialsError(
                "conflict",
                f"{where} was moved to {place_of(self._there)} at {iso(move.at)}, and there is no"
                " record of it there.",
                next_step="Restore it there. If it is lost, take the pointers away with"
                " state: copied and undo: true.",
                alive="the pair below the pointer, as it was then" if record.secrets() else None,
            )

    # --- what is done --------------------------------------------------------------------------

    def _copied(self, place: Place, sure: _Sure) -> AccountResult:
        source, there = self._read(place)
        if source is None:
            return gone(place)
        if _is_at(source.record.moved_to, MOVED):
            self._check_pointer(place, source.record, there)
        else:
            self._check_free(place, source.record, there)
            if source.record.moved_to is None:
                source = self._held_still(place, source, sure)
            if there is None or not _is_arrived(source.record, there.record):
                self._arrived(place, source, there, sure)
            source = self._pointed(place, source, sure)
        record = source.record
        if self._has_rest(record):
            self._emptied(place, source, sure)
        return self._result(place, record, True)

    def _held_still(self, place: Place, source: Stored, sure: _Sure) -> Stored:
        now = self._work.clock.now()
        move = Move(MOVING, self._there, now, secrets.token_hex(8))
        record = dataclasses.replace(source.record, moved_to=move)
        return self._write(self._source, place, record, source.version, sure)

    def _arrived(self, place: Place, source: Stored, there: Stored | None, sure: _Sure) -> None:
        """Make the copy, prove it, and let it be the record."""
        link = source.record.moved_to or _nothing()
        move = Move(ARRIVING, self._here, link.at, link.link)
        wanted = dataclasses.replace(
            copied(source.record), moved_to=None, moved_from=move, run=None
        )
        is_there = there is not None and (
            _is_linked(source.record, there.record) or _is_usable_twin(source.record, there.record)
        )
        if not is_there:
            version = there.version if there is not None else None
            self._write(self._destination, place, wanted, version, sure)
        found = self._destination.read(place)
        if found is None or not is_same_state(wanted, found.record):
            raise CredentialsError(
                "store_unreadable",
                f"The copy of {place} in {place_of(self._there)} is not what was written, and is"
                f" not used. The record is still the one in {place_of(self._here)}.",
                next_step="Look at that store, take the copy away, then run again; or go on with"
                " the source, with state: copied and undo: true.",
                alive="the pair in the source",
                landed=True,
            )
        arrived = dataclasses.replace(move, state=ARRIVED)
        record = dataclasses.replace(found.record, moved_from=arrived)
        self._write(self._destination, place, record, found.version, sure)

    def _pointed(self, place: Place, source: Stored, sure: _Sure) -> Stored:
        move = dataclasses.replace(source.record.moved_to or _nothing(), state=MOVED)
        record = dataclasses.replace(source.record, moved_to=move)
        return self._write(self._source, place, record, source.version, sure)

    def _has_rest(self, record: Record) -> bool:
        return self._destroy and bool(record.secrets())

    def _emptied(self, place: Place, source: Stored, sure: _Sure) -> None:
        """Destroy the secrets below a pointer, once the record at the other end gives its own."""
        found = self._destination.read(place)
        if found is None or not _is_arrived(source.record, found.record):
            raise CredentialsError(
                "conflict",
                f"The secrets of {place} in {place_of(self._here)} were not destroyed: the record"
                f" in {place_of(self._there)} is not the one that was moved there.",
                next_step="Find out what was changed there, by hand or from a backup; what is left"
                " here may be the only pair that works.",
            )
        for secret in found.record.secrets():
            secret.open()
        record = without_secrets(source.record)
        stored = self._write(self._source, place, record, source.version, sure)
        self._source.destroy_old_versions(place, stored.version)

    def _write(
        self, store: SecretStore, place: Place, record: Record, version: Any, sure: _Sure
    ) -> Stored:
        sure.check(place)
        return store.write(place, record, version)

    def _result(self, place: Place, record: Record, is_change: bool) -> AccountResult:
        other = place_of(self._there)
        if not is_change:
            return result_of(place, "unchanged", f"it is in {other}", record)
        verb = "is to be moved" if self._work.check_mode else "was moved"
        result = result_of(place, "copied", f"it {verb} to {other}", record)
        result.before, result.after = {"place": place_of(self._here)}, {"place": other}
        return result


class _Sure:
    """Both leases of a record's turn."""

    def __init__(self, *leases: Lease) -> None:
        self._leases = leases

    def check(self, place: Place) -> None:
        """Raise busy where either lease may be another run's by now."""
        if not all(lease.is_sure() for lease in self._leases):
            raise CredentialsError(
                "busy", f"A lease of {place} could not be renewed in time; the next run goes on."
            )


def undo(work: Work, destination: SecretStore, place: Place) -> AccountResult:
    """Take the pointer away from a record that the destination has not."""
    source = work.store
    with source.lease(place):
        stored = source.read(place)
        if stored is None:
            return gone(place)
        record = stored.record
        where = f"The record {place} in {place_of(source.where())}"
        if record.moved_to is None:
            return result_of(place, "unchanged", "it is in its own place", record)
        if dict(record.moved_to.store) != destination.where():
            raise refusal(record.moved_to, where)
        found = destination.read(place)
        if found is not None and not _is_at(found.record.moved_from, ARRIVING):
            raise CredentialsError(
                "conflict",
                f"{where} stays a pointer: {place_of(destination.where())} has the record.",
                next_step="Copy it back with state: copied, with the two stores exchanged and"
                " without undo.",
            )
        if _is_at(record.moved_to, MOVED) and not record.secrets():
            raise CredentialsError(
                "conflict",
                f"{where} has no secrets any more: they were destroyed when it was moved.",
                next_step="Restore the other store, or take the account over anew; see"
                " docs/lost-store.md.",
            )
        if not work.check_mode:
            source.write(place, dataclasses.replace(record, moved_to=None), stored.version)
        result = result_of(place, "rolled_back", "its pointer was taken away", record)
        result.before = {"place": place_of(record.moved_to.store)}
        result.after = {"place": place_of(source.where())}
        return result


def is_same_state(one: Record, other: Record) -> bool:
    """Tell whether two records say the same, secrets included. Opens them; shows nothing."""
    return _comparable(one) == _comparable(other)


def copied(record: Record) -> Record:
    """Return a record whose secrets are its own: no store's ciphertext is changed by another."""
    return from_document(_plain(to_document(record)), "the copy")


def without_secrets(record: Record) -> Record:
    """Return a record that knows its keys and not their secrets."""

    def bare(key: Any) -> Any:
        return None if key is None else dataclasses.replace(key, secret=None)

    return dataclasses.replace(
        record,
        current=bare(record.current),
        pending=bare(record.pending),
        retiring=tuple(bare(key) for key in record.retiring),
    )


def _comparable(record: Record) -> dict[str, Any]:
    document = _plain(to_document(record))
    return {name: value for name, value in document.items() if name not in _OWN}


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.open()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def _is_linked(record: Record, there: Record) -> bool:
    """Tell whether the other record came from this one, whatever became of it since."""
    to, came = record.moved_to, there.moved_from
    return to is not None and came is not None and to.link == came.link


def _is_arrived(record: Record, there: Record) -> bool:
    """Tell whether what came of this one is the record that counts, wherever it went since."""
    return _is_linked(record, there) and _is_at(there.moved_from, ARRIVED)


def _is_usable_twin(record: Record, there: Record) -> bool:
    """Tell whether the destination had the same record before, and it is in use."""
    is_free = restriction_of(there.moved_to, there.moved_from) is None
    return is_free and is_same_state(record, there)


def _may_replace(there: Record, here: Mapping[str, str]) -> bool:
    """Tell whether what the destination has is no record any more, or none yet."""
    came, went = there.moved_from, there.moved_to
    if came is not None and came.state == ARRIVING and dict(came.store) == dict(here):
        return True
    # It went from there to here: now it goes back.
    return _is_at(went, MOVED) and went is not None and dict(went.store) == dict(here)


def _is_at(move: Optional[Move], state: str) -> bool:
    return move is not None and move.state == state


def _nothing() -> Move:
    raise RuntimeError("a record without a move was taken for one that has one")


def _shown(record: Record) -> str:
    key = record.current.access_key if record.current else None
    return f"its current access key is {key or 'unknown'}, and it was written {record.serial} times"
