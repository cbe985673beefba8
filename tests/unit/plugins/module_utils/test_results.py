# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module gives back."""

from __future__ import annotations

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    ACTIONS,
    FAILED_ACTIONS,
    MOST_BESIDE_REPORT,
    QUIET_ACTIONS,
    AccountResult,
    Outcome,
    failed,
    skipped,
)

NAMES = {
    *("account", "account_id", "action", "access_key", "previous_access_key"),
    *("created_at", "due_at", "why", "details", "failure"),
}


def result(account: str, action: str, **fields: object) -> AccountResult:
    """Return a result."""
    return AccountResult(account=account, action=action, **fields)  # type: ignore[arg-type]  # tests


@pytest.mark.parametrize("action", ACTIONS)
def test_changed_follows_the_action(action: str) -> None:
    assert result("a", action).changed is (action not in QUIET_ACTIONS)
    assert result("a", action, touched=True).changed


def test_only_what_failed_and_what_drifted_fails_the_task() -> None:
    assert [a for a in ACTIONS if result("a", a).has_failed] == ["drifted", "failed"]
    assert set(FAILED_ACTIONS) < set(QUIET_ACTIONS) < set(ACTIONS)
    outcome = Outcome([result("a", a) for a in ("busy", "skipped", "unmanaged", "announced")])
    assert "failure" not in outcome.as_dict()
    assert not outcome.changed


def test_busy_result_carries_no_failure_and_drifted_does() -> None:
    busy = failed(CredentialsError("busy", "another run is at it"), result("a", "skipped"))
    assert (busy.action, busy.failure, busy.why) == ("busy", None, "another run is at it")
    drifted = failed(CredentialsError("drifted", "who did that"), result("b", "skipped"))
    assert drifted.action == "drifted"
    outcome = Outcome([busy, drifted])
    outcome.place(platform="one")
    assert outcome.as_dict()["failure"]["kind"] == "drifted"
    assert outcome.as_dict()["failure"]["platform"] == "one"
    assert outcome.as_dict()["msg"].startswith("1 of 2 failed; the first: b: who did that.")


def test_result_has_every_documented_name() -> None:
    assert set(result("a", "listed").as_dict()) == NAMES
    assert result("a", "listed", extra={"access_keys": []}).as_dict()["access_keys"] == []


def test_failed_result_keeps_what_identifies_it() -> None:
    error = CredentialsError("permission", "no right", account="of the error")
    bad = failed(error, result("a", "skipped", account_id="1", access_key="AK", created_at="t"))
    assert (bad.account, bad.account_id, bad.access_key, bad.created_at) == ("a", "1", "AK", "t")
    assert (bad.action, bad.why, bad.stops_endpoint) == ("failed", "no right", True)
    assert bad.failure == error.failure()


def test_failed_result_of_nobody_takes_the_account_of_the_error() -> None:
    error = CredentialsError("not_found", "no", account="of the error")
    assert failed(error, AccountResult(account=None, action="skipped")).account == "of the error"


def test_skipped_result_keeps_what_identifies_it() -> None:
    left = skipped(result("a", "unchanged", account_id="1", access_key="AK"))
    assert (left.account, left.account_id, left.access_key) == ("a", "1", "AK")
    assert (left.action, left.changed) == ("skipped", False)
    assert left.why


def test_outcome_counts_by_action_and_adds_its_own() -> None:
    outcome = Outcome([result(n, a) for n, a in zip("abc", ["updated", "updated", "failed"])])
    outcome.totals = {"keys": 9}
    outcome.extra = {"more": 1}
    returned = outcome.as_dict()
    assert returned["totals"] == {"failed": 1, "updated": 2, "keys": 9}
    assert returned["changed"] is True
    assert returned["more"] == 1
    assert len(returned["accounts"]) == 3


def test_outcome_without_change_is_unchanged() -> None:
    outcome = Outcome([result("a", "unchanged"), result("b", "listed")])
    assert outcome.as_dict()["changed"] is False
    assert "failure" not in outcome.as_dict()
    assert "msg" not in outcome.as_dict()
    assert Outcome().as_dict() == {"changed": False, "accounts": [], "totals": {}}


