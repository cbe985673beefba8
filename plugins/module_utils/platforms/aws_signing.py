# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature Version 4 for query APIs, by botocore's signer."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..auth import Headers
from ..errors import CredentialsError


@dataclass(frozen=True)
class Key:
    """What a request is signed with; a temporary key has a session token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Signer:
    """Signs requests; shared by all threads. Raises invalid_option without botocore."""

    def __init__(self) -> None:
        # Imported when first needed: it costs a fifth of a second.
        try:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
        except ImportError:
            raise without_botocore() from None
        self._auth: Any = SigV4Auth
        self._request: Any = AWSRequest
        self._credentials: Any = Credentials

    def headers(
        self,
        key: Key,
        service: str,
        region: str,
        now: dt.datetime,
        method: str,
        url: str,
        sent: Mapping[str, str],
        body: bytes,
    ) -> Headers:
        """Return the signed headers of a request: those sent, the date and the signature.

        botocore's add_auth() would take this machine's time, so its steps are taken one by one.
        """
        signed = {**sent, "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ")}
        if key.token:
            signed["X-Amz-Security-Token"] = key.token
        draft = self._request(method=method, url=url, headers=signed, data=body)
        draft.context["timestamp"] = signed["X-Amz-Date"]
        credentials = self._credentials(key.access_key, key.secret_key, key.token)
        auth = self._auth(credentials, service, region)
        to_sign = auth.string_to_sign(draft, auth.canonical_request(draft))
        names = auth.signed_headers(auth.headers_to_sign(draft))
        signature = auth.signature(to_sign, draft)
        return {
            **signed,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={auth.scope(draft)},"
            f" SignedHeaders={names}, Signature={signature}",
        }


def without_botocore() -> CredentialsError:
    """Return the error that says what to install."""
    return CredentialsError(
        "invalid_option",
        "The platform aws needs the Python library botocore (boto3 brings it) on the machine that"
        " runs the module.",
        next_step=f"Install it for {sys.executable or 'this Python'}: pip install botocore.",
    )
