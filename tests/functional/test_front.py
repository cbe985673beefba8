# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from options to a result: front.run() in this process, on this cell's ansible-core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.objectstore.credentials.plugins.module_utils.ancestors import STOP
from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.front import Job, run
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.options import (
    ArgumentSpec,
    split_hint,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
    failed,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.liaison import Liaison

PASSWORD = "hunter2-canary/+"
OPTIONS = {
    "platform": "one",
    "endpoint": "lab",
    "api_url": "http://127.0.0.1:1",
    "api_username": "admin",
    "api_password": PASSWORD,
}
SPEC = ArgumentSpec({"allow_side_effects": {"type": "bool"}, "colour": {"choices": ["red"]}})


class One(Platform):
    """A platform with a scope option that the other has not."""

    name = "one"
    title = "One"
    FACTS = None  # type: ignore[assignment]  # nothing here asks for them
    SCOPE = {"zone": {"type": "str", "default": "z1"}}


class Two(Platform):
    """Another platform."""

    name = "two"
    title = "Two"
    FACTS = None  # type: ignore[assignment]  # nothing here asks for them
    SCOPE = {"shelf": {"type": "str"}}


Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings given; newer cores show them by the controller when it is in this process."""
    texts: list[str] = []

    def warn(module: basic.AnsibleModule, warning: str) -> None:
        texts.append(warning)

    monkeypatch.setattr(basic.AnsibleModule, "warn", warn)
    return texts


@pytest.fixture
def run_with(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs an operation as a module; it returns code, result and output."""

    def start(
        operation: Callable[[Job], Outcome], check_mode: bool = False, **options: Any
    ) -> tuple[int, dict[str, Any], str]:
        arguments = {
            **{name: value for name, value in {**OPTIONS, **options}.items() if value is not None},
            "_ansible_check_mode": check_mode,
            "_ansible_diff": True,
            "_ansible_remote_tmp": "/tmp",  # noqa: S108  # not used: nothing is copied
        }
        raw = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", raw)
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        with pytest.raises(SystemExit) as left:
            run(SPEC, {"one": One, "two": Two}, operation)
        output = capsys.readouterr().out
        code = left.value.code
        assert isinstance(code, int)
        return code, json.loads(output), output

    return start


def one_result(action: str = "updated", **fields: Any) -> Outcome:
    """Return an outcome of one account."""
    return Outcome([AccountResult(account="app", action=action, **fields)])


def test_outcome_becomes_the_result(run_with: Run) -> None:
    code, result, _unused = run_with(lambda job: one_result(before={"a": 1}, after={"a": 2}))
    assert code == 0
    assert result["changed"] is True
    assert result["accounts"][0]["account"] == "app"
    assert result["totals"] == {"updated": 1}
    assert result["diff"][0]["after"] == {"a": 2}


def test_job_holds_options_platform_clock_and_mode(run_with: Run) -> None:
    jobs: list[Job] = []

    def operation(job: Job) -> Outcome:
        jobs.append(job)
        return Outcome()

    run_with(operation, check_mode=True, parallelism=3, allow_side_effects=True, colour="red")
    (job,) = jobs
    assert job.check_mode is job.platform.client.check_mode is True
    assert job.platform.client.allow_side_effects is True
    assert job.parallelism == 3
    assert job.params["colour"] == "red"
    assert job.platform.settings.scope == {"zone": "z1"}
    assert isinstance(job.platform, One)
    assert job.clock is job.platform.client.clock


def test_error_becomes_msg_and_failure(run_with: Run) -> None:
    def operation(job: Job) -> Outcome:
        raise CredentialsError("permission", "No right.", next_step="Give it.", code="E7")

    code, result, _unused = run_with(operation)
    assert code == 1
    assert result["failed"] is True
    assert result["msg"] == "No right. Give it."
    assert (result["changed"], result["accounts"], result["totals"]) == (False, [], {})
    failure = result["failure"]
    assert (failure["kind"], failure["platform"], failure["endpoint"]) == (
        "permission",
        "one",
        "lab",
    )
    assert failure["code"] == "E7"


@pytest.mark.parametrize("password", [PASSWORD, "failure", "accounts"])
def test_defect_becomes_a_failure_without_traceback_or_secret(run_with: Run, password: str) -> None:
    def operation(job: Job) -> Outcome:
        raise ZeroDivisionError(f"with {job.params['api_password']} in it")

    code, result, output = run_with(operation, api_password=password)
    assert code == 1
    assert result["failure"]["kind"] == "internal"
    assert "ZeroDivisionError" in result["msg"]
    assert f"with {password}" not in output
    assert "Traceback" not in output


def test_failed_account_fails_the_task_and_keeps_the_others(run_with: Run) -> None:
    def operation(job: Job) -> Outcome:
        error = CredentialsError("not_found", f"no b, {PASSWORD}", code=PASSWORD)
        outcome = one_result(extra={"secret_key": "made-secret"})
        job.platform.client.redactor.learn("made-secret")
        outcome.accounts.append(failed(error, AccountResult(account="b", action="skipped")))
        return outcome

    code, result, output = run_with(operation)
    assert code == 1
    assert result["changed"] is True
    assert result["accounts"][0]["secret_key"] == "made-secret"
    failure = result["accounts"][1]["failure"]
    assert (failure["platform"], failure["endpoint"], failure["account"]) == ("one", "lab", "b")
    assert result["msg"].startswith("1 of 2 failed; the first: b")
    assert PASSWORD not in output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"shelf": "s1"}, "shelf is not an option of platform one"),
        ({"api_url": None}, "api_url is missing"),
        ({"api_password": None}, "No login"),
        ({"timeout": "30"}, "timeout"),
    ],
)
def test_invalid_option_is_named(run_with: Run, options: dict[str, Any], says: str) -> None:
    code, result, _unused = run_with(lambda job: Outcome(), **options)
    assert code == 1
    assert result["failure"]["kind"] == "invalid_option"
    assert says in result["msg"]
    assert result["failure"]["platform"] == "one"


