# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an operator for the simulators that run: a fleet, a vault password, answers.

With them the nightly job of the README runs as it stands there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import fleet
from .fleet import Endpoint

#: Options that say where an endpoint is; its login stays in the file of logins.
_PLACES = ("api_url", "svm", "tenant", "domain", "flavor", "login_url", "api_version")


def write_files(folder: Path, endpoints: Sequence[Endpoint]) -> list[str]:
    """Write them beside the logins; return the commands to be typed, in their order."""
    _private(folder / "vault-password", "simulated\n")
    path = folder / "fleet.s3_fleet.yml"
    path.write_text(_fleet(folder, endpoints))
    book = "ansible-playbook objectstore.credentials"
    source = f"-i {path}"
    lines = [f"{book}.audit  {source}"]
    twice = [one for one in endpoints if _of_several(one)]
    for one in twice:
        answers = {"s3_rotate_users": _of_several(one), "s3_rotate_reason": "taken over"}
        _private(folder / f"{one.label}.json", json.dumps(answers))
    if twice:
        names = " ".join(one.label for one in twice)
        lines += [
            "# Of two keys that no record knows, somebody must say once which one is in use:",
            f"for name in {names}; do",
            f"  {book}.repair {source} --limit $name -e @{folder}/$name.json",
            "done",
        ]
    return [*lines, f"{book}.rotate {source} --check", f"{book}.rotate {source}"]


def _fleet(folder: Path, endpoints: Sequence[Endpoint]) -> str:
    defaults = {
        "secret_store": {
            "type": "ansible_vault",
            "path": str(folder / "secrets"),
            "vault_password_file": str(folder / "vault-password"),
        },
        "journal": str(folder / "journal"),
        "adopt": "rotate",
        "allow_disruption": True,
    }
    rows = [
        "# Endpoints are found in the file of logins by these names.",
        "plugin: objectstore.credentials.s3_fleet",
        "defaults:",
        *(f"  {name}: {json.dumps(value)}" for name, value in defaults.items()),
        "endpoints:",
        *(f"  {one.label}: {json.dumps(_entry(one))}" for one in endpoints),
    ]
    return "\n".join(rows) + "\n"


def _entry(one: Endpoint) -> dict[str, Any]:
    data_plane = one.s3_server.simulator.modes
    verify = {"s3_url": one.s3_url}
    if data_plane["addressing"] != "virtual":
        # A bucket in the name of the host would need a name service.
        verify["bucket"] = fleet.BUCKET
    if data_plane["region"]:
        verify["region"] = data_plane["region"]
    entry = {"platform": one.platform, "verify": verify}
    entry.update({name: one.options[name] for name in _PLACES if name in one.options})
    if one.simulator.OWN_USER and one.simulator.modes["lists_login"]:
        # A run refuses to rotate the key that it logs in with.
        entry["exclude"] = [one.simulator.OWN_USER]
    mode = one.simulator.modes.get("key_delivery")
    if mode is not None:
        entry["key_delivery"] = "email" if mode == "email" else "inline"
    return entry


def _of_several(one: Endpoint) -> list[dict[str, str]]:
    """Return the accounts of several keys, each with the older one to be replaced."""
    return [
        {"name": name, "replaces": keys[0]} for name, keys in one.accounts.items() if len(keys) > 1
    ]


def _private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
