# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugin adds to a module, without running one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.objectstore.credentials.plugins.action.s3_play_guard import (
    ActionModule,
    misspelt,
)
from ansible_collections.objectstore.credentials.plugins.plugin_utils.action import (
    CredentialsAction,
    holds_secrets,
    is_one_line,
    vault_secrets,
    wants_vault_secrets,
)


def action(transport: str, arguments: dict[str, Any], answer: dict[str, Any]) -> CredentialsAction:
    """Return an action whose module run is replaced by an answer."""
    task = SimpleNamespace(
        args=arguments,
        async_val=0,
        action="objectstore.credentials.x",
        diff=False,
        check_mode=False,
        register="found",
    )
    connection = SimpleNamespace(transport=transport, has_native_async=False)
    made = CredentialsAction.__new__(CredentialsAction)
    made._task, made._connection = task, connection
    made.sent = {}
    made._loader = None
    made._display = SimpleNamespace(warning=made.sent.setdefault("warned", []).append)

    def execute(module_args: dict[str, Any], **_rest: Any) -> dict[str, Any]:
        made.sent.update(module_args)
        return dict(answer)

    made._execute_module = execute
    return made


@pytest.fixture(autouse=True)
def _no_base(monkeypatch: pytest.MonkeyPatch) -> None:
    # The base class's run() wants a whole playbook around it, and returns an empty result here.
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *_args: {})


def test_endpoint_is_the_inventory_host_unless_given() -> None:
    plain = action("local", {"platform": "ontap"}, {})
    plain.run(task_vars={"inventory_hostname": "cluster1"})
    assert plain.sent["endpoint"] == "cluster1"
    named = action("local", {"endpoint": "east"}, {})
    named.run(task_vars={"inventory_hostname": "cluster1"})
    assert named.sent["endpoint"] == "east"


def test_endpoint_is_left_out_where_that_means_all_of_them() -> None:
    plain = action("local", {}, {})
    plain.fills_endpoint = False
    plain.run(task_vars={"inventory_hostname": "cluster1"})
    assert "endpoint" not in plain.sent


@pytest.mark.parametrize("name", ["secret_store", "destination", "verify"])
@pytest.mark.parametrize(
    "typed",
    [
        "{type: ansible_vault, path: /x, vault_password: 0042}",
        '{"type": "ansible_vault", "path": "/x", "vault_password": "0042"}',
        "type=ansible_vault path=/x vault_password=0042",
    ],
)
def test_dictionary_is_read_as_a_person_types_it(name: str, typed: str) -> None:
    done = action("local", {name: typed}, {})
    done.run(task_vars={})
    assert done.sent[name] == {"type": "ansible_vault", "path": "/x", "vault_password": "0042"}


@pytest.mark.parametrize("typed", ["{type: hush", "hush", "a=b, hush", "[hush]", ""])
def test_what_is_no_dictionary_is_refused_by_name_and_not_repeated(typed: str) -> None:
    done = action("local", {"secret_store": typed}, {})
    refused = done.run(task_vars={})
    assert refused["failed"] is True
    assert refused["msg"].startswith("secret_store is no dictionary.")
    assert "hush" not in refused["msg"]
    assert "secret_store" not in done.sent


@pytest.mark.parametrize("name", ["secret_store", "destination"])
def test_vault_secrets_are_for_either_store(name: str) -> None:
    assert wants_vault_secrets({name: {"type": "ansible_vault", "path": "/x"}})
    assert wants_vault_secrets({name: "type=ansible_vault path=/x"})
    assert not wants_vault_secrets({name: {"type": "vault_kv2"}})


def test_result_with_a_secret_is_censored_and_others_are_not() -> None:
    secret = {"accounts": [{"account": "a", "secret_key": "not-for-logs"}]}
    censored = action("local", {}, secret).run(task_vars={})
    assert censored["_ansible_no_log"] is True
    assert censored["accounts"][0]["secret_key"] == "not-for-logs"
    without = action("local", {}, {"accounts": [{"account": "a"}]}).run(task_vars={})
    assert "_ansible_no_log" not in without


def test_connection_that_is_not_local_is_warned_about() -> None:
    remote = action("ssh", {}, {"warnings": ["first"]}).run(
        task_vars={"inventory_hostname": "cluster1"}
    )
    assert remote["warnings"][0] == "first"
    assert "delegate_to: localhost" in remote["warnings"][1]
    assert "warnings" not in action("local", {}, {}).run(task_vars={})


@pytest.mark.parametrize("accounts", [None, "text", [], [None], [{"secret_key": None}]])
def test_odd_results_hold_no_secret(accounts: Any) -> None:
    assert holds_secrets({"accounts": accounts}) is False


@pytest.mark.parametrize(
    ("task", "arguments", "says"),
    [
        ({"register": None}, {"return_secret": "yes"}, "register"),
        ({"async_val": 30}, {"return_secret": True}, "async"),
        ({"register": None}, {"return_secret": True, "secret_key": "own"}, None),
        ({"register": None, "check_mode": True}, {"return_secret": True}, None),
        ({"register": None}, {"return_secret": False}, None),
        ({}, {"return_secret": True}, None),
    ],
)
def test_secret_that_nobody_would_receive_is_refused_beforehand(
    task: dict[str, Any], arguments: dict[str, Any], says: Any
) -> None:
    made = action("local", arguments, {"changed": True})
    for name, value in task.items():
        setattr(made._task, name, value)
    result = made.run(task_vars={})
    if says is None:
        assert result == {"changed": True}
    else:
        assert result["failed"] is True
        assert says in result["msg"]
        assert "endpoint" not in made.sent


