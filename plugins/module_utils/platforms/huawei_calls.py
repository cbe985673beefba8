# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to Huawei's IAM API: rows with checked fields, and what its error bodies mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import CredentialsError
from ..http import Answer
from ..listing import Listing
from ..model import ACTIVE, INACTIVE
from ..platform import ErrorParts, Platform
from ..transport_bounds import is_markup

#: The API reference asks for it in every request, also in those without a body.
_HEADERS = {"Content-Type": "application/json;charset=utf8"}
_TRACE_HEADERS = ("X-Request-Id", "X-IAM-Trace-Id")

_FULL = "akSkNumExceed"
#: Vendor's page: support.huaweicloud.com/intl/en-us/api-iam/iam_02_0006.html. Gateways of older
#: clouds write APIG where newer ones write APIGW.
_KINDS = {
    _FULL: "limit",
    "IAM.0001": "authentication",
    "IAM.0002": "permission",
    "IAM.0003": "permission",
    "IAM.0004": "not_found",
    "IAM.0005": "conflict",
    "IAM.0006": "platform_error",
    "IAM.0012": "throttled",
    "IAM.0061": "authentication",
    "IAM.0062": "authentication",
    "IAM.0066": "authentication",
    "IAM.0067": "authentication",
    "IAM.0080": "authentication",
    "IAM.0081": "authentication",
    "IAM.0082": "authentication",
    "IAM.1104": "authentication",
    "IAM.1105": "authentication",
    "IAM.1106": "authentication",
    "IAM.1107": "authentication",
    # A call that the gateway does not know is not an account or key that is missing.
    "APIGW.0101": "unsupported",
    "APIGW.0301": "authentication",
    "APIGW.0308": "throttled",
}

_NEXT_BY_CODE = {
    _FULL: "A user has room for two access keys, inactive ones included. Delete one that"
    " nothing uses any more, then run again.",
    "IAM.0061": "The login's user is locked after wrong passwords. Wait a quarter of an hour, check"
    " api_password, then run again.",
    "IAM.0062": "Check domain (the account's name), api_username (an IAM user, not a HUAWEI ID) and"
    " api_password before you run again: wrong ones lock the user.",
    "IAM.0066": "The token has expired (it lives 24 hours). Fetch a new one, or log in with an"
    " access key or with a user name and password.",
    "IAM.0067": "The token is no longer good: a change of its user's password, keys or rights ends"
    " it. Fetch a new one, or log in with an access key.",
    "IAM.0080": "The login's user is disabled. Enable it, or log in as another.",
    "IAM.0081": "The login's user may only use the console. Give it programmatic access.",
    "IAM.0082": "The login's user is disabled. Enable it, or log in as another.",
    "IAM.1104": "api_access_key is blacklisted. Log in with another access key.",
    "IAM.1105": "api_access_key has expired. Log in with another access key.",
    "IAM.1106": "The user of api_access_key is gone. Log in with another access key.",
    "IAM.1107": "api_access_key is inactive. Enable it, or log in with another access key.",
    "APIGW.0101": "This cloud or region does not have the call: check api_url, and leave"
    " api_version at v3.0 outside of Huawei Cloud.",
    "APIGW.0308": "Wait a few seconds; set requests_per_second, or lower parallelism.",
    "IAM.0012": "Set requests_per_second, or lower parallelism, and run again.",
}
_PERMISSION = (
    "Give the login the policy at the top of the platform's guide (or Security Administrator)."
    " Without it a user may only see and change its own access keys."
)
#: What APIGW.0301 says in words -> what to do. The first that fits counts.
_NEXT_BY_WORDS = (
    (
        "reach the limit",
        "The gateway locked api_access_key after five wrong signatures. Wait five minutes, check"
        " api_secret_key before the next try.",
    ),
    (
        "not exist",
        "api_access_key does not exist here: it was deleted, or belongs to another cloud than"
        " api_url.",
    ),
    (
        "signature fail",
        "api_secret_key does not belong to api_access_key. Correct it before you run again: five"
        " wrong signatures lock the key for five minutes.",
    ),
    (
        "token",
        "The token is damaged, or of another cloud than api_url. Fetch a new one, or log in with an"
        " access key.",
    ),
)


