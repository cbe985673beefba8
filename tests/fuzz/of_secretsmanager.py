# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target: records in AWS Secrets Manager, over answers that are wrong.

Apart from the other records, because moto takes seconds to be loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager import (  # noqa: E501  # one name
    AwsSecretsManager,
)
from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501  # one name
    PLACE,
)

from .of_records import FULL, KV_PLANS, SECRETS, _context, check_record
from .registry import target
from .rules import Refused, value_or_refusal
from .spoils import Spoil, spoilt
from .wire import URL

#: Tries of one call, each of which gets the last of the spoilt answers.
_TRIES = 12
#: More requests than the calls below ever need, retries included.
_MOST_REQUESTS = 200


class _Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_given: Any, **_named: Any) -> Iterator[bytes]:
        yield self._body


class _Wire:
    """Answers botocore's requests without a socket; plan as in wire.Wire."""

    def __init__(self, simulator: strict.AwsSecretsManager) -> None:
        self.simulator = simulator
        self.plan: list[Sequence[Spoil]] = []
        self.requests = 0

    def spoil(self, plan: list[list[Spoil]]) -> None:
        """Begin anew."""
        self.plan = [*plan, *[plan[-1]] * _TRIES]

    def __call__(self, request: Any, **_named: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        self.requests += 1
        headers = CaseInsensitive(
            (name, value.decode() if isinstance(value, bytes) else str(value))
            for name, value in request.headers.items()
        )
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        response = self.simulator.handle(Request(request.method, "/", headers, body))
        told = {"Content-Type": str(response.kind()), **response.headers}
        some = self.plan.pop(0) if self.plan else ()
        status, payload = response.status, response.payload()
        for spoil in some:
            told.update(spoil.headers)
            status = spoil.status or status
        return AWSResponse(request.url, status, told, _Raw(spoilt(payload, some)))


@target("Secrets Manager answers", KV_PLANS, short=8)
def secretsmanager_answers(plan: list[list[Spoil]]) -> None:
    """A record, or a refusal; never no record."""
    wire = _Wire(strict.AwsSecretsManager())
    options = {
        **{name: spec.get("default") for name, spec in AwsSecretsManager.OPTIONS.items()},
        "endpoint_url": URL,
        "region": strict.REGION,
        "aws_access_key_id": strict.ACCESS_KEY,
        "aws_secret_access_key": strict.SECRET_KEY,
    }
    store = AwsSecretsManager(options, _context())
    # Behind the store's own, which refuses what check mode must not send.
    events = store._api._ready().meta.events
    events.register_last("before-send.secretsmanager", wire)
    store.open()
    stored = store.write(PLACE, FULL, None)
    secrets = [*SECRETS, strict.SECRET_KEY]
    wire.spoil(plan)
    found = value_or_refusal(store.read, PLACE, secrets=secrets)
    assert found is not None
    if not isinstance(found, Refused):
        check_record(found.record)
    wire.spoil(plan)
    value_or_refusal(store.write, PLACE, FULL, stored.version, secrets=secrets)
    wire.spoil(plan)
    value_or_refusal(lambda: list(store.places("echo", "lab")), secrets=secrets)
    value_or_refusal(store.read_note, "journal", secrets=secrets)
    assert wire.requests <= _MOST_REQUESTS
    store.close()
