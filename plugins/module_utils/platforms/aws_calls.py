# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the IAM query API (and to STS), and what its error bodies mean.

Requests go through http.Client like those of every platform and not through boto3's client, so
that check mode, leases, pacing, retries, the platform's clock and redaction hold in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import CredentialsError
from ..http import READ, Answer
from ..platform import ErrorParts, Platform
from ..transport_bounds import is_markup
from ..urls import query_of
from .aws_xml import Element, parsed, parsed_or_none

IAM_VERSION, STS_VERSION = "2010-05-08", "2011-06-15"
#: Rows of one page; IAM may send fewer although there are more.
PAGE = 1000
FORM = "application/x-www-form-urlencoded; charset=utf-8"
_HEADERS = {"Content-Type": FORM, "Accept": "application/xml, text/xml, */*"}

_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
#: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the pages of the calls.
_KINDS = {
    **dict.fromkeys(_THROTTLED, "throttled"),
    "AccessDenied": "permission",
    "AccessDeniedException": "permission",
    "UnauthorizedOperation": "permission",
    "AuthFailure": "authentication",
    "ExpiredToken": "authentication",
    "ExpiredTokenException": "authentication",
    "IncompleteSignature": "authentication",
    "InvalidAccessKeyId": "authentication",
    "InvalidClientTokenId": "authentication",
    "InvalidSignatureException": "authentication",
    "InvalidToken": "authentication",
    "MissingAuthenticationToken": "authentication",
    "NotAuthorized": "authentication",
    "OptInRequired": "authentication",
    "SignatureDoesNotMatch": "authentication",
    "UnrecognizedClientException": "authentication",
    "RequestExpired": "clock_skew",
    "RequestTimeTooSkewed": "clock_skew",
    "NoSuchEntity": "not_found",
    "NoSuchEntityException": "not_found",
    "LimitExceeded": "limit",
    "LimitExceededException": "limit",
    "EntityTemporarilyUnmodifiable": "conflict",
    "ConcurrentModification": "conflict",
    "InvalidAction": "unsupported",
    "NotImplemented": "unsupported",
    "UnknownOperationException": "unsupported",
}
#: What the service says in words when only the clock is to blame for the signature.
_SKEWED = ("Signature expired", "Signature not yet current")
#: What nobody does: the answer promises it, and tells to come later.
_LATER = frozenset({*_THROTTLED, "EntityTemporarilyUnmodifiable"})

_LOGIN_EXPIRED = (
    "The session token has expired. Fetch another one, or log in with a profile or a role, which"
    " renew themselves."
)
_UNKNOWN_LOGIN = (
    "The access key of the login does not exist here, is inactive, belongs to another partition, or"
    " its session token is missing. One just made is known everywhere after some seconds."
)
_NEXT_BY_CODE = {
    "ExpiredToken": _LOGIN_EXPIRED,
    "ExpiredTokenException": _LOGIN_EXPIRED,
    "InvalidClientTokenId": _UNKNOWN_LOGIN,
    "UnrecognizedClientException": _UNKNOWN_LOGIN,
    "SignatureDoesNotMatch": "The secret key does not belong to the access key, or api_region is"
    " not the one that this API is signed for.",
    "LimitExceeded": "A user has room for two access keys, inactive ones included. Delete one that"
    " nothing uses any more, then run again.",
    "EntityTemporarilyUnmodifiable": "The user is being changed elsewhere; IAM says to wait some"
    " minutes. Run again then.",
    "ConcurrentModification": "Somebody else changes the same user. Run again.",
    "InvalidAction": "This IAM API does not have the call: check api_url.",
}
_SLOWER = "Set requests_per_second, or lower parallelism, and run again."
_ACTION = re.compile(r"not authorized to perform: ((?:iam|sts):[A-Za-z]+)")


