# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Secrets Manager: logins, options, the guard of check mode, and what is written beside."""

from __future__ import annotations

import builtins
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager import (  # noqa: E501  # one name
    AwsSecretsManager,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501  # one name
    PLACE,
    opened,
    record_of,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab_aws_secretsmanager import (  # noqa: E501  # one name
    AwsLab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import (
    RecordingClock,
    everything_in,
    raised,
)

pytestmark = pytest.mark.slow

NAME = "objectstore/echo/lab/app-0001"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsLab]:
    """A region with no secret in it, and nothing in the environment that speaks of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    lab = AwsLab(tmp_path)
    lab.start()
    yield lab
    lab.close()


def unopened(lab: AwsLab, **changed: Any) -> Any:
    """Return a store that has not logged in."""
    return lab.store(opened=False, **changed)


# --- login and options ---------------------------------------------------------------------------


def test_login_comes_from_the_environment(lab: AwsLab, monkeypatch: pytest.MonkeyPatch) -> None:
    none = {"aws_access_key_id": None, "aws_secret_access_key": None, "region": None}
    failure = raised(unopened(lab, **none).open)
    assert failure.kind == "invalid_option"
    assert "secret_store.region" in failure.message
    monkeypatch.setenv("AWS_DEFAULT_REGION", strict.REGION)
    failure = raised(unopened(lab, **none).open)
    assert failure.kind == "store_refused"
    assert "aws_access_key_id" in failure.next_step
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", strict.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", strict.SECRET_KEY)
    unopened(lab, **none).open()


def test_region_may_stand_in_aws_region(lab: AwsLab) -> None:
    context = StoreContext(
        clock=lab.clock,
        redactor=lab.redactor,
        run="run-1",
        environ={"AWS_REGION": strict.REGION},
    )
    AwsSecretsManager({**lab.options(), "region": None}, context).open()


def test_profile_is_used(lab: AwsLab, tmp_path: Path) -> None:
    none = {"aws_access_key_id": None, "aws_secret_access_key": None, "region": None}
    (tmp_path / "credentials").write_text(
        f"[vault]\naws_access_key_id={strict.ACCESS_KEY}\n"
        f"aws_secret_access_key={strict.SECRET_KEY}\nregion={strict.REGION}\n"
    )
    unopened(lab, profile="vault", **none).open()
    failure = raised(unopened(lab, profile="typo", **none).open)
    assert failure.kind == "invalid_option"
    assert "typo" in failure.message


def test_role_is_assumed(lab: AwsLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", lab.server.url)
    store = unopened(lab, role_arn="arn:aws:iam::000000000001:role/rotator")
    store.open()
    store.write(PLACE, record_of(), None)
    keys = {entry.headers["Authorization"].split("=")[1].split("/")[0] for entry in lab.server.log}
    sent = lab.server.sent()
    assert sent[0] == "AssumeRole"
    assert sent.count("AssumeRole") == 1
    assert strict.ACCESS_KEY in keys
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"aws_secret_access_key": None}, "go together"),
        ({"aws_access_key_id": None}, "go together"),
        ({"profile": "p"}, "both a profile and"),
        ({"endpoint_url": "not a url"}, "endpoint_url"),
    ],
)
def test_contradicting_options_are_refused(
    lab: AwsLab, changed: dict[str, Any], words: str
) -> None:
    failure = raised(unopened(lab, **changed).open)
    assert failure.kind == "invalid_option"
    assert words in failure.message
    assert not lab.server.log


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"path": "objectstore"}, "secret_store.path"),
        ({"lease": "soon"}, "secret_store.lease"),
        ({"lease": "3s"}, "secret_store.lease"),
        ({"timeout": "x"}, "secret_store.timeout"),
    ],
)
def test_wrong_options_are_refused_at_once(
    lab: AwsLab, changed: dict[str, Any], words: str
) -> None:
    failure = raised(lab.store, **changed)
    assert failure.kind == "invalid_option"
    assert words in failure.message


def test_missing_library_says_what_to_install(lab: AwsLab, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_boto3(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "boto3":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_boto3)
    failure = raised(unopened(lab).open)
    assert failure.kind == "invalid_option"
    assert "pip install boto3" in failure.next_step


def test_consumer_that_may_read_one_record_only_gets_in(lab: AwsLab) -> None:
    lab.store().write(PLACE, record_of(), None)
    lab.server.faults.add(
        path="^/GetSecretValue/objectstore/_runs",
        times=0,
        **strict.aws_fault("AccessDeniedException", "not authorized"),
    )
    found = lab.store("lookup", check_mode=True).read(PLACE)
    assert found is not None
    assert opened(found.record) == ["Made0Up0Secret0Key0/+=01"]


def test_unreachable_service_is_unavailable(lab: AwsLab) -> None:
    failure = raised(unopened(lab, endpoint_url="http://127.0.0.1:9", timeout="1s").open)
    assert (failure.kind, failure.landed) == ("store_unavailable", False)
    assert "no connection could be made" in failure.message
    failure = raised(unopened(lab, proxy="http://user:pr0xyPassw0rd@127.0.0.1:9").open)
    assert failure.kind == "store_unavailable"
    assert "pr0xyPassw0rd" not in everything_in(failure)


def test_service_that_does_not_answer_is_unavailable(lab: AwsLab) -> None:
    store = unopened(lab, timeout="1s")
    lab.server.faults.add("delay", seconds=600, times=0)
    failure = raised(store.open)
    assert failure.kind == "store_unavailable"
    assert "1 s" in failure.message


def test_environment_proxies_are_not_used_unasked(
    lab: AwsLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    unopened(lab).open()
    assert raised(unopened(lab, proxy="environment").open).kind == "store_unavailable"


def test_open_warns_of_what_is_not_safe(lab: AwsLab) -> None:
    store = unopened(lab, validate_certs=False)
    store.open()
    assert ["validate_certs" in warning for warning in store.warnings] == [True]
    remote = unopened(lab, endpoint_url="http://192.0.2.1:1", timeout="1s")
    raised(remote.open)
    assert ["not encrypted" in warning for warning in remote.warnings] == [True]


def test_boto3_retries_nothing_by_itself(lab: AwsLab) -> None:
    store = lab.store()
    lab.server.log.clear()
    lab.server.faults.add(times=0, **strict.aws_fault("InternalServiceError", status=500))
    raised(store.read, PLACE)
    assert lab.server.sent() == ["GetSecretValue"] * 3
    assert len(lab.clock.slept) >= 2


# --- nothing leaks -------------------------------------------------------------------------------


def test_secrets_of_login_and_records_are_redacted(lab: AwsLab) -> None:
    lab.store().write(PLACE, record_of(), None)
    lab.redactor = Redactor()
    store = lab.store("run-2", aws_session_token="made-up-session-token")
    store.read(PLACE)
    shown = lab.redactor.redact(
        f"{strict.SECRET_KEY} made-up-session-token Made0Up0Secret0Key0/+=01"
    )
    assert shown == "******** ******** ********"


def test_debug_log_holds_no_secret(lab: AwsLab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = lab.store()
    store.write(PLACE, record_of(), None)
    store.read(PLACE)
    assert "Made0Up0Secret0Key0" not in caplog.text
    assert strict.SECRET_KEY not in caplog.text


# --- check mode ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateSecret", {"Name": "x", "SecretString": "x"}),
        ("DeleteSecret", {"SecretId": "x"}),
        ("PutSecretValue", {"SecretId": "x", "SecretString": "x"}),
        ("RestoreSecret", {"SecretId": "x"}),
        ("TagResource", {"SecretId": "x", "Tags": []}),
        ("UpdateSecretVersionStage", {"SecretId": "x", "VersionStage": "y"}),
    ],
)
@pytest.mark.parametrize("is_direct", [True, False])
def test_check_mode_sends_no_write_however_it_is_asked(
    lab: AwsLab, operation: str, parameters: dict[str, Any], is_direct: bool
) -> None:
    store: Any = lab.store(check_mode=True)
    lab.server.log.clear()
    api = store._api
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation)[1:]
    # Past our own look, boto3's client is guarded too.
    ask = getattr(api._ready(), snake) if is_direct else api.call
    failure = raised(ask, **parameters) if is_direct else raised(ask, operation, **parameters)
    assert failure.kind == "check_mode_write"
    assert not lab.server.log
    assert store.writes_sent == 0


def test_writes_are_counted(lab: AwsLab) -> None:
    store = lab.store()
    assert store.writes_sent == 0
    store.probe()
    assert store.writes_sent == 4


# --- what is written beside the record -----------------------------------------------------------


def test_probe_makes_one_secret_once_and_no_versions(lab: AwsLab) -> None:
    for run in ("run-1", "run-2", "run-3"):
        lab.store(run).probe()
    assert lab.simulator.names() == ["objectstore/_runs"]
    assert len(lab.simulator.versions("objectstore/_runs")) == 1


@pytest.mark.parametrize(
    "operation", ["CreateSecret", "PutSecretValue", "TagResource", "UpdateSecretVersionStage"]
)
def test_probe_finds_each_missing_right(lab: AwsLab, operation: str) -> None:
    lab.store().probe()
    lab.simulator.denied.add(operation)
    failure = raised(lab.store("run-2").probe)
    assert failure.kind == "store_refused"
    assert operation in failure.message


def test_new_secret_has_key_tags_and_description(lab: AwsLab) -> None:
    store = lab.store(kms_key_id="alias/store", tags={"CostCenter": 42})
    store.write(PLACE, record_of(), None)
    secret = lab.simulator.backend.secrets[NAME]
    assert secret.kms_key_id == "alias/store"
    assert "app-0001" in secret.description
    tags = lab.simulator.tags(NAME)
    assert tags["CostCenter"] == "42"
    assert tags["objectstore:access_key"] == "AKIDMADEUP0000000001"


def test_tags_tell_an_auditor_the_state_and_no_secret(lab: AwsLab) -> None:
    store = lab.store()
    with store.lease(PLACE):
        store.write(PLACE, record_of(), None)
    tags = lab.simulator.tags(NAME)
    assert tags.pop("objectstore:free") in lab.simulator.versions(NAME)
    assert tags == {
        "objectstore:managed_by": "objectstore.credentials",
        "objectstore:platform": "echo",
        "objectstore:endpoint": "lab",
        "objectstore:account": "app-0001",
        "objectstore:account_id": "42",
        "objectstore:state": "unacknowledged",
        "objectstore:access_key": "AKIDMADEUP0000000001",
        "objectstore:created_at": "2026-01-02T03:04:05Z",
        "objectstore:promoted_at": "",
        "objectstore:acknowledged_at": "",
        "objectstore:expires_at": "",
        "objectstore:retiring": "",
        "objectstore:held_until": "",
    }


def test_tags_of_any_name_are_allowed(lab: AwsLab) -> None:
    for account in ("a\nb{c}", "ü" * 80, "x,y;z"):
        place = Place("echo", "lab", account)
        store = lab.store()
        with store.lease(place):
            store.write(place, record_of(place), None)
        assert not store.warnings


def test_audit_tags_can_be_left_out(lab: AwsLab) -> None:
    store = lab.store(audit_tags=False)
    with store.lease(PLACE):
        store.write(PLACE, record_of(), None)
    assert list(lab.simulator.tags(NAME)) == ["objectstore:free"]


def test_tags_that_cannot_be_written_are_a_warning(lab: AwsLab) -> None:
    store = lab.store()
    with store.lease(PLACE):
        stored = store.write(PLACE, record_of(), None)
        lab.simulator.denied.add("TagResource")
    assert ["TagResource" in warning for warning in store.warnings] == [True]
    found = store.read(PLACE)
    assert found is not None
    assert found.version == stored.version


# --- plain moto, without the strict front --------------------------------------------------------


def test_store_works_with_motos_own_server() -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        options = {
            "endpoint_url": f"http://{host}:{port}",
            "region": strict.REGION,
            "aws_access_key_id": strict.ACCESS_KEY,
            "aws_secret_access_key": strict.SECRET_KEY,
        }
        context = StoreContext(clock=RecordingClock(), redactor=Redactor(), run="run-1")
        store = AwsSecretsManager(options, context)
        store.open()
        store.probe()
        with store.lease(PLACE) as lease:
            first = store.write(PLACE, record_of(), None)
            second = store.write(PLACE, first.record, first.version)
            assert lease.is_sure()
            assert raised(store.write, PLACE, first.record, first.version).kind == "busy"
            store.destroy_old_versions(PLACE, second.version)
        assert list(store.places("echo", "lab")) == [PLACE]
        store.write_note("heads", {"turn": 1}, None)
        assert (store.read_note("heads") or ({}, None))[0] == {"turn": 1}
        store.close()
    finally:
        server.stop()
