# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says of accounts and endpoints, and how slices of one job become one report."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report import (
    Document,
    document_of,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_files import (
    json_of,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.fleet_report_summary import (
    told_of,
)
from ansible_collections.objectstore.credentials.tests.unit.report_fleet import (
    NOW,
    Fleet,
    account_row,
    broken,
    days,
    excepted,
    key_row,
    rotated,
    unmanaged,
    written,
)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A folder for runs."""
    return Fleet(tmp_path)


def report_of(fleet: Fleet, **params: Any) -> Document:
    """Return the report of a fleet."""
    params.setdefault("endpoints", fleet.endpoints)
    params.setdefault("max_age", dt.timedelta(days=90))
    return document_of(params, NOW, params.pop("last_success", {}))


def one(fleet: Fleet, row: dict[str, Any], **host: Any) -> dict[str, Any]:
    """Return what a report says of a single account."""
    fleet.add("huawei", "eu-de", [row], **host)
    (line,) = report_of(fleet)["accounts"]
    assert isinstance(line, dict)
    return line


def found(document: Document, word: str) -> dict[str, Any]:
    """Return the only finding of a kind."""
    (finding,) = [each for each in document["findings"] if each["id"] == word]
    assert isinstance(finding, dict)
    return finding


def words(document: Document) -> set[str]:
    """Return the kinds of findings."""
    return {finding["id"] for finding in document["findings"]}


# --- compliance -----------------------------------------------------------------------------------


def test_account_within_its_limit_is_compliant_and_no_finding(fleet: Fleet) -> None:
    line = one(fleet, account_row("app", age=89))
    assert (line["compliance"], line["is_overdue"], line["overdue_days"]) == (
        *("COMPLIANT", False, None),
    )
    document = report_of(fleet)
    assert document["findings"] == []
    assert document["status"] == "good"
    assert document["summary"]["compliant_percent"] == 100


def test_account_beyond_its_limit_is_overdue_by_days(fleet: Fleet) -> None:
    line = one(fleet, account_row("app", age=97))
    assert (line["compliance"], line["is_overdue"], line["overdue_days"]) == (
        *("NON_COMPLIANT", True, 7),
    )
    document = report_of(fleet)
    assert document["status"] == "act"
    finding = found(document, "overdue")
    assert finding["level"] == "act"
    assert finding["concerns"][0]["account"] == "app"
    assert "97 days old, the limit is 90" in finding["concerns"][0]["text"]
    assert "1 account overdue" in document["status_line"]


def test_old_key_that_still_works_counts_although_the_current_one_is_new(fleet: Fleet) -> None:
    row = account_row("app", age=1)
    row["access_keys"].append(key_row("OLD", 200, held="retiring"))
    row["compliance"] = "non_compliant"
    line = one(fleet, row)
    assert line["age_days"] == 200
    assert line["is_overdue"]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("current", "200 days old, the limit is 90; "),
        ("retiring", "OLD, which retires: 200 days old, the limit is 90; "),
        ("unknown", "OLD, which no record knows: 200 days old, the limit is 90; "),
    ],
)
def test_overdue_key_is_named_where_a_rotation_would_not_end_it(
    fleet: Fleet, held: str, said: str
) -> None:
    row = account_row("app", age=1, compliance="non_compliant")
    row["access_keys"].append(key_row("OLD", 200, held=held))
    fleet.add("huawei", "eu-de", [row])
    (concern,) = found(report_of(fleet), "overdue")["concerns"]
    assert concern["text"] == f"{said}unchanged: nothing is due"


def test_key_that_nobody_manages_is_overdue_by_itself(fleet: Fleet) -> None:
    fleet.add("huawei", "eu-de", [unmanaged("app")])
    (concern,) = found(report_of(fleet), "overdue")["concerns"]
    assert concern["text"].startswith("400 days old, the limit is 90; ")


def test_key_without_a_date_is_named_where_it_is_not_the_current_one(fleet: Fleet) -> None:
    row = account_row("app", age=1, compliance="insufficient_data")
    row["access_keys"].append(key_row("OLD", 0, held="retiring", created_at=None, age_days=None))
    fleet.add("ceph_rgw", "zone", [row])
    (concern,) = found(report_of(fleet), "no_age")["concerns"]
    assert concern["text"] == "OLD, which retires: nothing is due"


def test_old_key_that_is_disabled_or_expired_does_not_count(fleet: Fleet) -> None:
    row = account_row("app", age=1)
    row["access_keys"] += [
        key_row("OFF", 300, status="inactive", compliance="not_applicable"),
        key_row("END", 400, expired=True, compliance="not_applicable"),
    ]
    line = one(fleet, row)
    assert line["age_days"] == 1
    assert line["overlap"] is None


def test_line_without_audit_fields_is_judged_by_its_date_and_the_default_limit(
    fleet: Fleet,
) -> None:
    fleet.add(
        "commvault",
        "cell",
        [
            {"account": "old", "action": "unchanged", "created_at": days(100)},
            {"account": "new", "action": "rotated", "created_at": days(0)},
            {"account": "unseen", "action": "unchanged"},
        ],
    )
    lines = {line["account"]: line for line in report_of(fleet)["accounts"]}
    assert lines["old"]["compliance"] == "NON_COMPLIANT"
    assert lines["new"]["compliance"] == "COMPLIANT"
    assert lines["unseen"]["compliance"] == "INSUFFICIENT_DATA"
    longer = report_of(fleet, max_age=dt.timedelta(days=120))
    assert longer["summary"]["non_compliant"] == 0


def test_share_of_compliant_accounts_is_never_rounded_up_to_all(fleet: Fleet) -> None:
    rows = [account_row(f"app-{number}") for number in range(999)]
    fleet.add("huawei", "eu-de", [*rows, account_row("late", age=91)])
    assert report_of(fleet)["summary"]["compliant_percent"] == 99.9


def test_accounts_without_a_working_key_are_no_part_of_the_share(fleet: Fleet) -> None:
    row = account_row("off", age=300, compliance="not_applicable")
    row["access_keys"][0]["status"] = "inactive"
    fleet.add("huawei", "eu-de", [row, account_row("app")])
    summary = report_of(fleet)["summary"]
    assert summary["not_applicable"] == 1
    assert summary["compliant_percent"] == 100


# --- exceptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_left", [False, True])
def test_decommissioned_account_without_keys_is_no_part_of_the_share(
    fleet: Fleet, is_left: bool
) -> None:
    ended = {
        **account_row("gone", access_keys=[], compliance="insufficient_data", managed=False),
        "record": {"state": "decommissioned"},
        "details": {"left": True} if is_left else {},
    }
    fleet.add("ose", "osis", [ended, account_row("app")])
    document = report_of(fleet)
    verdicts = {line["account"]: line["compliance"] for line in document["accounts"]}
    assert verdicts == {"gone": "NOT_APPLICABLE", "app": "COMPLIANT"}
    assert document["summary"]["compliant_percent"] == 100
    assert "no_age" not in words(document)


def test_decommissioned_account_whose_key_still_works_is_judged_by_it(fleet: Fleet) -> None:
    row = {
        **account_row("back", access_keys=[key_row("K", 200)], compliance="non_compliant"),
        "record": {"state": "decommissioned"},
    }
    assert one(fleet, row)["compliance"] == "NON_COMPLIANT"


def test_valid_exception_excuses_and_stays_non_compliant(fleet: Fleet) -> None:
    line = one(fleet, excepted("nas", until=-30, expired=False))
    assert line["compliance"] == "NON_COMPLIANT"
    assert not line["is_overdue"]
    document = report_of(fleet)
    assert found(document, "exception")["level"] == "note"
    assert "overdue" not in words(document)
    assert sum(column["excused"] for column in document["histogram"]) == 1


def test_ended_exception_excuses_nothing_and_is_named(fleet: Fleet) -> None:
    line = one(fleet, excepted("nas", until=4, expired=True))
    assert line["is_overdue"]
    document = report_of(fleet)
    assert "J. Doe" in found(document, "expired")["concerns"][0]["text"]
    assert {"overdue", "expired"} <= words(document)


@pytest.mark.parametrize("until", [None, "", "some day", days(1)])
def test_exception_whose_end_is_past_or_cannot_be_read_excuses_nothing(
    fleet: Fleet, until: Any
) -> None:
    row = account_row("nas", age=120)
    row["policy"]["exception"] = {"reason": "old", "approver": "J. Doe", "until": until}
    assert one(fleet, row)["is_overdue"]


def test_account_left_out_is_a_finding_unless_an_exception_covers_it(fleet: Fleet) -> None:
    left_out = {"nas-1": "excluded", "nas-2": "excluded", "test": "excluded"}
    until = {"reason": "appliance", "approver": "J. Doe", "until": days(-10)}
    past = {"reason": "appliance", "approver": "J. Doe", "until": days(10)}
    policies = [
        {"name": "test", "exception": past},
        {"match": "nas-*", "exception": until},
    ]
    fleet.add("huawei", "eu-de", [account_row("app")], left_out=left_out, policies=policies)
    finding = found(report_of(fleet), "left_out")
    assert [row["account"] for row in finding["concerns"]] == ["test"]
    assert finding["level"] == "look"


def test_suspended_accounts_are_counted_and_no_finding(fleet: Fleet) -> None:
    left_out = {"gone": "suspended; name it to include it"}
    fleet.add("huawei", "eu-de", [account_row("app")], left_out=left_out)
    document = report_of(fleet)
    assert document["summary"]["suspended"] == 1
    assert document["findings"] == []


def test_accounts_left_out_that_nobody_named_are_told_of(fleet: Fleet) -> None:
    totals = {"accounts": 1, "left_out": 250}
    fleet.add("huawei", "eu-de", [account_row("app")], totals=totals)
    document = report_of(fleet)
    assert document["summary"]["left_out"] == 250
    assert "250 more" in found(document, "left_out")["concerns"][0]["text"]


# --- overlap, use, unknown keys -------------------------------------------------------------------


def test_overlap_counts_from_the_day_the_old_key_began_to_retire(fleet: Fleet) -> None:
    line = one(fleet, rotated("app", old_days=5))
    assert line["overlap"]["since"] == days(5)
    assert line["overlap"]["days"] == 5
    assert not line["overlap"]["too_long"]
    assert report_of(fleet)["summary"]["mean_overlap_days"] == 5


@pytest.mark.parametrize(
    ("can_disable", "lasted", "too_long"),
    [(True, 14, False), (True, 15, True), (False, 21, False), (False, 22, True)],
)
def test_overlap_is_too_long_a_week_after_it_should_have_ended(
    fleet: Fleet, can_disable: bool, lasted: int, too_long: bool
) -> None:
    row = rotated("app", old_days=lasted)
    line = one(fleet, row, facts={"overlap": True, "can_disable": can_disable})
    assert line["overlap"]["too_long"] is too_long
    assert ("overlap" in words(report_of(fleet))) is too_long


def test_two_keys_that_no_record_explains_overlap_since_the_second_was_made(fleet: Fleet) -> None:
    row = account_row("app", age=60)
    row["access_keys"].append(key_row("AKOTHER", 40, held="unknown"))
    line = one(fleet, row)
    assert line["overlap"]["since"] == days(40)
    assert line["unknown_keys"] == ["AKOTHER"]
    document = report_of(fleet)
    assert "AKOTHER" in found(document, "unknown_keys")["concerns"][0]["text"]


def test_keys_of_an_unmanaged_account_are_one_finding_not_two(fleet: Fleet) -> None:
    fleet.add("huawei", "eu-de", [unmanaged("stray")])
    document = report_of(fleet)
    assert found(document, "unmanaged")["count"] == 1
    assert "unknown_keys" not in words(document)
    assert document["summary"]["unmanaged"] == 1


def test_suspects_are_unexplained_keys(fleet: Fleet) -> None:
    row = account_row("app")
    row["record"]["suspects"] = ["AKLOST"]
    one(fleet, row)
    assert "AKLOST" in found(report_of(fleet), "unknown_keys")["concerns"][0]["text"]


@pytest.mark.parametrize(
    ("used", "age", "never", "is_finding"),
    [
        ("never", 50, True, True),
        ("never", 10, True, False),
        (days(1), 50, False, False),
        ("unknown", 50, None, False),
    ],
)
def test_key_never_used_is_told_and_is_a_finding_after_45_days(
    fleet: Fleet, used: str, age: int, never: Any, is_finding: bool
) -> None:
    row = account_row("app", age=age)
    row["access_keys"][0]["last_used"] = used
    assert one(fleet, row)["never_used_since_created"] is never
    assert ("never_used" in words(report_of(fleet))) is is_finding


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"acknowledged": False}, "waiting"),
        ({"record": {"state": "managed", "access_key": "AK", "verified": False}}, "unverified"),
        ({"record": {"state": "pending", "pending_since": days(2)}}, "pending"),
        ({"action": "busy", "why": "another run"}, "busy"),
        ({"action": "still_used", "why": "AKOLD was used"}, "still_used"),
        ({"action": "still_honoured", "why": "AKOLD is revoked"}, "still_honoured"),
        ({"action": "skipped", "why": "not started after an earlier failure"}, "skipped"),
        ({"action": "skipped", "details": {"window": {"after_limit": False}}}, "window"),
        ({"details": {"left": True}, "action": "skipped", "why": "it has left"}, "left"),
        (
            {"details": {"window": {"after_limit": True, "next_opens": "2027-01-01T00:00:00Z"}}},
            "after_limit",
        ),
    ],
)
def test_what_needs_a_look_is_a_finding_with_a_next_step(
    fleet: Fleet, change: dict[str, Any], word: str
) -> None:
    assert one(fleet, account_row("app", **change))["account"] == "app"
    finding = found(report_of(fleet), word)
    assert finding["count"] == 1
    assert finding["next_step"]


def test_compromised_key_that_is_not_proven_dead_is_urgent(fleet: Fleet) -> None:
    row = rotated("app")
    row["record"]["retiring"][0].update(compromised=True, disabled_at=days(0))
    fleet.add("huawei", "eu-de", [row])
    assert "compromised" not in words(report_of(fleet))
    row["record"]["retiring"][0]["honoured_at"] = days(0)
    other = Fleet(fleet.folder)
    other.add("ose", "west", [row])
    assert found(report_of(other), "compromised")["level"] == "act"


# --- endpoints ------------------------------------------------------------------------------------


def test_endpoint_that_failed_early_is_named_with_what_to_do(fleet: Fleet) -> None:
    fleet.add("huawei", "eu-de", [account_row("app")])
    failure = {"kind": "unreachable", "message": "refused", "next_step": "Check api_url."}
    fleet.endpoints.append({"platform": "ontap", "endpoint": "cluster1", "failure": failure})
    fleet.endpoints.append({"host": "silent"})
    document = report_of(fleet)
    assert document["summary"]["endpoints_finished"] == 1
    assert document["status_line"].startswith("1 of 3 endpoints finished")
    told = [each for each in document["findings"] if each["id"] == "endpoints"]
    assert {each["next_step"] for each in told} >= {"Check api_url."}
    assert {row["text"] for each in told for row in each["concerns"]} == {"refused", "no result"}


@pytest.mark.parametrize(
    ("kind", "account", "finished"),
    [
        ("verification_failed", "bad", True),
        ("timeout", "bad", False),
        ("verification_failed", None, False),
        ("of_another_release", "bad", False),
    ],
)
def test_failure_of_one_account_in_a_result_is_not_the_endpoints(
    fleet: Fleet, kind: str, account: Any, finished: bool
) -> None:
    failure = {"kind": kind, "account": account, "message": "refused"}
    fleet.add("huawei", "eu", [account_row("app"), broken("bad")], failure=failure)
    document = report_of(fleet)
    assert document["endpoints"][0]["finished"] is finished
    assert ("endpoints" in words(document)) is not finished
    assert success(document, "eu") is None


def test_status_line_says_that_nothing_was_looked_at_and_where(fleet: Fleet) -> None:
    failure = {"step": "preflight", "message": "the secret store refuses"}
    for name in ("cloud", "cluster"):
        fleet.endpoints.append({"host": name, "endpoint": name, "failure": failure})
    document = report_of(fleet)
    assert document["status_line"] == (
        "0 of 2 endpoints finished, no account was looked at, not finished: cloud, cluster"
    )
    # What Ansible itself refused has no kind, and a reason all the same.
    assert found(document, "endpoints")["title"] == "Endpoints that did not finish: each says why"


@pytest.mark.parametrize(
    ("check_mode", "said"),
    [(False, "2 of 3 accounts changed"), (True, "2 of 3 accounts would change")],
)
def test_status_line_says_how_much_was_done(fleet: Fleet, check_mode: bool, said: str) -> None:
    rows = [rotated("a"), rotated("b"), account_row("c")]
    fleet.add("huawei", "eu-de", rows, check_mode=check_mode)
    assert report_of(fleet)["status_line"] == (
        f"1 of 1 endpoint finished, {said}, none failed or overdue"
    )


def test_what_failed_and_changed_is_told_failures_first_and_no_longer_than_a_screen(
    fleet: Fleet,
) -> None:
    steps = ["rotated: compromised: INC1", "disabled: OLD is disabled"]
    emergency = account_row("leaked", action="rotated", access_key="NEW", details={"steps": steps})
    fleet.add("huawei", "eu", [emergency, account_row("quiet"), broken("bad\x1b[31m")])
    told = told_of(report_of(fleet)["accounts"])
    assert told[0].startswith("eu: bad\\u001b[31m AK")
    assert told[0].endswith(": failed: The S3 service refuses the new pair.")
    assert told[1:] == [f"eu: leaked NEW: {'; '.join(steps)}"]
    fleet.add("ose", "west", [rotated(f"a-{number:03d}" + "x" * 999) for number in range(30)])
    told = told_of(report_of(fleet)["accounts"])
    assert len(told) == 21
    assert told[-1] == "and 12 more accounts: see the report"
    assert max(map(len, told)) == 200


def test_failure_around_that_of_a_module_is_one_failure(fleet: Fleet) -> None:
    inner = {"kind": "unreachable", "message": "refused", "next_step": "Check api_url."}
    trouble = {"step": "preflight", "message": "No connection: refused.", "failure": inner}
    fleet.endpoints.append({"platform": "ontap", "endpoint": "c1", "failure": trouble})
    fleet.endpoints.append(
        {
            "platform": "ontap",
            "endpoint": "c2",
            "totals": {"accounts": 1},
            "failure": {"step": "canary", "message": "Not started.", "failure": {}},
        }
    )
    document = report_of(fleet)
    assert document["summary"]["endpoints_finished"] == 0
    texts = {row["text"] for each in document["findings"] for row in each["concerns"]}
    assert texts == {"No connection: refused.", "Not started."}
    assert "Check api_url." in {each["next_step"] for each in document["findings"]}


def test_failures_come_by_kind_with_what_is_alive(fleet: Fleet) -> None:
    fleet.add("huawei", "eu-de", [broken("a"), broken("b"), account_row("c")])
    document = report_of(fleet)
    finding = found(document, "failed")
    assert finding["count"] == 2
    assert finding["next_step"].startswith("Look at verify.s3_url")
    assert "Alive: AK" in finding["concerns"][0]["text"]
    assert document["summary"]["failed"] == 2


def test_consumer_that_failed_is_named(fleet: Fleet) -> None:
    consumers = [{"name": "k8s", "accounts": ["a", "b"], "failed": True, "message": "503"}]
    fleet.add("huawei", "eu-de", [account_row("app")], consumers=consumers)
    assert "k8s (2 accounts): 503" in found(report_of(fleet), "consumers")["concerns"][0]["text"]


def test_file_of_accounts_that_is_gone_or_broken_is_a_finding_and_no_error(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.add("huawei", "eu-de", [account_row("app")])
    path = Path(fleet.endpoints[0]["report_path"])
    path.write_text(path.read_text() + "{half a li\n[1]\n")
    fleet.endpoints.append(
        {"platform": "ontap", "endpoint": "c1", "report_path": str(tmp_path / "none.jsonl")}
    )
    document = report_of(fleet)
    assert len(document["accounts"]) == 1
    told = " ".join(
        row["text"]
        for each in document["findings"]
        for row in each["concerns"]
        if not row["account"]
    )
    assert "2 lines are no JSON" in told
    assert "none.jsonl: No such file" in told
    assert document["summary"]["endpoints_finished"] == 0


def test_journal_checks_of_a_run_that_are_not_sound_are_urgent(fleet: Fleet) -> None:
    checks = [
        {"chain": "huawei/eu-de/1", "state": "intact", "lines": 3},
        {"chain": "huawei/eu-de/2", "state": "cut", "message": "2 lines are gone", "lines": 1},
    ]
    fleet.add("huawei", "eu-de", [account_row("app")], journal_checks=checks)
    document = report_of(fleet)
    assert "2 lines are gone" in found(document, "journal")["concerns"][0]["text"]
    assert document["summary"]["journal_unsound"] == 1


# --- last success ---------------------------------------------------------------------------------


def success(document: Document, endpoint: str) -> Any:
    """Return when an endpoint last succeeded."""
    (row,) = [each for each in document["endpoints"] if each["endpoint"] == endpoint]
    return row["last_success"]


def test_run_without_failure_is_a_success_and_one_with_a_failure_is_not(fleet: Fleet) -> None:
    fleet.add("huawei", "good", [account_row("a"), unmanaged("b")])
    fleet.add("huawei", "bad", [account_row("a"), broken("b")])
    fleet.add("huawei", "dry", [account_row("a")], check_mode=True)
    fleet.add("huawei", "audit", [account_row("a")], mode="audit")
    fleet.add("huawei", "named", [account_row("a")], mode="acknowledge")
    document = report_of(fleet)
    assert success(document, "good") == days(0)
    assert [success(document, name) for name in ("bad", "dry", "audit", "named")] == [None] * 4


def test_last_success_outlives_a_run_that_failed(fleet: Fleet) -> None:
    fleet.add("huawei", "bad", [broken("b")])
    document = report_of(fleet, last_success={("huawei", "bad", ""): days(1)})
    assert success(document, "bad") == days(1)


def test_endpoint_in_shards_has_succeeded_when_its_last_shard_has(fleet: Fleet) -> None:
    earlier = NOW - dt.timedelta(hours=3)
    fleet.add("huawei", "eu", [account_row("a")], shard="1/2", at=earlier)
    fleet.add("huawei", "eu", [account_row("b")], shard="2/2")
    assert success(report_of(fleet), "eu") == "2026-11-28T00:00:00Z"
    fleet.endpoints[1]["totals"]["failed"] = 1
    assert success(report_of(fleet), "eu") is None


# --- merging --------------------------------------------------------------------------------------


def saved(fleet: Fleet, name: str, **params: Any) -> str:
    """Write a report as the module does and return its path."""
    path = fleet.folder / f"{name}.json"
    path.write_text(json_of(report_of(fleet, **params)))
    return str(path)


@pytest.mark.parametrize("name", ["hosts", "accounts", "journals", "made_at"])
def test_a_report_to_merge_that_lacks_a_part_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu-de", [rotated("app")])
    path = Path(saved(fleet, "one"))
    document = json.loads(path.read_text())
    document["hosts"][0]["seen_at"] = None
    del document[name]
    path.write_text(json.dumps(document))
    with pytest.raises(CredentialsError) as caught:
        written(Fleet(tmp_path), endpoints=[], merge=[str(path)], path=str(tmp_path / "new"))
    assert caught.value.kind == "invalid_option"
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize(("part", "name"), [("journals", "message"), ("hosts", "unread")])
def test_a_part_to_merge_that_says_less_than_it_should_is_refused(
    tmp_path: Path, part: str, name: str
) -> None:
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu-de", [rotated("app")])
    path = Path(saved(fleet, "one", journal=str(fleet.journal)))
    document = json.loads(path.read_text())
    del document[part][0][name]
    path.write_text(json.dumps(document))
    with pytest.raises(CredentialsError, match="not as s3_rotation_report wrote it") as caught:
        written(Fleet(tmp_path), endpoints=[], merge=[str(path)], path=str(tmp_path / "new"))
    assert caught.value.kind == "invalid_option"
    assert not list((tmp_path / "new").iterdir())


def test_an_age_beyond_all_time_is_unknown(tmp_path: Path) -> None:
    row = account_row("app", 10)
    row["created_at"] = row["record"]["created_at"] = None
    row["record"]["age_days"] = 10**12
    row["access_keys"] = []
    fleet = Fleet(tmp_path)
    fleet.add("huawei", "eu-de", [row])
    assert report_of(fleet)["accounts"][0]["age_days"] is None


def test_merged_slices_are_as_one_report_of_all(tmp_path: Path) -> None:
    whole, first, second = Fleet(tmp_path), Fleet(tmp_path), Fleet(tmp_path)
    for number in range(1, 5):
        rows = [rotated(f"app-{number}-{each}") for each in range(3)]
        rows.append(broken(f"bad-{number}"))
        part = first if number % 2 else second
        part.add("huawei", "eu-de", rows, shard=f"{number}/4")
        whole.endpoints.append(part.endpoints[-1])
    merged = report_of(
        Fleet(tmp_path), endpoints=[], merge=[saved(first, "one"), saved(second, "two")]
    )
    direct = report_of(whole)
    for name in ("summary", "findings", "histogram", "endpoints", "accounts", "journals"):
        assert merged[name] == direct[name], name
    assert merged["summary"]["accounts"] == 16
    assert merged["endpoints"][0]["shards"] == 4


def test_a_host_that_no_merged_report_tells_of_is_missing(tmp_path: Path) -> None:
    slices = [Fleet(tmp_path), Fleet(tmp_path)]
    for number, fleet in enumerate(slices):
        fleet.add("huawei", f"eu-{number}", [rotated("app")], host=f"host-{number}")
    paths = [saved(fleet, f"slice-{number}") for number, fleet in enumerate(slices)]
    hosts = ["host-0", "host-1"]

    _result, texts = written(Fleet(tmp_path), endpoints=[], merge=paths, missing_hosts=hosts)
    whole = json.loads(texts["json"])
    assert [host["host"] for host in whole["hosts"]] == hosts
    assert not any(host["failure"] for host in whole["hosts"])

    _result, texts = written(Fleet(tmp_path), endpoints=[], merge=paths[:1], missing_hosts=hosts)
    part = json.loads(texts["json"])
    failed = {host["host"]: host["failure"] for host in part["hosts"] if host["failure"]}
    assert list(failed) == ["host-1"]
    assert failed["host-1"]["message"] == "None of the reports that were merged tells of host-1."


@pytest.mark.parametrize("is_later_first", [True, False])
def test_later_run_of_an_account_wins_and_keeps_the_evidence_of_both(
    tmp_path: Path, is_later_first: bool
) -> None:
    fleets = [Fleet(tmp_path), Fleet(tmp_path)]
    fleets[0].add("huawei", "eu", [rotated("app")], at=NOW - dt.timedelta(hours=2))
    later = account_row("app", action="acknowledged", previous_access_key="OLD")
    fleets[1].add("huawei", "eu", [later])
    paths = [saved(fleet, f"r{number}") for number, fleet in enumerate(fleets)]
    if is_later_first:
        paths.reverse()
    document = report_of(fleets[0], endpoints=[], merge=paths)
    (line,) = document["accounts"]
    assert line["action"] == "acknowledged"
    assert len({(move["chain"], move["seq"]) for move in line["transitions"]}) == 8
    assert document["summary"]["accounts"] == 1


def test_early_failure_of_a_later_run_keeps_the_accounts_and_the_success(tmp_path: Path) -> None:
    before = Fleet(tmp_path)
    before.add("huawei", "eu", [account_row("app")], at=NOW - dt.timedelta(days=1), title="Huawei")
    path = saved(before, "before")
    now = {
        "platform": "huawei",
        "endpoint": "eu",
        "ended_at": days(0),
        "failure": {"kind": "timeout", "message": "no answer"},
    }
    document = report_of(before, endpoints=[now], merge=[path])
    (row,) = document["endpoints"]
    assert (row["finished"], row["accounts"], row["last_success"]) == (False, 1, days(1))
    assert row["title"] == "Huawei"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', None])
def test_file_that_is_no_report_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "other.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CredentialsError, match="cannot be merged") as caught:
        report_of(Fleet(tmp_path), merge=[str(path)])
    assert caught.value.kind == "invalid_option"
    assert str(path) in caught.value.message


def test_report_holds_no_secret_whatever_a_line_holds(fleet: Fleet) -> None:
    row = account_row("app", secret_key="canary", details={"password": "canary", "n": 1})
    row["access_keys"][0]["details"] = {"token": "canary"}
    fleet.add("huawei", "eu", [row], facts={"api_secret_key": "canary"})
    assert "canary" not in json.dumps(report_of(fleet))


def test_report_of_odd_values_is_still_a_report(fleet: Fleet) -> None:
    rows: list[dict[str, Any]] = [
        {"account": None, "action": None, "access_keys": "x", "record": [], "policy": 7},
        {"account": 5, "created_at": 12, "details": [], "failure": "text", "compliance": 3},
        {"account": "a", "access_keys": [None, {}], "policy": {"max_age": "soon"}},
    ]
    fleet.add("huawei", "eu", [account_row("app")])
    path = Path(fleet.endpoints[0]["report_path"])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fleet.endpoints[0].update(totals=None, left_out=["x"], consumers={"a": 1}, journal="no")
    assert report_of(fleet)["summary"]["accounts"] == 3
