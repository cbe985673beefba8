# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature Version 4, by which the gateway's Admin Ops API knows who asks; signed by botocore."""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from collections.abc import Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from ..auth import Auth, Headers
from ..errors import CredentialsError

#: The gateway takes any region.
_REGION, _SERVICE = "us-east-1", "s3"


class SigV4Auth(Auth):
    """Signs every request anew; nothing is fetched and nothing can be renewed.

    now: the time to sign with; a gateway takes 15 minutes to either side.
    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """

    def __init__(self, access_key: str, secret_key: str, now: Callable[[], dt.datetime]) -> None:
        self._pair = (access_key, secret_key)
        self._now = now
        self._made: tuple[Any, Any] | None = None

    def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Headers:
        """Return Authorization and the headers that it covers. Sends nothing.

        botocore's add_auth() would take this machine's time, so its steps are taken one by one.
        """
        auth, request_of = self._made = self._made or self._signer()
        stamp = self._now().strftime("%Y%m%dT%H%M%SZ")
        signed = {
            # Stated, so that what is signed is what is sent, whatever the HTTP library would do.
            "Host": urlsplit(url).netloc,
            "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(),
            "X-Amz-Date": stamp,
        }
        draft = request_of(method=method, url=url, headers=signed, data=body)
        draft.context["timestamp"] = stamp
        to_sign = auth.string_to_sign(draft, auth.canonical_request(draft))
        names = auth.signed_headers(auth.headers_to_sign(draft))
        return {
            **signed,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={auth.scope(draft)},"
            f" SignedHeaders={names}, Signature={auth.signature(to_sign, draft)}",
        }

    def _signer(self) -> tuple[Any, Any]:
        # Imported when first needed: it costs a fifth of a second.
        try:
            from botocore.auth import S3SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
        except ImportError:
            raise CredentialsError(
                "invalid_option",
                "Platform ceph_rgw signs its requests with the Python library botocore, which is"
                " missing on the machine that runs the module.",
                next_step=f"Install it for {sys.executable or 'this Python'}: pip install botocore",
            ) from None
        return S3SigV4Auth(Credentials(*self._pair), _SERVICE, _REGION), AWSRequest
