# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature Version 4 as S3 checks it, from the published description and nothing else.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
This is deliberately not the code under test, nor a vendor's: only hmac and hashlib.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Optional
from urllib.parse import quote, unquote_to_bytes, urlsplit

from .base import CaseInsensitive, Request
from .s3_xml import S3Error

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
#: The body comes in chunks that are not signed one by one, with a checksum behind them.
TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Claim:
    """What a request says about who signed it, not yet checked."""

    access_key: str
    #: The credential scope: date, region, service, terminator.
    scope: tuple[str, str, str, str]
    signed_headers: tuple[str, ...]
    signature: str
    at: dt.datetime
    payload: str

    @property
    def stamp(self) -> str:
        """The time as the string to sign has it."""
        return self.at.strftime(_STAMP)


def read_claim(request: Request) -> Claim:
    """Return what the request's headers claim; raise the S3Error that its form deserves."""
    header = request.headers.get("Authorization")
    if header is None:
        if request.arg("X-Amz-Signature") or request.arg("Signature"):
            raise S3Error("AccessDenied", "This simulator takes signatures from headers only.")
        raise S3Error("AccessDenied")
    kind, _unused, rest = header.strip().partition(" ")
    if kind != ALGORITHM:
        raise S3Error(
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use"
            f" {ALGORITHM}.",
        )
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(",") if "=" in part)
    if set(fields) != {"Credential", "SignedHeaders", "Signature"}:
        raise _malformed("it must hold Credential, SignedHeaders and Signature.")
    access_key, *scope = fields["Credential"].rsplit("/", 4)
    if len(scope) != 4 or not access_key:
        raise _malformed(
            'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/'
            'aws4_request".'
        )
    if not re.fullmatch(r"[0-9a-f]{64}", fields["Signature"]):
        raise S3Error("SignatureDoesNotMatch", more={"AWSAccessKeyId": access_key})
    claim = Claim(
        access_key,
        (scope[0], scope[1], scope[2], scope[3]),
        tuple(fields["SignedHeaders"].split(";")),
        fields["Signature"],
        _time_of(request.headers),
        _payload_of(request),
    )
    if scope[2:] != ["s3", "aws4_request"]:
        raise _malformed(f'incorrect service or terminator "{"/".join(scope[2:])}".')
    if claim.stamp[:8] != scope[0]:
        raise _malformed(
            f'Invalid credential date "{scope[0]}". This date is not the same as'
            f' X-Amz-Date: "{claim.stamp[:8]}".'
        )
    _check_signed_headers(request, claim)
    return claim


def _malformed(why: str) -> S3Error:
    return S3Error("AuthorizationHeaderMalformed", f"The authorization header is malformed; {why}")


def _time_of(headers: Mapping[str, str]) -> dt.datetime:
    stamp = headers.get("X-Amz-Date")
    text = stamp or headers.get("Date") or ""
    moment: Optional[dt.datetime] = None
    if re.fullmatch(r"\d{8}T\d{6}Z", text):
        try:
            moment = dt.datetime.strptime(text, _STAMP)
        except ValueError:
            moment = None
    elif stamp is None and text:
        try:
            moment = email.utils.parsedate_to_datetime(text).replace(tzinfo=None)
        except (TypeError, ValueError):
            moment = None
    if moment is None:
        raise S3Error(
            "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"
        )
    return moment.replace(tzinfo=dt.timezone.utc)


def _payload_of(request: Request) -> str:
    payload: Optional[str] = request.headers.get("X-Amz-Content-SHA256")
    if payload is None:
        raise S3Error(
            "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
        )
    if payload.startswith("STREAMING-") and payload != TRAILER:
        raise S3Error("NotImplemented")
    if payload in (UNSIGNED, TRAILER):
        return payload
    if not re.fullmatch(r"[0-9a-f]{64}", payload):
        raise S3Error(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD,"
            " STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.",
        )
    return payload


def _check_signed_headers(request: Request, claim: Claim) -> None:
    signed = claim.signed_headers
    if list(signed) != sorted({name.lower() for name in signed}):
        raise _malformed("SignedHeaders must be lower-case, sorted, and each there once.")
    if any(name not in request.headers for name in signed):
        raise S3Error("SignatureDoesNotMatch", more={"AWSAccessKeyId": claim.access_key})
    must = {name.lower() for name in request.headers if name.lower().startswith("x-amz-")}
    missing = sorted((must | {"host"}) - set(signed))
    if missing:
        raise S3Error(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            {"HeadersNotSigned": ", ".join(missing)},
        )


