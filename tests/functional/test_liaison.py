# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line between controller and module: vault secrets come down it, its end stops the module."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from .conftest import BIN, LONGEST, Ansible, World, make_world

MODULE = "objectstore.credentials.s3_credential_info"
PASSWORDS = {"prod": "canary-of-prod-4711", "old": "canary-of-old-4712"}
#: A module of this test that says what it gets over the line, and where the line is.
PROBE = """
import hashlib, os, stat
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.objectstore.credentials.plugins.module_utils.liaison import Liaison
module = AnsibleModule({"secret_store": {"type": "dict"}, "endpoint": {}}, supports_check_mode=True)
path = module._socket_path
mode = oct(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode)) if path else None
line = Liaison.open(path)
held = line.vault_secrets() if line else []
module.exit_json(
    at=path, folder_mode=mode, line=line is not None, stop=line.why_stop() if line else None,
    held=[[label, hashlib.sha256(secret).hexdigest()] for label, secret in held],
)
"""
ACTION = """
from ansible_collections.objectstore.credentials.plugins.plugin_utils.action import (
    CredentialsAction,
)


class ActionModule(CredentialsAction):
    pass
"""
HELD = [[label, hashlib.sha256(text.encode()).hexdigest()] for label, text in PASSWORDS.items()]


def probe(
    ansible: Ansible, tasks: dict[str, dict[str, Any]], **environment: str
) -> dict[str, dict[str, Any]]:
    """Run the probe once per task; return what each said."""
    for folder, name, text in (
        ("library", "probe.py", "#!/usr/bin/python\nfrom __future__ import annotations\n" + PROBE),
        ("action_plugins", "probe.py", ACTION),
        *((".", label, text) for label, text in PASSWORDS.items()),
    ):
        path = ansible.folder / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    told = ansible.folder / "told.json"
    listed = []
    for name, task in tasks.items():
        arguments = {k: v for k, v in task.items() if k == "secret_store"}
        keywords = {k: v for k, v in task.items() if k != "secret_store"}
        listed.append({"probe": arguments, "register": name, **keywords})
    content = "{{ {" + ", ".join(f"'{name}': {name}" for name in tasks) + "} | to_json }}"
    listed.append({"ansible.builtin.copy": {"dest": str(told), "content": content}})
    flags = [f"--vault-id={label}@{ansible.folder / label}" for label in PASSWORDS]
    run = ansible.playbook(listed, *flags, "-vvv", environment=environment)
    assert run.code == 0, run.output[-4000:]
    for password in PASSWORDS.values():
        assert password not in run.output
    found: dict[str, dict[str, Any]] = json.loads(told.read_text())
    return found


@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_vault_secrets_reach_the_task_that_needs_them_and_no_other(
    ansible: Ansible, pipelining: str
) -> None:
    found = probe(
        ansible,
        {
            "files": {"secret_store": {"type": "ansible_vault", "path": "/nowhere"}},
            "text": {"secret_store": "type=ansible_vault path=/nowhere"},
            "checked": {"secret_store": {"type": "ansible_vault"}, "check_mode": True},
            "other": {"secret_store": {"type": "vault_kv2"}},
            "without": {},
            "asynchronous": {"secret_store": {"type": "ansible_vault"}, "async": 60, "poll": 1},
        },
        ANSIBLE_PIPELINING=pipelining,
    )
    assert {name: told["held"] for name, told in found.items()} == {
        name: HELD if name in ("files", "text", "checked") else [] for name in found
    }
    assert {name: told["line"] for name, told in found.items()} == {
        name: name != "asynchronous" for name in found
    }
    paths = [told["at"] for told in found.values() if told["at"]]
    assert len(set(paths)) == 5
    assert {told["folder_mode"] for told in found.values() if told["at"]} == {"0o700"}
    assert not [path for path in paths if os.path.exists(os.path.dirname(path))]


def test_rotation_is_kept_under_the_vault_password_of_the_controller(
    ansible: Ansible, ose: World
) -> None:
    for label, text in PASSWORDS.items():
        (ansible.folder / label).write_text(text)
    records = ansible.folder / "records"
    records.mkdir(mode=0o700)
    arguments = {
        "users": ["app-0001"],
        "adopt": "rotate",
        "secret_store": {"type": "ansible_vault", "path": str(records), "vault_id": "prod"},
        "verify": {"enabled": False},
        **ose.options,
    }
    tasks = [{"objectstore.credentials.s3_access_key_rotate": arguments}]
    without = ansible.playbook(tasks)
    assert without.code != 0
    assert ose.simulator.writes == 0
    flags = [f"--vault-id={label}@{ansible.folder / label}" for label in ("old", "prod")]
    run = ansible.playbook(tasks, *flags)
    assert run.code == 0, run.output[-3000:]
    (record,) = records.rglob("app-0001.yml")
    assert "$ANSIBLE_VAULT;1.2;AES256;prod" in record.read_text()
    show: list[dict[str, Any]] = [
        {"ansible.builtin.include_vars": {"file": str(record), "name": "kept"}, "no_log": True},
        {
            "ansible.builtin.copy": {
                "dest": str(ansible.folder / "pair.json"),
                "content": "{{ kept.current | to_json }}",
                "mode": "0600",
            },
            "no_log": True,
            "diff": False,
        },
    ]
    shown = ansible.playbook(show, *flags)
    assert shown.code == 0, shown.output[-3000:]
    pair = json.loads((ansible.folder / "pair.json").read_text())
    assert ose.simulator.secret_of(pair["access_key"]) == pair["secret_key"]


