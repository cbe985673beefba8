# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SDK-HMAC-SHA256: sign a request with an access key, as Huawei Cloud's API gateways check it."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Callable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ..auth import Auth, Headers

ALGORITHM = "SDK-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SdkHmacAuth(Auth):
    """Signs every request anew; nothing is fetched and nothing can be renewed.

    A wrong signature is never tried again: after five of them the gateway locks the access key for
    five minutes. now: the time to sign with. Vendor's page: support.huaweicloud.com/intl/en-us/
    devg-apisign/api-sign-algorithm.html.
    """

    def __init__(self, access_key: str, secret_key: str, now: Callable[[], dt.datetime]) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._now = now
        #: The account's id, sent as X-Domain-Id once it is known.
        self.domain_id: str | None = None

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return Authorization and the headers that it covers. Sends nothing."""
        parts = urlsplit(url)
        added = {
            # Stated, so that what is signed is what is sent, whatever the HTTP library would do.
            "Host": _host(parts.scheme, parts.hostname or "", parts.port),
            "X-Sdk-Date": self._now().strftime("%Y%m%dT%H%M%SZ"),
        }
        if self.domain_id:
            added["X-Domain-Id"] = self.domain_id
        signed = {name.lower(): value.strip() for name, value in added.items()}
        for name, value in headers.items():
            # Accept and the like may be rewritten by a proxy on the way.
            if name.lower() == "content-type" or name.lower().startswith("x-"):
                signed[name.lower()] = value.strip()
        names = ";".join(sorted(signed))
        request = canonical_request(method, parts.path, parts.query, signed, body)
        signature = sign(self._secret_key, added["X-Sdk-Date"], request)
        added["Authorization"] = (
            f"{ALGORITHM} Access={self._access_key}, SignedHeaders={names}, Signature={signature}"
        )
        return added


def canonical_request(
    method: str, path: str, query: str, signed: Mapping[str, str], body: bytes
) -> str:
    """Return the text that stands for a request. signed: lower-case names and their values."""
    segments = [quote(unquote(segment), safe="~") for segment in path.split("/")]
    uri = "/".join(segments)
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "\n".join(
        [
            method.upper(),
            uri if uri.endswith("/") else uri + "/",
            "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            ";".join(sorted(signed)),
            hashlib.sha256(body).hexdigest(),
        ]
    )


def sign(secret_key: str, date: str, request: str) -> str:
    """Return the signature of a canonical request. The secret key is used as it is, underived."""
    text = f"{ALGORITHM}\n{date}\n{hashlib.sha256(request.encode()).hexdigest()}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _host(scheme: str, host: str, port: int | None) -> str:
    if ":" in host:
        host = f"[{host}]"
    return host if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{host}:{port}"
