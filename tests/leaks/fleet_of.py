# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator of a fleet has beside logins: stores, consumers, other collections."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.objectstore.credentials.tests.simulators import (
    aws_secretsmanager_strict as strict,
)

from .lab import MODULE_PYTHON, Lab

#: Echoes its arguments, as most modules do in "invocation", and writes nothing.
_ECHO = f"""#!{MODULE_PYTHON}
# WANT_JSON
import json
import sys

with open(sys.argv[1]) as handle:
    arguments = json.load(handle)
own = dict(each for each in arguments.items() if not each[0].startswith("_ansible"))
print(json.dumps(dict(changed=True, invocation=dict(module_args=own))))
"""
#: A unit that is there, and is reloaded when asked.
_SYSTEMCTL = """#!/bin/sh
case "$*" in *show*) echo LoadState=loaded; echo ActiveState=active; echo CanReload=yes;; esac
"""


def secret_from(path: Path) -> str:
    """Return a template that reads a file of the operator's."""
    return "{{ lookup('ansible.builtin.file', '" + str(path) + "') }}"


def stores_of(lab: Lab) -> dict[str, dict[str, Any]]:
    """Start the secret stores; their logins come from files."""
    vault = lab.add_vault()
    token = lab.hold("vault-token", lab.vault_token)
    lab.aws = strict.AwsServer(strict.AwsSecretsManager()).start()
    lab.learn("login of Secrets Manager", strict.SECRET_KEY)
    login = lab.hold("aws-secret", strict.SECRET_KEY)
    return {
        "ansible_vault": lab.files,
        "vault_kv2": {"type": "vault_kv2", "url": vault.url, "token": secret_from(token)},
        "aws_secretsmanager": {
            "type": "aws_secretsmanager",
            "endpoint_url": lab.aws.url,
            "region": strict.REGION,
            "aws_access_key_id": strict.ACCESS_KEY,
            "aws_secret_access_key": secret_from(login),
        },
    }


def write_fleet(
    lab: Lab, own: Mapping[str, Mapping[str, Any]], variables: Mapping[str, Any]
) -> str:
    """Write the file of the fleet: the endpoints that own names, each with its options."""
    entries = {}
    for name, options in own.items():
        plain = {k: v for k, v in lab.plain(name).items() if k != "endpoint"}
        entries[name] = {**plain, "s3_url": lab.endpoints[name].s3_url, **options}
    defaults = {
        "adopt": "rotate",
        "allow_disruption": True,
        "allow_ephemeral": True,
        "settle": "1s",
        "secret_store": lab.files,
        "vars": {"s3_rotate_report_dir": str(lab.folder / "evidence"), **variables},
    }
    path = lab.folder / "private" / "project" / "all.s3_fleet.yml"
    fleet = {"plugin": "objectstore.credentials.s3_fleet", "ask": True}
    path.write_text(yaml.safe_dump({**fleet, "defaults": defaults, "endpoints": entries}))
    return str(path)


def stand_ins(lab: Lab, collection: str, *modules: str) -> None:
    """Write modules of another collection that show whatever they are given."""
    place = lab.folder / "others" / "ansible_collections" / collection.replace(".", "/")
    place = place / "plugins" / "modules"
    place.mkdir(parents=True, exist_ok=True)
    for name in modules:
        (place / f"{name}.py").write_text(_ECHO)
    own = lab._environment(True)["ANSIBLE_COLLECTIONS_PATH"]
    lab.environment["ANSIBLE_COLLECTIONS_PATH"] = f"{own.partition(':')[0]}:{lab.folder}/others"


def add_systemctl(lab: Lab) -> None:
    """Put a systemctl of this test's first on the path of the runs."""
    place = lab.folder / "bin"
    place.mkdir(exist_ok=True)
    (place / "systemctl").write_text(_SYSTEMCTL)
    (place / "systemctl").chmod(0o755)
    lab.environment["PATH"] = f"{place}:{lab._environment(True)['PATH']}"


@contextmanager
def webhook() -> Iterator[str]:
    """Serve what takes every message, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        """Says that it has it."""

        def do_POST(self) -> None:
            """Take one."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        server.server_close()
