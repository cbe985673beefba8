# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every secret store is: records read, written only if unchanged, leased, listed."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar

from ..clock import Clock
from ..copies import copied
from ..errors import CredentialsError, missing
from ..record import Record, Secret
from ..record_moves import refusal, restriction_of
from ..redaction import Redactor

#: A vault password with its label, as Ansible's vault ids have them.
VaultSecret = tuple[str, bytes]
#: Tries to learn what became of a write whose answer was lost.
_LOOKS = 3
_BETWEEN_LOOKS = 2.0


@dataclass(frozen=True)
class Place:
    """Where a record lives: its names come from operators and platforms, so stores escape them."""

    platform: str
    endpoint: str
    account: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.endpoint}/{self.account}"


@dataclass(frozen=True)
class Stored:
    """A record as it was read, and the store's word for its version, for the check-and-set."""

    record: Record
    version: Any


@dataclass(frozen=True)
class StoreContext:
    """What a store is opened with, beside its own options."""

    clock: Clock
    redactor: Redactor
    #: Names this run: the holder of its leases.
    run: str
    check_mode: bool = False
    parallelism: int = 8
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    #: The vault secrets that the controller holds (a vault credential of AWX); asked when needed.
    vault_secrets: Callable[[], list[VaultSecret]] = list
    #: Of records that go to another store or came from one, those that this run may read all the
    #: same: "moving" for consumers, who need a pair also then; all of them for the move itself.
    may_read: frozenset[str] = frozenset()
    #: Of a run that changes the vault password: a file and a label, of which either may be left
    #: out; what they name encrypts, whatever the options of the store say.
    new_vault: tuple[str | None, str | None] = (None, None)


class Lease:
    """The right to be the only writer of one account, as long as is_sure() says so."""

    #: Written into the record as its run while the lease is held; None: not needed.
    run: str | None = None

    def is_sure(self) -> bool:
        """Tell whether the lease is certainly still ours. Sends nothing."""
        raise NotImplementedError


class CheckModeLease(Lease):
    """The lease of check mode: it writes nothing, so it keeps nobody out and waits for nobody."""

    def is_sure(self) -> bool:
        """Tell that nothing stands in the way of a plan; nothing is sent in check mode."""
        return True


