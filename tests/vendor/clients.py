# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a vendor's own client, from its own virtual environment, against a simulator."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: A private or global CA bundle of the machine would override what a script sets up for itself.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def client_python(name: str) -> Path:
    """Return the interpreter of .venv/client-<name>; fail, never skip, when it is missing."""
    python = ROOT / ".venv" / f"client-{name}" / "bin" / "python"
    if not python.exists():
        raise AssertionError(f"{python} is missing: run `make clients`, which installs it.")
    return python


def run_client(name: str, script: str, *arguments: str, timeout: float = 600) -> Any:
    """Run a script with a client's interpreter; return the JSON of the last line that it prints."""
    environment = {k: v for k, v in os.environ.items() if k not in _CA_VARIABLES}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [str(client_python(name)), "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, f"{name} failed:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.strip().splitlines()[-1])
