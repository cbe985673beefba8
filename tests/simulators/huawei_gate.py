# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door of the simulated IAM: signatures and tokens, lock-outs and the throttle.

An own implementation of SDK-HMAC-SHA256, from the vendor's description; it shares nothing with the
code under test.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Optional

from .base import Request, SimulatorClock
from .huawei_refusals import Refusal, gateway, iam
from .huawei_world import KEY_LOCK, MOST_FAILURES, Key, Token, User, World

_AUTHORIZATION = re.compile(
    r"SDK-HMAC-SHA256 Access=(\S+), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_WRONG = "Incorrect IAM authentication information: "


class Gate:
    """Lets requests in, or raises Refusal."""

    def __init__(self, world: World, clock: SimulatorClock, modes: Mapping[str, Any]) -> None:
        self._world = world
        self._clock = clock
        self._modes = modes
        self._minute: Optional[int] = None
        self._in_minute = 0

    def throttle(self) -> None:
        """Count a request, and refuse it above the mode's number per minute."""
        limit = self._modes["throttle_per_minute"]
        minute = int(self._clock.now().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._in_minute = minute, 0
        self._in_minute += 1
        if not limit or self._in_minute <= limit:
            return
        if self._modes["throttle_as"] == "iam":
            raise iam(429, "IAM.0012", f"The throttling threshold is {limit} times per 60 seconds")
        raise gateway(
            "The throttling threshold has been reached: policy user over ratelimit,"
            f"limit:{limit},time:1 minute",
            "APIGW.0308",
            429,
        )

    def caller(self, request: Request) -> User:
        """Return the user that a request comes from."""
        authorization = request.headers.get("Authorization")
        if authorization:
            user = self._signed(request, authorization)
        else:
            token = self.token(request.headers.get("X-Auth-Token"))
            if token.scope != "domain":
                raise iam(403, "IAM.0003", "A domain-scoped token is needed for global services")
            user = token.user
        if not user.enabled:
            raise iam(403, "IAM.0080", "The user is disabled")
        return user

    def token(self, value: Optional[str]) -> Token:
        """Return a token that is good right now."""
        if not value:
            raise gateway(_WRONG + "x-auth-token not found")
        token = self._world.tokens.get(value)
        if token is None:
            raise gateway(_WRONG + "decrypt token fail")
        now = self._clock.now()
        if now >= token.expires:
            raise iam(401, "IAM.0066", "The token must be updated")
        if token.dropped_at is not None and now >= token.dropped_at:
            raise iam(401, "IAM.0067", "The token is invalid")
        return token

    def is_locked(self, key: Key) -> bool:
        """Tell whether wrong signatures have locked a key."""
        return key.locked_until is not None and self._clock.now() < key.locked_until

    def _signed(self, request: Request, authorization: str) -> User:
        parts = _AUTHORIZATION.fullmatch(authorization)
        if parts is None:
            raise gateway(_WRONG + "Authorization format is incorrect")
        access, signed_names, signature = parts.groups()
        key = self._world.keys.get(access)
        if key is None or key.shown_for is not None:
            raise gateway(f"{_WRONG}Get secretKey failed,ak:{access},err:ak not exist")
        if self.is_locked(key):
            raise gateway(_WRONG + "AK access failed to reach the limit,forbidden")
        self._check_date(request)
        names = signed_names.split(";")
        self._check_names(request, names)
        expected = _signature(request, names, key.secret)
        if not hmac.compare_digest(expected, signature):
            raise self._failure(key)
        key.failures = 0
        key.locked_until = None
        if key.status != "active":
            raise iam(400, "IAM.1107", "The access key is inactive")
        domain = request.headers.get("X-Domain-Id")
        if domain and domain != self._world.domain_id:
            raise iam(403, "IAM.0003", "The domain is not the one of the access key")
        key.last_used = self._clock.now()
        return key.user

    def _failure(self, key: Key) -> Refusal:
        key.failures += 1
        if self._modes["locks_access_keys"] and key.failures >= MOST_FAILURES:
            key.locked_until = self._clock.now() + KEY_LOCK
            key.failures = 0
        return gateway(_WRONG + "verify aksk signature fail")

    def _check_date(self, request: Request) -> None:
        text = request.headers.get("X-Sdk-Date") or ""
        if not re.fullmatch(r"\d{8}T\d{6}Z", text):
            raise gateway(_WRONG + "X-Sdk-Date format is incorrect")
        sent = dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.timezone.utc)
        allowed = dt.timedelta(minutes=self._modes["skew_minutes"])
        if abs(self._clock.now() - sent) > allowed:
            raise gateway(_WRONG + "calc ak sk signature fail:signature expired")

    def _check_names(self, request: Request, names: list[str]) -> None:
        """Want what matters signed: host, date, and every X- header that came."""
        sent = {name.lower() for name in request.headers}
        wanted = {"host", "x-sdk-date"} | {name for name in sent if name.startswith("x-")}
        if names != sorted(set(names)) or not wanted <= set(names) <= sent:
            raise gateway(_WRONG + "SignedHeaders is incorrect")


def _signature(request: Request, names: list[str], secret: str) -> str:
    path, _unused, query = request.target.partition("?")
    canonical_path = "/".join(_encoded(_decoded(part)) for part in path.split("/"))
    if canonical_path[-1:] != "/":
        canonical_path += "/"
    fields = []
    for item in query.split("&") if query else []:
        name, _unused, value = item.partition("=")
        fields.append((_decoded(name), _decoded(value)))
    lines = [request.method, canonical_path]
    lines.append("&".join(_encoded(n) + "=" + _encoded(v) for n, v in sorted(fields)))
    lines += [f"{name}:{str(request.headers.get(name)).strip()}" for name in names]
    lines += ["", ";".join(names)]
    unsigned = request.headers.get("X-Sdk-Content-Sha256")
    lines.append(unsigned or hashlib.sha256(request.body).hexdigest())
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["SDK-HMAC-SHA256", str(request.headers.get("X-Sdk-Date")), digest])
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def _decoded(text: str) -> bytes:
    raw = text.encode()
    found = bytearray()
    at = 0
    while at < len(raw):
        if raw[at : at + 1] == b"%" and re.fullmatch(rb"[0-9A-Fa-f]{2}", raw[at + 1 : at + 3]):
            found.append(int(raw[at + 1 : at + 3], 16))
            at += 3
        else:
            found.append(raw[at])
            at += 1
    return bytes(found)


def _encoded(raw: bytes) -> str:
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in raw)
