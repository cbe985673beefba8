# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup s3_secret in real Ansible, over files and AWS Secrets Manager."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.clock import Clock
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    Decommission,
    HeldKey,
    Pending,
    Record,
    Secret,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record_moves import Move
from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.store_registry import (
    open_store,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.simulators.vault_kv2 import VaultKv2Double

from .conftest import Ansible, Run

#: The store's options, the accounts, other arguments.
Call = tuple[Any, tuple[str, ...], dict[str, Any]]
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
VAULT_PASSWORD = "made-up-vault-password-9000"
#: Looks like a template, and must come out as it is.
TRICKY = "{{ 7 * 6 }}{% raw %}Secret/Key+01"
SECRETS = (TRICKY, "Older0Secret0Key000001", "Oldest0Secret0Key00002", "Next0Secret0Key0000003")


def record(account: str, **changes: Any) -> Record:
    """Return a managed record with two retiring keys and a rotation under way."""
    full = Record(
        platform="ontap",
        endpoints=("cluster1",),
        account=account,
        current=HeldKey("AKCURRENT", Secret(SECRETS[0]), created_at=MOMENT),
        retiring=(
            HeldKey("AKOLDER", Secret(SECRETS[1]), retiring_since=MOMENT),
            HeldKey("AKOLDEST", Secret(SECRETS[2]), retiring_since=MOMENT - dt.timedelta(days=90)),
            HeldKey(
                "AKGONE",
                Secret("Gone0Secret0Key000004"),
                retiring_since=MOMENT + dt.timedelta(days=1),
                deleted_at=MOMENT + dt.timedelta(days=2),
            ),
        ),
        pending=Pending(
            "r2", MOMENT, "run-1", "a1", step="kept", access_key="AKNEXT", secret=Secret(SECRETS[3])
        ),
    )
    return dataclasses.replace(full, **changes)


def fill(options: dict[str, Any], *records: Record) -> None:
    """Write records into a secret store."""
    context = StoreContext(clock=Clock(), redactor=Redactor(), run="fill")
    store = open_store(options, context)
    for each in records:
        store.write(Place("ontap", "cluster1", each.account), each, None)
    store.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    """A store of files, with its password in a file."""
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text(VAULT_PASSWORD)
    return {
        "type": "ansible_vault",
        "path": str(tmp_path / "credentials"),
        "vault_password_file": str(password),
    }


@pytest.fixture
def cloud() -> Iterator[strict.AwsServer]:
    """A region of AWS."""
    server = strict.AwsServer(strict.AwsSecretsManager())
    server.start()
    yield server
    server.stop()


def in_cloud(server: strict.AwsServer) -> dict[str, Any]:
    """Return the options that reach it; the login comes from the environment."""
    return {"type": "aws_secretsmanager", "endpoint_url": server.url, "region": strict.REGION}


LOGIN = {
    "AWS_ACCESS_KEY_ID": strict.ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": strict.SECRET_KEY,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def look_up(
    ansible: Ansible,
    options: Any,
    *accounts: str,
    environment: Optional[dict[str, str]] = None,
    flags: tuple[str, ...] = (),
    **arguments: Any,
) -> tuple[Run, Any]:
    """Run the lookup in a playbook; return the run, and what it gave, read from a file."""
    target = ansible.folder / "found.json"
    target.unlink(missing_ok=True)
    given = {"platform": "ontap", "endpoint": "cluster1", **arguments}
    words = ", ".join(
        [*(repr(account) for account in accounts), "secret_store=store"]
        + [f"{name}={value!r}" for name, value in given.items() if value is not None]
    )
    call = f"query('objectstore.credentials.s3_secret', {words})"
    task = {
        "name": "Keep what was found",
        "ansible.builtin.copy": {
            "content": "{{ " + call + " | to_json }}",
            "dest": str(target),
            "mode": "0600",
        },
        "no_log": True,
        "diff": False,
        "vars": {"store": options},
    }
    run = ansible.playbook([task], *flags, environment=environment)
    return run, json.loads(target.read_text()) if target.exists() else None


def said(ansible: Ansible, *calls: Call) -> list[str]:
    """Return what failing lookups say, with no task that hides it; one run for all of them."""
    target = ansible.folder / "said.json"
    tasks: list[dict[str, Any]] = []
    for number, (options, accounts, arguments) in enumerate(calls):
        given = {"platform": "ontap", "endpoint": "cluster1", **arguments}
        words = ", ".join(
            [*(repr(account) for account in accounts), "secret_store=store"]
            + [f"{name}={value!r}" for name, value in given.items() if value is not None]
        )
        call = f"query('objectstore.credentials.s3_secret', {words})"
        tasks.append(
            {
                "ansible.builtin.debug": {"msg": "{{ " + call + " | length }}"},
                "vars": {"store": options},
                "register": f"said_{number}",
                "ignore_errors": True,
            }
        )
    names = ", ".join(f"said_{number}" for number in range(len(calls)))
    content = "{{ [" + names + "] | to_json }}"
    tasks.append({"ansible.builtin.copy": {"content": content, "dest": str(target)}})
    environment = {"ANSIBLE_DISPLAY_TRACEBACK": "always"}
    run = ansible.playbook(tasks, "-vvv", environment=environment)
    assert run.code == 0, run.output
    assert not [secret for secret in (*SECRETS, VAULT_PASSWORD) if secret in run.output]
    results = json.loads(target.read_text())
    assert [bool(result.get("failed")) for result in results] == [True] * len(calls)
    return [str(result["msg"]) for result in results]


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (None, {"access_key": "AKCURRENT", "secret_key": SECRETS[0]}),
        ("current", {"access_key": "AKCURRENT", "secret_key": SECRETS[0]}),
        ("previous", {"access_key": "AKOLDER", "secret_key": SECRETS[1]}),
        ("pending", {"access_key": "AKNEXT", "secret_key": SECRETS[3]}),
    ],
)
def test_pair_is_read_from_files(
    ansible: Ansible, files: dict[str, Any], pair: Optional[str], expected: dict[str, str]
) -> None:
    fill(files, record("app-0001"))
    run, found = look_up(ansible, files, "app-0001", pair=pair)
    assert run.code == 0, run.output
    assert found == [expected]
    assert not [secret for secret in SECRETS if secret in run.output]


