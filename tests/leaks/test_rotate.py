# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation leaves behind, however it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.tests.simulators.base import (
    Request,
    Response,
    Simulator,
)

from .lab import OTHER_PASSWORD, Lab
from .outcome import Outcome
from .scenarios import covers

BOTH = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "no pipelining"])


def as_variables(lab: Lab, *names: str) -> dict[str, Any]:
    """Return the secrets of endpoints as variables of the play, as a vaulted file would give."""
    return {f"{name}_password": lab.login(name)["api_password"] for name in names}


def login_by_variable(name: str) -> dict[str, str]:
    """Return the login of an endpoint as a task writes it."""
    return {"api_password": "{{ " + name + "_password }}"}


def actions(done: Outcome, task: str = "Rotate") -> list[list[str]]:
    """Return what each run of a task did, account by account."""
    return [[row["action"] for row in result["accounts"]] for result in done.results(task)]


def kinds(done: Outcome, task: str = "Rotate") -> list[str]:
    """Return the kind of each failure of a task."""
    return [(result.get("failure") or {}).get("kind", "-") for result in done.results(task)]


def echo(simulator: Simulator, status: int, path: str, methods: str, skip: int = 0) -> None:
    """Have a platform refuse requests with an answer that repeats all that it was sent."""
    handle, left = simulator.handle, [skip]

    def refuse(request: Request) -> Response:
        if request.method not in methods.split() or not re.search(path, request.target):
            return handle(request)
        if left[0]:
            left[0] -= 1
            return handle(request)
        sent = request.body.decode("utf-8", "replace")
        headers = dict(request.headers)
        said = {"error": sent, "message": f"refused: {sent} {headers}"}
        return Response(status, {**said, "errors": [sent, str(headers)]})

    simulator.handle = refuse  # type: ignore[method-assign]  # a platform with bad manners


@BOTH
def test_success(lab: Lab, pipelining: bool) -> None:
    report = str(lab.folder / "report.jsonl")
    tasks = [
        lab.rotation("adapter", adopt="import", **login_by_variable("adapter")),
        lab.rotation("adapter", rotation_id="q4", **login_by_variable("adapter")),
        lab.rotation("cluster", report_unchanged=True),
        lab.rotation("cluster", force=True),
        lab.rotation("cluster", report_path=report),
    ]
    variables = as_variables(lab, "adapter")
    done = lab.run(tasks, "--diff", pipelining=pipelining, variables=variables)
    assert done.status == "successful", done.output[-3000:]
    assert actions(done) == [["adopted"] * 2, *[["rotated"] * 2] * 3, []]
    lab.assert_no_leak()


@BOTH
def test_secrets_of_the_environment(lab: Lab, pipelining: bool) -> None:
    lab.add_vault()
    adapter = lab.endpoints["adapter"]
    lab.hold("logins.json", "{}")
    environment = {
        "S3_OSE_API_URL": adapter.options["api_url"],
        "S3_OSE_API_PASSWORD": lab.login("adapter")["api_password"],
        "VAULT_ADDR": lab.kv2["url"],
        "VAULT_TOKEN": lab.vault_token,
    }
    task = lab.rotation("adapter", secret_store={"type": "vault_kv2"})
    done = lab.run([task], "--diff", pipelining=pipelining, environment=environment)
    assert actions(done) == [["rotated"] * 2]
    # ansible-runner notes the environment in these files, unless suppress_env_files is set.
    lab.assert_leaks_are(r"private/artifacts/run-1/command", r"private/env/envvars")


def test_success_in_vault(lab: Lab) -> None:
    lab.add_vault()
    tasks = [lab.rotation(name, secret_store=lab.kv2) for name in ("adapter", "cluster")]
    done = lab.run(tasks, "--diff", variables=vault_token(lab))
    assert done.status == "successful", done.output[-3000:]
    assert actions(done) == [["rotated"] * 2] * 2
    lab.assert_no_leak()