def test_warnings_are_shown_redacted(run_with: Run, warned: list[str]) -> None:
    def operation(job: Job) -> Outcome:
        return Outcome(warnings=[f"beware of {PASSWORD}"])

    output = run_with(operation, validate_certs=False)[2]
    texts = " ".join(warned)
    assert "validate_certs is false" in texts
    assert "beware of ********" in texts
    assert PASSWORD not in texts + output


def test_moved_clock_is_warned_about(
    run_with: Run, warned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_CREDENTIALS_TEST_OFFSET", "3600")
    seen: list[float] = []

    def operation(job: Job) -> Outcome:
        seen.append(job.clock.offset)
        return Outcome()

    run_with(operation)
    assert seen == [3600]
    assert "moved by 3600 s" in str(warned)


@pytest.mark.parametrize("fails", [False, True])
def test_connections_are_closed(
    run_with: Run, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    closed: list[Client] = []

    def close(client: Client) -> None:
        closed.append(client)

    monkeypatch.setattr(Client, "close", close)

    def operation(job: Job) -> Outcome:
        if fails:
            raise CredentialsError("timeout", "slow")
        return Outcome()

    run_with(operation)
    assert len(closed) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"proxy": "http://me:hunter2-canary@proxy:3128"},
        {"proxy": "http://me:hunter2%2Dcanary@proxy:3128"},
        {"api_url": "http://me:hunter2-canary@127.0.0.1:1"},
    ],
)
def test_password_inside_a_url_is_not_shown_with_the_arguments(
    run_with: Run, options: dict[str, str]
) -> None:
    output = run_with(lambda job: Outcome(), **options)[2]
    assert "canary" not in output.replace(PASSWORD, "")
    assert "hunter2%2Dcanary" not in output


def test_shard_divides_the_pace_and_nobody_else_does(run_with: Run) -> None:
    jobs: list[Job] = []

    def operation(job: Job) -> Outcome:
        jobs.append(job)
        return Outcome()

    run_with(operation, shard="3/8", requests_per_second=40)
    run_with(operation, requests_per_second=40)
    assert [job.platform.settings.requests_per_second for job in jobs] == [5, 40]
    assert [str(job.shard) for job in jobs] == ["3/8", "1/1"]
    code, result, _unused = run_with(operation, shard="8/3")
    assert (code, len(jobs)) == (1, 2)
    assert result["msg"].startswith("shard: ")


