# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS Secrets Manager refuses and moto lets pass, checked against moto's own state.

From the API reference and the page of quotas of the vendor's documentation; where AWS's message is
known from the field, it is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Callable, Optional

LONGEST_VALUE = 65536
MOST_LABELS = 20
MOST_TAGS = 50
MOST_VERSIONS = 100
DAY = 86400.0
CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_TOKEN = re.compile(r"[A-Za-z0-9-]{32,64}")
_TAG_TEXT = re.compile(r"[\w .:/=+@-]*")
_FILTER = re.compile(r"!?[a-zA-Z0-9 :_@/+=.\-!]{0,512}")

Asked = Mapping[str, Any]


class Refused(Exception):  # noqa: N818  # an answer of AWS, no defect of ours
    """AWS answers with an error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def check(operation: str, asked: Asked, backend: Any, now: float) -> Optional[dict[str, Any]]:
    """Raise Refused where AWS refuses; return an answer where moto would do something else.

    backend: moto's, whose state may be put right. now: seconds, by the simulator's clock.
    """
    rule = _RULES.get(operation)
    return rule(asked, backend, now) if rule else None


def _create(asked: Asked, backend: Any, _now: float) -> Optional[dict[str, Any]]:
    name = str(asked.get("Name", ""))
    if not _NAME.fullmatch(name):
        raise Refused(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the"
            " following: -/_+=.@!",
        )
    _check_value(asked)
    _check_tags(asked.get("Tags") or [])
    if name in backend.secrets and backend.secrets[name].is_deleted():
        raise Refused(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for"
            " deletion.",
        )
    return None


def _put(asked: Asked, backend: Any, now: float) -> Optional[dict[str, Any]]:
    secret = _living(asked, backend)
    _check_value(asked)
    labels = asked.get("VersionStages") or [CURRENT]
    token = asked["ClientRequestToken"]
    if token in secret.versions:
        return None
    known = {label for version in secret.versions.values() for label in version["version_stages"]}
    if len(known | set(labels)) > MOST_LABELS:
        raise Refused("LimitExceededException", "Too many staging labels on this secret.")
    _evict(secret, now)
    if len(secret.versions) >= MOST_VERSIONS:
        raise Refused(
            "LimitExceededException",
            "You have exceeded the maximum number of versions for this secret.",
        )
    return None


def _evict(secret: Any, now: float) -> None:
    """Remove what AWS removes: versions without labels, beyond a hundred, older than a day."""
    for token, version in list(secret.versions.items()):
        if len(secret.versions) < MOST_VERSIONS:
            return
        if not version["version_stages"] and now - version["createdate"] > DAY:
            del secret.versions[token]


def _update_stage(asked: Asked, backend: Any, _now: float) -> Optional[dict[str, Any]]:
    secret = _living(asked, backend)
    label = asked["VersionStage"]
    source, target = asked.get("RemoveFromVersionId"), asked.get("MoveToVersionId")
    on = [token for token, each in secret.versions.items() if label in each["version_stages"]]
    holder = on[0] if on else None
    for token in (source, target):
        if token is not None and token not in secret.versions:
            raise Refused(
                "ResourceNotFoundException",
                f"Secrets Manager can't find the specified secret version: {token}.",
            )
    if source is None and target is None:
        raise Refused("InvalidParameterException", "You must name a version.")
    if target is None:
        if label == CURRENT:
            raise Refused(
                "InvalidParameterException",
                "You can only move staging label AWSCURRENT to a different secret version. It"
                " can't be completely removed.",
            )
        if holder != source:
            raise Refused(
                "InvalidParameterException",
                f"The staging label {label} is not attached to the version {source}.",
            )
        return None
    if holder == target and source is None:
        return {"ARN": secret.arn, "Name": secret.name}
    if holder is not None and source is None:
        raise Refused(
            "InvalidParameterException",
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently"
            f" attached to version {holder}, so you must explicitly reference that version in"
            " RemoveFromVersionId.",
        )
    if source is not None and holder != source:
        raise Refused(
            "InvalidParameterException",
            f"When you move staging label {label}, if you specify RemoveFromVersionId, it must be"
            f" set to the version that currently has the staging label {label}.",
        )
    if holder is None:
        # moto stumbles over a secret without AWSCURRENT.
        secret.versions[target]["version_stages"].append(label)
        if label == CURRENT:
            secret.set_default_version_id(target)
        return {"ARN": secret.arn, "Name": secret.name}
    return None


def _get(asked: Asked, backend: Any, _now: float) -> Optional[dict[str, Any]]:
    _living(asked, backend)
    return None


def _tag(asked: Asked, backend: Any, _now: float) -> Optional[dict[str, Any]]:
    secret = _living(asked, backend)
    tags = asked.get("Tags") or []
    _check_tags(tags)
    names = {tag["Key"] for tag in [*(secret.tags or []), *tags]}
    if len(names) > MOST_TAGS:
        raise Refused("InvalidParameterException", "A secret can have at most 50 tags.")
    return None


def _list(asked: Asked, _backend: Any, _now: float) -> Optional[dict[str, Any]]:
    if not 1 <= asked.get("MaxResults", 100) <= 100:
        raise Refused("ValidationException", "MaxResults must be between 1 and 100.")
    for each in asked.get("Filters") or []:
        values = each.get("Values") or []
        if not 1 <= len(values) <= 10 or not all(_FILTER.fullmatch(value) for value in values):
            raise Refused("InvalidParameterException", "Invalid filter values.")
    return None


def _check_value(asked: Asked) -> None:
    token = str(asked.get("ClientRequestToken", ""))
    if not _TOKEN.fullmatch(token):
        raise Refused("InvalidParameterException", "ClientRequestToken must be 32-64 characters.")
    text = asked.get("SecretString")
    if text is not None and not 1 <= len(text.encode()) <= LONGEST_VALUE:
        raise Refused(
            "ValidationException",
            "1 validation error detected: Value at 'secretString' failed to satisfy constraint:"
            " Member must have length less than or equal to 65536",
        )


def _check_tags(tags: list[dict[str, str]]) -> None:
    for tag in tags:
        name, value = tag.get("Key", ""), tag.get("Value", "")
        if (
            not 1 <= len(name) <= 128
            or len(value) > 256
            or not _TAG_TEXT.fullmatch(name + value)
            or name.lower().startswith("aws:")
        ):
            raise Refused("InvalidParameterException", f"Invalid tag {json.dumps(tag)}.")


def _living(asked: Asked, backend: Any) -> Any:
    name = str(asked.get("SecretId", ""))
    if name not in backend.secrets:
        raise Refused(
            "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
        )
    secret = backend.secrets[name]
    if secret.is_deleted():
        raise Refused(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    return secret


_RULES: Mapping[str, Callable[[Asked, Any, float], Optional[dict[str, Any]]]] = {
    "CreateSecret": _create,
    "GetSecretValue": _get,
    "ListSecrets": _list,
    "PutSecretValue": _put,
    "TagResource": _tag,
    "UntagResource": _get,
    "UpdateSecretVersionStage": _update_stage,
}
