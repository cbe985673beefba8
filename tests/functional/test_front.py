# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from options to a result: front.run() in this process, on this cell's ansible-core."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest
from ansible.module_utils import basic

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.front import Job, run
from ansible_collections.objectstore.credentials.plugins.module_utils.http import Client
from ansible_collections.objectstore.credentials.plugins.module_utils.options import ArgumentSpec
from ansible_collections.objectstore.credentials.plugins.module_utils.platform import Platform
from ansible_collections.objectstore.credentials.plugins.module_utils.results import (
    AccountResult,
    Outcome,
    failed,
)

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
