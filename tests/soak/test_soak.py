# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The soak itself: it repeats by its seed, and finds every defect that is planted in the engine."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils import (
    journal,
    rotation,
    rotation_issue,
    rotation_policy,
    rotation_retire,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.model import AccountRef
from ansible_collections.objectstore.credentials.tests.kill.engine import rotate
from ansible_collections.objectstore.credentials.tests.kill.runner import Runtime

from . import chance, estate

Patch = Callable[[pytest.MonkeyPatch], None]


def _task(form: str, weeks: int, accounts: int = 4, store: str = "ansible_vault") -> estate.Task:
    return estate.Task(form, store, "defects", accounts, weeks, 0.0)


def _told(report: estate.Report) -> dict[str, Any]:
    """Return what must be the same again."""
    return {**report.count, "findings": [str(each) for each in report.findings]}


def test_seed_repeats_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = (estate.play(_task("huawei-v5", 3, store="vault_kv2")) for _unused in range(2))
    assert first.count["runs: harmed, killed"] > 0
    assert first.count["duels"] > 0
    assert sum(n for name, n in first.count.items() if name.startswith("outside")) > 0
    assert _told(first) == _told(again)
    other = dataclasses.replace(_task("huawei-v5", 3, store="vault_kv2"), seed="another")
    assert _told(estate.play(other)) != _told(first)


def test_chance_is_chance_again_afterwards() -> None:
    import secrets

    drawn = []
    for _unused in range(2):
        chance.begin("seed")
        drawn.append(secrets.token_hex(8))
        chance.end()
    assert drawn[0] == drawn[1]
    assert secrets.token_hex(8) != secrets.token_hex(8)


def test_right_engine_is_found_right() -> None:
    assert [str(each) for each in estate.play(_task("huawei-v3.0", 4)).findings] == []


# --- planted defects ----------------------------------------------------------------------------


def _deletes_the_oldest(runtime: Runtime) -> dict[str, Any]:
    """Tidy up after the run, whoever made what is oldest."""
    result = rotate(runtime)
    for row in result.get("accounts", []):
        if row["action"] != "rotated":
            continue
        keys = runtime.platform.access_keys(
            runtime.platform.account(AccountRef(name=row["account"]))
        )
        if len(keys) > 1:
            oldest = min(keys, key=lambda key: (str(key.created_at), key.access_key))
            runtime.platform.delete_access_key(oldest)
    return result


def _talks(runtime: Runtime) -> dict[str, Any]:
    """Say too much."""
    result = rotate(runtime)
    return {**result, "warnings": sorted(runtime.redactor._secrets)}


def _cuts_before_keeping(patch: pytest.MonkeyPatch) -> None:
    issue = rotation_issue.issue

    def issued(case: Any) -> Any:
        made = issue(case)
        for key in case.keys:
            if key.access_key in case.record.known_access_keys():
                case.desk.platform.delete_access_key(key)
        return made

    patch.setattr(rotation, "issue", issued)


def _retires_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rotation_retire, "_ready_at", lambda case, key: case.desk.now())


def _never_retires(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rotation, "retire", lambda case: None)


def _never_due(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rotation, "_why_due", lambda case: None)


def _always_due(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rotation_policy.Policy, "why_due", lambda *_unused: "always")


def _loses_lines(patch: pytest.MonkeyPatch) -> None:
    append = journal.Journal.append
    count = iter(range(10**6))

    def appended(self: Any, lines: Any) -> Any:
        return append(self, () if next(count) % 7 == 3 else lines)

    patch.setattr(journal.Journal, "append", appended)


@pytest.mark.parametrize(
    ("plant", "form", "weeks", "rules"),
    [
        (_cuts_before_keeping, "osis", 2, {"a stored pair works at every moment"}),
        (_retires_at_once, "huawei-v3.0", 3, {"an old key works until its grace is over"}),
        (_never_retires, "osis", 3, {"no old key outlives its dates"}),
        (_never_due, "ontap-9.14", 9, {"no key is older than max_age"}),
        (_always_due, "osis", 3, {"runs come to an end", "a record stays small"}),
        (_loses_lines, "huawei-v3.0", 3, {"journal: no line is lost"}),
    ],
)
def test_defect_in_engine_is_found(
    monkeypatch: pytest.MonkeyPatch, plant: Patch, form: str, weeks: int, rules: set[str]
) -> None:
    plant(monkeypatch)
    report = estate.play(_task(form, weeks))
    assert rules & {each.violation.rule for each in report.findings}


def test_engine_that_talks_is_found() -> None:
    report = estate.play(_task("osis", 2), _talks)
    assert {each.violation.rule for each in report.findings} == {"no secret in clear"}


def test_clean_up_that_deletes_the_oldest_is_found() -> None:
    report = estate.play(_task("huawei-v3.0", 4), _deletes_the_oldest)
    rules = {each.violation.rule for each in report.findings}
    assert rules & {
        "only what is known as ours is ended",
        "an old key works until its grace is over",
        "a stored pair works at every moment",
    }
    assert all(each.story for each in report.findings if each.account)
