# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a pair works: signed S3 requests on fresh connections, by a probe that is tested itself.

Everything here only reads. The requests' form is in verify_signing, the answers' in verify_reading.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from .clock import Clock
from .errors import CredentialsError
from .model import Pair
from .pacing import retry_wait
from .redaction import Redactor
from .settings import Settings
from .signing import Signer
from .transport import Transport
from .transport_errors import TransportError
from .verify_made_up import made_up_pair, made_up_secret
from .verify_options import AUTO, DEFAULT_REGION, STYLES, VerifyOptions
from .verify_reading import (
    ACCEPTED,
    CANNOT_LIST,
    FORBIDDEN,
    SKEWED,
    UNKNOWN_KEY,
    UNREACHABLE,
    WRONG_SIGNATURE,
    WRONG_SIGNATURE_CODES,
    Reading,
    no_answer,
    own_words,
    read,
)
from .verify_signing import (
    PATH,
    VIRTUAL,
    can_be_host,
    checked_s3_url,
    headers_of,
    request_for,
    signer,
)
from .verify_verdict import Verdict, judge

#: What the engine needs is here; the other files are this one's parts.
__all__ = [
    "ACCEPTED",
    "FORBIDDEN",
    "SKEWED",
    "UNKNOWN_KEY",
    "UNREACHABLE",
    "VERIFY_SPEC",
    "WRONG_SIGNATURE",
    "Verdict",
    "Verifier",
]

#: The suboptions of verify; their meaning stands in doc_fragments/verify.py.
VERIFY_SPEC: dict[str, dict[str, Any]] = {
    "enabled": {"type": "bool", "default": True},
    "s3_url": {"type": "str"},
    "bucket": {"type": "str"},
    "region": {"type": "str", "default": DEFAULT_REGION},
    "addressing_style": {"type": "str", "choices": list(STYLES), "default": AUTO},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "proxy": {"type": "str"},
    "timeout": {"type": "str", "default": "60s"},
    "interval": {"type": "str", "default": "1s"},
    "successes": {"type": "int", "default": 2},
}

#: Tries of the made-up key while the service does not answer.
_PROOF_TRIES = 3
#: Requests for one probe: the first, one for another region, one for another addressing.
_MOST_FORMS = 3
#: Where a wrong signature may also mean an unknown key, so many tries within the time-out: five
#: wrong ones lock a key at some services.
_TRIES_OF_DOUBTFUL_SIGNATURES = 3
#: So many old pairs are asked about with their secret keys before the service is tried without.
FEW_PAIRS = 10