@BOTH
def test_check_mode(lab: Lab, pipelining: bool) -> None:
    tasks = [lab.rotation(name, **login_by_variable(name)) for name in ("adapter", "cluster")]
    variables = as_variables(lab, "adapter", "cluster")
    done = lab.run(tasks, "--check", "--diff", pipelining=pipelining, variables=variables)
    assert done.status == "successful", done.output[-3000:]
    assert actions(done) == [["rotated"] * 2] * 2
    assert not any(endpoint.simulator.writes for endpoint in lab.endpoints.values())
    lab.assert_no_leak()


@covers("way: a task that fails")
@BOTH
def test_wrong_vault_password(lab: Lab, pipelining: bool) -> None:
    lab.run([lab.rotation("adapter")])
    wrong = {key: value for key, value in lab.files.items() if key != "vault_password_file"}
    lab.learn("wrong vault password", OTHER_PASSWORD)
    done = lab.run(
        [lab.rotation("adapter", secret_store={**wrong, "vault_password": "{{ other }}"})],
        pipelining=pipelining,
        variables={"other": OTHER_PASSWORD},
    )
    assert kinds(done) == ["store_refused"]
    lab.assert_no_leak()


def test_platform_repeats_what_it_was_sent(lab: Lab) -> None:
    said = {"adapter": 400, "cluster": 400}
    for status in (401, 403, 500):
        for name, platform, variant in (("adapter", "ose", "osis"), ("cluster", "ontap", "9.14.1")):
            lab.add(f"{name}-{status}", platform, variant)
            said[f"{name}-{status}"] = status
    # A refusal that says nothing of what was done is given time to come true, by default 90 s.
    more = {"force": True, "settle": "1s", "ignore_errors": True}
    tasks = [lab.rotation(name, **more) for name in said]
    done = lab.run(tasks)
    assert actions(done) == [["rotated"] * 2] * len(said), done.output[-3000:]
    for methods in ("POST PATCH PUT", "GET"):
        for name, status in said.items():
            echo(lab.endpoints[name].simulator, status, ".", methods)
        refused = kinds(lab.run(tasks))
        assert len(refused) == len(said)
        assert "-" not in refused
    lab.assert_no_leak()


def test_web_page_with_the_login(lab: Lab) -> None:
    for name, endpoint in lab.endpoints.items():
        page = f"<html><title>Sign in</title><!-- {lab.login(name)['api_password']} --></html>"
        headers = {"Content-Type": "text/html"}
        endpoint.server.faults.add(action="status", body=page, status=200, headers=headers, times=0)
    tasks = [lab.rotation(name, ignore_errors=True) for name in lab.endpoints]
    assert "-" not in kinds(lab.run(tasks))
    lab.assert_no_leak()


def test_s3_service_refuses(lab: Lab) -> None:
    body = "<Error><Code>InvalidAccessKeyId</Code><Message>" + "x" * 5 + "</Message></Error>"
    for endpoint in lab.endpoints.values():
        fault: dict[str, Any] = {
            "status": 403,
            "headers": {"Content-Type": "application/xml"},
            "times": 0,
        }
        endpoint.s3_server.faults.add(action="status", body=body, **fault)
    tasks = [lab.rotation(name, ignore_errors=True) for name in ("adapter", "cluster")]
    done = lab.run(tasks)
    assert kinds(done) == ["verification_failed"] * 2
    lab.assert_no_leak()


def test_vault_refuses_to_keep(lab: Lab) -> None:
    server = lab.add_vault()
    wide = lab.add("wide", "ose", "osis", accounts=3).simulator
    tasks = []
    for account, status in (("app-0001", 400), ("app-0002", 403), ("app-0003", 500)):
        # The intent is written, the new pair is not, and comes back in the refusal.
        echo(server.simulator, status, f"/data/objectstore/ose/.*{account}", "POST PUT", skip=1)
        more = {"users": [account], "secret_store": lab.kv2, "ignore_errors": True}
        tasks.append(lab.rotation("wide", **more))
    done = lab.run(tasks, variables=vault_token(lab))
    assert done.failed("Rotate") == [True] * 3, done.output[-3000:]
    assert wide.writes >= 3, "no pair was made that Vault could repeat"
    lab.assert_no_leak()