class SecretStore:
    """Keeps records. A subclass is one file: read, check-and-set, lease, list, notes.

    Every failure is a CredentialsError of kind store_unavailable (dead, sealed, throttled),
    store_refused (login, permission, read-only, full), store_unreadable (there, but not to be
    read or decrypted) or busy (another run is at work, or was faster). C(landed) of a failed write
    is None only when nobody knows whether it happened.
    """

    #: The word of secret_store.type.
    name: ClassVar[str]
    title: ClassVar[str]
    #: Its suboptions as an argument spec; their meaning stands in doc_fragments/secret_store.py.
    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {}
    #: False: records live as long as the run, and nothing is under management.
    is_durable: ClassVar[bool] = True
    #: True: seal() and unseal() work, by a secret that the store itself holds.
    can_seal: bool = False
    #: The folder that holds the records, where they are files.
    folder: str | None = None
    #: Why there is no password of the operator's to change; None: there is one.
    cannot_rekey_because: ClassVar[str | None] = "its server encrypts, with keys of its own"

    def __init__(self, options: Mapping[str, Any], context: StoreContext) -> None:
        self.options = options
        self.context = context
        self.clock = context.clock
        #: Writes sent so far; check mode must leave it at 0.
        self.writes_sent = 0
        #: What the operator should know, each once; the operation hands them on.
        self.warnings: list[str] = []
        #: What places() found among the records and could not tell whose it is.
        self.unplaced: list[str] = []
        self._tally = threading.Lock()

    # --- what a store defines ----------------------------------------------------------------

    def open(self) -> None:
        """Check the options, log in, prove that what is there can be read. Reads only."""
        raise NotImplementedError

    def probe(self) -> None:
        """Prove that records can be written, by writing something that is no record.

        In check mode nothing is written, and only what is missing for it is found.
        """
        raise NotImplementedError

    def read(self, place: Place) -> Stored | None:
        """Return the record, or None where it is proven that there is none. Reads only."""
        raise NotImplementedError

    def lease(self, place: Place) -> AbstractContextManager[Lease]:
        """Become the only writer of an account for the time of a with block.

        Raises busy where another run is, which takes up to one lease to find out.
        """
        raise NotImplementedError

    def places(self, platform: str | None, endpoint: str | None) -> Iterator[Place]:
        """Yield where the endpoint's records are; None: those of all platforms or endpoints.

        Reads only.
        """
        raise NotImplementedError

    def where(self) -> dict[str, str]:
        """Return which store this is and where, without any login. Sends nothing."""
        raise NotImplementedError

    def destroy_old_versions(self, place: Place, version: Any) -> None:
        """Destroy every version of a record but this one, where the store keeps versions.

        Called once a key is proven dead, so that its secret is nowhere any more. Repeatable.
        """

    def read_note(self, name: str) -> tuple[dict[str, Any], Any] | None:
        """Return a document of our own that holds no secret, and its version. Reads only."""
        raise NotImplementedError

    def write_note(self, name: str, document: Mapping[str, Any], expected: Any) -> None:
        """Write such a document if it is unchanged since (None: if there is none). Raises busy."""
        raise NotImplementedError

    def seal(self, text: str) -> str:
        """Return a text encrypted by the store's own secret, where can_seal. Sends nothing."""
        raise NotImplementedError

    def unseal(self, text: str) -> str:
        """Return what seal() was given. Raises store_unreadable."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back connections and files."""

    def _write(self, place: Place, record: Record, expected: Any) -> Any:
        """Write a record if its version is still the expected one (None: if there is none).

        Returns the new version. Raises busy when it is not, with nothing written.
        """
        raise NotImplementedError

    # --- what a store whose passwords are the operator's defines beside ---------------------

    def opened_with(self, secret: Secret) -> str:
        """Open a secret, and return what opens it. Raises store_unreadable."""
        secret.open()
        return self.title

    def count_old(self, record: Record) -> int:
        """Return how many secrets are not encrypted with the password that encrypts now."""
        raise NotImplementedError

    def renew(self, place: Place, stored: Stored) -> int:
        """Encrypt those secrets of a record anew, in one write; return how many there were."""
        raise NotImplementedError

    def forget_old_passwords(self) -> bool:
        """Let no run open this store any more that has none but old passwords.

        Only once no secret in it needs one. Tells whether any could, or in check mode can.
        """
        raise NotImplementedError

    # --- what stores use ---------------------------------------------------------------------

    def warn(self, text: str) -> None:
        """Note what the operator should know, once, redacted. Sends nothing."""
        text = self.context.redactor.redact(text)
        with self._tally:
            if text not in self.warnings:
                self.warnings.append(text)

    def count_write(self) -> None:
        """Count a write that is about to be sent. Sends nothing."""
        with self._tally:
            self.writes_sent += 1

    def admit(self, record: Record, where: str) -> Record:
        """Return a record that was read, if this run may use it. Raises store_moved.

        where: names the record in the message.
        """
        move = restriction_of(record.moved_to, record.moved_from)
        if move is not None and move.state not in self.context.may_read:
            raise refusal(move, where)
        return record

    # --- what the engine uses ----------------------------------------------------------------

    def write(self, place: Place, record: Record, expected: Any) -> Stored:
        """Write a record if it is unchanged since, and return it as stored.

        A write whose answer was lost is looked for by its nonce, and sent again unchanged: with
        the same expected version only one of the two can land. If nobody can tell, the error says
        landed None.
        """
        if self.context.check_mode:
            raise CredentialsError(
                "check_mode_write", f"check mode: the record {place} was not written."
            )
        record = copied(record, serial=record.serial + 1, nonce=secrets.token_hex(16))
        lost: CredentialsError | None = None
        for attempt in range(_LOOKS):
            if attempt:
                self.clock.sleep(_BETWEEN_LOOKS)
            try:
                self.count_write()
                return Stored(record, self._write(place, record, expected))
            except CredentialsError as exc:
                if exc.landed is False and lost is None:
                    raise
                lost = exc if exc.landed is None else lost
                landed = self._find(place, record)
                if landed is not None:
                    return landed
                if exc.kind == "busy":
                    # Somebody else wrote: ours can no longer land, but it may have landed before
                    # theirs, with all that it held.
                    exc.landed = None
                    raise
        if lost is None:
            raise missing("lost")
        raise lost

    def _find(self, place: Place, record: Record) -> Stored | None:
        """Return the record if it is the one that was written, by its nonce."""
        try:
            stored = self.read(place)
        except CredentialsError:
            return None
        if stored is None or stored.record.nonce != record.nonce:
            return None
        return Stored(record, stored.version)

    def fail(self, kind: str, message: str, **context: Any) -> CredentialsError:
        """Return an error of this store, redacted."""
        redactor = self.context.redactor
        return CredentialsError(kind, redactor.redact(message), **redactor.redact_all(context))
