# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every platform and one secret store, and a job's folder filled by the kit's credential types."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import yaml

from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import STORES
from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)
from ansible_collections.objectstore.credentials.tests.simulators import fleet
from ansible_collections.objectstore.credentials.tests.simulators.awx_injection import inject, load
from ansible_collections.objectstore.credentials.tests.simulators.fleet import Endpoint
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double
from ansible_collections.objectstore.credentials.tests.unit.certificates import Certificates

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("ANSIBLE_BIN") or Path(sys.executable).parent).absolute()
TYPES = load(ROOT / "roles/s3_awx/vars/main/credential_types.yml")["s3_awx__credential_types"]
SEVERAL = "several endpoints"
VAULT_PASSWORD = "a vault password, 'quoted' and {{ braced }}"
ACCOUNTS = ("app-0001", "app-0002")
#: What an endpoint needs beside its address, in the file of the fleet; no login.
OWN: Mapping[str, Mapping[str, Any]] = {
    "commvault": {"key_delivery": "inline", "bucket": fleet.BUCKET},
    # The user that the gateway's login belongs to.
    "ceph_rgw": {"exclude": ["rotator"]},
}


def kind_of(title: str) -> Mapping[str, Any]:
    """Return a credential type by the second half of its name."""
    (found,) = [each for each in TYPES if each["name"].partition(": ")[2] == title]
    return dict(found)


@dataclass
class Estate:
    """Endpoints, a secret store, and the folder of one job with what AWX would have put there.

    platforms: one endpoint each. store: the type of the secret store. logins: by a credential of
    each platform's type, or by the one of several endpoints.
    """

    folder: Path
    platforms: tuple[str, ...]
    store: str
    by_file: bool = False
    #: Of the credential of a store of files; it may be empty.
    vault_password: str = VAULT_PASSWORD
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    server: Optional[SimulatorServer] = None
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> Estate:
        """Start what answers, write the file of the fleet, inject the credentials."""
        for name in ("env", "home", "project", "inventory"):
            (self.folder / name).mkdir(parents=True, mode=0o700)
        for name in self.platforms:
            self.endpoints[name] = fleet.start(name, fleet.platforms()[name], seed=len(ACCOUNTS))
        (self.folder / "certificates").mkdir(mode=0o700)
        self.certificates = Certificates(self.folder / "certificates")
        self.environment = self._base()
        for kind, inputs in self._credentials():
            self.environment.update(inject(kind, inputs, self.folder))
        self._write_fleet()
        return self

    def stop(self) -> None:
        """Stop what answers."""
        for endpoint in self.endpoints.values():
            endpoint.stop()
        if self.server is not None:
            self.server.stop()

    # --- what the operator typed into AWX --------------------------------------------------------

    def _credentials(self) -> list[tuple[Mapping[str, Any], dict[str, Any]]]:
        authority = Path(self.certificates.ca.cert_path).read_text()
        logins = {
            name: {**endpoint.options, "ca_path": authority}
            for name, endpoint in self.endpoints.items()
        }
        store = (kind_of(STORES[self.store].title), self._store())
        if self.by_file:
            entries = {
                name: {k: v for k, v in login.items() if k != "ca_path"}
                for name, login in logins.items()
            }
            return [(kind_of(SEVERAL), {"endpoints": yaml.safe_dump(entries)}), store]
        return [
            *((kind_of(PLATFORMS[name].title), login) for name, login in logins.items()),
            store,
        ]

    def _store(self) -> dict[str, Any]:
        if self.store == "ansible_vault":
            return {
                "path": str(self.folder / "records"),
                "vault_password": self.vault_password,
            }
        if self.store == "vault_kv2":
            double = VaultKv2Double()
            # Only who was given the certificate of its authority talks to it.
            chain = self.certificates.good.chain
            self.server = SimulatorServer(double, certificate=chain).start()
            return {
                "url": self.server.url,
                "token": double.root.id,
                "mount": "secret",
                "ca_path": Path(self.certificates.ca.cert_path).read_text(),
            }
        self.server = strict.AwsServer(strict.AwsSecretsManager()).start()
        return {
            "endpoint_url": self.server.url,
            "region": strict.REGION,
            "aws_access_key_id": strict.ACCESS_KEY,
            "aws_secret_access_key": strict.SECRET_KEY,
        }

    # --- what else a job has ---------------------------------------------------------------------

    def _base(self) -> dict[str, str]:
        inherited = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("ANSIBLE_", "S3_", "VAULT_", "AWS_"))
        }
        home = self.folder / "home"
        return {
            **inherited,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
            "ANSIBLE_HOME": str(home / ".ansible"),
            "ANSIBLE_LOCAL_TEMP": str(home / "local"),
            "ANSIBLE_REMOTE_TEMP": str(home / "remote"),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_FORKS": "4",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": str(BIN / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": "",
            # Tests may run in a container.
            "S3_ALLOW_EPHEMERAL": "true",
        }

    @property
    def inventory(self) -> Path:
        """The file of the fleet: addresses and policies, no login, no secret store."""
        return self.folder / "inventory" / "all.s3_fleet.yml"

    def _write_fleet(self) -> None:
        entries = {
            name: {"platform": name, "s3_url": endpoint.s3_url, **OWN.get(name, {})}
            for name, endpoint in self.endpoints.items()
        }
        self.inventory.write_text(
            yaml.safe_dump(
                {
                    "plugin": "objectstore.credentials.s3_fleet",
                    "ask": True,
                    "defaults": {
                        "adopt": "rotate",
                        "allow_disruption": True,
                        "allow_ephemeral": True,
                        "settle": "1s",
                        "vars": {"s3_rotate_report_dir": str(self.folder / "evidence")},
                    },
                    "endpoints": entries,
                }
            )
        )