class Row:
    """One object of an answer; a field that is missing or of another type is a malformed answer."""

    def __init__(self, values: dict[str, Any], answer: Answer) -> None:
        self.values = values
        self.answer = answer
        #: Makes the error for what is wrong with the answer.
        self.complain = answer.malformed

    def text(self, name: str) -> str:
        """Return a field that must be a text and not empty."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self.complain(f"no usable {name!r} in it")
        return value

    def status(self) -> str:
        """Return whether a key is active or inactive; any other word is a malformed answer."""
        word = self.text("status").strip().lower()
        if word not in (ACTIVE, INACTIVE):
            raise self.complain("a status that is neither active nor inactive")
        return word

    def require_of(self, user_id: str | None, access_key: str) -> None:
        """Raise malformed_answer where a key that was just made is another user's."""
        if self.optional("user_id") not in (None, user_id):
            other = self.optional("user_id")
            raise self.complain(f"a key ({access_key}) of user {other}, who was not asked for")

    def optional(self, name: str) -> str | None:
        """Return a text field, or None when it is null, missing or no text."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None


class Fresh:
    """Tells rows that came before from new ones, so that a listing that repeats itself ends."""

    def __init__(self, identity: str, pages: Listing) -> None:
        self._identity = identity
        self._pages = pages
        self._seen: set[str] = set()

    def of(self, rows: list[Row], whole: Row) -> list[Row]:
        """Return the rows of a page that are new, each once. Raises malformed_answer: no end."""
        self._pages.page(len(rows), len(whole.answer.body))
        found = {row.text(self._identity): row for row in rows}
        new = {name: row for name, row in found.items() if name not in self._seen}
        self._seen.update(new)
        return list(new.values())


class IamCalls(Platform):
    """The requests and the errors of the IAM API; the platform itself adds facts and verbs."""

    #: The account (in Huawei's words, the domain) that the login belongs to, once it is known.
    domain_id: str | None = None

    def send(self, method: str, where: str, *, doing: str, **how: Any) -> Answer:
        """Send one request with the headers that the API asks for; how: see Platform.call()."""
        return self.call(method, where, headers={**_HEADERS}, doing=doing, **how)

    def fetch(self, method: str, where: str, inner: str, *, doing: str, **how: Any) -> Row:
        """Send one request and return the object that its answer holds under a name."""
        answer = self.send(method, where, doing=doing, **how)
        values = answer.json_object().get(inner)
        if not isinstance(values, dict):
            raise answer.malformed(f"no object {inner!r} in it")
        return Row(values, answer)

    def fetch_rows(
        self, where: str, inner: str, *, doing: str, **how: Any
    ) -> tuple[list[Row], Row]:
        """Read one page: return the rows under a name, and the whole answer for its paging."""
        answer = self.send("GET", where, doing=doing, **how)
        body = answer.json_object()
        rows = body.get(inner)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise answer.malformed(f"no list of objects {inner!r} in it")
        return [Row(row, answer) for row in rows], Row(body, answer)

    def marked_pages(
        self, where: str, inner: str, identity: str, *, doing: str, **how: Any
    ) -> Iterator[Row]:
        """Yield the rows of a v5 listing, each once, following next_marker. Reads only.

        identity: the field that tells rows apart. Raises malformed_answer for a page that brings
        nothing new and yet names a next one.
        """
        query = {"limit": 200, **how.pop("query", {})}
        fresh = Fresh(identity, self.begin_listing(doing))
        while True:
            rows, whole = self.fetch_rows(where, inner, doing=doing, query=query, **how)
            new = fresh.of(rows, whole)
            yield from new
            paging = whole.values.get("page_info")
            marker = paging.get("next_marker") if isinstance(paging, dict) else None
            if not marker:
                return
            if not isinstance(marker, str) or not new:
                raise whole.complain("a next_marker that leads in a circle")
            query["marker"] = marker

    def read_error(self, answer: Answer) -> ErrorParts:
        """Read the Keystone form, the IAM form, the gateway's form and the one of v5."""
        body = answer.json_or_none()
        if not isinstance(body, dict):
            is_page = answer.status == 404 and is_markup(answer.body)
            return ("malformed_answer" if is_page else None), None, answer.excerpt()
        inner = body.get("error")
        error: dict[str, Any] = inner if isinstance(inner, dict) else {}
        code = _first_text(body.get("error_code"), error.get("error_code"), error.get("code"))
        message = _first_text(
            body.get("error_msg"), error.get("error_msg"), error.get("message"), body.get("message")
        )
        if message and _FULL in message:
            # In whatever form it comes, with whatever general code, this says what is wrong.
            code = _FULL
        kind = _KINDS.get(_plain(code)) or _limit_of_v5(answer, message)
        return kind, code, message or answer.excerpt()

    def error_of(self, answer: Answer, doing: str = "") -> CredentialsError:
        """Return the error of an answer, with the trace id and the step that helps."""
        exc = super().error_of(answer, doing)
        body = answer.json_or_none()
        traces = [answer.headers.get(name) for name in _TRACE_HEADERS]
        trace = _first_text(*traces, body.get("request_id") if isinstance(body, dict) else None)
        if trace:
            exc.details["request_id"] = self.client.redactor.redact(trace)
        step = self._next_step(exc)
        if step:
            exc.next_step = step
        return exc

    def is_throttle(self, answer: Answer) -> bool:
        """Tell whether an answer says "too fast", which promises that nothing was done."""
        return answer.status == 429 or self.read_error(answer)[0] == "throttled"

    def _next_step(self, exc: CredentialsError) -> str | None:
        if exc.kind == "permission":
            return _PERMISSION
        if _plain(exc.code) == "APIGW.0301":
            return self._after_refused_login(exc.message)
        return _NEXT_BY_CODE.get(_plain(exc.code))

    def _after_refused_login(self, message: str) -> str | None:
        """Return what to do after APIGW.0301, which says only in words what was wrong."""
        if "signature expired" in message:
            offset = self.client.clock_offset
            by = f" by {abs(offset):.0f} s" if offset is not None else ""
            return (
                f"The clock of this machine differs{by} from the endpoint's; a signature is good"
                " for 15 minutes. Set the clock by NTP."
            )
        for words, step in _NEXT_BY_WORDS:
            if words in message:
                return step
        return None


def _plain(code: str | None) -> str:
    code = code or ""
    return "APIGW." + code[5:] if code.startswith("APIG.") else code


def _first_text(*values: Any) -> str | None:
    for value in values:
        if isinstance(value, str) and value:
            return value
    return None


def _limit_of_v5(answer: Answer, message: str | None) -> str | None:
    # How v5 refuses a third key is documented nowhere; a conflict on creating can be nothing else.
    if answer.method != "POST" or "/access-keys" not in answer.url:
        return None
    words = (message or "").lower()
    if answer.status == 409 or (answer.status == 400 and ("exceed" in words or "quota" in words)):
        return "limit"
    return None
