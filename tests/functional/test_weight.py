# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's process compiles: every one of them does so anew, from sources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.fleet

#: Runs a module in this process, and tells at its end which files of module_utils were imported.
_RUN = """
import importlib, json, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(sys.argv[2])}).encode()
basic._ANSIBLE_PROFILE = "legacy"
collection = "ansible_collections.objectstore.credentials.plugins."
try:
    importlib.import_module(collection + "modules." + sys.argv[1]).main()
except SystemExit:
    utils = collection + "module_utils."
    print(json.dumps([name[len(utils):] for name in sys.modules if name.startswith(utils)]))
"""
ENDPOINT = {
    "platform": "ose",
    "endpoint": "lab",
    "api_url": "http://127.0.0.1:1",
    "api_username": "admin",
    "api_password": "made-up",
    "all": True,
}


def imported_by(module: str, options: Mapping[str, Any]) -> set[str]:
    """Return the files of module_utils that a run of a module imports."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, module, json.dumps(options)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "S3_ALLOW_EPHEMERAL": "true"},
    )
    result, names = filter(None, done.stdout.splitlines())
    # It came as far as the platform, so everything was opened.
    assert json.loads(result)["failure"]["kind"] == "unreachable", result
    return set(json.loads(names))


@pytest.mark.parametrize("module", ["s3_access_key_rotate", "s3_credential_info"])
def test_only_the_platform_and_the_store_in_use_are_imported(module: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("made-up")
    store = {
        "type": "ansible_vault",
        "path": str(tmp_path / "records"),
        "vault_password_file": str(tmp_path / "password"),
    }
    options = {**ENDPOINT, "secret_store": store}
    if module == "s3_access_key_rotate":
        options["verify"] = {"s3_url": "http://127.0.0.1:1"}

    names = imported_by(module, options)

    platforms = {name for name in names if name.startswith("platforms.")}
    assert "platforms.ose" in platforms
    assert {name for name in platforms if not name.startswith("platforms.ose")} == set()
    assert "stores.ansible_vault" in names
    others = ("stores.vault_kv2", "stores.aws_secretsmanager")
    assert {n for n in names if n.startswith(others)} == {f"{other}_spec" for other in others}
    assert not names & {"mirrored", "mirrored_verify", "mirrored_view"}
