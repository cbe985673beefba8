# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed S3 request that reads next to nothing: its URL, and its headers by botocore's signer."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from .errors import CredentialsError
from .http import USER_AGENT
from .model import Pair
from .signing import Signer, SigningKey

PATH, VIRTUAL = "path", "virtual"
#: What a GET without a body has for its hash.
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Request:
    """A GET that is to be signed: exactly what is sent."""

    url: str
    host: str
    path: str
    query: str


def checked_s3_url(url: str, option: str = "verify.s3_url") -> str:
    """Return an S3 URL without its trailing slash and as it is sent. Raises invalid_option."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _no_url(option) from None
    if "@" in parts.netloc:
        raise CredentialsError(
            "invalid_option",
            f"{option} must not hold a user name or password.",
            next_step="The pair that is verified is the account's own; leave the login out.",
        )
    is_plain = not (parts.query or parts.fragment) and re.fullmatch(r"[\x21-\x7e]+", text)
    if parts.scheme.lower() not in ("http", "https") or not host or not is_plain:
        raise _no_url(option)
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme.lower()]:
        netloc = f"{netloc}:{port}"
    # The service signs its own encoding of the path, so that one is sent.
    path = quote(unquote(parts.path.rstrip("/")), safe="/-._~")
    return f"{parts.scheme.lower()}://{netloc}{path}"


def request_for(s3_url: str, bucket: str | None, style: str) -> Request:
    """Return ListBuckets, or with a bucket ListObjectsV2 of one key, neither of which has a body.

    A HEAD would not do: its answer has no body, so that every refusal looks alike.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    scheme, _unused, rest = s3_url.partition("://")
    host, slash, path = rest.partition("/")
    path = slash + path
    query = ""
    if bucket is None:
        path += "/"
    else:
        check_bucket(bucket)
        query = "list-type=2&max-keys=1"
        if style == VIRTUAL:
            host = f"{bucket}.{host}"
            path += "/"
        else:
            path += f"/{quote(bucket, safe='')}"
    url = f"{scheme}://{host}{path}"
    return Request(f"{url}?{query}" if query else url, host, path, query)


def check_bucket(bucket: str) -> None:
    """Refuse what cannot be a bucket's name, before it gets into a URL."""
    # Vaults and the like have names that no bucket of AWS could have; those are percent-encoded.
    if not bucket.isprintable() or "/" in bucket or bucket in ("", ".", "..") or len(bucket) > 255:
        raise CredentialsError(
            "invalid_option",
            f"bucket: {bucket!r} cannot be the name of a bucket.",
            next_step="Write verify.bucket as the bucket's plain name, without a path.",
        )


def can_be_host(s3_url: str, bucket: str) -> bool:
    """Tell whether a bucket can be named in front of the host."""
    host = urlsplit(s3_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_HOST_LABEL.fullmatch(bucket))
    return False


def signer() -> Signer:
    """Return what signs; raises invalid_option without botocore."""
    return Signer("verify", " (verify.enabled: false does without, and leaves keys unverified).")


def headers_of(
    signing: Signer, request: Request, pair: Pair, region: str, now: dt.datetime
) -> Mapping[str, str]:
    """Return all headers of a request, signed with a pair. Sends nothing."""
    return {
        **signing.signed(
            SigningKey(pair.access_key, pair.secret_key),
            "s3",
            region,
            now,
            "GET",
            request.url,
            {"Host": request.host, "X-Amz-Content-SHA256": _EMPTY},
        ),
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


def _no_url(option: str) -> CredentialsError:
    return CredentialsError(
        "invalid_option",
        f"{option} is not a URL of the form https://host[:port][/path].",
        next_step=f"Write {option} with its scheme, as in https://s3.example.com, and without a"
        " bucket, query or fragment.",
    )
