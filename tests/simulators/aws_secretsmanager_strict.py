# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Secrets Manager: moto behind a front that refuses what AWS refuses and moto does not.

One request at a time, so that the check-and-set is one (moto's server has no lock). Every request
is POST / on the wire; faults and the log see /<Operation>/<name of the secret> instead.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
from collections.abc import Mapping
from typing import Any, Optional

from .aws_secretsmanager_rules import CURRENT, Refused, check
from .base import Request, Response, Simulator, SimulatorClock
from .faults import Fault
from .server import SimulatorServer

ACCESS_KEY = "AKIAMADEUPSTORE00001"
SECRET_KEY = "Made/Up/Store/Secret/Key/0000000000001"
REGION = "eu-central-1"
JSON = "application/x-amz-json-1.1"
#: What changes something; everything else reads.
WRITES = frozenset(
    {
        "CreateSecret",
        "DeleteSecret",
        "PutSecretValue",
        "RestoreSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
    }
)
#: moto keeps one world for each AWS account; each simulator gets one of its own. The process is
#: part of it, so that forked children do not meet.
_ACCOUNTS = itertools.count(1)


@functools.cache
def _moto() -> Any:
    """Return what answers in moto, without the web server around it: that takes ten times longer.

    It is made of the backend of one simulator and of what a request asks.
    """
    from moto.secretsmanager.responses import SecretsManagerResponse

    class Front(SecretsManagerResponse):
        def __init__(self, backend: Any, asked: Mapping[str, Any]) -> None:
            self._backend, self._asked = backend, asked

        @property
        def backend(self) -> Any:
            return self._backend

        def _get_param(self, param_name: str, if_none: Any = None) -> Any:
            return self._asked.get(param_name, if_none)

    return Front


@functools.cache
def _other_services() -> Any:
    """Return a client of all of moto: finding the service takes long."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.test import Client

    return Client(DomainDispatcherApplication(create_backend_app))


class AwsSecretsManager(Simulator):
    """The service, with one login that may do everything until an operation is denied."""

    name = "aws_secretsmanager"

    def __init__(self, clock: Optional[SimulatorClock] = None) -> None:
        super().__init__(clock)
        from moto.secretsmanager.models import secretsmanager_backends

        # moto would otherwise ask the instance metadata service who it is.
        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
        self.account = f"{os.getpid() % 1_000_000:06d}{next(_ACCOUNTS):06d}"
        self.backend: Any = secretsmanager_backends[self.account][REGION]
        #: Access keys that may log in; those of an assumed role are added by moto's STS.
        self.logins = {ACCESS_KEY}
        #: Versions whose date is by our clock and not by moto's.
        self._dated: set[tuple[str, str]] = set()
        #: Operations that the login's policy does not allow.
        self.denied: set[str] = set()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        operation = operation_of(request)
        try:
            self._check_login(request, operation)
            if operation == "AssumeRole":
                return self._assumed(request)
            asked = request.json()
            answer = check(operation, asked, self.backend, self.clock.now().timestamp())
        except Refused as refused:
            return _error(refused)
        before = self._state() if operation in WRITES else ""
        response = (
            Response(200, json.dumps(answer).encode(), content_type=JSON)
            if answer is not None
            else self._forward(operation, asked)
        )
        self._put_right(operation, asked)
        if operation in WRITES and self._state() != before:
            self.commit(f"{operation} {asked.get('SecretId') or asked.get('Name')}")
        return self._shown(operation, response)

    def delete(self, name: str) -> None:
        """Mark a secret for deletion, as an operator does in the console."""
        self.backend.delete_secret(name, 30, False)

    def value(self, name: str) -> Optional[str]:
        """Return a secret's current text, behind the API's back."""
        for version in self.versions(name).values():
            if CURRENT in version["version_stages"]:
                return str(version["secret_string"])
        return None

    def versions(self, name: str) -> dict[str, dict[str, Any]]:
        """Return what moto keeps of a secret's versions, oldest first."""
        if name not in self.backend.secrets:
            return {}
        return dict(self.backend.secrets[name].versions)

    def labels(self, name: str) -> dict[str, list[str]]:
        """Return the versions of a secret that have labels, with them."""
        found = {token: list(each["version_stages"]) for token, each in self.versions(name).items()}
        return {token: sorted(labels) for token, labels in found.items() if labels}

    def tags(self, name: str) -> dict[str, str]:
        """Return a secret's tags."""
        return {tag["Key"]: tag["Value"] for tag in self.backend.secrets[name].tags or []}

    def names(self) -> list[str]:
        """Return the names of all secrets, those marked for deletion too."""
        return sorted(dict.keys(self.backend.secrets))

    def secrets(self) -> list[str]:
        """Return every secret value of this world and the login's."""
        values = [
            str(version.get("secret_string"))
            for name in self.names()
            for version in self.versions(name).values()
        ]
        return [SECRET_KEY, *values]

    def overwrite(self, name: str, text: str) -> None:
        """Write a value as a person does in the console: no check, no label of ours."""
        self.backend.put_secret_value(name, text, "", os.urandom(16).hex(), [CURRENT])

    def _check_login(self, request: Request, operation: str) -> None:
        found = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization") or "")
        if not found:
            raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
        if found[1] not in self.logins:
            raise Refused(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        if operation in self.denied:
            raise Refused(
                "AccessDeniedException",
                f"User: arn:aws:iam::{self.account}:user/rotator is not authorized to perform:"
                f" secretsmanager:{operation} because no identity-based policy allows it",
            )

    def _assumed(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        headers["x-moto-account-id"] = self.account
        answer = _other_services().open("/", method="POST", data=request.body, headers=headers)
        self.logins |= set(re.findall(r"<AccessKeyId>([^<]+)", answer.data.decode()))
        kind = answer.headers.get("Content-Type", JSON)
        return Response(answer.status_code, answer.data, content_type=kind)

    def _forward(self, operation: str, asked: Mapping[str, Any]) -> Response:
        from moto.core.exceptions import JsonRESTError

        verb = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        try:
            answer = getattr(_moto()(self.backend, asked), verb)()
        except JsonRESTError as exc:
            return Response(int(exc.code), exc.description.encode(), content_type=JSON)
        return Response(200, answer.encode(), content_type=JSON)

    def _put_right(self, operation: str, asked: Any) -> None:
        """Let moto's dates be ours, and its idea of the current version follow the label."""
        name = asked.get("SecretId") or asked.get("Name")
        if operation not in WRITES or name not in self.backend.secrets:
            return
        secret = self.backend.secrets[name]
        for token, version in secret.versions.items():
            if (name, token) not in self._dated:
                self._dated.add((name, token))
                version["createdate"] = int(self.clock.now().timestamp())
            # moto only does so for values.
            if operation == "UpdateSecretVersionStage" and CURRENT in version["version_stages"]:
                secret.set_default_version_id(token)

    def _state(self) -> str:
        return json.dumps(
            {
                name: [
                    {k: v for k, v in each.items() if k != "secret_binary"}
                    for each in self.versions(name).values()
                ]
                + [self.tags(name), self.backend.secrets[name].deleted_date]
                for name in self.names()
            },
            default=str,
        )

    def _shown(self, operation: str, response: Response) -> Response:
        """Leave versions without labels out of descriptions, as AWS does."""
        if operation != "DescribeSecret" or response.status != 200:
            return response
        answer = json.loads(response.payload())
        stages = answer.get("VersionIdsToStages") or {}
        answer["VersionIdsToStages"] = {k: v for k, v in stages.items() if v}
        answer.pop("SecretVersionsToStages", None)
        body = json.dumps(answer).encode()
        return Response(200, body, content_type=JSON)


class AwsServer(SimulatorServer):
    """Serves it; faults and the log name the operation and the secret."""

    simulator: AwsSecretsManager

    def answer(
        self, request: Request, connection: int
    ) -> tuple[Optional[Response], Optional[Fault]]:
        """Return the response (None: close the connection) and the fault that spoils it."""
        request.target = f"/{operation_of(request)}/{_subject(request)}"
        return super().answer(request, connection)

    def sent(self) -> list[str]:
        """Return the operations that came, in their order."""
        return [entry.target.split("/")[1] for entry in self.log]


def aws_fault(code: str, message: str = "made up", status: int = 400) -> dict[str, Any]:
    """Return the fields of a fault that answers with an error of AWS."""
    error = _error(Refused(code, message, status))
    return {
        "action": "status",
        "status": status,
        "body": error.payload(),
        "headers": {"Content-Type": JSON},
    }


def operation_of(request: Request) -> str:
    """Return the operation that a request asks for."""
    target = str(request.headers.get("X-Amz-Target") or "")
    if target:
        return target.rpartition(".")[2]
    found = re.search(rb"(?:^|&)Action=(\w+)", request.body)
    return found[1].decode() if found else "unknown"


def _subject(request: Request) -> str:
    try:
        asked = json.loads(request.body)
    except ValueError:
        return ""
    return str(asked.get("SecretId") or asked.get("Name") or "")


def _error(refused: Refused) -> Response:
    body = json.dumps({"__type": refused.code, "message": refused.message}).encode()
    return Response(refused.status, body, content_type=JSON)
