# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret stores of the matrix: how each is opened by a runner, and read behind its back."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record, Secret
from ansible_collections.objectstore.credentials.plugins.module_utils.record_document import (
    from_document,
    to_document,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    open_store,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import vault_format
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager import (  # noqa: E501  # one name
    AwsSecretsManager,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager_api import (  # noqa: E501  # one name
    Api as AwsApi,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager_names import (  # noqa: E501  # one name
    Names,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Lease,
    Place,
    SecretStore,
    StoreContext,
    Stored,
)
from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import Simulator
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double

from .forms import STORE_PORT
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

    def warm_up(self) -> None:
        """Load what every run needs, before the first fork."""

    def options(self, directory: Path) -> dict[str, Any]:
        """Return the option secret_store."""
        return {"type": self.name, "path": str(directory)}

    def open(self, directory: Path, context: StoreContext) -> SecretStore:
        """Return the store as a runner uses it."""
        return open_store(self.options(directory), context)

    def stored(self, world: World, account: str) -> Optional[bytes]:
        """Return what is stored for an account right now, in the store's own form."""
        raise NotImplementedError

    def restore(self, world: World, account: str, stored: bytes) -> None:
        """Put back what stored() returned once, as a person does who restores a backup."""
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

    def stored(self, world: World, account: str) -> Optional[bytes]:
        """Return the account's file."""
        return _bytes_of(world.directory / "store" / f"{account}.json")

    def restore(self, world: World, account: str, stored: bytes) -> None:
        """Write the file."""
        (world.directory / "store" / f"{account}.json").write_bytes(stored)

    def record(self, stored: bytes) -> Record:
        """Read an account's file."""
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


@functools.lru_cache(maxsize=256)
def _read_yaml(stored: bytes) -> Any:
    return yaml.load(stored, Loader=_Loader)  # noqa: S506  # safe, see above


#: What the files of the matrix are encrypted with.
PASSWORD = "canary-vault-password/of+the=matrix"


class FileKeeper(Keeper):
    """Keeps records in files, encrypted as ansible-vault does."""

    name = "ansible_vault"

    def __init__(self) -> None:
        # Ten thousand rounds are for attackers; the matrix has no time for them.
        vault_format._ITERATIONS = 1

    def options(self, directory: Path) -> dict[str, Any]:
        """Return the option secret_store."""
        return {**super().options(directory), "vault_password": PASSWORD}

    def stored(self, world: World, account: str) -> Optional[bytes]:
        """Return the account's file."""
        return _bytes_of(self._path(world, account))

    def restore(self, world: World, account: str, stored: bytes) -> None:
        """Write the file."""
        self._path(world, account).write_bytes(stored)

    @staticmethod
    def _path(world: World, account: str) -> Path:
        return world.directory / "store" / world.form.platform / "lab" / f"{account}.yml"

    def record(self, stored: bytes) -> Record:
        """Read an account's file with another reader than the store's own."""
        return from_document(_read_yaml(stored))

    def state(self, world: World) -> Any:
        """Return every file but locks."""
        found = files_below(world.directory / "store")
        return {path: content for path, content in found.items() if ".locks" not in path}


class Kv2Keeper(Keeper):
    """Keeps records in a double of HashiCorp Vault."""

    name = "vault_kv2"

    def double(self, clock: WorldClock) -> Optional[Simulator]:
        """Return the double, with a token that every run of the world uses."""
        double = VaultKv2Double(clock)
        self.token = double.issue_token()
        return double

    def options(self, directory: Path) -> dict[str, Any]:
        """Return the option secret_store."""
        return {"type": self.name, "url": f"http://127.0.0.1:{STORE_PORT}", "token": self.token}

    def stored(self, world: World, account: str) -> Optional[bytes]:
        """Return the data of the latest version of the account's secret."""
        kept = self._kept(world, account)
        data = kept.versions[kept.current].data if kept and kept.current else None
        return None if data is None else json.dumps(data).encode()

    def restore(self, world: World, account: str, stored: bytes) -> None:
        """Make it the latest version."""
        kept = self._kept(world, account)
        latest = kept.versions[kept.current]
        kept.current += 1
        kept.versions[kept.current] = dataclasses.replace(latest, data=json.loads(stored))

    @staticmethod
    def _kept(world: World, account: str) -> Any:
        double: Any = world.store_double
        return double.kv.secrets.get(f"objectstore/{world.form.platform}/lab/{account}")

    def record(self, stored: bytes) -> Record:
        """Read that data."""
        return from_document(json.loads(stored))

    def state(self, world: World) -> Any:
        """Return all data; runs and probes come and go."""
        double: Any = world.store_double
        return {
            path: json.dumps([v.data for v in kept.versions.values()])
            for path, kept in double.kv.secrets.items()
            if "/_runs/" not in path and "/_probe/" not in path
        }


class AwsKeeper(Keeper):
    """Keeps records in moto's Secrets Manager."""

    name = "aws_secretsmanager"
    _is_warm = False

    def warm_up(self) -> None:
        """Make boto3's client once, for it takes longer than a run; each run hooks itself in."""
        if self._is_warm:
            return
        make_client = AwsApi._make_client
        made: list[Any] = []

        def once(api: Any) -> Any:
            if not made:
                made.extend((make_client(api), api))
                return made[0]
            client, former = made
            event = "before-send.secretsmanager"
            client.meta.events.unregister(event, former._before_send)
            client.meta.events.register(event, api._before_send)
            made[1] = api
            return client

        AwsApi._make_client = once  # type: ignore[method-assign,assignment]  # see above
        strict.AwsSecretsManager()  # imports moto
        self._is_warm = True

    def double(self, clock: WorldClock) -> Optional[Simulator]:
        """Return the service."""
        return strict.AwsSecretsManager(clock)

    def options(self, directory: Path) -> dict[str, Any]:
        """Return the option secret_store."""
        return {
            "type": self.name,
            "endpoint_url": f"http://127.0.0.1:{STORE_PORT}",
            "region": strict.REGION,
            "aws_access_key_id": strict.ACCESS_KEY,
            "aws_secret_access_key": strict.SECRET_KEY,
        }

    def stored(self, world: World, account: str) -> Optional[bytes]:
        """Return the current value of the account's secret."""
        double: Any = world.store_double
        value = double.value(self._name(world, account))
        return None if value is None else value.encode()

    def restore(self, world: World, account: str, stored: bytes) -> None:
        """Make it the current value."""
        double: Any = world.store_double
        double.overwrite(self._name(world, account), stored.decode())

    @staticmethod
    def _name(world: World, account: str) -> str:
        names = Names(AwsSecretsManager.OPTIONS["path"]["default"])
        return names.of(Place(world.form.platform, "lab", account))

    def record(self, stored: bytes) -> Record:
        """Read that value."""
        return from_document(json.loads(stored))

    def state(self, world: World) -> Any:
        """Return the current values; heartbeats are none of them."""
        double: Any = world.store_double
        return {
            name: [double.value(name), double.labels(name)]
            for name in double.names()
            if "_run" not in name
        }


KEEPERS: dict[str, Keeper] = {
    keeper.name: keeper for keeper in (ToyKeeper(), FileKeeper(), Kv2Keeper(), AwsKeeper())
}
