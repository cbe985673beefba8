# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret store that refuses, dies, fills up or answers too late, at every write that counts."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.stores import durable_files
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.failing_os import (
    failing_when,
    os_of,
)

from .conftest import OpenLab
from .lab import (
    CHOSEN,
    EMAIL,
    IN_PLACE,
    LABELLED,
    OVERLAP,
    REPLACING,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    Lab,
)
from .lab_store import is_intended, is_kept, is_key_intent, is_promoted

NO_CLEAR_PAIR = (IN_PLACE, UNSEEN)


def escrow_files(lab: Lab) -> list[str]:
    """Return the files in escrow."""
    return [path for path in lab.files() if path.startswith("escrow/")]


# --- overlap --------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["refuse", "unavailable"])
@pytest.mark.parametrize("form", OVERLAP)
def test_own_key_is_deleted_when_the_store_refuses_to_keep_it(
    lab_of: OpenLab, form: Form, action: str
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.store_faults.add(action, is_kept)
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == f"store_{'refused' if action == 'refuse' else 'unavailable'}"
    assert "deleted again" in result.failure["message"]
    assert (lab.truth(), lab.current()) == ({old: "active"}, old)
    # The store is well again: nothing is in the way.
    assert lab.one(force=True).action in ("rotated", "resumed")
    assert lab.stored_pair_works()


def test_key_that_can_neither_be_kept_nor_deleted_is_named(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.store_faults.add("refuse", is_kept)
    lab.faults.add("status", status=403, **lab.call("delete"))
    result = lab.one(force=True)
    assert result.failure is not None
    (made,) = set(lab.truth()) - {old}
    assert made in result.failure["message"]
    assert made in str(result.failure["next_step"])
    assert made in str(result.failure["alive"])
    assert result.changed


@pytest.mark.parametrize("form", OVERLAP)
def test_pending_is_left_when_the_answer_to_keep_is_unknown(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    lab.store_faults.add("unsent", is_kept)
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "store_unavailable"
    assert result.changed
    assert len(lab.truth()) == 2
    assert lab.current() == old
    pending = lab.rec().pending
    assert pending is not None
    assert pending.step == "intended"


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, TWO_SLOTS])
def test_lost_answer_of_a_write_is_recognised_as_its_own(lab_of: OpenLab, form: Form) -> None:
    for wants in (is_intended, is_kept, is_promoted):
        lab = lab_of(form)
        old = lab.managed()
        lab.store_faults.add("lost answer", wants)
        assert lab.one(force=True).action == "rotated"
        assert len(lab.truth()) == 2
        assert lab.current() != old


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, TWO_SLOTS])
def test_store_that_dies_between_two_writes_leaves_what_the_next_run_finishes(
    lab_of: OpenLab, form: Form
) -> None:
    for skip in range(3):
        lab = lab_of(form)
        old = lab.managed()
        lab.store_faults.add("unsent", skip=skip, times=0)
        assert lab.one(rotation_id="winter").has_failed
        assert lab.truth()[old] == "active"
        lab.store_faults.clear()
        result = lab.one(rotation_id="winter")
        assert result.action in ("rotated", "resumed"), (skip, result.why)
        assert lab.stored_pair_works()


