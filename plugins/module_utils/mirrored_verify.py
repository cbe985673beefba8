# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a pair works at the S3 services of several endpoints: at all of them, or it does not."""

from __future__ import annotations

from collections.abc import Mapping

from .model import Pair
from .verify import Verdict, Verifier


class MirroredVerifier:
    """Asks each endpoint's own S3 service. An account's own bucket and s3_url are for the first."""

    def __init__(self, own: Verifier, mirrors: Mapping[str, Verifier]) -> None:
        self.options = own.options
        self.enabled = own.enabled
        self._own = own
        self._mirrors = dict(mirrors)

    @property
    def requests_sent(self) -> int:
        """Signed requests sent so far."""
        return sum(each.requests_sent for each in (*self._mirrors.values(), self._own))

    def close(self) -> None:
        """Close what is open."""
        for each in (*self._mirrors.values(), self._own):
            each.close()

    def prove(
        self, bucket: str | None = None, s3_url: str | None = None, like: Pair | None = None
    ) -> None:
        """Have every service refuse a made-up key; see Verifier. Reads only."""
        for mirror in self._mirrors.values():
            mirror.prove(like=like)
        self._own.prove(bucket, s3_url, like)

    def accept(self, pair: Pair, bucket: str | None = None, s3_url: str | None = None) -> Verdict:
        """Wait until every service accepts a pair; return the first that does not. Reads only."""
        for mirror in self._mirrors.values():
            verdict = mirror.accept(pair)
            if not verdict.works:
                return verdict
        return self._own.accept(pair, bucket, s3_url)

    def probe(self, pair: Pair, bucket: str | None = None, s3_url: str | None = None) -> Verdict:
        """Return what is furthest from a refusal: a pair is dead only where no service takes it."""
        verdicts = [mirror.probe(pair) for mirror in self._mirrors.values()]
        verdicts.append(self._own.probe(pair, bucket, s3_url))
        return min(verdicts, key=_how_dead)

    def has_forgotten(
        self, access_key: str, bucket: str | None = None, s3_url: str | None = None
    ) -> bool:
        """Tell whether every service says outright that a key does not exist. Reads only."""
        everywhere = all(mirror.has_forgotten(access_key) for mirror in self._mirrors.values())
        return everywhere and self._own.has_forgotten(access_key, bucket, s3_url)


def _how_dead(verdict: Verdict) -> int:
    if verdict.works:
        return 0
    if verdict.is_refusal:
        return 3
    return 2 if verdict.as_for_unknown else 1
