# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commvault vaults: the endpoint job, followed to every kind of end."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from ansible_collections.objectstore.credentials.plugins.module_utils.platforms.commvault import (
    Commvault,
)
from ansible_collections.objectstore.credentials.tests.simulators.commvault import (
    CommvaultSimulator,
)
from ansible_collections.objectstore.credentials.tests.simulators.server import SimulatorServer
from ansible_collections.objectstore.credentials.tests.unit.plugins.module_utils import (
    commvault_cell,
)
from ansible_collections.objectstore.credentials.tests.unit.support import RecordingClock

_running, cell, server, make_platform, platform, people = commvault_cell.FIXTURES
PLAIN = commvault_cell.PLAIN
failure_of = commvault_cell.failure_of
run = commvault_cell.run


@pytest.mark.parametrize("end", ["completes", "warns"])
def test_job_that_ends_well_is_waited_for(
    platform: Commvault, cell: CommvaultSimulator, clock: RecordingClock, end: str
) -> None:
    cell.modes.update(endpoint_job=end, job_looks=10, job_hidden_looks=3)
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    assert outcome.accounts[0].action == "created"
    assert cell.vaults.jobs[1234].looks == 13
    assert len(clock.slept) == 12
    assert max(clock.slept) <= 15


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("errors", "Completed w/ one or more errors"),
        ("fails", "Failed"),
        ("is_killed", "Killed"),
        ("is_committed", "Committed"),
    ],
)
def test_job_that_ends_badly_is_a_failure_of_a_vault_that_exists(
    platform: Commvault, cell: CommvaultSimulator, end: str, status: str
) -> None:
    cell.modes["endpoint_job"] = end
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    failure = failure_of(outcome)
    assert (failure["kind"], failure["code"]) == ("job_failed", status)
    assert failure["alive"] == "vault v1 (id 228)"
    assert "Vault v1 exists now." in failure["message"]
    assert "no operation that updates or deletes" in failure["next_step"]
    (result,) = outcome.accounts
    assert result.details["vault_id"] == 228
    assert result.details["job"]["status"] == status
    assert outcome.changed
    if end == "fails":
        assert "Cannot reach the client ma1" in failure["message"]


def test_job_that_takes_too_long_goes_on(
    platform: Commvault, cell: CommvaultSimulator, clock: RecordingClock
) -> None:
    cell.modes["endpoint_job"] = "stuck"
    wanted = dataclasses.replace(
        PLAIN, endpoint_clients=("ma1",), wait_timeout=dt.timedelta(minutes=5)
    )
    failure = failure_of(run(platform, wanted))
    assert failure["kind"] == "job_failed"
    assert "not done within 0:05:00; it is 'Running', 95% done. It goes on." in failure["message"]
    assert sum(clock.slept) == pytest.approx(300)
    assert len(clock.slept) < 30


def test_job_that_is_never_listed_is_given_up_early(
    platform: Commvault, cell: CommvaultSimulator, clock: RecordingClock
) -> None:
    cell.modes["job_hidden_looks"] = 10_000
    failure = failure_of(run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",))))
    assert (failure["kind"], failure["alive"]) == ("job_failed", "vault v1 (id 228)")
    assert "Endpoint job 1234 was never listed" in failure["message"]
    assert sum(clock.slept) < 150


def test_job_is_not_waited_for_when_told_so(platform: Commvault, cell: CommvaultSimulator) -> None:
    cell.modes["endpoint_job"] = "fails"
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",), wait=False))
    (result,) = outcome.accounts
    assert result.action == "created"
    assert result.details["job"]["id"] == 1234
    assert cell.vaults.jobs[1234].looks == 0


def test_job_refused_is_a_part_of_a_vault_that_exists(
    platform: Commvault, cell: CommvaultSimulator
) -> None:
    cell.modes["endpoint_job"] = "refused"
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    failure = failure_of(outcome)
    assert failure["kind"] == "partial"
    assert failure["code"] == "INSUFFICIENT_USER_PERMISSION_ON_ENTITY"
    assert failure["alive"] == "vault v1 (id 228)"
    assert "No rights to install software" in failure["message"]
    assert outcome.changed
    assert not outcome.accounts[0].stops_endpoint


def test_job_without_a_number_is_a_warning(platform: Commvault, cell: CommvaultSimulator) -> None:
    cell.modes["endpoint_job"] = "unnumbered"
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    assert outcome.accounts[0].action == "created"
    assert "named no job" in outcome.warnings[0]


def test_job_that_may_not_be_read_leaves_a_vault_that_exists(
    platform: Commvault, server: SimulatorServer
) -> None:
    body = {"errorMessage": "No rights on this job", "errorCode": 2}
    server.faults.add("status", path="Job/", status=403, body=body)
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    failure = failure_of(outcome)
    assert (failure["kind"], failure["http_status"]) == ("partial", 403)
    assert "Endpoint job 1234 could not be followed" in failure["message"]
    assert outcome.accounts[0].details["job"]["id"] == 1234


@pytest.mark.parametrize("fault", ["drop", "status"])
def test_job_is_followed_through_a_restart_of_the_services(
    platform: Commvault, server: SimulatorServer, fault: str
) -> None:
    server.faults.add(fault, path="Job/", status=500, times=9)
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    assert outcome.accounts[0].action == "created"
    assert outcome.accounts[0].details["job"]["status"] == "Completed"


def test_job_whose_server_stays_away_is_given_up_in_time(
    platform: Commvault, server: SimulatorServer, clock: RecordingClock
) -> None:
    server.faults.add("status", path="Job/", status=500, times=0)
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    failure = failure_of(outcome)
    assert (failure["kind"], failure["alive"]) == ("partial", "vault v1 (id 228)")
    assert sum(clock.slept) < 1900


@pytest.mark.parametrize("body", [{}, {"jobs": []}, {"jobs": [{}]}, {"jobs": "none"}], ids=str)
def test_job_of_another_shape_counts_as_not_listed(
    platform: Commvault, server: SimulatorServer, body: dict[str, Any]
) -> None:
    server.faults.add("status", path="Job/", status=200, body=body)
    outcome = run(platform, dataclasses.replace(PLAIN, endpoint_clients=("ma1",)))
    assert outcome.accounts[0].action == "created"
