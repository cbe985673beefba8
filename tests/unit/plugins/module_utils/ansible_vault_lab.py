# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the secret store ansible_vault share: stores on a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.objectstore.credentials.plugins.module_utils.redaction import Redactor
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.ansible_vault import (
    AnsibleVault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import (
    Place,
    StoreContext,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

PASSWORD = "made-up-password"


def store_at(
    path: Path,
    run: str = "run-1",
    *,
    opened: bool = True,
    check_mode: bool = False,
    environ: dict[str, str] | None = None,
    **options: Any,
) -> AnsibleVault:
    """Return a store on a directory; its password is PASSWORD unless the options say otherwise."""
    context = StoreContext(
        RecordingClock(), Redactor(), run, check_mode=check_mode, environ=environ or {}
    )
    given = {"path": str(path), "vault_password": PASSWORD, **options}
    store = AnsibleVault(given, context)
    if opened:
        store.open()
    return store


def file_of(path: Path, place: Place) -> Path:
    """Return the file of an account with an innocent name."""
    return path / place.platform / place.endpoint / f"{place.account}.yml"
