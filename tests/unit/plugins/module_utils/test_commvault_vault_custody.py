# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rotate_keys of a new vault ends no key that a record holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.custody import Custody
from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault_vaults import (  # noqa: E501  # the import's own length
    ensure_vault,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.record import (
    HeldKey,
    Pending,
    Record,
)
from ansible_collections.objectstore.credentials.plugins.module_utils.results import Outcome
from ansible_collections.objectstore.credentials.plugins.module_utils.stores.base import Place
from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils import (
    commvault_cell,
)
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils.ansible_vault_lab import (  # noqa: E501  # the import's own length
    store_at,
)

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES
MakePlatform = commvault_cell.MakePlatform
FULL, ROTATING = commvault_cell.FULL, commvault_cell.ROTATING
failure_of, posts = commvault_cell.failure_of, commvault_cell.posts
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.timezone.utc)
PARTS: list[dict[str, Any]] = [
    {"current": HeldKey("AKMADEUP0001", promoted_at=NOW)},
    {"current": HeldKey(None, origin="delivered", promoted_at=NOW)},
    {"pending": Pending("r1", NOW, "run-1", "a1")},
]


def keep(path: Path, account: str, **parts: Any) -> None:
    """Store a record."""
    store = store_at(path)
    store.write(
        Place("commvault", "lab", account), Record("commvault", ("lab",), account, **parts), None
    )


def ensured(make: MakePlatform, path: Path, wanted: Any, check_mode: bool = False) -> Outcome:
    """Ensure a vault, the secret store being given."""
    platform = make(check_mode=check_mode)
    custody = Custody(platform, store_at(path, check_mode=True), "run-2", check_mode=True)
    return ensure_vault(platform, wanted, check_mode=check_mode, custody=custody)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("account", ["app-0001", "app-0003"])
@pytest.mark.parametrize("parts", PARTS)
def test_user_whose_key_a_record_holds_is_refused(
    make_platform: MakePlatform,
    people: CommvaultSimulator,
    server: SimulatorServer,
    tmp_path: Path,
    parts: dict[str, Any],
    account: str,
    check_mode: bool,
) -> None:
    keep(tmp_path, account, **parts)
    failure = failure_of(ensured(make_platform, tmp_path, ROTATING, check_mode))
    assert failure["kind"] == "held_by_record"
    assert failure["details"]["held"] == [account]
    assert account in failure["message"]
    assert "s3_access_key_rotate" in failure["next_step"]
    assert posts(server) == []
    assert people.outbox == []


def test_users_without_a_record_are_rotated(
    make_platform: MakePlatform, people: CommvaultSimulator, tmp_path: Path
) -> None:
    keep(tmp_path, "somebody-else", **PARTS[0])
    keep(tmp_path, "app-0001")
    outcome = ensured(make_platform, tmp_path, ROTATING)
    assert outcome.accounts[0].action == "created"
    assert len(people.outbox) == 3


def test_vault_that_rotates_nothing_asks_no_record(
    make_platform: MakePlatform, people: CommvaultSimulator, tmp_path: Path
) -> None:
    keep(tmp_path, "app-0001", **PARTS[0])
    assert ensured(make_platform, tmp_path, FULL).accounts[0].action == "created"


@pytest.mark.parametrize("has_records", [False, True])
def test_members_that_cannot_be_read_might_have_records(
    make_platform: MakePlatform,
    people: CommvaultSimulator,
    server: SimulatorServer,
    tmp_path: Path,
    has_records: bool,
) -> None:
    if has_records:
        keep(tmp_path, "somebody-else", **PARTS[0])
    server.faults.add("status", method="GET", path="UserGroup/", status=403, times=0)
    wanted = dataclasses.replace(ROTATING, user_groups=("ops",))
    outcome = ensured(make_platform, tmp_path, wanted)
    if has_records:
        assert failure_of(outcome)["kind"] == "held_by_record"
        assert posts(server) == []
    else:
        assert outcome.accounts[0].action == "created"