def test_failure_hidden_beside_secrets_is_said_in_a_warning() -> None:
    answer = {"failed": True, "msg": "b: no right.", "accounts": [{"secret_key": "x"}]}
    made = action("local", {}, answer)
    assert made.run(task_vars={})["_ansible_no_log"] is True
    assert "b: no right." in made.sent["warned"][0]


@pytest.mark.parametrize(
    ("store", "wants"),
    [
        ({"type": "ansible_vault", "path": "/x"}, True),
        ('{"type": "ansible_vault"}', True),
        ("type=ansible_vault path=/x", True),
        ("{type: ansible_vault, path: /x}", True),
        ({"type": "vault_kv2"}, False),
        ("type=vault_kv2", False),
        ({}, False),
        (None, False),
        ("ansible_vault", False),
        ("{broken", False),
        (["ansible_vault"], False),
    ],
)
def test_vault_secrets_are_for_the_store_that_needs_them(store: Any, wants: bool) -> None:
    assert wants_vault_secrets({"secret_store": store}) is wants


def loader(*secrets: Any) -> Any:
    """Return a loader that holds secrets as Ansible's does."""
    return SimpleNamespace(_vault=SimpleNamespace(secrets=secrets))


def test_vault_secrets_are_read_from_the_loader_in_its_order() -> None:
    one, two = SimpleNamespace(bytes=b"one"), SimpleNamespace(bytes=b"two")
    assert vault_secrets(loader(("b", one), ("a", two))) == [("b", b"one"), ("a", b"two")]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(_vault=None),
        SimpleNamespace(_vault=SimpleNamespace(secrets=None)),
        loader("x", None, ("a", None), ("a", SimpleNamespace(bytes=None))),
        loader(("a", SimpleNamespace(bytes=b"")), ("a", SimpleNamespace(bytes="text"))),
    ],
)
def test_loader_of_another_shape_holds_none(odd: Any) -> None:
    assert vault_secrets(odd) == []


@pytest.mark.parametrize(
    ("flags", "callback", "is_short"),
    [
        ({"one_line": True}, "default", True),
        ({"one_line": None}, "minimal", False),
        ({}, "oneline", True),
        ({}, "ansible.builtin.oneline", True),
        ({}, None, False),
    ],
)
def test_a_line_per_host_is_noticed(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, Any], callback: Any, is_short: bool
) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(flags))
    monkeypatch.setattr("ansible.constants.DEFAULT_STDOUT_CALLBACK", callback, raising=False)
    assert is_one_line() is is_short


@pytest.mark.parametrize(
    ("transport", "async_val", "has_line"),
    [("local", 0, True), ("local", 30, False), ("ssh", 0, False)],
)
def test_line_is_offered_where_the_module_can_reach_it(
    transport: str, async_val: int, has_line: bool
) -> None:
    made = action(transport, {}, {})
    made._task.async_val = async_val
    given: dict[str, Any] = {}

    def execute(task_vars: dict[str, Any], **_rest: Any) -> dict[str, Any]:
        given.update(task_vars)
        return {}

    made._execute_module = execute
    variables = {"inventory_hostname": "cluster1"}
    made.run(task_vars=variables)
    assert ("ansible_socket" in given) is has_line
    assert variables == {"inventory_hostname": "cluster1"}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("s3_rotate_max_rotation", "s3_rotate_max_rotations"),
        ("s3_rotate_user", "s3_rotate_users"),
        ("s3_rotate_consumer_s", "s3_rotate_consumers"),
        ("s3_rotate_bucket", "s3_rotate_verify"),
    ],
)
def test_misspelt_variable_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    wrong = misspelt({name: 1, "s3_rotate_adopt": "rotate"})
    assert wrong is not None
    assert wrong.startswith(f"{name} is no variable of the role")
    assert meant in wrong


def test_variables_of_the_role_and_of_others_are_let_through() -> None:
    role = Path(__file__).parents[2] / "roles" / "s3_rotate"
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    known = {name for spec in specs.values() for name in spec["options"]}
    known |= set(yaml.safe_load((role / "defaults" / "main.yml").read_text()))
    # What consumers are handed, the role's own, and an operator's.
    others = ("s3_rotate_accounts", "s3_rotate__part", "s3_rotate_note", "s3_hosts", "users")
    assert misspelt([*known, *others]) is None


@pytest.mark.parametrize(("when", "is_refused"), [(True, True), ("True", True), (False, False)])
def test_play_can_name_what_else_must_not_be(when: Any, is_refused: bool) -> None:
    guard = ActionModule.__new__(ActionModule)
    refuse = [{"when": when, "why": "It is Friday."}, {"when": False, "why": "It rains."}]
    play = SimpleNamespace(strategy="linear")
    guard._task = SimpleNamespace(args={"refuse": refuse}, get_play=lambda: play)
    result = guard.run(task_vars={"s3_rotate_user": "x"} if is_refused else {})
    assert result.get("failed", False) is is_refused
    if is_refused:
        # All of it at once, so that nobody runs into one after the other.
        assert "s3_rotate_users is" in result["msg"]
        assert result["msg"].endswith("It is Friday. Nothing was touched.")
