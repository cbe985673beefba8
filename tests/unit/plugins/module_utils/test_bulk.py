# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts at once: order, bounds, and the rule that stops."""

from __future__ import annotations

import threading
import time
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.ancestors import STOP
from ansible_collections.objectstore.credentials.plugins.module_utils.bulk import each, each_group
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.progress import Progress
from ansible_collections.objectstore.credentials.plugins.module_utils.results import AccountResult


def named(item: Any) -> AccountResult:
    """Say which account an item is."""
    return AccountResult(account=str(item), action="skipped")


def done(item: Any) -> AccountResult:
    """Succeed."""
    return AccountResult(account=str(item), action="updated")


class Work:
    """Fails for some items, and remembers what began."""

    def __init__(self, **failures: BaseException) -> None:
        self.failures = failures
        self.began: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, item: str) -> AccountResult:
        with self._lock:
            self.began.append(item)
        if item in self.failures:
            raise self.failures[item]
        return done(item)


@pytest.mark.parametrize("parallelism", [1, 3, 8])
def test_results_come_in_the_order_of_the_items(parallelism: int) -> None:
    def work(item: int) -> AccountResult:
        time.sleep((10 - item) / 1000)
        return done(item)

    results = each(range(10), work, named, parallelism=parallelism)
    assert [result.account for result in results] == [str(n) for n in range(10)]


def test_no_items_give_no_results() -> None:
    assert each([], done, named, parallelism=8) == []


@pytest.mark.parametrize("parallelism", [1, 4])
def test_no_more_than_parallelism_work_at_a_time(parallelism: int) -> None:
    lock, at_work, most = threading.Lock(), [0], [0]
    all_here = threading.Barrier(parallelism)

    def work(item: int) -> AccountResult:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        all_here.wait(60)
        with lock:
            at_work[0] -= 1
        return done(item)

    results = each(range(24), work, named, parallelism=parallelism)
    assert {result.action for result in results} == {"updated"}
    assert most[0] == parallelism


@pytest.mark.parametrize("parallelism", [1, 4])
def test_failure_of_one_account_fails_it_alone(parallelism: int) -> None:
    work = Work(b=CredentialsError("not_found", "no b"))
    results = each("abcdef", work, named, parallelism=parallelism)
    assert [r.action for r in results] == ["updated", "failed"] + ["updated"] * 4
    assert results[1].failure is not None
    assert (results[1].failure["kind"], results[1].failure["account"]) == ("not_found", "b")
    assert results[1].why == "no b"


def test_failure_of_the_endpoint_lets_nothing_more_start() -> None:
    work = Work(b=CredentialsError("permission", "no"))
    results = each("abcdef", work, named, parallelism=1)
    assert [r.action for r in results] == ["updated", "failed"] + ["skipped"] * 4
    assert work.began == ["a", "b"]
    assert {r.why for r in results[2:]} == {"not started after an earlier failure"}
    assert [r.account for r in results] == list("abcdef")


def test_strict_lets_nothing_more_start_after_any_failure() -> None:
    work = Work(b=CredentialsError("not_found", "no"))
    results = each("abcd", work, named, parallelism=1, strict=True)
    assert [r.action for r in results] == ["updated", "failed", "skipped", "skipped"]


def test_what_has_begun_is_finished_when_another_stops_the_endpoint() -> None:
    begun, failed = threading.Event(), threading.Event()

    def work(item: str) -> AccountResult:
        if item == "slow":
            begun.set()
            assert failed.wait(60)
            return done(item)
        assert begun.wait(60)
        failed.set()
        raise CredentialsError("authentication", "no")

    slow, bad, *rest = each(["slow", "bad", "x", "y"], work, named, parallelism=2)
    assert (slow.action, bad.action) == ("updated", "failed")
    assert {result.action for result in rest} == {"skipped"}


