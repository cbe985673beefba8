# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hvac sends its requests through, and what the answers of a KV v2 server mean.

hvac takes any session that has request(); this one is our own transport: our TLS rules, bounded
answers, no retries, no redirects, and no write in check mode.
https://developer.hashicorp.com/vault/api-docs#http-status-codes
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any, Callable, Optional
from urllib.parse import urlencode

from ..errors import CredentialsError, missing
from ..settings import Settings
from ..transport import Transport
from ..transport_bounds import is_too_deep
from ..transport_errors import TransportError

Fail = Callable[..., CredentialsError]

#: Methods that read. LIST is the API's own.
_READS = ("GET", "LIST", "HEAD")
#: Ends of paths that log in or out: nothing is stored by them.
_LOGINS = ("/login", "/auth/token/revoke-self")
_CAS_MISMATCH = "check-and-set parameter did not match"
_UPGRADING = "Upgrading from non-versioned"


class Answer:
    """One answer, with the names that hvac knows it by."""

    def __init__(self, method: str, url: str, status: int, headers: Any, body: bytes) -> None:
        self.method = method
        self.url = url
        self.status_code = status
        self.headers: Mapping[str, str] = headers
        self.body = body
        self.ok = status < 400

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the decoded body, or raise ValueError."""
        try:
            value = json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if is_too_deep(value):
            raise ValueError("nested too deeply")
        return value

    def content(self) -> dict[str, Any]:
        """Return the decoded body; an empty dictionary where it is no JSON object."""
        try:
            value = self.json()
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def is_write(self) -> bool:
        """Whether it answers a request that may have changed something."""
        return self.method not in _READS

    @property
    def errors(self) -> str:
        """What the server says, in one text."""
        found = self.content().get("errors")
        return "; ".join(str(each) for each in found) if isinstance(found, list) else ""

    @property
    def speaks_the_api(self) -> bool:
        """Whether it is of the form that the API gives, and not a proxy's page."""
        content = self.content()
        return isinstance(content.get("errors"), list) or "data" in content or "auth" in content

    @property
    def is_of_nothing(self) -> bool:
        """Whether it says that there is nothing at this path, which a wrong path does not."""
        content = self.content()
        return self.status_code == 404 and content.get("errors") == [] and not content.get("data")

    def deleted(self) -> dict[str, Any] | None:
        """Return the metadata of a version that is there and deleted or destroyed, or None."""
        data = self.content().get("data")
        metadata = data.get("metadata") if isinstance(data, dict) else None
        return metadata if self.status_code == 404 and isinstance(metadata, dict) else None


class Session:
    """Stands where hvac expects a session of requests; shared by all threads."""

    #: hvac looks at these; the transport has its own settings.
    verify, cert, proxies = True, None, None

    def __init__(self, settings: Settings, fail: Fail, check_mode: bool) -> None:
        self._transport = Transport(settings)
        self._fail = fail
        self._check_mode = check_mode
        self._of_thread = threading.local()

    @property
    def last(self) -> Answer:
        """The last answer that this thread got."""
        answer: Optional[Answer] = getattr(self._of_thread, "answer", None)
        if answer is None:
            raise missing("answer")
        return answer

    def request(
        self,
        method: str,
        url: str,
        headers: Optional[Mapping[str, str]] = None,
        params: Optional[Mapping[str, Any]] = None,
        json: Any = None,
        **_of_requests: Any,
    ) -> Answer:
        """Send a request once and return its answer, whatever its status.

        Raises check_mode_write for a write in check mode, and store_unavailable, with what is known
        of a write, when no whole answer came.
        """
        method = method.upper()
        is_login = url.endswith(_LOGINS)
        if self._check_mode and method not in _READS and not is_login:
            raise self._fail(
                "check_mode_write", f"check mode was about to write to the secret store: {url}."
            )
        sent = dict(headers or {})
        body = b""
        if json is not None:
            body = _as_json(json)
            sent["Content-Type"] = "application/json"
        target = f"{url}?{urlencode(params)}" if params else url
        try:
            status, received, content = self._transport.send(method, target, sent, body)
        except TransportError as exc:
            may_have_landed = exc.maybe_sent and method not in _READS and not is_login
            raise self._fail(
                "store_unavailable",
                f"The secret store at {url.partition('/v1/')[0]} gave no answer: {exc.reason}.",
                next_step=(exc.next_step or "").replace("api_url", "secret_store.url") or None,
                landed=None if may_have_landed else False,
                details={"passing": exc.passing},
            ) from None
        answer = Answer(method, url, status, received, content)
        self._of_thread.answer = answer
        return answer

    def close(self) -> None:
        """Close the kept connections."""
        self._transport.close()


def _as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def refusal(answer: Answer, what: str, fail: Fail, hints: Mapping[str, str]) -> CredentialsError:
    """Return the error for an answer that is no success.

    what: what was being done, as "reading x". hints: the next steps for a right, a path, and any
    other refusal. Its details say "passing" where it is worth trying again.
    """
    status, said = answer.status_code, answer.errors
    # As a whole: half a secret of the request that it repeats would not be known for one.
    shown = said or ("no reason" if answer.speaks_the_api else "no answer of this API")
    unknown: bool | None = None if answer.is_write else False
    landed: bool | None = False
    kind, next_step, is_passing = "store_unavailable", None, False
    message = f"The secret store refused {what}: HTTP {status}, {shown}."
    if 300 <= status < 400:
        message = (
            f"{what}: the secret store answers with a redirect to"
            f" {_origin(answer.headers.get('Location'))}, to which no token is carried."
        )
        next_step = (
            "Name the active node, or a load balancer that leads there, in secret_store.url."
        )
    elif answer.ok:
        landed = unknown
        message = f"{what}: HTTP {status} with an answer that is none of this API."
        next_step = "Check that secret_store.url names the server and not a web page or a proxy."
    elif status == 400 and _CAS_MISMATCH in said:
        kind, message = "busy", f"{what}: somebody else has written it since."
    elif status == 400 and _UPGRADING in said:
        is_passing = True
    elif status in (401, 403):
        kind, next_step = "store_refused", hints["right"]
    elif status == 404:
        kind = "store_refused" if answer.speaks_the_api else "store_unavailable"
        next_step = hints["path"]
    elif status == 429:
        is_passing = True
        message = f"{what}: the secret store asks for fewer requests (HTTP 429)."
        next_step = "Lower parallelism, or raise the server's quota."
    elif status in (472, 473):
        next_step = "Name the active node in secret_store.url."
    elif status == 503 and "sealed" in said.lower():
        message = f"{what}: the secret store is sealed."
        next_step = "Unseal it (vault operator unseal), then run again."
    elif status == 503 and said:
        is_passing = True
    elif status >= 500 or status == 412:
        landed, is_passing = unknown, True
    else:
        kind, next_step = "store_refused", hints.get("other")
    return fail(
        kind,
        message,
        http_status=status,
        landed=landed,
        next_step=next_step,
        details={"passing": True} if is_passing else {},
    )


def _origin(location: str | None) -> str:
    text = str(location or "an unnamed place")
    scheme, there, rest = text.partition("://")
    return scheme + there + rest.partition("/")[0].rpartition("@")[2] if there else "another path"
