# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pairs the data plane honours: the platform's truth, as late as a real data plane has it."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .base import Simulator


@dataclass
class _Span:
    """A secret key was valid for an access key from one moment to another; None: has no end."""

    secret_key: str
    since: Optional[dt.datetime]
    until: Optional[dt.datetime] = None


class _WatchedModes(dict[str, Any]):
    """Modes; a delay that is switched on must not hit pairs that were there before."""

    def __init__(self, modes: Mapping[str, Any], pairs: Pairs) -> None:
        super().__init__(modes)
        self._pairs = pairs

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._pairs.observe()

    def update(self, *args: Any, **kwargs: Any) -> None:
        super().update(*args, **kwargs)
        self._pairs.observe()

    def __deepcopy__(self, memo: dict[int, Any]) -> _WatchedModes:
        copied = _WatchedModes.__new__(_WatchedModes)
        memo[id(self)] = copied
        dict.update(copied, copy.deepcopy(dict(self), memo))
        copied._pairs = copy.deepcopy(self._pairs, memo)
        return copied


class Pairs:
    """Follows the pairs of a platform, and tells what each node of the data plane has heard.

    The modes propagation, linger (seconds) and nodes are those of S3Simulator.MODES. Without the
    first two the platform is asked each time and nothing is remembered.
    """

    def __init__(self, source: Simulator) -> None:
        self._source = source
        self._modes: dict[str, Any] = {"propagation": 0, "linger": 0, "nodes": 1}
        self._spans: Optional[dict[str, list[_Span]]] = None
        source.observers.append(self.observe)

    def watched(self, modes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the modes to go by, in a form that takes what is true when a delay is set."""
        self._modes = _WatchedModes(modes, self)
        self.observe()
        return self._modes

    def observe(self) -> None:
        """Note what has changed at the platform since the last look; called after every change."""
        with self._source.lock:
            if not (self._modes["propagation"] or self._modes["linger"]):
                self._spans = None
                return
            now = self._source.clock.now()
            # What is there at the first look has always been there.
            since = None if self._spans is None else now
            self._spans = self._spans or {}
            for access_key in {*self._source.access_keys(), *self._spans}:
                self._follow(self._spans.setdefault(access_key, []), access_key, since, now)

    def honoured(self, access_key: str, node: int) -> list[str]:
        """Return the secret keys that a node takes for this access key right now."""
        with self._source.lock:
            self.observe()
            if self._spans is None:
                current = self._source.secret_of(access_key)
                return [] if current is None else [current]
            now = self._source.clock.now()
            # The first node hears early, the last one after the whole delay.
            share = (node + 1) / max(1, int(self._modes["nodes"]))
            late = dt.timedelta(seconds=float(self._modes["propagation"]) * share)
            linger = dt.timedelta(seconds=float(self._modes["linger"]) * share)
            return [
                span.secret_key
                for span in self._spans.get(access_key, ())
                if (span.since is None or now >= span.since + late)
                and (span.until is None or now < span.until + linger)
            ]

    def _follow(
        self,
        spans: list[_Span],
        access_key: str,
        since: Optional[dt.datetime],
        now: dt.datetime,
    ) -> None:
        current = self._source.secret_of(access_key)
        valid = spans[-1].secret_key if spans and spans[-1].until is None else None
        if valid == current:
            return
        if valid is not None:
            spans[-1].until = now
        if current is not None:
            spans.append(_Span(current, since))
