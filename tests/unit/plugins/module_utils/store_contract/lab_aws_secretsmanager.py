# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of AWS Secrets Manager: moto behind the strict front, over HTTP."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager import (  # noqa: E501  # one name
    AwsSecretsManager,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager_names import (  # noqa: E501  # one name
    Names,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)

from .lab import StoreLab, record_of

#: The operations by which a record comes to be the current one.
_DECISIVE = "^/(CreateSecret|UpdateSecretVersionStage)/"


class AwsLab(StoreLab):
    """A region of AWS with no secret in it."""

    store_class = AwsSecretsManager
    # Those without a label are out of our hands; test_store_aws_secretsmanager.py has the labels.
    keeps_versions = False
    # Its 300 bytes would take 900 characters of the 512 that a secret's name may have.
    impossible_names = ("Ü" * 150,)

    def start(self) -> None:
        """Start the service."""
        self.killed: list[Any] = []
        self.simulator = strict.AwsSecretsManager()
        self.server = strict.AwsServer(self.simulator)
        self.server.start()
        self.names = Names(AwsSecretsManager.OPTIONS["path"]["default"])

    def stop(self) -> None:
        """Stop it."""
        self.server.stop()

    def options(self) -> dict[str, Any]:
        """Return options with the login that may do everything."""
        return {
            "endpoint_url": self.server.url,
            "region": strict.REGION,
            "aws_access_key_id": strict.ACCESS_KEY,
            "aws_secret_access_key": strict.SECRET_KEY,
        }

    def bad_login(self) -> dict[str, Any]:
        """Return options with an access key that AWS does not know."""
        return {"aws_access_key_id": "AKIANOBODYKNOWSTHIS1"}

    def contents(self) -> dict[str, str]:
        """Return the versions and tags of every secret."""
        return {
            name: json.dumps([self.simulator.versions(name), self.simulator.tags(name)])
            for name in self.simulator.names()
        }

    def versions(self, place: Place) -> list[str]:
        """Return the versions that have a label; AWS deletes the others on its own time."""
        return [
            str(version["secret_string"])
            for version in self.simulator.versions(self.names.of(place)).values()
            if version["version_stages"]
        ]

    def spoil(self, place: Place) -> None:
        """Write something else into the secret, in the console."""
        self.simulator.overwrite(self.names.of(place), "- no: {JSON")

    def misplace(self, source: Place, target: Place) -> None:
        """Copy a secret's value by hand."""
        text = self.simulator.value(self.names.of(source))
        self.simulator.backend.create_secret(
            self.names.of(target), text, None, "", [], None, "c0ffee" * 6, [], False
        )

    @contextlib.contextmanager
    def lost_answers(self, count: int = 1) -> Iterator[Any]:
        """Close the connection after the change was made."""
        yield self.server.faults.add("drop", when="after", path=_DECISIVE, times=count)
        self.server.faults.clear()

    @contextlib.contextmanager
    def lost_requests(self, count: int = 1) -> Iterator[Any]:
        """Close the connection before anything was done."""
        yield self.server.faults.add("drop", path=_DECISIVE, times=count)
        self.server.faults.clear()

    @contextlib.contextmanager
    def refused_writes(self) -> Iterator[Any]:
        """Take every right to write from the login."""
        self.simulator.denied |= strict.WRITES
        yield
        self.simulator.denied.clear()

    @contextlib.contextmanager
    def unavailable(self) -> Iterator[Any]:
        """Answer nothing but that something is wrong."""
        error = strict.aws_fault("InternalServiceError", status=500)
        yield self.server.faults.add(**error, times=0)
        self.server.faults.clear()

    def leave_dead_lease(self, place: Place) -> None:
        """Write the record in a turn whose run then never beats again."""
        store = self.store("run-dead")
        lease = store.lease(place)
        record = lease.__enter__().run
        found = store.read(place)
        version = found.version if found else None
        left = dataclasses.replace(found.record if found else record_of(place), run=record)
        store.write(place, left, version)
        # Killed here: its heartbeat stays, and no timer of this process renews it.
        self.clock._timers.clear()
        self.opened.remove(store)
        # Kept from being given back by the garbage collector.
        self.killed.append(lease)


LAB = AwsLab
