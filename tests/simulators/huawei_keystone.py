# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Keystone side of the simulated IAM: versions, tokens, accounts and users."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Optional
from urllib.parse import urlencode

from .base import BadBody, Request, Response, SimulatorClock
from .huawei_gate import Gate
from .huawei_refusals import Refusal, forbidden, iam
from .huawei_world import MOST_FAILURES, USER_LOCK, Token, User, World


class Keystone:
    """Answers what stands below /v3, keys apart."""

    def __init__(
        self, world: World, gate: Gate, clock: SimulatorClock, modes: Mapping[str, Any]
    ) -> None:
        self._world = world
        self._gate = gate
        self._clock = clock
        self._modes = modes

    def handle(self, request: Request) -> Optional[Response]:
        """Answer a request, or None when the path is no known one."""
        parts = request.segments
        base = f"http://{request.headers.get('Host')}"
        if parts in ([], ["v3"]) and request.method == "GET":
            return _versions(base, single=bool(parts))
        if parts == ["v3", "auth", "tokens"] and request.method == "POST":
            return self._log_in(request, base)
        if request.method != "GET":
            return None
        if parts == ["v3", "auth", "tokens"]:
            return self._show_token(request, base)
        if parts == ["v3", "auth", "domains"]:
            self._gate.caller(request)
            return Response(200, {"domains": [self._domain(base)], "links": {"self": base}})
        if parts == ["v3", "users"]:
            return self._list_users(request, base)
        if len(parts) == 3 and parts[:2] == ["v3", "users"]:
            return self._show_user(request, parts[2], base)
        return None

    # --- tokens ------------------------------------------------------------------------------

    def _log_in(self, request: Request, base: str) -> Response:
        if not request.is_of("application/json"):
            raise iam(400, "IAM.0011", "The request body is invalid")
        try:
            asked = request.json()["auth"]
            identity = asked["identity"]
            scope = asked.get("scope") or {}
            methods = identity["methods"]
        except (BadBody, KeyError, TypeError, AttributeError):
            raise iam(400, "IAM.0011", "The request body is invalid") from None
        if methods == ["password"]:
            user = self._by_password(identity)
        elif methods == ["token"]:
            user = self._gate.token((identity.get("token") or {}).get("id")).user
        else:
            raise iam(400, "IAM.0073", f"Invalid authentication methods {methods!r}")
        token = self._world.add_token(user, self._clock.now(), self._scope(scope))
        token.methods = methods
        body = self._token(token, base, catalog=request.arg("nocatalog") is None)
        return Response(201, body, {"X-Subject-Token": token.value})

    def _by_password(self, identity: dict[str, Any]) -> User:
        wrong = Refusal(401, "The username or password is wrong.", "IAM.0062")
        try:
            asked = identity["password"]["user"]
            name, password = asked.get("name"), asked["password"]
            domain = asked.get("domain") or {}
        except (KeyError, TypeError, AttributeError):
            raise iam(400, "IAM.0072", "Required property is missing") from None
        if not self._is_ours(domain):
            raise wrong
        for user in self._world.users.values():
            if user.password is not None and (user.name == name or user.id == asked.get("id")):
                break
        else:
            raise wrong
        now = self._clock.now()
        if user.locked_until is not None and now < user.locked_until:
            raise Refusal(401, "The user is locked.", "IAM.0061", "iam")
        if user.password != password:
            user.failures += 1
            if user.failures >= MOST_FAILURES:
                user.locked_until, user.failures = now + USER_LOCK, 0
            raise wrong
        user.failures = 0
        if not user.enabled:
            raise iam(403, "IAM.0080", "The user is disabled")
        if user.console_only:
            raise iam(403, "IAM.0081", "The user may use the console only")
        return user

    def _is_ours(self, domain: Mapping[str, Any]) -> bool:
        if "id" in domain:
            return bool(domain["id"] == self._world.domain_id)
        return bool(domain.get("name") == self._world.domain_name)

    def _scope(self, scope: Mapping[str, Any]) -> str:
        if "domain" in scope:
            if not self._is_ours(scope["domain"]):
                raise Refusal(401, "Authentication failed", "IAM.0001")
            return "domain"
        return "project"

    def _show_token(self, request: Request, base: str) -> Response:
        caller = self._gate.caller(request)
        token = self._world.tokens.get(request.headers.get("X-Subject-Token") or "")
        if token is None or self._clock.now() >= token.expires:
            raise Refusal(404, "Could not find token")
        if token.user is not caller and not caller.admin:
            raise forbidden("validate_token")
        headers = {"X-Subject-Token": token.value}
        return Response(200, self._token(token, base, request.arg("nocatalog") is None), headers)

    def _token(self, token: Token, base: str, catalog: bool) -> dict[str, Any]:
        domain = {"id": self._world.domain_id, "name": self._world.domain_name}
        user = {"id": token.user.id, "name": token.user.name, "domain": domain}
        body: dict[str, Any] = {
            "methods": token.methods,
            "issued_at": _fine(token.issued),
            "expires_at": _fine(token.expires),
            "roles": [{"id": "0", "name": "te_admin" if token.user.admin else "op_gated_x"}],
            "user": {**user, "password_expires_at": ""},
        }
        if token.scope == "domain":
            body["domain"] = domain
        else:
            body["project"] = {"id": self._world.hex(), "name": "eu-de", "domain": domain}
        if catalog:
            body["catalog"] = [self._service("identity", "iam", base + "/v3")]
        return {"token": body}

    def _service(self, kind: str, name: str, url: str) -> dict[str, Any]:
        region = self._modes["catalog_region"]
        endpoint = {"interface": "public", "region": region, "region_id": region, "url": url}
        return {"type": kind, "name": name, "id": "1", "endpoints": [{"id": "2", **endpoint}]}

    # --- accounts and users --------------------------------------------------------------------

    def _domain(self, base: str) -> dict[str, Any]:
        world = self._world
        return {
            "id": world.domain_id,
            "name": world.domain_name,
            "enabled": True,
            "description": "",
            "links": {"self": f"{base}/v3/domains/{world.domain_id}"},
        }

    def _list_users(self, request: Request, base: str) -> Response:
        caller = self._gate.caller(request)
        if not caller.admin:
            raise forbidden("list_users")
        shows_all = self._modes["lists_login"]
        users = [user for user in self._world.users.values() if shows_all or not user.hidden]
        if not self._modes["ignore_filters"]:
            users = [user for user in users if self._passes(user, request)]
        if self._modes["links_elsewhere"]:
            base = "https://iam.internal.invalid"
        size = self._modes["page_size"] or len(users) or 1
        start = int(request.arg("start") or 0)
        following = None
        if start + size < len(users):
            query = [(k, v) for k, v in request.query if k != "start"]
            following = f"{base}/v3/users?{urlencode([*query, ('start', str(start + size))])}"
        rows = [self._user(user, base) for user in users[start : start + size]]
        links = {"self": base + "/v3/users", "previous": None, "next": following}
        return Response(200, {"users": rows, "links": links})

    def _passes(self, user: User, request: Request) -> bool:
        name, domain, enabled = (request.arg(k) for k in ("name", "domain_id", "enabled"))
        if enabled is None:
            right_state = user.enabled or not self._modes["lists_enabled_only"]
        else:
            right_state = user.enabled == (enabled.lower() == "true")
        right_domain = domain is None or domain == self._world.domain_id
        return right_state and right_domain and (name is None or user.name == name)

    def _show_user(self, request: Request, user_id: str, base: str) -> Response:
        caller = self._gate.caller(request)
        if not caller.admin and (caller.id != user_id or not self._modes["shows_own_user"]):
            raise forbidden("get_user")
        user = self._world.users.get(user_id)
        if user is None:
            raise Refusal(404, f"Could not find user: {user_id}.")
        return Response(200, {"user": self._user(user, base)})

    def _user(self, user: User, base: str) -> dict[str, Any]:
        return {
            "id": user.id,
            "name": user.name,
            "domain_id": self._world.domain_id,
            "enabled": user.enabled,
            "description": user.description,
            "password_expires_at": None,
            "pwd_status": False,
            "last_project_id": "",
            "links": {"self": f"{base}/v3/users/{user.id}", "previous": None, "next": None},
        }


def _versions(base: str, single: bool) -> Response:
    version = {
        "id": "v3.6",
        "status": "stable",
        "updated": "2016-04-04T00:00:00Z",
        "links": [{"rel": "self", "href": base + "/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
        ],
    }
    if single:
        return Response(200, {"version": version})
    return Response(300, {"versions": {"values": [version]}})


def _fine(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