def test_report_holds_every_account_and_the_result_only_failures(
    run_with: Run, tmp_path: Path
) -> None:
    path = tmp_path / "report.jsonl"

    def operation(job: Job) -> Outcome:
        assert not path.exists()
        outcome = one_result("unchanged")
        error = CredentialsError("not_found", f"no b, {PASSWORD}")
        outcome.accounts.append(failed(error, AccountResult(account="b", action="skipped")))
        outcome.accounts.append(
            AccountResult(account="c", action="rotated", extra={"secret_key": "made-secret"})
        )
        return outcome

    code, result, output = run_with(operation, report_path=str(path), check_mode=True)
    assert code == 1
    assert [row["account"] for row in result["accounts"]] == ["b", "c"]
    assert result["accounts"][1]["secret_key"] == "made-secret"
    assert result["report_path"] == str(path)
    assert result["totals"] == {"failed": 1, "rotated": 1, "unchanged": 1}
    text = path.read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["account"] for row in rows] == ["app", "b", "c"]
    assert {(row["platform"], row["endpoint"]) for row in rows} == {("one", "lab")}
    assert rows[1]["failure"]["kind"] == "not_found"
    assert "made-secret" not in text
    assert PASSWORD not in text + output


def test_report_that_cannot_be_written_is_refused_before_anything(
    run_with: Run, tmp_path: Path
) -> None:
    begun: list[Job] = []

    def operation(job: Job) -> Outcome:
        begun.append(job)
        return Outcome()

    path = str(tmp_path / "missing" / "report.jsonl")
    code, result, _unused = run_with(operation, report_path=path)
    assert (code, begun) == (1, [])
    assert result["failure"]["kind"] == "invalid_option"
    assert f"{tmp_path}/missing does not exist" in result["msg"]


def test_report_that_fails_at_the_end_leaves_the_result_complete(
    run_with: Run, warned: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def operation(job: Job) -> Outcome:
        folder.rmdir()
        return one_result()

    code, result, _unused = run_with(operation, report_path=str(folder / "report.jsonl"))
    assert code == 0
    assert [row["account"] for row in result["accounts"]] == ["app"]
    assert "report_path" not in result
    assert "could not be written" in str(warned)


def test_unchanged_accounts_are_left_out_when_asked(run_with: Run) -> None:
    result = run_with(lambda job: one_result("unchanged"), report_unchanged=False)[1]
    assert (result["accounts"], result["totals"]) == ([], {"unchanged": 1})
    assert run_with(lambda job: one_result("unchanged"))[1]["accounts"]


@pytest.mark.parametrize(("count", "with_report"), [(1001, False), (1000, False), (1001, True)])
def test_list_too_long_for_a_result_is_warned_about(
    run_with: Run, warned: list[str], tmp_path: Path, count: int, with_report: bool
) -> None:
    more = {"report_path": str(tmp_path / "report.jsonl")} if with_report else {}
    run_with(lambda job: Outcome([AccountResult(f"a{n}", "updated") for n in range(count)]), **more)
    assert ("Set report_path" in str(warned)) is (count > 1000 and not with_report)


def test_stop_says_how_many_were_not_started(run_with: Run, warned: list[str]) -> None:
    def operation(job: Job) -> Outcome:
        STOP.ask("stopped by SIGTERM")
        return Outcome([AccountResult("a", "updated"), AccountResult("b", "skipped")])

    code, _result, _unused = run_with(operation)
    assert code == 0
    assert "1 of 2 accounts were not started: stopped by SIGTERM" in str(warned)
    assert STOP.reason() is None


PAIRS = ArgumentSpec({"users": {"type": "list", "elements": "raw", "aliases": ["user"]}})


@pytest.mark.parametrize("name", ["users", "user"])
def test_secrets_in_a_list_reach_the_operation_and_are_never_shown(
    run_with: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(SPEC.options, "users", PAIRS.options["users"])
    seen: list[Any] = []

    def operation(job: Job) -> Outcome:
        seen.append(job.params["users"])
        assert len(job.platform.client.redactor.redact("a hunter-of-a b")) < 15
        return Outcome()

    users = ["plain", {"name": "a", "access_key": "AK", "secret_key": "hunter-of-a"}]
    # Newer cores show the arguments only when asked to, older ones always.
    asked = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}
    _code, result, output = run_with(operation, **{name: users}, **asked)
    assert seen == [users]
    assert "hunter-of-a" not in output
    shown = result["invocation"]["module_args"]["users"]
    assert shown[1] == {"name": "a", "access_key": "AK", "secret_key": "********"}


@pytest.mark.parametrize(
    ("given", "is_hinted"), [("Miller, Jane", True), (["Miller", "Jane"], False)]
)
def test_comma_is_hinted_at_only_where_a_text_was_split(
    run_with: Run, monkeypatch: pytest.MonkeyPatch, given: Any, is_hinted: bool
) -> None:
    monkeypatch.setitem(SPEC.options, "users", PAIRS.options["users"])
    hints: list[str] = []

    def operation(job: Job) -> Outcome:
        hints.append(split_hint(job.params["users"], "Miller"))
        return Outcome()

    run_with(operation, users=given)
    assert bool(hints[0]) is is_hinted


@pytest.mark.parametrize("name", ["users", "user", "exclude"])
@pytest.mark.parametrize(
    "typed", ["['a', 'b']", "[{name: a}]", "{'name': 'a'}", "- a\n- b", "[a, b]"]
)
def test_typed_list_is_no_name_and_the_option_is_named(
    run_with: Run, monkeypatch: pytest.MonkeyPatch, name: str, typed: str
) -> None:
    monkeypatch.setitem(SPEC.options, "users", PAIRS.options["users"])
    monkeypatch.setitem(SPEC.options, "exclude", {"type": "list", "elements": "str"})
    code, result, _unused = run_with(lambda job: pytest.fail("it began"), **{name: typed})
    assert code == 1
    assert result["failure"]["kind"] == "invalid_option"
    option = "users" if name == "user" else name
    assert result["msg"].startswith(f"{option} is a text that looks like a list")
    assert f"""{option}='["a", "b"]'""" in result["failure"]["next_step"]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ('["a, b", "[c]"]', ["a, b", "[c]"]),
        ("[]", []),
        ("[x] jane", ["[x] jane"]),
        ("{4e7f}", ["{4e7f}"]),
        (["['a']", "{name: a}"], ["['a']", "{name: a}"]),
    ],
)
@pytest.mark.parametrize("name", ["users", "exclude"])
def test_list_in_json_is_read_and_an_odd_name_stays_one(
    run_with: Run, monkeypatch: pytest.MonkeyPatch, name: str, typed: Any, read: list[str]
) -> None:
    monkeypatch.setitem(SPEC.options, "users", PAIRS.options["users"])
    monkeypatch.setitem(SPEC.options, "exclude", {"type": "list", "elements": "str"})
    seen: list[Any] = []

    def operation(job: Job) -> Outcome:
        seen.append(job.params[name])
        return Outcome()

    assert run_with(operation, **{name: typed})[0] == 0
    assert seen == [read]


