# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records in AWS Secrets Manager: versions made current by check-and-set, and what may go wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.errors import CredentialsError
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.aws_secretsmanager_versions import (  # noqa: E501  # one name
    NEWEST,
    Versions,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import SecretStore
from ansible_collections.objectstore.credentials.tests.simulators.aws_secretsmanager_strict import (
    aws_fault,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab import (  # noqa: E501  # one name
    PLACE,
    opened,
    pending_of,
    record_of,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.store_contract.lab_aws_secretsmanager import (  # noqa: E501  # one name
    AwsLab,
)
from ansible_collections.objectstore.credentials.tests.unit.support import raised

pytestmark = pytest.mark.slow

NAME = "objectstore/echo/lab/app-0001"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AwsLab]:
    """A region with no secret in it."""
    lab = AwsLab(tmp_path)
    lab.start()
    yield lab
    lab.close()


def sent_by(lab: AwsLab, work: Any) -> list[str]:
    """Return the operations that a piece of work sends."""
    lab.server.log.clear()
    work()
    return lab.server.sent()


# --- the protocol --------------------------------------------------------------------------------


def test_rotation_costs_no_more_requests_than_this(lab: AwsLab) -> None:
    store = lab.store()
    written = store.write(PLACE, record_of(), None)
    write = ["PutSecretValue", "UpdateSecretVersionStage"]
    lab.server.log.clear()
    with store.lease(PLACE):
        stored = store.read(PLACE)
        assert stored is not None
        for _turn in range(3):
            stored = store.write(PLACE, stored.record, stored.version)
        store.destroy_old_versions(PLACE, stored.version)
    assert written.version != stored.version
    # The first four are the heartbeat's; they come once in a run, however many accounts it has.
    assert lab.server.sent()[:5] == [
        *("DescribeSecret", "DescribeSecret", "CreateSecret", "TagResource"),
        "GetSecretValue",
    ]
    assert lab.server.sent()[5:] == [
        *(write * 3),
        *("DescribeSecret", "UpdateSecretVersionStage"),
        "TagResource",
    ]


def test_first_write_is_one_request(lab: AwsLab) -> None:
    store = lab.store()
    assert sent_by(lab, lambda: store.write(PLACE, record_of(), None)) == ["CreateSecret"]


def test_value_is_one_json_document_with_the_names_of_the_record(lab: AwsLab) -> None:
    lab.store().write(PLACE, record_of(pending=pending_of()), None)
    document = json.loads(lab.simulator.value(NAME) or "")
    assert document["current"]["access_key"] == "AKIDMADEUP0000000001"
    assert document["current"]["secret_key"] == "Made0Up0Secret0Key0/+=01"
    assert document["pending"]["secret_key"] == "Pending0Secret0Key0/+=02"
    assert list(document)[:3] == ["format", "platform", "endpoints"]


def test_labels_stay_few_however_often_a_record_is_written(lab: AwsLab) -> None:
    store = lab.store()
    versions = [store.write(PLACE, record_of(), None)]
    for _turn in range(30):
        versions.append(store.write(PLACE, versions[-1].record, versions[-1].version))
    assert lab.simulator.labels(NAME) == {
        versions[-2].version: ["AWSPREVIOUS"],
        versions[-1].version: ["AWSCURRENT", NEWEST],
    }
    store.destroy_old_versions(PLACE, versions[-1].version)
    assert lab.simulator.labels(NAME) == {versions[-1].version: ["AWSCURRENT", NEWEST]}


def test_version_whose_writer_died_is_read_by_nobody_and_loses_its_label(lab: AwsLab) -> None:
    store = lab.store()
    first = store.write(PLACE, record_of(), None)
    # Killed between the two requests.
    lab.server.faults.add("drop", path="^/UpdateSecretVersionStage", times=0)
    changed = dataclasses.replace(first.record, suspects=("AKIDNEVERREAD",))
    assert raised(store.write, PLACE, changed, first.version).landed is None
    lab.server.faults.clear()
    dead = next(token for token, labels in lab.simulator.labels(NAME).items() if NEWEST in labels)
    other = lab.store("run-2")
    found = other.read(PLACE)
    assert found is not None
    assert (found.version, found.record.suspects) == (first.version, ())
    second = other.write(PLACE, found.record, found.version)
    assert lab.simulator.labels(NAME) == {
        first.version: ["AWSPREVIOUS"],
        second.version: ["AWSCURRENT", NEWEST],
    }
    assert dead in lab.simulator.versions(NAME)
    other.destroy_old_versions(PLACE, second.version)
    assert list(lab.simulator.labels(NAME)) == [second.version]


def test_dead_version_is_cleared_also_when_it_is_the_newest(lab: AwsLab) -> None:
    store = lab.store()
    first = store.write(PLACE, record_of(), None)
    lab.server.faults.add("drop", path="^/UpdateSecretVersionStage", times=0)
    raised(store.write, PLACE, first.record, first.version)
    lab.server.faults.clear()
    lab.store("run-2").destroy_old_versions(PLACE, first.version)
    assert lab.simulator.labels(NAME) == {first.version: ["AWSCURRENT"]}


def test_of_two_writers_whose_requests_mingle_one_wins(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    start = one.write(PLACE, record_of(), None)
    theirs: list[Any] = []

    class Between(Versions):
        """Lets the other write between our version and its label."""

        def _move(self, name: str, token: str, expected: Any) -> None:
            if not theirs:
                theirs.append(other.write(PLACE, start.record, start.version))
            super()._move(name, token, expected)

    with _versions(one, Between):
        failure = raised(one.write, PLACE, start.record, start.version)
    assert (failure.kind, failure.landed) == ("busy", False)
    found = one.read(PLACE)
    assert found is not None
    assert found.record == theirs[0].record


def test_loser_may_have_taken_the_label_of_the_winner(lab: AwsLab) -> None:
    """The private label says nothing about who wins; a version without any can become current."""
    one, other = lab.store("run-1"), lab.store("run-2")
    start = one.write(PLACE, record_of(), None)
    lost: list[CredentialsError] = []

    class Between(Versions):
        """Lets the other put its version, and no more, between our two requests."""

        def _move(self, name: str, token: str, expected: Any) -> None:
            if not lost:
                lab.server.faults.add("drop", path="^/UpdateSecretVersionStage", times=6)
                lost.append(raised(other.write, PLACE, start.record, start.version))
            super()._move(name, token, expected)

    with _versions(one, Between):
        won = one.write(PLACE, start.record, start.version)
    assert lost[0].landed is None
    assert lab.simulator.labels(NAME)[won.version] == ["AWSCURRENT"]
    found = one.read(PLACE)
    assert found is not None
    assert found.record == won.record


@contextlib.contextmanager
def _versions(store: Any, changed: type[Versions]) -> Iterator[None]:
    kept = store._versions.__class__
    store._versions.__class__ = changed
    yield
    store._versions.__class__ = kept


def test_write_that_lands_late_is_not_taken_for_another_run(lab: AwsLab) -> None:
    store = lab.store()
    first = store.write(PLACE, record_of(), None)
    waiting = lab.server.faults.add(
        "late", path="^/UpdateSecretVersionStage", status=0, seconds=0.2, times=1
    )
    second = store.write(PLACE, first.record, first.version)
    assert waiting.times == 0
    found = store.read(PLACE)
    assert found is not None
    assert found.version == second.version


def test_late_landing_cannot_undo_what_came_after(lab: AwsLab) -> None:
    one, other = lab.store("run-1"), lab.store("run-2")
    first = one.write(PLACE, record_of(), None)
    kept = [lab.server.faults.add("drop", path="^/UpdateSecretVersionStage", times=6)]
    raised(one.write, PLACE, first.record, first.version)
    assert kept[0].times == 0
    late = next(entry for entry in reversed(lab.server.log) if "VersionStage/" in entry.target)
    second = other.write(PLACE, first.record, first.version)
    from ansible_collections.objectstore.credentials.tests.simulators.base import (
        CaseInsensitive,
        Request,
    )

    request = Request("POST", "/", CaseInsensitive(late.headers.items()), late.body.encode())
    assert lab.simulator.handle(request).status == 400
    found = one.read(PLACE)
    assert found is not None
    assert found.version == second.version


# --- lost answers --------------------------------------------------------------------------------

FAULTS: dict[str, dict[str, Any]] = {
    "dropped before": {"action": "drop"},
    "dropped after": {"action": "drop", "when": "after"},
    "500 before": aws_fault("InternalServiceError", status=500),
    "500 after": {**aws_fault("InternalServiceError", status=500), "when": "after"},
    "503 before": aws_fault("ServiceUnavailable", status=503),
    "throttled": aws_fault("ThrottlingException"),
    "garbage after": {"action": "garbage", "when": "after"},
    "web page before": {"action": "html", "when": "before"},
    "cut off": {"action": "truncate", "when": "after"},
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize(
    ("operation", "is_new"),
    [("CreateSecret", True), ("PutSecretValue", False), ("UpdateSecretVersionStage", False)],
)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_every_request_may_fail_and_its_answer_be_lost(
    lab: AwsLab, operation: str, is_new: bool, fault: str, times: int
) -> None:
    store = lab.store()
    before = None if is_new else store.write(PLACE, record_of(), None)
    version = before.version if before else None
    lab.server.faults.add(path=f"^/{operation}", times=times, **FAULTS[fault])
    failure = None
    try:
        written = store.write(PLACE, record_of(), version)
    except CredentialsError as exc:
        failure = exc
    lab.server.faults.clear()
    found = lab.store("run-2").read(PLACE)
    if failure is None:
        assert found is not None
        assert (found.record, found.version) == (written.record, written.version)
        return
    # Only what cannot have happened may be called so.
    assert failure.kind == "store_unavailable"
    assert (found.version if found else None) == version
    assert failure.landed is (False if operation == "PutSecretValue" else None)


@pytest.mark.parametrize("operation", ["CreateSecret", "UpdateSecretVersionStage"])
def test_answer_that_never_comes_leaves_it_open(lab: AwsLab, operation: str) -> None:
    store = lab.store()
    before = None if operation == "CreateSecret" else store.write(PLACE, record_of(), None)
    lab.server.faults.add("drop", when="after", path=f"^/({operation}|GetSecretValue)", times=0)
    failure = raised(store.write, PLACE, record_of(), before.version if before else None)
    assert (failure.kind, failure.landed) == ("store_unavailable", None)
    lab.server.faults.clear()
    found = store.read(PLACE)
    assert found is not None
    assert found.version != (before.version if before else None)


def test_throttling_is_waited_for_longer_than_a_failure(lab: AwsLab) -> None:
    store = lab.store()
    lab.server.faults.add(path="^/CreateSecret", times=7, **aws_fault("ThrottlingException"))
    store.write(PLACE, record_of(), None)
    assert lab.server.sent().count("CreateSecret") == 8
    lab.server.faults.add(times=0, **aws_fault("ThrottlingException"))
    failure = raised(store.read, PLACE)
    assert (failure.kind, failure.code) == ("store_unavailable", "ThrottlingException")


@pytest.mark.parametrize("is_new", [True, False])
def test_busy_after_a_lost_answer_does_not_say_that_nothing_happened(
    lab: AwsLab, is_new: bool
) -> None:
    """Ours lands, its answer is lost, and another run writes on top of it before we look."""
    one, other = lab.store("run-1"), lab.store("run-2")
    before = None if is_new else one.write(PLACE, record_of(), None)
    operation = "CreateSecret" if is_new else "UpdateSecretVersionStage"
    lab.server.faults.add("drop", when="after", path=f"^/{operation}", times=2)
    ours: list[Any] = []

    def write_on_top(_seconds: float) -> None:
        found = other.read(PLACE)
        if found is not None and found.version != (before.version if before else None) and not ours:
            ours.append(found)
            lab.server.faults.clear()
            other.write(PLACE, found.record, found.version)

    lab.clock.meanwhile.append(write_on_top)
    if is_new:
        # CreateSecret with the same token is answered as the first one was, whatever came after.
        assert one.write(PLACE, record_of(), None).version == ours[0].version
        return
    failure = raised(one.write, PLACE, record_of(), before.version if before else None)
    assert ours
    assert (failure.kind, failure.landed) == ("busy", None)


# --- what is there and cannot be had -------------------------------------------------------------


def test_denied_read_is_never_absence(lab: AwsLab) -> None:
    store = lab.store()
    lab.simulator.denied.add("GetSecretValue")
    failure = raised(store.read, PLACE)
    assert (failure.kind, failure.code) == ("store_refused", "AccessDeniedException")
    assert failure.account == PLACE.account
    assert "policy" in failure.next_step


@pytest.mark.parametrize("expected", ["none", "the version"])
def test_secret_marked_for_deletion_is_unreadable_and_not_written(
    lab: AwsLab, expected: str
) -> None:
    store = lab.store()
    kept = store.write(PLACE, record_of(), None)
    lab.simulator.delete(NAME)
    failure = raised(store.read, PLACE)
    assert failure.kind == "store_unreadable"
    assert "restore-secret" in failure.next_step
    version = kept.version if expected == "the version" else None
    assert raised(store.write, PLACE, record_of(), version).kind == "store_unreadable"
    assert list(store.places(PLACE.platform, PLACE.endpoint)) == []


def test_secret_that_is_gone_is_busy_for_its_writer(lab: AwsLab) -> None:
    store = lab.store()
    kept = store.write(PLACE, record_of(), None)
    lab.simulator.backend.delete_secret(NAME, None, True)
    assert store.read(PLACE) is None
    assert raised(store.write, PLACE, kept.record, kept.version).kind == "busy"


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("DecryptionFailure", "Secrets Manager can't decrypt.", "store_unreadable"),
        ("KMSInvalidStateException", "The key is pending deletion.", "store_unreadable"),
        ("AccessDeniedException", "Access to KMS is not allowed", "store_refused"),
        ("InvalidSignatureException", "The signature does not match.", "store_refused"),
        ("ExpiredTokenException", "The security token has expired.", "store_refused"),
        (
            "InvalidSignatureException",
            "Signature expired: 20260101 is now earlier than 20260102",
            "store_unavailable",
        ),
        ("RequestExpired", "Request has expired.", "store_unavailable"),
        ("InternalServiceError", "", "store_unavailable"),
        ("ThrottlingException", "Rate exceeded", "store_unavailable"),
        ("LimitExceededException", "Too many secrets", "store_refused"),
        ("InvalidParameterException", "No such key", "store_refused"),
    ],
)
def test_error_of_a_read_is_told_in_our_words(
    lab: AwsLab, code: str, message: str, kind: str
) -> None:
    store = lab.store()
    store.write(PLACE, record_of(), None)
    lab.server.faults.add(path="^/GetSecretValue", times=0, **aws_fault(code, message))
    failure = raised(store.read, PLACE)
    assert (failure.kind, failure.code) == (kind, code)
    assert message in failure.message
    assert failure.next_step


def test_key_that_does_not_encrypt_refuses_the_write(lab: AwsLab) -> None:
    store = lab.store()
    kept = store.write(PLACE, record_of(), None)
    lab.server.faults.add(path="^/PutSecretValue", times=0, **aws_fault("EncryptionFailure"))
    failure = raised(store.write, PLACE, kept.record, kept.version)
    assert (failure.kind, failure.landed) == ("store_refused", False)


def test_value_that_is_no_text_is_unreadable(lab: AwsLab) -> None:
    lab.simulator.backend.create_secret(NAME, None, b"x", "", [], None, "c0ffee" * 6, [], False)
    lab.server.faults.add(
        "status", path="^/GetSecretValue", status=200, body=b'{"ARN": "a", "VersionId": "v"}'
    )
    assert raised(lab.store(opened=False).read, PLACE).kind == "store_unreadable"


# --- secrets that were there before --------------------------------------------------------------


def test_secret_without_a_value_is_no_record_and_can_be_filled(lab: AwsLab) -> None:
    lab.simulator.backend.create_secret(NAME, None, None, "", [], None, None, [], False)
    store = lab.store()
    assert store.read(PLACE) is None
    first = store.write(PLACE, record_of(), None)
    found = lab.store("run-2").read(PLACE)
    assert found is not None
    assert found.version == first.version
    assert opened(found.record) == ["Made0Up0Secret0Key0/+=01"]
    store.write(PLACE, first.record, first.version)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["CreateSecret", "PutSecretValue"])
def test_filling_survives_a_lost_answer(lab: AwsLab, operation: str, when: str) -> None:
    lab.simulator.backend.create_secret(NAME, None, None, "", [], None, None, [], False)
    store = lab.store()
    lab.server.faults.add("drop", when=when, path=f"^/{operation}", times=1)
    first = store.write(PLACE, record_of(), None)
    found = store.read(PLACE)
    assert found is not None
    assert found.version == first.version


def test_two_who_fill_a_secret_do_not_overwrite_each_other(lab: AwsLab) -> None:
    lab.simulator.backend.create_secret(NAME, None, None, "", [], None, None, [], False)
    one, other = lab.store("run-1"), lab.store("run-2")
    theirs: list[Any] = []

    class Between(Versions):
        """Lets the other fill it after we found it without a value."""

        def _fill(self, name: str, text: str, token: str) -> None:
            theirs.append(other.write(PLACE, record_of(), None))
            super()._fill(name, text, token)

    with _versions(one, Between):
        failure = raised(one.write, PLACE, record_of(), None)
    assert (failure.kind, failure.landed) == ("busy", False)
    found = one.read(PLACE)
    assert found is not None
    assert found.version == theirs[0].version


# --- limits --------------------------------------------------------------------------------------


def test_record_that_is_too_large_is_not_sent(lab: AwsLab) -> None:
    store = lab.store()
    kept = store.write(PLACE, record_of(), None)
    large = dataclasses.replace(kept.record, suspects=("Ü" * 33_000,))
    failures: list[CredentialsError] = []

    def write() -> None:
        failures.append(raised(store.write, PLACE, large, kept.version))

    assert sent_by(lab, write) == []
    assert (failures[0].kind, failures[0].landed) == ("store_refused", False)
    assert "65536" in failures[0].message


def test_too_many_versions_in_a_day_are_refused_not_lost(lab: AwsLab) -> None:
    store = lab.store()
    stored = store.write(PLACE, record_of(), None)
    failure = None
    for _turn in range(120):
        try:
            stored = store.write(PLACE, stored.record, stored.version)
        except CredentialsError as exc:
            failure = exc
            break
    assert failure is not None
    assert (failure.kind, failure.code, failure.landed) == (
        "store_refused",
        "LimitExceededException",
        False,
    )
    lab.simulator.clock.advance(2 * 86400)
    found = store.read(PLACE)
    assert found is not None
    assert found.record == stored.record
    store.write(PLACE, found.record, found.version)


# --- notes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["CreateSecret", "PutSecretValue", "UpdateSecretVersion"])
def test_note_survives_a_lost_answer(lab: AwsLab, operation: str, when: str) -> None:
    store = lab.store()
    version = None
    if operation != "CreateSecret":
        store.write_note("heads", {"turn": 1}, None)
        version = (store.read_note("heads") or ({}, None))[1]
    lab.server.faults.add("drop", when=when, path=f"^/{operation}", times=2)
    if operation == "PutSecretValue":
        # Nobody needs a note so much that a version is sent for ever.
        assert raised(store.write_note, "heads", {"turn": 2}, version).landed is False
        return
    store.write_note("heads", {"turn": 2}, version)
    assert (store.read_note("heads") or ({}, None))[0] == {"turn": 2}


def test_note_that_is_no_json_is_unreadable(lab: AwsLab) -> None:
    store = lab.store()
    store.write_note("heads", {"turn": 1}, None)
    lab.simulator.overwrite("objectstore/_notes/heads", "[1]")
    assert raised(store.read_note, "heads").kind == "store_unreadable"


def test_store_is_not_asked_for_more_than_quotas_allow(lab: AwsLab) -> None:
    store: SecretStore = lab.store()
    stored = store.write(PLACE, record_of(), None)
    before = lab.clock.monotonic()
    for _turn in range(20):
        stored = store.write(PLACE, stored.record, stored.version)
    assert lab.clock.monotonic() - before == pytest.approx(1.0, abs=0.1)
