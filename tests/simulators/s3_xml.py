# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the S3 data plane says: errors as S3 gives them, and listings, as XML.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Optional, Union
from xml.sax.saxutils import escape

from .base import Response

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

#: Code -> (HTTP status, message).
ERRORS: Mapping[str, tuple[int, str]] = {
    "AccessDenied": (403, "Access Denied"),
    "AuthorizationHeaderMalformed": (400, "The authorization header is malformed"),
    "BadDigest": (400, "The Content-MD5 you specified did not match what we received."),
    "EntityTooLarge": (400, "Your proposed upload exceeds the maximum allowed object size."),
    "IncompleteBody": (400, "The request body terminated unexpectedly"),
    "InvalidAccessKeyId": (
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    "InvalidArgument": (400, "Invalid Argument"),
    "InvalidRequest": (400, "Invalid Request"),
    "InvalidToken": (400, "The provided token is malformed or otherwise invalid."),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist."),
    "NotImplemented": (
        501,
        "A header you provided implies functionality that is not implemented.",
    ),
    "RequestTimeTooSkewed": (
        403,
        "The difference between the request time and the current time is too large.",
    ),
    "SignatureDoesNotMatch": (
        403,
        "The request signature we calculated does not match the signature you provided. Check your"
        " key and signing method.",
    ),
    "TooManyWrongSignature": (
        400,
        "The request is rejected because of too many wrong signatures.",
    ),
    "UserSuspended": (403, ""),
    "VirtualHostDomainRequired": (
        403,
        "Virtual host domain is required when accessing a specific bucket.",
    ),
    "XAmzContentSHA256Mismatch": (
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
}


class S3Error(Exception):
    """An error answer; more: further elements of its body."""

    def __init__(
        self,
        code: str,
        message: Optional[str] = None,
        more: Optional[Mapping[str, str]] = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.code = code
        self.status, standard = ERRORS[code]
        self.message = message or standard
        self.more = dict(more or {})
        self.headers = dict(headers or {})
        super().__init__(code)

    def response(self, resource: str, request_id: str, head: bool) -> Response:
        """Return the answer: XML, but nothing at all to a HEAD."""
        if head:
            return Response(self.status, None, self.headers, "application/xml")
        body = element(
            "Error",
            element("Code", self.code),
            element("Message", self.message),
            *(element(name, text) for name, text in self.more.items()),
            element("Resource", resource),
            element("RequestId", request_id),
        )
        return document(body, self.status, self.headers)


class Markup(str):
    """Text that is XML already."""

    __slots__ = ()


def element(name: str, *content: Union[str, int, Markup], xmlns: str = "") -> Markup:
    """Return one element; content that is no Markup is escaped."""
    inner = "".join(c if isinstance(c, Markup) else escape(str(c)) for c in content)
    attribute = f' xmlns="{xmlns}"' if xmlns else ""
    return Markup(f"<{name}{attribute}>{inner}</{name}>")


def document(
    root: Markup, status: int = 200, headers: Optional[Mapping[str, str]] = None
) -> Response:
    """Return an XML answer."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'
    return Response(status, body, dict(headers or {}), "application/xml")


def bucket_list(buckets: Iterable[str], created: str) -> Response:
    """Return the answer of ListBuckets."""
    owner = element("Owner", element("ID", "simulated"), element("DisplayName", "simulated"))
    rows = (
        element("Bucket", element("Name", name), element("CreationDate", created))
        for name in buckets
    )
    return document(
        element("ListAllMyBucketsResult", owner, element("Buckets", *rows), xmlns=NAMESPACE)
    )
