# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, user groups, clients and plans of a simulated CommCell, in their old and newer shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Optional

from .base import Response

if TYPE_CHECKING:
    from .commvault import Call, CommvaultSimulator

Row = dict[str, Any]


@dataclass
class User:
    """A user of the CommCell."""

    id: int
    name: str
    email: str = ""
    full_name: str = ""
    company: str = "Commcell"
    enabled: bool = True
    access_key: str = ""
    secret_key: str = field(default="", repr=False)


@dataclass
class Group:
    """A user group."""

    id: int
    name: str
    members: tuple[int, ...] = ()
    external: tuple[str, ...] = ()
    #: Whether its details may be read.
    readable: bool = True


@dataclass
class Machine:
    """A client; a vault is one too, a pseudo-client that the ordinary list leaves out."""

    id: int
    name: str
    display_name: str
    is_vault: bool = False


@dataclass
class Plan:
    """A plan; only a Server plan on a storage pool of type 1 or 4 can hold a vault."""

    id: int
    name: str
    kind: str = "Server"
    pool_type: int = 1


class Directory:
    """Who and what there is, and the lists that show it."""

    def __init__(self, sim: CommvaultSimulator) -> None:
        self.sim = sim
        self.users: dict[int, User] = {}
        self.groups = {5: Group(5, "s3-users")}
        self.clients = {
            2: Machine(2, "cs1", "CommServe 1"),
            7: Machine(7, "ma1", "Media Agent 1"),
            8: Machine(8, "ma2", "Media Agent 2"),
        }
        self.plans = {
            3: Plan(3, "sp1"),
            4: Plan(4, "laptops", "Laptop"),
            6: Plan(6, "tape", pool_type=2),
        }
        self._cached: dict[str, set[int]] = {}

    def routes(self) -> list[tuple[Any, ...]]:
        """Return method, pattern, handler, and whether no login is needed."""
        rows: list[tuple[str, Callable[..., Response]]] = [
            ("v4/user", self.list_users),
            (r"v4/user/(\d+)", self.show_user),
            ("user", self.list_users_old),
            (r"user/byname\(username='([^']*)'\)", self.show_user_old),
            (r"user/\d+/security", self.nothing),
            ("v4/usergroup", self.list_groups),
            (r"v4/usergroup/(\d+)", self.show_group),
            (r"usergroup/\d+/security", self.nothing),
            ("usergroup", self.list_groups_old),
            ("client", self.list_clients),
            (r"client/(\d+)", self.show_client),
            ("getid", self.show_client_id),
            ("v4/servers", self.list_servers),
            ("vsaclientandclientgrouplist", self.nothing),
            ("v2/plan|plan", self.list_plans),
            ("v4/plan/summary", self.list_plans_v4),
        ]
        return [("GET", f"(?:{pattern})", handler, False) for pattern, handler in rows]

    def add_user(self, name: str, **fields: Any) -> User:
        """Make a user, also one whose name is taken; e-mail defaults to one made of the name."""
        number = max(self.users, default=40) + 1
        fields.setdefault("email", f"{re.sub('[^a-z0-9-]', '.', name.lower())}@example.com")
        self.users[number] = User(number, name, **fields)
        return self.users[number]

    def add_group(self, name: str, members: Sequence[str] = (), **fields: Any) -> Group:
        """Make a user group of users given by identifier."""
        number = max(self.groups) + 1
        self.groups[number] = Group(number, name, tuple(int(m) for m in members), **fields)
        return self.groups[number]

    def add_client(self, name: str, is_vault: bool = False, display_name: str = "") -> Machine:
        """Make a client."""
        number = max(*self.clients, 227) + 1
        self.clients[number] = Machine(number, name, display_name or name, is_vault)
        return self.clients[number]

    # --- users -------------------------------------------------------------------------------

    def list_users(self, call: Call) -> Response:
        """Answer GET V4/User: fq, search, start, limit, userGroupId, hardRefresh."""
        users: list[Any] = self.fresh(call, "users", list(self.users.values()))
        group = self.groups.get(int(call.arg("userGroupId") or 0))
        if group is not None and not self.sim.modes["ignore_filters"]:
            users = [user for user in users if user.id in group.members]
        columns = {
            "name": lambda user: user.name,
            "users.userentity.username": lambda user: user.name,
            "users.userentity.userid": lambda user: user.id,
            "users.email": lambda user: user.email,
            "users.fullname": lambda user: user.full_name,
            "users.enableuser": lambda user: user.enabled,
        }
        found = self.filtered(call, users, columns)
        if found is None:
            return _bad_filter()
        page = self.paged(call, found)
        empty = None if page else _EMPTY.get(self.sim.modes["empty_users"])
        if empty is not None:
            return Response(200, empty)
        body: Row = {"users": [self._user_row(user) for user in page]}
        if not self.sim.modes["uncounted"]:
            body["numberOfUsers"] = len(found)
        return Response(200, body)

    def show_user(self, call: Call, number: str) -> Response:
        """Answer GET V4/User/{id}: flat properties."""
        user = self.users.get(int(number))
        if user is None:
            return Response(
                400, {"errorMessage": "Invalid user id", "errorCode": "INVALID_ENTITY_ID"}
            )
        groups = [
            {"id": group.id, "name": group.name}
            for group in self.groups.values()
            if user.id in group.members
        ]
        row = {**self._user_row(user), "description": "", "associatedUserGroups": groups}
        if self.sim.modes["user_properties"] == "anonymous":
            del row["id"], row["name"]
        return Response(200, row)

    def list_users_old(self, call: Call) -> Response:
        """Answer GET User."""
        names = {"name": lambda user: user.name}
        found = self.filtered(call, list(self.users.values()), names)
        if found is None:
            return _bad_filter()
        return Response(200, {"users": [_old_user(user) for user in self.paged(call, found)]})

    def show_user_old(self, call: Call, name: str) -> Response:
        """Answer GET User/byName(userName='x')."""
        found = [user for user in self.users.values() if user.name.lower() == name.lower()]
        return Response(200, {"users": [_old_user(user) for user in found]})

    def _user_row(self, user: User) -> Row:
        return {
            "id": user.id,
            "name": user.name,
            "GUID": f"5B4C4C9E-0000-4000-8000-{user.id:012d}",
            "email": user.email,
            "fullName": user.full_name,
            "enabled": user.enabled,
            "lockInfo": {"isLocked": False},
            "company": {"id": 0, "name": user.company},
            "userPrincipalName": "",
        }

    # --- user groups -------------------------------------------------------------------------

    def list_groups(self, call: Call) -> Response:
        """Answer GET V4/UserGroup."""
        rows = [
            {"id": g.id, "name": g.name, "GUID": f"G-{g.id}", "company": {"id": 0, "name": ""}}
            for g in self.groups.values()
        ]
        return Response(200, {"userGroups": rows})

    def show_group(self, call: Call, number: str) -> Response:
        """Answer GET V4/UserGroup/{id}, with its members."""
        group = self.groups.get(int(number))
        if group is None:
            return Response(
                404, {"errorMessage": "Invalid user group", "errorCode": "VALUE_NOT_FOUND"}
            )
        if not group.readable:
            return Response(403, {"errorMessage": "No rights on this user group", "errorCode": 2})
        users = [{"id": i, "name": self.users[i].name} for i in group.members if i in self.users]
        body: Row = {"id": group.id, "name": group.name, "enabled": True, "users": users}
        if group.external:
            body["associatedExternalGroups"] = [{"name": name} for name in group.external]
        return Response(200, body)

    def list_groups_old(self, call: Call) -> Response:
        """Answer GET UserGroup."""
        found = self.filtered(call, list(self.groups.values()), {"name": lambda group: group.name})
        if found is None:
            return _bad_filter()
        rows = [{"userGroupEntity": {"userGroupId": g.id, "userGroupName": g.name}} for g in found]
        return Response(200, {"userGroups": rows})

    # --- clients -----------------------------------------------------------------------------

    def list_clients(self, call: Call) -> Response:
        """Answer GET Client; pseudo-clients are left out unless hiddenclients asks for them."""
        if call.arg("PseudoClientType"):
            return Response(200, {"VSPseudoClientsList": []})
        hidden = call.arg("hiddenclients") == "true"
        machines = [m for m in self.clients.values() if hidden or not m.is_vault]
        columns = {
            "name": lambda machine: machine.name,
            "clientproperties.client.cliententity.clientname": lambda machine: machine.name,
        }
        found = self.filtered(call, machines, columns)
        if found is None:
            return _bad_filter()
        rows = [{"client": {"clientEntity": _entity(m)}} for m in self.paged(call, found)]
        return Response(200, {"clientProperties": rows})

    def show_client(self, call: Call, number: str) -> Response:
        """Answer GET Client/{id}."""
        machine = self.clients.get(int(number))
        rows = [{"client": {"clientEntity": _entity(machine)}}] if machine else []
        return Response(200 if machine else 404, {"clientProperties": rows})

    def show_client_id(self, call: Call) -> Response:
        """Answer GET GetId?clientname=."""
        for machine in self.clients.values():
            if machine.name.lower() == call.arg("clientname").lower():
                return Response(200, {"clientId": machine.id, "clientName": machine.name})
        return Response(404, {"clientId": 0})

    def list_servers(self, call: Call) -> Response:
        """Answer GET V4/Servers."""
        rows = [
            {"id": m.id, "name": m.name, "displayName": m.display_name, "hostName": m.name}
            for m in self.clients.values()
            if not m.is_vault
        ]
        return Response(200, {"totalServers": len(rows), "servers": rows})

    # --- plans -------------------------------------------------------------------------------

    def list_plans(self, call: Call) -> Response:
        """Answer GET V2/Plan and GET Plan: subType, and fq on the type of the storage pool."""
        plans: list[Any] = list(self.plans.values())
        if call.arg("subType") and not self.sim.modes["ignore_filters"]:
            plans = [plan for plan in plans if plan.kind == call.arg("subType")]
        columns = {
            "name": lambda plan: plan.name,
            "plans.plan.planname": lambda plan: plan.name,
            "plans.storage.copy.storagepooltype": lambda plan: plan.pool_type,
        }
        found = self.filtered(call, plans, columns)
        if found is None:
            return _bad_filter()
        rows = [{"plan": {"planId": p.id, "planName": p.name}} for p in self.paged(call, found)]
        return Response(200, {"plans": rows})

    def list_plans_v4(self, call: Call) -> Response:
        """Answer GET V4/Plan/Summary."""
        rows = [
            {"plan": {"id": p.id, "name": p.name}, "planType": p.kind, "status": "ACTIVE"}
            for p in self.plans.values()
        ]
        return Response(200, {"plansCount": len(rows), "plans": rows})

    def nothing(self, call: Call) -> Response:
        """Answer what a client reads and nobody here needs."""
        return Response(200, {})

    # --- lists -------------------------------------------------------------------------------

    def fresh(self, call: Call, what: str, rows: Sequence[Any]) -> list[Any]:
        """Return what a list shows: in stale mode only what the last hardRefresh saw."""
        if call.arg("hardRefresh").lower() == "true" or what not in self._cached:
            self._cached[what] = {row.id for row in rows}
        if not self.sim.modes["stale_cache"]:
            return list(rows)
        return [row for row in rows if row.id in self._cached[what]]

    def filtered(
        self, call: Call, rows: Sequence[Any], columns: dict[str, Callable[[Any], Any]]
    ) -> Optional[list[Any]]:
        """Return the rows that every fq lets pass; None: a filter that nobody understands."""
        found = list(rows)
        for text in call.args("fq") + call.args("search"):
            names, _unused, rest = text.partition(":")
            operation, _unused, value = rest.partition(":")
            getters = [columns.get(name.lower()) for name in names.split(",")]
            known = [getter for getter in getters if getter is not None]
            if not known or operation not in _OPERATIONS:
                return None
            if not self.sim.modes["ignore_filters"]:
                test = _OPERATIONS[operation]
                found = [
                    row for row in found if any(test(str(get(row)).lower(), value) for get in known)
                ]
        return found

    def paged(self, call: Call, rows: Sequence[Any]) -> list[Any]:
        """Return the rows from start, at most limit and at most what a page holds."""
        if self.sim.modes["ignore_filters"]:
            return list(rows)
        start = int(call.arg("start") or 0)
        limit = int(call.arg("limit") or 0) or len(rows)
        cap = self.sim.modes["page_cap"] or limit
        return list(rows)[start : start + min(limit, cap)]


