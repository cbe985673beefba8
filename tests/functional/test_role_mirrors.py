# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job over an endpoint and its mirror, both endpoints of one file of a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.objectstore.credentials.tests.simulators import fleet

from .conftest import SECRETS, assert_no_secret
from .fleet_lab import Fleet

pytestmark = pytest.mark.oldest
ACCOUNTS = ("app-0001", "app-0002")


class Twins(Fleet):
    """Two clusters; the second one knows the same users, and has no keys of theirs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {"near": ("ontap", "9.16.1")}, len(ACCOUNTS))
        another = fleet.platforms()["ontap"].another()
        self.endpoints["far"] = fleet.start("far", another, "9.16.1", seed=len(ACCOUNTS))
        far: Any = self.endpoints["far"].simulator
        for name in ACCOUNTS:
            far.svm.users[name].slots.clear()

    def inventory(self) -> Path:
        """Write the file of the fleet and return its path."""
        entries: dict[str, dict[str, Any]] = {
            name: {
                "platform": "ontap",
                "s3_url": one.s3_url,
                **{k: v for k, v in one.options.items() if k not in SECRETS},
            }
            for name, one in self.endpoints.items()
        }
        entries["near"]["mirrors"] = ["far"]
        options = ("adopt", "allow_disruption", "settle", "secret_store")
        defaults: dict[str, Any] = {name: self.variables[f"s3_rotate_{name}"] for name in options}
        defaults["vars"] = {"s3_rotate_report_dir": self.variables["s3_rotate_report_dir"]}
        path = self.folder / "twins.s3_fleet.yml"
        plugin = "objectstore.credentials.s3_fleet"
        path.write_text(
            yaml.safe_dump({"plugin": plugin, "defaults": defaults, "endpoints": entries})
        )
        return path


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Twins]:
    made = Twins(tmp_path)
    yield made
    made.stop()


def test_role_rotates_both_and_then_changes_nothing(twins: Twins) -> None:
    first = twins.run("rotate", "--limit", "near")
    assert first.code == 0, first.output
    assert set(twins.actions("near").values()) == {"rotated"}
    for name in ACCOUNTS:
        (key,) = twins.endpoints["near"].simulator.keys_of(name)
        assert list(twins.endpoints["far"].simulator.keys_of(name)) == [key]
        assert twins.rows("near")[name]["access_key"] == key
        assert twins.rows("near")[name]["details"]["written_at"] == ["far", "near"]
    assert_no_secret(first.output, twins.secrets())
    counted = twins.all_writes()
    second = twins.run("rotate", "--limit", "near")
    assert second.code == 0, second.output
    assert twins.all_writes() == counted