class IamCalls(Platform):
    """The requests and the errors of the IAM API; the platform itself adds facts and verbs."""

    def ask(
        self,
        action: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        doing: str,
        effect: str = READ,
        where: str = "/",
        version: str = IAM_VERSION,
        headers: Mapping[str, str] | None = None,
        **how: Any,
    ) -> Element:
        """Send one action and return the root of its answer; how: see Platform.call().

        A POST with a form, as the SDKs send it: not every API with this protocol takes a GET.
        """
        answer = self.call(
            "POST",
            where,
            body=form_of(action, version, parameters),
            headers={**_HEADERS, **(headers or {})},
            effect=effect,
            doing=doing,
            **how,
        )
        root = parsed(answer)
        if root.name != f"{action}Response":
            # A proxy's page, or a server that answers something else than it was asked.
            raise root.complain(f"{root.name!r} instead of {action}Response")
        return root

    def fetch(
        self, action: str, parameters: Mapping[str, Any], *, doing: str, **how: Any
    ) -> Element:
        """Send one action and return the result inside its answer."""
        return self.ask(action, parameters, doing=doing, **how).child(f"{action}Result")

    def pages(
        self, action: str, rows: str, identity: str, parameters: Mapping[str, Any], **how: Any
    ) -> Iterator[Element]:
        """Yield the rows of a listing, each once, following Marker. Reads only.

        identity: the field that tells rows apart. Raises malformed_answer for a page that brings
        nothing new and yet names a next one, and for a listing without an end.
        """
        pages = self.begin_listing(how.get("doing", ""))
        seen: set[str] = set()
        marker: str | None = None
        while True:
            asked = {**parameters, "MaxItems": PAGE, "Marker": marker}
            whole = self.ask(action, asked, **how)
            page = whole.child(f"{action}Result")
            found = {row.text(identity): row for row in page.members(rows)}
            pages.page(len(found), whole.size)
            new = [row for name, row in found.items() if name not in seen]
            seen.update(found)
            yield from new
            cut = page.optional("IsTruncated") or "false"
            if cut not in ("true", "false"):
                raise page.complain("an IsTruncated that is neither true nor false")
            if cut == "false":
                return
            following = page.text("Marker")
            # IAM may send an empty page in between, but never the same marker again.
            if following == marker:
                raise page.complain("a Marker that leads in a circle")
            marker = following

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read the error form of the query APIs; S3's own has Code and Message at its root."""
        root = parsed_or_none(answer)
        error = None
        if root is not None:
            error = next((each for each in root.walk() if each.find("Code") is not None), None)
        if error is None:
            is_page = answer.status == 404 and is_markup(answer.body)
            return ("malformed_answer" if is_page else None), None, answer.excerpt()
        code, message = error.optional("Code"), error.optional("Message") or ""
        kind = _KINDS.get(code or "")
        if code == "SignatureDoesNotMatch" and message.startswith(_SKEWED):
            kind = "clock_skew"
        return kind, code, " ".join(message.split())

    def error_of(self, answer: Answer, doing: str = "") -> CredentialsError:
        """Return the error of an answer, with the request id and the step that helps."""
        exc = super().error_of(answer, doing)
        root = parsed_or_none(answer)
        inside = next((e for e in root.walk() if e.name == "RequestId"), None) if root else None
        request_id = answer.headers.get("x-amzn-RequestId") or (inside.value if inside else "")
        if request_id.strip():
            exc.details["request_id"] = self.client.redactor.redact(request_id.strip())[:80]
        step = self._next_step(exc)
        if step:
            exc.next_step = step
        return exc

    def is_later(self, answer: Answer) -> bool:
        """Tell whether an answer says "come later", which promises that nothing was done.

        AWS says so with HTTP 400 and a code; Retry-After is not among its headers.
        """
        if answer.status == 429:
            return True
        return answer.status >= 400 and self.read_error(answer)[1] in _LATER

    def _next_step(self, exc: CredentialsError) -> str | None:
        if exc.kind == "permission":
            action = _ACTION.search(exc.message)
            missing = f" It lacks {action[1]}." if action else ""
            return (
                f"Give the login the policy at the top of the platform's guide.{missing} A service"
                " control policy or a permissions boundary may forbid it as well."
            )
        if exc.kind == "clock_skew":
            offset = self.client.clock_offset
            by = f" by {abs(offset):.0f} s" if offset is not None else ""
            return f"The clock of this machine differs{by} from the service's. Set it by NTP."
        if exc.kind == "throttled":
            return _SLOWER
        return _NEXT_BY_CODE.get(exc.code or "")


def form_of(action: str, version: str, parameters: Mapping[str, Any] | None) -> bytes:
    """Return the body of a request; what is None is left out."""
    pairs = [("Action", action), ("Version", version)]
    pairs += [(name, str(value)) for name, value in (parameters or {}).items() if value is not None]
    return query_of(pairs).encode()
