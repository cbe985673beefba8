# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suboptions of verify as values: read, filled and checked once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .errors import CredentialsError
from .options import parse_duration
from .settings import Settings
from .verify_signing import PATH, VIRTUAL, check_bucket, checked_s3_url

AUTO = "auto"
STYLES = (AUTO, PATH, VIRTUAL)
DEFAULT_REGION = "us-east-1"
_MOST_SUCCESSES = 20
#: Seconds. One request of many must not use up the whole time.
_LONGEST_CONNECT = 10.0
_LONGEST_READ = 15.0


@dataclass(frozen=True)
class VerifyOptions:
    """How pairs are verified. Durations are seconds."""

    enabled: bool = True
    s3_url: Optional[str] = None
    bucket: Optional[str] = None
    region: str = DEFAULT_REGION
    addressing_style: str = AUTO
    ca_path: Optional[str] = None
    validate_certs: bool = True
    proxy: Optional[str] = field(default=None, repr=False)
    timeout: float = 60.0
    interval: float = 1.0
    successes: int = 2

    @classmethod
    def parse(cls, options: Mapping[str, Any] | None) -> VerifyOptions:
        """Read the dictionary as Ansible hands it over. Raises invalid_option."""
        given = {name: value for name, value in (options or {}).items() if value is not None}
        if given.get("enabled") is False:
            # Nothing else of it counts: a half-filled dictionary may be switched off.
            return cls(enabled=False)
        url, bucket = given.get("s3_url") or None, given.get("bucket") or None
        if bucket is not None:
            check_bucket(bucket)
        region = given.get("region") or DEFAULT_REGION
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", region):
            raise _wrong(f"verify.region: {region!r} is not the name of a region.")
        style = given.get("addressing_style", AUTO)
        if style not in STYLES:
            raise _wrong(f"verify.addressing_style must be one of {', '.join(STYLES)}.")
        successes = given.get("successes", 2)
        if not 1 <= successes <= _MOST_SUCCESSES:
            raise _wrong(f"verify.successes must be between 1 and {_MOST_SUCCESSES}.")
        ca_path = given.get("ca_path") or None
        if ca_path and not os.path.exists(ca_path):
            raise _wrong(f"verify.ca_path: {ca_path} does not exist where the module runs.")
        return cls(
            s3_url=checked_s3_url(url) if url else None,
            bucket=bucket,
            region=region,
            addressing_style=style,
            ca_path=ca_path,
            validate_certs=given.get("validate_certs", True),
            proxy=given.get("proxy") or None,
            timeout=_seconds(given.get("timeout", "60s"), "verify.timeout"),
            interval=_seconds(given.get("interval", "1s"), "verify.interval"),
            successes=successes,
        )

    def settings(self, endpoint: Settings, s3_url: str) -> Settings:
        """Return what a transport to the S3 service needs: it is another endpoint than the API."""
        return Settings(
            platform=endpoint.platform,
            endpoint=endpoint.endpoint,
            api_url=s3_url,
            validate_certs=self.validate_certs,
            ca_path=self.ca_path,
            connect_timeout=min(self.timeout, _LONGEST_CONNECT),
            read_timeout=min(self.timeout, _LONGEST_READ),
            proxy=self.proxy,
            parallelism=endpoint.parallelism,
        )


def _seconds(value: Any, option: str) -> float:
    seconds = parse_duration(value, option).total_seconds()
    if seconds <= 0:
        raise _wrong(f"{option} must be longer than 0s.")
    return seconds


def _wrong(message: str) -> CredentialsError:
    return CredentialsError("invalid_option", message)
