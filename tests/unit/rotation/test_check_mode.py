# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: it writes nothing anywhere, and its plan is what the real run then does.

Each form of each platform lives through a whole life; every step is planned before it is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.contract import (
    cells,
)

from .conftest import OpenLab
from .lab import (
    ACCOUNT,
    ADVISORY,
    CHOSEN,
    FRONT,
    IN_PLACE,
    LABELLED,
    NO_DISABLE,
    TWO_KEYS,
    TWO_SLOTS,
    UNLABELLED,
    Form,
    Lab,
)
from .lab_store import is_intended, is_kept

#: One step of a life: its name, what comes before it, and the options of the run.
Step = tuple[str, Optional[Callable[[], Any]], dict[str, Any]]


def tried(lab: Lab, check_mode: bool, params: dict[str, Any]) -> Outcome:
    """Run; an error of the whole endpoint is a result as well."""
    try:
        return lab.run(check_mode=check_mode, **params)
    except CredentialsError as exc:
        return Outcome([AccountResult(None, "failed", failure=exc.failure())])


def told(result: AccountResult, made: dict[str, str]) -> dict[str, Any]:
    """Return what a plan says and a real run does; made: new access keys -> what a plan says."""
    # A second passes between plan and deed.
    times = ("held", "decommissioned")
    after: dict[str, Any] = {k: bool(v) if k in times else v for k, v in result.after.items()}
    if "current" in after:
        after["current"] = made.get(after["current"], after["current"])
    if "retiring" in after:
        after["retiring"] = {made.get(k, k): v for k, v in after["retiring"].items()}
    return {
        "account": result.account,
        "action": result.action,
        "kind": (result.failure or {}).get("kind"),
        "access_key": None if result.access_key in made else result.access_key,
        "previous": result.previous_access_key,
        "changed": result.changed,
        "before": {**result.before, "held": bool(result.before.get("held"))},
        "after": after,
    }


def differences(lab: Lab, name: str, params: dict[str, Any]) -> list[str]:
    """Plan a step, do it, and return what was wrong with the plan."""
    found = []
    files, writes, stored = lab.files(), lab.writes, lab.store_faults.tried
    known = set(lab.simulator.access_keys())
    plan = tried(lab, True, params)
    if lab.writes != writes:
        found.append(f"{name}: check mode wrote to the platform")
    if lab.store_faults.tried != stored:
        found.append(f"{name}: check mode wrote to the secret store")
    if lab.files() != files:
        found.append(f"{name}: check mode changed files")
    real = tried(lab, False, params)
    made = dict.fromkeys(set(lab.simulator.access_keys()) - known, "(made by the platform)")
    planned = [told(result, made) for result in plan.accounts]
    done = [told(result, made) for result in real.accounts]
    if planned != done:
        for one, other in zip(planned, done):
            wrong = {key: (one[key], other[key]) for key in one if one[key] != other[key]}
            if wrong:
                found.append(f"{name}: planned and done: {wrong}; {real.accounts[0].why}")
        if len(planned) != len(done):
            found.append(f"{name}: {len(planned)} planned, {len(done)} done")
    if plan.changed != real.changed:
        found.append(f"{name}: changed {plan.changed} was planned, {real.changed} was so")
    return found


