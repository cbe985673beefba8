# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible shows of the arguments, in the result and in syslog, however wrong they are."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS

from ansible_collections.objectstore.credentials.plugins.modules import s3_access_key_rotate

from .conftest import forms

#: A secret with characters that break URLs, JSON and naive patterns.
SECRET = "CanarY-9x7Q/+z"
PAIR = {"name": "app-0001", "access_key": "AKIMPORT", "secret_key": SECRET}
STORE = {"type": "ansible_vault", "path": "/nowhere", "vault_password": f"v-{SECRET}"}
LOGIN_URL = f"http://user:{SECRET}@127.0.0.1:9"
GIVEN: dict[str, Any] = {
    "platform": "ontap",
    "endpoint": "lab",
    "api_url": "http://127.0.0.1:9?no",
    "api_username": "admin",
    "api_password": f"p-{SECRET}",
    "users": [PAIR, "app-0002"],
    "secret_store": STORE,
    "verify": {"s3_url": "http://127.0.0.1:9"},
}
#: What is wrong, or unusual, with the arguments. All of them fail before anything is sent.
ODD: dict[str, dict[str, Any]] = {
    "nothing but the URL": {},
    "a choice that is none": {"state": "sideways"},
    "the alias": {"users": None, "user": [PAIR], "state": "sideways"},
    "a misspelt name in an entry": {"users": [{"name": "a", "secretkey": SECRET}]},
    "one entry and no list": {"users": PAIR},
    "a list as a text": {"users": json.dumps([PAIR, PAIR])},
    "a list of YAML as a text": {"users": f"[{{name: a, secret_key: {SECRET}, bucket: b}}]"},
    "the same by the alias": {
        "users": None,
        "user": f"[{{name: a, secret_key: {SECRET}, bucket: b}}]",
        "state": "sideways",
    },
    "a list in a list": {"users": [[PAIR]]},
    "a URL of one account": {"users": [{"name": "a", "s3_url": LOGIN_URL}]},
    "a misspelt option": {"api_passwrd": SECRET},
    "a misspelt suboption": {"secret_store": {**STORE, "vault_pasword": SECRET}},
    "no type": {"secret_store": {"vault_password": SECRET}},
    "a broken dictionary": {"secret_store": "{type: ansible_vault, vault_password: " + SECRET},
    "a dictionary as a text": {"secret_store": f"type=ansible_vault vault_password={SECRET}"},
    "a list of dictionaries": {"secret_store": [STORE]},
    "the option of another store": {"secret_store": {**STORE, "token": SECRET}},
    "a store's URL": {"secret_store": {"type": "vault_kv2", "url": LOGIN_URL}},
    "a store's proxy": {"secret_store": {"type": "vault_kv2", "proxy": LOGIN_URL}},
    "a service's URL": {"verify": {"s3_url": LOGIN_URL}},
    "a service's proxy": {"verify": {"proxy": LOGIN_URL}},
    "a proxy without a scheme": {"proxy": f"user:{SECRET}@127.0.0.1:9"},
    "a proxy and a wrong choice": {"proxy": LOGIN_URL, "state": "sideways"},
    "the API's URL": {"api_url": LOGIN_URL},
    "a query": {"api_url": f"http://127.0.0.1:9/?password={SECRET}"},
}
Call = Callable[[dict[str, Any]], tuple[str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs the module; it returns the result and what went to syslog."""
    logged: list[str] = []

    def log(module: basic.AnsibleModule, message: str, log_args: Any = None) -> None:
        logged.extend((str(message), str(log_args)))

    def run(options: dict[str, Any]) -> tuple[str, str]:
        arguments = {name: value for name, value in options.items() if value is not None}
        arguments["_ansible_remote_tmp"] = "/tmp"  # noqa: S108  # not used: nothing is copied
        if "inject_invocation" in PASS_VARS:
            # Newer cores show the arguments only when they are asked to, as -vvv does.
            arguments["_ansible_inject_invocation"] = True
        raw = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", raw)
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        monkeypatch.setattr(basic.AnsibleModule, "log", log)
        with pytest.raises(SystemExit) as left:
            s3_access_key_rotate.main()
        assert left.value.code == 1
        return capsys.readouterr().out, "\n".join(logged)

    return run


@pytest.mark.parametrize("what", ODD)
def test_no_secret_of_the_arguments_is_shown(call: Call, what: str) -> None:
    output, logged = call({**GIVEN, **ODD[what]})
    result = json.loads(output)
    assert result["failed"] is True
    assert result["invocation"]["module_args"]["platform"] == "ontap"
    assert not [form for form in forms(SECRET) if form in output]
    assert not [form for form in forms(SECRET) if form in logged]


def test_what_is_no_secret_is_shown(call: Call) -> None:
    output, logged = call({**GIVEN, "proxy": "http://someone:x@proxy:3128/"})
    given = json.loads(output)["invocation"]["module_args"]
    assert given["users"] == [{**PAIR, "secret_key": "********"}, "app-0002"]
    assert given["proxy"] == "http://********@proxy:3128/"
    assert given["api_password"] == "********"
    assert given["api_username"] == "admin"
    assert given["secret_store"]["path"] == "/nowhere"
    assert given["secret_store"]["vault_password"] == "********"
    assert given["verify"]["s3_url"] == "http://127.0.0.1:9"
    assert "app-0002" in logged
