# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forget secrets before they are shown: one redactor per endpoint learns them and cleans every text."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

MASK = "********"

#: A text shorter than this is not learned: masking "abc" everywhere would spoil innocent output.
SHORTEST_SECRET = 5

_SECRET_NAME = re.compile(r"secret|password|passwd|token|private|authorization", re.IGNORECASE)
_NOT_SECRET_NAME = re.compile(r"(type|expir\w*|ttl|lifetime|name|id|uri|url|count)$", re.IGNORECASE)
_URL_USERINFO = re.compile(r"(?<=://)[^/@\s]+:[^/@\s]+(?=@)")


class Redactor:
    """Learns secrets as they pass and masks them, also as base64, URL-encoded and JSON-escaped."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, *secrets: Any) -> None:
        """Remember texts as secret. Empty and very short ones are left out."""
        for secret in secrets:
            if isinstance(secret, str) and len(secret) >= SHORTEST_SECRET:
                with self._lock:
                    self._secrets.add(secret)

    def learn_url(self, url: Any) -> None:
        """Remember the password inside a URL such as a proxy's."""
        if isinstance(url, str):
            self.learn(urlsplit(url).password)

    def learn_from(self, value: Any) -> None:
        """Walk a decoded answer and remember every text whose name says that it is secret."""
        if isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, str):
                    text = str(name)
                    if _SECRET_NAME.search(text) and not _NOT_SECRET_NAME.search(text):
                        self.learn(inner)
                else:
                    self.learn_from(inner)
        elif isinstance(value, list):
            for inner in value:
                self.learn_from(inner)

    def redact(self, text: Any) -> str:
        """Return the text with every known secret masked."""
        cleaned = _URL_USERINFO.sub(MASK, str(text))
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            for form in _forms(secret):
                if form in cleaned:
                    cleaned = cleaned.replace(form, MASK)
        return cleaned

    def redact_all(self, value: Any) -> Any:
        """Return a copy of a structure with every text in it redacted, names included."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {
                self.redact(k) if isinstance(k, str) else k: self.redact_all(v)
                for k, v in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.redact_all(v) for v in value]
        return value


def _forms(secret: str) -> Iterator[str]:
    """Give the secret as it may turn up in a message."""
    seen: set[str] = set()
    for form in _all_forms(secret):
        if len(form) >= SHORTEST_SECRET and form not in seen:
            seen.add(form)
            yield form


def _all_forms(secret: str) -> Iterable[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="", errors="replace")
    yield quote(secret, errors="replace")
    yield quote_plus(secret, errors="replace")
    # repr() as a traceback or a %r would print it.
    yield repr(secret)[1:-1]
    yield base64.b64encode(raw).decode()
    yield base64.urlsafe_b64encode(raw).decode()