def life(lab: Lab) -> Iterator[Step]:
    """Yield the steps of an account's life, as far as the platform has them."""
    facts = lab.facts

    def days(count: float) -> Callable[[], None]:
        return lambda: lab.later(count)

    yield "unmanaged", None, {}
    if not facts.overlap:
        yield "refused", None, {"adopt": "rotate", "allow_disruption": False}
    yield "adopted", None, {"adopt": "rotate"}
    yield "nothing due", None, {}
    if facts.overlap:
        yield "disabled", days(8), {}
        yield "deleted", days(8), {}
        yield "deleted where it cannot be disabled", days(8), {}
    yield "due", days(90), {}
    yield "forced into a full account", None, {"force": True}
    if facts.overlap:
        yield "rolled back", None, {"state": "rolled_back", "reason": "it failed"}
        yield "held", days(60), {}
    yield "retired", days(20), {"state": "retired"}
    yield "retired again", days(20), {"state": "retired"}
    yield "by rotation_id", None, {"rotation_id": "winter", "acknowledge": "explicit"}
    yield "by the same rotation_id", None, {"rotation_id": "winter", "acknowledge": "explicit"}
    if "email" not in facts.secret_comes_back or lab.usual.get("key_delivery") == "inline":
        wrong = {"state": "acknowledged", "access_key": "ANOTHER"}
        yield "acknowledged with another key", None, wrong
        yield "acknowledged", None, {"state": "acknowledged", "access_key": lab.current()}
        yield "retired after it", days(8), {}
        yield "and deleted", days(8), {}
        yield "and deleted where it cannot be disabled", days(8), {}
        emergency = {"compromised": [lab.current()], "reason": "found in a log"}
        yield "compromised", None, emergency
        yield "compromised again", None, emergency
    yield "after it", days(30), {}
    yield "and after that", days(30), {}


def interrupted(lab: Lab) -> Iterator[Step]:
    """Yield runs after runs that were killed."""
    verb = "create" if lab.facts.overlap else "regenerate"

    def killed(**params: Any) -> None:
        lab.killed(force=True, **params)

    def before_call() -> None:
        lab.store_faults.add("kill after", is_intended)
        killed()

    def before_answer() -> None:
        lab.kill_before_answer(verb)
        killed()

    def after_keep() -> None:
        lab.store_faults.add("kill after", is_kept)
        killed()

    def settling() -> Iterator[Step]:
        for _unused in range(3 if lab.facts.overlap else 0):
            yield "settling down", lambda: lab.later(8), {}

    yield "adopted", None, {"adopt": "rotate"}
    yield from settling()
    yield "killed before the call", before_call, {}
    yield from settling()
    yield "killed before the answer", before_answer, {"force": lab.name == "commvault"}
    yield "the same again", None, {}
    yield from settling()
    if lab.facts.overlap and len(lab.truth()) < (lab.facts.max_keys or 9):
        yield "killed after the pair was kept", after_keep, {}
        yield "after that", None, {}


def live(lab: Lab, steps: Iterator[Step]) -> list[str]:
    """Go through a life and return what was wrong with its plans."""
    found = []
    for name, before, params in steps:
        if before is not None:
            before()
        found += differences(lab, name, params)
    return found


@pytest.mark.parametrize("form", [form for form in cells.FORMS if form != ADVISORY])
def test_plan_of_every_step_is_what_the_real_run_does(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    assert live(lab, life(lab)) == []


@pytest.mark.parametrize("form", [form for form in cells.FORMS if form != ADVISORY])
def test_plan_after_an_interruption_is_what_the_real_run_does(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    assert live(lab, interrupted(lab)) == []


@pytest.mark.parametrize(
    "form", [LABELLED, TWO_KEYS, UNLABELLED, NO_DISABLE, FRONT, IN_PLACE, CHOSEN, TWO_SLOTS]
)
def test_plan_of_a_decommission_is_what_the_real_run_does(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form)
    lab.adopt()
    lab.watch.may_cut = True
    gone: dict[str, Any] = {"state": "decommissioned", "reason": "it is old"}
    found = differences(lab, "refused", {**gone, "allow_disruption": False})
    assert found == []
    for name in ("begun", "soaked", "gone", "again"):
        found += differences(lab, name, {**gone, "allow_disruption": True})
        lab.later(8)
    assert found == []
    assert lab.truth() == {}


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE, CHOSEN, TWO_SLOTS])
def test_plan_over_all_is_what_the_real_run_does(lab_of: OpenLab, form: Form) -> None:
    lab = lab_of(form, accounts=3)
    everybody: dict[str, Any] = {"all": True, "parallelism": 1}
    found = differences(lab, "reported", everybody)
    few = {**everybody, "adopt": "rotate", "max_rotations": 2}
    found += differences(lab, "adopted, two at most", few)
    found += differences(lab, "adopted", {**everybody, "adopt": "rotate"})
    found += differences(lab, "nothing due", everybody)
    lab.later(90)
    found += differences(lab, "due", {**everybody, "exclude": ["app-0002"]})
    found += differences(lab, "the last one", everybody)
    assert found == []


