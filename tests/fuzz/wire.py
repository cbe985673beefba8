# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator behind a client without sockets, whose answers are spoilt on the way."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.registry import PLATFORMS
from ansible_collections.objectstore.credentials.plugins.module_utils.settings import resolve
from ansible_collections.objectstore.credentials.plugins.module_utils.transport import (
    Transport,
    _prepared,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.transport_errors import (
    explain,
)
from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Simulator,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract.cells import (  # noqa: E501
    CellClock,
    simulator_of,
)

from .spoils import Spoil, spoilt

URL = "http://127.0.0.1:9"
SECRET_OPTIONS = ("api_password", "api_token", "api_secret_key")


class Wire(Transport):
    """Hands requests to a simulator; from the given answer on, each is spoilt in its way.

    plan: for the first answers, each in turn, what happens to it. Begins when it is set.
    """

    def __init__(self, settings: Any, simulator: Simulator) -> None:
        super().__init__(settings)
        self.fixed = settings
        self.simulator = simulator
        self.plan: list[Sequence[Spoil]] = []
        self.requests = 0

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer once, as the real one does."""
        try:
            url, sent = _prepared(method, url, headers, body)
        except (requests.RequestException, OSError, ValueError) as exc:
            raise explain(exc, self.fixed) from None
        self.requests += 1
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        request = Request(method, target, CaseInsensitive(sent.items()), body)
        with self.simulator.lock:
            response = self.simulator.handle(request)
        now = email.utils.format_datetime(self.simulator.clock.now(), usegmt=True)
        told = {"Date": now, **response.headers}
        if response.kind():
            told["Content-Type"] = str(response.kind())
        some = self.plan.pop(0) if self.plan else ()
        status, payload = response.status, response.payload()
        for spoil in some:
            told.update(spoil.headers)
            status = spoil.status or status
        return status, urllib3.HTTPHeaderDict(told), spoilt(payload, some)


class Seat:
    """One platform in one form, with three accounts that have a key each."""

    def __init__(self, form: tuple[str, str]) -> None:
        name, label = form
        simulator_class = simulator_of(name)
        variant = simulator_class.VARIANTS[label]
        self.simulator = simulator_class(**variant.modes)
        self.ids = {
            account: self.simulator.add_account(account)
            for account in (f"app-{number:04d}" for number in range(1, 4))
        }
        options = {
            "api_url": URL + self.simulator.BASE_PATH,
            "endpoint": "lab",
            **{
                k: v.replace("{url}", URL) if isinstance(v, str) else v
                for k, v in variant.options.items()
            },
        }
        platform_class = PLATFORMS[name]
        settings = resolve(options, name, platform_class.SCOPE, environ={})
        self.client = Client(
            settings, Redactor(), CellClock(self.simulator), allow_side_effects=True
        )
        self.wire = self.client._transport = Wire(settings, self.simulator)
        self.platform: Platform = platform_class(settings, self.client)
        given = [str(v) for k, v in variant.options.items() if k in SECRET_OPTIONS]
        self.given_secrets = given

    def secrets(self) -> list[str]:
        """Return every secret of this world, the login's included."""
        return [*self.simulator.secrets(), *self.given_secrets]


@contextmanager
def seated(form: tuple[str, str]) -> Iterator[Seat]:
    """Give a platform in one form, and close what it opened."""
    seat = Seat(form)
    try:
        yield seat
    finally:
        seat.client.close()
