# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for single accounts: which of them counts, what is refused, and that many stay cheap."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.credential_info import (
    list_credentials,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.custody import Custody
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.model import Account
from ansible_collections.objectstore.credentials.plugins.module_utils.rotation_rules import (
    AccountRules,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.selection import Selection

from .conftest import OpenLab
from .lab import ACCOUNT, IN_PLACE, UNLABELLED, Lab


def periods(lab: Lab, **params: Any) -> dict[str, int]:
    """Return the max_age in days that each account of a lab is held to."""
    wanted, platform = lab.wanted(**params), lab.open_platform()
    return {
        name: wanted.policy_for(Account(name, lab.ids[name]), platform).max_age.days
        for name in lab.ids
    }


def test_own_entry_counts_before_patterns_and_the_first_pattern_that_fits(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=4)
    policies = [
        {"match": "app-000[12]", "max_age": "40d"},
        {"match": "app-*", "max_age": "50d"},
        {"id": lab.ids["app-0003"], "max_age": "60d"},
        {"name": "app-0001", "max_age": "70d"},
    ]
    found = periods(lab, all=True, policies=policies)
    assert found == {"app-0001": 70, "app-0002": 40, "app-0003": 60, "app-0004": 50}


def test_capitals_are_told_apart(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    assert periods(lab, policies=[{"match": "APP-*", "max_age": "40d"}]) == {ACCOUNT: 90}


def test_users_win_word_by_word(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    wanted = lab.wanted(
        users=[{"name": ACCOUNT, "max_age": "45d", "owner": "storage"}],
        policies=[{"match": "*", "max_age": "60d", "grace_period": "3d", "owner": "nobody"}],
    )
    policy = wanted.policy_for(Account(ACCOUNT, lab.ids[ACCOUNT]), lab.open_platform())
    assert (policy.max_age.days, policy.grace_period.days, policy.owner) == (45, 3, "storage")


def test_policies_rotate_each_account_by_its_own_age(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    lab.later(20)
    outcome = lab.run(all=True, policies=[{"name": "app-0002", "max_age": "30d"}])
    actions = {each.account: each.action for each in outcome.accounts}
    assert actions["app-0002"] == "rotated"
    assert actions[ACCOUNT] != "rotated"


def test_account_of_a_policy_is_not_named_by_it(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.add("app-0009", access_keys=0)
    lab.run(all=True, policies=[{"name": "app-0009", "max_age": "30d"}])
    assert lab.truth("app-0009") == {}


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({"match": "backup-*", "grace_period": "7"}, ("match backup-*", "grace_period", "7d")),
        ({"name": "a", "max_age": "soon"}, ("name a", "max_age", "soon")),
        ({"name": "a", "maxage": "9d"}, ("name a", "maxage")),
        ({"name": "a", "access_key": "AK"}, ("name a", "access_key")),
        ({"max_age": "30d"}, ("neither name, id nor match",)),
        ({"name": "a", "match": "*"}, ("name and match",)),
        ("backup", ("no dictionary",)),
        ({"match": "backup-*", "max_age": "10d"}, ("match backup-*", "grace_period")),
    ],
)
def test_wrong_entry_is_refused_by_its_number_before_anything_is_sent(
    lab_of: OpenLab, entry: Any, named: tuple[str, ...]
) -> None:
    lab = lab_of(UNLABELLED)
    writes = lab.writes
    policies = [{"name": "x", "owner": "a"}, {"name": "y"}, entry]
    with pytest.raises(CredentialsError) as caught:
        lab.run(all=True, policies=policies)
    assert caught.value.kind == "invalid_option"
    for text in ("policies: entry 3", *named):
        assert text in caught.value.message
    assert lab.writes == writes


@pytest.mark.parametrize("given", [5, True, {"AK": 1}, [5], [["AK"]], [None]])
def test_replaces_that_names_no_access_keys_is_refused(lab_of: OpenLab, given: Any) -> None:
    with pytest.raises(CredentialsError, match=r"users: entry 1 .*replaces") as caught:
        lab_of(UNLABELLED).wanted(users=[{"name": ACCOUNT, "replaces": given}])
    assert caught.value.kind == "invalid_option"


def test_two_entries_for_one_account_are_refused(lab_of: OpenLab) -> None:
    with pytest.raises(CredentialsError, match=r"entry 2 \(name a\): entry 1 is"):
        lab_of(UNLABELLED).wanted(all=True, policies=[{"name": "a"}, {"name": "a"}])


def test_thresholds_that_only_together_leave_a_key_no_life_are_refused(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    with pytest.raises(CredentialsError) as caught:
        lab.run(
            users=[{"name": ACCOUNT, "grace_period": "40d"}],
            policies=[{"match": "app-*", "max_age": "50d"}],
            rotate_before="10d",
        )
    assert "policies: entry 1" in caught.value.message
    assert "users: entry 1" in caught.value.message


def test_entry_that_names_nobody_is_warned_of_and_a_pattern_is_not(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    policies = [
        {"name": "app-0002", "owner": "known"},
        {"name": "left-long-ago"},
        {"id": "no-such-id"},
        {"match": "nobody-*"},
    ]
    outcome = lab.run(all=True, exclude=["app-0002"], policies=policies)
    (warning,) = outcome.warnings
    assert "left-long-ago" in warning
    assert "id:no-such-id" in warning
    assert "app-0002" not in warning
    assert "nobody-*" not in warning
    # What is named is not all there is: nothing is known of the others.
    assert not lab.run(policies=policies).warnings


def test_ten_thousand_entries_over_ten_thousand_accounts_are_found_by_name(lab_of: OpenLab) -> None:
    platform = lab_of(UNLABELLED).open_platform()
    entries = [{"name": f"u{number}", "max_age": "30d"} for number in range(10_000)]
    began = time.thread_time()
    rules = AccountRules.parse({"policies": [*entries, {"match": "*", "owner": "all"}]})
    found = [rules.of(Account(f"u{number}", str(number)), platform) for number in range(10_000)]
    assert time.thread_time() - began < 5
    assert {rule.changes["max_age"] for rule in found if rule} == {dt.timedelta(30)}


def reported(lab: Lab, **params: Any) -> dict[str, dict[str, Any]]:
    """Return the lines of a report by account."""
    rows = lab.run(report_path="asked for", **params).rows()
    return {str(row["account"]): row for row in rows}


def audited(lab: Lab, **params: Any) -> dict[str, dict[str, Any]]:
    """Return the lines of an audit by account."""
    with lab.opened() as tools:
        outcome = list_credentials(
            tools.platform,
            Selection.parse({"all": True}),
            max_age=dt.timedelta(90),
            last_used=False,
            parallelism=1,
            custody=Custody(tools.platform, tools.store, "audit", check_mode=True),
            rules=AccountRules.parse(params),
        )
    return {str(row["account"]): row for row in outcome.rows()}


SAME = ("enabled", "managed", "compliance", "record")


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_report_says_what_an_audit_says_and_asks_no_more(lab_of: OpenLab, form: Any) -> None:
    lab = lab_of(form, accounts=3)
    lab.run(users=["app-0001"], adopt="rotate")
    lab.later(30)
    policies = [{"match": "app-*", "max_age": "25d"}]
    lab.log.clear()
    lab.run(all=True, check_mode=True)
    asked = len(lab.log)
    lab.log.clear()
    rows = reported(lab, all=True, check_mode=True, policies=policies, acknowledge="explicit")
    assert len(lab.log) == asked
    audit = audited(lab, policies=policies)
    for name, row in rows.items():
        assert {key: row[key] for key in SAME} == {key: audit[name][key] for key in SAME}
        assert row["access_keys"] == audit[name]["access_keys"]
        assert row["policy"]["max_age"] == audit[name]["policy"]["max_age"] == "25d"
    assert rows["app-0001"]["managed"] is True
    assert rows["app-0002"]["managed"] is False
    assert rows["app-0001"]["acknowledged"] is False


@pytest.mark.parametrize("form", [UNLABELLED, IN_PLACE])
def test_report_after_a_rotation_shows_both_keys_as_they_are_now(
    lab_of: OpenLab, form: Any
) -> None:
    lab = lab_of(form)
    old = lab.managed()
    row = reported(lab, force=True)[ACCOUNT]
    held = {key["access_key"]: (key["held"], key["status"]) for key in row["access_keys"]}
    overlap = {old: ("retiring", "active")} if lab.facts.overlap else {}
    assert held == {lab.current(): ("current", "active"), **overlap}
    assert row["record"]["access_key"] == lab.current()
    assert row["acknowledged"] is True
    assert [key["age_days"] for key in row["access_keys"]] == [0] * len(held)


def test_rows_of_what_failed_or_left_have_the_same_names(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED, accounts=2)
    lab.run(all=True, adopt="rotate")
    rows = reported(lab, users=["app-0001", "nobody"])
    assert set(rows["nobody"]) == set(rows["app-0001"])
    assert rows["nobody"]["managed"] is None
    assert rows["nobody"]["policy"]["max_age"] == "90d"
    # Nothing of it goes into the result.
    returned = lab.run(users=["app-0001"], report_path="asked for", force=True).as_dict()
    assert "policy" not in returned["accounts"][0]
    assert returned["platform_info"]["platform"] == lab.name


def test_reason_and_change_stand_in_the_result_and_in_every_line(lab_of: OpenLab) -> None:
    lab = lab_of(UNLABELLED)
    lab.managed()
    before = len(lab.lines())
    outcome = lab.run(force=True, reason="yearly exercise", change="CHG0031337")
    assert outcome.extra["reason"] == "yearly exercise"
    assert outcome.extra["change"] == "CHG0031337"
    lines = lab.lines()[before:]
    assert lines
    for line in lines:
        assert (line["reason"], line["change"]) == ("yearly exercise", "CHG0031337")
    assert "change" not in lab.run(force=True).extra
    assert "change" not in lab.lines()[-1]


@pytest.mark.parametrize(
    ("form", "verdict"), [(UNLABELLED, "non_compliant"), (IN_PLACE, "compliant")]
)
def test_report_of_an_acknowledgement_forgets_no_old_key_that_works_beside_the_new(
    lab_of: OpenLab, form: Any, verdict: str
) -> None:
    lab = lab_of(form, accounts=1)
    lab.managed()
    lab.later(95)
    lab.one(force=True, acknowledge="explicit")
    users = [{"name": "app-0001", "access_key": lab.current()}]
    row = reported(lab, users=users, state="acknowledged")["app-0001"]
    assert (row["action"], row["compliance"]) == ("acknowledged", verdict)