#: How somebody who edited a record has left it.
BROKEN: dict[str, Callable[[str, str], str]] = {
    "secret in clear": lambda text, secret: text.replace("!vault |", f"{json.dumps(secret)} #", 1),
    "no YAML": lambda text, secret: f"{text}\ncurrent: {{ secret_key: {secret}\n\t: [",
    "another kind of value": lambda text, secret: f"{text}\nversion: [{json.dumps(secret)}]\n",
    "a text": lambda text, secret: secret,
    "a cut file": lambda text, secret: text[: len(text) // 2],
}


def test_broken_records(lab: Lab) -> None:
    accounts = {f"app-000{number}": how for number, how in enumerate(BROKEN, 1)}
    lab.add("wide", "ose", "osis", accounts=len(accounts))
    done = lab.run([lab.rotation("wide", users=list(accounts))])
    assert actions(done) == [["rotated"] * len(accounts)], done.output[-3000:]
    broken = []
    for account, how in accounts.items():
        path = lab.folder / "records" / "ose" / "wide" / f"{account}.yml"
        secret = f"Secret/of+somebody who edited 4CanaryOfTheEditorOf{account[-4:]}"
        lab.learn(f"secret in a record with {how}", secret)
        path.write_text(BROKEN[how](path.read_text(), secret))
        broken.append(str(path.relative_to(lab.folder)))
    tasks = [
        lab.rotation("wide", users=[account], force=True, ignore_errors=True)
        for account in accounts
    ]
    done = lab.run([*tasks, *tasks])
    assert done.failed("Rotate")[: len(tasks)] == [True] * len(tasks), done.output[-3000:]
    lab.assert_no_leak(*broken)


def test_passwords_in_urls(lab: Lab) -> None:
    lab.add_vault()
    password = "Pr0xy/pass+word4CanaryOfTheProxy"
    proxy = f"http://someone:{password}@127.0.0.1:9"
    lab.learn("password of a proxy", password)
    store = {**lab.kv2, "proxy": proxy}
    s3_url = lab.endpoints["adapter"].s3_url
    wrong: list[dict[str, Any]] = [
        {"verify": {"s3_url": s3_url, "proxy": proxy, "timeout": "2s"}},
        {"verify": {"s3_url": proxy}},
        {"proxy": proxy},
        {"api_url": proxy},
        {"secret_store": store},
        {"secret_store": {**store, "url": proxy}},
        {"secret_store": store, "state": "sideways"},
        {"users": [{"name": "app-0001", "s3_url": proxy}]},
    ]
    tasks = [lab.rotation("adapter", **{"ignore_errors": True, **more}) for more in wrong]
    # As anybody writes it, the proxy comes from a variable: the play itself is searched too.
    tasks = json.loads(json.dumps(tasks).replace(json.dumps(proxy), '"{{ proxy_url }}"'))
    done = lab.run(tasks, variables={**vault_token(lab), "proxy_url": proxy})
    assert done.failed("Rotate") == [True] * len(wrong)
    lab.assert_no_leak()


def test_pairs_to_import(lab: Lab) -> None:
    simulator = lab.endpoints["cluster"].simulator
    pairs = []
    for number, access_key in enumerate(sorted(simulator.access_keys())):
        secret = simulator.secret_of(access_key)
        pairs.append({"name": f"app-000{number}", "access_key": access_key, "secret_key": secret})
    tasks = [
        lab.rotation("cluster", adopt="import", users=users, ignore_errors=True, **more)
        for users in ("{{ pairs }}", "{{ pairs | to_json }}", "{{ pairs[0] }}")
        for more in ({}, {"state": "sideways"})
    ]
    done = lab.run(tasks, "--diff", variables={"pairs": pairs})
    assert len(done.results("Rotate")) == len(tasks)
    lab.assert_no_leak()


def vault_token(lab: Lab) -> dict[str, Any]:
    """Return the token of Vault as a variable of the play."""
    return {"vault_token": lab.vault_token}
