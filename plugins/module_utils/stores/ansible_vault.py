# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret store ansible_vault: one YAML file for each account, secret keys as !vault values.

<path>/<platform>/<endpoint>/<account>.yml, readable by include_vars and without a password but for
the secret keys. Locks are files in <path>/.locks, notes are in <path>/.notes, and
<path>/.objectstore.credentials.yml proves the vault password before anything is done.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..errors import CredentialsError
from ..record import Record, Secret
from ..record_document import from_document, to_document, unreadable
from .ansible_vault_spec import OPTIONS
from .base import CheckModeLease, Lease, Place, SecretStore, StoreContext, Stored
from .durable_files import TEMPORARY, Tree
from .file_lease import FileLease, lock_name, note_lock_name
from .file_locks import FileLock
from .file_names import escape, is_hashed, is_platform, unescape
from .record_yaml import write_yaml
from .vault_checks import CheckFile, wrong_password
from .vault_passwords import Keyring
from .vault_seals import Seals

_ENDING = ".yml"
_LOCKS, _NOTES, _PROBE = ".locks", ".notes", ".probe"
_COMMENT = (
    "S3 access keys of one account, kept by the Ansible collection objectstore.credentials."
    " Rotations rewrite this file; secret keys are encrypted with ansible-vault."
)
_NOTE_COMMENT = "Kept by the Ansible collection objectstore.credentials; holds no secret."
#: Seconds after which a temporary file is certainly left by a writer that was killed.
_OLD = 86400.0
#: Seconds to wait for a lock that every run of a store takes for a moment, and between two tries.
_PATIENCE, _BETWEEN_TRIES = 30.0, 0.05
#: Records that open() looks into for a secret, where there is no check file.
_TRIES = 5