def test_pair_is_read_while_its_record_moves_and_refused_once_it_has(
    ansible: Ansible, files: dict[str, Any]
) -> None:
    moving = Move("moving", {"type": "vault_kv2", "url": "https://new.invalid"}, MOMENT, "l1")
    moved = dataclasses.replace(moving, state="moved")
    fill(files, record("app-0001", moved_to=moving), record("app-0002", moved_to=moved))
    run, found = look_up(ansible, files, "app-0001")
    assert run.code == 0, run.output
    assert found == [{"access_key": "AKCURRENT", "secret_key": SECRETS[0]}]
    (message,) = said(ansible, (files, ("app-0002",), {}))
    assert "was moved to vault_kv2 (url https://new.invalid)" in message
    assert "Set secret_store to" in message


def test_options_may_be_templates_with_filters(ansible: Ansible, files: dict[str, Any]) -> None:
    fill(files, record("app-0001"))
    folder, name = str(Path(files["path"]).parent), Path(files["path"]).name
    templated = {**files, "path": "{{ (" + repr(folder) + ", " + repr(name) + ") | path_join }}"}
    run, found = look_up(ansible, templated, "app-0001")
    assert run.code == 0, run.output
    assert [pair["access_key"] for pair in found] == ["AKCURRENT"]


def test_several_pairs_are_read_from_aws_with_one_login(
    ansible: Ansible, cloud: strict.AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)
    other = HeldKey("AKOTHER", Secret("Other0Secret0Key00005"))
    fill(in_cloud(cloud), record("app-0001"), record("app-0002", current=other))
    before = cloud.simulator.writes
    cloud.log.clear()
    run, found = look_up(ansible, in_cloud(cloud), "app-0002", "app-0001", environment=LOGIN)
    assert run.code == 0, run.output
    assert [pair["access_key"] for pair in found] == ["AKOTHER", "AKCURRENT"]
    assert [pair["secret_key"] for pair in found] == ["Other0Secret0Key00005", TRICKY]
    # It only reads: what it asks at the start, and one request for each account.
    assert set(cloud.sent()) == {"GetSecretValue"}
    assert cloud.simulator.writes == before


