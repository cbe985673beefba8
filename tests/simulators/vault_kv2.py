# Copyright (c) 2026, objectstore.credentials contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of HashiCorp Vault and OpenBao: KV version 2, logins, policies, seal, standby.

It is no Vault: it knows what the public documentation says of the paths used here, and refuses
whatever else it is sent, where the real server would often look away.
"""

from __future__ import annotations

import uuid
from typing import Any, Optional, Union

from .base import Request, Response, Simulator, SimulatorClock
from .vault_kv2_answers import QUERY, Refusal, bad, denied, envelope, no_route
from .vault_kv2_engine import Gone, KvMount, KvOne
from .vault_kv2_tokens import ALL, Role, Token, Tokens

#: What the guide gives a rotating run below one mount.
POLICY: dict[str, tuple[str, ...]] = {
    "secret/data/objectstore/*": ("create", "read", "update"),
    "secret/metadata/objectstore/*": ("create", "read", "update", "list"),
    "secret/metadata/objectstore/_runs/*": ("create", "read", "update", "delete", "list"),
    "secret/metadata/objectstore/_probe/*": ("create", "read", "update", "delete"),
    "secret/destroy/objectstore/*": ("update",),
}


class VaultKv2Double(Simulator):
    """One server with a KV version 2 mount "secret", and no secret in it."""

    name = "vault_kv2"
    MODES = {
        "invalid_token": ("long", "how a dead token is refused: long (names it) or short"),
        "namespace": ("", "the only namespace there is; empty: none"),
        "sealed": (False, "whether everything but the seal's status is refused"),
        "standby": (
            "",
            "a node that is not active: redirect, or lost (no active node); empty: active",
        ),
        "shows_mounts": (True, "whether sys/internal/ui/mounts is let through"),
        "upgrading": (False, "whether the mount is just being upgraded from version 1"),
    }

    def __init__(self, clock: Optional[SimulatorClock] = None, **modes: Any) -> None:
        super().__init__(clock, **modes)
        self.tokens = Tokens(self.clock, self.random, self.modes)
        self.mounts: dict[str, Union[KvMount, KvOne]] = {}
        self.add_mount("secret")
        self.tokens.policies["rotator"] = dict(POLICY)
        self.root = self.tokens.issue("root", display_name="root")

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        request_id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        try:
            return self._routed(request, request_id)
        except Gone as gone:
            return Response(404, envelope(request_id, gone.data))
        except Refusal as refusal:
            return refusal.response()

    def _routed(self, request: Request, request_id: str) -> Response:
        if not request.path.startswith("/v1/"):
            return Response(404, "404 page not found\n")
        raw = request.path[len("/v1/") :]
        if "//" in raw or ".." in raw or "." in raw.split("/"):
            raise bad("double: no client may send such a path")
        # Decoded once, as the server does; what was escaped stays one segment of the client's.
        path = "/".join(request.segments[1:]) + ("/" if raw.endswith("/") else "")
        if path in ("sys/seal-status", "sys/health"):
            return self._status(path)
        if self.modes["sealed"]:
            raise Refusal(503, "Vault is sealed")
        if self.modes["standby"] == "redirect":
            where = f"https://active.example.com:8200{request.target}"
            return Response(307, None, {"Location": where})
        if self.modes["standby"]:
            raise Refusal(500, "local node not active but active cluster node not found")
        if {name for name, _unused in request.query} - QUERY:
            raise bad("double: an undocumented parameter in the query")
        namespace = (request.headers.get("X-Vault-Namespace") or "").strip("/")
        is_here = namespace == self.modes["namespace"]
        parts = path.split("/")
        if parts[0] == "auth" and parts[-1] == "login":
            if not is_here:
                raise no_route(path)
            auth = self.tokens.handle_login(request, "/".join(parts[1:-1]))
            return Response(200, envelope(request_id, auth=auth, mount_type=""))
        if not is_here:
            raise Refusal(403, "permission denied")
        token = self.tokens.authenticate(request)
        if parts[:2] == ["auth", "token"] and len(parts) == 3:
            return self._of_token(request, request_id, token, parts[2])
        if path.startswith("sys/internal/ui/mounts/"):
            return self._ui_mount(request_id, token, path[len("sys/internal/ui/mounts/") :])
        return self._of_mount(request, request_id, token, path)

    def _status(self, path: str) -> Response:
        sealed = bool(self.modes["sealed"])
        if path == "sys/seal-status":
            return Response(200, {"type": "shamir", "initialized": True, "sealed": sealed})
        is_standby = bool(self.modes["standby"])
        status = 503 if sealed else 429 if is_standby else 200
        return Response(status, {"initialized": True, "sealed": sealed, "standby": is_standby})

    def _of_token(self, request: Request, request_id: str, token: Token, verb: str) -> Response:
        found = self.tokens.handle_token(request, token, verb)
        if found is None:
            return Response(204)
        if verb == "renew-self":
            return Response(200, envelope(request_id, auth=found, mount_type="token"))
        return Response(200, envelope(request_id, found, mount_type="token"))

    def _ui_mount(self, request_id: str, token: Token, asked: str) -> Response:
        if not self.modes["shows_mounts"]:
            raise denied()
        mount = self._mount_of(f"{asked.strip('/')}/")
        if mount is None or not self.tokens.may_see(token, mount.path):
            raise Refusal(
                403,
                "preflight capability check returned 403, please ensure client's policies grant"
                f' access to path "{asked.strip("/")}/"',
            )
        data = {
            "accessor": "kv_00000001",
            "config": {"default_lease_ttl": 0, "force_no_cache": False, "max_lease_ttl": 0},
            "description": "",
            "options": {"version": "2"} if mount.version == "2" else None,
            "path": f"{mount.path}/",
            "type": mount.kind,
        }
        return Response(200, envelope(request_id, data, mount_type="system"))

    def _of_mount(self, request: Request, request_id: str, token: Token, path: str) -> Response:
        is_list = request.method == "LIST" or (
            request.method == "GET" and (request.arg("list") or "").lower() in ("true", "1")
        )
        mount = self._mount_of(path)
        inner = path[len(mount.path) + 1 :] if mount else ""
        capability = self._capability(request.method, is_list, mount, inner)
        checked = f"{path.rstrip('/')}/" if is_list else path
        self.tokens.require(token, checked, capability)
        if mount is None:
            raise no_route(path)
        if request.method not in ("GET", "LIST", "POST", "PUT", "DELETE"):
            raise Refusal(405, "1 error occurred:\n\t* unsupported operation\n\n")
        if self.modes["upgrading"]:
            raise bad(
                "Upgrading from non-versioned to versioned data. This backend will be unavailable"
                " for a brief period and will resume service shortly."
            )
        data = mount.handle(request, inner, is_list)
        return Response(204) if data is None else Response(200, envelope(request_id, data))

    def _capability(
        self, method: str, is_list: bool, mount: Union[KvMount, KvOne, None], inner: str
    ) -> str:
        if is_list:
            return "list"
        if method in ("POST", "PUT"):
            return "create" if mount is not None and mount.exists(inner) is False else "update"
        return {"GET": "read", "DELETE": "delete", "PATCH": "patch"}.get(method, "sudo")

    def _mount_of(self, path: str) -> Union[KvMount, KvOne, None]:
        fitting = [each for each in self.mounts.values() if path.startswith(f"{each.path}/")]
        return max(fitting, key=lambda each: len(each.path), default=None)

    # --- behind the API's back -------------------------------------------------------------------

    @property
    def kv(self) -> KvMount:
        """The mount "secret"."""
        mount = self.mounts["secret"]
        assert isinstance(mount, KvMount)
        return mount

    def add_mount(self, path: str, version: int = 2) -> Union[KvMount, KvOne]:
        """Mount KV somewhere."""
        kind = KvMount if version == 2 else KvOne
        self.mounts[path] = mount = kind(path, self.clock, self.commit)
        return mount

    def add_role(self, method: str, name: str, *policies: str, ttl: int = 1200) -> Role:
        """Make a role that can be logged in to, with made-up credentials."""
        role = Role(policies or ("rotator",), ttl)
        if method == "approle":
            role.role_id = self.tokens.made_up("", 36)
            role.secret_ids[self.tokens.made_up("", 36)] = -1
        else:
            role.jwts.add(self.tokens.made_up("eyJ", 120))
        self.tokens.methods[method][1][name] = role
        return role

    def issue_token(self, *policies: str, ttl: int = 0) -> str:
        """Issue a token, by default with the rights that the guide gives a rotating run."""
        return self.tokens.issue(*(policies or ("rotator",)), ttl=ttl).id

    def revoke(self, token: Optional[str] = None) -> None:
        """Revoke a token, or every token but root's."""
        for each in [token] if token else list(self.tokens.tokens):
            if each != self.root.id:
                self.tokens.tokens.pop(each, None)

    def allow(self, policy: str, path: str, *capabilities: str) -> None:
        """Change what a policy says of a path."""
        self.tokens.policies.setdefault(policy, {})[path] = capabilities or ALL

    def secret_of(self, access_key: str) -> Optional[str]:
        """Return None: a secret store has no data plane."""
        return None

    def access_keys(self) -> list[str]:
        """Return none."""
        return []

    def secrets(self) -> list[str]:
        """Return every token and credential of this world; what is kept in it is the tests'."""
        roles = [role for _method, named in self.tokens.methods.values() for role in named.values()]
        return [
            *self.tokens.tokens,
            *(secret_id for role in roles for secret_id in role.secret_ids),
            *(jwt for role in roles for jwt in role.jwts),
        ]


DOUBLE = VaultKv2Double
