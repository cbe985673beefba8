# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an S3 service's answer says about the pair that signed the request, and its XML."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional
from xml.parsers import expat

from .clock import parse_time
from .pacing import parse_http_date
from .transport_errors import TransportError

ACCEPTED = "accepted"
#: Authenticated, but not allowed to list: the pair works.
FORBIDDEN = "forbidden"
UNKNOWN_KEY = "unknown_key"
WRONG_SIGNATURE = "wrong_signature"
SKEWED = "skewed"
UNREACHABLE = "unreachable"

#: What AWS and its followers say of an access key that they do not know, have disabled or have
#: seen expire. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_UNKNOWN_KEY = frozenset(
    {
        "InvalidAccessKeyId",
        "InvalidAccessKeyId.NotFound",
        "InvalidAccessKeyId.Inactive",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "InvalidSecurity",
        "ExpiredToken",
        "NoSuchAccessKey",
    }
)
WRONG_SIGNATURE_CODES = frozenset({"SignatureDoesNotMatch"})
#: A suspended user hears so only once its signature was found right (Ceph).
_FORBIDDEN = frozenset({"AccessDenied", "AllAccessDisabled", "AccessForbidden", "UserSuspended"})
#: Only who is authenticated hears that, unless the service answers a made-up key so as well.
_AUTHENTICATED = frozenset({"NoSuchBucket"})
_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
_LOCKED = frozenset({"TooManyWrongSignature"})
_REGION = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "PermanentRedirect",
        "TemporaryRedirect",
        "IllegalLocationConstraintException",
        "IncorrectEndpoint",
        "InvalidRegion",
    }
)
_WANTS_VIRTUAL = frozenset({"VirtualHostDomainRequired", "SecondLevelDomainForbidden"})
#: Some services know no ListBuckets.
CANNOT_LIST = frozenset({"NotImplemented", "MethodNotAllowed"})
_BUSY = frozenset({"SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "Throttling"})

#: An error needs no more; a listing is only looked at from both ends.
_LARGEST_ERROR = 64 * 1024
_MOST_TEXT = 4096
_REGION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EXPECTING = re.compile(r"(?:expecting|expected(?: region)?)[:\s]+['\"]([^'\"]+)['\"]")


@dataclass(frozen=True)
class Reading:
    """One answer, read. outcome None: it says nothing about the pair; what: in words, why."""

    outcome: Optional[str]
    what: str
    code: Optional[str] = None
    http_status: Optional[int] = None
    #: The region to sign for, where the service names another.
    region: Optional[str] = None
    wants_virtual: bool = False
    #: Asking again can bring another answer.
    passing: bool = False
    retry_after: Optional[str] = None
    next_step: Optional[str] = None
    #: What is wrong is an option, not the service.
    is_option: bool = False
    #: Seconds that the service's clock is ahead, where it refused for the date.
    ahead: Optional[float] = None
    #: The service's time.
    server_time: Optional[dt.datetime] = field(default=None, compare=False)


def read(status: int, headers: Mapping[str, str], body: bytes, *, listing: bool) -> Reading:
    """Read an answer to a signed GET. listing: a bucket's objects were asked for."""
    server_time = parse_http_date(headers.get("Date") or "")
    if status == 200:
        wanted = "ListBucketResult" if listing else "ListAllMyBucketsResult"
        if _is_whole(body, wanted):
            return Reading(ACCEPTED, "the pair was accepted", None, 200, server_time=server_time)
        return Reading(
            None,
            f"HTTP 200 came with {_what_instead(body)} instead of an S3 listing",
            None,
            200,
            server_time=server_time,
        )
    parts = _error_parts(body)
    code = parts.get("Code")
    if not code:
        return Reading(
            None,
            f"HTTP {status} came with {_what_instead(body)} instead of an S3 error",
            None,
            status,
            passing=status in (429, 500, 502, 503, 504),
            retry_after=headers.get("Retry-After"),
            server_time=server_time,
        )
    said = _shown(parts.get("Message", "")).rstrip(" .")
    region = _region_of(code, parts, headers)
    return Reading(
        _outcome(code),
        f"the answer was {_shown(code)} (HTTP {status})" + (f": {said}" if said else ""),
        code,
        status,
        region=region,
        wants_virtual=code in _WANTS_VIRTUAL,
        passing=(status >= 500 and status != 501) or status == 429 or code in _BUSY,
        retry_after=headers.get("Retry-After"),
        next_step=_next_step(code, region),
        server_time=parse_time(parts.get("ServerTime")) or server_time,
    )


def no_answer(exc: TransportError) -> Reading:
    """Return the reading of no answer at all."""
    next_step = exc.next_step
    if next_step and "client_cert" in next_step:
        next_step = "It may want a client certificate, which verify cannot show."
    return Reading(
        None,
        own_words(exc.reason),
        passing=exc.passing,
        next_step=own_words(next_step) if next_step else None,
        is_option=exc.kind == "invalid_option",
    )


def own_words(text: str) -> str:
    """Name the suboptions of verify where the transport names the options of the API."""
    text = re.sub(r"\b(?<!\.)api_url\b", "verify.s3_url", text)
    return re.sub(r"\b(?<!\.)(ca_path\b|proxy(?= option))", r"verify.\1", text)


def _outcome(code: str) -> str | None:
    for codes, outcome in (
        (_UNKNOWN_KEY, UNKNOWN_KEY),
        (WRONG_SIGNATURE_CODES, WRONG_SIGNATURE),
        (_FORBIDDEN | _AUTHENTICATED, FORBIDDEN),
        (_SKEWED, SKEWED),
    ):
        if code in codes:
            return outcome
    return None


def _next_step(code: str, region: str | None) -> str | None:
    if region:
        return f"Name the service of the region {region} in verify.s3_url and verify.region."
    if code in _WANTS_VIRTUAL:
        return "Name the service by its host name in verify.s3_url, and set addressing_style."
    if code in _LOCKED:
        return (
            "Something signs with this access key and a wrong secret key. Find it, wait until the"
            " service unlocks the key, and run again."
        )
    if code in CANNOT_LIST:
        return "Set verify.bucket to a bucket that exists there."
    return None


def _region_of(code: str, parts: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """Return the region that an answer names; it goes into a signature and nowhere else."""
    if code not in _REGION:
        return None
    expecting = _EXPECTING.search(parts.get("Message", ""))
    for name in (
        parts.get("Region"),
        headers.get("x-amz-bucket-region"),
        expecting and expecting[1],
    ):
        if name and _REGION_NAME.fullmatch(name.strip()):
            return name.strip()
    return None


class _Doctype(Exception):  # noqa: N818  # a sign between two functions, no failure of its own
    """The document brings declarations along, which can name files and grow without end."""


class _Enough(Exception):  # noqa: N818  # a sign between two functions, no failure of its own
    """What was looked for has been seen."""


def _is_whole(body: bytes, root: str) -> bool:
    """Tell whether a body begins and ends as this document does; it may hold megabytes."""
    if not body.rstrip()[-len(root) - 64 :].endswith((f"{root}>".encode(), b"/>")):
        return False
    return _parts(body[:_LARGEST_ERROR], root, stop_at_root=True) is not None


def _error_parts(body: bytes) -> dict[str, str]:
    """Return the texts right below an S3 error; nothing where it is none."""
    if len(body) > _LARGEST_ERROR:
        return {}
    return _parts(body, "Error") or {}


def _parts(body: bytes, root: str, stop_at_root: bool = False) -> dict[str, str] | None:
    """Return the texts right below a document's root, or None when the root is another."""
    path: list[str] = []
    found: dict[str, str] = {}
    parser = expat.ParserCreate()
    # Texts may come in pieces.
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name.rpartition(":")[2])
        if len(path) == 1 and (path[0] != root or stop_at_root):
            raise _Enough

    def end(name: str) -> None:
        path.pop()

    def text(data: str) -> None:
        if len(path) == 2 and len(found.get(path[1], "")) < _MOST_TEXT:
            found[path[1]] = found.get(path[1], "") + data[:_MOST_TEXT]

    def doctype(*declaration: object) -> None:
        raise _Doctype

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    # No document of S3 has one; entities, which it could declare, are its only use here.
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, not stop_at_root)
    except _Enough:
        return {} if path == [root] and stop_at_root else None
    except (_Doctype, expat.ExpatError, ValueError, LookupError):
        return None
    return {name: value.strip() for name, value in found.items()}


def _what_instead(body: bytes) -> str:
    start = body[:512].lstrip().lower()
    if not start:
        return "an empty body"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "something else"


def _shown(text: str, length: int = 160) -> str:
    """Return a server's words on one line, cut to what a person reads."""
    flat = "".join(c if c.isprintable() else " " for c in " ".join(text[: 4 * length].split()))
    return flat if len(flat) <= length else f"{flat[:length]}..."
