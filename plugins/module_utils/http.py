# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pooled session per endpoint: retries, pacing, redaction, and no write in check mode.

HTTP statuses are data: request() returns whatever the server answered. Only what kept an answer
from arriving whole is an exception.
"""

# pylint: disable=unused-import  # it takes every file of this name for the standard library's

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Union
from urllib.parse import urljoin, urlsplit

from .auth import Auth
from .clock import Clock
from .errors import CredentialsError
from .pacing import Pace, parse_http_date, retry_wait
from .redaction import SECRET_WORDS, Redactor
from .settings import Settings
from .transport import Transport
from .transport_bounds import is_markup, is_too_deep
from .transport_errors import TransportError
from .urls import query_of, same_origin

#: What a request does to the world. LOGIN makes a session and nothing else; a TOUCH reads, but the
#: server does something on the way (sends a mail, makes a key).
READ, WRITE, LOGIN, TOUCH = "read", "write", "login", "touch"

USER_AGENT = "objectstore.credentials (Ansible collection)"
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3
#: Seconds that clocks differ by at the most: a century, since one that nobody set says 1970.
_FARTHEST_CLOCK = 36500 * 86400.0

Query = Union[Mapping[str, Any], Sequence[tuple[str, Any]], None]


def default_effect(method: str) -> str:
    """Return what a request of this method does unless its sender says otherwise."""
    return READ if method in ("GET", "HEAD") else WRITE


def _short(text: str, length: int = 1000) -> str:
    """Return a text cut to what a person reads: a server may answer a page of them."""
    return text if len(text) <= length else f"{text[:length]}..."


class Answer:
    """A whole answer of the server: status, headers, body."""

    def __init__(
        self,
        method: str,
        url: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        redactor: Redactor,
        effect: str | None = None,
    ) -> None:
        self.method = method
        self.url = url
        self.status = status
        #: Looked up without regard to case.
        self.headers = headers
        self.body = body
        self.redactor = redactor
        self.effect = effect or default_effect(method)
        #: Fills platform and account into an error about this answer; set by Platform.call().
        self.place: Callable[[CredentialsError], CredentialsError] = lambda exc: exc

    @property
    def is_of_change(self) -> bool:
        """Whether the request was to change something, so that it may have."""
        return self.effect in (WRITE, TOUCH)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the decoded body; its secrets are learned by the redactor.

        Raises malformed_answer, with the first characters redacted, when it is no JSON.
        """
        if not self.body.strip():
            raise self.malformed("an empty body instead of JSON")
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise self.malformed(self._what_instead()) from None
        if is_too_deep(value):
            raise self.malformed("JSON that is nested without an end")
        self._learn(value)
        return value

    def json_object(self) -> dict[str, Any]:
        """Return the decoded body, which must be a JSON object."""
        value = self.json()
        if not isinstance(value, dict):
            raise self.malformed(f"a JSON {type(value).__name__} instead of an object")
        return value

    def json_or_none(self) -> Any:
        """Return the decoded body, or None when it is no JSON (of an error, say)."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        if is_too_deep(value):
            return None
        self._learn(value)
        return value

    def _learn(self, value: Any) -> None:
        # Most answers hold no secret: a look at the bytes is cheaper than a walk over the value.
        if b"\\u00" in self.body or self._may_hold_a_secret():
            self.redactor.learn_from(value)

    def _may_hold_a_secret(self) -> bool:
        # Without zero bytes, so that UTF-16 is searched as well.
        lowered = self.body.replace(b"\0", b"").lower()
        return any(word in lowered for word in SECRET_WORDS)

    @property
    def text(self) -> str:
        """The body as text, redacted."""
        return self.redactor.redact(self.body.decode("utf-8", "replace"))

    def excerpt(self, length: int = 120) -> str:
        """Return the start of the body on one line, redacted and free of control characters.

        A body that is not whole JSON taught the redactor nothing: one that may hold a secret is not
        shown at all.
        """
        if self.json_or_none() is None and self._may_hold_a_secret():
            return f"({len(self.body)} bytes, not shown: they may hold a secret)"
        # Cut after redaction, lest half a secret stays; but not all of a long answer is scanned.
        start = self.body[: length * 8 + 16384].decode("utf-8", "replace")
        flat = " ".join(self.redactor.redact(start)[: length * 8].split())
        printable = "".join(c if c.isprintable() else "?" for c in flat)
        return printable[:length] + ("..." if len(printable) > length else "")

    def malformed(self, what: str) -> CredentialsError:
        """Return the error for an answer of the wrong shape; a write may have happened anyway."""
        refused = 400 <= self.status < 500
        return self.place(
            CredentialsError(
                "malformed_answer",
                self.redactor.redact(f"{self.method} {self.url} answered HTTP {self.status}")
                + f" with {what}: {self.excerpt()!r}.",
                http_status=self.status,
                landed=None if self.is_of_change and not refused else False,
            )
        )

    def _what_instead(self) -> str:
        kind = self.headers.get("Content-Type", "")
        if "html" in kind.lower() or is_markup(self.body):
            return "HTML or XML instead of JSON"
        return "broken or cut-off JSON"


class Client:
    """The only way to a platform's API: every request of every thread goes through request().

    check_mode: refuse every write, here and nowhere else. allow_side_effects: send reads that the
    platform answers by doing something.
    """

    def __init__(
        self,
        settings: Settings,
        redactor: Redactor,
        clock: Clock,
        *,
        check_mode: bool = False,
        allow_side_effects: bool = False,
    ) -> None:
        self.settings = settings
        self.redactor = redactor
        self.clock = clock
        self.check_mode = check_mode
        self.allow_side_effects = allow_side_effects
        self.auth = Auth()
        #: Called right before a write is sent; raises where its sender may not write any more.
        self.may_write: Callable[[], None] = lambda: None
        self.passing_statuses: tuple[int, ...] = (429, 502, 503, 504)  # a read is sent again
        #: Says of an answer that asks to come later whether it promises that nothing was done.
        self.promises_nothing_done: Callable[[Answer], bool] = lambda answer: answer.status == 429
        for secret in (settings.api_password, settings.api_token, settings.api_secret_key):
            redactor.learn(secret)
        if settings.api_username and settings.api_password:
            # What Basic sends is a form of the password as well.
            redactor.learn(f"{settings.api_username}:{settings.api_password}")
        redactor.learn_url(settings.proxy)
        if settings.proxy == "environment":
            for name, value in os.environ.items():
                if name.lower().endswith("_proxy"):
                    redactor.learn_url(value)
        self._transport = Transport(settings)
        self._pace = Pace(settings.requests_per_second, clock)
        self._lock = threading.Lock()
        self._platform_offset: float | None = None
        #: Requests sent so far, and writes among them.
        self.requests_sent = 0
        self.writes_sent = 0

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def clock_offset(self) -> float | None:
        """Seconds by which the platform's Date header is ahead of this machine; None before any."""
        return self._platform_offset

    def platform_now(self) -> dt.datetime:
        """Return the time by the platform's clock, as far as it has told."""
        return self.clock.now() + dt.timedelta(seconds=self._platform_offset or 0.0)

    def request(
        self,
        method: str,
        where: str,
        *,
        query: Query = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        effect: str | None = None,
        repeatable: bool = False,
        auth: bool = True,
    ) -> Answer:
        """Send a request below api_url (or to a full URL) and return the answer of any status.

        body: sent as JSON, bytes as they are. effect: READ, WRITE, LOGIN or TOUCH; by default GET
        and HEAD read and all else writes. repeatable: this write may be sent again after an answer
        that promises that nothing was done. Reads are repeated after lost connections, 429, 502,
        503 and 504, within bounds. Raises unreachable, timeout, tls, outcome_unknown,
        malformed_answer, check_mode_write, side_effect_refused.
        """
        effect = effect or default_effect(method)
        self._guard(method, where, effect)
        url = self._url(where, query)
        if auth and not same_origin(url, self.settings.api_url):
            raise self.error(
                "malformed_answer",
                f"{method} {url.partition('?')[0]} was not sent: the endpoint's own link leads to"
                f" another address than {self.settings.api_url}, and a login goes nowhere else.",
                next_step="If you trust the address that the links name, set api_url to that.",
            )
        is_json = body is not None and not isinstance(body, bytes)
        payload = json.dumps(body, ensure_ascii=True).encode() if is_json else body or b""
        base = {"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
        if is_json:
            base.setdefault("Content-Type", "application/json")
        renewed, attempt = False, 0
        while True:
            attempt += 1
            try:
                answer, sent = self._send(method, url, base, payload, effect, auth)
            except TransportError as exc:
                is_passing = effect == READ and exc.passing
                wait = retry_wait(attempt, None, self.platform_now()) if is_passing else None
                if wait is None:
                    raise self._transport_failure(exc, method, url, effect, attempt) from None
                self.clock.sleep(wait)
                continue
            if auth and answer.ok:
                self.auth.accepted()
            if answer.status == 401 and auth and not renewed and self.auth.renew(sent):
                # A 401 promises that nothing was done, so a write may be sent again as well.
                renewed = True
                attempt -= 1
                continue
            wait = self._wait_before_retry(answer, attempt, effect, repeatable)
            if wait is None:
                return answer
            self.clock.sleep(wait)

    def error(self, kind: str, message: str, **context: Any) -> CredentialsError:
        """Return an error whose texts are redacted."""
        return CredentialsError(
            kind, _short(self.redactor.redact(message)), **self.redactor.redact_all(context)
        )

    def _guard(self, method: str, where: str, effect: str) -> None:
        what = f"{method} {where.partition('?')[0]}"
        if self.redactor.is_full:
            raise self.error(
                "malformed_answer",
                f"{what} was not sent: the answers so far held more secrets than any estate has.",
            )
        if effect == WRITE and self.check_mode:
            raise self.error("check_mode_write", f"check mode: {what} was not sent.")
        if effect == TOUCH and (self.check_mode or not self.allow_side_effects):
            why = (
                "check mode never sends it" if self.check_mode else "allow_side_effects is not set"
            )
            raise self.error(
                "side_effect_refused", f"{what} has a side effect at this platform, and {why}."
            )

    def _url(self, where: str, query: Query) -> str:
        url = where if where.startswith(("http://", "https://")) else self.settings.api_url + where
        pairs: list[tuple[str, str]] = []
        for name, value in list(query.items()) if isinstance(query, Mapping) else list(query or ()):
            if value is not None:
                pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
        if pairs:
            url += ("&" if "?" in url else "?") + query_of(pairs)
        return url

    def _send(
        self, method: str, url: str, base: dict[str, str], payload: bytes, effect: str, auth: bool
    ) -> tuple[Answer, dict[str, str]]:
        """Send, follow redirects of reads; return the answer and the headers that got it."""
        for _hop in range(_MOST_REDIRECTS + 1):
            sent = dict(base)
            if auth:
                # For every hop: a signature is for one URL.
                sent.update(self.auth.headers(method, url, sent, payload))
            self._pace.wait()
            if effect == WRITE:
                self.may_write()
            with self._lock:
                self.requests_sent += 1
                self.writes_sent += effect == WRITE
            started = self.clock.now()
            status, headers, content = self._transport.send(method, url, sent, payload)
            self._note_date(headers.get("Date"), started)
            answer = Answer(method, url, status, headers, content, self.redactor, effect)
            if status not in _REDIRECTS:
                return answer, sent
            url = self._redirected(answer, effect)
        raise self.error("malformed_answer", f"{url} redirects in a circle.")

    def _redirected(self, answer: Answer, effect: str) -> str:
        """Return where a read is sent on to: the same host only, since the login goes along."""
        try:
            target = urljoin(answer.url, answer.headers.get("Location", ""))
            there = urlsplit(target)
        except ValueError:
            target, there = "", urlsplit("")
        if effect != READ or not same_origin(answer.url, target) or target == answer.url:
            raise self.error(
                "malformed_answer",
                f"{answer.method} {answer.url} answered HTTP {answer.status}, a redirect to"
                f" {there.scheme}://{there.hostname}. It was not followed: a login is never carried"
                " elsewhere, and a change is never sent twice.",
                next_step="If you trust the address that it redirects to, set api_url to that.",
                http_status=answer.status,
            )
        return target

    def _note_date(self, date: str | None, started: dt.datetime) -> None:
        moment = parse_http_date(date or "")
        if moment is None:
            return
        middle = started + (self.clock.now() - started) / 2
        # The header has whole seconds: half a second is nearer than the cut-off one.
        offset = (moment - middle).total_seconds() + 0.5
        # Wrong all the same; but no sum with the year 9999 may fail between a key and its storing.
        self._platform_offset = max(-_FARTHEST_CLOCK, min(_FARTHEST_CLOCK, offset))

    def _wait_before_retry(
        self, answer: Answer, attempt: int, effect: str, repeatable: bool
    ) -> float | None:
        promised = self.promises_nothing_done(answer)
        if not promised and answer.status not in self.passing_statuses:
            return None
        may_repeat = {READ: True, LOGIN: answer.status == 429}
        if not may_repeat.get(effect, repeatable and promised):
            return None
        return retry_wait(attempt, answer.headers.get("Retry-After"), self.platform_now())

    def _transport_failure(
        self, exc: TransportError, method: str, url: str, effect: str, attempts: int
    ) -> CredentialsError:
        what = f"{method} {url.partition('?')[0]}"
        if effect in (WRITE, TOUCH) and exc.maybe_sent:
            return self.error(
                "outcome_unknown",
                f"{what} was sent, and no whole answer came back: {exc.reason}."
                " It may have happened.",
                landed=None,
            )
        tries = f" after {attempts} tries" if attempts > 1 else ""
        return self.error(
            exc.kind, f"{what} failed{tries}: {exc.reason}.", next_step=exc.next_step, landed=False
        )
