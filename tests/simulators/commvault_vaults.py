# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vaults of a simulated CommCell, their endpoint jobs, and what refuses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from .base import BadBody, Response

if TYPE_CHECKING:
    from .commvault import Call, CommvaultSimulator

_ENDS = {
    "completes": "Completed",
    "warns": "Completed w/ one or more warnings",
    "errors": "Completed w/ one or more errors",
    "fails": "Failed",
    "is_killed": "Killed",
    "is_committed": "Committed",
}


class RefusedError(Exception):
    """A create call that is refused: status, code, message."""

    def __init__(self, status: int, code: Any, message: str) -> None:
        super().__init__(message)
        self.response = Response(status, {"errorMessage": message, "errorCode": code})


@dataclass
class Vault:
    """An S3 vault; its number is that of its pseudo-client."""

    id: int
    name: str
    plan: int
    endpoints: list[int]
    owners: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)


@dataclass
class EndpointJob:
    """The installation of the endpoint package; every look brings it forward."""

    id: int
    end: Optional[str]
    looks: int = 0


class Vaults:
    """The operations on vaults that the vendor lists, and the jobs that they start."""

    def __init__(self, sim: CommvaultSimulator) -> None:
        self.sim = sim
        self.vaults: dict[int, Vault] = {}
        self.jobs: dict[int, EndpointJob] = {}
        #: How many create calls came in, answered or not.
        self.creates = 0

    def routes(self) -> list[tuple[Any, ...]]:
        """Return method, pattern, handler, and whether no login is needed."""
        return [
            ("POST", "v4/cvs3store", self.create, False),
            ("GET", "v4/cvs3stores", self.list_vaults, False),
            ("GET", r"v4/cvs3store/(\d+)", self.show, False),
            ("POST", r"v4/client/(\d+)/cvs3endpoint", self.add_endpoint, False),
            ("GET", r"job/(\d+)", self.show_job, False),
            ("POST", "jobdetails", self.show_job_details, False),
        ]

    def add_vault(self, name: str, plan: int = 3, endpoints: tuple[int, ...] = ()) -> Vault:
        """Make a vault behind the API's back."""
        client = self.sim.directory.add_client(name, is_vault=True)
        self.vaults[client.id] = Vault(client.id, name, plan, list(endpoints))
        return self.vaults[client.id]

    def create(self, call: Call) -> Response:
        """Answer POST V4/CVS3Store."""
        self.creates += 1
        try:
            vault, rotate = self._read(call)
        except RefusedError as refused:
            return refused.response
        except BadBody:
            return RefusedError(400, 2, "The body is no JSON").response
        self.vaults[vault.id] = vault
        self.sim.commit(f"vault {vault.name} created")
        if rotate:
            groups = [self.sim.directory.groups[number] for number in vault.groups]
            members = [number for group in groups for number in group.members]
            for number in dict.fromkeys([*vault.owners, *members]):
                self.sim.keys.rotate_and_mail(self.sim.directory.users[number])
        warned = self.sim.modes["vault_warning"]
        response = {
            "entity": {"clientId": vault.id, "clientName": vault.name},
            "errorCode": 0,
            "errorMessage": "",
            "warningCode": 4002 if warned else 0,
            "warningMessage": "Storage pool is almost full" if warned else "",
        }
        body: dict[str, Any] = {"response": response}
        if vault.endpoints:
            body["addEndpointJob"] = self._start_job()
        return Response(200, body)

    def list_vaults(self, call: Call) -> Response:
        """Answer GET V4/CVS3Stores."""
        mode = self.sim.modes["vault_list"]
        if mode == "absent":
            return Response(404, "<html>Not Found</html>", content_type="text/html")
        vaults = self.sim.directory.fresh(call, "vaults", list(self.vaults.values()))
        rows = []
        for vault in self.sim.directory.paged(call, vaults):
            row: dict[str, Any] = {"name": vault.name}
            if mode == "full":
                row.update(self._shown(vault))
            rows.append(row)
        return Response(200, {"CVS3Stores": rows})

    def show(self, call: Call, number: str) -> Response:
        """Answer GET V4/CVS3Store/{id}."""
        vault = self.vaults.get(int(number))
        if vault is None:
            return RefusedError(404, "VALUE_NOT_FOUND", "There is no such vault").response
        return Response(200, {"name": vault.name, **self._shown(vault)})

    def add_endpoint(self, call: Call, number: str) -> Response:
        """Answer POST V4/Client/{clientId}/CVS3endpoint: installs the package on a client."""
        if int(number) not in self.sim.directory.clients:
            return RefusedError(404, "VALUE_NOT_FOUND", "There is no such client").response
        self.sim.commit(f"client {number} made an endpoint")
        return Response(200, {"jobId": self._start_job()["jobId"]})

    def show_job(self, call: Call, number: str) -> Response:
        """Answer GET Job/{id}; a job that is not listed yet is an empty list."""
        job = self.jobs.get(int(number))
        if job is None:
            return Response(200, {"totalRecordsWithoutPaging": 0, "jobs": []})
        job.looks += 1
        hidden = self.sim.modes["job_hidden_looks"]
        if job.looks <= hidden:
            return Response(200, {"totalRecordsWithoutPaging": 0, "jobs": []})
        summary = self._summary(job, job.looks - hidden)
        return Response(200, {"totalRecordsWithoutPaging": 1, "jobs": [{"jobSummary": summary}]})

    def show_job_details(self, call: Call) -> Response:
        """Answer POST JobDetails, which reads."""
        number = call.request.json().get("jobId")
        return Response(200, {"job": {"jobDetail": {"generalInfo": {"jobId": number}}}})

    # --- creating ----------------------------------------------------------------------------

    def _read(self, call: Call) -> tuple[Vault, bool]:
        body = call.request.json()
        if not isinstance(body, dict):
            raise RefusedError(400, 2, "The body is no object")
        if not call.caller.is_admin:
            raise RefusedError(403, 587, "User has no rights to create a vault")
        unknown = set(body) - {
            "bucket",
            "plan",
            "cvs3Endpoints",
            "owners",
            "userGroups",
            "rotateKeys",
        }
        if unknown:
            raise RefusedError(400, 2, f"Unknown property {sorted(unknown)[0]}")
        name = _part(body, "bucket").get("clientName")
        if not isinstance(name, str) or not name.strip():
            raise RefusedError(400, 2, "bucket.clientName is missing")
        rotate = body.get("rotateKeys", False)
        if not isinstance(rotate, bool):
            raise RefusedError(400, 2, "rotateKeys is no boolean")
        directory = self.sim.directory
        plan = self._plan(_part(body, "plan"))
        endpoints = _numbers(body, "cvs3Endpoints", "clientId", 3, directory.clients)
        owners = _numbers(body, "owners", "userId", 13, directory.users)
        groups = _numbers(body, "userGroups", "userGroupId", 15, directory.groups)
        if any(client.name.lower() == name.lower() for client in directory.clients.values()):
            raise RefusedError(409, 1006, f"A client of the name {name} exists already")
        client = directory.add_client(name, is_vault=True)
        return Vault(client.id, name, plan, endpoints, owners, groups), rotate

    def _plan(self, plan: dict[str, Any]) -> int:
        number, name = plan.get("planId"), plan.get("planName")
        if not isinstance(number, int) or not isinstance(name, str):
            raise RefusedError(400, 2, "planId and planName are both required")
        known = self.sim.directory.plans.get(number)
        if known is None or known.name != name:
            raise RefusedError(404, "VALUE_NOT_FOUND", f"There is no plan {number} {name}")
        if known.kind != "Server" or known.pool_type not in (1, 4):
            raise RefusedError(400, 3, f"Plan {name} cannot hold a vault")
        return number

    def _start_job(self) -> dict[str, Any]:
        mode = self.sim.modes["endpoint_job"]
        if mode == "refused":
            answer = {
                "errorMessage": "No rights to install software",
                "errorCode": "INSUFFICIENT_USER_PERMISSION_ON_ENTITY",
            }
            return {"jobId": 0, "response": answer}
        verdict = {"errorMessage": "", "errorCode": "NO_ERROR"}
        if mode == "unnumbered":
            return {"jobId": 0, "response": verdict}
        job = EndpointJob(1233 + len(self.jobs) + 1, _ENDS.get(mode))
        self.jobs[job.id] = job
        return {"jobId": job.id, "response": verdict}

    def _summary(self, job: EndpointJob, look: int) -> dict[str, Any]:
        needed = self.sim.modes["job_looks"]
        is_over = job.end is not None and look >= needed
        good = job.end is not None and job.end.startswith("Completed")
        now = int(self.sim.clock.now().timestamp())
        return {
            "jobId": job.id,
            "jobType": "Install Software",
            "status": job.end if is_over else "Running",
            "percentComplete": 100 if is_over and good else min(95, 100 * look // (needed + 1)),
            "pendingReason": "Cannot reach the client ma1" if is_over and not good else "",
            "jobStartTime": now - 10,
            "lastUpdateTime": now,
            "isVisible": True,
        }

    def _shown(self, vault: Vault) -> dict[str, Any]:
        plan = self.sim.directory.plans[vault.plan]
        clients = [self.sim.directory.clients[number] for number in vault.endpoints]
        return {
            "id": vault.id,
            "plan": {"id": plan.id, "name": plan.name},
            "endpoints": [{"id": client.id, "name": client.name} for client in clients],
        }


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    part = body.get(name)
    if not isinstance(part, dict):
        raise RefusedError(400, 2, f"{name} is missing")
    return part


def _numbers(
    body: dict[str, Any], name: str, id_name: str, kind: int, known: dict[int, Any]
) -> list[int]:
    """Return the identifiers in a list of entities. The type may be left out, but not be wrong."""
    rows = body.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RefusedError(400, 2, f"{name} is no list of objects")
    for row in rows:
        number = row.get(id_name)
        if not isinstance(number, int) or isinstance(number, bool):
            raise RefusedError(400, 2, f"{id_name} is missing in {name}")
        if any(row.get(spelling, kind) != kind for spelling in ("__type__", "_type_")):
            raise RefusedError(400, 2, f"{name} has an entity of another type")
        if number not in known:
            raise RefusedError(404, "VALUE_NOT_FOUND", f"There is no {id_name} {number}")
    return [row[id_name] for row in rows]
