# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature Version 4, by which the gateway's Admin Ops API knows who asks; signed by botocore."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Callable
from urllib.parse import urlsplit

from ..auth import Auth, Headers
from ..signing import Signer, SigningKey

#: The gateway takes any region.
_REGION, _SERVICE = "us-east-1", "s3"


class SigV4Auth(Auth):
    """Signs every request anew; nothing is fetched and nothing can be renewed.

    now: the time to sign with; a gateway takes 15 minutes to either side.
    """

    def __init__(self, access_key: str, secret_key: str, now: Callable[[], dt.datetime]) -> None:
        self._key = SigningKey(access_key, secret_key)
        self._now = now
        self._signer: Signer | None = None

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return Authorization and the headers that it covers. Sends nothing."""
        if self._signer is None:
            self._signer = Signer("Platform ceph_rgw")
        # Stated, so that what is signed is what is sent, whatever the HTTP library would do.
        stated = {
            "Host": urlsplit(url).netloc,
            "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(),
        }
        return self._signer.signed(
            self._key, _SERVICE, _REGION, self._now(), method, url, stated, body
        )
