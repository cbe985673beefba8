# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of rotations."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.stores import vault_format

from .lab import Lab, open_lab
from .lab_mirrors import MirrorLab, open_mirror_lab

OpenLab = Callable[..., Lab]
OpenMirrorLab = Callable[..., MirrorLab]
#: Where files cost least: in memory, where the system has such a place.
_SHM = Path("/dev", "shm")
MEMORY = str(_SHM) if os.access(_SHM, os.W_OK) else None


@pytest.fixture(autouse=True)
def _no_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the waiting for disks and the ten thousand rounds: both are proven elsewhere."""
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    monkeypatch.setattr(vault_format, "_ITERATIONS", 1)


@pytest.fixture
def lab_of() -> Iterator[OpenLab]:
    """Return a function that opens a lab, by form; its rules are checked when the test is over."""
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY)))

        def make(form: tuple[str, str], accounts: int = 1, **modes: object) -> Lab:
            folder = base / f"lab-{len(list(base.iterdir()))}"
            return stack.enter_context(open_lab(form, folder, accounts, **modes))

        yield make


@pytest.fixture
def mirrors_of() -> Iterator[OpenMirrorLab]:
    """Return a function that opens a lab with a mirror, by form; both are watched."""
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY)))

        def make(form: tuple[str, str], **more: object) -> MirrorLab:
            folder = base / f"lab-{len(list(base.iterdir()))}"
            return stack.enter_context(open_mirror_lab(form, folder, **more))

        yield make
