# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest platform for the S3 data plane, and a client that signs by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any, Optional
from xml.etree import ElementTree

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    CaseInsensitive,
    Request,
    Response,
    Simulator,
    SimulatorClock,
)
from ansible_collections.objectstore.credentials.tests.simulators.s3 import S3Simulator
from ansible_collections.objectstore.credentials.tests.simulators.s3_signature import (
    signed_headers,
)

HOST = "http://127.0.0.1:9000"
PAIR = ("AKIAGOOD", "good/secret+key")


class Keyring(Simulator):
    """The smallest platform there can be: a dictionary of pairs."""

    name = "keyring"

    def __init__(self) -> None:
        super().__init__(SimulatorClock())
        self.valid: dict[str, str] = {}

    def secret_of(self, access_key: str) -> Optional[str]:
        return self.valid.get(access_key)

    def access_keys(self) -> list[str]:
        return list(self.valid)

    def put(self, access_key: str, secret_key: str) -> None:
        """Make a pair valid, as a change."""
        self.valid[access_key] = secret_key
        self.commit(f"put {access_key}")

    def drop(self, access_key: str) -> None:
        """End a pair, as a change."""
        del self.valid[access_key]
        self.commit(f"dropped {access_key}")


def data_plane(**modes: Any) -> S3Simulator:
    """Return a data plane with one bucket for a keyring with one pair."""
    source = Keyring()
    source.valid[PAIR[0]] = PAIR[1]
    simulator = S3Simulator(source, **modes)
    simulator.add_bucket("demo")
    return simulator


def ask(
    simulator: S3Simulator,
    method: str = "GET",
    path: str = "/",
    pair: tuple[str, str] = PAIR,
    body: bytes = b"",
    host: str = HOST,
    late: float = 0.0,
    region: str = "us-east-1",
    headers: Optional[dict[str, str]] = None,
) -> Response:
    """Sign and send one request; late: seconds that the client's clock is behind."""
    at = simulator.clock.now() - dt.timedelta(seconds=late)
    signed = signed_headers(
        method, host + path, *pair, at=at, region=region, body=body, headers=headers
    )
    return send(simulator, method, path, signed, body)


def send(
    simulator: S3Simulator, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> Response:
    """Send one request as it is."""
    return simulator.handle(Request(method, path, CaseInsensitive(headers.items()), body))


def code(response: Response) -> str:
    """Return the status and the code of an error, as in "403 AccessDenied"."""
    root = xml_of(response)
    assert root.tag == "Error"
    return f"{response.status} {root.findtext('Code')}"


def told(response: Response, name: str) -> Optional[str]:
    """Return the text of an element of an error."""
    return xml_of(response).findtext(name)


def xml_of(response: Response) -> ElementTree.Element:
    """Return the answer's root element."""
    return ElementTree.fromstring(response.payload())  # noqa: S314  # the simulator's own


def keyring_of(simulator: S3Simulator) -> Keyring:
    """Return the platform behind a data plane."""
    assert isinstance(simulator.source, Keyring)
    return simulator.source


def allowed(simulator: S3Simulator, pair: tuple[str, str] = PAIR) -> bool:
    """Tell whether a pair is let in."""
    return ask(simulator, pair=pair).status == 200