def test_dead_store_is_found_out_before_anything_is_touched(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.store_faults.is_dead = True
    lab.log.clear()
    try:
        kinds = [str((each.failure or {}).get("kind")) for each in lab.run(force=True).accounts]
    except CredentialsError as exc:
        kinds = [exc.kind]
    assert kinds == ["store_unavailable"]
    assert lab.truth() == {old: "active"}
    assert not any(entry.writes for entry in lab.log)


def test_no_new_account_starts_after_the_first_failure_of_the_store(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=4)
    lab.run(all=True, adopt="rotate")
    before = {name: lab.truth(name) for name in lab.ids}
    lab.store_faults.add("unsent", is_intended, skip=1)
    outcome = lab.run(all=True, force=True, parallelism=1, max_failures=10)
    actions = [each.action for each in outcome.accounts]
    assert actions.count("rotated") == 1
    assert actions.count("failed") == 1
    assert actions.count("skipped") == 2
    assert sum(lab.truth(name) != before[name] for name in lab.ids) == 1


def test_account_that_has_begun_is_finished_when_the_store_fails_for_another(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(UNLABELLED, accounts=3)
    lab.run(all=True, adopt="rotate")
    lab.store_faults.add("refuse", lambda record: is_kept(record) and record.account == "app-0002")
    outcome = lab.run(all=True, force=True, parallelism=3, canary=0)
    by_name = {each.account: each for each in outcome.accounts}
    assert by_name["app-0002"].has_failed
    for name in lab.ids:
        assert lab.stored_pair_works(name)
        if by_name[name].action == "rotated":
            assert lab.rec(name).pending is None
        else:
            assert set(lab.truth(name).values()) == {"active"}


@pytest.mark.parametrize("action", ["refuse", "unsent"])
def test_disable_is_not_sent_when_its_intent_is_not_stored(lab_of: OpenLab, action: str) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    lab.one(force=True)
    lab.later(8)
    lab.store_faults.add(action, is_key_intent)
    assert lab.one().has_failed
    assert lab.truth()[old] == "active"
    lab.store_faults.clear()
    assert lab.one().action == "disabled"


# --- in place -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", REPLACING)
def test_keeping_is_tried_again_until_it_works(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("unavailable", is_promoted, times=5)
    result = lab.one(force=True)
    assert result.action == "rotated", result.why
    assert lab.stored_pair_works()
    assert escrow_files(lab) == []


@pytest.mark.parametrize("form", NO_CLEAR_PAIR)
def test_pair_that_cannot_be_kept_goes_into_escrow(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("unavailable", is_promoted, times=0)
    result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "secret_not_kept"
    (path,) = escrow_files(lab)
    assert path in result.failure["message"]
    assert result.changed
    secret = lab.simulator.secret_of(lab.only())
    assert secret.encode() not in lab.files()[path]
    assert os.stat(lab.folder / path).st_mode & 0o777 == 0o600
    assert secret not in str(result.failure)


@pytest.mark.parametrize("form", NO_CLEAR_PAIR)
def test_next_run_takes_the_pair_from_escrow(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("unavailable", is_promoted, times=0)
    lab.one(force=True)
    live = lab.only()
    lab.store_faults.clear()
    # Nothing is ended by it, so it needs nobody's leave.
    result = lab.one(allow_disruption=False)
    assert result.action in ("recovered", "resumed", "rotated"), result.why
    assert (lab.only(), lab.current()) == (live, live)
    assert lab.stored_pair_works()
    assert escrow_files(lab) == []
    assert lab.one().action == "unchanged"


@pytest.mark.parametrize("form", NO_CLEAR_PAIR)
def test_escrow_of_a_key_that_was_replaced_since_is_not_believed(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.managed()
    lab.store_faults.add("unavailable", is_promoted, times=0)
    lab.one(force=True)
    lab.store_faults.clear()
    escrowed = lab.only()
    lab.regenerate()
    theirs = lab.only()
    result = lab.one()
    record = lab.rec()
    assert record.current is None or record.current.access_key != escrowed
    if result.has_failed:
        assert lab.only() == theirs
    else:
        # It cannot be told from a landing of ours, and is overwritten; the result says so.
        assert result.action == "recovered"
        assert lab.stored_pair_works()


def test_chosen_pair_needs_no_escrow(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    lab.managed()
    lab.store_faults.add("unavailable", is_promoted, times=0)
    assert lab.one(force=True).has_failed
    assert escrow_files(lab) == []
    pending = lab.rec().pending
    assert pending is not None
    pair = pending.pair()
    assert pair is not None
    assert lab.simulator.secret_of(pair.access_key) == pair.secret_key
    lab.store_faults.clear()
    made = lab.only()
    assert lab.one().action in ("resumed", "rotated")
    assert lab.current() == made


@pytest.mark.parametrize("form", [IN_PLACE, UNSEEN])
def test_unknown_answer_of_keeping_is_settled_by_the_next_run(lab_of: OpenLab, form: Form) -> None:
    for action in ("lost", "unsent"):
        lab = lab_of(form)
        lab.managed()
        lab.store_faults.add(action, is_promoted)
        result = lab.one(force=True)
        assert result.has_failed
        live = lab.only()
        lab.store_faults.clear()
        result = lab.one()
        assert not result.has_failed, result.why
        assert (lab.only(), lab.current()) == (live, live)
        assert lab.stored_pair_works()
        assert escrow_files(lab) == []


def test_delivery_by_mail_that_cannot_be_noted_is_retried(lab_of: OpenLab) -> None:
    lab = lab_of(EMAIL)
    lab.store_faults.add("unavailable", is_promoted, times=3)
    assert lab.adopt().action == "delivered"
    assert len(lab.simulator.outbox) == 1


# --- the file system itself -----------------------------------------------------------------------


def _is_record(path: Any, *_args: Any, **_more: Any) -> bool:
    return ".yml" in str(path) and "app-0001" in str(path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_full_or_read_only_disk_lets_nothing_begin(
    lab_of: OpenLab, form: Form, number: int
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    full = os_of(durable_files, open=failing_when(_writes, os.open, number))
    with full, pytest.raises(CredentialsError) as caught:
        lab.run(force=True)
    assert caught.value.kind == "store_refused"
    assert (lab.truth(), lab.current()) == ({old: "active"}, old)
    assert lab.one(force=True).action == "rotated"


def _writes(_path: Any, flags: int, *_args: Any, **_more: Any) -> bool:
    return bool(flags & os.O_CREAT)


def test_disk_that_fills_up_at_keep_costs_the_new_key_only(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    old = lab.managed()
    left = [1]  # the intent still fits

    def is_too_much(path: Any, flags: int, *_args: Any, **_more: Any) -> bool:
        if not _is_record(path) or not flags & os.O_CREAT:
            return False
        left[0] -= 1
        return left[0] < 0

    with os_of(durable_files, open=failing_when(is_too_much, os.open, errno.ENOSPC)):
        result = lab.one(force=True)
    assert result.failure is not None
    assert result.failure["kind"] == "store_refused"
    assert (lab.truth(), lab.current()) == ({old: "active"}, old)
    assert lab.one(force=True).action in ("rotated", "resumed")