def check_payload(request: Request, claim: Claim) -> bytes:
    """Return the body that the request carries; raise if it is not the one that was signed."""
    if claim.payload == TRAILER:
        return _dechunked(request.body)
    if claim.payload != UNSIGNED:
        computed = hashlib.sha256(request.body).hexdigest()
        if computed != claim.payload:
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                more={
                    "ClientComputedContentSHA256": claim.payload,
                    "S3ComputedContentSHA256": computed,
                },
            )
    return request.body


def _dechunked(body: bytes) -> bytes:
    """Return what aws-chunked holds; the checksum in the trailer is not looked at."""
    content, rest = b"", body
    while True:
        head, found, rest = rest.partition(b"\r\n")
        try:
            size = int(head.split(b";")[0], 16)
        except ValueError:
            raise S3Error("IncompleteBody") from None
        if not found or len(rest) < size:
            raise S3Error("IncompleteBody")
        if size == 0:
            return content
        content, rest = content + rest[:size], rest[size:]
        if not rest.startswith(b"\r\n"):
            raise S3Error("IncompleteBody")
        rest = rest[2:]


def canonical_request(request: Request, signed_headers: Iterable[str], payload: str) -> str:
    """Return the canonical request."""
    raw_path, _unused, raw_query = request.target.partition("?")
    pairs = sorted(
        tuple(_encoded(unquote_to_bytes(part)) for part in item.partition("=")[::2])
        for item in raw_query.split("&")
        if item
    )
    names = list(signed_headers)
    lines = [
        request.method,
        # S3 neither normalises the path nor encodes it twice.
        _encoded(unquote_to_bytes(raw_path), "/") or "/",
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{' '.join(str(request.headers.get(name)).split())}" for name in names),
        "",
        ";".join(names),
        payload,
    ]
    return "\n".join(lines)


def _encoded(raw: bytes, safe: str = "") -> str:
    return quote(raw, safe=f"{safe}-._~")


def string_to_sign(stamp: str, scope: Iterable[str], canonical: str) -> str:
    """Return the string to sign."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join((ALGORITHM, stamp, "/".join(scope), digest))


def signature(secret_key: str, scope: Iterable[str], text: str) -> str:
    """Return the signature of a string to sign."""
    key = f"AWS4{secret_key}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_signed_with(request: Request, claim: Claim, secret_key: str) -> bool:
    """Tell whether this secret key made the request's signature."""
    canonical = canonical_request(request, claim.signed_headers, claim.payload)
    made = signature(secret_key, claim.scope, string_to_sign(claim.stamp, claim.scope, canonical))
    return hmac.compare_digest(made, claim.signature)


def mismatch(request: Request, claim: Claim) -> S3Error:
    """Return the error for a wrong signature, with what S3 shows so that a client can be mended."""
    canonical = canonical_request(request, claim.signed_headers, claim.payload)
    return S3Error(
        "SignatureDoesNotMatch",
        more={
            "AWSAccessKeyId": claim.access_key,
            "StringToSign": string_to_sign(claim.stamp, claim.scope, canonical),
            "SignatureProvided": claim.signature,
            "CanonicalRequest": canonical,
        },
    )


def signed_headers(
    method: str,
    url: str,
    access_key: str,
    secret_key: str,
    *,
    at: dt.datetime,
    region: str = "us-east-1",
    body: bytes = b"",
    headers: Optional[Mapping[str, str]] = None,
) -> dict[str, str]:
    """Return the headers of a request signed by a client, for the demo and for tests by hand.

    headers: more of them, which are signed too; a Date among them replaces X-Amz-Date, and an
    X-Amz-Content-SHA256 replaces the body's hash.
    """
    parts = urlsplit(url)
    stamp = at.strftime(_STAMP)
    sent = {"Host": parts.netloc, "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    sent.update(headers or {})
    if "Date" not in sent:
        sent["X-Amz-Date"] = stamp
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = Request(method, target, CaseInsensitive(sent.items()), body)
    names = sorted(name.lower() for name in sent)
    scope = (stamp[:8], region, "s3", "aws4_request")
    canonical = canonical_request(request, names, sent["X-Amz-Content-SHA256"])
    made = signature(secret_key, scope, string_to_sign(stamp, scope, canonical))
    sent["Authorization"] = (
        f"{ALGORITHM} Credential={access_key}/{'/'.join(scope)},"
        f"SignedHeaders={';'.join(names)},Signature={made}"
    )
    return sent