@pytest.mark.parametrize("form", [UNLABELLED, TWO_SLOTS])
def test_plan_of_first_keys_and_imports_is_what_the_real_run_does(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form)
    lab.add("app-0002", 0)
    key = lab.only()
    entry = {"name": ACCOUNT, "access_key": key, "secret_key": lab.simulator.secret_of(key)}
    found = differences(lab, "first key", {"users": ["app-0002"]})
    found += differences(lab, "imported", {"users": [entry], "adopt": "import"})
    found += differences(lab, "again", {})
    assert found == []


def test_plan_does_not_invent_access_keys(lab_of: OpenLab) -> None:
    for form in (UNLABELLED, IN_PLACE, CHOSEN, TWO_SLOTS):
        lab = lab_of(form)
        lab.adopt()
        lab.settle_down()
        plan = lab.one(check_mode=True, force=True)
        assert plan.action == "rotated"
        assert plan.access_key is None
        assert plan.previous_access_key == lab.current()


def test_plan_says_what_it_cannot_know(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    outcome = lab.run(check_mode=True, adopt="rotate")
    assert "secret store" in str(outcome.extra["not_known"])
    assert "not_known" not in lab.run(adopt="rotate").extra


def test_check_mode_takes_no_lock_and_waits_for_none(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.adopt()
    slept = lab.clock.slept
    with lab.opened() as tools:
        from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
            Place,
        )

        with tools.store.lease(Place(lab.name, "lab", ACCOUNT)):
            plan = lab.one(check_mode=True, force=True)
    assert plan.action == "rotated"
    assert lab.clock.slept == slept


def test_listing_that_may_make_a_key_is_not_asked_in_check_mode(lab_of: OpenLab) -> None:
    lab = lab_of(ADVISORY)
    for params in ({}, {"adopt": "rotate"}, {"force": True}):
        writes = lab.writes
        plan = lab.one(check_mode=True, **params)
        assert plan.failure is not None
        assert plan.failure["kind"] == "side_effect_refused"
        assert "check mode" in plan.failure["message"]
        assert lab.writes == writes
        lab.adopt() if params.get("adopt") else None


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_plan_of_a_strict_list_that_stops_is_what_the_real_run_does(
    lab_of: OpenLab, form: Form
) -> None:
    lab = lab_of(form, accounts=3)
    everybody: dict[str, Any] = {"all": True, "parallelism": 1}
    lab.run(**everybody, adopt="rotate")
    if lab.facts.can_disable:
        lab.set_key(lab.current("app-0002"), "inactive", "app-0002")
    else:
        lab.regenerate("app-0002")
    wanted = {**everybody, "rotation_id": "winter", "strict": True}
    assert differences(lab, "stopped", wanted) == []
    assert lab.last is not None
    assert not lab.last.changed


def test_a_rehearsal_without_a_vault_password_fails_as_the_real_run_would(
    lab_of: OpenLab,
) -> None:
    lab = lab_of(LABELLED)
    lab.password = None  # type: ignore[assignment]
    failures = []
    for check_mode in (True, False):
        with pytest.raises(CredentialsError) as caught:
            lab.run(check_mode=check_mode, adopt="rotate")
        failures.append(caught.value.failure())
    assert failures[0] == failures[1]
    assert "no vault password" in failures[0]["message"]
    assert lab.writes == 0

    # States are read without one, so that what has nothing to do is told.
    assert lab.run(check_mode=True, adopt="report").accounts[0].action == "unmanaged"
