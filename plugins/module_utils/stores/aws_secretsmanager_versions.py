# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of a secret: written under a private label, made current by check-and-set.

PutSecretValue alone is no lock: the last one wins. It takes a version's identifier from the caller
(ClientRequestToken), so it can be repeated, and with a label of our own it leaves AWSCURRENT where
it is. UpdateSecretVersionStage then moves AWSCURRENT, and fails unless it is on the version that
RemoveFromVersionId names: of two writers one wins. A version whose writer died between the two
was never current; nobody reads it, and the next write takes the private label from it, which
leaves it to AWS's clearing of versions without labels. So no write needs a clearing up of its own.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..errors import CredentialsError
from .aws_secretsmanager_api import Api
from .aws_secretsmanager_errors import Fail

CURRENT = "AWSCURRENT"
#: On the newest version that was written, current or not; one label, because a secret has few.
NEWEST = "objectstore-newest"
#: Bytes of a secret's value.
LARGEST = 65536
_ABSENT = "ResourceNotFoundException"
_EXISTS = "ResourceExistsException"
#: What AWS may answer to a label that is not where the request says.
_MISPLACED = frozenset({"InvalidParameterException", "InvalidRequestException", _ABSENT})
#: AWS calls itself eventually consistent: looks after an answer that what is read contradicts.
_LOOKS = 3
_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class NewSecret:
    """What a secret gets at its creation."""

    description: str
    tags: Mapping[str, str]
    kms_key_id: Optional[str] = None

    def parameters(self) -> dict[str, Any]:
        """Return them as parameters of CreateSecret."""
        parameters: dict[str, Any] = {"Description": self.description[:2048]}
        if self.kms_key_id:
            parameters["KmsKeyId"] = self.kms_key_id
        if self.tags:
            parameters["Tags"] = tags_as_list(self.tags)
        return parameters


class Versions:
    """The versions of the secrets that one store holds."""

    def __init__(self, api: Api, fail: Fail) -> None:
        self._api = api
        self._fail = fail

    def read(self, name: str) -> tuple[str, str] | None:
        """Return the current value of a secret and its version, or None where there is none.

        None means that AWS says so: there is no such secret, or one without a value. A secret that
        the login may not read, or one marked for deletion, is an error. Reads only.
        """
        try:
            answer = self._api.call("GetSecretValue", SecretId=name, VersionStage=CURRENT)
        except CredentialsError as exc:
            if exc.code == _ABSENT:
                return None
            raise
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise self._fail(
                "store_unreadable", f"The secret {name} cannot be read: its value is no text."
            )
        return text, str(answer["VersionId"])

    def write(self, name: str, text: str, token: str, expected: str | None, new: NewSecret) -> str:
        """Make a text the current version if the current one is still the expected one.

        expected: a version, or None: the secret must have none. token names the new version, and is
        returned. Repeatable with the same token. Raises busy where another write came before.
        """
        size = len(text.encode("utf-8"))
        if size > LARGEST:
            raise self._fail(
                "store_refused",
                f"The secret {name} would have {size} bytes; AWS Secrets Manager takes {LARGEST}.",
                next_step="Let the retiring keys be deleted and the journal be written, or use"
                " another secret store.",
            )
        if expected is None:
            self._create(name, text, token, new)
        else:
            self._replace(name, text, token, expected)
        return token

    def deprecate(self, name: str, keep: str) -> None:
        """Take all labels from every version but one, so that AWS may delete them. Repeatable."""
        answer = self._api.call("DescribeSecret", SecretId=name)
        for version, labels in (answer.get("VersionIdsToStages") or {}).items():
            for label in labels if version != keep else ():
                if label != CURRENT:
                    self._unlabel(name, version, label)

    def _unlabel(self, name: str, version: str, label: str) -> None:
        try:
            self._api.call(
                "UpdateSecretVersionStage",
                SecretId=name,
                VersionStage=label,
                RemoveFromVersionId=version,
            )
        except CredentialsError as exc:
            if exc.code not in _MISPLACED or exc.kind == "store_unreadable":
                raise
            # The label has gone already: our own request, repeated, or another run's.

    def _create(self, name: str, text: str, token: str, new: NewSecret) -> None:
        try:
            self._api.call(
                "CreateSecret",
                Name=name,
                SecretString=text,
                ClientRequestToken=token,
                **new.parameters(),
            )
            return
        except CredentialsError as exc:
            if exc.code != _EXISTS:
                raise
            landed = exc.landed
        found = self._look(name)
        if found is None:
            # Prepared without a value, by Terraform for example.
            self._fill(name, text, token)
        elif found != token:
            raise self._busy(name, landed)

    def _fill(self, name: str, text: str, token: str) -> None:
        """Write the first version of a secret; it becomes current by itself, or by a free label."""
        answer = self._put(name, text, token, is_first=True)
        if CURRENT not in (answer.get("VersionStages") or ()):
            self._move(name, token, None)

    def _replace(self, name: str, text: str, token: str, expected: str) -> None:
        try:
            self._put(name, text, token)
        except CredentialsError as exc:
            if exc.code == _ABSENT:
                raise self._busy(name) from None
            raise
        self._move(name, token, expected)

    def _put(self, name: str, text: str, token: str, is_first: bool = False) -> dict[str, Any]:
        try:
            return self._api.call(
                "PutSecretValue",
                SecretId=name,
                SecretString=text,
                ClientRequestToken=token,
                VersionStages=[NEWEST],
            )
        except CredentialsError as exc:
            if not is_first:
                # Whatever became of it: without the move that was not sent, nobody reads it.
                exc.landed = False
            raise

    def _move(self, name: str, token: str, expected: str | None) -> None:
        """Move AWSCURRENT to a version if it is on the expected one (None: nowhere)."""
        parameters = {"RemoveFromVersionId": expected} if expected else {}
        try:
            self._api.call(
                "UpdateSecretVersionStage",
                SecretId=name,
                VersionStage=CURRENT,
                MoveToVersionId=token,
                **parameters,
            )
            return
        except CredentialsError as exc:
            if exc.code not in _MISPLACED:
                raise
            refusal = exc
        for look in range(_LOOKS):
            if look:
                self._api.sleep(_BETWEEN_LOOKS)
            found = self._look(name)
            if found == token:
                return  # an earlier request of ours landed, and its answer was lost
            if found != expected:
                raise self._busy(name, refusal.landed)
        # Refused for another reason than that somebody was faster, or what is read is not new.
        refusal.landed = None
        raise refusal

    def _look(self, name: str) -> str | None:
        """Return which version is current, after a refusal that left open what landed before."""
        try:
            found = self.read(name)
        except CredentialsError as exc:
            if exc.kind != "store_unreadable" or exc.code:
                exc.landed = None
                raise
            raise self._busy(name) from None
        return found[1] if found else None

    def _busy(self, name: str, landed: bool | None = False) -> CredentialsError:
        """Return the error for a lost race; landed None: our own may have come before theirs."""
        return self._fail(
            "busy",
            f"The secret {name} was changed since it was read, by another run or by hand.",
            landed=landed,
        )


def tags_as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of requests."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]