@pytest.mark.parametrize("parallelism", [1, 4])
def test_defect_in_one_account_does_not_lose_the_results_of_the_others(parallelism: int) -> None:
    work = Work(b=ZeroDivisionError("by nought"))
    results = each("ab", work, named, parallelism=parallelism)
    assert results[0].action == "updated"
    assert results[1].failure is not None
    assert results[1].failure["kind"] == "internal"
    assert "ZeroDivisionError" in results[1].failure["message"]
    assert results[1].touched


def test_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        each("ab", Work(a=KeyboardInterrupt()), named, parallelism=1)


@pytest.mark.parametrize("landed", [False, None, True])
def test_failure_counts_as_touched_unless_nothing_happened(landed: bool | None) -> None:
    work = Work(a=CredentialsError("rejected", "no", landed=landed))
    (result,) = each("a", work, named, parallelism=1)
    assert result.changed is (landed is not False)


def test_items_of_a_group_are_done_one_after_the_other() -> None:
    lock, at_work = threading.Lock(), set()

    def work(item: tuple[str, int]) -> AccountResult:
        with lock:
            assert item[0] not in at_work
            at_work.add(item[0])
        time.sleep(0.001)
        with lock:
            at_work.remove(item[0])
        return done(item)

    groups = [[(name, number) for number in range(4)] for name in "abcd"]
    results = each_group(groups, work, named, parallelism=4)
    assert [r.account for r in results] == [str(item) for group in groups for item in group]
    assert not [r for r in results if r.action == "failed"]


def test_rest_of_the_group_is_skipped_after_the_endpoint_failed() -> None:
    work = Work(b=CredentialsError("unreachable", "no"))
    results = each_group(["abc", "d"], work, named, parallelism=1)
    assert [r.action for r in results] == ["updated", "failed", "skipped", "skipped"]


@pytest.mark.parametrize("kind", ["busy", "drifted"])
def test_error_of_a_kind_that_is_an_action_has_that_action(kind: str) -> None:
    work = Work(a=CredentialsError(kind, "no"))
    results = each("ab", work, named, parallelism=1, strict=True)
    # Another run at work is no failure, not even under strict.
    assert [r.action for r in results] == [kind, "updated" if kind == "busy" else "skipped"]
    assert (results[0].failure is None) is (kind == "busy")
    assert results[0].why == "no"


class Counting(Progress):
    """Remembers what it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: list[str] = []

    def done(self, result: AccountResult) -> None:
        """Remember."""
        self.actions.append(result.action)


def test_progress_is_told_of_every_result_the_skipped_ones_too() -> None:
    progress = Counting()
    work = Work(b=CredentialsError("permission", "no"))
    each("abc", work, named, parallelism=1, progress=progress)
    assert progress.actions == ["updated", "failed", "skipped"]
    each_group(["de", "f"], work, named, parallelism=3, progress=progress)
    assert progress.actions[3:] == ["updated"] * 3


@pytest.mark.parametrize("parallelism", [1, 4])
def test_reason_to_stop_lets_nothing_more_start(parallelism: int) -> None:
    work = Work()

    def stopping() -> Optional[str]:
        return "stopped by SIGTERM" if len(work.began) >= 4 else None

    items = [str(number) for number in range(100)]
    results = each(items, work, named, parallelism=parallelism, stopping=stopping)
    skipped = [r for r in results if r.action == "skipped"]
    assert 4 <= len(work.began) <= 4 + parallelism
    assert len(skipped) == 100 - len(work.began)
    assert {r.why for r in skipped} == {"not started: stopped by SIGTERM"}


def test_stop_asked_of_the_process_stops_every_list() -> None:
    def work(item: str) -> AccountResult:
        STOP.ask("stopped by SIGTERM")
        return done(item)

    try:
        results = each("abc", work, named, parallelism=1)
    finally:
        STOP.forget()
    assert [r.action for r in results] == ["updated", "skipped", "skipped"]
    assert [r.action for r in each("a", done, named, parallelism=1)] == ["updated"]