def test_passwords_are_those_that_ansible_was_started_with(
    ansible: Ansible, files: dict[str, Any]
) -> None:
    fill(files, record("app-0001"))
    password = files.pop("vault_password_file")
    run, found = look_up(ansible, files, "app-0001", flags=("--vault-id", f"lab@{password}"))
    assert run.code == 0, run.output
    assert found == [{"access_key": "AKCURRENT", "secret_key": TRICKY}]


def test_pair_is_read_from_vault(ansible: Ansible) -> None:
    double = VaultKv2Double()
    with SimulatorServer(double) as server:
        options = {"type": "vault_kv2", "url": server.url, "token": double.root.id}
        fill(options, record("app-0001"))
        environment = {"VAULT_ADDR": server.url, "VAULT_TOKEN": double.root.id}
        before = double.writes
        run, found = look_up(ansible, {"type": "vault_kv2"}, "app-0001", environment=environment)
        assert run.code == 0, run.output
        assert found == [{"access_key": "AKCURRENT", "secret_key": TRICKY}]
        assert double.writes == before


def test_what_is_missing_is_named(ansible: Ansible, files: dict[str, Any]) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"retiring": ()}, "previous", "has no previous pair"),
        ({"pending": None}, "pending", "has no rotation under way"),
        (
            {"pending": Pending("r2", MOMENT, "run-1", "a1")},
            "pending",
            "begun 2026-01-02T03:04:05Z, whose new pair is not known yet",
        ),
        (
            {"current": HeldKey(None, origin="delivered")},
            "current",
            "its current pair was delivered by e-mail",
        ),
        (
            {"current": HeldKey("AKADOPTED", origin="adopted")},
            "current",
            "(AKADOPTED) was taken over without its secret key",
        ),
        ({"current": None}, "current", "its first rotation is under way"),
        (
            {"current": None, "pending": None, "decommission": Decommission(MOMENT)},
            "current",
            "was decommissioned",
        ),
    ]
    accounts = [f"app-{number:04d}" for number in range(len(cases))]
    records = [record(each, **case[0]) for each, case in zip(accounts, cases)]
    fill(files, *records)
    calls: list[Call] = [(files, (each,), {"pair": case[1]}) for each, case in zip(accounts, cases)]
    calls += [
        (files, ("app-0000", "app-9999"), {}),
        (files, ("app-9999",), {"endpoint": None}),
    ]
    messages = said(ansible, *calls)
    for message, account, (_changes, _pair, words) in zip(messages, accounts, cases):
        assert words in message
        assert f"The account {account} (ontap, endpoint cluster1)" in message
    assert "The account app-9999 (ontap, endpoint cluster1) is not managed" in messages[-2]
    # The endpoint is the host when left out.
    assert "The account app-9999 (ontap, endpoint localhost) is not managed" in messages[-1]


def test_wrong_options_are_named(ansible: Ansible, files: dict[str, Any], tmp_path: Path) -> None:
    fill(files, record("app-0001"))
    other = tmp_path / "other-password"
    other.touch(mode=0o600)
    other.write_text("another-made-up-password")
    nowhere = {
        "type": "aws_secretsmanager",
        "endpoint_url": "http://127.0.0.1:9",
        "region": strict.REGION,
        "aws_access_key_id": strict.ACCESS_KEY,
        "aws_secret_access_key": SECRETS[1],
        "timeout": "1s",
    }
    url = "https://vault.example.com"
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({**files, "type": "attic"}, {}, "attic"),
        ({**files, "url": url}, {}, "secret_store.url is an option of vault_kv2, not of ansible"),
        ({**files, "width": 3}, {}, "width"),
        (files, {"platform": "floppy"}, "'floppy' is not one of"),
        (files, {"pair": "next"}, "pair"),
        ({"type": "ansible_vault"}, {}, "secret_store.path"),
        ({**files, "vault_password_file": str(other)}, {}, "password"),
        (nowhere, {}, "AWS Secrets Manager cannot be reached"),
    ]
    calls: list[Call] = [
        (options, ("app-0001",), arguments) for options, arguments, _words in cases
    ]
    messages = said(ansible, *calls, (files, ("id:42",), {}))
    for message, (_options, _arguments, words) in zip(messages, cases):
        assert words in message
        assert "another-made-up-password" not in message
    assert "'id:42' is no name of an account" in messages[-1]
