# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts at once: a pool of threads over a list, results in its order, and a stop rule."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Optional, TypeVar

from .ancestors import STOP
from .errors import CredentialsError
from .progress import Progress
from .results import AccountResult, failed, skipped
from .threads import leave_signals

T = TypeVar("T")

#: Tells why no further item shall start; None: go on.
Stopping = Callable[[], Optional[str]]
#: Progress that nobody is told of.
UNSEEN = Progress()


def each(
    items: Sequence[T],
    work: Callable[[T], AccountResult],
    identify: Callable[[T], AccountResult],
    *,
    parallelism: int,
    strict: bool = False,
    progress: Progress = UNSEEN,
    stopping: Stopping = STOP.reason,
) -> list[AccountResult]:
    """Do the work for each item, parallelism at a time, and return one result for each, in order.

    identify: a blank result that says which account and key an item is. A failure of one item fails
    that item alone. A failure that concerns the endpoint, or with strict any failure, lets no
    further item start; those are returned as skipped. An item that has begun is never abandoned.

    progress: told of every result as it comes; its begin() and end() are the caller's. stopping:
    asked before each item starts; by default SIGTERM, SIGINT and a controller that is gone stop.
    """
    return each_group(
        [[item] for item in items],
        work,
        identify,
        parallelism=parallelism,
        strict=strict,
        progress=progress,
        stopping=stopping,
    )


def each_group(
    groups: Sequence[Sequence[T]],
    work: Callable[[T], AccountResult],
    identify: Callable[[T], AccountResult],
    *,
    parallelism: int,
    strict: bool = False,
    progress: Progress = UNSEEN,
    stopping: Stopping = STOP.reason,
) -> list[AccountResult]:
    """Like each(), for groups whose items are done one after the other (the keys of an account)."""
    stop = threading.Event()

    def one_group(items: Sequence[T]) -> list[AccountResult]:
        results = []
        for item in items:
            result = one(item)
            progress.done(result)
            results.append(result)
        return results

    def one(item: T) -> AccountResult:
        if stop.is_set():
            return skipped(identify(item))
        why = stopping()
        if why:
            return skipped(identify(item), f"not started: {why}")
        try:
            result = work(item)
        except CredentialsError as exc:
            result = failed(exc, identify(item))
        except Exception as exc:  # a defect of ours must not swallow what the others did
            result = failed(CredentialsError.internal(exc), identify(item))
        if result.stops_endpoint or (strict and result.has_failed):
            stop.set()
        return result

    with STOP.asked():
        if parallelism == 1 or len(groups) < 2:
            return [result for group in groups for result in one_group(group)]
        with ThreadPoolExecutor(min(parallelism, len(groups)), initializer=leave_signals) as pool:
            return [result for results in pool.map(one_group, groups) for result in results]
