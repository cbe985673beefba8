# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ontap_s3_user with a secret store: pairs go into records, and what these hold is not ended."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.custody import Custody
from ansible_collections.objectstore.credentials.plugins.module_utils.escrow import Escrow
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap import Ontap
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_custody import (  # noqa: E501  # the import's own length
    Keeping,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_plans import (
    Wanted,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.ontap_users import (
    set_users,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import Record
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

from .conftest import OpenLab
from .lab import ACCOUNT, CHOSEN, IN_PLACE, TWO_SLOTS, Form, Lab
from .lab_store import LabStore, is_intended, is_kept, is_promoted
from .wire import Killed

FORMS = (IN_PLACE, CHOSEN, TWO_SLOTS)
NEW = "backup"


def brought(lab: Lab, *names: str, check_mode: bool = False, **params: Any) -> Outcome:
    """Do what one call of the module does, the secret store being given."""
    wanted = Wanted.parse({"name": list(names or (NEW,)), "secret_store": {}, **params})
    with lab.opened(check_mode) as tools:
        platform, store = cast(Ontap, tools.platform), tools.store
        escrow = Escrow(str(lab.folder / "escrow"), store)
        run = store.context.run
        custody = Custody(platform, store, run, check_mode=check_mode, escrow=escrow)
        keeping = Keeping(platform, wanted, custody)
        outcome = set_users(platform, wanted, check_mode=check_mode, parallelism=1, keeping=keeping)
        assert not check_mode or store.writes_sent == 0
        return outcome


def one(lab: Lab, *names: str, **params: Any) -> AccountResult:
    """Do it for one user and return its result."""
    (result,) = brought(lab, *names, **params).accounts
    return result


def kind_of(result: AccountResult) -> str:
    """Return the kind of a failure that has touched nothing."""
    assert result.failure is not None, (result.action, result.why)
    assert not result.changed
    return str(result.failure["kind"])


def keys_of(lab: Lab, name: str = NEW) -> list[str]:
    """Return the access keys that a user really has."""
    slots = lab.simulator.svm.users[name].slots
    return [key.access_key for _slot, key in sorted(slots.items())]


def require_kept(lab: Lab, name: str = NEW) -> Record:
    """Return a user's record, whose current pair must be the user's."""
    record = lab.rec(name)
    assert record.current is not None
    pair = record.current.pair()
    assert pair is not None
    assert pair.access_key in keys_of(lab, name)
    assert lab.simulator.secret_of(pair.access_key) == pair.secret_key
    assert (record.pending, record.intent) == (None, None)
    return record


# --- a new user --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_pair_of_a_new_user_goes_into_its_record(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    told = one(lab, comment="hi", check_mode=True)
    assert (told.action, told.access_key, lab.record(NEW)) == ("created", None, None)
    assert NEW not in lab.simulator.svm.users
    made = one(lab, comment="hi")
    assert (made.action, made.failure, made.touched) == ("created", None, True)
    assert "secret_key" not in made.extra
    record = require_kept(lab)
    assert record.current is not None
    assert made.access_key == record.current.access_key
    assert record.current.acknowledged_at is not None
    assert record.scope
    assert made.details["comment"] == lab.simulator.svm.users[NEW].comment == "hi"
    assert [row["access_key"] for row in made.details["access_keys"]] == keys_of(lab)
    again = brought(lab, comment="hi")
    assert not again.changed
    lab.ids[NEW] = NEW
    assert lab.one(users=[NEW]).action in ("unchanged", "resumed")


@pytest.mark.parametrize("form", FORMS)
def test_pair_is_returned_too_where_that_is_asked_for(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    made = one(lab, return_secret=True)
    assert made.extra["secret_key"] == lab.simulator.secret_of(made.access_key)
    require_kept(lab)


def test_own_pair_and_lifetime_are_kept_as_given(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    own: dict[str, Any] = {
        "access_key": "MYOWNKEY0000000000A1",
        "secret_key": "My0wn/Secret+Key=canary_7f3a9c2b",
    }
    assert one(lab, check_mode=True, **own).access_key == own["access_key"]
    made = one(lab, key_time_to_live="90d", **own)
    record = require_kept(lab)
    assert record.current is not None
    assert made.access_key == record.current.access_key == own["access_key"]
    assert record.current.expires_at is not None
    assert made.details["access_keys"][0]["key_time_to_live"] == "P90D"
    assert not brought(lab, **own).changed


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answer_of_the_creation_loses_no_pair(lab_of: OpenLab, form: Form, when: str) -> None:
    lab = lab_of(form)
    lab.faults.add("drop", when=when, method="POST", path="users")
    one(lab)
    one(lab)
    require_kept(lab)
    assert not brought(lab).changed


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wants", [is_intended, is_kept, is_promoted])
@pytest.mark.parametrize("action", ["kill before", "kill after"])
def test_killed_creation_is_finished_by_the_next_run(
    lab_of: OpenLab, form: Form, wants: Any, action: str
) -> None:
    lab = lab_of(form)
    lab.store_faults.add(action, wants)
    try:
        brought(lab)
    except Killed:
        lab.store_faults.clear()
    lab.store_faults.clear()
    told = brought(lab, check_mode=True)
    done = brought(lab)
    assert done.failures == []
    assert told.changed == done.changed
    require_kept(lab)
    assert not brought(lab).changed


@pytest.mark.parametrize("befell", ["never arrived", "was killed before it"])
def test_lost_first_key_whose_repair_came_to_nothing_is_no_user_as_wanted(
    lab_of: OpenLab, befell: str
) -> None:
    lab = lab_of(IN_PLACE)
    lab.faults.add("drop", when="after", method="POST", path="users")
    if befell == "never arrived":
        lab.faults.add("drop", when="before", method="PATCH", path="regenerate")
        assert one(lab).has_failed
    else:
        lab.store_faults.add(
            "kill after", lambda record: bool(record.pending and record.pending.repairs)
        )
        with pytest.raises(Killed):
            one(lab)
        lab.store_faults.clear()
    assert lab.rec(NEW).current is None
    assert one(lab).changed
    require_kept(lab)
    assert one(lab).action == "unchanged"


@pytest.mark.parametrize("form", FORMS)
def test_store_that_refuses_the_intent_lets_no_user_be_made(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.store_faults.add("refuse", is_intended)
    result = one(lab)
    assert (result.failure or {})["kind"] == "store_refused"
    assert NEW not in lab.simulator.svm.users


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wants", [is_kept, is_promoted])
def test_store_that_refuses_the_pair_loses_nothing(lab_of: OpenLab, form: Form, wants: Any) -> None:
    lab = lab_of(form)
    lab.store_faults.add("refuse", wants, times=0)
    one(lab)
    lab.store_faults.clear()
    assert one(lab).failure is None
    require_kept(lab)


def test_dead_store_stops_before_anything_is_touched(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    lab.store_faults.is_dead = True
    results = brought(lab, NEW, "other").accounts
    assert {(r.failure or {}).get("kind") for r in results} == {"store_unavailable", None}
    assert lab.writes == 0


def test_user_whose_record_is_there_is_not_made_anew(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    one(lab)
    del lab.simulator.svm.users[NEW]
    result = one(lab)
    assert kind_of(result) == "held_by_record"
    assert "move its record away" in (result.failure or {})["next_step"]
    assert NEW not in lab.simulator.svm.users


@pytest.mark.parametrize("form", FORMS)
def test_user_that_somebody_makes_meanwhile_is_not_taken_over(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    probe = LabStore.probe

    def probe_slowly(store: LabStore) -> None:
        probe(store)
        with lab.watch.outside():
            lab.add(NEW)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LabStore, "probe", probe_slowly)
        result = one(lab, allow_disruption=True)
    assert (result.action, result.changed) == ("unmanaged", False)
    assert lab.record(NEW) is None
    assert len(keys_of(lab)) == 1


def test_name_that_is_taken_in_other_case_leaves_no_open_record(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    assert (one(lab, "APP-0001").failure or {})["kind"] == "conflict"
    record = lab.rec("APP-0001")
    assert (record.current, record.pending) == (None, None)


# --- a user that is there ----------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_regenerate_rotates_a_managed_user_through_its_record(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    old = lab.managed()
    ends = {"allow_disruption": True} if form != TWO_SLOTS else {}
    told = one(lab, ACCOUNT, regenerate_keys=True, check_mode=True, **ends)
    assert (told.action, keys_of(lab, ACCOUNT)) == ("rotated", [old])
    result = one(lab, ACCOUNT, regenerate_keys=True, comment="hi", **ends)
    assert (result.action, result.previous_access_key) == ("rotated", old)
    record = require_kept(lab, ACCOUNT)
    assert record.current is not None
    assert result.access_key == record.current.access_key != old
    # In place the listing proves it dead, and its secret is destroyed.
    assert [key.access_key for key in record.retiring] == ([old] if form == TWO_SLOTS else [])
    assert (old in keys_of(lab, ACCOUNT)) is (form == TWO_SLOTS)
    assert lab.simulator.svm.users[ACCOUNT].comment == "hi"
    lab.later(30)
    assert lab.one().failure is None
    assert old not in keys_of(lab, ACCOUNT) or form == TWO_SLOTS


@pytest.mark.parametrize("form", FORMS)
def test_regenerate_takes_an_unmanaged_user_over(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    (old,) = keys_of(lab, ACCOUNT)
    ends = {"allow_disruption": True} if form != TWO_SLOTS else {}
    result = one(lab, ACCOUNT, regenerate_keys=True, **ends)
    assert (result.action, result.failure) == ("rotated", None)
    record = require_kept(lab, ACCOUNT)
    assert [key.access_key for key in record.retiring] in ([old], [])


@pytest.mark.parametrize("form", [IN_PLACE, CHOSEN])
@pytest.mark.parametrize("check_mode", [False, True])
def test_regenerate_in_place_needs_allow_disruption(
    lab_of: OpenLab, form: Form, check_mode: bool
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    result = one(lab, ACCOUNT, regenerate_keys=True, check_mode=check_mode)
    assert kind_of(result) == "disruption_refused"
    assert keys_of(lab, ACCOUNT) == [old]


def test_regenerate_waits_for_the_acknowledgement(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    lab.managed()
    lab.one(force=True, acknowledge="explicit")
    current = lab.current()
    result = one(lab, ACCOUNT, regenerate_keys=True, allow_disruption=True)
    assert (result.action, result.changed) == ("unchanged", False)
    assert "acknowledged" in str(result.why)
    assert lab.current() == current


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    "params", [{"state": "absent"}, {"delete_keys": True}], ids=["absent", "delete_keys"]
)
def test_what_a_record_holds_is_not_deleted(
    lab_of: OpenLab, params: dict[str, Any], check_mode: bool
) -> None:
    lab = lab_of(CHOSEN)
    old = lab.managed()
    result = one(lab, ACCOUNT, allow_disruption=True, check_mode=check_mode, **params)
    assert kind_of(result) == "held_by_record"
    assert f"ontap/lab/{ACCOUNT}" in str(result.why)
    assert keys_of(lab, ACCOUNT) == [old]


def test_retiring_key_is_left_to_its_schedule(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_SLOTS)
    old = lab.managed()
    assert lab.one(force=True).action == "rotated"
    slots = lab.simulator.svm.users[ACCOUNT].slots
    (slot,) = [slot for slot, key in slots.items() if key.access_key == old]
    result = one(lab, ACCOUNT, delete_keys=True, key_id=slot, allow_disruption=True)
    assert kind_of(result) == "held_by_record"
    assert "force_retire" in (result.failure or {})["next_step"]


def test_one_held_user_stops_the_whole_call(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN, accounts=2)
    lab.managed()
    results = brought(lab, "app-0002", ACCOUNT, state="absent", allow_disruption=True).accounts
    assert [result.action for result in results] == ["skipped", "failed"]
    assert "app-0002" in lab.simulator.svm.users


def test_user_that_no_record_holds_is_deleted(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN, accounts=2)
    with lab.watch.outside():
        result = one(lab, "app-0002", state="absent", allow_disruption=True)
    assert (result.action, result.failure) == ("deleted", None)
    assert lab.record("app-0002") is None


def test_comment_of_a_managed_user_is_set(lab_of: OpenLab) -> None:
    lab = lab_of(CHOSEN)
    lab.managed()
    assert one(lab, ACCOUNT, comment="hi").action == "updated"


def test_key_id_of_a_new_key_contradicts_the_store(lab_of: OpenLab) -> None:
    lab = lab_of(TWO_SLOTS)
    exc = raised(one, lab, ACCOUNT, regenerate_keys=True, key_id=1)
    assert exc.kind == "invalid_option"
    assert lab.writes == 0