class AnsibleVault(SecretStore):
    """Records as files."""

    name: ClassVar[str] = "ansible_vault"
    title: ClassVar[str] = "files encrypted with ansible-vault"
    OPTIONS = OPTIONS

    cannot_rekey_because = None

    def __init__(self, options: Mapping[str, Any], context: StoreContext) -> None:
        super().__init__(options, context)
        path = options.get("path")
        if not path or "\0" in path:
            raise CredentialsError(
                "invalid_option",
                "secret_store.path is required: the directory of the secret store ansible_vault.",
            )
        self._tree = Tree(os.path.abspath(os.path.expanduser(path)), self.warnings)
        self.folder = self._tree.base
        self._keyring = Keyring(options, context, self.warnings)
        self._seals = Seals(self._keyring, context.redactor)
        self._checks = CheckFile(self._tree, self._seals, self._keyring)
        self._leases: dict[Place, FileLease] = {}
        self._leftovers: list[tuple[str, ...]] = []

    # --- opening -----------------------------------------------------------------------------

    def open(self) -> None:
        """Prove that the vault password opens what is there; without one, states can be read."""
        if not self._keyring.has_any():
            return
        self.can_seal = True
        if not self._tree.has_base():
            return
        checks = self._checks.read()
        if checks is not None:
            if not any(self._seals.opens(check) for check in checks):
                raise wrong_password(self._checks.path, self._keyring)
            return
        for place, secret in self._some_secrets():
            if not self._seals.opens(secret):
                raise wrong_password(self._path(place), self._keyring)
            return

    def probe(self) -> None:
        """Prove that files can be written and locked, and that there is a password to encrypt."""
        self._keyring.for_writing()
        if self.context.check_mode:
            return
        with self._lock(_PROBE, f"the secret store {self._tree.base}", _PATIENCE):
            self._sweep()
            self._tree.write(b"", _PROBE)
            self._tree.remove(_PROBE)
            self._checks.add()

    # --- records -----------------------------------------------------------------------------

    def read(self, place: Place) -> Stored | None:
        """Return the record, or None where there is no file. Opens no secret. Reads only."""
        data = self._tree.read(*self._parts(place))
        return None if data is None else self._stored(place, data)

    def _stored(self, place: Place, data: bytes) -> Stored:
        """Return the record that a file holds."""
        where = f"The record {self._path(place)}"
        document, made = self._seals.read(data, where)
        record = self.admit(from_document(document, where), where)
        if not record.nonce or not isinstance(record.serial, int):
            # The last lines of the file.
            raise unreadable(where, "it is cut off")
        mine = (record.platform, record.account)
        if mine != (place.platform, place.account) or place.endpoint not in record.endpoints:
            is_of = Place(record.platform, ", ".join(map(str, record.endpoints)), record.account)
            raise unreadable(where, f"it is the record of {is_of}, in the place of {place}")
        kept = record.secrets()
        if not all(any(each is secret for secret in kept) for each in made):
            raise unreadable(where, "something else than a secret_key is encrypted in it")
        version = f"{record.serial}-{record.nonce}"
        lease = self._leases.get(place)
        if lease is not None:
            lease.seen = (data, version)
        return Stored(record, version)

    def _write(self, place: Place, record: Record, expected: Any) -> Any:
        try:
            for secret in record.secrets():
                self._seals.seal_once(secret)
            text = write_yaml(to_document(record), _COMMENT)
            data = text.encode()
        except ValueError as exc:
            what = "a text is no Unicode" if isinstance(exc, UnicodeError) else str(exc)
            message = f"The record {place} cannot be written: {what}."
            raise self.fail("store_refused", message) from None
        version = f"{record.serial}-{record.nonce}"
        with self._turn(place) as lease:
            if self._version(place, lease) != expected:
                raise CredentialsError(
                    "busy", f"The record {place} was changed by another run since it was read."
                )
            self._sweep()
            self._tree.write(data, *self._parts(place))
            if lease is not None:
                lease.seen = (data, version)
        return version

    def _version(self, place: Place, lease: FileLease | None) -> str | None:
        """Look which version the file is now. Reads only."""
        data = self._tree.read(*self._parts(place))
        if data is None:
            return None
        if lease is not None and lease.seen is not None and lease.seen[0] == data:
            return lease.seen[1]
        version: str = self._stored(place, data).version
        return version

    @contextlib.contextmanager
    def lease(self, place: Place) -> Iterator[Lease]:
        """Hold the account's lock for a with block. Raises busy at once, naming the holder."""
        if self.context.check_mode:
            yield CheckModeLease()
            return
        with self._lock(lock_name(place), f"The account {place}") as lock:
            lease = self._leases[place] = FileLease(lock)
            try:
                yield lease
            finally:
                del self._leases[place]

    def places(self, platform: str | None, endpoint: str | None) -> Iterator[Place]:
        """Yield the places of an endpoint's files, or of several's, by name. Reads only."""
        if platform is not None and endpoint is not None:
            yield from self._places(platform, endpoint)
            return
        if platform is not None:
            platforms = [escape(platform)]
        else:
            # Beside the directories of platforms there may be a lost+found that nobody may read.
            platforms = list(filter(is_platform, self._tree.folders()))
        for above in platforms:
            wanted = self._tree.folders(above) if endpoint is None else [escape(endpoint)]
            for folder in wanted:
                names = self._names_of(above, folder)
                if names is not None:
                    yield from self._places(*names)

    def _places(self, platform: str, endpoint: str) -> Iterator[Place]:
        folders = (escape(platform), escape(endpoint))
        for name in sorted(self._tree.names(*folders)):
            if name.endswith(TEMPORARY):
                self._leftovers.append((*folders, name))
            elif name.endswith(_ENDING):
                stem = name[: -len(_ENDING)]
                account = self._hashed(folders, stem) if is_hashed(stem) else unescape(stem)
                if account is not None:
                    yield Place(platform, endpoint, account)
                elif not is_hashed(stem):
                    path = self._tree.path(*folders, name)
                    self._unplaced(path, "no account has a file of this name")

    def where(self) -> dict[str, str]:
        """Return the directory."""
        return {"type": self.name, "path": self._tree.base}

    # --- notes -------------------------------------------------------------------------------

    def read_note(self, name: str) -> tuple[dict[str, Any], Any] | None:
        """Return a note and the hash of its file. Reads only."""
        parts = (_NOTES, escape(name) + _ENDING)
        data = self._tree.read(*parts)
        if data is None:
            return None
        where = f"The note {self._tree.path(*parts)}"
        document, _secrets = self._seals.read(data, where)
        if not isinstance(document, dict):
            raise unreadable(where, "it is not a mapping")
        return document, hashlib.sha256(data).hexdigest()

    def write_note(self, name: str, document: Mapping[str, Any], expected: Any) -> None:
        """Write a note if its file is unchanged since. Raises busy."""
        if self.context.check_mode:
            raise CredentialsError(
                "check_mode_write", f"check mode: the note {name} was not written."
            )
        data = write_yaml(document, _NOTE_COMMENT).encode()
        self.count_write()
        with self._lock(note_lock_name(name), f"The note {name}", _PATIENCE):
            present = self.read_note(name)
            if (present[1] if present else None) != expected:
                raise CredentialsError("busy", f"The note {name} was changed since it was read.")
            self._tree.write(data, _NOTES, escape(name) + _ENDING)

    # --- passwords ---------------------------------------------------------------------------

    def opened_with(self, secret: Secret) -> str:
        """Decrypt a secret, and return where the password came from. Raises store_unreadable."""
        return self._seals.opened_with(secret)

    def count_old(self, record: Record) -> int:
        """Return how many secrets are not encrypted with the password that encrypts."""
        return sum(not self._seals.is_newest(secret) for secret in record.secrets())

    def renew(self, place: Place, stored: Stored) -> int:
        """Encrypt those secrets of a record anew, in one write; return how many there were."""
        count = self._seals.renew(stored.record.secrets())
        if count:
            self.write(place, stored.record, stored.version)
        return count

    def forget_old_passwords(self) -> bool:
        """Let no run open this store any more that has none but old passwords.

        Only once no secret in it needs one. Tells whether any could until now.
        """
        had_old = self._checks.has_old()
        if had_old and not self.context.check_mode:
            with self._lock(_PROBE, f"the secret store {self._tree.base}", _PATIENCE):
                self._checks.keep_newest()
        return had_old

    # --- sealing -----------------------------------------------------------------------------

    def seal(self, text: str) -> str:
        """Return a text as a whole file of ansible-vault."""
        return self._keyring.encrypt(text) + "\n"

    def unseal(self, text: str) -> str:
        """Return what such a file holds."""
        return self._keyring.decrypt(text, "the file")

    # --- inside ------------------------------------------------------------------------------

    def _parts(self, place: Place) -> tuple[str, str, str]:
        account = escape(place.account) + _ENDING
        return escape(place.platform), escape(place.endpoint), account

    def _path(self, place: Place) -> str:
        return self._tree.path(*self._parts(place))

    def _some_secrets(self) -> Iterator[tuple[Place, Secret]]:
        """Yield the first secrets that a short look finds."""
        for place in itertools.islice(self.places(None, None), _TRIES):
            data = self._tree.read(*self._parts(place)) or b"{}"
            _document, secrets = self._seals.read(data, f"The record {self._path(place)}")
            yield from ((place, secret) for secret in secrets)

    def _hashed(self, folders: tuple[str, str], stem: str) -> str | None:
        """Return the account of a file whose name is a hash, from inside the file."""
        account = self._inside(*folders, stem + _ENDING).get("account")
        if isinstance(account, str) and escape(account) == stem:
            return account
        path = self._tree.path(*folders, stem + _ENDING)
        self._unplaced(path, "it cannot be read, and its name tells no account")
        return None

    def _names_of(self, *folders: str) -> tuple[str, str] | None:
        """Return platform and endpoint of a directory, from inside a record where it is a hash."""
        names = [unescape(folder) for folder in folders]
        records = sorted(n for n in self._tree.names(*folders) if n.endswith(_ENDING))
        if any(map(is_hashed, folders)) and records:
            inside = self._inside(*folders, records[0])
            known = [str(inside.get("platform")), *map(str, inside.get("endpoints") or ())]
            by_folder = {escape(name): name for name in known}
            names = [by_folder.get(folder) for folder in folders]
        platform, endpoint = names
        if platform is not None and endpoint is not None:
            return platform, endpoint
        if records:
            self._unplaced(self._tree.path(*folders), "no endpoint has a directory of this name")
        return None

    def _unplaced(self, path: str, why: str) -> None:
        text = f"{path} is no record: {why}."
        if text not in self.unplaced:
            self.unplaced.append(text)
            self.warnings.append(text)

    def _inside(self, *parts: str) -> dict[str, Any]:
        """Return what a file holds, nothing where it cannot be read."""
        try:
            data = self._tree.read(*parts)
            document = None
            if data is not None:
                document, _secrets = self._seals.read(data, self._tree.path(*parts))
        except CredentialsError as exc:
            if exc.kind != "store_unreadable":
                raise
            document = None
        return document if isinstance(document, dict) else {}

    @contextlib.contextmanager
    def _turn(self, place: Place) -> Iterator[FileLease | None]:
        """Be the only writer of an account: by the lease, or by a lock for this one write."""
        lease = self._leases.get(place)
        if lease is None:
            with self._lock(lock_name(place), f"The account {place}"):
                yield None
            return
        with lease.turn:
            if not lease.is_sure():
                raise CredentialsError("busy", f"The lock of {place} was taken from this run.")
            yield lease

    @contextlib.contextmanager
    def _lock(self, name: str, what: str, patience: float = 0.0) -> Iterator[FileLock]:
        """Hold a lock. patience: seconds to wait for one that nobody holds for long."""
        holder = {"run": self.context.run, "pid": os.getpid(), "host": os.uname().nodename}
        clock = self.context.clock
        ends = clock.monotonic() + patience
        while True:
            try:
                lock = FileLock(self._tree, what, holder, _LOCKS, name)
                break
            except CredentialsError as exc:
                if exc.kind != "busy" or clock.monotonic() >= ends:
                    raise
                clock.sleep(_BETWEEN_TRIES)
        try:
            yield lock
        finally:
            lock.release()

    def _sweep(self) -> None:
        """Remove what killed writers left behind, where places() came across it."""
        while self._leftovers:
            parts = self._leftovers.pop()
            written = self._tree.modified(*parts)
            if written is not None and time.time() - written > _OLD:
                with contextlib.suppress(CredentialsError):
                    self._tree.remove(*parts)
