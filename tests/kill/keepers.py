# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret stores of the matrix: how each is opened by a runner, and read behind its back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    Record,
    Secret,
    from_document,
    to_document,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    open_store,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import vault_format
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Lease,
    Place,
    SecretStore,
    StoreContext,
    Stored,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator

from .virtual import WorldClock

if TYPE_CHECKING:
    from .world import World


class Keeper:
    """One kind of secret store in the matrix."""

    name = ""
    #: Its files hold secrets in clear, which only a toy's may.
    is_clear = False

    def double(self, clock: WorldClock) -> Optional[Simulator]:
        """Return the server of a store that speaks HTTP."""
        return None

    def open(self, directory: Path, context: StoreContext) -> SecretStore:
        """Return the store as a runner uses it."""
        raise NotImplementedError

    def stored(self, world: World) -> Optional[bytes]:
        """Return what is stored for the subject right now, in the store's own form."""
        raise NotImplementedError

    def record(self, stored: bytes) -> Record:
        """Read what stored() returned."""
        raise NotImplementedError

    def state(self, world: World) -> Any:
        """Return all that the store holds, to compare: a run that changes nothing leaves it so."""
        raise NotImplementedError


class ToyStore(SecretStore):
    """The simplest store that keeps its word: one JSON file per account, in clear."""

    name = "toy"
    title = "Toy"

    def _path(self, place: Place) -> Path:
        return Path(self.options["path"]) / f"{place.account}.json"

    def open(self) -> None:
        """Do nothing."""

    def probe(self) -> None:
        """Do nothing."""

    def read(self, place: Place) -> Optional[Stored]:
        """Return the record."""
        try:
            record = toy_record(self._path(place).read_bytes())
        except FileNotFoundError:
            return None
        return Stored(record, record.serial)

    def lease(self, place: Place) -> AbstractContextManager[Lease]:
        """Give it to everybody."""
        return self._lease()

    @contextmanager
    def _lease(self) -> Iterator[Lease]:
        yield Lease()

    def _write(self, place: Place, record: Record, expected: Any) -> Any:
        path = self._path(place)
        document = json.dumps(
            to_document(record), default=lambda v: v.open() if isinstance(v, Secret) else str(v)
        )
        number = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(number, document.encode())
        os.fsync(number)
        os.close(number)
        os.rename(f"{path}.new", path)
        number = os.open(path.parent, os.O_RDONLY)
        os.fsync(number)
        os.close(number)
        return record.serial


def toy_record(stored: bytes) -> Record:
    """Read a toy's file."""
    return from_document(json.loads(stored))


class ToyKeeper(Keeper):
    """Keeps records in a ToyStore."""

    name = "toy"
    is_clear = True

    def open(self, directory: Path, context: StoreContext) -> SecretStore:
        """Return the store as a runner uses it."""
        return ToyStore({"path": str(directory)}, context)

    def stored(self, world: World) -> Optional[bytes]:
        """Return the subject's file."""
        return _bytes_of(world.directory / "store" / "app-0001.json")

    def record(self, stored: bytes) -> Record:
        """Read the subject's file."""
        return toy_record(stored)

    def state(self, world: World) -> Any:
        """Return every file."""
        return files_below(world.directory / "store")


def _bytes_of(path: Path) -> Optional[bytes]:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def files_below(root: Path) -> dict[str, bytes]:
    """Return every file below a directory that holds something."""
    found = {}
    for place, _unused, names in os.walk(root):
        for name in names:
            content = Path(place, name).read_bytes()
            if content:
                found[str(Path(place, name).relative_to(root))] = content
    return found


class _Loader(yaml.CSafeLoader):
    """Reads records; an encrypted value becomes a Secret."""


def _sealed(loader: Any, node: Any) -> Secret:
    def opened(text: Any) -> str:
        plain = vault_format.decrypt(str(text), PASSWORD.encode())
        assert plain is not None, "a secret was encrypted with another password"
        return plain

    return Secret(None, loader.construct_scalar(node), opened)


_Loader.add_constructor("!vault", _sealed)
#: What the files of the matrix are encrypted with.
PASSWORD = "canary-vault-password/of+the=matrix"


class FileKeeper(Keeper):
    """Keeps records in files, encrypted as ansible-vault does."""

    name = "ansible_vault"

    def __init__(self) -> None:
        # Ten thousand rounds are for attackers; the matrix has no time for them.
        vault_format._ITERATIONS = 1

    def open(self, directory: Path, context: StoreContext) -> SecretStore:
        """Return the store as a runner uses it."""
        options = {"type": self.name, "path": str(directory), "vault_password": PASSWORD}
        return open_store(options, context)

    def stored(self, world: World) -> Optional[bytes]:
        """Return the subject's file."""
        path = world.directory / "store" / world.form.platform / "lab" / "app-0001.yml"
        return _bytes_of(path)

    def record(self, stored: bytes) -> Record:
        """Read the subject's file with another reader than the store's own."""
        return from_document(yaml.load(stored, Loader=_Loader))  # noqa: S506  # safe, see above

    def state(self, world: World) -> Any:
        """Return every file but locks."""
        found = files_below(world.directory / "store")
        return {path: content for path, content in found.items() if ".locks" not in path}


KEEPERS: dict[str, Keeper] = {keeper.name: keeper for keeper in (ToyKeeper(), FileKeeper())}