def test_message_of_a_single_account_is_its_own() -> None:
    error = CredentialsError("not_found", "There is no a.", next_step="Look.")
    outcome = Outcome([failed(error, result("a", "skipped"))])
    assert outcome.as_dict()["msg"] == "There is no a. Look."
    assert outcome.as_dict()["failure"]["kind"] == "not_found"


def test_message_of_many_counts_and_names_the_first() -> None:
    error = CredentialsError("not_found", "There is no b.", next_step="Look.")
    accounts = [result("a", "updated"), failed(error, result("b", "skipped", access_key="AK"))]
    message = Outcome(accounts).as_dict()["msg"]
    assert message == "1 of 2 failed; the first: b AK: There is no b. Look."


def test_place_fills_only_what_failures_do_not_know() -> None:
    known = CredentialsError("not_found", "no", platform="known")
    unknown = CredentialsError("not_found", "no")
    outcome = Outcome([failed(e, result("a", "skipped")) for e in (known, unknown)])
    outcome.place(platform="new", endpoint="lab")
    failures = [r.failure for r in outcome.failures if r.failure]
    assert [f["platform"] for f in failures] == ["known", "new"]
    assert [f["endpoint"] for f in failures] == ["lab", "lab"]


def test_diff_shows_only_what_changed() -> None:
    outcome = Outcome(
        [
            result("a", "disabled", access_key="AK", before={"status": "x"}, after={"status": "y"}),
            result("b", "unchanged", before={"status": "x"}, after={"status": "x"}),
        ]
    )
    assert "diff" not in outcome.as_dict()
    assert outcome.as_dict(diff=True)["diff"] == [
        {
            "before_header": "a AK",
            "after_header": "a AK",
            "before": {"status": "x"},
            "after": {"status": "y"},
        }
    ]


def many() -> Outcome:
    """Return an outcome of a thousand accounts, half of them failed, one with a secret."""
    error = CredentialsError("not_found", "no")
    accounts = [result(f"g{n}", "rotated", before={"n": 0}, after={"n": 1}) for n in range(499)]
    accounts += [failed(error, result(f"b{n}", "skipped")) for n in range(500)]
    accounts.append(result("s", "rotated", extra={"secret_key": "x"}))
    return Outcome(accounts)


def test_beside_a_report_only_failures_and_secrets_are_returned() -> None:
    returned = many().as_dict(diff=True, report_path="/r.jsonl")
    assert returned["report_path"] == "/r.jsonl"
    assert returned["totals"] == {"failed": 500, "rotated": 500}
    assert returned["changed"] is True
    assert returned["msg"].startswith("500 of 1000 failed")
    assert [row["action"] for row in returned["accounts"]] == (
        ["failed"] * MOST_BESIDE_REPORT + ["rotated"]
    )
    assert returned["accounts"][-1]["secret_key"] == "x"
    assert len(returned["diff"]) == MOST_BESIDE_REPORT
    assert "report_path" not in many().as_dict()
    assert len(many().as_dict()["accounts"]) == 1000
    assert len(list(many().rows())) == 1000


def test_unchanged_accounts_are_only_counted_when_nobody_asks_for_them() -> None:
    accounts = [result("a", "unchanged"), result("b", "updated"), result("c", "unchanged")]
    accounts[2].touched = True
    returned = Outcome(accounts).as_dict(report_unchanged=False)
    assert [row["account"] for row in returned["accounts"]] == ["b", "c"]
    assert returned["totals"] == {"unchanged": 2, "updated": 1}


def test_what_ansible_prints_as_it_is_acts_on_no_terminal() -> None:
    name = "evil\x1b[31m\x9b\u202e"
    error = CredentialsError("rejected", f"no such account {name}")
    bad = failed(error, AccountResult(name, "unchanged", before={"a": 1}, after={"a": 2}))
    bad.before, bad.after = {"a": 1}, {"a": 2}
    moved = AccountResult(name, "updated", why=f"renamed from {name}")

    told = Outcome([bad, moved]).as_dict(diff=True)

    printed = [told["msg"], told["accounts"][1]["why"]]
    printed += [each[f"{side}_header"] for each in told["diff"] for side in ("before", "after")]
    assert all(text.isprintable() for text in printed), printed
    # A machine gets the name as it is: it finds the account by it.
    assert told["accounts"][0]["account"] == name
