# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door of the simulated IAM and STS: signatures, session tokens, the clock and the throttle.

The signature is computed by s3_signature, which shares nothing with the code under test.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union

from . import s3_signature
from .aws_world import Key, Session, User, World
from .base import Request, SimulatorClock

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,"
    r"\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})"
)
_STAMP = "%Y%m%dT%H%M%SZ"
_INVALID = "The security token included in the request is invalid."


class Refusal(Exception):  # noqa: N818  # an answer, no failure of the simulator
    """An error answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass
class Caller:
    """Who asks."""

    arn: str
    id: str
    user: Optional[User]
    is_admin: bool


class Gate:
    """Lets requests in, or raises Refusal."""

    def __init__(self, world: World, clock: SimulatorClock, modes: Mapping[str, Any]) -> None:
        self._world = world
        self._clock = clock
        self._modes = modes
        self._asked = 0

    def throttle(self) -> None:
        """Refuse every so many requests."""
        self._asked += 1
        every = self._modes["throttles_every"]
        if every and self._asked % every == 0:
            raise Refusal(self._modes["throttle_status"], "Throttling", "Rate exceeded")

    def caller(self, request: Request, service: str) -> Caller:
        """Return who signed a request."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization") or "")
        if found is None:
            raise Refusal(
                403, "MissingAuthenticationToken", "Request is missing Authentication Token"
            )
        access, day, region, named, headers, made = found.groups()
        holder = self._holder(access, request)
        self._check_scope(region, named, service)
        names = headers.split(";")
        stamp = str(request.headers.get("X-Amz-Date") or "")
        sent = {name.lower() for name in request.headers}
        must = {"host", "x-amz-date"} | {name for name in sent if name.startswith("x-amz-")}
        if names != sorted(names) or not must <= set(names) or not stamp.startswith(day):
            raise Refusal(400, "IncompleteSignature", "'Host' or 'X-Amz-Date' must be signed.")
        self._check_clock(stamp)
        digest = hashlib.sha256(request.body).hexdigest()
        scope = (day, region, named, "aws4_request")
        canonical = s3_signature.canonical_request(request, names, digest)
        text = s3_signature.string_to_sign(stamp, scope, canonical)
        if s3_signature.signature(holder.secret, scope, text) != made:
            raise Refusal(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
                " Check your AWS Secret Access Key and signing method. Consult the service"
                " documentation for details.",
            )
        if isinstance(holder, Session):
            user = holder.user
            return Caller(holder.arn, user.id if user else "AROAROLE:session", user, True)
        return Caller(holder.user.arn, holder.user.id, holder.user, holder.user.admin)

    def _holder(self, access: str, request: Request) -> Union[Key, Session]:
        token = request.headers.get("X-Amz-Security-Token")
        session = self._world.sessions.get(access)
        if session is not None:
            if token != session.token:
                raise Refusal(403, "InvalidClientTokenId", _INVALID)
            if self._clock.now() >= session.expires:
                message = "The security token included in the request is expired"
                raise Refusal(403, "ExpiredToken", message)
            return session
        key = self._world.keys.get(access)
        late = dt.timedelta(seconds=self._modes["knows_after"])
        if key is None or token or key.status != "Active":
            raise Refusal(403, "InvalidClientTokenId", _INVALID)
        if not key.user.hidden and self._clock.now() < key.created + late:
            raise Refusal(403, "InvalidClientTokenId", _INVALID)
        return key

    def _check_scope(self, region: str, named: str, service: str) -> None:
        wanted = self._modes["region"]
        if named != service:
            raise Refusal(
                403,
                "SignatureDoesNotMatch",
                f"Credential should be scoped to correct service: '{service}'.",
            )
        if wanted and service == "iam" and region != wanted:
            raise Refusal(
                403,
                "SignatureDoesNotMatch",
                f"Credential should be scoped to a valid region, not '{region}'.",
            )

    def _check_clock(self, stamp: str) -> None:
        try:
            at = dt.datetime.strptime(stamp, _STAMP).replace(tzinfo=dt.timezone.utc)
        except ValueError:
            raise Refusal(400, "IncompleteSignature", "Date must be in ISO-8601.") from None
        minutes = self._modes["skew_minutes"]
        most, now = dt.timedelta(minutes=minutes), self._clock.now()
        shown = now.strftime(_STAMP)
        if at < now - most:
            edge = (now - most).strftime(_STAMP)
            message = (
                f"Signature expired: {stamp} is now earlier than {edge} ({shown} - {minutes} min.)"
            )
            raise Refusal(403, "SignatureDoesNotMatch", message)
        if at > now + most:
            edge = (now + most).strftime(_STAMP)
            message = (
                f"Signature not yet current: {stamp} is still later than {edge}"
                f" ({shown} + {minutes} min.)"
            )
            raise Refusal(403, "SignatureDoesNotMatch", message)
