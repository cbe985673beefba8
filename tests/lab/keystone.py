# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real OpenStack Keystone on loopback, its EC2 credentials as a platform, and nothing more.

It runs from the environment .venv/keystone (tools/environments.py keystone), with SQLite. Its EC2
credentials are no platform of the collection; they are one here, so that the engine meets a data
plane that goes on taking a key which its platform has deleted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from ansible_collections.objectstore.credentials.plugins.module_utils.auth import Auth, LoginAuth
from ansible_collections.objectstore.credentials.plugins.module_utils.http import LOGIN
from ansible_collections.objectstore.credentials.plugins.module_utils.model import (
    AccessKey,
    Account,
    AccountRef,
    EndpointInfo,
    Facts,
    Issued,
    Pair,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.urls import path
from ansible_collections.objectstore.credentials.tests.lab.ceph import (
    LONGEST,
    LabError,
    answers,
)
from ansible_collections.objectstore.credentials.tests.simulators.processes import (
    end_with_parent,
    free_ports,
)

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv" / "keystone" / "bin"
HOW_TO_GET = "no Keystone here: python tools/environments.py keystone"
USERNAME, PASSWORD, PROJECT = "admin", "Keystone0lab:password+of=admin", "admin"

#: Files that no disk slows down: its tables are made by hundreds of statements.
_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  # mkdtemp makes it private
_PATIENCE = 2 * LONGEST
_CONF = """\
[DEFAULT]
log_file = {place}/keystone.log
[database]
connection = sqlite:///{place}/keystone.db
[fernet_tokens]
key_repository = {place}/fernet
[fernet_receipts]
key_repository = {place}/fernet
[credential]
key_repository = {place}/credential
[identity]
password_hash_rounds = 4
[cache]
enabled = false
"""
_SERVE = """\
import socketserver, sys
from wsgiref import simple_server
from keystone.server.wsgi import initialize_public_application
class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
class Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *words): pass
here = ("127.0.0.1", int(sys.argv.pop()))
application = initialize_public_application()
simple_server.make_server(*here, application, Server, Handler).serve_forever()
"""


def missing() -> bool:
    """Tell whether it is not installed."""
    return not (ENVIRONMENT / "keystone-manage").exists()


class Keystone:
    """One Keystone. Use as a context manager."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="keystone-lab-", dir=_MEMORY))
        (self._port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}"
        self._conf = self.directory / "keystone.conf"
        self._program: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Keystone:
        try:
            self._conf.write_text(_CONF.format(place=self.directory), encoding="utf-8")
            self._manage("db_sync")
            for name in ("fernet", "credential"):
                keys = self.directory / name
                keys.mkdir(mode=0o700)
                for number in "01":
                    # What fernet_setup would write, without its seconds of start.
                    (keys / number).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
            urls = [f"--bootstrap-{kind}-url={self.url}/v3" for kind in ("admin", "public")]
            self._manage("bootstrap", f"--bootstrap-password={PASSWORD}", *urls)
            self._serve()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        exc: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._program is not None and self._program.poll() is None:
            self._program.send_signal(signal.SIGTERM)
            try:
                self._program.wait(5)
            except subprocess.TimeoutExpired:
                self._program.kill()
                self._program.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def gateway_options(self) -> dict[str, str]:
        """What a gateway needs to ask it."""
        return {
            "rgw s3 auth use keystone": "true",
            "rgw keystone url": self.url,
            "rgw keystone api version": "3",
            "rgw keystone admin user": USERNAME,
            "rgw keystone admin password": PASSWORD,
            "rgw keystone admin domain": "Default",
            "rgw keystone admin project": PROJECT,
            "rgw keystone accepted roles": "admin,member",
        }

    def _environment(self) -> dict[str, str]:
        inherited = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        return {**inherited, "OS_KEYSTONE_CONFIG_FILES": str(self._conf)}

    def _manage(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(ENVIRONMENT / "keystone-manage"), "--config-file", str(self._conf), *arguments],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            env=self._environment(),
        )
        if done.returncode:
            raise LabError(f"keystone-manage {arguments[0]}: {done.stderr[-800:]}")

    def _serve(self) -> None:
        with (self.directory / "serve.out").open("ab") as output:
            self._program = subprocess.Popen(
                [str(ENVIRONMENT / "python"), "-c", _SERVE, str(self._port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent,
                env=self._environment(),
            )
        until = time.monotonic() + _PATIENCE
        while not answers(self._port):
            if self._program.poll() is not None or time.monotonic() > until:
                told = (self.directory / "serve.out").read_text(errors="replace")
                raise LabError(f"Keystone is not up: {told[-1000:]}")
            time.sleep(0.1)


class KeystoneEc2(Platform):
    """The EC2 credentials of a Keystone's users, for one project; the caller chooses the pair.

    docs.openstack.org/api-ref/identity/v3/#credentials
    """

    name = "keystone"
    title = "Keystone"
    FACTS = Facts(
        overlap=True,
        can_disable=False,
        can_delete=True,
        can_create=True,
        can_regenerate=False,
        can_choose_pair=True,
        label="access_key",
        has_description=False,
        shows_access_key=True,
        tells_created=False,
        tells_last_used="no",
        max_keys=None,
        secret_comes_back=("create", "list"),
        cannot_disable_because="its credentials are there or not",
    )

    def auth(self) -> Auth:
        """Return a login for a token of the project."""
        return LoginAuth(self._log_in)

    def _log_in(self) -> dict[str, str]:
        user = {
            "name": self.settings.api_username,
            "domain": {"id": "default"},
            "password": self.settings.api_password,
        }
        scope = {"project": {"name": PROJECT, "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        answer = self.call(
            "POST",
            "/v3/auth/tokens",
            ok=(201,),
            body={"auth": {"identity": identity, "scope": scope}},
            effect=LOGIN,
            auth=False,
            doing="log in",
        )
        self.project_id = answer.json_object()["token"]["project"]["id"]
        return {"X-Auth-Token": answer.headers["X-Subject-Token"]}

    def connect(self) -> EndpointInfo:
        """Log in."""
        self._rows("/v3/users", "users")
        return EndpointInfo(self.title)

    def _rows(self, where: str, inner: str, **query: str) -> list[dict[str, Any]]:
        answer = self.call("GET", where, query=query, doing=f"list the {inner}")
        return list(answer.json_object()[inner])

    def accounts(self) -> Iterator[Account]:
        """Yield the users."""
        for row in self._rows("/v3/users", "users"):
            yield Account(row["name"], row["id"], row["enabled"])

    def account(self, ref: AccountRef) -> Account:
        """Return one user."""
        return self.only([a for a in self.accounts() if ref in _refs(a)], ref, "user")

    def access_keys(self, account: Account, last_used: bool = False) -> list[AccessKey]:
        """Return a user's EC2 credentials."""
        rows = self._rows("/v3/credentials", "credentials", type="ec2", user_id=account.id or "")
        return [AccessKey(json.loads(row["blob"])["access"], account) for row in rows]

    def create_access_key(
        self, account: Account, label: Optional[str] = None, pair: Optional[Pair] = None
    ) -> Issued:
        """Make a credential of a chosen pair; repeated, it answers 409."""
        pair = pair or self.new_pair()
        blob = json.dumps({"access": pair.access_key, "secret": pair.secret_key})
        credential = {
            "type": "ec2",
            "user_id": account.id,
            "project_id": self.project_id,
            "blob": blob,
        }
        body = {"credential": credential}
        self.call("POST", "/v3/credentials", ok=(201,), body=body, doing="make a credential")
        return Issued(account, pair)

    def delete_access_key(self, key: AccessKey) -> None:
        """Delete a credential; its id is the hash of its access key."""
        digest = hashlib.sha256(key.access_key.encode()).hexdigest()
        where = path("v3", "credentials", digest)
        self.call("DELETE", where, ok=(204,), doing=f"delete {key.access_key}")

    def make_user(self, name: str) -> None:
        """Make a user who may do things in the project."""
        body = {"user": {"name": name, "domain_id": "default"}}
        row = self.call("POST", "/v3/users", ok=(201,), body=body).json_object()["user"]
        (role,) = self._rows("/v3/roles", "roles", name="member")
        where = path("v3", "projects", self.project_id, "users", row["id"], "roles", role["id"])
        self.call("PUT", where, ok=(204,))


def _refs(account: Account) -> tuple[AccountRef, AccountRef]:
    return AccountRef(name=account.name), AccountRef(id=account.id)