def test_path_too_long_for_a_socket_is_avoided(ansible: Ansible) -> None:
    deep = ansible.folder / ("d" * 90)
    deep.mkdir()
    found = probe(ansible, {"one": {}}, ANSIBLE_LOCAL_TEMP=str(deep))
    assert found["one"]["line"] is True
    assert "ddd" not in found["one"]["at"]
    assert not os.path.exists(os.path.dirname(found["one"]["at"]))


# --- a module that nobody waits for any more ----------------------------------------------------


@pytest.fixture
def slow() -> Iterator[World]:
    """An adapter on which a list of 400 takes most of a minute."""
    world = make_world("ose", accounts=400)
    world.server.latency = 0.2
    yield world
    world.server.stop()


@pytest.fixture
def start(ansible: Ansible, slow: World) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a long list in a process group of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(**keywords: Any) -> subprocess.Popen[str]:
        # Ansible 2.16 to 2.21 leave an orphaned worker behind that cannot get rid of a long result.
        report = str(ansible.folder / "report.jsonl")
        arguments = {"all": True, "parallelism": 2, "report_path": report, **slow.options}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        task = {MODULE: arguments, "register": "found", **keywords}
        text = "{{ found.totals.listed }} listed, {{ found.totals.skipped }} skipped"
        show = {"ansible.builtin.debug": {"msg": text}}
        book = ansible.folder / "book.yml"
        book.write_text(json.dumps([{**play, "tasks": [task, show]}]))
        process = subprocess.Popen(
            [str(BIN / "ansible-playbook"), "-i", "localhost,", str(book)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ansible.folder,
            # A module that is killed leaves there what it was unpacked to.
            env={**ansible.environment, "TMPDIR": str(ansible.folder)},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=LONGEST)


def when(true: Callable[[], Any], seconds: float = LONGEST) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never was so"
        time.sleep(0.05)


def requests_after_the_end(world: World) -> int:
    """Return the requests in all, once there have been none for a while."""
    seen, since = world.server.requests, time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.1)
        if world.server.requests != seen:
            seen, since = world.server.requests, time.monotonic()
    return seen


# A second is over before the module is up.
@pytest.mark.parametrize("seconds", [1, 6])
def test_task_timeout_lets_no_further_account_start(
    start: Callable[..., subprocess.Popen[str]], slow: World, seconds: int
) -> None:
    process = start(timeout=seconds)
    output = process.communicate(timeout=LONGEST)[0]
    assert process.returncode != 0
    assert re.search("timed out|time ?out|expected time frame", output, re.IGNORECASE), output
    assert requests_after_the_end(slow) < 150


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_controller_that_is_ended_leaves_no_module_at_work(
    start: Callable[..., subprocess.Popen[str]], slow: World, number: int
) -> None:
    process = start()
    when(lambda: slow.server.requests > 10)
    # Few are sent while the news is on its way, on however slow a machine.
    slow.server.latency = 1.0
    before = slow.server.requests
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal sends Ctrl-C
    else:
        process.send_signal(number)
    output = process.communicate(timeout=LONGEST)[0]
    assert requests_after_the_end(slow) < before + 40, (process.returncode, output)


def test_sigterm_to_the_module_finishes_what_is_under_way_and_skips_the_rest(
    start: Callable[..., subprocess.Popen[str]], slow: World
) -> None:
    process = start()
    when(lambda: slow.server.requests > 10)
    os.kill(module_of(process.pid), signal.SIGTERM)
    output = process.communicate(timeout=LONGEST)[0]
    assert process.returncode == 0, output
    totals = re.search(r"(\d+) listed, (\d+) skipped", output)
    assert totals, output
    assert int(totals[1]) + int(totals[2]) == 400
    assert 0 < int(totals[1]) < 150
    assert "accounts were not started: stopped by SIGTERM" in " ".join(output.split())


def module_of(process: int) -> int:
    """Return the process that runs the module: the last of the line below a controller."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(entry.name))
    while process in below:
        process = below[process][-1]
    assert stat.S_ISDIR(Path(f"/proc/{process}").stat().st_mode)
    return process
