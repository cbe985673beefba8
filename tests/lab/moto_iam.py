# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's IAM behind the face of a simulator: counted and seen, but answered by moto itself.

Its server is a process of its own, which checks keys, signatures and policies, and ends with this
one. Requests are passed on as they came.
"""

from __future__ import annotations

import atexit
import http.client
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional
from urllib.parse import parse_qs, urlsplit

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    Request,
    Response,
    Simulator,
    SimulatorClock,
    Variant,
)
from ansible_collections.objectstore.credentials.tests.simulators.processes import (
    free_ports,
    start,
)

SERVER = Path(__file__).resolve().parents[1] / "simulators" / "aws_moto.py"
#: Calls that moto answers before it checks logins: a user, a policy, a key, of the lab's own.
UNCHECKED = 3
_PAIR = ("AccessKeyId", "SecretAccessKey")
WRITES = ("CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey")
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class MotoIam(Simulator):
    """A moto server, new for each world."""

    name = "aws"
    VARIANTS = {"moto": Variant()}

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        (port,) = free_ports(1)
        command = [sys.executable, str(SERVER), str(port), "--unchecked", str(UNCHECKED)]
        atexit.register(start(command, port).kill)
        self.own_s3_url = f"http://127.0.0.1:{port}"
        #: Access key -> user and secret key, of every key that was ever made here.
        self._made: dict[str, tuple[str, str]] = {}
        self._lab = self._iam("testing", "testing")
        self.add_account("lab")
        access_key, (_name, secret_key) = next(iter(self._made.items()))
        self._lab = self._iam(access_key, secret_key)
        self.login = {"api_access_key": access_key, "api_secret_key": secret_key}

    def _iam(self, access_key: str, secret_key: str) -> Any:
        import boto3

        return boto3.client(
            "iam",
            endpoint_url=self.own_s3_url,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
        )

    def add_account(self, name: str, access_keys: int = 1) -> str:
        """Make a user that may do everything; return its id."""
        user = self._lab.create_user(UserName=name)["User"]
        self._lab.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(ALL))
        for _unused in range(access_keys):
            made = self._lab.create_access_key(UserName=name)["AccessKey"]
            self._made[made["AccessKeyId"]] = (name, made["SecretAccessKey"])
        return str(user["UserId"])

    def keys_of(self, account_id: str) -> dict[str, str]:
        """Return what keys a user has."""
        users = self._lab.list_users()["Users"]
        (name,) = (user["UserName"] for user in users if user["UserId"] == account_id)
        return self._statuses(name)

    def _statuses(self, name: str) -> dict[str, str]:
        rows = self._lab.list_access_keys(UserName=name)["AccessKeyMetadata"]
        return {str(row["AccessKeyId"]): str(row["Status"]).lower() for row in rows}

    def access_keys(self) -> list[str]:
        """Return every access key that there is, but the lab's own."""
        names = {name for name, _secret in self._made.values()} - {"lab"}
        return [key for name in sorted(names) for key in self._statuses(name)]

    def secrets(self) -> list[str]:
        """Return every secret key that was ever made."""
        return [secret for _name, secret in self._made.values()]

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return the secret key of an active key."""
        name, secret = self._made.get(access_key, (None, None))
        is_active = name is not None and self._statuses(name).get(access_key) == "active"
        return secret if is_active else None

    def handle(self, request: Request) -> Response:
        """Pass a request on, and note what it changed."""
        parts = urlsplit(self.own_s3_url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        headers = {n: v for n, v in request.headers.items() if n.lower() != "connection"}
        try:
            connection.putrequest(
                request.method, request.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self._note(request, answer.status, content)
        own = ("content-type", "content-length", "date", "connection", "server")
        passed = {n: v for n, v in answer.getheaders() if n.lower() not in own}
        return Response(answer.status, content, passed, answer.getheader("Content-Type"))

    def _note(self, request: Request, status: int, content: bytes) -> None:
        asked = _fields(request.body)
        if status != 200 or asked.get("Action") not in WRITES:
            return
        if asked["Action"] == "CreateAccessKey":
            text = content.decode()
            access_key, secret_key = (_between(text, name) for name in _PAIR)
            self._made[access_key] = (asked.get("UserName", "lab"), secret_key)
        self.commit(f"{asked['Action']} of {asked.get('UserName', 'lab')}")


def _fields(body: bytes) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def _between(text: str, name: str) -> str:
    return text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]


SIMULATOR = MotoIam