class Verifier:
    """Asks an S3 service whether it takes a pair. One per endpoint, shared by all threads."""

    def __init__(
        self,
        options: Mapping[str, Any] | None,
        settings: Settings,
        redactor: Redactor,
        clock: Clock,
    ) -> None:
        self.options = VerifyOptions.parse(options)
        self.enabled = self.options.enabled
        self._settings = settings
        self._redactor = redactor
        self._clock = clock
        redactor.learn_url(self.options.proxy)
        self._lock = threading.Lock()
        self._signer: Signer | None = None
        self._transports: dict[str, Transport] = {}
        self._services: dict[tuple[str, bool], _Service] = {}
        #: Signed requests sent so far.
        self.requests_sent = 0

    def close(self) -> None:
        """Close what is open."""
        for transport in self._transports.values():
            transport.close()

    def prove(
        self, bucket: str | None = None, s3_url: str | None = None, like: Pair | None = None
    ) -> None:
        """Send a made-up key, which must be refused; once for each service and operation.

        like: a pair whose look the made-up one takes on. Raises verification_failed when the
        service accepts it (a probe that cannot fail proves nothing), verification_unreachable,
        clock_skew, invalid_option. accept() and probe() do this themselves where it was not done.
        """
        self._proven(bucket, s3_url, like)

    def accept(self, pair: Pair, bucket: str | None = None, s3_url: str | None = None) -> Verdict:
        """Wait until a pair is accepted several times in a row. Reads only.

        Ends with the first wrong signature (asking again could lock the key), with what waiting
        cannot mend, or after the time-out. An unknown key may only not be known everywhere yet.
        """
        self._redactor.learn(pair.secret_key)
        service = self._proven(bucket, s3_url, pair)
        options = self.options
        deadline = self._clock.monotonic() + options.timeout
        in_a_row = accepted = wrong = tries = 0
        while True:
            verdict = self._ask(service, pair, bucket)
            tries += 1
            if verdict.works:
                in_a_row += 1
                accepted += 1
                if in_a_row >= options.successes:
                    service.living = pair.access_key
                    return verdict
            else:
                in_a_row = 0
                if verdict.outcome == WRONG_SIGNATURE:
                    wrong += 1
                    # After an accepted one, another node may still have an older secret.
                    if not accepted or wrong > 1:
                        return verdict
                elif not verdict.passing:
                    return verdict
                wait = self._wait_after(verdict)
                left = deadline - self._clock.monotonic()
                if wait is None or wait >= left:
                    return self._at_the_end(verdict, service, accepted, tries)
                self._clock.sleep(wait)
            if self._clock.monotonic() >= deadline:
                return self._at_the_end(verdict, service, accepted, tries)

    def probe(self, pair: Pair, bucket: str | None = None, s3_url: str | None = None) -> Verdict:
        """Send one signed request and tell what it told, such as that an old pair is refused."""
        self._redactor.learn(pair.secret_key)
        service = self._proven(bucket, s3_url, pair)
        verdict = self._ask(service, pair, bucket)
        service.refused += verdict.is_refusal
        return verdict

    def has_forgotten(
        self, access_key: str, bucket: str | None = None, s3_url: str | None = None
    ) -> bool:
        """Tell whether the service says outright that an access key does not exist. Reads only.

        Signed with a made-up secret key, so that the real one stays closed: opening it can cost
        more than all requests of a rotation. That proves something only where a living key with a
        made-up secret key is answered otherwise, which is tried first, once, and only when a list
        is long. False: it cannot be told in this way, ask with the pair.
        """
        service = self._proven(bucket, s3_url, None)
        bucket = bucket or self.options.bucket
        with service.lock:
            if service.tells_apart is None:
                if service.living is None or service.refused < FEW_PAIRS:
                    return False
                reading = self._send(service, Pair(service.living, made_up_secret()), bucket)
                service.tells_apart = (
                    reading.outcome == WRONG_SIGNATURE and reading.code != service.unknown_code
                )
        if not service.tells_apart:
            return False
        reading = self._send(service, Pair(access_key, made_up_secret()), bucket)
        return reading.outcome == UNKNOWN_KEY and reading.code == service.unknown_code

    # --- the probe itself ----------------------------------------------------------------------

    def _proven(self, bucket: str | None, s3_url: str | None, like: Pair | None) -> _Service:
        bucket = bucket or self.options.bucket
        service = self._service(s3_url, bucket is not None)
        with service.lock:
            if service.defect is not None:
                raise service.defect.again()
            if not service.is_proven:
                self._prove(service, bucket, like)
        return service

    def _prove(self, service: _Service, bucket: str | None, like: Pair | None) -> None:
        made_up = made_up_pair(like)
        reading = self._send(service, made_up, bucket)
        for _unused in range(_PROOF_TRIES - 1):
            if not reading.passing:
                break
            self._clock.sleep(self.options.interval)
            reading = self._send(service, made_up, bucket)
        if reading.outcome == ACCEPTED:
            service.defect = CredentialsError(
                "verification_failed",
                f"{service.name} accepts an access key that does not exist, so a verification there"
                " can never fail and proves nothing.",
                next_step="Name the S3 service itself in verify.s3_url, with signatures checked and"
                " no public access to verify.bucket, or set verify.enabled: false.",
                step="verify",
            )
            raise service.defect
        if reading.outcome in (None, SKEWED):
            raise self._no_proof(service, reading, bucket)
        # Some say AccessDenied of every unknown key, some call its signature wrong.
        service.unknown_code = reading.code
        service.is_proven = True

    def _no_proof(
        self, service: _Service, reading: Reading, bucket: str | None
    ) -> CredentialsError:
        """Return the error for an answer to a made-up key that is no refusal of it."""
        kind = "verification_unreachable"
        message = (
            f"{service.name} was asked with a made-up access key and did not refuse it as S3 does:"
            f" {reading.what}."
        )
        if reading.outcome == SKEWED:
            kind, message = "clock_skew", judge(service.name, reading, None).message
        elif reading.is_option or (reading.code in CANNOT_LIST and bucket is None):
            kind, message = "invalid_option", f"{service.name}: {reading.what}."
        return CredentialsError(
            kind,
            self._redactor.redact(message),
            next_step=reading.next_step,
            step="verify",
            http_status=reading.http_status,
            code=reading.code,
        )

    # --- one request ---------------------------------------------------------------------------

    def _ask(self, service: _Service, pair: Pair, bucket: str | None) -> Verdict:
        return self._verdict(service, self._send(service, pair, bucket or self.options.bucket))

    def _send(self, service: _Service, pair: Pair, bucket: str | None) -> Reading:
        """Send a signed request, once more where the service names a region or an addressing."""
        transport, signing = self._tools(service)
        for _unused in range(_MOST_FORMS):
            region = service.region
            if bucket is not None and service.style == VIRTUAL:
                self._check_virtual(service, bucket)
            request = request_for(service.url, bucket, service.style)
            now = self._clock.now()
            headers = headers_of(signing, request, pair, region, now)
            self.requests_sent += 1
            try:
                status, answered, body = transport.send("GET", request.url, headers, b"")
            except TransportError as exc:
                return no_answer(exc)
            except CredentialsError as exc:
                exc.message = own_words(exc.message)
                raise
            reading = read(status, answered, body, listing=bucket is not None)
            if reading.outcome == SKEWED and reading.server_time:
                ahead = (reading.server_time - now).total_seconds()
                return dataclasses.replace(reading, ahead=ahead)
            if reading.region and reading.region != region:
                service.region = reading.region
            elif (
                reading.wants_virtual
                and bucket is not None
                and self.options.addressing_style == AUTO
                and can_be_host(service.url, bucket)
            ):
                service.style = VIRTUAL
            else:
                break
        return reading

    def _tools(self, service: _Service) -> tuple[Transport, Signer]:
        # The environment may name a proxy for some hosts and none for others.
        key = service.url if self.options.proxy == "environment" else ""
        with self._lock:
            if self._signer is None:
                self._signer = signer()
            if key not in self._transports:
                settings = self.options.settings(self._settings, service.url)
                self._transports[key] = Transport(settings, keep_connections=False)
            return self._transports[key], self._signer

    def _service(self, s3_url: str | None, listing: bool) -> _Service:
        own = bool(s3_url)
        url = checked_s3_url(s3_url, "s3_url") if s3_url else self.options.s3_url
        if url is None:
            raise CredentialsError(
                "invalid_option",
                "verify.s3_url is missing: nobody can tell whether a new key works.",
                next_step="Set verify.s3_url to the S3 service that takes the keys, or set"
                " verify.enabled: false to leave keys unverified.",
            )
        with self._lock:
            service = self._services.get((url, listing))
            if service is None:
                name = f"{'s3_url' if own else 'verify.s3_url'} ({url})"
                style = self.options.addressing_style
                service = _Service(url, name, self.options.region, PATH if style == AUTO else style)
                self._services[url, listing] = service
            return service

    def _check_virtual(self, service: _Service, bucket: str) -> None:
        if not can_be_host(service.url, bucket):
            raise CredentialsError(
                "invalid_option",
                f"verify.addressing_style: virtual puts the bucket in front of the host name, and"
                f" {bucket!r} cannot stand before that of {service.url}.",
                next_step="Set verify.addressing_style: path, or name the service by a host name.",
            )

    # --- what it told --------------------------------------------------------------------------

    def _verdict(self, service: _Service, reading: Reading) -> Verdict:
        if reading.outcome == ACCEPTED:
            return service.accepted
        verdict = judge(service.name, reading, service.unknown_code)
        return dataclasses.replace(verdict, message=self._redactor.redact(verdict.message))

    def _wait_after(self, verdict: Verdict) -> float | None:
        """Return the seconds to wait before the next request, None to give up."""
        if verdict.outcome == UNKNOWN_KEY and verdict.code in WRONG_SIGNATURE_CODES:
            return self.options.timeout / _TRIES_OF_DOUBTFUL_SIGNATURES
        if verdict.retry_after:
            return retry_wait(1, verdict.retry_after, self._clock.now())
        return self.options.interval

    def _at_the_end(
        self, verdict: Verdict, service: _Service, accepted: int, tries: int
    ) -> Verdict:
        """Return what a time-out leaves: a pair that only some answers took is not decided."""
        tried = f"{tries} requests within {self.options.timeout:g} s"
        if accepted:
            return Verdict(
                UNREACHABLE,
                f"{service.name} accepted the pair in {accepted} of {tried}, and not"
                f" {self.options.successes} times in a row; the last answer that did not:"
                f" {verdict.message}",
                verdict.code,
                verdict.http_status,
            )
        message = f"{verdict.message[:-1]} ({tried})."
        return dataclasses.replace(verdict, message=message)


class _Service:
    """What is known of one S3 service, for one operation."""

    def __init__(self, url: str, name: str, region: str, style: str) -> None:
        self.url = url
        self.name = name
        self.region = region
        self.style = style
        self.lock = threading.Lock()
        self.is_proven = False
        self.defect: CredentialsError | None = None
        #: What it answers to keys that do not exist.
        self.unknown_code: str | None = None
        #: An access key that it has just accepted, and how many old pairs it has refused.
        self.living: str | None = None
        self.refused = 0
        #: Whether it answers a wrong secret key otherwise than an unknown access key.
        self.tells_apart: bool | None = None
        self.accepted = Verdict(ACCEPTED, f"{name} accepted the pair.", None, 200)