@pytest.mark.parametrize("entry", [{"name": "a"}, ["a"]])
@pytest.mark.parametrize("how", [list, json.dumps])
def test_entry_that_is_no_text_is_not_made_one(
    run_with: Run, monkeypatch: pytest.MonkeyPatch, entry: Any, how: Any
) -> None:
    monkeypatch.setitem(SPEC.options, "exclude", {"type": "list", "elements": "str"})
    code, result, _unused = run_with(lambda job: pytest.fail("it began"), exclude=how([entry]))
    assert code == 1
    assert result["msg"].startswith("exclude holds a list or a dictionary")


def test_job_talks_to_the_controller_over_the_socket(run_with: Run, tmp_path: Path) -> None:
    shown: list[Any] = []

    def operation(job: Job) -> Outcome:
        held = job.vault_secrets()
        job.progress.begin(2)
        job.progress.report()
        assert held == [("prod", b"of-prod")]
        return Outcome()

    for wanted in (True, False):
        with Liaison(shown.append, [("prod", b"of-prod")], [str(tmp_path)]) as controller:
            code, result, _unused = run_with(
                operation, _ansible_socket=controller.path, progress=wanted
            )
            assert code == 0, result
    # What was begun is ended, and only where progress is wanted.
    assert [report["over"] for report in shown] == [False, True]


def test_job_without_a_controller_has_nobody_to_ask(run_with: Run) -> None:
    held: list[Any] = []

    def operation(job: Job) -> Outcome:
        job.progress.begin(1)
        held.append(job.vault_secrets())
        return Outcome()

    assert run_with(operation)[0] == 0
    assert run_with(operation, _ansible_socket="/nowhere/s")[0] == 0
    assert held == [[], []]
