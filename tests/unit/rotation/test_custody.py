# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that no record manages: reported, taken over, imported; absence must be proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError

from .conftest import OpenLab
from .lab import (
    ACCOUNT,
    CHOSEN,
    FRONT,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    UNSEEN,
    Form,
    Lab,
)

EVERY = (LABELLED, TWO_KEYS, UNLABELLED, NO_DISABLE, FRONT, TWO_SLOTS, IN_PLACE, CHOSEN, UNSEEN)


def pair_of(lab: Lab, name: str = ACCOUNT) -> dict[str, Any]:
    """Return an entry of users with the pair that works."""
    key = lab.only(name)
    return {"name": name, "access_key": key, "secret_key": lab.simulator.secret_of(key)}


def record_file(lab: Lab) -> Path:
    """Return the file of the account's record."""
    (path,) = (lab.folder / "records").rglob(f"{ACCOUNT}.yml")
    return path


@pytest.mark.parametrize("form", EVERY)
def test_unmanaged_account_is_reported_and_never_touched(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    key = lab.only()
    for params in ({}, {"force": True}, {"rotation_id": "winter"}, {"all": True}):
        (result,) = [each for each in lab.run(**params).accounts if each.account == ACCOUNT]
        assert result.action == "unmanaged"
        assert not result.changed
        if lab.facts.shows_access_key:
            assert key in str(result.why)
    assert lab.truth() == {key: "active"}
    assert lab.record() is None
    assert lab.writes == 0


@pytest.mark.parametrize("form", EVERY)
def test_takeover_makes_a_key_and_retires_the_one_that_was_there(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    old = lab.only()
    result = lab.one(adopt="rotate")
    assert result.action == "rotated"
    assert lab.stored_pair_works()
    if not lab.facts.overlap:
        return
    (retiring,) = lab.rec().retiring
    assert (retiring.access_key, retiring.origin, retiring.secret) == (old, "adopted", None)
    lab.settle_down()
    assert set(lab.truth()) == {lab.current()}
    assert lab.rec().retiring == ()


@pytest.mark.parametrize("form", [UNLABELLED, NO_DISABLE, FRONT])
def test_takeover_of_several_unknown_keys_needs_replaces(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    mine = lab.only()
    theirs = lab.make_key()
    result = lab.one(adopt="rotate")
    assert result.failure is not None
    assert result.failure["kind"] == "ambiguous"
    assert mine in result.failure["message"]
    assert theirs in result.failure["message"]
    assert "replaces" in result.failure["next_step"]
    assert lab.record() is None
    assert lab.one(adopt="rotate", replaces=[mine]).action == "rotated"
    lab.settle_down()
    # The colleague's key was not named, and lives.
    assert lab.truth() == {theirs: "active", lab.current(): "active"}


def test_replaces_names_what_goes_and_nothing_else_does(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    mine = lab.only()
    result = lab.one(adopt="rotate", replaces=["NOSUCHKEY"])
    assert "NOSUCHKEY" in f"{result.details} {result.failure}"
    record = lab.record()
    retiring = [key.access_key for key in record.retiring] if record else []
    assert mine not in retiring
    lab.later(8)
    lab.one()
    assert lab.truth()[mine] == "active"


@pytest.mark.parametrize("form", EVERY)
def test_import_of_a_given_pair_touches_nothing_at_the_platform(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    entry = pair_of(lab)
    lab.later(20)
    result = lab.one(users=[entry], adopt="import", allow_disruption=False)
    assert result.action == "adopted"
    assert lab.writes == 0
    assert lab.stored_pair_works()
    current = lab.rec().current
    assert current is not None
    assert (current.origin, current.access_key) == ("imported", entry["access_key"])
    assert current.verified_at is not None
    # Its consumers have it; nothing is due by the import itself.
    assert current.acknowledged_at is not None
    assert lab.one().action == "unchanged"


@pytest.mark.parametrize("form", [LABELLED, TWO_KEYS, UNLABELLED, FRONT])
def test_imported_key_keeps_its_age(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    entry = pair_of(lab)
    lab.later(80)
    lab.one(users=[entry], adopt="import")
    result = lab.one()
    assert result.action == "rotated"
    assert "80 days old" in str(result.why)


@pytest.mark.parametrize("form", [UNLABELLED, FRONT])
def test_import_reads_the_pair_where_the_platform_shows_it(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    assert lab.one(adopt="import").action == "adopted"
    assert lab.stored_pair_works()
    assert lab.writes == 0


@pytest.mark.parametrize("form", [LABELLED, IN_PLACE, UNSEEN])
def test_import_without_a_pair_says_what_to_give(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    result = lab.one(adopt="import")
    assert result.failure is not None
    assert result.failure["kind"] == "unsupported"
    assert "secret_key" in result.failure["next_step"]
    assert lab.record() is None


@pytest.mark.parametrize("form", EVERY)
def test_import_of_a_wrong_secret_is_refused(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    entry = {**pair_of(lab), "secret_key": "notTheSecretOfThisKey0000000000000000000"}
    result = lab.one(users=[entry], adopt="import")
    assert result.failure is not None
    assert result.failure["kind"] == "verification_failed"
    assert lab.record() is None
    assert entry["secret_key"] not in str(result.as_dict())


@pytest.mark.parametrize("form", [LABELLED, UNLABELLED, IN_PLACE])
def test_import_of_somebody_elses_key_is_refused(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=2)
    other = pair_of(lab, "app-0002")
    result = lab.one(users=[{**other, "name": ACCOUNT}], adopt="import")
    assert result.failure is not None
    assert result.failure["kind"] == "not_found"
    assert lab.record() is None


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS, IN_PLACE, CHOSEN])
def test_account_without_a_key_is_never_due_under_all(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.add("app-0002", 0)
    results = lab.run(all=True, adopt="rotate", force=True).accounts
    by_name = {result.account: result for result in results}
    assert by_name["app-0002"].action == "unchanged"
    assert lab.truth("app-0002") == {}
    # Nothing is ended by a first key, so it needs no allow_disruption.
    assert lab.one(users=["app-0002"], allow_disruption=False).action == "rotated"
    assert lab.stored_pair_works("app-0002")


# --- no record must be proven absent --------------------------------------------------------------


def damaged(lab: Lab, how: str) -> None:
    """Make the account's record unreadable."""
    path = record_file(lab)
    if how == "cut off":
        path.write_bytes(path.read_bytes()[:-40])
    elif how == "no YAML":
        path.write_bytes(b"{[")
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "of another account":
        path.write_bytes(path.read_bytes().replace(ACCOUNT.encode(), b"app-0009"))
    elif how == "a directory":
        path.unlink()
        path.mkdir()
    elif how == "of a newer release":
        path.write_bytes(path.read_bytes().replace(b"format: 1", b"format: 2"))


@pytest.mark.parametrize(
    "how",
    ["cut off", "no YAML", "empty", "of another account", "a directory", "of a newer release"],
)
def test_unreadable_record_is_an_error_and_never_no_record(lab_of: OpenLab, how: str) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    before, writes = lab.truth(), lab.writes
    damaged(lab, how)
    outcome = lab.run(users=[ACCOUNT], adopt="rotate", force=True)
    (result,) = outcome.accounts
    assert result.failure is not None, result.action
    assert result.failure["kind"] == "store_unreadable"
    assert (lab.truth(), lab.writes) == (before, writes)


def test_wrong_password_is_found_out_before_anything(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    writes = lab.writes
    lab.password = "another password"
    with pytest.raises(CredentialsError) as caught:
        lab.run(adopt="rotate", force=True)
    assert caught.value.kind == "store_refused"
    assert "password" in caught.value.message
    assert lab.writes == writes


def test_wrong_path_reports_unmanaged_and_touches_nothing(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    writes = lab.writes
    (lab.folder / "records").rename(lab.folder / "elsewhere")
    result = lab.one(force=True)
    assert result.action == "unmanaged"
    assert lab.writes == writes


@pytest.mark.parametrize("form", [UNLABELLED, LABELLED, FRONT])
def test_wrong_path_with_adopt_rotate_ends_no_key_of_the_lost_record_unasked(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.adopt()
    lab.one(force=True) if form != LABELLED else None
    (lab.folder / "records").rename(lab.folder / "elsewhere")
    lab.watch.forget_records()
    keys = lab.truth()
    result = lab.one(adopt="rotate")
    # Two keys that nobody knows: which of them is in use cannot be told.
    assert result.failure is not None
    assert result.failure["kind"] in ("ambiguous", "limit")
    assert lab.truth() == keys


def test_record_of_an_account_made_anew_is_drifted(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    users = lab.simulator.users
    old = users.pop(lab.ids[ACCOUNT])
    assert old is not None
    key = lab.add(ACCOUNT) and lab.only()
    result = lab.one(force=True)
    assert result.action == "drifted"
    assert result.failure is not None
    assert lab.ids[ACCOUNT] in result.failure["message"]
    assert lab.truth() == {key: "active"}


def test_record_of_another_scope_is_drifted(lab_of: OpenLab) -> None:
    lab = lab_of(IN_PLACE)
    lab.adopt()
    key = lab.only()
    lab.simulator.svm.uuid = "00000000-0000-4000-8000-000000000001"
    result = lab.one(force=True)
    assert result.action == "drifted"
    assert result.failure is not None
    assert "svm" in result.failure["message"]
    assert lab.only() == key


def test_credential_of_an_application_is_not_replaced_by_one_without_its_name(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(FRONT, app_key=True)
    (owned,) = [key for key, each in lab.simulator.keys.items() if each.kind == "APP"]
    before = lab.truth()
    result = lab.one(adopt="rotate", replaces=[owned])
    assert result.failure is not None
    assert result.failure["kind"] == "unsupported"
    assert owned in result.failure["message"]
    assert lab.truth() == before
