# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature Version 4, by botocore's signer: for S3 requests, and for APIs that are signed alike.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .errors import CredentialsError


@dataclass(frozen=True)
class SigningKey:
    """What a request is signed with; a temporary key has a session token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: Optional[str] = field(default=None, repr=False)


class Signer:
    """Signs requests; shared by all threads. Raises invalid_option without botocore.

    who: needs it ("verify"), for that message; otherwise: how to do without, if one can. as_s3: a
    path is signed as it is, and the hash of the body is a header that the caller gives.
    """

    def __init__(self, who: str, otherwise: str = "", *, as_s3: bool = True) -> None:
        # Imported when first needed: it costs a fifth of a second.
        try:
            from botocore.auth import S3SigV4Auth, SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
        except ImportError:
            raise without_botocore(who, otherwise) from None
        self._auth: Any = S3SigV4Auth if as_s3 else SigV4Auth
        self._request: Any = AWSRequest
        self._credentials: Any = Credentials

    def signed(
        self,
        key: SigningKey,
        service: str,
        region: str,
        now: dt.datetime,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> dict[str, str]:
        """Return headers with the date and the signature that covers them all. Sends nothing.

        now: the time that is signed. botocore's add_auth() would take this machine's, so its steps
        are taken one by one here.
        """
        signed = {**headers, "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ")}
        if key.token:
            signed["X-Amz-Security-Token"] = key.token
        draft = self._request(method=method, url=url, headers=signed, data=body)
        draft.context["timestamp"] = signed["X-Amz-Date"]
        credentials = self._credentials(key.access_key, key.secret_key, key.token)
        auth = self._auth(credentials, service, region)
        to_sign = auth.string_to_sign(draft, auth.canonical_request(draft))
        names = auth.signed_headers(auth.headers_to_sign(draft))
        return {
            **signed,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={auth.scope(draft)},"
            f" SignedHeaders={names}, Signature={auth.signature(to_sign, draft)}",
        }


def without_botocore(who: str, otherwise: str = "") -> CredentialsError:
    """Return the error that says what to install."""
    return CredentialsError(
        "invalid_option",
        f"{who} signs its requests with the Python library botocore, which is missing on the"
        " machine that runs the module.",
        next_step=f"Install it for {sys.executable or 'this Python'}: pip install botocore"
        + otherwise,
    )