#: An empty list of users, in the ways that generators of JSON have; None stands for a usual one.
_EMPTY: dict[str, Optional[Row]] = {
    "list": None,
    "bare": {},
    "null": {"numberOfUsers": 0, "users": None, "processinginstructioninfo": {}},
    "verdict": {
        "users": None,
        "errorMessage": "",
        "errorCode": 0,
        "response": {"errorCode": 0, "errorMessage": ""},
    },
}

_OPERATIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda have, want: want.lower() in have,
    "notcontain": lambda have, want: want.lower() not in have,
    "eq": lambda have, want: have == want.lower(),
    "neq": lambda have, want: have != want.lower(),
    "in": lambda have, want: have in want.lower().split(","),
}


def _bad_filter() -> Response:
    return Response(400, {"errorMessage": "Invalid filter query", "errorCode": "INVALID_INPUT"})


def _old_user(user: User) -> Row:
    entity = {"userName": user.name, "userId": user.id, "userGUID": f"U-{user.id}"}
    return {"userEntity": entity, "email": user.email, "enableUser": user.enabled}


def _entity(machine: Machine) -> Row:
    return {
        "clientId": machine.id,
        "clientName": machine.name,
        "hostName": machine.name,
        "displayName": machine.display_name,
        "clientGUID": f"C-{machine.id}",
        "_type_": 3,
    }
