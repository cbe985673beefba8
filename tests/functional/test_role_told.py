# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consumers of an operator's own: what they get, and what happens when they cannot be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import assert_no_secret
from .fleet_lab import Fleet, add_consumer

pytestmark = pytest.mark.fleet
ACCOUNTS = 2
#: Keys side by side, and in place.
TWO = {"cloud": ("huawei", "v3.0 access key"), "cluster": ("ontap", "9.14.1")}


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Fleet]:
    """Endpoints of two platforms, two accounts each."""
    made = Fleet(tmp_path, TWO, ACCOUNTS)
    yield made
    made.stop()


def test_consumers_get_the_new_pairs_and_acknowledge_them(estate: Fleet) -> None:
    add_consumer(estate)

    run = estate.run("rotate")

    assert run.code == 0, run.output
    handed = sorted(path.name for path in estate.folder.glob("told-*"))
    # Side by side: one call for all. In place: one account at a time.
    assert len([n for n in handed if n.startswith("told-cloud")]) == 1
    assert len([n for n in handed if n.startswith("told-cluster")]) == ACCOUNTS
    pairs = json.loads(next(estate.folder.glob("told-cloud-*")).read_text())
    simulator = estate.endpoints["cloud"].simulator
    assert all(simulator.secret_of(p["access_key"]) == p["secret_key"] for p in pairs)
    assert_no_secret(run.output, estate.secrets())
    assert all(row["acknowledged"] for row in estate.rows("cloud").values())


def test_a_consumer_that_fails_is_tried_again_and_nothing_retires_before(estate: Fleet) -> None:
    add_consumer(estate, fails=True)
    first = estate.run("rotate")
    assert first.code == 2
    assert "the backup server is down" in first.output
    ended = "The consumer backup could not be told; the next run tries again. The report is"
    assert f'"{ended}' in first.output
    # It failed at the canary endpoint, so the other one was not touched.
    assert estate.writes("cluster") == 0
    keys = estate.keys("cloud")
    estate.later(30)
    second = estate.run("rotate", "--limit", "cluster")
    assert second.code == 2
    # In place it stopped at the first account.
    assert estate.writes("cluster") == 1
    assert estate.run("rotate", "--limit", "cloud").code == 2
    assert estate.keys("cloud") == keys, "an old key was retired although nobody has the new one"

    add_consumer(estate)
    last = estate.run("rotate")

    assert last.code == 0, last.output
    assert all(row["acknowledged"] for row in estate.rows("cloud").values())
    told = {path.name for path in estate.folder.glob("told-cluster-*")}
    assert told == {"told-cluster-app-0001.json", "told-cluster-app-0002.json"}


def test_in_place_a_consumer_without_a_check_is_refused(estate: Fleet) -> None:
    add_consumer(estate)
    del estate.variables["s3_rotate_consumers"][0]["check"]

    run = estate.run("rotate")

    assert run.code == 2
    assert estate.writes("cluster") == 0
    assert "has no check" in run.output
    assert estate.writes("cloud") > 0
